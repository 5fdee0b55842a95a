"""The weeks in the guide for managers are what the program says of them."""

from __future__ import annotations

from bot.digests.render.items import words
from tests.bot.digests import guide


def test_five_real_weeks_in_the_guide_are_what_the_program_tells() -> None:
    shown = dict(guide.BLOCK.findall(guide.GUIDE.read_text("utf-8")))
    assert {week: text.rstrip("\n") for week, text in shown.items()} == guide.told()
    assert len(shown) == 5
    assert all(words(text) < 400 for text in shown.values())
