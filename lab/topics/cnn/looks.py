"""What a trained network looks at: maps of one test image, their sanity check, and a planted shortcut."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from lab.core.lesson import Context
from lab.models.convnet import ConvNet
from lab.topics.cnn.display import Display
from lab.topics.cnn.images import MARKS, Images, images_of
from lab.topics.cnn.settings import Settings
from lab.topics.cnn.trained import Trained, network_of
from lab.training.attribution import (
    Map,
    attributions,
    randomised,
    rank_correlation,
    score_gap,
    share_inside,
    weighted_layers,
)

RANDOM_SEED = 7


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One test image, explained.

    Attributes:
        image: as the network gets it.
        truth: the digit it shows.
        answer: what the network takes it for.
        probability: how sure it is of that, from 0 to 1.
        label: the class whose score is explained.
        gap: by how much that score is higher than for a black picture.
        maps: by method.
        corner: by method, the share of all contributions in the square of the mark.
    """

    image: Float32[np.ndarray, "y x"]
    truth: int
    answer: int
    probability: float
    label: int
    gap: float
    maps: dict[str, Map]
    corner: dict[str, float]


def look(settings: Settings, display: Display, context: Context, result: Trained) -> Look:
    """Return what the trained network makes of the chosen test image."""
    images, network = images_of(settings, context), network_of(result)
    place = (display.look_image - 1) % len(images.test)
    image, truth = images.test[place].cpu(), int(images.test_labels[place])
    if display.look_mark:
        image = pasted(image[None], images)[0]
    with torch.no_grad():
        shares = network(image[None]).softmax(dim=1)[0]
    answer = int(shares.argmax())
    label = {"answer": answer, "truth": truth}.get(display.look_score)
    label = int(display.look_score) if label is None else label
    maps = _maps(network, image, label, display, images)
    return Look(
        image=image[0].numpy(),
        truth=truth,
        answer=answer,
        probability=shares[answer].item(),
        label=label,
        gap=score_gap(network, image, label, images.black),
        maps=maps,
        corner=share_inside(maps, *MARKS[settings.side]),
    )


def _maps(
    network: ConvNet, image: Float32[Tensor, "1 y x"], label: int, display: Display, images: Images
) -> dict[str, Map]:
    return attributions(
        network,
        image,
        label,
        black=images.black,
        methods=display.look_methods,
        window=min(display.look_window, image.shape[-1]),
    )


def pasted(images: Float32[Tensor, "image 1 y x"], source: Images) -> Float32[Tensor, "image 1 y x"]:
    """Return images with the white square that marks a class in their corner."""
    first, end = MARKS[images.shape[-1]]
    changed = images.clone()
    changed[..., first:end, first:end] = source.white
    return changed


@dataclass(frozen=True, slots=True, eq=False)
class Sanity:
    """How alike the maps stay when layers lose what they have learned.

    Attributes:
        rows: which layers have random weights; the first row is the trained network.
        correlations: rank correlation with the trained network's map, a column for each method.
        maps: of the network without anything learned, by method.
    """

    rows: tuple[str, ...]
    correlations: Float[np.ndarray, "row method"]
    maps: dict[str, Map]


def sanity(settings: Settings, display: Display, context: Context, result: Trained, shown: Look) -> Sanity:
    """Return the maps' agreement while layer after layer gets random weights, from the scores backwards."""
    images, network = images_of(settings, context), network_of(result)
    image = torch.from_numpy(shown.image)[None]
    blocks = [f"conv{number}" for number in range(1, len(network.blocks) + 1)]
    names = [*blocks, *([] if network.dense is None else ["dense"]), "scores"]
    rows, table, maps = [], [], shown.maps
    for count in range(len(weighted_layers(network)) + 1):
        if count:
            other = randomised(network, count, torch.Generator().manual_seed(RANDOM_SEED))
            maps = _maps(other, image, shown.label, display, images)
        rows.append("none" if not count else f"{names[-count]} to scores" if count > 1 else names[-1])
        table.append([rank_correlation(shown.maps[name], maps[name]) for name in maps])
    return Sanity(tuple(rows), np.array(table), maps)


@dataclass(frozen=True, slots=True)
class Shortcut:
    """What a planted mark did, measured on the test images.

    Attributes:
        marked: the class whose training images had the mark.
        found: share of its test images, without the mark, that are read rightly.
        fooled: share of the other digits' test images that are taken for it once the mark is pasted on.
        fooled_before: the same without the mark.
    """

    marked: int
    found: float
    fooled: float
    fooled_before: float


@torch.no_grad()
def shortcut(settings: Settings, context: Context, result: Trained) -> Shortcut:
    """Return what the mark of the class `shortcut_class` does to the network's answers."""
    images, network = images_of(settings, context), network_of(result)
    test, labels = images.test.cpu(), images.test_labels.cpu()
    plain, marked = (network(one).argmax(dim=1) for one in (test, pasted(test, images)))
    mine = labels == settings.shortcut_class

    def share(answers: Tensor) -> float:
        return (answers == settings.shortcut_class).double().mean().item()

    return Shortcut(settings.shortcut_class, share(plain[mine]), share(marked[~mine]), share(plain[~mine]))
