"""What is shown of a comparison of deep networks, while it goes on and at its end."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from lab.core.events import Evaluated, Event
from lab.core.labels import _
from lab.core.lesson import Context
from lab.core.stage import Panel, Stage
from lab.figures.layerwise import layer_curves, layer_map, training_curves
from lab.tables.history import Scores, scores
from lab.topics.backpropagation.depth_settings import QUANTITIES, DepthDisplay, DepthSettings, variants

UNITS = {
    "gradient": _("root mean square of dL/dW (nats per unit)"),
    "slope": _("root mean square of dL/da (nats per unit)"),
    "spread": _("standard deviation over examples"),
}


@dataclass(frozen=True, slots=True)
class Record:
    """All that was measured of a comparison.

    Attributes:
        names: of the networks.
        epochs: when they were measured; the first is 0.
        loss: on all training examples, in nats; NaN once a network has overflowed.
        accuracy: share of them that is right.
        layers: by quantity (`gradient`, `slope`, `spread`), one number per hidden layer.
        overflow_step: the step, from 1, whose forward pass overflowed; 0 if none has so far.
        overflow_layer: the layer, from 1, in which it began; the output layer comes after the hidden ones.
    """

    names: tuple[str, ...]
    epochs: Float[np.ndarray, " moment"]
    loss: Float[np.ndarray, "moment network"]
    accuracy: Float[np.ndarray, "moment network"]
    layers: dict[str, Float[np.ndarray, "moment network layer"]]
    overflow_step: Float[np.ndarray, "moment network"]
    overflow_layer: Float[np.ndarray, "moment network"]

    def moment(self, epoch: int) -> int:
        """Return the index of the last measurement at or before `epoch`."""
        return int(np.searchsorted(self.epochs, epoch, side="right")) - 1

    def ratio(self, moment: int) -> Float[np.ndarray, " network"]:
        """Return the first hidden layer's gradient over the last one's; NaN where that is 0."""
        gradient = self.layers["gradient"][moment]
        last = np.where(gradient[:, -1] > 0, gradient[:, -1], np.nan)
        with np.errstate(invalid="ignore", over="ignore"):
            return gradient[:, 0] / last

    def table(self, moment: int) -> pd.DataFrame:
        """Return one row per network: its first and last layer at `moment`, its loss and accuracy then."""
        gradient, spread = self.layers["gradient"][moment], self.layers["spread"][moment]
        return pd.DataFrame(
            {
                "network": self.names,
                "gradient, first layer": gradient[:, 0],
                "gradient, last layer": gradient[:, -1],
                "first / last": self.ratio(moment),
                "spread, first layer": spread[:, 0],
                "spread, last layer": spread[:, -1],
                "training loss": self.loss[moment],
                "training accuracy": self.accuracy[moment],
                "overflow at step": self.overflow_step[moment].astype(int),
                "overflow in layer": self.overflow_layer[moment].astype(int),
            }
        )

    def layer_table(self) -> pd.DataFrame:
        """Return every statistic: one row per epoch, network and hidden layer."""
        moments, networks, layers = self.layers["gradient"].shape
        columns: dict[str, object] = {
            "epoch": np.repeat(self.epochs, networks * layers),
            "network": np.tile(np.repeat(self.names, layers), moments),
            "layer": np.tile(np.arange(1, layers + 1), moments * networks),
        }
        return pd.DataFrame(columns | {name: values.ravel() for name, values in self.layers.items()})


def record_of(settings: DepthSettings, events: Sequence[Event]) -> Record:
    """Return the measurements among `events`; there is at least one."""
    measured: Scores = scores([event for event in events if isinstance(event, Evaluated)])
    numbers = range(1, settings.depth + 1)
    return Record(
        names=tuple(variants(settings)),
        epochs=measured.epochs,
        loss=measured.values["train_loss"],
        accuracy=measured.values["train_accuracy"],
        layers={
            name: np.stack([measured.values[f"{name}/{layer}"] for layer in numbers], axis=-1)
            for name in QUANTITIES
        },
        overflow_step=measured.values["overflow_step"],
        overflow_layer=measured.values["overflow_layer"],
    )


def depth_stage(
    settings: DepthSettings,
    display: DepthDisplay,
    context: Context,
    events: Sequence[Event],
    result: Record | None = None,
) -> Stage:
    """Return gradient and spread per layer, loss and accuracy over the epochs, and one network's map."""
    if result is None and not any(isinstance(event, Evaluated) for event in events):
        return Stage()
    record = result or record_of(settings, events)
    moment = record.moment(display.moment)
    panels = [_layers_panel(record, moment, name) for name in ("gradient", "spread")]
    panels += [_loss_panel(record), _accuracy_panel(record), _map_panel(record, display)]
    return Stage(panels, notes=_notes(record, moment))


def _layers_panel(record: Record, moment: int, quantity: str) -> Panel:
    values = dict(zip(record.names, record.layers[quantity][moment], strict=True))
    epoch = record.epochs[moment]
    title = _("{quantity}, layer by layer, after epoch {epoch:g}").format(
        quantity=QUANTITIES[quantity], epoch=epoch
    )
    said = "; ".join(
        _("{name}: {first:.2g} in layer 1, {last:.2g} in layer {depth}").format(
            name=name, first=one[0], last=one[-1], depth=len(one)
        )
        for name, one in values.items()
    )
    alt = _("{title}, on a logarithmic axis, one curve per network. {said}.").format(title=title, said=said)
    return Panel(f"depth-{quantity}", title, alt, layer_curves(values, y_title=UNITS[quantity]))


def _loss_panel(record: Record) -> Panel:
    values = dict(zip(record.names, record.loss.T, strict=True))
    chart = training_curves(record.epochs, values, y_title=_("Training loss (nats)"), log=True)
    return Panel("depth-loss", _("Loss"), _spoken(record, record.loss, _("Training loss"), "{:.3g}"), chart)


def _accuracy_panel(record: Record) -> Panel:
    values = dict(zip(record.names, 100 * record.accuracy.T, strict=True))
    chart = training_curves(record.epochs, values, y_title=_("Training accuracy (%)"))
    chart.update_yaxes(range=[0, 102])
    alt = _spoken(record, record.accuracy, _("Training accuracy"), "{:.1%}")
    return Panel("depth-accuracy", _("Accuracy"), alt, chart)


def _spoken(record: Record, values: np.ndarray, title: str, form: str) -> str:
    last = [form.format(value) if np.isfinite(value) else _("overflow") for value in values[-1]]
    said = "; ".join(f"{name}: {value}" for name, value in zip(record.names, last, strict=True))
    return _("{title} over epochs, one curve per network. At epoch {epoch:g}: {said}.").format(
        title=title, epoch=record.epochs[-1], said=said
    )


def _map_panel(record: Record, display: DepthDisplay) -> Panel:
    network = min(display.mapped, len(record.names)) - 1
    values = record.layers[display.quantity][:, network].T
    name, quantity = record.names[network], QUANTITIES[display.quantity]
    title = _("{quantity} of “{name}”, over layers and epochs").format(quantity=quantity, name=name)
    alt = _(
        "Map of the power of ten of this quantity: one row per hidden layer, one column per epoch. In layer "
        "1 it goes from {first:.2g} to {last:.2g}."
    ).format(first=values[0, 0], last=values[0, -1])
    return Panel("depth-map", title, f"{title}. {alt}", layer_map(values, record.epochs))


def _notes(record: Record, moment: int) -> tuple[str, ...]:
    """Return by what factor gradients change on their way back, and which networks overflowed where."""
    ratios = [
        f"{name} {ratio:.1e}" if np.isfinite(ratio) else f"{name} –"
        for name, ratio in zip(record.names, record.ratio(moment), strict=True)
    ]
    told = [
        _("Gradient of the first layer over that of the last, after epoch {epoch:g}: {ratios}.").format(
            epoch=record.epochs[moment], ratios=", ".join(ratios)
        )
    ]
    depth = record.layers["gradient"].shape[-1]
    for name, step, layer in zip(
        record.names, record.overflow_step[-1], record.overflow_layer[-1], strict=True
    ):
        if step:
            place = _("the output layer") if layer > depth else _("layer {layer:g}").format(layer=layer)
            told.append(
                _("{name}: overflow in the forward pass of step {step:g}, first in {place}.").format(
                    name=name, step=step, place=place
                )
            )
    return tuple(told)
