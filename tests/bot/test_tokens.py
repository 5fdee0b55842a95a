"""What is sealed stands in a link in one way alone."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import tokens

SIGNS = f"{string.ascii_letters}{string.digits}-_"


@given(st.binary(max_size=90))
def test_what_is_written_is_read(sealed: bytes) -> None:
    token = tokens.written(sealed)
    assert set(token) <= set(SIGNS)
    assert tokens.read(token) == sealed


@given(st.binary(min_size=1, max_size=90), st.data())
def test_no_two_spellings_lead_to_one_place(sealed: bytes, data: st.DataObject) -> None:
    token = tokens.written(sealed)
    place = data.draw(st.integers(0, len(token) - 1))
    other = token[:place] + data.draw(st.sampled_from(SIGNS.replace(token[place], ""))) + token[place + 1 :]
    try:
        assert tokens.read(other) != sealed
    except ValueError:
        assert tokens.written(sealed) != other


@pytest.mark.parametrize("token", ["é", "a", "ab cd", "abcd=", "ab+d", "x" * 5])
def test_what_was_never_written_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        tokens.read(token)
