"""People on arrows: what of a round may be told, and that subtracting tells no more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.digests.disclosure import stepped
from bot.pictures.drop_off import NOBODY, Part, drop_off
from bot.texts import texts
from tests.flows.talk import flow_of

FLOW = flow_of("""
[states.like]
choose = "Do you like it?"
options = [{ id = "yes", label = "Yes" }, { id = "no", label = "No", next = "bye" }]
next = "why"
[states.why]
ask = "Why?"
next = "thanks"
[states.thanks]
end = "Thank you."
[states.bye]
end = "Bye."
""")
MOVES = {("@start", "like"): 104, ("like", "why"): 71, ("like", "bye"): 3, ("why", "like"): 4, ("why", "thanks"): 48}


def test_it_tells_who_came_who_went_where_and_who_did_not_go_on() -> None:
    told = drop_off(FLOW, MOVES, 5)
    assert (told.came["like"], told.came["why"], told.came["thanks"]) == (105, 70, 45)
    assert told.went["like", "why"] == Part(70, 67)
    assert told.stopped["why"] == Part(15, 21)
    assert told.stopped["like"] == Part(30, 29)


def test_an_arrow_of_few_people_is_not_told_apart_from_one_of_nobody() -> None:
    told = drop_off(FLOW, MOVES, 5)
    assert told.went["like", "bye"] == NOBODY
    assert told.came["bye"] is None
    assert told.on_arrow("like", "bye", texts("en")) == told.on_arrow("no", "arrow", texts("en")) == "under 5"


def test_of_answers_that_are_gone_no_more_is_told_than_is_certain() -> None:
    """Up to nine may have gone where a count is lost: they did not stop."""
    gone = {("@start", "like"): 104, ("like", "why"): 71, ("like", "bye"): 0, ("why", "like"): 0, ("why", "thanks"): 48}
    told = drop_off(FLOW, gone, 5)
    assert told.minimum == 10
    assert (told.stopped["like"].count, told.stopped["why"].count) == (20, 10)
    assert told.on_arrow("like", "bye", texts("en")) == "under 10"
    assert drop_off(FLOW, {("@start", "like"): 0, ("like", "why"): 11}, 5).stopped["like"].count is None


def test_an_end_is_no_place_where_people_stop() -> None:
    assert "thanks" not in drop_off(FLOW, MOVES, 5).stopped


def test_there_is_no_share_of_a_small_base() -> None:
    told = drop_off(FLOW, {("@start", "like"): 10, ("like", "why"): 6}, 5)
    assert told.went["like", "why"] == Part(5, 50)
    assert drop_off(FLOW, {("@start", "like"): 9, ("like", "why"): 6}, 5).went["like", "why"] == Part(5, None)


def test_it_is_said_in_words() -> None:
    told = drop_off(FLOW, MOVES, 5)
    assert told.on_arrow("like", "why", texts("en")) == "70 · 67%"
    assert told.stopped_at("why", texts("en")) == "stopped here: 15 · 21%"
    assert told.stopped_at("thanks", texts("en")) == ""
    assert told.came_to("bye", texts("en")) == "under 5 came"


@given(st.integers(0, 5000), st.integers(2, 12))
def test_a_count_is_told_to_the_nearest_step_or_not_at_all(count: int, minimum: int) -> None:
    told = stepped(count, minimum)
    assert (told is None) == (count < minimum)
    assert told is None or (told % minimum == 0 and abs(told - count) <= minimum / 2)


@given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 400), st.integers(2, 12))
def test_no_more_people_are_told_to_go_on_or_to_stop_than_have_come(yes: int, no: int, stay: int, minimum: int) -> None:
    moves = {("@start", "like"): yes + no + stay, ("like", "why"): yes, ("like", "bye"): no}
    told = drop_off(FLOW, moves, minimum)
    parts = [told.went["like", "why"], told.went["like", "bye"], told.stopped["like"]]
    assert sum(part.count or 0 for part in parts) <= (told.came["like"] or 0) <= yes + no + stay


@given(st.integers(20, 5000), st.integers(0, 4))
def test_subtracting_what_is_told_never_finds_how_many_are_missing(came: int, stopped: int) -> None:
    """For each small group that stopped there is another size of it that looks the same."""
    moves = {("@start", "like"): came, ("like", "why"): came - stopped}
    looks = drop_off(FLOW, moves, 5)
    twins = [
        (all_, few)
        for all_ in range(came - 5, came + 6)
        for few in range(5)
        if few != stopped and drop_off(FLOW, {("@start", "like"): all_, ("like", "why"): all_ - few}, 5) == looks
    ]
    assert twins
