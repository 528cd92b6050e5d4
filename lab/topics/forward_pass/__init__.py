"""Forward pass: follow one input through a network, number by number, and change any of them."""

from lab.core.labels import _
from lab.core.lesson import Experiment, Lesson
from lab.topics.forward_pass.settings import Display, Settings
from lab.topics.forward_pass.stage import stage
from lab.topics.forward_pass.train import seconds, train

WALK = Experiment(
    name="forward_pass/walk",
    settings=Settings,
    train=train,
    stage=stage,
    display=Display,
    seconds=seconds,
    float64=True,
    shortest=lambda: Settings(weights="initial"),
)

LESSON = Lesson(
    slug="forward_pass",
    title=_("Forward pass"),
    summary=_("Follow one input through a network, number by number, and change any of them."),
    experiments=(WALK,),
    sources=(
        "Nielsen (2015), Neural Networks and Deep Learning, chapters 1 and 2",
        "Goodfellow, Bengio, Courville (2016), Deep Learning, chapter 6",
        "LeCun, Cortes, Burges (1998), MNIST",
        "Alpaydin, Kaynak (1998), Optical Recognition of Handwritten Digits",
    ),
    icon=":material/arrow_forward:",
)
