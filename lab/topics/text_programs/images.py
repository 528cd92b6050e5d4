"""What the two programs for handwritten digits share: the images, how they are measured, what is shown."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lab.core.events import Evaluated, Event
from lab.core.labels import _
from lab.core.stage import Panel
from lab.data.digits import digits
from lab.tables.classification import confusion
from lab.tables.history import Scores
from lab.topics.text_programs.panels import accuracy_panel, confusion_panel, loss_panel
from lab.topics.text_programs.programs import Answers, last_median, number, percent
from lab.training.loop import accuracy

TEN = tuple(str(digit) for digit in range(10))
Examples = tuple[Tensor, Tensor]


@lru_cache(maxsize=2)
def examples(*, standard: bool) -> tuple[Examples, Examples]:
    """Return 4,000 real digits to learn from and 1,000 held back: images of 28x28 pixels, and labels.

    Args:
        standard: whether pixels are in units of the training images' spread; else they go from 0 to 1.
    """
    large = digits(28)

    def tensors(images: np.ndarray, labels: np.ndarray) -> Examples:
        pixels = large.standardised(images) if standard else images.astype(np.float32) / 255
        return torch.from_numpy(pixels.reshape(-1, 28, 28)), torch.from_numpy(labels)

    return tensors(large.train_images, large.train_labels), tensors(large.test_images, large.test_labels)


def measured_on(model: nn.Module, learned: Examples, held_back: Examples) -> dict[str, float]:
    """Return loss and accuracy on up to 1,000 of the images learned from, and on those held back."""
    told: dict[str, float] = {}
    for name, (images, labels) in (("train", learned), ("test", held_back)):
        outputs = model(images[:1000])
        told[f"{name}_loss"] = cross_entropy(outputs, labels[:1000]).item()
        told[f"{name}_accuracy"] = accuracy(outputs, labels[:1000]).item()
    return told


def answers(history: pd.DataFrame, models: Sequence[nn.Module], images: Tensor, labels: Tensor) -> Answers:
    """Return what the trained networks say of the images held back."""
    with torch.no_grad():
        scores = [model(images).double().numpy() for model in models]
    return Answers(history, labels.numpy(), np.stack(scores))


def panels(measured: Scores, result: Answers | None, network: int) -> list[Panel]:
    """Return accuracy and loss over the epochs and, at the end, one network's confusion matrix."""
    names = {"train": _("digits learned from"), "test": _("1,000 digits held back")}
    shown = [
        accuracy_panel(measured, {f"{part}_accuracy": name for part, name in names.items()}),
        loss_panel(measured, {f"{part}_loss": name for part, name in names.items()}),
    ]
    if result is not None:
        said = result.scores[network].argmax(axis=1)
        shown.insert(1, confusion_panel(result.labels, said, TEN))
    return shown


def summary_of(result: Answers, network: int) -> pd.DataFrame:
    """Return the medians over the networks after the last epoch, and what one of them confuses most."""
    counts = confusion(result.labels, result.scores[network].argmax(axis=1), len(TEN))
    wrong = counts - np.diag(np.diag(counts))
    true, taken = np.unravel_index(int(wrong.argmax()), wrong.shape)
    rows: Mapping[str, str] = {
        _("test accuracy, median"): percent(last_median(result.history, "test_accuracy")),
        _("test loss, median (nats)"): number(last_median(result.history, "test_loss")),
        _("wrong digits of network {shown}").format(
            shown=network + 1
        ): f"{wrong.sum()} / {len(result.labels)}",
        _("its most frequent mistake"): _("a {true} taken for a {taken}, {count} times").format(
            true=true, taken=taken, count=wrong[true, taken]
        ),
    }
    return pd.DataFrame({_("what"): list(rows), _("after the last epoch"): list(rows.values())})


def first_to_reach(events: Sequence[Event], share: float) -> float:
    """Return the first epoch whose median test accuracy is at least `share`; infinite if there is none."""
    for event in events:
        if isinstance(event, Evaluated) and float(np.median(event.scores["test_accuracy"])) >= share:
            return event.epoch
    return float("inf")
