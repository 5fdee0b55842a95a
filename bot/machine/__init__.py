"""A language model that may word a headline or a theme's name: off by default, checked in all it writes, and marked."""
