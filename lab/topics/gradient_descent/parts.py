"""The parts of the lesson, in the order in which it is read."""

from typing import Annotated

from lab.core.controls import Choice
from lab.core.labels import _
from lab.core.settings import LessonSettings

PARTS = {
    "line": _("1. Fit a line by hand"),
    "race": _("2. Optimisers on a surface"),
    "sweep": _("3. Every learning rate at once"),
    "batches": _("4. Batch size"),
    "network": _("5. Your own network"),
}


class Part(LessonSettings):
    """Which part of the lesson is shown."""

    part: Annotated[
        str, Choice(_("Part of this lesson"), PARTS, help=_("Each part has controls of its own."))
    ] = "line"
