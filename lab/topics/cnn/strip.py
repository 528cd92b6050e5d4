"""A strip of test images, of which a click chooses one."""

from lab.core.labels import _
from lab.core.lesson import Context
from lab.core.stage import Panel
from lab.figures.theme import GREEN
from lab.figures.tiles import in_rows, tile_at, tile_frame, tiles_figure
from lab.topics.cnn.images import images_of
from lab.topics.cnn.settings import TEST_IMAGES, Settings

ACROSS, ON_STRIP = 6, 24
STRIP = "in_strip"


def strip_panel(settings: Settings, context: Context, chosen: int) -> Panel:
    """Return the test images around the chosen one, which is framed.

    Args:
        settings: of the run.
        context: of the run.
        chosen: number of the test image, from 1; after the last one they begin again.
    """
    images = images_of(settings, context)
    first, place = divmod((chosen - 1) % len(images.test), ON_STRIP)
    first *= ON_STRIP
    shown = images.test[first : first + ON_STRIP, 0].cpu().numpy()
    rows = range(first + 1, first + len(shown) + 1, ACROSS)
    columns = [f"+{number}" if number else "" for number in range(ACROSS)]
    chart = tiles_figure(
        in_rows(shown, ACROSS),
        [str(row) for row in rows],
        columns,
        x_title=_("Image of the row"),
        y_title=_("From test image"),
        grey=True,
    )
    frame = tile_frame(place, shown.shape[1:], ACROSS)
    chart.add_shape(type="rect", **frame, line={"color": GREEN, "width": 3})
    chart.update_layout(meta={"pick": STRIP}, dragmode=False)
    labels = images.test_labels[first : first + ON_STRIP].tolist()
    alt = _("Test images {first} to {last}, which show {labels}. Number {chosen} is chosen.").format(
        first=first + 1,
        last=first + len(labels),
        labels=", ".join(map(str, labels)),
        chosen=first + place + 1,
    )
    return Panel(STRIP, _("Test images: click one"), alt, chart)


def image_on_strip(x: float, y: float, settings: Settings, chosen: int) -> int | None:
    """Return the number, from 1, of the test image at a place of the strip; None where there is none."""
    count = TEST_IMAGES[settings.images]
    first = (chosen - 1) % count // ON_STRIP * ON_STRIP
    found = tile_at(x, y, (min(ON_STRIP, count - first), settings.side, settings.side), ACROSS)
    return None if found is None else first + found[0] + 1
