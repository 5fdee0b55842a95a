"""Answers in, the page a manager reads out."""
