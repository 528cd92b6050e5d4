"""The settings of the cell that is unrolled: what it is, what it reads, and what is set by hand."""

import re
from collections.abc import Mapping
from typing import Annotated

from lab.core.controls import Choice, Count, Hidden, Seed, Slider
from lab.core.labels import _
from lab.core.settings import LessonSettings

CELL, READS = _("The cell"), _("What it reads")
MOST_STEPS, MOST_HIDDEN, LARGEST = 8, 4, 9.999
KINDS = {"rnn": _("Vanilla RNN"), "lstm": "LSTM", "gru": "GRU"}
NUMBER = r"-?\d(?:\.\d{1,3})?"
EDIT = rf"[hc][0-{MOST_STEPS}]\.[1-{MOST_HIDDEN}]={NUMBER}"

Place = tuple[str, int, int]
"""Which state, `h` or `c`; after which step, 0 for the state before the first; which unit, from 1."""


class CellSettings(LessonSettings):
    """All that decides the numbers of the unrolled cell."""

    cell_kind: Annotated[
        str,
        Choice(
            _("Cell"), KINDS, help=_("The vanilla RNN has no gates, the GRU two, the LSTM three."), group=CELL
        ),
    ] = "lstm"
    cell_hidden: Annotated[
        int,
        Count(_("Hidden size"), 1, MOST_HIDDEN, help=_("How many numbers the state has."), group=CELL),
    ] = 2
    cell_weights: Annotated[
        str,
        Choice(
            _("Weights"),
            {"drawn": _("Drawn"), "trained": _("Trained")},
            help=_("As drawn from the seed, or trained from there to remember what was read first."),
            group=CELL,
        ),
    ] = "drawn"
    cell_scale: Annotated[
        float,
        Slider(
            _("Scale of the first weights"),
            0.0,
            5.0,
            0.1,
            help=_("Weights are drawn from -s to s, s = scale / √(hidden size); PyTorch's is 1."),
            group=CELL,
        ),
    ] = 1.5
    cell_seed: Annotated[int, Seed(_("Seed"), help=_("All weights follow from it."), group=CELL)] = 1
    cell_reads: Annotated[
        str,
        Choice(
            _("It reads"),
            {"word": _("A word"), "numbers": _("Numbers")},
            help=_("Letters, each a vector with a single 1, or one number a step."),
            group=READS,
        ),
    ] = "word"
    cell_word: Annotated[
        str, Hidden(_("Word"), rf"[a-z]{{1,{MOST_STEPS}}}", _("1 to 8 letters from a to z"))
    ] = "hello"
    cell_numbers: Annotated[
        str,
        Hidden(
            _("Numbers"),
            rf"{NUMBER}(,{NUMBER}){{0,{MOST_STEPS - 1}}}",
            _("1 to 8 numbers between -10 and 10, such as 1, 0, -0.5"),
        ),
    ] = "1,0,0,-0.5,0"
    cell_edits: Annotated[
        str,
        Hidden(_("States set by hand"), rf"{EDIT}(;{EDIT}){{0,71}}", _("states such as h2.1=0.5;c3.2=-1")),
    ] = ""

    def symbols(self) -> tuple[str, ...]:
        """Return what is read, step by step.

        Example:
            >>> CellSettings(cell_word="abba").symbols()
            ('a', 'b', 'b', 'a')
        """
        if self.cell_reads == "word":
            return tuple(self.cell_word or "hello")
        return tuple((self.cell_numbers or "1,0,0,-0.5,0").split(","))

    def alphabet(self) -> tuple[str, ...]:
        """Return the letters of the word, each once, in the order in which they appear.

        Example:
            >>> CellSettings(cell_word="hello").alphabet()
            ('h', 'e', 'l', 'o')
        """
        return tuple(dict.fromkeys(self.symbols())) if self.cell_reads == "word" else ()

    def edits(self) -> Mapping[Place, float]:
        """Return the numbers set by hand; those beyond the last step or unit are left alone.

        Example:
            >>> CellSettings(cell_edits="h2.1=0.5").edits()
            {('h', 2, 1): 0.5}
        """
        found = re.findall(r"([hc])(\d)\.(\d)=([-\d.]+)", self.cell_edits)
        return {(name, int(step), int(unit)): float(value) for name, step, unit, value in found}


def written(edits: Mapping[Place, float]) -> str:
    """Return numbers set by hand as the text of `cell_edits`.

    Example:
        >>> written({("h", 2, 1): 0.5})
        'h2.1=0.5'
    """
    return ";".join(
        f"{name}{step}.{unit}={round(value, 3):g}" for (name, step, unit), value in sorted(edits.items())
    )


class CellDisplay(LessonSettings):
    """Which step is shown; set by the page's buttons."""

    cell_step: Annotated[int, Count(_("Step"), 0, MOST_STEPS, hidden=True)] = 1
