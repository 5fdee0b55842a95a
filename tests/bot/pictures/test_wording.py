"""Arrows in words: what leads along them, as one says it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from bot.pictures.wording import shown, ways
from bot.texts import languages, texts
from flows.examples import filled
from tests.flows.talk import flow_of

if TYPE_CHECKING:
    from flows.catalog import Catalog

FLOW = flow_of("""
[states.like]
choose = "Do you like it?"
options = [
  { id = "yes", label = "Yes" },
  { id = "rather", label = "Rather" },
  { id = "no", label = "No", next = "end" },
  { id = "never", label = "Never", next = "end" },
]
next = "reason"
[states.reason]
ask = "Why?"
optional = true
next = [
  { when = { like = ["yes", "rather"], reason = { answered = true } }, to = "how_many" },
  { when = { reason = { answered = false } }, to = "end" },
  { to = "seen" },
]
[states.how_many]
number = "How many times a week?"
next = [{ when = { how_many = { more = 3 } }, to = "seen" }, { to = "days" }]
[states.days]
pick = "Which days?"
options = [{ id = "sat", label = "Saturday" }, { id = "sun", label = "Sunday" }]
next = [
  { when = { days = { contains = "sat" } }, to = "seen" },
  { when = { "@language" = "es" }, to = "seen" },
  { when = { "@channel" = { not = "web" } }, to = "seen" },
  { when = { "@first_time" = true }, to = "seen" },
  { to = "end" },
]
[states.seen]
say = "I see."
[states.end]
end = "Bye."
""")


def on(language: str = "en") -> dict[tuple[str, str], str]:
    """Return the words on every arrow."""
    states = FLOW.scripts["en"].states
    return {(way.origin, way.to): way.on for way in ways(states, texts(language))}


def test_an_answer_with_a_way_of_its_own_is_named_by_its_label_and_so_are_the_few_others() -> None:
    assert on()["like", "end"] == "“No” or “Never”"
    assert on()["like", "reason"] == "“Yes”, “Rather” or skipped"


def test_an_earlier_answer_is_named_with_its_question() -> None:
    assert on()["reason", "how_many"] == "“Yes” or “Rather” to “Do you like it?”, and answered"


def test_skipped_and_everything_else_have_words_of_their_own() -> None:
    assert on()["reason", "end"] == "skipped"
    assert on()["reason", "seen"] == "otherwise"


def test_numbers_and_what_is_known_without_asking_are_said() -> None:
    assert on()["how_many", "seen"] == "more than 3"
    assert on()["days", "seen"] == ("“Saturday”, reads Spanish, not by web chat or here for the first time")


def test_an_arrow_that_is_always_taken_says_nothing() -> None:
    assert on()["seen", "end"] == ""


def test_steps_of_a_scale_are_named_by_their_ends_or_by_those_that_fit(catalog: Catalog) -> None:
    pulse = catalog.get("deliver_pulse")
    said = {(way.origin, way.to): way.on for way in ways(pulse.scripts["en"].states, texts("en"))}
    assert said["overall", "reason"] == "from “Very good” to “Very poor”"
    assert said["reason", "went_well"].startswith("“Very good” or “Good” to “Overall, ")


@pytest.mark.parametrize("language", languages())
def test_every_arrow_of_every_flow_is_said_in_every_language(language: str, catalog: Catalog) -> None:
    for flow in catalog.flows:
        states = filled(flow).script(language).states
        said = ways(states, texts(language))
        assert {(way.origin, way.to) for way in said} == {
            (state.id, to)
            for state in states.values()
            for to in {*(way.to for way in state.next), *(o.next for o in getattr(state, "options", ()) if o.next)}
        }
        assert not [way for way in said if re.search(r"[{}]|  ", way.on)]


def test_what_is_filled_in_later_is_left_open(catalog: Catalog) -> None:
    receipt = filled(catalog.get("deliver_pulse")).scripts["en"].states["receipt"]
    assert shown(receipt) == "Thank you. Your answers count. Your receipt is …."
