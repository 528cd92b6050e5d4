"""All numbers of a look into a network: one object for figures, equations and tables."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

GREEN_BELOW = 1e-6
WITHIN = 0.1


class Place(NamedTuple):
    """A weight: its layer, the neuron it feeds and the input it comes from, all from 0."""

    layer: int
    to: int
    source: int


class LayerNumbers(NamedTuple):
    """A number for each weight and bias of a layer."""

    weights: Float[np.ndarray, "neuron input"]
    biases: Float[np.ndarray, " neuron"]

    def norm(self) -> float:
        """Return the root of the sum of all squares."""
        return float(np.hypot(np.linalg.norm(self.weights), np.linalg.norm(self.biases)))

    def error(self, other: "LayerNumbers") -> float:
        """Return the largest difference from `other`, over the largest number in `other`; 0 if equal."""
        mine, theirs = (np.concatenate([one.weights.ravel(), one.biases]) for one in (self, other))
        difference = float(np.abs(mine - theirs).max())
        return difference / float(np.abs(theirs).max()) if difference else 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """How the loss changes along a direction, in nats.

    Attributes:
        steps: learning rates.
        predicted: g . dw at each of them.
        true: loss after less loss before.
        predicted_here: the prediction at the chosen learning rate.
        true_here: the true change at the chosen learning rate.
    """

    steps: Float[np.ndarray, " step"]
    predicted: Float[np.ndarray, " step"]
    true: Float[np.ndarray, " step"]
    predicted_here: float
    true_here: float

    def holds_up_to(self) -> float:
        """Return the last learning rate up to which the prediction is within 10 %; NaN if there is none."""
        with np.errstate(invalid="ignore", over="ignore"):
            good = np.abs(self.true - self.predicted) <= WITHIN * np.abs(self.predicted)
        return _last_before(self.steps, good & (self.predicted < 0))

    def falls_up_to(self) -> float:
        """Return the last learning rate up to which the loss falls; NaN if there is none."""
        with np.errstate(invalid="ignore"):
            return _last_before(self.steps, self.true < 0)


def _last_before(steps: np.ndarray, good: np.ndarray) -> float:
    """Return the last of the steps before the first that is not good; NaN if that is the first."""
    count = len(good) if good.all() else int(good.argmin())
    return float(steps[count - 1]) if count else float("nan")


@dataclass(frozen=True, slots=True)
class Look:
    """A network at one moment: an example's way through it and back, all gradients, and one update.

    Attributes:
        names: of the features.
        classes: of the output neurons.
        activation: of the hidden layers.
        rate: the learning rate.
        overflow: the epoch, from 1, that overflowed and was taken back; 0 if none.
        place: the weight that is followed.
        example: which example is shown, from 1.
        label: its class, from 0.
        example_loss: its loss in nats.
        loss: the mean loss of all examples.
        accuracy: share of the examples that is right.
        activations: of the example: its features, then a of each hidden layer.
        scores: of the example: z of each layer.
        deltas: of the example: dl/dz of each layer.
        terms: the followed weight's gradient in each example; their mean is its mean gradient.
        layers: weights and biases.
        example_gradient: of the example's loss, by the hand-written backward pass.
        mean_gradient: of the mean loss.
        example_autograd: of the example's loss, by autograd.
        mean_autograd: of the mean loss, by autograd.
        all_weights: change of the loss along the gradient.
        one_weight: change of the loss when the followed weight alone is moved.
    """

    names: tuple[str, ...]
    classes: tuple[str, ...]
    activation: str
    rate: float
    overflow: int
    place: Place
    example: int
    label: int
    example_loss: float
    loss: float
    accuracy: float
    activations: tuple[Float[np.ndarray, " neuron"], ...]
    scores: tuple[Float[np.ndarray, " neuron"], ...]
    deltas: tuple[Float[np.ndarray, " neuron"], ...]
    terms: Float[np.ndarray, " example"]
    layers: tuple[LayerNumbers, ...]
    example_gradient: tuple[LayerNumbers, ...]
    mean_gradient: tuple[LayerNumbers, ...]
    example_autograd: tuple[LayerNumbers, ...]
    mean_autograd: tuple[LayerNumbers, ...]
    all_weights: Change
    one_weight: Change

    def of_place(self, layers: tuple[LayerNumbers, ...]) -> float:
        """Return the followed weight's number."""
        return float(layers[self.place.layer].weights[self.place.to, self.place.source])

    def largest(self) -> Place:
        """Return the weight whose mean gradient is the largest in size."""
        sizes = [np.nan_to_num(np.abs(one.weights)) for one in self.mean_gradient]
        layer = int(np.argmax([size.max() for size in sizes]))
        to, source = np.unravel_index(int(sizes[layer].argmax()), sizes[layer].shape)
        return Place(layer, int(to), int(source))

    def check(self) -> pd.DataFrame:
        """Return one row per layer: shapes, sizes of the gradients, and how far autograd's differ."""
        rows = []
        for number in range(len(self.layers)):
            mean, single = self.mean_gradient[number], self.example_gradient[number]
            errors = mean.error(self.mean_autograd[number]), single.error(self.example_autograd[number])
            neurons, inputs = self.layers[number].weights.shape
            rows.append(
                {
                    "layer": number + 1,
                    "shape of W": f"{neurons}×{inputs}",
                    "|mean gradient|": mean.norm(),
                    "error to autograd": errors[0],
                    "|example's gradient|": single.norm(),
                    "error to autograd ": errors[1],
                    "equal": "✓ equal" if max(errors) < GREEN_BELOW else "✗ differs",
                }
            )
        return pd.DataFrame(rows)

    def table(self) -> pd.DataFrame:
        """Return one row per weight and bias: value, both gradients, the update and the new value."""
        columns: dict[str, list[object]] = {name: [] for name in ("layer", "parameter", "value")}
        single: list[float] = []
        mean: list[float] = []
        for number, layer in enumerate(self.layers):
            neurons, inputs = layer.weights.shape
            names = [f"w {to}←{source}" for to in range(1, neurons + 1) for source in range(1, inputs + 1)]
            names += [f"b {to}" for to in range(1, neurons + 1)]
            columns["layer"] += [number + 1] * len(names)
            columns["parameter"] += names
            columns["value"] += [*layer.weights.ravel(), *layer.biases]
            single += [*self.example_gradient[number].weights.ravel(), *self.example_gradient[number].biases]
            mean += [*self.mean_gradient[number].weights.ravel(), *self.mean_gradient[number].biases]
        update = -self.rate * np.array(mean)
        frame = pd.DataFrame(columns)
        frame[f"gradient, example {self.example}"] = single
        frame["mean gradient"] = mean
        frame["update"] = update
        frame["new value"] = frame["value"].astype(float) + update
        return frame
