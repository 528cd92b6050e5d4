"""Convolutional networks: the operation, training, what is inside, what it looks at, how good it is."""

from lab.core.labels import _
from lab.core.lesson import Lesson
from lab.topics.cnn.operation_stage import OPERATION
from lab.topics.cnn.stage import TRAIN
from lab.topics.cnn.train_challenges import CHALLENGES as TRAIN_CHALLENGES

LESSON = Lesson(
    slug="cnn",
    title=_("Convolutional networks"),
    summary=_("Slide a kernel over a picture, train a network that reads digits, and look at what it saw."),
    experiments=(OPERATION, TRAIN),
    challenges=(*TRAIN_CHALLENGES,),
    sources=(
        "LeCun, Bottou, Bengio, Haffner (1998), Gradient-Based Learning Applied to Document Recognition",
        "Goodfellow, Bengio, Courville (2016), Deep Learning, chapter 9",
        "Sundararajan, Taly, Yan (2017), Axiomatic Attribution for Deep Networks",
        "Selvaraju and others (2017), Grad-CAM",
        "Adebayo and others (2018), Sanity Checks for Saliency Maps",
    ),
    icon=":material/grid_on:",
)
