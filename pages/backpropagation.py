"""Backpropagation: the chain rule on a graph, on a whole network, and through many layers."""

from lab.topics.backpropagation import LESSON
from lab.ui.backpropagation import graph_section, part_of_page
from lab.ui.backpropagation_network import depth_section, network_section
from lab.ui.page import close_page, open_page

open_page(LESSON)
part = part_of_page()
if part == "network":
    network_section()
elif part == "depth":
    depth_section()
else:
    graph_section()
close_page(LESSON)
