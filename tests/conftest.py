"""What all tests share: one torch thread, as in the lab's workers."""

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Set it in the thread that runs the tests: OpenMP counts for each thread of a program.

    Two threads on a busy machine make small steps 3 to 30 times slower, and sums differ in their last bit.
    """
    torch.set_num_threads(1)
