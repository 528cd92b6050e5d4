"""The settings of the comparison of batch sizes."""

from typing import Annotated

from lab.core.controls import Choice, Count, Layers, Seed, Slider, Switch
from lab.core.labels import _
from lab.core.settings import LessonSettings

DATA_SETS = {
    "digits": _("Handwritten digits, 8x8 (1,437 examples)"),
    "moons": _("Two moons (250 examples)"),
    "iris": _("Iris petals (75 examples)"),
}
NETWORK, DESCENT = _("Data and network"), _("Batches")


class BatchSettings(LessonSettings):
    """The data, the network, and how it is trained in batches of three sizes."""

    batch_data: Annotated[
        str, Choice(_("Data"), DATA_SETS, help=_("What the networks learn to classify."), group=NETWORK)
    ] = "digits"
    batch_hidden: Annotated[
        tuple[int, ...],
        Layers(_("Hidden layers"), 2, 64, help=_("Neurons of each tanh layer."), group=NETWORK),
    ] = (32,)
    batch_networks: Annotated[
        int,
        Count(
            _("Seeds"),
            1,
            8,
            unit="networks",
            help=_("Each has first weights and an order of the examples of its own, the same for all sizes."),
            group=NETWORK,
        ),
    ] = 5
    batch_seed: Annotated[
        int, Seed(_("First seed"), help=_("Data, weights and orders follow from it alone."), group=NETWORK)
    ] = 1
    batch_size: Annotated[
        int,
        Count(
            _("Mini-batch"),
            2,
            500,
            log=True,
            unit="examples",
            help=_("Examples of a step between one and all of them."),
            group=DESCENT,
        ),
    ] = 30
    batch_rate: Annotated[
        float,
        Slider(_("Learning rate"), 0.001, 10, log=True, help=_("Of every batch size."), group=DESCENT),
    ] = 0.1
    batch_scaled: Annotated[
        bool,
        Switch(
            _("Scale the rate with the batch"),
            help=_("The rate is the mini-batch's; a batch c times as large gets c times the rate."),
            group=DESCENT,
        ),
    ] = False
    batch_epochs: Annotated[
        int,
        Count(
            _("Epochs"),
            1,
            20,
            help=_("How often each network sees every example."),
            group=DESCENT,
        ),
    ] = 10


class BatchDisplay(LessonSettings):
    """What is drawn of the comparison."""

    batch_score: Annotated[
        str,
        Choice(
            _("Show"),
            {"loss": _("training loss"), "accuracy": _("test accuracy")},
            help=_("What the curves say; descent makes the training loss small."),
        ),
    ] = "loss"
