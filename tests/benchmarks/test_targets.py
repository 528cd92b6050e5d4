"""A benchmark that misses its target says so and fails."""

import math

import pytest

from tests.benchmarks.targets import Target, report


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (Target("ratio", 1.2, 1.2), True),
        (Target("ratio", 1.19, 1.2), False),
        (Target("seconds", 3.0, 3.0, at_most=True), True),
        (Target("seconds", 3.01, 3.0, at_most=True), False),
        (Target("seconds", math.inf, 3.0, at_most=True), False),
        (Target("ratio", math.nan, 1.2), False),
    ],
)
def test_a_target_is_met_or_missed(target, met, capsys):
    assert target.met == met
    assert report([target, Target("other", 2, 1)]) == (0 if met else 1)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("met" if met else "MISSED")
    assert second == "met     other: 2.00 (at least 1)"
