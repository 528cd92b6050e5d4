"""Forged messages and addresses at a real server: no traceback, no exception on the page, others go on."""

import json
import random
import re
from collections.abc import Iterator

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed

from lab.curriculum import lessons
from tests.browser.lab_server import LabServer, lab_served
from tests.hostile.garbage import CASES, CODE, NUMBERS, ODD, chance_of
from tests.load.visitor import Visitor, visiting

ROUNDS = max(10, CASES // 20)
PARTS = [("playground", {}), ("gradient_descent", {"part": "line"}), ("gradient_descent", {"part": "race"})]
PARTS += [("gradient_descent", {"part": "sweep"}), ("cnn", {}), ("forward_pass", {}), ("backpropagation", {})]
TRIGGERS = (
    "edit",
    "reset",
    "shape",
    "start",
    "line_ends",
    "line_place",
    "sweep_pick",
    "conv_cell",
    "done",
    "step",
)
VALUES: list[object] = [
    None,
    True,
    [],
    {},
    "x",
    -1,
    10**400,
    1e308,
    {"x": None, "y": "z"},
    {"x": 10**400, "y": 1},
]
VALUES += [{"layer": 1, "from": 10**30, "to": -5, "value": 1e308, "epoch": 10**25}, {"hidden": [10**9] * 50}]
VALUES += [
    {"hidden": "no"},
    {"x0": 1, "x1": 1, "y0": 0, "y1": 10**400},
    {"x": [1], "y": {}},
    [[[[[]]]]],
    CODE[0],
]
VALUES += [{"layer": 1, "from": 0, "to": 0, "value": "NaN", "epoch": 3}, {"x": "inf", "y": "nan"}]


@pytest.fixture(scope="module")
def server() -> Iterator[LabServer]:
    with lab_served({"LAB_WORKERS": "2"}) as served:
        yield served


STREAMLITS = ("back_msg.ParseFromString", "KeyError: 'bytes'")  # of frames that are no message
STREAMLITS += ("streamlit/elements/widgets/data_editor.py",)  # of cells that are no numbers


@pytest.fixture(autouse=True)
def _no_traceback(server: LabServer, request: pytest.FixtureRequest) -> Iterator[None]:
    """The log holds no traceback but Streamlit's own of what is no message."""
    before = len(server.log())
    yield
    if "wrong_type" in request.node.name:
        return
    faults = server.log()[before:].split("Traceback (most recent call last)")[1:]
    ours = [fault[:6000] for fault in faults if not any(known in fault for known in STREAMLITS)]
    assert not ours, "\n".join(re.sub(r"\x1b\[[0-9;]*m", "", fault) for fault in ours[:3])


def assert_well(server: LabServer, visitor: Visitor | None = None) -> None:
    """A normal visitor gets a picture, and the forged page shows no exception."""
    if visitor is not None:
        assert "exception" not in visitor.kinds(), visitor.session.of_kind("exception")
    with visiting(server.url, "playground") as normal:
        assert normal.messages()[-1]["done"]
        assert "exception" not in normal.kinds()


def test_bytes_that_are_no_message_end_at_most_their_own_session(server: LabServer) -> None:
    chance = chance_of(1)
    for _round in range(ROUNDS):
        with visiting(server.url, "playground") as visitor:
            valid = visitor.session.asked()
            cut = valid[: chance.randrange(len(valid))]
            noise = chance.randbytes(chance.randrange(1, 2000))
            for raw in chance.sample([noise, cut, b"", valid[:40] + noise, "text, not bytes"], 3):
                try:
                    visitor.line.send(raw)
                except ConnectionClosed:
                    break
    assert_well(server)


def forged(chance: random.Random, name: str, kind: str) -> WidgetState:
    """Return the state of a widget with a value that it cannot have, or a value of another type."""
    state = WidgetState(id=name)
    text = chance.choice([*NUMBERS, *CODE, *ODD, "y" * 200_000])
    match kind:
        case "text":
            state.string_value = text
        case "number":
            state.double_value = chance.choice([1e308, -1e308, -1.0, 10.0**12])
        case "texts":
            state.string_array_value.data.extend([text[:1000]] * chance.choice([1, 2, 1000]))
        case "numbers":
            state.double_array_value.data.append(chance.choice([1e308, -1e308, 99.0]))
        case "not a number":
            state.double_value = float("nan")
        case _:
            state.json_value = chance.choice(
                ['{"edited_rows": {"0": {"9": 1, "x": [1]}, "z": 3}}', "{", "[[]]"]
            )
    return state


RIGHT = {"selectbox": "text", "text_input": "text", "number_input": "number", "button_group": "texts"}


def own_kind(element: Element) -> str:
    """Return which type of value a widget has."""
    kind = str(element.WhichOneof("type"))
    if kind == "slider":
        return "texts" if element.slider.options else "numbers"
    return RIGHT.get(kind, "")


@pytest.mark.parametrize(("page", "query"), PARTS, ids=str)
def test_values_that_a_widget_cannot_have_are_not_taken(
    server: LabServer, page: str, query: dict[str, str]
) -> None:
    chance = chance_of(2)
    with visiting(server.url, page, query) as visitor:
        for _round in range(8):
            widgets = [
                (getattr(one, str(one.WhichOneof("type"))).id, own_kind(one))
                for one in visitor.elements
                if own_kind(one)
            ]
            for name, kind in chance.sample(widgets, 3):
                visitor.session.widgets[name] = forged(chance, name, kind)
            visitor.session.widgets["$$ID-0-unknown"] = WidgetState(id="$$ID-0-unknown", int_value=3)
            visitor.rerun()
            assert "exception" not in visitor.kinds(), visitor.session.widgets
        assert_well(server, visitor)


def test_values_of_a_wrong_type_harm_only_the_session_that_sent_them(server: LabServer) -> None:
    """Streamlit cannot read them and says so in a line without details, on that page only."""
    chance = chance_of(4)
    before = len(server.log())
    for _round in range(10):
        with visiting(server.url, "playground") as visitor:
            widgets = [
                (getattr(one, str(one.WhichOneof("type"))).id, own_kind(one))
                for one in visitor.elements
                if own_kind(one)
            ]
            name, own = chance.choice(widgets)
            wrong = chance.choice(
                [kind for kind in ("text", "number", "texts", "numbers", "json") if kind != own]
            )
            visitor.session.widgets[name] = forged(chance, name, wrong)
            visitor.rerun()
            for said in visitor.session.of_kind("exception"):
                assert "redacted" in said.message
                assert not said.stack_trace
    assert "hacked" not in server.log()[before:]
    assert_well(server)


EDITORS = [("forward_pass", {}, "b"), ("forward_pass", {"data": "digits8"}, "1"), ("cnn", {}, "1")]
CELLS = ["NaN", "-Infinity", "1e308", "1" + "0" * 400, "true", "null", '"abc"', '"9e999"', "[1]", '"=1+1"']
NO_TABLES = ["{", "[]", "7", "null", '{"edited_rows": [1]}', '{"edited_rows": {"0": 7}}']
NO_TABLES += ['{"edited_rows": {"x": {"1": 1}}}', '{"edited_rows": {"0": {"__class__": 1}}}']
NO_TABLES += ['{"edited_rows": {"99": {"1": 1}}}', '{"deleted_rows": [0, 99]}', '{"added_rows": [{"1": 2}]}']


def written(visitor: Visitor, text: str) -> None:
    """Send this as what was written into the last table of the page that can be written in."""
    *_others, table = [one.id for one in visitor.session.of_kind("dataframe") if one.id]
    visitor.session.widgets[table] = WidgetState(id=table, string_value=text)
    visitor.rerun()


@pytest.mark.parametrize(("page", "query", "column"), EDITORS, ids=str)
def test_cells_with_anything_in_them_are_taken_or_left_alone(
    server: LabServer, page: str, query: dict[str, str], column: str
) -> None:
    with visiting(server.url, page, query) as visitor:
        for cell in CELLS:
            written(visitor, f'{{"edited_rows": {{"0": {{"{column}": {cell}}}}}}}')
            assert "exception" not in visitor.kinds(), (cell, visitor.session.of_kind("exception"))
        assert_well(server, visitor)


def test_tables_of_a_wrong_type_harm_only_the_session_that_sent_them(server: LabServer) -> None:
    """Streamlit cannot read them and says so in a line without details, on that page only."""
    for text in NO_TABLES:
        with visiting(server.url, "cnn") as visitor:
            written(visitor, text)
            for said in visitor.session.of_kind("exception"):
                assert "redacted" in said.message
                assert not said.stack_trace
    assert_well(server)


@pytest.mark.parametrize(("page", "query"), PARTS, ids=str)
def test_forged_acts_on_a_stage_are_left_alone(server: LabServer, page: str, query: dict[str, str]) -> None:
    with visiting(server.url, page, query) as visitor:
        share = 1 if CASES else 2  # every second value by default
        for number, value in enumerate(VALUES[len(page) % share :: share]):
            components = [one.id for one in visitor.session.of_kind("bidi_component")]
            assert components
            payload = json.dumps([{"event": name, "value": value} for name in TRIGGERS])
            broken = ["{not json", "[1, null, [[]]]", '{"event": 7}', payload[:-3]][number % 4]
            visitor.rerun(dict.fromkeys(components, payload))
            visitor.rerun(dict.fromkeys(components, broken))
            assert "exception" not in visitor.kinds(), (value, visitor.session.of_kind("exception"))
        assert_well(server, visitor)


def test_hostile_addresses_open_every_lesson(server: LabServer) -> None:
    chance = chance_of(3)
    for lesson in lessons():
        for _round in range(2):
            names = [name for one in lesson.experiments for name in one.settings.model_fields]
            texts = [*NUMBERS, *CODE, *ODD, "z" * 100_000]
            query = {name: chance.choice(texts) for name in chance.sample(names, min(5, len(names)))}
            with visiting(server.url, lesson.slug, query | {"part": chance.choice(texts)}) as visitor:
                assert "exception" not in visitor.kinds(), (query, visitor.session.of_kind("exception"))
    with visiting(server.url, "playground", {"data": "z" * 400_000}) as visitor:
        assert_well(server, visitor)


def test_an_unfinished_message_asks_for_nothing(server: LabServer) -> None:
    with visiting(server.url) as visitor:
        message = BackMsg()
        message.rerun_script.page_script_hash = "no such page"
        message.rerun_script.fragment_id = "none"
        visitor.line.send(message.SerializeToString())
    assert_well(server)
