"""A record may be written in several ways; it is kept in one, and what cannot be read is named."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rounds.record import load
from bot.rounds.written import shaped

LATE = {"en": "Open late", "es": "Abrir tarde"}


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        ("Open late", ["open_late", "Open late"]),
        (["late", "Open late"], ["late", "Open late"]),
        (["late", LATE], ["late", LATE]),
        ({"id": "late", **LATE}, ["late", LATE]),
        ({"id": "late", "label": "Open late"}, ["late", "Open late"]),
        ({"id": "late", "label": LATE}, ["late", LATE]),
        ("Más días", ["mas_dias", "Más días"]),
    ],
)
def test_an_option_may_be_written_in_several_ways(row: Any, kept: Any) -> None:
    assert shaped({"lists": {"ideas": [row]}}) == ({"lists": {"ideas": [kept]}}, [])


@pytest.mark.parametrize(
    "row", [3, None, [], ["late"], {"en": "no id"}, {"id": "Late night", "en": "x"}, {"id": "late"}, "", ["", "x"]]
)
def test_what_is_no_option_is_named_by_its_list(row: Any) -> None:
    assert shaped({"lists": {"ideas": ["Good", row]}})[1] == [("ideas", "not_a_list")]


def test_two_options_of_one_id_are_named() -> None:
    assert shaped({"lists": {"ideas": [["a", "One"], ["a", "Two"]]}})[1] == [("ideas", "not_a_list")]


def test_days_and_numbers_of_toml_become_texts() -> None:
    assert shaped({"decided_on": date(2027, 3, 15), "limits": 5})[0] == {"decided_on": "2027-03-15", "limits": "5"}


def test_every_field_that_is_no_text_is_named() -> None:
    _, faults = shaped({"topic": ["a"], "decider": {"en": 3}, "task": None, "lists": "ideas", "law": "fine"})
    assert [name for name, _ in faults] == ["topic", "decider", "task", "lists"]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(record=st.dictionaries(st.sampled_from(["topic", "lists", "decided_on", "x"]), JUNK, max_size=4))
def test_whatever_is_written_the_kept_part_survives_json(record: dict[str, Any]) -> None:
    kept, _ = shaped(record)
    assert load(json.dumps(kept)) == kept
    assert shaped(kept) == (kept, [])
