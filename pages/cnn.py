"""Convolutional networks: the operation, training, what is inside, what it looks at, how good it is."""

from lab.topics.cnn import LESSON
from lab.ui.cnn import show
from lab.ui.page import close_page, open_page

open_page(LESSON)
show()
close_page(LESSON)
