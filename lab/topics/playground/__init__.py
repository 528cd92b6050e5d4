"""Playground: shape a small network, train eight of it at once, look inside."""

from lab.core.labels import _
from lab.core.lesson import Experiment, Lesson
from lab.topics.playground.challenges import CHALLENGES
from lab.topics.playground.settings import Display, Settings
from lab.topics.playground.stage import stage
from lab.topics.playground.sweep import SweepSettings, sweep, sweep_seconds, sweep_stage
from lab.topics.playground.train import resumes, seconds, train

TRAIN = Experiment(
    name="playground/train",
    settings=Settings,
    train=train,
    stage=stage,
    display=Display,
    seconds=seconds,
    resumes=resumes,
    shortest=lambda: Settings(epochs=5),
)

SWEEP = Experiment(
    name="playground/sweep",
    settings=SweepSettings,
    train=sweep,
    stage=sweep_stage,
    display=Display,
    seconds=sweep_seconds,
    shortest=lambda: SweepSettings(epochs=2, networks=1),
)

LESSON = Lesson(
    slug="playground",
    title=_("Playground"),
    summary=_("Shape a small network, train eight of it at once and watch what each neuron learns."),
    experiments=(TRAIN, SWEEP),
    challenges=CHALLENGES,
    sources=(
        "Smilkov and others (2017), Direct-Manipulation Visualization of Deep Networks",
        "Goodfellow, Bengio, Courville (2016), Deep Learning, chapters 6 to 8",
    ),
    icon=":material/experiment:",
)
