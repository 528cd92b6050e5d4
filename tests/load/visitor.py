"""A visitor without a browser: speaks Streamlit's protocol over the WebSocket, as a page does."""

import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

PATIENCE = 20  # seconds


@contextmanager
def visiting(url: str, page: str = "", query: Mapping[str, str] | None = None) -> Iterator["Visitor"]:
    """Open a page of the lab as one session, which ends with the context."""
    address = f"{url.replace('http', 'ws', 1)}/_stcore/stream"
    protocol = [Subprotocol("streamlit")]
    with connect(address, subprotocols=protocol, compression=None, max_size=None, proxy=None) as line:
        visitor = Visitor(url, line, page, query or {})
        visitor.rerun()
        yield visitor


class Visitor:
    """One session; a page is what its last run of the script has sent.

    Args:
        url: of the server.
        line: the open WebSocket.
        page: name of the page, empty for the start page.
        query: parameters of the page's URL.
    """

    def __init__(self, url: str, line: ClientConnection, page: str, query: Mapping[str, str]) -> None:
        self.elements: list[Element] = []
        self.bytes = 0
        self._url = url
        self._line = line
        self._page = page
        self._query = urlencode(query)
        self._widgets: dict[str, WidgetState] = {}
        self._kept: dict[str, ForwardMsg] = {}
        self._hash = ""

    def rerun(self) -> None:
        """Ask for a run of the script and take all it sends, until it is over."""
        asked = BackMsg()
        script = asked.rerun_script
        script.query_string, script.page_script_hash, script.page_name = self._query, self._hash, self._page
        script.widget_states.widgets.extend(self._widgets.values())
        script.cached_message_hashes.extend(self._kept)
        self.elements, self.bytes = [], 0
        self._line.send(asked.SerializeToString())
        while not self._took(self._line.recv(PATIENCE)):
            pass

    def _took(self, raw: str | bytes) -> bool:
        """Take one message; return whether it is the last of a run."""
        assert isinstance(raw, bytes)
        self.bytes += len(raw)
        told = ForwardMsg()
        told.ParseFromString(raw)
        if told.WhichOneof("type") == "ref_hash":
            told = self._kept[told.ref_hash]
        elif told.metadata.cacheable:
            self._kept[told.hash] = told
        kind = told.WhichOneof("type")
        if kind == "navigation":
            self._hash = told.navigation.page_script_hash
        elif kind == "page_info_changed":
            self._query = told.page_info_changed.query_string
        elif kind == "delta" and told.delta.WhichOneof("type") == "new_element":
            self.elements.append(told.delta.new_element)
        return kind == "script_finished" and told.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY

    def move(self, label: str, stop: str) -> None:
        """Move a slider to the stop with this text, and take the new page."""
        sliders = [one.slider for one in self.elements if one.WhichOneof("type") == "slider"]
        (slider,) = (one for one in sliders if one.label == label)
        assert stop in slider.options
        state = WidgetState(id=slider.id)
        state.string_array_value.data.append(stop)
        self._widgets[slider.id] = state
        self.rerun()

    def kinds(self) -> list[str]:
        """Return the kinds of all elements on the page."""
        return [str(one.WhichOneof("type")) for one in self.elements]

    def stage(self) -> dict[str, Any]:
        """Return what the page gives to its first stage."""
        components = (
            one.bidi_component for one in self.elements if one.WhichOneof("type") == "bidi_component"
        )
        return json.loads(next(components).json)

    def messages(self) -> list[dict[str, Any]]:
        """Return all that the stage is told of its run, until the run is over."""
        stage = self.stage()
        if stage["events"] is None:
            return [stage["message"]]
        with urllib.request.urlopen(self._url + stage["events"], timeout=PATIENCE) as stream:
            lines = (line.decode() for line in stream)
            return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
