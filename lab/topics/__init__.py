"""The lessons: one module or folder each, blind to one another."""
