"""A learner's steps against the idiomatic loop, and going on against never having stopped."""

from dataclasses import replace
from time import sleep

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from lab.models.convnet import ConvArchitecture, ConvNet, DenseTwin
from lab.training.convolutional import OPTIMIZERS, Learner, channels_last

ARCHITECTURE = ConvArchitecture(12, (4, 6), padding=1, dense=9, batch_norm=True)
IDIOMATIC = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.02),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9),
    "nesterov": lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9, nesterov=True),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.002),
    "adam": lambda p: torch.optim.Adam(p, lr=0.002),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.002),
}
RATES = {"rmsprop": 0.002, "adam": 0.002, "adamw": 0.002}


def network(kind=ConvNet, architecture=ARCHITECTURE):
    return kind(architecture, torch.Generator().manual_seed(2))


def batches(count=12, seed=0):
    chance = torch.Generator().manual_seed(seed)
    images = torch.randn(16 * count, 1, 12, 12, generator=chance)
    labels = torch.randint(0, 10, (16 * count,), generator=chance)
    return list(zip(images.split(16), labels.split(16), strict=True))


def learner(name, kind=ConvNet, architecture=ARCHITECTURE):
    return Learner(network(kind, architecture), name, RATES.get(name, 0.02))


@pytest.mark.parametrize("kind", [ConvNet, DenseTwin])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_it_trains_as_the_idiomatic_loop(name, kind):
    # A bias before batch normalisation has a gradient of rounding alone, which these rules blow up.
    architecture = replace(ARCHITECTURE, batch_norm=name not in RATES)
    mine, theirs = learner(name, kind, architecture), network(kind, architecture)
    optimizer = IDIOMATIC[name](theirs.parameters())
    mine.begin(0)
    total = right = 0.0
    for images, labels in batches():
        optimizer.zero_grad()
        scores = theirs(images)
        loss = cross_entropy(scores, labels)
        loss.backward()
        optimizer.step()
        total += loss.item() / 12
        right += (scores.argmax(1) == labels).float().mean().item() / 12
        mine.learn(channels_last(images), labels)
    for (_, found), wanted in zip(mine.network.named_parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(found, wanted, atol=2e-5, rtol=1e-4)
    assert mine.learned() == pytest.approx((total, right), rel=1e-4)
    assert np.isnan(mine.learned()).all()
    images = batches(20)[19][0]
    torch.testing.assert_close(mine.scores(images), theirs.eval()(images), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("kind", [ConvNet, DenseTwin])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_going_on_from_a_state_is_never_having_stopped(name, kind):
    dropping = ConvArchitecture(12, (4, 6), padding=1, dense=9, batch_norm=True, dropout=0.4)
    whole, first, second = (learner(name, kind, dropping) for _ in range(3))
    for part, (one, other) in enumerate(((whole, first), (whole, second))):
        if part:
            second.restore(first.state())
        for each in (one, other):
            each.begin(part)
            for images, labels in batches(5, seed=part):
                each.learn(channels_last(images), labels)
    assert whole.steps == second.steps == 10
    one, other = whole.state(), second.state()
    assert one.keys() == other.keys()
    for name_of in one.keys() - {"seconds"}:
        np.testing.assert_array_equal(one[name_of], other[name_of])
    assert second.seconds > first.seconds > 0


def test_seconds_are_of_computing_not_of_waiting(monkeypatch):
    mine = learner("sgd")
    mine.begin(0)
    images, labels = batches(1)[0]
    mine.learn(channels_last(images), labels)
    before, forward = mine.seconds, mine.network.forward
    monkeypatch.setattr(mine.network, "forward", lambda images: (sleep(0.5), forward(images))[1])
    mine.learn(channels_last(images), labels)
    assert before < mine.seconds < before + 0.4


def test_an_overflow_is_told_by_its_step_and_ends_the_steps():
    mine = Learner(network(architecture=ConvArchitecture(12, (4,))), "sgd", 1e6)
    mine.begin(0)
    for images, labels in batches():
        mine.learn(channels_last(images), labels)
    assert 1 < mine.overflow <= 12
    assert mine.steps == mine.overflow
    assert np.isnan(mine.learned()).all()
    kept = mine.state()
    again = Learner(network(architecture=ConvArchitecture(12, (4,))), "sgd", 1e6)
    again.restore(kept)
    assert again.overflow == mine.overflow
