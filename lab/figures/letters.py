"""Letters: what may come next, and what is thought after each."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from lab.core.labels import _
from lab.figures.chart import Bar, Figure, Heatmap
from lab.figures.theme import BLUE, figure

SHARES = [[0, "#f2f2f2"], [0.25, "#cfe3f1"], [0.5, "#86bcdf"], [1, BLUE]]
VISIBLE = {" ": "␣", "\n": "↵"}


def visible(letter: str) -> str:
    """Return a letter as it can be seen on an axis.

    Example:
        >>> visible(" ")
        '␣'
    """
    return VISIBLE.get(letter, letter)


def next_letter_figure(letters: Sequence[str], shares: Float[np.ndarray, " letter"]) -> Figure:
    """Return a bar for each of the likeliest letters, from the left; at most 20."""
    order = np.argsort(-shares, kind="stable")[:20]
    chart = figure(_("Next letter"), _("Probability"), hovermode="closest")
    chart.add_trace(
        Bar(
            x=[visible(letters[int(place)]) for place in order],
            y=shares[order],
            marker={"color": BLUE},
            name=_("probability"),
            hovertemplate="%{x}: %{y:.3f}<extra></extra>",
        )
    )
    chart.update_xaxes(type="category")
    chart.update_yaxes(range=[0, max(1.02 * float(shares.max()), 0.05)])
    return chart


def reading_figure(word: str, names: Sequence[str], shares: Float[np.ndarray, "letter name"]) -> Figure:
    """Return what is thought after each letter of a word: a row for each name, probabilities in the cells."""
    chart = figure(_("Read so far"), _("Language"), hovermode="closest", height=120 + 40 * len(names))
    chart.add_trace(
        Heatmap(
            x=[f"{place + 1} {visible(letter)}" for place, letter in enumerate(word)],
            y=list(names),
            z=shares.T.astype(np.float32),
            zmin=0,
            zmax=1,
            colorscale=SHARES,
            showscale=False,
            xgap=1,
            ygap=1,
            texttemplate="%{z:.2f}",
            hovertemplate=_("after %{x}: %{y} %{z:.3f}") + "<extra></extra>",
        )
    )
    chart.update_xaxes(type="category", showgrid=False)
    chart.update_yaxes(type="category", showgrid=False, autorange="reversed", title={"standoff": 10})
    return chart
