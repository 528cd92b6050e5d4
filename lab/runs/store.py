"""Results that are already known, as many as fit into a bounded store."""

import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

from cachetools import LRUCache

from lab.core.events import Event


class _Record(NamedTuple):
    events: tuple[Event, ...]
    result: Any
    size: int


class Store:
    """Finished runs by the key of their job; the least recently used ones leave first.

    What is stored is shared by all visitors: readers leave events and results unchanged.

    Args:
        megabytes: the bound, in mebibytes of pickled events and results.
    """

    def __init__(self, megabytes: float = 256.0) -> None:
        self._records: LRUCache[str, _Record] = LRUCache(
            megabytes * 2**20, getsizeof=lambda record: record.size
        )
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Return the bytes in use."""
        return int(self._records.currsize)

    def get(self, key: str) -> tuple[list[Event], Any] | None:
        """Return the events and the result stored under `key`, or None."""
        with self._lock:
            record = self._records.get(key)
        return None if record is None else (list(record.events), record.result)

    def put(self, key: str, events: Sequence[Event], result: Any, size: int) -> None:
        """Store a finished run of `size` bytes; one that is larger than the whole store is left out."""
        with self._lock:
            if size <= self._records.maxsize:
                self._records[key] = _Record(tuple(events), result, size)
