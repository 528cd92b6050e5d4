"""The settings of the training run that all later parts of the lesson look into."""

import math
from typing import Annotated, Self

from pydantic import model_validator

from lab.core.controls import Choice, Count, Seed, Slider, Switch
from lab.core.errors import SettingError
from lab.core.labels import _
from lab.core.settings import LessonSettings
from lab.models.convnet import ConvArchitecture, sides_of

IMAGES, NETWORK, TRAINING = _("Images"), _("Network"), _("Training")
AUGMENTATION, SHORTCUT = _("Augmentation"), _("A shortcut in the data")

SIDES = {"mnist": 28, "digits8": 8}
TRAINING_IMAGES = {"mnist": 4000, "digits8": 1437}
TEST_IMAGES = {"mnist": 1000, "digits8": 360}
DATA = {"mnist": _("Digits, 28x28 (5,000 of MNIST)"), "digits8": _("Digits, 8x8 (1,797)")}
ACTIVATIONS = {
    "relu": "ReLU",
    "leaky_relu": "Leaky ReLU",
    "tanh": "tanh",
    "sigmoid": _("Sigmoid"),
    "gelu": "GELU",
}
OPTIMIZERS = {
    "sgd": _("Gradient descent (SGD)"),
    "momentum": _("SGD with momentum 0.9"),
    "nesterov": _("Nesterov, momentum 0.9"),
    "rmsprop": "RMSprop",
    "adam": "Adam",
    "adamw": "AdamW",
}

MOST_EPOCHS = 20
MOST_PARAMETERS = 500_000
MOST_MULTIPLY_ADDS = 5_000_000
MOST_SECONDS = 28.0
"""Of a run on one current core; a busy machine takes twice as long, and a run may take a minute."""
SLOW_ACTIVATIONS = {"tanh": 2.0, "sigmoid": 2.0, "gelu": 3.0}


class Settings(LessonSettings):
    """All that decides a training run."""

    images: Annotated[str, Choice(_("Images"), DATA, help=_("What the network learns."), group=IMAGES)] = (
        "mnist"
    )
    train_images: Annotated[
        int,
        Count(
            _("Training images"),
            100,
            4000,
            log=True,
            help=_("At most so many are learned from; there are 1,437 of 8x8. Test images stay the same."),
            group=IMAGES,
        ),
    ] = 4000
    blocks: Annotated[
        int,
        Count(_("Blocks"), 1, 3, help=_("Each is convolution, activation and 2x2 pooling."), group=NETWORK),
    ] = 2
    channels1: Annotated[
        int, Count(_("Filters of block 1"), 1, 64, help=_("Each makes one feature map."), group=NETWORK)
    ] = 8
    channels2: Annotated[
        int,
        Count(_("Filters of block 2"), 1, 64, help=_("Each looks at all maps of block 1."), group=NETWORK),
    ] = 16
    channels3: Annotated[
        int,
        Count(_("Filters of block 3"), 1, 64, help=_("Each looks at all maps of block 2."), group=NETWORK),
    ] = 32
    kernel: Annotated[
        str,
        Choice(_("Kernel"), {"3": "3x3", "5": "5x5"}, help=_("How much one filter sees."), group=NETWORK),
    ] = "3"
    padding: Annotated[
        str,
        Choice(
            _("Padding"),
            {"valid": _("None (valid)"), "same": _("Zeros (same)")},
            help=_("Zeros around the maps keep their size."),
            group=NETWORK,
        ),
    ] = "valid"
    activation: Annotated[
        str, Choice(_("Activation"), ACTIVATIONS, help=_("After each convolution."), group=NETWORK)
    ] = "relu"
    pool: Annotated[
        str,
        Choice(
            _("Pooling"),
            {"max": _("Maximum"), "average": _("Average")},
            help=_("What is kept of four neighbours."),
            group=NETWORK,
        ),
    ] = "max"
    batch_norm: Annotated[
        bool,
        Switch(_("Batch normalisation"), help=_("Between convolution and activation."), group=NETWORK),
    ] = False
    dropout: Annotated[
        float,
        Slider(
            _("Dropout"),
            0,
            0.8,
            0.1,
            help=_("Share of the values before the dense layer that a step leaves out."),
            group=NETWORK,
        ),
    ] = 0.0
    dense: Annotated[
        int,
        Count(
            _("Dense layer"),
            10,
            300,
            log=True,
            zero=True,
            unit=_("neurons"),
            help=_("Between the blocks and the scores; 0 leaves it out."),
            group=NETWORK,
        ),
    ] = 128
    twin: Annotated[
        bool,
        Switch(
            _("Compare with a dense network"),
            help=_("Trains one without convolutions and with as many parameters, on the same batches."),
            group=NETWORK,
        ),
    ] = True
    optimizer: Annotated[
        str,
        Choice(_("Optimiser"), OPTIMIZERS, help=_("How a gradient becomes a step."), group=TRAINING),
    ] = "adam"
    learning_rate: Annotated[
        float,
        Slider(
            _("Learning rate"),
            0.0001,
            1,
            log=True,
            unit=_("per step"),
            help=_("SGD wants ten times as much as Adam."),
            group=TRAINING,
        ),
    ] = 0.003
    batch_size: Annotated[
        int,
        Count(_("Batch size"), 10, 500, log=True, unit=_("images"), help=_("Of a step."), group=TRAINING),
    ] = 32
    epochs: Annotated[
        int,
        Count(_("Epochs"), 0, MOST_EPOCHS, help=_("How often each image is learned from."), group=TRAINING),
    ] = 3
    seed: Annotated[
        int,
        Seed(
            _("Seed"),
            help=_("First weights, order of the images and their changes follow from it."),
            group=TRAINING,
        ),
    ] = 1
    shift: Annotated[
        int,
        Count(_("Shift"), 0, 4, unit=_("pixels"), help=_("At most, every way."), group=AUGMENTATION),
    ] = 0
    rotate: Annotated[
        float,
        Slider(_("Rotate"), 0, 45, 5, unit=_("degrees"), help=_("At most, either way."), group=AUGMENTATION),
    ] = 0.0
    noise: Annotated[
        float,
        Slider(
            _("Noise"),
            0,
            0.5,
            0.05,
            help=_("Its spread, as a share of full brightness."),
            group=AUGMENTATION,
        ),
    ] = 0.0
    shortcut: Annotated[
        bool,
        Switch(
            _("Mark one class"),
            help=_("A white square in a corner of its training images; test images have none."),
            group=SHORTCUT,
        ),
    ] = False
    shortcut_class: Annotated[
        int, Count(_("Marked digit"), 0, 9, help=_("The class with the mark."), group=SHORTCUT)
    ] = 7

    @model_validator(mode="after")
    def _can_be_trained(self) -> Self:
        """Refuse networks that cannot be built, or not within a run's time, in one sentence each."""
        sides = sides_of(self.side, self.blocks, int(self.kernel), self.border)
        possible = sum(pooled >= 1 for _wide, pooled in sides)
        if possible < self.blocks:
            expected = f"at most {possible} with kernel {self.kernel}x{self.kernel}, {self._padding_name()}"
            raise SettingError("Blocks", f"{expected}, on {self.side}x{self.side} pixels", self.blocks)
        network = self.architecture()
        if network.parameters > MOST_PARAMETERS:
            raise SettingError("Network", f"at most {MOST_PARAMETERS:,} parameters", network.parameters)
        if network.multiply_adds > MOST_MULTIPLY_ADDS:
            expected = f"at most {MOST_MULTIPLY_ADDS:,} multiply-adds per image"
            raise SettingError("Network", expected, network.multiply_adds)
        if self.epochs > self.most_epochs():
            expected = f"at most {self.most_epochs()} for a network of this size"
            raise SettingError("Epochs", expected, self.epochs)
        return self

    def _padding_name(self) -> str:
        return "no padding" if self.padding == "valid" else "padding"

    @property
    def border(self) -> int:
        """Return how many rows of zeros are put around what a convolution reads."""
        return 0 if self.padding == "valid" else int(self.kernel) // 2

    @property
    def side(self) -> int:
        """Return how many pixels an image is high and wide."""
        return SIDES[self.images]

    @property
    def examples(self) -> int:
        """Return how many images are learned from."""
        return min(self.train_images, TRAINING_IMAGES[self.images])

    @property
    def channels(self) -> tuple[int, ...]:
        """Return the filters of the blocks that there are."""
        return (self.channels1, self.channels2, self.channels3)[: self.blocks]

    def architecture(self) -> ConvArchitecture:
        """Return the network that these settings describe."""
        return ConvArchitecture(
            side=self.side,
            blocks=self.channels,
            kernel=int(self.kernel),
            padding=self.border,
            batch_norm=self.batch_norm,
            dropout=self.dropout,
            dense=self.dense,
            activation=self.activation,
            pool=self.pool,
        )

    def most_epochs(self) -> int:
        """Return how many epochs a run of this network on so many images may have."""
        return min(MOST_EPOCHS, int(MOST_SECONDS / self.epoch_seconds()))

    def epoch_seconds(self) -> float:
        """Return roughly how many CPU seconds an epoch takes on a current core, measuring included."""
        network = self.architecture()
        sums = network.multiply_adds * 1e-6
        values = sum(math.prod(row.shape) for row in network.table() if row.name.startswith("conv")) * 1e-3
        factor = SLOW_ACTIVATIONS.get(self.activation, 1.0) + 3.0 * self.batch_norm
        image = 20 + 100 * sums + 2.5 * values * factor
        image += 60 * (self.rotate > 0) + 20 * (self.noise > 0) + 10 * (self.dropout > 0)
        step = 1000 + 2e-3 * network.parameters
        look = TEST_IMAGES[self.images] * (10 + 45 * sums + values * factor)
        if self.twin:
            image, step = image + 10 + 1.2e-4 * network.parameters, 1.4 * step
        steps = self.examples / self.batch_size + 1
        return 1e-6 * (self.examples * image + steps * step + looks(self.examples) * look)


def looks(examples: int) -> int:
    """Return how often an epoch of so many images is measured: it takes as long as learning from 300."""
    return 4 if examples >= 2000 else 2 if examples >= 1000 else 1


NARROW = {"blocks": 2, "channels1": 8, "channels2": 16, "kernel": "3", "padding": "valid", "dense": 128}
"""What the button for the recommended network sets."""

WIDE = NARROW | {"channels1": 32, "channels2": 64}
"""The text's network: 32 and 64 filters of 3x3, pooling after each, 128 neurons."""
