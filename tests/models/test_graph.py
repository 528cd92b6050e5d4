"""The graph of single numbers, against autograd and against what others have published."""

import math
import random
import re
import time

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.core.errors import LabError
from lab.models.expression import ExpressionError, graph_of
from lab.models.graph import backward, forward

FUNCTIONS = {name: getattr(torch, name) for name in ("tanh", "exp", "log", "relu", "sigmoid")}
OPERATIONS = FUNCTIONS | {"add": torch.add, "subtract": torch.sub, "multiply": torch.mul}
OPERATIONS |= {"divide": torch.div, "power": torch.pow, "negate": torch.neg}
NAMES = ("w", "x", "y", "b")


def random_expression(random, depth):
    """Return an expression of any shape; it may have no value."""
    if depth == 0 or random.random() < 0.1:
        return random.choice([*NAMES, f"{random.uniform(0.2, 3):.3f}"])
    one, other = random_expression(random, depth - 1), random_expression(random, depth - 1)
    forms = ["({} + {})", "({} - {})", "({} * {})", "({} / {})", "-{}", "tanh({})", "exp({})", "log({})"]
    forms += ["relu({})", "sigmoid({})", "({})**2", "({})**3", "({})**{}", "({})**-1.5"]
    return random.choice(forms).format(one, other)


def by_torch(text, values):
    """Return value and gradients by Python's own reading of the text, and PyTorch's derivatives."""
    tensors = {n: torch.tensor(v, dtype=torch.float64, requires_grad=True) for n, v in values.items()}
    number = r"(?<![\w.])(\d+\.?\d*)"  # a number becomes a tensor too, so that 1/0 is inf and not an error
    text = re.sub(number, r"torch.tensor(\1, dtype=torch.float64)", text)
    result = eval(text, {"__builtins__": {}, "torch": torch}, FUNCTIONS | tensors)
    result.backward()
    return result.item(), {n: 0.0 if t.grad is None else t.grad.item() for n, t in tensors.items()}


def test_200_random_expressions_agree_with_autograd():
    chance, compared, tried = random.Random(3), 0, 0
    while compared < 200:
        tried += 1
        assert tried < 3000
        text = random_expression(chance, chance.randint(1, 5))
        values = {name: chance.uniform(-2, 2) for name in NAMES}
        graph = read(text)
        if isinstance(graph, str):
            assert "at most" in graph or "at least one variable" in graph
            continue
        trace = backward(forward(graph, values))
        if trace.trouble:
            assert_trouble_is_real(trace)
            continue
        value, gradients = by_torch(text, values)
        assert trace.result == pytest.approx(value, rel=1e-9)
        for name, place in graph.variables.items():
            arrived = [abs(one.product) for one in trace.contributions if one.target == place]
            scale = max([abs(gradients[name]), *arrived])
            assert abs(trace.gradients[place] - gradients[name]) <= 1e-9 * scale, (text, values, name)
        compared += 1


def read(text):
    """Return the graph of a text, or the sentence that says why there is none."""
    try:
        return graph_of(text)
    except LabError as error:
        return str(error)


def str_of(text):
    with pytest.raises(ExpressionError) as caught:
        graph_of(text)
    return str(caught.value)


def assert_trouble_is_real(trace):
    """Where we stop, PyTorch's operation has no finite value or derivative either."""
    node = trace.graph.nodes[trace.trouble.place]
    operands = [torch.tensor(trace.values[source], dtype=torch.float64) for source in node.inputs]
    for operand, source in zip(operands, node.inputs, strict=True):
        operand.requires_grad_(trace.graph.active[source])
    value = OPERATIONS[node.operation](*operands)
    if not trace.trouble.backward:
        assert not math.isfinite(value.item())
        return
    value.backward()
    sent = max(abs(one.upstream * one.local) for one in trace.contributions) if trace.contributions else 1.0
    slopes = [one.grad.item() for one in operands if one.grad is not None]
    assert sent > 1e100 or not all(map(math.isfinite, slopes)), (node, operands)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_values_agree_with_autograd(data):
    numbers = st.floats(-5, 5, allow_subnormal=False)
    values = {name: data.draw(numbers, name) for name in NAMES}
    text = "log(1 + exp(w*x + b)) * tanh(y - w) + (x - y)**2 / (1 + w*w) + relu(b)*sigmoid(x)"
    trace = backward(forward(graph_of(text), values))
    value, gradients = by_torch(text, values)
    assert trace.result == pytest.approx(value, rel=1e-9, abs=1e-12)
    for name, place in trace.graph.variables.items():
        assert trace.gradients[place] == pytest.approx(gradients[name], rel=1e-9, abs=1e-11)


def test_the_published_gradients_of_micrograd():
    """From the README of karpathy/micrograd: g = 24.7041, dg/da = 138.8338, dg/db = 645.5773."""
    f = "((2*(2*(a+b)+1)+1-a) - (4*(3*(a*b+b**3)+relu(a+b))+relu(b-a)))**2"
    trace = backward(forward(graph_of(f"{f}/2 + 10/{f}"), {"a": -4.0, "b": 2.0}))
    places = trace.graph.variables
    assert round(trace.result, 4) == 24.7041
    assert round(trace.gradients[places["a"]], 4) == 138.8338
    assert round(trace.gradients[places["b"]], 4) == 645.5773


def test_paths_that_join_are_added():
    trace = backward(forward(graph_of("x*x + x*y"), {"x": 3.0, "y": -2.0}))
    x = trace.graph.variables["x"]
    assert sorted(one.product for one in trace.contributions if one.target == x) == [-2.0, 3.0, 3.0]
    assert trace.gradients[x] == 4.0


def test_what_is_typed_twice_is_one_node():
    graph = graph_of("exp(2*x) + exp(2*x)*y + exp(3*x)")
    assert [node.operation for node in graph.nodes].count("exp") == 2
    trace = backward(forward(graph, {"x": 0.3, "y": -0.7}))
    value, gradients = by_torch("exp(2*x) + exp(2*x)*y + exp(3*x)", {"x": 0.3, "y": -0.7})
    assert trace.result == pytest.approx(value, rel=1e-14)
    assert trace.gradients[graph.variables["x"]] == pytest.approx(gradients["x"], rel=1e-13)
    assert graph_of("x - 2 + 0*(x-2)").nodes[-1].operation == "add"


@pytest.mark.parametrize(
    ("text", "values", "words"),
    [
        ("log(x)", {"x": -0.5}, "logarithm"),
        ("log(x)", {"x": 0.0}, "logarithm"),
        ("1/x", {"x": 0.0}, "divides by 0"),
        ("x**-1", {"x": 0.0}, "divides by 0"),
        ("x**0.5", {"x": -2.0}, "no real power"),
        ("x**0.5", {"x": 0.0}, "slope is infinite"),
        ("x**y", {"x": -2.0, "y": 2.0}, "slope by the exponent"),
        ("exp(exp(exp(x)))", {"x": 9.0}, "1.8e308"),
        ("x*1e300*1e300", {"x": 9.0}, "1.8e308"),  # the value
        ("x*1e200*1e200", {"x": 1e-300}, "1.8e308"),  # the gradient alone
    ],
)
def test_what_has_no_value_ends_in_a_reason(text, values, words):
    trace = backward(forward(graph_of(text), values))
    assert trace.trouble is not None
    assert words in trace.trouble.reason
    assert trace.gradients == ()


def test_at_the_kink_and_at_zero_we_do_as_torch_does():
    for text, values in (("relu(x)", {"x": 0.0}), ("x**0", {"x": 0.0}), ("x**y", {"x": 0.0, "y": 2.0})):
        trace = backward(forward(graph_of(text), values))
        _value, gradients = by_torch(text, values) if text != "x**0" else (1.0, {"x": 0.0})
        assert {name: trace.gradients[place] for name, place in trace.graph.variables.items()} == gradients


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("2 * (x +", "Expression: expected a number, a name or (, got the end at column 9"),
        ("x ? y", "Expression: expected numbers, names, + - * / ** and parentheses, got '?' at column 3"),
        ("a+b+c+d+e+f+g", "Expression: expected at most 6 different variables, got 'g' at column 13"),
        ("sin(x)", "Expression: expected one of tanh, exp, log, relu, sigmoid, got 'sin' at column 1"),
        ("x^2", "Expression: expected ** for a power, got '^' at column 2"),
        ("(x", "Expression: expected an operator or ), got the end at column 3"),
        ("3", "Expression: expected at least one variable, such as x, got '3' at column 1"),
        ("x*1e999", "Expression: expected a number below 1.8e308, got '1e999' at column 3"),
    ],
)
def test_a_mistake_is_named_with_its_column(text, sentence):
    assert str_of(text) == sentence


PIECES = [
    "x",
    "y1",
    "(",
    ")",
    "+",
    "-",
    "*",
    "**",
    "/",
    "tanh(",
    "log(",
    "9",
    "1e308",
    "1e-320",
    ".",
    "e",
    " ",
]
PIECES += [
    "__import__('os')",
    "é",
    "٣",
    "\x00",
    "x.y",
    "lambda:0",
    "[0]",
    "'",
    '"',
    "\\",
    "\n",
    ";",
    "_",
    "𝐱",
]


def test_hostile_text_ends_in_a_sentence_or_a_value():
    chance, began = random.Random(5), time.process_time()
    readable = 0
    for _round in range(4000):
        text = "".join(chance.choices(PIECES, k=chance.randint(0, 40)))
        graph = read(text)
        if isinstance(graph, str):
            assert graph.startswith("Expression: expected ")
            assert "\n" not in graph
            assert len(graph) < 250
            continue
        readable += 1
        trace = backward(forward(graph, dict.fromkeys(graph.variables, 1.5)))
        assert trace.trouble or all(map(math.isfinite, (*trace.values, *trace.gradients)))
    assert readable > 10
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10**6,
        "-" * 10**5 + "x",
        "x" * 10**6,
        "9" * 299 + "x",
        "x**" * 99 + "x",
        "x+" * 140 + "x",
        "(" * 140,
        "1e" + "9" * 290 + "*x",
        "-" * 29 + "x",
        "tanh(" * 29 + "x" + ")" * 29,
        "*".join(["x"] * 150),
        "*".join(["x"] * 60),
    ],
)
def test_deep_and_long_text_is_bounded(text):
    began = time.process_time()
    graph = read(text)
    if isinstance(graph, str):
        assert len(graph) < 250
    else:
        assert len(graph.nodes) <= 80
        trace = backward(forward(graph, dict.fromkeys(graph.variables, 1.0)))
        assert math.isfinite(trace.result) or trace.trouble
    assert time.process_time() - began < 0.5
