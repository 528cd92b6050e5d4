"""Shifts against scipy's to the last bit, turns against scipy's up to rounding, noise by its spread."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from lab.training.augmentation import Augmentation, rotated, shifted


def images(count, side, seed=0):
    return torch.rand(count, 1, side, side, generator=torch.Generator().manual_seed(seed))


@given(side=st.integers(2, 12), seed=st.integers(0, 99), data=st.data())
@settings(deadline=None)
def test_shifts_are_scipys(side, seed, data):
    given_images = images(5, side, seed)
    reach = st.integers(-side - 2, side + 2)
    steps = data.draw(st.lists(st.tuples(reach, reach), min_size=5, max_size=5))
    found = shifted(given_images, torch.tensor(steps), -0.5)
    for image, moved, step in zip(given_images[:, 0].numpy(), found[:, 0].numpy(), steps, strict=True):
        wanted = ndimage.shift(image, step, order=0, mode="constant", cval=-0.5, prefilter=False)
        np.testing.assert_array_equal(moved, wanted)


@pytest.mark.parametrize("degrees", [-45.0, -7.5, 0.0, 10.0, 30.0])
def test_turns_are_scipys(degrees):
    given_images = torch.zeros(1, 1, 28, 28)
    given_images[..., 6:22, 6:22] = images(1, 16)
    found = rotated(given_images - 0.5, torch.tensor([degrees]), -0.5)
    # scipy turns from the first axis to the second: with y pointing down that is counter-clockwise too
    wanted = ndimage.rotate(given_images[0, 0].numpy(), degrees, reshape=False, order=1)
    np.testing.assert_allclose(found[0, 0].numpy() + 0.5, wanted, atol=1e-5)


def test_quarter_turns_are_exact():
    given_images = images(4, 9)
    for quarters in range(4):
        found = rotated(given_images, torch.full((4,), 90.0 * quarters), 0.0)
        wanted = torch.rot90(given_images, quarters, (2, 3))
        torch.testing.assert_close(found, wanted, atol=2e-6, rtol=0)


def test_noise_has_the_asked_spread_and_shifts_reach_both_ends_evenly():
    plain = torch.zeros(400, 1, 9, 9)
    noisy = Augmentation(noise=0.3).applied(plain, 0.0, torch.Generator().manual_seed(1))
    assert float(noisy.std()) == pytest.approx(0.3, rel=0.02)
    assert float(noisy.mean()) == pytest.approx(0, abs=0.01)
    dot = plain.clone()
    dot[:, 0, 4, 4] = 1
    moved = Augmentation(shift=2).applied(dot, 0.0, torch.Generator().manual_seed(1))
    places = moved.flatten(1).argmax(dim=1)
    for axis in (places // 9 - 4, places % 9 - 4):
        counts = torch.bincount(axis + 2, minlength=5)
        assert counts.tolist() == pytest.approx([80] * 5, abs=25)


def test_it_draws_from_its_generator_alone_and_leaves_the_images_unchanged():
    before, given_images = torch.get_rng_state(), images(6, 8)
    kept = given_images.clone()
    change = Augmentation(1, 20.0, 0.1)
    one, other = (change.applied(given_images, 0.0, torch.Generator().manual_seed(seed)) for seed in (4, 4))
    assert torch.equal(one, other)
    assert not torch.equal(one, change.applied(given_images, 0.0, torch.Generator().manual_seed(5)))
    assert torch.equal(given_images, kept)
    assert torch.equal(before, torch.get_rng_state())
    assert Augmentation().applied(given_images, 0.0, torch.Generator()) is given_images
