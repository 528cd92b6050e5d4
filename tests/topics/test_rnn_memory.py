"""Memory against independent oracles: finite differences, products of Jacobians, torch's own training."""

import numpy as np
import pandas as pd
import pytest
import torch

from lab.core.events import Diverged, Done, Evaluated, Started, Stepped
from lab.core.lesson import Context
from lab.data.memory_tasks import CONSTANT_ERROR
from lab.models.cells import step
from lab.topics.rnn import LESSON, memory_back, memory_clip, memory_delay, memory_stage
from lab.topics.rnn.memory_back import INPUTS, gradients
from lab.topics.rnn.memory_clip import examples
from lab.topics.rnn.memory_delay import Trainee, delays, sequences
from lab.topics.rnn.memory_networks import Networks, clipped, lengths, scaled
from lab.topics.rnn.memory_settings import BackSettings, ClipSettings, DelaySettings

KINDS = ("rnn", "lstm", "gru")
EACH = pytest.mark.parametrize("kind", KINDS)


def drawn(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def three(kind, **values):
    return Networks(kind, (INPUTS, 4, 2), [5, 6, 7], dtype=torch.float64, **values)


def finish(networks, inputs, states, begin):
    """Return h after the last step, from states that are handed on after step `begin`, counted from 0."""
    hidden, cell = states
    for now in inputs[begin + 1 :]:
        told = step(networks.cell(), now, hidden, cell)
        hidden, cell = told["h"], told.get("c", cell)
    return hidden


@EACH
def test_gradients_by_past_states_are_those_of_finite_differences(kind):
    networks, inputs, pull = three(kind, radius=1.4, keep=1.0), drawn(7, 3, 1, INPUTS), drawn(3, 1, 4, seed=1)
    found, steps = gradients(networks, inputs, pull)
    small = 1e-6
    for name, one in found.items():
        for place in (1, 4, 6):
            for unit in range(4):
                moved = []
                for way in (small, -small):
                    states = {key: steps[place].get(key, steps[place]["h"]).detach().clone() for key in "hc"}
                    states[name][:, 0, unit] += way
                    if name == "c" and place == 6:  # the last step's own output shows its cell state
                        last = steps[place]["o"] * torch.tanh(states["c"])
                    else:
                        last = finish(networks, inputs, (states["h"], states["c"]), place)
                        if name == "c":  # h is computed from c, and goes along when c is moved
                            states["h"] = steps[place]["o"].detach() * torch.tanh(states["c"])
                            last = finish(networks, inputs, (states["h"], states["c"]), place)
                    moved.append((pull * last).sum(dim=(1, 2)))
                slope = (moved[0] - moved[1]) / (2 * small)
                torch.testing.assert_close(one[place, :, unit], slope.detach(), rtol=1e-5, atol=1e-8)


def test_gradients_of_the_vanilla_cell_are_products_of_jacobians():
    networks, inputs, pull = three("rnn", radius=1.2), drawn(6, 3, 1, INPUTS), drawn(3, 1, 4, seed=1)
    found, steps = gradients(networks, inputs, pull)
    gradient = pull[:, 0]
    for place in range(5, -1, -1):
        torch.testing.assert_close(found["h"][place], gradient)
        slopes = 1 - steps[place]["h"][:, 0].detach() ** 2
        gradient = torch.einsum("nij,ni->nj", networks.cell().hidden_weights.detach(), slopes * gradient)


def test_what_is_shown_are_lengths_over_steps_ago_of_all_cells():
    settings = BackSettings(memory_back_length=9, memory_back_networks=4, memory_back_hidden=5)
    found = memory_back.back(settings)
    assert list(found.lengths) == ["rnn", "lstm", "lstm_c", "gru"]
    for name in ("rnn", "lstm", "gru"):
        np.testing.assert_allclose(found.lengths[name][0], 1)  # the pull itself
        assert found.states[name].shape == (9, 5)
    frame = found.table()
    row = frame[(frame["state"] == "GRU, h") & (frame["steps ago"] == 3)].iloc[0]
    assert row["median"] == np.median(found.lengths["gru"][3])


@EACH
def test_first_weights_have_the_radius_and_the_bias_that_keeps(kind):
    networks = three(kind, radius=0.7, keep=2.0)
    for block in networks.parameters[1].detach()[1].split(4):
        assert np.abs(np.linalg.eigvals(block.numpy())).max() == pytest.approx(0.7)
    expected = {"rnn": [0.0], "lstm": [0, 2, 0, 0], "gru": [0, 2, 0]}[kind]
    biases = networks.parameters[2].detach()[1, 0]
    assert biases.tolist() == np.repeat(np.array(expected, float), 4).tolist()
    assert not networks.parameters[3].any()
    assert scaled(torch.eye(3), 2.0).diagonal().tolist() == [2, 2, 2]


def test_clipping_is_torchs_network_by_network():
    gradients_ = [10 * drawn(3, 4, 2), drawn(3, 5, seed=1)]
    cut = clipped(gradients_, torch.tensor([1.0, 5.0, np.inf], dtype=torch.float64))
    for network, limit in enumerate((1.0, 5.0, np.inf)):
        mine = [torch.nn.Parameter(torch.zeros_like(one[network])) for one in gradients_]
        for parameter, one in zip(mine, gradients_, strict=True):
            parameter.grad = one[network].clone()
        length = torch.nn.utils.clip_grad_norm_(mine, limit)
        assert lengths(gradients_)[network].item() == pytest.approx(length.item())
        for parameter, one in zip(mine, cut, strict=True):
            torch.testing.assert_close(parameter.grad, one[network])


class Plain(torch.nn.Module):
    """One network of `Networks` in torch's own modules."""

    def __init__(self, networks, network):
        super().__init__()
        made = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[networks.kind]
        parameters = [one.detach()[network].clone() for one in networks.parameters]
        self.cell = made(parameters[0].shape[1], networks.hidden)
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        self.cell.load_state_dict(
            {n: p.reshape(p.shape[-1]) if "bias" in n else p for n, p in zip(names, parameters, strict=False)}
        )
        self.answer = torch.nn.Linear(networks.hidden, parameters[4].shape[1])
        self.answer.load_state_dict({"weight": parameters[4].T, "bias": parameters[5][0]})

    def forward(self, inputs):
        return self.answer(self.cell(inputs)[0][-1])


@EACH
def test_training_with_and_without_clipping_is_torchs_sgd(kind):
    settings = ClipSettings(
        memory_clip_cell=kind,
        memory_clip_updates=10,
        memory_clip_networks=2,
        memory_clip_limit=0.5,
        memory_clip_rate=0.1,
    )
    *events, _done = memory_clip.train(settings, Context())
    told = [event for event in events if isinstance(event, Evaluated)]
    networks = Networks(kind, (2, 16, 1), [1000, 1001], radius=1.5)
    for network in (0, 1):
        for name, limit in (("free", np.inf), ("clipped", 0.5)):
            plain, random = Plain(networks, network), np.random.default_rng(1)
            optimizer = torch.optim.SGD(plain.parameters(), lr=0.1)
            losses, norms = [], []
            for _update in range(10):
                inputs, sums = examples(settings, random)
                loss = (plain(inputs[:, network])[:, 0] - sums[network]).square().mean()
                optimizer.zero_grad()
                loss.backward()
                norms.append(torch.nn.utils.clip_grad_norm_(plain.parameters(), limit).item())
                optimizer.step()
                losses.append(loss.item())
            assert told[0].scores[f"{name}_loss"][network] == pytest.approx(losses[0], rel=1e-4)
            assert told[-1].scores[f"{name}_loss"][network] == pytest.approx(np.mean(losses[5:]), rel=1e-3)
            assert told[-1].scores[f"{name}_length"][network] == pytest.approx(max(norms[5:]), rel=1e-3)


def test_the_adding_problem_marks_two_numbers_and_asks_their_sum():
    settings = ClipSettings(memory_clip_length=7)
    inputs, sums = examples(settings, np.random.default_rng(0))
    marks = inputs[..., 1]
    assert (marks[:3].sum(dim=0) == 1).all()
    assert (marks[3:].sum(dim=0) == 1).all()
    torch.testing.assert_close((inputs[..., 0] * marks).sum(dim=0), sums)
    many = np.random.default_rng(0).random((100_000, 2)).sum(axis=1)
    assert np.mean((many - 1) ** 2) == pytest.approx(CONSTANT_ERROR, rel=0.01)


def test_an_overflow_is_told_once_and_the_others_go_on():
    settings = ClipSettings(
        memory_clip_rate=1.0, memory_clip_radius=3.0, memory_clip_limit=0.1, memory_clip_updates=100
    )
    *events, done = memory_clip.train(settings, Context())
    lost = [event for event in events if isinstance(event, Diverged)]
    assert lost
    assert len({event.network for event in lost}) == len(lost)
    assert isinstance(done, Done)
    assert isinstance(done.result, pd.DataFrame)
    last = done.result["free loss"].to_numpy()[done.result["update"].to_numpy() == 100]
    free = {event.network for event in lost if event.network < 5}
    assert np.isnan(last).sum() == len(free)
    (clip,) = [one for one in LESSON.experiments if one.name == "rnn/memory_clip"]
    stage = clip.stage(
        settings, clip.display(), Context(), [one for one in events if not isinstance(one, Done)], done.result
    )
    assert stage.notes[0].startswith(f"Free: {len(free)} of 5 networks overflowed")


@pytest.mark.parametrize("noise", [False, True])
def test_recall_shows_the_symbol_first_and_never_again_but_by_chance(noise):
    settings = DelaySettings(memory_delay_noise=noise, memory_delay_symbols=5)
    inputs, first = sequences(settings, 6, 400, torch.Generator().manual_seed(0))
    assert inputs.shape == (7, 5, 400, 6)
    assert (inputs[0, ..., :5].argmax(dim=-1) == first).all()
    if noise:
        assert (inputs[1:, ..., 5] == 0).all()
        same = (inputs[1:, ..., :5].argmax(dim=-1) == first).double().mean().item()
        assert same == pytest.approx(0.2, abs=0.02)
    else:
        assert (inputs[1:, ..., 5] == 1).all()
        assert not inputs[1:, ..., :5].any()


@EACH
def test_recall_is_trained_as_torchs_adam_with_clipping_would(kind):
    settings = DelaySettings(memory_delay_networks=2, memory_delay_keep=0.0)
    one = Trainee(settings, kind, 3)
    plain, generator = Plain(one.networks, 1), torch.Generator().manual_seed(1)
    sequences(settings, 3, memory_delay.TESTED, generator)  # the test sequences are drawn first
    optimizer = torch.optim.Adam(plain.parameters(), lr=settings.memory_delay_rate)
    one.train()
    for _update in range(one.updates):
        inputs, first = sequences(settings, 3, memory_delay.BATCH, generator)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(plain(inputs[:, 1]), first[1]).backward()
        torch.nn.utils.clip_grad_norm_(plain.parameters(), 1.0)
        optimizer.step()
    inputs, first = one.test
    with torch.no_grad():
        torch.testing.assert_close(one.networks.answers(inputs)[1], plain(inputs[:, 1]), rtol=1e-3, atol=1e-3)
    right = (plain(inputs[:, 1]).argmax(dim=-1) == first[1]).double().mean().item()
    assert one.right()[1] == pytest.approx(right, abs=0.021)


@EACH
def test_the_reach_is_the_gradient_of_the_test_loss_from_each_state_on(kind):
    settings = DelaySettings(memory_delay_networks=2, memory_delay_hidden=4)
    one = Trainee(settings, kind, 4)
    inputs, first = one.test
    steps, found = one.networks.steps(inputs), one.reach()

    def lengths_by(name, place):
        states = {key: steps[place].get(key, steps[place]["h"]).detach().requires_grad_() for key in "hc"}
        hidden = finish(one.networks, inputs, (states["h"], states["c"]), place)
        answers = hidden @ one.networks.parameters[4] + one.networks.parameters[5]
        scores = torch.log_softmax(answers, dim=-1)
        loss = -scores.gather(2, first[..., None]).sum()
        return torch.autograd.grad(loss, states[name])[0].flatten(1).norm(dim=1)

    last = lengths_by("h", 4)
    for ago in (1, 2, 4):
        np.testing.assert_allclose(found[kind][ago], lengths_by("h", 4 - ago) / last, rtol=1e-4)
    np.testing.assert_allclose(found[kind][0], 1)
    assert set(found) == ({"lstm", "lstm_c"} if kind == "lstm" else {kind})


def test_the_rate_per_step_is_that_of_a_geometric_row():
    falling = 0.5 ** np.arange(30.0)[:, None] * np.array([1.0, 1.0, 1.0])
    growing = 1.25 ** np.arange(30.0)[:, None] * np.array([1.0, 1.0, 1.0])
    found = memory_back.Back({"rnn": falling, "lstm": falling, "lstm_c": growing, "gru": growing}, {})
    assert memory_stage._rates(found) == (
        "Vanilla RNN, h × 0.5; LSTM, h × 0.5; LSTM, c × 1.25; GRU, h × 1.25"
    )


def test_the_page_computes_nothing_before_the_gradients_are_there():
    settings = BackSettings()
    assert not memory_stage.BACK.stage(
        settings, memory_stage.BACK.display(), Context(), [Started(0.0, 1)]
    ).panels
    *events, done = memory_back.train(settings, Context())
    assert isinstance(done, Done)
    shares = [event.share for event in events if isinstance(event, Stepped)]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    whole = memory_back.back(settings).lengths
    for name, one in done.result.lengths.items():
        np.testing.assert_array_equal(one, whole[name])
    alone = memory_back.back(BackSettings(memory_back_networks=1)).lengths
    for name, one in alone.items():  # a network is blind to the others, in its group or another
        np.testing.assert_allclose(one[:, 0], whole[name][:, 0], rtol=1e-9)


def test_delays_are_told_one_by_one_and_the_states_are_the_last_ones():
    settings = DelaySettings(memory_delay_longest=4, memory_delay_updates=20, memory_delay_networks=2)
    *events, done = memory_delay.train(settings, Context())
    told = [event for event in events if isinstance(event, Evaluated)]
    measured = dict.fromkeys((event.epoch, *event.scores) for event in told)
    assert [epoch for epoch, *_cell in measured] == [1, 1, 1, 2, 2, 2, 4, 4, 4]
    assert isinstance(done, Done)
    assert done.result.delays == delays(settings) == (1, 2, 4)
    assert done.result.states["gru"].shape == (5, 16)
    assert done.result.read[0] in (1, 2, 3, 4)
    assert done.result.read[1:] == (0, 0, 0, 0)
    assert done.result.table()["median right"].between(0, 1).all()
