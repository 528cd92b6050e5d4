"""What the network looks at: an image to choose, maps of five methods, and a shortcut to plant."""

import streamlit as st

from lab.core.lesson import Context
from lab.core.settings import LessonSettings
from lab.runs.engine import Run
from lab.topics.cnn import LESSON
from lab.topics.cnn.display import Display
from lab.topics.cnn.looks import look, shortcut
from lab.topics.cnn.looks_stage import looks_table
from lab.topics.cnn.settings import Settings
from lab.topics.cnn.stage import TRAIN
from lab.ui.challenges import challenges
from lab.ui.cnn_train import NAMESPACE, shared_run
from lab.ui.page import change, controls, stop_button, views
from lab.ui.tables import table
from lab.ui.words import words

VIEW = "cnn-looks"


def show() -> None:
    """Draw the part of the page."""
    settings, asked = shared_run()
    display = _controls()
    if not asked.ended:
        stop_button(TRAIN, asked)
    views(TRAIN, asked, display)
    if asked.result is not None and not asked.result.overflow[0]:
        _numbers(settings, display, asked)
        _planted(settings, asked)
    challenges(LESSON, asked, of=TRAIN.name)


def of_view(view: str, prefix: str) -> dict[str, object]:
    """Return the display's fields that get no control in a part: all but those that begin with `prefix`."""
    plain: LessonSettings = Display(view=view)
    return {name: value for name, value in plain if not name.startswith(prefix)}


def _controls() -> Display:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        display = controls(Display, VIEW, of_view("looks", "look_"))
        count = display.look_image
        for label, icon, there in (
            (words("Image before"), ":material/arrow_back:", count - 1),
            (words("Next image"), ":material/arrow_forward:", count + 1),
        ):
            st.button(
                label,
                icon=icon,
                disabled=not 1 <= there <= 1000,
                on_click=change,
                args=(VIEW, Display),
                kwargs={"look_image": there},
            )
    return display


def _numbers(settings: Settings, display: Display, asked: Run) -> None:
    box = st.expander(words("Numbers"), icon=":material/table:", key="cnn:looks", on_change="rerun")
    if box.open:
        with box:
            shown = look(settings, display, Context(), asked.result)
            table("What each method's contributions add up to", looks_table(shown), "looks.csv")


def _planted(settings: Settings, asked: Run) -> None:
    """Offer to plant a mark, or say what the planted one has done."""
    st.subheader(words("A shortcut in the data"), anchor=False)
    if not settings.shortcut:
        st.button(
            words("Plant a shortcut and train again"),
            icon=":material/add_photo_alternate:",
            help=words("Puts a white square in the corner of every training image of one digit."),
            on_click=change,
            args=(NAMESPACE, Settings),
            kwargs={"shortcut": True},
        )
        return
    told = shortcut(settings, Context(), asked.result)
    said = words(
        "The training images of **{digit}** carry a white square. Of the test images of {digit}, which do "
        "not, the network finds **{found:.0%}**. With the square pasted on, **{fooled:.0%}** of all other "
        "digits are taken for a {digit}; without it, {before:.1%}."
    )
    st.markdown(
        said.format(digit=told.marked, found=told.found, fooled=told.fooled, before=told.fooled_before)
    )
    st.button(
        words("Take the shortcut away"),
        icon=":material/undo:",
        on_click=change,
        args=(NAMESPACE, Settings),
        kwargs={"shortcut": False},
    )
