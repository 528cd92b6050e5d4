"""What is shown of the run; each part of the lesson has fields of its own, told apart by their prefix."""

from typing import Annotated

from lab.core.controls import Choice, Count, Hidden, Several, Switch
from lab.core.labels import _
from lab.core.settings import LessonSettings
from lab.data.drawings import PATTERN

VIEWS = {
    "train": _("Training"),
    "inside": _("Inside"),
    "looks": _("What it looks at"),
    "quality": _("How good it is"),
}


METHODS = {
    "saliency": _("Saliency"),
    "input_x_gradient": _("Gradient x input"),
    "integrated_gradients": _("Integrated gradients"),
    "grad_cam": _("Grad-CAM"),
    "occlusion": _("Occlusion"),
}
SCORES = {
    "answer": _("The answer"),
    "truth": _("The true digit"),
    **{str(digit): str(digit) for digit in range(10)},
}

PICTURES = {
    "test": _("A test image"),
    "drawn": _("A digit I draw"),
    "china": _("Photograph: a temple"),
    "flower": _("Photograph: a flower"),
    "upload": _("My own picture"),
}
LAYERS = {
    f"{kind}{number}": f"{name} {number}"
    for number in (1, 2, 3)
    for kind, name in (
        ("conv", _("Convolution")),
        ("norm", _("Normalisation")),
        ("act", _("Activation")),
        ("pool", _("Pooling")),
    )
} | {"dense": _("Dense layer"), "act_dense": _("Its activation"), "scores": _("Scores")}
MAPS = {"1": _("1 to 16"), "17": _("17 to 32"), "33": _("33 to 48"), "49": _("49 to 64")}


class Display(LessonSettings):
    """Which part looks at the run, and how."""

    view: Annotated[
        str, Choice(_("View"), VIEWS, help=_("What is shown of the run; the part of the page decides it."))
    ] = "train"
    in_picture: Annotated[
        str, Choice(_("Picture"), PICTURES, help=_("What the trained network is shown."))
    ] = "test"
    in_image: Annotated[
        int, Count(_("Number of the test image"), 1, 1000, help=_("Of 8x8 digits there are 360."))
    ] = 1
    in_drawing: Annotated[str, Hidden(_("Drawing"), PATTERN, "a drawing of the sheet", longest=262)] = ""
    in_file: Annotated[str, Hidden(_("Own picture"), r"[0-9a-f]{64}", "a picture uploaded on this page")] = ""
    in_moment: Annotated[
        int, Count(_("Moment"), 1, 30, help=_("Of the training: 1 is before the first step."), hidden=True)
    ] = 30
    in_layer: Annotated[
        str,
        Choice(_("Layer"), LAYERS, help=_("Whose maps are looked at; one that is not there is left out.")),
    ] = "conv1"
    in_maps: Annotated[
        str, Choice(_("Maps shown"), MAPS, help=_("Of each layer, or the last ones of a layer with fewer."))
    ] = "1"
    in_channel: Annotated[int, Count(_("Map or neuron"), 1, 300, help=_("Of this layer, or click one."))] = 1
    in_row: Annotated[int, Count(_("Row in the map"), 1, 28, help=_("Or click a map."))] = 8
    in_column: Annotated[int, Count(_("Column in the map"), 1, 28, help=_("Or click a map."))] = 8
    in_source: Annotated[
        int, Count(_("Input channel"), 1, 300, help=_("Whose products are written out."))
    ] = 1
    look_image: Annotated[
        int, Count(_("Test image"), 1, 1000, help=_("Its number; of 8x8 digits there are 360."))
    ] = 1
    look_score: Annotated[
        str, Choice(_("Explain the score of"), SCORES, help=_("The class whose score the maps explain."))
    ] = "answer"
    look_methods: Annotated[
        tuple[str, ...],
        Several(_("Methods"), METHODS, help=_("Five answers to the same question; compare them.")),
    ] = tuple(METHODS)
    look_window: Annotated[
        int,
        Count(
            _("Window of occlusion"), 2, 8, unit=_("pixels"), help=_("Side of the square that is covered.")
        ),
    ] = 4
    look_mark: Annotated[
        bool,
        Switch(_("Paste the mark"), help=_("Puts the white square of a marked class on this test image.")),
    ] = False
    look_check: Annotated[
        bool,
        Switch(
            _("Sanity check"),
            help=_("Gives the layers new random weights, the last one first, and draws the maps again."),
        ),
    ] = False
