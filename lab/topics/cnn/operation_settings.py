"""The settings of the operation: a picture, a kernel, how it slides, and what comes after it."""

from typing import Annotated

import numpy as np
from jaxtyping import Float64

from lab.core.controls import Choice, Count, Hidden, Slider, Switch
from lab.core.labels import _
from lab.core.settings import LessonSettings
from lab.data.drawings import PATTERN
from lab.models.convolution import Sliding
from lab.topics.cnn.operation_kernels import KERNELS, OWN, fitted, kernel_named, kernel_read

PICTURE, KERNEL, SLIDING, AFTER = _("Picture"), _("Kernel"), _("How it slides"), _("After it")
PICTURES = {
    "digits28": _("A digit of 28x28 pixels (MNIST)"),
    "digits8": _("A digit of 8x8 pixels"),
    "china": _("Photograph: a temple in China"),
    "flower": _("Photograph: a flower"),
    "drawn": _("A digit I draw"),
    "upload": _("My own picture"),
}
DIGITS = {"digits28": 28, "digits8": 8}
COLOURED = ("china", "flower", "upload")
CHANNELS = {"grey": _("Grey"), "red": _("Red"), "green": _("Green"), "blue": _("Blue")}
SIZES = {"1": "1 x 1", "3": "3 x 3", "5": "5 x 5"}
POOLS = {"none": _("None"), "max": _("Maximum"), "average": _("Average")}
LEVELS = {"convolution": _("the convolution"), "pooling": _("the pooling")}
LARGEST_CELL = 1000
MOST_PLACES = 72  # 64 pixels, a ring of padding of 4 on both ends, a kernel of 1

_CELL = r"-?\d{1,4}(\.\d{1,6})?"
_CELLS = rf"{_CELL}|{_CELL}(,{_CELL}){{8}}|{_CELL}(,{_CELL}){{24}}"


class OperationSettings(LessonSettings):
    """All that decides what comes out."""

    conv_picture: Annotated[
        str, Choice(_("Picture"), PICTURES, help=_("What the kernel slides over."), group=PICTURE)
    ] = "digits28"
    conv_number: Annotated[
        int,
        Count(
            _("Digit number"),
            1,
            5000,
            help=_("Its place in the data; of the 8x8 digits there are 1,797."),
            group=PICTURE,
        ),
    ] = 5
    conv_channel: Annotated[
        str,
        Choice(_("Channel"), CHANNELS, help=_("What is taken of the photograph's colours."), group=PICTURE),
    ] = "grey"
    conv_drawing: Annotated[
        str, Hidden(_("Drawn digit"), PATTERN, _("784 pixels of 2 bits as 262 letters of base64url"))
    ] = ""
    conv_file: Annotated[
        str, Hidden(_("My own picture"), r"[0-9a-f]{64}", _("a picture uploaded on this page"))
    ] = ""
    conv_kernel: Annotated[
        str, Choice(_("Kernel"), KERNELS, help=_("The weights that slide over the picture."), group=KERNEL)
    ] = "sobel_x"
    conv_size: Annotated[
        str, Choice(_("Kernel size"), SIZES, help=_("How many pixels it weighs."), group=KERNEL)
    ] = "3"
    conv_cells: Annotated[
        str, Hidden(_("My own kernel"), _CELLS, _("1, 9 or 25 numbers such as 0,1,0,1,-4,1,0,1,0"), 400)
    ] = ""
    conv_bias: Annotated[
        float, Slider(_("Bias b"), -2, 2, 0.05, help=_("Is added to every sum."), group=KERNEL)
    ] = 0.0
    conv_stride: Annotated[
        int,
        Count(_("Stride s"), 1, 4, unit=_("pixels"), help=_("How far it moves each time."), group=SLIDING),
    ] = 1
    conv_padding: Annotated[
        int,
        Count(_("Padding p"), 0, 4, unit=_("pixels"), help=_("Rings of zeros around it."), group=SLIDING),
    ] = 0
    conv_dilation: Annotated[
        int,
        Count(_("Dilation d"), 1, 3, unit=_("pixels"), help=_("From one cell to the next."), group=SLIDING),
    ] = 1
    conv_relu: Annotated[
        bool, Switch("ReLU", help=_("Negative sums become 0, as after most convolutions."), group=AFTER)
    ] = False
    conv_pool: Annotated[
        str, Choice(_("Pooling"), POOLS, help=_("What is kept of each window of the output."), group=AFTER)
    ] = "none"
    conv_pool_size: Annotated[
        int, Count(_("Window"), 2, 4, unit=_("pixels"), help=_("Its height and width."), group=AFTER)
    ] = 2
    conv_pool_stride: Annotated[
        int,
        Count(_("Window's stride"), 1, 4, unit=_("pixels"), help=_("Usually as large as it."), group=AFTER),
    ] = 2
    conv_pool_padding: Annotated[
        int,
        Count(
            _("Window's padding"),
            0,
            2,
            unit=_("pixels"),
            help=_("Around the output; rarely any."),
            group=AFTER,
        ),
    ] = 0

    def kernel(self) -> Float64[np.ndarray, "side side"]:
        """Return the kernel: one of the list, or the learner's own at the chosen size."""
        side = int(self.conv_size)
        if self.conv_kernel == OWN:
            return fitted(kernel_read(self.conv_cells), side)
        return kernel_named(self.conv_kernel, side)

    def sliding(self) -> Sliding:
        """Return how the kernel slides."""
        return Sliding(int(self.conv_size), self.conv_stride, self.conv_padding, self.conv_dilation)

    def pooling(self) -> Sliding | None:
        """Return how the pooling's window slides, if there is pooling."""
        if self.conv_pool == "none":
            return None
        return Sliding(self.conv_pool_size, self.conv_pool_stride, self.conv_pool_padding)


class OperationDisplay(LessonSettings):
    """Which pixel is looked at."""

    conv_level: Annotated[
        str, Choice(_("Look behind a pixel of"), LEVELS, help=_("Pooling can be switched on at the left."))
    ] = "convolution"
    conv_row: Annotated[
        int, Count(_("Row"), 1, MOST_PLACES, help=_("Of the pixel; or click one in the output."))
    ] = 9
    conv_column: Annotated[
        int, Count(_("Column"), 1, MOST_PLACES, help=_("Of the pixel; or click one in the output."))
    ] = 12
