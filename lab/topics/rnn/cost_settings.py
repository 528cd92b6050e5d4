"""The settings of the part on cost: how large the networks are whose speed is measured."""

from typing import Annotated

from lab.core.controls import Count
from lab.core.labels import _
from lab.core.settings import LessonSettings

SIZE = _("What is measured")
FORMS = {
    "rnn": _("Vanilla RNN, nn.RNN"),
    "hoisted": _("Vanilla RNN, the lab's loop"),
    "lstm": _("LSTM, nn.LSTM"),
    "loop": _("LSTM, a loop over nn.LSTMCell"),
    "gru": _("GRU, nn.GRU"),
}


class CostSettings(LessonSettings):
    """All that decides a measurement but the machine."""

    cost_hidden: Annotated[
        int,
        Count(_("Units in the cell"), 1, 128, log=True, help=_("The size of the hidden state."), group=SIZE),
    ] = 50
    cost_inputs: Annotated[
        int,
        Count(
            _("Numbers read at a step"),
            1,
            100,
            log=True,
            help=_("1 for a series, more for letters."),
            group=SIZE,
        ),
    ] = 1
    cost_batch: Annotated[
        int,
        Count(
            _("Sequences side by side"),
            1,
            128,
            log=True,
            help=_("The size of a batch: how many sequences share each step."),
            group=SIZE,
        ),
    ] = 30
    cost_length: Annotated[
        int,
        Count(
            _("Steps of a sequence"),
            2,
            100,
            log=True,
            help=_("They must be done one after the other."),
            group=SIZE,
        ),
    ] = 50
    cost_rounds: Annotated[
        int,
        Count(
            _("Rounds"),
            2,
            50,
            log=True,
            help=_("How often each form takes its turn; fewer where that would take long."),
            group=SIZE,
        ),
    ] = 20


class CostDisplay(LessonSettings):
    """The view of a measurement has no settings."""
