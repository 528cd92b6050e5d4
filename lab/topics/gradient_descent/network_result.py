"""What a race on a network leaves: the paths, the loss on two planes beneath them, and its curvature."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int64

from lab.topics.gradient_descent.network_settings import OPTIMIZERS


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """The loss on one plane, and where the paths are as seen from it.

    Attributes:
        x: of the grid, rising.
        y: of the grid, rising.
        heights: the loss there.
        positions: the place of the plane nearest to each moment of each path; NaN once it has diverged.
        beneath: the loss at that place.
        distances: how far from it the path really is, in units of the weights.
        shares: of the paths' squared distances from the plane's centre along either axis; none for
            directions drawn at random.
    """

    x: Float64[np.ndarray, " column"]
    y: Float64[np.ndarray, " row"]
    heights: Float64[np.ndarray, "row column"]
    positions: Float64[np.ndarray, "racer moment 2"]
    beneath: Float64[np.ndarray, "racer moment"]
    distances: Float64[np.ndarray, "racer moment"]
    shares: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class NetworkRace:
    """What happened.

    Attributes:
        names: of the optimisers.
        losses: on all training examples, before the first step and after each; NaN once it has diverged.
        walked: distance from the first weights at the same moments.
        diverged: the first step, from 1, after which the loss is no finite number; 0 if none.
        train_accuracy: at the end, a share; NaN if it has diverged.
        test_accuracy: the same of examples never trained on.
        parameters: how many the network has.
        slices: by plane, `pca` and `random`.
        centre: the optimiser, from 0, through whose end both planes go.
        measured: after which steps the curvature was measured.
        sharpness: the largest eigenvalue of the Hessian then, by optimiser; NaN once it has diverged.
        settled: whether the search for it had come to rest, by optimiser.
    """

    names: tuple[str, ...]
    losses: Float64[np.ndarray, "racer moment"]
    walked: Float64[np.ndarray, "racer moment"]
    diverged: tuple[int, ...]
    train_accuracy: Float64[np.ndarray, " racer"]
    test_accuracy: Float64[np.ndarray, " racer"]
    parameters: int
    slices: Mapping[str, Slice]
    centre: int
    measured: Int64[np.ndarray, " measurement"]
    sharpness: Mapping[str, Float64[np.ndarray, " measurement"]]
    settled: Mapping[str, Bool[np.ndarray, " measurement"]]

    def last(self, racer: int) -> int:
        """Return the last moment at which a racer's loss is a finite number."""
        return int(np.flatnonzero(np.isfinite(self.losses[racer]))[-1])

    def table(self, plane: str) -> pd.DataFrame:
        """Return one row per optimiser: its end, really and on the plane beneath."""
        rows, one = [], self.slices[plane]
        for racer, name in enumerate(self.names):
            end = self.last(racer)
            rows.append(
                {
                    "optimiser": OPTIMIZERS[name],
                    "final loss": self.losses[racer, -1],
                    "loss on the plane beneath": one.beneath[racer, end],
                    "distance from the plane": one.distances[racer, end],
                    "distance from the start": self.walked[racer, end],
                    "largest curvature": self.sharpness[name][-1],
                    "curvatures not settled": int((~self.settled[name]).sum()),
                    "training accuracy (%)": 100 * self.train_accuracy[racer],
                    "test accuracy (%)": 100 * self.test_accuracy[racer],
                    "diverged at step": self.diverged[racer],
                }
            )
        return pd.DataFrame(rows)

    def path_table(self, plane: str) -> pd.DataFrame:
        """Return every step of every path: true loss, place on the plane, and the plane's loss there."""
        one = self.slices[plane]
        moments = self.losses.shape[1]
        return pd.DataFrame(
            {
                "optimiser": np.repeat([OPTIMIZERS[name] for name in self.names], moments),
                "step": np.tile(np.arange(moments), len(self.names)),
                "loss": self.losses.ravel(),
                "axis 1": one.positions[..., 0].ravel(),
                "axis 2": one.positions[..., 1].ravel(),
                "loss on the plane beneath": one.beneath.ravel(),
                "distance from the plane": one.distances.ravel(),
                "distance from the start": self.walked.ravel(),
            }
        )
