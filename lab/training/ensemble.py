"""K multi-layer perceptrons of one shape, trained side by side: other seeds, other rates or other data.

A step of a small network costs PyTorch mostly the calls; K networks share them. The passes are written by
hand (`passes.py`), the updates are those of torch.optim (`optimizers.py`). A network's training does not
depend on how many others there are, nor on what becomes of them: on the CPU, with MKL, to the last bit.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from lab.models.initialise import InitialName, initial_parameters
from lab.training.architecture import Architecture, losses_of, outputs_of, unpacked
from lab.training.dropout import draw_masks
from lab.training.optimizers import FlatRates, Optimizer, Rate, Recipe, per_network
from lab.training.passes import Batch, Blocks, EpochShape, Passes

__all__ = ["Architecture", "Ensemble", "Recipe", "losses_of", "outputs_of", "unpacked"]

CPU = torch.device("cpu")
PREPARED = 8
"""Shapes of epochs whose buffers are kept."""


class Ensemble:
    """K networks, of which each is trained as if it were alone.

    Network i starts from seeds[i] and takes its dropout masks from seeds[i] and the number of the epoch.

    Attributes:
        architecture: what the networks share.
        recipe: how they are trained.
        networks: how many there are, K.
        steps: updates made so far.
        epochs: calls of `epoch` so far, full or cut short.

    Example:
        >>> ensemble = Ensemble(Architecture(1, (), 1), Recipe(learning_rate=0.5), [0], initial="zeros")
        >>> ensemble.epoch(torch.ones(1, 1), torch.full((1, 1), 2.0), torch.tensor([0]), batch_size=1)
        tensor([2.])
        >>> ensemble.snapshot()  # weight and bias went half the way to the target
        tensor([[1., 1.]])
    """

    def __init__(
        self,
        architecture: Architecture,
        recipe: Recipe,
        seeds: Sequence[int],
        *,
        initial: InitialName = "tfp_uniform",
        device: torch.device = CPU,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        """Draw the first parameters.

        Args:
            architecture: what the networks share.
            recipe: how they are trained.
            seeds: one seed per network, each at least 0; equal seeds give equal networks.
            initial: the rule of `lab.models.initialise` for the first parameters.
            device: where the numbers live.
            dtype: their precision.

        Raises:
            ValueError: no seed or a negative one, or the recipe has rates for another number of networks.
        """
        if not seeds or min(seeds) < 0:
            raise ValueError(f"seeds: expected one or more numbers of at least 0, got {list(seeds)}")
        self.architecture, self.recipe, self.networks = architecture, recipe, len(seeds)
        self.epochs = 0
        self._seeds = list(seeds)
        self._dropout = per_network("dropout", recipe.dropout, self.networks)
        self._parameters = torch.zeros(self.networks * architecture.parameters, dtype=dtype, device=device)
        self._gradients = torch.zeros_like(self._parameters)
        self._index = self._snapshot_index()
        self._optimizer = Optimizer(recipe, self._flat_rates(), self._parameters, self._gradients)
        self._diverged = torch.full((self.networks,), -1, dtype=torch.int64, device=device)
        self._prepared: dict[EpochShape, Passes] = {}
        for network, seed in enumerate(seeds):
            self.write(network, initial_parameters(architecture.shapes, initial, seed))

    @property
    def steps(self) -> int:
        """Updates made so far."""
        return self._optimizer.steps

    @property
    def diverged(self) -> Int64[Tensor, " network"]:
        """The first step, counted from 1, whose training loss was not finite; -1 if there was none.

        Parameters are looked at when an epoch ends: if they are no longer finite and no loss has told, it
        is the last step of that epoch.
        """
        return self._diverged.clone()

    def epoch(
        self,
        inputs: Float[Tensor, "*data example feature"],
        targets: Float[Tensor, "*data example output"],
        order: Int64[Tensor, " position"],
        batch_size: int,
        limit: int | None = None,
    ) -> Float[Tensor, " network"]:
        """Train on batches cut from `order`; the last one may be smaller.

        Args:
            inputs: examples that all networks share, or one data set per network.
            targets: the outputs aimed at, shared or one set per network.
            order: numbers of the examples, in the order in which they are used.
            batch_size: examples of a step, at least 1.
            limit: batches after which to stop, at least 1; None for all.

        Returns:
            The mean loss of each network over the examples used, each measured before the step it is used
            in, without penalties.

        Raises:
            ValueError: shapes do not fit the architecture, or a number is below 1.
        """
        if len(order) < 1 or batch_size < 1 or (limit is not None and limit < 1):
            raise ValueError(f"epoch: expected at least 1, got {len(order)=}, {batch_size=}, {limit=}")
        passes = self._filled_passes(inputs, targets, order, batch_size, any(self._dropout))
        batches = passes.batches[:limit]
        if passes.masks is not None:
            draw_masks(passes.masks, self._seeds, self._dropout, self.epochs)
        with torch.inference_mode():
            self._train(batches)
        self.epochs += 1
        with torch.no_grad():
            sums = passes.loss_sums(len(batches))
            self._note_divergence(sums)
            return sums.sum(-1) / min(len(order), len(batches) * batch_size)

    def gradients(
        self, inputs: Float[Tensor, "*data example feature"], targets: Float[Tensor, "*data example output"]
    ) -> Float[Tensor, "network parameter"]:
        """Return the gradient of the mean loss over all examples, without penalties, as `snapshot` orders it.

        Nothing is trained. Raises ValueError if shapes do not fit.
        """
        passes = self._forward_passes(inputs, targets)
        with torch.inference_mode():
            for call in passes.batches[0].backward:
                call()
        return self._gradients[self._index]

    def outputs(
        self, inputs: Float[Tensor, "*data example feature"]
    ) -> Float[Tensor, "network example output"]:
        """Return the outputs after the output activation, without dropout.

        Unlike training and `losses`, their last bit may depend on the number of networks.
        """
        return outputs_of(self.architecture, self.snapshot(), inputs.to(self._parameters))

    def losses(
        self, inputs: Float[Tensor, "*data example feature"], targets: Float[Tensor, "*data example output"]
    ) -> Float[Tensor, " network"]:
        """Return the mean loss of each network, without dropout and penalties."""
        return self.evaluated(inputs, targets)[0]

    def evaluated(
        self, inputs: Float[Tensor, "*data example feature"], targets: Float[Tensor, "*data example output"]
    ) -> tuple[Float[Tensor, " network"], Float[Tensor, "network example output"]]:
        """Return the mean loss of each network and its outputs, from one forward pass without dropout."""
        passes = self._forward_passes(inputs, targets)
        with torch.no_grad():
            return passes.loss_sums(1).squeeze(-1) / inputs.shape[-2], passes.outputs().clone()

    def snapshot(self) -> Float[Tensor, "network parameter"]:
        """Return the parameters: layer by layer weights, [fan_in, fan_out] row by row, then biases."""
        return self._parameters[self._index]

    def write(self, network: int, values: Float[Tensor, " parameter"]) -> None:
        """Set the parameters of one network, in the order of `snapshot`; the optimiser keeps its means.

        Raises:
            ValueError: there are not as many values as parameters.
        """
        if values.shape != (self.architecture.parameters,):
            raise ValueError(f"values: expected {self.architecture.parameters}, got {tuple(values.shape)}")
        self._parameters[self._index[network]] = values.to(self._parameters)

    def state(self) -> dict[str, Tensor]:
        """Return a copy of all that training goes on from: `restore` continues as if it had never stopped."""
        copies = {name: moment[self._index] for name, moment in self._optimizer.moments.items()}
        counts = {"steps": self.steps, "epochs": self.epochs, "seeds": self._seeds}
        copies |= {name: torch.tensor(count) for name, count in counts.items()}
        return copies | {"parameters": self.snapshot(), "diverged": self.diverged}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Go back to a `state` of an ensemble of the same shape, number of networks and optimiser.

        Raises:
            ValueError: the state is one of another kind of ensemble.
        """
        expected = {name: (values.shape, values.dtype) for name, values in self.state().items()}
        if expected != {name: (values.shape, values.dtype) for name, values in state.items()}:
            raise ValueError(f"state: expected {expected}, got one of another kind of ensemble")
        self._parameters[self._index] = state["parameters"].to(self._parameters)
        for name, moment in self._optimizer.moments.items():
            moment[self._index] = state[name].to(moment)
        self._diverged = state["diverged"].to(self._diverged.device, copy=True)
        self._optimizer.steps, self.epochs = int(state["steps"]), int(state["epochs"])
        self._seeds = state["seeds"].tolist()

    def _train(self, batches: list[Batch]) -> None:
        for batch in batches:
            for call in batch.forward:
                call()
            for call in batch.backward:
                call()
            self._optimizer.step()

    def _filled_passes(
        self, inputs: Tensor, targets: Tensor, order: Tensor, batch_size: int, drops: bool
    ) -> Passes:
        inputs, targets = inputs.to(self._parameters), targets.to(self._parameters)
        self._check_data("inputs", inputs, self.architecture.inputs)
        self._check_data("targets", targets, self.architecture.outputs)
        if inputs.shape[-2] != targets.shape[-2]:
            raise ValueError(f"targets: expected {inputs.shape[-2]} examples, got {targets.shape[-2]}")
        shape = EpochShape(len(order), batch_size, inputs.ndim == 2, targets.ndim == 2, drops)
        if shape not in self._prepared:
            if len(self._prepared) == PREPARED:
                self._prepared.clear()
            blocks = self._blocks(self._parameters), self._blocks(self._gradients)
            self._prepared[shape] = Passes(self.architecture, *blocks, shape)
        passes = self._prepared[shape]
        passes.fill(inputs, targets, order.to(self._parameters.device))
        return passes

    def _forward_passes(self, inputs: Tensor, targets: Tensor) -> Passes:
        """Return passes with all examples in one batch, whose forward pass is done."""
        order = torch.arange(inputs.shape[-2], device=self._parameters.device)
        passes = self._filled_passes(inputs, targets, order, len(order), drops=False)
        with torch.inference_mode():
            for call in passes.batches[0].forward:
                call()
        return passes

    def _check_data(self, name: str, values: Tensor, width: int) -> None:
        if (
            values.ndim not in (2, 3)
            or values.shape[-1] != width
            or values.shape[:-2] not in ((), (self.networks,))
        ):
            shapes = f"[example, {width}] or [{self.networks}, example, {width}]"
            raise ValueError(f"{name}: expected {shapes}, got {list(values.shape)}")

    def _note_divergence(self, sums: Float[Tensor, "network batch"]) -> None:
        if math.isfinite((sums.sum() + self._parameters.sum()).item()):  # nearly always, and cheap to know
            return
        lost = ~sums.isfinite()
        before = self.steps - sums.shape[-1]
        first = torch.where(lost.any(-1), before + 1 + lost.int().argmax(-1), -1)
        broken = ~self.snapshot().isfinite().all(-1)
        first = torch.where((first == -1) & broken, self.steps, first)
        self._diverged = torch.where(self._diverged == -1, first, self._diverged)

    def _blocks(self, flat: Tensor) -> Blocks:
        """Return views of a flat vector, one per layer; the biases are the last column."""
        sizes = [(self.networks, fan_out, fan_in + 1) for fan_in, fan_out in self.architecture.shapes]
        pieces = flat.split([networks * rows * columns for networks, rows, columns in sizes])
        return [piece.view(size) for piece, size in zip(pieces, sizes, strict=True)]

    def _snapshot_index(self) -> Int64[Tensor, "network parameter"]:
        """Return where in the flat vector each parameter of a snapshot is."""
        blocks = self._blocks(torch.arange(len(self._parameters), device=self._parameters.device))
        return torch.cat([block.mT.flatten(1) for block in blocks], dim=1)

    def _flat_rates(self) -> FlatRates:
        recipe = self.recipe
        learning_rate = self._spread("learning_rate", recipe.learning_rate)
        weights_only = torch.ones_like(learning_rate)
        for block in self._blocks(weights_only):
            block[:, :, -1] = 0
        l1 = self._spread("l1", recipe.l1) * weights_only
        l2 = self._spread("l2", recipe.l2) * weights_only
        return FlatRates(learning_rate, l1 if l1.any() else None, l2 if l2.any() else None)

    def _spread(self, name: str, rate: Rate) -> Float[Tensor, " parameter"]:
        """Return a rate as one number per parameter."""
        flat = torch.zeros_like(self._parameters)
        flat[self._index] = flat.new_tensor(per_network(name, rate, self.networks)).unsqueeze(-1)
        return flat
