"""What a lesson shows of a run: panels with figures, a drawing of a network, and notes.

Plain data only. `lab.ui` sends it to the browser, where the stage draws it in place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

Parameter = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Panel:
    """A figure with its words.

    Attributes:
        id: stays the same from run to run, so that zoom and camera are kept.
        title: what is shown.
        alt: the same for those who cannot see it: what is drawn, and what it says now.
        figure: a plotly figure with axis titles and units.
    """

    id: str
    title: str
    alt: str
    figure: Any


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of the plane: its name, what the map shows of it, and the standard units of the features."""

    name: str
    extent: tuple[float, float]
    center: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Dots:
    """Points on the map: coordinates, and class numbers or values."""

    x: Float[np.ndarray, " example"]
    y: Float[np.ndarray, " example"]
    target: Float[np.ndarray, " example"]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A small multi-layer perceptron over the plane, at several moments of its training.

    Attributes:
        inputs: keys of the features.
        hidden: neurons of each hidden layer.
        outputs: neurons of the output layer.
        activation: of the hidden layers.
        output: activation of the output layer.
        classes: names; empty for regression.
        range: the values at the ends of the colour scale.
        axes: of the plane.
        shown: which network is drawn, from 0.
        networks: how many there are.
        epochs: of each moment.
        parameters: of each moment, in the order of `Ensemble.snapshot`.
        points: by part, `train` and `test`.
        edited: weights set by hand, as (layer, source or -1 for the bias, target).
        surface: flat map or 3-D.
        discretize: whether the map shows the decision only.
        show_test: whether test points are drawn.
        editable: whether weights can be set by hand now.
        max_layers: how many hidden layers there may be.
        max_neurons: how many neurons a hidden layer may have.
    """

    inputs: Sequence[str]
    hidden: Sequence[int]
    outputs: int
    activation: str
    output: str
    classes: Sequence[str]
    range: tuple[float, float]
    axes: tuple[Axis, Axis]
    shown: int
    networks: int
    epochs: Float[np.ndarray, " moment"]
    parameters: Float[np.ndarray, "moment parameter"]
    points: Mapping[str, Dots]
    edited: Sequence[Parameter] = ()
    surface: Literal["map", "3d"] = "map"
    discretize: bool = False
    show_test: bool = False
    editable: bool = True
    max_layers: int = 6
    max_neurons: int = 16


@dataclass(frozen=True, slots=True)
class Stage:
    """All that is shown of a run now; the same function makes it while the run goes on and at its end."""

    panels: Sequence[Panel] = ()
    drawing: Drawing | None = None
    notes: Sequence[str] = field(default_factory=tuple)
