"""What a benchmark must reach, and whether it did."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that the lab promises.

    Attributes:
        name: what is measured, with its unit.
        found: as measured now; NaN counts as missed.
        wanted: the promise.
        at_most: whether less is better.
    """

    name: str
    found: float
    wanted: float
    at_most: bool = False

    @property
    def met(self) -> bool:
        """Return whether the promise is kept.

        Example:
            >>> Target("ratio", 1.3, 1.2).met, Target("seconds", 3.5, 3, at_most=True).met
            (True, False)
        """
        return self.found <= self.wanted if self.at_most else self.found >= self.wanted

    def __str__(self) -> str:
        """Return the line that is printed."""
        way = "at most" if self.at_most else "at least"
        return f"{'met' if self.met else 'MISSED':<7} {self.name}: {self.found:.2f} ({way} {self.wanted:g})"


def report(targets: Sequence[Target]) -> int:
    """Print every target, and return 1 if one is missed, else 0."""
    for target in targets:
        print(target)
    return int(not all(target.met for target in targets))
