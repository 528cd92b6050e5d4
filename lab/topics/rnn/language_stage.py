"""What is shown of the network that tells languages apart."""

from collections.abc import Sequence

import numpy as np

from lab.core.events import Diverged, Event
from lab.core.labels import _
from lab.core.lesson import Context, Experiment
from lab.core.stage import Panel, Stage
from lab.figures.confusion import confusion_figure
from lab.figures.learning import Curve, learning_figure
from lab.figures.letters import reading_figure
from lab.figures.theme import BLUE, ORANGE
from lab.tables.classification import confusion
from lab.tables.history import Scores, scores
from lab.topics.rnn.language import Told, reading, seconds, train, trained_network, words_of
from lab.topics.rnn.text_settings import LANGUAGES, LanguageDisplay, LanguageSettings


def stage(
    settings: LanguageSettings,
    display: LanguageDisplay,
    context: Context,
    events: Sequence[Event],
    result: Told | None = None,
) -> Stage:
    """Return accuracy as it grows; of a finished run also the mistakes, and the learner's word."""
    measured = scores(events)
    if not measured.values:
        return Stage()
    panels = [_accuracy_panel(measured, result)]
    text = _("Diverged at step {step}: the loss is no finite number.")
    notes = [text.format(step=event.step) for event in events if isinstance(event, Diverged)]
    if result is not None and not result.overflow:
        panels = [*_word_panel(settings, display, result), *panels, _confusion_panel(settings, result)]
        text = _("{right:.1%} of the words it has not seen; counting letters gets {counting:.1%}.")
        notes = [text.format(right=result.accuracy[-1], counting=result.counting)]
    return Stage(panels=tuple(panels), notes=tuple(notes))


def _accuracy_panel(measured: Scores, result: Told | None) -> Panel:
    test, trained = (100 * measured.values[name][:, 0] for name in ("test_accuracy", "train_accuracy"))
    curves = [
        Curve(_("unseen words"), test, BLUE),
        Curve(_("training words"), trained, ORANGE, "dot", thin=True),
    ]
    target = None if result is None else (_("counting letters"), 100 * result.counting)
    chart = learning_figure(measured.epochs, curves, y_title=_("Accuracy (%)"), target=target)
    alt = _("The share of unseen words told rightly goes from {first:.1f} to {last:.1f} percent.")
    return Panel("language_accuracy", _("Accuracy"), alt.format(first=test[0], last=test[-1]), chart)


def _confusion_panel(settings: LanguageSettings, result: Told) -> Panel:
    names = [LANGUAGES[one] for one in settings.language_several]
    counts = confusion(result.labels, result.answers, len(names))
    wrong = counts - np.diag(np.diag(counts))
    truth, answer = np.unravel_index(int(wrong.argmax()), wrong.shape)
    alt = _("{right} of {count} unseen words are told rightly; {times} {truth} words are taken for {answer}.")
    told = alt.format(
        right=int(np.trace(counts)),
        count=int(counts.sum()),
        times=wrong[truth, answer],
        truth=names[truth],
        answer=names[answer],
    )
    return Panel(
        "language_mistakes", _("Which languages are taken for which"), told, confusion_figure(counts, names)
    )


def _word_panel(settings: LanguageSettings, display: LanguageDisplay, result: Told) -> list[Panel]:
    """Return what is thought of the word after each letter; nothing if none of its letters is known."""
    data = words_of(settings)
    codes = data.coded(display.language_word)
    if not codes.size:
        return []
    word = data.spelled(codes)
    shares = reading(trained_network(settings, data, result), codes)
    names = [LANGUAGES[one] for one in settings.language_several]
    best = int(shares[-1].argmax())
    alt = _("“{word}”, read to its end, is {language} with probability {share:.2f}.")
    said = alt.format(word=word, language=names[best], share=shares[-1, best])
    title = _("“{word}”, letter by letter").format(word=word)
    return [Panel("language_word", title, said, reading_figure(word, names, shares))]


LANGUAGE = Experiment(
    name="rnn/language",
    settings=LanguageSettings,
    train=train,
    stage=stage,
    display=LanguageDisplay,
    seconds=seconds,
    shortest=lambda: LanguageSettings(language_epochs=0),
)
