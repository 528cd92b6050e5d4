"""The settings of the Playground: each field is widget, URL parameter, validation and cache key."""

import re
from typing import Annotated, Self

from pydantic import model_validator

from lab.core.controls import Choice, Count, Hidden, Layers, Seed, Several, Slider, Switch
from lab.core.errors import SettingError
from lab.core.labels import _
from lab.core.settings import LessonSettings
from lab.data.points import FEATURES
from lab.topics.playground.choices import (
    ACTIVATIONS,
    DATA_SETS,
    INITIALS,
    LOSSES,
    OPTIMIZERS,
    REGRESSION,
)
from lab.training.supervised import Edit

DATA, NETWORK, TRAINING, STOP = _("Data"), _("Network"), _("Training"), _("Regularise and stop")
MOST_LAYERS, MOST_NEURONS, MOST_NETWORKS, MOST_EPOCHS = 6, 16, 32, 2000

EDIT = r"(\d{1,5}):(\d{1,2}):(\d{1,4})=(-?\d{1,6}(?:\.\d{1,8})?)"


class Settings(LessonSettings):
    """All that decides a run of the Playground."""

    data: Annotated[str, Choice(_("Data set"), DATA_SETS, help=_("What the networks learn."), group=DATA)] = (
        "circle"
    )
    noise: Annotated[
        float,
        Slider(_("Noise"), 0, 0.5, 0.05, help=_("How far points are thrown off their place."), group=DATA),
    ] = 0.0
    train_share: Annotated[
        float,
        Slider(_("Training share"), 0.1, 0.9, 0.1, help=_("The rest is held back as test data."), group=DATA),
    ] = 0.5
    batch_size: Annotated[
        int,
        Count(
            _("Batch size"),
            1,
            1000,
            log=True,
            unit=_("examples"),
            help=_("Each step averages the gradient over so many examples."),
            group=DATA,
        ),
    ] = 10
    shuffle: Annotated[
        bool, Switch(_("Shuffle each epoch"), help=_("Visit the examples in a new order."), group=DATA)
    ] = True
    seed: Annotated[
        int,
        Seed(_("Seed"), help=_("All chance follows from it: data, first weights, order."), group=DATA),
    ] = 1
    features: Annotated[
        tuple[str, ...],
        Several(
            _("Features"),
            {str(name): feature.label for name, feature in FEATURES.items()},
            help=_("What the first layer is given of each point."),
            group=NETWORK,
        ),
    ] = ("x1", "x2")
    hidden: Annotated[
        tuple[int, ...],
        Layers(
            _("Hidden layers"), MOST_LAYERS, MOST_NEURONS, help=_("Neurons of each layer."), group=NETWORK
        ),
    ] = (4, 2)
    activation: Annotated[
        str,
        Choice(_("Activation"), ACTIVATIONS, help=_("The f in a = f(z) of hidden neurons."), group=NETWORK),
    ] = "tanh"
    initial: Annotated[
        str,
        Choice(_("First weights"), INITIALS, help=_("Where training starts."), group=NETWORK),
    ] = "tfp_uniform"
    networks: Annotated[
        int,
        Count(
            _("Networks"),
            1,
            MOST_NETWORKS,
            help=_("Trained side by side from different first weights."),
            group=NETWORK,
        ),
    ] = 8
    loss: Annotated[str, Choice(_("Loss"), LOSSES, help=_("What training makes small."), group=TRAINING)] = (
        "half_squared_error"
    )
    optimizer: Annotated[
        str,
        Choice(_("Optimiser"), OPTIMIZERS, help=_("How a gradient becomes a step."), group=TRAINING),
    ] = "sgd"
    learning_rate: Annotated[
        float,
        Slider(
            _("Learning rate"),
            0.00001,
            10,
            log=True,
            unit=_("per step"),
            help=_("The size of a step along the gradient."),
            group=TRAINING,
        ),
    ] = 0.03
    epochs: Annotated[
        int,
        Count(
            _("Epochs"),
            1,
            MOST_EPOCHS,
            log=True,
            zero=True,
            help=_("Passes over the training data."),
            group=TRAINING,
        ),
    ] = 200
    l1: Annotated[
        float,
        Slider(
            _("L1 rate"),
            0.001,
            10,
            log=True,
            zero=True,
            help=_("Pulls every weight towards 0 by the same amount."),
            group=STOP,
        ),
    ] = 0.0
    l2: Annotated[
        float,
        Slider(
            _("L2 rate"),
            0.001,
            10,
            log=True,
            zero=True,
            help=_("Pulls every weight towards 0 in proportion to its size."),
            group=STOP,
        ),
    ] = 0.0
    dropout: Annotated[
        float,
        Slider(
            _("Dropout"),
            0,
            0.8,
            0.05,
            help=_("Share of hidden outputs switched off in each training step."),
            group=STOP,
        ),
    ] = 0.0
    stop_target: Annotated[
        float,
        Slider(
            _("Stop at test loss"),
            0.0001,
            1,
            log=True,
            zero=True,
            help=_("End when the median test loss is this small; 0 is off."),
            group=STOP,
        ),
    ] = 0.0
    stop_plateau: Annotated[
        int,
        Count(
            _("Stop on a plateau of"),
            5,
            1000,
            log=True,
            zero=True,
            unit=_("epochs"),
            help=_("End when the median test loss has not fallen by 1 % for so long; 0 is off."),
            group=STOP,
        ),
    ] = 0
    stop_diverged: Annotated[
        bool,
        Switch(
            _("Stop when it diverges"),
            help=_("End when the loss of half the networks is no number."),
            group=STOP,
        ),
    ] = True
    batches: Annotated[int, Count(_("Extra batches"), 0, 10_000, hidden=True)] = 0
    edits: Annotated[
        str,
        Hidden(
            _("Weights set by hand"),
            rf"{EDIT}(,{EDIT}){{0,199}}",
            _("a list of epoch:network:parameter=value, such as 200:0:3=0.5"),
        ),
    ] = ""
    file: Annotated[
        str, Hidden(_("Uploaded table"), r"[0-9a-f]{64}", _("the SHA-256 of a table, 64 hex digits"))
    ] = ""

    @model_validator(mode="after")
    def _loss_fits_data(self) -> Self:
        if self.data in REGRESSION and "cross_entropy" in self.loss:
            raise SettingError("Loss", f"a squared error for the values of {self.data!r}", self.loss)
        return self

    def hand_edits(self) -> tuple[Edit, ...]:
        """Return the weights set by hand.

        Example:
            >>> Settings(edits="200:0:3=0.5").hand_edits()
            (Edit(epoch=200, network=0, index=3, value=0.5),)
        """
        found = re.finditer(EDIT, self.edits)
        return tuple(Edit(int(one[1]), int(one[2]), int(one[3]), float(one[4])) for one in found)

    def edited(self, edit: Edit) -> Self:
        """Return these settings with one more weight set by hand; the last edit of a weight counts."""
        place = (edit.epoch, edit.network, edit.index)
        others = [e for e in self.hand_edits() if (e.epoch, e.network, e.index) != place]
        text = ",".join(f"{e.epoch}:{e.network}:{e.index}={_plain(e.value)}" for e in [*others, edit])
        return self.changed(edits=text)

    def further(self, *, epochs: int = 0, batches: int = 0, per_epoch: int) -> Self:
        """Return these settings with a longer run: whole epochs, or single batches after the last one.

        Args:
            epochs: to add; an epoch that has begun is not finished first but trained anew as a whole.
            batches: to add.
            per_epoch: how many batches make an epoch.

        Example:
            >>> more = Settings(epochs=5, batches=24).further(batches=1, per_epoch=25)
            >>> more.epochs, more.batches
            (6, 0)
        """
        whole, left = (0, 0) if epochs else divmod(self.batches + batches, per_epoch)
        total = min(self.epochs + epochs + whole, MOST_EPOCHS)
        return self.changed(epochs=total, batches=left if total < MOST_EPOCHS else 0)

    def same_network(self, other: Self) -> bool:
        """Return whether a weight set by hand in `other` means the same weight here."""
        free = {"epochs": self.epochs, "batches": self.batches, "edits": self.edits}
        return other.changed(**free) == self


def _plain(value: float) -> str:
    """Return a number without an exponent, to eight decimals, which `EDIT` reads."""
    return f"{value:.8f}".rstrip("0").removesuffix(".")


class Display(LessonSettings):
    """What is shown of a run; changing it computes nothing."""

    shown: Annotated[
        int, Count(_("Network shown"), 1, MOST_NETWORKS, help=_("One of those trained side by side."))
    ] = 1
    surface: Annotated[
        str, Choice(_("Output as"), {"map": _("Map"), "3d": _("3-D surface")}, help=_("Two views of it."))
    ] = "map"
    show_test: Annotated[bool, Switch(_("Show test data"), help=_("Points never trained on."))] = False
    discretize: Annotated[
        bool, Switch(_("Show the decision only"), help=_("The class on each side, without shades."))
    ] = False
    log_loss: Annotated[
        bool, Switch(_("Logarithmic loss axis"), help=_("Shows small losses as clearly as large ones."))
    ] = False
