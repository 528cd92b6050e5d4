"""Whole races on a network, for the tests of what is computed, said and drawn of them."""

from lab.core.events import Done, Event
from lab.core.lesson import Context
from lab.topics.gradient_descent.network import train
from lab.topics.gradient_descent.network_result import NetworkRace
from lab.topics.gradient_descent.network_settings import NetworkSettings


def race_of(settings: NetworkSettings) -> tuple[list[Event], NetworkRace]:
    """Return the events of a race, and what it leaves."""
    *items, done = train(settings, Context())
    assert isinstance(done, Done)
    return [item for item in items if not isinstance(item, Done)], done.result
