"""What the trained network looks at, and every claim of the text about it."""

from typing import Any

import numpy as np
import pytest
import torch

from lab.core.events import Done
from lab.core.lesson import Context
from lab.topics.cnn.display import METHODS, Display
from lab.topics.cnn.images import images_of
from lab.topics.cnn.looks import look, pasted, sanity, shortcut
from lab.topics.cnn.looks_stage import looks_stage, looks_table
from lab.topics.cnn.settings import Settings
from lab.topics.cnn.train import network_of, train

SEEDS = (1, 2, 3)


def trained(**chosen: Any) -> tuple[Settings, Any]:
    settings = Settings(**{"epochs": 2, "twin": False, **chosen})
    *_events, done = train(settings, Context())
    assert isinstance(done, Done)
    return settings, done.result


@pytest.fixture(scope="module")
def plain():
    return [trained(seed=seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def planted():
    return [trained(seed=seed, shortcut=True) for seed in SEEDS]


def test_a_look_tells_what_the_network_says(plain):
    settings, result = plain[0]
    images, network = images_of(settings, Context()), network_of(result)
    with torch.no_grad():
        shares = network(images.test[4:5]).softmax(dim=1)[0]
    shown = look(settings, Display(look_image=5, look_score="truth"), Context(), result)
    assert (shown.truth, shown.answer) == (int(images.test_labels[4]), int(shares.argmax()))
    assert shown.label == shown.truth
    assert shown.probability == pytest.approx(shares.max().item(), abs=1e-6)
    np.testing.assert_array_equal(shown.image, images.test[4, 0])
    assert look(settings, Display(look_image=5, look_score="8"), Context(), result).label == 8


def test_the_stage_has_a_map_per_method_and_the_check_on_demand(plain):
    settings, result = plain[0]
    stage = looks_stage(settings, Display(look_methods=("saliency", "occlusion")), Context(), result)
    assert [panel.id for panel in stage.panels] == ["look_image", "look_saliency", "look_occlusion"]
    assert "add up" not in " ".join(stage.notes)
    checked = looks_stage(settings, Display(look_check=True), Context(), result)
    assert len(checked.panels) == 1 + 5 + 1 + 5
    assert all(len(panel.alt) > 40 for panel in checked.panels)
    table = looks_table(look(settings, Display(), Context(), result))
    assert list(table["method"]) == list(METHODS.values())


def test_images_of_8x8_have_maps_too():
    settings, result = trained(images="digits8", blocks=1, epochs=1)
    stage = looks_stage(settings, Display(look_image=1000, look_window=8), Context(), result)
    assert len(stage.panels) == 6


def test_an_overflowed_network_looks_at_nothing():
    settings, result = trained(learning_rate=1.0, optimizer="momentum", batch_size=10, train_images=200)
    assert result.overflow[0]
    assert "overflowed" in looks_stage(settings, Display(), Context(), result).notes[0]


def test_text_saliency_lights_background_and_integrated_gradients_do_not(plain):
    settings, result = plain[0]
    black = images_of(settings, Context()).black
    for number in range(1, 11):
        shown = look(settings, Display(look_image=number), Context(), result)
        background = shown.image <= black + 1e-4
        assert np.abs(shown.maps["saliency"][background]).sum() > 0
        assert np.abs(shown.maps["integrated_gradients"][background]).max() < 1e-4


def test_text_integrated_gradients_add_up_within_two_percent_and_mostly_a_third_of_one(plain):
    errors = []
    for settings, result in plain:
        for number in range(1, 11):
            display = Display(look_image=number, look_methods=("integrated_gradients",))
            shown = look(settings, display, Context(), result)
            errors.append(abs(shown.maps["integrated_gradients"].sum() - shown.gap) / abs(shown.gap))
    assert np.median(errors) < 0.01 / 3
    assert max(errors) < 0.02


def test_text_integrated_gradients_fail_the_sanity_check_and_grad_cam_changes_most(plain):
    last = []
    for settings, result in plain:
        for number in (1, 2, 3):
            display = Display(look_image=number)
            shown = look(settings, display, Context(), result)
            checked = sanity(settings, display, Context(), result, shown)
            assert checked.rows == ("none", "scores", "dense to scores", "conv2 to scores", "conv1 to scores")
            np.testing.assert_allclose(checked.correlations[0], 1)
            last.append(dict(zip(METHODS, checked.correlations[-1], strict=True)))
    medians = {name: np.median([abs(one[name]) for one in last]) for name in METHODS}
    assert medians["integrated_gradients"] > 0.9
    assert min(medians, key=lambda name: medians[name]) == "grad_cam"


def test_text_the_shortcut_blinds_and_fools(plain, planted):
    before = [shortcut(settings, Context(), result) for settings, result in plain]
    after = [shortcut(settings, Context(), result) for settings, result in planted]
    assert np.median([one.found for one in before]) == pytest.approx(0.85, abs=0.06)
    assert np.median([one.found for one in after]) < 1 / 3
    assert np.median([one.fooled for one in after]) > 0.1
    assert max(one.fooled for one in before) < 0.05
    for _settings, result in planted:
        assert result.history.values["train_accuracy"][-1, 0] > 0.9


def test_text_contributions_move_to_the_corner(planted):
    shares = []
    for settings, result in planted:
        images, network = images_of(settings, Context()), network_of(result)
        with torch.no_grad():
            answers = network(pasted(images.test, images)).argmax(dim=1)
        fooled = torch.nonzero((answers == 7) & (images.test_labels != 7)).flatten()[:5].tolist()
        for number in fooled:
            display = Display(look_image=number + 1, look_mark=True, look_score="7")
            with_mark = look(settings, display, Context(), result)
            without = look(settings, display.changed(look_mark=False), Context(), result)
            name = "integrated_gradients"
            shares.append((without.corner[name], with_mark.corner[name]))
    assert np.median([one[0] for one in shares]) < 0.01
    assert np.median([one[1] for one in shares]) > 0.05


def test_the_numbers_of_a_shortcut_are_counted_right(planted):
    settings, result = planted[0]
    images, network = images_of(settings, Context()), network_of(result)
    with torch.no_grad():
        plain = network(images.test).argmax(1).numpy()
        marked = network(pasted(images.test, images)).argmax(1).numpy()
    labels = images.test_labels.numpy()
    told = shortcut(settings, Context(), result)
    assert told.found == pytest.approx((plain[labels == 7] == 7).mean())
    assert told.fooled == pytest.approx((marked[labels != 7] == 7).mean())
