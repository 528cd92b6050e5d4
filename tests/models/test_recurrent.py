"""The recurrent model against PyTorch's own modules and the cells' formulas."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lab.models.recurrent import Recurrent, detached, parameter_count

MODULES = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
CELLS = pytest.mark.parametrize("cell", list(MODULES))
ANY = {
    "cell": st.sampled_from(list(MODULES)),
    "sizes": st.tuples(st.integers(1, 5), st.integers(1, 9), st.integers(1, 3), st.integers(1, 4)),
    "shape": st.tuples(st.integers(1, 12), st.integers(1, 4)),
    "seed": st.integers(0, 10_000),
}


def made(cell, inputs=3, hidden=8, layers=1, outputs=2, seed=0, **rest):
    generator = torch.Generator().manual_seed(seed)
    sizes = {"inputs": inputs, "hidden": hidden, "layers": layers, "outputs": outputs}
    return Recurrent(cell, **sizes, generator=generator, **rest)


def theirs(model, inputs):
    """Return torch's module with the same weights."""
    module = MODULES[model.cell_name](inputs, model.hidden, model.layers, dtype=model.output.weight.dtype)
    module.load_state_dict(model.cell.state_dict())
    return module


def sequence_of(time, batch, inputs, seed=1, dtype=torch.float32):
    return torch.randn(time, batch, inputs, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@given(**ANY)
@settings(max_examples=40, deadline=None)
def test_hidden_states_and_outputs_are_those_of_torchs_module(cell, sizes, shape, seed):
    inputs, hidden, layers, outputs = sizes
    model = made(cell, inputs, hidden, layers, outputs, seed)
    sequence = sequence_of(shape[0], shape[1], inputs, seed)
    with torch.no_grad():
        output, states, last = model(sequence)
        expected, after = theirs(model, inputs)(sequence)
        after = after if cell == "lstm" else (after,)
        torch.testing.assert_close(states, expected, atol=1e-6, rtol=0)
        for mine, other in zip(last, after, strict=True):
            torch.testing.assert_close(mine, other, atol=1e-6, rtol=0)
        linear = expected @ model.output.weight.T + model.output.bias
        torch.testing.assert_close(output, linear, atol=2e-6, rtol=0)


@CELLS
def test_gradients_are_those_of_torchs_module(cell):
    model = made(cell, layers=2, dtype=torch.float64)
    module = theirs(model, 3)
    sequence = sequence_of(9, 4, 3, dtype=torch.float64)
    model(sequence)[1].square().sum().backward()
    module(sequence)[0].square().sum().backward()
    for name, parameter in module.named_parameters():
        torch.testing.assert_close(model.cell.get_parameter(name).grad, parameter.grad)


@CELLS
def test_a_sequence_read_in_two_parts_is_the_sequence_read_at_once(cell):
    model = made(cell, layers=2, dtype=torch.float64)
    sequence = sequence_of(9, 4, 3, dtype=torch.float64)
    whole, _states, end = model(sequence)
    first, _states, state = model(sequence[:5])
    second, _states, last = model(sequence[5:], detached(state))
    torch.testing.assert_close(torch.cat([first, second]), whole)
    for mine, other in zip(last, end, strict=True):
        torch.testing.assert_close(mine, other)


@CELLS
def test_first_weights_come_from_the_generator_alone_and_obey_torchs_rule(cell):
    before = torch.random.get_rng_state()
    one, same, other = made(cell, hidden=25, seed=3), made(cell, hidden=25, seed=3), made(cell, hidden=25)
    torch.testing.assert_close(torch.random.get_rng_state(), before)
    flat, equal, different = (
        torch.cat([parameter.flatten() for parameter in model.parameters()]) for model in (one, same, other)
    )
    assert torch.equal(flat, equal)
    assert not torch.equal(flat, different)
    assert flat.abs().max() <= 0.2  # 1 / sqrt(25)
    assert flat.std().item() == pytest.approx(0.2 / 3**0.5, rel=0.05)


def test_the_forget_bias_opens_the_forget_gates_alone():
    plain, open_ = made("lstm", layers=2), made("lstm", layers=2, forget_bias=1.0)
    for layer in range(2):
        total = open_.cell.get_parameter(f"bias_ih_l{layer}") + open_.cell.get_parameter(f"bias_hh_l{layer}")
        before = plain.cell.get_parameter(f"bias_ih_l{layer}") + plain.cell.get_parameter(f"bias_hh_l{layer}")
        assert torch.equal(total[8:16], torch.ones(8))
        assert torch.equal(total[:8], before[:8])
        assert torch.equal(total[16:], before[16:])


@given(cell=ANY["cell"], sizes=ANY["sizes"])
@settings(max_examples=30, deadline=None)
def test_parameters_are_counted_by_the_formula(cell, sizes):
    names = dict(zip(("inputs", "hidden", "layers", "outputs"), sizes, strict=True))
    model = made(cell, **names)
    assert parameter_count(cell, **names) == sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(("cell", "times"), [("rnn", 1), ("lstm", 4), ("gru", 3)])
def test_a_cell_has_so_many_times_the_vanilla_cells_parameters(cell, times):
    def cells(name):
        return sum(one.numel() for one in made(name).cell.parameters())

    assert cells(cell) == times * cells("rnn")
