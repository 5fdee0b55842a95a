"""What one answer says of each option."""

from __future__ import annotations

import pytest

from flows.ballots import said

ANSWERS = [
    (
        "rank",
        ["books", "hours"],
        {("books", "1/2"), ("hours", "2/2"), ("books", ">hours")},
    ),
    ("allocate", ["hours=7", "books=0", "staff=3"], {("hours", "7"), ("books", "0"), ("staff", "3")}),
    ("bestworst", ["a,b,c:b:a", "d,e,f::"], {("a", "last"), ("b", "best"), ("c", "shown")}),
    ("pick", ["hours"], set()),
]


@pytest.mark.parametrize(("verb", "kept", "words"), ANSWERS)
def test_an_answer_is_counted_option_by_option(verb: str, kept: list[str], words: set[tuple[str, str]]) -> None:
    assert set(said(verb, kept)) == words
    assert len(list(said(verb, kept))) == len(words)
