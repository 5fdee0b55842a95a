"""What everybody may know of a closed round: steps, hidden few, shares of what is told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.digests import disclosure, findings
from bot.digests.findings import Asked, Counts, Turnout
from flows.binding import bind
from flows.catalog import Catalog
from storage.findings import Counted

if TYPE_CHECKING:
    from bot.digests.findings import Finding, Findings
    from flows.model import Flow

AT = datetime(2026, 11, 29, 12, tzinfo=UTC)
CATALOG = Catalog.load()
IDEAS = {"ideas": [("late", "Open later"), ("early", "Open <early>"), ("sunday", "Open on Sundays")]}


def flow(name: str = "yearly_review") -> Flow:
    found = CATALOG.get(name)
    return bind(found, dict.fromkeys(found.placeholders, "it"), IDEAS)


def found(counts: Counts, people: int = 100, name: str = "yearly_review", minimum: int = 10) -> Findings:
    return findings.found(Asked("r", {"en": "R"}, flow(name), minimum), Turnout(people), counts, AT)


def one(state: str, choices: dict[str, int], people: int = 100, minimum: int = 10) -> Finding:
    counted = [Counted(state, choice, None, None, number) for choice, number in choices.items()]
    told = found(Counts({state: sum(choices.values())}, counted), people, minimum=minimum)
    return next(each for each in told.findings if each.state == state)


def shares(finding: Finding) -> dict[str, tuple[int | None, int | None]]:
    return {each.option: (each.people, each.percent) for each in finding.answers}


def test_people_are_told_in_steps_and_shares_are_of_what_is_told() -> None:
    told = one("worth", {"5": 44, "4": 23, "3": 9, "na": 12})
    assert (told.people, told.base) == (80, 70)
    told_shares = shares(told)
    assert told_shares["5"] == (40, 57)
    assert told_shares["4"] == (20, 29)
    assert told_shares["3"] == (None, None)
    assert told_shares["na"] == (10, None)
    best = told.answers[0]
    assert best.low is not None
    assert best.high is not None
    assert (best.low, best.high) == (40, 79), "40 to 49 of 70 to 79 people, and chance"


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["5", "4", "3", "2", "1", "na"]), st.integers(0, 60)), st.sampled_from([5, 10]))
@example({"5": 16, "4": 16}, 10)
def test_parts_never_come_to_more_than_their_whole_and_each_share_lies_in_its_range(
    choices: dict[str, int], minimum: int
) -> None:
    told = one("worth", choices, people=500, minimum=minimum)
    inside = sum(each.people or 0 for each in told.answers if each.counts)
    assert inside <= (told.base or 0) <= sum(each or 0 for option, each in choices.items() if option != "na")
    assert sum(each.people or 0 for each in told.answers) <= (told.people or 0)
    assert sum(each.percent or 0 for each in told.answers) <= 100 + len(told.answers) // 2
    for each in told.answers:
        if each.percent is not None and each.low is not None and each.high is not None:
            exact = 100 * choices[each.option] / sum(count for option, count in choices.items() if option != "na")
            assert each.low <= exact + 0.5
            assert exact - 0.5 <= each.high


def test_all_and_nearly_all_look_the_same() -> None:
    for nearly in ({"5": 60}, {"5": 61, "1": 3}):
        best = one("worth", nearly).answers[0]
        assert (best.people, best.percent, best.everybody) == (60, None, True)


def test_fewer_people_than_the_minimum_are_told_nothing_of() -> None:
    told = found(Counts({"worth": 9}, [Counted("worth", "5", None, None, 9)]), people=9)
    assert (told.people, told.findings) == (None, ())


def test_what_people_wrote_is_counted_and_not_shown() -> None:
    written = Counted("reason", None, None, None, 38)
    told = found(Counts({"reason": 38}, [written]), name="budget_round")
    (why,) = [each for each in told.findings if each.state == "reason"]
    assert (why.verb, why.people, why.answers) == ("ask", 30, ())
    assert "38" not in findings.dump(told)


def test_what_serves_the_conversation_is_no_finding() -> None:
    roles = {state.id for state in flow().scripts["en"].states.values() if getattr(state, "role", None)}
    assert roles >= {"age", "begin", "quote"}
    assert roles.isdisjoint(each.state for each in found(Counts({}, ())).findings)


@pytest.mark.parametrize(
    ("name", "state", "said"),
    [
        ("option_round", "order", ["late", "sunday", "early"]),
        ("budget_round", "points", ["late=6", "early=1", "sunday=3"]),
    ],
)
def test_orders_and_points_are_told_by_the_public_minimum(name: str, state: str, said: list[str]) -> None:
    counted = [Counted(state, None, json.dumps(said), None, 60)]
    told = found(Counts({state: 60}, counted), name=name)
    (order,) = [each for each in told.findings if each.state == state]
    assert order.ballot is not None
    assert order.ballot.standings[0].option == "late"
    assert order.ballot.step == 10, "five of sixty people can move a score by eight points"


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["5", "4", "3", "2", "1", "na"]), st.integers(0, 60)), st.integers(5, 20))
def test_no_number_is_below_the_minimum_or_gives_one_person_away(choices: dict[str, int], minimum: int) -> None:
    told = one("worth", choices, people=500, minimum=minimum)
    for told_people in (told.people, told.base, *(each.people for each in told.answers)):
        assert told_people is None or (told_people >= minimum and told_people % minimum == 0)
    for each in told.answers:
        counted = choices.get(each.option, 0)
        assert (each.people is None) == (counted < minimum), "nobody and a few look the same"
        assert each.percent is None or 0 < each.percent < 100


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["5", "4", "3", "2", "1", "na"]), st.integers(0, 60)))
def test_findings_survive_being_kept(choices: dict[str, int]) -> None:
    counted = [Counted("worth", choice, None, None, number) for choice, number in choices.items()]
    told = found(Counts({"worth": sum(choices.values())}, counted), people=sum(choices.values()))
    assert findings.load(findings.dump(told)) == told
    assert findings.dump(replace(told)) == findings.dump(told)


@settings(deadline=None, max_examples=40)
@given(st.dictionaries(st.integers(0, 10), st.integers(0, 60)), st.sampled_from([5, 10]))
def test_the_recommend_score_comes_in_steps_and_a_few_people_move_it_by_no_more(
    scores: dict[int, int], minimum: int
) -> None:
    def told(of: dict[int, int]) -> tuple[int, int, int] | None:
        counted = [Counted("n", None, None, float(score), people) for score, people in of.items()]
        return findings._recommended(counted, minimum)

    found_, people = told(scores), sum(scores.values())
    assert (found_ is None) == (people < disclosure.PERCENT_FROM)
    if found_ is None:
        return
    score, low, high = found_
    exact = 100 * (sum(scores.get(n, 0) for n in (9, 10)) - sum(scores.get(n, 0) for n in range(7))) / people
    step = disclosure.step(people, minimum)
    assert abs(score - min(max(exact, 2 * step - 100), 100 - 2 * step)) <= step + 1e-6
    assert low <= score <= high
    movers = min(minimum // 2, scores.get(10, 0))
    other = told({**scores, 10: scores.get(10, 0) - movers, 0: scores.get(0, 0) + movers})
    assert other is not None
    assert abs(other[0] - score) <= 2 * step
