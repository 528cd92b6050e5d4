"""The operation in a browser: step, click, upload; the sums on the page are torch's."""

import io
import re

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from lab.data.photos import read_picture
from lab.topics.cnn.operation import picture_of
from lab.topics.cnn.operation_settings import OperationSettings
from tests.browser.lab_page import LabPage

pytestmark = pytest.mark.browser

TEX = """() => [...document.querySelectorAll("annotation[encoding='application/x-tex']")]
  .map(node => node.textContent)"""
SAYS = "place => [...document.querySelectorAll('annotation')].some(one => one.textContent.includes(place))"
SHAPES = "() => document.querySelector('[data-figure=conv_picture] .stage-plot')._fullLayout.shapes"


def by_torch(chosen: OperationSettings) -> np.ndarray:
    pixels, kernel = (torch.tensor(one)[None, None] for one in (picture_of(chosen, {}), chosen.kernel()))
    return functional.conv2d(pixels, kernel, None, chosen.conv_stride, chosen.conv_padding)[0, 0].numpy()


def total(lab: LabPage, row: int, column: int) -> float:
    """Wait until the page explains the pixel, and return the sum that it writes."""
    lab.page.wait_for_function(SAYS, arg=f"z_{{{row},{column}}}")
    lab.idle()
    (numbers,) = (tex for tex in lab.page.evaluate(TEX) if "aligned" in tex)
    return float(re.findall(r"-?\d+(?:\.\d+)?", numbers.split("=")[-1])[0])


def click(lab: LabPage, figure: str, row: int, column: int) -> None:
    """Click a cell of a figure, its row and column counted from 1."""
    area = lab.page.locator(f"[data-figure={figure}] .nsewdrag")
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box is not None
    layout = f"document.querySelector('[data-figure={figure}] .stage-plot')._fullLayout"
    x = lab.page.evaluate(f"x => {layout}.xaxis.d2p(x)", column)
    y = lab.page.evaluate(f"y => {layout}.yaxis.d2p(y)", row)
    lab.page.mouse.click(box["x"] + x, box["y"] + y)


def test_step_and_click_and_read_torchs_sum(lab: LabPage) -> None:
    chosen = OperationSettings(conv_stride=2, conv_padding=1)
    expected = by_torch(chosen)
    lab.go("/cnn?part=operation&conv_stride=2&conv_padding=1&conv_row=5&conv_column=7")
    lab.complete()
    assert total(lab, 5, 7) == pytest.approx(expected[4, 6], rel=6e-4)
    lab.page.get_by_role("button", name="Next", exact=True).click()
    assert total(lab, 5, 8) == pytest.approx(expected[4, 7], rel=6e-4)
    lab.complete()
    click(lab, "conv_output", 9, 6)
    assert total(lab, 9, 6) == pytest.approx(expected[8, 5], rel=6e-4)
    lab.complete()
    lab.page.wait_for_function(f"() => ({SHAPES})().some(one => one.y0 === 15.5 && one.x0 === 9.5)")
    click(lab, "conv_picture", 13, 13)  # the middle of what pixel 7, 7 reads
    assert total(lab, 7, 7) == pytest.approx(expected[6, 6], rel=6e-4)
    lab.complete()
    lab.page.locator("[data-figure=conv_output] .nsewdrag").hover()
    hint = lab.page.locator("[data-figure=conv_output] .hovertext")
    hint.wait_for()
    assert re.search(r"sees rows -?\d+ to \d+, columns -?\d+ to \d+", hint.text_content() or "")


def test_upload_a_picture_and_text_that_says_it_is_one(lab: LabPage) -> None:
    lab.go("/cnn?part=operation&conv_picture=upload&conv_kernel=identity")
    choose = lab.page.locator("input[type=file]")
    choose.set_input_files({"name": "mine.png", "mimeType": "image/png", "buffer": b"I am a picture."})
    told = lab.page.get_by_text("picture 'mine.png': expected a PNG or JPEG file, got 'I am a pictu'")
    told.wait_for()
    pixels = np.random.default_rng(2).integers(0, 256, (800, 700, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    assert 1_500_000 < len(file.getvalue()) < 2_000_000
    choose.set_input_files({"name": "mine.png", "mimeType": "image/png", "buffer": file.getvalue()})
    lab.page.wait_for_function("() => location.search.includes('conv_file=')")
    lab.complete()
    assert not told.is_visible()
    shown = lab.page.evaluate(
        "() => Array.from(document.querySelector('[data-figure=conv_picture] .stage-plot')._fullData[0].z,"
        " row => Array.from(row))"
    )
    small = read_picture(file.getvalue(), "mine.png")
    np.testing.assert_allclose(shown, small @ [0.299, 0.587, 0.114] / 255, atol=1e-6)
