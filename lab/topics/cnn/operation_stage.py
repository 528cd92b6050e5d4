"""What is shown of the operation: the picture, the maps, and the numbers behind one pixel."""

from collections.abc import Sequence

import numpy as np

from lab.core.events import Event
from lab.core.labels import _
from lab.core.lesson import Context, Experiment
from lab.core.stage import Panel, Stage
from lab.figures.images import Cells, Look, image
from lab.figures.matrices import Matrix, matrices
from lab.models.convolution import Sliding
from lab.topics.cnn.operation import Maps, Place, Sizes, maps_of, place_of, terms_at, train
from lab.topics.cnn.operation_settings import OperationDisplay, OperationSettings


def stage(
    settings: OperationSettings,
    display: OperationDisplay,
    context: Context,
    events: Sequence[Event],
    result: Sizes | None = None,
) -> Stage:
    """Return the figures; where something is impossible, those before it."""
    if result is None:
        return Stage()
    maps = maps_of(settings, context.files)
    place = place_of(settings, display, maps)
    panels = [_picture_panel(settings, maps, place)]
    if place is not None:
        panels.append(_output_panel(settings, maps, place))
        if maps.pooled is not None:
            panels.append(_pooled_panel(settings, maps, place))
        behind = _window_panel if place.level == "pooling" else _products_panel
        panels.append(behind(settings, maps, place))
    return Stage(panels=tuple(panels))


def _picture_panel(settings: OperationSettings, maps: Maps, place: Place | None) -> Panel:
    rows, columns = maps.picture.shape
    if place is None:
        first = settings.sliding().reads(0)
        look = Look(first, first, each=True)
    else:
        each = place.level == "convolution" and settings.conv_dilation > 1
        look = Look(place.picture_rows, place.picture_columns, each)
    cells = Cells(
        maps.picture,
        _("Brightness (0 black, 1 white)"),
        look,
        settings.conv_padding,
        pick="conv_picture_cell" if place else "",
    )
    if place is None:
        told = _(
            "A picture of {rows} x {columns} pixels; framed, the kernel, which reaches beyond its padding."
        )
        title = _("The picture, and the kernel that does not fit")
        return Panel("conv_picture", title, told.format(rows=rows, columns=columns), image(cells))
    told = _(
        "A picture of {rows} x {columns} pixels. Framed, the receptive field: rows {top} to {bottom} and "
        "columns {left} to {right}."
    )
    alt = told.format(rows=rows, columns=columns, **_ends(look.rows, look.columns))
    return Panel("conv_picture", _("The picture, with the receptive field framed"), alt, image(cells))


def _ends(rows: np.ndarray, columns: np.ndarray) -> dict[str, int]:
    """Return the first and last row and column, numbered from 1."""
    names = ("top", "bottom", "left", "right")
    ends = (rows[0], rows[-1], columns[0], columns[-1])
    return {name: int(end) + 1 for name, end in zip(names, ends, strict=True)}


def _output_panel(settings: OperationSettings, maps: Maps, place: Place) -> Panel:
    assert maps.output is not None
    rows, columns = maps.output.shape
    cells = Cells(
        maps.output,
        _("Output after ReLU") if settings.conv_relu else _("Output (sum)"),
        Look(place.output_rows, place.output_columns),
        settings.conv_pool_padding if maps.pooled is not None else 0,
        pick="conv_cell",
        hover=_(
            "sees rows %{customdata[0]} to %{customdata[1]}, columns %{customdata[2]} to %{customdata[3]}"
        ),
        custom=_receptive_fields(settings.sliding(), rows, columns),
    )
    told = _(
        "The output has {rows} x {columns} pixels from {low:.3g} to {high:.3g}. Framed: rows {top} to "
        "{bottom}, columns {left} to {right}."
    )
    ends = _ends(place.output_rows, place.output_columns)
    alt = told.format(rows=rows, columns=columns, low=maps.output.min(), high=maps.output.max(), **ends)
    title = _("The output, {rows} x {columns}: click a pixel").format(rows=rows, columns=columns)
    return Panel("conv_output", title, alt, image(cells))


def _receptive_fields(sliding: Sliding, rows: int, columns: int) -> np.ndarray:
    """Return for each pixel the first and last row and column that it reads, numbered from 1."""
    down, across = (
        [sliding.reads(place)[[0, -1]] + 1 for place in range(count)] for count in (rows, columns)
    )
    grid = np.empty((rows, columns, 4), np.int16)
    grid[..., :2] = np.array(down)[:, None]
    grid[..., 2:] = np.array(across)[None]
    return grid


def _pooled_panel(settings: OperationSettings, maps: Maps, place: Place) -> Panel:
    assert maps.pooled is not None
    rows, columns = maps.pooled.shape
    own = Look(np.array([place.row]), np.array([place.column])) if place.level == "pooling" else None
    kind = _("Maximum") if settings.conv_pool == "max" else _("Average")
    cells = Cells(maps.pooled, _("{kind} of the window").format(kind=kind), own, pick="conv_pooled_cell")
    told = _(
        "After pooling with windows of {size} x {size} there are {rows} x {columns} pixels from {low:.3g} to "
        "{high:.3g}."
    )
    alt = told.format(
        size=settings.conv_pool_size,
        rows=rows,
        columns=columns,
        low=maps.pooled.min(),
        high=maps.pooled.max(),
    )
    title = _("After pooling, {rows} x {columns}: click a pixel").format(rows=rows, columns=columns)
    return Panel("conv_pooled", title, alt, image(cells))


def _products_panel(settings: OperationSettings, maps: Maps, place: Place) -> Panel:
    found = terms_at(settings, maps, place.row, place.column)
    blocks = [
        Matrix(_("what is read"), found.values),
        Matrix(_("x kernel"), found.weights),
        Matrix(_("= products"), found.products),
    ]
    told = _(
        "The patch that is read, the kernel, and their {count} products, whose sum with the bias {bias:.4g} "
        "is {total:.4g}."
    )
    alt = told.format(count=found.weights.size, bias=found.bias, total=found.total)
    title = _("Behind pixel {row}, {column}: cell by cell").format(row=place.row + 1, column=place.column + 1)
    return Panel("conv_behind", title, alt, matrices(blocks))


def _window_panel(settings: OperationSettings, maps: Maps, place: Place) -> Panel:
    assert maps.output is not None
    assert maps.pooled is not None
    window = maps.output[np.ix_(place.output_rows, place.output_columns)]
    made = maps.pooled[place.row, place.column]
    blocks = [Matrix(_("window of the output"), window), Matrix(_("pooled"), np.array([[made]]))]
    told = _("A window of {count} pixels of the output, from {low:.4g} to {high:.4g}, becomes {made:.4g}.")
    alt = told.format(count=window.size, low=window.min(), high=window.max(), made=made)
    title = _("Behind pixel {row}, {column} of the pooling").format(
        row=place.row + 1, column=place.column + 1
    )
    return Panel("conv_behind", title, alt, matrices(blocks))


OPERATION = Experiment(
    name="cnn/operation",
    settings=OperationSettings,
    train=train,
    stage=stage,
    display=OperationDisplay,
    seconds=lambda settings: 0.02,
    float64=True,
)
