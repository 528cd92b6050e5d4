"""A network that reads a word letter by letter and tells its language."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, Float64, Int64
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from lab.core.events import Diverged, Done, Evaluated, Event, Finished, Started, Stepped
from lab.core.lesson import Context
from lab.data.languages import PAD, Words, words
from lab.models.recurrent import Recurrent
from lab.topics.rnn.text_settings import LanguageSettings

STEPS_OF_AN_EVENT = 16
CLIP = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """A finished run.

    Attributes:
        weights: of the network, by name.
        epochs: at which it was measured.
        loss: on the test words, in nats; NaN after an overflow.
        accuracy: share of test words that are told rightly.
        train_accuracy: share of training words.
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
        layers=1,
        outputs=len(data.languages),
        generator=torch.Generator().manual_seed(settings.language_seed),
        forget_bias=1.0,
    )


def scores_of(network: Recurrent, rows: Int64[Tensor, "word letter"]) -> Float32[Tensor, "word language"]:
    """Return the scores behind the last letter of each word; what stands behind it is never looked at."""
    hot = one_hot(rows.T, network.cell_inputs).float()
    outputs, _states, _after = network(hot)
    last = (rows != PAD).sum(dim=1) - 1
    return outputs[last, torch.arange(len(rows))]


def train(settings: LanguageSettings, context: Context) -> Iterator[Event | Done[Told]]:
    """Train on four fifths of the words, measure on the rest after every epoch."""
    yield Started(float(settings.language_epochs), 1)
    data = words_of(settings)
    reader = _Reader(settings, data)
    for epoch in range(settings.language_epochs + 1):
        if epoch:
            yield from reader.epoch(epoch)
        yield reader.looked(epoch)
        if reader.overflow:
            yield Diverged(0, reader.overflow)
            break
    yield Finished("diverged" if reader.overflow else "epochs", float(settings.language_epochs))
    yield Done(reader.result())


class _Reader:
    """One run on its way."""

    def __init__(self, settings: LanguageSettings, data: Words) -> None:
        self.settings, self.data = settings, data
        self.network = network_for(settings, data)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=settings.language_rate, fused=True)
        self.train, self.test = torch.from_numpy(data.train), torch.from_numpy(data.test)
        self.labels = torch.from_numpy(data.train_labels), torch.from_numpy(data.test_labels)
        self.order = torch.Generator().manual_seed(settings.language_seed)
        self.rows: list[list[float]] = []
        self.steps = self.overflow = 0

    def epoch(self, number: int) -> Iterator[Event]:
        """Learn from every training word once."""
        batches = torch.randperm(len(self.train), generator=self.order).split(self.settings.language_batch)
        for step, batch in enumerate(batches, start=1):
            self.steps += 1
            loss = cross_entropy(scores_of(self.network, self.train[batch]), self.labels[0][batch])
            if not loss.isfinite():
                self.overflow = self.steps
                return
            self.optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), CLIP)
            self.optimizer.step()
            if step % STEPS_OF_AN_EVENT == 0:
                share = (number - 1 + step / len(batches)) / self.settings.language_epochs
                yield Stepped(share)

    @torch.no_grad()
    def looked(self, epoch: int) -> Evaluated:
        """Measure on all words."""
        test, train = scores_of(self.network, self.test), scores_of(self.network, self.train)
        loss = cross_entropy(test, self.labels[1]).item()
        right = [_right(train, self.labels[0]), _right(test, self.labels[1])]
        row = [loss, *right] if np.isfinite(loss) and not self.overflow else [np.nan] * 3
        self.rows.append([float(epoch), *row])
        names = ("test_loss", "train_accuracy", "test_accuracy")
        return Evaluated(float(epoch), dict(zip(names, (np.array([value]) for value in row), strict=True)))

    @torch.no_grad()
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
            overflow=self.overflow,
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


def seconds(settings: LanguageSettings) -> float:
    """Return roughly how many CPU seconds a run takes."""
    steps = settings.language_epochs * 1640 * len(settings.language_several) / settings.language_batch
    slow = {"lstm": 1.0, "gru": 1.6, "rnn": 0.8}[settings.language_cell]
    word = 4e-8 * settings.language_hidden**1.5 + 4e-6
    return 0.3 + slow * steps * (0.0025 + settings.language_batch * word)
