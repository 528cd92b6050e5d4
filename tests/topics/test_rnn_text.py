"""Letters: against plain loops, and every claim of the text."""

import gc
import itertools
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy, one_hot

from lab.core.errors import DataError, SettingError
from lab.core.events import Done
from lab.core.lesson import Context
from lab.data.tables import table_key
from lab.topics.rnn import text_stage
from lab.topics.rnn.letters import (
    network_for,
    next_shares,
    states_over,
    text_of,
    train,
    trained_network,
    written,
)
from lab.topics.rnn.text_settings import (
    LettersDisplay,
    LettersSettings,
)
from lab.topics.rnn.text_stage import stage, writing
from lab.ui.rnn_text import coloured

SMALL: dict[str, Any] = {"text_hidden": 20, "text_steps": 20, "text_batch": 5, "text_length": 20}


def finished(settings: LettersSettings, context: Any = None) -> tuple[list[Any], Any]:
    *events, done = train(settings, context or Context())
    assert isinstance(done, Done)
    return events, done.result


@cache
def learned(**values: Any) -> Any:
    return finished(LettersSettings(**values))[1]


@pytest.fixture(scope="module")
def default():
    return learned()


@pytest.mark.parametrize(("cell", "truncation"), [("lstm", 0), ("gru", 0), ("rnn", 0), ("lstm", 5)])
def test_learning_is_a_plain_loop_of_adam(cell, truncation):
    settings = LettersSettings(text_cell=cell, text_truncation=truncation, **SMALL)
    _events, result = finished(settings)
    text = text_of(settings, Context())
    alphabet = sorted(set(text))
    codes = torch.tensor([alphabet.index(letter) for letter in text])[: len(text) - len(text) // 10]
    network = network_for(settings, len(alphabet))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    chance = torch.Generator().manual_seed(1)
    for _step in range(20):
        starts = torch.randint(len(codes) - 20, (5,), generator=chance)
        pieces = torch.stack([codes[start : start + 21] for start in starts], dim=1)
        state, told = None, []
        for part in one_hot(pieces[:-1], len(alphabet)).float().split(truncation or 20):
            scores, _states, state = network(part, state)
            state = tuple(one.detach() for one in state)
            told.append(scores)
        loss = cross_entropy(torch.cat(told).permute(0, 2, 1), pieces[1:])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
    for name, values in network.state_dict().items():
        np.testing.assert_allclose(result.weights[name], values.numpy(), atol=1e-4, err_msg=name)


def test_writing_is_repeatable_and_follows_its_seed(default):
    settings = LettersSettings()
    one, same, other = (writing(settings, LettersDisplay(text_luck=luck), default).text for luck in (1, 1, 2))
    assert one == same != other
    assert len(one) == 300


def test_temperature_zero_takes_the_likeliest_letter_each_time(default):
    settings = LettersSettings()
    network = trained_network(settings, default)
    told = written(network, [1, 2], 20, torch.Generator(), temperature=0)
    codes = [1, 2]
    for _letter in range(20):
        with torch.no_grad():
            scores = network(one_hot(torch.tensor(codes)[:, None], len(default.alphabet)).float())[0]
        codes.append(int(scores[-1, 0].argmax()))
    assert told == codes[2:]


@pytest.mark.parametrize(("temperature", "top"), list(itertools.product((0.3, 1.0, 2.0), (0, 1, 5))))
def test_shares_are_a_softmax_over_the_top(temperature, top):
    scores = torch.randn(12, generator=torch.Generator().manual_seed(5))
    shares = next_shares(scores, temperature, top).double().numpy()
    kept = np.argsort(-scores.numpy())[: top or 12]
    plain = np.exp(scores.double().numpy()[kept] / temperature)
    np.testing.assert_allclose(shares[kept], plain / plain.sum(), rtol=1e-5)
    assert shares.sum() == pytest.approx(1)
    assert (np.delete(shares, kept) == 0).all()


def test_hidden_states_are_those_of_one_step_after_the_other(default):
    network = trained_network(LettersSettings(), default)
    codes = [3, 1, 4, 1, 5, 9, 2, 6]
    states, following = states_over(network, codes)
    state, outputs = None, torch.empty(0)
    for place, code in enumerate(codes):
        with torch.no_grad():
            hot = one_hot(torch.tensor([[code]]), len(default.alphabet)).float()
            outputs, hidden, state = network(hot, state)
        np.testing.assert_allclose(states[place], hidden[0, 0], atol=1e-5)
    np.testing.assert_allclose(following, outputs[0, 0], atol=1e-5)


def test_the_test_loss_is_that_of_unseen_text(default):
    settings = LettersSettings()
    network = trained_network(settings, default)
    text = text_of(settings, Context())
    assert text.endswith(default.test_text)
    codes = torch.tensor([default.alphabet.index(letter) for letter in default.test_text])
    losses = []
    for start in range(0, len(codes) - 100, 100)[:40]:
        piece = codes[start : start + 101]
        with torch.no_grad():
            scores = network(one_hot(piece[:-1, None], len(default.alphabet)).float())[0][:, 0]
        losses.append(cross_entropy(scores, piece[1:]).item())
    assert default.test_loss[-1] == pytest.approx(np.mean(losses), rel=1e-4)


def test_an_own_text_is_learned_and_one_that_is_missing_named():
    raw = ("abab cdcd " * 100).encode()
    settings = LettersSettings(text_source="own", text_file=table_key(raw), **SMALL)
    _events, result = finished(settings, Context(files={table_key(raw): raw}))
    assert result.alphabet == (" ", "a", "b", "c", "d")
    with pytest.raises(DataError, match="a text pasted on this page"):
        finished(settings)


def test_work_that_would_take_too_long_is_refused():
    with pytest.raises(SettingError, match="Steps: expected at most"):
        finished(
            LettersSettings(text_hidden=200, text_layers=2, text_length=100, text_batch=50, text_steps=1000)
        )


def test_a_prompt_of_unknown_letters_does_no_harm(default):
    told = writing(LettersSettings(), LettersDisplay(text_prompt="漢字"), default)
    assert len(told.text) == 300
    assert '<span style="background:' in coloured("<b>", "&\n", np.linspace(-1, 1, 5, dtype=np.float32))
    assert "<b>" not in coloured("<b>", "&\n", np.linspace(-1, 1, 5, dtype=np.float32))


def test_the_stage_is_whole():
    events, result = finished(LettersSettings(**SMALL))
    live = stage(LettersSettings(**SMALL), LettersDisplay(), Context(), events)
    assert [panel.id for panel in live.panels] == ["letters_loss"]
    assert "it writes" in live.notes[0]
    done = stage(LettersSettings(**SMALL), LettersDisplay(), Context(), events, result)
    assert [panel.id for panel in done.panels] == ["letters_loss", "letters_next", "letters_states"]


@pytest.mark.parametrize("seed", [1, 2])
def test_text_it_beats_counting_pairs_and_learns_blanks_before_words(seed):
    result = learned(text_seed=seed) if seed > 1 else learned()
    assert result.test_loss[-1] < result.guessing.pair < result.guessing.single < result.guessing.uniform
    known = set(text_of(LettersSettings(), Context()).split())
    real = result.test_text.count(" ") / len(result.test_text)
    blanks = {step: sample.count(" ") / len(sample) for step, sample in result.samples.items()}
    words_ = {
        step: np.mean([one in known for one in sample.split()[1:-1] or [""]])
        for step, sample in result.samples.items()
    }
    assert abs(blanks[0] - real) > 0.15 > abs(blanks[25] - real)  # at step 25 the blanks are there
    assert words_[25] < 0.2  # and words are not
    shares = list(words_.values())
    assert np.median(shares[1:5]) < np.median(shares[5:9]) < np.median(shares[9:])
    assert words_[300] > 0.5


def test_what_is_written_is_written_once_and_forgotten_with_its_run(default, monkeypatch):
    settings = LettersSettings()
    told = writing(settings, LettersDisplay(text_luck=7), default)
    monkeypatch.setattr(text_stage, "_write", lambda *_: pytest.fail("written again"))
    assert writing(settings, LettersDisplay(text_luck=7, text_unit=5), default) is told
    (short,) = [finished(LettersSettings(**SMALL))[1]]
    monkeypatch.undo()
    writing(LettersSettings(**SMALL), LettersDisplay(), short)
    known = len(text_stage._LAST)
    del short
    gc.collect()
    assert len(text_stage._LAST) == known - 1


def test_text_temperature_zero_goes_in_circles_and_two_falls_apart(default):
    settings = LettersSettings()
    known = set(text_of(settings, Context()).split())

    def told(temperature):
        return writing(settings, LettersDisplay(text_temperature=temperature), default).text.split()[1:-1]

    cold, mild, hot = (told(temperature) for temperature in (0.0, 0.7, 2.0))
    assert len(set(cold)) < 0.5 * len(cold)
    assert np.mean([word in known for word in mild]) > 2 * np.mean([word in known for word in hot])


def test_text_some_unit_turns_with_every_blank(default):
    told = writing(LettersSettings(), LettersDisplay(), default)
    blank = np.array([letter == " " for letter in told.beginning + told.text], float)
    linked = [abs(np.corrcoef(blank, unit)[0, 1]) for unit in told.states.T]
    assert max(linked) > 0.5


def test_text_the_plain_cell_stays_behind(default):
    plain, gated = (learned(text_cell=cell).test_loss[-1] for cell in ("rnn", "gru"))
    assert plain > max(default.test_loss[-1], gated) + 0.05
