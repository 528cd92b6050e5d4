"""A real cluster on loopback for the tests: certificates, a scheduler, and two workers or more."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import trustme

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
START_SECONDS = 40
NO_DASHBOARD = ("--no-dashboard", "--dashboard-address", "127.0.0.1:0")


def make_certificates(folder: Path) -> dict[str, str]:
    """Write ca.pem, cert.pem and key.pem of an authority of its own into `folder`; return their paths."""
    folder.mkdir(exist_ok=True)
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    for number, part in enumerate(issued.cert_chain_pems):
        part.write_to_path(folder / "cert.pem", append=number > 0)
    return {name: str(folder / f"{name}.pem") for name in ("ca", "cert", "key")}


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster: the scheduler's address, the certificates, and its processes."""

    address: str
    certificates: dict[str, str]
    scheduler: psutil.Popen
    workers: psutil.Popen


def command(name: str, *more: str, certificates: dict[str, str]) -> list[str]:
    """Return the words that start a part of a cluster; without certificates, for plain TCP."""
    tls = {"ca": "--tls-ca-file", "cert": "--tls-cert", "key": "--tls-key"}
    paths = [part for file, path in certificates.items() for part in (tls[file], path)]
    return [sys.executable, "-m", "dask", name, *more, "--host", "127.0.0.1", *NO_DASHBOARD, *paths]


def start(words: list[str], log: Path) -> psutil.Popen:
    environment = {**os.environ, "DASK_CONFIG": str(ROOT / "deploy/dask.yaml"), "PYTHONPATH": str(HERE)}
    if "tls" not in " ".join(words):
        environment["DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION"] = "false"
    with log.open("wb") as output:
        return psutil.Popen(words, env=environment, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)


def start_scheduler(certificates: dict[str, str], folder: Path, port: int = 0) -> tuple[psutil.Popen, str]:
    """Return a scheduler that listens, and its address."""
    log = folder / "scheduler.log"
    options = ("--protocol", "tls" if certificates else "tcp", "--port", str(port))
    scheduler = start(command("scheduler", *options, certificates=certificates), log)
    return scheduler, wait_for(r"Scheduler at:\s+(t\w+://\S+)", log)


def start_workers(
    address: str, certificates: dict[str, str], folder: Path, count: int, *more: str
) -> psutil.Popen:
    """Return the parent of `count` workers, which come up meanwhile."""
    preload = ("--preload", "lab.runs.cluster_worker", "--preload-nanny", "lab.runs.cluster_worker")
    size = ("--nworkers", str(count), "--nthreads", "1", "--memory-limit", "0")
    place = ("--local-directory", str(folder))
    words = command("worker", address, *size, *place, *preload, *more, certificates=certificates)
    return start(words, folder / "workers.log")


def wait_for(pattern: str, log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        found = re.search(pattern, log.read_text())
        if found:
            return found[1]
        time.sleep(0.05)
    raise AssertionError(f"no {pattern} within {START_SECONDS} s in\n{log.read_text()}")


def end(process: psutil.Popen) -> None:
    """Kill a process and all that it has started."""
    try:
        started = process.children(recursive=True)
    except psutil.NoSuchProcess:  # workers end by themselves when their scheduler is gone
        return
    for one in [*started, process]:
        with suppress(psutil.NoSuchProcess):
            one.kill()
    process.wait(10)


@contextmanager
def running_cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """Give a cluster with mutual TLS on loopback, whose workers may still be coming up."""
    certificates = make_certificates(folder / "certificates")
    scheduler, address = start_scheduler(certificates, folder)
    parent = start_workers(address, certificates, folder, workers)
    try:
        yield Cluster(address, certificates, scheduler, parent)
    finally:
        end(parent)
        end(scheduler)
