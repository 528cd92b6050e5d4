"""A server's connection to a Dask scheduler: orders go out, mail comes in."""

import logging
import os
import signal
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import dask.config
from distributed import Client, Future, Security

from lab.runs.cluster_worker import TOPIC, execute, task_key
from lab.runs.engine import code_version

CONNECT_SECONDS = 3

Kind = Literal["began", "data", "gone", "taken", "over", "workers"]


@dataclass(frozen=True, slots=True)
class Mail:
    """What the cluster tells a server.

    Attributes:
        kind: `began`, `data` and `gone` (its task ended, in whatever way) are about a run of this server,
            `taken` and `over` about a run of any server, `workers` says that workers came or went.
        run: the token of the run.
        worker: the worker's address; with `workers`, of one that went.
        pid: the process of a run that began.
        data: packed events and perhaps the end.
    """

    kind: Kind
    run: str = ""
    worker: str = ""
    pid: int = 0
    data: bytes = b""


class Link:
    """One connection, which is never mended: when it breaks, make another.

    Args:
        address: of the scheduler, such as `tls://host:8786`.
        certificates: paths to the files `ca`, `cert` and `key`; none for an insecure connection.
        find: the finder of experiments as `module:function`.
        post: called with each mail, in the order of the cluster, in a thread that must not be held up.

    Raises:
        OSError: the scheduler cannot be reached, or refuses.
    """

    def __init__(
        self,
        address: str,
        certificates: Mapping[str, str] | None,
        find: str,
        post: Callable[[Mail], None],
    ) -> None:
        security = None
        if certificates is not None:
            security = Security(
                tls_ca_file=certificates["ca"],
                tls_client_cert=certificates["cert"],
                tls_client_key=certificates["key"],
                require_encryption=True,
            )
        for name in ("distributed", "distributed.client"):  # of what breaks, the engine says enough
            logging.getLogger(name).setLevel(logging.CRITICAL)
        with dask.config.set({"distributed.comm.timeouts.tcp": "15s"}):
            self._client = Client(
                address, security=security, timeout=CONNECT_SECONDS, set_as_default=False, name="lab-server"
            )
        self._find = find
        self._post = post
        self._futures: dict[str, Future] = {}
        self._calls = ThreadPoolExecutor(4, thread_name_prefix="cluster-call")
        self._topic = f"lab-{self._client.id}"
        self._client.subscribe_topic(self._topic, self._on_own)
        self._client.subscribe_topic(TOPIC, self._on_any)
        self._client.subscribe_topic("all", self._on_change)

    @property
    def is_up(self) -> bool:
        """Return whether the connection still holds."""
        return self._client.status == "running"

    def workers(self) -> dict[str, bool]:
        """Return the addresses of the workers, and whether each has a GPU; OSError if nobody answers."""
        scheduler: Any = self._client.scheduler
        told: Any = self._client.sync(scheduler.identity, n_workers=-1, callback_timeout=CONNECT_SECONDS)
        return {
            address: worker["resources"].get("GPU", 0) >= 1
            for address, worker in told["workers"].items()
            if worker["status"] not in ("paused", "closing", "closing_gracefully", "closed")
        }

    def send(self, run: str, order: bytes, *, priority: int, gpu: bool) -> None:
        """Hand the run with this token, a pickled `Order`, to the scheduler."""
        future = self._client.submit(
            execute,
            order,
            self._find,
            code_version(),
            self._topic,
            run,
            key=task_key(run),
            pure=False,
            priority=priority,
            resources={"GPU": 1} if gpu else None,
        )
        self._futures[run] = future
        future.add_done_callback(partial(self._on_done, run))

    def release(self, run: str) -> None:
        """Want no more of a run, which stops if it goes on; nothing is kept of it."""
        future = self._futures.pop(run, None)
        if future is not None:
            future.release()

    def kill(self, worker: str, pid: int) -> None:
        """Kill the process of a worker that does not obey; its nanny starts another."""
        kill = getattr(signal, "SIGKILL", signal.SIGTERM)
        self._calls.submit(
            self._client.run, os.kill, pid, kill, workers=[worker], nanny=True, on_error="ignore"
        )

    def close(self) -> None:
        """Leave the cluster, where the runs of this server then stop."""
        self._post = _ignore
        self._calls.shutdown(wait=False, cancel_futures=True)
        self._client.close(CONNECT_SECONDS)

    def _on_own(self, event: tuple[float, Any]) -> None:
        told = event[1]
        if "pid" in told:
            self._post(Mail("began", told["run"], told["worker"], told["pid"]))
        else:
            self._post(Mail("data", told["run"], told["worker"], data=told["data"]))

    def _on_any(self, event: tuple[float, Any]) -> None:
        told = event[1]
        self._post(Mail("over" if "over" in told else "taken", told["run"], told["worker"]))

    def _on_change(self, event: tuple[float, Any]) -> None:
        told = event[1]
        if told.get("action") in ("add-worker", "remove-worker", "worker-status-change"):
            gone = told["action"] == "remove-worker"
            self._post(Mail("workers", worker=told["worker"] if gone else ""))

    def _on_done(self, run: str, future: Future) -> None:
        if self._futures.get(run) is future:  # else it was released
            self._post(Mail("gone", run))


def _ignore(_mail: Mail) -> None:
    """Read no more mail."""
