"""The forward pass in a browser: what the page says, step by step, is what torch computes."""

import base64
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np
import pytest
import torch

from lab.core.events import Framed
from lab.core.lesson import Context
from lab.data.drawings import drawn_picture
from lab.topics.forward_pass.examples import examples_of
from lab.topics.forward_pass.network import views_of
from lab.topics.forward_pass.settings import Display, Settings
from lab.topics.forward_pass.train import train

pytestmark = pytest.mark.browser

TEX = """() => [...document.querySelectorAll(
  "[data-testid=stColumn] annotation[encoding='application/x-tex']")].map(node => node.textContent)"""
DRAWN = """() => [...document.querySelectorAll(".stage")].some(
  node => node.parentElement.__stage.known.figures?.length)"""
TITLE = "document.querySelector('[data-figure=network] .stage-title')?.textContent"
SHEET = """() => { const canvas = document.querySelector("canvas[width='280']");
  const pixels = canvas.getContext("2d").getImageData(0, 0, 280, 280).data;
  return Array.from({length: 784}, (_, at) =>
    pixels[4 * (280 * (10 * Math.floor(at / 28) + 5) + 10 * (at % 28) + 5)]); }"""


def opened(lab, settings, display):
    query = urlencode(settings.to_query() | display.to_query())
    lab.go(f"/forward_pass?{query}")
    lab.page.wait_for_function(DRAWN, timeout=20_000)


def equations(lab):
    """Return the numbers at the ends of the equations on the page: z, then a."""
    lab.idle()
    found = lab.page.evaluate(TEX)
    return [float(re.findall(r"-?\d+(?:\.\d+)?", tex.split("=")[-1])[0]) for tex in found[:2]]


def by_torch(settings, example):
    """Return z and a of every layer for an example."""
    frames = [event for event in train(settings, Context()) if isinstance(event, Framed)]
    examples = examples_of(settings)
    values = torch.from_numpy(examples.inputs[example - 1])
    parameters = torch.from_numpy(frames[-1].parameters[0])
    sizes = (2, *settings.hidden, 1)
    done = []
    for number, (weights, biases) in enumerate(views_of(sizes, parameters), start=1):
        scores = torch.nn.functional.linear(values, weights.T, biases)
        values = torch.sigmoid(scores) if number == len(sizes) - 1 else torch.tanh(scores)
        done.append((scores, values))
    return done


def test_three_steps_say_what_torch_says(lab):
    settings = Settings(hidden=(3,), seed=4)
    expected = by_torch(settings, example=7)
    opened(lab, settings, Display(example=7, step=2))
    for layer, neuron, clicks in ((1, 0, 0), (1, 1, 2), (2, 0, 4)):
        for _click in range(clicks):
            before = lab.page.evaluate(TITLE)
            lab.button("Next").click()
            lab.page.wait_for_function(f"before => {TITLE} !== before", arg=before)
        scores, outputs = expected[layer - 1]
        said = equations(lab)
        assert said == pytest.approx([float(scores[neuron]), float(outputs[neuron])], rel=6e-4, abs=1e-4)
    lab.button("Back").click()
    lab.page.wait_for_function(f"() => {TITLE}.includes('weighted sum')")


def test_a_typed_input_moves_the_numbers_and_undo_takes_it_back(lab):
    settings = Settings(hidden=(2,), weights="initial")
    opened(lab, settings, Display(step=2))
    before = equations(lab)
    lab.enter("x1", 0)
    lab.page.wait_for_function("() => location.search.includes('edits=x0')")
    lab.idle()
    assert equations(lab) != before
    lab.page.get_by_role("button", name="Undo").first.click()
    lab.page.wait_for_function("() => !location.search.includes('edits')")
    assert equations(lab) == before


def test_a_drawn_digit_reaches_the_network_as_it_stands_on_the_sheet(lab):
    settings = Settings(data="digits28", output="softmax", hidden=(8,), weights="initial")
    opened(lab, settings, Display(source="drawn"))
    sheet = lab.page.locator("canvas[width='280']")
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    x, y, side = box["x"], box["y"], box["width"]
    lab.page.mouse.move(x + 0.5 * side, y + 0.2 * side)
    lab.page.mouse.down()
    lab.page.mouse.move(x + 0.55 * side, y + 0.8 * side, steps=5)
    lab.page.mouse.up()
    lab.page.wait_for_function("() => location.search.includes('drawing=')")
    lab.idle()
    (text,) = parse_qs(urlsplit(lab.page.url).query)["drawing"]
    shown = 1 - np.array(lab.page.evaluate(SHEET)) / 255
    np.testing.assert_allclose(3 * drawn_picture(text).ravel(), 3 * shown, atol=0.52)
    assert drawn_picture(text).any()
    assert len(base64.urlsafe_b64decode(text + "==")) == 196
    lab.page.get_by_role("button", name="Clear the sheet").click()
    lab.page.wait_for_function("() => !location.search.includes('drawing=')")
