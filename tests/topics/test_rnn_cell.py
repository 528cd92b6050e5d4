"""The unrolled cell: numbers against torch's modules, states set by hand, training, claims of the text."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lab.core.errors import SettingError
from lab.core.events import Done, Stepped
from lab.core.lesson import Context
from lab.topics.rnn.cell import Unrolled, sequence, train
from lab.topics.rnn.cell_drawing import chain, inside
from lab.topics.rnn.cell_equations import equations
from lab.topics.rnn.cell_settings import CellDisplay, CellSettings, written
from lab.topics.rnn.cell_stage import CELL

KINDS = ("rnn", "lstm", "gru")
MODULES = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
EACH = pytest.mark.parametrize("kind", KINDS)


def run(**values) -> Unrolled:
    *_events, done = train(CellSettings(**values), Context())
    assert isinstance(done, Done)
    return done.result


def states_of_torch(found: Unrolled) -> np.ndarray:
    """Return all hidden states as torch's own module computes them from the shown weights."""
    module = MODULES[found.kind](found.inputs.shape[1], found.hidden.shape[1], dtype=torch.float64)
    names = {"weight_ih_l0": "W_x", "weight_hh_l0": "W_h", "bias_ih_l0": "b_x", "bias_hh_l0": "b_h"}
    module.load_state_dict({name: torch.tensor(found.weights[mine]) for name, mine in names.items()})
    with torch.no_grad():
        return module(torch.tensor(found.inputs))[0].numpy()


@EACH
@given(
    st.text("abcde", min_size=1, max_size=8),
    st.integers(1, 4),
    st.floats(0, 5),
    st.integers(0, 10**6),
)
@hypothesis_settings(max_examples=25, deadline=None)
def test_all_states_are_torchs(kind, word, hidden, scale, seed):
    found = run(cell_kind=kind, cell_word=word, cell_hidden=hidden, cell_scale=scale, cell_seed=seed)
    np.testing.assert_allclose(found.hidden[1:], states_of_torch(found), rtol=0, atol=1e-10)
    assert not found.hidden[0].any()


@EACH
def test_numbers_are_read_too_and_trained_cells_are_torchs(kind):
    found = run(cell_kind=kind, cell_reads="numbers", cell_numbers="1,-0.5,2.25", cell_weights="trained")
    assert found.inputs.ravel().tolist() == [1, -0.5, 2.25]
    np.testing.assert_allclose(found.hidden[1:], states_of_torch(found), rtol=0, atol=1e-10)
    assert found.right < 0.5  # a mean squared error; numbers have a variance of 1
    assert found.answers.shape == (3, 1)


def test_letters_are_one_hot_over_their_own_alphabet():
    found = sequence(CellSettings(cell_word="hello"))
    assert found.shape == (5, 4)
    assert found.argmax(dim=1).tolist() == [0, 1, 2, 2, 3]
    assert (found.sum(dim=1) == 1).all()


@EACH
def test_a_state_set_by_hand_is_handed_on_and_nothing_before_it_moves(kind):
    plain, edited = run(cell_kind=kind), run(cell_kind=kind, cell_edits="h2.1=0.5")
    np.testing.assert_array_equal(plain.hidden[:2], edited.hidden[:2])
    np.testing.assert_array_equal(plain.steps[1]["h"], edited.steps[1]["h"])  # as computed, still told
    assert edited.hidden[2].tolist() == [0.5, plain.hidden[2, 1]]
    assert (plain.hidden[3:] != edited.hidden[3:]).all()
    module = MODULES[kind](4, 2, dtype=torch.float64)
    names = {"weight_ih_l0": "W_x", "weight_hh_l0": "W_h", "bias_ih_l0": "b_x", "bias_hh_l0": "b_h"}
    module.load_state_dict({name: torch.tensor(plain.weights[mine]) for name, mine in names.items()})
    state = torch.tensor(edited.hidden[2:3])
    if kind == "lstm":
        state = state, torch.tensor(edited.cell[2:3])
    with torch.no_grad():
        after = module(torch.tensor(edited.inputs[2:]), state)[0]
    np.testing.assert_allclose(edited.hidden[3:], after.numpy(), atol=1e-12)


def test_edits_beyond_the_sequence_are_left_alone_and_are_written_as_they_are_read():
    assert not run(cell_word="ab", cell_edits="h5.1=1;h2.3=1", cell_hidden=2).edited
    assert not run(cell_kind="gru", cell_edits="c1.1=1").edited
    edits = {("h", 2, 1): 0.5, ("c", 0, 2): -1.25}
    assert CellSettings(cell_edits=written(edits)).edits() == edits
    for wrong in ("h2.1=x", "h9.1=0", "z1.1=0", "h1.1=0;"):
        with pytest.raises(SettingError):
            CellSettings.checked({"cell_edits": wrong})
    with pytest.raises(SettingError, match="1 to 8 letters"):
        CellSettings.checked({"cell_word": "hello!"})


@EACH
def test_equations_end_in_the_numbers_of_the_table(kind):
    found = run(cell_kind=kind, cell_hidden=3, cell_word="abcab")
    table = found.table()
    for number in range(1, 6):
        rows = table[table["step"] == number]
        for name, text in equations(found, number):
            last = re.findall(r"\\begin{bmatrix}(.*?)\\end{bmatrix}", text)[-1].split(r"\\")
            shown = [float(re.sub(r"{\\cdot}10\^{(-?\d+)}", r"e\1", one)) for one in last]
            assert shown == pytest.approx(rows[name].tolist(), rel=6e-3, abs=1e-12)


@EACH
def test_drawings_hold_the_numbers(kind):
    found = run(cell_kind=kind, cell_edits="h2.1=0.5")
    assert "0.50" in chain(found, 1)
    assert chain(found, 3).count('data-lit=""') == 1
    for name in ("z_h", "h") if kind == "rnn" else ("h",):
        said = ", ".join(f"{value:.3g}" for value in found.steps[2][name])
        assert said in inside(found, 3)


@EACH
def test_training_is_told_repeatable_and_better_than_guessing(kind):
    settings = CellSettings(cell_kind=kind, cell_weights="trained", cell_word="abc")
    *events, done = train(settings, Context())
    shares = [event.share for event in events if isinstance(event, Stepped)]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert isinstance(done, Done)
    again = run(**dict(settings))
    np.testing.assert_array_equal(done.result.hidden, again.hidden)
    np.testing.assert_allclose(again.answers.sum(axis=1), 1)
    assert again.right > 0.9


def test_the_stage_while_training_shows_first_weights():
    settings = CellSettings(cell_weights="trained")
    first, second, *_later = (one for one in train(settings, Context()) if not isinstance(one, Done))
    stage = CELL.stage(settings, CellDisplay(), Context(), [first, second])
    drawn = CELL.stage(CellSettings(), CellDisplay(), Context(), [first])
    assert list(stage.notes) == ["First weights, in training."]
    np.testing.assert_array_equal(stage.panels[1].figure.data[0].z, drawn.panels[1].figure.data[0].z)


# What the text claims.


@EACH
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_two_ls_of_hello_have_different_states(kind, seed):
    found = run(cell_kind=kind, cell_seed=seed)
    assert (found.inputs[2] == found.inputs[3]).all()
    assert (np.abs(found.hidden[3] - found.hidden[4]) > 1e-3).any()


@EACH
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_trained_cell_without_its_state_no_longer_knows(kind, seed):
    found = run(cell_kind=kind, cell_weights="trained", cell_seed=seed)
    assert found.right == 1
    assert (found.answers.argmax(axis=1) == 0).all()
    names = "hc" if kind == "lstm" else "h"
    edits = {(name, 2, unit): 0.0 for name in names for unit in (1, 2)}
    erased = run(cell_kind=kind, cell_weights="trained", cell_seed=seed, cell_edits=written(edits))
    assert np.abs(erased.answers[4] - found.answers[4]).max() > 0.1


def test_a_note_in_the_cell_state_is_multiplied_by_the_forget_gates():
    plain, noted = run(), run(cell_edits="c1.1=5")
    kept = np.prod([step["f"][0] for step in noted.steps[1:]])
    rest = noted.cell[5, 0] - 5 * kept
    assert kept < 1
    assert abs(rest) < 2  # what was written meanwhile
    assert noted.cell[5, 0] > plain.cell[5, 0]


@EACH
def test_large_weights_saturate_and_zero_weights_keep_nothing(kind):
    assert not run(cell_kind=kind, cell_scale=0.0).hidden.any()
    assert flat(kind, 5.0) > 0.5
    assert flat(kind, 1.0) < 0.25


def flat(kind, scale):
    """Return which share of gates, candidates and states stands near its ends; the median over seeds."""
    shares = []
    for seed in range(10):
        found = run(cell_kind=kind, cell_scale=scale, cell_seed=seed)
        values = np.concatenate([np.abs(step[name]) for step in found.steps for name in found.gates(1)])
        gates = np.concatenate(
            [
                np.full(found.hidden.shape[1], name in "iforu")
                for _step in found.steps
                for name in found.gates(1)
            ]
        )
        shares.append(np.mean((values > 0.9) | (gates & (values < 0.1))))
    return np.median(shares)


def test_the_gru_stays_between_its_old_state_and_its_candidate():
    for seed in range(5):
        found = run(cell_kind="gru", cell_seed=seed, cell_scale=3.0, cell_hidden=4)
        for number, told in enumerate(found.steps, start=1):
            ends = np.sort([found.hidden[number - 1], told["n"]], axis=0)
            assert (ends[0] - 1e-12 <= told["h"]).all()
            assert (told["h"] <= ends[1] + 1e-12).all()
