"""One convolution and what comes after it: the picture, the maps, and the numbers behind each pixel."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float64, Int64, UInt8

from lab.core.errors import DataError
from lab.core.events import Done, Event, Finished, Started
from lab.core.labels import _
from lab.core.lesson import Context
from lab.data.digits import BRIGHTEST, digits
from lab.data.drawings import drawn_picture
from lab.data.photos import channel, photo, read_picture
from lab.models.convolution import Sliding, Terms, convolve, pool, terms
from lab.topics.cnn.operation_settings import DIGITS, OperationDisplay, OperationSettings

Picture = Float64[np.ndarray, "row column"]
Shape = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large everything is; the run's whole result, since a learner's picture must not outlive the visit.

    Attributes:
        picture: rows and columns.
        output: of the convolution, by the formula; not above 0 if the kernel does not fit.
        pooled: of the pooling, by the formula; None without pooling, or without an output.
        fault: why there is no output, or no pooling; empty if all is possible.
    """

    picture: Shape
    output: Shape
    pooled: Shape | None
    fault: str


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """What is made of a picture.

    Attributes:
        picture: shares of full brightness.
        sums: the convolution; None where it is impossible.
        output: the same after ReLU, if that is on.
        pooled: the pooling of `output`; None without, or where it is impossible.
    """

    picture: Picture
    sums: Picture | None
    output: Picture | None
    pooled: Picture | None


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A pixel of a map, and all that it comes from.

    Attributes:
        level: `convolution` or `pooling`.
        row: of the pixel in that map, from 0; `column` likewise.
        output_rows: rows of the convolution's output that it reads, from 0; without the padding's.
        output_columns: columns likewise.
        picture_rows: rows of the picture that it sees, from 0, in order; those in the padding lie outside.
        picture_columns: columns likewise.
    """

    level: str
    row: int
    column: int
    output_rows: Int64[np.ndarray, " down"]
    output_columns: Int64[np.ndarray, " across"]
    picture_rows: Int64[np.ndarray, " high"]
    picture_columns: Int64[np.ndarray, " wide"]


def train(settings: OperationSettings, context: Context) -> Iterator[Event | Done[Sizes]]:
    """Say what is possible; the maps themselves are made where they are shown."""
    yield Started(0, 1)
    picture = picture_of(settings, context.files)
    yield Finished("epochs", 0)
    yield Done(sizes_of(settings, picture))


def picture_of(settings: OperationSettings, files: Mapping[str, bytes]) -> Picture:
    """Return the picture as shares of full brightness: 0 is black, 1 is white.

    Raises:
        DataError: the learner's own picture is not in this visit.
    """
    name = settings.conv_picture
    if name in DIGITS:
        images = _digits(DIGITS[name])
        return images[min(settings.conv_number, len(images)) - 1] / BRIGHTEST[DIGITS[name]]
    if name == "drawn":
        return drawn_picture(settings.conv_drawing)
    if name != "upload":
        return channel(photo(name), settings.conv_channel)
    if settings.conv_file not in files:
        raise DataError(_("My own picture"), _("a picture uploaded on this page"), settings.conv_file[:8])
    return channel(read_picture(files[settings.conv_file], "upload"), settings.conv_channel)


@cache
def _digits(side: int) -> UInt8[np.ndarray, "image side side"]:
    return digits(side, train_share=1.0).train_images


def sizes_of(settings: OperationSettings, picture: Picture) -> Sizes:
    """Return all sizes by the formula, and what is impossible."""
    shape = picture.shape
    output = _after(settings.sliding(), shape)
    fault = convolution_fault(settings.sliding(), shape)
    pooling = settings.pooling()
    if fault or pooling is None:
        return Sizes(shape, output, None, fault)
    return Sizes(shape, output, _after(pooling, output), pooling_fault(pooling, output))


def _after(sliding: Sliding, shape: Shape) -> Shape:
    return sliding.output_size(shape[0]), sliding.output_size(shape[1])


def convolution_fault(sliding: Sliding, shape: Shape) -> str:
    """Return why the kernel cannot slide over a picture of this shape, or the empty text."""
    short = min(shape) + 2 * sliding.padding
    if sliding.span <= short:
        return ""
    text = _(
        "The kernel does not fit even once: it spans {dilation} x ({size} - 1) + 1 = {span} pixels, and the "
        "shorter side of the picture has {side} + 2 x {padding} = {short} with its padding. Choose a smaller "
        "kernel, less dilation, or more padding."
    )
    return text.format(
        dilation=sliding.dilation,
        size=sliding.size,
        span=sliding.span,
        side=min(shape),
        padding=sliding.padding,
        short=short,
    )


def pooling_fault(window: Sliding, shape: Shape) -> str:
    """Return why the window cannot pool a map of this shape, or the empty text."""
    if 2 * window.padding > window.size:
        text = _(
            "Pooling with a padding of {padding} needs a window of at least {least} pixels, not {size}: with "
            "more than half a window of padding, a window could lie wholly outside the map."
        )
        return text.format(padding=window.padding, least=2 * window.padding, size=window.size)
    short = min(shape) + 2 * window.padding
    if window.size <= short:
        return ""
    text = _(
        "The pooling window of {size} pixels does not fit: the shorter side of the output has {side} + "
        "2 x {padding} = {short} with its padding. Choose a smaller window or stride."
    )
    return text.format(size=window.size, side=min(shape), padding=window.padding, short=short)


def maps_of(settings: OperationSettings, files: Mapping[str, bytes]) -> Maps:
    """Return the picture and what is made of it, as far as that is possible.

    Raises:
        DataError: the learner's own picture is not in this visit.
    """
    picture = picture_of(settings, files)
    sizes = sizes_of(settings, picture)
    if min(sizes.output) < 1:
        return Maps(picture, None, None, None)
    sums = convolve(picture, settings.kernel(), settings.conv_bias, settings.sliding())
    output = np.maximum(sums, 0.0) if settings.conv_relu else sums
    pooling = settings.pooling()
    if pooling is None or sizes.fault:
        return Maps(picture, sums, output, None)
    return Maps(picture, sums, output, pool(output, settings.conv_pool, pooling))


def place_of(settings: OperationSettings, display: OperationDisplay, maps: Maps) -> Place | None:
    """Return the pixel that is looked at; past the end of the map, its last row or column."""
    level = "pooling" if display.conv_level == "pooling" and maps.pooled is not None else "convolution"
    shown = maps.pooled if level == "pooling" else maps.output
    if shown is None or maps.output is None:
        return None
    place = [
        min(at, most) - 1
        for at, most in zip((display.conv_row, display.conv_column), shown.shape, strict=True)
    ]
    window = settings.pooling() if level == "pooling" else None
    rows, columns = (
        np.array([at]) if window is None else _inside(window.reads(at), most)
        for at, most in zip(place, maps.output.shape, strict=True)
    )
    seen = [
        np.unique(np.concatenate([settings.sliding().reads(int(one)) for one in ones]))
        for ones in (rows, columns)
    ]
    return Place(level, place[0], place[1], rows, columns, seen[0], seen[1])


def _inside(places: Int64[np.ndarray, " cell"], length: int) -> Int64[np.ndarray, " inner"]:
    return places[(places >= 0) & (places < length)]


def terms_at(settings: OperationSettings, maps: Maps, row: int, column: int) -> Terms:
    """Return the sum behind a pixel, from 0, of the convolution."""
    return terms(maps.picture, settings.kernel(), settings.conv_bias, settings.sliding(), (row, column))
