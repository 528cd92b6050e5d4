"""Hypothesis strategies for what nobody should send, and how many cases are tried.

By default the same few cases are tried each time. `make hostile` tries thousands of others; its seed,
which it prints, brings them again: `make hostile SEED=7`. Hypothesis prints each failing case, too.
"""

import os
import random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.browser.lab_server import ROOT

SEED = os.environ.get("LAB_HOSTILE_SEED", "")
CASES = int(os.environ.get("LAB_HOSTILE_CASES", "0"))
"""Cases per property and kind of input, if they are not the few of every day."""
FEW, MORE = CASES or 20, CASES or 300  # where a case takes milliseconds, and where it takes less

SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)
hostile = settings(
    max_examples=FEW,
    deadline=None,
    derandomize=not SEED,
    database=None,
    print_blob=True,
    suppress_health_check=SLOW,
)
quick = settings(hostile, max_examples=MORE)

CANARY = ROOT / "hacked"
"""A file that exists once anything of `CODE` was executed."""


def chance_of(number: int) -> random.Random:
    """Return the chance of one test; another seed gives another."""
    return random.Random(f"{SEED} {number}")


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
    f"__import__('os').system('touch {CANARY}')",
    f"$(touch {CANARY})",
    f"; touch {CANARY} #",
    f"@__import__('os').system('touch {CANARY}')",
    f'!!python/object/apply:os.system ["touch {CANARY}"]',
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
