"""What is shown of the run: each part of the lesson looks at it in its own way, none trains again."""

from collections.abc import Callable, Mapping, Sequence

from lab.core.events import Event
from lab.core.lesson import Context, Experiment
from lab.core.stage import Stage
from lab.topics.cnn.display import Display
from lab.topics.cnn.inside_stage import inside_stage
from lab.topics.cnn.looks_stage import looks_stage
from lab.topics.cnn.quality_stage import quality_stage
from lab.topics.cnn.settings import Settings
from lab.topics.cnn.train import resumes, seconds, train
from lab.topics.cnn.train_stage import train_stage
from lab.topics.cnn.trained import Trained

View = Callable[[Settings, Display, Context, Trained], Stage]
VIEWS: Mapping[str, View] = {
    "inside": inside_stage,
    "looks": looks_stage,
    "quality": quality_stage,
}
"""By the display's `view`: what a part shows of a finished run."""


def stage(
    settings: Settings,
    display: Display,
    context: Context,
    events: Sequence[Event],
    result: Trained | None = None,
) -> Stage:
    """Return how training goes; of a finished run, what the part at hand shows of it."""
    if result is None or display.view not in VIEWS:
        return train_stage(settings, display, context, events, result)
    return VIEWS[display.view](settings, display, context, result)


TRAIN = Experiment(
    name="cnn/train",
    settings=Settings,
    train=train,
    stage=stage,
    display=Display,
    seconds=seconds,
    resumes=resumes,
    shortest=lambda: Settings(train_images=100, epochs=1),
)
