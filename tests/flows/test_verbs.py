"""Days, orders, points and cards: what is read out of a message, and what is asked of whom."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows import cards, dates
from flows.model import Allocate, BestWorst, Kind, Message, Option, Withdrawn
from flows.points import offered
from tests.flows.talk import NOW, Talk, flow_of

TODAY = NOW.date()

# --------------------------------------------------------------------------- days

APRIL = date(2026, 4, 3)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "2026-04-03"),
        ("en", "2026/4/3"),
        ("en", "3 April"),
        ("en", "3rd of April, 2026"),
        ("en", "April 3 2026"),
        ("en", "Friday 3 Apr 26"),
        ("en", "3 Aprill 2026"),
        ("es", "3 de abril de 2026"),
        ("es", "3/4/26"),
        ("fr", "le 3 avril"),
        ("fr", "3-4-2026"),
        ("de", "3. April 2026"),
        ("de", "03.04."),
        ("de", "3. 4. 2026"),
        ("pt", "3 de abril"),
        ("ar", "3 أبريل 2026"),
        ("ar", "3/4/2026"),
    ],
)
def test_a_day_is_read_as_its_language_writes_it(language: str, text: str) -> None:
    found = dates.read(text, language, TODAY, most=TODAY)
    assert isinstance(found, dates.Day)
    assert found.on == APRIL


@pytest.mark.parametrize(
    "text", ["3", "2026", "31/02/2026", "soon", "April", "3 4 5 6", "May or June 3", "1" * 80, "4/2026"]
)
def test_what_names_no_one_day_is_none(text: str) -> None:
    assert dates.read(text, "en", TODAY) is None


def test_english_digits_that_can_mean_two_days_are_not_guessed() -> None:
    assert dates.read("03/04/2026", "en", TODAY) == dates.Unclear(APRIL, date(2026, 3, 4))
    assert dates.read("13/04/2026", "en", TODAY) == dates.Day(date(2026, 4, 13))
    assert dates.read("04/13/2026", "en", TODAY) == dates.Day(date(2026, 4, 13))


def test_elsewhere_they_are_read_in_the_order_of_the_language_and_marked_as_doubtful() -> None:
    assert dates.read("03.04.2026", "de", TODAY) == dates.Day(APRIL, surely=False)
    assert dates.read("04.04.2026", "de", TODAY) == dates.Day(date(2026, 4, 4))


def test_a_day_without_its_year_is_the_nearest_within_the_limits() -> None:
    assert dates.read("20 December", "en", TODAY) == dates.Day(date(2026, 12, 20))
    assert dates.read("20 December", "en", TODAY, most=TODAY) == dates.Day(date(2025, 12, 20))
    assert dates.read("3 April", "en", TODAY, least=TODAY) == dates.Day(date(2027, 4, 3))


def test_two_digits_of_a_year_are_of_this_century_or_of_the_last() -> None:
    assert dates.read("3 April 26", "en", TODAY) == dates.Day(APRIL)
    assert dates.read("3 April 62", "en", TODAY) == dates.Day(date(1962, 4, 3))


@settings(deadline=None)
@given(st.text(max_size=70), st.sampled_from(["en", "es", "fr", "de", "pt", "ar", "xx"]))
def test_nothing_that_is_typed_breaks_the_reading_of_days(text: str, language: str) -> None:
    assert isinstance(dates.read(text, language, TODAY), dates.Day | dates.Unclear | None)


VISIT = flow_of("""
[states.day]
date = "When do you want to come?"
least = "today"
most = "2027-01-31"
[states.why]
ask = "Why?"
[states.bye]
end = ""
""")


@pytest.mark.parametrize(
    ("text", "phrase", "values"),
    [
        ("22 November 2026", "date_too_early", {"least": "Monday, 23 November 2026"}),
        ("1 February 2027", "date_too_late", {"most": "Sunday, 31 January 2027"}),
        ("yesterday", "date_too_early", {"least": "Monday, 23 November 2026"}),
        ("some day", "date_again", {"example": "Sunday, 31 January 2027"}),
    ],
)
def test_a_day_outside_the_limits_is_asked_again(text: str, phrase: str, values: dict[str, object]) -> None:
    Talk(VISIT).says(text).is_told(phrase, **values).stands_at("day")


def test_a_fixed_limit_leaves_no_button_that_might_be_wrong() -> None:
    assert [button.label for button in Talk(VISIT).buttons] == ["Skip"]
    assert Talk(VISIT).says("today").answers == {"day": "2026-11-23"}


def test_an_edited_message_amends_a_day() -> None:
    talk = Talk(VISIT).says("24 November")
    assert talk.edits("day", "25 November").answers["day"] == "2026-11-25"


# --------------------------------------------------------------------------- order

IDEAS = '[{ id = "a", label = "Apples" }, { id = "b", label = "Bread" }, { id = "c", label = "Cheese" }]'
ORDER = flow_of(f"""
[states.order]
rank = "Put two in order."
options = {IDEAS}
least = 2
most = 2
[states.bye]
end = ""
""")


@pytest.mark.parametrize("text", ["2, 1", "2 1", "bread, apples", "bread > apples", "Bred and Aples", "٢، ١"])
def test_an_order_is_typed_by_number_by_word_or_with_slips(text: str) -> None:
    assert Talk(ORDER).says(text).answers == {"order": ("b", "a")}


def test_an_order_is_tapped_and_stands_in_the_buttons() -> None:
    talk = Talk(ORDER).taps("Cheese", "Apples")
    assert [button.label for button in talk.buttons][:3] == ["2. Apples", "Bread", "1. Cheese"]
    assert talk.turn.prompts[-1].update
    talk.taps("Bread").is_told("pick_too_many", most=2)
    talk.taps("1. Cheese", "Cheese", "Done")
    assert talk.answers == {"order": ("a", "c")}


def test_an_order_with_too_few_or_twice_the_same_is_asked_again() -> None:
    Talk(ORDER).says("1").is_told("pick_too_few", least=2).says("1, 1").is_told("rank_twice", label="Apples")
    Talk(ORDER).taps("Apples", "Done").is_told("pick_too_few", least=2).says("done").is_told("pick_too_few", least=2)


def test_the_best_of_an_order_leads_its_own_way() -> None:
    flow = flow_of("""
[states.order]
rank = "Order?"
options = [{ id = "a", label = "Apples" }, { id = "b", label = "Bread", next = "why" }]
next = [{ when = { order = { contains = "b" } }, to = "bye" }, { to = "why" }]
[states.why]
ask = "Why bread?"
[states.bye]
end = ""
""")
    assert Talk(flow).says("2, 1").session.state == "why"
    assert Talk(flow).says("1, 2").session.state == "bye"
    assert Talk(flow).says("1").session.state == "why"


# --------------------------------------------------------------------------- points

POINTS = flow_of(f"""
[states.points]
allocate = "Divide."
options = {IDEAS}
points = 20
[states.bye]
end = ""
""")


@pytest.mark.parametrize(
    "text", ["12 8 0", "12, 8, 0", "apples 12, bread 8", "Apples: 12; bred = 8", "8 bread and 12 apples", "1: 12, 2: 8"]
)
def test_points_are_typed_for_all_at_once(text: str) -> None:
    assert Talk(POINTS).says(text).answers == {"points": ("a=12", "b=8", "c=0")}


def test_points_are_given_one_option_after_the_other() -> None:
    talk = Talk(POINTS)
    assert [button.label for button in talk.buttons if not button.helper][:3] == ["0", "2", "4"]
    talk.says("5").hears("Apples: 5", "Points left: 15.").taps("14").hears("Points left: 1.").taps("1")
    assert talk.answers == {"points": ("a=5", "b=14", "c=1")}


def test_points_that_do_not_add_up_are_told_by_how_many() -> None:
    Talk(POINTS).says("10 5 1").is_told("allocate_too_few", sum=16, points=20, left=4)
    Talk(POINTS).says("10 10 3").is_told("allocate_too_many", sum=23, points=20, left=3)
    Talk(POINTS).says("21").is_told("allocate_over", left=20)
    Talk(POINTS).says("5", "5", "5").is_told("allocate_too_few", sum=15, points=20, left=5).stands_at("points")


def test_a_tap_on_points_for_an_option_that_is_past_changes_nothing() -> None:
    talk = Talk(POINTS)
    first = talk.button("2").data
    talk.taps("4").sends(Message(Kind.TAP, data=first)).is_told("old_button")
    assert talk.session.picked == ("a=4",)


@pytest.mark.parametrize("data", ["tag:points:0=" + "9" * 5000, "tag:points:0=²", "tag:points:0=", "tag:points:0=-1"])
def test_a_tap_that_no_button_makes_is_told_kindly(data: str) -> None:
    assert Talk(POINTS).sends(Message(Kind.TAP, data=data)).is_told("old_button").answers == {}


@settings(deadline=None)
@given(st.integers(2, 1000), st.integers(2, 9), st.data())
def test_the_buttons_offered_always_lead_to_points_that_add_up(points: int, count: int, data: st.DataObject) -> None:
    question = Allocate(id="q", points=points, options=tuple(Option(f"o{n}", f"O {n}") for n in range(count)))
    kept: list[str] = []
    for option in question.options:
        numbers = offered(question, kept)
        assert 1 <= len(numbers) <= 12
        kept.append(f"{option.id}={data.draw(st.sampled_from(numbers))}")
    assert sum(int(one.partition("=")[2]) for one in kept) == points


# --------------------------------------------------------------------------- cards


def compared(count: int, most: int = 3, shows: int = 4) -> BestWorst:
    options = tuple(Option(f"o{n}", f"Option {n}") for n in range(count))
    return BestWorst(id="q", options=options, cards=most, shows=shows)


@settings(deadline=None)
@given(st.integers(3, 24), st.integers(1, 12), st.integers(3, 5), st.text("abc", min_size=1, max_size=8))
def test_each_option_stands_on_equally_many_cards_of_three_to_five(count: int, most: int, shows: int, tag: str) -> None:
    question = compared(count, most, shows)
    plan = cards.plan(question, tag)
    shown = Counter(option for card in plan for option in card)
    assert set(shown) == {option.id for option in question.options}
    assert len(set(shown.values())) == 1
    assert all(3 <= len(card) == len(set(card)) <= 5 for card in plan)
    assert len(plan) <= max(most, -(-count // 3))
    assert cards.plan(question, tag) == plan


@pytest.mark.parametrize(
    ("count", "most", "sizes"),
    [(2, 3, [2]), (4, 3, [4]), (5, 3, [5]), (7, 3, [4, 3]), (8, 4, [4, 4, 4, 4]), (12, 3, [4, 4, 4])],
)
def test_the_plan_follows_from_the_number_of_options(count: int, most: int, sizes: list[int]) -> None:
    assert [len(card) for card in cards.plan(compared(count, most), "tag")] == sizes


def test_over_many_people_every_two_options_meet_about_as_often() -> None:
    met: Counter[frozenset[str]] = Counter()
    for number in range(500):
        for card in cards.plan(compared(8), f"tag{number}"):
            met.update(frozenset({one, other}) for one in card for other in card if one < other)
    assert len(met) == 28
    assert max(met.values()) < 1.4 * min(met.values())


def test_a_card_is_kept_and_read_back() -> None:
    for card in (cards.Card(("a", "b", "c"), "a", "c"), cards.Card(("a", "b")), cards.Card(("a", "b"), "b")):
        assert cards.read(cards.written(card)) == card if card.last or not card.best else True


def test_a_question_that_needs_an_answer_leaves_no_card_out() -> None:
    flow = flow_of(f"""
[states.best]
bestworst = "Best and last?"
options = {IDEAS}
optional = false
[states.bye]
end = ""
""")
    talk = Talk(flow).says("SKIP").is_told("cannot_skip").is_not_told("bestworst_skip")
    assert talk.says("1, 2").session.answers["best"].value
    assert not talk.events(Withdrawn)


def test_two_people_get_their_options_in_other_orders() -> None:
    orders = {cards.plan(compared(4), f"tag{number}")[0] for number in range(20)}
    assert len(orders) > 5
