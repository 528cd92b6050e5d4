"""Text 4, first program: yes or no, on a real table, with the scores that such a question needs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim import Adam

from lab.core.controls import Count, Seed, Slider, Switch
from lab.core.events import Done, Event
from lab.core.labels import _
from lab.core.lesson import Context, Experiment
from lab.core.settings import LessonSettings
from lab.core.stage import Panel, Stage
from lab.data.breast_cancer import FEATURES, breast_cancer
from lab.figures.functions import Mark, function_figure
from lab.models.first_weights import with_first_weights
from lab.tables.classification import binary_scores, roc
from lab.tables.history import history_table, scores
from lab.topics.text_programs.panels import accuracy_panel, confusion_panel, diverged_note, loss_panel
from lab.topics.text_programs.programs import LAB, PROGRAM, Outcome, Part, around, percent
from lab.training.loop import side_by_side
from lab.training.watching import watched

NAMES = (_("benign"), _("malignant"))


class TumourSettings(LessonSettings):
    """The values of the first program of text 4, and what it leaves open."""

    tumour_neurons: Annotated[
        int,
        around(_("Neurons per hidden layer"), 1, 64, 256, _("The text has 64, twice.")),
    ] = 64
    tumour_rate: Annotated[
        float,
        Slider(
            _("Learning rate"), 0.0001, 10, log=True, help=_("Keras takes 0.001 for Adam."), group=PROGRAM
        ),
    ] = 0.001
    tumour_batch: Annotated[
        int,
        around(_("Batch size"), 8, 32, 500, _("The text: 32."), unit=_("tumours")),
    ] = 32
    tumour_epochs: Annotated[
        int, Count(_("Epochs"), 1, 200, log=True, help=_("The text: 10."), group=PROGRAM)
    ] = 10
    tumour_standard: Annotated[
        bool,
        Switch(
            _("Standardise the features"),
            help=_("In units of the spread of the training examples; the text does not speak of it."),
            group=LAB,
        ),
    ] = True
    tumour_networks: Annotated[
        int, Count(_("Networks"), 1, 5, help=_("Each with a split and weights of its own."), group=LAB)
    ] = 5
    tumour_seed: Annotated[int, Seed(_("Seed"), help=_("All chance follows from it."), group=LAB)] = 1


class TumourDisplay(Part):
    """Which network is shown, and from which probability on it says yes."""

    tumour_threshold: Annotated[
        float,
        Slider(
            _("Threshold"), 0.01, 0.99, 0.01, help=_("“Malignant” from this probability on; usually 0.5.")
        ),
    ] = 0.5
    tumour_shown: Annotated[int, Count(_("Network shown"), 1, 5, help=_("In matrix and curve."))] = 1


def network(neurons: int) -> nn.Module:
    """Return the text's layers; the loss applies its sigmoid."""
    return nn.Sequential(
        nn.Linear(10, neurons),
        nn.ReLU(),
        nn.Linear(neurons, neurons),
        nn.ReLU(),
        nn.Linear(neurons, 1),
    )


def program(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    settings: TumourSettings,
    generator: torch.Generator,
) -> Iterator[Tensor]:
    """Train as the text does; the lab looks in after each step."""
    # sigmoid and binary cross-entropy in one
    criterion = nn.BCEWithLogitsLoss()
    weights, rate = model.parameters(), settings.tumour_rate
    # where PyTorch adds 1e-8, Keras adds 1e-7
    optimizer = Adam(weights, lr=rate, eps=1e-7, fused=True)
    for _epoch in range(settings.tumour_epochs):
        order = torch.randperm(len(inputs), generator=generator)
        for batch in order.split(settings.tumour_batch):
            optimizer.zero_grad()
            outputs = model(inputs[batch])[:, 0]
            loss = criterion(outputs, targets[batch])
            loss.backward()
            optimizer.step()
            yield loss


LISTED = (network, program)


@dataclass(frozen=True, slots=True)
class Result(Outcome):
    """What became of the networks, each with test examples of its own.

    Attributes:
        malignant: whether each test tumour is.
        probabilities: that the networks give for it; not finite after an overflow.
    """

    malignant: Bool[np.ndarray, "network example"]
    probabilities: Float[np.ndarray, "network example"]


@dataclass(frozen=True, slots=True)
class Split:
    """One network's examples: features as it gets them, and 1 for malignant."""

    inputs: Tensor
    targets: Tensor
    test_inputs: Tensor
    test_targets: Tensor


def split(seed: int, *, standard: bool) -> Split:
    """Return four fifths of the tumours to learn from and one fifth held back, drawn by chance."""
    table = breast_cancer()
    features = table[list(FEATURES)].to_numpy(np.float64)
    targets = table["malignant"].to_numpy(np.float32)
    order = np.random.default_rng(seed).permutation(len(table))
    train, test = np.split(order, [int(0.8 * len(order))])
    if standard:
        features = (features - features[train].mean(axis=0)) / features[train].std(axis=0)
    parts = (features[train], targets[train], features[test], targets[test])
    return Split(*(torch.from_numpy(part).float() for part in parts))


def one_run(settings: TumourSettings, seed: int, kept: list[tuple[nn.Module, Split]]) -> Iterator[Event]:
    """Return one network's training, told as events; the network and its examples are appended to `kept`."""
    generator = torch.Generator().manual_seed(seed)
    data = split(seed, standard=settings.tumour_standard)
    model = with_first_weights(lambda: network(settings.tumour_neurons), "keras", generator)
    kept.append((model, data))

    def measure() -> dict[str, float]:
        told: dict[str, float] = {}
        for name, inputs, targets in (
            ("train", data.inputs, data.targets),
            ("test", data.test_inputs, data.test_targets),
        ):
            z = model(inputs)[:, 0]
            told[f"{name}_loss"] = binary_cross_entropy_with_logits(z, targets).item()
            told[f"{name}_accuracy"] = ((z >= 0) == (targets > 0)).double().mean().item()
        return told

    return watched(
        program(model, data.inputs, data.targets, settings, generator),
        model,
        epochs=settings.tumour_epochs,
        steps=-(-len(data.inputs) // settings.tumour_batch),
        measure=measure,
    )


def train(settings: TumourSettings, context: Context) -> Iterator[Event | Done[Result]]:
    """Train the networks side by side, each on a split of its own."""
    kept: list[tuple[nn.Module, Split]] = []
    seeds = range(1000 * settings.tumour_seed, 1000 * settings.tumour_seed + settings.tumour_networks)
    runs = [one_run(settings, seed, kept) for seed in seeds]
    told: list[Event] = []
    for event in side_by_side(runs, settings.tumour_epochs):
        told.append(event)
        yield event
    with torch.no_grad():
        answers = [torch.sigmoid(model(data.test_inputs))[:, 0].double().numpy() for model, data in kept]
    truth = [data.test_targets.numpy() > 0 for _model, data in kept]
    yield Done(Result(history_table(told), np.stack(truth), np.stack(answers)))


def stage(
    settings: TumourSettings,
    display: TumourDisplay,
    context: Context,
    events: Sequence[Event],
    result: Result | None = None,
) -> Stage:
    """Return accuracy and loss over the epochs; at the end, the answers of one network to its test."""
    measured = scores(events)
    if not measured.values:
        return Stage()
    names = {"train": _("learned from (455)"), "test": _("held back (114)")}
    panels = [
        accuracy_panel(measured, {f"{part}_accuracy": name for part, name in names.items()}),
        loss_panel(measured, {f"{part}_loss": name for part, name in names.items()}),
    ]
    note = _("{count} networks, each with a split of its own: medians, and bands from p10 to p90.")
    notes = [note.format(count=settings.tumour_networks)]
    if result is not None:
        shown = min(display.tumour_shown, settings.tumour_networks) - 1
        malignant, probabilities = result.malignant[shown], result.probabilities[shown]
        answers = probabilities >= display.tumour_threshold
        panels.append(confusion_panel(malignant.astype(int), answers.astype(int), NAMES))
        if np.isfinite(probabilities).all():
            panels.append(_roc_panel(malignant, probabilities, display.tumour_threshold))
        notes += diverged_note(probabilities, shown + 1)
    return Stage(panels, notes=notes)


def _roc_panel(malignant: np.ndarray, probabilities: np.ndarray, threshold: float) -> Panel:
    curve = roc(malignant, probabilities)
    called = probabilities >= threshold
    here = 100 * called[~malignant].mean(), 100 * called[malignant].mean()
    false, true = 100 * curve.false_positives, 100 * curve.true_positives
    chart = function_figure(
        false,
        {_("the network, over all thresholds"): true, _("guessing"): false},
        x_title=_("Benign tumours called malignant (%)"),
        y_title=_("Malignant tumours found (%)"),
        marks=[Mark(_("threshold {at:.2f}").format(at=threshold), float(here[0]), float(here[1]))],
    )
    chart.update_layout(hovermode="closest")
    alt = _(
        "ROC curve; the area below it is {area:.3f}. At threshold {at:.2f}, {true:.1f} % of the malignant "
        "tumours are found, and {false:.1f} % of the benign ones are called malignant."
    ).format(area=curve.area, at=threshold, true=here[1], false=here[0])
    return Panel("roc", _("ROC curve"), alt, chart)


SCORES = {
    "accuracy": _("accuracy: right answers"),
    "precision": _("precision: malignant among those called so"),
    "recall": _("recall: found among the malignant"),
    "f1": _("F1: harmonic mean of precision and recall"),
    "area": _("ROC-AUC: area below the ROC curve"),
}


def scores_of_test(result: Result, threshold: float) -> dict[str, Float[np.ndarray, " network"]]:
    """Return every score of `SCORES` for each network on its test examples; NaN where it has none."""
    told: dict[str, list[float]] = {name: [] for name in SCORES}
    for malignant, probabilities in zip(result.malignant, result.probabilities, strict=True):
        counted = binary_scores(malignant, probabilities >= threshold)
        sound = bool(np.isfinite(probabilities).all())
        told["area"].append(roc(malignant, probabilities).area if sound else np.nan)
        for name in ("accuracy", "precision", "recall", "f1"):
            told[name].append(getattr(counted, name))
    return {name: np.array(values) for name, values in told.items()}


def summary(result: Result, display: TumourDisplay) -> pd.DataFrame:
    """Return the test scores of the shown network, and the least, median and greatest over all."""
    shown = min(display.tumour_shown, len(result.malignant)) - 1
    rows = []
    for name, values in scores_of_test(result, display.tumour_threshold).items():
        known = values[np.isfinite(values)]
        ends = (known.min(), np.median(known), known.max()) if known.size else (np.nan,) * 3
        form = percent if name != "area" else "{:.3f}".format
        columns = (_("network {shown}").format(shown=shown + 1), _("least"), _("median"), _("greatest"))
        cells = (form(float(one)) for one in (values[shown], *ends))
        rows.append({_("score on the test"): SCORES[name]} | dict(zip(columns, cells, strict=True)))
    return pd.DataFrame(rows)


def seconds(settings: TumourSettings) -> float:
    """Return roughly how many CPU seconds a run takes on a current core."""
    steps = settings.tumour_epochs * (-(-455 // settings.tumour_batch) + 1)
    return settings.tumour_networks * (0.01 + steps * 4e-4)


TUMOURS = Experiment(
    name="text_programs/tumours",
    settings=TumourSettings,
    train=train,
    stage=stage,
    display=TumourDisplay,
    seconds=seconds,
    shortest=lambda: TumourSettings(tumour_epochs=1, tumour_networks=1),
)
