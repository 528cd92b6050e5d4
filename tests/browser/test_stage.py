"""The stage in a real browser: it changes in place, plays, streams, and hands edits to Python."""

import base64
from array import array
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

PLOT = "document.querySelector('.stage-figures .stage-plot')"
MAP = "document.querySelector('.stage-map .stage-plot')"
SPACE = "document.querySelectorAll('.stage-map .stage-plot')[1]"


def drag(page: Page, selector: str) -> None:
    """Drag with the mouse over the middle of a plot, as a learner does to zoom or to turn."""
    node = page.locator(selector).first
    node.scroll_into_view_if_needed()
    box = node.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.4 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.7 * box["height"], steps=4)
    page.mouse.up()
    page.wait_for_timeout(100)


def test_a_new_run_rebuilds_nothing_and_keeps_zoom(harness: Any, message: Any) -> None:
    page = harness.page
    harness.show(message([4, 2], ["x1", "x2"], seed=0))
    nodes = (
        f"[{PLOT}, {MAP}, ...document.querySelectorAll('.stage-neuron, .stage-edge, .stage-fields input')]"
    )
    before = page.evaluate_handle(f"() => ({{nodes: {nodes}, z: {MAP}.data[0].z[50][50]}})")
    ranges = f"() => [{PLOT}, {MAP}].map(plot => plot._fullLayout.xaxis.range)"
    whole = page.evaluate(ranges)
    for place in (".stage-figures", ".stage-map"):
        drag(page, f"{place} .nsewdrag:visible")
    zoomed = page.evaluate(ranges)
    assert all(
        small[1] - small[0] < 0.6 * (big[1] - big[0]) for small, big in zip(zoomed, whole, strict=True)
    )
    harness.show(message([4, 2], ["x1", "x2"], seed=1), run="b")
    same = f"before => {nodes}.every((node, k) => node === before.nodes[k] && node.isConnected)"
    assert page.evaluate(same, before)
    assert page.evaluate(f"before => {MAP}.data[0].z[50][50] !== before.z", before)
    assert page.evaluate(ranges) == zoomed


def test_a_new_run_keeps_the_camera(harness: Any, message: Any) -> None:
    page = harness.page
    harness.show(message([3], ["x1", "x2"], moments=2, surface="3d"))
    if not page.evaluate("() => Boolean(document.createElement('canvas').getContext('webgl'))"):
        pytest.skip("this Chromium has no WebGL")
    eye = f"() => {SPACE}._fullLayout.scene._scene.getCamera().eye"
    first = page.evaluate(eye)
    drag(page, ".stage-map .stage-plot:visible")
    turned = page.evaluate(eye)
    assert turned != pytest.approx(first, abs=0.1)
    harness.show(message([3], ["x1", "x2"], moments=2, seed=1, surface="3d"), run="b")
    assert page.evaluate(eye) == pytest.approx(turned)
    assert page.locator(".stage-map section").nth(0).is_hidden()


def test_timeline_plays_stops_and_answers_keys(harness: Any, message: Any) -> None:
    page = harness.page
    harness.show(message([2], ["x1", "x2"], moments=8))
    slider, text = page.get_by_role("slider"), page.locator(".stage-epoch")
    expect(text).to_have_text("epoch 70 of 70")
    slider.focus()
    for key, epoch in (("Home", 0), ("ArrowRight", 10), ("ArrowUp", 20), ("ArrowLeft", 10), ("End", 70)):
        slider.press(key)
        harness.settle()
        expect(slider).to_have_attribute("aria-valuetext", f"epoch {epoch} of 70")
        assert page.evaluate(f"() => {PLOT}.layout.shapes.map(s => s.x0)") == [epoch]
    began = page.evaluate("() => performance.now()")
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Pause").click()
    assert slider.input_value() != "7"
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    expect(slider).to_have_value("7")
    assert page.evaluate("() => performance.now()") - began >= 650  # seven moments at ten a second
    assert harness.triggers("done") == []


def test_an_edit_shows_at_once_and_is_sent_when_settled(harness: Any, message: Any) -> None:
    page = harness.page
    harness.show(message([2], ["x1", "x2"]))
    page.get_by_role("slider").press("Home")
    z = f"() => {MAP}.data[0].z[10][10]"
    field = page.get_by_label("x₂", exact=True)
    field.fill("2.5")
    harness.settle()
    shown = page.evaluate(z)
    expect(page.locator(".stage-epoch")).to_have_text("epoch 110 of 110")
    assert harness.triggers("edit") == []
    field.fill("-2.5")
    field.press("Enter")
    harness.settle()
    assert page.evaluate(z) != shown
    assert harness.triggers("edit") == [{"layer": 0, "from": 1, "to": 0, "value": -2.5, "epoch": 110}]
    assert page.locator(".stage-marks circle").count() == 1
    page.get_by_role("spinbutton", name="bias").fill("0.5")
    page.get_by_role("spinbutton", name="bias").press("Enter")
    assert harness.triggers("edit")[1] == {"layer": 0, "from": -1, "to": 0, "value": 0.5, "epoch": 110}
    page.get_by_role("button", name="Reset weights").click()
    harness.settle()
    assert harness.triggers("reset") == [True]
    assert page.locator(".stage-marks circle").count() == 0


def test_weights_set_by_hand_are_marked_and_fixed_networks_cannot_be_edited(
    harness: Any, message: Any
) -> None:
    page = harness.page
    harness.show(message([2], ["x1", "x2"], edited=[[0, 0, 1], [0, -1, 0]], editable=False))
    assert page.locator(".stage-marks circle").count() == 1
    assert page.locator(".stage-bias.stage-edited").count() == 1
    expect(page.get_by_label("x₁", exact=True)).not_to_be_editable()
    expect(page.get_by_role("button", name="Reset weights")).to_be_hidden()
    expect(page.get_by_role("button", name="Add a hidden layer")).to_be_hidden()


def test_tables_hold_the_numbers_of_plot_and_map(harness: Any, message: Any) -> None:
    page = harness.page
    known = message([2], ["x1", "x2"])
    trace = known["figures"][0]["spec"]["data"][0]
    typed = {"dtype": "f4", "bdata": base64.b64encode(memoryview(bytes(48))).decode()}
    known["figures"][0]["spec"]["data"].append({"x": trace["x"], "y": typed, "name": "test"})
    harness.show(known)
    assert page.get_by_role("table").count() == 0  # built when it is asked for
    page.locator(".stage-figures summary").click()
    rows = page.locator(".stage-figures table tr")
    expect(rows.nth(0).locator("th")).to_have_text(["epoch", "training: loss", "test: loss"])
    found = [list(map(float, row.locator("th, td").all_inner_texts())) for row in rows.all()[1:]]
    assert found == [[x, y, 0.0] for x, y in zip(trace["x"], trace["y"], strict=True)]
    page.locator(".stage-map section:visible summary").click()
    table = page.locator(".stage-map table")
    expect(table.locator("tbody tr")).to_have_count(11)
    # the centre of 11 x 11 cells is the origin, where x1 = x2 = 0
    centre = float(table.locator("tbody tr").nth(5).locator("td").nth(5).inner_text())
    origin = """async () => {
      const {layersAt} = await import("/assets/record.js");
      const {outputs} = await import("/assets/forward.js");
      const {network} = harness.parent.__stage.known;
      return outputs(network, layersAt(network, 11), [new Float64Array(1), new Float64Array(1)])[0][0]; }"""
    assert centre == pytest.approx(page.evaluate(origin), rel=1e-5)


def test_a_lesson_without_a_network_shows_figures_and_old_ones_leave(harness: Any, message: Any) -> None:
    page = harness.page
    figure = message([2], ["x1", "x2"])["figures"][0]
    other = {**figure, "id": "norms", "title": "Norms"}
    harness.show({"figures": [figure, other], "done": True})
    assert page.locator(".stage-figures .stage-title").all_inner_texts() == ["Loss", "Norms"]
    expect(page.locator(".stage-top")).to_be_hidden()
    expect(page.get_by_role("slider")).to_be_hidden()
    expect(page.get_by_role("img", name="The loss falls.").first).to_be_visible()
    assert page.get_by_role("button", name="Share").count() == 0  # nothing is sent to Plotly's servers
    harness.show({"figures": [other], "done": True}, run="b")
    assert page.locator(".stage-figures .stage-title").all_inner_texts() == ["Norms"]


def test_colours_follow_the_page(harness: Any, message: Any) -> None:
    page = harness.page
    harness.show(message([2], ["x1", "x2"]))
    font = f"() => {PLOT}._fullLayout.font.color"
    assert page.evaluate(font) == "#31333f"
    page.evaluate("() => { document.body.className = 'dark'; }")
    page.wait_for_function(f"() => {PLOT}._fullLayout.font.color === '#fafafa'", timeout=3000)
    expect(page.locator(".stage")).to_have_attribute("data-scheme", "dark")
    page.evaluate("() => { document.body.className = 'light'; }")


def test_words_and_cleaning_up(harness: Any, message: Any) -> None:
    page = harness.page
    harness.show(message([2], ["x1", "x2"]), words={"play": "播放"})
    expect(page.get_by_role("button", name="播放")).to_be_visible()
    page.evaluate("() => harness.cleanup()")
    harness.show(message([2], ["x1", "x2"]), words={"play": "播放"})  # a change of data is no end
    page.wait_for_timeout(150)
    expect(page.get_by_role("button", name="播放")).to_be_visible()
    page.evaluate("() => harness.cleanup()")
    expect(page.locator(".stage")).to_have_count(0)


def test_a_diverged_network_is_drawn_without_complaint(harness: Any, message: Any) -> None:
    page = harness.page
    known = message([2], ["x1", "x2"], moments=2)
    values = [1.0] * 9 + [float("nan"), float("inf"), *[1.0] * 7]
    raw = base64.b64encode(memoryview(array("f", values)).tobytes()).decode()
    known["network"]["moments"]["parameters"] = raw
    harness.show(known)
    page.get_by_role("button", name="neuron 1 of layer 1,").focus()
    expect(page.get_by_role("tooltip")).to_contain_text("x1: NaN")
    page.get_by_role("button", name="neuron 2 of layer 1,").focus()
    expect(page.get_by_role("tooltip")).to_contain_text("x1: ∞")


def test_room_is_kept_before_the_first_message(harness: Any, message: Any) -> None:
    page = harness.page
    height = "() => document.querySelector('.stage').offsetHeight"
    harness.show(None, events="/events")
    before = page.evaluate(height)
    harness.show({**message([4, 2], ["x1", "x2"])}, run="b")
    assert abs(page.evaluate(height) - before) < 120
