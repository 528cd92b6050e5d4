"""The examples of a data set, and the input that the learner has picked, typed or drawn."""

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from jaxtyping import Float64, Int64

from lab.data.digits import Digits, digits
from lab.data.drawings import SIDE, drawn_picture
from lab.data.points import points
from lab.topics.forward_pass.settings import Pick, Settings


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """What the network is trained on, and after it what is held back.

    Attributes:
        inputs: one row per example, as the network gets it.
        targets: class numbers from 0, or values.
        train: how many of the rows, from the first on, are learned from.
        classes: names; empty for regression.
        names: of the inputs.
        side: pixels of an image's side; 0 for points.
    """

    inputs: Float64[np.ndarray, "example feature"]
    targets: Int64[np.ndarray, " example"] | Float64[np.ndarray, " example"]
    train: int
    classes: tuple[str, ...]
    names: tuple[str, ...]
    side: int = 0

    def row(self, example: int) -> int:
        """Return the row of an example numbered from 1; numbers past the end mean the last."""
        return min(example, len(self.targets)) - 1


def examples_of(settings: Settings) -> Examples:
    """Return the examples of the settings' data set; digits are the same whatever the seed."""
    if settings.side:
        return _images(settings.side)
    return _points(settings.data, settings.noise, settings.seed)


@lru_cache(maxsize=32)
def _points(name: str, noise: float, seed: int) -> Examples:
    found = points(name, noise=noise, seed=seed, examples=None if name == "iris" else 400)  # type: ignore[arg-type]
    return Examples(
        np.concatenate([found.train_inputs, found.test_inputs]),
        np.concatenate([found.train_targets, found.test_targets]),
        len(found.train_targets),
        found.classes,
        found.names,
    )


@cache
def _digits(side: int) -> Digits:
    return digits(side)


@cache
def _images(side: int) -> Examples:
    found = _digits(side)
    images = np.concatenate([found.train_images, found.test_images])
    return Examples(
        found.standardised(images).astype(np.float64),
        np.concatenate([found.train_labels, found.test_labels]),
        len(found.train_labels),
        tuple("0123456789"),
        tuple(f"{row},{column}" for row in range(1, side + 1) for column in range(1, side + 1)),
        side,
    )


def is_drawn(settings: Settings, pick: Pick) -> bool:
    """Return whether the learner's own drawing is the input."""
    return bool(settings.side) and pick.source == "drawn"


def picked_input(settings: Settings, pick: Pick) -> Float64[np.ndarray, " feature"]:
    """Return the input that goes through the network: picked or drawn, then changed by hand."""
    examples = examples_of(settings)
    if is_drawn(settings, pick):
        image = _as_image(pick.drawing, settings.side)
        chosen = _digits(settings.side).standardised(image[None])[0]
    else:
        chosen = examples.inputs[examples.row(pick.example)]
    values = np.array(chosen, np.float64)
    for edit in pick.hand_edits():
        if edit.layer == 0 and edit.source < len(values):
            values[edit.source] = edit.value
    return values


def picked_target(settings: Settings, pick: Pick) -> str:
    """Return what the picked example is, in words; empty for a drawing."""
    if is_drawn(settings, pick):
        return ""
    examples = examples_of(settings)
    target = examples.targets[examples.row(pick.example)]
    return examples.classes[int(target)] if examples.classes else f"{target:.4g}"


def _as_image(text: str, side: int) -> Float64[np.ndarray, "side side"]:
    """Return a drawing as a grey image of the data set's kind."""
    ink = drawn_picture(text)
    if not ink.any():
        return np.zeros((side, side))
    return 255 * centred(ink) if side == SIDE else 16 * shrunk(cropped(ink), side)


def centred(ink: Float64[np.ndarray, "28 28"]) -> Float64[np.ndarray, "28 28"]:
    """Return the drawing moved by whole pixels, so that its ink balances in the middle, as MNIST's does."""
    rows, columns = np.nonzero(ink)
    weights = ink[rows, columns]
    middle = (SIDE - 1) / 2
    down = round(middle - float(np.average(rows, weights=weights)))
    right = round(middle - float(np.average(columns, weights=weights)))
    down = int(np.clip(down, -rows.min(), SIDE - 1 - rows.max()))
    right = int(np.clip(right, -columns.min(), SIDE - 1 - columns.max()))
    return np.roll(ink, (down, right), (0, 1))


def cropped(ink: Float64[np.ndarray, "28 28"]) -> Float64[np.ndarray, "span span"]:
    """Return the smallest square around the ink, which stays in its middle; the 8x8 digits fill theirs."""
    rows, columns = np.nonzero(ink)
    part = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    span = max(part.shape)
    missing = [span - length for length in part.shape]
    return np.pad(part, [(gap // 2, gap - gap // 2) for gap in missing])


def shrunk(image: Float64[np.ndarray, "span span"], side: int) -> Float64[np.ndarray, "side side"]:
    """Return an image of `side` pixels; each is the mean of the area that it covers.

    Example:
        >>> shrunk(np.array([[0.0, 1.0, 1.0], [0.0, 1.0, 1.0], [0.0, 1.0, 1.0]]), 2).tolist()
        [[0.3333333333333333, 1.0], [0.3333333333333333, 1.0]]
    """
    edges = np.linspace(0, len(image), side + 1)
    pixel = np.arange(len(image))
    overlap = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    shares = np.clip(overlap, 0, None) * side / len(image)
    return shares @ image @ shares.T
