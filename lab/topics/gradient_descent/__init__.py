"""Gradient descent: on a surface, at every rate, on a whole network, in batches, and by hand."""

from lab.core.labels import _
from lab.core.lesson import Lesson
from lab.topics.gradient_descent.batches_stage import BATCHES
from lab.topics.gradient_descent.line import CHALLENGES as LINE_CHALLENGES
from lab.topics.gradient_descent.line_stage import LINE
from lab.topics.gradient_descent.map_stage import MAP
from lab.topics.gradient_descent.network_stage import NETWORK
from lab.topics.gradient_descent.race import CHALLENGES as RACE_CHALLENGES
from lab.topics.gradient_descent.race_stage import RACE
from lab.topics.gradient_descent.sweep_stage import SWEEP

LESSON = Lesson(
    slug="gradient_descent",
    title=_("Gradient descent"),
    summary=_(
        "Race optimisers down a surface, find the rate at which they fail, and watch your own network."
    ),
    experiments=(LINE, RACE, SWEEP, MAP, BATCHES, NETWORK),
    challenges=(*LINE_CHALLENGES, *RACE_CHALLENGES),
    sources=(
        "Goodfellow, Bengio, Courville (2016), Deep Learning, chapter 8",
        "Goh (2017), Why Momentum Really Works, Distill",
        "Li, Xu, Taylor, Studer, Goldstein (2018), Visualizing the Loss Landscape of Neural Nets",
        "Cohen, Kaur, Li, Kolter, Talwalkar (2021), Gradient Descent on Neural Networks Typically Occurs at "
        "the Edge of Stability",
    ),
    icon=":material/trending_down:",
)
