"""What was measured during a run, as arrays for figures and as a table for the learner."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from lab.core.events import Evaluated, Event


@dataclass(frozen=True, slots=True)
class Scores:
    """All measurements of a run: when, and one row of networks for each."""

    epochs: Float[np.ndarray, " moment"]
    values: dict[str, Float[np.ndarray, "moment network"]]


def scores(events: Sequence[Event]) -> Scores:
    """Return the measurements among `events`, in their order.

    Example:
        >>> scores([Evaluated(0.0, {"test_loss": np.array([0.5])})]).values
        {'test_loss': array([[0.5]])}
    """
    measured = [event for event in events if isinstance(event, Evaluated)]
    names = list(measured[0].scores) if measured else []
    epochs = np.array([event.epoch for event in measured])
    return Scores(epochs, {name: np.stack([event.scores[name] for event in measured]) for name in names})


def history_table(events: Sequence[Event]) -> pd.DataFrame:
    """Return one row per moment and network: epoch, network (from 1) and every score."""
    measured = scores(events)
    if not measured.values:
        return pd.DataFrame({"epoch": [], "network": []})
    networks = next(iter(measured.values.values())).shape[1]
    columns = {
        "epoch": np.repeat(measured.epochs, networks),
        "network": np.tile(np.arange(1, networks + 1), len(measured.epochs)),
    }
    return pd.DataFrame(columns | {name: values.ravel() for name, values in measured.values.items()})


def outcome_table(events: Sequence[Event]) -> pd.DataFrame:
    """Return the last measurement: one row per network, then the median over the networks."""
    table = history_table(events)
    last = table.loc[table["epoch"] == table["epoch"].max()].drop(columns="epoch").reset_index(drop=True)
    median: dict[str, object] = {"network": "median"}
    for name in last.columns[1:]:
        worst = -np.inf if name.endswith("accuracy") else np.inf
        values = last[name].to_numpy(np.float64)
        median[name] = float(np.median(np.where(np.isfinite(values), values, worst)))
    return pd.concat([last.astype({"network": str}), pd.DataFrame([median])], ignore_index=True)
