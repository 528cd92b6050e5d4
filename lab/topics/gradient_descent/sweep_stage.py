"""What is shown of a sweep: final losses, curves of telling rates, one rate by eigendirection."""

from collections.abc import Sequence

import numpy as np

from lab.core.events import Event
from lab.core.labels import _
from lab.core.lesson import Context, Experiment
from lab.core.stage import Panel, Stage
from lab.figures.rates import Ends, loss_curves, sweep_figure
from lab.topics.gradient_descent.sweep import Sweep, seconds, train
from lab.topics.gradient_descent.sweep_settings import OPTIMIZERS, RATES, SweepDisplay, SweepSettings

QUADRATIC = ("bowl", "tilted", "regression", "parabola")
"""Surfaces whose loss is the sum of its eigendirections' shares."""
ABOVE = _("Loss above the minimum")


def stage(
    settings: SweepSettings,
    display: SweepDisplay,
    context: Context,
    events: Sequence[Event],
    result: Sweep | None = None,
) -> Stage:
    """Return the pictures of the sweep once it is done."""
    if result is None:
        return Stage()
    if not result.gaps()[0, 0] > 0:
        return Stage(notes=[_("The start is a lowest place: there is nowhere to go down to.")])
    shown = shown_rate(display, result)
    panels = [_ends_panel(settings, result, shown), _curves_panel(result, shown)]
    if settings.sweep_surface in QUADRATIC:
        panels.append(_shares_panel(result, shown))
    return Stage(panels, notes=_notes(settings, result))


def shown_rate(display: SweepDisplay, result: Sweep) -> int:
    """Return which rate is looked at, from 0."""
    return display.sweep_shown - 1 if display.sweep_shown else result.best


def _ends_panel(settings: SweepSettings, result: Sweep, shown: int) -> Panel:
    gaps = result.gaps()
    ends = Ends(
        result.rates,
        gaps[-1],
        float(gaps[0, 0]),
        settings.sweep_steps,
        result.diverged,
        result.edge,
        result.predicted,
    )
    title = _("{optimizer} at 60 rates on “{surface}”").format(
        optimizer=OPTIMIZERS[settings.sweep_optimizer], surface=settings.ground().title
    )
    alt = _(
        "Loss above the minimum after {steps} steps, against the learning rate, both axes logarithmic. "
        "Lowest at rate {best:.3g} with {least:.3g}; {count} of {all} rates diverged. {edges}"
    ).format(
        steps=settings.sweep_steps,
        best=result.rates[result.best],
        least=gaps[-1, result.best],
        count=int((result.diverged > 0).sum()),
        all=RATES,
        edges=" ".join(_notes(settings, result)),
    )
    return Panel("sweep-ends", title, alt, sweep_figure(ends, shown))


def chosen_rates(result: Sweep, shown: int) -> dict[int, str]:
    """Return the telling rates, from 0: looked at, best, both sides of the edge, a tenth of the best."""
    roles = [(shown, _("looked at")), (result.best, _("best"))]
    if result.edge:
        roles += [(result.edge - 1, _("last below the edge")), (result.edge, _("first above"))]
    tenth = int(np.abs(np.log(10 * result.rates / result.rates[result.best])).argmin())
    roles.append((tenth, _("a tenth of the best")))
    chosen: dict[int, str] = {}
    for rate, role in roles:
        chosen[rate] = f"{chosen[rate]}, {role}" if rate in chosen else role
    return chosen


def _curves_panel(result: Sweep, shown: int) -> Panel:
    gaps, named, ends = result.gaps(), {}, []
    for rate, role in chosen_rates(result, shown).items():
        name = f"{result.rates[rate]:.3g} ({role})"
        named[name] = gaps[:, rate]
        step = result.diverged[rate]
        end = _("diverged at step {step}").format(step=step) if step else f"{gaps[-1, rate]:.3g}"
        ends.append(f"{name}: {end}")
    chart = loss_curves(named, y_title=ABOVE, start=float(gaps[0, 0]))
    alt = _(
        "Loss above the minimum over the steps, from {start:.3g}, one curve per rate. At the end: {ends}."
    )
    said = alt.format(start=gaps[0, 0], ends="; ".join(ends))
    return Panel("sweep-curves", _("Step by step, at telling rates"), said, chart)


def _shares_panel(result: Sweep, shown: int) -> Panel:
    shares, rate = result.shares(shown), result.rates[shown]
    named = {_("all of it"): result.gaps()[:, shown]}
    curvatures = result.bottom.curvatures
    for direction, curvature in enumerate(curvatures):
        named[_("curvature {curvature:.4g}").format(curvature=curvature)] = shares[:, direction]
    start = float(result.gaps()[0, shown])
    chart = loss_curves(named, y_title=ABOVE, start=start)
    last = np.flatnonzero(np.isfinite(shares).all(axis=1))[-1]
    ends = "; ".join(
        f"{curvature:.4g}: {share:.3g}" for curvature, share in zip(curvatures, shares[last], strict=True)
    )
    alt = _(
        "The loss at rate {rate:.3g} split by eigendirection of the Hessian. After step {step}, by "
        "curvature: {ends}."
    ).format(rate=rate, step=last, ends=ends)
    title = _("Direction by direction, at rate {rate:.3g}").format(rate=rate)
    return Panel("sweep-shares", title, alt, chart)


def _notes(settings: SweepSettings, result: Sweep) -> list[str]:
    """Return the predicted and the observed edge in words."""
    observed = _("Observed: no rate of these ends above the start.")
    if result.edge == 0:
        observed = _("Observed: already the smallest rate ends above the start.")
    elif result.edge is not None:
        observed = _("Observed: {before:.4g} ends below the start, {after:.4g} above it.").format(
            before=result.rates[result.edge - 1], after=result.rates[result.edge]
        )
    return [_prediction(settings, result), observed]


def _prediction(settings: SweepSettings, result: Sweep) -> str:
    """Return the predicted edge with its numbers, or why there is none."""
    curvature, momentum = result.bottom.steepest, settings.sweep_momentum
    if result.predicted is None:
        if not result.bottom.found:
            return _("Predicted: no edge, since no minimum was found where the lowest racer ended.")
        if settings.sweep_optimizer in ("sgd", "momentum", "nesterov"):
            return _("Predicted: no edge, since the curvature at the minimum is 0.")
        return _("Predicted: no edge, since this rule divides by the size of its gradients.")
    forms = {
        "sgd": _("2 / {curvature:.4g}"),
        "momentum": _("2 (1 + {momentum:g}) / {curvature:.4g}"),
        "nesterov": _("2 (1 + {momentum:g}) / ((1 + 2 · {momentum:g}) · {curvature:.4g})"),
    }
    form = forms[settings.sweep_optimizer].format(curvature=curvature, momentum=momentum)
    return _("Predicted edge by the largest curvature: {form} = {edge:.4g}.").format(
        form=form, edge=result.predicted
    )


SWEEP = Experiment(
    name="gradient_descent/sweep",
    settings=SweepSettings,
    train=train,
    stage=stage,
    display=SweepDisplay,
    seconds=seconds,
    shortest=lambda: SweepSettings(sweep_steps=5),
    float64=True,
)
