"""The kernels that can be chosen: each is made for any side, so that 3 and 5 mean the same."""

from collections.abc import Mapping
from math import comb

import numpy as np
from jaxtyping import Float64

from lab.core.labels import _

Kernel = Float64[np.ndarray, "side side"]
OWN = "own"
KERNELS: Mapping[str, str] = {
    "identity": _("Identity: nothing changes"),
    "blur": _("Blur: the mean"),
    "gaussian": _("Gaussian blur"),
    "sharpen": _("Sharpen"),
    "sobel_x": _("Sobel x: brighter to the right"),
    "sobel_y": _("Sobel y: brighter downwards"),
    "laplacian": _("Laplacian: edges and spots"),
    "emboss": _("Emboss"),
    OWN: _("My own: change any cell"),
}


def kernel_named(name: str, side: int) -> Kernel:
    """Return the kernel `name` with `side` rows and columns: 1, 3 or 5.

    Source: Gonzalez, Woods (2018), Digital Image Processing, chapters 3 and 10.

    Example:
        >>> kernel_named("sobel_x", 3).astype(int).tolist()
        [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
    """
    bell, slope = _bell(side), _slope(side)
    identity = np.zeros((side, side))
    identity[side // 2, side // 2] = 1
    offset = np.arange(side) - side // 2
    made = {
        "blur": np.full((side, side), 1 / side**2),
        "gaussian": np.outer(bell, bell) / bell.sum() ** 2,
        "sharpen": identity - _laplacian(side),
        "sobel_x": np.outer(bell, slope),
        "sobel_y": np.outer(slope, bell),
        "laplacian": _laplacian(side),
        "emboss": identity + offset[:, None] + offset,
    }
    return made.get(name, identity)


def _bell(side: int) -> Float64[np.ndarray, " side"]:
    """Return binomial coefficients: 1, then 1 2 1, then 1 4 6 4 1."""
    return np.array([comb(side - 1, place) for place in range(side)], np.float64)


def _slope(side: int) -> Float64[np.ndarray, " side"]:
    """Return weights that tell how fast brightness rises; one pixel alone tells nothing."""
    if side == 1:
        return np.zeros(1)
    return np.convolve(_bell(side - 2), [-1.0, 0.0, 1.0])


def _laplacian(side: int) -> Kernel:
    """Return the neighbours less the middle, so that all cells sum to 0."""
    middle = side // 2
    offset = np.abs(np.arange(side) - middle)
    near = offset[:, None] + offset
    cells = np.clip(middle + 1 - near, 0, None).astype(np.float64)
    cells[middle, middle] -= cells.sum()
    return cells


def fitted(kernel: Kernel, side: int) -> Kernel:
    """Return a kernel with `side` rows and columns: its middle, or itself with zeros around it.

    Example:
        >>> fitted(np.array([[2.0]]), 3).tolist()
        [[0.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0]]
    """
    ring = (side - len(kernel)) // 2
    return np.pad(kernel, ring) if ring >= 0 else kernel[-ring:ring, -ring:ring].copy()


def kernel_text(kernel: Kernel) -> str:
    """Return the cells of a kernel, row by row, as they stand in a URL.

    Example:
        >>> kernel_text(np.array([[-0.5]])), kernel_text(np.eye(3))
        ('-0.5', '1,0,0,0,1,0,0,0,1')
    """
    cells = kernel.ravel().round(6) + 0.0  # no -0
    return ",".join(f"{cell:.6f}".rstrip("0").rstrip(".") for cell in cells)


def kernel_read(text: str) -> Kernel:
    """Return the kernel that `kernel_text` wrote; the empty text is a single 1."""
    cells = np.array([float(cell) for cell in text.split(",")] if text else [1.0])
    side = round(len(cells) ** 0.5)
    return cells.reshape(side, side)
