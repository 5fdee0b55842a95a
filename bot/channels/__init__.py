"""Ways to reach people, all under one contract."""

PHONE, PAPER, DESK = ASSISTED = ("phone", "paper", "desk")
"""Where staff take down what somebody says: the bot itself writes to nobody there."""
