"""One step of a cell in KaTeX, with its numbers."""

from collections.abc import Sequence

import numpy as np

from lab.core.labels import _
from lab.models.cells import BLOCKS
from lab.topics.rnn.cell import Unrolled

SIGMOID = r"\sigma"
SQUASHED = {"h": r"\tanh", "g": r"\tanh", "n": r"\tanh"}
MEANING = {
    "i": _("input gate: how much of the candidate is written"),
    "f": _("forget gate: how much of the cell state is kept"),
    "g": _("candidate: what could be written"),
    "o": _("output gate: how much of the cell state is shown"),
    "r": _("reset gate: how much of the past the candidate sees"),
    "u": _("update gate: how much of the old state stays"),
    "n": _("candidate: what could take its place"),
    "h": _("hidden state"),
    "c": _("cell state"),
}


def equations(found: Unrolled, number: int) -> list[tuple[str, str]]:
    """Return for each quantity of step `number`, from 1, its key in `MEANING` and its equation."""
    blocks = [(block, _block(found, number, block)) for block in BLOCKS[found.kind]]
    if found.kind == "rnn":
        return blocks
    if found.kind == "lstm":
        return [*blocks, ("c", _cell_state(found, number)), ("h", _shown(found, number))]
    return [*blocks, ("h", _mixed(found, number))]


def vector(values: Sequence[float] | np.ndarray) -> str:
    r"""Return a column in KaTeX.

    Example:
        >>> vector([0.5, -1.0])
        '\\begin{bmatrix}0.5\\\\-1\\end{bmatrix}'
    """
    return _matrix(np.asarray(values)[:, None])


def _matrix(values: np.ndarray) -> str:
    rows = [" & ".join(_number(value) for value in row) for row in values]
    return r"\begin{bmatrix}" + r"\\".join(rows) + r"\end{bmatrix}"


def _number(value: float) -> str:
    """Return a number in three significant digits."""
    text = f"{float(value) + 0.0:.3g}"
    mantissa, _sign, exponent = text.partition("e")
    return mantissa + (rf"{{\cdot}}10^{{{int(exponent)}}}" if exponent else "")


def _aligned(*lines: str) -> str:
    return r"\begin{aligned}" + r"\\[4pt]".join(lines) + r"\end{aligned}"


def _block(found: Unrolled, number: int, block: str) -> str:
    """Return score and value of one block: both products, both biases, the squashing."""
    place, units = BLOCKS[found.kind].index(block), found.hidden.shape[1]
    rows = slice(place * units, (place + 1) * units)
    told, before = found.steps[number - 1], found.hidden[number - 1]
    x, h, end = f"x_{{{number}}}", f"h_{{{number - 1}}}", block if block != "h" else f"h_{{{number}}}"
    mark = "" if found.kind == "rnn" else block
    moved = vector(found.weights["W_x"][rows] @ found.inputs[number - 1])
    biases = vector(found.weights["b_x"][rows]), vector(found.weights["b_h"][rows])
    turned = _matrix(found.weights["W_h"][rows]) + vector(before)
    score = f"z_{{{mark}}}" if mark else f"z_{{{number}}}"
    sums = rf"{score} &= W_{{x{mark}}}\,{x} + b_{{x{mark}}} + b_{{h{mark}}} + W_{{h{mark}}}\,{h}"
    lines = rf"&= {moved} + {biases[0]} + {biases[1]}", rf"&\quad + {turned}"
    if block == "n":
        sums = rf"{score} &= W_{{xn}}\,{x} + b_{{xn}} + r \odot (b_{{hn}} + W_{{hn}}\,{h})"
        reset = rf"&\quad + {vector(told['r'])} \odot \Bigl({biases[1]} + {turned}\Bigr)"
        lines = rf"&= {moved} + {biases[0]}", reset
    value = rf"{end} = {SQUASHED.get(block, SIGMOID)}({score}) = {vector(told[block])}"
    return _aligned(sums, *lines, rf"&= {vector(told[f'z_{block}'])}, \quad {value}")


def _cell_state(found: Unrolled, number: int) -> str:
    told = found.steps[number - 1]
    kept, old = vector(told["f"]), vector(found.cell[number - 1])
    new = rf"{vector(told['i'])} \odot {vector(told['g'])}"
    return _aligned(
        rf"c_{{{number}}} &= f \odot c_{{{number - 1}}} + i \odot g",
        rf"&= {kept} \odot {old}",
        rf"&\quad + {new} = {vector(told['c'])}",
    )


def _shown(found: Unrolled, number: int) -> str:
    told = found.steps[number - 1]
    return _aligned(
        rf"h_{{{number}}} &= o \odot \tanh(c_{{{number}}})",
        rf"&= {vector(told['o'])} \odot {vector(np.tanh(told['c']))} = {vector(told['h'])}",
    )


def _mixed(found: Unrolled, number: int) -> str:
    told = found.steps[number - 1]
    new = rf"{vector(1 - told['u'])} \odot {vector(told['n'])}"
    old = rf"{vector(told['u'])} \odot {vector(found.hidden[number - 1])}"
    return _aligned(
        rf"h_{{{number}}} &= (1 - u) \odot n + u \odot h_{{{number - 1}}}",
        rf"&= {new}",
        rf"&\quad + {old} = {vector(told['h'])}",
    )
