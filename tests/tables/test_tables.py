"""Tables hold what the events and the network hold."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lab.core.events import Evaluated, Framed, Started
from lab.tables.history import history_table, outcome_table, scores
from lab.tables.parameters import index_of, parameter_table, place_of, weight_table

EVENTS = [
    Started(2.0, 3),
    Evaluated(0.0, {"test_loss": np.array([0.5, 0.6, 0.7])}),
    Framed(0.0, np.zeros((3, 5), np.float32)),
    Evaluated(2.0, {"test_loss": np.array([0.1, np.nan, 0.3])}),
]


def test_scores_keep_moments_and_networks():
    found = scores(EVENTS)
    assert found.epochs.tolist() == [0.0, 2.0]
    np.testing.assert_array_equal(found.values["test_loss"], [[0.5, 0.6, 0.7], [0.1, np.nan, 0.3]])


def test_history_has_a_row_per_moment_and_network():
    table = history_table(EVENTS)
    assert table["network"].tolist() == [1, 2, 3, 1, 2, 3]
    assert table["epoch"].tolist() == [0, 0, 0, 2, 2, 2]
    assert table["test_loss"].iloc[3] == 0.1


def test_history_of_nothing_is_empty():
    assert history_table([Started(1.0, 1)]).empty


def test_the_outcome_counts_a_diverged_network_as_worst():
    table = outcome_table(EVENTS)
    assert table["network"].tolist() == ["1", "2", "3", "median"]
    assert table["test_loss"].iloc[-1] == 0.3  # of 0.1, 0.3 and infinity


SIZES = st.lists(st.integers(1, 6), min_size=2, max_size=6)


@given(SIZES)
def test_parameters_are_counted_as_torch_counts_them(sizes):
    model = torch.nn.Sequential(*(torch.nn.Linear(i, o) for i, o in pairwise(sizes)))
    total = sum(parameter.numel() for parameter in model.parameters())
    table = parameter_table(sizes)
    assert table["parameters"].iloc[-1] == total
    assert table["W shape"].iloc[0] == f"{sizes[1]} x {sizes[0]}"


@given(SIZES, st.data())
def test_place_and_index_are_inverse_and_agree_with_the_weight_table(sizes, data):
    total = int(parameter_table(sizes)["parameters"].iloc[-1])
    index = data.draw(st.integers(0, total - 1))
    layer, source, target = place_of(sizes, index)
    assert index_of(sizes, layer, source, target) == index
    row = weight_table(sizes, np.arange(total)).iloc[index]
    name = "bias" if source < 0 else str(source + 1)
    assert (row["layer"], row["from"], row["to"], row["value"]) == (layer + 1, name, target + 1, index)


@pytest.mark.parametrize("place", [(2, 0, 0), (-1, 0, 0), (0, 2, 0), (0, -2, 0), (0, 0, 4), (1, 0, 1)])
def test_a_weight_that_does_not_exist_is_refused(place):
    with pytest.raises(IndexError):
        index_of([2, 4, 1], *place)
