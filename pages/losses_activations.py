"""Losses and activations: curves, slopes, steps, and which go together."""

from lab.topics.losses_activations import LESSON
from lab.ui.losses_activations import show
from lab.ui.page import close_page, open_page

open_page(LESSON)
show()
close_page(LESSON)
