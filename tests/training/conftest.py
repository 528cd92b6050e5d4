from collections.abc import Iterable

import pytest
import torch
from torch import Tensor, nn

from lab.training.ensemble import Architecture, Recipe, unpacked

MODULES = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "gelu": nn.GELU,
    "linear": nn.Identity,
}
OPTIMIZERS = {
    "sgd": torch.optim.SGD,
    "momentum": torch.optim.SGD,
    "nesterov": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
}
OPTIONS = {"momentum": {"momentum": 0.9}, "nesterov": {"momentum": 0.9, "nesterov": True}}


class Textbook:
    """One network as a tutorial writes it: nn.Sequential, a loss module, autograd, torch.optim."""

    def __init__(self, architecture: Architecture, recipe: Recipe, parameters: Tensor) -> None:
        self.architecture = architecture
        layers: list[nn.Module] = []
        for weights, biases in unpacked(architecture, parameters):
            linear = nn.Linear(weights.shape[0], weights.shape[1], dtype=parameters.dtype)
            linear.weight.data, linear.bias.data = weights.T.clone(), biases.clone()
            layers += [linear, MODULES[architecture.activation]()]
        self.linears = [layer for layer in layers if isinstance(layer, nn.Linear)]
        layers[-1] = nn.Identity()
        if architecture.output in ("tanh", "sigmoid") and "entropy" not in architecture.loss:
            layers[-1] = MODULES[architecture.output]()
        self.model = nn.Sequential(*layers)
        assert isinstance(recipe.l1, float), "one network has one rate"
        rate, decay, self.l1 = recipe.learning_rate, recipe.l2, recipe.l1
        groups = [
            {"params": [linear.weight for linear in self.linears], "weight_decay": decay},
            {"params": [linear.bias for linear in self.linears], "weight_decay": 0.0},
        ]
        options = OPTIONS.get(recipe.optimizer, {})
        self.optimizer = OPTIMIZERS[recipe.optimizer](groups, lr=rate, **options)

    def loss(self, inputs: Tensor, targets: Tensor) -> Tensor:
        results = self.model(inputs)
        match self.architecture.loss:
            case "half_squared_error":
                return 0.5 * ((results - targets) ** 2).sum(1).mean()
            case "mean_squared_error":
                return nn.MSELoss()(results, targets)
            case "binary_cross_entropy":
                return nn.BCEWithLogitsLoss()(results, targets)
            case "cross_entropy":
                return nn.CrossEntropyLoss()(results, targets)

    def train(self, inputs: Tensor, targets: Tensor, order: Tensor, batch_size: int) -> list[float]:
        """Return the loss of each step."""
        losses = []
        for batch in order.split(batch_size):
            self.optimizer.zero_grad()
            loss = self.loss(inputs[batch], targets[batch])
            loss.backward()
            losses.append(loss.item())
            for linear in self.linears:
                assert linear.weight.grad is not None
                linear.weight.grad.add_(linear.weight.detach().sign(), alpha=self.l1)
            self.optimizer.step()
        return losses

    def gradient(self, inputs: Tensor, targets: Tensor) -> Tensor:
        self.model.zero_grad()
        self.loss(inputs, targets).backward()
        return flattened((linear.weight.grad, linear.bias.grad) for linear in self.linears)

    def parameters(self) -> Tensor:
        return flattened((linear.weight.detach(), linear.bias.detach()) for linear in self.linears)


def flattened(layers: Iterable[tuple[Tensor | None, Tensor | None]]) -> Tensor:
    """Return (weights [fan_out, fan_in], biases) of all layers in the order of a snapshot."""
    pieces: list[Tensor] = []
    for weights, biases in layers:
        assert weights is not None
        assert biases is not None
        pieces += [weights.mT.flatten(), biases]
    return torch.cat(pieces)


@pytest.fixture(scope="session")
def textbook() -> type[Textbook]:
    return Textbook
