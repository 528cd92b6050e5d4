"""The Playground's network on another page: what is taken over, what is named, what is refused."""

import pytest

from lab.core.errors import LabError
from lab.topics.gradient_descent.network_settings import NetworkSettings
from lab.topics.playground.settings import Settings
from lab.ui.playground_address import sentence, settings_in, taken_over

ADDRESS = "http://localhost:8501/playground?"


@pytest.mark.parametrize(
    "form", [ADDRESS + "{}", "/playground?{}", "?{}", "{}", "  " + ADDRESS + "{}#top \n"]
)
def test_an_address_in_any_form_is_read(form):
    found = settings_in(form.format("data=spiral&hidden=8-8&learning_rate=0.1"))
    assert found == Settings(data="spiral", hidden=(8, 8), learning_rate=0.1)


def test_the_playgrounds_own_address_without_settings_means_its_defaults():
    assert settings_in(ADDRESS.rstrip("?")) == Settings()


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "hello",
        "http://[",
        "https://example.org/",
        "?lesson=3",
        "data",
        "\x00",
        "x" * 10_000,
        ADDRESS + "data=nonsense",
    ],
)
def test_garbage_is_refused_in_one_sentence(garbage):
    with pytest.raises(LabError) as fault:
        settings_in(garbage)
    said = str(fault.value)
    assert said.startswith("Address: expected the Playground's address")
    assert len(said) < 250
    assert "\n" not in said


def test_what_this_page_knows_is_taken_over_whole():
    theirs = Settings(
        data="moons", noise=0.1, hidden=(6, 5), activation="gelu", initial="he", seed=9, loss="cross_entropy",
        optimizer="rmsprop", learning_rate=0.003, epochs=8, batch_size=20,
    )  # fmt: skip
    values, missing = taken_over(theirs)
    mine = NetworkSettings().changed(**values)
    assert missing == []
    assert (mine.net_data, mine.net_noise, mine.net_hidden, mine.net_seed) == ("moons", 0.1, (6, 5), 9)
    assert (mine.net_activation, mine.net_initial, mine.net_loss) == ("gelu", "he", "cross_entropy")
    assert mine.net_optimizers == ("sgd", "momentum", "rmsprop", "adam")
    assert (mine.net_adaptive_rate, mine.net_rate) == (0.003, NetworkSettings().net_rate)
    assert mine.net_steps == 8 * 13  # 250 examples in batches of 20
    assert (mine.net_batch, mine.net_centre) == (20, "rmsprop")
    assert "its data and its first weights." in sentence(theirs, missing)


def test_what_it_does_not_know_is_named():
    theirs = Settings(
        data="plane", optimizer="adamw", l2=0.1, features=("x1", "x1^2"), epochs=300, batch_size=10
    )
    values, missing = taken_over(theirs)
    assert NetworkSettings().changed(**values).net_data == NetworkSettings().net_data
    said = sentence(theirs, missing)
    decay = "AdamW's weight decay of 0.1, here 0.01"
    for name in ("Plane (regression)", decay, "L2 rate", "Features", "here 500"):
        assert name in said
    assert "first weights" not in said


@pytest.mark.parametrize(
    "data", ["circle", "xor", "gauss", "spiral", "moons", "spiral3", "iris", "multi_gauss"]
)
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"])
def test_every_network_of_the_playground_gives_settings_that_are_valid(data, optimizer):
    theirs = Settings(
        data=data, optimizer=optimizer, hidden=(16,) * 6, learning_rate=10.0, epochs=0, batch_size=1000
    )
    values, _missing = taken_over(theirs)
    mine = NetworkSettings().changed(**values)
    assert mine.net_steps == 10
    assert optimizer in mine.net_optimizers
    assert mine.net_centre == optimizer
