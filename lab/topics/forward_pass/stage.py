"""What is shown of the network: the drawing, the matrix product, the spread in each layer, softmax."""

from collections.abc import Sequence

import numpy as np

from lab.core.events import Evaluated, Event, Framed
from lab.core.labels import _
from lab.core.lesson import Context
from lab.core.stage import Panel, Stage
from lab.figures.matrices import Matrix, matrices
from lab.figures.networks import Column, Network, network
from lab.topics.forward_pass.charts import shares, spread
from lab.topics.forward_pass.examples import examples_of
from lab.topics.forward_pass.many import saturation_table, surveyed
from lab.topics.forward_pass.network import activated, passed, predicted
from lab.topics.forward_pass.settings import ACTIVATIONS, OUTPUTS, Display, Settings
from lab.topics.forward_pass.train import Weights, steps_of
from lab.topics.forward_pass.walk import Walk, walk_of

NAMES = {**ACTIVATIONS, **OUTPUTS}


def stage(
    settings: Settings,
    display: Display,
    context: Context,
    events: Sequence[Event],
    result: Weights | None = None,
) -> Stage:
    """Return the view of the newest parameters, for the picked input and step."""
    frames = [event for event in events if isinstance(event, Framed)]
    if not frames:
        return Stage()
    walk = walk_of(settings, display, frames[-1].parameters[0])
    panels = [_network_panel(settings, display, walk), _product_panel(settings, walk)]
    if walk.layers[-1].activation == "softmax":
        panels.append(_softmax_panel(settings, display, walk))
    panels += _spread_panels(settings, walk)
    return Stage(panels, notes=_notes(settings, events))


def output_names(settings: Settings, walk: Walk) -> tuple[str, ...]:
    """Return what each output neuron stands for."""
    examples = examples_of(settings)
    if not examples.classes:
        return (_("prediction"),)
    if len(walk.layers[-1].biases) == 1:
        return (examples.classes[1],)
    return examples.classes


def prediction(settings: Settings, walk: Walk) -> str:
    """Return what the network says about the picked input."""
    said = predicted(settings, walk.passes[-1].outputs)
    classes = examples_of(settings).classes
    return classes[int(said)] if classes else f"{float(said):.4g}"


def _network_panel(settings: Settings, display: Display, walk: Walk) -> Panel:
    step = walk.step
    columns = [Column(_input_title(settings), walk.inputs, np.ones(len(walk.inputs), bool), settings.side)]
    for number, (layer, done) in enumerate(zip(walk.layers, walk.passes, strict=True), start=1):
        reached = walk.reached(number, "activate")
        values = done.outputs.copy()
        if number == step.layer:
            half = walk.reached(number, "sum") & ~reached  # summed, but f is still to come
            values[half] = done.scores[half]
            reached = reached | half
        last = number == len(walk.layers)
        title = _("output") if last else _("layer {number}").format(number=number)
        columns.append(Column(f"{title}<br>{NAMES[layer.activation]}", values, reached))
    words = _said_outputs(settings, walk)
    drawn = Network(
        columns,
        [layer.weights for layer in walk.layers],
        (step.layer, step.neuron),
        words if len(words) > 1 or examples_of(settings).classes else (),
        hidden=not display.ahead,
    )
    return Panel("network", _network_title(walk), _network_alt(settings, walk), network(drawn))


def _input_title(settings: Settings) -> str:
    side = settings.side
    return _("input") + (f"<br>{side}×{side}" if side else "<br>x")


def _said_outputs(settings: Settings, walk: Walk) -> tuple[str, ...]:
    """Return the names of the outputs, the predicted class in bold."""
    names = output_names(settings, walk)
    if len(names) == 1:
        return (f"→ <b>{prediction(settings, walk)}</b>",)
    said = prediction(settings, walk)
    return tuple(f"<b>{name} ◄</b>" if name == said else name for name in names)


def _network_title(walk: Walk) -> str:
    step = walk.step
    if step.layer == 0:
        return _("The network, before the first step")
    what = _("z, the weighted sum") if step.phase == "sum" else _("a = f(z)")
    text = _("Now: layer {layer}, neuron {neuron}: {what}")
    return text.format(layer=step.layer, neuron=step.neuron + 1, what=what)


def _network_alt(settings: Settings, walk: Walk) -> str:
    shapes = ", ".join(str(len(layer.biases)) for layer in walk.layers)
    text = _(
        "A network with {inputs} inputs and layers of {shapes} neurons; each box holds its number, blue "
        "lines are positive weights and broken orange lines negative ones, wide where large. {now}. "
        "It predicts {said}."
    )
    return text.format(
        inputs=len(walk.inputs), shapes=shapes, now=_network_title(walk), said=prediction(settings, walk)
    )


def _product_panel(settings: Settings, walk: Walk) -> Panel:
    """Return W a + b = z of the current layer as cells; for an image, what the current neuron looks at."""
    number = max(walk.step.layer, 1)
    layer, done = walk.layers[number - 1], walk.passes[number - 1]
    neuron = walk.step.neuron if walk.step.layer else 0
    neurons, sources = layer.weights.shape
    if settings.side and number == 1:
        square = (settings.side, settings.side)
        weights = layer.weights[neuron].reshape(square)
        image = done.inputs.reshape(square)
        blocks = [
            Matrix(_("input x"), image, grey=True),
            Matrix(_("weights of neuron {number}").format(number=neuron + 1), weights),
            Matrix(_("each w · x"), weights * image),
        ]
        title = _("What neuron {number} of layer 1 looks at").format(number=neuron + 1)
        alt = _(
            "The image, the weights as an image, and their products; the products and b add up to {z:.4g}."
        )
        return Panel("product", title, alt.format(z=done.scores[neuron]), matrices(blocks))
    blocks = [
        Matrix(f"W<br>{neurons}×{sources}", layer.weights, lit=neuron),
        Matrix(f"· a<br>{sources}", done.inputs[:, None]),
        Matrix(f"+ b<br>{neurons}", layer.biases[:, None], lit=neuron),
        Matrix(f"= z<br>{neurons}", done.scores[:, None], lit=neuron),
    ]
    title = _("Layer {number} as a matrix product").format(number=number)
    alt = _(
        "The matrix W of {neurons} rows and {sources} columns, times the column a, plus b, gives z; "
        "row {row} is framed and gives {z:.4g}."
    )
    said = alt.format(neurons=neurons, sources=sources, row=neuron + 1, z=done.scores[neuron])
    return Panel("product", title, said, matrices(blocks))


def _softmax_panel(settings: Settings, display: Display, walk: Walk) -> Panel:
    scores = walk.passes[-1].scores
    heated = activated("softmax", scores / display.temperature)
    names = output_names(settings, walk)
    chart = shares(names, walk.passes[-1].outputs, heated, display.temperature)
    alt = _("Bars of the softmax shares: the largest is {plain:.1%} at T = 1 and {heated:.1%} at T = {t:g}.")
    said = alt.format(plain=walk.passes[-1].outputs.max(), heated=heated.max(), t=display.temperature)
    return Panel("softmax", _("Softmax at two temperatures"), said, chart)


def _spread_panels(settings: Settings, walk: Walk) -> list[Panel]:
    passes = passed(walk.layers, surveyed(settings))
    table = saturation_table(settings, walk.layers)
    listed = ", ".join(
        f"{name} {share:.0f} %" for name, share in zip(table["layer"], table["saturated (%)"], strict=True)
    )
    text = _("Histograms of {what} in every layer, over {count} examples. Saturated shares: {listed}.")
    count = len(surveyed(settings))
    before = spread([done.scores for done in passes], _("Weighted sum z"))
    after = spread([done.outputs for done in passes], _("Activation a"))
    return [
        Panel("scores", _("z over the data set"), text.format(what="z", count=count, listed=listed), before),
        Panel("outputs", _("a over the data set"), text.format(what="a", count=count, listed=listed), after),
    ]


def _notes(settings: Settings, events: Sequence[Event]) -> tuple[str, ...]:
    """Return how well the network predicts what it has not been trained on; edits are not counted."""
    scores = next((event.scores for event in events if isinstance(event, Evaluated)), {})
    how = _("Trained for {steps} steps.").format(steps=steps_of(settings))
    how = how if steps_of(settings) else _("Not trained.")
    if "test_accuracy" in scores:
        share = scores["test_accuracy"][0]
        return (
            how,
            _("Before any edit, {share:.1%} of the held-back examples are right.").format(share=share),
        )
    if "test_loss" in scores:
        loss = scores["test_loss"][0]
        return (how, _("Before any edit, the mean squared error held back is {loss:.3g}.").format(loss=loss))
    return (how,)
