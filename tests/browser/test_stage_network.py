"""The drawing of a network tells its weights, is walked by keys, and asks for other shapes."""

import base64
import re
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def weight_of(known: dict[str, Any], place: int) -> str:
    """A parameter of the last moment of a [2] network on two inputs, as the stage writes it."""
    raw = base64.b64decode(known["network"]["moments"]["parameters"])
    value = memoryview(raw).cast("f")[11 * 9 + place]
    return f"{value:.4f}".replace("-", "−")


def test_tooltips_name_weights_and_neurons(harness: Any, message: Any) -> None:
    page = harness.page
    known = message([2], ["x1", "x2"])
    harness.show(known)
    box = page.locator(".stage-edge").nth(1).bounding_box()  # from x1 to the second neuron
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(box["x"] + 0.8 * box["width"], middle[1] - 300)
    tip = page.get_by_role("tooltip")
    expect(tip).to_be_hidden()
    # the second neuron's lines cross in the middle; a quarter of the way they are apart
    place = page.evaluate("""() => { const path = document.querySelectorAll(".stage-edge")[1];
      const point = path.getPointAtLength(path.getTotalLength() * 0.25);
      const box = path.ownerSVGElement.getBoundingClientRect();
      return [box.left + point.x, box.top + point.y]; }""")
    page.mouse.move(*place)
    expect(tip).to_have_text(f"w (x1 → neuron 2 of layer 1) = {weight_of(known, 1)}")
    page.mouse.move(5, 5)
    expect(tip).to_be_hidden()
    page.get_by_role("button", name="neuron 2 of layer 1,").focus()
    expect(tip).to_contain_text(f"bias: {weight_of(known, 5)}")
    expect(tip).to_contain_text(f"x2: {weight_of(known, 3)}")


def test_neurons_are_walked_by_arrows_and_chosen_by_enter(harness: Any, message: Any) -> None:
    page = harness.page
    harness.show(message([3, 2], ["x1", "x2"]))
    assert page.locator(".stage-neuron[tabindex='0']").count() == 1
    page.get_by_role("button", name="neuron 1 of layer 1,").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    focused = page.locator(".stage-neuron:focus")
    expect(focused).to_have_attribute("aria-label", re.compile(r"^neuron 2 of layer 2, bias −?\d\.\d{4}$"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="neuron 2 of layer 2")).to_be_visible()
    expect(focused).to_have_attribute("aria-pressed", "true")
    assert page.locator(".stage-fields input").count() == 4
    for key in ("ArrowRight", "ArrowRight"):  # the output is the last column
        page.keyboard.press(key)
    expect(focused).to_have_attribute("aria-label", re.compile("^output, bias"))


def test_buttons_ask_for_another_shape_within_its_limits(harness: Any, message: Any) -> None:
    page = harness.page
    harness.show(message([16, 1], ["x1", "x2"], moments=2))
    button = {name: page.get_by_role("button", name=name) for name in
              ("Add a hidden layer", "Remove the last hidden layer", "Add a neuron to layer 1",
               "Remove a neuron from layer 2", "Add a neuron to layer 2")}  # fmt: skip
    expect(button["Add a neuron to layer 1"]).to_be_disabled()
    expect(button["Remove a neuron from layer 2"]).to_be_disabled()
    button["Add a neuron to layer 2"].click()
    button["Add a neuron to layer 2"].click()
    button["Add a hidden layer"].click()
    button["Remove the last hidden layer"].click()
    wished = [wish["hidden"] for wish in harness.triggers("shape")]
    assert wished == [[16, 2], [16, 3], [16, 3, 2], [16, 3]]
    harness.show(message([2] * 6, ["x1", "x2"], moments=2), run="b")
    expect(button["Add a hidden layer"]).to_be_disabled()
    harness.show(message([], ["x1", "x2"], moments=2), run="c")
    expect(button["Remove the last hidden layer"]).to_be_disabled()
    assert page.locator(".stage-neuron").count() == 3


@pytest.mark.parametrize("width", [340, 900, 1300])
def test_every_size_fits_its_column(harness: Any, message: Any, width: int) -> None:
    page = harness.page
    page.set_viewport_size({"width": width + 32, "height": 900})
    wide = ["x1", "x2", "x1^2", "x2^2", "x1x2", "sin x1", "sin x2"]
    for run, (hidden, inputs) in enumerate([([], ["x1", "x2"]), ([8, 8, 8], wide), ([16] * 6, wide)]):
        harness.show(message(hidden, inputs, moments=2), run=str(run))
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width + 32
        overlap = page.evaluate("""() => {
          const boxes = [...document.querySelectorAll(".stage-neuron, .stage-step")]
            .filter(node => node.offsetParent).map(node => node.getBoundingClientRect());
          const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1
            && a.top < b.bottom - 1 && b.top < a.bottom - 1;
          return boxes.some((a, k) => boxes.slice(k + 1).some(b => meet(a, b))); }""")
        assert not overlap
    columns = page.evaluate(
        "() => getComputedStyle(document.querySelector('.stage-top')).gridTemplateColumns"
    )
    assert len(columns.split()) == (2 if width >= 900 else 1)


NEAREST = """async () => {
  const {nearestEdge} = await import("/assets/geometry.js");
  const {network} = harness.parent.__stage.scene;
  const found = [];
  network.eachEdge((path, layer, from, to) => {
    for (const share of [0.05, 0.15, 0.3, 0.7, 0.85, 0.95]) {
      const point = path.getPointAtLength(share * path.getTotalLength());
      found.push(String(nearestEdge(network.plan, point.x, point.y)) === String([layer, from, to]));
    }
  });
  return found.filter(Boolean).length / found.length;
}"""


def test_a_line_is_found_by_any_point_on_it(harness: Any, message: Any) -> None:
    harness.show(message([6, 8], ["x1", "x2"], moments=2))
    assert harness.page.evaluate(NEAREST) >= 0.97  # the rest lies where lines cross
