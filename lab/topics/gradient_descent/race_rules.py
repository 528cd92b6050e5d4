"""The rule of each optimiser in KaTeX, with the numbers of one step in it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from lab.training.descent import Race
from lab.training.racers import Plan

Vector = Float64[np.ndarray, " part"]
ALPHA_RMSPROP, RHO = 0.99, 0.9  # torch's defaults
BEFORE, NOW = "^{(k-1)}", "^{(k)}"


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """One step of one racer.

    Attributes:
        step: from 1.
        plan: of the race.
        rate: of this step.
        before: where it stood.
        after: where it came to.
        gradient: that it used.
        first: its first memory after the step.
        second: its second memory after the step.
        first_before: its first memory before the step, 0 at the start.
        second_before: its second memory before the step, 0 at the start.
    """

    step: int
    plan: Plan
    rate: float
    before: Vector
    after: Vector
    gradient: Vector
    first: Vector
    second: Vector
    first_before: Vector
    second_before: Vector


def number(value: float, digits: int = 4) -> str:
    r"""Return a number in KaTeX.

    Example:
        >>> number(0.25), number(-123456.0)
        ('0.25', '-1.235\\cdot 10^{5}')
    """
    mantissa, _sign, exponent = f"{value + 0.0:.{digits}g}".partition("e")
    return mantissa + (rf"\cdot 10^{{{int(exponent)}}}" if exponent else "")


def column(values: Vector) -> str:
    r"""Return numbers as a column, a single one in parentheses.

    Example:
        >>> column(np.array([1.0, -2.0]))
        '\\begin{pmatrix}1\\\\-2\\end{pmatrix}'
    """
    if len(values) == 1:
        return f"({number(values[0])})"
    inside = r"\\".join(map(number, values))
    return rf"\begin{{pmatrix}}{inside}\end{{pmatrix}}"


def rule(result: Race, name: str, step: int, plan: Plan, *, flat: bool = False) -> list[str]:
    """Return the equations of a step in KaTeX, with its numbers; none if the racer has diverged by then.

    Args:
        result: the race.
        name: of a racer in it.
        step: from 1.
        plan: of the race.
        flat: whether y does not matter and is left out.
    """
    racer, parts = result.names.index(name), slice(0, 1 if flat else 2)
    if result.diverged[racer] and step >= result.diverged[racer]:
        return []

    def memory(values: np.ndarray, when: int) -> Vector:
        return values[racer, when, parts] if when >= 0 else np.zeros_like(values[racer, 0, parts])

    taken = Taken(
        step,
        plan,
        float(result.rates[racer, step - 1]),
        result.positions[racer, step - 1, parts],
        result.positions[racer, step, parts],
        memory(result.gradients, step - 1),
        memory(result.first, step - 1),
        memory(result.second, step - 1),
        memory(result.first, step - 2),
        memory(result.second, step - 2),
    )
    return RULES[name](taken)


def _moved(taken: Taken, symbol: str, by: Vector) -> str:
    """Return the last line: the position minus the rate times something."""
    rule = rf"\theta{NOW} = \theta{BEFORE} - \alpha\,{symbol} = "
    result = column(taken.before - taken.rate * by)
    return rule + f"{column(taken.before)} - {number(taken.rate)} {column(by)} = {result}"


def _mean(symbol: str, share: str, kept: float, parts: tuple[Vector, Vector, Vector], of: str) -> str:
    """Return a running mean: a share of the old one and the rest of something new."""
    old, new, result = parts
    rule = rf"{symbol}{NOW} = {share} {symbol}{BEFORE} + (1 - {share})\,{of} = "
    return rule + f"{number(kept)} {column(old)} + {number(1 - kept)} {column(new)} = {column(result)}"


def _squares(taken: Taken, share: str, kept: float) -> str:
    parts = (taken.second_before, taken.gradient**2, taken.second)
    return _mean("v", share, kept, parts, f"(g{NOW})^2")


def _plain(taken: Taken) -> list[str]:
    return [_moved(taken, f"g{NOW}", taken.gradient)]


def _velocity(taken: Taken) -> str:
    rule = rf"v{NOW} = \beta v{BEFORE} + g{NOW} = {number(taken.plan.momentum)} {column(taken.first_before)}"
    return rf"{rule} + {column(taken.gradient)} = {column(taken.first)}"


def _momentum(taken: Taken) -> list[str]:
    if np.isnan(taken.first).any():  # torch keeps no velocity if nothing of it is kept
        return _plain(taken)
    return [_velocity(taken), _moved(taken, f"v{NOW}", taken.first)]


def _nesterov(taken: Taken) -> list[str]:
    if np.isnan(taken.first).any():
        return _plain(taken)
    ahead = taken.gradient + taken.plan.momentum * taken.first
    rule = rf"n{NOW} = g{NOW} + \beta v{NOW} = {column(taken.gradient)}"
    rule += rf" + {number(taken.plan.momentum)} {column(taken.first)} = {column(ahead)}"
    return [_velocity(taken), rule, _moved(taken, f"n{NOW}", ahead)]


def _adagrad(taken: Taken) -> list[str]:
    rule = rf"s{NOW} = s{BEFORE} + (g{NOW})^2 = {column(taken.second_before)} + {column(taken.gradient**2)}"
    scaled = taken.gradient / (np.sqrt(taken.second) + 1e-10)
    last = _moved(taken, rf"\frac{{g{NOW}}}{{\sqrt{{s{NOW}}} + \varepsilon}}", scaled)
    return [rf"{rule} = {column(taken.second)}", last]


def _rmsprop(taken: Taken) -> list[str]:
    scaled = taken.gradient / (np.sqrt(taken.second) + 1e-8)
    last = _moved(taken, rf"\frac{{g{NOW}}}{{\sqrt{{v{NOW}}} + \varepsilon}}", scaled)
    return [_squares(taken, r"\rho", ALPHA_RMSPROP), last]


def _adam(taken: Taken) -> list[str]:
    plan, step = taken.plan, taken.step
    mean = taken.first / (1 - plan.beta1**step)
    square = taken.second / (1 - plan.beta2**step)
    parts = (taken.first_before, taken.gradient, taken.first)
    corrected = rf"\hat m = \frac{{m{NOW}}}{{1 - \beta_1^{{{step}}}}} = {column(mean)}, \quad "
    corrected += rf"\hat v = \frac{{v{NOW}}}{{1 - \beta_2^{{{step}}}}} = {column(square)}"
    scaled = mean / (np.sqrt(square) + 1e-8)
    return [
        _mean("m", r"\beta_1", plan.beta1, parts, f"g{NOW}"),
        _squares(taken, r"\beta_2", plan.beta2),
        corrected,
        _moved(taken, r"\frac{\hat m}{\sqrt{\hat v} + \varepsilon}", scaled),
    ]


def _adamw(taken: Taken) -> list[str]:
    kept = 1 - taken.rate * taken.plan.decay
    shrunk = rf"\theta' = (1 - \alpha\lambda)\,\theta{BEFORE} = {number(kept, 6)} {column(taken.before)}"
    lines = _adam(taken)
    last = lines[-1].split(" = ", 1)[1].split(" = ")[0].replace(rf"\theta{BEFORE}", r"\theta'")
    return [
        rf"{shrunk} = {column(kept * taken.before)}",
        *lines[:-1],
        rf"\theta{NOW} = {last} = {column(taken.after)}",
    ]


def _adadelta(taken: Taken) -> list[str]:
    scale = np.sqrt((taken.first_before + 1e-6) / (taken.second + 1e-6))
    change = scale * taken.gradient
    rule = rf"d{NOW} = \sqrt{{\frac{{u{BEFORE} + \varepsilon}}{{v{NOW} + \varepsilon}}}}\;g{NOW}"
    parts = (taken.first_before, change**2, taken.first)
    return [
        _squares(taken, r"\rho", RHO),
        f"{rule} = {column(change)}",
        _moved(taken, f"d{NOW}", change),
        _mean("u", r"\rho", RHO, parts, f"(d{NOW})^2"),
    ]


def _lbfgs(taken: Taken) -> list[str]:
    if np.isnan(taken.first).any():
        return [rf"\theta{NOW} = \theta{BEFORE} = {column(taken.before)}"]
    update = taken.after - taken.before
    largest = int(np.abs(taken.first).argmax())
    length = update[largest] / taken.first[largest] if taken.first[largest] else 0.0
    rule = rf"\theta{NOW} = \theta{BEFORE} + t\,d{NOW} = {column(taken.before)} + {number(length)} "
    direction = (
        rf"d{NOW} \approx -H^{{-1}} g{NOW} = {column(taken.first)}, \quad g{NOW} = {column(taken.gradient)}"
    )
    return [direction, rule + f"{column(taken.first)} = {column(taken.after)}"]


RULES: dict[str, Callable[[Taken], list[str]]] = {
    "sgd": _plain,
    "noisy": _plain,
    "momentum": _momentum,
    "nesterov": _nesterov,
    "adagrad": _adagrad,
    "rmsprop": _rmsprop,
    "adam": _adam,
    "adamw": _adamw,
    "adadelta": _adadelta,
    "lbfgs": _lbfgs,
}
