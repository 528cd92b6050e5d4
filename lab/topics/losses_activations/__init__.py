"""Losses and activations: what they are, what they do to learning, and which to choose."""

from lab.core.labels import _
from lab.core.lesson import Experiment, Lesson
from lab.topics.losses_activations import activation, guide, loss, signal, twice, twice_stage, versus
from lab.topics.losses_activations.settings import (
    ActivationSettings,
    Display,
    GuideSettings,
    LossSettings,
    SignalSettings,
    TwiceDisplay,
    TwiceSettings,
    VersusSettings,
)

ACTIVATION = Experiment(
    name="losses_activations/activation",
    settings=ActivationSettings,
    train=activation.train,
    stage=activation.stage,
    display=Display,
    seconds=lambda settings: 0.002,
    float64=True,
)
SIGNAL = Experiment(
    name="losses_activations/signal",
    settings=SignalSettings,
    train=signal.train,
    stage=signal.stage,
    display=Display,
    seconds=signal.seconds,
    shortest=lambda: SignalSettings(depth=2, width=5),
    float64=True,
)
LOSS = Experiment(
    name="losses_activations/loss",
    settings=LossSettings,
    train=loss.train,
    stage=loss.stage,
    display=Display,
    seconds=lambda settings: 0.002,
    float64=True,
)
VERSUS = Experiment(
    name="losses_activations/versus",
    settings=VersusSettings,
    train=versus.train,
    stage=versus.stage,
    display=Display,
    seconds=versus.seconds,
    shortest=lambda: VersusSettings(data="iris", epochs=1, networks=1),
    float64=True,
)
TWICE = Experiment(
    name="losses_activations/twice",
    settings=TwiceSettings,
    train=twice.train,
    stage=twice_stage.stage,
    display=TwiceDisplay,
    seconds=twice.seconds,
    shortest=lambda: TwiceSettings(epochs=1, networks=1, batch_size=1437),
    float64=True,
)
GUIDE = Experiment(
    name="losses_activations/guide",
    settings=GuideSettings,
    train=guide.train,
    stage=guide.stage,
    display=Display,
    seconds=guide.seconds,
    shortest=lambda: GuideSettings(epochs=1, networks=1),
    float64=True,
)

LESSON = Lesson(
    slug="losses_activations",
    title=_("Losses and activations"),
    summary=_("See what each activation does to a signal, what each loss asks for, and which go together."),
    experiments=(ACTIVATION, SIGNAL, LOSS, VERSUS, TWICE, GUIDE),
    sources=(
        "Goodfellow, Bengio, Courville (2016), Deep Learning, sections 6.2 and 6.3",
        "Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural networks",
        "Lin and others (2017), Focal Loss for Dense Object Detection",
    ),
    icon=":material/show_chart:",
)
