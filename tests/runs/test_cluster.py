"""A real cluster with mutual TLS: a lesson from two servers, dead workers, a dead scheduler, strangers."""

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import toys
from alike import assert_alike
from clusters import HERE, Cluster, end, make_certificates, running_cluster, start_scheduler, start_workers

from lab.core.errors import LabError, SettingError
from lab.core.lesson import Context
from lab.runs import cluster as engines
from lab.runs import cluster_link as links
from lab.runs.choose import EngineError, open_engine
from lab.runs.cluster import ClusterEngine
from lab.runs.cluster_link import Link
from lab.runs.engine import Job, Limits, Run
from lab.runs.local import LocalEngine

FOREVER = 10_000_000

LESSONS = {  # the page's own addresses
    "cnn": "cnn/train?seed=3",
    "rnn": "rnn/series?series_epochs=1&series_networks=1",
    "race": "gradient_descent/race?steps=40",
    **{f"playground {seed}": f"playground/train?seed={seed}" for seed in (2, 3)},
}
SERVER = """
import os, pickle, signal, sys, time
from urllib.parse import parse_qsl
from lab.curriculum import experiment
from lab.runs.desk import Desk
from lab.runs.engine import Job
from lab.runs.store import Store

path, doomed, *asked = sys.argv[1:]
desk, runs, told = Desk(None, Store(64)), {}, {}
for address in asked:
    name, _, query = address.partition("?")
    settings, faults = experiment(name).settings.from_query(dict(parse_qsl(query)))
    assert not faults and len(settings.to_query()) == query.count("="), settings
    runs[address] = desk.ask(Job(name, settings), "visitor of " + address)
if doomed:
    run = runs[doomed]
    while len(run.events) < 2:
        time.sleep(0.01)
    os.kill(desk.start()._tasks[run.token].pid, signal.SIGKILL)
    assert run.wait(30) and run.state == "lost", run.state
    runs[doomed] = desk.ask(run.job, "visitor of " + doomed, again=True)
    assert runs[doomed] is not run
for address, run in runs.items():
    assert run.wait(60) and run.state == "done", run.message
    told[address] = (run.events, run.result)
with open(path, "wb") as file:
    pickle.dump(told, file)
desk.close()
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
def engine(cluster: Cluster) -> Iterator[ClusterEngine]:
    limits = Limits(seconds=20, memory_mb=300)
    made = ClusterEngine(cluster.address, cluster.certificates, find="toys:experiment", limits=limits)
    wait_until(lambda: made.stats()["workers"] == 2, 60)
    yield made
    made.close()


def wait_until(is_so: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def job(toy: str, steps: int = 20, seed: int = 1, device: str = "cpu") -> Job:
    return Job(f"toy/{toy}", toys.Settings(steps=steps, seed=seed), Context(device))


def finished(run: Run, seconds: float = 20) -> Run:
    assert run.wait(seconds), f"still {run.state} after {seconds} s"
    return run


def begun(run: Run) -> Run:
    wait_until(lambda: run.events or run.ended)
    assert run.state == "running", run.message
    return run


@dataclass(frozen=True, slots=True)
class Server:
    """A lab server's desk in a process of its own, asked for lessons; `told` waits for their results."""

    process: subprocess.Popen[bytes]
    path: Path

    def told(self) -> dict[str, Any]:
        assert self.process.wait(90) == 0
        return pickle.loads(self.path.read_bytes())


def server(engine: str, path: Path, lessons: list[str], doomed: str = "") -> Server:
    """Start a server; once the lesson `doomed` has begun, the worker that computes it is killed."""
    environment = {**os.environ, "LAB_ENGINE": engine, "LAB_IN_PLACE_SECONDS": "0"}
    asked = [LESSONS[name] for name in lessons]
    words = [sys.executable, "-c", SERVER, str(path), LESSONS.get(doomed, ""), *asked]
    return Server(subprocess.Popen(words, env=environment, cwd=HERE.parents[1]), path)


def test_two_servers_get_from_the_cluster_what_local_workers_compute(
    cluster: Cluster, engine: ClusterEngine, tmp_path: Path
) -> None:
    url = f"dask:{cluster.address}?cert={Path(cluster.certificates['ca']).parent}"
    restarts = engine.stats()["restarts"]
    first = server(url, tmp_path / "first", ["cnn", "playground 2", "playground 3"], doomed="cnn")
    second = server(url, tmp_path / "second", ["playground 3", "rnn", "race"])
    told = [first.told(), second.told()]
    local = server("local:?workers=2", tmp_path / "local", list(LESSONS)).told()
    assert engine.stats()["restarts"] == restarts + 1  # a third server sees the death as well
    assert_alike({**told[0], **told[1]}, local)
    assert_alike(told[0][LESSONS["playground 3"]], told[1][LESSONS["playground 3"]])
    assert min(len(events) for events, _ in local.values()) >= 2


def test_runs_of_a_server_that_dies_stop_on_the_cluster(cluster: Cluster, engine: ClusterEngine) -> None:
    wait_until(lambda: engine.stats()["workers"] == 2)
    other = ClusterEngine(cluster.address, cluster.certificates, find="toys:experiment")
    for seed in range(2):
        begun(other.submit(job("loop", FOREVER, seed)))
    wait_until(lambda: len(engine._foreign) == 2)
    waiting = engine.submit(job("walk"))
    assert waiting.state == "queued"
    other.close()
    assert finished(waiting, 5).state == "done"


def test_a_device_that_no_worker_has_is_refused_at_once(engine: ClusterEngine) -> None:
    run = finished(engine.submit(job("walk", device="cuda:0")), 2)
    assert (run.state, run.message) == ("error", "No worker of the cluster has a GPU: choose the device cpu.")


def test_a_run_that_wants_a_gpu_goes_to_a_worker_that_has_one(
    cluster: Cluster, engine: ClusterEngine, tmp_path: Path
) -> None:
    """The worker says that it has one, which is all that Dask knows of it."""
    assert engine.devices() == ("cpu",)
    parent = start_workers(cluster.address, cluster.certificates, tmp_path, 1, "--resources", "GPU=1")
    try:
        wait_until(lambda: engine.devices() == ("cpu", "cuda"), 60)
        picked = [finished(engine.submit(job("where", seed, device="cuda:1"))).result for seed in range(3)]
        plain = finished(engine.submit(job("where"))).result
        mine = {one.pid for one in parent.children(recursive=True)}
        assert {device for device, _ in picked} == {"cuda"}  # however many the server has, the worker has one
        assert {pid for _, pid in picked} <= mine
        assert plain[0] == "cpu"
    finally:
        end(parent)
    wait_until(lambda: engine.devices() == ("cpu",))
    refused = finished(engine.submit(job("where", device="cuda")), 2)
    assert refused.message == "No worker of the cluster has a GPU: choose the device cpu."


def test_plain_tcp_works_where_it_was_asked_for_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler, address = start_scheduler({}, tmp_path)
    workers = start_workers(address, {}, tmp_path, 1)
    try:
        assert address.startswith("tcp://")
        with pytest.raises(EngineError, match="LAB_ENGINE_INSECURE=1"):
            open_engine(f"dask:{address}", find="toys:experiment")
        monkeypatch.setenv("LAB_ENGINE_INSECURE", "1")
        engine = open_engine(f"dask:{address}", find="toys:experiment")
        wait_until(lambda: engine.stats()["workers"] == 1, 60)
        assert finished(engine.submit(job("walk"))).state == "done"
        engine.close()
    finally:
        end(workers)
        end(scheduler)


def test_strangers_are_refused(cluster: Cluster, tmp_path: Path) -> None:
    foreign = make_certificates(tmp_path / "foreign")
    plain = cluster.address.replace("tls:", "tcp:")
    for address, certificates in ((cluster.address, foreign), (plain, None)):
        with pytest.raises(OSError, match=r"(?i)timed out|ssl|certificate|closed"):
            Link(address, certificates, "toys:experiment", print)


def test_a_scheduler_that_goes_ends_runs_and_one_that_comes_back_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "PATIENCE_SECONDS", 1.0)
    certificates = make_certificates(tmp_path)
    scheduler, address = start_scheduler(certificates, tmp_path)
    workers = start_workers(address, certificates, tmp_path, 1)
    engine = ClusterEngine(address, certificates, find="toys:experiment")
    try:
        wait_until(lambda: engine.stats()["workers"] == 1, 60)
        run = begun(engine.submit(job("loop", FOREVER)))
        end(scheduler)
        assert finished(run, 5).state == "lost"
        assert "connection to the cluster broke" in run.message
        late = finished(engine.submit(job("walk")), 8)
        assert (late.state, late.message.partition(":")[0]) == (
            "lost",
            "The cluster cannot be reached or has no workers",
        )
        end(workers)
        scheduler, _ = start_scheduler(certificates, tmp_path, int(address.rpartition(":")[2]))
        workers = start_workers(address, certificates, tmp_path, 1)
        wait_until(lambda: engine.stats()["workers"] == 1, 60)
        assert finished(engine.submit(job("walk"))).state == "done"
    finally:
        engine.close()
        end(workers)
        end(scheduler)


def test_an_engine_without_a_cluster_starts_at_once_and_says_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(links, "CONNECT_SECONDS", 0.5)
    start = time.monotonic()
    engine = ClusterEngine("tls://127.0.0.1:9", make_certificates(tmp_path), find="toys:experiment")
    run = engine.submit(job("walk"))
    assert time.monotonic() - start < 1
    assert finished(run, 8).state == "lost"
    assert run.message.endswith("start the run again in a minute.")
    engine.close()


@pytest.mark.parametrize(
    "url",
    [
        "dusk:",
        "local:5",
        "local:?workers=0",
        "local:?threads=2",
        "dask:",
        "dask:tls://host",
        "dask:tls://h:x",
    ],
)
def test_nonsense_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(SettingError, match=r"^LAB_ENGINE: expected local:, local:"):
        open_engine(url)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("dask:tcp://host:8786", "LAB_ENGINE_INSECURE=1"),
        ("dask:tls://host:8786", "set LAB_ENGINE_CERT"),
        ("dask:tls://host:8786?cert=/nowhere", "there is no file /nowhere/ca.pem"),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_to_do(
    url: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LAB_ENGINE_INSECURE", "LAB_ENGINE_CERT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(EngineError, match=sentence) as caught:
        open_engine(url)
    assert isinstance(caught.value, LabError)


def test_the_default_is_local_and_never_loads_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAB_ENGINE", raising=False)
    made = open_engine("local:?workers=1", find="toys:experiment")
    assert isinstance(made, LocalEngine)
    made.close()
    code = (
        "import sys, lab.runs.choose, lab.runs.desk, lab.runs.local; sys.exit('distributed' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=HERE.parents[1]).returncode == 0


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make_certificates(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EngineError, match=r"pip install '\.\[cluster\]'"):
        open_engine(f"dask:tls://host:8786?cert={tmp_path}")
