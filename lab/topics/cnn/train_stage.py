"""What is shown of the run while it goes on and in the part about training: curves, filters, images."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from lab.core.events import Diverged, Event, Framed
from lab.core.labels import _
from lab.core.lesson import Context
from lab.core.stage import Panel, Stage
from lab.figures.learning import Curve, learning_figure
from lab.figures.theme import BLUE, ORANGE
from lab.figures.tiles import tiles_figure
from lab.models.convnet import twin_width
from lab.tables.history import Scores, scores
from lab.topics.cnn.display import Display
from lab.topics.cnn.images import augmentation_of, images_of
from lab.topics.cnn.settings import Settings
from lab.topics.cnn.trained import TARGET, Trained

NETWORKS = (_("convolutional"), _("dense"))
LOOKS = ((BLUE, "solid"), (ORANGE, "dash"))
MOST_FILTERS, MOST_MOMENTS = 16, 5
FACTORS = (1, 2, 5, 10, 20, 50)
SHOWN_ROWS, SHOWN_COLUMNS = 4, 6


def train_stage(
    settings: Settings,
    display: Display,
    context: Context,
    events: Sequence[Event],
    result: Trained | None = None,
) -> Stage:
    """Return accuracy, loss, the first block's filters as they form, and some training images."""
    measured = scores(events)
    if not measured.values:
        return Stage()
    panels = [_accuracy_panel(measured), _loss_panel(measured)]
    frames = [event for event in events if isinstance(event, Framed)]
    if frames:
        panels.append(_filter_panel(settings, frames))
    if result is not None:
        panels.append(_image_panel(settings, context))
    return Stage(panels, notes=[*_sizes(settings), *_outcome(settings, result), *_overflows(events)])


def _curves(measured: Scores, score: str, factor: float) -> list[Curve]:
    """Return the test curve of each network, then what it did on the batches it learned from."""
    found: list[Curve] = []
    for part, name in (("test", _("test")), ("train", _("training batches"))):
        values = factor * measured.values[f"{part}_{score}"]
        for network, (colour, dash) in zip(range(values.shape[1]), LOOKS, strict=False):
            label = f"{NETWORKS[network]}, {name}"
            thin = part == "train"
            found.append(Curve(label, values[:, network], colour, "dot" if thin else dash, thin))
    return found


def _accuracy_panel(measured: Scores) -> Panel:
    curves = _curves(measured, "accuracy", 100)
    target = (f"{TARGET:.0%}", 100 * TARGET)
    chart = learning_figure(measured.epochs, curves, y_title=_("Accuracy (%)"), target=target)
    chart.update_yaxes(range=[_floor(curves), 100.5])
    return Panel(
        "accuracy",
        _("Accuracy on test images (dotted: training batches)"),
        _spoken(measured, "test_accuracy", "{:.1%}"),
        chart,
    )


def _floor(curves: Sequence[Curve]) -> float:
    """Return where the axis begins: below all that was measured after the first moment."""
    later = np.concatenate([one.values[1:] for one in curves])
    known = later[np.isfinite(later)]
    return float(np.clip(10 * np.floor((known.min() - 5) / 10), 0, 80)) if known.size else 0.0


def _loss_panel(measured: Scores) -> Panel:
    curves = _curves(measured, "loss", 1)
    chart = learning_figure(measured.epochs, curves, y_title=_("Cross-entropy (nats)"), log=True)
    return Panel(
        "loss",
        _("Loss on test images (dotted: training batches)"),
        _spoken(measured, "test_loss", "{:.3f} nats"),
        chart,
    )


def _spoken(measured: Scores, score: str, form: str) -> str:
    values = measured.values[score]
    said = "; ".join(
        f"{NETWORKS[network]} {_number(form, first)} → {_number(form, last)}"
        for network, (first, last) in enumerate(zip(values[0], values[-1], strict=True))
    )
    text = _("On the test images, from before training to epoch {epoch}: {said}.")
    return text.format(epoch=_moment(measured.epochs[-1]), said=said)


def _number(form: str, value: float) -> str:
    return form.format(value) if np.isfinite(value) else _("overflow")


def _filter_panel(settings: Settings, frames: Sequence[Framed]) -> Panel:
    """Return the first block's filters at some moments up to now, a row for each."""
    chosen = [frames[place] for place in _spread(len(frames), MOST_MOMENTS)]
    kernel, channels = int(settings.kernel), settings.channels1
    images = np.stack([one.parameters.reshape(channels, kernel, kernel) for one in chosen])
    names = [_moment(one.epoch) for one in chosen]
    change, factor = _change(images)
    if len(chosen) > 1:
        images = np.concatenate([images, factor * (images[-1:] - images[:1])])
        names.append(_("change x{factor}").format(factor=factor))
    shown = images[:, :MOST_FILTERS]
    columns = [str(number + 1) for number in range(shown.shape[1])]
    chart = tiles_figure(shown, names, columns, x_title=_("Filter of block 1"), y_title=_("Epoch"))
    alt = _(
        "Weights of {shown} of {channels} filters, one row per moment from the first weights to epoch "
        "{epoch}, then what has changed: blue above zero, orange below. The change is {change} as long as "
        "the first weights."
    )
    text = alt.format(
        shown=shown.shape[1],
        channels=channels,
        epoch=_moment(chosen[-1].epoch),
        change=_number("{:.0%}", change),
    )
    return Panel("filters", _("The first filters as they form"), text, chart)


def _moment(epoch: float) -> str:
    """Return an epoch as it is read: batches seldom divide the images into exact quarters.

    Example:
        >>> _moment(0.248), _moment(12.0)
        ('0.25', '12')
    """
    return f"{round(epoch, 2):g}"


def _change(images: Float[np.ndarray, "moment filter y x"]) -> tuple[float, int]:
    """Return how long the change of all filters is against the first ones, and what makes it visible."""
    with np.errstate(over="ignore", invalid="ignore"):
        moved = images[-1] - images[0]
        share = float(np.linalg.norm(moved) / np.linalg.norm(images[0]))
        fitting = [factor for factor in FACTORS if factor * np.abs(moved).max() <= np.abs(images).max()]
    return share, max(fitting, default=1)


def _spread(count: int, most: int) -> list[int]:
    """Return at most `most` places of `count`, evenly spread, the first and the last among them.

    Example:
        >>> _spread(9, 4)
        [0, 3, 5, 8]
    """
    return sorted(set(np.linspace(0, count - 1, min(count, most)).round().astype(int).tolist()))


def _image_panel(settings: Settings, context: Context) -> Panel:
    """Return some training images as a step gets them; each is changed anew in every epoch."""
    images = images_of(settings, context)
    chosen = _shown_images(settings, images.train_labels)
    labels = images.train_labels[chosen].tolist()
    generator = torch.Generator().manual_seed(settings.seed)
    change = augmentation_of(settings, images)
    changed = change.applied(images.train[chosen], images.black, generator)
    shares = ((changed - images.black) / (images.white - images.black)).cpu().numpy()
    chart = tiles_figure(
        shares.reshape(SHOWN_ROWS, SHOWN_COLUMNS, settings.side, settings.side),
        [str(row + 1) for row in range(SHOWN_ROWS)],
        [str(number + 1) for number in range(SHOWN_COLUMNS)],
        x_title=_("Image of the row"),
        y_title=_("Row"),
        grey=True,
    )
    alt = _("{count} of {all:,} training images{how}. They show {labels}.").format(
        count=len(labels), all=len(images.train), how=_how(settings), labels=", ".join(map(str, labels))
    )
    return Panel("images", _("Training images, as a step gets them"), alt, chart)


def _shown_images(settings: Settings, labels: Int64[Tensor, " image"]) -> Int64[Tensor, " shown"]:
    """Return which images are shown: the first ones, and before them some of a marked class."""
    everyone = torch.arange(len(labels))
    if settings.shortcut:
        marked = everyone[labels.cpu() == settings.shortcut_class][:SHOWN_COLUMNS]
        everyone = torch.cat([marked, everyone])
    return everyone[: SHOWN_ROWS * SHOWN_COLUMNS]


def _how(settings: Settings) -> str:
    """Return in words how the images are changed."""
    ways = (
        (settings.shift, _("shifted by up to {amount} pixels").format(amount=settings.shift)),
        (settings.rotate, _("turned by up to {amount:g} degrees").format(amount=settings.rotate)),
        (settings.noise, _("with noise of {amount:.0%} of full brightness").format(amount=settings.noise)),
        (settings.shortcut, _("each {digit} marked in the corner").format(digit=settings.shortcut_class)),
    )
    said = [words for used, words in ways if used]
    return ", " + ", ".join(said) if said else _(", as they are")


def _sizes(settings: Settings) -> list[str]:
    """Return how large the networks are and what an image costs."""
    network = settings.architecture()
    said = _(
        "{parameters:,} parameters; {adds:,} multiply-adds per image forwards ({flops:.2f} MFLOP), "
        "about three times that for a step."
    )
    flops = 2 * network.multiply_adds / 1e6
    told = [said.format(parameters=network.parameters, adds=network.multiply_adds, flops=flops)]
    if settings.twin:
        width = twin_width(network)
        parameters = width * (settings.side**2 + 1) + 10 * (width + 1)
        dense = _("The dense network: {width} hidden neurons, {parameters:,} parameters.")
        told.append(dense.format(width=width, parameters=parameters))
    return told


def _outcome(settings: Settings, result: Trained | None) -> list[str]:
    """Return how fast it went; chance has a hand in it, so only a finished run has it."""
    if result is None or not settings.epochs:
        return []
    taken = result.seconds[-1, 0]
    speed = result.history.epochs[-1] * settings.examples / taken if taken else 0.0
    told = [
        _(
            "Steps of the convolutional network: {seconds:.1f} seconds of computing, {speed:,.0f} images per "
            "second."
        ).format(seconds=taken, speed=speed)
    ]
    reached = result.seconds_to(TARGET)
    if reached is None:
        told.append(_("It has not reached {share:.0%} of the test images.").format(share=TARGET))
    else:
        text = _("{share:.0%} of the test images after {seconds:.1f} seconds of computing (epoch {epoch}).")
        told.append(text.format(share=TARGET, epoch=_moment(reached[0]), seconds=reached[1]))
    return told


def _overflows(events: Sequence[Event]) -> list[str]:
    text = _("The {network} network overflowed at step {step}: the rate is too high; nothing was clipped.")
    return [
        text.format(network=NETWORKS[one.network], step=one.step)
        for one in events
        if isinstance(one, Diverged)
    ]
