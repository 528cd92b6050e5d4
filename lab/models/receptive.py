"""Which pixels of the image one value of a feature map can see."""

from dataclasses import dataclass

from lab.models.convnet import POOL, ConvArchitecture


@dataclass(frozen=True, slots=True)
class Field:
    """A square of pixels, from 0; parts of it may lie in the padding, outside the image.

    Attributes:
        top: its first row.
        left: its first column.
        size: rows and columns.
    """

    top: int
    left: int
    size: int

    def inside(self, side: int) -> tuple[range, range]:
        """Return the rows and columns of an image that lie in it."""
        return tuple(range(max(0, first), min(side, first + self.size)) for first in (self.top, self.left))  # type: ignore[return-value]


def receptive_field(architecture: ConvArchitecture, layer: str, row: int, column: int) -> Field:
    """Return what a value in a block's layer sees of the image.

    Layer by layer the field grows by (kernel - 1) x jump, and pooling doubles the jump, the distance of
    two neighbours' fields. Source: Dumoulin and Visin (2016), A guide to convolution arithmetic.

    Args:
        architecture: of the network.
        layer: `conv1`, `norm1`, `act1`, `pool1`, `conv2` and so on.
        row: of the value in its map, from 0.
        column: likewise.

    Raises:
        ValueError: a dense layer sees everything.

    Example:
        >>> narrow = ConvArchitecture(28, (8, 16))
        >>> receptive_field(narrow, "conv1", 0, 0), receptive_field(narrow, "pool2", 1, 0)
        (Field(top=0, left=0, size=3), Field(top=4, left=0, size=10))
    """
    kind, number = layer[:-1], layer[-1]
    if kind not in ("conv", "norm", "act", "pool") or not number.isdigit():
        raise ValueError(f"layer: expected one of a block, such as conv1, got {layer!r}")
    size, jump, start = 1, 1, 0
    for block in range(1, int(number) + 1):
        size += (architecture.kernel - 1) * jump
        start -= architecture.padding * jump
        if block < int(number) or kind == "pool":
            size += (POOL - 1) * jump
            jump *= POOL
    return Field(start + row * jump, start + column * jump, size)
