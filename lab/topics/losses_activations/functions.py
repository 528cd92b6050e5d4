"""Activation functions a = f(z), their slopes f'(z) and how each stands in KaTeX."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

LEAKY_SLOPE = 0.01
"""Slope of leaky ReLU left of zero, as in torch.nn.LeakyReLU."""

Formula = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Function:
    """One activation function, with places `<z>`, `<a>`, `<d>` in its equations.

    Attributes:
        value: a = f(z), any shape; softmax sums over the last axis.
        slope: f'(z); of softmax the slope of each output by its own score.
        equation: f(z) with numbers: score z and value a.
        slope_equation: f'(z) with numbers: z, a and slope d.
    """

    value: Formula
    slope: Formula
    equation: str
    slope_equation: str


def sigmoid(z: Tensor) -> Tensor:
    """Return 1 / (1 + e^-z)."""
    return 1 / (1 + torch.exp(-z))


def softmax(z: Tensor) -> Tensor:
    """Return e^z over its sum along the last axis; the largest z is taken off first, lest e^z overflow."""
    powers = torch.exp(z - z.amax(dim=-1, keepdim=True))
    return powers / powers.sum(dim=-1, keepdim=True)


def normal_share(z: Tensor) -> Tensor:
    """Return the normal distribution function P(z) = (1 + erf(z / sqrt 2)) / 2."""
    return (1 + torch.erf(z * math.sqrt(0.5))) / 2


def normal_density(z: Tensor) -> Tensor:
    """Return the normal density p(z)."""
    return torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi)


def _silu_slope(z: Tensor) -> Tensor:
    share = sigmoid(z)
    return share * (1 + z * (1 - share))


def _step(z: Tensor, left: float) -> Tensor:
    """Return 1 right of zero and `left` elsewhere, also at zero, as torch does."""
    return torch.where(z > 0, torch.ones_like(z), torch.full_like(z, left))


FUNCTIONS: dict[str, Function] = {
    "sigmoid": Function(
        sigmoid,
        lambda z: sigmoid(z) * (1 - sigmoid(z)),
        r"f(z) = \frac{1}{1 + e^{-z}} = \frac{1}{1 + e^{-(<z>)}} = <a>",
        r"f'(z) = f(z)\,(1 - f(z)) = <a>\,(1 - <a>) = <d>",
    ),
    "tanh": Function(
        torch.tanh,
        lambda z: 1 - torch.tanh(z).square(),
        r"f(z) = \frac{e^z - e^{-z}}{e^z + e^{-z}} = \tanh(<z>) = <a>",
        r"f'(z) = 1 - f(z)^2 = 1 - (<a>)^2 = <d>",
    ),
    "relu": Function(
        lambda z: torch.clamp(z, min=0),
        lambda z: _step(z, 0.0),
        r"f(z) = \max(0, z) = \max(0, <z>) = <a>",
        r"f'(z) = \begin{cases} 1 & z > 0 \\ 0 & z \le 0 \end{cases}, \quad f'(<z>) = <d>",
    ),
    "leaky_relu": Function(
        lambda z: torch.where(z > 0, z, LEAKY_SLOPE * z),
        lambda z: _step(z, LEAKY_SLOPE),
        r"f(z) = \max(0.01\,z, z) = \max(0.01 \cdot (<z>), <z>) = <a>",
        r"f'(z) = \begin{cases} 1 & z > 0 \\ 0.01 & z \le 0 \end{cases}, \quad f'(<z>) = <d>",
    ),
    "elu": Function(
        lambda z: torch.where(z > 0, z, torch.expm1(z.clamp(max=0))),
        lambda z: torch.exp(z.clamp(max=0)),
        r"f(z) = \begin{cases} z & z > 0 \\ e^z - 1 & z \le 0 \end{cases}, \quad f(<z>) = <a>",
        r"f'(z) = \begin{cases} 1 & z > 0 \\ e^z & z \le 0 \end{cases}, \quad f'(<z>) = <d>",
    ),
    "gelu": Function(
        lambda z: z * normal_share(z),
        lambda z: normal_share(z) + z * normal_density(z),
        r"f(z) = z\,\Phi(z) = <z> \cdot \Phi(<z>) = <a>",
        r"f'(z) = \Phi(z) + z\,\varphi(z) = \Phi(<z>) + (<z>)\,\varphi(<z>) = <d>",
    ),
    "silu": Function(
        lambda z: z * sigmoid(z),
        _silu_slope,
        r"f(z) = z\,\sigma(z) = <z> \cdot \sigma(<z>) = <a>",
        r"f'(z) = \sigma(z)\,\bigl(1 + z\,(1 - \sigma(z))\bigr), \quad f'(<z>) = <d>",
    ),
    "softplus": Function(
        lambda z: torch.clamp(z, min=0) + torch.log1p(torch.exp(-z.abs())),
        sigmoid,
        r"f(z) = \ln(1 + e^z) = \ln(1 + e^{<z>}) = <a>",
        r"f'(z) = \sigma(z) = \frac{1}{1 + e^{-(<z>)}} = <d>",
    ),
    "softmax": Function(
        softmax,
        lambda z: softmax(z) * (1 - softmax(z)),
        r"a_1 = \frac{e^{z_1}}{\sum_k e^{z_k}} = \frac{e^{<z>}}{e^{<z>} + e^{<second>} + e^{<third>}} = <a>",
        r"\frac{\partial a_1}{\partial z_1} = a_1\,(1 - a_1) = <a>\,(1 - <a>) = <d>",
    ),
    "linear": Function(
        lambda z: z,
        torch.ones_like,
        r"f(z) = z, \quad f(<z>) = <a>",
        r"f'(z) = 1, \quad f'(<z>) = <d>",
    ),
}


def pullback(
    name: str, scores: Float64[Tensor, "*batch neuron"], upstream: Float64[Tensor, "*batch neuron"]
) -> Float64[Tensor, "*batch neuron"]:
    """Return the gradient by the scores, given the gradient by the activations: the chain rule at f.

    Args:
        name: of the function.
        scores: z.
        upstream: the gradient by a = f(z).
    """
    if name == "softmax":
        # dL/dz_i = a_i (g_i - sum_k g_k a_k): every output depends on every score
        outputs = softmax(scores)
        return outputs * (upstream - (upstream * outputs).sum(dim=-1, keepdim=True))
    return upstream * FUNCTIONS[name].slope(scores)
