"""Photographs as small arrays: scikit-learn's two, and a learner's own PNG or JPEG.

A learner's file is decoded by Pillow in memory, shrunk at once and never written; what cannot be used
is a `DataError`, one sentence.
"""

import io
import threading
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float64, UInt8
from PIL import Image, ImageOps

from lab.core.errors import DataError
from lab.data.packaged import packaged

PHOTOS = ("china", "flower")
LONGEST, SHORTEST = 64, 8  # pixels of the sides, once shrunk
MOST_BYTES = 4_000_000
MOST_PIXELS = 40_000_000
LONGEST_NAME = 40
BEGINNINGS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
SHARES = {"grey": (0.299, 0.587, 0.114), "red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1)}
"""How much of red, green and blue makes a channel; grey weighs them as ITU-R BT.601 does."""

Picture = UInt8[np.ndarray, "row column 3"]
_decoding = threading.Lock()  # 40 megapixels are 160 MB: never those of two visitors at once


@cache
def photo(name: str) -> Picture:
    """Return `china` (a temple) or `flower` (a dahlia), 43 rows of 64 pixels in red, green and blue.

    Source: scikit-learn's sample images, by Yuan Rui and dany13 (CC BY).

    Raises:
        ValueError: there is no such photograph.

    Example:
        >>> photo("china").shape
        (43, 64, 3)
    """
    if name not in PHOTOS:
        raise ValueError(f"name: expected one of {PHOTOS}, got {name!r}")
    picture = read_picture(packaged("sklearn", "datasets", "images", f"{name}.jpg").read_bytes(), name)
    picture.setflags(write=False)
    return picture


def channel(picture: Picture, name: str) -> Float64[np.ndarray, "row column"]:
    """Return one channel as shares of full brightness: `grey`, `red`, `green` or `blue`.

    Example:
        >>> channel(np.full((1, 1, 3), [255, 0, 0], np.uint8), "grey").round(3).tolist()
        [[0.299]]
    """
    return picture @ np.array(SHARES[name], np.float64) / 255


def read_picture(raw: bytes, name: str) -> Picture:
    """Return the picture in a PNG or JPEG file, its longer side shrunk to at most 64 pixels.

    Each pixel is the mean of the area it covers. A phone's picture is turned upright, transparency is
    laid on white, and palettes, grey, 16 bits and printer's colours become red, green and blue.

    Args:
        raw: the file's content, at most 4 MB and 40 megapixels.
        name: the file's name, for errors.

    Raises:
        DataError: the file cannot be used.
    """
    field = f"picture {_shown(name)}"
    if not 0 < len(raw) <= MOST_BYTES:
        raise DataError(field, f"a file of 1 to {MOST_BYTES:,} bytes", len(raw))
    with _decoding:
        image = _opened(raw, field)
        size = _checked_size(image, field)
        try:
            image.draft("RGB", (4 * LONGEST, 4 * LONGEST))  # lets JPEG leave out what will be averaged away
            return _upright(_shrunk(image, size))
        except Exception:  # a damaged file makes Pillow's decoders raise errors of any kind
            raise _damaged(field) from None


def written_picture(picture: Picture) -> bytes:
    """Return a small picture as a PNG file, from which `read_picture` gets it back pixel by pixel."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def _opened(raw: bytes, field: str) -> Any:
    """Return the picture, of which only the head has been read."""
    try:
        return Image.open(io.BytesIO(raw), formats=("PNG", "JPEG"))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DataError(field, f"at most {MOST_PIXELS:,} pixels", "far more") from None
    except Exception:
        if raw.startswith(BEGINNINGS):
            raise _damaged(field) from None
        raise DataError(field, "a PNG or JPEG file", raw[:12].decode("latin-1")) from None


def _damaged(field: str) -> DataError:
    return DataError(field, "a whole PNG or JPEG file", "one that is cut off or damaged")


def _checked_size(image: Any, field: str) -> tuple[int, int]:
    """Return width and height once shrunk, of a still picture that is neither huge nor a mere line."""
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise DataError(field, f"at most {MOST_PIXELS:,} pixels", width * height)
    if image.format == "PNG" and getattr(image, "is_animated", False):
        raise DataError(field, "a still picture", f"an animation of {image.n_frames} pictures")
    share = min(1.0, LONGEST / max(width, height))
    size = round(width * share), round(height * share)
    if min(size) < SHORTEST:
        expected = f"at least {SHORTEST} pixels each way once the longer side has {LONGEST}"
        raise DataError(field, expected, f"{width} x {height}")
    return size


def _shrunk(image: Any, size: tuple[int, int]) -> Any:
    """Return the picture in RGBA, `size` wide and high; it may lie on its side."""
    if image.mode in ("1", "P", "PA"):  # their numbers are names of colours and have no mean
        image = image.convert("RGBA")
    small = image.resize(size, Image.Resampling.BOX)
    if small.mode.startswith("I"):  # 16 bits of grey
        small = Image.fromarray((np.asarray(small) // 257).astype(np.uint8))
    return small.convert("RGBA")


def _upright(image: Any) -> Picture:
    """Return the pixels of an RGBA picture on white, turned as its EXIF data say."""
    upright = ImageOps.exif_transpose(image)
    return np.array(Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright).convert("RGB"))


def _shown(name: str) -> str:
    """Return a file's name in quotes, cut so that a hostile one stays readable."""
    return repr(name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…")
