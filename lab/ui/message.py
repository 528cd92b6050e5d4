"""A run as the browser's stage gets it: plain JSON, arrays as base64 of little-endian float32."""

import base64
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from cachetools import LRUCache

from lab.core.events import Evaluated, Event, Started, Stepped
from lab.core.settings import LessonSettings
from lab.core.stage import Axis, Dots, Drawing, Panel
from lab.curriculum import experiment
from lab.runs.engine import Run
from lab.ui.words import words

REMEMBERED = 128
SOON_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Shown:
    """What takes most of the time of a message, made from so many events."""

    events: int
    figures: list[dict[str, Any]]
    notes: list[str]
    drawing: Drawing | None


_shown: LRUCache[tuple[str, str], _Shown] = LRUCache(REMEMBERED)
_lock = threading.Lock()


def message(run: Run, display: LessonSettings, frames_sent: int = 0) -> tuple[dict[str, Any], int]:
    """Return what the stage is to show now, and how many moments it then knows.

    Args:
        run: going on or over.
        display: what the learner wants to see of it.
        frames_sent: moments that the stage already has; only later ones are sent.
    """
    ended = run.ended  # asked first: of a run that ends just now, all events are there, or it goes on
    told = list(run.events)
    shown = _remembered(run, display, told) if not run.job.context.files else _made(run, display, told)
    said: dict[str, Any] = {
        "progress": None if ended else _progress(run, told),
        "figures": shown.figures,
        "notes": shown.notes,
        "done": ended,
    }
    if shown.drawing is None:
        return said, frames_sent
    said["network"] = _network(shown.drawing, frames_sent)
    return said, len(shown.drawing.epochs)


def _remembered(run: Run, display: LessonSettings, told: Sequence[Event]) -> _Shown:
    """Return what is shown; made once for all who look at the same run or, once it is done, at an equal one.

    What shows a learner's own table must not come here: nothing of it may outlive the visit.
    """
    name = (run.key if run.state == "done" else run.token, display.key())
    with _lock:
        known = _shown.get(name)
    if known is None or known.events != len(told):
        known = _made(run, display, told)
        with _lock:
            _shown[name] = known
    return known


def _made(run: Run, display: LessonSettings, told: Sequence[Event]) -> _Shown:
    show, context = experiment(run.job.experiment).stage, replace(run.job.context, device="cpu")
    stage = show(run.job.settings, display, context, told, run.result)  # here, where no GPU need be
    figures = [panel_message(panel) for panel in stage.panels]
    return _Shown(len(told), figures, list(stage.notes), stage.drawing)


def _progress(run: Run, told: Sequence[Event]) -> dict[str, Any]:
    """Return the share done and a few words."""
    if run.state == "queued":
        return {"share": 0.0, "text": _waiting(run.place, run.wait_seconds)}
    share, text = _done(told)
    return {"share": share, "text": text + _beside(run.beside)}


def _done(told: Sequence[Event]) -> tuple[float, str]:
    """Return how much of a run is done, as a share and in words."""
    started = next((event for event in told if isinstance(event, Started)), None)
    for event in reversed(told):
        if isinstance(event, Stepped):
            return event.share, f"{event.share:.0%}"
        if isinstance(event, Evaluated) and started and started.epochs:
            text = words("epoch {now:g} of {all:g}").format(now=event.epoch, all=started.epochs)
            return min(1.0, event.epoch / started.epochs), text
    return 0.0, words("The run begins")


def _beside(runs: int) -> str:
    """Return why a run that has begun may pause, in words."""
    if not runs:
        return ""
    if runs == 1:
        return words(", sharing the processor with 1 other run")
    return words(", sharing the processor with {count} other runs").format(count=runs)


def _waiting(place: int, seconds: float | None) -> str:
    """Return how long a run in the queue has to wait, in words."""
    soon = seconds is not None and seconds < SOON_SECONDS
    if not place:
        ahead = (
            words("A worker is about to begin") if soon or seconds is None else words("Yours is the next run")
        )
    else:
        ahead = words("1 run ahead of yours") if place == 1 else words("{count} runs ahead of yours")
    about = "" if soon or seconds is None else words(", about {seconds:.0f} s")
    return (ahead + about).format(count=place, seconds=seconds)


def panel_message(panel: Panel) -> dict[str, Any]:
    """Return a panel as plain JSON."""
    return {"id": panel.id, "title": panel.title, "alt": panel.alt, "spec": panel.figure.to_dict()}


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
