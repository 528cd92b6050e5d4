"""Part 2: what an activation function does to a signal, and to the gradient, in a deep random network."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float64
from torch import Tensor

from lab.core.events import Done, Event, Finished, Started, Stepped
from lab.core.labels import _
from lab.core.lesson import Context
from lab.core.stage import Panel, Stage
from lab.figures.curves import band
from lab.figures.functions import bands_figure
from lab.models.initialise import initial_weights
from lab.topics.losses_activations.activation import FLAT
from lab.topics.losses_activations.functions import FUNCTIONS, pullback
from lab.topics.losses_activations.settings import ACTIVATIONS, RULES, Display, SignalSettings

SEEDS, EXAMPLES = 10, 64
MEASURES = {
    "mean": (_("Mean of the activations"), False),
    "spread": (_("Spread between examples (standard deviation)"), True),
    "saturated": (_("Saturated: share of slopes below 0.01 (%)"), False),
    "dead": (_("Dead: share of neurons saturated for all examples (%)"), False),
    "gradient": (_("Mean size of the gradient by the scores"), True),
}


@dataclass(frozen=True, slots=True)
class Signal:
    """What became of the signal.

    Attributes:
        measures: by rule of the first weights, then by name in `MEASURES`.
    """

    measures: dict[str, dict[str, Float64[np.ndarray, "layer network"]]]

    def table(self) -> pd.DataFrame:
        """Return the median over the networks, one row per rule and layer."""
        rows = []
        for rule, measures in self.measures.items():
            for layer in range(len(measures["mean"])):
                medians = {name: float(np.median(values[layer])) for name, values in measures.items()}
                rows.append({"first_weights": RULES[rule], "layer": layer + 1, **medians})
        return pd.DataFrame(rows)


def weights_of(settings: SignalSettings, rule: str) -> Float64[Tensor, "layer network fan_in fan_out"]:
    """Return the weights of all networks; each network has a seed of its own, the same for every rule."""
    width = settings.width
    networks = []
    for network in range(SEEDS):
        generator = torch.Generator().manual_seed(1000 * settings.seed + network)
        layers = [initial_weights(width, width, rule, generator) for _layer in range(settings.depth)]  # type: ignore[arg-type]
        networks.append(torch.stack(layers))
    return settings.gain * torch.stack(networks, dim=1)


def inputs_of(settings: SignalSettings) -> tuple[Tensor, Tensor]:
    """Return standard normal inputs, and the gradient by the last activations that comes from behind."""
    generator = torch.Generator().manual_seed(settings.seed)
    shape = (2, EXAMPLES, settings.width)
    inputs, upstream = torch.randn(shape, generator=generator, dtype=torch.float64)
    return inputs, upstream


def measured(
    activation: str,
    weights: Float64[Tensor, "layer network fan_in fan_out"],
    inputs: Tensor,
    upstream: Tensor,
) -> dict[str, Float64[np.ndarray, "layer network"]]:
    """Return each of `MEASURES` for each layer and network.

    Args:
        activation: of every layer.
        weights: of every layer; the biases are 0.
        inputs: [example, feature].
        upstream: gradient by the last layer's activations, [example, neuron].
    """
    function = FUNCTIONS[activation]
    scores: list[Tensor] = []
    activations = inputs.expand(weights.shape[1], -1, -1)
    told: dict[str, list[Tensor]] = {name: [] for name in MEASURES}
    for layer in weights:
        scores.append(activations @ layer)
        activations = function.value(scores[-1])
        flat = function.slope(scores[-1]).abs() < FLAT
        told["mean"].append(activations.mean(dim=(1, 2)))
        told["spread"].append(activations.std(dim=1).mean(dim=1))  # over the examples, neuron by neuron
        told["saturated"].append(100 * flat.double().mean(dim=(1, 2)))
        told["dead"].append(100 * flat.all(dim=1).double().mean(dim=1))
    delta = pullback(activation, scores[-1], upstream.expand_as(scores[-1]))
    told["gradient"].append(delta.abs().mean(dim=(1, 2)))
    for below, layer in zip(reversed(scores[:-1]), reversed(weights[1:]), strict=True):
        delta = pullback(activation, below, delta @ layer.mT)  # delta below = f'(z) * W delta
        told["gradient"].insert(0, delta.abs().mean(dim=(1, 2)))
    return {name: torch.stack(layers).numpy() for name, layers in told.items()}


def train(settings: SignalSettings, context: Context) -> Iterator[Event | Done[Signal]]:
    """Send the inputs through the networks of each rule, and a gradient back."""
    yield Started(0.0, SEEDS * len(RULES))
    inputs, upstream = inputs_of(settings)
    measures = {}
    for number, rule in enumerate(RULES, start=1):
        measures[rule] = measured(settings.activation, weights_of(settings, rule), inputs, upstream)
        yield Stepped(number / len(RULES))
    yield Finished("epochs", 0.0)
    yield Done(Signal(measures))


def seconds(settings: SignalSettings) -> float:
    """Return roughly how many CPU seconds a run takes on a current core."""
    cells = len(RULES) * SEEDS * settings.depth * settings.width
    return 0.01 + cells * (4e-6 + 1.5e-8 * settings.width)


def stage(
    settings: SignalSettings,
    display: Display,
    context: Context,
    events: Sequence[Event],
    result: Signal | None = None,
) -> Stage:
    """Return each measure over the layers, a band for each rule of the first weights."""
    if not any(isinstance(event, Finished) for event in events):
        return Stage()
    drawn = result or _again(settings)
    layers = np.arange(1.0, settings.depth + 1)
    panels = []
    for name, (title, log) in MEASURES.items():
        parts = {RULES[rule]: measures[name] for rule, measures in drawn.measures.items()}
        chart = bands_figure(layers, parts, x_title=_("Layer"), y_title=title.partition(":")[0], log=log)
        if title.endswith("(%)"):
            chart.update_yaxes(range=[-3, 103], title={"text": title.partition(":")[0] + " (%)"})
        panels.append(Panel(name, title, _spoken(settings, title, parts), chart))
    note = _("Medians over {count} networks per rule, bands from p10 to p90; {examples} examples each.")
    return Stage(panels, notes=[note.format(count=SEEDS, examples=EXAMPLES)])


def _again(settings: SignalSettings) -> Signal:
    return next(told.result for told in train(settings, Context()) if isinstance(told, Done))


def _spoken(settings: SignalSettings, title: str, parts: dict[str, np.ndarray]) -> str:
    """Return where each rule's median begins and ends."""
    ends = []
    for rule, values in parts.items():
        median = band(values, np.inf).median
        ends.append(f"{rule} {median[0]:.3g} → {median[-1]:.3g}")
    text = _("{title} of {name} networks from the first to the last of {depth} layers, medians: {ends}.")
    name = ACTIVATIONS[settings.activation]
    return text.format(title=title, name=name, depth=settings.depth, ends="; ".join(ends))
