"""Full batch, mini-batch and one example against torch.nn and torch.optim, step by step."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lab.core.events import Diverged, Done, Evaluated, Finished
from lab.core.lesson import Context
from lab.models.initialise import initial_parameters
from lab.topics.gradient_descent.batches import (
    CLASSES,
    EXAMPLES,
    data,
    measured_steps,
    orders,
    seeds_of,
    variants,
)
from lab.topics.gradient_descent.batches_settings import DATA_SETS, BatchDisplay, BatchSettings
from lab.topics.gradient_descent.batches_stage import BATCHES, comparison_table, course_table, curves

SMALL = BatchSettings(
    batch_data="iris", batch_hidden=(5,), batch_networks=2, batch_epochs=2, batch_size=10, batch_rate=0.3
)


def run(settings) -> Any:
    told = list(BATCHES.train(settings, Context()))
    assert isinstance(told[-1], Done)
    return told[:-1], told[-1].result


def real_network(settings, seed):
    """Return the network as nn.Sequential with its first weights."""
    shapes = [(2, 5), (5, 3)]
    layers = [nn.Linear(*shape, dtype=torch.float64) for shape in shapes]
    pieces = initial_parameters(shapes, "xavier", seed).split([10, 5, 15, 3])
    with torch.no_grad():
        for layer, weights, bias in zip(layers, pieces[::2], pieces[1::2], strict=True):
            layer.weight.copy_(weights.view(layer.weight.shape[::-1]).T)
            layer.bias.copy_(bias)
    return nn.Sequential(layers[0], nn.Tanh(), layers[1])


@pytest.mark.parametrize("scaled", [False, True])
def test_every_measurement_is_that_of_torch_alone(scaled):
    settings = SMALL.changed(batch_scaled=scaled)
    told = curves(settings, run(settings)[0])
    known = data("iris", settings.batch_seed)
    labels = known.train_targets.argmax(dim=1)
    for name, cut in variants(settings).items():
        for network, seed in enumerate(seeds_of(settings)):
            model = real_network(settings, seed)
            optimizer = torch.optim.SGD(model.parameters(), lr=cut.rate)
            losses = {0.0: cross_entropy(model(known.train_inputs), labels).item()}
            for epoch in (1, 2):
                order = orders([seed], epoch, len(labels))[0]
                for step, batch in enumerate(order.split(cut.size), start=1):
                    optimizer.zero_grad()
                    cross_entropy(model(known.train_inputs[batch]), labels[batch]).backward()
                    optimizer.step()
                    now = epoch - 1 + step / cut.updates
                    losses[round(now, 9)] = cross_entropy(model(known.train_inputs), labels).item()
            expected = [losses[round(epoch, 9)] for epoch in told[name].epochs]
            np.testing.assert_allclose(told[name].loss[:, network], expected, rtol=1e-6)
            right = model(known.test_inputs).argmax(dim=1) == known.test_targets.argmax(dim=1)
            assert told[name].accuracy[-1, network] == pytest.approx(
                100 * right.double().mean().item(), abs=1e-4
            )


def test_all_three_start_from_the_same_weights():
    told = curves(SMALL, run(SMALL)[0])
    for one in told.values():
        np.testing.assert_array_equal(one.loss[0], told["full"].loss[0])
    assert told["full"].loss[0, 0] != told["full"].loss[0, 1]


def test_an_epoch_is_cut_as_said():
    cut = variants(BatchSettings(batch_size=100, batch_scaled=True, batch_rate=0.2))
    assert [(one.size, one.updates) for one in cut.values()] == [(1437, 1), (100, 15), (1, 1437)]
    assert [one.rate for one in cut.values()] == pytest.approx([0.2 * 14.37, 0.2, 0.002])
    assert variants(SMALL.changed(batch_size=500))["mini"].size == EXAMPLES["iris"]
    for name in DATA_SETS:
        known = data(name, 1)
        assert known.train_inputs.shape[0] == EXAMPLES[name]
        assert known.train_targets.shape[1] == CLASSES[name]
        assert (known.train_targets.sum(dim=1) == 1).all()


def test_orders_are_permutations_of_their_own():
    first, second = orders([1, 2], 1, 75).tolist()
    assert sorted(first) == sorted(second) == list(range(75))
    assert first != second
    assert orders([1], 2, 75).tolist()[0] != first
    assert measured_steps(1) == [1]


def test_events_repeat_to_the_last_bit_and_seconds_stay_out_of_them():
    first, result = run(SMALL)
    second, _other = run(SMALL)
    for one, other in zip(first, second, strict=True):
        if isinstance(one, Evaluated):
            assert one.epoch == other.epoch
            assert all(np.array_equal(one.scores[name], other.scores[name]) for name in one.scores)
        else:
            assert one == other
    assert all(value > 0 for value in result.seconds.values())


def test_a_network_does_not_depend_on_how_many_there_are():
    two = curves(SMALL, run(SMALL)[0])
    one = curves(SMALL, run(SMALL.changed(batch_networks=1))[0])
    for name in two:
        np.testing.assert_allclose(two[name].loss[:, 0], one[name].loss[:, 0], rtol=1e-12)


def test_the_table_says_what_the_pictures_say():
    events, result = run(SMALL)
    frame, told = comparison_table(SMALL, events, result), curves(SMALL, events)
    assert list(frame["updates per epoch"]) == [1, 8, 75]
    assert list(frame["median final loss"]) == [np.median(one.loss[-1]) for one in told.values()]
    noise = dict(zip(result.noise.sizes, result.noise.drawn, strict=True))
    assert list(frame["noise of the gradient"]) == [0, noise[10], noise[1]]
    assert list(frame["seconds per epoch"]) == list(result.seconds.values())
    assert len(course_table(SMALL, events)) == sum(one.loss.size for one in told.values())


def test_pictures_before_and_after_the_end():
    events, result = run(SMALL)
    live = BATCHES.stage(SMALL, BatchDisplay(), Context(), events[:-1])
    assert [panel.id for panel in live.panels] == ["batches-epoch", "batches-step"]
    over = BATCHES.stage(SMALL, BatchDisplay(), Context(), events, result)
    names = ["batches-epoch", "batches-step", "batches-second", "batches-noise"]
    assert [panel.id for panel in over.panels] == names
    told = curves(SMALL, events)
    lines = [t for panel in over.panels[:3] for t in panel.figure.data if t.name == "One example (1)"]
    for line, each in zip(lines, (1, 75, result.seconds["one"]), strict=True):
        kept = told["one"].epochs > (-1 if each == 1 else 0)
        np.testing.assert_allclose(line.x, each * told["one"].epochs[kept], rtol=1e-6)
        np.testing.assert_allclose(line.y, told["one"].median()[kept], rtol=1e-6)
    shares = BATCHES.stage(SMALL, BatchDisplay(batch_score="accuracy"), Context(), events, result)
    assert shares.panels[0].figure.layout.yaxis.title.text == "Test accuracy (%)"


def test_figures_can_be_sent_at_every_moment_of_the_run():
    events, result = run(SMALL)
    for told in (*range(1, len(events) + 1), None):
        stage = BATCHES.stage(
            SMALL, BatchDisplay(), Context(), events[:told], result if told is None else None
        )
        for panel in stage.panels:
            assert json.dumps(panel.figure.to_dict(), allow_nan=False)


def test_divergence_is_told_of_the_right_networks():
    events, result = run(SMALL)
    lost = (*events[:-1], Diverged(2, 7), Diverged(3, 9), Finished("epochs", 2.0))
    notes = BATCHES.stage(SMALL, BatchDisplay(), Context(), lost, result).notes
    assert notes[-1] == "Mini-batch (10): 2 of 2 networks diverged, the first at step 7."
