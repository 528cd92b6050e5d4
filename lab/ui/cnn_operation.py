"""The first part of the page: one convolution over one picture, pixel by pixel."""

from typing import Any

import numpy as np
import streamlit as st

from lab.core.errors import LabError
from lab.topics.cnn.operation import Maps, Place, Sizes, maps_of, place_of, terms_at
from lab.topics.cnn.operation_equations import (
    MOST_TERMS,
    costs,
    pool_equations,
    size_equations,
    sum_equations,
    terms_table,
)
from lab.topics.cnn.operation_settings import (
    COLOURED,
    DIGITS,
    MOST_PLACES,
    OperationDisplay,
    OperationSettings,
)
from lab.topics.cnn.operation_stage import OPERATION
from lab.ui.acts import acted
from lab.ui.canvas import canvas
from lab.ui.cnn_kernel import kernel_editor
from lab.ui.cnn_walk import go, walk_buttons
from lab.ui.page import change, controls, run, settled, undo_buttons, views
from lab.ui.picture_upload import uploaded_picture
from lab.ui.session import files, incoming
from lab.ui.tables import table
from lab.ui.words import words

NAMESPACE, SHOWN = "conv", "conv_display"
POOLING = ("conv_pool_size", "conv_pool_stride", "conv_pool_padding")


def show() -> None:
    """Draw the part of the page."""
    with st.sidebar:
        settings = _settings()
    if settings is None:
        st.info(words("Upload a picture to begin, or choose another one."))
        return
    asked = run(OPERATION, settings)
    sizes: Sizes | None = asked.result
    if sizes is None:
        views(OPERATION, asked, OperationDisplay())
        return
    maps = maps_of(settings, files())
    if sizes.fault:
        st.info(sizes.fault, icon=":material/block:")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        level = {} if maps.pooled is not None else {"conv_level": "convolution"}
        _stay_inside(maps)
        display = controls(OperationDisplay, SHOWN, level)
        place = place_of(settings, display, maps)
        if place is not None:
            walk_buttons(SHOWN, place, _shape(maps, place.level))
    views(OPERATION, asked, display, _triggers(settings))
    left, right = st.columns([2, 3], gap="large")
    with left:
        kernel_editor(NAMESPACE, settings)
    if place is not None:
        with right:
            _behind(settings, maps, place)
    _sizes(settings, sizes)


def _settings() -> OperationSettings | None:
    """Draw the controls that mean something now; return None as long as there is no picture."""
    above, source = st.container(horizontal=True), st.container()
    known = _known()
    idle = [name for name in POOLING if known.conv_pool == "none"]
    idle += ["conv_number"] * (known.conv_picture not in DIGITS)
    idle += ["conv_channel"] * (known.conv_picture not in COLOURED)
    fields = OperationSettings.model_fields
    settings = controls(OperationSettings, NAMESPACE, {name: fields[name].default for name in idle})
    with above:
        undo_buttons(OperationSettings, NAMESPACE)
    with source:
        if settings.conv_picture == "drawn":
            canvas("conv:canvas", settings.conv_drawing, _drawn)
        if settings.conv_picture != "upload":
            return settings.changed(conv_file="") if settings.conv_file else settings
        found = uploaded_picture(settings.conv_file, "conv:upload")
    return None if found is None else settled(NAMESPACE, settings, conv_file=found)


def _known() -> OperationSettings:
    """Return the settings as the controls are about to show them."""
    brought = incoming()
    if brought is not None:
        return OperationSettings.from_query(brought)[0]
    kept = st.session_state.get(f"kept:{NAMESPACE}", OperationSettings())
    choices = {name: st.session_state.get(f"{NAMESPACE}.{name}") for name in ("conv_picture", "conv_pool")}
    try:
        return kept.changed(**{name: chosen for name, chosen in choices.items() if chosen is not None})
    except LabError:  # what no list offers: the controls say so
        return kept


def _drawn(text: str) -> None:
    """Take what was drawn, if it is a drawing; in a callback."""

    def taken() -> None:
        drawing = OperationSettings().changed(conv_drawing=text).conv_drawing
        change(NAMESPACE, OperationSettings, conv_drawing=drawing)

    acted(taken, NAMESPACE, "drawing")


def _stay_inside(maps: Maps) -> None:
    """Take row and column back to the last ones where the map has become smaller than they are."""
    level = str(st.session_state.get(f"{SHOWN}.conv_level"))
    if maps.output is None:
        return
    shape = _shape(maps, level if maps.pooled is not None else "convolution")
    for name, most in zip(("conv_row", "conv_column"), shape, strict=True):
        if st.session_state.get(f"{SHOWN}.{name}", 0) > most:
            change(SHOWN, OperationDisplay, **{name: most})


def _shape(maps: Maps, level: str) -> tuple[int, int]:
    shown = maps.pooled if level == "pooling" else maps.output
    assert shown is not None
    return shown.shape


def _triggers(settings: OperationSettings) -> dict[str, Any]:
    """Return what a click on each figure does; what is no place is left alone."""

    def picked(level: str) -> Any:
        return lambda place: _safely(level, place, lambda at: at)

    # The pixel whose receptive field has its middle there: the inverse of `Sliding.reads`.
    sliding = settings.sliding()
    ahead = (sliding.span - 1) / 2 - sliding.padding

    def above(place: Any) -> None:
        _safely("convolution", place, lambda at: (at - 1 - ahead) / sliding.stride + 1)

    return {
        "conv_cell": picked("convolution"),
        "conv_pooled_cell": picked("pooling"),
        "conv_picture_cell": above,
    }


def _safely(level: str, place: Any, convert: Any) -> None:
    """Go to the place that a click names, if it is one."""
    try:
        found = [round(float(np.clip(convert(float(place[axis])), 1, MOST_PLACES))) for axis in "yx"]
    except (KeyError, TypeError, ValueError):
        return
    go(SHOWN, level, *found)


def _sizes(settings: OperationSettings, sizes: Sizes) -> None:
    """Write the formula of the sizes with this case's numbers, and what the kernel saves."""
    st.subheader(words("How large the output is"), anchor=False)
    formula, *numbers = size_equations(settings.sliding(), sizes.picture, "o")
    st.latex(formula)
    for one in numbers:
        st.latex(one)
    pooling = settings.pooling()
    if pooling is not None and min(sizes.output) > 0:
        st.caption(words("The same formula for the pooling's window, with d = 1:"))
        for one in size_equations(pooling, sizes.output, "o")[1:]:
            st.latex(one)
    if min(sizes.output) > 0:
        weights, products, dense = costs(settings, sizes)
        st.caption(
            words(
                "{weights} weights and one bias, used again at each place: {products:,} products. A dense "
                "layer from all pixels to all outputs would have {dense:,} weights."
            ).format(weights=weights, products=products, dense=dense)
        )


def _behind(settings: OperationSettings, maps: Maps, place: Place) -> None:
    """Write the numbers behind the pixel, and offer them as a table."""
    if place.level == "pooling":
        st.subheader(words("Behind the pixel of the pooling"), anchor=False)
        for one in pool_equations(settings, maps, place):
            st.latex(one)
        _look_behind_largest(settings, maps, place)
        return
    st.subheader(words("Behind the pixel"), anchor=False)
    found = terms_at(settings, maps, place.row, place.column)
    for one in sum_equations(found, place.row, place.column, settings.conv_relu):
        st.latex(one)
    if len(found.weights) > MOST_TERMS:
        st.caption(words("Each line is the sum of one row of products; the table has every one."))
    outside = (found.rows < 0).any() or (found.columns < 0).any()
    if (
        outside
        or (found.rows >= maps.picture.shape[0]).any()
        or (found.columns >= maps.picture.shape[1]).any()
    ):
        st.caption(words("Rows and columns outside the picture are its padding: zeros."))
    with st.expander(words("Table of the products"), icon=":material/table:"):
        table("What is read, its weight, and their product", terms_table(found), "products.csv")


def _look_behind_largest(settings: OperationSettings, maps: Maps, place: Place) -> None:
    if settings.conv_pool != "max":
        return
    assert maps.output is not None
    window = maps.output[np.ix_(place.output_rows, place.output_columns)]
    row, column = np.unravel_index(int(window.argmax()), window.shape)
    st.button(
        words("Look behind the largest"),
        icon=":material/zoom_in:",
        help=words("Goes on to the sum of products that made it."),
        on_click=go,
        args=(SHOWN, "convolution", int(place.output_rows[row]) + 1, int(place.output_columns[column]) + 1),
    )
