"""The settings of the three looks at memory: gradients through time, clipping, and recall over a delay."""

from typing import Annotated

from lab.core.controls import Choice, Count, Seed, Slider, Switch
from lab.core.labels import _
from lab.core.settings import LessonSettings
from lab.topics.rnn.cell_settings import KINDS

NETWORKS, READING, TRAINING = _("The networks"), _("What they read"), _("Their training")
VIEWS = {
    "back": _("The gradient, back through time"),
    "clip": _("Exploding gradients, and clipping"),
    "delay": _("Accuracy against delay"),
}


class MemoryView(LessonSettings):
    """What of memory is looked at."""

    memory_view: Annotated[
        str, Choice(_("Look at"), VIEWS, help=_("Each has controls of its own on the left."))
    ] = "back"


class BackSettings(LessonSettings):
    """All that decides the gradients of untrained cells."""

    memory_back_radius: Annotated[
        float,
        Slider(
            _("Spectral radius of the hidden weights"),
            0.1,
            3.0,
            0.05,
            help=_("The largest eigenvalue of each block of W_h, in size; as drawn it would be about 0.58."),
            group=NETWORKS,
        ),
    ] = 1.0
    memory_back_keep: Annotated[
        float,
        Slider(
            _("Bias of the gate that keeps"),
            -3.0,
            6.0,
            0.5,
            help=_("Of the LSTM's forget gate and the GRU's update gate: 0 keeps half, 6 nearly all."),
            group=NETWORKS,
        ),
    ] = 0.0
    memory_back_hidden: Annotated[
        int, Count(_("Hidden units"), 2, 64, log=True, help=_("Of every network."), group=NETWORKS)
    ] = 20
    memory_back_networks: Annotated[
        int,
        Count(
            _("Networks of each cell"),
            1,
            50,
            log=True,
            help=_("Each from a seed of its own."),
            group=NETWORKS,
        ),
    ] = 20
    memory_back_inputs: Annotated[
        float,
        Slider(
            _("Size of the inputs"),
            0.0,
            5.0,
            0.1,
            help=_("Three numbers a step, from the normal distribution, times this."),
            group=READING,
        ),
    ] = 0.5
    memory_back_length: Annotated[
        int, Count(_("Steps"), 5, 100, log=True, help=_("How long the sequences are."), group=READING)
    ] = 50
    memory_back_seed: Annotated[
        int, Seed(_("Seed"), help=_("Weights and sequences follow from it."), group=READING)
    ] = 1


class BackDisplay(LessonSettings):
    """Which cell's states are shown as a map."""

    memory_back_cell: Annotated[
        str, Choice(_("States shown of"), KINDS, help=_("Of the first network of this cell."))
    ] = "lstm"


class ClipSettings(LessonSettings):
    """All that decides the training with and without clipping."""

    memory_clip_limit: Annotated[
        float,
        Slider(
            _("Clip at length"),
            0.01,
            100.0,
            log=True,
            help=_("A longer gradient is cut to this length; its direction stays."),
            group=TRAINING,
        ),
    ] = 1.0
    memory_clip_rate: Annotated[
        float,
        Slider(_("Learning rate"), 0.001, 1.0, log=True, help=_("Plain gradient descent."), group=TRAINING),
    ] = 0.2
    memory_clip_updates: Annotated[
        int, Count(_("Updates"), 10, 500, log=True, help=_("Steps of training."), group=TRAINING)
    ] = 300
    memory_clip_cell: Annotated[str, Choice(_("Cell"), KINDS, help=_("Of all networks."), group=NETWORKS)] = (
        "rnn"
    )
    memory_clip_radius: Annotated[
        float,
        Slider(
            _("Spectral radius at first"),
            0.1,
            3.0,
            0.1,
            help=_("The largest eigenvalue of each block of W_h before training, in size."),
            group=NETWORKS,
        ),
    ] = 1.5
    memory_clip_hidden: Annotated[
        int, Count(_("Hidden units"), 2, 32, log=True, help=_("Of every network."), group=NETWORKS)
    ] = 16
    memory_clip_networks: Annotated[
        int,
        Count(
            _("Networks"),
            1,
            5,
            help=_("Each trains twice from the same weights: free, clipped."),
            group=NETWORKS,
        ),
    ] = 5
    memory_clip_length: Annotated[
        int,
        Count(
            _("Steps of a sequence"), 2, 50, log=True, help=_("Two of them are to be added."), group=READING
        ),
    ] = 10
    memory_clip_seed: Annotated[
        int, Seed(_("Seed"), help=_("Weights and sequences follow from it."), group=READING)
    ] = 1


class ClipDisplay(LessonSettings):
    """Which network's own curve is drawn."""

    memory_clip_shown: Annotated[
        int, Count(_("Network drawn dotted"), 1, 5, help=_("Beside the medians."))
    ] = 1


class DelaySettings(LessonSettings):
    """All that decides the recall over a delay."""

    memory_delay_longest: Annotated[
        int,
        Count(
            _("Longest delay"),
            1,
            40,
            log=True,
            unit=_("steps"),
            help=_("Steps between the symbol and the question; shorter delays are tried first."),
            group=READING,
        ),
    ] = 20
    memory_delay_symbols: Annotated[
        int, Count(_("Symbols"), 2, 8, help=_("One of so many is to be remembered."), group=READING)
    ] = 4
    memory_delay_noise: Annotated[
        bool,
        Switch(
            _("Distractors"),
            help=_("Other symbols come during the delay, in place of blanks."),
            group=READING,
        ),
    ] = False
    memory_delay_keep: Annotated[
        float,
        Slider(
            _("Bias of the forget gate at first"),
            0.0,
            5.0,
            0.5,
            help=_("Is added to the LSTM's forget gate; PyTorch adds nothing, 1 is often advised."),
            group=NETWORKS,
        ),
    ] = 1.0
    memory_delay_hidden: Annotated[
        int, Count(_("Hidden units"), 2, 32, log=True, help=_("Of every network."), group=NETWORKS)
    ] = 16
    memory_delay_networks: Annotated[
        int, Count(_("Networks of each cell"), 1, 5, help=_("Each from a seed of its own."), group=NETWORKS)
    ] = 5
    memory_delay_rate: Annotated[
        float, Slider(_("Learning rate"), 0.001, 0.1, log=True, help=_("Of Adam."), group=TRAINING)
    ] = 0.02
    memory_delay_updates: Annotated[
        int,
        Count(
            _("Most updates"),
            10,
            200,
            log=True,
            help=_("For each delay; training ends before if all networks make no mistake."),
            group=TRAINING,
        ),
    ] = 120
    memory_delay_seed: Annotated[
        int, Seed(_("Seed"), help=_("Weights and sequences follow from it."), group=TRAINING)
    ] = 1


MOMENTS = {"after": _("After training"), "before": _("Before training")}


class DelayDisplay(LessonSettings):
    """When gradients are shown, and which cell's states."""

    memory_delay_moment: Annotated[
        str, Choice(_("Gradient shown"), MOMENTS, help=_("Of the real loss, by each past state."))
    ] = "after"

    memory_delay_cell: Annotated[
        str, Choice(_("States shown of"), KINDS, help=_("Of its first network, at the longest delay."))
    ] = "gru"
