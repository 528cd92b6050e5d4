"""The lab's own HTTP routes: the stage's files, and the events of a run as they happen."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from lab.core.events import Evaluated, Event, Stepped
from lab.core.settings import LessonSettings
from lab.curriculum import experiment
from lab.runs.engine import Run
from lab.ui.assets import assets, version
from lab.ui.desk import desk
from lab.ui.message import message

PUSH_SECONDS, MOST_PUSH_SECONDS = 0.25, 1.0
REST = 4
"""A stream rests so many times as long as its last message took: a busy server pushes less often."""
LOOK_SECONDS = 0.04

# One message at a time, for Python computes but one; the event loop stays free for all others.
_writer = ThreadPoolExecutor(1, "messages")


def assets_url() -> str:
    """Return the base URL of the stage's files."""
    return f"/lab/assets/{version()}/"


def events_url(run: Run, query: str) -> str:
    """Return the URL of a run's events; `query` holds the display settings."""
    return f"/lab/runs/{run.token}/events?{query}"


async def asset(request: Request) -> Response:
    """Send one of the stage's files."""
    found = assets().get(request.path_params["name"])
    if found is None:
        return PlainTextResponse("no such file", 404)
    headers = {"Content-Encoding": "gzip", "Cache-Control": "public, max-age=31536000, immutable"}
    return Response(found.body, media_type=found.media_type, headers=headers)


async def events(request: Request) -> Response:
    """Stream what the stage is to show of a run, at most four times a second, until the run is over."""
    run = desk().find(request.path_params["token"])
    if run is None:
        return PlainTextResponse("no such run", 404)
    display, _faults = experiment(run.job.experiment).display.from_query(request.query_params)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

    async def lines() -> AsyncIterator[bytes]:
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        run.when_ended(lambda _run: _tell(loop, over))
        told, beside, frames, done = -1, False, 0, False
        while not done:
            rest = PUSH_SECONDS
            begins_to_share = run.beside > 0 and not beside  # it may pause, and say nothing for a while
            if run.ended or len(run.events) > told or run.state == "queued" or begins_to_share:
                told, beside, began = len(run.events), run.beside > 0, loop.time()
                line, frames, done = await loop.run_in_executor(_writer, _line, run, display, frames)
                rest = _rest(loop.time() - began)
                yield line
            if not done:
                await _news(run, told, over, rest)

    return StreamingResponse(lines(), media_type="text/event-stream", headers=headers)


def _line(run: Run, display: LessonSettings, frames: int) -> tuple[bytes, int, bool]:
    """Return the event to be sent, how many moments the stage then knows, and whether it is the last."""
    said, frames = message(run, display, frames)
    return b"data: " + orjson.dumps(said) + b"\n\n", frames, said["done"]


def _rest(took: float) -> float:
    """Return the seconds until the next message, after one that took so long."""
    return min(max(PUSH_SECONDS, REST * took), MOST_PUSH_SECONDS)


def _tell(loop: asyncio.AbstractEventLoop, over: asyncio.Event) -> None:
    """Say to a stream that its run is over; from any thread, and of no use once the server stops."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(over.set)


async def _news(run: Run, told: int, over: asyncio.Event, rest: float) -> None:
    """Wait for the next push: `rest` seconds, or less if the run ends, begins to speak or begins to train."""
    shown = _shows_progress(run.events[:told])
    looks = 1 if shown else round(rest / LOOK_SECONDS)
    for _look in range(looks):
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), rest / looks)
            return
        if not shown and (_shows_progress(run.events[told:]) or (not told and run.events)):
            return


def _shows_progress(events: Sequence[Event]) -> bool:
    """Return whether any of the events was told after training had begun."""
    return any(
        (isinstance(event, Evaluated) and event.epoch > 0) or (isinstance(event, Stepped) and event.share > 0)
        for event in events
    )


ROUTES = [
    Route("/lab/assets/{version}/{name}", asset),
    Route("/lab/runs/{token}/events", events),
]
