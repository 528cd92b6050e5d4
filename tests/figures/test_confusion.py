"""A confusion matrix can be read: every count in its cell, truth from the top down."""

from typing import Any

import numpy as np

from lab.figures.confusion import confusion_figure


def test_cells_hold_the_counts():
    counts = np.array([[5, 1], [0, 7]])
    chart: Any = confusion_figure(counts, ("benign", "malignant"))
    (cells,) = chart.data
    np.testing.assert_array_equal(cells.z, counts)
    assert list(cells.x) == list(cells.y) == ["benign", "malignant"]
    assert (cells.zmin, cells.zmax) == (0, 7)
    assert cells.texttemplate == "%{z}"
    assert chart.layout.yaxis.autorange == "reversed"
    assert (chart.layout.xaxis.title.text, chart.layout.yaxis.title.text) == ("Answer", "Truth")


def test_an_empty_matrix_still_has_a_scale():
    chart: Any = confusion_figure(np.zeros((3, 3), int), "abc")
    assert chart.data[0].zmax == 1


def test_shades_fall_in_lightness():
    from lab.figures.confusion import SHADES  # noqa: PLC0415

    def lightness(colour):
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    shades = [lightness(colour) for _place, colour in SHADES]
    assert shades == sorted(shades, reverse=True)
