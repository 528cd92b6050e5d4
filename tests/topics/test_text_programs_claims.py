"""Every claim in the texts of Programs from the texts, asserted on the run it speaks of."""

from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from lab.core.events import Done, Evaluated
from lab.core.lesson import Context
from lab.curriculum import experiment
from lab.data.breast_cancer import breast_cancer
from lab.data.digits import digits
from lab.models.first_weights import with_first_weights
from lab.topics.text_programs import (
    CONVOLUTION,
    DENSE,
    NOISE,
    SOFTMAX,
    SQUARE,
    TUMOURS,
    convolution,
    dense,
    images,
    noise,
    softmax,
    square,
    tumours,
)
from lab.topics.text_programs.programs import last_median
from lab.training.loop import accuracy
from tests.topics.printed_programs import TEXT_2_END, TEXT_5

PROSE = Path(__file__).parents[2] / "lab" / "text" / "en"


@cache
def _run(name: str, key: str) -> Any:
    one: Any = experiment(name)
    *events, done = one.train(one.settings.model_validate_json(key), Context())
    assert isinstance(done, Done)
    return events, done.result


def run(one, **values):
    return _run(one.name, one.settings(**values).key())


def median(score, one, **values):
    return last_median(run(one, **values)[1].history, score)


def count(model: torch.nn.Module) -> int:
    return sum(one.numel() for one in model.parameters())


def test_how_many_numbers_each_network_learns():
    assert count(noise.network(10, 128)) == 18_178
    assert count(softmax.tensorflow_network()) == 6_570
    assert count(softmax.pytorch_network(softmax=True)) == 2_410
    assert count(dense.Net(128, 64)) == 109_386
    cnn: Any = convolution.network(32, 128)
    assert count(cnn) == 225_034
    convolutions = [layer for layer in cnn if isinstance(layer, torch.nn.Conv2d)]
    assert sum(map(count, convolutions)) == 18_816
    first_dense = next(layer for layer in cnn if isinstance(layer, torch.nn.Linear))
    assert (count(first_dense), first_dense.in_features) == (204_928, 1600)
    assert pytest.approx(2, abs=0.1) == 225_034 / 109_386
    sizes = [cnn[: place + 1](torch.zeros(1, 1, 28, 28)).shape[-1] for place in (0, 2, 3, 5)]
    assert sizes == [26, 13, 11, 5]


@pytest.mark.parametrize("seed", [1, 2])
def test_random_labels_and_even_or_odd(seed):
    random = {part: median(f"random_{part}_accuracy", NOISE, noise_seed=seed) for part in noise.SETS}
    assert random["train"] == pytest.approx(0.60, abs=0.03)
    assert random["held"] == pytest.approx(0.50, abs=0.06)
    assert random["all"] == pytest.approx(0.59, abs=0.03)
    assert median("parity_held_accuracy", NOISE, noise_seed=seed) == pytest.approx(0.96, abs=0.02)


def test_even_or_odd_by_the_words_of_the_text():
    words = {"noise_optimizer": "sgd", "noise_rate": 0.01}
    assert median("parity_held_accuracy", NOISE, **words) == pytest.approx(0.88, abs=0.03)


def test_random_labels_learned_by_heart():
    settings = noise.NoiseSettings(noise_epochs=150)
    events = list(noise.one_run(settings, "random", 1000))
    last = [event for event in events if isinstance(event, Evaluated)][-1].scores
    assert last["train_accuracy"][0] > 0.95
    assert last["all_accuracy"][0] > 0.90
    assert last["held_accuracy"][0] == pytest.approx(0.5, abs=0.1)
    assert last["held_loss"][0] / np.log(2) == pytest.approx(2, abs=0.4)


def lines_by_hand(seeds):
    """Return the errors of text 2's networks after its 1,000 epochs, as shares of their best lines'.

    All networks at once, in double precision, by Kingma and Ba's formulas; and the products of their first
    two weights.
    """
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    x = np.stack([torch.rand(100, 1, generator=one).double().numpy()[:, 0] for one in generators])
    models: Any = [with_first_weights(square.two_linear_neurons, "keras", one) for one in generators]
    slopes = [np.array([model[layer].weight.item() for model in models])[:, None] for layer in (0, 1)]
    (w1, w2), first = slopes, (slopes[0] * slopes[1])[:, 0]
    b1, b2 = np.zeros_like(w1), np.zeros_like(w1)
    mean, spread, count = np.zeros((4, len(x), 1)), np.zeros((4, len(x), 1)), 0
    for _epoch in range(1000):
        order = np.stack([torch.randperm(100, generator=one).numpy() for one in generators])
        for some in np.split(np.take_along_axis(x, order, 1), [32, 64, 96], axis=1):
            count, hidden = count + 1, w1 * some + b1
            error = 2 * (w2 * hidden + b2 - some**2) / some.shape[1]
            parts = (error * some * w2, error * w2, error * hidden, error)
            gradient = np.stack([part.sum(axis=1, keepdims=True) for part in parts])
            mean, spread = 0.9 * mean + 0.1 * gradient, 0.999 * spread + 0.001 * gradient**2
            step = mean / (1 - 0.9**count) / (np.sqrt(spread / (1 - 0.999**count)) + 1e-7)
            w1, b1, w2, b2 = (one - 0.001 * by for one, by in zip((w1, b1, w2, b2), step, strict=True))
    error = ((w2 * (w1 * x + b1) + b2 - x**2) ** 2).mean(axis=1)
    best = [np.mean((np.polyval(np.polyfit(row, row**2, 1), row) - row**2) ** 2) for row in x]
    return error / best, first


def test_of_a_hundred_linear_networks_nine_in_ten_reach_the_line():
    shares, first = lines_by_hand(range(1000, 1100))
    assert np.mean(shares < 1.03) == pytest.approx(0.9, abs=0.03)
    assert (shares > 1 - 1e-9).all()
    assert (first[shares >= 1.03] < 0).all()
    assert np.argmin(first[:3]) == np.argmax(shares[:3]) == 0
    assert first[0] < -2


@pytest.mark.slow
def test_a_line_for_a_parabola():
    events, result = run(SQUARE)
    best = last_median(result.history, "line_best_line")
    last = [event for event in events if isinstance(event, Evaluated)][-1].scores
    assert (last["line_loss"] < 1.03 * last["line_best_line"]).tolist() == [False, True, True]
    assert (last["line_loss"] > 0.999 * last["line_best_line"]).all()
    assert last_median(result.history, "tanh_loss") < best / 100
    assert last_median(result.history, "line_loss") < 1.03 * best
    by_hand, _first = lines_by_hand(range(1000, 1003))
    np.testing.assert_allclose(last["line_loss"] / last["line_best_line"], by_hand, rtol=0.01)


def after_a_thousand_epochs(kind, seed, **values):
    """Return the error of a network, as a share of its best line's."""
    events = square.one_run(square.SquareSettings(**values), kind, seed)
    last = [event for event in events if isinstance(event, Evaluated)][-1].scores
    return float(last["loss"][0] / last["best_line"][0])


def test_tanh_needs_its_rate():
    assert after_a_thousand_epochs("tanh", 1001, square_tanh_rate=0.001) == pytest.approx(0.48, abs=0.02)


@pytest.mark.parametrize("seed", [1000, 1001, 1002])
def test_sgd_brings_all_three_to_the_line(seed):
    assert after_a_thousand_epochs("line", seed, square_optimizer="sgd", square_rate=0.01) < 1.03


def test_the_last_lines_of_text_2_print_a_hundred_errors(capsys):
    def mean_squared_error(true, told):
        """Average over the last axis, as Keras' documentation has it."""
        return SimpleNamespace(numpy=lambda: np.square(true - told).mean(axis=-1))

    keras = SimpleNamespace(metrics=SimpleNamespace(mean_squared_error=mean_squared_error))
    x = np.random.default_rng(0).random((100, 1))
    exec(TEXT_2_END, {"tf": SimpleNamespace(keras=keras), "y": x**2, "predictions": x - 1 / 6})
    printed = [float(number) for number in capsys.readouterr().out.strip("[]\n").split()]
    np.testing.assert_allclose(printed, ((x - 1 / 6 - x**2) ** 2)[:, 0], rtol=1e-6)
    assert f"{square.LEAST_LOSS:.5f}" in (PROSE / "text_programs_square.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("seed", [1, 2])
def test_one_network_in_two_libraries(seed):
    right = {one: median(f"{one}_test_accuracy", SOFTMAX, softmax_seed=seed) for one in softmax.VARIANTS}
    assert right["keras"] == pytest.approx(0.97, abs=0.01)
    assert right["printed"] == pytest.approx(0.18, abs=0.04)
    assert right["single"] == pytest.approx(right["printed"], abs=0.05)
    assert right["batches"] == pytest.approx(0.94, abs=0.01)
    assert median("printed_test_loss", SOFTMAX, softmax_seed=seed) == pytest.approx(2.3, abs=0.02)


def test_a_softmax_too_many_costs_points():
    long = {"softmax_epochs": 100, "softmax_networks": 3, "softmax_batch": 1000}  # these two take no batches
    assert median("printed_test_accuracy", SOFTMAX, **long) == pytest.approx(0.63, abs=0.03)
    assert median("single_test_accuracy", SOFTMAX, **long) == pytest.approx(0.86, abs=0.02)
    assert median("printed_test_loss", SOFTMAX, **long) > 1.461
    assert pytest.approx(1.461, abs=5e-4) == softmax.LEAST_LOSS
    assert np.log(10) == pytest.approx(2.303, abs=5e-4)
    small = digits(8)
    assert (len(small.train_labels), len(small.test_labels)) == (1437, 360)
    assert 10 * -(-1437 // 32) == 450


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_is_95_percent_good(seed):
    _events, result = run(TUMOURS, tumour_seed=seed)
    at_half, at_tenth = (
        {name: float(np.median(values)) for name, values in tumours.scores_of_test(result, at).items()}
        for at in (0.5, 0.1)
    )
    assert at_half["accuracy"] == pytest.approx(0.94, abs=0.02)
    assert at_half["precision"] > 0.9
    assert at_half["recall"] < 0.95
    assert at_tenth["recall"] >= 0.95
    assert at_tenth["precision"] < at_half["precision"]
    assert at_half["area"] == pytest.approx(0.99, abs=0.01)
    raw = median("test_accuracy", TUMOURS, tumour_seed=seed, tumour_standard=False)
    assert raw <= at_half["accuracy"] - 0.1


@pytest.mark.parametrize("seed", [1, 2])
def test_tumours_longer(seed):
    _events, result = run(TUMOURS, tumour_epochs=100, tumour_seed=seed)
    at = result.history.groupby("epoch").median()
    assert at["train_accuracy"][100] > 0.98
    assert at["test_accuracy"][100] == pytest.approx(at["test_accuracy"][10], abs=0.02)
    assert at["test_loss"][100] > 1.1 * at["test_loss"].min()
    assert at["train_loss"][100] < at["train_loss"][10]


def test_the_table_of_tumours():
    table: Any = breast_cancer()
    assert (len(table), int(table["malignant"].sum())) == (569, 212)
    assert 1 - table["malignant"].mean() == pytest.approx(0.63, abs=0.005)
    assert table["area"].mean() == pytest.approx(655, abs=0.5)
    assert table["smoothness"].mean() == pytest.approx(0.1, abs=0.005)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_95_percent_in_five_epochs(seed):
    events, result = run(CONVOLUTION, convolution_epochs=5, convolution_seed=seed)
    right = {
        event.epoch: event.scores["test_accuracy"][0] for event in events if isinstance(event, Evaluated)
    }
    assert right[1] == pytest.approx(0.92, abs=0.02)
    assert 0.95 <= right[5] <= 0.97
    assert images.first_to_reach(events, 0.95) <= 5
    assert last_median(result.history, "train_accuracy") >= 0.98


@pytest.mark.parametrize("seed", [1, 2])
def test_how_far_three_layers_get(seed):
    assert median("test_accuracy", DENSE, dense_seed=seed) >= 0.91
    assert median("test_accuracy", DENSE, dense_seed=seed) == pytest.approx(0.92, abs=0.01)
    assert median("train_accuracy", DENSE, dense_seed=seed) == pytest.approx(0.99, abs=0.008)


def test_too_few_steps_for_three_layers():
    assert median("test_accuracy", DENSE, dense_batch=1000) < 0.9


def test_pixels_from_0_to_1_cost_a_point():
    (learned, labels), (held_back, truth) = images.examples(standard=False)
    right = []
    for seed in (2000, 2001, 2002):
        generator = torch.Generator().manual_seed(seed)
        net = with_first_weights(lambda: dense.Net(128, 64), "torch", generator)
        for _loss in dense.program(net, learned.flatten(1), labels, dense.DenseSettings(), generator):
            pass
        with torch.no_grad():
            right.append(accuracy(net(held_back.flatten(1)), truth).item())
    assert np.median(right) < 0.91
    assert median("test_accuracy", DENSE, dense_seed=2) - np.median(right) == pytest.approx(0.01, abs=0.005)


def test_text_5_stops_where_its_network_was_never_made():
    made: dict[str, Any] = {}
    with pytest.raises(NameError, match="name 'net' is not defined"):
        exec(TEXT_5, made)
    assert {"Net", "criterion"} <= made.keys()
    assert "optimizer" not in made
    mended = TEXT_5.replace("\noptimizer =", "\nnet = Net()\noptimizer =")
    with pytest.raises(NameError, match="name 'train_loader' is not defined"):
        exec(mended, {})
    made = {"train_loader": [(torch.zeros(2, 784), torch.tensor([1, 2]))]}
    exec(mended, made)
    assert (made["epoch"], count(made["net"])) == (9, 109_386)
    assert "test" not in TEXT_5
