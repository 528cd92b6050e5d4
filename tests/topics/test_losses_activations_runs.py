"""The lesson's networks against autograd, torch.optim and scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, r2_score
from torch import nn
from torch.nn import functional

from lab.core.events import Done, Evaluated
from lab.core.lesson import Context
from lab.data.digits import digits
from lab.tables.history import scores
from lab.topics.losses_activations import GUIDE, SIGNAL, TWICE, VERSUS, guide, twice
from lab.topics.losses_activations.settings import (
    ACTIVATIONS,
    GuideSettings,
    SignalSettings,
    TwiceSettings,
    VersusSettings,
)
from lab.topics.losses_activations.signal import inputs_of, measured, weights_of
from lab.topics.losses_activations.versus import trained
from tests.topics.test_losses_activations import TORCH, last_number


def run(experiment, settings):
    told = list(experiment.train(settings, Context()))
    assert isinstance(told[-1], Done)
    return [event for event in told if not isinstance(event, Done)], told[-1].result


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("rule", ["xavier", "he", "tfp_uniform"])
def test_the_signal_and_its_gradient_are_those_of_autograd(activation, rule):
    settings = SignalSettings(activation=activation, depth=5, width=12, gain=1.5, seed=3)
    weights, (inputs, upstream) = weights_of(settings, rule), inputs_of(settings)
    told = measured(activation, weights, inputs, upstream)
    network = 4
    activations, kept = inputs, []
    for layer in weights[:, network]:
        z = (activations @ layer).requires_grad_() if not kept else activations @ layer
        z.retain_grad()
        activations = TORCH[activation](z)
        kept.append((z, activations))
    (activations * upstream).sum().backward()
    for number, (z, outputs) in enumerate(kept):
        a, gradient = outputs.detach().numpy(), z.grad
        assert gradient is not None
        row = {name: values[number, network] for name, values in told.items()}
        assert row["mean"] == pytest.approx(a.mean())
        assert row["spread"] == pytest.approx(a.std(axis=0, ddof=1).mean())
        assert row["gradient"] == pytest.approx(gradient.abs().mean().item(), rel=1e-9)
        fresh = z.detach().requires_grad_()
        if activation != "softmax":
            (slope,) = torch.autograd.grad(TORCH[activation](fresh).sum(), fresh)
            flat = (slope.abs() < 0.01).numpy()
            assert row["saturated"] == pytest.approx(100 * flat.mean())
            assert row["dead"] == pytest.approx(100 * flat.all(axis=0).mean())


def test_weights_follow_rule_gain_and_seed():
    wide = SignalSettings(width=100, depth=2, seed=5)
    spread = {rule: weights_of(wide, rule).std().item() for rule in ("xavier", "he", "tfp_uniform")}
    assert spread == pytest.approx({"xavier": 0.1, "he": 0.02**0.5, "tfp_uniform": 12**-0.5}, rel=0.01)
    tripled = weights_of(wide.changed(gain=3.0), "he")
    torch.testing.assert_close(tripled, 3 * weights_of(wide, "he"))
    assert not torch.equal(weights_of(wide.changed(seed=6), "he"), weights_of(wide, "he"))
    assert not torch.equal(*weights_of(wide, "he")[0, :2])


def test_the_signals_table_holds_the_medians():
    _events, result = run(SIGNAL, SignalSettings(depth=3, width=10))
    table = result.table()
    assert len(table) == 9
    third = table[table["first_weights"] == "He"].iloc[2]
    assert third["gradient"] == pytest.approx(np.median(result.measures["he"]["gradient"][2]))


@pytest.mark.parametrize("data", ["moons", "digits"])
def test_all_losses_begin_with_the_same_network(data):
    networks, _shared = trained(VersusSettings(data=data, networks=3, gain=2.0))
    squared, *others = (one.snapshot() for one in networks.values())
    assert all(torch.equal(squared, other) for other in others)
    assert not torch.equal(squared[0], squared[1])


@pytest.mark.parametrize("variant", ["squared", "binary", "softmax"])
def test_a_network_of_the_comparison_is_trained_as_torch_would(variant):
    settings = VersusSettings(data="iris", epochs=2, networks=2, learning_rate=0.5, hidden=(5,))
    events, result = run(VERSUS, settings)
    networks, shared = trained(settings)
    start = networks[variant].snapshot()[1]
    first, second = nn.Linear(2, 5, dtype=torch.float64), nn.Linear(5, 3, dtype=torch.float64)
    pieces = start.split([10, 5, 15, 3])
    first.weight.data, first.bias.data = pieces[0].view(2, 5).mT.clone(), pieces[1].clone()
    second.weight.data, second.bias.data = pieces[2].view(5, 3).mT.clone(), pieces[3].clone()
    model = nn.Sequential(first, nn.Tanh(), second)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)

    def loss(z, hot):
        if variant == "squared":
            return functional.mse_loss(torch.sigmoid(z), hot)
        if variant == "binary":
            return functional.binary_cross_entropy_with_logits(z, hot)
        return functional.cross_entropy(z, hot)

    for epoch in (1, 2):
        order = np.random.default_rng((settings.seed, epoch)).permutation(len(shared.train_inputs))
        for batch in torch.from_numpy(order).split(20):
            optimizer.zero_grad()
            loss(model(shared.train_inputs[batch]), shared.train_targets[batch]).backward()
            optimizer.step()
    with torch.no_grad():
        z = model(shared.test_inputs)
        expected = loss(z, shared.test_targets).item()
    last = [event for event in events if isinstance(event, Evaluated)][-1].scores
    assert last[f"{variant}_test_loss"][1] == pytest.approx(expected, rel=1e-6)
    right = accuracy_score(shared.test_targets.argmax(1).numpy(), z.argmax(1).numpy())
    assert last[f"{variant}_test_accuracy"][1] == pytest.approx(right)
    row = result[(result["epoch"] == 2) & (result["network"] == 2)].iloc[0]
    assert row[f"{variant}_test_accuracy"] == pytest.approx(right)


def test_both_gradients_are_autograds():
    random = np.random.default_rng(0)
    z = torch.tensor(random.normal(0, 4, (50, 10)), requires_grad=True)
    labels = torch.from_numpy(random.integers(0, 10, 50))
    for gradient, between in (
        (twice.gradient_once, nn.Identity()),
        (twice.gradient_twice, nn.Softmax(dim=1)),
    ):
        loss = functional.cross_entropy(between(z), labels, reduction="sum")
        (expected,) = torch.autograd.grad(loss, z)
        torch.testing.assert_close(gradient(z.detach(), labels), expected, rtol=0, atol=1e-12)


def test_the_listings_are_trained_as_printed():
    settings = TwiceSettings(optimizer="adam", learning_rate=0.01, batch_size=500, epochs=2, networks=2)
    events, result = run(TWICE, settings)
    small = digits(8)
    images = torch.from_numpy(small.standardised(small.train_images)).double()
    labels = torch.from_numpy(small.train_labels)
    test = torch.from_numpy(small.standardised(small.test_images)).double()
    for name, last in (("once", nn.Identity()), ("twice", nn.Softmax(dim=1))):
        generator = torch.Generator().manual_seed(1000)
        network = twice.MLP((64, 32, 10), generator=generator, dtype=torch.float64)
        model = nn.Sequential(network, last)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        for _epoch in range(2):
            for batch in torch.randperm(1437, generator=generator).split(500):
                optimizer.zero_grad()
                nn.CrossEntropyLoss()(model(images[batch]), labels[batch]).backward()
                optimizer.step()
        with torch.no_grad():
            z = network(test)
        right = accuracy_score(small.test_labels, z.argmax(dim=1).numpy())
        told = scores(events).values
        assert told[f"{name}_accuracy"][-1, 0] == pytest.approx(right)
        said = functional.cross_entropy(last(z), torch.from_numpy(small.test_labels)).item()
        assert told[f"{name}_loss"][-1, 0] == pytest.approx(said, rel=1e-9)
        if name == "twice":
            np.testing.assert_allclose(result.scores[-1], z[:20].numpy(), rtol=1e-9)


def test_the_numbers_of_one_example_are_autograds():
    _events, result = run(TWICE, TwiceSettings(epochs=2, networks=1))
    for example, moment in [(1, 0), (2, 1), (3, 2), (20, 2), (7, 50), *((k, 1) for k in range(8, 13))]:
        both = twice.comparison(result, example, moment)
        z = torch.tensor(both.scores[None], requires_grad=True)
        label = torch.tensor([both.label])
        assert both.label == digits(8).test_labels[example - 1]
        (once,) = torch.autograd.grad(functional.cross_entropy(z, label), z)
        (again,) = torch.autograd.grad(functional.cross_entropy(functional.softmax(z, 1), label), z)
        np.testing.assert_allclose(both.gradient_once, once[0], rtol=1e-9, atol=1e-14)
        np.testing.assert_allclose(both.gradient_twice, again[0], rtol=1e-9, atol=1e-14)
        one, two, lengths = both.equations
        assert last_number(one) == pytest.approx(once[0, both.label].item(), rel=1e-6)
        assert last_number(two) == pytest.approx(again[0, both.label].item(), rel=1e-6)
        assert lengths.values["n"] == pytest.approx(once.norm().item(), rel=1e-6)
        assert lengths.values["m"] == pytest.approx(again.norm().item(), rel=1e-6)


def test_no_output_of_a_softmax_can_bring_the_loss_below_its_floor():
    best = functional.one_hot(torch.tensor([3]), 10).double()
    assert functional.cross_entropy(best, torch.tensor([3])).item() == pytest.approx(twice.LEAST_LOSS)


def test_the_guides_metrics_are_scikit_learns():
    random = np.random.default_rng(0)
    values = random.normal(size=30)
    said = torch.tensor(values + random.normal(0, 0.3, (2, 30)))[..., None]
    for network in range(2):
        expected = r2_score(values, said[network, :, 0].numpy())
        assert guide.explained(said, values)[network].item() == pytest.approx(expected)
    labels = random.integers(0, 10, 40)
    outputs = torch.tensor(random.uniform(0, 1, (3, 40, 10)))
    for network, out in enumerate(outputs.numpy()):
        expected = accuracy_score(labels, out.argmax(axis=1))
        assert guide.right_class(outputs, labels)[network].item() == pytest.approx(expected)
        alone = accuracy_score(np.eye(10)[labels], out > 0.5)
        assert guide.one_above_half(outputs, labels)[network].item() == pytest.approx(alone)
        four = outputs[..., :4]
        exact = accuracy_score(guide.properties(labels), four[network].numpy() > 0.5)
        assert guide.all_labels(four, labels)[network].item() == pytest.approx(exact)
    ninths = torch.tensor(labels / 9 + random.normal(0, 0.05, (1, 40)))[..., None]
    rounded = accuracy_score(labels, np.round(9 * ninths[0, :, 0].numpy()).astype(int))
    assert guide.right_number(ninths, labels).item() == pytest.approx(rounded)
    assert guide.probable(torch.tensor([[[-0.1], [0.0], [1.0], [1.1]]]), labels[:4]).item() == 0.5


def test_every_digit_has_a_label_and_shares_add_up_to_one():
    assert guide.properties(np.arange(10)).sum(axis=1).min() >= 1
    np.testing.assert_allclose(guide.shares(np.arange(10)).sum(axis=1), 1)


def test_the_guides_rows_are_complete_and_repeatable():
    events, result = run(GUIDE, GuideSettings(epochs=1, networks=2))
    _events, again = run(GUIDE, GuideSettings(epochs=1, networks=2))
    np.testing.assert_array_equal(result.right, again.right)
    table = result.table()
    assert len(table) == len(guide.TASKS) == 5
    final = next(event for event in events if isinstance(event, Evaluated))
    np.testing.assert_array_equal(final.scores["wrong"].reshape(5, 2), result.wrong)
