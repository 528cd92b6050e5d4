"""Training on sequences: gradients, truncation and clipping against autograd and torch's own optimisers."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from lab.models.cells import Kind
from lab.models.recurrent import Recurrent, detached
from lab.training import sequences
from lab.training.sequences import SequenceTraining, backward, class_error, pieces, squared_error

CELLS = pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])


def made(cell: Kind = "lstm", seed=0, outputs=1, layers=1):
    generator = torch.Generator().manual_seed(seed)
    sizes = {"inputs": 2, "hidden": 6, "layers": layers, "outputs": outputs}
    return Recurrent(cell, **sizes, generator=generator, dtype=torch.float64)


def data(time=10, count=4, counted=1, seed=1):
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(time, count, 2, generator=generator, dtype=torch.float64)
    return inputs, torch.randn(counted, count, 1, generator=generator, dtype=torch.float64)


def gradients(network):
    return torch.cat([parameter.grad.flatten() for parameter in network.parameters()])


@given(steps=st.integers(1, 60), truncation=st.integers(0, 70))
def test_pieces_cover_every_step_once_and_only_the_first_is_short(steps, truncation):
    found = list(pieces(steps, truncation))
    assert [step for start, end in found for step in range(start, end)] == list(range(steps))
    assert all(end - start == truncation for start, end in found[1:])


@CELLS
@pytest.mark.parametrize("counted", [1, 4, 10])
@pytest.mark.parametrize("truncation", [0, 10, 25])
def test_without_truncation_it_is_back_propagation_through_all_steps(cell, counted, truncation):
    mine, other = made(cell, layers=2), made(cell, layers=2)
    inputs, targets = data(counted=counted)
    loss = backward(mine, inputs, targets, squared_error, truncation)
    expected = (other(inputs)[0][-counted:] - targets).square().mean()
    expected.backward()
    torch.testing.assert_close(loss, expected.detach())
    torch.testing.assert_close(gradients(mine), gradients(other))


@CELLS
@pytest.mark.parametrize("counted", [1, 5, 10])
def test_truncation_cuts_the_gradient_between_pieces_and_nothing_else(cell, counted):
    mine, other = made(cell), made(cell)
    inputs, targets = data(counted=counted)
    loss = backward(mine, inputs, targets, squared_error, truncation=4)
    state, outputs = None, []
    for start, end in ((0, 2), (2, 6), (6, 10)):
        out, _states, state = other(inputs[start:end], state)
        state = detached(state)
        outputs.append(out)
    expected = (torch.cat(outputs)[-counted:] - targets).square().mean()
    expected.backward()
    torch.testing.assert_close(loss, expected.detach())
    torch.testing.assert_close(gradients(mine), gradients(other))


def test_the_input_of_an_earlier_piece_gets_no_gradient():
    inputs, targets = data()
    for truncation, reached in ((0, 10), (4, 4), (1, 1)):
        read = inputs.clone().requires_grad_()
        backward(made(), read, targets, squared_error, truncation)
        assert read.grad is not None
        assert (read.grad.abs().sum(dim=(1, 2)) > 0).tolist() == [False] * (10 - reached) + [True] * reached


@given(seed=st.integers(0, 999), clip=st.sampled_from([0.001, 0.01, 0.1, 1.0, 10.0]))
@settings(max_examples=20, deadline=None)
def test_a_long_gradient_keeps_its_direction_and_gets_the_asked_norm(seed, clip):
    inputs, targets = data(seed=seed)
    plain, clipped = made(), made()
    backward(plain, inputs, targets, squared_error)
    before = gradients(plain)
    training = SequenceTraining(clipped, squared_error, rate=0.1, clip=clip, optimizer="sgd")
    training.step(inputs, targets)
    after = gradients(clipped)
    assert training.longest_gradient() == pytest.approx(before.norm().item(), rel=1e-9)
    if before.norm() <= clip:
        torch.testing.assert_close(after, before)
    else:
        assert after.norm().item() == pytest.approx(clip, rel=1e-4)
        torch.testing.assert_close(after / after.norm(), before / before.norm())


@pytest.mark.parametrize("name", ["adam", "sgd"])
def test_steps_are_those_of_torchs_optimiser(name):
    mine, other = made(), made()
    training = SequenceTraining(mine, squared_error, rate=0.05, clip=0.5, optimizer=name)
    kind = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[name]
    optimizer = kind(other.parameters(), lr=0.05)
    for seed in range(8):
        inputs, targets = data(seed=seed)
        training.step(inputs, targets)
        optimizer.zero_grad()
        (other(inputs)[0][-1:] - targets).square().mean().backward()
        torch.nn.utils.clip_grad_norm_(other.parameters(), 0.5)
        optimizer.step()
    for one, two in zip(mine.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(one, two)


def test_the_class_error_is_torchs_cross_entropy():
    scores = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0))
    labels = torch.randint(0, 4, (3, 5), generator=torch.Generator().manual_seed(1))
    by_hand = torch.stack(
        [cross_entropy(scores[t, i], labels[t, i]) for t in range(3) for i in range(5)]
    ).mean()
    torch.testing.assert_close(class_error(scores, labels), by_hand)


def test_an_overflow_is_noted_and_the_network_left_as_it_is():
    network = made("rnn")
    training = SequenceTraining(network, squared_error, rate=1e200, optimizer="sgd")
    inputs, targets = data()
    for _step in range(4):
        training.step(inputs, targets)
    assert training.overflow == training.steps == 2
    assert math.isnan(training.longest_gradient())


def test_the_longest_gradient_is_asked_for_a_stretch_at_a_time():
    training = SequenceTraining(made(), squared_error, rate=0.01)
    training.step(*data())
    assert training.longest_gradient() > 0
    assert training.longest_gradient() == 0


@CELLS
@pytest.mark.parametrize("truncation", [0, 4])
def test_a_batch_worked_through_bit_by_bit_takes_the_same_step(cell, truncation, monkeypatch):
    inputs, targets = data(count=7, counted=5)
    whole, bits = made(cell), made(cell)
    losses = [SequenceTraining(whole, squared_error, rate=0.1, truncation=truncation).step(inputs, targets)]
    monkeypatch.setattr(sequences, "MOST_AT_ONCE", 1 + 3 * 10 * size_of(bits))  # three at a time
    losses += [SequenceTraining(bits, squared_error, rate=0.1, truncation=truncation).step(inputs, targets)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-12)
    for one, other in zip(whole.parameters(), bits.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-9)


def size_of(network):
    return sum(parameter.numel() for parameter in network.parameters())
