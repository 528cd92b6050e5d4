"""The settings of the comparison of deep networks: what differs, and what all share."""

from collections.abc import Mapping
from typing import Annotated

from lab.core.controls import Choice, Count, Seed, Slider, Switch
from lab.core.labels import _
from lab.core.settings import LessonSettings

COMPARE, NETWORK, TRAINING = _("Comparison"), _("Deep networks"), _("Their training")
MOST_EPOCHS = 50

COMPARISONS = {
    "cures": _("The cures: ReLU, batch normalisation, residual"),
    "activation": _("Activations"),
    "initial": _("First weights"),
    "normalisation": _("Normalisations"),
    "residual": _("Without and with residual connections"),
}
DATA_SETS = {"digits": _("Digits (8x8 pixels, 10 classes)"), "circle": _("Circle (2 classes)")}
ACTIVATIONS = {
    "sigmoid": _("Sigmoid"),
    "tanh": "tanh",
    "relu": "ReLU",
    "leaky_relu": "Leaky ReLU",
    "gelu": "GELU",
    "silu": "SiLU",
    "linear": _("Linear"),
}
INITIALS = {
    "uniform": _("Uniform, -0.5 to 0.5"),
    "normal": _("Normal, spread 1"),
    "xavier": _("Xavier (Glorot)"),
    "he": _("He"),
    "torch": _("PyTorch's default"),
}
NORMALISATIONS = {"none": _("None"), "batch": _("Batch"), "layer": _("Layer")}
RESIDUALS = {False: _("Without"), True: _("Residual")}
OPTIMIZERS = {"sgd": _("Gradient descent (SGD)"), "adam": "Adam"}
QUANTITIES = {
    "gradient": _("Gradient of the weights"),
    "slope": _("Gradient of the activations"),
    "spread": _("Spread of the activations"),
}


class DepthSettings(LessonSettings):
    """All that decides a comparison of deep networks."""

    compare: Annotated[
        str,
        Choice(_("Compare"), COMPARISONS, help=_("What differs between the networks."), group=COMPARE),
    ] = "cures"
    depth: Annotated[
        int,
        Count(_("Hidden layers"), 2, 50, log=True, help=_("How deep all the networks are."), group=COMPARE),
    ] = 20
    deep_data: Annotated[
        str, Choice(_("Data"), DATA_SETS, help=_("What the networks learn."), group=COMPARE)
    ] = "digits"
    deep_activation: Annotated[
        str,
        Choice(_("Activation"), ACTIVATIONS, help=_("Of every network, or of the plain one."), group=NETWORK),
    ] = "sigmoid"
    deep_initial: Annotated[
        str,
        Choice(_("First weights"), INITIALS, help=_("Where their training starts."), group=NETWORK),
    ] = "xavier"
    normalisation: Annotated[
        str,
        Choice(
            _("Normalisation"),
            NORMALISATIONS,
            help=_("Puts z in units of its spread; the cures start without."),
            group=NETWORK,
        ),
    ] = "none"
    residual: Annotated[
        bool,
        Switch(
            _("Residual connections"),
            help=_("Each layer adds its input to its output; the cures start without."),
            group=NETWORK,
        ),
    ] = False
    deep_width: Annotated[
        int,
        Count(_("Neurons per layer"), 2, 64, log=True, help=_("Of every hidden layer."), group=NETWORK),
    ] = 32
    deep_rate: Annotated[
        float,
        Slider(_("Learning rate"), 0.0001, 10, log=True, help=_("The length of a step."), group=TRAINING),
    ] = 0.1
    deep_optimizer: Annotated[
        str,
        Choice(_("Optimiser"), OPTIMIZERS, help=_("How a gradient becomes a step."), group=TRAINING),
    ] = "sgd"
    epochs: Annotated[
        int,
        Count(
            _("Epochs"),
            1,
            MOST_EPOCHS,
            log=True,
            zero=True,
            help=_("How often each network sees all examples."),
            group=TRAINING,
        ),
    ] = 20
    deep_seed: Annotated[
        int,
        Seed(_("Seed"), help=_("Data, first weights and order follow from it."), group=TRAINING),
    ] = 1


class DepthDisplay(LessonSettings):
    """Which moment of the networks is shown, and what of it as a map."""

    moment: Annotated[
        int,
        Count(_("Layers after epoch"), 0, MOST_EPOCHS, help=_("0 is before the first step.")),
    ] = 0
    quantity: Annotated[
        str, Choice(_("Map of"), QUANTITIES, help=_("What the map shows of each layer and epoch."))
    ] = "gradient"
    mapped: Annotated[
        int,
        Count(_("Network on the map"), 1, len(ACTIVATIONS), help=_("In the order of the legend.")),
    ] = 1


def variants(settings: DepthSettings) -> Mapping[str, DepthSettings]:
    """Return the networks of a comparison by their names: each is the chosen one with little changed.

    Example:
        >>> list(variants(DepthSettings(compare="residual")))
        ['Without', 'Residual']
    """
    if settings.compare == "cures":
        return _cures(settings)
    field, names = {
        "activation": ("deep_activation", ACTIVATIONS),
        "initial": ("deep_initial", INITIALS),
        "normalisation": ("normalisation", NORMALISATIONS),
        "residual": ("residual", RESIDUALS),
    }[settings.compare]
    return {name: settings.changed(**{field: value}) for value, name in names.items()}


def _cures(settings: DepthSettings) -> Mapping[str, DepthSettings]:
    plain = settings.changed(normalisation="none", residual=False)
    name = _("{activation}, plain").format(activation=ACTIVATIONS[settings.deep_activation])
    return {
        name: plain,
        "ReLU": plain.changed(deep_activation="relu"),
        _("ReLU, He weights"): plain.changed(deep_activation="relu", deep_initial="he"),
        _("Batch normalisation"): plain.changed(normalisation="batch"),
        _("Layer normalisation"): plain.changed(normalisation="layer"),
        _("Residual"): plain.changed(residual=True),
    }
