"""Every challenge of the programs can be met, and is not met by accident."""

from functools import cache

import pytest

from lab.core.events import Done
from lab.core.lesson import Context
from lab.curriculum import experiment
from lab.topics.text_programs import LESSON

SOLUTIONS = {
    "noise-works": {"noise_rows": 500, "noise_rate": 0.003, "noise_epochs": 100, "noise_networks": 1},
    "noise-fails": {"noise_rate": 1.0, "noise_epochs": 3, "noise_networks": 2},
    "square-works": {
        "square_neurons": 2, "square_tanh_rate": 0.1, "square_networks": 1, "square_epochs": 300,
    },
    "square-fails": {
        "square_optimizer": "sgd", "square_rate": 5.0, "square_epochs": 20, "square_networks": 2,
    },
    "softmax-works": {
        "softmax_rate": 0.03, "softmax_epochs": 100, "softmax_batch": 1000, "softmax_networks": 1,
    },
    "softmax-fails": {
        "softmax_rate": 0.1, "softmax_epochs": 50, "softmax_batch": 1000, "softmax_networks": 3,
    },
    "tumours-work": {"tumour_neurons": 3, "tumour_rate": 0.01, "tumour_epochs": 50},
    "tumours-fail": {"tumour_rate": 0.0001, "tumour_epochs": 1},
    "convolution-works": {"convolution_filters": 8, "convolution_rate": 0.003, "convolution_epochs": 6},
    "convolution-fails": {
        "convolution_rate": 0.1, "convolution_epochs": 1, "convolution_batch": 500,
    },
    "dense-works": {"dense_images": 1000, "dense_epochs": 20, "dense_networks": 1},
    "dense-fails": {"dense_first": 1, "dense_networks": 1},
}  # fmt: skip
PLAIN = {  # the defaults, or what is like them and takes less time
    "text_programs/noise": {"noise_networks": 1},
    "text_programs/square": {"square_networks": 1, "square_epochs": 100},
    "text_programs/convolution": {"convolution_epochs": 1},
    "text_programs/softmax": {"softmax_networks": 1},
    "text_programs/dense": {"dense_networks": 1},
}


@cache
def plain(name):
    one = experiment(name)
    settings = one.settings(**PLAIN.get(name, {}))
    *events, done = one.train(settings, Context())
    assert isinstance(done, Done)
    return settings, events, done.result


def met(challenge, **values):
    one = experiment(challenge.experiment)
    settings = one.settings(**values)
    *events, done = one.train(settings, Context())
    assert isinstance(done, Done)
    return challenge.reached(settings, events, done.result)


@pytest.mark.parametrize("challenge", LESSON.challenges, ids=lambda one: one.id)
def test_a_challenge_can_be_met_but_not_by_doing_nothing(challenge):
    assert met(challenge, **SOLUTIONS[challenge.id])
    assert not challenge.reached(*plain(challenge.experiment))


def test_every_program_has_two():
    names = [challenge.experiment for challenge in LESSON.challenges]
    assert names == [one.name for one in LESSON.experiments for _twice in range(2)]
