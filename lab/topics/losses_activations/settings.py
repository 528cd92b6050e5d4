"""The settings of each part of the lesson."""

from typing import Annotated

from lab.core.controls import Choice, Count, Layers, Seed, Slider
from lab.core.labels import _
from lab.core.settings import LessonSettings

PARTS = {
    "activation": _("1. Activation functions"),
    "signal": _("2. A signal through many layers"),
    "loss": _("3. Losses: one prediction, one step"),
    "versus": _("4. Squared error against cross-entropy"),
    "twice": _("5. Softmax before CrossEntropyLoss"),
    "guide": _("6. Which output, loss and metric?"),
}
ACTIVATIONS = {
    "sigmoid": _("Sigmoid"),
    "tanh": "tanh",
    "relu": "ReLU",
    "leaky_relu": "Leaky ReLU",
    "elu": "ELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "softplus": "Softplus",
    "softmax": "Softmax",
    "linear": _("Linear"),
}
LOSSES = {
    "squared": _("Squared error (MSE)"),
    "absolute": _("Absolute error (MAE)"),
    "huber": _("Huber"),
    "binary": _("Binary cross-entropy"),
    "softmax": _("Softmax cross-entropy"),
    "hinge": _("Hinge"),
    "focal": _("Focal"),
}
DATA = {
    "moons": _("Two moons (2 classes)"),
    "spiral3": _("Three arms (3 classes)"),
    "iris": _("Iris petals (3 species)"),
    "digits": _("Handwritten digits, 8x8 (10 classes)"),
}
RULES = {"tfp_uniform": _("Uniform ±0.5"), "xavier": _("Xavier (Glorot)"), "he": "He"}
FIRST_WEIGHTS, TRAINING = _("First weights"), _("Training")


class Display(LessonSettings):
    """Which part of the lesson is shown."""

    part: Annotated[
        str, Choice(_("Part of this lesson"), PARTS, help=_("Each part has controls of its own."))
    ] = "activation"


class ActivationChoice(LessonSettings):
    """The function that is looked at."""

    activation: Annotated[
        str, Choice(_("Activation"), ACTIVATIONS, help=_("The f in a = f(z) that is drawn."))
    ] = "sigmoid"


class ActivationSettings(ActivationChoice):
    """A function and the point at which it is looked at."""

    z: Annotated[
        float, Slider(_("Score z"), -8, 8, 0.05, help=_("Moves the marked point along the curve."))
    ] = 1.0
    second: Annotated[
        float, Slider(_("Second score"), -8, 8, 0.1, help=_("Softmax compares z with this score."))
    ] = 0.0
    third: Annotated[
        float, Slider(_("Third score"), -8, 8, 0.1, help=_("Softmax compares z with this score too."))
    ] = 0.0


class SignalSettings(LessonSettings):
    """A deep random network and the function in it."""

    activation: Annotated[
        str, Choice(_("Activation"), ACTIVATIONS, help=_("The f in a = f(z) of every layer."))
    ] = "sigmoid"
    depth: Annotated[
        int, Count(_("Layers"), 1, 30, log=True, help=_("How many layers the signal goes through."))
    ] = 20
    width: Annotated[
        int, Count(_("Neurons per layer"), 2, 128, log=True, help=_("Wider layers behave more evenly."))
    ] = 50
    gain: Annotated[
        float,
        Slider(
            _("Times the first weights"),
            0.1,
            10,
            log=True,
            help=_("Multiplies every weight of every rule; 1 is the rule itself."),
            group=FIRST_WEIGHTS,
        ),
    ] = 1.0
    seed: Annotated[
        int, Seed(_("Seed"), help=_("Inputs and weights follow from it alone."), group=FIRST_WEIGHTS)
    ] = 1


class LossChoice(LessonSettings):
    """The loss that is looked at."""

    loss: Annotated[str, Choice(_("Loss"), LOSSES, help=_("What one wrong prediction costs."))] = "binary"


class LossSettings(LossChoice):
    """A loss, what is predicted, what is true, and how long a step is."""

    prediction: Annotated[
        float,
        Slider(
            _("Prediction or score"),
            -6,
            6,
            0.05,
            help=_("What the network says; a score where probabilities follow."),
        ),
    ] = -2.0
    target: Annotated[
        float, Slider(_("Target"), -6, 6, 0.1, help=_("The value that should have been predicted."))
    ] = 1.0
    truth: Annotated[
        str,
        Choice(
            _("True class"),
            {"yes": _("yes (1)"), "no": _("no (0 or -1)")},
            help=_("What the example really is."),
        ),
    ] = "yes"
    z1: Annotated[float, Slider(_("Score 1"), -6, 6, 0.1, help=_("The score of the first class."))] = 2.0
    z2: Annotated[float, Slider(_("Score 2"), -6, 6, 0.1, help=_("The score of the second class."))] = 0.5
    z3: Annotated[float, Slider(_("Score 3"), -6, 6, 0.1, help=_("The score of the third class."))] = -1.0
    label: Annotated[
        str,
        Choice(
            _("Class that is true"), {"1": "1", "2": "2", "3": "3"}, help=_("Its probability should be 1.")
        ),
    ] = "2"
    delta: Annotated[
        float,
        Slider(
            _("Huber's delta"), 0.1, 5, 0.1, help=_("From this error on, the loss grows in a straight line.")
        ),
    ] = 1.0
    gamma: Annotated[
        float,
        Slider(_("Focal gamma"), 0, 5, 0.5, help=_("How strongly easy examples are discounted; 0 is off.")),
    ] = 2.0
    rate: Annotated[
        float,
        Slider(
            _("Learning rate"),
            0.01,
            10,
            log=True,
            unit=_("per step"),
            help=_("The step is minus rate times gradient."),
        ),
    ] = 0.5


class VersusSettings(LessonSettings):
    """One network, trained from the same first weights with different losses."""

    data: Annotated[str, Choice(_("Data set"), DATA, help=_("What the networks learn."))] = "digits"
    hidden: Annotated[
        tuple[int, ...], Layers(_("Hidden layers"), 3, 32, help=_("Neurons of each tanh layer."))
    ] = (16,)
    gain: Annotated[
        float,
        Slider(
            _("Times the first weights"),
            1,
            10,
            log=True,
            help=_("Large first weights begin confidently wrong."),
            group=FIRST_WEIGHTS,
        ),
    ] = 1.0
    seed: Annotated[
        int,
        Seed(_("Seed"), help=_("Data, weights and order follow from it."), group=FIRST_WEIGHTS),
    ] = 1
    learning_rate: Annotated[
        float,
        Slider(
            _("Learning rate"),
            0.001,
            10,
            log=True,
            unit=_("per step"),
            help=_("The same for every loss."),
            group=TRAINING,
        ),
    ] = 0.1
    epochs: Annotated[
        int, Count(_("Epochs"), 1, 300, log=True, help=_("Passes over the training data."), group=TRAINING)
    ] = 20
    networks: Annotated[
        int,
        Count(_("Seeds"), 1, 20, help=_("Networks per loss, from different first weights."), group=TRAINING),
    ] = 8


class TwiceSettings(LessonSettings):
    """The listing with two softmaxes, beside the one with one."""

    optimizer: Annotated[
        str,
        Choice(_("Optimiser"), {"adam": "Adam", "sgd": "SGD"}, help=_("How a gradient becomes a step.")),
    ] = "sgd"
    learning_rate: Annotated[
        float,
        Slider(
            _("Learning rate"), 0.0001, 1, log=True, unit=_("per step"), help=_("The same for both listings.")
        ),
    ] = 0.1
    batch_size: Annotated[
        int,
        Count(
            _("Batch size"),
            10,
            1437,
            log=True,
            unit=_("examples"),
            help=_("1,437 is the whole training set in one step, as printed."),
        ),
    ] = 30
    epochs: Annotated[int, Count(_("Epochs"), 1, 50, log=True, help=_("Passes over the training data."))] = 10
    networks: Annotated[
        int, Count(_("Seeds"), 1, 10, help=_("Networks per listing, from different first weights."))
    ] = 5
    seed: Annotated[int, Seed(_("Seed"), help=_("Weights and order follow from it."))] = 1


class TwiceDisplay(Display):
    """Which example's numbers are shown, and when."""

    example: Annotated[
        int, Count(_("Test example"), 1, 20, help=_("The digit whose scores are written out."))
    ] = 1
    moment: Annotated[
        int, Count(_("After epoch"), 0, 50, help=_("When the scores were written down; 0 is untrained."))
    ] = 1


class GuideSettings(LessonSettings):
    """How long the small runs behind the table are."""

    learning_rate: Annotated[
        float,
        Slider(_("Learning rate"), 0.01, 1, log=True, unit=_("per step"), help=_("The same for all runs.")),
    ] = 0.1
    epochs: Annotated[int, Count(_("Epochs"), 1, 100, log=True, help=_("Passes over the training data."))] = (
        20
    )
    networks: Annotated[
        int, Count(_("Seeds"), 1, 12, help=_("Networks per run, from different first weights."))
    ] = 5
    seed: Annotated[int, Seed(_("Seed"), help=_("Data, weights and order follow from it."))] = 1
