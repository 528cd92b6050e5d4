"""A network that reads a word letter by letter and tells its language."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, Float64, Int64
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from lab.core.events import Diverged, Done, Evaluated, Event, Finished, Started
from lab.core.lesson import Context
from lab.data.languages import PAD, Words, words
from lab.models.recurrent import Recurrent, parameter_count
from lab.topics.rnn.text_settings import LanguageSettings
from lab.training.sequences import UNASKED, SequenceTraining, class_error, sequence_seconds

AT_ONCE = 1000
"""So many words are read side by side where nothing is learned: a run must be able to stop in between."""
LONGEST = 9
"""Letters of the longest words, roughly."""
LOOK_SECONDS = 0.35
"""It is measured so often, by the estimate of a step, and after every epoch."""


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """A finished run.

    Attributes:
        weights: of the network, by name.
        epochs: at which it was measured.
        loss: on the test words, in nats; NaN after an overflow.
        accuracy: share of test words that are told rightly.
        train_accuracy: share of as many training words.
        counting: accuracy of counting letters (naive Bayes) on the same words.
        labels: the test words' languages.
        answers: what the network says of them.
        overflow: the step whose loss overflowed, from 1; 0 if none did.
    """

    weights: Mapping[str, Float32[np.ndarray, "..."]]
    epochs: Float64[np.ndarray, " moment"]
    loss: Float64[np.ndarray, " moment"]
    accuracy: Float64[np.ndarray, " moment"]
    train_accuracy: Float64[np.ndarray, " moment"]
    counting: float
    labels: Int64[np.ndarray, " word"]
    answers: Int64[np.ndarray, " word"]
    overflow: int


def words_of(settings: LanguageSettings) -> Words:
    """Return the words that are learned and those that are held back."""
    return words(settings.language_several, settings.language_seed)


def network_for(settings: LanguageSettings, data: Words) -> Recurrent:
    """Return the network with its first weights."""
    return Recurrent(
        settings.language_cell,  # type: ignore[arg-type]
        inputs=len(data.alphabet),
        hidden=settings.language_hidden,
        layers=settings.language_layers,
        outputs=len(data.languages),
        generator=torch.Generator().manual_seed(settings.language_seed),
        forget_bias=1.0,
    )


def last_letters(rows: Int64[Tensor, "word letter"]) -> Int64[Tensor, " word"]:
    """Return the place of each word's last letter."""
    return (rows != PAD).sum(dim=1) - 1


def spelled_out(rows: Int64[Tensor, "word letter"], known: int) -> Float32[Tensor, "letter word known"]:
    """Return each letter as a vector with a single 1, of `known` letters."""
    return one_hot(rows.T, known).float()


@torch.no_grad()
def scores_of(network: Recurrent, rows: Int64[Tensor, "word letter"]) -> Float32[Tensor, "word language"]:
    """Return the scores behind the last letter of each word; what stands behind it is never looked at."""
    told = []
    for some in rows.split(AT_ONCE):
        outputs, _states, _after = network(spelled_out(some, network.cell_inputs))
        told.append(outputs[last_letters(some), torch.arange(len(some))])
    return torch.cat(told)


def train(settings: LanguageSettings, context: Context) -> Iterator[Event | Done[Told]]:
    """Train on four fifths of the words, measure on the rest as it goes."""
    yield Started(float(settings.language_epochs), 1)
    reader = _Reader(settings, words_of(settings))
    yield reader.looked(0.0)
    for epoch in range(settings.language_epochs):
        yield from reader.epoch(epoch)
        if reader.training.overflow:
            yield Diverged(0, reader.training.overflow)
            break
    fell = reader.training.overflow
    yield Finished("diverged" if fell else "epochs", float(settings.language_epochs))
    yield Done(reader.result())


class _Reader:
    """One run on its way."""

    def __init__(self, settings: LanguageSettings, data: Words) -> None:
        self.settings, self.data = settings, data
        self.network = network_for(settings, data)
        rate, clip = settings.language_rate, settings.language_clip
        self.training = SequenceTraining(self.network, class_error, rate=rate, clip=clip)
        self.train, self.test = torch.from_numpy(data.train), torch.from_numpy(data.test)
        self.labels = torch.from_numpy(data.train_labels), torch.from_numpy(data.test_labels)
        self.order = torch.Generator().manual_seed(settings.language_seed)
        self.rows: list[list[float]] = []

    def epoch(self, before: int) -> Iterator[Evaluated]:
        """Learn from every training word once, and measure at the end, in a long epoch also within it."""
        batches = torch.randperm(len(self.train), generator=self.order).split(self.settings.language_batch)
        often = math.ceil(len(batches) * step_seconds(self.settings) / LOOK_SECONDS)
        looks = {math.ceil(len(batches) * part / often) for part in range(1, often + 1)}
        for step, batch in enumerate(batches, start=1):
            self._learn(batch)
            if step in looks or self.training.overflow:
                yield self.looked(before + step / len(batches))
            if self.training.overflow:
                return

    def _learn(self, batch: Int64[Tensor, " word"]) -> None:
        """Take a step; the language is asked for at a word's last letter."""
        rows = self.train[batch]
        asked = torch.full(rows.T.shape, UNASKED)
        asked[last_letters(rows), torch.arange(len(rows))] = self.labels[0][batch]
        self.training.step(spelled_out(rows, self.network.cell_inputs), asked)

    def looked(self, epoch: float) -> Evaluated:
        """Measure on the test words, and on as many training words."""
        count = len(self.test)
        test, train = scores_of(self.network, self.test), scores_of(self.network, self.train[:count])
        loss = cross_entropy(test, self.labels[1]).item()
        right = [_right(train, self.labels[0][:count]), _right(test, self.labels[1])]
        row = [loss, *right] if np.isfinite(loss) and not self.training.overflow else [np.nan] * 3
        self.rows.append([epoch, *row])
        names = ("test_loss", "train_accuracy", "test_accuracy")
        return Evaluated(epoch, dict(zip(names, (np.array([value]) for value in row), strict=True)))

    def result(self) -> Told:
        """Return the run's result."""
        epochs, loss, train, test = np.array(self.rows).T
        return Told(
            weights={name: one.numpy().copy() for name, one in self.network.state_dict().items()},
            epochs=epochs,
            loss=loss,
            accuracy=test,
            train_accuracy=train,
            counting=counting_accuracy(self.data),
            labels=self.data.test_labels,
            answers=scores_of(self.network, self.test).argmax(dim=1).numpy(),
            overflow=self.training.overflow,
        )


def _right(scores: Tensor, labels: Tensor) -> float:
    return (scores.argmax(dim=1) == labels).double().mean().item()


def counting_accuracy(data: Words) -> float:
    """Return how often naive Bayes is right: which letters a word has, whatever their order.

    Each count is raised by one. Source: Manning, Raghavan, Schuetze (2008), Introduction to Information
    Retrieval, section 13.2.
    """
    size, classes = len(data.alphabet), len(data.languages)
    bags = [(rows[..., None] == np.arange(size)).sum(axis=1)[:, 1:] for rows in (data.train, data.test)]
    counts = np.stack([bags[0][data.train_labels == label].sum(axis=0) for label in range(classes)]) + 1.0
    likely = np.log(counts / counts.sum(axis=1, keepdims=True))
    prior = np.log(np.bincount(data.train_labels, minlength=classes) / len(data.train_labels))
    return float(((bags[1] @ likely.T + prior).argmax(axis=1) == data.test_labels).mean())


def trained_network(settings: LanguageSettings, data: Words, result: Told) -> Recurrent:
    """Return the network as it was at the end of the run."""
    network = network_for(settings, data)
    network.load_state_dict({name: torch.tensor(one) for name, one in result.weights.items()})
    return network.eval()


@torch.no_grad()
def reading(
    network: Recurrent, codes: Int64[np.ndarray, " letter"]
) -> Float64[np.ndarray, "letter language"]:
    """Return the probability of each language after each letter of a word of at least one letter."""
    hot = one_hot(torch.from_numpy(codes)[:, None], network.cell_inputs).float()
    outputs, _states, _after = network(hot)
    return outputs[:, 0].softmax(dim=1).double().numpy()


def step_seconds(settings: LanguageSettings) -> float:
    """Return roughly the CPU seconds of one update on a current core."""
    sizes = {"inputs": 40, "layers": settings.language_layers, "outputs": len(settings.language_several)}
    cell = settings.language_cell
    each = parameter_count(cell, hidden=settings.language_hidden, **sizes)  # type: ignore[arg-type]
    return sequence_seconds(
        cell,  # type: ignore[arg-type]
        steps=LONGEST * settings.language_layers,
        products=float(each) * LONGEST * settings.language_batch,
    )


def seconds(settings: LanguageSettings) -> float:
    """Return roughly how many CPU seconds a run takes."""
    steps = settings.language_epochs * 1640 * len(settings.language_several) / settings.language_batch
    learning = steps * step_seconds(settings)
    return 0.3 + learning + 0.05 * (settings.language_epochs + learning / LOOK_SECONDS)
