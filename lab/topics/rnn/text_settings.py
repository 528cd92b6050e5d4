"""The settings of the parts about letters: what is read, by which cell, and how it writes."""

from typing import Annotated, Self

from pydantic import model_validator

from lab.core.controls import Choice, Count, Hidden, Seed, Several, Slider
from lab.core.errors import SettingError
from lab.core.labels import _
from lab.core.settings import LessonSettings
from lab.topics.rnn.cell_settings import KINDS

TASKS = {"letters": _("Write like a text"), "language": _("Tell a word's language")}
SOURCES = {"lab": _("The lab's own prose"), "own": _("My own text")}
LANGUAGES = {
    "english": _("English"),
    "french": _("French"),
    "spanish": _("Spanish"),
    "italian": _("Italian"),
    "portuguese": _("Portuguese"),
    "czech": _("Czech"),
    "turkish": _("Turkish"),
}
NETWORK, TRAINING = _("Network"), _("Training")
MOST_WORK = 1.3e11
"""Multiply-adds of all forward passes of a run: 1,000 steps at the other defaults, 10 to 30 s of one core."""
CLIP = Slider(
    _("Clip gradients at"),
    0.1,
    10,
    log=True,
    zero=True,
    help=_("A longer gradient is shortened to this length; 0 is off."),
    group=TRAINING,
)


class Task(LessonSettings):
    """What is done with letters."""

    text_task: Annotated[str, Choice(_("Task"), TASKS, help=_("Two things to do with letters."))] = "letters"


class LettersSettings(LessonSettings):
    """All that decides how a network learns a text."""

    text_source: Annotated[
        str, Choice(_("Text"), SOURCES, help=_("What it reads; yours stays in this visit."))
    ] = "lab"
    text_file: Annotated[str, Hidden(_("Own text"), r"[0-9a-f]{64}", "a text pasted on this page")] = ""
    text_cell: Annotated[
        str, Choice(_("Cell"), KINDS, help=_("What goes from letter to letter."), group=NETWORK)
    ] = "lstm"
    text_hidden: Annotated[
        int,
        Count(_("Hidden units"), 10, 200, log=True, help=_("Numbers it keeps in mind."), group=NETWORK),
    ] = 100
    text_layers: Annotated[
        int, Count(_("Layers"), 1, 2, help=_("Cells one above the other."), group=NETWORK)
    ] = 1
    text_length: Annotated[
        int,
        Count(
            _("Sequence length"),
            10,
            100,
            log=True,
            unit=_("letters"),
            help=_("How many letters are read on end, from an empty state."),
            group=TRAINING,
        ),
    ] = 50
    text_batch: Annotated[
        int,
        Count(_("Sequences in a batch"), 1, 50, log=True, help=_("Read side by side."), group=TRAINING),
    ] = 30
    text_rate: Annotated[
        float,
        Slider(_("Learning rate"), 0.0001, 1, log=True, help=_("Of Adam."), group=TRAINING),
    ] = 0.01
    text_clip: Annotated[float, CLIP] = 1.0
    text_truncation: Annotated[
        int,
        Count(
            _("Truncate gradients after"),
            1,
            100,
            log=True,
            zero=True,
            unit=_("letters"),
            help=_("How far back gradients flow at most; the state flows on. 0 is the whole sequence."),
            group=TRAINING,
        ),
    ] = 0
    text_steps: Annotated[
        int,
        Count(_("Steps"), 10, 1000, log=True, zero=True, help=_("Updates of the weights."), group=TRAINING),
    ] = 300
    text_seed: Annotated[
        int, Seed(_("Seed"), help=_("First weights and pieces follow from it."), group=TRAINING)
    ] = 1


class LettersDisplay(LessonSettings):
    """How the trained network writes, and which unit is looked at."""

    text_temperature: Annotated[
        float,
        Slider(
            _("Temperature"),
            0,
            2,
            0.1,
            help=_("Divides the scores: 0 always takes the likeliest letter, 2 dares a lot."),
        ),
    ] = 0.7
    text_top: Annotated[
        int,
        Count(_("Top k"), 1, 50, zero=True, log=True, help=_("Only the k likeliest letters; 0 is all.")),
    ] = 0
    text_luck: Annotated[int, Seed(_("Seed of the writing"), help=_("Same seed, same text."))] = 1
    text_unit: Annotated[
        int, Count(_("Unit"), 1, 200, help=_("Whose value colours the text; click one in the map."))
    ] = 1
    text_prompt: Annotated[
        str, Hidden(_("Beginning"), r"[^\x00-\x09\x0b-\x1f]{1,100}", "1 to 100 letters", longest=100)
    ] = ""


class LanguageSettings(LessonSettings):
    """All that decides how a network learns to tell languages apart."""

    language_several: Annotated[
        tuple[str, ...],
        Several(_("Languages"), LANGUAGES, help=_("At least two; 2,048 words of each.")),
    ] = ("english", "french", "italian", "czech", "turkish")
    language_cell: Annotated[
        str, Choice(_("Cell"), KINDS, help=_("What goes from letter to letter."), group=NETWORK)
    ] = "lstm"
    language_hidden: Annotated[
        int,
        Count(_("Hidden units"), 10, 100, log=True, help=_("Numbers it keeps in mind."), group=NETWORK),
    ] = 50
    language_layers: Annotated[
        int, Count(_("Layers"), 1, 2, help=_("Cells one above the other."), group=NETWORK)
    ] = 1
    language_rate: Annotated[
        float, Slider(_("Learning rate"), 0.0001, 1, log=True, help=_("Of Adam."), group=TRAINING)
    ] = 0.01
    language_batch: Annotated[
        int,
        Count(
            _("Batch size"), 10, 500, log=True, unit=_("words"), help=_("Words of a step."), group=TRAINING
        ),
    ] = 100
    language_clip: Annotated[float, CLIP] = 1.0
    language_epochs: Annotated[
        int, Count(_("Epochs"), 0, 20, help=_("How often each word is learned from."), group=TRAINING)
    ] = 6
    language_seed: Annotated[
        int, Seed(_("Seed"), help=_("Split, first weights and order follow from it."), group=TRAINING)
    ] = 1

    @model_validator(mode="after")
    def _can_be_told_apart(self) -> Self:
        """Refuse one language alone."""
        if len(self.language_several) < 2:
            raise SettingError("Languages", "at least two", ", ".join(self.language_several))
        return self


class LanguageDisplay(LessonSettings):
    """The word that is read letter by letter."""

    language_word: Annotated[str, Hidden(_("Word"), r"[^\x00-\x1f]{1,30}", "1 to 30 letters", longest=30)] = (
        "lavorare"
    )
