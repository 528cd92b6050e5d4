"""The settings of the computation graph: an expression and the values of its variables."""

from typing import Annotated, Self

from pydantic import model_validator

from lab.core.controls import Choice, Count, Hidden, Layers, Seed, Slider
from lab.core.labels import _
from lab.core.settings import LessonSettings
from lab.models.expression import LONGEST, MOST_VARIABLES, graph_of
from lab.models.graph import Graph
from lab.topics.backpropagation.examples import (
    EXAMPLES,
    MOST_LAYERS,
    MOST_NEURONS,
    MOVED,
    NETWORK,
    OWN,
    first_weights,
    network_text,
)

VALUES = tuple(f"v{number}" for number in range(1, MOST_VARIABLES + 1))
ANY_NUMBER = 100
LOW, HIGH, STEP = -10, 10, 0.05
VALUE = _("Value")
VALUE_HELP = _("Move this number and follow what it does to the result and to every gradient.")
_DEFAULTS = (*EXAMPLES["neuron"].values, 1.0)


def _slider(label: str) -> Slider:
    return Slider(label, LOW, HIGH, STEP, help=VALUE_HELP, group=_("Variables"))


class Source(LessonSettings):
    """Which expression is shown."""

    example: Annotated[
        str,
        Choice(
            _("Example"),
            {key: one.label for key, one in EXAMPLES.items()},
            help=_("An expression to begin with; change its text as you like."),
        ),
    ] = "neuron"
    expression: Annotated[
        str, Hidden("Expression", r"[ -~]*", _("at most 300 plain letters and signs"), LONGEST)
    ] = ""

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.expression:
            graph_of(self.expression)
        return self


class Settings(Source):
    """All that decides the numbers of the graph."""

    shape: Annotated[
        tuple[int, ...],
        Layers(
            _("Hidden layers of the network"),
            MOST_LAYERS,
            MOST_NEURONS,
            help=_("Neurons of each layer; the inputs are x1 and x2, the output is one number."),
            group=_("Network"),
        ),
    ] = (2,)
    squash: Annotated[
        str,
        Choice(
            _("Activation of the network"),
            {"tanh": "tanh", "sigmoid": _("Sigmoid"), "relu": "ReLU"},
            help=_("The f in a = f(z) of its hidden neurons."),
            group=_("Network"),
        ),
    ] = "tanh"
    drawn: Annotated[
        int,
        Seed(_("Seed of the weights"), help=_("All weights and biases follow from it."), group=_("Network")),
    ] = 1
    v1: Annotated[float, _slider(VALUE)] = _DEFAULTS[0]
    v2: Annotated[float, _slider(VALUE)] = _DEFAULTS[1]
    v3: Annotated[float, _slider(VALUE)] = _DEFAULTS[2]
    v4: Annotated[float, _slider(VALUE)] = _DEFAULTS[3]
    v5: Annotated[float, _slider(VALUE)] = _DEFAULTS[4]
    v6: Annotated[float, _slider(VALUE)] = _DEFAULTS[5]
    h: Annotated[
        float,
        Slider(
            _("Step h of the check"),
            1e-12,
            0.1,
            log=True,
            help=_("The central finite difference moves each number by h up and by h down."),
            group=_("Check"),
        ),
    ] = 1e-5

    def text(self) -> str:
        """Return the expression, typed or of the example.

        Example:
            >>> Settings(example="join").text()
            'x*x + x*y'
        """
        if self.example == NETWORK:
            return network_text(self.shape, self.squash)
        return (self.expression if self.example == OWN else "") or EXAMPLES[self.example].text

    def graph(self) -> Graph:
        """Return the computation graph of the expression."""
        return graph_of(self.text(), ANY_NUMBER if self.example == NETWORK else MOST_VARIABLES)

    def moved(self) -> tuple[str, ...]:
        """Return the variables that have a slider, in the order of `v1` to `v6`."""
        return MOVED if self.example == NETWORK else tuple(self.graph().variables)

    def inputs(self) -> dict[str, float]:
        """Return the value of every variable.

        Example:
            >>> Settings(example="join", v1=3, v2=-2).inputs()
            {'x': 3.0, 'y': -2.0}
        """
        moved = {name: getattr(self, field) for field, name in zip(VALUES, self.moved(), strict=False)}
        rest = [name for name in self.graph().variables if name not in moved]
        return moved | first_weights(rest, self.drawn)


class Display(LessonSettings):
    """What is shown of the graph; set by the page's buttons."""

    step: Annotated[int, Count(_("Step"), 0, 400, hidden=True)] = 0
    by: Annotated[int, Count(_("Variable shown"), 1, 40, hidden=True)] = 1


class Place(LessonSettings):
    """Which part of the page is open."""

    part: Annotated[str, Hidden(_("Part"), "network|depth", _("one of network, depth"))] = ""
