"""A multi-layer perceptron as a module of PyTorch, with first weights drawn from a generator."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lab.models.initialise import InitialName, initial_weights


class MLP(nn.Module):
    """Layers z = W a + b with an activation between them; the last layer gives scores.

    Attributes:
        layers: the linear layers, inputs first.

    Example:
        >>> model = MLP((64, 32, 10), generator=torch.Generator().manual_seed(0))
        >>> model(torch.zeros(5, 64)).shape
        torch.Size([5, 10])
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        generator: torch.Generator,
        activation: Callable[[Tensor], Tensor] = torch.relu,
        initial: InitialName = "he",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        """Draw the first weights; biases start at 0.

        Args:
            sizes: features of an example, then neurons of each layer; at least two numbers.
            generator: of the CPU; all weights come from it, layer by layer.
            activation: f in a = f(z) of all layers but the last.
            initial: the rule of `lab.models.initialise` for the weights.
            dtype: precision of parameters and inputs.

        Raises:
            ValueError: there are fewer than two sizes, or one is below 1.
        """
        super().__init__()
        if len(sizes) < 2 or min(sizes) < 1:
            raise ValueError(f"sizes: expected two or more numbers of at least 1, got {tuple(sizes)}")
        self._activation = activation
        layers: list[nn.Linear] = []
        for fan_in, fan_out in pairwise(sizes):
            # On a real device nn.Linear would draw first weights from the generator all visitors share.
            layer = nn.Linear(fan_in, fan_out, dtype=dtype, device="meta").to_empty(device="cpu")
            with torch.no_grad():
                layer.weight.copy_(initial_weights(fan_in, fan_out, initial, generator).mT)
                layer.bias.zero_()
            layers.append(layer)
        self.layers = nn.Sequential(*layers)

    def forward(self, inputs: Float[Tensor, "example feature"]) -> Float[Tensor, "example output"]:
        """Return the scores of the last layer."""
        *hidden, last = list[nn.Module](self.layers)
        activations = inputs
        for layer in hidden:
            activations = self._activation(layer(activations))
        return last(activations)
