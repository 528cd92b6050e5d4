"""A run as the browser's stage gets it: plain JSON, arrays as base64 of little-endian float32."""

import base64
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from cachetools import LRUCache

from lab.core.events import Evaluated, Event, Started, Stepped
from lab.core.settings import LessonSettings
from lab.core.stage import Axis, Dots, Drawing, Panel
from lab.curriculum import experiment
from lab.runs.engine import Run
from lab.ui.words import words

REMEMBERED = 64
_messages: LRUCache[tuple[str, str], dict[str, Any]] = LRUCache(REMEMBERED)
_lock = threading.Lock()


def whole_message(run: Run, display: LessonSettings) -> dict[str, Any]:
    """Return all that the stage is to show of a run; remembered once the run is done.

    Figures take most of the time of a rerun, and a class looks at the same ones. What shows a learner's
    own table is not remembered: nothing of it may outlive the visit.
    """
    if run.state != "done" or run.job.context.files:
        return message(run, display)[0]
    key = (run.key, display.key())
    with _lock:
        known = _messages.get(key)
    if known is None:
        known = message(run, display)[0]
        with _lock:
            _messages[key] = known
    return known


def message(run: Run, display: LessonSettings, frames_sent: int = 0) -> tuple[dict[str, Any], int]:
    """Return what the stage is to show now, and how many moments it then knows.

    Args:
        run: going on or over.
        display: what the learner wants to see of it.
        frames_sent: moments that the stage already has; only later ones are sent.
    """
    ended = run.ended  # asked first: of a run that ends just now, all events are there, or it goes on
    told = list(run.events)
    show = experiment(run.job.experiment).stage
    stage = show(run.job.settings, display, run.job.context, told, run.result)
    said: dict[str, Any] = {
        "progress": None if ended else _progress(run, told),
        "figures": [panel_message(panel) for panel in stage.panels],
        "notes": list(stage.notes),
        "done": ended,
    }
    if stage.drawing is None:
        return said, frames_sent
    said["network"] = _network(stage.drawing, frames_sent)
    return said, len(stage.drawing.epochs)


def _progress(run: Run, told: Sequence[Event]) -> dict[str, Any]:
    """Return the share done and a few words."""
    if run.state == "queued":
        ahead = words("{count} runs ahead of yours").format(count=run.place)
        return {"share": 0.0, "text": ahead if run.place else words("A worker is about to begin")}
    started = next((event for event in told if isinstance(event, Started)), None)
    for event in reversed(told):
        if isinstance(event, Stepped):
            return {"share": event.share, "text": f"{event.share:.0%}"}
        if isinstance(event, Evaluated) and started and started.epochs:
            text = words("epoch {now:g} of {all:g}").format(now=event.epoch, all=started.epochs)
            return {"share": min(1.0, event.epoch / started.epochs), "text": text}
    return {"share": 0.0, "text": words("The run begins")}


def panel_message(panel: Panel) -> dict[str, Any]:
    """Return a panel as plain JSON."""
    spec = panel.figure.to_dict()
    for trace in spec["data"]:  # Plotly packs arrays for the journey, but for empty ones
        empty = [name for name, value in trace.items() if isinstance(value, np.ndarray) and not value.size]
        trace.update(dict.fromkeys(empty, ()))
    return {"id": panel.id, "title": panel.title, "alt": panel.alt, "spec": spec}


def _network(drawing: Drawing, sent: int) -> dict[str, Any]:
    moments = {
        "from": sent,
        "epochs": drawing.epochs[sent:].tolist(),
        "parameters": packed(drawing.parameters[sent:]),
    }
    return {
        "inputs": list(drawing.inputs),
        "hidden": list(drawing.hidden),
        "outputs": drawing.outputs,
        "activation": drawing.activation,
        "output": drawing.output,
        "task": "classification" if drawing.classes else "regression",
        "classes": list(drawing.classes),
        "range": list(drawing.range),
        "axes": [_axis(axis) for axis in drawing.axes],
        "shown": drawing.shown,
        "networks": drawing.networks,
        "moments": moments,
        "points": {part: _dots(dots) for part, dots in drawing.points.items()},
        "edited": [list(place) for place in drawing.edited],
        "editable": drawing.editable,
        "max_layers": drawing.max_layers,
        "max_neurons": drawing.max_neurons,
        "surface": drawing.surface,
        "discretize": drawing.discretize,
        "show_test": drawing.show_test,
    }


def _axis(axis: Axis) -> dict[str, Any]:
    return {"name": axis.name, "extent": list(axis.extent), "center": axis.center, "scale": axis.scale}


def _dots(dots: Dots) -> dict[str, str]:
    return {"x": packed(dots.x), "y": packed(dots.y), "target": packed(dots.target)}


def packed(array: np.ndarray) -> str:
    """Return base64 of the array as little-endian float32.

    Example:
        >>> packed(np.array([1.0]))
        'AACAPw=='
    """
    return base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode("ascii")
