"""The start page: chapters and lessons, made from the curriculum; it runs nothing."""

import streamlit as st

from lab.core.lesson import Lesson
from lab.curriculum import CHAPTERS
from lab.ui.words import TEXT, prose, words


def start_page() -> None:
    """Draw every chapter with its lessons, and say where to begin."""
    above, below = prose("start")
    st.markdown(above)
    for chapter in CHAPTERS:
        st.header(words(chapter.title), anchor=False)
        st.markdown(words(chapter.summary))
        columns = st.columns(3)
        for number, lesson in enumerate(chapter.lessons):
            with columns[number % 3]:
                _card(lesson)
    st.markdown(below)


def _card(lesson: Lesson) -> None:
    from lab.ui.menu import page_of  # noqa: PLC0415  the menu lists this page too

    with st.container(border=True):
        picture = TEXT / "pictures" / f"{lesson.slug}.svg"
        st.image(picture.read_text(encoding="utf-8"), width="stretch")
        st.page_link(page_of(lesson), label=f"**{words(lesson.title)}**", icon=lesson.icon)
        st.markdown(words(lesson.summary))
