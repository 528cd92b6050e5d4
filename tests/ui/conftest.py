"""Pages opened through the lab's own menu, and runs that a test moves on event by event."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from lab.core.events import Done
from lab.core.lesson import Context
from lab.runs.engine import End, Job, Run
from lab.topics.playground import TRAIN
from lab.topics.playground.settings import Settings
from tests.pages import page_at

QUICK = {"epochs": "2", "networks": "2"}


@pytest.fixture
def opened(_in_place: None) -> Callable[..., AppTest]:
    """Return a function that opens the Playground with short runs at a URL."""

    return lambda **query: page_at("playground", QUICK | query)


class Story:
    """A real run whose events a test lets out one by one."""

    def __init__(self, settings: Settings) -> None:
        self.run = Run(Job(TRAIN.name, settings))
        told = list(TRAIN.train(settings, Context()))
        self.events = [event for event in told if not isinstance(event, Done)]
        assert isinstance(told[-1], Done)
        self.result = told[-1].result

    def tell(self, count: int) -> None:
        """Let `count` more events out."""
        if self.run.state == "queued":
            self.run.begin()
        told = len(self.run.events)
        self.run.extend(self.events[told : told + count], 0)

    def end(self) -> Run:
        """Let the rest out, and end the run."""
        self.tell(len(self.events))
        self.run.finish(End("done", result=self.result))
        return self.run


@pytest.fixture
def story() -> Callable[..., Story]:
    """Return a function that makes a run of these settings, of which nothing is told yet."""
    return lambda **values: Story(Settings(**values))
