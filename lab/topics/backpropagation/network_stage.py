"""What is shown of a look into a network: predicted and true change, and a map of each layer's gradient."""

from collections.abc import Sequence

import numpy as np

from lab.core.events import Event
from lab.core.labels import _
from lab.core.lesson import Context
from lab.core.stage import Panel, Stage
from lab.figures.weights import prediction_curves, weight_map
from lab.topics.backpropagation.network_result import Change, Look
from lab.topics.backpropagation.network_settings import NetworkDisplay, NetworkSettings


def network_stage(
    settings: NetworkSettings,
    display: NetworkDisplay,
    context: Context,
    events: Sequence[Event],
    result: Look | None = None,
) -> Stage:
    """Return the maps of the gradients, and the change of the loss along all weights and along one."""
    if result is None:
        return Stage()
    whole = _("Along the gradient: all weights at once")
    alone = _("Along {weight} alone").format(weight=weight_name(result))
    panels = [
        *_maps(result, display),
        _change_panel("change-all", whole, result.all_weights, result.rate),
        _change_panel("change-one", alone, result.one_weight, result.rate),
    ]
    return Stage(panels, notes=_notes(result))


def weight_name(found: Look) -> str:
    """Return the followed weight in words, such as `w 2←1 of layer 1`."""
    place = found.place
    return _("w {to}←{source} of layer {layer}").format(
        to=place.to + 1, source=place.source + 1, layer=place.layer + 1
    )


def _maps(found: Look, display: NetworkDisplay) -> list[Panel]:
    single = display.averaged == "example"
    gradient = found.example_gradient if single else found.mean_gradient
    whose = _("example {number}").format(number=found.example) if single else _("the mean loss")
    sizes = [float(np.nan_to_num(np.abs(one.weights), posinf=0.0).max()) for one in gradient]
    panels = []
    for number, one in enumerate(gradient):
        place = found.place
        chart = weight_map(
            one.weights,
            x_title=_("From feature") if number == 0 else _("From neuron of layer {n}").format(n=number),
            y_title=_("To neuron"),
            reach=max(sizes) if display.one_scale else sizes[number],
            marked=(place.to, place.source) if number == place.layer else None,
        )
        title = _("Layer {number}: dL/dW of {whose}").format(number=number + 1, whose=whose)
        neurons, inputs = one.weights.shape
        alt = _(
            "{title}: {neurons} rows of {inputs} numbers. The largest size is {size:.3g}, their root mean "
            "square {rms:.3g}."
        ).format(
            title=title,
            neurons=neurons,
            inputs=inputs,
            size=sizes[number],
            rms=float(np.sqrt(np.square(one.weights).mean())),
        )
        panels.append(Panel(f"gradient-{number + 1}", title, alt, chart))
    return panels


def _change_panel(name: str, title: str, change: Change, rate: float) -> Panel:
    chart = prediction_curves(
        change.steps, change.predicted, change.true, chosen=rate, x_title=_("Learning rate (per step)")
    )
    alt = _(
        "{title}: predicted and true change of the loss for learning rates from 0.00001 to 100, both axes "
        "logarithmic; {limits} At the learning rate {rate:g}: {predicted:.4g} predicted, {true:.4g} true."
    ).format(
        title=title,
        limits=limits(change),
        rate=rate,
        predicted=change.predicted_here,
        true=change.true_here,
    )
    return Panel(name, title, alt, chart)


def limits(change: Change) -> str:
    """Return in a sentence up to which learning rate the prediction holds, and the loss falls."""
    holds, falls = change.holds_up_to(), change.falls_up_to()
    if np.isnan(holds):
        return _("there is no slope to predict a fall from.")
    if falls >= change.steps[-1]:
        told = _("the prediction is within 10 % up to a rate of {holds:.2g}; the loss falls at all rates.")
        return told.format(holds=holds)
    told = _("the prediction is within 10 % up to a rate of {holds:.2g}; the loss falls up to {falls:.2g}.")
    return told.format(holds=holds, falls=falls)


def _notes(found: Look) -> tuple[str, ...]:
    told = [
        _("Mean loss {loss:.4f} nats, accuracy {accuracy:.1%}.").format(
            loss=found.loss, accuracy=found.accuracy
        ),
        _("All weights: {limits}").format(limits=limits(found.all_weights)),
        _("{weight}: {limits}").format(weight=weight_name(found), limits=limits(found.one_weight)),
    ]
    if found.overflow:
        told.append(
            _(
                "Epoch {epoch} overflowed (a number above 1e100) and was taken back: these are the weights "
                "before it."
            ).format(epoch=found.overflow)
        )
    return tuple(told)
