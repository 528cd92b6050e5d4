"""The run of the convolutional network: its images, its events, what it leaves, and going on."""

import pickle
import threading

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from lab.core.errors import SettingError
from lab.core.events import Diverged, Done, Evaluated, Finished, Framed, Started
from lab.core.lesson import Context
from lab.data.digits import digits
from lab.models.convnet import ConvNet, DenseTwin, filters_of
from lab.runs.engine import EXPERIMENTS, Limits
from lab.runs.pipe import Order
from lab.runs.worker import Stopper, drive
from lab.topics.cnn.display import Display
from lab.topics.cnn.images import images_of
from lab.topics.cnn.settings import NARROW, WIDE, Settings, looks
from lab.topics.cnn.stage import TRAIN, stage
from lab.topics.cnn.train import KEPT, MOST_KEPT_BYTES, resumes, train
from lab.topics.cnn.trained import network_of
from tests.contract.test_experiments import assert_equal

SMALL = Settings(images="digits8", padding="same", epochs=3)
LIVELY = SMALL.changed(shift=1, rotate=10.0, noise=0.1, dropout=0.3, batch_norm=True)


def told(settings, earlier=None):
    *events, done = train(settings, Context(earlier=earlier))
    assert isinstance(done, Done)
    return [event for event in events if not isinstance(event, Done)], done.result


@pytest.fixture(scope="module")
def small():
    return told(SMALL)


def test_the_images_are_the_digits_standardised():
    found, source = images_of(Settings(train_images=500), Context()), digits(28)
    assert found.train.shape == (500, 1, 28, 28)
    assert found.test.shape == (1000, 1, 28, 28)
    wanted = source.standardised(source.test_images)
    np.testing.assert_array_equal(found.test.flatten(1).numpy(), wanted)
    np.testing.assert_array_equal(found.test_labels.numpy(), source.test_labels)
    assert found.train.min().item() == pytest.approx(found.black)
    assert found.train.max().item() == pytest.approx(found.white)


@pytest.mark.parametrize(("images", "pixels"), [("mnist", 9), ("digits8", 4)])
def test_the_shortcut_marks_all_training_images_of_one_class_and_no_others(images, pixels):
    plain = images_of(Settings(images=images, blocks=1), Context())
    marked = images_of(Settings(images=images, blocks=1, shortcut=True, shortcut_class=3), Context())
    changed = (plain.train != marked.train).flatten(1).any(dim=1)
    assert torch.equal(changed, plain.train_labels == 3)
    corner = marked.train[changed][:, 0, :4, :4] == marked.white
    assert (corner.flatten(1).sum(dim=1) >= pixels).all()
    assert torch.equal(plain.test, marked.test)


def test_it_tells_what_the_networks_then_score(small):
    events, result = small
    assert events[0] == Started(3.0, 2)
    assert events[-1] == Finished("epochs", 3.0)
    last = next(event for event in reversed(events) if isinstance(event, Evaluated))
    images = images_of(SMALL, Context())
    with torch.no_grad():
        scores = network_of(result)(images.test)
    torch.testing.assert_close(scores, torch.from_numpy(result.scores[0]), atol=1e-4, rtol=1e-4)
    assert last.scores["test_loss"][0] == pytest.approx(
        cross_entropy(scores, images.test_labels).item(), rel=1e-4
    )
    for network, said in enumerate(result.scores):
        share = (said.argmax(axis=1) == result.test_labels).mean()
        assert last.scores["test_accuracy"][network] == pytest.approx(share)
        assert result.shifted[network, 0] == pytest.approx(share)


def test_filters_and_weights_are_those_of_the_moment(small):
    events, result = small
    assert result.full_moments[0] == 0
    assert result.full_moments[-1] == len(result.moments) - 1
    first = ConvNet(SMALL.architecture(), torch.Generator().manual_seed(SMALL.seed))
    for one, other in zip(first.parameters(), network_of(result, 0).parameters(), strict=True):
        assert torch.equal(one, other)
    for moment in result.full_moments:
        network = network_of(result, moment)
        for filters, wanted in zip(result.filters, filters_of(network), strict=True):
            np.testing.assert_array_equal(filters[moment], wanted.detach().numpy())
    frames = [event for event in events if isinstance(event, Framed)]
    assert [frame.epoch for frame in frames] == result.moments.tolist()
    for frame, filters in zip(frames, result.filters[0], strict=True):
        np.testing.assert_array_equal(frame.parameters[0], filters.ravel())
    with pytest.raises(KeyError):
        network_of(result, len(result.moments))


def test_shifted_scores_are_those_of_images_shifted_by_numpy(small):
    _events, result = small
    images = images_of(SMALL, Context())
    ways = ((2, 0), (0, 2), (-2, 0), (0, -2))
    right = 0
    for way, (down, across) in enumerate(ways):
        chosen = images.test[way::4].numpy()
        framed = np.pad(chosen, ((0, 0), (0, 0), (2, 2), (2, 2)), constant_values=images.black)
        moved = np.roll(framed, (down, across), axis=(2, 3))[:, :, 2:-2, 2:-2]
        with torch.no_grad():
            said = network_of(result)(torch.tensor(moved)).argmax(dim=1)
        right += int((said == images.test_labels[way::4]).sum())
    assert result.shifts == (0, 1, 2)
    assert result.shifted[0, 2] == pytest.approx(right / len(images.test))


@pytest.mark.parametrize("settings", [SMALL, LIVELY, SMALL.changed(optimizer="momentum", learning_rate=0.1)])
@pytest.mark.parametrize("begun", [1, 2, 3])
def test_going_on_ends_as_a_run_from_the_start_to_the_last_bit(settings, begun):
    first = settings.changed(epochs=begun)
    assert resumes(first, settings)
    events, result = told(settings)
    resumed, again = told(settings, earlier=told(first)[1])
    assert_equal(resumed, events)
    assert_same(again, result)


def assert_same(again, result):
    """Compare all of two results but the seconds they took, to the last bit."""
    assert_equal(again.events, result.events)
    assert again.kept.keys() == result.kept.keys()
    np.testing.assert_array_equal(again.scores, result.scores)
    np.testing.assert_array_equal(again.moments, result.moments)
    for one, other in zip(again.filters, result.filters, strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(again.learners, result.learners, strict=True):
        for name in one.keys() - {"seconds"}:
            np.testing.assert_array_equal(one[name], other[name])


def stopped(settings, epoch):
    """Return how a run ends that is stopped by the first event after `epoch` epochs."""
    stopper = Stopper(threading.get_ident())

    def emit(event):
        if isinstance(event, Evaluated) and event.epoch > epoch:
            stopper.ask()

    order = Order(TRAIN.name, settings.key(), Context(), Limits())
    return drive(order, EXPERIMENTS, emit, stopper)


@pytest.mark.parametrize("settings", [SMALL, LIVELY])
@pytest.mark.parametrize("epoch", [1, 2])
def test_a_stopped_run_goes_on_from_its_last_whole_epoch_to_the_same_bits(settings, epoch):
    end = stopped(settings, epoch)
    assert (end.state, end.result) == ("cancelled", None)
    begun = pickle.loads(pickle.dumps(end)).begun
    assert begun.settings == settings.changed(epochs=epoch)
    events, result = told(settings)
    resumed, again = told(settings, earlier=begun.earlier)
    assert_equal(resumed, events)
    assert_same(again, result)
    assert_same(told(begun.settings, earlier=begun.earlier)[1], told(begun.settings)[1])


def test_a_run_stopped_within_its_first_epoch_has_no_beginning():
    assert stopped(SMALL, 0).begun is None


def test_only_more_epochs_go_on():
    assert not resumes(SMALL, SMALL.changed(epochs=2))
    assert not resumes(SMALL, SMALL.changed(epochs=4, seed=2))
    assert not resumes(SMALL.changed(epochs=0), SMALL)


@pytest.mark.parametrize("settings", [SMALL, LIVELY])
def test_the_dense_network_changes_nothing_for_the_convolutional_one(settings):
    both, alone = told(settings)[1], told(settings.changed(twin=False))[1]
    np.testing.assert_array_equal(both.scores[0], alone.scores[0])
    assert alone.twin_parameters == 0
    twin = DenseTwin(settings.architecture(), torch.Generator())
    assert both.twin_parameters == sum(one.numel() for one in twin.parameters())


def test_divergence_is_told_and_drawn_and_can_be_gone_on_from():
    wild = SMALL.changed(optimizer="momentum", learning_rate=1.0, activation="leaky_relu", epochs=2)
    events, result = told(wild)
    (lost,) = [event for event in events if isinstance(event, Diverged) and event.network == 0]
    assert result.overflow[0] == lost.step
    assert np.isnan(result.shifted[0]).all()
    shown = stage(wild, Display(), Context(), events, result)
    assert any("overflowed at step" in note for note in shown.notes)
    first = wild.changed(epochs=1)
    assert_equal(told(wild, earlier=told(first)[1])[0], events)
    pickle.dumps(result)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            {"images": "digits8"},
            "Blocks: expected at most 1 with kernel 3x3, no padding, on 8x8 pixels, got 2",
        ),
        (
            {"blocks": 3, "kernel": "5"},
            "Blocks: expected at most 2 with kernel 5x5, no padding, on 28x28 pixels, got 3",
        ),
        ({"blocks": 1, "channels1": 64}, "Network: expected at most 500,000 parameters, got 1386506"),
        (
            {"kernel": "5", "padding": "same", "channels1": 64, "channels2": 64, "dense": 0},
            "Network: expected at most 5,000,000 multiply-adds per image, got 21356160",
        ),
        (WIDE | {"epochs": 20}, "Epochs: expected at most 11 for a network of this size, got 20"),
    ],
)
def test_what_cannot_be_trained_is_said_before_it_runs(wrong, sentence):
    with pytest.raises(SettingError) as fault:
        Settings.checked(wrong)
    assert str(fault.value) == sentence


def test_no_run_is_estimated_at_more_than_half_a_minute():
    costly = {"batch_size": 10, "batch_norm": True, "activation": "gelu", "rotate": 45.0, "noise": 0.5}
    for network in (NARROW, WIDE, {"padding": "same", "channels1": 24, "channels2": 40}):
        dear = Settings.checked(network | costly | {"dropout": 0.5, "epochs": 0})
        assert dear.most_epochs() >= 4
        assert TRAIN.seconds(dear.changed(epochs=dear.most_epochs())) < 31
    assert Settings().most_epochs() == 20


@pytest.mark.parametrize(("examples", "times"), [(4000, 4), (1437, 2), (300, 1)])
def test_small_epochs_are_measured_less_often(examples, times):
    assert looks(examples) == times


def test_of_a_small_network_all_moments_are_kept_and_of_larger_ones_those_that_tell_most():
    for network, known in ((NARROW, (0, 1, 2, 3, 4)), (WIDE, (0, 2, 4))):
        settings = Settings.checked(network | {"train_images": 1000, "epochs": 2, "twin": False})
        _events, result = told(settings)
        assert np.allclose(result.moments, [0, 0.5, 1, 1.5, 2], atol=0.02)
        assert result.full_moments == known
        bytes_of_all = 4 * settings.architecture().parameters
        assert bytes_of_all * len(KEPT[: MOST_KEPT_BYTES // bytes_of_all]) <= 6e6


def test_there_is_always_a_moment_for_a_picture_and_few_in_all():
    settings = SMALL.changed(epochs=20, channels1=1, channels2=1, dense=10)
    _events, result = told(settings)
    assert len(result.moments) <= 25
    assert result.moments[[0, -1]].tolist() == [0, 20]
    assert np.allclose(result.moments[:5], [0, 0.5, 1, 1.5, 2], atol=0.02)


def test_the_result_is_a_few_megabytes():
    for network, most in ((NARROW, 3e6), (WIDE, 10e6)):
        settings = Settings.checked(network | {"train_images": 100, "epochs": 1})
        assert len(pickle.dumps(told(settings)[1])) < most
