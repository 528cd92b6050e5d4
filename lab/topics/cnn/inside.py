"""Inside a trained network: what each layer makes of a picture, and the sum behind one value."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, Float64
from torch import Tensor
from torch.nn.functional import interpolate

from lab.core.errors import DataError
from lab.core.labels import _
from lab.core.lesson import Context
from lab.data.drawings import drawn_picture
from lab.data.photos import PHOTOS, channel, photo, read_picture
from lab.models.convnet import POOL, Block, ConvNet
from lab.models.receptive import Field, receptive_field
from lab.topics.cnn.display import Display
from lab.topics.cnn.images import images_of
from lab.topics.cnn.settings import Settings
from lab.topics.cnn.trained import Trained, network_of


@dataclass(frozen=True, slots=True)
class Spot:
    """One value: a layer that the network has, and a place in it, from 0."""

    layer: str
    channel: int
    row: int
    column: int

    @property
    def kind(self) -> str:
        """Return `conv`, `norm`, `act` or `pool`."""
        return self.layer[:-1]

    @property
    def block(self) -> int:
        """Return the number of the block, from 0."""
        return int(self.layer[-1]) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What a value of a feature map is computed from.

    Attributes:
        patch: what it looks at: of every input channel for a convolution, else of its own channel.
        kernel: the weights over the patch; none but for a convolution.
        bias: what is added; 0 but for a convolution.
        value: the result.
    """

    patch: Float64[np.ndarray, "source y x"]
    kernel: Float64[np.ndarray, "source y x"] | None
    bias: float
    value: float

    @property
    def sums(self) -> Float64[np.ndarray, " source"]:
        """Return the sum of the products of each input channel, or of the values without a kernel."""
        products = self.patch if self.kernel is None else self.patch * self.kernel
        return products.sum(axis=(1, 2))


@dataclass(frozen=True, slots=True, eq=False)
class Inside:
    """A picture on its way through the network.

    Attributes:
        image: as the network gets it.
        truth: the digit it shows; -1 if nobody knows.
        probabilities: of the ten digits.
        maps: what each layer of the blocks makes of it, by name.
        spot: the value that is looked at.
        terms: what it is computed from.
        field: what it sees of the image.
        moment: the moment of training whose weights are used, from 0.
    """

    image: Float32[np.ndarray, "y x"]
    truth: int
    probabilities: Float64[np.ndarray, " class"]
    maps: Mapping[str, Float32[np.ndarray, "channel y x"]]
    spot: Spot
    terms: Terms
    field: Field
    moment: int


def inside(settings: Settings, display: Display, context: Context, result: Trained) -> Inside:
    """Return what the network at a moment of its training makes of the chosen picture."""
    moment = moment_of(display, result)
    network = network_of(result, moment)
    image, truth = picture_of(settings, display, context)
    with torch.no_grad():
        stages = network.stages(image[None])
    maps = {name: values[0].numpy() for name, values in stages if values.ndim == 4}
    spot = _spot(display, maps)
    return Inside(
        image=image[0].numpy(),
        truth=truth,
        probabilities=stages[-1][1][0].softmax(dim=0).double().numpy(),
        maps=maps,
        spot=spot,
        terms=_terms(network, image[0].numpy(), maps, spot),
        field=receptive_field(result.architecture, spot.layer, spot.row, spot.column),
        moment=moment,
    )


def moment_of(display: Display, result: Trained) -> int:
    """Return the last moment, of those whose weights are all known, that the display allows."""
    chosen = [moment for moment in result.full_moments if moment < display.in_moment]
    return chosen[-1] if chosen else 0


def picture_of(
    settings: Settings, display: Display, context: Context
) -> tuple[Float32[Tensor, "1 y x"], int]:
    """Return the picture in the network's unit, and the digit it shows if it is known, else -1.

    Raises:
        DataError: the learner's own picture is not in this visit.
    """
    images = images_of(settings, context)
    if display.in_picture == "test":
        place = (display.in_image - 1) % len(images.test)
        return images.test[place].cpu(), int(images.test_labels[place])
    if display.in_picture == "drawn":
        shares = drawn_picture(display.in_drawing)
    elif display.in_picture in PHOTOS:
        shares = channel(photo(display.in_picture), "grey")
    else:
        if display.in_file not in context.files:
            raise DataError(_("Own picture"), _("a picture uploaded on this page"), display.in_file[:8])
        shares = channel(read_picture(context.files[display.in_file], "upload"), "grey")
    square = _square(torch.from_numpy(np.asarray(shares, np.float32)), settings.side)
    return images.black + (images.white - images.black) * square, -1


def _square(shares: Float32[Tensor, "y x"], side: int) -> Float32[Tensor, "1 side side"]:
    """Return the middle of a picture, shrunk to a square by averaging."""
    rows, columns = shares.shape
    short = min(rows, columns)
    top, left = (rows - short) // 2, (columns - short) // 2
    middle = shares[None, None, top : top + short, left : left + short]
    return interpolate(middle, size=(side, side), mode="area")[0]


def _spot(display: Display, maps: Mapping[str, np.ndarray]) -> Spot:
    """Return the chosen value, or the nearest one that there is."""
    layer = display.in_layer if display.in_layer in maps else next(iter(maps))
    channels, rows, columns = maps[layer].shape
    return Spot(
        layer,
        min(display.in_channel, channels) - 1,
        min(display.in_row, rows) - 1,
        min(display.in_column, columns) - 1,
    )


def _terms(network: ConvNet, image: np.ndarray, maps: Mapping[str, np.ndarray], spot: Spot) -> Terms:
    """Return what the value at `spot` is computed from, in double precision."""
    names = list(maps)
    before = names.index(spot.layer) - 1
    source = np.asarray(image[None] if before < 0 else maps[names[before]], np.float64)
    value = float(maps[spot.layer][spot.channel, spot.row, spot.column])
    if spot.kind != "conv":
        step = POOL if spot.kind == "pool" else 1
        top, left = spot.row * step, spot.column * step
        own = source[spot.channel : spot.channel + 1, top : top + step, left : left + step]
        return Terms(own, None, 0.0, value)
    block = network.blocks[spot.block]
    assert isinstance(block, Block)
    assert block.conv.bias is not None
    weight = block.conv.weight.detach()[spot.channel].double().numpy()
    pad = network.architecture.padding
    wide = np.pad(source, ((0, 0), (pad, pad), (pad, pad)))
    side = network.architecture.kernel
    patch = wide[:, spot.row : spot.row + side, spot.column : spot.column + side]
    return Terms(patch, weight, block.conv.bias.detach()[spot.channel].item(), value)
