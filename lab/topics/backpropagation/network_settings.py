"""The settings of the whole network: its data, its layers, and the weight that is looked at."""

from typing import Annotated

from lab.core.controls import Choice, Count, Layers, Seed, Slider, Switch
from lab.core.labels import _
from lab.core.settings import LessonSettings

NETWORK, LOOK = _("Network"), _("What to look at")
MOST_LAYERS, MOST_NEURONS, EXAMPLES = 4, 16, 120

DATA_SETS = {
    "iris": _("Iris petals (3 species)"),
    "moons": _("Two moons (2 classes)"),
    "circle": _("Circle (2 classes)"),
    "digits": _("Digits (8x8 pixels, 10 classes)"),
}
ACTIVATIONS = {
    "tanh": "tanh",
    "sigmoid": _("Sigmoid"),
    "relu": "ReLU",
    "gelu": "GELU",
    "linear": _("Linear"),
}
INITIALS = {"xavier": _("Xavier (Glorot)"), "he": _("He"), "uniform": _("Uniform, -0.5 to 0.5")}
AVERAGES = {"example": _("One example"), "mean": _("Mean of all")}


class NetworkSettings(LessonSettings):
    """All that decides the weights, the example, and the one weight that is followed."""

    net_data: Annotated[
        str, Choice(_("Data"), DATA_SETS, help=_("What the network learns."), group=NETWORK)
    ] = "iris"
    net_hidden: Annotated[
        tuple[int, ...],
        Layers(
            _("Hidden layers"), MOST_LAYERS, MOST_NEURONS, help=_("Neurons of each layer."), group=NETWORK
        ),
    ] = (4, 3)
    net_activation: Annotated[
        str,
        Choice(_("Activation"), ACTIVATIONS, help=_("The f in a = f(z) of hidden layers."), group=NETWORK),
    ] = "tanh"
    net_initial: Annotated[
        str,
        Choice(_("First weights"), INITIALS, help=_("Where training starts."), group=NETWORK),
    ] = "xavier"
    net_rate: Annotated[
        float,
        Slider(
            _("Learning rate"),
            0.001,
            100,
            log=True,
            help=_("The factor of the gradient in each update."),
            group=NETWORK,
        ),
    ] = 0.5
    net_epochs: Annotated[
        int,
        Count(
            _("Epochs trained before"),
            1,
            200,
            log=True,
            zero=True,
            help=_("Each is one update with the mean gradient of all examples; 0 shows the first weights."),
            group=NETWORK,
        ),
    ] = 0
    net_seed: Annotated[
        int,
        Seed(_("Seed"), help=_("Examples and first weights follow from it."), group=NETWORK),
    ] = 1
    net_example: Annotated[
        int,
        Count(_("Example"), 1, EXAMPLES, help=_("Whose own gradient is shown."), group=LOOK),
    ] = 1
    net_layer: Annotated[
        int,
        Count(
            _("Layer"), 1, MOST_LAYERS + 1, help=_("Of the weight; the last if there are fewer."), group=LOOK
        ),
    ] = 1
    net_to: Annotated[
        int,
        Count(_("To neuron"), 1, MOST_NEURONS, help=_("The neuron that the weight feeds."), group=LOOK),
    ] = 1
    net_from: Annotated[
        int,
        Count(_("From input"), 1, 64, help=_("The neuron or feature it comes from."), group=LOOK),
    ] = 1


class NetworkDisplay(LessonSettings):
    """What the maps show."""

    averaged: Annotated[
        str, Choice(_("Gradient of"), AVERAGES, help=_("One example's loss, or the mean loss of all."))
    ] = "mean"
    one_scale: Annotated[
        bool,
        Switch(_("One colour scale for all layers"), help=_("Shows which layers get less of the gradient.")),
    ] = False
