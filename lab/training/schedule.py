"""When a run is measured, and which rules may end it early.

The schedule depends on the epoch alone, never on how many epochs were planned: so a run of 400 epochs
begins with the very events of the run of 200, and going on equals never having stopped.
"""

import statistics
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from lab.core.events import Reason

EVALUATE_EACH = 64
FRAME_EACH = 16


def due(epoch: int, each: int) -> bool:
    """Return whether `epoch` is recorded: all of the first `each`, then every 2nd, 4th, 8th ...

    The distance doubles whenever the epoch does, so curves keep their detail where losses move.

    Example:
        >>> [epoch for epoch in range(41) if due(epoch, 4)]
        [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32]
    """
    return epoch == 0 or epoch % (1 << ((epoch - 1) // each).bit_length()) == 0


@dataclass(frozen=True, slots=True)
class StopRules:
    """What ends a run before its planned epochs; all rules look at the median over the networks.

    Attributes:
        target: end when the median test loss is at most this; 0 switches the rule off.
        patience: end when the median test loss has not fallen by 1 % for so many epochs; 0 is off.
        divergence: end when at least half of the networks have diverged.
    """

    target: float = 0.0
    patience: int = 0
    divergence: bool = True


@dataclass(slots=True)
class Watch:
    """Applies stop rules to one run."""

    rules: StopRules
    best: float = field(default=float("inf"), init=False)
    best_epoch: float = field(default=0.0, init=False)

    def reason(self, epoch: float, test_losses: Float[np.ndarray, " network"]) -> Reason | None:
        """Return the rule that fires on this measurement, or None.

        Args:
            epoch: epochs trained so far.
            test_losses: one per network; not finite where a network has diverged.
        """
        median = statistics.median(np.where(np.isfinite(test_losses), test_losses, np.inf).tolist())
        if median < 0.99 * self.best:
            self.best, self.best_epoch = median, epoch
        if self.rules.divergence and not np.isfinite(median):
            return "diverged"
        if self.rules.target and median <= self.rules.target:
            return "target"
        if self.rules.patience and epoch - self.best_epoch >= self.rules.patience:
            return "plateau"
        return None
