"""The link that stops mails: whoever holds it needs nothing else, and nobody can make one."""

from __future__ import annotations

import base64
from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st

from bot import leaving
from storage.sealing import Keys

KEYS, OTHERS = Keys([b"k" * 32]), Keys([b"o" * 32])
PLACE = "https://city.example"


def token(keys: Keys, address: str) -> str:
    return urlsplit(leaving.link(keys, PLACE, address)).path.removeprefix("/stop/")


@given(st.emails())
def test_a_link_knows_its_address_and_does_not_tell_it(address: str) -> None:
    link = leaving.link(KEYS, PLACE, address)
    assert link == leaving.link(KEYS, PLACE, address)
    assert address not in link
    assert leaving.whose(KEYS, token(KEYS, address)) == address


@given(st.text())
def test_what_is_no_link_of_ours_stops_nothing(words: str) -> None:
    assert leaving.whose(KEYS, words) is None


@given(st.emails(), st.data())
def test_a_link_that_was_changed_or_is_of_another_city_stops_nothing(address: str, data: st.DataObject) -> None:
    good = token(KEYS, address)
    place = data.draw(st.integers(0, len(good) - 2))
    changed = good[:place] + ("A" if good[place] != "A" else "B") + good[place + 1 :]
    assert leaving.whose(KEYS, changed) is None
    assert leaving.whose(OTHERS, good) is None


def test_what_was_sealed_for_another_purpose_stops_nothing() -> None:
    sealed = base64.urlsafe_b64encode(KEYS.seal("ana@home.example")).decode().rstrip("=")
    assert leaving.whose(KEYS, sealed) is None
