"""Programs from the texts: run them, read their listings, find out what the texts do not say."""

from lab.topics.text_programs import LESSON
from lab.ui.page import close_page, open_page
from lab.ui.text_programs import show

open_page(LESSON)
show()
close_page(LESSON)
