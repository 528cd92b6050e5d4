"""Cost: parameters by the formula, forms that compute the same, sentences that follow the figures."""

import numpy as np
import pytest
import torch
from torch import nn

from lab.core.events import Done, Finished, Started, Stepped
from lab.core.lesson import Context
from lab.topics.rnn.cost import (
    Cost,
    measured,
    network_of,
    parameters_of,
    rounds_of,
    seconds,
    step_of,
    train,
)
from lab.topics.rnn.cost_settings import FORMS, CostDisplay, CostSettings
from lab.topics.rnn.cost_stage import compared, stage

SMALL = CostSettings(cost_hidden=5, cost_inputs=3, cost_batch=2, cost_length=4, cost_rounds=3)
LARGEST = CostSettings(cost_hidden=128, cost_inputs=100, cost_batch=128, cost_length=100, cost_rounds=50)


def cost(**times):
    """Return a measurement of three rounds in which forms take so many times as long as nn.LSTM."""
    rounds = np.array([0.01, 0.02, 0.03])
    return Cost({form: times.get(form, 1.0) * rounds for form in FORMS}, 100, parameters_of(SMALL))


@pytest.mark.parametrize(("hidden", "inputs"), [(1, 1), (5, 3), (50, 1), (128, 100)])
def test_parameters_are_those_of_torchs_modules(hidden, inputs):
    counts = parameters_of(CostSettings(cost_hidden=hidden, cost_inputs=inputs))
    modules = {"rnn": nn.RNN, "hoisted": nn.RNN, "lstm": nn.LSTM, "loop": nn.LSTM, "gru": nn.GRU}
    for form, module in modules.items():
        cell = sum(one.numel() for one in module(inputs, hidden).parameters())
        assert counts[form] == cell + hidden + 1


@pytest.mark.parametrize(("one", "other"), [("rnn", "hoisted"), ("loop", "lstm")])
def test_two_forms_of_a_cell_compute_the_same(one, other):
    sequence = torch.randn(4, 2, 3, generator=torch.Generator().manual_seed(0))
    outputs = [network_of(form, SMALL)(sequence)[0] for form in (one, other)]
    torch.testing.assert_close(outputs[0], outputs[1], atol=1e-6, rtol=0)


def test_making_networks_leaves_the_shared_generator_alone():
    before = torch.random.get_rng_state()
    for form in FORMS:
        step_of(network_of(form, SMALL), SMALL)()
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("form", FORMS)
def test_a_step_is_one_of_torchs_adam_on_the_squared_error_of_every_step(form):
    network, plain = network_of(form, SMALL), network_of(form, SMALL)
    assert measured(step_of(network, SMALL)) > 0
    random = torch.Generator().manual_seed(0)
    inputs, targets = (torch.randn(4, 2, width, generator=random) for width in (3, 1))
    optimizer = torch.optim.Adam(plain.parameters(), lr=0.001)
    nn.functional.mse_loss(plain(inputs)[0], targets).backward()
    optimizer.step()
    first = dict(network_of(form, SMALL).named_parameters())
    for (name, mine), other in zip(network.named_parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(mine, other, atol=1e-6, rtol=0)
        assert not torch.equal(mine, first[name])


def test_a_run_measures_every_form_as_often():
    *events, done = train(SMALL, Context())
    assert isinstance(done, Done)
    assert events[0] == Started(0.0, 5)
    assert events[-1] == Finished("epochs", 0.0)
    shares = [event.share for event in events if isinstance(event, Stepped)]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert {len(times) for times in done.result.seconds.values()} == {rounds_of(SMALL)}
    assert all((times > 0).all() for times in done.result.seconds.values())


def test_speed_and_time_of_an_epoch_follow_from_the_median():
    found = cost(gru=2.0)
    assert found.speed("lstm") == pytest.approx(100 / 0.02)
    assert found.slower("gru", "lstm") == pytest.approx(2)
    table = found.table().set_index("cell")
    assert table.loc[FORMS["gru"], "ms per step"] == pytest.approx(40)
    assert table.loc[FORMS["gru"], "tokens per second"] == 2500
    assert table.loc[FORMS["gru"], "seconds per epoch"] == pytest.approx(100_000 / 2500)
    assert table.loc[FORMS["gru"], "time, nn.LSTM = 1"] == pytest.approx(2)


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (2.4, "nn.GRU is slower than nn.LSTM: 2.4 times"),
        (1.06, "nn.GRU is slower than nn.LSTM: 1.1 times"),
        (1.0, "nn.GRU is as fast as nn.LSTM"),
        (0.96, "nn.GRU is as fast as nn.LSTM"),
        (0.5, "nn.GRU is faster than nn.LSTM: 0.5 times"),
    ],
)
def test_gru_is_called_slower_than_lstm_if_and_only_if_it_was_measured_so(factor, said):
    first = compared(cost(gru=factor))[0]
    assert said in first
    assert ("slower" in first) == (factor > 1.05)


def test_the_picture_begins_with_parameters_and_ends_with_speeds():
    events = [Started(0.0, 5)]
    (panel,) = stage(SMALL, CostDisplay(), Context(), events).panels
    assert panel.id == "cost-parameters"
    shown = stage(SMALL, CostDisplay(), Context(), events, cost())
    assert [one.id for one in shown.panels] == ["cost-parameters", "cost-speed"]
    np.testing.assert_allclose(shown.panels[1].figure.data[0].y, [100 / 0.02 / 1000] * 5)
    assert len(shown.notes) == 3


def test_the_largest_measurement_is_estimated_to_end_in_time():
    assert rounds_of(SMALL) == 3
    assert 2 <= rounds_of(LARGEST) < 50
    assert seconds(LARGEST) < 15
