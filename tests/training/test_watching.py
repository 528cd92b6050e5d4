"""A watched listing tells the same as the textbook loop, and of its divergence."""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import mse_loss

from lab.core.events import Diverged, Evaluated, Finished, Started, Stepped
from lab.training.loop import Course, side_by_side, training_loop
from lab.training.watching import watched

X = torch.linspace(-1, 1, 20, dtype=torch.float64)[:, None]
Y = 3 * X - 1


def line():
    model = nn.Linear(1, 1, dtype=torch.float64)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    return model


def listing(model, rate, epochs, generator):
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    for _epoch in range(epochs):
        for batch in torch.randperm(20, generator=generator).split(5):
            optimizer.zero_grad()
            loss = mse_loss(model(X[batch]), Y[batch])
            loss.backward()
            optimizer.step()
            yield loss


def told(rate=0.1, epochs=3, every=0):
    model = line()
    steps = listing(model, rate, epochs, torch.Generator().manual_seed(0))
    measure = lambda: {"loss": mse_loss(model(X), Y).item()}  # noqa: E731
    return watched(steps, model, epochs=epochs, steps=4, measure=measure, every=every)


def test_it_tells_what_the_textbook_loop_tells():
    model = line()
    course = Course(3, 5, torch.Generator().manual_seed(0))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    other = training_loop(
        model,
        mse_loss,
        optimizer,
        (X, Y),
        course=course,
        measure=lambda: {"loss": mse_loss(model(X), Y).item()},
    )
    for mine, theirs in zip(told(), other, strict=True):
        if isinstance(theirs, Evaluated):
            assert isinstance(mine, Evaluated)
            assert mine.epoch == theirs.epoch
            assert mine.scores["loss"] == theirs.scores["loss"]
            np.testing.assert_allclose(mine.scores["step_loss"], theirs.scores["step_loss"], rtol=1e-12)
        else:
            assert mine == theirs


def test_steps_within_an_epoch_are_shares_of_the_run():
    shares = [event.share for event in told(epochs=2, every=2) if isinstance(event, Stepped)]
    assert shares == [0.25, 0.5, 0.75, 1.0]


def test_an_overflow_is_told_after_its_epoch_and_ends_the_run():
    events = list(told(rate=1e200))
    assert events[0] == Started(3.0, 1)
    diverged = next(event for event in events if isinstance(event, Diverged))
    assert diverged == Diverged(0, 2)  # the first step's loss is finite, the one after it is not
    assert events[-1] == Finished("diverged", 1.0)


def test_they_run_side_by_side_and_the_lost_one_is_named():
    events = list(side_by_side([told(), told(rate=1e200)], 3))
    assert [event for event in events if isinstance(event, Diverged)] == [Diverged(1, 2)]
    last = [event for event in events if isinstance(event, Evaluated)][-1]
    assert np.isfinite(last.scores["loss"]).tolist() == [True, False]
