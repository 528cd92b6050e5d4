"""The stage: one component that draws a run in place and follows it while it goes on."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import streamlit as st
from streamlit.components.v2 import component

from lab.core.lesson import Experiment
from lab.core.settings import LessonSettings
from lab.runs.engine import Run
from lab.ui.acts import acted
from lab.ui.message import message
from lab.ui.routes import assets_url, events_url
from lab.ui.stage_words import translated

LOADER = """
export default function (component) {
  let leave = () => {};
  let gone = false;
  const url = new URL(component.data.assets + "stage.js", window.location.origin);
  import(url.href).then((module) => {
    if (!gone) leave = module.default(component) ?? leave;
  });
  return () => {
    gone = true;
    leave();
  };
}
"""

_component = component("lab_stage", html='<div class="lab-stage"></div>', js=LOADER, isolate_styles=False)


def draw_stage(
    experiment: Experiment[Any, Any, Any],
    run: Run,
    display: LessonSettings,
    triggers: dict[str, Callable[[Any], None]],
) -> None:
    """Draw a run, whether it is over or still going on.

    Args:
        experiment: whose run it is; its name is the component's identity on the page.
        run: what is shown.
        display: how it is shown.
        triggers: by name, what to do when the learner acts on the stage (`edit`, `reset`, `shape`).
    """
    key = f"stage:{experiment.name}"

    def called(name: str) -> Callable[[], None]:
        return lambda: acted(lambda: triggers[name](st.session_state[key][name]), experiment.name, name)

    said, _moments = message(run, display)
    callbacks: dict[str, Any] = {f"on_{name}_change": called(name) for name in triggers}
    _component(
        key=key,
        data={
            "assets": assets_url(),
            "run": run.key,
            "events": None if said["done"] else events_url(run, urlencode(display.to_query())),
            "message": said,
            "words": translated(),
        },
        on_done_change=lambda: None,
        **callbacks,
    )
