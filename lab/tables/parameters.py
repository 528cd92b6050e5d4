"""The weights and biases of a multi-layer perceptron, counted and listed."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from jaxtyping import Float


def parameter_table(sizes: Sequence[int]) -> pd.DataFrame:
    """Return one row per layer, then the total: shapes and counts of W and b.

    Args:
        sizes: number of features, neurons of each hidden layer, neurons of the output layer.

    Example:
        >>> parameter_table([2, 4, 1])["parameters"].tolist()
        [12, 5, 17]
    """
    rows = [
        {
            "layer": f"hidden {number}" if number < len(sizes) - 1 else "output",
            "W shape": f"{outs} x {ins}",
            "weights": outs * ins,
            "b shape": f"{outs}",
            "biases": outs,
            "parameters": outs * ins + outs,
        }
        for number, (ins, outs) in enumerate(pairwise(sizes), start=1)
    ]
    total = {name: sum(int(row[name]) for row in rows) for name in ("weights", "biases", "parameters")}
    return pd.DataFrame([*rows, {"layer": "total", "W shape": "", "b shape": "", **total}])


def weight_table(sizes: Sequence[int], parameters: Float[np.ndarray, " parameter"]) -> pd.DataFrame:
    """Return every parameter of one network: layer, from, to and value.

    Args:
        sizes: as for `parameter_table`.
        parameters: layer by layer, the weights [from, to] row by row, then the biases.
    """
    rows = []
    for layer, (ins, outs) in enumerate(pairwise(sizes), start=1):
        for source in range(ins):
            rows += [(layer, str(source + 1), target + 1) for target in range(outs)]
        rows += [(layer, "bias", target + 1) for target in range(outs)]
    table = pd.DataFrame(rows, columns=["layer", "from", "to"])
    return table.assign(value=np.asarray(parameters, np.float64))


def index_of(sizes: Sequence[int], layer: int, source: int, target: int) -> int:
    """Return where a parameter stands in the vector of all.

    Args:
        sizes: as for `parameter_table`.
        layer: the layer it leads to, from 0.
        source: the neuron or feature it comes from, from 0; -1 for the bias.
        target: the neuron it leads to, from 0.

    Raises:
        IndexError: the network has no such parameter.

    Example:
        >>> index_of([2, 4, 1], layer=1, source=-1, target=0)
        16
    """
    if not (0 <= layer < len(sizes) - 1 and -1 <= source < sizes[layer] and 0 <= target < sizes[layer + 1]):
        raise IndexError(f"no weight from {source} to {target} of layer {layer} in {list(sizes)}")
    before = sum((ins + 1) * outs for ins, outs in pairwise(sizes[: layer + 1]))
    ins, outs = sizes[layer], sizes[layer + 1]
    return before + (ins if source < 0 else source) * outs + target


def place_of(sizes: Sequence[int], index: int) -> tuple[int, int, int]:
    """Return (layer, source or -1, target) of a parameter; the inverse of `index_of`.

    Example:
        >>> place_of([2, 4, 1], 16)
        (1, -1, 0)
    """
    left = index
    for layer, (ins, outs) in enumerate(pairwise(sizes)):
        if left < (ins + 1) * outs:
            source, target = divmod(left, outs)
            return layer, (-1 if source == ins else source), target
        left -= (ins + 1) * outs
    raise IndexError(f"no parameter {index} in {list(sizes)}")
