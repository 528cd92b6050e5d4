import pytest
import torch

from lab.training.optimizers import FlatRates, Optimizer, Recipe

CLASSES = {
    "sgd": torch.optim.SGD,
    "momentum": torch.optim.SGD,
    "nesterov": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
}
OPTIONS = {
    "momentum": {"momentum": 0.7},
    "nesterov": {"momentum": 0.7, "nesterov": True},
    "rmsprop": {"alpha": 0.8, "eps": 1e-3},
    "adam": {"betas": (0.7, 0.8), "eps": 1e-3},
    "adamw": {"betas": (0.7, 0.8), "eps": 1e-3, "weight_decay": 0.3},
}


@pytest.mark.parametrize("optimizer", list(CLASSES))
def test_other_constants_than_the_defaults_equal_torch_optim(optimizer) -> None:
    generator = torch.Generator().manual_seed(0)
    parameters = torch.randn(50, generator=generator, dtype=torch.float64)
    theirs = parameters.clone().requires_grad_()
    gradients = torch.empty_like(parameters)
    rate = torch.full_like(parameters, 0.05)
    l2 = torch.full_like(parameters, 0.3) if optimizer == "adamw" else None
    alpha = 0.8 if optimizer == "rmsprop" else 0.99
    recipe = Recipe(optimizer, momentum=0.7, alpha=alpha, beta1=0.7, beta2=0.8, eps=1e-3)
    ours = Optimizer(recipe, FlatRates(rate, None, l2), parameters, gradients)
    reference = CLASSES[optimizer]([theirs], lr=0.05, **OPTIONS.get(optimizer, {}))
    for _ in range(20):
        theirs.grad = torch.randn(50, generator=generator, dtype=torch.float64)
        gradients.copy_(theirs.grad)
        ours.step()
        reference.step()
        torch.testing.assert_close(parameters, theirs.detach(), rtol=1e-10, atol=1e-12)
    assert ours.steps == 20


def test_l1_takes_the_same_from_every_weight_and_nothing_from_zero() -> None:
    parameters = torch.tensor([2.0, -2.0, 0.0])
    rates = FlatRates(torch.full((3,), 0.5), torch.full((3,), 0.1), None)
    gradients = torch.zeros(3)
    Optimizer(Recipe(), rates, parameters, gradients).step()
    assert parameters.tolist() == pytest.approx([1.95, -1.95, 0.0])


@pytest.mark.parametrize(
    ("name", "rate"), [("learning_rate", -0.1), ("l1", (0.1, -1.0)), ("dropout", 1.0), ("l2", float("nan"))]
)
def test_rates_out_of_range_are_refused(name, rate) -> None:
    with pytest.raises(ValueError, match=f"{name}: expected"):
        Recipe(**{name: rate})
