"""A drawing in boxes that can be clicked: an SVG, put on the page in place, with a trigger `step`."""

from collections.abc import Callable

import streamlit as st
from streamlit.components.v2 import component

HTML = '<div class="lab-graph" tabindex="0" style="overflow-x:auto;overflow-y:hidden"></div>'
CSS = """
.lab-graph { color: var(--st-text-color); font-family: var(--st-font); }
.lab-graph .ground { fill: var(--st-background-color); }
.lab-graph .halo { paint-order: stroke; stroke: var(--st-background-color); stroke-width: 5px; }
.lab-graph [data-step] { cursor: pointer; }
.lab-graph [data-step]:focus-visible rect { stroke-width: 4; outline: none; }
"""
SCRIPT = """
function follow(frame) {  // sideways only: the page itself must stay where the reader is
  const lit = frame.querySelector("[data-lit]");
  if (!lit || lit.dataset.node === frame.followed) return;
  frame.followed = lit.dataset.node;
  const [view, box] = [frame.getBoundingClientRect(), lit.getBoundingClientRect()];
  if (box.left >= view.left && box.right <= view.right) return;
  frame.scrollLeft += (box.left + box.right - view.left - view.right) / 2;
}
export default function ({ data, parentElement, setTriggerValue }) {
  const frame = parentElement.querySelector(".lab-graph");
  if (frame.drawn !== data.svg) {
    const focused = frame.querySelector(":focus")?.dataset.node;
    frame.innerHTML = frame.drawn = data.svg;
    if (focused) frame.querySelector(`[data-node="${focused}"]`)?.focus({ preventScroll: true });
    follow(frame);
  }
  const go = (event) => {
    if (event.type === "keydown" && event.key !== "Enter" && event.key !== " ") return;
    const box = event.target.closest("[data-step]");
    if (!box) return;
    event.preventDefault();
    setTriggerValue("step", Number(box.dataset.step));
  };
  frame.onclick = frame.onkeydown = go;
}
"""

_component = component("lab_graph", html=HTML, css=CSS, js=SCRIPT, isolate_styles=False)


def draw_graph(key: str, svg: str, go_to: Callable[[int], None]) -> None:
    """Draw an SVG whose boxes carry `data-step`.

    Args:
        key: tells this drawing from others on the page.
        svg: the drawing, made by us; it is put on the page as it is.
        go_to: called with the step of the box that was clicked, or chosen by Enter or the space bar.
    """

    def clicked() -> None:
        step = st.session_state[key]["step"]
        if isinstance(step, int) and not isinstance(step, bool):
            go_to(step)

    _component(key=key, data={"svg": svg}, on_step_change=clicked)
