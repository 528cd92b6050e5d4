"""Whatever was sent, nothing of it was executed."""

from collections.abc import Iterator

import pytest

from tests.hostile.garbage import CANARY


@pytest.fixture(autouse=True)
def _nothing_is_executed() -> Iterator[None]:
    """The file that hostile code makes is not there, neither before nor after a test."""
    assert not CANARY.exists()
    yield
    assert not CANARY.exists()
