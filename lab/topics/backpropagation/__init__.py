"""Backpropagation: the chain rule on a graph of numbers, on a whole network, and through many layers."""

from lab.core.labels import _
from lab.core.lesson import Experiment, Lesson
from lab.topics.backpropagation.depth import DEPTH
from lab.topics.backpropagation.graph import seconds, train
from lab.topics.backpropagation.network import NETWORK
from lab.topics.backpropagation.settings import Display, Settings
from lab.topics.backpropagation.stage import stage

GRAPH = Experiment(
    name="backpropagation/graph",
    settings=Settings,
    train=train,
    stage=stage,
    display=Display,
    seconds=seconds,
    float64=True,
)

LESSON = Lesson(
    slug="backpropagation",
    title=_("Backpropagation"),
    summary=_("Follow every gradient back through the network, one multiplication at a time."),
    experiments=(GRAPH, NETWORK, DEPTH),
    sources=(
        "Rumelhart, Hinton, Williams (1986), Learning representations by back-propagating errors",
        "Goodfellow, Bengio, Courville (2016), Deep Learning, sections 6.5 and 11.5",
        "Karpathy (2020), micrograd",
    ),
    icon=":material/undo:",
)
