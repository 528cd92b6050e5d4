"""Recurrent networks: the cell, series, text, memory, and what it costs."""

from lab.core.labels import _
from lab.core.lesson import Lesson
from lab.topics.rnn.cell_stage import CELL
from lab.topics.rnn.cost_stage import COST
from lab.topics.rnn.language_stage import LANGUAGE
from lab.topics.rnn.memory_stage import BACK, CLIP, DELAY
from lab.topics.rnn.series_stage import SERIES
from lab.topics.rnn.text_stage import LETTERS

LESSON = Lesson(
    slug="rnn",
    title=_("Recurrent networks"),
    summary=_(
        "Step through a cell, forecast real series, write text letter by letter, and see what is forgotten."
    ),
    experiments=(CELL, SERIES, LETTERS, LANGUAGE, BACK, CLIP, DELAY, COST),
    challenges=(),
    sources=(
        "Elman (1990), Finding Structure in Time",
        "Hochreiter and Schmidhuber (1997), Long Short-Term Memory",
        "Cho and others (2014), Learning Phrase Representations using RNN Encoder-Decoder",
        "Pascanu, Mikolov, Bengio (2013), On the difficulty of training recurrent neural networks",
        "Le, Jaitly, Hinton (2015), A Simple Way to Initialize Recurrent Networks of Rectified Linear Units",
        "Keeling and Whorf (2004), Atmospheric CO2 concentrations; sunspots: Royal Observatory of Belgium",
    ),
    icon=":material/timeline:",
)
