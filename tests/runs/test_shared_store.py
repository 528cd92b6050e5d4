"""What servers share: results come back signed, and a store that is down, slow or forged is a miss."""

import logging
import os
import pickle
import socket
import subprocess
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lab.core.errors import SettingError
from lab.core.events import Event, Finished, Framed, Started
from lab.runs.options import Options
from lab.runs.shared_store import FolderShelf, SharedStore, open_shared_store
from tests.needed import needed

KEY = "0123456789abcdef"
GONE = b"\x80\x05cnumpy._gone\nnowhere\n."  # names what this numpy does not have
EVENTS: list[Event] = [Started(epochs=1, networks=1), Finished("epochs", 1)]


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a Redis of our own on a free port."""
    program = needed("redis-server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.02)
        yield f"redis://127.0.0.1:{port}/0"
        server.terminate()


@pytest.fixture(params=["folder", "redis"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "shared") if request.param == "folder" else request.getfixturevalue("redis_url")


def opened(place: str, key: str = KEY) -> SharedStore:
    store = open_shared_store(Options(store=place, store_key=key))
    assert store is not None
    return store


def test_what_one_server_puts_another_gets(place: str) -> None:
    one, other = opened(place), opened(place)
    assert other.get("run") is None
    frame = Framed(epoch=1.0, parameters=np.arange(4, dtype=np.float32).reshape(2, 2))
    one.put("run", [*EVENTS, frame], np.arange(3))
    one.flush()
    found = other.get("run")
    assert found is not None
    assert found[0][:2] == EVENTS
    assert found[0][2].parameters.tobytes() == frame.parameters.tobytes()  # type: ignore[union-attr]
    assert found[1].tolist() == [0, 1, 2]
    assert found[2] > 100


class Bomb:
    """Executes something when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("exploded",)


@pytest.mark.parametrize("forged", [b"", b"short", b"\0" * 32 + pickle.dumps(Bomb()), pickle.dumps(Bomb())])
def test_nothing_unsigned_is_unpickled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, forged: bytes
) -> None:
    monkeypatch.chdir(tmp_path)
    store = opened(str(tmp_path / "shared"))
    (tmp_path / "shared" / "run.run").write_bytes(forged)
    with caplog.at_level(logging.WARNING):
        assert store.get("run") is None
    assert not (tmp_path / "exploded").exists()
    assert len(caplog.records) == 1
    assert "damaged or signed by another key" in caplog.text


def test_another_key_another_name_or_one_changed_byte_is_a_miss(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    store = opened(str(folder))
    store.put("run", EVENTS, 7)
    store.flush()
    good = (folder / "run.run").read_bytes()
    assert opened(str(folder), "another key of 16").get("run") is None
    (folder / "other.run").write_bytes(good)  # a result under another run's name
    assert store.get("other") is None
    (folder / "run.run").write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    assert store.get("run") is None
    (folder / "run.run").write_bytes(good)
    assert store.get("run") is not None


def test_a_redis_that_is_down_is_a_miss_and_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        store = opened(f"redis://127.0.0.1:{probe.getsockname()[1]}/0")
        with caplog.at_level(logging.WARNING, logger="lab.runs.shared_store"):
            start = time.perf_counter()
            for _ in range(20):
                assert store.get("run") is None
            store.put("run", EVENTS, 1)
            store.flush()
        assert time.perf_counter() - start < 1
    assert [record.message for record in caplog.records if record.name == "lab.runs.shared_store"] == [
        "The shared store failed (ConnectionError): runs are computed here"
    ]


def test_a_store_that_accepts_and_never_answers_costs_a_fifth_of_a_second_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        store = opened(f"redis://127.0.0.1:{mute.getsockname()[1]}/0")
        start = time.perf_counter()
        for _ in range(20):
            assert store.get("run") is None
        assert time.perf_counter() - start < 0.6


def test_a_slow_shelf_is_left_alone_for_a_while_and_then_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        asked = 0

        def read(self, key: str) -> bytes | None:
            self.asked += 1
            if self.asked == 1:
                time.sleep(0.4)

        def write(self, key: str, data: bytes) -> None:
            raise OSError("disk full")

    monkeypatch.setattr("lab.runs.shared_store.REST_SECONDS", 0.3)
    slow = Slow()
    store = SharedStore(slow, KEY.encode())
    assert store.get("run") is None
    assert store.get("run") is None
    assert slow.asked == 1
    deadline = time.monotonic() + 5
    while slow.asked == 1:
        assert store.get("run") is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    store.put("run", EVENTS, 1)
    store.flush()  # a write that fails is no fault of anybody


def test_the_folder_keeps_its_bound_and_the_latest_read(tmp_path: Path) -> None:
    shelf = FolderShelf(tmp_path, 3000)
    for number, key in enumerate("abc"):
        shelf.write(key, bytes(1000))
        os.utime(tmp_path / f"{key}.run", (number, number))
    assert shelf.read("a") == bytes(1000)  # now the latest
    shelf.write("d", bytes(1000))
    assert [key for key in "abcd" if shelf.read(key)] == ["a", "c", "d"]
    shelf.write("e", bytes(3001))
    assert shelf.read("e") is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.run", "c.run", "d.run"]


def test_what_another_server_takes_away_meanwhile_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = Path.iterdir

    def raced(folder: Path) -> Iterator[Path]:
        files = list(listed(folder))
        (tmp_path / "a.run").unlink(missing_ok=True)
        return iter(files)

    shelf = FolderShelf(tmp_path, 2000)
    shelf.write("a", bytes(1000))
    monkeypatch.setattr(Path, "iterdir", raced)
    shelf.write("b", bytes(1000))
    shelf.write("c", bytes(1000))
    assert [key for key in "abc" if shelf.read(key)] == ["b", "c"]


@pytest.mark.parametrize("written", [b"not compressed", zlib.compress(b"no pickle"), zlib.compress(GONE)])
def test_what_is_signed_and_cannot_be_read_is_a_miss(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, written: bytes
) -> None:
    """As what a server with other libraries has written."""
    store = opened(str(tmp_path))
    (tmp_path / "run.run").write_bytes(store._signature("run", written) + written)
    with caplog.at_level(logging.WARNING):
        assert store.get("run") is None
    assert "A shared result cannot be read" in caplog.text
    store.put("run", EVENTS, 7)
    store.flush()
    assert store.get("run") is not None  # and the store goes on


def test_redis_forgets_after_the_hours_that_are_set(redis_url: str) -> None:
    import redis  # noqa: PLC0415

    store = open_shared_store(Options(store=redis_url, store_key=KEY, store_hours=2))
    assert store is not None
    store.put("kept", EVENTS, 1)
    store.flush()
    with redis.Redis.from_url(redis_url) as client:
        assert 7100 < client.ttl("lab:kept") <= 7200  # type: ignore[operator]


@pytest.mark.parametrize(
    ("place", "key", "sentence"),
    [
        ("redis://host:6379/0", "", "LAB_STORE_KEY: expected a secret of 16 characters or more"),
        ("/tmp/lab", "too short", "LAB_STORE_KEY: expected a secret of 16 characters or more"),
        ("http://host", KEY, "LAB_STORE: expected a folder or redis://host:6379/0, got 'http://'"),
        ("redis://host:port/0", KEY, "LAB_STORE: expected a folder or redis://host:6379/0"),
        ("/dev/null/lab", KEY, "LAB_STORE: expected a folder that can be written to, got '/dev/null/lab'"),
    ],
)
def test_a_store_that_cannot_be_opened_says_why(place: str, key: str, sentence: str) -> None:
    with pytest.raises(SettingError) as told:
        open_shared_store(Options(store=place, store_key=key))
    assert str(told.value).startswith(sentence)
    assert key == "" or key not in str(told.value)


def test_without_the_variable_nothing_is_shared() -> None:
    assert open_shared_store(Options()) is None
