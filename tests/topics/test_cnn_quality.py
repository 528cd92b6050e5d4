"""How good the networks are: scikit-learn's numbers, closed cases, and the claims of the text."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support
from torch.utils.flop_counter import FlopCounterMode

from lab.core.events import Done
from lab.core.lesson import Context
from lab.topics.cnn.display import Display
from lab.topics.cnn.images import images_of
from lab.topics.cnn.quality import (
    Answers,
    answers_of,
    calibration,
    class_table,
    layer_table,
    network_table,
)
from lab.topics.cnn.quality_stage import mistake_at, quality_stage
from lab.topics.cnn.settings import Settings
from lab.topics.cnn.train import network_of, train

SEEDS = (1, 2, 3)


def trained(**chosen: Any) -> tuple[Settings, Any]:
    settings = Settings(**chosen)
    *_events, done = train(settings, Context())
    assert isinstance(done, Done)
    return settings, done.result


@pytest.fixture(scope="module")
def plain():
    return [trained(seed=seed) for seed in SEEDS]


def test_answers_are_those_of_the_network(plain):
    settings, result = plain[0]
    with torch.no_grad():
        scores = network_of(result)(images_of(settings, Context()).test)
    answers = answers_of(result)
    np.testing.assert_allclose(answers.probabilities, scores.softmax(dim=1), atol=1e-5)
    assert answers.accuracy == pytest.approx(
        (scores.argmax(1) == images_of(settings, Context()).test_labels).double().mean().item()
    )


def test_matrix_precision_and_recall_are_scikit_learns(plain):
    for _settings, result in plain:
        for network in (0, 1):
            answers = answers_of(result, network)
            theirs = confusion_matrix(answers.labels, answers.answers)
            np.testing.assert_array_equal(answers.counts(), theirs)
            scores: Any = precision_recall_fscore_support(answers.labels, answers.answers)
            table: Any = class_table(answers)
            for name, values in zip(("precision", "recall", "F1", "images"), scores, strict=True):
                np.testing.assert_allclose(table[name], values)


def answers_with(sure, right):
    """Return answers of which each is `sure`, and right or not."""
    probabilities = np.tile(((1 - np.asarray(sure)) / 9)[:, None], (1, 10))
    probabilities[:, 4] = sure
    labels = np.where(right, 4, 5)
    return Answers(labels, probabilities.argmax(axis=1), probabilities)


def test_calibration_of_closed_cases():
    honest = calibration(answers_with([0.75] * 4, [True, True, True, False]))
    assert honest.error == pytest.approx(0)
    assert honest.count.tolist() == [0, 0, 0, 0, 0, 0, 0, 4, 0, 0]
    assert calibration(answers_with([1.0] * 4, [True, False, False, False])).error == pytest.approx(0.75)
    mixed = calibration(answers_with([0.95, 0.95, 0.55, 0.55], [True, True, False, True]))
    assert mixed.error == pytest.approx((2 * 0.05 + 2 * 0.05) / 4)


@given(st.lists(st.tuples(st.floats(0.2, 1), st.booleans()), min_size=1, max_size=40))
def test_calibration_is_the_formula(cases):
    sure, right = map(np.array, zip(*cases, strict=True))
    error = 0.0
    for low in range(10):
        inside = [place for place, value in enumerate(sure) if min(int(value * 10), 9) == low]
        if inside:
            error += len(inside) / len(sure) * abs(right[inside].mean() - sure[inside].mean())
    assert calibration(answers_with(sure, right)).error == pytest.approx(error, abs=1e-9)


def test_the_worst_mistakes_are_the_surest(plain):
    answers = answers_of(plain[0][1])
    worst = answers.worst()
    assert len(worst) == 12
    assert (answers.labels[worst] != answers.answers[worst]).all()
    assert (np.diff(answers.sure[worst]) <= 0).all()
    others = np.setdiff1d(np.flatnonzero(answers.labels != answers.answers), worst)
    assert answers.sure[others].max() <= answers.sure[worst].min()


def test_a_click_on_a_mistake_finds_its_image(plain):
    settings, result = plain[0]
    stage = quality_stage(settings, Display(view="quality"), Context(), result)
    sheet = np.asarray(stage.panels[1].figure.data[0].z)
    images = images_of(settings, Context()).test[:, 0].numpy()
    for number, place in enumerate(answers_of(result).worst()):
        y, x = (29 * one for one in divmod(number, 4))
        assert mistake_at(x + 5.2, y + 20.7, settings, result) == place + 1
        np.testing.assert_array_equal(sheet[y : y + 28, x : x + 28], images[place])
    assert mistake_at(28, 3, settings, result) is None
    assert mistake_at(0, 87, settings, result) is None


def test_the_table_of_layers_counts_as_torch_does(plain):
    settings, result = plain[0]
    network = network_of(result)
    table = layer_table(result.architecture)
    assert table["parameters"].iloc[-1] == sum(values.numel() for values in network.parameters())
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        network(images_of(settings, Context()).test[:1])
    assert table["FLOPs"].iloc[-1] == counter.get_total_flops()


def test_the_stage_is_whole_with_and_without_a_dense_network(plain):
    settings, result = plain[0]
    stage = quality_stage(settings, Display(view="quality"), Context(), result)
    assert [panel.id for panel in stage.panels] == ["confusion", "worst", "shifts", "calibration"]
    assert all(len(panel.alt) > 40 for panel in stage.panels)
    assert f"{answers_of(result).accuracy:.1%}" in stage.notes[0]
    alone, single = trained(images="digits8", blocks=1, epochs=1, twin=False)
    panels = quality_stage(alone, Display(view="quality"), Context(), single).panels
    assert len(panels[2].figure.data) == 1
    assert len(network_table(single)) == 1


def test_text_shifts(plain):
    convolutional, dense = np.median([result.shifted for _settings, result in plain], axis=0)
    assert convolutional[0] > dense[0] > 0.9
    assert convolutional[3] == pytest.approx(0.6, abs=0.05)
    assert dense[3] < 0.4
    assert max(convolutional[6], dense[6]) < 0.25
    shifted = [trained(seed=seed, shift=4)[1].shifted for seed in SEEDS[:2]]
    after = np.median(shifted, axis=0)[:, 3]
    assert after == pytest.approx([0.9, 0.8], abs=0.03)


def test_text_parameters_and_work(plain):
    _settings, result = plain[0]
    table: Any = layer_table(result.architecture).set_index("layer")
    total = table.loc["total"]
    assert table.loc["dense", "parameters"] > 0.9 * total["parameters"]
    assert table.loc["conv2", "multiply-adds"] > 0.5 * total["multiply-adds"]
    sizes: Any = network_table(result)["parameters"]
    assert sizes[0] == pytest.approx(sizes[1], rel=0.01)


def test_text_calibration_gets_worse_with_training(plain):
    before = answers_of(plain[0][1])
    after = answers_of(trained(seed=1, epochs=20, twin=False)[1])
    assert calibration(before).error < 0.02
    assert np.median([calibration(answers_of(result)).error for _settings, result in plain]) < 0.02
    assert calibration(after).error > 1.2 * calibration(before).error
    assert 0 < after.accuracy - before.accuracy < 0.03
    assert (after.sure > 0.99).mean() > 0.9
    assert (after.sure[after.labels != after.answers] > 0.9).mean() > 0.5
