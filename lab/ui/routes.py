"""The lab's own HTTP routes: the stage's files, and the events of a run as they happen."""

import asyncio
from collections.abc import AsyncIterator

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from lab.curriculum import experiment
from lab.runs.engine import Run
from lab.ui.assets import assets, version
from lab.ui.desk import desk
from lab.ui.message import message

PUSH_SECONDS = 0.25
LOOK_SECONDS = 0.02


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
        told = frames = -1
        while True:
            ended = run.ended
            if ended or len(run.events) > told or run.place:
                told = len(run.events)
                said, frames = message(run, display, max(frames, 0))
                yield b"data: " + orjson.dumps(said) + b"\n\n"
            if ended:
                return
            await _news(run, told)

    return StreamingResponse(lines(), media_type="text/event-stream", headers=headers)


async def _news(run: Run, told: int) -> None:
    """Wait for the next push: a quarter of a second, or less if the run ends or begins to speak."""
    for _look in range(round(PUSH_SECONDS / LOOK_SECONDS)):
        await asyncio.sleep(LOOK_SECONDS)
        if run.ended or (told == 0 and run.events):
            return


ROUTES = [
    Route("/lab/assets/{version}/{name}", asset),
    Route("/lab/runs/{token}/events", events),
]
