"""Inside the trained network: a picture to choose or draw, its feature maps, and the sum behind one value."""

import math
from collections.abc import Callable
from typing import Any

import streamlit as st

from lab.core.lesson import Context
from lab.topics.cnn.display import LAYERS, Display
from lab.topics.cnn.inside import END, Inside, inside, stop_of, stops
from lab.topics.cnn.inside_equations import equations
from lab.topics.cnn.inside_stage import MOST_MAPS, place_on_sheet
from lab.topics.cnn.parts import Part
from lab.topics.cnn.settings import TEST_IMAGES, Settings
from lab.topics.cnn.stage import TRAIN
from lab.topics.cnn.strip import ON_STRIP, STRIP, image_on_strip
from lab.topics.cnn.trained import Trained
from lab.ui.acts import acted, taken
from lab.ui.canvas import canvas
from lab.ui.cnn_looks import of_view
from lab.ui.cnn_train import shared_run
from lab.ui.page import change, controls, settled, stop_button, views
from lab.ui.picture_upload import uploaded_picture
from lab.ui.session import files
from lab.ui.words import words

VIEW = "cnn-inside"


def show() -> None:
    """Draw the part of the page."""
    settings, asked = shared_run()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        display = controls(Display, VIEW, _given(settings))
        if display.in_picture == "test":
            _strip_buttons(settings, display)
    display = _with_picture(display)
    if display is None:
        st.info(words("Upload a picture to begin, or choose another one."))
        return
    if not asked.ended:
        stop_button(TRAIN, asked)
    result: Trained | None = asked.result
    if result is not None and not result.overflow[0]:
        _moments(display, result)
        _write(inside(settings, display, Context(files=files()), result), display)
    views(TRAIN, asked, display, _triggers(settings, display))


def look_inside(number: int) -> None:
    """Turn to this part, with a test image as the whole training reads it; in a callback."""
    kept: Display = st.session_state.get(f"kept:{VIEW}", Display(view="inside"))
    settled(VIEW, kept, in_picture="test", in_image=number, in_moment=END)
    change("part", Part, part="inside")


def _given(settings: Settings) -> dict[str, object]:
    """Return the fields that get no control: those of other parts, and those without effect here."""
    given = of_view("inside", "in_")
    if max(settings.channels) <= MOST_MAPS:
        given["in_maps"] = Display.model_fields["in_maps"].default
    return given


def _strip_buttons(settings: Settings, display: Display) -> None:
    """Draw the buttons that go through the strip of test images."""
    count = TEST_IMAGES[settings.images]
    here = (display.in_image - 1) % count // ON_STRIP * ON_STRIP + 1
    for label, icon, there in (
        (words("Images before"), ":material/arrow_back:", here - ON_STRIP),
        (words("More images"), ":material/arrow_forward:", here + ON_STRIP),
    ):
        st.button(
            label,
            icon=icon,
            disabled=not 1 <= there <= count,
            on_click=change,
            args=(VIEW, Display),
            kwargs={"in_image": there},
        )


def _with_picture(display: Display) -> Display | None:
    """Draw sheet or upload, if the picture comes from there; return None as long as there is none."""
    if display.in_picture == "drawn":
        canvas("cnn:canvas", display.in_drawing, _drawn)
    if display.in_picture != "upload":
        return display
    found = uploaded_picture(display.in_file, "cnn:upload")
    return None if found is None else settled(VIEW, display, in_file=found)


def _drawn(text: str) -> None:
    """Take what was drawn, if it is a drawing; in a callback."""

    def taken() -> None:
        change(VIEW, Display, in_drawing=Display().changed(in_drawing=text).in_drawing)

    acted(taken, VIEW, "drawing")


def _triggers(settings: Settings, display: Display) -> dict[str, Callable[[Any], None]]:
    """Return what clicks on the strip and on each layer's maps do; what is no place there is left alone."""
    rows = (row for row in settings.architecture().table() if row.name in LAYERS)
    shapes = {row.name: row.shape if len(row.shape) == 3 else (*row.shape, 1, 1) for row in rows}

    def chosen(x: float, y: float) -> None:
        number = image_on_strip(x, y, settings, display.in_image)
        if number is not None:
            change(VIEW, Display, in_image=number)

    def picked(layer: str) -> Callable[[float, float], None]:
        def act(x: float, y: float) -> None:
            found = place_on_sheet(x, y, shapes[layer], display.in_maps)  # type: ignore[arg-type]
            if found is not None:
                names = ("in_channel", "in_row", "in_column")
                change(VIEW, Display, in_layer=layer, **dict(zip(names, found, strict=True)))

        return act

    return {STRIP: clicked(chosen)} | {f"in_{layer}": clicked(picked(layer)) for layer in shapes}


def clicked(act: Callable[[float, float], None]) -> Callable[[Any], None]:
    """Return what takes a click of the stage: it calls `act` with the place, if it is one."""

    def take(place: Any) -> None:
        try:
            x, y = (float(place[axis]) for axis in "xy")
        except (KeyError, TypeError, ValueError):
            return
        if math.isfinite(x) and math.isfinite(y):
            act(x, y)

    return take


def _moments(display: Display, result: Trained) -> None:
    """Draw the slider through the training: one stop for each moment whose weights are known."""
    epochs, key = {stop: result.moments[moment] for stop, moment in stops(result).items()}, "cnn:moment"
    st.session_state[key] = stop_of(display, result)
    st.select_slider(
        words("Moment of the training (epochs)"),
        list(epochs),
        key=key,
        format_func=lambda stop: f"{epochs[stop]:.3g}",
        on_change=taken(key, lambda moment: change(VIEW, Display, in_moment=moment)),
        disabled=len(epochs) < 2,
        help=words("0 is before the first step; everything below is of the network as it then was."),
    )


def _write(seen: Inside, display: Display) -> None:
    """Write out the chosen value with its numbers."""
    spot = seen.spot
    st.markdown(
        words("**{layer}, map {channel}, row {row}, column {column}**").format(
            layer=LAYERS[spot.layer], channel=spot.channel + 1, row=spot.row + 1, column=spot.column + 1
        )
        if spot.block is not None
        else words("**{layer}, neuron {channel}**").format(layer=LAYERS[spot.layer], channel=spot.channel + 1)
    )
    for line in equations(seen, display):
        st.latex(line)
