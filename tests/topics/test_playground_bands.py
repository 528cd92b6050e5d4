"""Our engine at TensorFlow Playground's defaults learns as its own engine does.

The bands are the 10th and 90th percentiles of the test loss over 20 seeds of that engine, run on its own
code; for gauss and plane, where almost all seeds agree, its medians give or take rounding and a factor of 2.
Each of our 20 networks has its own data, first weights and a fixed order of examples, as there.
"""

import numpy as np
import pytest
import torch

from lab.data.points import FEATURES, features, points
from lab.training.ensemble import Architecture, Ensemble, Recipe

SEEDS = range(20)
TWO, SEVEN = ("x1", "x2"), tuple(FEATURES)


def final_losses(name, hidden, chosen, epochs):
    """Return each network's test loss, half squared error, after `epochs` epochs."""
    sets = [points(name, seed=seed) for seed in SEEDS]
    classes = bool(sets[0].classes)

    def inputs(part):
        stacked = [features(getattr(one, f"{part}_inputs"), chosen) for one in sets]
        return torch.tensor(np.stack(stacked), dtype=torch.float32)

    def targets(part):
        values = np.stack([getattr(one, f"{part}_targets") for one in sets])[..., None]
        return torch.tensor(2 * values - 1 if classes else values, dtype=torch.float32)

    architecture = Architecture(
        inputs=len(chosen),
        hidden=hidden,
        outputs=1,
        activation="tanh",
        output="tanh" if classes else "linear",
    )
    ensemble = Ensemble(architecture, Recipe(learning_rate=0.03), list(SEEDS))
    train = inputs("train"), targets("train")
    order = torch.arange(train[0].shape[1])
    for _epoch in range(epochs):
        ensemble.epoch(*train, order, batch_size=10)
    return ensemble.losses(inputs("test"), targets("test")).numpy()


@pytest.mark.parametrize(
    ("name", "hidden", "chosen", "epochs", "low", "high"),
    [
        ("circle", (4, 2), TWO, 500, 0.0009, 0.0041),
        ("xor", (4, 2), TWO, 500, 0.0010, 0.0858),
        ("gauss", (4, 2), TWO, 100, 0.00025, 0.001),
        ("spiral", (4, 2), TWO, 500, 0.441, 0.516),
        ("spiral", (8, 8, 8), SEVEN, 500, 0.0040, 0.0861),
        ("plane", (4, 2), TWO, 100, 0.0002, 0.0008),
        ("multi_gauss", (4, 2), TWO, 500, 0.0162, 0.0206),
    ],
)
def test_the_median_of_twenty_seeds_is_inside_the_band(name, hidden, chosen, epochs, low, high):
    median = float(np.median(final_losses(name, hidden, chosen, epochs)))
    assert low <= median <= high
