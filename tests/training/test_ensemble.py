import itertools
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lab.training.ensemble import Architecture, Ensemble, Recipe

ACTIVATIONS = ["relu", "leaky_relu", "tanh", "sigmoid", "gelu", "linear"]
OPTIMIZERS = ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"]
PAIRS = [
    *itertools.product(["linear", "tanh", "sigmoid"], ["half_squared_error", "mean_squared_error"]),
    ("sigmoid", "binary_cross_entropy"),
    ("softmax", "cross_entropy"),
]
DEPTHS = [(), (3,), (4, 2), (1, 3, 2), (5, 4, 3, 2), (2, 2, 2, 2, 2), (3, 1, 4, 1, 5, 2)]
DOUBLE = torch.float64


def data(architecture: Architecture, examples: int, seed: int = 0, networks: int | None = None):
    """Return inputs and targets that suit the loss: probabilities for a cross-entropy."""
    generator = torch.Generator().manual_seed(seed)
    lead = () if networks is None else (networks,)
    inputs = torch.randn(*lead, examples, architecture.inputs, generator=generator, dtype=DOUBLE)
    targets = torch.randn(*lead, examples, architecture.outputs, generator=generator, dtype=DOUBLE)
    if architecture.loss == "binary_cross_entropy":
        targets = (targets > 0).to(DOUBLE)
    if architecture.loss == "cross_entropy":
        targets = torch.nn.functional.one_hot(targets.argmax(-1), architecture.outputs).to(DOUBLE)
    return inputs, targets


def shuffled(examples: int, seed: int = 0) -> Tensor:
    return torch.randperm(examples, generator=torch.Generator().manual_seed(seed))


def same(left: Tensor, right: Tensor) -> bool:
    """Return whether all bits are equal, a missing number being equal to a missing number."""
    return torch.allclose(left, right, rtol=0, atol=0, equal_nan=True)


def random_ensemble(architecture, recipe, seeds, dtype=DOUBLE):
    """Return an ensemble with weights and biases of about 1, so that every term of a gradient counts."""
    ensemble = Ensemble(architecture, recipe, seeds, dtype=dtype)
    for network, seed in enumerate(seeds):
        generator = torch.Generator().manual_seed(1000 + seed)
        ensemble.write(network, torch.randn(architecture.parameters, generator=generator, dtype=DOUBLE))
    return ensemble


@pytest.mark.parametrize(("output", "loss"), PAIRS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_and_losses_equal_autograd(textbook, activation, output, loss) -> None:
    for hidden in DEPTHS:
        architecture = Architecture(3, hidden, 2, activation, output, loss)
        inputs, targets = data(architecture, examples=7)
        ensemble = random_ensemble(architecture, Recipe(), [0, 1])
        gradients, losses = ensemble.gradients(inputs, targets), ensemble.losses(inputs, targets)
        for network, parameters in enumerate(ensemble.snapshot()):
            model = textbook(architecture, Recipe(), parameters)
            expected = model.gradient(inputs, targets)
            torch.testing.assert_close(gradients[network], expected, rtol=1e-9, atol=1e-12)
            assert losses[network].item() == pytest.approx(model.loss(inputs, targets).item(), rel=1e-12)


@pytest.mark.parametrize(("l1", "l2"), [(0.0, 0.0), (0.01, 0.0), (0.0, 0.1), (0.01, 0.1)])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_steps_equal_those_of_torch_optim(textbook, optimizer, l1, l2) -> None:
    architecture = Architecture(2, (4, 3), 2)
    recipe = Recipe(optimizer, learning_rate=0.02, l1=l1, l2=l2)
    inputs, targets = data(architecture, examples=34)
    ensemble = random_ensemble(architecture, recipe, [0, 1])
    models = [textbook(architecture, recipe, parameters) for parameters in ensemble.snapshot()]
    for epoch in range(3):  # 12 steps; the last batch of each epoch has 4 examples instead of 10
        order = shuffled(34, seed=epoch)
        losses = ensemble.epoch(inputs, targets, order, batch_size=10)
        for network, model in enumerate(models):
            steps = model.train(inputs, targets, order, batch_size=10)
            mean = (10 * sum(steps[:3]) + 4 * steps[3]) / 34
            assert losses[network].item() == pytest.approx(mean, rel=1e-9)
    expected = torch.stack([model.parameters() for model in models])
    torch.testing.assert_close(ensemble.snapshot(), expected, rtol=1e-9, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 9), min_size=2, max_size=6),
    activation=st.sampled_from(ACTIVATIONS),
    pair=st.sampled_from(PAIRS),
    optimizer=st.sampled_from(OPTIMIZERS),
    examples=st.integers(1, 25),
    batch_size=st.integers(1, 30),
    networks=st.integers(1, 4),
    own_data=st.booleans(),
)
def test_any_network_trains_like_the_textbook_loop(
    textbook, sizes, activation, pair, optimizer, examples, batch_size, networks, own_data
) -> None:
    architecture = Architecture(sizes[0], tuple(sizes[1:-1]), sizes[-1], activation, *pair)
    recipe = Recipe(optimizer, learning_rate=0.01)
    inputs, targets = data(architecture, examples, networks=networks if own_data else None)
    ensemble = Ensemble(architecture, recipe, range(networks), initial="xavier", dtype=DOUBLE)
    models = [textbook(architecture, recipe, parameters) for parameters in ensemble.snapshot()]
    order = shuffled(examples)
    ensemble.epoch(inputs, targets, order, batch_size)
    for network, model in enumerate(models):
        own = (inputs[network], targets[network]) if own_data else (inputs, targets)
        model.train(*own, order, batch_size)
        # A score or gradient that is 0 but for rounding has no sign to speak of, and Adam divides by it.
        torch.testing.assert_close(ensemble.snapshot()[network], model.parameters(), rtol=1e-6, atol=1e-7)


RATES: dict[str, Any] = {
    "learning_rate": (0.001, 0.1, 0.03, 0.5),
    "l1": (0.0, 0.01, 0.02, 0.1),
    "l2": (0.1, 0.0, 0.2, 0.01),
    "dropout": (0.5, 0.0, 0.2, 0.8),
}


@pytest.mark.parametrize("dtype", [torch.float32, DOUBLE])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_network_with_own_rates_equals_the_network_alone_bit_for_bit(optimizer, activation, dtype) -> None:
    architecture = Architecture(3, (5, 2), 2, activation)
    inputs, targets = data(architecture, examples=23)
    together = Ensemble(architecture, Recipe(optimizer, **RATES), [7, 8, 9, 10], dtype=dtype)
    losses = [together.epoch(inputs, targets, shuffled(23, epoch), 5) for epoch in range(3)]
    for network, seed in enumerate([7, 8, 9, 10]):
        own: dict[str, Any] = {name: rates[network] for name, rates in RATES.items()}
        alone = Ensemble(architecture, Recipe(optimizer, **own), [seed], dtype=dtype)
        for epoch in range(3):
            loss = alone.epoch(inputs, targets, shuffled(23, epoch), 5)
            assert same(loss, losses[epoch][network : network + 1])
        assert same(alone.snapshot(), together.snapshot()[network : network + 1])
        assert same(alone.losses(inputs, targets), together.losses(inputs, targets)[[network]])


def as_alike_as_processors_allow(one: Tensor, other: Tensor) -> bool:
    """Whether results agree but for rounding: some processors add large products in another order."""
    return torch.allclose(one, other, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("hidden", [(), (1,), (2,), (3,), (4, 2), (8, 8, 8), (16, 1, 16)])
@pytest.mark.parametrize(("batch_size", "examples"), [(1, 9), (2, 9), (10, 250), (32, 100), (250, 250)])
def test_network_equals_the_network_alone_in_all_sizes(hidden, batch_size, examples) -> None:
    architecture = Architecture(7, hidden, 1, output="tanh")
    inputs, targets = data(architecture, examples)
    seeds = list(range(33))
    together = Ensemble(architecture, Recipe(), seeds)
    losses = [together.epoch(inputs, targets, shuffled(examples, epoch), batch_size) for epoch in range(2)]
    for network in (0, 1, 32):
        alone = Ensemble(architecture, Recipe(), [seeds[network]])
        for epoch in range(2):
            loss = alone.epoch(inputs, targets, shuffled(examples, epoch), batch_size)
            assert as_alike_as_processors_allow(loss[0], losses[epoch][network])
        assert as_alike_as_processors_allow(alone.snapshot()[0], together.snapshot()[network])


@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_network_equals_the_network_alone_for_every_loss(output, loss) -> None:
    architecture = Architecture(2, (4,), 3, "sigmoid", output, loss)
    inputs, targets = data(architecture, examples=30)
    together = Ensemble(architecture, Recipe("adam"), range(9))
    alone = Ensemble(architecture, Recipe("adam"), [4])
    for epoch in range(3):
        order = shuffled(30, epoch)
        losses = together.epoch(inputs, targets, order, 10)
        assert same(alone.epoch(inputs, targets, order, 10)[0], losses[4])
    assert same(alone.snapshot()[0], together.snapshot()[4])


def test_same_call_twice_gives_the_same_bits() -> None:
    architecture = Architecture(2, (4, 2), 1)
    inputs, targets = data(architecture, examples=50)
    runs = [Ensemble(architecture, Recipe("adam", dropout=0.3), [1, 2]) for _ in range(2)]
    first, second = (run.epoch(inputs, targets, shuffled(50), 10) for run in runs)
    assert same(first, second)
    assert same(runs[0].snapshot(), runs[1].snapshot())


def test_own_data_equals_shared_data_of_each_alone() -> None:
    architecture = Architecture(3, (4, 3), 2)
    inputs, targets = data(architecture, examples=23, networks=3)
    together = Ensemble(architecture, Recipe(), [0, 1, 2], dtype=DOUBLE)
    losses = together.epoch(inputs, targets, shuffled(23), 5)
    for network in range(3):
        alone = Ensemble(architecture, Recipe(), [network], dtype=DOUBLE)
        loss = alone.epoch(inputs[network], targets[network], shuffled(23), 5)
        torch.testing.assert_close(loss[0], losses[network], rtol=1e-12, atol=0)
        torch.testing.assert_close(alone.snapshot()[0], together.snapshot()[network], rtol=1e-10, atol=0)
        expected = alone.outputs(inputs[network])[0]
        torch.testing.assert_close(together.outputs(inputs)[network], expected, rtol=1e-9, atol=1e-12)


def test_limit_stops_after_as_many_batches() -> None:
    architecture = Architecture(2, (3,), 1)
    inputs, targets = data(architecture, examples=25)
    cut, short = (Ensemble(architecture, Recipe("adam"), [0, 1]) for _ in range(2))
    order = shuffled(25)
    loss = cut.epoch(inputs, targets, order, 10, limit=2)
    assert same(loss, short.epoch(inputs, targets, order[:20], 10))
    assert same(cut.snapshot(), short.snapshot())
    assert (cut.steps, cut.epochs) == (2, 1)


def test_wrong_calls_are_refused() -> None:
    architecture = Architecture(2, (3,), 1)
    inputs, targets = data(architecture, examples=5)
    ensemble = Ensemble(architecture, Recipe(), [0, 1])
    order = torch.arange(5)
    with pytest.raises(ValueError, match="inputs: expected"):
        ensemble.epoch(inputs[:, :1], targets, order, 2)
    with pytest.raises(ValueError, match="targets: expected 5 examples"):
        ensemble.epoch(inputs, targets[:4], order, 2)
    with pytest.raises(ValueError, match="inputs: expected"):
        ensemble.losses(inputs.expand(3, 5, 2), targets)
    with pytest.raises(ValueError, match="limit=0"):
        ensemble.epoch(inputs, targets, order, 2, limit=0)
    with pytest.raises(ValueError, match="seeds"):
        Ensemble(architecture, Recipe(), [])
    with pytest.raises(ValueError, match="learning_rate: expected one number or 2"):
        Ensemble(architecture, Recipe(learning_rate=(0.1, 0.2, 0.3)), [0, 1])
