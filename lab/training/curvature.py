"""How sharply a loss bends: products with its Hessian, and the largest eigenvalue by power iteration."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

Product = Callable[[Tensor], Tensor]
"""What a matrix makes of a vector."""


@dataclass(frozen=True, slots=True, eq=False)
class Eigenpair:
    """An eigenvalue and how it was found.

    Attributes:
        value: the eigenvalue; NaN if the matrix has numbers that are not finite.
        vector: its direction, of length 1.
        products: how many products with the matrix it took.
        converged: whether H v is as near to value v as was asked; else the value is that of the last product.
    """

    value: float
    vector: Float[Tensor, " parameter"]
    products: int
    converged: bool = True


def hessian_product(loss: Callable[[Tensor], Tensor], place: Float[Tensor, " parameter"]) -> Product:
    """Return v -> H v for the Hessian H of `loss` at `place`, without ever writing H down.

    H v is the gradient of the number g . v, where g is the gradient: twice autograd, whatever H's size.

    Source: Pearlmutter (1994), Fast exact multiplication by the Hessian.
    """
    here = place.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(here), here, create_graph=True)
    return lambda vector: torch.autograd.grad(gradient, here, grad_outputs=vector, retain_graph=True)[0]


def largest_eigenvalue(
    product: Product, start: Float[Tensor, " parameter"], *, most: int = 60, tolerance: float = 0.02
) -> Eigenpair:
    """Return the largest (not the most negative) eigenvalue of a symmetric matrix by power iteration.

    It ends when the length of H v - value v is below `tolerance` times the value. Then an eigenvalue lies
    within that distance, and the error is about its square over the gap to the next eigenvalue.

    Args:
        product: v -> H v.
        start: where the iteration begins: a direction drawn at random. The vector found a moment of training
            ago would be near the answer, but where two eigenvalues have changed places since then the
            iteration would stay with the one that was the larger.
        most: how many products at the most, for either of two passes.
        tolerance: when to stop, as a share of the value.

    Example:
        >>> matrix = torch.diag(torch.tensor([3.0, -5.0, 1.0]))
        >>> round(largest_eigenvalue(lambda v: matrix @ v, torch.ones(3), tolerance=1e-3).value, 3)
        3.0
    """
    found = _dominant(product, start, most, tolerance)
    if not found.value < 0:
        return found
    # The one largest in size is negative: H - value 1 has no eigenvalue below 0, and the same vectors.
    shifted = _dominant(product, start, most, tolerance, found.value)
    return replace(shifted, products=found.products + shifted.products)


def _dominant(product: Product, start: Tensor, most: int, tolerance: float, shift: float = 0.0) -> Eigenpair:
    """Return the eigenvalue of H whose distance from `shift` is largest."""
    vector, value = start / start.norm(), float("nan")
    for count in range(1, most + 1):
        image = product(vector)
        value = float(vector @ image)
        if not bool(image.norm().isfinite()):
            return Eigenpair(float("nan"), vector, count)
        if float((image - value * vector).norm()) <= tolerance * abs(value):
            return Eigenpair(value, vector, count)
        image = image - shift * vector
        vector = image / image.norm()
    return Eigenpair(value, vector, most, converged=False)
