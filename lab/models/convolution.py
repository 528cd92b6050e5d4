"""Convolution and pooling of one picture, and every number behind one pixel of what they make.

As in torch, a convolution does not flip its kernel: mathematicians call it cross-correlation.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch.nn import functional

Picture = Float64[np.ndarray, "row column"]
Kernel = Float64[np.ndarray, "side side"]
POOLS = ("max", "average")


@dataclass(frozen=True, slots=True)
class Sliding:
    """How a square window slides over a picture.

    Attributes:
        size: cells of its side.
        stride: pixels from one place to the next.
        padding: rings of pixels laid around the picture; they count as 0 (as minus infinity for max pooling).
        dilation: pixels from one cell of the window to the next.
    """

    size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1

    @property
    def span(self) -> int:
        """Return the pixels from the window's first cell to its last, both included: d (k - 1) + 1."""
        return self.dilation * (self.size - 1) + 1

    def output_size(self, length: int) -> int:
        """Return how many places there are along a side of `length` pixels; none if it is below 1.

        Source: Dumoulin, Visin (2016), A guide to convolution arithmetic, relationships 6 and 15.

        Example:
            >>> Sliding(3).output_size(28), Sliding(3, stride=2, padding=1).output_size(28)
            (26, 14)
        """
        return (length + 2 * self.padding - self.span) // self.stride + 1

    def reads(self, place: int) -> Int64[np.ndarray, " cell"]:
        """Return the pixels, from 0, under the window at a place, from 0; those in the padding lie outside.

        Example:
            >>> Sliding(3, stride=2, padding=1).reads(0).tolist()
            [-1, 0, 1]
        """
        return place * self.stride - self.padding + self.dilation * np.arange(self.size)


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What one pixel of a convolution is the sum of.

    Attributes:
        rows: of the picture, from 0, one for each row of the kernel; in the padding they lie outside.
        columns: likewise.
        values: the patch that is read; the padding is 0.
        weights: the kernel.
        bias: is added to the products.
    """

    rows: Int64[np.ndarray, " side"]
    columns: Int64[np.ndarray, " side"]
    values: Float64[np.ndarray, "side side"]
    weights: Float64[np.ndarray, "side side"]
    bias: float

    @property
    def products(self) -> Float64[np.ndarray, "side side"]:
        """Return value times weight, cell by cell."""
        return self.values * self.weights + 0.0  # no -0

    @property
    def total(self) -> float:
        """Return the bias and the sum of all products."""
        return self.bias + float(self.products.sum())


def convolve(picture: Picture, kernel: Kernel, bias: float, sliding: Sliding) -> Picture:
    """Return the convolution of a picture, by torch.

    Raises:
        RuntimeError: the window does not fit; `Sliding.output_size` is below 1.
    """
    found = functional.conv2d(
        torch.from_numpy(picture)[None, None],
        torch.from_numpy(kernel)[None, None],
        torch.tensor([bias], dtype=torch.float64),
        sliding.stride,
        sliding.padding,
        sliding.dilation,
    )
    return found[0, 0].numpy()


def pool(picture: Picture, kind: str, sliding: Sliding) -> Picture:
    """Return the `max` or `average` pooling of a picture, by torch; averages count the padding's zeros.

    Raises:
        RuntimeError: the window does not fit, or its padding is more than half of it.
    """
    pixels = torch.from_numpy(picture)[None, None]
    given = sliding.size, sliding.stride, sliding.padding
    found = functional.max_pool2d(pixels, *given) if kind == "max" else functional.avg_pool2d(pixels, *given)
    return found[0, 0].numpy()


def terms(picture: Picture, kernel: Kernel, bias: float, sliding: Sliding, place: tuple[int, int]) -> Terms:
    """Return what the pixel at `place` (row and column, from 0) of the convolution is the sum of."""
    rows, columns = map(sliding.reads, place)
    return Terms(rows, columns, patch(picture, rows, columns), kernel, bias)


def patch(
    picture: Picture,
    rows: Int64[np.ndarray, " down"],
    columns: Int64[np.ndarray, " across"],
    outside: float = 0.0,
) -> Float64[np.ndarray, "down across"]:
    """Return the pixels where `rows` and `columns` cross; outside the picture they are `outside`.

    Example:
        >>> patch(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([-1, 1]), np.array([0, 1])).tolist()
        [[0.0, 0.0], [3.0, 4.0]]
    """
    height, width = picture.shape
    inside = ((rows >= 0) & (rows < height))[:, None] & ((columns >= 0) & (columns < width))
    found = picture[np.ix_(rows.clip(0, height - 1), columns.clip(0, width - 1))]
    return np.where(inside, found, outside)
