"""Functions of two numbers to descend on: famous ones, curves, a line's loss, and the learner's own."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

import pandas as pd
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from lab.core.labels import _
from lab.data.regression import diabetes, standardised
from lab.models.formulas import formula_value, katex, tree_of

Value = Callable[[Float[Tensor, "*any"], Float[Tensor, "*any"]], Float[Tensor, "*any"]]
BOWL, OWN = "bowl", "own"
OWN_FORMULA = "sin(2*x)*cos(2*y) + (x**2 + y**2)/8"
SLOPE = 0.5864501344746885  # the correlation of the diabetes table's bmi and target


@dataclass(frozen=True, slots=True)
class Surface:
    """A function of x and y, and the part of the plane in which it is looked at.

    Attributes:
        name: as settings know it.
        title: as learners know it.
        formula: in KaTeX.
        x: the window drawn, from and to.
        y: the same.
        start: where a descent is interesting.
        minima: known global minima; empty if unknown.
        value: of float64 tensors of equal shape, elementwise; not finite where the function has no value.
        flat: whether it is a curve: y does not matter.
    """

    name: str
    title: str
    formula: str
    x: tuple[float, float]
    y: tuple[float, float]
    start: tuple[float, float]
    minima: tuple[tuple[float, float], ...]
    value: Value
    flat: bool = False


def _rosenbrock(x: Tensor, y: Tensor) -> Tensor:
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def _himmelblau(x: Tensor, y: Tensor) -> Tensor:
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def _beale(x: Tensor, y: Tensor) -> Tensor:
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def _rastrigin(x: Tensor, y: Tensor) -> Tensor:
    waves = torch.cos(2 * math.pi * x) + torch.cos(2 * math.pi * y)
    return 20 + x**2 + y**2 - 10 * waves


def _line_loss(x: Tensor, y: Tensor) -> Tensor:
    """The mean of (x u + y - t)^2 over the table, multiplied out: five means instead of 442 errors."""
    squares, mean, product, target, targets = _table_means()
    return x * x * squares + y * y + targets + 2 * (x * y * mean - x * product - y * target)


@cache
def _table_means() -> tuple[float, ...]:
    inputs, targets = regression_table()
    means = (inputs * inputs, inputs, inputs * targets, targets, targets * targets)
    return tuple(one.mean().item() for one in means)


@cache
def regression_table() -> tuple[Float64[Tensor, " example"], Float64[Tensor, " example"]]:
    """Return body mass index and progression of 442 patients, both in standard deviations from the mean."""
    inputs, targets = (standardised(pd.Series(diabetes()[name])) for name in ("bmi", "target"))
    return torch.from_numpy(inputs), torch.from_numpy(targets)


# The lower of the two valleys: the least root of 4 x^3 - 4 x + 0.3.
_VALLEY = -1.0355787140888537
_HILLS = ((3.0, 2.0), (-2.805118086952745, 3.131312518250573))
_HILLS += ((-3.779310253377747, -3.283185991286170), (3.584428340330492, -1.848126526964404))

_ALL = (
    Surface(
        "tilted",
        _("Tilted valley"),
        r"6.5x^2 - 12xy + 6.5y^2",
        (-4, 4),
        (-3, 3),
        (-0.5, 2.5),
        ((0.0, 0.0),),
        lambda x, y: 6.5 * x**2 - 12 * x * y + 6.5 * y**2,
    ),
    Surface(
        "rosenbrock",
        _("Rosenbrock's banana"),
        r"(1 - x)^2 + 100\,(y - x^2)^2",
        (-2, 2),
        (-1, 3),
        (-1.2, 1.0),
        ((1.0, 1.0),),
        _rosenbrock,
    ),
    Surface(
        "himmelblau",
        _("Himmelblau's four valleys"),
        r"(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
        (-5.5, 5.5),
        (-5.5, 5.5),
        (-0.5, -1.0),
        _HILLS,
        _himmelblau,
    ),
    Surface(
        "saddle",
        _("Saddle between two valleys"),
        r"\tfrac12 x^2 + \tfrac14 (y^2 - 1)^2",
        (-2, 2),
        (-2, 2),
        (1.6, 0.01),
        ((0.0, -1.0), (0.0, 1.0)),
        lambda x, y: x**2 / 2 + (y**2 - 1) ** 2 / 4,
    ),
    Surface(
        "beale",
        _("Beale's plain with walls"),
        r"(1.5 - x + xy)^2 + (2.25 - x + xy^2)^2 + (2.625 - x + xy^3)^2",
        (-4.5, 4.5),
        (-4.5, 4.5),
        (1.0, 1.5),
        ((3.0, 0.5),),
        _beale,
    ),
    Surface(
        "rastrigin",
        _("Many minima (Rastrigin)"),
        r"20 + x^2 - 10\cos 2\pi x + y^2 - 10\cos 2\pi y",
        (-5.12, 5.12),
        (-5.12, 5.12),
        (3.3, -2.3),
        ((0.0, 0.0),),
        _rastrigin,
    ),
    Surface(
        "plateau",
        _("Plateau with a hole"),
        r"1 - e^{-(x^2 + y^2)/2}",
        (-4, 4),
        (-4, 4),
        (2.2, 1.8),
        ((0.0, 0.0),),
        lambda x, y: 1 - torch.exp(-(x**2 + y**2) / 2),
    ),
    Surface(
        "regression",
        _("A line's loss on real patients"),
        r"\tfrac1m \sum_i \big(x\,u^{(i)} + y - t^{(i)}\big)^2",
        (-2, 3),
        (-2.5, 2.5),
        (-1.0, 2.0),
        ((SLOPE, 0.0),),
        _line_loss,
    ),
    Surface(
        "parabola",
        _("Curve: parabola"),
        r"\tfrac12 x^2",
        (-4, 4),
        (-1, 1),
        (-3.5, 0.0),
        ((0.0, 0.0),),
        lambda x, y: x**2 / 2,
        flat=True,
    ),
    Surface(
        "valleys",
        _("Curve: two valleys"),
        r"(x^2 - 1)^2 + 0.3x + 0.4",
        (-2, 2),
        (-1, 1),
        (1.8, 0.0),
        ((_VALLEY, 0.0),),
        lambda x, y: (x**2 - 1) ** 2 + 0.3 * x + 0.4,
        flat=True,
    ),
    Surface(
        "kink",
        _("Curve: kink"),
        r"|x|",
        (-3, 3),
        (-1, 1),
        (-2.5, 0.0),
        ((0.0, 0.0),),
        lambda x, y: x.abs(),
        flat=True,
    ),
    Surface(
        "waves",
        _("Curve: waves"),
        r"\tfrac1{10} x^2 + 1 - \cos 3x",
        (-6, 6),
        (-1, 1),
        (5.0, 0.0),
        ((0.0, 0.0),),
        lambda x, y: x**2 / 10 + 1 - torch.cos(3 * x),
        flat=True,
    ),
)
SURFACES: Mapping[str, Surface] = {one.name: one for one in _ALL}


def surface(name: str, condition: float = 10.0, formula: str = "") -> Surface:
    """Return a surface by its name.

    Args:
        name: a key of `SURFACES`, `bowl` or `own`.
        condition: largest curvature of the bowl over its smallest, which is 1.
        formula: the learner's own function of x and y; empty for an example.

    Raises:
        ExpressionError: the formula cannot be read; the sentence says what was expected and where.

    Example:
        >>> surface("bowl", 9.0).value(torch.tensor(2.0), torch.tensor(1.0)).item()
        6.5
    """
    if name == BOWL:
        return _bowl(condition)
    return _own(formula or OWN_FORMULA) if name == OWN else SURFACES[name]


def _bowl(condition: float) -> Surface:
    return Surface(
        BOWL,
        _("Bowl"),
        rf"\tfrac12 \big(x^2 + {condition:g}\,y^2\big)",
        (-5, 5),
        (-3, 3),
        (-4.5, 1.5),
        ((0.0, 0.0),),
        lambda x, y: (x**2 + condition * y**2) / 2,
    )


@lru_cache(maxsize=64)
def _own(formula: str) -> Surface:
    tree = tree_of(formula)
    return Surface(
        OWN,
        _("Your own f(x, y)"),
        katex(tree),
        (-4, 4),
        (-4, 4),
        (3.2, 3.6),
        (),
        formula_value(tree),
        flat="y" not in tree.variables,
    )


def gradients(
    one: Surface, points: Float64[Tensor, "point 2"]
) -> tuple[Float64[Tensor, " point"], Float64[Tensor, "point 2"]]:
    """Return the values and gradients at all points, by one call of autograd."""
    places = points.detach().requires_grad_()
    values = one.value(*places.unbind(1))
    (found,) = torch.autograd.grad(values.sum(), places)
    return values.detach(), found


def hessian(one: Surface, point: tuple[float, float]) -> Float64[Tensor, "2 2"]:
    """Return the matrix of second derivatives at a point; symmetric."""
    place = torch.tensor(point, dtype=torch.float64)
    found = torch.autograd.functional.hessian(lambda p: one.value(p[0], p[1]), place)
    assert isinstance(found, Tensor)
    return found
