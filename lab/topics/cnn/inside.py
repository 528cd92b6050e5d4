"""Inside a trained network: what each layer makes of a picture, and the sum behind one value."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, Float64
from torch import Tensor, nn
from torch.nn.functional import interpolate

from lab.core.errors import DataError
from lab.core.labels import _
from lab.core.lesson import Context
from lab.data.drawings import drawn_picture
from lab.data.photos import PHOTOS, channel, photo, read_picture
from lab.models.convnet import POOL, ConvNet
from lab.models.receptive import Field, receptive_field
from lab.topics.cnn.display import Display
from lab.topics.cnn.images import images_of
from lab.topics.cnn.settings import Settings
from lab.topics.cnn.trained import Trained, network_of

END = 30
"""The moment that stands for the end of the training, however many there are before it."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One value: a layer that the network has, and a place in it, from 0."""

    layer: str
    channel: int
    row: int
    column: int

    @property
    def kind(self) -> str:
        """Return `conv`, `norm`, `act` or `pool`; or the layer itself after the blocks."""
        return self.layer.rstrip("123")

    @property
    def block(self) -> int | None:
        """Return the number of the block, from 0; None after the blocks."""
        return int(self.layer[-1]) - 1 if self.layer[-1].isdigit() else None


@dataclass(frozen=True, slots=True)
class Norm:
    """What batch normalisation does to a map once the network is trained.

    Attributes:
        mean: of the map in training, over a running window of batches.
        variance: likewise.
        epsilon: is added to the variance.
        scale: is learned; multiplies what is normalised.
        shift: is learned; is added at the end.
    """

    mean: float
    variance: float
    epsilon: float
    scale: float
    shift: float


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What a value of a feature map is computed from.

    Attributes:
        patch: what it looks at: of every input channel if there are weights, else of its own channel.
        kernel: the weights over the patch, of a convolution or a dense layer.
        bias: what is added; 0 where there are no weights.
        value: the result.
        norm: of batch normalisation.
    """

    patch: Float64[np.ndarray, "source y x"]
    kernel: Float64[np.ndarray, "source y x"] | None
    bias: float
    value: float
    norm: Norm | None = None

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
        maps: what each layer makes of it, by name; after the blocks a neuron is a map of one value.
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
    maps = {name: values[0].numpy().reshape(values.shape[1], *_sides(values)) for name, values in stages}
    spot = _spot(display, maps)
    place = spot.layer, spot.row, spot.column
    return Inside(
        image=image[0].numpy(),
        truth=truth,
        probabilities=stages[-1][1][0].softmax(dim=0).double().numpy(),
        maps=maps,
        spot=spot,
        terms=_terms(network, image[0].numpy(), maps, spot),
        field=Field(0, 0, settings.side)
        if spot.block is None
        else receptive_field(network.architecture, *place),
        moment=moment,
    )


def _sides(values: Tensor) -> tuple[int, int]:
    return (values.shape[2], values.shape[3]) if values.ndim == 4 else (1, 1)


def moment_of(display: Display, result: Trained) -> int:
    """Return the moment of training, from 0, whose weights the display chooses."""
    return stops(result)[stop_of(display, result)]


def stops(result: Trained) -> dict[int, int]:
    """Return the moments whose weights are all known, by the number that chooses them; the last has `END`."""
    *before, last = result.full_moments
    return {place + 1: place for place in before} | {END: last}


def stop_of(display: Display, result: Trained) -> int:
    """Return the last of the `stops` that the display allows, or else the first."""
    numbers = list(stops(result))
    return max((number for number in numbers if number <= display.in_moment), default=numbers[0])


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
    layer = dict(network.named_steps())[spot.layer]
    if isinstance(layer, nn.Conv2d):
        pad, side = network.architecture.padding, network.architecture.kernel
        wide = np.pad(source, ((0, 0), (pad, pad), (pad, pad)))
        patch = wide[:, spot.row : spot.row + side, spot.column : spot.column + side]
        return _weighted(layer, spot.channel, patch, value)
    if isinstance(layer, nn.Linear):
        return _weighted(layer, spot.channel, source, value)
    step = POOL if spot.kind == "pool" else 1
    top, left = spot.row * step, spot.column * step
    own = source[spot.channel : spot.channel + 1, top : top + step, left : left + step]
    return Terms(own, None, 0.0, value, _norm(layer, spot.channel))


def _weighted(layer: nn.Conv2d | nn.Linear, channel: int, patch: np.ndarray, value: float) -> Terms:
    assert layer.bias is not None
    weights = layer.weight.detach()[channel].double().numpy().reshape(patch.shape)
    return Terms(patch, weights, layer.bias.detach()[channel].item(), value)


def _norm(layer: nn.Module, channel: int) -> Norm | None:
    if not isinstance(layer, nn.BatchNorm2d):
        return None
    assert layer.running_mean is not None
    assert layer.running_var is not None
    numbers = (layer.running_mean, layer.running_var, layer.weight.detach(), layer.bias.detach())
    mean, variance, scale, shift = (one[channel].item() for one in numbers)
    return Norm(mean, variance, layer.eps, scale, shift)
