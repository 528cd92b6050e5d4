"""Gradient descent: on a surface, at every rate, on a whole network, in batches, and by hand."""

from lab.topics.gradient_descent import LESSON
from lab.ui.gradient_descent import show
from lab.ui.page import close_page, open_page

open_page(LESSON)
show()
close_page(LESSON)
