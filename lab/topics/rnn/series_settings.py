"""The settings of the part on series: what is read, by which network, and how that is trained."""

from typing import Annotated, Self

from pydantic import model_validator

from lab.core.controls import Choice, Count, Hidden, Seed, Slider, Switch
from lab.core.errors import SettingError
from lab.core.labels import _
from lab.core.settings import LessonSettings
from lab.topics.rnn.cell_settings import KINDS

TASK, DATA = _("What is read"), _("Series and forecast")
NETWORK, TRAINING = _("Network"), _("Training")
MOST_NETWORKS = 3
LONGEST = 60

TASKS = {
    "sunspots": _("Sunspots, yearly"),
    "co2": _("CO2 on Mauna Loa, monthly"),
    "co2_weekly": _("CO2 on Mauna Loa, weekly"),
    "sine": _("A sine wave"),
    "mixed": _("Three mixed waves"),
    "copying": _("Copying after a delay"),
    "adding": _("Adding two marked numbers"),
    "csv": _("My own column (CSV)"),
}
MEMORY_TASKS = ("copying", "adding")
OPTIMIZERS = {"adam": "Adam", "sgd": "SGD"}
APPLIES = {
    "series_noise": ("sine", "mixed"),
    "series_delay": MEMORY_TASKS,
    "series_period": ("csv",),
    **dict.fromkeys(
        ("series_difference", "series_horizon"), tuple(task for task in TASKS if task not in MEMORY_TASKS)
    ),
}
"""Settings that mean something for some tasks only."""


class SeriesTask(LessonSettings):
    """What the network reads; the first choice, on which other controls depend."""

    series_task: Annotated[
        str, Choice(_("Series or task"), TASKS, help=_("What the networks read and say."), group=TASK)
    ] = "sunspots"


class SeriesSettings(SeriesTask):
    """All that decides a run on series."""

    series_difference: Annotated[
        bool,
        Switch(
            _("Learn the changes"),
            help=_("The network reads and forecasts the change from step to step: this takes a trend away."),
            group=DATA,
        ),
    ] = False
    series_noise: Annotated[
        float,
        Slider(_("Noise of the wave"), 0, 1, 0.1, help=_("Spread of the chance in each value."), group=DATA),
    ] = 0.1
    series_delay: Annotated[
        int,
        Count(
            _("Delay"),
            1,
            LONGEST - 2,
            log=True,
            unit=_("steps"),
            help=_("Copying: from reading to saying. Adding: unmarked steps before the answer."),
            group=DATA,
        ),
    ] = 5
    series_period: Annotated[
        int,
        Count(
            _("Season of my series"),
            0,
            400,
            unit=_("rows"),
            help=_("After how many rows it repeats, for the seasonal forecast; 0 if it does not."),
            group=DATA,
        ),
    ] = 0
    series_horizon: Annotated[
        int,
        Count(
            _("Free-running forecast"),
            1,
            200,
            log=True,
            unit=_("steps"),
            help=_("How far the network goes on from its own forecasts."),
            group=DATA,
        ),
    ] = 50
    series_cell: Annotated[
        str, Choice(_("Cell"), KINDS, help=_("What carries the hidden state."), group=NETWORK)
    ] = "lstm"
    series_hidden: Annotated[
        int,
        Count(_("Hidden units"), 1, 64, log=True, help=_("Of each layer."), group=NETWORK),
    ] = 30
    series_layers: Annotated[
        int, Count(_("Recurrent layers"), 1, 2, help=_("One reads the other's states."), group=NETWORK)
    ] = 1
    series_length: Annotated[
        int,
        Count(
            _("Sequence length"),
            4,
            LONGEST,
            unit=_("steps"),
            help=_("How many steps the network reads, from an empty state, before it is asked."),
            group=TRAINING,
        ),
    ] = 24
    series_batch: Annotated[
        int,
        Count(_("Sequences in a batch"), 8, 128, log=True, help=_("For one step downhill."), group=TRAINING),
    ] = 30
    series_rate: Annotated[
        float,
        Slider(_("Learning rate"), 0.0001, 10, log=True, help=_("The length of a step."), group=TRAINING),
    ] = 0.01
    series_optimizer: Annotated[
        str, Choice(_("Optimiser"), OPTIMIZERS, help=_("How a gradient becomes a step."), group=TRAINING)
    ] = "adam"
    series_clip: Annotated[
        float,
        Slider(
            _("Clip gradients at"),
            0.01,
            100,
            log=True,
            zero=True,
            help=_("A longer gradient is shortened to this length; 0 is off."),
            group=TRAINING,
        ),
    ] = 1.0
    series_truncation: Annotated[
        int,
        Count(
            _("Truncate gradients after"),
            1,
            LONGEST,
            log=True,
            zero=True,
            unit=_("steps"),
            help=_("How far back gradients flow at most; the state flows on. 0 is the whole sequence."),
            group=TRAINING,
        ),
    ] = 0
    series_epochs: Annotated[
        int,
        Count(_("Epochs"), 1, 100, log=True, help=_("Passes over the data."), group=TRAINING),
    ] = 30
    series_networks: Annotated[
        int,
        Count(_("Networks"), 1, MOST_NETWORKS, help=_("They differ in their first weights."), group=TRAINING),
    ] = 3
    series_seed: Annotated[
        int, Seed(_("Seed"), help=_("Weights, order and chance follow."), group=TRAINING)
    ] = 1
    series_column: Annotated[
        str,
        Hidden(_("Column of my series"), r"[^\x00-\x1f]{1,60}", _("a column's name of 1 to 60 letters"), 60),
    ] = ""
    series_file: Annotated[
        str, Hidden(_("Uploaded series"), r"[0-9a-f]{64}", _("the SHA-256 of a file, 64 hex digits"))
    ] = ""

    @model_validator(mode="after")
    def _delay_fits_length(self) -> Self:
        most = self.series_length - 2
        if self.series_task in MEMORY_TASKS and self.series_delay > most:
            expected = f"at most {most} steps, for sequences of {self.series_length}"
            raise SettingError("Delay", expected, self.series_delay)
        return self


class SeriesDisplay(LessonSettings):
    """What is shown of a run on series."""

    series_shown: Annotated[
        int, Count(_("Network shown"), 1, MOST_NETWORKS, help=_("Whose forecast is drawn."))
    ] = 1
