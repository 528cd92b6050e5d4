"""One knob at all its values, several networks each, trained in one go."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float

from lab.core.controls import Choice
from lab.core.events import Diverged, Done, Evaluated, Event, Finished, Started, Stepped
from lab.core.labels import _
from lab.core.lesson import Context
from lab.core.stage import Panel, Stage
from lab.figures.curves import sweep as sweep_chart
from lab.topics.playground.choices import LOSSES
from lab.topics.playground.settings import Display, Settings
from lab.topics.playground.train import (
    architecture_of,
    data_of,
    examples_of,
    plan_of,
    recipe_of,
    seconds,
    seeds_of,
)
from lab.training.ensemble import Ensemble, Recipe
from lab.training.supervised import Examples, scores_of

KNOBS = {
    "learning_rate": _("Learning rate"),
    "l2": _("L2 rate"),
    "noise": _("Noise"),
    "batch_size": _("Batch size"),
    "neurons": _("Neurons per hidden layer"),
}
VALUES: dict[str, tuple[float, ...]] = {
    "learning_rate": (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
    "l2": (0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1),
    "noise": (0, 0.1, 0.2, 0.3, 0.4, 0.5),
    "batch_size": (1, 3, 10, 30, 100, 1000),
    "neurons": (1, 2, 3, 4, 6, 8, 12, 16),
}
UNITS = {"learning_rate": _("per step"), "batch_size": _("examples"), "noise": _("share")}


class SweepSettings(Settings):
    """The settings of a run, and the knob that is turned through all its values."""

    knob: Annotated[str, Choice(_("Knob"), KNOBS, help=_("What differs from network to network."))] = (
        "learning_rate"
    )


@dataclass(frozen=True, slots=True)
class Swept:
    """Final scores, one row per value of the knob and one column per network.

    Attributes:
        values: of the knob.
        scores: by name (`train_loss`, `test_loss`, and the accuracies where there are classes).
        steps: the step at which a network diverged, -1 if it did not.
    """

    values: tuple[float, ...]
    scores: dict[str, Float[np.ndarray, "value network"]]
    steps: Float[np.ndarray, "value network"]

    def table(self) -> pd.DataFrame:
        """Return one row per value and network."""
        rows, networks = self.steps.shape
        columns = {
            "value": np.repeat(self.values, networks),
            "network": np.tile(np.arange(1, networks + 1), rows),
        }
        frame = pd.DataFrame(columns | {name: scores.ravel() for name, scores in self.scores.items()})
        return frame.assign(diverged_at_step=self.steps.ravel())


def sweep(settings: SweepSettings, context: Context) -> Iterator[Event | Done[Swept]]:
    """Train `settings.networks` networks for each value of the knob.

    Rates differ inside one ensemble; what changes shapes or the number of steps makes an ensemble of its
    own. Either way a network's scores are those it gets when it trains alone with that value.
    """
    values = VALUES[settings.knob]
    together = settings.knob in ("learning_rate", "l2")
    groups = [values] if together else [(value,) for value in values]
    yield Started(float(settings.epochs), len(values) * settings.networks)
    parts: list[dict[str, np.ndarray]] = []
    diverged: list[int] = []
    for number, group in enumerate(groups):
        ensemble, examples, plain = _group(settings, context, group)
        yield from _trained(ensemble, examples, plain, (number, len(groups)))
        parts.append(scores_of(ensemble, examples))
        diverged += ensemble.diverged.tolist()
    for network, step in enumerate(diverged):
        if step >= 0:
            yield Diverged(network, step)
    flat = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    yield Evaluated(float(settings.epochs), flat)
    yield Finished("epochs", float(settings.epochs))
    shape = (len(values), settings.networks)
    table = {name: scores.reshape(shape) for name, scores in flat.items()}
    yield Done(Swept(values, table, np.array(diverged).reshape(shape)))


def _group(
    settings: SweepSettings, context: Context, group: Sequence[float]
) -> tuple[Ensemble, Examples, Settings]:
    """Return the networks that can be trained together, their data, and the settings they share."""
    one = at(settings, group[0])
    data = data_of(one, context)
    architecture = architecture_of(one, data)
    recipe = recipe_of(one)
    if len(group) > 1:
        each = tuple(value for value in group for _network in range(settings.networks))
        recipe = _with_rates(recipe, settings.knob, each)
    ensemble = Ensemble(
        architecture,
        recipe,
        seeds_of(one, settings.networks) * len(group),
        initial=one.initial,  # type: ignore[arg-type]
        device=torch.device(context.device),
    )
    return ensemble, examples_of(one, data, architecture, context.device), one


def at(settings: SweepSettings, value: float) -> Settings:
    """Return the settings of a plain run with the knob at `value`, that goes on to its last epoch."""
    plain = {name: getattr(settings, name) for name in Settings.model_fields}
    plain |= {"edits": "", "batches": 0, "stop_target": 0.0, "stop_plateau": 0, "stop_diverged": False}
    if settings.knob == "neurons":
        plain["hidden"] = tuple(int(value) for _size in settings.hidden or (1,))
    elif settings.knob == "batch_size":
        plain["batch_size"] = int(value)
    else:
        plain[settings.knob] = float(value)
    return Settings.checked(plain)


def _with_rates(recipe: Recipe, knob: str, each: tuple[float, ...]) -> Recipe:
    return replace(recipe, learning_rate=each) if knob == "learning_rate" else replace(recipe, l2=each)


def _trained(
    ensemble: Ensemble, examples: Examples, settings: Settings, part: tuple[int, int]
) -> Iterator[Stepped]:
    """Train one group to its end; tell the share of the whole sweep about fifty times."""
    number, parts = part
    plan = plan_of(settings)
    for epoch in range(1, plan.epochs + 1):
        order = torch.from_numpy(plan.order(epoch, examples.train_inputs.shape[-2]))
        order = order.to(examples.train_inputs.device)
        ensemble.epoch(examples.train_inputs, examples.train_targets, order, plan.batch_size)
        if epoch % max(1, plan.epochs * parts // 50) == 0:
            yield Stepped((number + epoch / plan.epochs) / parts)


def sweep_seconds(settings: SweepSettings) -> float:
    """Return roughly how many CPU seconds a sweep takes on a current core."""
    return sum(seconds(at(settings, value)) for value in VALUES[settings.knob])


def sweep_stage(
    settings: SweepSettings,
    display: Display,
    context: Context,
    events: Sequence[Event],
    result: Swept | None = None,
) -> Stage:
    """Return the final losses against the knob, once they are there."""
    final = next((event for event in events if isinstance(event, Evaluated)), None)
    if final is None:
        return Stage()
    values = VALUES[settings.knob]
    shape = (len(values), settings.networks)
    parts = {
        _("train"): final.scores["train_loss"].reshape(shape),
        _("test"): final.scores["test_loss"].reshape(shape),
    }
    labels = [f"{value:g}" for value in values]
    unit = UNITS.get(settings.knob)
    title = KNOBS[settings.knob] + (f" ({unit})" if unit else "")
    chart = sweep_chart(labels, parts, x_title=title, y_title=f"{LOSSES[settings.loss]}")
    return Stage([Panel("sweep", _("Final loss against the knob"), _spoken(labels, parts, title), chart)])


def _spoken(labels: Sequence[str], parts: dict[str, np.ndarray], title: str) -> str:
    """Return the best value of the knob and where networks diverge, in words."""
    test = np.where(np.isfinite(parts["test"]), parts["test"], np.inf)
    median = np.median(test, axis=1)
    best = labels[int(median.argmin())]
    lost = [label for label, row in zip(labels, test, strict=True) if not np.isfinite(row).all()]
    alt = _("Final loss against {title}: medians with p10 to p90. The median test loss is least at {best}.")
    if not np.isfinite(median).any():
        alt = _("Final loss against {title}: the median test loss is not a number anywhere.")
    text = alt.format(title=title, best=best)
    return text + (" " + _("Networks diverge at {lost}.").format(lost=", ".join(lost)) if lost else "")
