"""The losses of a multi-layer perceptron, per example, and their slopes by the outputs."""

from typing import Literal, assert_never

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from lab.training.activations import OutputName, output_activation

LossName = Literal["half_squared_error", "mean_squared_error", "binary_cross_entropy", "cross_entropy"]

PARTNERS: dict[LossName, OutputName] = {"binary_cross_entropy": "sigmoid", "cross_entropy": "softmax"}
"""Losses that are defined on the scores of one kind of output only."""


def check_partners(loss: LossName, output: OutputName) -> None:
    """Refuse a loss that does not go with the output activation.

    Raises:
        ValueError: a cross-entropy without its partner, or a squared error of softmax outputs.
    """
    partner = PARTNERS.get(loss)
    if partner is not None and output != partner:
        raise ValueError(f"loss: {loss} expects output {partner!r}, got {output!r}")
    if partner is None and output == "softmax":
        raise ValueError(f"loss: {loss} expects output 'linear', 'tanh' or 'sigmoid', got 'softmax'")


def example_losses(
    loss: LossName, output: OutputName, scores: Tensor, targets: Tensor, neuron_axis: int = -1
) -> Float[Tensor, "..."]:
    """Return the loss of each example: non-negative, in nats for the cross-entropies.

    Args:
        loss: "half_squared_error" is half the sum over the outputs of (output - target)^2, and
            "mean_squared_error" its mean; "binary_cross_entropy" is the mean over the outputs of
            -t log a - (1 - t) log(1 - a), and "cross_entropy" the sum of -t log a.
        output: the output activation, which turns scores into outputs.
        scores: what the output activation is given; any finite value, so no logarithm of 0 arises.
        targets: the outputs aimed at, broadcast against the scores; probabilities for the cross-entropies.
        neuron_axis: the axis of the output neurons, which the result has no more.

    Example:
        >>> example_losses("half_squared_error", "linear", torch.tensor([3.0]), torch.tensor([1.0])).item()
        2.0
    """
    match loss:
        case "half_squared_error":
            return squared_errors(output, scores, targets).sum(neuron_axis).mul_(0.5)
        case "mean_squared_error":
            return squared_errors(output, scores, targets).mean(neuron_axis)
        case "binary_cross_entropy":
            targets = targets.expand_as(scores)
            terms = functional.binary_cross_entropy_with_logits(scores, targets, reduction="none")
            return terms.mean(neuron_axis)
        case "cross_entropy":
            return torch.log_softmax(scores, neuron_axis).mul_(targets).sum(neuron_axis).neg_()
        case _:
            assert_never(loss)


def squared_errors(output: OutputName, scores: Tensor, targets: Tensor) -> Tensor:
    """Return (output - target)^2 of each output neuron."""
    outputs = torch.empty_like(scores)
    output_activation(output, neuron_axis=-1).forward(scores, out=outputs)
    return outputs.sub_(targets).square_()


def error_weight(loss: LossName, examples: int, outputs: int) -> float:
    """Return c in slope = c (a - t), where a are the outputs and t the targets of a batch.

    It is the slope of the mean loss by the outputs for a squared error, and by the scores for a
    cross-entropy with its partner, where the derivative of the output activation cancels.

    Source: Bishop (2006), Pattern Recognition and Machine Learning, section 5.2.

    Example:
        >>> error_weight("mean_squared_error", examples=10, outputs=2)
        0.1
    """
    match loss:
        case "half_squared_error" | "cross_entropy":
            return 1 / examples
        case "mean_squared_error":
            return 2 / (examples * outputs)
        case "binary_cross_entropy":
            return 1 / (examples * outputs)
        case _:
            assert_never(loss)
