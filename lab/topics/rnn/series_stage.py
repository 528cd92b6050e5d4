"""What is shown of a run on series: the forecast against the truth, losses, and the length of gradients."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from lab.core.events import Diverged, Evaluated, Event, Framed
from lab.core.labels import _
from lab.core.lesson import Context, Experiment
from lab.core.stage import Panel, Stage
from lab.figures.chart import Figure
from lab.figures.forecasts import add_ends, add_level, answers_figure, forecast_figure, said_figure
from lab.figures.functions import bands_figure
from lab.tables.history import Scores, scores
from lab.topics.rnn.series import MOST_SECONDS, planned_epochs, seconds, train
from lab.topics.rnn.series_outcome import outcome
from lab.topics.rnn.series_results import Added, Copied, Forecast, Outcome
from lab.topics.rnn.series_settings import SeriesDisplay, SeriesSettings
from lab.topics.rnn.series_tasks import Task, task_of

BEFORE = 60
"""How many training values are drawn before the test part."""
MOST_DRAWN = 200
"""How many test values are drawn."""
SYMBOLS = ("A", "B", "C", "D")


def stage(
    settings: SeriesSettings,
    display: SeriesDisplay,
    context: Context,
    events: Sequence[Event],
    result: Outcome | None = None,
) -> Stage:
    """Return the forecasts of one network, the losses of all, and their longest gradients."""
    frames = [event for event in events if isinstance(event, Framed)]
    measured = scores([event for event in events if isinstance(event, Evaluated)])
    if not frames or not measured.values:
        return Stage()
    shown = min(display.series_shown, settings.series_networks) - 1
    said = result or outcome(settings, context, frames[-1].parameters[shown : shown + 1])
    network = shown if result else 0
    when = _("after epoch {epoch:.3g}").format(epoch=measured.epochs[-1] if result else frames[-1].epoch)
    task = task_of(settings, context)
    told = [event for event in events if isinstance(event, Diverged)]
    panels = [*_said_panels(said, network, when), _loss_panel(settings, task, measured, told)]
    if task.outputs > 1:
        panels.append(_accuracy_panel(measured))
    panels.append(_gradient_panel(settings, measured))
    return Stage(panels, notes=_notes(settings, task, result, told))


def _said_panels(said: Outcome, network: int, when: str) -> list[Panel]:
    match said:
        case Forecast():
            return [_forecast_panel(said, network, when, free) for free in (False, True)]
        case Copied():
            return [_copied_panel(said, network, when)]
        case Added():
            return [_added_panel(said, network, when)]


def _forecast_panel(said: Forecast, network: int, when: str, free: bool) -> Panel:
    series = said.series
    mine, naive = (said.free, said.naive_free) if free else (said.one_step, said.naive_one_step)
    forecasts = {_("network"): mine[network], **naive}
    count = min(mine.shape[1], MOST_DRAWN)
    start = min(BEFORE, series.cut)
    drawn = slice(series.cut - start, series.cut + count)
    chart = forecast_figure(
        series.times[drawn],
        series.values[drawn],
        start,
        {name: values[:count] for name, values in forecasts.items()},
        x_title=series.time_name,
        y_title=series.value_name,
    )
    title = (
        _("Running free from the end of the training part") if free else _("One step ahead, held-out part")
    )
    truth = said.truth[: mine.shape[1]]
    errors = ", ".join(
        f"{name} {_number(np.sqrt(np.mean((values - truth) ** 2)))}" for name, values in forecasts.items()
    )
    alt = _("{title}, {when}: truth and forecasts over time. Root mean squared errors: {errors}.").format(
        title=title, when=when, errors=errors
    )
    return Panel("series-free" if free else "series-one", f"{title}, {when}", alt, chart)


def _number(value: float) -> str:
    return f"{value:.3g}" if np.isfinite(value) else _("diverged")


def _copied_panel(said: Copied, network: int, when: str) -> Panel:
    delay = len(said.read) - said.probabilities.shape[1]
    truth = said.read[: len(said.read) - delay]
    chart = said_figure(SYMBOLS, said.probabilities[network], truth, delay + 1)
    alt = _(
        "Map of the probability of each of four symbols, step by step, {when}; rings mark the symbol of "
        "{delay} steps before. Of all test symbols {share} are right."
    ).format(when=when, delay=delay, share=_percent(said.accuracy[network].mean()))
    title = _("What is said of one test sequence, {when}").format(when=when)
    return Panel("series-copied", title, alt, chart)


def _percent(share: float) -> str:
    return f"{share:.0%}" if np.isfinite(share) else _("none")


def _added_panel(said: Added, network: int, when: str) -> Panel:
    answers = said.answers[network]
    chart = answers_figure(said.sums, np.where(np.isfinite(answers), answers, np.nan), 1.0, _("always 1"))
    alt = _("Answers of one network to {count} test sequences, {when}. Mean squared error {error}.").format(
        count=len(answers), when=when, error=_number(said.errors()[network])
    )
    return Panel("series-added", _("Answers against right sums, {when}").format(when=when), alt, chart)


def _loss_panel(settings: SeriesSettings, task: Task, measured: Scores, told: Sequence[Diverged]) -> Panel:
    parts = {_("train"): measured.values["train_loss"], _("test"): measured.values["test_loss"]}
    unit = _("Cross-entropy (nats)") if task.outputs > 1 else _("Squared error (no unit)")
    if task.outputs == 1 and task.train[0].shape[2] == 1:
        unit = _("Squared error (training variance = 1)")
    chart = _bands(measured.epochs, parts, unit)
    for place, (name, level) in enumerate(task.naive.items()):
        add_level(chart, name, level, (0.0, float(measured.epochs[-1])), place)
    per_epoch = -(-task.per_epoch // settings.series_batch)
    losses = np.concatenate([values.ravel() for values in parts.values()])
    top = float(np.nanmax(losses)) if np.isfinite(losses).any() else 1.0
    add_ends(chart, _("diverged"), [one.step / per_epoch for one in told], top)
    naive = ", ".join(f"{name} {level:.3g}" for name, level in task.naive.items())
    alt = _(
        "Loss over epochs on a logarithmic axis, median over networks and p10-p90. Now {train} on training "
        "and {test} on test sequences; forecasts that cost nothing: {naive}."
    ).format(**{name: _number(_median(measured, f"{name}_loss")) for name in ("train", "test")}, naive=naive)
    return Panel("series-loss", _("Loss"), alt, chart)


def _bands(
    epochs: Float[np.ndarray, " moment"],
    parts: Mapping[str, Float[np.ndarray, "moment network"]],
    y_title: str,
    first: int = 0,
) -> Figure:
    chart = bands_figure(epochs, parts, x_title=_("Epoch"), y_title=y_title, log=True, first=first)
    chart.traces = [trace for trace in chart.traces if len(trace.properties["x"])]
    chart.update_traces(mode="lines")
    return chart


def _median(measured: Scores, name: str) -> float:
    last = measured.values[name][-1]
    return float(np.median(np.where(np.isfinite(last), last, np.inf)))


def _accuracy_panel(measured: Scores) -> Panel:
    parts = {
        name: 100 * measured.values[f"{part}_accuracy"]
        for part, name in (("train", _("train")), ("test", _("test")))
    }
    chart = bands_figure(
        measured.epochs, parts, x_title=_("Epoch"), y_title=_("Symbols said right (%)"), worst=0.0
    )
    chart.update_traces(mode="lines")
    add_level(chart, _("guessing"), 25.0, (0.0, float(measured.epochs[-1])))
    chart.update_yaxes(range=[0, 102])
    reached = measured.values["test_accuracy"][-1]
    alt = _(
        "Share of symbols said right over epochs, median and p10-p90. On test sequences now {share}."
    ).format(share=_percent(float(np.median(np.nan_to_num(reached)))))
    return Panel("series-accuracy", _("Symbols said right"), alt, chart)


def _gradient_panel(settings: SeriesSettings, measured: Scores) -> Panel:
    norms = measured.values["gradient_norm"]
    chart = _bands(
        measured.epochs, {_("longest of late"): norms}, _("Norm of the gradient (loss per unit)"), 3
    )
    if settings.series_clip:
        add_level(chart, _("clipped at"), settings.series_clip, (0.0, float(measured.epochs[-1])), 1)
    longest = float(np.max(norms[np.isfinite(norms)], initial=0.0))
    alt = _(
        "Longest gradient between two measurements, before clipping, on a logarithmic axis over epochs; the "
        "longest of all has norm {longest:.3g}. {clip}"
    ).format(
        longest=longest,
        clip=_("Clipped at {clip:g}.").format(clip=settings.series_clip)
        if settings.series_clip
        else _("Clipping is off."),
    )
    return Panel("series-gradient", _("Length of the gradient, before clipping"), alt, chart)


def _notes(
    settings: SeriesSettings, task: Task, result: Outcome | None, told: Sequence[Diverged]
) -> tuple[str, ...]:
    """Return whether the network is worth having, which diverged, and how many epochs were trained."""
    notes = list(result.verdict()) if result else []
    notes += [
        _("Network {number} diverged: its loss overflowed in step {step}.").format(
            number=one.network + 1, step=one.step
        )
        for one in told
    ]
    epochs = planned_epochs(settings, task.per_epoch)
    if epochs < settings.series_epochs:
        notes.append(
            _("{epochs} of {asked} epochs: more would take longer than {most:g} s on a current core.").format(
                epochs=epochs, asked=settings.series_epochs, most=MOST_SECONDS
            )
        )
    return tuple(notes)


SERIES = Experiment(
    name="rnn/series",
    settings=SeriesSettings,
    train=train,
    stage=stage,
    display=SeriesDisplay,
    seconds=seconds,
    shortest=lambda: SeriesSettings(series_epochs=1, series_networks=1, series_batch=128),
)
