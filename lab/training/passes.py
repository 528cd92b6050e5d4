"""Forward and backward passes of K networks at once, written out by hand into buffers made once.

Everything is neuron by example: the activations of a layer are [network, neuron, example], so z = W a reads
as in the books. The last column of W is the bias, and the last row of a is 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from lab.training.activations import ACTIVATIONS, Call, nothing, output_activation
from lab.training.architecture import Architecture
from lab.training.losses import PARTNERS, error_weight, example_losses

Blocks = list[Float[Tensor, "network fan_out fan_in_and_one"]]


@dataclass(frozen=True, slots=True)
class EpochShape:
    """What the buffers of an epoch depend on.

    Attributes:
        examples: examples of an epoch.
        batch_size: examples of each batch but the last, which may have fewer.
        shared_inputs: whether the networks share the inputs.
        shared_targets: whether the networks share the targets.
        drops: whether hidden activations are dropped.
    """

    examples: int
    batch_size: int
    shared_inputs: bool
    shared_targets: bool
    drops: bool


@dataclass(frozen=True, slots=True)
class LayerPass:
    """One layer on one batch: views of the buffers, from which the calls are made.

    `product` is the matrix product that `weights`, `gradient`, `inputs`, `inputs_transposed`, `products` and
    `slopes` are shaped for; `scores` and `delta` are the last two as [network, neuron, example].
    `activated` is f(z); `activations` is that times the dropout `mask`, or the same tensor without one.
    """

    product: Callable[..., Tensor]
    weights: Tensor
    gradient: Tensor
    inputs: Tensor
    inputs_transposed: Tensor
    products: Tensor
    slopes: Tensor
    activate: Callable[..., Any]
    scores: Tensor
    delta: Tensor
    activated: Tensor
    activations: Tensor
    mask: Tensor | None
    weights_transposed: Tensor
    product_below: Callable[..., Tensor]


@dataclass(frozen=True, slots=True)
class Batch:
    """The operations on one batch of an epoch, ready to be called in order.

    Attributes:
        forward: compute all activations.
        backward: compute the gradient of the mean loss, after the forward pass.
        examples: how many there are in the batch.
    """

    forward: list[Call]
    backward: list[Call]
    examples: int


@dataclass(frozen=True, slots=True)
class Workspace:
    """The buffers that all batches of one size share, one of each per layer; no scores of the output."""

    with_ones: list[Float[Tensor, "network neuron_and_one example"]]
    activated: list[Float[Tensor, "network neuron example"]]
    scores: list[Float[Tensor, "network neuron example"]]
    deltas: list[Float[Tensor, "network neuron example"]]
    error_weight: Float[Tensor, ""]


class Passes:
    """All passes of one epoch: the data in the order of the epoch, and each batch ready to run.

    Made once for a shape of epochs, then filled anew for each epoch.

    Attributes:
        shape: what the buffers are made for.
        batches: the batches of the epoch, in order.
        masks: what hidden activations are multiplied with, to be set by the caller; None without dropout.
    """

    def __init__(
        self, architecture: Architecture, weights: Blocks, gradients: Blocks, shape: EpochShape
    ) -> None:
        """Allocate, on blocks of weights and biases and of the gradients that `backward` overwrites."""
        self.shape = shape
        self._architecture, self._weights, self._gradients = architecture, weights, gradients
        self._networks = len(weights[0])
        activation, output = ACTIVATIONS[architecture.activation], architecture.output
        self._activate, self._backward = activation.forward, activation.backward
        self._activate_output = output_activation(output, neuron_axis=-2).forward
        # A cross-entropy's slope by the scores is the error itself: the derivative of its output cancels.
        partner = "linear" if architecture.loss in PARTNERS else output
        self._output_backward = output_activation(partner, neuron_axis=-2).backward

        inputs = () if shape.shared_inputs else (self._networks,)
        targets = () if shape.shared_targets else (self._networks,)
        new, examples = weights[0].new_ones, shape.examples
        self._rows = new(*inputs, examples, architecture.inputs + 1)
        self._columns = new(*inputs, architecture.inputs + 1, examples)
        self._targets = new(*targets, architecture.outputs, examples)
        self._scores = new(examples * self._networks * architecture.outputs)
        self.masks = new(self._networks, sum(architecture.hidden), examples) if shape.drops else None
        self._workspaces: dict[int, Workspace] = {}
        starts = range(0, examples, shape.batch_size)
        self.batches = [self._batch(start, min(start + shape.batch_size, examples)) for start in starts]

    def fill(self, inputs: Tensor, targets: Tensor, order: Int64[Tensor, " position"]) -> None:
        """Bring the data into the order of an epoch."""
        torch.index_select(inputs, -2, order, out=self._rows[..., :-1])
        self._columns.copy_(self._rows.mT)
        torch.index_select(targets.mT, -1, order, out=self._targets)

    def loss_sums(self, batches: int) -> Float[Tensor, "network batch"]:
        """Return the sum of the example losses of each of the first `batches` forward passes."""
        full = min(batches, self.shape.examples // self.shape.batch_size)
        sums = [self._group_sums(0, full, self.shape.batch_size)] if full else []
        if batches > full:
            start = full * self.shape.batch_size
            sums.append(self._group_sums(start, 1, self.shape.examples - start))
        return sums[0] if len(sums) == 1 else torch.cat(sums, dim=-1)

    def outputs(self) -> Float[Tensor, "network example output"]:
        """Return the outputs of the forward pass of the first batch, as a view of its buffer."""
        return self._workspaces[self.batches[0].examples].activated[-1].mT

    def _group_sums(self, start: int, batches: int, size: int) -> Float[Tensor, "network batch"]:
        architecture, per_example = self._architecture, self._networks * self._architecture.outputs
        end = start + batches * size
        shape = (batches, self._networks, architecture.outputs, size)
        scores = self._scores[start * per_example : end * per_example].view(shape)
        targets = self._targets[..., start:end].unflatten(-1, (batches, size)).movedim(-2, 0)
        if targets.ndim == 3:
            targets = targets.unsqueeze(1)
        losses = example_losses(architecture.loss, architecture.output, scores, targets, neuron_axis=-2)
        return losses.sum(-1).T.contiguous()

    def _batch(self, start: int, end: int) -> Batch:
        size = end - start
        if size not in self._workspaces:
            self._workspaces[size] = self._workspace(size)
        workspace = self._workspaces[size]
        layers = [self._layer(depth, start, end, workspace) for depth in range(len(self._weights))]
        targets = self._targets[..., start:end]
        backward = self._backward_calls(layers, targets, workspace.error_weight)
        return Batch(forward_calls(layers), backward, size)

    def _backward_calls(self, layers: list[LayerPass], targets: Tensor, error_weight: Tensor) -> list[Call]:
        """Return the backward pass.

        Source: Rumelhart, Hinton and Williams (1986), Learning representations by back-propagating errors.
        """
        layer = layers[-1]
        calls: list[Call] = [
            partial(torch.sub, layer.activations, targets, out=layer.delta),
            self._output_backward(layer.delta, layer.scores, layer.activations),
            partial(layer.delta.mul_, error_weight),
        ]
        for below in layers[-2::-1]:
            # dL/dW = delta a^T, and one layer down delta = (W^T delta) * f'(z)
            calls.append(partial(layer.product, layer.slopes, layer.inputs_transposed, out=layer.gradient))
            calls.append(partial(layer.product_below, layer.weights_transposed, layer.delta, out=below.delta))
            if below.mask is not None:
                calls.append(partial(below.delta.mul_, below.mask))
            calls.append(self._backward(below.delta, below.scores, below.activated))
            layer = below
        calls.append(partial(layer.product, layer.slopes, layer.inputs_transposed, out=layer.gradient))
        return [call for call in calls if call is not nothing]

    def _workspace(self, size: int) -> Workspace:
        fan_outs = [fan_out for _, fan_out in self._architecture.shapes]
        new = self._weights[0].new_ones
        # One row more than neurons, needed or not: elementwise operations then run network by network, and
        # their rounding does not depend on how many networks there are.
        with_ones = [new(self._networks, fan_out + 1, size) for fan_out in fan_outs]
        before_mask = with_ones
        if self.masks is not None:
            before_mask = [*(torch.ones_like(buffer) for buffer in with_ones[:-1]), with_ones[-1]]
        return Workspace(
            with_ones=with_ones,
            activated=[buffer[:, :-1] for buffer in before_mask],
            scores=[new(self._networks, fan_out, size) for fan_out in fan_outs[:-1]],
            deltas=[new(self._networks, fan_out, size) for fan_out in fan_outs],
            error_weight=new(()) * error_weight(self._architecture.loss, size, fan_outs[-1]),
        )

    def _layer(self, depth: int, start: int, end: int, workspace: Workspace) -> LayerPass:
        weights, delta = self._weights[depth], workspace.deltas[depth]
        is_output = depth == len(self._weights) - 1
        scores = self._output_scores(start, end) if is_output else workspace.scores[depth]
        inputs, inputs_transposed = self._layer_inputs(depth, start, end, workspace)
        flat = inputs.ndim == 2
        return LayerPass(
            product=torch.mm if flat else torch.bmm,
            weights=weights.flatten(0, 1) if flat else weights,
            gradient=self._gradients[depth].flatten(0, 1) if flat else self._gradients[depth],
            inputs=inputs,
            inputs_transposed=inputs_transposed,
            products=scores.flatten(0, 1) if flat else scores,
            slopes=delta.flatten(0, 1) if flat else delta,
            activate=self._activate_output if is_output else self._activate,
            scores=scores,
            delta=delta,
            activated=workspace.activated[depth],
            activations=workspace.with_ones[depth][:, :-1],
            mask=None if is_output else self._mask(depth, start, end),
            weights_transposed=weights[:, :, :-1].mT,
            product_below=product_below(*weights.shape[1:]),
        )

    def _layer_inputs(self, depth: int, start: int, end: int, workspace: Workspace) -> tuple[Tensor, Tensor]:
        """Return what a layer is fed, [.., neuron, example], and its transpose; of two axes if shared."""
        if depth > 0:
            inputs = workspace.with_ones[depth - 1]
            return inputs, inputs.mT
        columns, rows = self._columns[..., start:end], self._rows[..., start:end, :]
        # One product for all networks is fastest, but at less than three neurons or two examples its
        # rounding would depend on how many networks there are.
        if columns.ndim == 3 or (self._architecture.shapes[0][1] >= 3 and end - start >= 2):
            return columns, rows
        return columns.expand(self._networks, -1, -1), rows.expand(self._networks, -1, -1)

    def _output_scores(self, start: int, end: int) -> Float[Tensor, "network output example"]:
        outputs = self._architecture.outputs
        per_example = self._networks * outputs
        return self._scores[start * per_example : end * per_example].view(self._networks, outputs, -1)

    def _mask(self, depth: int, start: int, end: int) -> Tensor | None:
        if self.masks is None:
            return None
        first = sum(self._architecture.hidden[:depth])
        return self.masks[:, first : first + self._architecture.hidden[depth], start:end]


def forward_calls(layers: list[LayerPass]) -> list[Call]:
    """Return the forward pass through prepared layers."""
    calls: list[Call] = []
    for layer in layers:
        # z = W a, next a = f(z)
        calls.append(partial(layer.product, layer.weights, layer.inputs, out=layer.products))
        calls.append(partial(layer.activate, layer.scores, out=layer.activated))
        if layer.mask is not None:
            calls.append(partial(torch.mul, layer.activated, layer.mask, out=layer.activations))
    return calls


def product_below(fan_out: int, fan_in_and_one: int) -> Callable[..., Tensor]:
    """Return what computes W^T delta: `product(weights_transposed, delta, out=...)`."""
    if fan_out == 1:
        return torch.mul  # an outer product, which multiplication does faster
    if fan_in_and_one == 2:
        return weighted_sum  # the rounding of bmm would depend on how many networks there are
    return torch.bmm


def weighted_sum(
    weights_transposed: Float[Tensor, "network 1 neuron"],
    delta: Float[Tensor, "network neuron example"],
    *,
    out: Float[Tensor, "network 1 example"],
) -> Tensor:
    """Write the product of a row of weights and delta."""
    return torch.sum(weights_transposed.mT * delta, dim=1, keepdim=True, out=out)
