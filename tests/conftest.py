"""What all tests share: one torch thread, as in the lab's workers; and which of them run alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.chromium import browser, context, playwright

__all__ = ["browser", "context", "playwright"]

HERE = Path(__file__).parent
WAITING = ("serving", "chaos", "runs/test_contract", "runs/test_cluster")
ALONE = ("load", "runs/test_local", "runs/test_turns")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts servers and workers: beside training tests it would time out, or measure those."""
    for item in items:
        place = item.path.relative_to(HERE).as_posix() if item.path.is_relative_to(HERE) else ""
        if place.startswith(WAITING):
            item.add_marker("waiting")
        elif place.startswith(ALONE):
            item.add_marker("alone")


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Set it in the thread that runs the tests: OpenMP counts for each thread of a program.

    Two threads on a busy machine make small steps 3 to 30 times slower, and sums differ in their last bit.
    """
    torch.set_num_threads(1)


@pytest.fixture
def _in_place(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Compute all runs in the test's own thread, at a desk of its own; for tests that open pages."""
    from lab.ui.desk import desk  # noqa: PLC0415  (most tests do without Streamlit, which takes a second)

    monkeypatch.setenv("LAB_IN_PLACE_SECONDS", "inf")
    desk.cache_clear()
    yield
    desk.cache_clear()
