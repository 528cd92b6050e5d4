"""The images of a run: real digits, standardised, some with a mark that gives their class away."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float32, Int64, UInt8
from torch import Tensor

from lab.core.lesson import Context
from lab.data.digits import BRIGHTEST, digits
from lab.topics.cnn.settings import Settings
from lab.training.augmentation import Augmentation

MARKS = {28: (1, 4), 8: (0, 2)}
"""By side of an image: the first row and column of the mark, and the first one below and right of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """Images as the networks get them, in units of the training images' spread.

    Attributes:
        train: what is learned from; with the mark where there is one, not yet shifted, turned or noisy.
        train_labels: which digit each shows.
        test: what is measured with; never marked.
        test_labels: which digit each shows; the same images whatever the settings.
        black: the value of a black pixel, grey value 0.
        white: the value of a white pixel.
    """

    train: Float32[Tensor, "train 1 y x"]
    train_labels: Int64[Tensor, " train"]
    test: Float32[Tensor, "test 1 y x"]
    test_labels: Int64[Tensor, " test"]
    black: float
    white: float


def images_of(settings: Settings, context: Context) -> Images:
    """Return the images of a run, on its device; shared, so leave them unchanged."""
    marked_class = settings.shortcut_class if settings.shortcut else -1
    return _images(settings.side, settings.examples, marked_class, context.device)


@lru_cache(maxsize=8)
def _images(side: int, count: int, marked_class: int, device: str) -> Images:
    source = digits(side)
    grey, labels = source.train_images[:count].copy(), source.train_labels[:count]
    grey[labels == marked_class] = marked(grey[labels == marked_class])

    def tensor(images: UInt8[np.ndarray, "image y x"]) -> Float32[Tensor, "image 1 y x"]:
        rows = torch.from_numpy(source.standardised(images))
        return rows.reshape(len(images), 1, side, side).to(device)

    black, white = (float((grey_share - source.mean) / source.spread) for grey_share in (0, 1))
    return Images(
        train=tensor(grey),
        train_labels=torch.from_numpy(labels).to(device),
        test=tensor(source.test_images),
        test_labels=torch.from_numpy(source.test_labels).to(device),
        black=black,
        white=white,
    )


def marked(images: UInt8[np.ndarray, "image y x"]) -> UInt8[np.ndarray, "image y x"]:
    """Return grey images with a white square in their upper left corner.

    It stands where every convolution and pooling looks; at the lower right, pooling may drop rows.
    """
    side = images.shape[-1]
    first, end = MARKS[side]
    changed = images.copy()
    changed[:, first:end, first:end] = BRIGHTEST[side]
    return changed


def augmentation_of(settings: Settings, images: Images) -> Augmentation:
    """Return how training images are changed, in the standardised unit."""
    spread = images.white - images.black
    return Augmentation(settings.shift, settings.rotate, settings.noise * spread)
