import os
from pathlib import Path

import pytest

from lab.core.errors import SettingError
from lab.runs import machine
from lab.runs.engine import Limits
from lab.runs.options import Options


def test_the_environment_sets_the_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_RUN_SECONDS", "7.5")
    monkeypatch.setenv("LAB_RUN_MEMORY_MB", "300")
    monkeypatch.setenv("LAB_RUN_EVENTS", "50")
    monkeypatch.setenv("LAB_RUN_EVENTS_MB", "")  # as a compose file passes what is not set
    monkeypatch.setenv("LAB_VISITOR_RUNS_PER_MINUTE", "5")
    monkeypatch.setenv("LAB_STORE_MB", "0.5")
    monkeypatch.setenv("LAB_STORE_KEY", "a secret that is not shown")
    options = Options()
    assert options.limits == Limits(7.5, 300, 50, 64)
    assert (options.visitor_runs_per_minute, options.store_mb) == (5, 0.5)
    assert "secret" not in repr(options)


def test_the_defaults_of_options_and_limits_are_the_same() -> None:
    assert Options().limits == Limits()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("LAB_RUN_SECONDS", "abc", "LAB_RUN_SECONDS: expected a valid number, got 'abc'"),
        ("LAB_RUN_SECONDS", "inf", "LAB_RUN_SECONDS: expected a finite number, got 'inf'"),
        ("LAB_RUN_EVENTS", "1", "LAB_RUN_EVENTS: expected greater than or equal to 10, got '1'"),
        ("LAB_WORKERS", "0", "LAB_WORKERS: expected greater than or equal to 1, got '0'"),
        ("LAB_WORKERS", "2.5", "LAB_WORKERS: expected a valid integer, got '2.5'"),
    ],
)
def test_a_wrong_value_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError) as told:
        Options()
    assert str(told.value) == sentence


@pytest.mark.parametrize(
    ("bound", "quota", "cores", "workers"),
    [
        (2, "max 100000\n", 2, 16),
        (4, "250000 100000\n", 3, 24),
        (1, "50000 100000\n", 1, 8),
        (8, None, 8, 32),
        (64, None, 64, 64),
        (512, None, 512, 256),
        (512, "200000 100000\n", 2, 16),
    ],
)
def test_workers_follow_the_cores_that_the_lab_may_use(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    bound: int,
    quota: str | None,
    cores: int,
    workers: int,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(bound)), raising=False)
    monkeypatch.setattr(machine, "QUOTA", tmp_path / "cpu.max")
    if quota is not None:
        machine.QUOTA.write_text(quota)
    assert machine.cores() == cores
    assert Options().workers == workers
