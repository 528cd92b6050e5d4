"""What is shown of a look: the image, a map for each method, and the sanity check."""

import numpy as np
import pandas as pd

from lab.core.labels import _
from lab.core.lesson import Context
from lab.core.stage import Panel, Stage
from lab.figures.attributions import agreement_figure, pixel_figure
from lab.topics.cnn.display import METHODS, Display
from lab.topics.cnn.looks import Look, Sanity, look, sanity
from lab.topics.cnn.settings import Settings
from lab.topics.cnn.trained import Trained

NEVER_NEGATIVE = ("saliency", "grad_cam")


def looks_stage(settings: Settings, display: Display, context: Context, result: Trained) -> Stage:
    """Return the panels; all is computed from the run's weights."""
    if result.overflow[0]:
        return Stage(notes=(_("This network overflowed: it looks at nothing. Choose a smaller rate."),))
    shown = look(settings, display, context, result)
    panels = [_image_panel(shown), *(_map_panel(shown, name) for name in shown.maps)]
    if display.look_check:
        checked = sanity(settings, display, context, result, shown)
        panels += [_check_panel(checked, shown), *(_random_panel(checked, name) for name in checked.maps)]
    return Stage(panels=tuple(panels), notes=_notes(shown))


def _notes(shown: Look) -> tuple[str, ...]:
    said = _("The network says {answer}, with probability {sure:.3f}; the image shows {truth}.")
    notes = [said.format(answer=shown.answer, sure=shown.probability, truth=shown.truth)]
    if "integrated_gradients" in shown.maps:
        total = float(shown.maps["integrated_gradients"].sum())
        text = _(
            "Integrated gradients add up to {total:.3f}; score of the image minus score of black: {gap:.3f}."
        )
        notes.append(text.format(total=total, gap=shown.gap))
    return tuple(notes)


def _image_panel(shown: Look) -> Panel:
    alt = _("A test image of the digit {truth}, which the network takes for {answer}.")
    chart = pixel_figure(shown.image, signed=False, unit=_("spreads"))
    told = alt.format(truth=shown.truth, answer=shown.answer)
    return Panel("look_image", _("The image: a {truth}").format(truth=shown.truth), told, chart)


def _map_panel(shown: Look, method: str) -> Panel:
    values = shown.maps[method]
    row, column = np.unravel_index(int(np.abs(values).argmax()), values.shape)
    chart = pixel_figure(values, signed=True, outline=shown.image, unit=_("score"))
    alt = _(
        "{method} of the score of {label}: the strongest is row {row}, column {column} with {most:.3g}. "
        "{corner:.0%} of all contributions lie in the corner of the mark."
    ).format(
        method=METHODS[method],
        label=shown.label,
        row=row,
        column=column,
        most=values[row, column],
        corner=np.nan_to_num(shown.corner[method]),
    )
    return Panel(f"look_{method}", METHODS[method], alt, chart)


def _check_panel(checked: Sanity, shown: Look) -> Panel:
    chart = agreement_figure(checked.correlations, checked.rows, [METHODS[name] for name in shown.maps])
    last = dict(zip(shown.maps, checked.correlations[-1], strict=True))
    told = ", ".join(f"{METHODS[name]} {value:.2f}" for name, value in last.items())
    alt = _("Rank correlation with the trained network's map once no layer knows anything: {told}.")
    return Panel("look_check", _("How alike the maps stay"), alt.format(told=told), chart)


def _random_panel(checked: Sanity, method: str) -> Panel:
    title = _("{method}, all weights random").format(method=METHODS[method])
    alt = _("{method} of a network of the same shape that has learned nothing.").format(
        method=METHODS[method]
    )
    return Panel(f"random_{method}", title, alt, pixel_figure(checked.maps[method], signed=True))


def looks_table(shown: Look) -> pd.DataFrame:
    """Return one row per method: what its contributions add up to, and the share of the corner."""
    return pd.DataFrame(
        {
            _("method"): [METHODS[name] for name in shown.maps],
            _("sum of contributions"): [float(one.sum()) for one in shown.maps.values()],
            _("largest"): [float(one.max()) for one in shown.maps.values()],
            _("smallest"): [float(one.min()) for one in shown.maps.values()],
            _("share in the corner"): list(shown.corner.values()),
        }
    )
