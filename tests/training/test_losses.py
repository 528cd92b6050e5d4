import math

import pytest
import torch
from sklearn.metrics import log_loss, mean_squared_error

from lab.training.ensemble import Architecture, losses_of
from lab.training.losses import error_weight, example_losses


def test_squared_errors_equal_scikit_learn() -> None:
    generator = torch.Generator().manual_seed(0)
    scores, targets = torch.randn(2, 9, 3, generator=generator, dtype=torch.float64)
    expected = mean_squared_error(targets.numpy(), torch.tanh(scores).numpy())
    measured = example_losses("mean_squared_error", "tanh", scores, targets).mean().item()
    assert measured == pytest.approx(expected, rel=1e-12)
    halves = example_losses("half_squared_error", "tanh", scores, targets).mean().item()
    assert halves == pytest.approx(expected * 3 / 2, rel=1e-12)


def test_cross_entropies_equal_scikit_learn() -> None:
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(9, 3, generator=generator, dtype=torch.float64)
    labels = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1, 1])
    targets = torch.nn.functional.one_hot(labels, 3).double()
    measured = example_losses("cross_entropy", "softmax", scores, targets).mean().item()
    expected = log_loss(labels.numpy(), torch.softmax(scores, -1).numpy())
    assert measured == pytest.approx(expected, rel=1e-12)

    measured = example_losses("binary_cross_entropy", "sigmoid", scores, targets).mean().item()
    expected = log_loss(targets.flatten().numpy(), torch.sigmoid(scores).flatten().numpy())
    assert measured == pytest.approx(expected, rel=1e-12)


def test_cross_entropies_stay_finite_where_probabilities_round_to_0() -> None:
    scores, targets = torch.tensor([[-500.0], [500.0]]), torch.tensor([[1.0], [1.0]])
    assert example_losses("binary_cross_entropy", "sigmoid", scores, targets).tolist() == [500, 0]
    scores, targets = torch.tensor([[500.0, -500.0]]), torch.tensor([[0.0, 1.0]])
    assert example_losses("cross_entropy", "softmax", scores, targets).tolist() == [1000]


def test_neurons_may_lie_on_another_axis() -> None:
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(5, 3, generator=generator)
    targets = torch.nn.functional.one_hot(torch.tensor([0, 1, 2, 0, 1]), 3).float()
    rows = example_losses("cross_entropy", "softmax", scores, targets)
    columns = example_losses("cross_entropy", "softmax", scores.T, targets.T, neuron_axis=-2)
    torch.testing.assert_close(rows, columns)


@pytest.mark.parametrize(
    ("loss", "output"),
    [("binary_cross_entropy", "tanh"), ("cross_entropy", "sigmoid"), ("half_squared_error", "softmax")],
)
def test_loss_without_its_output_is_refused(loss, output) -> None:
    with pytest.raises(ValueError, match=f"loss: {loss} expects output"):
        Architecture(2, (), 2, output=output, loss=loss)


def test_untrained_classifier_loses_the_logarithm_of_the_classes() -> None:
    architecture = Architecture(2, (3,), 4, output="softmax", loss="cross_entropy")
    targets = torch.eye(4)
    losses = losses_of(architecture, torch.zeros(1, architecture.parameters), torch.ones(4, 2), targets)
    assert losses.tolist() == pytest.approx([math.log(4)])


@pytest.mark.parametrize("loss", ["half_squared_error", "mean_squared_error"])
def test_error_weight_is_the_slope_of_the_mean_loss(loss) -> None:
    scores, targets = torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(0)).double()
    scores.requires_grad_()
    example_losses(loss, "linear", scores.clone(), targets).mean().backward()
    assert scores.grad is not None
    torch.testing.assert_close(scores.grad, error_weight(loss, 6, 3) * (scores - targets).detach())
