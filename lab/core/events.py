"""What an experiment says while it runs: a stream of frozen events, the last of them `Done`.

Consumers `match` on the event and end in `assert_never`, so a new kind cannot be overlooked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

import numpy as np
from jaxtyping import Float

R = TypeVar("R")
Reason = Literal["epochs", "target", "plateau", "diverged"]


@dataclass(frozen=True, slots=True)
class Started:
    """The run begins.

    Attributes:
        epochs: how many epochs it will take if no stop rule fires.
        networks: how many networks train side by side.
    """

    epochs: float
    networks: int


@dataclass(frozen=True, slots=True)
class Stepped:
    """Work went on; for the progress bar of runs that are not counted in epochs.

    Attributes:
        share: how much of the run is done, from 0 to 1.
    """

    share: float


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The networks were measured.

    Attributes:
        epoch: epochs trained so far; a fraction inside an epoch.
        scores: by name (`train_loss`, `test_accuracy`, ...), one number per network; losses are means
            per example, accuracies are shares from 0 to 1, a diverged network has NaN.
    """

    epoch: float
    scores: Mapping[str, Float[np.ndarray, " network"]] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Framed:
    """A moment for the time slider.

    Attributes:
        epoch: epochs trained so far; a fraction inside an epoch.
        parameters: all weights and biases of each network, float32.
    """

    epoch: float
    parameters: Float[np.ndarray, "network parameter"] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Diverged:
    """A network's loss overflowed: an outcome to be taught, not a fault.

    Attributes:
        network: which one, from 0.
        step: the first update, from 1, at which its loss was not a finite number.
    """

    network: int
    step: int


@dataclass(frozen=True, slots=True)
class Finished:
    """Training is over.

    Attributes:
        reason: the planned epochs were done, or which stop rule fired.
        epoch: epochs trained.
    """

    reason: Reason
    epoch: float


@dataclass(frozen=True, slots=True)
class Done(Generic[R]):
    """The result: plain arrays and frames, picklable, at most a few MB."""

    result: R


Event = Started | Stepped | Evaluated | Framed | Diverged | Finished
