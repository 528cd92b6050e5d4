"""The settings of the part on a whole network: data, network, who trains it, and what is drawn of it."""

from typing import Annotated

from lab.core.controls import Choice, Count, Layers, Seed, Several, Slider, Switch
from lab.core.labels import _
from lab.core.settings import LessonSettings
from lab.training.racers import DEFAULT_RATES

NETWORK, DESCENT, PICTURE = _("Data and network"), _("Descent"), _("Landscape")
MOST_STEPS, MOST_LAYERS, MOST_NEURONS = 500, 6, 16

DATA_SETS = {
    "spiral": _("Spiral (2 classes)"),
    "circle": _("Circle (2 classes)"),
    "xor": _("Exclusive or (2 classes)"),
    "gauss": _("Two clouds (2 classes)"),
    "moons": _("Two moons (2 classes)"),
    "spiral3": _("Three arms (3 classes)"),
    "iris": _("Iris petals (3 species)"),
    "digits": _("Handwritten digits (8x8, 10 classes)"),
}
ACTIVATIONS = {
    "tanh": "tanh",
    "relu": "ReLU",
    "leaky_relu": "Leaky ReLU",
    "sigmoid": _("Sigmoid"),
    "gelu": "GELU",
    "linear": _("Linear"),
}
INITIALS = {
    "xavier": _("Xavier (Glorot)"),
    "tfp_uniform": _("Uniform, -0.5 to 0.5"),
    "he": _("He"),
    "zeros": _("All zeros"),
}
LOSSES = {"cross_entropy": _("Softmax cross-entropy"), "half_squared_error": _("Half squared error")}
OPTIMIZERS = {
    "sgd": _("Gradient descent"),
    "momentum": _("Momentum"),
    "nesterov": "Nesterov",
    "adagrad": "AdaGrad",
    "rmsprop": "RMSProp",
    "adam": "Adam",
    "adamw": "AdamW",
    "adadelta": "Adadelta",
}
ADAPTIVE = ("adagrad", "rmsprop", "adam", "adamw")
BEST = "best"
CENTRES = {BEST: _("whoever has the lowest loss")} | OPTIMIZERS
PLANES = {
    "pca": _("through the paths (PCA)"),
    "random": _("in two random directions"),
}


class NetworkSettings(LessonSettings):
    """All that decides a race of optimisers on a network, and the pictures of its loss."""

    net_data: Annotated[
        str,
        Choice(
            _("Data"), DATA_SETS, help=_("What the network learns, by 250 examples or 75."), group=NETWORK
        ),
    ] = "spiral"
    net_noise: Annotated[
        float,
        Slider(_("Noise"), 0, 0.5, 0.05, help=_("Of all data but the digits."), group=NETWORK),
    ] = 0.0
    net_hidden: Annotated[
        tuple[int, ...],
        Layers(
            _("Hidden layers"), MOST_LAYERS, MOST_NEURONS, help=_("Neurons of each layer."), group=NETWORK
        ),
    ] = (16, 16)
    net_activation: Annotated[
        str, Choice(_("Activation"), ACTIVATIONS, help=_("Of the hidden layers."), group=NETWORK)
    ] = "tanh"
    net_initial: Annotated[
        str,
        Choice(_("First weights"), INITIALS, help=_("Where all optimisers start."), group=NETWORK),
    ] = "xavier"
    net_loss: Annotated[
        str,
        Choice(
            _("Loss"), LOSSES, help=_("What training makes small; squared: of tanh outputs."), group=NETWORK
        ),
    ] = "cross_entropy"
    net_seed: Annotated[
        int,
        Seed(_("Seed"), help=_("Data, first weights, order and directions follow from it."), group=NETWORK),
    ] = 2
    net_optimizers: Annotated[
        tuple[str, ...],
        Several(
            _("Optimisers"),
            OPTIMIZERS,
            help=_("Torch's own, all from the same first weights."),
            group=DESCENT,
        ),
    ] = ("sgd", "momentum", "adam")
    net_rate: Annotated[
        float,
        Slider(
            _("Learning rate"),
            0.00001,
            10,
            log=True,
            help=_("Of gradient descent, momentum and Nesterov."),
            group=DESCENT,
        ),
    ] = 0.4
    net_adaptive_rate: Annotated[
        float,
        Slider(
            _("Rate of those that rescale"),
            0.00001,
            10,
            log=True,
            help=_(
                "AdaGrad, RMSProp, Adam and AdamW divide by the size of their gradients and need smaller "
                "ones. Adadelta has rate 1, for which it is made."
            ),
            group=DESCENT,
        ),
    ] = 0.01
    net_steps: Annotated[
        int,
        Count(_("Updates"), 10, MOST_STEPS, log=True, help=_("Of each optimiser."), group=DESCENT),
    ] = 500
    net_batch: Annotated[
        int,
        Count(
            _("Batch size"),
            1,
            1000,
            log=True,
            zero=True,
            unit=_("examples"),
            help=_("Examples of a step; 0 is all of them, without chance."),
            group=DESCENT,
        ),
    ] = 0
    net_centre: Annotated[
        str,
        Choice(
            _("Planes through the end of"),
            CENTRES,
            help=_("Both planes contain its last weights; those of the lowest if it did not run."),
            group=PICTURE,
        ),
    ] = BEST
    net_grid: Annotated[
        int,
        Count(
            _("Points per side"), 11, 51, help=_("Of the grid on which the loss is computed."), group=PICTURE
        ),
    ] = 31

    def rate(self, optimizer: str) -> float:
        """Return the learning rate of one of the optimisers."""
        if optimizer == "adadelta":
            return DEFAULT_RATES[optimizer]
        return self.net_adaptive_rate if optimizer in ADAPTIVE else self.net_rate


class NetworkDisplay(LessonSettings):
    """Which plane is shown, and how."""

    net_plane: Annotated[
        str,
        Choice(_("Plane"), PLANES, help=_("Two of the very many planes through the space of all weights.")),
    ] = "pca"
    net_log_height: Annotated[
        bool, Switch(_("Logarithmic heights"), help=_("Shows valleys and walls in one picture."))
    ] = False
