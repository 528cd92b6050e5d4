"""Going on equals never having stopped, stop rules fire when they should, weights set by hand count."""

import numpy as np
import pytest
import torch

from lab.core.events import Done, Evaluated, Finished, Framed
from lab.training.ensemble import Architecture, Ensemble, Recipe
from lab.training.schedule import StopRules, Watch, due
from lab.training.supervised import Edit, Examples, Plan, hits, scores_of, training

ARCHITECTURE = Architecture(inputs=2, hidden=(3,), outputs=1, activation="tanh", output="tanh")


def examples():
    generator = np.random.default_rng(0)
    inputs = torch.tensor(generator.normal(size=(40, 2)), dtype=torch.float32)
    targets = torch.where(inputs[:, :1] * inputs[:, 1:] > 0, 1.0, -1.0)
    return Examples(inputs[:30], targets[:30], inputs[30:], targets[30:], middle=0.0)


def outcome(plan, earlier=None, **recipe):
    ensemble = Ensemble(ARCHITECTURE, Recipe(**recipe), [1, 2, 3])
    *events, done = training(ensemble, examples(), plan, earlier)
    assert isinstance(done, Done)
    return events, done.result


def framed(events):
    """Return the last moment."""
    return [event for event in events if isinstance(event, Framed)][-1]


def assert_same(one, other):
    assert len(one) == len(other)
    for first, second in zip(one, other, strict=True):
        assert type(first) is type(second)
        match first:
            case Evaluated(epoch, values):
                assert epoch == second.epoch
                for name in values:
                    np.testing.assert_array_equal(values[name], second.scores[name])
            case Framed(epoch, parameters):
                assert epoch == second.epoch
                np.testing.assert_array_equal(parameters, second.parameters)
            case _:
                assert first == second


@pytest.mark.parametrize("recipe", [{}, {"optimizer": "adam", "dropout": 0.3}, {"optimizer": "nesterov"}])
@pytest.mark.parametrize(("first", "then"), [(0, 5), (70, 71), (90, 200)])
def test_going_on_equals_a_run_from_the_start(recipe, first, then):
    _events, earlier = outcome(Plan(first, batch_size=7, seed=3), **recipe)
    resumed, _result = outcome(Plan(then, batch_size=7, seed=3), earlier, **recipe)
    whole, _result = outcome(Plan(then, batch_size=7, seed=3), **recipe)
    assert_same(resumed, whole)


def test_single_batches_lead_to_the_next_epoch():
    whole, _result = outcome(Plan(4, batch_size=7))
    stepped, _result = outcome(Plan(3, batches=5, batch_size=7))  # 30 examples make 5 batches
    np.testing.assert_array_equal(framed(whole).parameters, framed(stepped).parameters)
    assert framed(stepped).epoch == 4.0
    half, _result = outcome(Plan(3, batches=2, batch_size=7))
    assert framed(half).epoch == pytest.approx(3.4)


def test_a_weight_set_by_hand_is_there_and_training_goes_on_from_it():
    edit = Edit(epoch=10, network=1, index=4, value=0.25)
    events, earlier = outcome(Plan(10, edits=(edit,)))
    plain, _result = outcome(Plan(10))
    changed = framed(events).parameters
    assert changed[1, 4] == 0.25
    rest = changed.copy()
    rest[1, 4] = framed(plain).parameters[1, 4]
    np.testing.assert_array_equal(rest, framed(plain).parameters)
    resumed, _result = outcome(Plan(30, edits=(edit,)), earlier)
    whole, _result = outcome(Plan(30, edits=(edit,)))
    assert_same(resumed, whole)
    assert not np.array_equal(framed(whole).parameters[1], framed(outcome(Plan(30))[0]).parameters[1])


def test_another_edit_at_the_same_epoch_starts_before_the_first():
    one, two = Edit(5, 0, 0, 1.0), Edit(5, 0, 1, 2.0)
    _events, earlier = outcome(Plan(5, edits=(one,)))
    resumed, _result = outcome(Plan(5, edits=(two,)), earlier)
    whole, _result = outcome(Plan(5, edits=(two,)))
    assert_same(resumed, whole)


def test_scores_equal_those_of_plain_torch():
    ensemble = Ensemble(ARCHITECTURE, Recipe(), [5], dtype=torch.float64)
    data = examples()
    data = Examples(*(t.double() for t in (data.train_inputs, data.train_targets, data.test_inputs,
                                           data.test_targets)), middle=0.0)  # fmt: skip
    found = scores_of(ensemble, data)
    flat = ensemble.snapshot()[0]
    hidden = torch.tanh(data.test_inputs @ flat[:6].view(2, 3) + flat[6:9])
    output = torch.tanh(hidden @ flat[9:12].view(3, 1) + flat[12:])
    loss = 0.5 * (output - data.test_targets).square().mean()
    right = ((output > 0) == (data.test_targets > 0)).double().mean()
    np.testing.assert_allclose(found["test_loss"], [loss.item()], rtol=1e-12)
    np.testing.assert_allclose(found["test_accuracy"], [right.item()], rtol=1e-6)


def test_hits_take_the_largest_of_several_outputs():
    outputs = torch.tensor([[[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]]])
    targets = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert hits(outputs, targets, 0.5).tolist() == [[True, False]]


def test_the_target_rule_stops_at_the_first_epoch_that_reaches_it():
    whole, _result = outcome(Plan(60), learning_rate=0.1)
    medians = {e.epoch: np.median(e.scores["test_loss"]) for e in whole if isinstance(e, Evaluated)}
    target = min(medians.values()) * 1.02
    first = next(epoch for epoch, median in medians.items() if median <= target)
    events, result = outcome(Plan(60, rules=StopRules(target=target)), learning_rate=0.1)
    assert events[-1] == Finished("target", first)
    assert result.epoch == first


def test_a_plateau_is_measured_from_the_last_fall_of_one_percent():
    watch = Watch(StopRules(patience=10))
    losses = [1.0, 0.5, 0.499, 0.498, 0.497]
    fired = [watch.reason(5 * i, np.array([loss])) for i, loss in enumerate(losses)]
    assert fired == [None, None, None, "plateau", "plateau"]


def test_divergence_stops_at_half_of_the_networks():
    watch = Watch(StopRules())
    assert watch.reason(1, np.array([0.1, 0.2, np.nan])) is None
    assert watch.reason(2, np.array([0.1, np.inf, np.nan])) == "diverged"
    assert Watch(StopRules(divergence=False)).reason(2, np.array([np.nan])) is None


def test_the_schedule_does_not_depend_on_the_plan():
    recorded = [epoch for epoch in range(2001) if due(epoch, 16)]
    assert recorded[:17] == list(range(17))
    assert 50 <= len(recorded) <= 80
    gaps = np.diff(recorded)
    assert (np.diff(gaps) >= 0).all()


def test_orders_differ_between_epochs_and_repeat_with_the_seed():
    plan = Plan(1, seed=7)
    assert sorted(plan.order(1, 50)) == list(range(50))
    assert plan.order(1, 50).tolist() == Plan(9, seed=7).order(1, 50).tolist()
    assert plan.order(1, 50).tolist() != plan.order(2, 50).tolist()
    assert Plan(1, shuffle=False).order(3, 4).tolist() == [0, 1, 2, 3]
