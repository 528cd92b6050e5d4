"""Every claim of the text about training, and that the challenges can be met."""

import numpy as np
import pytest

from lab.core.events import Done
from lab.core.lesson import Context
from lab.topics.cnn import LESSON
from lab.topics.cnn.display import Display
from lab.topics.cnn.settings import NARROW, WIDE, Settings
from lab.topics.cnn.train import train
from lab.topics.cnn.train_stage import train_stage
from lab.topics.cnn.trained import Trained

SHIFTED = {"shift": 3, "epochs": 5}


KNOWN: dict[str, Trained] = {}


def run(**values) -> Trained:
    """Return the result of a run, which several tests may look at."""
    settings = Settings.checked(values)
    if settings.key() not in KNOWN:
        *_events, done = train(settings, Context())
        assert isinstance(done, Done)
        KNOWN[settings.key()] = done.result
    return KNOWN[settings.key()]


def accuracy(result, network=0):
    return result.history.values["test_accuracy"][-1, network]


def change(result, block):
    """Return the length of the change of a block's filters, their first length being 1."""
    filters = result.filters[block]
    return np.linalg.norm(filters[-1] - filters[0]) / np.linalg.norm(filters[0])


def met(result, name, **values):
    (challenge,) = [one for one in LESSON.challenges if one.id == name]
    return challenge.reached(Settings.checked(values), result.events, result)


def test_it_begins_with_the_networks_of_the_text():
    narrow, wide = Settings.checked(NARROW).architecture(), Settings.checked(WIDE).architecture()
    assert narrow == Settings().architecture()
    assert wide.multiply_adds / narrow.multiply_adds == pytest.approx(11, abs=0.5)
    assert wide.parameters / narrow.parameters == pytest.approx(4, abs=0.3)
    rows = {row.name: row.parameters for row in narrow.table()}
    assert (rows["conv2"], rows["dense"]) == (1168, 51_328)
    assert run(epochs=0).twin_parameters == pytest.approx(narrow.parameters, rel=0.01)


def test_three_epochs_reach_95_percent_and_the_dense_network_less():
    result = run()
    assert accuracy(result) > 0.95
    assert accuracy(result, 1) < 0.93
    reached = result.seconds_to(0.95)
    assert reached is not None
    assert reached[0] <= 3
    assert 0.05 < change(result, 0) < 0.15
    assert 0.25 < change(result, 1) < 0.4
    notes = train_stage(Settings(), Display(), Context(), result.events, result).notes
    assert any(note.startswith("95% of the test images after") for note in notes)


@pytest.mark.slow
def test_the_wide_network_is_hardly_better_on_so_few_images():
    assert accuracy(run(**WIDE, twin=False)) < accuracy(run()) + 0.02


def test_few_images_are_known_by_heart_and_augmentation_helps_the_convolutional_network():
    few = {"train_images": 300, "epochs": 20}
    plain, changed = run(**few), run(**few, shift=2, rotate=15.0)
    assert (plain.history.values["train_accuracy"][-1] == 1).all()
    assert accuracy(plain) == pytest.approx(0.87, abs=0.015)
    assert accuracy(plain, 1) == pytest.approx(0.83, abs=0.015)
    assert accuracy(changed) == pytest.approx(0.91, abs=0.015)
    assert accuracy(changed, 1) < accuracy(plain, 1) + 0.02


def test_pooling_forgives_a_pixel_not_three():
    plain, changed = run(), run(**SHIFTED)
    assert plain.shifted[0, 1] > 0.9
    assert plain.shifted[:, 3] == pytest.approx([0.6, 0.35], abs=0.03)
    assert changed.shifted[0, 3] > 0.9
    assert changed.shifted[1, 3] == pytest.approx(0.85, abs=0.02)
    assert met(changed, "cnn-shift", **SHIFTED)
    assert not met(plain, "cnn-shift")


def test_a_shortcut_is_taken():
    result = run(shortcut=True)
    sevens = result.test_labels == 7
    assert result.history.values["train_accuracy"][-1, 0] > 0.95
    assert (result.scores[0][sevens].argmax(axis=1) == 7).mean() < 0.02
    other = run(shortcut=True, seed=3, twin=False)
    assert (other.scores[0][sevens].argmax(axis=1) == 7).mean() < 0.5


def test_at_rate_1_all_relus_close_and_leaky_ones_with_momentum_overflow():
    dead = run(optimizer="sgd", learning_rate=1.0, epochs=1, twin=False)
    assert change(dead, 0) > 50
    assert len(set(dead.scores[0].argmax(axis=1))) == 1
    assert accuracy(dead) == pytest.approx(0.1, abs=0.03)
    wild = {"optimizer": "momentum", "activation": "leaky_relu", "learning_rate": 1.0, "epochs": 1}
    assert run(**wild, twin=False).overflow[0] > 0


def test_on_8x8_digits_the_dense_network_is_as_good():
    result = run(images="digits8", padding="same", epochs=10)
    assert accuracy(result) > 0.97
    assert accuracy(result, 1) > 0.97
    assert accuracy(result, 1) >= accuracy(result)


def test_a_small_network_meets_its_challenge():
    small = {"channels1": 6, "channels2": 8, "dense": 0, "batch_norm": True, "twin": False}
    small |= {"learning_rate": 0.01, "epochs": 2}
    assert met(run(**small), "cnn-small", **small)
    assert not met(run(), "cnn-small")


def test_97_percent_can_be_reached():
    good = {"channels1": 16, "channels2": 32, "kernel": "5", "dropout": 0.3, "shift": 2, "twin": False}
    good |= {"learning_rate": 0.001, "epochs": 10}
    assert met(run(**good), "cnn-97", **good)
    assert not met(run(), "cnn-97")
