"""Every challenge can be met, and is not met by accident."""

import pytest

from lab.core.events import Done
from lab.core.lesson import Context
from lab.topics.playground import LESSON, TRAIN
from lab.topics.playground.settings import Settings

SOLUTIONS = {
    "small-circle": Settings(hidden=(3,), epochs=500),
    "memorise": Settings(
        data="gauss", noise=0.5, train_share=0.1, hidden=(16, 16), learning_rate=0.1, epochs=1000
    ),
    "plain-spiral": Settings(
        data="spiral", hidden=(16, 16, 16), activation="relu", initial="he", optimizer="adam",
        learning_rate=0.003, epochs=600, train_share=0.8,
    ),
}  # fmt: skip


def met(challenge, settings):
    *events, done = TRAIN.train(settings, Context())
    assert isinstance(done, Done)
    return challenge.reached(settings, events, done.result)


@pytest.mark.parametrize("challenge", LESSON.challenges, ids=lambda one: one.id)
def test_a_challenge_can_be_met_but_not_by_doing_nothing(challenge):
    assert met(challenge, SOLUTIONS[challenge.id])
    assert not met(challenge, Settings())


def test_the_limits_of_a_challenge_count():
    circle = next(one for one in LESSON.challenges if one.id == "small-circle")
    assert not met(circle, Settings(hidden=(4,), epochs=500))
    assert not met(circle, Settings(hidden=(3,), features=("x1^2", "x2^2"), epochs=500))
