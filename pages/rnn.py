"""Recurrent networks: the cell, series, text, memory, and what it costs."""

from lab.topics.rnn import LESSON
from lab.ui.page import close_page, open_page
from lab.ui.rnn import show

open_page(LESSON)
show()
close_page(LESSON)
