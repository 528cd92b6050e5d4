"""Which pixels a score of a convolutional network rests on, by five methods, and how far to trust them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from lab.models.convnet import Block, ConvNet

METHODS = ("saliency", "input_x_gradient", "integrated_gradients", "grad_cam", "occlusion")
STEPS = 128
"""Places between black and the image at which integrated gradients look: the middles of equal parts."""
LEAST_STEP = 2
"""Pixels by which occlusion moves its square at least: at most 196 of them on 28x28 pixels."""
AT_ONCE = 128
"""Covered images that go through the network together."""

Map = Float32[np.ndarray, "y x"]


def attributions(
    network: ConvNet,
    image: Float32[Tensor, "1 y x"],
    label: int,
    *,
    black: float,
    methods: Sequence[str] = METHODS,
    window: int = 4,
) -> dict[str, Map]:
    """Return, by method, what each pixel contributes to a score.

    Saliency is the size of the gradient; Grad-CAM is at least 0; the others have a sign.

    Args:
        network: in evaluation mode.
        image: as the network gets it.
        label: of the class whose score is explained.
        black: the value that stands for "nothing there": the baseline of integrated gradients, and what
            occlusion covers with.
        methods: some of `METHODS`.
        window: side of the square that occlusion covers, in pixels; at least 2.

    Source: Simonyan and others (2014); Shrikumar and others (2016); Sundararajan and others (2017);
        Selvaraju and others (2017); Zeiler and Fergus (2014). Computed by captum.
    """
    found = {
        name: _attributed(name, network, image[None], label=label, black=black, window=window)
        for name in methods
    }
    return {name: one[0].detach().sum(dim=0).numpy().astype(np.float32) for name, one in found.items()}


def _attributed(
    method: str, network: ConvNet, images: Tensor, *, label: int, black: float, window: int
) -> Float32[Tensor, "1 1 y x"]:
    from captum import attr  # noqa: PLC0415  (it brings matplotlib, which takes seconds)

    given: dict[str, Any] = {"inputs": images.clone().requires_grad_(), "target": label}
    match method:
        case "saliency":
            return attr.Saliency(network).attribute(**given, abs=True)
        case "input_x_gradient":
            return attr.InputXGradient(network).attribute(**given)
        case "integrated_gradients":
            baseline = torch.full_like(images, black)
            return attr.IntegratedGradients(network).attribute(
                **given, baselines=baseline, n_steps=STEPS, method="riemann_middle"
            )
        case "grad_cam":
            last = network.blocks[-1]
            assert isinstance(last, Block)
            seen = attr.LayerGradCam(network, last.activation).attribute(**given, relu_attributions=True)
            assert isinstance(seen, Tensor)
            return torch.nn.functional.interpolate(seen, size=images.shape[-2:], mode="bilinear")
        case "occlusion":
            step = max(LEAST_STEP, window // 2)
            return attr.Occlusion(network).attribute(
                images,
                target=label,
                baselines=black,
                sliding_window_shapes=(1, window, window),
                strides=(1, step, step),
                perturbations_per_eval=AT_ONCE,
            )
        case _:
            raise ValueError(f"method: expected one of {', '.join(METHODS)}, got {method!r}")


@torch.no_grad()
def score_gap(network: ConvNet, image: Float32[Tensor, "1 y x"], label: int, black: float) -> float:
    """Return how much higher the score of `image` is than that of a black picture.

    The contributions of integrated gradients add up to it; that is what "completeness" means.
    """
    both = torch.stack([image, torch.full_like(image, black)])
    scores = network(both)[:, label]
    return (scores[0] - scores[1]).item()


def randomised(network: ConvNet, layers: int, generator: torch.Generator) -> ConvNet:
    """Return a copy in which the last `layers` layers with weights have new first weights.

    Source: Adebayo and others (2018), Sanity Checks for Saliency Maps ("cascading randomization").
    """
    copy = ConvNet(network.architecture, generator).eval()
    kept = weighted_layers(network)[: len(weighted_layers(network)) - layers]
    weights = {
        name: values
        for name, values in network.state_dict().items()
        if name.startswith(tuple(kept) or ("-",))
    }
    copy.load_state_dict(weights, strict=False)
    return copy


def weighted_layers(network: ConvNet) -> list[str]:
    """Return the layers that have weights, from the input on, as they begin in the `state_dict`.

    Example:
        >>> from lab.models.convnet import ConvArchitecture
        >>> weighted_layers(ConvNet(ConvArchitecture(28, (8, 16)), torch.Generator()))
        ['blocks.0.', 'blocks.1.', 'dense.', 'output.']
    """
    blocks = [f"blocks.{number}." for number in range(len(network.blocks))]
    return [*blocks, *([] if network.dense is None else ["dense."]), "output."]


def rank_correlation(one: Map, other: Map) -> float:
    """Return Spearman's correlation of the sizes of two maps.

    1 means that they rank all pixels alike, 0 that they do not agree at all.
    Pixels of equal size share the mean of their ranks. It is NaN where a map has one value only.
    """
    ranks = np.stack([_ranks(np.abs(values).ravel()) for values in (one, other)])
    if (ranks.std(axis=1) == 0).any():
        return float("nan")
    return float(np.corrcoef(ranks)[0, 1])


def _ranks(values: Float[np.ndarray, " pixel"]) -> Float[np.ndarray, " pixel"]:
    _distinct, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[places]


def share_inside(maps: Mapping[str, Map], first: int, end: int) -> dict[str, float]:
    """Return, by method, the share of all contributions, by size, in rows and columns from `first` to `end`.

    It is NaN where nothing is attributed to any pixel.
    """
    sizes = {name: np.abs(values) for name, values in maps.items()}
    with np.errstate(invalid="ignore"):
        return {name: float(one[first:end, first:end].sum() / one.sum()) for name, one in sizes.items()}
