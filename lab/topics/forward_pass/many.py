"""Many examples at once: the batch as one matrix product, its cost, and how saturated the layers are."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float64

from lab.core.labels import _
from lab.topics.forward_pass.examples import examples_of, is_drawn
from lab.topics.forward_pass.network import Layer, passed, saturated
from lab.topics.forward_pass.settings import Display, Settings
from lab.topics.forward_pass.walk import Walk

MOST_SURVEYED = 500


def batch_inputs(settings: Settings, display: Display, walk: Walk) -> Float64[np.ndarray, "example feature"]:
    """Return B rows: the picked input, with its edits, and the examples that follow it in the data set."""
    examples = examples_of(settings)
    first = -1 if is_drawn(settings, display) else examples.row(display.example)
    rows = (first + 1 + np.arange(display.batch - 1)) % len(examples.targets)
    return np.concatenate([walk.inputs[None], examples.inputs[rows]])


def batch_table(
    settings: Settings, display: Display, walk: Walk, layer: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the scores and the outputs of a layer, from 1, for B examples; a row for each."""
    done = passed(walk.layers, batch_inputs(settings, display, walk))[layer - 1]
    return _frame("z", done.scores), _frame("a", done.outputs)


def _frame(letter: str, values: Float64[np.ndarray, "example neuron"]) -> pd.DataFrame:
    names = [f"{letter}{neuron}" for neuron in range(1, values.shape[1] + 1)]
    frame = pd.DataFrame(values, columns=pd.Index(names))
    frame.insert(0, _("example of the batch"), np.arange(1, len(values) + 1))
    return frame


def cost_table(layers: Sequence[Layer], batch: int) -> pd.DataFrame:
    """Return shapes, parameters and multiplications of every layer, and their totals.

    Multiplications are those of the matrix product for all examples of the batch: B · n_out · n_in.

    Example:
        >>> two = Layer(np.zeros((3, 2)), np.zeros(3), "tanh")
        >>> cost_table([two], batch=5)["multiplications"].tolist()
        [30, 30]
    """
    rows = []
    for number, layer in enumerate(layers, start=1):
        neurons, sources = layer.weights.shape
        rows.append(
            {
                "layer": _("output") if number == len(layers) else str(number),
                "A before": f"{batch}×{sources}",
                "W": f"{neurons}×{sources}",
                "b": f"{neurons}",
                "A after": f"{batch}×{neurons}",
                "parameters": neurons * sources + neurons,
                "multiplications": batch * neurons * sources,
            }
        )
    sums = {name: sum(row[name] for row in rows) for name in ("parameters", "multiplications")}
    return pd.DataFrame([*rows, {"layer": _("total"), **sums}]).fillna("")


def surveyed(settings: Settings) -> Float64[np.ndarray, "example feature"]:
    """Return the inputs over which saturation is measured: the first 500 of the data set, at most."""
    return examples_of(settings).inputs[:MOST_SURVEYED]


def saturation_table(settings: Settings, layers: Sequence[Layer]) -> pd.DataFrame:
    """Return, for every layer, the spread of z and a over the data set and the share of saturated neurons."""
    rows = []
    for number, (layer, done) in enumerate(zip(layers, passed(layers, surveyed(settings)), strict=True), 1):
        flat = saturated(layer.activation, done.scores)
        rows.append(
            {
                "layer": _("output") if number == len(layers) else str(number),
                "f": layer.activation,
                "mean of z": done.scores.mean(),
                "spread of z": done.scores.std(),
                "spread of a": done.outputs.std(),
                "saturated (%)": 100 * flat.mean(),
                "saturated on every example": int(flat.all(axis=0).sum()),
            }
        )
    return pd.DataFrame(rows)
