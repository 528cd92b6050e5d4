"""What is left of a training run: all that the later parts of the lesson look into."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64

from lab.core.events import Event
from lab.models.convnet import ConvArchitecture, ConvNet
from lab.tables.history import Scores, scores
from lab.training.convolutional import State

Weights = Mapping[str, np.ndarray]
TARGET = 0.95
"""The share of test images that is asked for within seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """What a run has written down so far, and all that going on needs.

    Network 0 is the convolutional one, network 1 its dense twin, if there is one.

    Attributes:
        architecture: of the convolutional network.
        seed: from which its first weights follow.
        moments: epochs at which the filters were written down, from 0 to where it stands.
        filters: of each block, at each moment.
        kept: weights at some moments between the first and the last, by the number of the moment.
        events: all that happened.
        seconds: of computing steps, up to each measurement; the only thing here that chance decides.
        learners: state of each network, from which training can go on.
    """

    architecture: ConvArchitecture
    seed: int
    moments: Float[np.ndarray, " moment"]
    filters: Sequence[Float32[np.ndarray, "moment out in y x"]]
    kept: Mapping[int, Weights]
    events: tuple[Event, ...]
    seconds: Float[np.ndarray, "measurement network"]
    learners: tuple[State, ...]

    @property
    def history(self) -> Scores:
        """Return losses and accuracies at every measurement, one column per network."""
        return scores(self.events)

    @property
    def weights(self) -> Weights:
        """Return the weights of the convolutional network at the end, as in its `state_dict`."""
        return weights_in(self.learners[0])

    @property
    def overflow(self) -> tuple[int, ...]:
        """Return of each network the step at which it overflowed; 0 if it never did."""
        return tuple(int(one["steps"][1]) for one in self.learners)

    @property
    def full_moments(self) -> tuple[int, ...]:
        """Return the moments of which `network_of` knows all weights; the first and the last are there."""
        return tuple(sorted({0, *self.kept, len(self.moments) - 1}))

    def seconds_to(self, accuracy: float, network: int = 0) -> tuple[float, float] | None:
        """Return epochs and seconds of training until the test accuracy was reached first, or None."""
        history = self.history
        reached = np.flatnonzero(history.values["test_accuracy"][:, network] >= accuracy)
        if not reached.size:
            return None
        first = reached[0]
        return float(history.epochs[first]), float(self.seconds[first, network])


@dataclass(frozen=True, slots=True, eq=False)
class Trained(Record):
    """A finished run.

    Attributes:
        scores: what each network says of the test images at the end.
        test_labels: what those show.
        shifts: by how many pixels test images were shifted, from 0.
        shifted: share of them that each network then reads rightly; NaN after an overflow.
        twin_parameters: of the dense network; 0 if there is none.
    """

    scores: Float32[np.ndarray, "network example class"]
    test_labels: Int64[np.ndarray, " example"]
    shifts: tuple[int, ...]
    shifted: Float[np.ndarray, "network shift"]
    twin_parameters: int


def network_of(result: Record, moment: int = -1) -> ConvNet:
    """Return the network as it was at a moment, in evaluation mode, on the CPU.

    Args:
        result: of the run.
        moment: one of `result.full_moments`; -1 is the end.

    Raises:
        KeyError: the weights of this moment were not kept.
    """
    last = len(result.moments) - 1
    network = ConvNet(result.architecture, torch.Generator().manual_seed(result.seed))
    if moment in (-1, last):
        _load(network, result.weights)
    elif moment != 0:
        _load(network, result.kept[moment])
    return network.eval()


def weights_in(state: State) -> Weights:
    """Return the weights in the state of a learner, as in its network's `state_dict`."""
    start = "network/"
    return {name.removeprefix(start): one for name, one in state.items() if name.startswith(start)}


def _load(network: ConvNet, weights: Weights) -> None:
    network.load_state_dict({name: torch.tensor(one) for name, one in weights.items()})
