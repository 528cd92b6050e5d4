"""A whole network on real data: every gradient by hand and by autograd, and what one update does."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from lab.core.events import Diverged, Done, Evaluated, Event, Finished, Started
from lab.core.lesson import Context, Experiment
from lab.data.digits import digits
from lab.data.points import points
from lab.models.deep import first_weights
from lab.models.dense import Layer, autograd_gradients, deltas, dot, forward, gradients, moved
from lab.topics.backpropagation.network_result import Change, LayerNumbers, Look, Place
from lab.topics.backpropagation.network_settings import EXAMPLES, NetworkDisplay, NetworkSettings
from lab.topics.backpropagation.network_stage import network_stage

STEPS = np.logspace(-5, 2, 85)
SHARE = 0.8
LARGEST = 1e100
Data = tuple[Float64[Tensor, "example feature"], Int64[Tensor, " example"], tuple[str, ...], tuple[str, ...]]


@lru_cache(maxsize=32)
def data(name: str, seed: int) -> Data:
    """Return 120 examples, their classes, and the names of the features and of the classes."""
    if name == "digits":
        found = digits(8, seed=seed)
        inputs = found.standardised(found.train_images[:EXAMPLES]).astype(np.float64)
        names = tuple(f"pixel {number}" for number in range(1, 65))
        return torch.from_numpy(inputs), torch.from_numpy(found.train_labels[:EXAMPLES]), names, _DIGITS
    plane = points(name, train_share=SHARE, seed=seed, examples=round(EXAMPLES / SHARE))  # type: ignore[arg-type]
    inputs = plane.train_inputs / plane.train_inputs.std(axis=0)
    return torch.from_numpy(inputs), torch.from_numpy(plane.train_targets), plane.names, plane.classes


_DIGITS = tuple(map(str, range(10)))


def first_layers(settings: NetworkSettings) -> list[Layer]:
    """Return the network before its training; biases start at 0."""
    _inputs, _labels, names, classes = data(settings.net_data, settings.net_seed)
    sizes = (len(names), *settings.net_hidden, len(classes))
    generator = torch.Generator().manual_seed(settings.net_seed)
    return [
        Layer(
            first_weights(before, neurons, settings.net_initial, generator),  # type: ignore[arg-type]
            torch.zeros(neurons, dtype=torch.float64),
        )
        for before, neurons in pairwise(sizes)
    ]


def trained(settings: NetworkSettings) -> tuple[list[Layer], int]:
    """Return the network after its epochs, and the epoch, from 1, that overflowed (0 if none has).

    Each epoch is one update with the mean gradient of all examples. An epoch after which a number is above
    1e100 has overflowed, since squares are computed too: it is taken back and ends the training.
    """
    looked_at = {"net_example": 1, "net_layer": 1, "net_to": 1, "net_from": 1}
    return _trained(settings.changed(**looked_at).key())


@lru_cache(maxsize=64)
def _trained(key: str) -> tuple[list[Layer], int]:
    settings = NetworkSettings.model_validate_json(key)
    inputs, labels, _names, _classes = data(settings.net_data, settings.net_seed)
    activation = settings.net_activation

    def gradient_of(layers: list[Layer]) -> list[Layer]:
        passed = forward(layers, activation, inputs, labels)
        return gradients(passed, deltas(layers, activation, passed, labels))

    layers = first_layers(settings)
    gradient = gradient_of(layers)
    for epoch in range(1, settings.net_epochs + 1):
        following = moved(layers, gradient, -settings.net_rate)
        gradient = gradient_of(following)
        if not all(map(_is_moderate, (*following, *gradient))):
            return layers, epoch
        layers = following
    return layers, 0


def _is_moderate(layer: Layer) -> bool:
    """Return whether no number of the layer is above 1e100; NaN is not moderate either."""
    return all(bool((numbers.abs() <= LARGEST).all()) for numbers in (layer.weights, layer.biases))


def look(settings: NetworkSettings) -> Look:
    """Return all numbers of the section: one object for figures, equations and tables."""
    inputs, labels, names, classes = data(settings.net_data, settings.net_seed)
    layers, overflow = trained(settings)
    activation = settings.net_activation
    place = chosen_place(settings, layers)
    example = settings.net_example - 1
    one = slice(example, example + 1)

    passed = forward(layers, activation, inputs, labels)
    found = deltas(layers, activation, passed, labels)
    mean = gradients(passed, found)
    alone = forward(layers, activation, inputs[one], labels[one])
    single = gradients(alone, deltas(layers, activation, alone, labels[one]))
    return Look(
        names=names,
        classes=classes,
        activation=activation,
        rate=settings.net_rate,
        overflow=overflow,
        place=place,
        example=settings.net_example,
        label=int(labels[example]),
        example_loss=alone.loss,
        loss=passed.loss,
        accuracy=float((passed.scores[-1].argmax(dim=1) == labels).double().mean()),
        activations=tuple(one[example].numpy() for one in passed.activations),
        scores=tuple(one[example].numpy() for one in passed.scores),
        deltas=tuple(one[example].numpy() for one in found),
        terms=(found[place.layer][:, place.to] * passed.activations[place.layer][:, place.source]).numpy(),
        layers=_numbers(layers),
        example_gradient=_numbers(single),
        mean_gradient=_numbers(mean),
        example_autograd=_numbers(autograd_gradients(layers, activation, inputs[one], labels[one])),
        mean_autograd=_numbers(autograd_gradients(layers, activation, inputs, labels)),
        all_weights=_change(settings, layers, mean, mean),
        one_weight=_change(settings, layers, mean, _only(mean, place)),
    )


def chosen_place(settings: NetworkSettings, layers: Sequence[Layer]) -> Place:
    """Return the weight that is followed, from 0; a number that is too large means the last one."""
    layer = min(settings.net_layer, len(layers)) - 1
    neurons, inputs = layers[layer].weights.shape
    return Place(layer, min(settings.net_to, neurons) - 1, min(settings.net_from, inputs) - 1)


def _only(gradient: Sequence[Layer], place: Place) -> list[Layer]:
    """Return the gradient with every number but one weight's set to 0."""
    kept = [Layer(torch.zeros_like(one.weights), torch.zeros_like(one.biases)) for one in gradient]
    where = (place.to, place.source)
    kept[place.layer].weights[where] = gradient[place.layer].weights[where]
    return kept


def _change(
    settings: NetworkSettings, layers: Sequence[Layer], gradient: Sequence[Layer], against: Sequence[Layer]
) -> Change:
    """Return what g . dw predicts and what really happens to the loss for dw = -step * against."""
    inputs, labels, _names, _classes = data(settings.net_data, settings.net_seed)
    before = forward(layers, settings.net_activation, inputs, labels).losses
    steps = np.append(STEPS, settings.net_rate)

    def true(step: float) -> float:
        after = forward(moved(layers, against, -step), settings.net_activation, inputs, labels).losses
        return float((after - before).mean())  # the difference first: it may be much smaller than the loss

    predicted: Float[np.ndarray, " step"] = -steps * dot(gradient, against)
    found = np.array([true(float(step)) for step in steps])
    return Change(STEPS, predicted[:-1], found[:-1], float(predicted[-1]), float(found[-1]))


def _numbers(layers: Sequence[Layer]) -> tuple[LayerNumbers, ...]:
    return tuple(LayerNumbers(one.weights.numpy(), one.biases.numpy()) for one in layers)


def train(settings: NetworkSettings, context: Context) -> Iterator[Event | Done[Look]]:
    """Train as long as is asked for, then look at every gradient once."""
    yield Started(float(settings.net_epochs), 1)
    found = look(settings)
    epochs = float(found.overflow - 1 if found.overflow else settings.net_epochs)
    scores = {"train_loss": np.array([found.loss]), "train_accuracy": np.array([found.accuracy])}
    yield Evaluated(epochs, scores)
    if found.overflow:
        yield Diverged(0, found.overflow)
    yield Finished("diverged" if found.overflow else "epochs", epochs)
    yield Done(found)


def seconds(settings: NetworkSettings) -> float:
    """Return roughly how many CPU seconds a look takes on a current core."""
    layers = len(settings.net_hidden) + 1
    return 0.02 + layers * (0.008 + 1e-4 * settings.net_epochs)


NETWORK = Experiment(
    name="backpropagation/network",
    settings=NetworkSettings,
    train=train,
    stage=network_stage,
    display=NetworkDisplay,
    seconds=seconds,
    float64=True,
)
