"""The settings of the line that is fitted by hand."""

from typing import Annotated

from lab.core.controls import Choice, Count, Hidden, Slider, Switch
from lab.core.labels import _
from lab.core.settings import LessonSettings

TABLES = {
    "bmi": _("Diabetes: body mass index"),
    "bp": _("Diabetes: blood pressure"),
    "s5": _("Diabetes: log of triglycerides"),
    "age": _("Diabetes: age"),
    "csv": _("My own table, first column"),
    "csv_second": _("My own table, second column"),
}
NAMES = {
    "bmi": _("Body mass index"),
    "bp": _("Blood pressure"),
    "s5": _("Log of triglycerides"),
    "age": _("Age"),
}
WIDEST = 3.0
DATA, LINE, DESCENT = _("Data"), _("Your line"), _("Descent")


class LineSettings(LessonSettings):
    """The table, the learner's line, and how descent goes on from it."""

    line_table: Annotated[
        str, Choice(_("Data"), TABLES, help=_("What the progression is to be told from."), group=DATA)
    ] = "bmi"
    line_file: Annotated[str, Hidden(_("Own table"), r"[0-9a-f]{64}", "a table uploaded on this page")] = ""
    slope: Annotated[
        float,
        Slider(_("Slope w"), -WIDEST, WIDEST, 0.05, help=_("How steep; pull the line, too."), group=LINE),
    ] = -0.5
    intercept: Annotated[
        float,
        Slider(_("Intercept b"), -WIDEST, WIDEST, 0.05, help=_("Its height at x = 0."), group=LINE),
    ] = 1.0
    line_rate: Annotated[
        float,
        Slider(_("Learning rate"), 0.001, 3, log=True, help=_("The length of a step."), group=DESCENT),
    ] = 0.1
    line_steps: Annotated[
        int,
        Count(
            _("Steps of descent"),
            1,
            500,
            log=True,
            zero=True,
            help=_("How often the line moves against its gradient, on all examples; 0 is your line alone."),
            group=DESCENT,
        ),
    ] = 0


class LineDisplay(LessonSettings):
    """What is drawn with the line."""

    line_errors: Annotated[
        bool, Switch(_("Show the errors"), help=_("From each example to the line, up or down."))
    ] = True
