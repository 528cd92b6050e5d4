"""The drawings of the unrolled cell: its chain of steps, and the inside of one of them."""

import numpy as np

from lab.core.labels import _
from lab.figures.cells import Link, Node, chain_svg, inside_svg
from lab.models.cells import GATES
from lab.topics.rnn.cell import Unrolled
from lab.topics.rnn.cell_settings import KINDS

NAMES = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}
LOW = "₀₁₂₃₄₅₆₇₈₉"

# By kind, the vectors of a step: key, title, column, row and inputs; {t} is the step and {s} the one before.
_LAYOUT: dict[str, tuple[tuple[str, str, int, float, str], ...]] = {
    "rnn": (
        ("h_old", "h{s}", 0, 0, ""),
        ("x", "x{t} = {x}", 0, 1.5, ""),
        ("from_input", "Wₓ·x{t} + bₓ", 1, 1.5, "x"),
        ("from_past", "Wₕ·h{s} + bₕ", 1, 0, "h_old"),
        ("z_h", "z{t} = sum", 2, 0.75, "from_past from_input"),
        ("h", "h{t} = tanh z{t}", 3, 0.75, "z_h"),
    ),
    "lstm": (
        ("c_old", "c{s}", 0, 0, ""),
        ("h_old", "h{s}", 0, 1.75, ""),
        ("x", "x{t} = {x}", 0, 3.25, ""),
        ("f", "f = σ(z_f)", 1, 1, "h_old x"),
        ("i", "i = σ(z_i)", 1, 2, "h_old x"),
        ("g", "g = tanh z_g", 1, 3, "h_old x"),
        ("o", "o = σ(z_o)", 1, 4, "h_old x"),
        ("kept", "f ⊙ c{s}", 2, 0, "c_old f"),
        ("written", "i ⊙ g", 2, 2.5, "i g"),
        ("c", "c{t} = sum", 3, 0.75, "kept written"),
        ("h", "h{t} = o ⊙ tanh c{t}", 4, 2.25, "c o"),
    ),
    "gru": (
        ("h_old", "h{s}", 0, 0, ""),
        ("x", "x{t} = {x}", 0, 4, ""),
        ("u", "u = σ(z_u)", 1, 1, "h_old x"),
        ("past", "Wₕ·h{s} + bₕ", 1, 2, "h_old"),
        ("r", "r = σ(z_r)", 1, 3, "h_old x"),
        ("n", "n = tanh z_n", 2, 3.25, "past r x"),
        ("kept", "u ⊙ h{s}", 3, 0, "h_old u"),
        ("written", "(1−u) ⊙ n", 3, 1.75, "u n"),
        ("h", "h{t} = sum", 4, 0.75, "kept written"),
    ),
}


def chain(found: Unrolled, number: int) -> str:
    """Return the chain of all steps, with step `number` lit."""
    edited = {step for _name, step, _unit in found.edited}
    links = [
        Link(symbol, found.hidden[step], max(1, step), step == number, step in edited)
        for step, symbol in enumerate(("", *found.symbols))
    ]
    alt = _(
        "The {cell} unrolled over {count} steps, reading {symbols}; each step hands its state on."
    ).format(cell=KINDS[found.kind], count=len(found.symbols), symbols=", ".join(found.symbols))
    return chain_svg(links, NAMES[found.kind], alt)


def inside(found: Unrolled, number: int) -> str:
    """Return the vectors of step `number` and what each is computed from."""
    values = _values(found, number)
    words = {"t": LOW[number], "s": LOW[number - 1], "x": found.symbols[number - 1]}
    nodes = {
        key: Node(title.format(**words), values[key], column, row, inputs.split(), key in GATES[found.kind])
        for key, title, column, row, inputs in _LAYOUT[found.kind]
    }
    alt = _("Inside the {cell} at step {number}, from the last state on the left to the new one.").format(
        cell=KINDS[found.kind], number=number
    )
    return inside_svg(nodes, alt)


def _values(found: Unrolled, number: int) -> dict[str, np.ndarray]:
    """Return all vectors of a step that are drawn, by key."""
    told, before = found.steps[number - 1], found.hidden[number - 1]
    values = {**told, "h_old": before, "x": np.empty(0)}
    if found.kind == "rnn":
        values["from_past"] = found.weights["W_h"] @ before + found.weights["b_h"]
        values["from_input"] = found.weights["W_x"] @ found.inputs[number - 1] + found.weights["b_x"]
    elif found.kind == "lstm":
        old = found.cell[number - 1]
        values |= {"c_old": old, "kept": told["f"] * old, "written": told["i"] * told["g"]}
    else:
        values |= {"kept": told["u"] * before, "written": (1 - told["u"]) * told["n"]}
    return values
