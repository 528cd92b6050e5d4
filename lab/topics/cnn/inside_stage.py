"""What is shown of a picture on its way through the trained network."""

from dataclasses import dataclass

import numpy as np

from lab.core.labels import _
from lab.core.lesson import Context
from lab.core.stage import Panel, Stage
from lab.figures.attributions import pixel_figure
from lab.figures.chart import Bar
from lab.figures.matrices import Matrix, matrices
from lab.figures.theme import BLUE, GREEN, figure
from lab.figures.tiles import in_rows, tile_at, tile_frame, tiles_figure
from lab.topics.cnn.display import LAYERS, Display
from lab.topics.cnn.inside import Inside, inside
from lab.topics.cnn.settings import Settings
from lab.topics.cnn.strip import strip_panel
from lab.topics.cnn.trained import Trained

ACROSS, MOST_MAPS, MOST_MOMENTS = 4, 16, 8
NEURONS_ACROSS = 30


def inside_stage(settings: Settings, display: Display, context: Context, result: Trained) -> Stage:
    """Return picture, answer, the sum behind one value, the filter's history, and all feature maps."""
    if result.overflow[0]:
        return Stage(notes=(_("This network overflowed: nothing is left inside. Choose a smaller rate."),))
    seen = inside(settings, display, context, result)
    panels = [_image_panel(seen), _answer_panel(seen)]
    if display.in_picture == "test":
        panels.insert(0, strip_panel(settings, context, display.in_image))
    if seen.terms.kernel is not None and seen.terms.kernel[0].size > 1:
        panels.append(_sum_panel(seen, display))
    if seen.spot.block is not None:
        panels.append(_history_panel(seen, display, result, seen.spot.block))
    panels += [_maps_panel(seen, display, layer) for layer in seen.maps]
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


def _history_panel(seen: Inside, display: Display, result: Trained, block: int) -> Panel:
    """Return the chosen map's filter at some moments of the training, one row for each."""
    filters = result.filters[block][:, seen.spot.channel]
    places = np.unique(np.linspace(0, len(filters) - 1, min(len(filters), MOST_MOMENTS)).round().astype(int))
    first = (min(display.in_source, filters.shape[1]) - 1) // MOST_MAPS * MOST_MAPS
    shown = filters[places][:, first : first + MOST_MAPS]
    chart = tiles_figure(
        shown,
        [f"{result.moments[place]:.3g}" for place in places],
        [str(first + number + 1) for number in range(shown.shape[1])],
        x_title=_("Input channel"),
        y_title=_("Epoch"),
    )
    alt = _("Weights of filter {number} of block {block} from before training to epoch {epoch:.3g}.")
    told = alt.format(number=seen.spot.channel + 1, block=block + 1, epoch=result.moments[-1])
    title = _("Filter {number} of block {block} as it formed")
    return Panel("in_history", title.format(number=seen.spot.channel + 1, block=block + 1), told, chart)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Which maps of a layer are shown: `count` from `first` on, from 0, `across` in a row."""

    first: int
    count: int
    across: int


def _sheet(shape: tuple[int, ...], maps: str) -> _Sheet:
    """Return what is shown of a layer: 16 maps, the last ones where there are fewer; or all neurons."""
    count = shape[0]
    if shape[1:] == (1, 1):
        return _Sheet(0, count, min(NEURONS_ACROSS, count))
    first = min(int(maps) - 1, (count - 1) // MOST_MAPS * MOST_MAPS)
    return _Sheet(first, min(MOST_MAPS, count - first), min(ACROSS, count))


def _maps_panel(seen: Inside, display: Display, layer: str) -> Panel:
    """Return a layer's feature maps, or its neurons, side by side; a click chooses a value."""
    everything = seen.maps[layer]
    sheet = _sheet(everything.shape, display.in_maps)
    maps = everything[sheet.first : sheet.first + sheet.count]
    images = in_rows(maps, sheet.across)
    chart = tiles_figure(
        images,
        [str(sheet.first + sheet.across * row + 1) for row in range(len(images))],
        [
            f"+{number}" if number and number % max(1, sheet.across // 3) == 0 else ""
            for number in range(sheet.across)
        ],
        x_title=_("In the row"),
        y_title=_("From number"),
    )
    spot = seen.spot
    place = spot.channel - sheet.first
    if spot.layer == layer and 0 <= place < sheet.count:
        corner = tile_frame(place, maps.shape[1:], sheet.across)
        x, y = corner["x0"] + spot.column, corner["y0"] + spot.row
        line = {"color": GREEN, "width": 2}
        chart.add_shape(type="rect", x0=x, x1=x + 1, y0=y, y1=y + 1, line=line)
    chart.update_layout(meta={"pick": f"in_{layer}"}, dragmode=False)
    name, is_flat = LAYERS[layer], not layer[-1].isdigit()
    title = _("{layer}: neurons") if is_flat else _("{layer}: feature maps")
    alt = _(
        "{layer}: numbers {first} to {last} of {count}, {side} by {side} values each, from {low:.2f} to "
        "{high:.2f}."
    ).format(
        layer=name,
        first=sheet.first + 1,
        last=sheet.first + sheet.count,
        count=len(everything),
        side=maps.shape[-1],
        low=maps.min(),
        high=maps.max(),
    )
    return Panel(
        f"in_values_{layer}" if is_flat else f"in_maps_{layer}", title.format(layer=name), alt, chart
    )


def place_on_sheet(
    x: float, y: float, shape: tuple[int, int, int], maps: str = "1"
) -> tuple[int, int, int] | None:
    """Return map, row and column, from 1, of a click on a layer's sheet; None between the maps.

    Args:
        x: column on the sheet, from 0.
        y: row on the sheet, from 0.
        shape: maps, rows and columns of the layer.
        maps: which of them are shown, as `Display.in_maps` says.

    Example:
        >>> place_on_sheet(27.3, 2.0, (8, 26, 26)), place_on_sheet(26.0, 2.0, (8, 26, 26))
        ((2, 3, 1), None)
    """
    sheet = _sheet(shape, maps)
    found = tile_at(x, y, (sheet.count, *shape[1:]), sheet.across)
    return None if found is None else (sheet.first + found[0] + 1, found[1] + 1, found[2] + 1)
