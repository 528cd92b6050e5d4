"""Train an ensemble on a data set, epoch by epoch, and tell what happens as a stream of events."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lab.core.events import Diverged, Done, Evaluated, Event, Finished, Framed, Reason, Started
from lab.training.ensemble import Ensemble
from lab.training.schedule import EVALUATE_EACH, FRAME_EACH, StopRules, Watch, due


@dataclass(frozen=True, slots=True)
class Examples:
    """A data set as tensors; a leading network axis gives each network its own.

    Attributes:
        train_inputs: features, as the first layer gets them.
        train_targets: what the output layer should say.
        test_inputs: features of examples that are never trained on.
        test_targets: their targets.
        middle: for classes, the output between the two classes of a single output neuron (0 for tanh,
            0.5 for sigmoid); None for regression, which has no accuracy.
    """

    train_inputs: Float[Tensor, "*network train feature"]
    train_targets: Float[Tensor, "*network train output"]
    test_inputs: Float[Tensor, "*network test feature"]
    test_targets: Float[Tensor, "*network test output"]
    middle: float | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """A weight or bias set by hand once `epoch` epochs are done.

    Attributes:
        epoch: how many epochs are done when it is set.
        network: of which network, from 0.
        index: which of the network's parameters, in the order of `Ensemble.snapshot`.
        value: the new value.
    """

    epoch: int
    network: int
    index: int
    value: float


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to train, and in which portions.

    Attributes:
        epochs: whole passes over the training examples.
        batches: steps after the last whole epoch.
        batch_size: examples per step; the last batch of an epoch may be smaller.
        seed: gives the order of the examples in each epoch.
        shuffle: a new order in each epoch, or the order of the data always.
        rules: what may end the run early.
        edits: weights set by hand.
    """

    epochs: int
    batches: int = 0
    batch_size: int = 10
    seed: int = 0
    shuffle: bool = True
    rules: StopRules = field(default_factory=StopRules)
    edits: Sequence[Edit] = ()

    def order(self, epoch: int, examples: int) -> np.ndarray:
        """Return the order in which `epoch` (from 1) visits the examples; the same on every machine."""
        if not self.shuffle:
            return np.arange(examples)
        return np.random.default_rng((self.seed, epoch)).permutation(examples)


@dataclass(frozen=True, slots=True)
class Trained:
    """What is left of a run: its events, and where it can be taken up again.

    Attributes:
        events: all that happened.
        state: the ensemble after `epoch` whole epochs, before that epoch's edits.
        epoch: whole epochs in `state`.
    """

    events: tuple[Event, ...]
    state: Mapping[str, np.ndarray]
    epoch: int


def training(
    ensemble: Ensemble, examples: Examples, plan: Plan, earlier: Trained | None = None
) -> Iterator[Event | Done[Trained]]:
    """Yield the events of a training run, then `Done(Trained)`.

    With `earlier`, a run of the same ensemble, examples and plan but fewer epochs, only the rest is
    computed; events and outcome equal those of a run from the start, to the last bit.
    """
    course = _Course(ensemble, examples, plan)
    told: list[Event] = []
    for event in course.events(earlier):
        told.append(event)
        yield event
    yield Done(Trained(tuple(told), _arrays(course.checkpoint), course.epoch))


class _Course:
    """One run on its way: `epoch` counts whole epochs, `checkpoint` is where it can be taken up."""

    def __init__(self, ensemble: Ensemble, examples: Examples, plan: Plan) -> None:
        self.ensemble, self.examples, self.plan = ensemble, examples, plan
        self.watch = Watch(plan.rules)
        self.epoch = 0
        self.checkpoint: Mapping[str, Tensor] = {}
        self.diverged: set[int] = set()
        large = ensemble.networks * ensemble.architecture.parameters > 16_000
        self.frame_each = FRAME_EACH // 2 if large else FRAME_EACH

    def events(self, earlier: Trained | None) -> Iterator[Event]:
        yield Started(float(self.plan.epochs), self.ensemble.networks)
        if earlier is not None:
            yield from self._replayed(earlier)
        reason = yield from self._recorded()
        while reason is None and self.epoch < self.plan.epochs:
            self.epoch += 1
            self._pass(self.epoch)
            reason = yield from self._recorded()
        end = float(self.epoch)
        if reason is None and self.plan.batches:
            end = yield from self._extra_batches()
        yield Finished(reason or "epochs", end)

    def _pass(self, epoch: int, limit: int | None = None) -> None:
        """Train one epoch, or its first `limit` batches."""
        inputs, targets = self.examples.train_inputs, self.examples.train_targets
        order = torch.from_numpy(self.plan.order(epoch, inputs.shape[-2])).to(inputs.device)
        self.ensemble.epoch(inputs, targets, order, self.plan.batch_size, limit)

    def _recorded(self) -> Generator[Event, None, Reason | None]:
        """Apply this epoch's edits, measure and frame it if it is due, and ask the stop rules."""
        edits = [edit for edit in self.plan.edits if edit.epoch == self.epoch]
        if edits:
            self.checkpoint = self.ensemble.state()
            self._apply(edits)
        last = self.epoch == self.plan.epochs
        if not (last or edits or due(self.epoch, EVALUATE_EACH)):
            return None
        scores = scores_of(self.ensemble, self.examples)
        yield Evaluated(float(self.epoch), scores)
        yield from self._new_divergences()
        reason = self.watch.reason(self.epoch, scores["test_loss"])
        ended = last or reason is not None
        if ended and not edits:
            self.checkpoint = self.ensemble.state()
        if ended or edits or due(self.epoch, self.frame_each):
            yield self._frame(float(self.epoch))
        return reason

    def _extra_batches(self) -> Generator[Event, None, float]:
        """Train the batches after the last whole epoch; return where that ends, in epochs."""
        batches = -(-self.examples.train_inputs.shape[-2] // self.plan.batch_size)
        left, epoch = self.plan.batches, self.epoch
        while left > 0:
            epoch += 1
            self._pass(epoch, min(left, batches))
            left -= batches
        end = self.epoch + self.plan.batches / batches
        yield Evaluated(end, scores_of(self.ensemble, self.examples))
        yield from self._new_divergences()
        yield self._frame(end)
        return end

    def _replayed(self, earlier: Trained) -> Iterator[Event]:
        """Tell the earlier run's events again, up to where it can be taken up, and take it up there."""
        for event in earlier.events[1:]:
            if isinstance(event, Evaluated):
                if event.epoch >= earlier.epoch:
                    break
                self.watch.reason(event.epoch, event.scores["test_loss"])
            elif isinstance(event, Diverged):
                self.diverged.add(event.network)
            yield event
        device = self.examples.train_inputs.device
        state = {name: torch.from_numpy(array).to(device) for name, array in earlier.state.items()}
        self.ensemble.restore(state)
        self.epoch = earlier.epoch

    def _new_divergences(self) -> Iterator[Diverged]:
        for network, step in enumerate(self.ensemble.diverged.tolist()):
            if step >= 0 and network not in self.diverged:
                self.diverged.add(network)
                yield Diverged(network, step)

    def _apply(self, edits: Sequence[Edit]) -> None:
        snapshot = self.ensemble.snapshot()
        for edit in edits:
            snapshot[edit.network, edit.index] = edit.value
        for network in {edit.network for edit in edits}:
            self.ensemble.write(network, snapshot[network])

    def _frame(self, epoch: float) -> Framed:
        return Framed(epoch, self.ensemble.snapshot().to("cpu", torch.float32).numpy())


def scores_of(ensemble: Ensemble, examples: Examples) -> dict[str, Float[np.ndarray, " network"]]:
    """Return losses and, for classes, accuracies on both parts of the data; NaN for a diverged network."""
    scores: dict[str, Tensor] = {}
    hit_shares: dict[str, Tensor] = {}
    for part, inputs, targets in (
        ("train", examples.train_inputs, examples.train_targets),
        ("test", examples.test_inputs, examples.test_targets),
    ):
        scores[f"{part}_loss"], outputs = ensemble.evaluated(inputs, targets)
        if examples.middle is not None:
            right = hits(outputs, targets, examples.middle).float().mean(dim=-1)
            finite = outputs.isfinite().all(dim=-1).all(dim=-1)
            hit_shares[f"{part}_accuracy"] = torch.where(finite, right, torch.nan)
    return {name: score.cpu().double().numpy() for name, score in (scores | hit_shares).items()}


def hits(
    outputs: Float[Tensor, "network example output"],
    targets: Float[Tensor, "*network example output"],
    middle: float,
) -> Bool[Tensor, "network example"]:
    """Return which examples get the right class: the side of `middle`, or the largest output."""
    if outputs.shape[-1] == 1:
        return ((outputs > middle) == (targets > middle)).squeeze(-1)
    return outputs.argmax(dim=-1) == targets.argmax(dim=-1)


def _arrays(state: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    return {name: tensor.cpu().numpy() for name, tensor in state.items()}
