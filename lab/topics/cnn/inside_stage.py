"""What is shown of a picture on its way through the trained network."""

import numpy as np

from lab.core.labels import _
from lab.core.lesson import Context
from lab.core.stage import Panel, Stage
from lab.figures.attributions import pixel_figure
from lab.figures.chart import Bar
from lab.figures.matrices import Matrix, matrices
from lab.figures.theme import BLUE, GREEN, figure
from lab.figures.tiles import tiles_figure
from lab.topics.cnn.display import LAYERS, Display
from lab.topics.cnn.inside import Inside, inside
from lab.topics.cnn.settings import Settings
from lab.topics.cnn.trained import Trained

ACROSS, MOST_MAPS, MOST_MOMENTS = 4, 16, 8


def inside_stage(settings: Settings, display: Display, context: Context, result: Trained) -> Stage:
    """Return picture, answer, the sum behind one value, the filter's history, and all feature maps."""
    if result.overflow[0]:
        return Stage(notes=(_("This network overflowed: nothing is left inside. Choose a smaller rate."),))
    seen = inside(settings, display, context, result)
    panels = [_image_panel(seen), _answer_panel(seen)]
    if seen.terms.kernel is not None:
        panels.append(_sum_panel(seen, display))
    panels.append(_history_panel(seen, result))
    panels += [_maps_panel(seen, layer) for layer in seen.maps]
    return Stage(panels=tuple(panels), notes=_notes(seen, result))


def _notes(seen: Inside, result: Trained) -> tuple[str, ...]:
    best = int(seen.probabilities.argmax())
    text = _("After {epoch:.3g} epochs the network says {answer}, with probability {sure:.3f}.")
    return (text.format(epoch=result.moments[seen.moment], answer=best, sure=seen.probabilities[best]),)


def _image_panel(seen: Inside) -> Panel:
    side, field = len(seen.image), seen.field
    chart = pixel_figure(seen.image, signed=False, unit=_("spreads"))
    frame = {"x0": field.left - 0.5, "x1": field.left + field.size - 0.5}
    frame |= {"y0": field.top - 0.5, "y1": field.top + field.size - 0.5}
    chart.add_shape(type="rect", **frame, line={"color": GREEN, "width": 3})
    rows, columns = field.inside(side)
    alt = _("The picture; the chosen value sees rows {top} to {bottom} and columns {left} to {right} of it.")
    told = alt.format(top=rows[0] + 1, bottom=rows[-1] + 1, left=columns[0] + 1, right=columns[-1] + 1)
    return Panel("in_image", _("The picture, and what the chosen value sees of it"), told, chart)


def _answer_panel(seen: Inside) -> Panel:
    chart = figure(_("Digit"), _("Probability"), hovermode="closest")
    digits = [str(digit) for digit in range(len(seen.probabilities))]
    colours = [GREEN if digit == seen.truth else BLUE for digit in range(len(digits))]
    chart.add_trace(
        Bar(
            x=digits,
            y=seen.probabilities,
            marker={"color": colours, "pattern": {"shape": ["/" if one == GREEN else "" for one in colours]}},
            name=_("probability"),
            text=[f"{share:.2f}" for share in seen.probabilities],
            textposition="outside",
            hovertemplate="%{x}: %{y:.4f}<extra></extra>",
        )
    )
    chart.update_xaxes(type="category")
    chart.update_yaxes(range=[0, 1.12])
    alt = _("Probabilities of the digits 0 to 9: {told}.")
    told = ", ".join(f"{share:.3f}" for share in seen.probabilities)
    title = _("The answer") if seen.truth < 0 else _("The answer; hatched: the truth, {truth}")
    return Panel("in_answer", title.format(truth=seen.truth), alt.format(told=told), chart)


def _sum_panel(seen: Inside, display: Display) -> Panel:
    """Return patch, kernel and products of one input channel as matrices."""
    terms = seen.terms
    assert terms.kernel is not None
    source = min(display.in_source, len(terms.patch)) - 1
    patch, kernel = terms.patch[source], terms.kernel[source]
    blocks = [
        Matrix(_("what it looks at"), patch),
        Matrix(_("weights"), kernel),
        Matrix(_("products"), patch * kernel),
    ]
    alt = _(
        "Input channel {source} of {count}: patch, weights, and products that add up to {part:.4f}. All "
        "channels and the bias give {value:.4f}."
    ).format(source=source + 1, count=len(terms.patch), part=terms.sums[source], value=terms.value)
    title = _("The sum behind one value: input channel {source} of {count}")
    return Panel("in_sum", title.format(source=source + 1, count=len(terms.patch)), alt, matrices(blocks))


def _history_panel(seen: Inside, result: Trained) -> Panel:
    """Return the chosen map's filter at some moments of the training, one row for each."""
    filters = result.filters[seen.spot.block][:, seen.spot.channel]
    places = np.unique(np.linspace(0, len(filters) - 1, min(len(filters), MOST_MOMENTS)).round().astype(int))
    shown = filters[places][:, :MOST_MAPS]
    chart = tiles_figure(
        shown,
        [f"{result.moments[place]:.3g}" for place in places],
        [str(number + 1) for number in range(shown.shape[1])],
        x_title=_("Input channel"),
        y_title=_("Epoch"),
    )
    alt = _("Weights of filter {number} of block {block} from before training to epoch {epoch:.3g}.")
    told = alt.format(number=seen.spot.channel + 1, block=seen.spot.block + 1, epoch=result.moments[-1])
    title = _("Filter {number} of block {block} as it formed")
    return Panel(
        "in_history", title.format(number=seen.spot.channel + 1, block=seen.spot.block + 1), told, chart
    )


def _maps_panel(seen: Inside, layer: str) -> Panel:
    """Return a layer's feature maps side by side; a click chooses a value."""
    maps = seen.maps[layer][:MOST_MAPS]
    across = min(ACROSS, len(maps))
    rows = -(-len(maps) // across)
    sheet = np.full((rows, across, *maps.shape[1:]), np.nan, np.float32)
    for number, one in enumerate(maps):
        sheet[divmod(number, across)] = one
    starts = [str(across * row + 1) for row in range(rows)]
    numbers = [str(number + 1) for number in range(across)]
    chart = tiles_figure(sheet, starts, numbers, x_title=_("Map"), y_title=_("from map"))
    if seen.spot.layer == layer and seen.spot.channel < MOST_MAPS:
        chart.add_shape(type="rect", **_frame(seen, across), line={"color": GREEN, "width": 2})
    chart.update_layout(meta={"pick": f"in_{layer}"}, dragmode=False)
    alt = _("{count} of {all} feature maps of {layer}, {side} by {side} values from {low:.2f} to {high:.2f}.")
    told = alt.format(
        count=len(maps),
        all=len(seen.maps[layer]),
        layer=LAYERS[layer],
        side=maps.shape[-1],
        low=maps.min(),
        high=maps.max(),
    )
    return Panel(f"in_maps_{layer}", _("{layer}: feature maps").format(layer=LAYERS[layer]), told, chart)


def _frame(seen: Inside, across: int) -> dict[str, float]:
    """Return the square around the chosen value on the sheet of its layer's maps."""
    side = seen.maps[seen.spot.layer].shape[-1] + 1
    row, column = divmod(seen.spot.channel, across)
    x, y = column * side + seen.spot.column, row * side + seen.spot.row
    return {"x0": x - 0.5, "x1": x + 0.5, "y0": y - 0.5, "y1": y + 0.5}


def place_on_sheet(x: float, y: float, shape: tuple[int, int, int]) -> tuple[int, int, int] | None:
    """Return map, row and column, from 1, of a click on a layer's sheet; None between the maps.

    Args:
        x: column on the sheet, from 0.
        y: row on the sheet, from 0.
        shape: maps, rows and columns of the layer.

    Example:
        >>> place_on_sheet(27.3, 2.0, (8, 26, 26)), place_on_sheet(26.0, 2.0, (8, 26, 26))
        ((2, 3, 1), None)
    """
    maps, rows, columns = shape
    across = min(ACROSS, maps)
    (right, column), (down, row) = divmod(round(x), columns + 1), divmod(round(y), rows + 1)
    number = down * across + right
    known = 0 <= right < across and 0 <= number < min(maps, MOST_MAPS)
    return (number + 1, row + 1, column + 1) if known and column < columns and row < rows else None
