"""A learner steps through a cell and sets a state by hand: the numbers on the page are torch's."""

import re

import numpy as np
import pytest
import torch
from playwright.sync_api import expect

from lab.core.lesson import Context
from lab.topics.rnn.cell import Unrolled, train
from lab.topics.rnn.cell_settings import CellSettings
from tests.browser.lab_page import LabPage

pytestmark = pytest.mark.browser

SLOW = 20_000  # milliseconds: on a busy machine the first picture of a page takes long
NUMBER = r"-?\d+\.?\d*(?:\{\\cdot\}10\^\{-?\d+\})?"


def cell_of(found: Unrolled) -> torch.nn.LSTMCell:
    cell = torch.nn.LSTMCell(found.inputs.shape[1], found.hidden.shape[1], dtype=torch.float64)
    names = {"weight_ih": "W_x", "weight_hh": "W_h", "bias_ih": "b_x", "bias_hh": "b_h"}
    cell.load_state_dict({name: torch.tensor(found.weights[mine]) for name, mine in names.items()})
    return cell


def unrolled(**values: object) -> Unrolled:
    return list(train(CellSettings.checked(values), Context()))[-1].result  # type: ignore[union-attr]


def shown(lab: LabPage) -> list[float]:
    """Return the last vector of the last equation: the new hidden state."""
    tex = lab.page.locator(".st-key-cell-equations annotation").all_text_contents()[-1]
    last = re.findall(r"\\begin\{bmatrix\}(.*?)\\end\{bmatrix\}", tex)[-1]
    return [float(re.sub(r"\{\\cdot\}10\^\{(-?\d+)\}", r"e\1", one)) for one in re.findall(NUMBER, last)]


def at_step(lab: LabPage, step: int) -> None:
    expect(lab.page.get_by_role("heading", name=f"Step {step} of 5")).to_be_visible(timeout=SLOW)
    lab.page.wait_for_function(
        "step => [...document.querySelectorAll('.st-key-cell-equations annotation')]"
        ".at(-1)?.textContent.includes(`h_{${step}}`)",
        arg=step,
        timeout=SLOW,
    )


def test_three_steps_read_off_the_page_are_those_of_torch(lab: LabPage) -> None:
    lab.go("/rnn")
    found = unrolled()
    cell = cell_of(found)
    h = c = torch.zeros(2, dtype=torch.float64)
    for step in (1, 2, 3):
        at_step(lab, step)
        with torch.no_grad():
            h, c = cell(torch.tensor(found.inputs[step - 1]), (h, c))
        assert shown(lab) == pytest.approx(h.tolist(), rel=6e-3)
        lab.page.get_by_role("button", name="Next step").click()
    at_step(lab, 4)
    assert lab.complaints == []


def test_a_state_edited_by_hand_changes_the_steps_after_it(lab: LabPage) -> None:
    lab.go("/rnn?cell_step=2")
    at_step(lab, 2)
    lab.enter("h after step 2, unit 1", 0.9)
    expect(lab.page).to_have_url(re.compile(r"cell_edits=h2\.1%3D0\.9"), timeout=SLOW)
    lab.page.locator('.lab-graph [data-step="3"]').click()
    at_step(lab, 3)
    edited, plain = unrolled(cell_edits="h2.1=0.9"), unrolled()
    with torch.no_grad():
        state = torch.tensor([0.9, plain.hidden[2, 1]]), torch.tensor(plain.cell[2])
        h, _c = cell_of(plain)(torch.tensor(plain.inputs[2]), state)
    assert shown(lab) == pytest.approx(h.tolist(), rel=6e-3)
    np.testing.assert_allclose(edited.hidden[3], h.numpy())
    lab.page.get_by_role("button", name="As computed").click()
    expect(lab.page).not_to_have_url(re.compile("cell_edits"), timeout=SLOW)
    assert lab.complaints == []


def test_gradients_of_three_cells_are_drawn_back_through_time(lab: LabPage) -> None:
    lab.go("/rnn?part=memory&memory_back_keep=4.0")
    lab.complete()
    curves = {name: lab.curve(name) for name in ("Vanilla RNN, h", "LSTM, h", "LSTM, c", "GRU, h")}
    assert all(len(curve) == 50 for curve in curves.values())
    assert curves["GRU, h"][0] == pytest.approx(1)
    assert curves["GRU, h"][-1] > 10 * curves["Vanilla RNN, h"][-1]  # as the text says
    assert lab.complaints == []
