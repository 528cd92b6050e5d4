"""The parts of the lesson, in the order in which it is read."""

from typing import Annotated

from lab.core.controls import Choice
from lab.core.labels import _
from lab.core.settings import LessonSettings

PARTS = {
    "cell": _("1. The cell, step by step"),
    "series": _("2. Series and forecasts"),
    "text": _("3. Letters and languages"),
    "memory": _("4. What is remembered"),
    "cost": _("5. What it costs"),
}


class Part(LessonSettings):
    """Which part of the lesson is shown."""

    part: Annotated[
        str, Choice(_("Part of this lesson"), PARTS, help=_("Each part has controls of its own."))
    ] = "cell"
