"""Results that several servers share, in a folder or in Redis: signed, bounded, and never worth an error.

What is stored is a pickle, and reading a pickle can execute code. So everything is signed under
`LAB_STORE_KEY`, together with its name, and nothing is read before its signature is checked.
"""

import contextlib
import hashlib
import hmac
import logging
import os
import pickle
import queue
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol, TypeVar

from lab.core.errors import SettingError
from lab.core.events import Event
from lab.runs.options import Options

WAIT_SECONDS = 0.2
REST_SECONDS = 10.0  # a store that failed is not asked again so soon
MOST_UNWRITTEN = 32
T = TypeVar("T")

_log = logging.getLogger(__name__)


class Shelf(Protocol):
    """Where bytes lie under names; any of its methods may raise, or take too long."""

    def read(self, key: str) -> bytes | None:
        """Return what was written under `key`, or None."""
        ...

    def write(self, key: str, data: bytes) -> None:
        """Keep `data` under `key`."""
        ...


class FolderShelf:
    """Files in a folder that nobody else may write to; the least recently read leave first.

    Args:
        folder: made if it is not there.
        most_bytes: of all files together.

    Raises:
        SettingError: the folder cannot be made or written to.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as fault:
            raise SettingError("LAB_STORE", "a folder that can be written to", str(folder)) from fault
        if not os.access(folder, os.W_OK):
            raise SettingError("LAB_STORE", "a folder that can be written to", str(folder))
        self._folder = folder
        self._most_bytes = most_bytes

    def read(self, key: str) -> bytes | None:
        """Return the file's bytes, or None if there is none."""
        path = self._folder / f"{key}.run"
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return data

    def write(self, key: str, data: bytes) -> None:
        """Write the file in one step, so that no reader ever sees half of it."""
        if len(data) > self._most_bytes:
            return
        handle, name = tempfile.mkstemp(dir=self._folder, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.replace(name, self._folder / f"{key}.run")
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
        self._make_room()

    def _make_room(self) -> None:
        files = [path for path in self._folder.iterdir() if path.suffix in (".run", ".part")]
        known = [(found.st_mtime_ns, found.st_size, path) for path in files if (found := _stat(path))]
        total = sum(size for _, size, _ in known)
        for _, size, path in sorted(known):
            if total <= self._most_bytes:
                return
            path.unlink(missing_ok=True)
            total -= size


def _stat(path: Path) -> os.stat_result | None:
    """Return what is known of a file; None if another server has taken it away meanwhile."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


class RedisShelf:
    """Values in Redis that leave by themselves after some hours; its `maxmemory` bounds their bytes.

    Args:
        url: such as `redis://host:6379/0`, or `rediss://` with TLS.
        hours: how long a value is kept.
    """

    def __init__(self, url: str, hours: float) -> None:
        import redis  # noqa: PLC0415  only those need it who share results through it
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.retry import Retry  # noqa: PLC0415

        self._seconds = max(1, round(hours * 3600))
        try:
            self._redis = redis.Redis.from_url(
                url,
                socket_timeout=WAIT_SECONDS,
                socket_connect_timeout=WAIT_SECONDS,
                retry=Retry(NoBackoff(), 0),
            )
        except ValueError:
            raise SettingError(
                "LAB_STORE", "a folder or redis://host:6379/0", url.partition("@")[2] or url
            ) from None

    def read(self, key: str) -> bytes | None:
        """Return the value, or None."""
        return self._redis.get(f"lab:{key}")  # type: ignore[return-value]

    def write(self, key: str, data: bytes) -> None:
        """Set the value, with its time to live."""
        self._redis.set(f"lab:{key}", data, ex=self._seconds)


class SharedStore:
    """Finished runs on a shelf, signed; whatever is wrong with the shelf, it is a miss and a line in the log.

    Reading waits `WAIT_SECONDS` at most, and writing happens in a thread of its own.

    Args:
        shelf: where the bytes lie.
        secret: what signs them.
    """

    def __init__(self, shelf: Shelf, secret: bytes) -> None:
        self._shelf = shelf
        self._secret = secret
        self._rests_until = 0.0
        self._readers = ThreadPoolExecutor(4, "shared-store")
        self._unwritten: queue.Queue[tuple[str, Sequence[Event], Any]] = queue.Queue(MOST_UNWRITTEN)
        threading.Thread(target=self._write_all, name="shared-store-writer", daemon=True).start()

    def get(self, key: str) -> tuple[list[Event], Any, int] | None:
        """Return events, result and their bytes, or None if they are not there or cannot be trusted."""
        data = self._safely(lambda: self._readers.submit(self._shelf.read, key).result(WAIT_SECONDS))
        return None if data is None else self._opened(key, data)

    def put(self, key: str, events: Sequence[Event], result: Any) -> None:
        """Store a finished run soon; left out if too many wait to be written."""
        with contextlib.suppress(queue.Full):
            self._unwritten.put_nowait((key, events, result))

    def flush(self) -> None:
        """Wait until all that was put is written."""
        self._unwritten.join()

    def _write_all(self) -> None:
        while True:
            key, events, result = self._unwritten.get()
            self._safely(lambda: self._shelf.write(key, self._sealed(key, events, result)))  # noqa: B023  called at once
            self._unwritten.task_done()

    def _safely(self, ask: Callable[[], T]) -> T | None:
        """Return what the shelf says; nothing if it fails, and for a while after."""
        if time.monotonic() < self._rests_until:
            return None
        try:
            return ask()
        except Exception as fault:
            self._rests_until = time.monotonic() + REST_SECONDS
            _log.warning("The shared store failed (%s): runs are computed here", type(fault).__name__)
            return None

    def _sealed(self, key: str, events: Sequence[Event], result: Any) -> bytes:
        data = zlib.compress(pickle.dumps((list(events), result), protocol=5), 1)
        return self._signature(key, data) + data

    def _opened(self, key: str, sealed: bytes) -> tuple[list[Event], Any, int] | None:
        signature, data = sealed[:32], sealed[32:]
        if not hmac.compare_digest(signature, self._signature(key, data)):
            _log.warning("A shared result is damaged or signed by another key: it is computed again")
            return None
        try:
            raw = zlib.decompress(data)
            events, result = pickle.loads(raw)
        except Exception as fault:  # written by libraries that pickle otherwise than ours
            _log.warning("A shared result cannot be read (%s): it is computed again", type(fault).__name__)
            return None
        return events, result, len(raw)

    def _signature(self, key: str, data: bytes) -> bytes:
        return hmac.digest(self._secret, key.encode() + data, hashlib.sha256)


def open_shared_store(options: Options) -> SharedStore | None:
    """Return the store that `LAB_STORE` names, or None if it names none.

    Raises:
        SettingError: it cannot be opened, or there is no `LAB_STORE_KEY` to sign with.
    """
    if not options.store:
        return None
    if len(options.store_key) < 16:
        raise SettingError(
            "LAB_STORE_KEY", "a secret of 16 characters or more, the same on all servers", "none"
        )
    scheme, parted, _ = options.store.partition("://")
    if parted and scheme not in ("redis", "rediss"):
        raise SettingError("LAB_STORE", "a folder or redis://host:6379/0", f"{scheme}://")
    shelf: Shelf
    if parted:
        shelf = RedisShelf(options.store, options.store_hours)
    else:
        shelf = FolderShelf(Path(options.store), options.store_disk_mb * 2**20)
    return SharedStore(shelf, options.store_key.encode())
