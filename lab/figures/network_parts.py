"""What a drawing of a network is made of: columns of neurons, and the weights between them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float

MOST_BOXES = 10
"""Columns with more neurons are drawn as a strip of cells."""
IMAGE_REACH = 1.1


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One layer of the drawing.

    Attributes:
        title: stands above it.
        values: the number in each neuron.
        reached: which neurons have been computed; the numbers of the others are faint.
        side: pixels of an image's side, if the column is an image.
    """

    title: str
    values: Float[np.ndarray, " neuron"]
    reached: Bool[np.ndarray, " neuron"]
    side: int = 0

    @property
    def is_wide(self) -> bool:
        """Return whether there are too many neurons for a box each."""
        return len(self.values) > MOST_BOXES

    def reach(self, extent: float) -> float:
        """Return half the height of a wide column: an image is about as high as wide, a strip fills all."""
        return min(extent, IMAGE_REACH) if self.side else extent

    def heights(self, extent: float) -> Float[np.ndarray, " neuron"]:
        """Return the y of each neuron, the first on top."""
        count = len(self.values)
        gap = 2 * self.reach(extent) / count if self.is_wide else 1.0
        return gap * ((count - 1) / 2 - np.arange(count))


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """What is drawn.

    Attributes:
        columns: input first.
        weights: between each two columns.
        lit: the current column and neuron, from 0; its incoming lines stand out.
        outputs: words beside the output neurons.
        hidden: whether the numbers not reached yet are left out altogether.
    """

    columns: Sequence[Column]
    weights: Sequence[Float[np.ndarray, "neuron source"]]
    lit: tuple[int, int]
    outputs: Sequence[str] = field(default_factory=tuple)
    hidden: bool = False

    @property
    def extent(self) -> float:
        """Return half the height of the drawing, in boxes."""
        most = max((len(c.values) for c in self.columns if not c.is_wide), default=1)
        has_wide = any(column.is_wide for column in self.columns)
        return max(most, 6 if has_wide else 2) / 2
