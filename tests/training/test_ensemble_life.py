"""What an ensemble goes through: dropout, divergence, saving and going on, writing by hand."""

import numpy
import pytest
import torch

from lab.training.dropout import draw_masks
from lab.training.ensemble import Architecture, Ensemble, Recipe, outputs_of, unpacked

ARCHITECTURE = Architecture(2, (4, 3), 1)
DOUBLE = torch.float64


def data(examples: int):
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(examples, 2, generator=generator, dtype=DOUBLE)
    return inputs, inputs[:, :1] * inputs[:, 1:]


def shuffled(examples: int, seed: int):
    return torch.randperm(examples, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_masks_keep_the_right_share_and_the_mean(share) -> None:
    masks = torch.empty(2, 20, 1000, dtype=DOUBLE)
    draw_masks(masks, seeds=[3, 4], shares=[share, share], epoch=0)
    assert masks.unique().tolist() == pytest.approx([0, 1 / (1 - share)])
    spread = (share * (1 - share) / 20_000) ** 0.5
    for mask in masks:
        assert (mask > 0).double().mean().item() == pytest.approx(1 - share, abs=4 * spread)
    assert not torch.equal(masks[0], masks[1])


def test_masks_depend_on_seed_and_epoch_alone() -> None:
    pair, single, later = torch.empty(2, 5, 30), torch.empty(1, 5, 30), torch.empty(1, 5, 30)
    draw_masks(pair, seeds=[8, 9], shares=[0.0, 0.4], epoch=6)
    draw_masks(single, seeds=[9], shares=[0.4], epoch=6)
    draw_masks(later, seeds=[9], shares=[0.4], epoch=7)
    assert torch.equal(pair[1:], single)
    assert torch.equal(pair[0], torch.ones(5, 30))
    assert not torch.equal(single, later)


def test_a_step_with_dropout_equals_autograd_under_the_same_masks() -> None:
    inputs, targets = data(6)
    recipe = Recipe(learning_rate=1.0, dropout=0.4)
    ensemble = Ensemble(ARCHITECTURE, recipe, [5], initial="xavier", dtype=DOUBLE)
    before = ensemble.snapshot()[0].requires_grad_()
    kept = numpy.random.default_rng((5, 0)).random((7, 6)) >= 0.4
    masks = (torch.from_numpy(kept).to(DOUBLE) / 0.6).split([4, 3])
    order = shuffled(6, 0)

    layers = unpacked(ARCHITECTURE, before)
    activations = inputs[order]
    for (weights, biases), mask in zip(layers[:-1], masks, strict=True):
        activations = torch.tanh(activations @ weights + biases) * mask.T
    results = activations @ layers[-1][0] + layers[-1][1]
    loss = 0.5 * (results - targets[order]).square().mean()
    loss.backward()

    measured = ensemble.epoch(inputs, targets, order, batch_size=6)
    assert measured.item() == pytest.approx(loss.item(), rel=1e-12)
    assert before.grad is not None
    step = before.detach() - ensemble.snapshot()[0]
    torch.testing.assert_close(step, before.grad, rtol=1e-9, atol=1e-12)


def test_dropout_is_for_training_only() -> None:
    inputs, targets = data(20)
    with_dropout, without = (Ensemble(ARCHITECTURE, Recipe(dropout=share), [0, 1]) for share in (0.5, 0.0))
    assert torch.equal(with_dropout.outputs(inputs), without.outputs(inputs))
    assert torch.equal(with_dropout.losses(inputs, targets), without.losses(inputs, targets))
    with_dropout.epoch(inputs, targets, torch.arange(20), batch_size=20)
    with_dropout.restore(without.state())
    assert torch.equal(with_dropout.losses(inputs, targets), without.losses(inputs, targets))
    assert torch.equal(with_dropout.gradients(inputs, targets), without.gradients(inputs, targets))


def test_a_diverging_network_leaves_its_neighbours_alone() -> None:
    inputs, targets = data(40)
    recipe = Recipe(learning_rate=(0.1, 1e5, 0.1))
    linear = Architecture(2, (4, 3), 1, "relu")
    together = Ensemble(linear, recipe, [0, 1, 2], initial="he")
    calm = Ensemble(linear, Recipe(learning_rate=0.1), [0, 2], initial="he")
    together.write(1, torch.full((linear.parameters,), 3.0))
    losses = torch.zeros(3)
    for epoch in range(8):
        order = shuffled(40, epoch)
        losses = together.epoch(inputs, targets, order, 10)
        assert torch.equal(losses[[0, 2]], calm.epoch(inputs, targets, order, 10))
    assert not losses[1].isfinite()
    assert torch.equal(together.snapshot()[[0, 2]], calm.snapshot())
    assert torch.equal(together.losses(inputs, targets)[[0, 2]], calm.losses(inputs, targets))
    torch.testing.assert_close(together.outputs(inputs)[[0, 2]], calm.outputs(inputs))
    assert together.diverged[[0, 2]].tolist() == [-1, -1]
    assert together.diverged[1] > 0


@pytest.mark.parametrize("rate", [30.0, 1e3, 1e8, 1e30])
def test_diverged_names_the_step_at_which_the_textbook_loop_breaks(textbook, rate) -> None:
    linear = Architecture(2, (3,), 1, "linear")
    inputs, targets = data(32)
    ensemble = Ensemble(linear, Recipe(learning_rate=rate), [0], initial="xavier")
    model = textbook(linear, Recipe(learning_rate=rate), ensemble.snapshot()[0])
    losses: list[float] = []
    for epoch in range(4):
        order = shuffled(32, epoch)
        ensemble.epoch(inputs, targets, order, 10)
        losses += model.train(inputs.float(), targets.float(), order, 10)
    broken = [step for step, loss in enumerate(losses, start=1) if not numpy.isfinite(loss)]
    assert broken
    assert ensemble.diverged.tolist() == [broken[0]]


def test_parameters_that_break_in_the_last_step_are_noticed() -> None:
    inputs, targets = data(4)
    ensemble = Ensemble(ARCHITECTURE, Recipe(learning_rate=(0.1, 3e38)), [0, 1])
    ensemble.write(1, torch.full((ARCHITECTURE.parameters,), 2.0))
    targets = targets + torch.tensor([[[0.0]], [[-1e3]]])
    assert ensemble.diverged.tolist() == [-1, -1]
    losses = ensemble.epoch(inputs, targets, torch.arange(4), 4)
    assert losses.isfinite().all()
    assert ensemble.diverged.tolist() == [-1, 1]


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"])
def test_going_on_from_a_state_equals_never_having_stopped(optimizer) -> None:
    inputs, targets = data(25)
    recipe = Recipe(optimizer, learning_rate=(0.01, 1e4), l1=0.001, l2=0.01, dropout=(0.3, 0.0))
    straight = Ensemble(ARCHITECTURE, recipe, [0, 1])
    for epoch in range(3):
        straight.epoch(inputs, targets, shuffled(25, epoch), 10)
    saved = straight.state()
    kept = {name: values.clone() for name, values in saved.items()}
    for epoch in range(3, 6):
        straight.epoch(inputs, targets, shuffled(25, epoch), 10)
    resumed = Ensemble(ARCHITECTURE, recipe, [8, 9])
    resumed.restore(saved)
    for epoch in range(3, 6):
        resumed.epoch(inputs, targets, shuffled(25, epoch), 10)
    for name, values in straight.state().items():
        assert torch.allclose(values, resumed.state()[name], rtol=0, atol=0, equal_nan=True), name
    assert all(torch.allclose(saved[name], kept[name], rtol=0, atol=0, equal_nan=True) for name in kept)


def test_state_of_another_kind_is_refused() -> None:
    adam = Ensemble(ARCHITECTURE, Recipe("adam"), [0])
    with pytest.raises(ValueError, match="state"):
        adam.restore(Ensemble(ARCHITECTURE, Recipe("sgd"), [0]).state())
    with pytest.raises(ValueError, match="state"):
        adam.restore(Ensemble(ARCHITECTURE, Recipe("adam"), [0, 1]).state())


def test_snapshot_is_a_copy_and_write_its_inverse() -> None:
    ensemble = Ensemble(ARCHITECTURE, Recipe(), [0, 1])
    before = ensemble.snapshot()
    values = torch.arange(float(ARCHITECTURE.parameters))
    ensemble.write(1, values)
    assert torch.equal(ensemble.snapshot(), torch.stack([before[0], values]))
    assert not torch.equal(before[1], values)
    with pytest.raises(ValueError, match="values"):
        ensemble.write(0, values[:-1])


def test_snapshot_lists_weights_row_by_row_then_biases() -> None:
    ensemble = Ensemble(Architecture(2, (), 3), Recipe(), [0])
    ensemble.write(0, torch.tensor([1.0, 2, 3, 10, 20, 30, 100, 200, 300]))
    outputs = ensemble.outputs(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
    assert outputs.tolist() == [[[101, 202, 303], [110, 220, 330]]]


@pytest.mark.parametrize("output", ["linear", "tanh", "sigmoid", "softmax"])
def test_outputs_equal_the_textbook_forward_pass(output) -> None:
    loss = "cross_entropy" if output == "softmax" else "half_squared_error"
    architecture = Architecture(2, (4, 3), 3, "gelu", output, loss)
    ensemble = Ensemble(architecture, Recipe(), [0, 1], initial="he", dtype=DOUBLE)
    inputs, _ = data(10)
    final = {
        "linear": lambda scores: scores,
        "tanh": torch.tanh,
        "sigmoid": torch.sigmoid,
        "softmax": lambda scores: scores.exp() / scores.exp().sum(-1, keepdim=True),
    }[output]
    for network, parameters in enumerate(ensemble.snapshot()):
        activations = inputs
        *hidden, last = unpacked(architecture, parameters)
        for weights, biases in hidden:
            activations = torch.nn.functional.gelu(activations @ weights + biases)
        expected = final(activations @ last[0] + last[1])
        torch.testing.assert_close(ensemble.outputs(inputs)[network], expected, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(outputs_of(architecture, parameters, inputs), expected)
