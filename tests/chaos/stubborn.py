"""A learner that does what a browser does when the line breaks: it connects again, with its settings."""

import asyncio
import time
from collections.abc import Mapping

from websockets.exceptions import WebSocketException

from tests.load.learner import Change, Learner
from tests.load.session import Session

BROKEN = (OSError, EOFError, WebSocketException)
WAIT_SECONDS = 0.25


class Stubborn(Learner):
    """Asks for its page again until it has a picture; a new line is a new session with the URL kept."""

    async def pictured(self, seconds: float, query: Mapping[str, str] | None = None) -> Change:
        """Open the page anew and return what came, within `seconds` over as many tries as it takes."""
        deadline = time.monotonic() + seconds
        change = Change(self.name)
        if query is not None:
            self.session = Session(self.session.page, query)
        while time.monotonic() < deadline:
            page, address = self.session.page, self.session.query
            self.session = Session(page)
            self.session.query = address
            change = Change(self.name)
            try:
                async with asyncio.timeout(max(0.1, deadline - time.monotonic())), self.connected() as line:
                    await self.settle(line, change)
            except TimeoutError:
                change.fault = f"no picture within {seconds} s"
            except BROKEN as error:
                change.fault = repr(error)
            if change.outcome == "final":
                return change
            await asyncio.sleep(WAIT_SECONDS)
        return change
