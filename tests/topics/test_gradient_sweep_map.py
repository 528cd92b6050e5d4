"""The map of rate and momentum: every pair has a colour of the scale, or a name of its own."""

import numpy as np
import pytest

from lab.topics.gradient_descent.map_stage import DECADES, MAP, lands_of
from lab.topics.gradient_descent.sweep_settings import MapDisplay, SweepSettings
from tests.topics.test_gradient_sweep import mapped, panels


@pytest.mark.parametrize("surface", ["bowl", "regression", "kink", "rastrigin"])
@pytest.mark.parametrize("colour", ["loss", "steps"])
def test_every_pair_of_the_map_has_a_colour_or_a_name(surface, colour):
    chosen = SweepSettings(sweep_surface=surface, sweep_steps=300)
    display, told = MapDisplay(sweep_colour=colour), mapped(sweep_surface=surface, sweep_steps=300)
    lands = lands_of(chosen, display, told)
    kinds = np.stack([np.isfinite(lands.colours), *lands.layers.values()]).sum(axis=0)
    np.testing.assert_array_equal(kinds, 1)
    assert not (lands.colours < lands.ends[0] - 1e-12).any()
    if colour == "loss":
        low = told.gaps <= told.start * 10.0**-DECADES
        assert lands.floored == low.any()
        np.testing.assert_allclose(lands.colours[low], np.log10(told.start) - DECADES)
        above = np.isfinite(lands.colours) & ~low
        np.testing.assert_allclose(10 ** lands.colours[above], told.gaps[above])
    ticks = panels(MAP, chosen, display)[0]["sweep-map"].figure.data[0].colorbar.ticktext
    assert bool(ticks) == lands.floored
    if lands.floored:
        assert ticks[0] == f"≤ {lands.ends[0]:.3g}"


def test_the_best_cells_on_real_patients_are_painted():
    told = mapped(sweep_surface="regression", sweep_steps=200)
    lands = lands_of(SweepSettings(sweep_surface="regression", sweep_steps=200), MapDisplay(), told)
    reached = told.gaps <= 0
    assert reached.sum() >= 10
    assert np.isfinite(lands.colours[reached]).all()
