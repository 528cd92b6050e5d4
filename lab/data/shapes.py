"""Point sets of the plane, each drawn from a random generator and a share of noise.

The first six follow the definitions of TensorFlow Playground, so that what is known about its
networks can be checked against ours. In its own words a label is -1 (orange) or +1 (blue): here
these are the classes 0 and 1.

Every sampler takes `(generator, count, noise)` and returns inputs and targets, class by class.

Source: TensorFlow Playground (Smilkov and Carter, 2016), its choice of data sets.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

Inputs = Float64[np.ndarray, "example 2"]
Labels = Int64[np.ndarray, " example"]
Values = Float64[np.ndarray, " example"]

SIGNS = ("-1", "+1")  # names of the two classes
BUMPS = (
    (-4.0, 2.5, 1.0),
    (0.0, 2.5, -1.0),
    (4.0, 2.5, 1.0),
    (-4.0, -2.5, -1.0),
    (0.0, -2.5, 1.0),
    (4.0, -2.5, -1.0),
)
"""Centre and sign of each bump of `multi_gauss`."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A way to draw labelled points; no classes means that the targets are values (regression)."""

    sample: Callable[[np.random.Generator, int, float], tuple[Inputs, Labels | Values]]
    classes: tuple[str, ...]
    examples: int


def circle(generator: np.random.Generator, count: int, noise: float) -> tuple[Inputs, Labels]:
    """Return a disc of radius 2.5 (class 1) within a ring from 3.5 to 5 (class 0).

    Noise moves no point: it moves the place at which the label is read, by up to 5 x noise per axis.
    """
    sizes = _shares(count, 2)
    low, high = np.repeat([0.0, 3.5], sizes), np.repeat([2.5, 5.0], sizes)
    inputs = _polar(generator.uniform(low, high), generator.uniform(0.0, 2.0 * np.pi, count))
    read_at = inputs + noise * generator.uniform(-5.0, 5.0, inputs.shape)
    return inputs, (np.hypot(*read_at.T) < 2.5).astype(np.int64)


def xor(generator: np.random.Generator, count: int, noise: float) -> tuple[Inputs, Labels]:
    """Return four squares, 0.3 off the axes; class 1 where both coordinates have the same sign.

    Noise moves the place at which the label is read, by up to 5 x noise per axis.
    """
    inputs = generator.uniform(-5.0, 5.0, (count, 2))
    inputs += np.where(inputs > 0.0, 0.3, -0.3)
    read_at = inputs + noise * generator.uniform(-5.0, 5.0, inputs.shape)
    return inputs, (read_at.prod(axis=1) >= 0.0).astype(np.int64)


def gauss(generator: np.random.Generator, count: int, noise: float) -> tuple[Inputs, Labels]:
    """Return two round normal clouds about (2, 2), class 1, and (-2, -2), class 0.

    Their variance per axis is 0.5 + 7 x noise: from 0.5 without noise to 4 at a noise of 0.5.
    """
    labels = np.repeat([1, 0], _shares(count, 2))
    spread = np.sqrt(0.5 + 7.0 * noise)
    return generator.normal((4.0 * labels - 2.0)[:, None], spread, (count, 2)), labels


def spiral(generator: np.random.Generator, count: int, noise: float) -> tuple[Inputs, Labels]:
    """Return two arms of 1.75 turns out to radius 5; noise moves each point by up to `noise` per axis."""
    labels = np.repeat([1, 0], _shares(count, 2))
    return _arms(generator, labels, turns=1.75, starts=np.array([np.pi, 0.0]), noise=noise), labels


def spiral3(generator: np.random.Generator, count: int, noise: float) -> tuple[Inputs, Labels]:
    """Return three arms of one turn out to radius 5, one class each; noise as in `spiral`."""
    labels = np.repeat([0, 1, 2], _shares(count, 3))
    return _arms(generator, labels, turns=1.0, starts=np.arange(3) * 2.0 * np.pi / 3.0, noise=noise), labels


def moons(generator: np.random.Generator, count: int, noise: float) -> tuple[Inputs, Labels]:
    """Return two half circles of radius 10/3 that reach into one another; class 1 is the lower one.

    Noise is the standard deviation of each coordinate, as a share of the radius.
    """
    sizes = _shares(count, 2)
    labels = np.repeat([0, 1], sizes)
    angle = np.concatenate([np.linspace(0.0, np.pi, size) for size in sizes])
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    unit = np.where(labels[:, None] == 0, upper, [1.0, 0.5] - upper)
    return (unit - [0.5, 0.25] + noise * generator.standard_normal(unit.shape)) * 10.0 / 3.0, labels


def plane(generator: np.random.Generator, count: int, noise: float) -> tuple[Inputs, Values]:
    """Return uniform points with the target (x1 + x2) / 10.

    Noise moves the place at which the target is read, by up to 6 x noise per axis.
    """
    inputs, read_at = _uniform(generator, count, noise)
    return inputs, read_at.sum(axis=1) / 10.0


def multi_gauss(generator: np.random.Generator, count: int, noise: float) -> tuple[Inputs, Values]:
    """Return uniform points on six bumps of alternating sign, falling from ±1 to 0 at distance 2.

    Noise moves the place at which the target is read, by up to 6 x noise per axis.
    """
    inputs, read_at = _uniform(generator, count, noise)
    bumps = np.array(BUMPS)
    distance = np.linalg.norm(read_at[:, None, :] - bumps[:, :2], axis=2)
    nearest = distance.argmin(axis=1)
    height = np.clip(1.0 - distance.min(axis=1) / 2.0, 0.0, 1.0)
    return inputs, bumps[nearest, 2] * height


SHAPES: dict[str, Shape] = {
    "circle": Shape(circle, SIGNS, 500),
    "xor": Shape(xor, SIGNS, 500),
    "gauss": Shape(gauss, SIGNS, 500),
    "spiral": Shape(spiral, SIGNS, 500),
    "plane": Shape(plane, (), 1200),
    "multi_gauss": Shape(multi_gauss, (), 1200),
    "moons": Shape(moons, SIGNS, 500),
    "spiral3": Shape(spiral3, ("1", "2", "3"), 500),
}


def _shares(count: int, classes: int) -> list[int]:
    """Return sizes that add up to `count` and differ by one at most."""
    return [(count + classes - 1 - number) // classes for number in range(classes)]


def _polar(radius: Values, angle: Values) -> Inputs:
    """Return points whose angle runs clockwise from the x2 axis, as the Playground's does."""
    return np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)


def _uniform(generator: np.random.Generator, count: int, noise: float) -> tuple[Inputs, Inputs]:
    """Return uniform points of the square [-6, 6] and the places at which their targets are read."""
    inputs = generator.uniform(-6.0, 6.0, (count, 2))
    return inputs, inputs + noise * generator.uniform(-6.0, 6.0, inputs.shape)


def _arms(
    generator: np.random.Generator, labels: Labels, *, turns: float, starts: Values, noise: float
) -> Inputs:
    """Return points evenly spaced along one spiral arm per class, from radius 0 to 5."""
    sizes = np.bincount(labels)
    way = np.empty(len(labels))  # share of the arm behind the point: i / n for the i-th of n
    for label, size in enumerate(sizes):
        way[labels == label] = np.arange(size) / size
    inputs = _polar(5.0 * way, turns * 2.0 * np.pi * way + starts[labels])
    return inputs + noise * generator.uniform(-1.0, 1.0, inputs.shape)
