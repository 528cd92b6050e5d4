"""A visitor's side of Streamlit's protocol, without a line: what to send, and what was received."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests.load.widgets import KINDS, given, widget_of


class Session:
    """One visit of a page; the page is what the last run of its script has sent.

    Args:
        page: name of the page, empty for the start page.
        query: parameters of the page's URL.

    Attributes:
        id: what the server calls the session, empty until it has said so.
        running: whether the server is in the midst of a run of the script.
    """

    def __init__(self, page: str = "", query: Mapping[str, str] | None = None) -> None:
        self.elements: list[Element] = []
        self.bytes = 0
        self.query = urlencode(query or {})
        self.widgets: dict[str, WidgetState] = {}
        self.page = page
        self.id = ""
        self.running = False
        self._kept: dict[str, ForwardMsg] = {}
        self._hash = ""
        self._begun = False

    def asked(self, triggers: Mapping[str, str] | None = None) -> bytes:
        """Return the message that asks for a run of the script.

        Args:
            triggers: what a component reports, as JSON, by the component's id.
        """
        message = BackMsg()
        script = message.rerun_script
        script.query_string, script.page_script_hash, script.page_name = self.query, self._hash, self.page
        script.widget_states.widgets.extend(self.widgets.values())
        for component, payload in (triggers or {}).items():
            identity = f"$$STREAMLIT_INTERNAL_KEY_{component}__events"
            script.widget_states.widgets.add(id=identity, json_trigger_value=payload)
        script.cached_message_hashes.extend(self._kept)
        self.bytes, self._begun = 0, False
        return message.SerializeToString()

    def took(self, raw: str | bytes) -> bool:
        """Take one message; return whether it is the last of the run that was asked for."""
        assert isinstance(raw, bytes)
        self.bytes += len(raw)
        told = ForwardMsg()
        told.ParseFromString(raw)
        if told.WhichOneof("type") == "ref_hash":
            told = self._kept[told.ref_hash]
        elif told.metadata.cacheable:
            self._kept[told.hash] = told
        kind = told.WhichOneof("type")
        if kind == "new_session":
            self.elements, self._begun, self.running = [], True, True
            self.id = told.new_session.initialize.session_id
        elif kind == "navigation":
            self._hash = told.navigation.page_script_hash
        elif kind == "page_info_changed":
            self.query = told.page_info_changed.query_string
        elif kind == "delta" and told.delta.WhichOneof("type") == "new_element":
            self.elements.append(told.delta.new_element)
            self._follow(told.delta.new_element)
        self.running &= kind != "script_finished"
        finished = kind == "script_finished" and told.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
        if finished and self._begun:
            shown = {widget_of(one).id for one in self.elements if one.WhichOneof("type") in KINDS}
            self.widgets = {name: state for name, state in self.widgets.items() if name in shown}
            return True
        return False

    def _follow(self, element: Element) -> None:
        """Take over a value that the server sets."""
        kind, widget = str(element.WhichOneof("type")), widget_of(element)
        if kind in KINDS and widget.set_value:
            self.widgets[widget.id] = given(kind, widget)

    def of_kind(self, kind: str) -> list[Any]:
        """Return the elements of one kind."""
        return [getattr(one, kind) for one in self.elements if one.WhichOneof("type") == kind]

    def kinds(self) -> list[str]:
        """Return the kinds of all elements on the page."""
        return [str(one.WhichOneof("type")) for one in self.elements]

    def set_stop(self, slider: Any, stop: str) -> None:
        """Move a slider to one of the texts on its track."""
        state = WidgetState(id=slider.id)
        state.string_array_value.data.append(stop)
        self.widgets[slider.id] = state

    def stages(self) -> list[tuple[str, dict[str, Any]]]:
        """Return id and data of every stage on the page."""
        found = self.of_kind("bidi_component")
        return [(one.id, json.loads(one.json)) for one in found if one.component_name == "lab_stage"]
