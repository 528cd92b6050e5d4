"""Losses and activations: curves, slopes, steps, and which go together."""

from lab.topics.losses_activations import LESSON
from lab.ui.losses_activations import chosen_part, show
from lab.ui.page import close_page, open_page

open_page(LESSON)
show(chosen_part())
close_page(LESSON)
