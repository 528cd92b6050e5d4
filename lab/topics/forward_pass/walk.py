"""The walk through a network: which number is computed at each step, and all of them for one input."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64

from lab.topics.forward_pass.examples import picked_input
from lab.topics.forward_pass.network import Layer, Passed, edited_layers, layers_of, passed
from lab.topics.forward_pass.settings import Display, Pick, Settings

Phase = Literal["input", "sum", "activate"]


@dataclass(frozen=True, slots=True)
class Step:
    """Where the walk stands.

    Attributes:
        layer: from 1; 0 is the input.
        neuron: from 0.
        phase: the weighted sum z is taken, or f is applied to it.
    """

    layer: int
    neuron: int
    phase: Phase


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """One input on its way through the network: the numbers of every equation, picture and table.

    Attributes:
        inputs: what goes in.
        layers: weights, biases and activations, with the numbers set by hand.
        passes: what each layer computes.
        steps: the whole walk; its first step is the input.
        place: the number of the step at which the learner stands, from 0.
    """

    inputs: Float64[np.ndarray, " feature"]
    layers: tuple[Layer, ...]
    passes: tuple[Passed, ...]
    steps: tuple[Step, ...]
    place: int

    @property
    def step(self) -> Step:
        """Return where the learner stands."""
        return self.steps[self.place]

    def reached(self, layer: int, phase: Phase) -> np.ndarray:
        """Return which neurons of a layer, from 1, have their z (`sum`) or a (`activate`) by now."""
        neurons = len(self.layers[layer - 1].biases)
        done = {s.neuron for s in self.steps[: self.place + 1] if (s.layer, s.phase) == (layer, phase)}
        return np.isin(np.arange(neurons), list(done))


def walk_of(settings: Settings, display: Display, parameters: Float64[np.ndarray, " parameter"]) -> Walk:
    """Return the walk of the picked input through the network with these parameters."""
    layers = layers_with_edits(settings, display, parameters)
    inputs = picked_input(settings, display)
    steps = tuple(steps_through(layers))
    return Walk(inputs, layers, passed(layers, inputs), steps, min(display.step, len(steps) - 1))


def layers_with_edits(
    settings: Settings, pick: Pick, parameters: Float64[np.ndarray, " parameter"]
) -> tuple[Layer, ...]:
    """Return the layers as the learner has set them."""
    return edited_layers(layers_of(settings, parameters), pick.hand_edits())


def steps_through(layers: Sequence[Layer]) -> list[Step]:
    """Return the steps in order: each neuron is summed, then activated; softmax waits for all its scores.

    Example:
        >>> two = Layer(np.zeros((2, 1)), np.zeros(2), "softmax")
        >>> [(s.layer, s.neuron, s.phase) for s in steps_through([two])][1:4]
        [(1, 0, 'sum'), (1, 1, 'sum'), (1, 0, 'activate')]
    """
    steps = [Step(0, 0, "input")]
    phases: tuple[Phase, Phase] = ("sum", "activate")
    for number, layer in enumerate(layers, start=1):
        neurons = range(len(layer.biases))
        if layer.activation == "softmax":
            steps += [Step(number, neuron, phase) for phase in phases for neuron in neurons]
        else:
            steps += [Step(number, neuron, phase) for neuron in neurons for phase in phases]
    return steps


def first_step_of(steps: Sequence[Step], layer: int) -> int:
    """Return the number of the step at which a layer begins."""
    return next(number for number, step in enumerate(steps) if step.layer == layer)
