"""Dropout masks of many networks, each from a generator of its own."""

from collections.abc import Sequence

import numpy
import torch
from jaxtyping import Float
from torch import Tensor


def draw_masks(
    masks: Float[Tensor, "network neuron example"], seeds: Sequence[int], shares: Sequence[float], epoch: int
) -> None:
    """Draw which activations an epoch keeps: `masks` becomes 1 / (1 - share) where kept, 0 where dropped.

    Args:
        masks: to be overwritten; hidden neurons, layer by layer, by place of the example in the epoch.
        seeds: of each network, at least 0; its draws depend on its seed and on the epoch alone.
        shares: of the activations of each network to be dropped, from 0 to below 1.
        epoch: number of the epoch, at least 0.

    Source: Srivastava and others (2014), Dropout, section 10 (division in training instead of later).
    """
    masks.fill_(1)
    for mask, seed, share in zip(masks, seeds, shares, strict=True):
        if share > 0:
            drawn = numpy.random.default_rng((seed, epoch)).random(mask.shape)
            mask.copy_(torch.from_numpy(drawn >= share)).div_(1 - share)
