"""Texts fit into messages, counted as Telegram counts, and lose nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.cutting import cut, fits, length


@given(st.text(max_size=300), st.integers(2, 50))
def test_pieces_fit_and_lose_nothing_but_blanks(text: str, limit: int) -> None:
    pieces = cut(text, limit)
    assert all(length(piece) <= limit and fits(piece, limit) for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_a_long_text_is_cut_between_paragraphs_where_it_can_be() -> None:
    assert cut("first part\n\nsecond one", 15) == ["first part", "second one"]
    assert cut("👋" * 10, 8) == ["👋" * 4, "👋" * 4, "👋" * 2]
    assert cut("") == [""]
    assert cut("👋👋", 1) == ["👋", "👋"]


def test_a_text_is_cut_where_it_breathes() -> None:
    assert cut("one two\n\nthree four", 12) == ["one two", "three four"]
    assert cut("four\ntwo three", 9) == ["four", "two three"]
    assert cut("a\ntwo three", 9) == ["a\ntwo", "three"]  # no scraps
    assert cut("abcdefgh", 3) == ["abc", "def", "gh"]
