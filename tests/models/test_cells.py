"""Single steps of the cells against torch's own, for any weights and inputs."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.models.cells import BLOCKS, GATES, first_weights, step

EACH = pytest.mark.parametrize("kind", list(BLOCKS))
CELLS = {"rnn": torch.nn.RNNCell, "lstm": torch.nn.LSTMCell, "gru": torch.nn.GRUCell}


def theirs(weights, inputs, hidden, cell):
    """Return h, and c of an LSTM, as torch's cell computes them with the same weights."""
    made = CELLS[weights.kind](inputs.shape[-1], weights.hidden, dtype=torch.float64)
    names = {
        "weight_ih": weights.input_weights,
        "weight_hh": weights.hidden_weights,
        "bias_ih": weights.input_bias,
        "bias_hh": weights.hidden_bias,
    }
    made.load_state_dict(names)
    with torch.no_grad():
        told = made(inputs, (hidden, cell) if weights.kind == "lstm" else hidden)
    return told if weights.kind == "lstm" else (told, None)


@EACH
@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 4), st.integers(0, 10**6), st.floats(0, 20))
@settings(max_examples=60, deadline=None)
def test_a_step_is_torchs(kind, inputs, hidden, examples, seed, scale):
    generator = torch.Generator().manual_seed(seed)
    weights = first_weights(kind, inputs, hidden, generator, scale)
    x = 3 * torch.randn(examples, inputs, dtype=torch.float64, generator=generator)
    h, c = torch.randn(2, examples, hidden, dtype=torch.float64, generator=generator)
    told = step(weights, x, h, c)
    expected_h, expected_c = theirs(weights, x, h, c)
    torch.testing.assert_close(told["h"], expected_h, rtol=0, atol=1e-12)
    if kind == "lstm":
        torch.testing.assert_close(told["c"], expected_c, rtol=0, atol=1e-12)
    for gate in GATES[kind]:
        assert ((told[gate] >= 0) & (told[gate] <= 1)).all()


@EACH
def test_every_number_on_the_way_is_what_its_name_says(kind):
    generator = torch.Generator().manual_seed(4)
    weights = first_weights(kind, 3, 2, generator)
    x, h, c = (torch.randn(size, dtype=torch.float64, generator=generator) for size in (3, 2, 2))
    told = step(weights, x, h, c)
    for place, block in enumerate(BLOCKS[kind]):
        rows = slice(2 * place, 2 * place + 2)
        past = weights.hidden_weights[rows] @ h + weights.hidden_bias[rows]
        if block == "n":
            torch.testing.assert_close(told["past"], past)
            past = told["r"] * past
        score = weights.input_weights[rows] @ x + weights.input_bias[rows] + past
        squash = torch.sigmoid if block in GATES[kind] else torch.tanh
        torch.testing.assert_close(told[f"z_{block}"], score)
        torch.testing.assert_close(told[block], squash(score))


@EACH
def test_first_weights_are_torchs_rule_and_follow_from_the_seed(kind):
    one, other = (first_weights(kind, 30, 25, torch.Generator().manual_seed(7)) for _twice in range(2))
    assert torch.equal(one.hidden_weights, other.hidden_weights)
    numbers = torch.cat([one.input_weights.flatten(), one.hidden_weights.flatten(), one.hidden_bias])
    assert numbers.abs().max() <= 0.2
    assert numbers.std().item() == pytest.approx(0.2 / 3**0.5, rel=0.05)
    three = first_weights(kind, 30, 25, torch.Generator().manual_seed(7), scale=3)
    torch.testing.assert_close(three.input_bias, 3 * one.input_bias)


@EACH
def test_several_networks_side_by_side_are_each_alone(kind):
    generator = torch.Generator().manual_seed(2)
    alone = [first_weights(kind, 3, 4, generator) for _network in range(3)]
    together = replace(
        alone[0],
        input_weights=torch.stack([one.input_weights for one in alone]),
        hidden_weights=torch.stack([one.hidden_weights for one in alone]),
        input_bias=torch.stack([one.input_bias for one in alone])[:, None],
        hidden_bias=torch.stack([one.hidden_bias for one in alone])[:, None],
    )
    x = torch.randn(3, 5, 3, dtype=torch.float64, generator=generator)
    h, c = torch.randn(2, 3, 5, 4, dtype=torch.float64, generator=generator)
    told = step(together, x, h, c)["h"]
    for network, weights in enumerate(alone):
        mine = step(weights, x[network], h[network], c[network])["h"]
        torch.testing.assert_close(told[network], mine)
