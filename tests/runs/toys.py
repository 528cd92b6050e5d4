"""Toy experiments for the tests of lab.runs: gentle, stuck, greedy and faulty ones."""

import ctypes
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch

from lab.core.controls import Count
from lab.core.errors import DataError
from lab.core.events import Done, Evaluated, Event, Finished, Framed, Started
from lab.core.lesson import Context, Experiment, Train
from lab.core.settings import LessonSettings
from lab.core.stage import Stage

computed: list[str] = []  # the settings of the walks that ran in this process
Items = Iterator[Event | Done[Any]]


class Settings(LessonSettings):
    steps: Annotated[int, Count("Steps", 0, 10_000_000)] = 20
    seed: Annotated[int, Count("Seed", 0, 1_000_000)] = 1


def walk(settings: Settings, context: Context) -> Items:
    """Fit a line by SGD; the array of its frames is one buffer that goes on changing."""
    computed.append(settings.key())
    draw = torch.Generator().manual_seed(settings.seed)
    inputs, slopes = torch.randn(64, 3, generator=draw), torch.zeros(3, 1, requires_grad=True)
    optimizer = torch.optim.SGD([slopes], lr=0.1)
    buffer = np.zeros((1, 3), np.float32)
    yield Started(epochs=settings.steps, networks=1)
    for step in range(settings.steps):
        loss = (inputs @ slopes - inputs.sum(1, keepdim=True)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        buffer[:] = slopes.detach().numpy().T
        yield Framed(epoch=step, parameters=buffer)
        yield Evaluated(epoch=step, scores={"train_loss": np.array([loss.item()])})
    yield Finished("epochs", settings.steps)
    yield Done(slopes.detach().numpy())


def stream(settings: Settings, context: Context) -> Items:
    """Take about 0.25 s of one core, with 60 frames among 250 events: the size of a default run."""
    matrix = torch.rand(32, 32, generator=torch.Generator().manual_seed(settings.seed))
    frame = np.zeros((8, 33), np.float32)
    for number in range(250):
        for _ in range(settings.steps):
            torch.mm(matrix, matrix)
        if number % 4 == 0 and number < 240:
            yield Framed(epoch=number, parameters=frame.copy())
        else:
            yield Evaluated(epoch=number, scores={"train_loss": np.zeros(8), "test_loss": np.zeros(8)})
    yield Done(np.zeros((250, 8)))


def loop(settings: Settings, context: Context) -> Items:
    """Say one thing, then multiply matrices for very long; leave a note when stopped."""
    yield Started(epochs=1, networks=1)
    matrix = torch.eye(40)
    try:
        for _ in range(settings.steps):
            matrix = matrix @ matrix
    finally:
        if "note" in context.files:
            Path(context.files["note"].decode()).write_text("cleaned up")
    yield Done(None)


def power(settings: Settings, context: Context) -> Items:
    """Be stuck in C code that holds the interpreter's lock."""
    yield Started(epochs=1, networks=1)
    time.sleep(0.1)  # what is sent from another thread could not leave during the power either
    pow(3, 10**8)
    yield Done(None)


def sleep(settings: Settings, context: Context) -> Items:
    yield Started(epochs=1, networks=1)
    time.sleep(settings.steps)
    yield Done(None)


def stubborn(settings: Settings, context: Context) -> Items:
    yield Started(epochs=1, networks=1)
    while True:
        try:
            time.sleep(0.01)
        except BaseException:
            continue


def greedy(settings: Settings, context: Context) -> Items:
    """Take ten megabytes per step, of torch's or of numpy's memory."""
    kept: list[object] = []
    for step in range(settings.steps):
        kept.append(np.ones(10 * 2**17) if settings.seed else torch.ones(10 * 2**18))
        yield Evaluated(epoch=step, scores={})
    yield Done(len(kept))


def crumbs(settings: Settings, context: Context) -> Items:
    """Free pieces of 100 kB which the allocator must keep, since a last one above them stays in use."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    pieces = [libc.malloc(100_000) for _ in range(settings.steps)]
    for piece in pieces[:-1]:
        libc.free(piece)
    yield Done(len(pieces))


def fault(settings: Settings, context: Context) -> Items:
    yield Started(epochs=1, networks=1)
    raise ValueError(f"cannot read {settings.steps * 1001}")


def refusal(settings: Settings, context: Context) -> Items:
    raise DataError("My table", "at least 2 rows", settings.steps)
    yield  # makes it a generator


def endless(settings: Settings, context: Context) -> Items:
    """Return without a result."""
    yield Started(epochs=1, networks=1)


def closure(settings: Settings, context: Context) -> Items:
    """Return what cannot be pickled."""
    yield Done(lambda: None)


def careless(settings: Settings, context: Context) -> Items:
    """Report the modes found and leave others behind."""
    found = (torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.get_num_threads())
    torch.set_grad_enabled(False)
    torch.inference_mode().__enter__()
    yield Done(found)


def many(settings: Settings, context: Context) -> Items:
    """Send eight kilobytes per step."""
    for step in range(settings.steps):
        yield Framed(epoch=step, parameters=np.zeros((1, 2048), np.float32))
    yield Done(None)


def heavy(settings: Settings, context: Context) -> Items:
    """Return two megabytes per step."""
    yield Done(np.ones(settings.steps * 2**18))


def names(settings: Settings, context: Context) -> Items:
    yield Done((threading.current_thread().name, dict(context.files), context.earlier))


def where(settings: Settings, context: Context) -> Items:
    """Return the device that was asked for, and the process that was asked."""
    yield Done((context.device, os.getpid()))


class Unreadable:
    """What a worker has no memory to read: its order cannot be unpickled there."""

    def __reduce__(self) -> tuple[object, tuple[()]]:
        return out_of_memory, ()


def out_of_memory() -> None:
    raise MemoryError


def unseen(*_: object, **_named: object) -> Stage:
    raise AssertionError("no page is drawn here")


def experiment(name: str) -> Experiment[Any, Any, Any]:
    slug, _, toy = name.partition("/")
    trains: dict[str, Train[Settings, Any]] = {
        train.__name__: train
        for train in (
            *(walk, stream, loop, power, sleep, stubborn, greedy, crumbs),
            *(fault, refusal, endless, closure, careless, names, many, heavy, where),
        )
    }
    if slug != "toy":
        raise KeyError(name)
    return Experiment(
        name=name,
        settings=Settings,
        train=trains[toy],
        stage=unseen,
        display=Settings,
        seconds=lambda settings: settings.steps / 1000,
    )
