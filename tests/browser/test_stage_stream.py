"""The stage takes messages pushed by a server, and tells Python once when a run is over."""

import base64
import copy
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def parts(known: dict[str, Any], first: int, last: int) -> dict[str, Any]:
    """The moments from `first` to before `last`, as a message of a stream."""
    moments = known["network"]["moments"]
    raw, size = base64.b64decode(moments["parameters"]), 4 * 9
    piece = base64.b64encode(raw[first * size : last * size]).decode()
    news = {"from": first, "epochs": moments["epochs"][first:last], "parameters": piece}
    return {"progress": {"share": last / 12, "text": f"epoch {last}"}, "network": {"moments": news}}


def test_a_stream_appends_moments_and_ends_once(harness: Any, message: Any) -> None:
    page = harness.page
    known = message([2], ["x1", "x2"])
    start = copy.deepcopy(known) | {"done": False}
    start["network"] |= parts(known, 0, 3)["network"]
    harness.show(start, events="/events")
    text, slider = page.locator(".stage-epoch"), page.get_by_role("slider")
    expect(text).to_have_text("epoch 20 of 20")
    expect(page.get_by_role("spinbutton", name="bias")).not_to_be_editable()  # training would overwrite it
    harness.push(parts(known, 3, 6))
    expect(text).to_have_text("epoch 50 of 50")
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "50")
    slider.press("Home")  # the learner takes hold
    harness.push(parts(known, 6, 9))
    expect(text).to_have_text("epoch 0 of 80")
    slider.press("End")
    harness.show(start, events="/events")  # Python's older message does not set us back
    last = parts(known, 9, 12) | {"done": True, "notes": ["One network diverged."], "progress": None}
    harness.push(last)
    expect(text).to_have_text("epoch 110 of 110")
    expect(page.get_by_role("status")).to_have_text("One network diverged.")
    assert harness.triggers("done") == ["a"]
    whole = page.evaluate("() => Array.from(harness.parent.__stage.known.network.moments.parameters)")
    raw = memoryview(base64.b64decode(known["network"]["moments"]["parameters"])).cast("f")
    assert whole == list(raw)
    expect(page.get_by_role("spinbutton", name="bias")).to_be_editable()
    harness.show(known)
    assert harness.triggers("done") == ["a"]


def test_moments_after_a_gap_wait_and_repeated_moments_replace(harness: Any, message: Any) -> None:
    known = message([2], ["x1", "x2"])
    script = """async ([first, gap, again]) => {
      const {merged} = await import("/assets/record.js");
      const one = merged({}, first);
      return [one, merged(one, gap), merged(one, again)].map(known => {
        const {epochs, parameters} = known.network.moments;
        return epochs.length + ":" + parameters.length;
      });
    }"""
    first = copy.deepcopy(known)
    first["network"] |= parts(known, 0, 3)["network"]
    found = harness.page.evaluate(script, [first, parts(known, 5, 7), parts(known, 2, 4)])
    assert found == ["3:27", "3:27", "4:36"]


def test_a_lost_line_is_told_once_and_the_stage_comes_back(harness: Any, message: Any) -> None:
    page = harness.page
    page.evaluate("""() => { window.RealSource = EventSource;
      window.EventSource = class {
        constructor() { window.source = this; this.readyState = 0; }
        close() {}
      }; }""")
    try:
        harness.show(message([2], ["x1", "x2"]), events="/events")
        page.evaluate("() => { for (let k = 0; k < 2; k++) source.onerror(); }")
        harness.settle()
        assert harness.triggers("done") == []
        page.evaluate("() => { for (let k = 0; k < 3; k++) source.onerror(); }")
        expect(page.get_by_role("status")).to_contain_text("The connection to the lab was lost")
        assert harness.triggers("done") == ["a"]
        page.evaluate("() => source.onopen()")
        expect(page.get_by_role("status")).to_have_text("")
        page.wait_for_timeout(4500)
        assert harness.triggers("done") == ["a"]  # it is back: nothing to say
    finally:
        page.evaluate("() => { window.EventSource = RealSource; }")


def test_the_end_of_a_run_is_told_until_python_answers(harness: Any, message: Any) -> None:
    """While Streamlit's own line is down, it drops what it is told."""
    done = message([2], ["x1", "x2"]) | {"done": True, "progress": None}
    harness.show(message([2], ["x1", "x2"]), events="/events")
    harness.push(done)
    harness.page.wait_for_function("() => harness.triggers.filter(t => t[0] === 'done').length === 2")
    harness.show(done, events=None)
    harness.page.wait_for_timeout(4500)
    assert harness.triggers("done") == ["a", "a"]
