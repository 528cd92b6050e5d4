"""The browser computes the same networks as PyTorch and numpy."""

import base64
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

pytestmark = pytest.mark.browser

ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "tanh": torch.tanh,
    "relu": functional.relu,
    "leaky_relu": functional.leaky_relu,
    "sigmoid": torch.sigmoid,
    "gelu": functional.gelu,
    "linear": lambda scores: scores,
}
OUTPUTS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "linear": lambda scores: scores,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softmax": lambda scores: functional.softmax(scores, dim=1),
}
FEATURES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "x1": lambda a, b: a,
    "x2": lambda a, b: b,
    "x1^2": lambda a, b: a**2,
    "x2^2": lambda a, b: b**2,
    "x1x2": lambda a, b: a * b,
    "sin x1": lambda a, b: np.sin(a),
    "sin x2": lambda a, b: np.sin(b),
}
AXES = [
    {"name": "a", "extent": [-3, 5], "center": 1.5, "scale": 2.0},
    {"name": "b", "extent": [0, 1], "center": 0.25},
]

FORWARD = """async ({network, parameters, x, y}) => {
  const {layersAt} = await import("/assets/record.js");
  const {activations, featureColumns} = await import("/assets/forward.js");
  const {floats} = await import("/assets/encoding.js");
  network.moments = {parameters: floats(parameters)};
  const all = activations(network, layersAt(network, 1), featureColumns(network, x, y));
  return all.map(columns => columns.map(column => Array.from(column)));
}"""


def features_of(inputs: list[str], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    first, second = (x - 1.5) / 2.0, y - 0.25
    return np.stack([FEATURES[name](first, second) for name in inputs], axis=1)


def reference(network: dict[str, Any], flat: np.ndarray, features: np.ndarray) -> list[np.ndarray]:
    """Values of every column of neurons, by torch in float64 on float32 parameters."""
    sizes = [len(network["inputs"]), *network["hidden"], network["outputs"]]
    values, start = [torch.from_numpy(features)], 0
    for depth, (a, b) in enumerate(itertools.pairwise(sizes)):
        weights = torch.from_numpy(flat[start : start + a * b].astype(float).reshape(a, b))
        biases = torch.from_numpy(flat[start + a * b : start + a * b + b].astype(float))
        start += a * b + b
        last = depth == len(sizes) - 2
        function = OUTPUTS[network["output"]] if last else ACTIVATIONS[network["activation"]]
        values.append(function(values[-1] @ weights + biases))
    return [value.numpy() for value in values]


def parameters_of(decoded: str, moment: int, count: int) -> np.ndarray:
    flat = np.frombuffer(base64.b64decode(decoded), "<f4")
    return flat[moment * count : (moment + 1) * count]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_neuron_equals_torch(harness: Any, activation: str) -> None:
    random = np.random.default_rng(3)
    x, y = random.uniform(-3, 5, 40), random.uniform(0, 1, 40)
    for output, hidden in itertools.product(OUTPUTS, ([], [3], [5, 4, 3])):
        network = {
            "inputs": list(FEATURES),
            "hidden": hidden,
            "outputs": 3,
            "activation": activation,
            "output": output,
            "axes": AXES,
        }
        sizes = [7, *hidden, 3]
        count = sum((a + 1) * b for a, b in itertools.pairwise(sizes))
        flat = random.normal(0, 1.5, (2, count)).astype("<f4")
        call = {"network": network, "x": x.tolist(), "y": y.tolist()}
        found = harness.page.evaluate(
            FORWARD, {**call, "parameters": base64.b64encode(flat.tobytes()).decode()}
        )
        expected = reference(network, flat[1], features_of(network["inputs"], x, y))
        for mine, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(np.array(mine).T, theirs, rtol=1e-9, atol=1e-9)


def test_error_function_is_good_to_1e_9(harness: Any) -> None:
    points = np.concatenate([np.linspace(-7, 7, 4001), [0.0, -0.0, 5.9999999, 6.0, 1e-12]])
    script = """async x => { const {erf} = await import("/assets/forward.js"); return x.map(erf); }"""
    found = harness.page.evaluate(script, points.tolist())
    np.testing.assert_allclose(found, [math.erf(x) for x in points], rtol=0, atol=1e-9)


def test_huge_scores_stay_finite_and_nan_stays_nan(harness: Any) -> None:
    script = """async () => {
      const {ACTIVATIONS, outputs} = await import("/assets/forward.js");
      const layer = {weights: [1, -1], biases: [1000, -1000], outputs: 2};
      const soft = outputs({output: "softmax"}, [layer], [new Float64Array([5, NaN])]);
      const extremes = [-1e4, 1e4].map(z => ACTIVATIONS.sigmoid(z));
      const lost = Object.values(ACTIVATIONS).map(f => Number.isNaN(f(NaN)));
      return {soft: soft.map(column => [column[0], Number.isNaN(column[1])]), extremes, lost};
    }"""
    assert harness.page.evaluate(script) == {
        "soft": [[1, True], [0, True]],
        "extremes": [0, 1],
        "lost": [True] * 6,
    }


def grid_of(network: dict[str, Any], count: int) -> np.ndarray:
    """Points at the centres of count x count cells, row by row from the bottom."""
    low, high = network["axes"][0]["extent"]
    along = low + (np.arange(count) + 0.5) * (high - low) / count
    return np.stack([np.tile(along, count), np.repeat(along, count)], axis=1)


def test_map_shows_the_output_over_the_plane_at_the_shown_moment(harness: Any, message: Any) -> None:
    known = message([4, 2], ["x1", "x2"])
    network = known["network"]
    harness.show(known)
    for moment in (11, 3):
        harness.page.get_by_role("slider").fill(str(moment))
        harness.settle()
        script = (
            "() => document.querySelector('.stage-map .stage-plot').data[0].z.map(row => Array.from(row))"
        )
        found = np.array(harness.page.evaluate(script))
        flat = parameters_of(network["moments"]["parameters"], moment, 25)
        expected = reference(network, flat, grid_of(network, 100))[-1].reshape(100, 100)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_thumbnails_show_each_neuron_with_the_first_row_on_top(harness: Any, message: Any) -> None:
    known = message([4, 2], ["x1", "x2"])
    harness.show(known)
    script = """() => [...document.querySelectorAll(".stage-neuron")].map(button =>
      Array.from(button.querySelector("canvas").getContext("2d").getImageData(0, 0, 24, 24).data))"""
    found = np.array(harness.page.evaluate(script)).reshape(9, 24, 24, 4)
    flat = parameters_of(known["network"]["moments"]["parameters"], 11, 25)
    columns = reference(known["network"], flat, grid_of(known["network"], 24))
    columns[0] = columns[0] / np.abs(columns[0]).max(axis=0)  # an input is shown on its own scale
    values = np.concatenate(columns, axis=1).T.reshape(9, 24, 24)[:, ::-1]
    stops = np.array([[0xD9, 0x73, 0x0D], [0xEF, 0xF1, 0xF3], [0x0B, 0x6F, 0xB8]], float)
    expected = np.stack([np.interp(values, [-1, 0, 1], stops[:, c]) for c in range(3)], axis=-1)
    assert np.abs(found[..., :3] - expected).max() <= 2  # 256 colours


READINGS = """async ({network, columns}) => {
  const {readings} = await import("/assets/surface.js");
  const {heights, colours, text} = readings(network, columns.map(c => Float64Array.from(c)));
  return {heights: Array.from(heights), colours: Array.from(colours), text: text?.(0)};
}"""


@pytest.mark.parametrize(
    ("network", "columns", "heights"),
    [
        ({"output": "tanh"}, [[-0.2, 0.5]], [-0.2, 0.5]),
        ({"output": "tanh", "discretize": True}, [[-0.2, 0.5]], [-1, 1]),
        ({"output": "sigmoid", "discretize": True}, [[0.4, 0.5]], [0, 1]),
        ({"output": "softmax"}, [[0.7], [0.3]], [0.3]),
        ({"output": "linear"}, [[0.5], [0.75]], [0.25]),
        ({"output": "linear", "task": "regression", "range": [0, 9], "discretize": True}, [[3.25]], [3.25]),
    ],
)
def test_readings_of_two_classes_and_of_values(
    harness: Any, network: Any, columns: Any, heights: Any
) -> None:
    call = {"network": {"task": "classification", **network}, "columns": columns}
    assert harness.page.evaluate(READINGS, call)["heights"] == pytest.approx(heights)


def test_three_classes_are_coloured_by_the_likeliest_and_its_certainty(harness: Any) -> None:
    network = {"task": "classification", "output": "softmax", "outputs": 3, "classes": ["a", "b", "c"]}
    columns = [[0.2, 1 / 3, 1.0], [0.6, 1 / 3, 0.0], [0.2, 1 / 3, 0.0]]
    found = harness.page.evaluate(READINGS, {"network": network, "columns": columns})
    assert found["heights"] == pytest.approx([0.6, 1 / 3, 1.0])
    assert found["colours"] == pytest.approx([1 + 0.4, 0, 0.999])
    assert found["text"] == "b 0.600"
    rounded = harness.page.evaluate(
        READINGS, {"network": {**network, "discretize": True}, "columns": columns}
    )
    assert rounded["colours"] == pytest.approx([1.999, 0.999, 0.999])
