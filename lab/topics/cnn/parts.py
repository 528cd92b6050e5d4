"""The parts of the lesson, in the order in which it is read."""

from typing import Annotated

from lab.core.controls import Choice
from lab.core.labels import _
from lab.core.settings import LessonSettings

PARTS = {
    "operation": _("1. The operation"),
    "train": _("2. Train a network"),
    "inside": _("3. Inside the trained network"),
    "looks": _("4. What it looks at"),
    "quality": _("5. How good it is"),
}


class Part(LessonSettings):
    """Which part of the lesson is shown."""

    part: Annotated[
        str, Choice(_("Part of this lesson"), PARTS, help=_("Each part has controls of its own."))
    ] = "operation"
