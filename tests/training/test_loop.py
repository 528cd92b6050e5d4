"""The loop does what a step written out does, in the order of its generator, and tells the truth."""

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score
from torch import nn

from lab.core.events import Diverged, Evaluated, Finished, Started
from lab.models.mlp import MLP
from lab.training.loop import Course, accuracy, side_by_side, training_loop

X = torch.randn(25, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
Y = (X.sum(dim=1) > 0).long()


def linear(seed):
    return MLP((3, 2), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def loop(model, rate=0.5, epochs=3, batch_size=10, seed=7, optimizer=torch.optim.SGD):
    course = Course(epochs, batch_size, torch.Generator().manual_seed(seed))
    return training_loop(
        model,
        nn.CrossEntropyLoss(),
        optimizer(model.parameters(), lr=rate),
        (X, Y),
        course=course,
        measure=lambda: {"accuracy": accuracy(model(X), Y).item()},
    )


def evaluated(events):
    return [event for event in events if isinstance(event, Evaluated)]


def softmaxed(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def test_it_takes_the_steps_of_gradient_descent_written_in_numpy():
    model = linear(1)
    weights, biases = (p.detach().numpy().copy() for p in model.parameters())
    x, y = X.numpy(), np.eye(2)[Y.numpy()]
    generator = torch.Generator().manual_seed(7)
    means = []
    for _epoch in range(3):
        total = 0.0
        for batch in np.split(torch.randperm(25, generator=generator).numpy(), [10, 20]):
            p = softmaxed(x[batch] @ weights.T + biases)
            total -= np.log((p * y[batch]).sum(axis=1)).sum()
            error = (p - y[batch]) / len(batch)
            weights -= 0.5 * error.T @ x[batch]
            biases -= 0.5 * error.sum(axis=0)
        means.append(total / 25)
    events = list(loop(model))
    for trained, expected in zip(model.parameters(), (weights, biases), strict=True):
        np.testing.assert_allclose(trained.detach().numpy(), expected, rtol=1e-12)
    told = [event.scores["step_loss"].item() for event in evaluated(events)]
    assert np.isnan(told[0])
    np.testing.assert_allclose(told[1:], means, rtol=1e-12)


def test_events_come_in_order_with_the_scores_of_their_moment():
    model = linear(2)
    events = list(loop(model, epochs=4))
    started, measured, finished = events[0], evaluated(events), events[-1]
    assert started == Started(4.0, 1)
    assert finished == Finished("epochs", 4.0)
    assert [event.epoch for event in measured] == [0, 1, 2, 3, 4]
    last = accuracy_score(Y.numpy(), model(X).argmax(dim=1).numpy())
    assert measured[-1].scores["accuracy"].item() == pytest.approx(last)
    assert measured[-1].scores["accuracy"].item() > measured[0].scores["accuracy"].item()


def test_no_epochs_train_nothing():
    model = linear(2)
    before = [one.detach().clone() for one in model.parameters()]
    assert len(list(loop(model, epochs=0))) == 3
    for one, old in zip(model.parameters(), before, strict=True):
        assert torch.equal(one, old)


def test_measuring_happens_in_evaluation_mode_without_gradients():
    model, seen = linear(1), []
    course = Course(1, 25, torch.Generator().manual_seed(0))

    def measure():
        seen.append((model.training, torch.is_grad_enabled()))
        return {}

    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    list(training_loop(model, nn.CrossEntropyLoss(), optimizer, (X, Y), course=course, measure=measure))
    assert seen == [(False, False), (False, False)]
    assert model.training is False


class Exploding(nn.Module):
    """Its loss is infinite from the third step on."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, dtype=torch.float64))
        self.steps = 0

    def forward(self, inputs):
        self.steps += self.training
        return inputs[:, :2] * self.weight * (torch.inf if self.steps >= 5 else 1)


def test_divergence_is_told_with_its_step_and_ends_the_loop():
    model = Exploding()
    *rest, diverged, finished = loop(model, epochs=10)
    assert evaluated(rest)[-1].epoch == 2  # three steps an epoch: the fifth is in the second
    assert diverged == Diverged(0, 5)
    assert finished == Finished("diverged", 2.0)


def test_side_by_side_equals_alone_and_takes_turns():
    models = [linear(seed) for seed in (1, 2, 3)]
    events = list(side_by_side([loop(model) for model in models], 3))
    started, measured, finished = events[0], evaluated(events), events[-1]
    assert started == Started(3.0, 3)
    assert finished == Finished("epochs", 3.0)
    for number, seed in enumerate((1, 2, 3)):
        alone = evaluated(loop(linear(seed)))
        for one, all_ in zip(alone, measured, strict=True):
            for name in ("accuracy", "step_loss"):
                np.testing.assert_array_equal(one.scores[name][0], all_.scores[name][number])


def test_side_by_side_goes_on_without_those_that_diverged():
    events = list(side_by_side([loop(linear(1), epochs=4), loop(Exploding(), epochs=4)], 4))
    measured = [event.scores["accuracy"] for event in evaluated(events)]
    assert len(measured) == 5
    assert np.isfinite(np.stack(measured)[:, 0]).all()
    assert np.isnan(np.stack(measured)[3:, 1]).all()
    assert [event for event in events if isinstance(event, Diverged)] == [Diverged(1, 5)]
    assert events[-1] == Finished("epochs", 4.0)
    alone = list(side_by_side([loop(Exploding(), epochs=4)], 4))
    assert alone[-1] == Finished("diverged", 2.0)
