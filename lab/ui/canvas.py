"""A sheet to draw a digit on; what was drawn comes back as a short text, fit for a URL."""

from collections.abc import Callable

import streamlit as st
from streamlit.components.v2 import component

from lab.ui.routes import assets_url
from lab.ui.words import words

LOADER = """
export default function (component) {
  const url = new URL(component.data.assets + "canvas.js", window.location.origin);
  import(url.href).then((module) => module.default(component));
}
"""

_component = component("lab_canvas", html="<div></div>", js=LOADER, isolate_styles=False)


def canvas(key: str, drawing: str, drawn: Callable[[str], None]) -> None:
    """Draw the sheet.

    Args:
        key: its identity on the page.
        drawing: what is on it: 784 pixels of 2 bits as 262 letters of base64url, or nothing.
        drawn: is called with the new text after each stroke.
    """
    _component(
        key=key,
        data={
            "assets": assets_url(),
            "image": drawing,
            "words": {
                "clear": words("Clear the sheet"),
                "sheet": words("Sheet to draw a digit on; without a mouse, choose an example instead"),
            },
        },
        on_drawing_change=lambda: drawn(str(st.session_state[key]["drawing"] or "")),
    )
