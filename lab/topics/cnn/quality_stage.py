"""What is shown of how good the network is."""

import numpy as np

from lab.core.labels import _
from lab.core.lesson import Context
from lab.core.stage import Panel, Stage
from lab.figures.chart import Scatter
from lab.figures.confusion import confusion_figure
from lab.figures.theme import BLUE, ORANGE, figure
from lab.figures.tiles import in_rows, tile_at, tiles_figure
from lab.topics.cnn.display import Display
from lab.topics.cnn.images import images_of
from lab.topics.cnn.quality import Answers, answers_of, calibration
from lab.topics.cnn.settings import Settings
from lab.topics.cnn.trained import Trained

NAMES = (_("convolutional"), _("dense"))
LOOKS = ((BLUE, "solid", "circle"), (ORANGE, "dash", "diamond"))
COLUMNS = 4
WORST = "worst"


def quality_stage(settings: Settings, display: Display, context: Context, result: Trained) -> Stage:
    """Return confusion matrix, worst mistakes, calibration and shifts of the finished run."""
    if result.overflow[0]:
        return Stage(notes=(_("This network overflowed: its answers mean nothing. Choose a smaller rate."),))
    answers = answers_of(result)
    panels = [_confusion_panel(answers), _shift_panel(result), _calibration_panel(result)]
    if answers.worst().size:
        panels.insert(1, _worst_panel(settings, context, answers))
    return Stage(panels=tuple(panels), notes=_notes(result, answers))


def _notes(result: Trained, answers: Answers) -> tuple[str, ...]:
    wrong = int((answers.labels != answers.answers).sum())
    text = _("{right:.1%} of {count} test images are read rightly; {wrong} are not.")
    return (text.format(right=answers.accuracy, count=len(answers.labels), wrong=wrong),)


def _confusion_panel(answers: Answers) -> Panel:
    counts = answers.counts()
    wrong = counts - np.diag(np.diag(counts))
    truth, answer = np.unravel_index(int(wrong.argmax()), wrong.shape)
    alt = _("Of {count} test images, {right} lie on the diagonal.").format(
        count=counts.sum(), right=int(np.trace(counts))
    )
    if wrong.any():
        text = _(" The most frequent mistake takes {truth} for {answer}, {times} times.")
        alt += text.format(truth=truth, answer=answer, times=wrong[truth, answer])
    chart = confusion_figure(counts, [str(digit) for digit in range(len(counts))])
    return Panel("confusion", _("Which digit is taken for which"), alt, chart)


def _worst_panel(settings: Settings, context: Context, answers: Answers) -> Panel:
    """Return the surest mistakes as pictures; what was said stands under each."""
    places = answers.worst()
    images = images_of(settings, context).test[places, 0].cpu().numpy()
    sheet = in_rows(images, COLUMNS)
    chart = tiles_figure(
        sheet,
        [str(COLUMNS * row + 1) for row in range(len(sheet))],
        [""] * COLUMNS,
        x_title=_("shown → said, how sure"),
        y_title=_("Mistake"),
        grey=True,
    )
    side = images.shape[-1] + 1
    said = [
        f"{answers.labels[place]} → {answers.answers[place]}, {answers.sure[place]:.0%}" for place in places
    ]
    chart.update_layout(
        meta={"pick": WORST},
        dragmode=False,
        annotations=[
            {
                "x": side * (number % COLUMNS) + side / 2 - 1,
                "y": side * (number // COLUMNS) + side - 2.2,
                "text": text,
                "showarrow": False,
                "font": {"size": 11, "color": "#ffffff"},
                "bgcolor": "rgba(20,24,32,0.75)",
            }
            for number, text in enumerate(said)
        ],
    )
    alt = _("The {count} mistakes of which the network is surest, shown → said: {said}.")
    title = _("The surest mistakes: click one to look inside")
    return Panel(WORST, title, alt.format(count=len(said), said="; ".join(said)), chart)


def mistake_at(x: float, y: float, settings: Settings, result: Trained) -> int | None:
    """Return the number, from 1, of the test image at a place among the surest mistakes, if there is one."""
    places = answers_of(result).worst()
    found = tile_at(x, y, (len(places), settings.side, settings.side), COLUMNS)
    return None if found is None else int(places[found[0]]) + 1


def _shift_panel(result: Trained) -> Panel:
    chart = figure(_("Shift (pixels)"), _("Test accuracy (%)"))
    for name, (colour, dash, symbol), shares in zip(NAMES, LOOKS, result.shifted, strict=False):
        chart.add_trace(
            Scatter(
                x=list(result.shifts),
                y=100 * shares,
                name=name,
                mode="lines+markers",
                line={"color": colour, "dash": dash, "width": 2.5},
                marker={"symbol": symbol, "size": 8},
                hovertemplate="%{y:.1f} %",
            )
        )
    chart.update_yaxes(range=[0, 101])
    chart.update_xaxes(dtick=1)
    told = "; ".join(
        f"{name} {shares[0]:.1%} → {shares[-1]:.1%}"
        for name, shares in zip(NAMES, result.shifted, strict=False)
    )
    alt = _("Accuracy without a shift and after {most} pixels, a quarter of the images each way: {told}.")
    title = _("What a shift of the images does")
    return Panel("shifts", title, alt.format(most=result.shifts[-1], told=told), chart)


def _calibration_panel(result: Trained) -> Panel:
    chart = figure(_("Probability the network gives its answer"), _("Share that is right"))
    line = {"color": "#7f7f7f", "dash": "dot", "width": 1.5}
    chart.add_trace(Scatter(x=[0, 1], y=[0, 1], name=_("honest"), mode="lines", line=line, hoverinfo="skip"))
    told = []
    for number, (name, (colour, dash, symbol)) in enumerate(zip(NAMES, LOOKS, strict=True)):
        if number >= len(result.scores) or result.overflow[number]:
            continue
        bins = calibration(answers_of(result, number))
        known = bins.count > 0
        chart.add_trace(
            Scatter(
                x=bins.sure[known],
                y=bins.right[known],
                name=name,
                mode="lines+markers",
                line={"color": colour, "dash": dash, "width": 2},
                marker={"symbol": symbol, "size": 5 + 3 * np.log10(bins.count[known])},
                customdata=bins.count[known],
                hovertemplate=_("%{y:.2f} of %{customdata} images"),
            )
        )
        told.append(f"{name} {bins.error:.3f}")
    chart.update_xaxes(range=[0, 1.02])
    chart.update_yaxes(range=[-0.02, 1.05])
    alt = _("How often answers are right, by how sure the network is of them. Mean distance: {told}.")
    return Panel("calibration", _("Is it as sure as it should be?"), alt.format(told="; ".join(told)), chart)
