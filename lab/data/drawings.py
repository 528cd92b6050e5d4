"""Drawings on the lab's sheet: 28x28 pixels of four grey levels, written as a short text."""

import base64

import numpy as np
from jaxtyping import Float64

SIDE = 28
GREYS = 3
"""The brightest of the four levels."""
PATTERN = r"[A-Za-z0-9_-]{262}"
"""The form of the text: 784 pixels of 2 bits as base64url."""


def drawn_picture(text: str) -> Float64[np.ndarray, "28 28"]:
    """Return a drawing as shares of full brightness; the empty text is an empty sheet.

    Args:
        text: pixels row by row, four to a byte, the first in the highest bits, as base64url.

    Example:
        >>> drawn_picture("_" + 261 * "A")[0, :4].tolist()
        [1.0, 1.0, 1.0, 0.0]
    """
    if not text:
        return np.zeros((SIDE, SIDE))
    packed = np.frombuffer(base64.urlsafe_b64decode(text + "=="), np.uint8)
    levels = packed[:, None] >> np.array([6, 4, 2, 0], np.uint8) & GREYS
    return levels.reshape(SIDE, SIDE) / GREYS
