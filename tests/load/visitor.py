"""A visitor without a browser: speaks Streamlit's protocol over the WebSocket, as a page does."""

import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from streamlit.proto.Element_pb2 import Element
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.load.session import Session

PATIENCE = 20  # seconds


def line_to(url: str) -> ClientConnection:
    """Open a WebSocket to the server, as a context."""
    address = f"{url.replace('http', 'ws', 1)}/_stcore/stream"
    protocol = [Subprotocol("streamlit")]
    return connect(address, subprotocols=protocol, compression=None, max_size=None, proxy=None)


@contextmanager
def visiting(url: str, page: str = "", query: Mapping[str, str] | None = None) -> Iterator["Visitor"]:
    """Open a page of the lab as one session, which ends with the context."""
    with line_to(url) as line:
        visitor = Visitor(url, line, Session(page, query))
        visitor.rerun()
        yield visitor


class Visitor:
    """One session over an open WebSocket `line` to the server at `url`."""

    def __init__(self, url: str, line: ClientConnection, session: Session) -> None:
        self.url = url
        self.line = line
        self.session = session

    @property
    def elements(self) -> list[Element]:
        """What the last run of the script has sent."""
        return self.session.elements

    @property
    def bytes(self) -> int:
        """The bytes of the last answer."""
        return self.session.bytes

    def rerun(self, triggers: Mapping[str, str] | None = None) -> None:
        """Ask for a run of the script and take all it sends, until it is over."""
        self.line.send(self.session.asked(triggers))
        while not self.session.took(self.line.recv(PATIENCE)):
            pass

    def move(self, label: str, stop: str) -> None:
        """Move a slider to the stop with this text, and take the new page."""
        (slider,) = (one for one in self.session.of_kind("slider") if one.label == label)
        assert stop in slider.options
        self.session.set_stop(slider, stop)
        self.rerun()

    def kinds(self) -> list[str]:
        """Return the kinds of all elements on the page."""
        return self.session.kinds()

    def stage(self) -> dict[str, Any]:
        """Return what the page gives to its first stage."""
        return self.session.stages()[0][1]

    def messages(self) -> list[dict[str, Any]]:
        """Return all that the stage is told of its run, until the run is over."""
        stage = self.stage()
        if stage["events"] is None:
            return [stage["message"]]
        with urllib.request.urlopen(self.url + stage["events"], timeout=PATIENCE) as stream:
            lines = (line.decode() for line in stream)
            return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
