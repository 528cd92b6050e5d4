"""What is shown of memory: gradients through time, clipping, recall over a delay."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from lab.core.events import Diverged, Evaluated, Event
from lab.core.labels import _
from lab.core.lesson import Context, Experiment
from lab.core.stage import Panel, Stage
from lab.data.memory_tasks import CONSTANT_ERROR
from lab.figures.curves import band, history
from lab.figures.memory import median_curves
from lab.figures.states import state_map
from lab.figures.theme import GREEN, RED
from lab.tables.history import scores
from lab.topics.rnn import memory_back, memory_clip, memory_delay
from lab.topics.rnn.cell_settings import KINDS
from lab.topics.rnn.memory_back import CURVES, Back
from lab.topics.rnn.memory_delay import Recall
from lab.topics.rnn.memory_settings import (
    MOMENTS,
    BackDisplay,
    BackSettings,
    ClipDisplay,
    ClipSettings,
    DelayDisplay,
    DelaySettings,
)

FREE, CLIPPED = _("free"), _("clipped")


def back_stage(
    settings: BackSettings,
    display: BackDisplay,
    context: Context,
    events: Sequence[Event],
    result: Back | None = None,
) -> Stage:
    """Return, once it is computed, the gradient against steps ago for all cells, and one network's states."""
    if result is None:
        return Stage()
    count = settings.memory_back_length
    values = {CURVES[name]: one for name, one in result.lengths.items()}
    chart = median_curves(
        np.arange(count),
        values,
        x_title=_("Steps ago (0 is the last step)"),
        y_title=_("Length of the gradient by that state"),
        log=True,
    )
    ends = {name: float(np.median(one[-1])) for name, one in values.items()}
    said = "; ".join(f"{name} {end:.2g}" for name, end in ends.items())
    title = _("How much of the gradient arrives, so many steps ago")
    alt = _(
        "Length of the gradient of the loss at the last step by each earlier state, on a logarithmic axis: "
        "medians of {networks} networks with p10 to p90. {steps} steps ago: {said}."
    ).format(networks=settings.memory_back_networks, steps=count - 1, said=said)
    notes = [_("Per step back, on average: {rates}.").format(rates=_rates(result))]
    cell = display.memory_back_cell
    states = _states(
        result.states[cell], [str(step) for step in range(1, count + 1)], KINDS[cell], "memory-back-states"
    )
    return Stage([Panel("memory-back", title, alt, chart), states], notes=notes)


def _rates(found: Back) -> str:
    """Return by what factor each median gradient changes in a step."""
    rates = []
    for name, one in found.lengths.items():
        first, last = np.median(one[0]), np.median(one[-1])
        rates.append(f"{CURVES[name]} × {(last / first) ** (1 / (len(one) - 1)):.3g}")
    return "; ".join(rates)


def _states(states: np.ndarray, labels: Sequence[str], cell: str, panel: str) -> Panel:
    title = _("Hidden states of the {cell}, step by step").format(cell=cell)
    chart = state_map(states.T, labels, x_title=_("Step"), y_title=_("Hidden unit"), height=400)
    alt = _(
        "{title}: one row per unit, blue above zero and orange below. After the last step {said}."
    ).format(title=title, said=", ".join(f"{value:.2f}" for value in states[-1, :8]))
    return Panel(panel, title, alt, chart)


def clip_stage(
    settings: ClipSettings,
    display: ClipDisplay,
    context: Context,
    events: Sequence[Event],
    result: object = None,
) -> Stage:
    """Return the length of the gradient and the loss over the updates, free and clipped."""
    told = [event for event in events if isinstance(event, Evaluated)]
    if not told:
        return Stage()
    found = scores(told)
    shown = min(display.memory_clip_shown, settings.memory_clip_networks) - 1
    panels = []
    for name, title, y_title, level, line in (
        ("length", _("The longest gradient of five updates, before clipping"), _("Length of the gradient"),
         settings.memory_clip_limit, _("clipped to here")),
        ("loss", _("Loss on the adding problem"), _("Mean squared error"), CONSTANT_ERROR, _("always 1")),
    ):  # fmt: skip
        parts = {FREE: found.values[f"free_{name}"], CLIPPED: found.values[f"clipped_{name}"]}
        chart = history(found.epochs, parts, y_title=y_title, shown=shown, log=True)
        chart.update_layout(meta={}).update_xaxes(title={"text": _("Update")})
        chart.update_yaxes(exponentformat="power")
        if name == "loss":
            chart.update_yaxes(range=[-1.6, 2.4])  # where learning is seen; what explodes leaves at the top
        chart.add_hline(y=level, line={"color": GREEN if name == "length" else RED, "dash": "dot"})
        chart.add_annotation(
            x=1,
            xref="paper",
            xanchor="right",
            y=float(np.log10(level)),
            yanchor="bottom",
            text=line,
            showarrow=False,
        )
        alt = _("{title}, on a logarithmic axis; medians over {count} networks. {said}").format(
            title=title, count=settings.memory_clip_networks, said=_last(parts)
        )
        panels.append(Panel(f"memory-clip-{name}", title, alt, chart))
    return Stage(panels, notes=_lost(settings, events))


def _last(parts: Mapping[str, np.ndarray]) -> str:
    """Return the last medians, and the largest number of all."""
    said = []
    for name, values in parts.items():
        last = band(values, np.inf).median[-1]
        most = np.nanmax(values) if np.isfinite(values).any() else np.nan
        end = f"{last:.3g}" if np.isfinite(last) else _("overflow")
        said.append(_("{name}: {end} at the end, {most:.3g} at most").format(name=name, end=end, most=most))
    return "; ".join(said) + "."


def _lost(settings: ClipSettings, events: Sequence[Event]) -> list[str]:
    """Return which networks overflowed, and when."""
    count = settings.memory_clip_networks
    lost = [event for event in events if isinstance(event, Diverged)]
    notes = []
    for name, mine in (
        (_("Free"), [event.step for event in lost if event.network < count]),
        (_("Clipped"), [event.step for event in lost if event.network >= count]),
    ):
        told = _("no network overflowed")
        if mine:
            told = _("{lost} of {count} networks overflowed, the first at update {step}").format(
                lost=len(mine), count=count, step=min(mine)
            )
        notes.append(f"{name}: {told}.")
    return notes


def _latest(told: Sequence[Evaluated], kind: str) -> Float[np.ndarray, "delay network"]:
    """Return what a cell got right when it was measured last, delay by delay."""
    return np.array([*{event.epoch: event.scores[kind] for event in told if kind in event.scores}.values()])


def _delay_panel(settings: DelaySettings, told: Sequence[Evaluated]) -> Panel:
    found = {name: one for kind, name in KINDS.items() if (one := _latest(told, kind)).size}
    tried = memory_delay.delays(settings)
    chart = median_curves(
        np.array(tried, dtype=float),
        {name: 100 * one for name, one in found.items()},
        x_title=_("Delay (steps)"),
        y_title=_("Right on fresh sequences (%)"),
        form="%{y:.0f} %",
    )
    chance = 100 / settings.memory_delay_symbols
    chart.add_hline(y=chance, line={"color": RED, "dash": "dot"})
    chart.add_annotation(
        x=1, xref="paper", xanchor="right", y=chance, yanchor="top", text=_("guessing"), showarrow=False
    )
    chart.update_xaxes(type="log", tickvals=list(tried), ticktext=[str(delay) for delay in tried])
    chart.update_yaxes(range=[0, 104])
    said = "; ".join(
        _("{name} {right:.0%} at delay {delay}").format(
            name=name, right=np.median(one[-1]), delay=tried[len(one) - 1]
        )
        for name, one in found.items()
    )
    alt = _(
        "Share of fresh sequences whose first symbol is named at the end: {said}; guessing {chance:.0f} %."
    )
    title = _("What is still known after a delay")
    return Panel("memory-delay", title, alt.format(said=said, chance=chance), chart)


def delay_stage(
    settings: DelaySettings,
    display: DelayDisplay,
    context: Context,
    events: Sequence[Event],
    result: Recall | None = None,
) -> Stage:
    """Return the share that is right against the delay, as far as it has been trained, and the states."""
    told = [event for event in events if isinstance(event, Evaluated)]
    if not told:
        return Stage()
    panels = [_delay_panel(settings, told)]
    if result is not None:
        panels.append(_reach_panel(settings, display, result))
        cell = display.memory_delay_cell
        labels = [f"{step}: {symbol}" if symbol else str(step) for step, symbol in enumerate(result.read, 1)]
        panels.append(_states(result.states[cell], labels, KINDS[cell], "memory-delay-states"))
    return Stage(panels, notes=[_("Median over {count} networks of each cell, p10 to p90 shaded.").format(
        count=settings.memory_delay_networks)])  # fmt: skip


def _reach_panel(settings: DelaySettings, display: DelayDisplay, result: Recall) -> Panel:
    moment = display.memory_delay_moment
    values = {CURVES[name]: one for name, one in result.reach[moment].items()}
    count = settings.memory_delay_longest + 1
    chart = median_curves(
        np.arange(count),
        values,
        x_title=_("Steps ago (0 is the last step)"),
        y_title=_("Length of the gradient, by h of the last step = 1"),
        log=True,
    )
    title = _("How far the loss reaches back at the longest delay, {when}").format(
        when=MOMENTS[moment].lower()
    )
    said = "; ".join(f"{name} {float(np.median(one[-1])):.2g}" for name, one in values.items())
    alt = _("{title}, on a logarithmic axis: medians with p10 to p90. At the first step: {said}.").format(
        title=title, said=said
    )
    return Panel("memory-delay-reach", title, alt, chart)


BACK = Experiment(
    name="rnn/memory_back",
    settings=BackSettings,
    train=memory_back.train,
    stage=back_stage,
    display=BackDisplay,
    seconds=memory_back.seconds,
    float64=True,
)
CLIP = Experiment(
    name="rnn/memory_clip",
    settings=ClipSettings,
    train=memory_clip.train,
    stage=clip_stage,
    display=ClipDisplay,
    seconds=memory_clip.seconds,
    shortest=lambda: ClipSettings(memory_clip_updates=10, memory_clip_length=2),
)
DELAY = Experiment(
    name="rnn/memory_delay",
    settings=DelaySettings,
    train=memory_delay.train,
    stage=delay_stage,
    display=DelayDisplay,
    seconds=memory_delay.seconds,
    shortest=lambda: DelaySettings(memory_delay_longest=1, memory_delay_updates=10),
)
