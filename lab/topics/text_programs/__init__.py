"""Programs from the texts: each run as it is described, its listing, its outcome, what it leaves open."""

from lab.core.labels import _
from lab.core.lesson import Lesson
from lab.topics.text_programs.challenges import CHALLENGES
from lab.topics.text_programs.convolution import CONVOLUTION
from lab.topics.text_programs.dense import DENSE
from lab.topics.text_programs.noise import NOISE
from lab.topics.text_programs.softmax import SOFTMAX
from lab.topics.text_programs.square import SQUARE
from lab.topics.text_programs.tumours import TUMOURS

LESSON = Lesson(
    slug="text_programs",
    title=_("Programs from the texts"),
    summary=_(
        "Run the program each text ends in, read its listing, and find out what the text does not say."
    ),
    experiments=(NOISE, SQUARE, SOFTMAX, TUMOURS, CONVOLUTION, DENSE),
    challenges=CHALLENGES,
    sources=(
        "Five introductions to deep learning (in Chinese), section 4 of each",
        "Zhang, Bengio, Hardt, Recht, Vinyals (2017), Understanding deep learning requires rethinking "
        "generalization",
        "Fawcett (2006), An introduction to ROC analysis",
    ),
    icon=":material/terminal:",
)
