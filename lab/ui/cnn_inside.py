"""Inside the trained network: a picture to choose or draw, its feature maps, and the sum behind one value."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from lab.core.lesson import Context
from lab.topics.cnn.display import LAYERS, Display
from lab.topics.cnn.inside import Inside, inside
from lab.topics.cnn.inside_stage import place_on_sheet
from lab.topics.cnn.settings import Settings
from lab.topics.cnn.stage import TRAIN
from lab.topics.cnn.trained import Trained
from lab.ui.canvas import canvas
from lab.ui.cnn_looks import of_view
from lab.ui.cnn_train import shared_run
from lab.ui.page import change, controls, settled, stop_button, views
from lab.ui.picture_upload import uploaded_picture
from lab.ui.session import files
from lab.ui.words import words

VIEW = "cnn-inside"
MOST_SUMS, IN_A_ROW = 16, 4


def show() -> None:
    """Draw the part of the page."""
    settings, asked = shared_run()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        display = controls(Display, VIEW, of_view("inside", "in_"))
    display = _with_picture(display)
    if display is None:
        st.info(words("Upload a picture to begin, or choose another one."))
        return
    if not asked.ended:
        stop_button(TRAIN, asked)
    result: Trained | None = asked.result
    if result is not None and not result.overflow[0]:
        _write(inside(settings, display, Context(files=files()), result), display)
    views(TRAIN, asked, display, _triggers(settings))
    if result is not None:
        _moments(result)


def _with_picture(display: Display) -> Display | None:
    """Draw sheet or upload, if the picture comes from there; return None as long as there is none."""
    if display.in_picture == "drawn":
        canvas("cnn:canvas", display.in_drawing, lambda text: change(VIEW, Display, in_drawing=text))
    if display.in_picture != "upload":
        return display
    found = uploaded_picture(display.in_file, "cnn:upload")
    return None if found is None else settled(VIEW, display, in_file=found)


def _triggers(settings: Settings) -> dict[str, Callable[[Any], None]]:
    """Return what a click on each layer's maps does; what is no place in them is left alone."""
    shapes = {row.name: row.shape for row in settings.architecture().table() if len(row.shape) == 3}

    def picked(layer: str, shape: tuple[int, ...]) -> Callable[[Any], None]:
        def act(place: Any) -> None:
            try:
                found = place_on_sheet(float(place["x"]), float(place["y"]), shape)  # type: ignore[arg-type]
            except (KeyError, TypeError, ValueError, OverflowError):
                return
            if found is not None:
                names = ("in_channel", "in_row", "in_column")
                change(VIEW, Display, in_layer=layer, **dict(zip(names, found, strict=True)))

        return act

    return {f"in_{layer}": picked(layer, shape) for layer, shape in shapes.items() if layer in LAYERS}


def _write(seen: Inside, display: Display) -> None:
    """Write out the chosen value with its numbers."""
    spot = seen.spot
    st.markdown(
        words("**{layer}, map {channel}, row {row}, column {column}**").format(
            layer=LAYERS[spot.layer], channel=spot.channel + 1, row=spot.row + 1, column=spot.column + 1
        )
    )
    for line in equations(seen, display):
        st.latex(line)


def equations(seen: Inside, display: Display) -> list[str]:
    """Return how the chosen value comes about, as KaTeX."""
    terms, value = seen.terms, f"{seen.terms.value:.4f}"
    if terms.kernel is None:
        inputs = [f"{one:.4f}" for one in terms.patch.ravel()]
        if seen.spot.kind == "pool":
            joined = r",\; ".join(inputs)
            return [rf"\mathrm{{pool}}({joined}) = {value}"]
        name = "f" if seen.spot.kind == "act" else r"\mathrm{norm}"
        return [rf"{name}({inputs[0]}) = {value}"]
    source = min(display.in_source, len(terms.patch)) - 1
    rows = [
        " + ".join(rf"{x:.2f}\cdot({w:.2f})" for x, w in zip(inputs, weights, strict=True))
        for inputs, weights in zip(terms.patch[source], terms.kernel[source], strict=True)
    ]
    sums = [f"({one:.4f})" for one in terms.sums[:MOST_SUMS]]
    parts = [" + ".join(sums[first : first + IN_A_ROW]) for first in range(0, len(sums), IN_A_ROW)]
    more = r" + \cdots" if len(terms.sums) > MOST_SUMS else ""
    return [
        _lines(f"s_{{{source + 1}}}", rows, f" = {terms.sums[source]:.4f}"),
        _lines(r"z = \sum_c s_c + b", parts, f"{more} + ({terms.bias:.4f}) = {value}"),
    ]


def _lines(left: str, parts: list[str], right: str) -> str:
    """Return an equation whose right side is a sum over several lines."""
    return rf"\begin{{aligned}}{left} = {{}}&" + r"\\&+ ".join(parts) + right + r"\end{aligned}"


def _moments(result: Trained) -> None:
    known = ", ".join(f"{place + 1} ({result.moments[place]:.3g})" for place in result.full_moments)
    st.caption(words("Moments with all weights, and their epochs: {known}.").format(known=known))
