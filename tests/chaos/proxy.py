"""A TCP proxy between visitors and server, whose connections can be cut or silenced."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

CHUNK = 65_536


class Proxy:
    """Forwards every connection to the server's port; lives in a thread of its own.

    Args:
        target: the server's port on this machine.
    """

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._writers: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._open = True
        self._loop: asyncio.AbstractEventLoop
        self._over = asyncio.Event()
        self._ready = threading.Event()

    def cut(self, *, refuse: bool = False) -> None:
        """Close all connections; with `refuse`, new ones too until `restore`."""
        self._call(lambda: self._cut(refuse))

    def silence(self) -> None:
        """Let no byte through in either direction, with all connections open."""
        self._call(self._flowing.clear)

    def restore(self) -> None:
        """Let everything through again."""
        self._call(self._restored)

    def _call(self, act: Callable[[], object]) -> None:
        self._loop.call_soon_threadsafe(act)

    def _cut(self, refuse: bool) -> None:
        self._open = not refuse
        for writer in self._writers:
            writer.transport.abort()

    def _restored(self) -> None:
        self._open = True
        self._flowing.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._flowing.set()
        server = await asyncio.start_server(self._joined, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        server.close()

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Join a visitor's connection to one of the server's."""
        if not self._open:
            writer.transport.abort()
            return
        try:
            there = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:  # the server is down
            writer.transport.abort()
            return
        both = {writer, there[1]}
        self._writers |= both
        await asyncio.gather(self._pump(reader, there[1]), self._pump(there[0], writer))
        self._writers -= both

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        writer.close()

    def run(self) -> None:
        """Serve until `stop`."""
        asyncio.run(self._serve())

    def wait(self) -> None:
        """Wait until the proxy listens."""
        assert self._ready.wait(10)

    def stop(self) -> None:
        """End all connections and the thread."""
        self.cut(refuse=True)
        self._call(self._over.set)


@contextmanager
def proxied(target: int) -> Iterator[Proxy]:
    """Put a proxy before the server's port."""
    proxy = Proxy(target)
    thread = threading.Thread(target=proxy.run, daemon=True)
    thread.start()
    proxy.wait()
    try:
        yield proxy
    finally:
        proxy.stop()
        thread.join(10)
