"""Hypothesis strategies for what nobody should send, and how many cases are tried."""

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

FEW = 20
CASES = int(os.environ.get("LAB_HOSTILE_CASES", FEW))
"""Cases per property and kind of input; `LAB_HOSTILE_CASES=2000` for a long search."""

SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)
hostile = settings(
    max_examples=CASES, deadline=None, derandomize=True, database=None, suppress_health_check=SLOW
)

NUMBERS = [
    "",
    "0",
    "-0",
    "-1",
    "1e9",
    "1e400",
    "-1e400",
    "nan",
    "inf",
    "-inf",
    "0x10",
    "1_000",
    "٣",
    "½",
    "1,5",
]
NUMBERS += ["9" * 30, "9" * 5000, "1e-400", "--1", "1.", ".", "e", "+", "2147483648", "99999999999999999999"]
CODE = [
    "__import__('os').system('touch hacked')",
    "{{7*7}}",
    "${7*7}",
    "'; drop table runs; --",
    "../../etc/passwd",
]
CODE += [
    "<script>alert(1)</script>",
    "().__class__.__mro__",
    "x.__class__",
    "lambda: 0",
    "%s%n",
    "{0.__class__}",
]
ODD = [
    "\x00",
    "\ud7ff",
    "\u202e",
    "e\u0301" * 50,
    "🧠" * 30,
    "\r\n\r\n",
    "a\tb",
    " ",
    "none",
    "None",
    "on",
    "-",
]
HUGE = ["x" * 1_000_000, "1" * 1_000_000, "1-" * 500_000, "(" * 1_000_000, ",".join("1" * 500_000)]

texts = st.one_of(st.sampled_from([*NUMBERS, *CODE, *ODD]), st.text(max_size=60), st.sampled_from(HUGE))


@st.composite
def mutated(draw: st.DrawFn, valid: bytes) -> bytes:
    """Return valid content with some bytes changed, cut out, doubled or put in."""
    raw = bytearray(valid)
    for _change in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, max(0, len(raw) - 1)))
        length = draw(st.integers(0, 40))
        match draw(st.sampled_from(("set", "cut", "double", "insert", "end"))):
            case "set":
                raw[place : place + 1] = draw(st.binary(min_size=1, max_size=1))
            case "cut":
                del raw[place : place + length]
            case "double":
                raw[place:place] = raw[place : place + length] * draw(st.integers(1, 20))
            case "insert":
                raw[place:place] = draw(st.binary(max_size=40))
            case _:
                del raw[place:]
    return bytes(raw)


@st.composite
def mutated_text(draw: st.DrawFn, valid: str) -> str:
    """Return a valid text, changed."""
    return draw(mutated(valid.encode())).decode("utf-8", "replace")
