"""Stops of a logarithmic track."""

import math

RUNGS = (1, 2, 3, 5)


def ladder(low: float, high: float) -> list[float]:
    """Return 1, 2, 3, 5 in each power of ten, from `low` to `high`; both ends are kept.

    Example:
        >>> ladder(0.02, 1)
        [0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1]
    """
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    rungs = [float(f"{digit}e{power}") for power in powers for digit in RUNGS]
    return sorted({low, high, *(rung for rung in rungs if low <= rung <= high)})
