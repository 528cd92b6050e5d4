"""Surfaces: minima, gradients and curvature against closed forms, formulas against Python's own reading."""

import math
import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.core.errors import LabError
from lab.data.regression import diabetes
from lab.models.expression import graph_of
from lab.models.formulas import FUNCTIONS, katex, tree_of
from lab.models.surfaces import SURFACES, gradients, hessian, regression_table, surface

ALL = [*SURFACES.values(), surface("bowl", 20.0), surface("own")]
EACH = pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
LEAST = {"regression": 0.65607624, "valleys": 0.0945715}  # of the others 0
FORMULAS = {
    "tilted": lambda x, y: 6.5 * x * x - 12 * x * y + 6.5 * y * y,
    "rosenbrock": lambda x, y: (1 - x) ** 2 + 100 * (y - x * x) ** 2,
    "himmelblau": lambda x, y: (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2,
    "saddle": lambda x, y: x * x / 2 + (y * y - 1) ** 2 / 4,
    "beale": lambda x, y: sum((c - x * (1 - y**n)) ** 2 for n, c in enumerate((1.5, 2.25, 2.625), 1)),
    "rastrigin": lambda x, y: sum(10 + z * z - 10 * math.cos(2 * math.pi * z) for z in (x, y)),
    "plateau": lambda x, y: -math.expm1(-(x * x + y * y) / 2),
    "parabola": lambda x, y: x * x / 2,
    "valleys": lambda x, y: x**4 - 2 * x * x + 1 + 0.3 * x + 0.4,
    "kink": lambda x, y: abs(x),
    "waves": lambda x, y: x * x / 10 + 2 * math.sin(1.5 * x) ** 2,
    "bowl": lambda x, y: x * x / 2 + 10 * y * y,
    "own": lambda x, y: math.sin(2 * x) * math.cos(2 * y) + (x * x + y * y) / 8,
}


def points_of(*places):
    return torch.tensor(places, dtype=torch.float64)


def value_at(one, x, y):
    return one.value(*points_of([x], [y])).item()


@EACH
def test_windows_hold_the_start_and_the_minima(one):
    for x, y in (one.start, *one.minima):
        assert one.x[0] <= x <= one.x[1]
        assert one.y[0] <= y <= one.y[1]
    assert np.isfinite(value_at(one, *one.start))


@EACH
def test_at_a_minimum_the_gradient_is_0_and_nothing_is_lower(one):
    if one.name == "own":
        return
    across, up = (np.linspace(low, high, 101) for low, high in (one.x, one.y))
    grid = np.meshgrid(across, up)
    lowest = one.value(*map(torch.from_numpy, grid)).min().item()
    for place in one.minima:
        values, slopes = gradients(one, points_of(place))
        assert values.item() == pytest.approx(LEAST.get(one.name, 0.0), abs=1e-7)
        assert slopes.abs().max().item() < 1e-9
        assert values.item() <= lowest + 1e-12


@EACH
@given(x=st.floats(-5, 5), y=st.floats(-5, 5))
@settings(max_examples=30, deadline=None)
def test_values_and_gradients_are_those_of_the_formula(one, x, y):
    if one.name in FORMULAS:
        value = FORMULAS[one.name](x, y)
        assert value_at(one, x, y) == pytest.approx(value, rel=1e-12, abs=1e-12)
    if one.name == "kink" and abs(x) < 1e-3:
        return
    _values, slopes = gradients(one, points_of((x, y), (0.3, -0.7)))
    small = 1e-6
    ends = [
        [value_at(one, x + small, y), value_at(one, x - small, y)],
        [value_at(one, x, y + small), value_at(one, x, y - small)],
    ]
    scale = 1 + abs(value_at(one, x, y))
    for slope, (after, before) in zip(slopes[0].tolist(), ends, strict=True):
        assert slope == pytest.approx((after - before) / (2 * small), rel=1e-5, abs=1e-7 * scale)
    if one.flat:
        assert slopes[:, 1].tolist() == [0, 0]


def test_curvature_is_that_of_closed_forms():
    assert hessian(surface("bowl", 30.0), (1.0, 2.0)).tolist() == [[1, 0], [0, 30]]
    assert hessian(SURFACES["tilted"], (0.5, 0.1)).tolist() == [[13, -12], [-12, 13]]
    assert torch.linalg.eigvalsh(hessian(SURFACES["tilted"], (0, 0))).tolist() == pytest.approx([1, 25])
    x, y = -0.4, 1.3
    closed = [[2 - 400 * y + 1200 * x * x, -400 * x], [-400 * x, 200]]
    np.testing.assert_allclose(hessian(SURFACES["rosenbrock"], (x, y)), closed, rtol=1e-12)
    np.testing.assert_allclose(hessian(SURFACES["saddle"], (0, 0)), [[1, 0], [0, -1]], atol=1e-15)
    np.testing.assert_allclose(hessian(SURFACES["regression"], (0, 0)), [[2, 0], [0, 2]], atol=1e-12)


@given(x=st.floats(-5, 5), y=st.floats(-5, 5))
@settings(max_examples=20, deadline=None)
def test_the_loss_of_a_line_is_the_mean_of_its_squared_errors(x, y):
    frame = diabetes()
    inputs, targets = (
        (frame[name] - frame[name].mean()) / frame[name].std(ddof=0) for name in ("bmi", "target")
    )
    expected = float(np.mean((x * inputs + y - targets) ** 2))
    assert value_at(SURFACES["regression"], x, y) == pytest.approx(expected, rel=1e-10)
    known, told = (one.numpy() for one in regression_table())
    theirs = np.polyfit(known, told, 1)
    np.testing.assert_allclose(SURFACES["regression"].minima[0], theirs, atol=1e-12)


def random_formula(chance, depth):
    if depth == 0 or chance.random() < 0.1:
        return chance.choice(["x", "y", "x", "y", f"{chance.uniform(0.1, 3):.3f}", "-2"])
    one, other = random_formula(chance, depth - 1), random_formula(chance, depth - 1)
    forms = ["({} + {})", "{} + {}", "({} - {})", "{} * {}", "({} / {})", "-({})", "({})**2", "({})**{}"]
    forms += [f"{name}({{}})" for name in FUNCTIONS]
    return chance.choice(forms).format(one, other)


def by_python(text, x, y):
    """Return what Python makes of the text in floats; NaN where it raises."""
    names = {name: getattr(math, name) for name in ("sin", "cos", "exp", "log", "sqrt", "tanh")}
    names |= {"abs": math.fabs, "relu": lambda z: max(z, 0.0), "x": x, "y": y}
    names["sigmoid"] = lambda z: 1 / (1 + math.exp(-z))
    try:
        value = eval(text, {"__builtins__": {}}, names)
    except (ValueError, ZeroDivisionError, OverflowError, TypeError):
        return math.nan
    return value if isinstance(value, (int, float)) else math.nan  # Python goes on with complex numbers


def read(text):
    """Return the surface of a text, or the sentence that says why there is none."""
    try:
        return surface("own", formula=text)
    except LabError as error:
        return str(error)


def test_300_random_formulas_have_pythons_values():
    chance, compared, tried = random.Random(1), 0, 0
    while compared < 300:
        tried += 1
        assert tried < 4000
        text = random_formula(chance, chance.randint(1, 4))
        x, y = chance.uniform(-3, 3), chance.uniform(-3, 3)
        one = read(text)
        if isinstance(one, str):
            assert "at least one variable" in one or "at most" in one
            continue
        expected = by_python(text, x, y)
        if not math.isfinite(expected) or abs(expected) > 1e12:
            continue
        assert value_at(one, x, y) == pytest.approx(expected, rel=1e-8, abs=1e-9), text
        assert one.formula.count("{") == one.formula.count("}")
        compared += 1


def test_where_a_formula_has_no_value_it_is_not_finite_and_others_are():
    one = surface("own", formula="log(x) + 1/y + sqrt(x)")
    values, slopes = gradients(one, points_of((-1, 1), (1, 0), (4, 2)))
    assert values.isfinite().tolist() == [False, False, True]
    assert slopes[2].tolist() == pytest.approx([0.25 + 0.25, -0.25])


def test_a_formula_without_y_is_a_curve():
    assert surface("own", formula="x**2").flat
    assert not surface("own", formula="x*y").flat


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x + z", "Expression: expected one of the variables x, y, got 'z' at column 5"),
        ("a*x", "Expression: expected one of the variables x, y, got 'a' at column 1"),
        ("x^2", "Expression: expected ** for a power, got '^' at column 2"),
        ("2*x +", "Expression: expected a number, a name or (, got the end at column 6"),
        (
            "x + tan(y)",
            "Expression: expected one of sin, cos, exp, log, sqrt, abs, tanh, relu, sigmoid, "
            "got 'tan' at column 5",
        ),
        ("3", "Expression: expected at least one variable, such as x, got '3' at column 1"),
    ],
)
def test_a_mistake_is_named_with_its_column(text, sentence):
    with pytest.raises(LabError) as caught:
        surface("own", formula=text)
    assert str(caught.value) == sentence


HOSTILE = [
    "__import__('os').system('echo')",
    "x.__class__",
    "x if y else 0",
    "lambda: x",
    "[x]",
    "x;y",
    "x\ny",
]
HOSTILE += [
    "exec(x)",
    "print(x)",
    "open(x)",
    "x" * 10**5,
    "(" * 10**5,
    "x**" * 99 + "x",
    "é",
    "f'{x}'",
    "x=1",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_refused_in_a_sentence(text, capfd):
    with pytest.raises(LabError) as caught:
        surface("own", formula=text)
    assert "expected" in str(caught.value)
    assert "at column" in str(caught.value)
    assert len(str(caught.value)) < 250
    assert capfd.readouterr().out == ""


def test_the_graph_of_backpropagation_keeps_its_own_functions_and_names():
    assert list(graph_of("tanh(w*u)").variables) == ["w", "u"]
    with pytest.raises(LabError, match="one of tanh, exp, log, relu, sigmoid"):
        graph_of("sin(x)")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("x - (y - 1)", r"x - \left(y - 1\right)"),
        ("x - -3", r"x - \left(-3\right)"),
        ("(x + y)*(x - y)", r"\left(x + y\right) \cdot \left(x - y\right)"),
        ("(-x)**2", r"\left(-x\right)^{2}"),
        ("abs(x)/2", r"\frac{\left|x\right|}{2}"),
        ("1e-9*x", r"1 \cdot 10^{-9} \cdot x"),
    ],
)
def test_formulas_are_written_with_the_parentheses_they_need(text, written):
    assert katex(tree_of(text)) == written
