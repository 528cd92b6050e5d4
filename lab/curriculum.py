"""The order of teaching: the only list of topics."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lab.core.labels import _
from lab.core.lesson import Experiment, Lesson
from lab.topics import (
    backpropagation,
    cnn,
    forward_pass,
    gradient_descent,
    losses_activations,
    playground,
    rnn,
    text_programs,
)


@dataclass(frozen=True, slots=True)
class Chapter:
    """A group of lessons; `summary` is one sentence for the start page."""

    title: str
    summary: str
    lessons: tuple[Lesson, ...]


CHAPTERS = (
    Chapter(
        _("Begin here"),
        _("A whole network in one picture: change anything and see what it does to learning."),
        (playground.LESSON,),
    ),
    Chapter(
        _("Inside a network"),
        _("What happens between input, output and loss, number by number."),
        (forward_pass.LESSON, losses_activations.LESSON, backpropagation.LESSON),
    ),
    Chapter(
        _("Learning"),
        _("How gradients become good weights, and when they do not."),
        (gradient_descent.LESSON, text_programs.LESSON),
    ),
    Chapter(
        _("Images"),
        _("Networks that look through small windows and find things wherever they stand."),
        (cnn.LESSON,),
    ),
    Chapter(
        _("Sequences"),
        _("Networks that read step by step and keep notes of what they have read."),
        (rnn.LESSON,),
    ),
)


def lessons() -> Iterator[Lesson]:
    """Yield every lesson in the order of teaching."""
    for chapter in CHAPTERS:
        yield from chapter.lessons


def experiment(name: str) -> Experiment[Any, Any, Any]:
    """Return the experiment called `name`; workers run nothing but what is found here.

    Raises:
        KeyError: no lesson has such an experiment.

    Example:
        >>> experiment("playground/train").settings.__name__
        'Settings'
    """
    found = {one.name: one for lesson in lessons() for one in lesson.experiments}
    return found[name]
