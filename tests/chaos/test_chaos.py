"""The faults of `make chaos`, with few learners and a short silence: nothing hangs, everybody goes on.

What a browser shows meanwhile is in `test_browser.py`.
"""

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests.chaos.__main__ import FAULTS, LEARNERS, Stand, struck
from tests.load.session import Session
from tests.load.visitor import PATIENCE, Visitor, line_to, visiting
from tests.waited import waited

STAYS = ("queue filled", "a worker killed", "all workers killed", "network silent", "out of memory")


@pytest.mark.parametrize("fault", FAULTS)
def test_everybody_goes_on_after(stand: Stand, fault: str) -> None:
    number = 1 + list(FAULTS).index(fault)  # so that no run was computed before
    outcome = waited(struck(stand, fault, LEARNERS, silence=0.6, round_number=number, ahead=0.8))
    assert [one for one in outcome.next_runs if one.outcome != "final"] == []
    assert outcome.kept == LEARNERS
    assert (outcome.lines == LEARNERS) == (fault in STAYS)  # a session that is live goes on, too


def test_what_a_browser_changed_before_its_visit_began_here_counts(stand: Stand) -> None:
    """After a restart the first message brings all widgets, and a URL that is older than they are."""
    url, query = stand.server.url, {"seed": "11", "epochs": "40"}
    with visiting(url, "playground", query) as before:
        (box,) = (one for one in before.session.of_kind("number_input") if one.label == "Seed")
        (rate,) = (one for one in before.session.of_kind("slider") if one.label.startswith("Learning rate"))
        before.session.set_stop(rate, "0.1")
        widgets = before.session.widgets
    widgets[box.id] = WidgetState(id=box.id, double_value=12)
    with line_to(url) as line:
        visitor = Visitor(url, line, Session("playground", query))
        visitor.session.widgets = widgets
        visitor.rerun()
        while "seed=12" not in visitor.session.query.split("&"):  # the page runs twice
            visitor.session.took(line.recv(PATIENCE))
        (box,) = (one for one in visitor.session.of_kind("number_input") if one.label == "Seed")
        assert box.value == 12
        assert box.set_value
        assert {"epochs=40", "learning_rate=0.1"} <= {*visitor.session.query.split("&")}
