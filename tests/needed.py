"""Programs that some tests need: a developer may lack them, but what is to prove something must have them."""

import os
import shutil

import pytest


def needed(program: str) -> str:
    """Return where a program is; without it, the test is skipped, and fails in CI."""
    found = shutil.which(program)
    if found is None:
        missing(f"this machine has no {program}")
        raise FileNotFoundError(program)
    return found


def missing(reason: str) -> None:
    """Skip where a developer lacks something; fail where the tests are meant to prove something."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
