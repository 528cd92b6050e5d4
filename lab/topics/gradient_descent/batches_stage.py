"""What is shown of the batch sizes: the same curves per epoch, per step and per second, and the noise."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float64

from lab.core.events import Diverged, Evaluated, Event
from lab.core.labels import _
from lab.core.lesson import Context, Experiment
from lab.core.stage import Panel, Stage
from lab.figures.batches import Course, noise_figure, uneven_bands
from lab.figures.curves import band
from lab.topics.gradient_descent.batches import EXAMPLES, Timed, seconds, train, variants
from lab.topics.gradient_descent.batches_settings import BatchDisplay, BatchSettings
from lab.training.batch_noise import BatchNoise

SCORES = {"loss": (_("Training loss (nats)"), np.inf), "accuracy": (_("Test accuracy (%)"), 0.0)}


@dataclass(frozen=True, slots=True)
class Curve:
    """What was measured of one variant.

    Attributes:
        label: of the variant.
        epochs: when it was measured; a fraction inside an epoch.
        loss: on all training examples, in nats; NaN once a network has diverged.
        accuracy: on the test examples, in percent.
    """

    label: str
    epochs: Float64[np.ndarray, " moment"]
    loss: Float64[np.ndarray, "moment network"]
    accuracy: Float64[np.ndarray, "moment network"]

    def median(self, score: str = "loss") -> Float64[np.ndarray, " moment"]:
        """Return the median over the networks; infinite where most have diverged."""
        values = getattr(self, score)
        return np.median(np.where(np.isfinite(values), values, SCORES[score][1]), axis=1)


@dataclass(frozen=True, slots=True)
class Effort:
    """What a training costs: its name, the words of its picture, and what an epoch of each variant takes."""

    name: str
    title: str
    x_title: str
    each: dict[str, float]


def labels(settings: BatchSettings) -> dict[str, str]:
    """Return the name of each variant, with its examples per step."""
    names = {"full": _("Full batch"), "mini": _("Mini-batch"), "one": _("One example")}
    cut = variants(settings)
    return {name: f"{label} ({cut[name].size:,})" for name, label in names.items()}


def curves(settings: BatchSettings, events: Sequence[Event]) -> dict[str, Curve]:
    """Return the measurements so far of each variant; none before all have been measured."""
    made = {}
    for name, label in labels(settings).items():
        key = f"{name}_loss"
        told = [event for event in events if isinstance(event, Evaluated) and key in event.scores]
        if not told:
            return {}
        loss = np.stack([event.scores[key] for event in told])
        right = np.stack([event.scores[f"{name}_accuracy"] for event in told])
        made[name] = Curve(label, np.array([event.epoch for event in told]), loss, 100 * right)
    return made


def stage(
    settings: BatchSettings,
    display: BatchDisplay,
    context: Context,
    events: Sequence[Event],
    result: Timed | None = None,
) -> Stage:
    """Return one picture for each measure of effort; seconds and noise are known at the end only."""
    made = curves(settings, events)
    if not made:
        return Stage()
    cut = variants(settings)
    steps = {name: float(one.updates) for name, one in cut.items()}
    efforts = [
        Effort("epoch", _("Per epoch: every example once"), _("Epochs"), dict.fromkeys(cut, 1.0)),
        Effort("step", _("Per step"), _("Steps"), steps),
    ]
    if result is not None:
        efforts.append(Effort("second", _("Per second"), _("Seconds, one network alone"), result.seconds))
    panels = [_panel(made, display.batch_score, effort) for effort in efforts]
    if result is not None:
        panels.append(_noise_panel(result.noise))
    return Stage(panels, notes=_notes(settings, made, events, result))


def _panel(made: dict[str, Curve], score: str, effort: Effort) -> Panel:
    """Return the curves over what they cost."""
    y_title, worst = SCORES[score]
    parts: dict[str, Course] = {
        one.label: (effort.each[name] * one.epochs, getattr(one, score)) for name, one in made.items()
    }
    chart = uneven_bands(
        parts,
        x_title=effort.x_title,
        y_title=y_title,
        worst=worst,
        log_x=effort.name != "epoch",
        log_y=score == "loss",
    )
    ends = []
    for label, (moments, values) in parts.items():
        last = band(values, worst).median[-1]
        said = f"{last:.4g}" if np.isfinite(last) else _("diverged")
        ends.append(f"{label}: {said} ({moments[-1]:.3g})")
    alt = _("{score}, median and spread over the networks, against {effort}. At the end (and where): {ends}.")
    said = alt.format(score=y_title, effort=effort.x_title.lower(), ends="; ".join(ends))
    return Panel(f"batches-{effort.name}", effort.title, said, chart)


def _noise_panel(noise: BatchNoise) -> Panel:
    sizes = np.array(noise.sizes, float)
    alt = _(
        "Distance between a batch's gradient and the full one at the first weights, against the batch "
        "size, both axes logarithmic: {first:.3g} for one example, {last:.3g} for {size:.0f}; the full "
        "gradient has length {full:.3g}."
    ).format(first=noise.drawn[0], last=noise.drawn[-2], size=sizes[-2], full=noise.full)
    chart = noise_figure(sizes, noise.drawn, noise.predicted, noise.full)
    return Panel("batches-noise", _("How noisy a batch's gradient is"), alt, chart)


def _notes(
    settings: BatchSettings, made: dict[str, Curve], events: Sequence[Event], result: Timed | None
) -> list[str]:
    whole = {one.label: _at(one, 1.0) for one in made.values()}
    notes = [_("Median loss after the first epoch: {said}.").format(said=_said(whole))]
    if result is not None:
        spent = {name: result.seconds[name] * one.epochs[-1] for name, one in made.items()}
        least = min(spent.values())
        then = {one.label: _at(one, least / result.seconds[name]) for name, one in made.items()}
        text = _("After {time:.3g} ms, when the quickest is through: {said}. Seconds are this server's.")
        notes.append(text.format(time=1000 * least, said=_said(then)))
    for place, label in enumerate(labels(settings).values()):
        first = place * settings.batch_networks
        steps = [
            event.step
            for event in events
            if isinstance(event, Diverged) and first <= event.network < first + settings.batch_networks
        ]
        if steps:
            text = _("{label}: {count} of {all} networks diverged, the first at step {step}.")
            notes.append(
                text.format(label=label, count=len(steps), all=settings.batch_networks, step=min(steps))
            )
    return notes


def _at(curve: Curve, epoch: float) -> float:
    """Return the median loss of the last measurement at or before `epoch`."""
    place = np.searchsorted(curve.epochs, epoch * (1 + 1e-9), side="right") - 1
    return float(curve.median()[place])


def _said(values: dict[str, float]) -> str:
    ordered = sorted(values.items(), key=lambda one: one[1])
    return ", ".join(
        f"{label} {value:.4g}" if np.isfinite(value) else f"{label} {_('diverged')}"
        for label, value in ordered
    )


def comparison_table(settings: BatchSettings, events: Sequence[Event], result: Timed) -> pd.DataFrame:
    """Return one row per variant: how it cuts an epoch, its noise, its time and where it ends."""
    made, rows = curves(settings, events), []
    for name, one in variants(settings).items():
        place = result.noise.sizes.index(one.size)
        noise = 0.0 if one.size == EXAMPLES[settings.batch_data] else result.noise.drawn[place]
        rows.append(
            {
                "batch": made[name].label,
                "rate": one.rate,
                "updates per epoch": one.updates,
                "noise of the gradient": noise,
                "noise / full gradient": noise / result.noise.full,
                "seconds per epoch": result.seconds[name],
                "median final loss": made[name].median()[-1],
                "median test accuracy (%)": made[name].median("accuracy")[-1],
                "diverged": int((~np.isfinite(made[name].loss[-1])).sum()),
            }
        )
    return pd.DataFrame(rows)


def course_table(settings: BatchSettings, events: Sequence[Event]) -> pd.DataFrame:
    """Return every measurement: one row per variant, moment and network."""
    frames = []
    for one in curves(settings, events).values():
        moments, networks = one.loss.shape
        frames.append(
            pd.DataFrame(
                {
                    "batch": one.label,
                    "epoch": np.repeat(one.epochs, networks),
                    "network": np.tile(np.arange(1, networks + 1), moments),
                    "training loss": one.loss.ravel(),
                    "test accuracy (%)": one.accuracy.ravel(),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


BATCHES = Experiment(
    name="gradient_descent/batches",
    settings=BatchSettings,
    train=train,
    stage=stage,
    display=BatchDisplay,
    seconds=seconds,
    shortest=lambda: BatchSettings(batch_data="iris", batch_epochs=1, batch_networks=1),
    float64=True,
)
