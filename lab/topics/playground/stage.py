"""What the Playground shows of a run, while it goes on and at its end."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from lab.core.events import Diverged, Event, Finished, Framed
from lab.core.labels import _
from lab.core.lesson import Context
from lab.core.stage import Axis, Dots, Drawing, Panel, Stage
from lab.data.points import Points
from lab.figures.curves import band, history
from lab.tables.history import Scores, scores
from lab.tables.parameters import place_of
from lab.topics.playground.choices import LOSSES
from lab.topics.playground.settings import MOST_LAYERS, MOST_NEURONS, Display, Settings
from lab.topics.playground.train import architecture_of, data_of, sizes_of
from lab.training.ensemble import Architecture
from lab.training.supervised import Trained

ENDINGS = {
    "epochs": _("All planned epochs are done."),
    "target": _("Stopped at epoch {epoch:g}: the median test loss reached the target."),
    "plateau": _("Stopped at epoch {epoch:g}: the median test loss is on a plateau."),
    "diverged": _("Stopped at epoch {epoch:g}: at least half of the networks have diverged."),
}


def stage(
    settings: Settings,
    display: Display,
    context: Context,
    events: Sequence[Event],
    result: Trained | None = None,
) -> Stage:
    """Return loss and accuracy over the epochs, the network at its recorded moments, and notes."""
    data = _data(settings, context)
    architecture = architecture_of(settings, data)
    shown = min(display.shown, settings.networks) - 1
    measured = scores(events)
    panels = [_loss_panel(measured, settings, shown, display.log_loss)] if measured.values else []
    if "test_accuracy" in measured.values:
        panels.append(_accuracy_panel(measured, shown))
    drawing = _drawing(settings, display, data, architecture, events)
    return Stage(panels, drawing, (*_standing(measured), *_notes(settings, events)))


def _data(settings: Settings, context: Context) -> Points:
    """Return the points; remembered, for the stage is made several times a second."""
    if settings.data == "csv":
        return data_of(settings, context)
    return _remembered(settings.data, settings.noise, settings.train_share, settings.seed)


@lru_cache(maxsize=64)
def _remembered(name: str, noise: float, train_share: float, seed: int) -> Points:
    return data_of(Settings(data=name, noise=noise, train_share=train_share, seed=seed), Context())


def _loss_panel(measured: Scores, settings: Settings, shown: int, log: bool) -> Panel:
    parts = {_("train"): measured.values["train_loss"], _("test"): measured.values["test_loss"]}
    unit = _("nats") if "entropy" in settings.loss else _("squared units")
    title = f"{LOSSES[settings.loss]} ({unit})"
    chart = history(measured.epochs, parts, y_title=title, shown=shown, log=log)
    return Panel("loss", _("Loss"), _spoken(measured, "test_loss", np.inf, _("Loss"), "{:.3g}"), chart)


def _accuracy_panel(measured: Scores, shown: int) -> Panel:
    parts = {
        _("train"): 100 * measured.values["train_accuracy"],
        _("test"): 100 * measured.values["test_accuracy"],
    }
    chart = history(measured.epochs, parts, y_title=_("Accuracy (%)"), shown=shown, worst=0.0)
    chart.update_yaxes(range=[0, 102])
    alt = _spoken(measured, "test_accuracy", 0.0, _("Accuracy"), "{:.1%}")
    return Panel("accuracy", _("Accuracy"), alt, chart)


def _spoken(measured: Scores, name: str, worst: float, title: str, form: str) -> str:
    """Return the curve in two sentences."""
    median = band(measured.values[name], worst).median
    said = [form.format(value) if np.isfinite(value) else _("not a number") for value in median]
    return _(
        "{title} over epochs, for training and test data: median of the networks, p10 to p90 band and "
        "the shown network. The median on test data goes from {first} to {last} at epoch {epoch:g}."
    ).format(title=title, first=said[0], last=said[-1], epoch=measured.epochs[-1])


def _drawing(
    settings: Settings, display: Display, data: Points, architecture: Architecture, events: Sequence[Event]
) -> Drawing | None:
    frames = [event for event in events if isinstance(event, Framed)]
    if not frames:
        return None
    shown = min(display.shown, settings.networks) - 1
    sizes = sizes_of(architecture)
    return Drawing(
        inputs=settings.features,
        hidden=settings.hidden,
        outputs=architecture.outputs,
        activation=settings.activation,
        output=architecture.output,
        classes=data.classes,
        range=_range(data),
        axes=(Axis(data.names[0], data.extent[0]), Axis(data.names[1], data.extent[1])),
        shown=shown,
        networks=settings.networks,
        epochs=np.array([frame.epoch for frame in frames]),
        parameters=np.stack([frame.parameters[shown] for frame in frames]),
        points={
            "train": _dots(data.train_inputs, data.train_targets),
            "test": _dots(data.test_inputs, data.test_targets),
        },
        edited=tuple(place_of(sizes, edit.index) for edit in settings.hand_edits() if edit.network == shown),
        surface=display.surface,  # type: ignore[arg-type]
        discretize=display.discretize,
        show_test=display.show_test,
        editable=settings.batches == 0,
        max_layers=MOST_LAYERS,
        max_neurons=MOST_NEURONS,
    )


def _dots(inputs: np.ndarray, targets: np.ndarray) -> Dots:
    return Dots(inputs[:, 0], inputs[:, 1], targets.astype(np.float64))


def _range(data: Points) -> tuple[float, float]:
    """Return the ends of the colour scale: symmetric around 0, so that 0 is neutral."""
    if data.classes:
        return (-1.0, 1.0)
    reach = float(np.abs(np.concatenate([data.train_targets, data.test_targets])).max())
    return (-reach, reach)


def _standing(measured: Scores) -> tuple[str, ...]:
    """Return the medians of the last measurement in one sentence."""
    if not measured.values:
        return ()
    worst = {"test_loss": np.inf, "test_accuracy": 0.0}
    last = {
        name: band(measured.values[name][-1:], bad).median[0]
        for name, bad in worst.items()
        if name in measured.values
    }
    loss = f"{last['test_loss']:.4f}" if np.isfinite(last["test_loss"]) else _("not a number")
    text = _("Median test loss {loss}.").format(loss=loss)
    if "test_accuracy" in last:
        text = _("Median test loss {loss}, test accuracy {share:.1%}.").format(
            loss=loss, share=last["test_accuracy"]
        )
    return (text,)


def _notes(settings: Settings, events: Sequence[Event]) -> tuple[str, ...]:
    """Return what ended the run, and which networks diverged."""
    notes = []
    diverged = [event for event in events if isinstance(event, Diverged)]
    if diverged:
        first = min(diverged, key=lambda event: event.step)
        text = _("{count} of {all} networks diverged, the first (network {which}) at step {step}.")
        notes.append(
            text.format(count=len(diverged), all=settings.networks, which=first.network + 1, step=first.step)
        )
    for event in events:
        if isinstance(event, Finished):
            notes.append(ENDINGS[event.reason].format(epoch=event.epoch))
    return tuple(notes)
