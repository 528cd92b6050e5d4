"""The settings of the forward pass: what network is made, and at what of it the learner looks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import model_validator

from lab.core.controls import Choice, Count, Hidden, Layers, Seed, Slider, Switch
from lab.core.errors import SettingError
from lab.core.labels import _
from lab.core.settings import LessonSettings

DATA, NETWORK = _("Data"), _("Network")
MOST_LAYERS, MOST_NEURONS, MOST_EXAMPLES = 4, 64, 5000
MOST_EDITS = 200

DATA_SETS = {
    "circle": _("Circle (2 classes)"),
    "xor": _("Exclusive or (2 classes)"),
    "moons": _("Two moons (2 classes)"),
    "spiral3": _("Three arms (3 classes)"),
    "iris": _("Iris petals (3 species)"),
    "plane": _("Plane (regression)"),
    "digits8": _("Digits of 8x8 pixels"),
    "digits28": _("Digits of 28x28 pixels (MNIST)"),
}
SIDES = {"digits8": 8, "digits28": 28}
ACTIVATIONS = {
    "tanh": "tanh",
    "relu": "ReLU",
    "leaky_relu": "Leaky ReLU",
    "sigmoid": _("Sigmoid"),
    "gelu": "GELU",
    "linear": _("Linear"),
}
OUTPUTS = {"linear": _("Linear"), "sigmoid": _("Sigmoid"), "softmax": "Softmax"}
WEIGHTS = {"trained": _("Trained"), "initial": _("As initialised")}
INITIALS = {
    "xavier": _("Xavier (Glorot)"),
    "he": _("He"),
    "tfp_uniform": _("Uniform, -0.5 to 0.5"),
    "zeros": _("All zeros"),
}
SOURCES = {"data": _("An example of the data"), "drawn": _("A digit I draw")}

ONE_ACTIVATION = rf"[1-{MOST_LAYERS}]:(?:{'|'.join(ACTIVATIONS)})"
VALUE = r"-?\d{1,6}(?:\.\d{1,8})?"
PLACE = r"x\d{1,3}|w[1-5]\.\d{1,2}\.\d{1,3}|b[1-5]\.\d{1,2}"
ONE_EDIT = rf"(?:{PLACE})={VALUE}"
DRAWING = r"[A-Za-z0-9_-]{262}"


@dataclass(frozen=True, slots=True)
class Edit:
    """A number set by hand.

    Attributes:
        layer: from 1; 0 is the input.
        neuron: whose weight or bias it is, from 0; 0 for the input.
        source: where the weight comes from, or which input, from 0; -1 is the bias.
        value: the number.
    """

    layer: int
    neuron: int
    source: int
    value: float

    def written(self) -> str:
        """Return the edit as it stands in a URL.

        Example:
            >>> Edit(1, 2, 0, -0.5).written(), Edit(2, 1, -1, 3.0).written(), Edit(0, 0, 4, 1.25).written()
            ('w1.2.0=-0.5', 'b2.1=3', 'x4=1.25')
        """
        number = f"{self.value:.8f}".rstrip("0").rstrip(".")
        if self.layer == 0:
            return f"x{self.source}={number}"
        place = f"b{self.layer}.{self.neuron}" if self.source < 0 else self._weight()
        return f"{place}={number}"

    def _weight(self) -> str:
        return f"w{self.layer}.{self.neuron}.{self.source}"


def edits_in(text: str) -> Iterator[Edit]:
    """Yield the edits in a text of the form of `Pick.edits`."""
    for one in filter(None, text.split(",")):
        place, _equals, value = one.partition("=")
        numbers = [int(number) for number in place[1:].split(".")]
        match place[0]:
            case "x":
                yield Edit(0, 0, numbers[0], float(value))
            case "b":
                yield Edit(numbers[0], numbers[1], -1, float(value))
            case _:
                yield Edit(numbers[0], numbers[1], numbers[2], float(value))


class Settings(LessonSettings):
    """All that decides the network."""

    data: Annotated[
        str, Choice(_("Data set"), DATA_SETS, help=_("Where the examples come from."), group=DATA)
    ] = "circle"
    noise: Annotated[
        float,
        Slider(_("Noise"), 0, 0.5, 0.05, help=_("How far points are thrown off their place."), group=DATA),
    ] = 0.0
    hidden: Annotated[
        tuple[int, ...],
        Layers(
            _("Hidden layers"),
            MOST_LAYERS,
            MOST_NEURONS,
            help=_("Layers of up to 10 neurons are drawn in full, wider ones as strips."),
            group=NETWORK,
        ),
    ] = (4, 3)
    activation: Annotated[
        str,
        Choice(_("Activation"), ACTIVATIONS, help=_("The f in a = f(z) of hidden neurons."), group=NETWORK),
    ] = "tanh"
    output: Annotated[
        str,
        Choice(_("Output"), OUTPUTS, help=_("What the last layer does with its scores."), group=NETWORK),
    ] = "sigmoid"
    weights: Annotated[
        str,
        Choice(
            _("Weights"),
            WEIGHTS,
            help=_("After a short training on the data set, or as they were drawn at first."),
            group=NETWORK,
        ),
    ] = "trained"
    initial: Annotated[
        str, Choice(_("First weights"), INITIALS, help=_("The rule they are drawn by."), group=NETWORK)
    ] = "xavier"
    seed: Annotated[
        int, Seed(_("Seed"), help=_("All chance follows from it: points and weights."), group=NETWORK)
    ] = 1
    activations: Annotated[
        str,
        Hidden(
            _("Activation of single layers"),
            rf"{ONE_ACTIVATION}(,{ONE_ACTIVATION}){{0,3}}",
            _("a list of layer:activation, such as 2:relu"),
        ),
    ] = ""

    @model_validator(mode="after")
    def _output_fits_data(self) -> Self:
        if self.data == "plane" and self.output != "linear":
            raise SettingError("Output", f"linear for the values of {self.data!r}", self.output)
        return self

    @property
    def side(self) -> int:
        """Return how many pixels the images of the data set are wide; 0 for points."""
        return SIDES.get(self.data, 0)

    def own_activations(self) -> dict[int, str]:
        """Return the activations of layers, from 1, that differ from the common one.

        Example:
            >>> Settings(activations="2:relu").own_activations()
            {2: 'relu'}
        """
        pairs = (one.partition(":") for one in filter(None, self.activations.split(",")))
        return {int(layer): name for layer, _colon, name in pairs}

    def layer_activations(self) -> tuple[str, ...]:
        """Return the activation of each layer, the output layer last.

        Example:
            >>> Settings(hidden=(4, 3), activations="2:relu").layer_activations()
            ('tanh', 'relu', 'sigmoid')
        """
        own = self.own_activations()
        hidden = (own.get(number, self.activation) for number in range(1, len(self.hidden) + 1))
        return (*hidden, self.output)

    def same_numbers(self, other: Self) -> bool:
        """Return whether a weight set by hand in `other` means the same weight here."""
        if self.weights == "trained":
            return self == other
        free = {"activation": self.activation, "activations": self.activations}
        return other.changed(**free) == self


class Pick(LessonSettings):
    """The input that is sent through the network, and the numbers set by hand."""

    source: Annotated[
        str, Choice(_("Input"), SOURCES, help=_("A drawn digit needs a data set of digits."))
    ] = "data"
    example: Annotated[
        int,
        Count(_("Example"), 1, MOST_EXAMPLES, help=_("Its number in the data set; or click a point.")),
    ] = 1
    drawing: Annotated[
        str, Hidden(_("Drawn digit"), DRAWING, _("784 pixels of 2 bits as 262 letters of base64url"))
    ] = ""
    edits: Annotated[
        str,
        Hidden(
            _("Numbers set by hand"),
            rf"{ONE_EDIT}(,{ONE_EDIT}){{0,{MOST_EDITS - 1}}}",
            _("a list such as x0=1.5,w1.0.1=-2,b1.0=0.5"),
        ),
    ] = ""

    def hand_edits(self) -> tuple[Edit, ...]:
        """Return the numbers set by hand."""
        return tuple(edits_in(self.edits))

    def edited(self, *edits: Edit) -> Self:
        """Return this pick with more numbers set by hand; the last edit of a place counts.

        Raises:
            SettingError: a number is too large, or there are too many.
        """
        known = {(e.layer, e.neuron, e.source): e for e in (*self.hand_edits(), *edits)}
        if len(known) > MOST_EDITS:
            raise SettingError("Numbers set by hand", f"at most {MOST_EDITS}", len(known))
        return self.changed(edits=",".join(edit.written() for edit in known.values()))

    def without_input_edits(self) -> Self:
        """Return this pick with the input as it is in the data; weights set by hand stay."""
        kept = [edit.written() for edit in self.hand_edits() if edit.layer > 0]
        return self.changed(edits=",".join(kept))


class Place(LessonSettings):
    """Where in the walk the learner stands."""

    step: Annotated[int, Count(_("Step"), 0, 1000, hidden=True)] = 1
    ahead: Annotated[
        bool, Switch(_("Show later numbers"), help=_("Also those the walk has not reached yet, faintly."))
    ] = True


class Many(LessonSettings):
    """How many examples go through at once."""

    batch: Annotated[
        int,
        Count(_("Examples at once, B"), 1, 256, log=True, help=_("All of them in one matrix product.")),
    ] = 5


class Heat(LessonSettings):
    """The temperature of the softmax."""

    temperature: Annotated[
        float,
        Slider(
            _("Temperature T"),
            0.1,
            10,
            log=True,
            help=_("Scores are divided by it before the exponential: high evens out, low sharpens."),
        ),
    ] = 1.0


class Display(Pick, Place, Many, Heat):
    """Everything that is chosen about the view; it changes no trained weight."""
