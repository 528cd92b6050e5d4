"""Sequences that cannot be read without a memory: repeat symbols after a delay, add two marked numbers."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64

SYMBOLS = 4
CHANCE = 1 / SYMBOLS
"""The accuracy of a guess at each symbol; its loss, that of four equal probabilities, is ln 4."""
CONSTANT_ERROR = 1 / 6
"""The squared error of always saying 1, the mean sum: twice the variance 1/12 of a number from 0 to 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Copying:
    """Symbols, each to be said again after a delay.

    Attributes:
        inputs: each symbol as a row with one 1.
        targets: the symbol of `delay` steps ago, for every step from `delay` on.
    """

    inputs: Float32[np.ndarray, "time sequence symbol"]
    targets: Int64[np.ndarray, "counted sequence"]


@dataclass(frozen=True, slots=True, eq=False)
class Adding:
    """Numbers from 0 to 1, two of them marked with a 1; the target is the sum of these two.

    Attributes:
        inputs: number and mark of every step.
        targets: the sums.
    """

    inputs: Float32[np.ndarray, "time sequence 2"]
    targets: Float32[np.ndarray, " sequence"]


def copying(count: int, length: int, delay: int, random: np.random.Generator) -> Copying:
    """Return `count` sequences of four symbols, all equally likely.

    Args:
        count: of sequences.
        length: of each, in steps.
        delay: from 1 to `length` - 1 steps.
        random: where the symbols come from.
    """
    symbols = random.integers(0, SYMBOLS, (length, count))
    return Copying(np.eye(SYMBOLS, dtype=np.float32)[symbols], symbols[: length - delay])


def adding(count: int, length: int, delay: int, random: np.random.Generator) -> Adding:
    """Return `count` sequences with two marks, one in each half of the steps before the delay.

    Args:
        count: of sequences.
        length: of each, in steps.
        delay: of the last steps nothing is marked; from 0 to `length` - 2.
        random: where numbers and places come from.

    Source: Hochreiter and Schmidhuber (1997), experiment 4; marks as in Le, Jaitly and Hinton (2015).
    """
    numbers = random.random((length, count), dtype=np.float32)
    marks = np.zeros((length, count), np.float32)
    used = length - delay
    for start, stop in ((0, used // 2), (used // 2, used)):
        marks[random.integers(start, stop, count), np.arange(count)] = 1
    return Adding(np.stack([numbers, marks], axis=2), (numbers * marks).sum(axis=0))
