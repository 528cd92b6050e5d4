"""A network that learns to continue a text letter by letter, and what it writes."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, Float64, Int64
from torch import Tensor
from torch.nn.functional import one_hot

from lab.core.errors import DataError, SettingError
from lab.core.events import Diverged, Done, Evaluated, Event, Finished, Framed, Started
from lab.core.labels import _
from lab.core.lesson import Context
from lab.data.texts import Baselines, Letters, baselines, lab_text, letters, read_text
from lab.models.recurrent import Recurrent, parameter_count
from lab.topics.rnn.text_settings import MOST_WORK, LettersSettings
from lab.training.sequences import SequenceTraining, class_error, sequence_seconds

SAMPLES, SAMPLE = 12, 140
"""How often it writes while it learns, and how many letters."""
LOOK_SECONDS = 0.35
"""It is measured so often, by the estimate of a step: a new picture well within every second."""
TEST_PIECES = 40


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class Written:
    """A finished run.

    Attributes:
        alphabet: the letters, by number.
        weights: of the network, by name.
        steps: at which it was measured.
        train_loss: mean loss of the steps since the measurement before, in nats per letter.
        test_loss: on pieces of the last tenth of the text.
        samples: what it wrote at temperature 0.7, by step, at some of the measurements.
        guessing: what counting letters costs on the same tenth.
        test_text: the last tenth.
        overflow: the step whose loss overflowed, from 1; 0 if none did.
    """

    alphabet: tuple[str, ...]
    weights: Mapping[str, Float32[np.ndarray, "..."]]
    steps: Int64[np.ndarray, " moment"]
    train_loss: Float64[np.ndarray, " moment"]
    test_loss: Float64[np.ndarray, " moment"]
    samples: Mapping[int, str]
    guessing: Baselines
    test_text: str
    overflow: int


def text_of(settings: LettersSettings, context: Context) -> str:
    """Return the text that is learned.

    Raises:
        DataError: the learner's text is not there or cannot be used.
    """
    if settings.text_source == "lab":
        return lab_text()
    if settings.text_file not in context.files:
        raise DataError(_("Own text"), _("a text pasted on this page"), settings.text_file[:8])
    return read_text(context.files[settings.text_file])


def network_for(settings: LettersSettings, letters_known: int) -> Recurrent:
    """Return the network with its first weights."""
    return Recurrent(
        settings.text_cell,  # type: ignore[arg-type]
        inputs=letters_known,
        hidden=settings.text_hidden,
        layers=settings.text_layers,
        outputs=letters_known,
        generator=torch.Generator().manual_seed(settings.text_seed),
        forget_bias=1.0,
    )


def step_work(settings: LettersSettings, letters_known: int = 80) -> float:
    """Return the multiply-adds of a step's forward pass."""
    each = parameter_count(
        settings.text_cell,  # type: ignore[arg-type]
        inputs=letters_known,
        hidden=settings.text_hidden,
        layers=settings.text_layers,
        outputs=letters_known,
    )
    return float(each) * settings.text_length * settings.text_batch


def step_seconds(settings: LettersSettings) -> float:
    """Return roughly the CPU seconds of one update on a current core."""
    length = settings.text_length
    return sequence_seconds(
        settings.text_cell,  # type: ignore[arg-type]
        steps=length * settings.text_layers,
        products=step_work(settings),
        cuts=math.ceil(length / (settings.text_truncation or length)),
    )


def seconds(settings: LettersSettings) -> float:
    """Return roughly how many CPU seconds a run takes."""
    return 0.3 + 0.1 * SAMPLES + 0.03 * len(_looks(settings)) + settings.text_steps * step_seconds(settings)


def _looks(settings: LettersSettings) -> set[int]:
    """Return after which steps is measured; it depends on the settings alone, as all events do."""
    whole = settings.text_steps * step_seconds(settings)
    return _spread(settings.text_steps, max(SAMPLES, math.ceil(whole / LOOK_SECONDS)))


def _spread(steps: int, count: int) -> set[int]:
    """Return `count` steps evenly spread, the last one among them, and the start.

    Example:
        >>> sorted(_spread(10, 4))
        [0, 2, 5, 8, 10]
    """
    return set(np.linspace(0, steps, min(steps, count) + 1).round().astype(int).tolist())


def train(settings: LettersSettings, context: Context) -> Iterator[Event | Done[Written]]:
    """Learn pieces drawn at random from the first nine tenths of the text; measure on the last tenth.

    Raises:
        SettingError: it would take too long.
        DataError: the learner's text cannot be used.
    """
    yield Started(float(settings.text_steps), 1)
    text = letters(text_of(settings, context))
    most = int(MOST_WORK / step_work(settings, len(text.alphabet)))
    if settings.text_steps > most:
        raise SettingError(
            "Steps", f"at most {most} for a network and sequences of this size", settings.text_steps
        )
    writer = _Writer(settings, text)
    yield from writer.events()
    yield Finished("diverged" if writer.training.overflow else "epochs", float(settings.text_steps))
    yield Done(writer.result())


class _Writer:
    """One run on its way."""

    def __init__(self, settings: LettersSettings, text: Letters) -> None:
        self.settings, self.text = settings, text
        self.network = network_for(settings, len(text.alphabet))
        rate, clip = settings.text_rate, settings.text_clip
        self.training = SequenceTraining(
            self.network, class_error, rate=rate, clip=clip, truncation=settings.text_truncation
        )
        self.chance = torch.Generator().manual_seed(settings.text_seed)
        self.codes = torch.from_numpy(text.train)
        self.rows: list[tuple[int, float, float]] = []
        self.samples: dict[int, str] = {}
        self.losses: list[float] = []

    def events(self) -> Iterator[Event]:
        """Take all steps; measure often, and let it write now and then."""
        count = self.settings.text_steps
        looks, writes = _looks(self.settings), _spread(count, SAMPLES)
        for step in range(count + 1):
            if step:
                self._step()
            if step in looks or self.training.overflow:
                yield self._looked(step)
            if step in writes or self.training.overflow:
                yield self._wrote(step)
            if self.training.overflow:
                yield Diverged(0, self.training.overflow)
                return

    def _step(self) -> None:
        settings = self.settings
        length = min(settings.text_length, len(self.codes) - 2)
        starts = torch.randint(len(self.codes) - length, (settings.text_batch,), generator=self.chance)
        pieces = self.codes[starts + torch.arange(length + 1)[:, None]]
        self.losses.append(self.training.step(self._hot(pieces[:-1]), pieces[1:]))

    def _hot(self, codes: Int64[Tensor, "time piece"]) -> Float32[Tensor, "time piece letter"]:
        return one_hot(codes, len(self.text.alphabet)).float()

    def _looked(self, step: int) -> Evaluated:
        test = self._test_loss() if not self.training.overflow else np.nan
        train = float(np.mean(self.losses)) if self.losses else np.nan
        self.losses.clear()
        self.rows.append((step, train, test))
        scores = {"train_loss": np.array([train]), "test_loss": np.array([test])}
        return Evaluated(float(step), scores)

    def _wrote(self, step: int) -> Framed:
        luck = torch.Generator().manual_seed(self.settings.text_seed)
        codes = [] if self.training.overflow else written(self.network, [0], SAMPLE, luck, temperature=0.7)
        self.samples[step] = "".join(self.text.alphabet[code] for code in codes)
        # The letters written at this moment, as their places in Unicode: the one thing that is shown of it.
        return Framed(float(step), np.array([[*map(ord, self.samples[step])]], np.float32))

    @torch.no_grad()
    def _test_loss(self) -> float:
        """Return the mean loss on the test part, read in pieces side by side from zero state."""
        codes = torch.from_numpy(self.text.test)
        length = max(1, min(100, (len(codes) - 1)))
        starts = torch.arange(0, len(codes) - length, length)[:TEST_PIECES]
        pieces = codes[starts + torch.arange(length + 1)[:, None]]
        outputs, _states, _after = self.network(self._hot(pieces[:-1]))
        return class_error(outputs, pieces[1:]).item()

    def result(self) -> Written:
        """Return the run's result."""
        steps, train, test = np.array(self.rows, np.float64).T
        return Written(
            alphabet=self.text.alphabet,
            weights={name: one.numpy().copy() for name, one in self.network.state_dict().items()},
            steps=steps.astype(np.int64),
            train_loss=train,
            test_loss=test,
            samples=dict(self.samples),
            guessing=baselines(self.text),
            test_text="".join(self.text.alphabet[code] for code in self.text.test),
            overflow=self.training.overflow,
        )


def trained_network(settings: LettersSettings, result: Written) -> Recurrent:
    """Return the network as it was at the end of the run."""
    network = network_for(settings, len(result.alphabet))
    network.load_state_dict({name: torch.tensor(one) for name, one in result.weights.items()})
    return network.eval()


@torch.no_grad()
def written(
    network: Recurrent,
    beginning: list[int],
    count: int,
    luck: torch.Generator,
    *,
    temperature: float,
    top: int = 0,
) -> list[int]:
    """Return the letters that the network writes behind a beginning, as their places in the alphabet.

    Args:
        network: one output per letter.
        beginning: at least one letter.
        count: how many letters to write.
        luck: from which each letter is drawn.
        temperature: divides the scores; 0 takes the likeliest letter.
        top: only so many of the likeliest letters are drawn from; 0 is all.
    """
    known = network.output.out_features
    hot = one_hot(torch.tensor(beginning)[:, None], known).float()
    outputs, _states, state = network(hot)
    told: list[int] = []
    for _letter in range(count):
        told.append(_drawn(outputs[-1, 0], luck, temperature, top))
        outputs, _states, state = network(one_hot(torch.tensor([[told[-1]]]), known).float(), state)
    return told


def _drawn(scores: Float32[Tensor, " letter"], luck: torch.Generator, temperature: float, top: int) -> int:
    if temperature == 0:
        return int(scores.argmax())
    shares = next_shares(scores, temperature, top)
    return int(torch.multinomial(shares, 1, generator=luck))


def next_shares(
    scores: Float32[Tensor, " letter"], temperature: float, top: int
) -> Float32[Tensor, " letter"]:
    """Return the probability with which each letter is drawn; they sum to 1.

    Example:
        >>> next_shares(torch.tensor([2.0, 1.0, 0.0]), temperature=1.0, top=1).tolist()
        [1.0, 0.0, 0.0]
    """
    if temperature == 0:
        return one_hot(scores.argmax(), len(scores)).float()
    if top and top < len(scores):
        least = scores.topk(top).values[-1]
        scores = torch.where(scores >= least, scores, -torch.inf)
    return (scores / temperature).softmax(dim=0)


@torch.no_grad()
def states_over(
    network: Recurrent, codes: list[int]
) -> tuple[Float32[np.ndarray, "letter unit"], Float32[Tensor, " letter"]]:
    """Return the hidden state after each letter of a text, and the scores of the letter that comes next."""
    hot = one_hot(torch.tensor(codes)[:, None], network.output.out_features).float()
    outputs, states, _after = network(hot)
    return states[:, 0].numpy(), outputs[-1, 0]
