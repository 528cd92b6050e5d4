"""The programs against a second loop of the text's own, scikit-learn and closed forms."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score, log_loss, precision_score, recall_score, roc_auc_score
from torch import nn

from lab.core.events import Done, Evaluated, Finished, Stepped
from lab.core.lesson import Context
from lab.core.settings import controls_of
from lab.data.digits import digits
from lab.topics.text_programs import (
    CONVOLUTION,
    DENSE,
    NOISE,
    SOFTMAX,
    SQUARE,
    TUMOURS,
    convolution,
    dense,
    images,
    noise,
    softmax,
    square,
    tumours,
)
from lab.topics.text_programs.programs import listing, thinned
from lab.ui.text_programs import CARDS


def run(experiment: Any, **values: Any) -> Any:
    *events, done = experiment.train(experiment.settings(**values), Context())
    assert isinstance(done, Done)
    return events, done.result


def last(events):
    return [event for event in events if isinstance(event, Evaluated)][-1].scores


def adam_by_hand(model, loss_of, steps, rate, epsilon):
    """Train in double precision by Kingma and Ba's own formulas, and return the model."""
    weights = list(model.parameters())
    first = [torch.zeros_like(one) for one in weights]
    second = [torch.zeros_like(one) for one in weights]
    for count, batch in enumerate(steps, start=1):
        gradients = torch.autograd.grad(loss_of(model, batch), weights)
        with torch.no_grad():
            for weight, gradient, m, v in zip(weights, gradients, first, second, strict=True):
                m.mul_(0.9).add_(0.1 * gradient)
                v.mul_(0.999).add_(0.001 * gradient**2)
                step = (m / (1 - 0.9**count)) / ((v / (1 - 0.999**count)).sqrt() + epsilon)
                weight.sub_(rate * step)
    return model


def orders(generator, examples, batch, epochs):
    for _epoch in range(epochs):
        yield from torch.randperm(examples, generator=generator).split(batch)


def test_text_1_learns_nine_tenths_of_its_rows_as_printed():
    events, _result = run(NOISE, noise_epochs=2, noise_networks=2, noise_neurons=20, noise_rows=200)
    generator = torch.Generator().manual_seed(1001)
    inputs, labels = noise.random_rows(200, generator)
    model = noise.with_first_weights(lambda: noise.network(10, 20), "keras", generator).double()
    inputs = inputs.double()
    ours = adam_by_hand(
        model,
        lambda net, batch: -torch.log_softmax(net(inputs[batch]), 1)[range(len(batch)), labels[batch]].mean(),
        orders(generator, 180, 32, 2),
        rate=0.001,
        epsilon=1e-7,
    )
    p = torch.softmax(ours(inputs), dim=1).detach().numpy()
    for name, part in {"train": slice(180), "held": slice(180, 200), "all": slice(200)}.items():
        told = {key: last(events)[f"random_{name}_{key}"][1] for key in ("loss", "accuracy")}
        assert told["loss"] == pytest.approx(log_loss(labels[part].numpy(), p[part]), rel=1e-4)
        assert told["accuracy"] == pytest.approx(accuracy_score(labels[part].numpy(), p[part].argmax(1)))


def test_text_1s_other_question_is_asked_of_real_digits():
    pixels, odd = noise.even_or_odd(1000, 5)
    whole = digits(8, train_share=1.0, seed=5)
    np.testing.assert_array_equal(odd.numpy(), whole.train_labels[:1000] % 2)
    np.testing.assert_allclose(pixels.numpy(), whole.train_images[:1000].reshape(1000, 64) / 16)
    assert len(noise.even_or_odd(4000, 5)[0]) == 1797


PRINTED = [
    ("noise_rows", 1000, 4), ("noise_neurons", 128, 4), ("noise_batch", 32, 4),
    ("square_points", 100, 4), ("square_epochs", 1000, 4), ("square_batch", 32, 4),
    ("softmax_batch", 32, 4), ("tumour_neurons", 64, 4), ("tumour_batch", 32, 4),
    ("convolution_filters", 32, 2), ("convolution_neurons", 128, 4), ("convolution_batch", 32, 4),
    ("convolution_epochs", 10, 4), ("dense_first", 128, 4), ("dense_second", 64, 4), ("dense_epochs", 10, 4),
]  # fmt: skip


@pytest.mark.parametrize(("name", "printed", "times"), PRINTED)
def test_a_slider_stops_at_what_the_text_prints_and_goes_far_beyond(name, printed, times):
    (settings,) = [
        card.experiment.settings for card in CARDS.values() if name in card.experiment.settings.model_fields
    ]
    control: Any = controls_of(settings)[name]
    stops = control.stops()
    assert getattr(settings(), name) == printed
    assert printed in stops
    assert stops[0] <= printed / 4
    assert stops[-1] >= times * printed


@pytest.mark.parametrize(("kind", "rate"), [("line", 0.001), ("tanh", 0.01)])
def test_text_2_is_trained_as_printed(kind, rate):
    events, _result = run(SQUARE, square_epochs=20, square_networks=1)
    generator = torch.Generator().manual_seed(1000)
    x = torch.rand(100, 1, generator=generator)
    shape = square.two_linear_neurons if kind == "line" else lambda: square.one_tanh_layer(8)
    model = square.with_first_weights(shape, "keras", generator).double()
    x = x.double()
    ours = adam_by_hand(
        model,
        lambda net, batch: ((net(x[batch]) - x[batch] ** 2) ** 2).mean(),
        orders(generator, 100, 32, 20),
        rate=rate,
        epsilon=1e-7,
    )
    assert last(events)[f"{kind}_loss"][0] == pytest.approx(((ours(x) - x**2) ** 2).mean().item(), rel=1e-4)
    at = ours(torch.linspace(0, 1, 21, dtype=torch.float64)[:, None])[:, 0].detach().numpy()
    told = [last(events)[f"{kind}_at/{k}"][0] for k in range(21)]
    np.testing.assert_allclose(told, at, atol=1e-4)


def test_the_best_line_is_numpys_and_its_error_a_180th():
    x = torch.rand(100, 1, generator=torch.Generator().manual_seed(3))
    given = x.double().numpy()[:, 0]
    line = np.polyval(np.polyfit(given, given**2, 1), given)
    assert square.least_loss(x) == pytest.approx(np.mean((line - given**2) ** 2), rel=1e-6)
    fine = (np.arange(100_000) + 0.5) / 100_000
    np.testing.assert_allclose(np.polyfit(fine, fine**2, 1), [1, -1 / 6], atol=1e-6)
    assert np.mean((fine - 1 / 6 - fine**2) ** 2) == pytest.approx(square.LEAST_LOSS, rel=1e-6)


def test_a_hundred_moments_and_the_last_epoch_are_told():
    events, _result = run(SQUARE, square_epochs=205, square_networks=1, square_points=10)
    epochs = [event.epoch for event in events if isinstance(event, Evaluated)]
    assert epochs == [*range(0, 205, 2), 205]
    assert [*thinned(iter([Finished("epochs", 205.0)]), 2)] == [Finished("epochs", 205.0)]


@pytest.mark.parametrize("variant", softmax.VARIANTS)
def test_text_3_is_trained_as_printed(variant):
    events, _result = run(SOFTMAX, softmax_epochs=3, softmax_networks=2, softmax_batch=500)
    generator = torch.Generator().manual_seed(1001)
    small = digits(8)
    inputs, test = (
        torch.from_numpy(i.reshape(len(i), 64)).double() / 16 for i in (small.train_images, small.test_images)
    )
    labels = torch.from_numpy(small.train_labels)
    keras = variant == "keras"
    sizes = [64, 64, 32, 10] if keras else [64, 32, 10]
    layers = [nn.Linear(n, m) for n, m in pairwise(sizes)]
    between = [one for layer in layers for one in (layer, nn.ReLU())][:-1]
    model = softmax.with_first_weights(
        lambda: nn.Sequential(*between), "keras" if keras else "torch", generator
    ).double()
    last_step = torch.nn.Softmax(1) if variant == "printed" else nn.Identity()
    batches = variant in ("keras", "batches")
    every = orders(generator, 1437, 500, 3) if batches else [torch.arange(1437)] * 3
    ours = adam_by_hand(
        model,
        lambda net, batch: nn.functional.cross_entropy(last_step(net(inputs[batch])), labels[batch]),
        every,
        rate=0.001,
        epsilon=1e-7 if variant in ("keras", "batches") else 1e-8,
    )
    z = ours(test)
    expected = nn.functional.cross_entropy(last_step(z), torch.from_numpy(small.test_labels)).item()
    assert last(events)[f"{variant}_test_loss"][1] == pytest.approx(expected, rel=1e-4)
    right = accuracy_score(small.test_labels, z.argmax(dim=1).numpy())
    assert last(events)[f"{variant}_test_accuracy"][1] == pytest.approx(right, abs=2 / 360)


def test_two_softmaxes_cannot_do_better_than_their_floor():
    best = torch.eye(10, dtype=torch.float64)
    assert nn.functional.cross_entropy(best, torch.arange(10)).item() == pytest.approx(softmax.LEAST_LOSS)


def test_text_4s_scores_are_scikit_learns():
    events, result = run(TUMOURS, tumour_epochs=3, tumour_networks=3)
    display = tumours.TumourDisplay(tumour_threshold=0.3)
    told = tumours.scores_of_test(result, display.tumour_threshold)
    for network, (truth, p) in enumerate(zip(result.malignant, result.probabilities, strict=True)):
        said = p >= 0.3
        expected = {
            "accuracy": accuracy_score(truth, said),
            "precision": precision_score(truth, said),
            "recall": recall_score(truth, said),
            "f1": f1_score(truth, said),
            "area": roc_auc_score(truth, p),
        }
        assert {name: told[name][network] for name in told} == pytest.approx(expected)
        assert last(events)["test_loss"][network] == pytest.approx(log_loss(truth, p), rel=1e-4)
        assert last(events)["test_accuracy"][network] == pytest.approx(accuracy_score(truth, p >= 0.5))
    frame = tumours.summary(result, display)
    assert frame.iloc[4, 1] == f"{told['area'][0]:.3f}"
    assert frame.iloc[2, 3] == f"{np.median(told['recall']):.1%}".replace("%", " %")


def test_text_4s_split_holds_a_fifth_back_and_scales_by_the_rest():
    one, raw = tumours.split(7, standard=True), tumours.split(7, standard=False)
    assert (len(one.inputs), len(one.test_inputs)) == (455, 114)
    assert int(one.targets.sum() + one.test_targets.sum()) == 212
    torch.testing.assert_close(one.inputs.mean(0), torch.zeros(10), atol=1e-5, rtol=0)
    scaled = (raw.test_inputs - raw.inputs.mean(0)) / raw.inputs.std(0, unbiased=False)
    torch.testing.assert_close(one.test_inputs, scaled, rtol=1e-3, atol=1e-3)


def test_text_4s_images_and_text_5s_are_trained_as_printed():
    for experiment, values, library, shape, standard, epsilon in (
        (CONVOLUTION, {"convolution_epochs": 1, "convolution_images": 200}, "keras",
         lambda: convolution.network(32, 128), False, 1e-7),
        (DENSE, {"dense_epochs": 1, "dense_images": 200, "dense_networks": 1}, "torch",
         lambda: dense.Net(128, 64), True, 1e-8),
    ):  # fmt: skip
        events, result = run(experiment, **values)
        generator = torch.Generator().manual_seed(1 if experiment is CONVOLUTION else 1000)
        kind: Any = library
        (pixels, labels), (test, truth) = images.examples(standard=standard)
        rows = (lambda a: a[:, None]) if experiment is CONVOLUTION else (lambda a: a.flatten(1))
        pixels, test = rows(pixels).double(), rows(test).double()
        model = convolution.with_first_weights(shape, kind, generator).double()
        ours = adam_by_hand(
            model,
            lambda net, batch, x=pixels, y=labels: nn.functional.cross_entropy(net(x[batch]), y[batch]),
            orders(generator, 200, 32 if experiment is CONVOLUTION else 64, 1),
            rate=0.001,
            epsilon=epsilon,
        )
        z = ours(test).detach().numpy()
        np.testing.assert_allclose(result.scores[0], z, atol=1e-3)
        right = accuracy_score(truth.numpy(), z.argmax(axis=1))
        assert last(events)["test_accuracy"][0] == pytest.approx(right, abs=0.002)


def test_a_long_epoch_tells_how_far_it_is():
    events, _result = run(CONVOLUTION, convolution_filters=1, convolution_epochs=2, convolution_images=1000)
    shares = [event.share for event in events if isinstance(event, Stepped)]
    assert len(shares) == 8
    assert shares == sorted(shares)


def test_an_overflow_is_named_in_the_outcome():
    values = {"square_optimizer": "sgd", "square_rate": 5.0, "square_epochs": 30, "square_networks": 1}
    events, result = run(SQUARE, **values)
    assert not np.isfinite(last(events)["line_loss"]).any()
    assert square.summary(result).iloc[1, 1] == "overflow"


@pytest.mark.parametrize("name", CARDS)
def test_the_listing_is_the_code_that_runs_and_can_be_read_on_its_own(name):
    text = listing(*CARDS[name].listed)
    compile(text, name, "exec")
    assert 25 <= len(text.splitlines()) <= 65
    assert max(map(len, text.splitlines())) <= 68
    assert "loss.backward()" in text
    assert "optimizer.step()" in text
