"""Convolutional networks, and networks of dense layers alone with as many parameters to compare with."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn

from lab.models.initialise import initial_weights

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "gelu": nn.GELU,
}
POOLS: dict[str, type[nn.Module]] = {"max": nn.MaxPool2d, "average": nn.AvgPool2d}
POOL = 2


@dataclass(frozen=True, slots=True)
class LayerRow:
    """A layer in the table of layers.

    Attributes:
        name: as in `ConvNet.stages`.
        shape: of what it makes of one image: channels, height, width; or neurons.
        parameters: weights and biases that are learned.
        multiply_adds: products that a forward pass of one image adds up; comparisons, divisions and the
            function calls of activations are not counted.
    """

    name: str
    shape: tuple[int, ...]
    parameters: int
    multiply_adds: int

    @property
    def flops(self) -> int:
        """Return floating-point operations: a multiply-add is two."""
        return 2 * self.multiply_adds


@dataclass(frozen=True, slots=True)
class ConvArchitecture:
    """What a convolutional network is made of.

    Attributes:
        side: pixels of an image in height and in width; images have one channel.
        blocks: channels that the convolution of each block makes; at least one block.
        kernel: side of the kernels, odd.
        padding: rows of zeros around what a convolution reads; 0 is "valid".
        batch_norm: whether each convolution is followed by batch normalisation.
        dropout: share of the values before the dense layers that is set to 0 in training, below 1.
        dense: neurons of the dense layer; 0 if the scores follow the last block at once.
        classes: scores.
        activation: one of `ACTIVATIONS`.
        pool: one of `POOLS`, over windows of 2 x 2.

    Raises:
        ValueError: the images are too small for so many blocks.

    Example:
        >>> ConvArchitecture(28, (8, 16)).sides()
        ((26, 13), (11, 5))
    """

    side: int
    blocks: tuple[int, ...]
    kernel: int = 3
    padding: int = 0
    batch_norm: bool = False
    dropout: float = 0.0
    dense: int = 128
    classes: int = 10
    activation: str = "relu"
    pool: str = "max"

    def __post_init__(self) -> None:
        if not self.blocks or self.sides()[-1][1] < 1:
            raise ValueError(f"blocks: expected as many as images of {self.side} pixels allow, at least one")

    def sides(self) -> tuple[tuple[int, int], ...]:
        """Return of each block the side of what its convolution makes, and of what its pooling leaves."""
        return sides_of(self.side, len(self.blocks), self.kernel, self.padding)

    @property
    def features(self) -> int:
        """Return how many numbers the last block hands to the dense layers."""
        return self.blocks[-1] * self.sides()[-1][1] ** 2

    @property
    def parameters(self) -> int:
        """Return how many numbers are learned."""
        return sum(row.parameters for row in self.table())

    @property
    def multiply_adds(self) -> int:
        """Return how many products a forward pass of one image adds up."""
        return sum(row.multiply_adds for row in self.table())

    def table(self) -> list[LayerRow]:
        """Return the layers from input to scores; dropout, which does nothing once trained, is left out."""
        rows: list[LayerRow] = []
        source = 1
        for number, channels in enumerate(self.blocks, start=1):
            wide, pooled = self.sides()[number - 1]
            weights = channels * source * self.kernel**2
            shape = (channels, wide, wide)
            rows.append(LayerRow(f"conv{number}", shape, weights + channels, weights * wide**2))
            if self.batch_norm:
                rows.append(LayerRow(f"norm{number}", shape, 2 * channels, 0))
            rows.append(LayerRow(f"act{number}", shape, 0, 0))
            rows.append(LayerRow(f"pool{number}", (channels, pooled, pooled), 0, 0))
            source = channels
        width = self.features
        if self.dense:
            rows.append(LayerRow("dense", (self.dense,), (width + 1) * self.dense, width * self.dense))
            rows.append(LayerRow("act_dense", (self.dense,), 0, 0))
            width = self.dense
        rows.append(LayerRow("scores", (self.classes,), (width + 1) * self.classes, width * self.classes))
        return rows


def sides_of(side: int, blocks: int, kernel: int, padding: int) -> tuple[tuple[int, int], ...]:
    """Return the sides after convolution and after pooling of each block; below 1 where nothing is left.

    Example:
        >>> sides_of(8, 2, kernel=3, padding=0)
        ((6, 3), (1, 0))
    """
    found: list[tuple[int, int]] = []
    for _block in range(blocks):
        wide = side + 2 * padding - kernel + 1
        side = wide // POOL
        found.append((wide, side))
    return tuple(found)


class GeneratorDropout(nn.Module):
    """Dropout whose masks come from a generator of its own, not from the one that all visitors share.

    Source: Srivastava and others (2014), Dropout, section 10 (division in training instead of later).
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.generator = torch.Generator()

    def forward(self, values: Float[Tensor, "example feature"]) -> Float[Tensor, "example feature"]:
        """Return the values, in training with a share of them set to 0 and the others made larger."""
        if not self.training or not self.share:
            return values
        kept = torch.empty(values.shape).bernoulli_(1 - self.share, generator=self.generator)
        return values * kept.to(values.device) / (1 - self.share)


class Block(nn.Module):
    """Convolution, batch normalisation if wanted, activation, pooling."""

    def __init__(self, architecture: ConvArchitecture, number: int, generator: torch.Generator) -> None:
        super().__init__()
        source = architecture.blocks[number - 1] if number else 1
        channels = architecture.blocks[number]
        self.conv = _convolution(architecture, source, channels, generator)
        self.norm = nn.BatchNorm2d(channels) if architecture.batch_norm else None
        self.activation = ACTIVATIONS[architecture.activation]()
        self.pool = POOLS[architecture.pool](POOL)

    def parts(self) -> list[tuple[str, nn.Module]]:
        """Return the steps of the block by their names, in order."""
        norm = [] if self.norm is None else [("norm", self.norm)]
        return [("conv", self.conv), *norm, ("act", self.activation), ("pool", self.pool)]

    def forward(self, images: Float[Tensor, "example source y x"]) -> Float[Tensor, "example channel v u"]:
        """Return the pooled feature maps."""
        for _name, part in self.parts():
            images = part(images)
        return images


class ConvNet(nn.Module):
    """Blocks, then dropout, a dense layer and scores; He's first weights and biases of 0, single precision.

    Args:
        architecture: what it is made of.
        generator: of the CPU; gives the first weights, layer by layer from the input on.
    """

    def __init__(self, architecture: ConvArchitecture, generator: torch.Generator) -> None:
        super().__init__()
        self.architecture = architecture
        numbers = range(len(architecture.blocks))
        self.blocks = nn.ModuleList(Block(architecture, number, generator) for number in numbers)
        self.dropout = GeneratorDropout(architecture.dropout)
        self.dense = self.activation = None
        width = architecture.features
        if architecture.dense:
            self.dense = he_linear(width, architecture.dense, generator)
            self.activation = ACTIVATIONS[architecture.activation]()
            width = architecture.dense
        self.output = he_linear(width, architecture.classes, generator)

    def named_steps(self) -> list[tuple[str, nn.Module]]:
        """Return every step by the name it has in the table of layers; `flatten` and `dropout` besides."""
        steps: list[tuple[str, nn.Module]] = []
        for number, block in enumerate(self.blocks, start=1):
            assert isinstance(block, Block)
            steps += [(f"{name}{number}", part) for name, part in block.parts()]
        steps += [("flatten", nn.Flatten()), ("dropout", self.dropout)]
        if self.dense is not None and self.activation is not None:
            steps += [("dense", self.dense), ("act_dense", self.activation)]
        return [*steps, ("scores", self.output)]

    def forward(self, images: Float[Tensor, "example 1 y x"]) -> Float[Tensor, "example class"]:
        """Return the scores of the classes."""
        values = images
        for block in self.blocks:
            values = block(values)
        values = self.dropout(values.flatten(1))
        if self.dense is not None and self.activation is not None:
            values = self.activation(self.dense(values))
        return self.output(values)

    def stages(self, images: Float[Tensor, "example 1 y x"]) -> list[tuple[str, Tensor]]:
        """Return what each layer of the table makes of the images, by name."""
        made: list[tuple[str, Tensor]] = []
        for name, step in self.named_steps():
            images = step(images)
            if name not in ("flatten", "dropout"):
                made.append((name, images))
        return made


class DenseTwin(nn.Module):
    """A multi-layer perceptron with one hidden layer, as many parameters as a convolutional network has.

    Args:
        architecture: of the convolutional network, whose activation and dropout it takes over.
        generator: of the CPU; gives the first weights.
    """

    def __init__(self, architecture: ConvArchitecture, generator: torch.Generator) -> None:
        super().__init__()
        width = twin_width(architecture)
        self.hidden = he_linear(architecture.side**2, width, generator)
        self.activation = ACTIVATIONS[architecture.activation]()
        self.dropout = GeneratorDropout(architecture.dropout)
        self.output = he_linear(width, architecture.classes, generator)

    def forward(self, images: Float[Tensor, "example 1 y x"]) -> Float[Tensor, "example class"]:
        """Return the scores of the classes."""
        return self.output(self.dropout(self.activation(self.hidden(images.flatten(1)))))


def twin_width(architecture: ConvArchitecture) -> int:
    """Return how many hidden neurons bring a perceptron closest to the network's number of parameters.

    Example:
        >>> narrow = ConvArchitecture(28, (8, 16))
        >>> narrow.parameters, twin_width(narrow), 68 * 785 + 10 * 69
        (53866, 68, 54070)
    """
    each = architecture.side**2 + 1 + architecture.classes
    return max(1, round((architecture.parameters - architecture.classes) / each))


def he_linear(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    """Return a dense layer with He's first weights and biases of 0."""
    # Made without numbers: torch would draw them from the generator that all visitors share.
    layer = nn.Linear(inputs, outputs, device="meta").to_empty(device="cpu")
    _fill(layer.weight, layer.bias, inputs, outputs, generator)
    return layer


def _convolution(
    architecture: ConvArchitecture, source: int, channels: int, generator: torch.Generator
) -> nn.Conv2d:
    kernel = architecture.kernel
    hollow = nn.Conv2d(source, channels, kernel, padding=architecture.padding, device="meta")
    layer = hollow.to_empty(device="cpu")
    _fill(layer.weight, layer.bias, source * kernel**2, channels, generator)
    return layer


@torch.no_grad()
def _fill(weight: Tensor, bias: Tensor | None, inputs: int, outputs: int, generator: torch.Generator) -> None:
    drawn = initial_weights(inputs, outputs, "he", generator)
    weight.copy_(drawn.T.reshape(weight.shape))
    assert bias is not None
    bias.zero_()


def filters_of(network: ConvNet) -> Sequence[Float32[Tensor, "out in y x"]]:
    """Return the kernels of each block."""
    return [block.conv.weight for block in network.blocks if isinstance(block, Block)]
