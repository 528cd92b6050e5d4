"""The menu of all lessons and what every page shares."""

from pathlib import Path

import streamlit as st

from lab.core.lesson import Lesson
from lab.curriculum import CHAPTERS
from lab.ui.login import admitted, logout_button
from lab.ui.session import device_picker
from lab.ui.start import start_page
from lab.ui.words import TEXT, words

PAGES = Path(__file__).parents[2] / "pages"
ICON = TEXT / "pictures" / "icon.svg"
STYLE = Path(__file__).with_name("assets") / "page.css"


def page_of(lesson: Lesson) -> st.Page:
    """Return the Streamlit page of a lesson; its URL path is the slug."""
    return st.Page(
        PAGES / f"{lesson.slug}.py", title=words(lesson.title), icon=lesson.icon, url_path=lesson.slug
    )


def serve() -> None:
    """Run the page that the visitor chose."""
    st.set_page_config(page_title=words("Deep Learning Lab"), page_icon=str(ICON), layout="wide")
    st.html(STYLE)
    if not admitted():
        return
    start = st.Page(start_page, title=words("Start"), icon=":material/home:", default=True)
    chapters = {words(chapter.title): [page_of(lesson) for lesson in chapter.lessons] for chapter in CHAPTERS}
    chosen = st.navigation({"": [start], **chapters}, position="top")
    chosen.run()
    if chosen != start:
        device_picker()
    logout_button()
