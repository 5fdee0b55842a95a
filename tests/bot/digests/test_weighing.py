"""Weighted shares: the figures worked out slowly beside them, the conditions, and what nobody can solve back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.digests import disclosure, findings, weighing
from bot.digests.findings import Asked, Counts, Turnout
from bot.digests.statistics import Unraked, kish, rake, wilson
from bot.digests.weighing import Among
from storage.findings import Celled, Counted
from tests.bot.digests.test_findings import AT, flow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.digests.findings import Finding, Findings
    from bot.digests.statistics import Cell

AREAS = {"harbour": 30, "hillside": 70}
SAID = ("5", "4", "3", "na")

Cells = dict[str, dict[str, int]]
"""By area, by answer, people."""


def told(cells: Cells, residents: Mapping[str, float] | None = None, minimum: int = 10) -> Findings:
    people: dict[Cell, int] = {(area,): sum(said.values()) for area, said in cells.items() if sum(said.values())}
    counted = [Counted("worth", one, None, None, sum(said.get(one, 0) for said in cells.values())) for one in SAID]
    given_ = [
        Celled("worth", one, None, (area,), said[one]) for area, said in cells.items() for one in SAID if said.get(one)
    ]
    among = Among(("area",), {"you.area"}, [residents or AREAS], people, given_)
    everybody = sum(people.values())
    counts = Counts({"worth": everybody}, counted)
    return findings.found(Asked("r", {"en": "R"}, flow(), minimum), Turnout(everybody), counts, AT, (), among)


def worth(of: Findings) -> Finding:
    return next(each for each in of.findings if each.state == "worth")


def test_a_share_is_weighted_by_how_large_each_group_is() -> None:
    """Harbour: 300 of 400, where three of ten live; hillside: 20 of 100. 0.3 x 3/4 + 0.7 x 1/5 = 36.5 %."""
    of = told({"harbour": {"5": 300, "4": 100}, "hillside": {"5": 20, "4": 80}})
    best = worth(of).answers[0]
    assert best.percent == 64
    assert best.weighted is not None
    assert best.weighted.percent == 40, "in steps of ten: 10 people of 500 who count 3.5 each are seven points"
    weights = {"harbour": 0.3 / 0.8, "hillside": 0.7 / 0.2}
    effective = kish([(weights["harbour"], 400), (weights["hillside"], 100)])
    assert of.weighing is not None
    assert (of.weighing.why, of.weighing.people, of.weighing.effective) == (None, 500, int(effective) // 10 * 10)
    assert of.weighing.effect == round(500 / of.weighing.effective, 1)
    span = wilson(0.4 * of.weighing.effective, of.weighing.effective)
    assert best.weighted.low == pytest.approx(100 * span.low - 5, abs=1)
    assert best.weighted.high == pytest.approx(100 * span.high + 5, abs=1)


@pytest.mark.parametrize(
    ("cells", "residents", "why"),
    [
        ({"harbour": {"5": 50}, "hillside": {"4": 49}}, AREAS, Unraked.PEOPLE),
        ({"harbour": {"5": 200}, "hillside": {"4": 9}}, AREAS, Unraked.CELL),
        ({"harbour": {"5": 200}, "hillside": {}}, AREAS, Unraked.CELL),
        ({"harbour": {"5": 200}, "hillside": {"4": 200}}, {"harbour": 9}, Unraked.RESIDENTS),
        ({"harbour": {"5": 900}, "hillside": {"4": 60}}, {"harbour": 1, "hillside": 9}, Unraked.CUT),
    ],
)
def test_where_a_condition_fails_the_shares_stand_alone_and_it_says_which(
    cells: Cells, residents: dict[str, float], why: Unraked
) -> None:
    of = told(cells, residents)
    assert of.weighing is not None
    assert (of.weighing.why, of.weighing.people) == (why, 0)
    assert all(each.weighted is None for one in of.findings for each in one.answers)


def test_the_question_that_weights_are_made_of_is_not_weighted_itself() -> None:
    cells = {"harbour": {"5": 300, "4": 100}, "hillside": {"5": 20, "4": 80}}
    whole = told(cells)
    counts = Counts({"worth": 500}, [Counted("worth", "5", None, None, 320), Counted("worth", "4", None, None, 180)])
    among = Among(("area",), {worth(whole).item}, [AREAS], {("harbour",): 400, ("hillside",): 100}, ())
    own = findings.found(Asked("r", {"en": "R"}, flow(), 10), Turnout(500), counts, AT, (), among)
    assert all(each.weighted is None for each in worth(own).answers)


def test_findings_with_weights_survive_being_kept() -> None:
    of = told({"harbour": {"5": 300, "4": 100}, "hillside": {"5": 20, "4": 80}})
    assert findings.load(findings.dump(of)) == of


def test_a_step_is_of_what_those_count_who_answered_not_of_how_many_they_are() -> None:
    """Of 400 who count for 117.5, ten who count twice are 17 points: no step may be finer."""
    weights: dict[Cell, float] = {("young",): 0.25, ("old",): 2.0}
    found: set[int] = set()
    for old in range(11):
        said = {("young", "yes"): 166, ("young", "no"): 224, ("old", "yes"): old, ("old", "no"): 10 - old}
        given_ = [Celled("q", choice, None, (group,), count) for (group, choice), count in said.items() if count]
        found |= {each.percent for each in weighing.shares(["yes", "no"], given_, weights, set(), 10).values()}
    assert found == {40, 60}


@pytest.mark.parametrize(("young", "old"), [(390, 10), (180, 20), (160, 40)])
def test_all_that_is_told_of_a_question_leaves_open_what_a_group_said(young: int, old: int) -> None:
    """Every way in which two groups can answer yes or no: behind the same told figures stand ten ways at least."""
    weights: dict[Cell, float] = {("young",): 0.25, ("old",): 2.0}
    behind: dict[tuple[object, ...], set[int]] = {}
    for yes_young in range(young + 1):
        for yes_old in range(old + 1):
            said = {
                ("young", "yes"): yes_young,
                ("young", "no"): young - yes_young,
                ("old", "yes"): yes_old,
                ("old", "no"): old - yes_old,
            }
            given_ = [Celled("q", choice, None, (group,), count) for (group, choice), count in said.items() if count]
            told_ = weighing.shares(["yes", "no"], given_, weights, set(), 10)
            raw = tuple(disclosure.lowered(said["young", one] + said["old", one], 10) for one in ("yes", "no"))
            if told_ and None not in raw:
                behind.setdefault((*raw, told_["yes"].percent, told_["no"].percent), set()).add(yes_old)
    assert all(max(ways) - min(ways) >= 9 for ways in behind.values())
    assert len(behind) > 10


def test_of_two_variables_with_thirty_cells_shares_are_told_and_small_cells_hide_nobody() -> None:
    weights: dict[Cell, float] = {(f"age{n}", f"area{m}"): 0.5 + 0.1 * n + 0.05 * m for n in range(6) for m in range(5)}
    given_ = [
        Celled("q", choice, None, cell, 6 + place % 5)
        for place, cell in enumerate(weights)
        for choice in ("5", "4", "3", "2", "1")
    ]
    assert set(weighing.shares(["5", "4", "3", "2", "1"], given_, weights, set(), 10)) == {"5", "4", "3", "2", "1"}


def test_where_no_weighted_share_can_be_told_the_round_says_why() -> None:
    of = told({"harbour": {"5": 300}, "hillside": {"4": 100}})
    assert all(each.weighted is None for one in of.findings for each in one.answers)
    assert of.weighing is not None
    assert (of.weighing.why, of.weighing.people) == (Unraked.TELLING, 0)


def test_beside_the_share_as_given_a_weighted_one_does_not_tell_that_all_of_a_group_said_the_same() -> None:
    weights: dict[Cell, float] = {("young",): 0.25, ("old",): 2.0}
    said = {("young", "yes"): 60, ("young", "no"): 300, ("old", "yes"): 40}
    given_ = [Celled("q", choice, None, (group,), count) for (group, choice), count in said.items()]
    assert weighing.shares(["yes", "no"], given_, weights, set(), 10) == {}


CELLS = st.fixed_dictionaries(
    {area: st.fixed_dictionaries({one: st.integers(5, 400) for one in SAID}) for area in AREAS}
)


@settings(deadline=None, max_examples=20)
@given(CELLS, st.integers(1, 99), st.sampled_from([5, 10]))
def test_what_is_told_is_near_the_slow_figure_and_beside_a_share_that_is_told(
    cells: Cells, harbour: int, minimum: int
) -> None:
    residents = {"harbour": harbour, "hillside": 100 - harbour}
    of = told(cells, residents, minimum)
    people = {area: sum(said.values()) for area, said in cells.items()}
    base = {area: sum(said[one] for one in SAID if one != "na") for area, said in cells.items()}
    for each in worth(of).answers:
        if each.weighted is None:
            continue
        assert each.percent is not None
        assert min(people.values()) >= minimum
        weight = {area: residents[area] * sum(people.values()) / people[area] / 100 for area in AREAS}
        slow = sum(weight[a] * cells[a][each.option] for a in AREAS) / sum(weight[a] * base[a] for a in AREAS)
        whole = int(min(sum(base.values()), round(sum(weight[a] * base[a] for a in AREAS), 9)))
        step = disclosure.weighted_step(whole, max(weight[a] for a in AREAS if base[a]), minimum)
        inside = min(max(100 * slow, step), 100 - step)
        assert abs(each.weighted.percent - inside) <= step / 2 + 1e-6
        assert each.weighted.low <= each.weighted.percent <= each.weighted.high


@settings(deadline=None, max_examples=20)
@given(CELLS, st.integers(10, 90), st.sampled_from(sorted(AREAS)), st.integers(1, 9))
def test_fewer_people_than_the_minimum_who_say_something_else_move_no_share_by_more_than_a_step(
    cells: Cells, harbour: int, area: str, movers: int
) -> None:
    """Whoever knows all others of a group learns nothing of a few: they are lost in the step."""
    movers = min(movers, cells[area]["5"])
    other = {**cells, area: {**cells[area], "5": cells[area]["5"] - movers, "4": cells[area]["4"] + movers}}
    residents = {"harbour": harbour, "hillside": 100 - harbour}
    one, two = worth(told(cells, residents)), worth(told(other, residents))
    for left, right in zip(one.answers, two.answers, strict=True):
        if left.weighted and right.weighted:
            base = sum(said[word] for said in cells.values() for word in SAID if word != "na")
            people: dict[Cell, int] = {(of,): sum(said.values()) for of, said in cells.items()}
            weights = rake(people, [{"harbour": harbour / 100, "hillside": 1 - harbour / 100}], 10)
            assert not isinstance(weights, Unraked)
            sums = sum(weights[of,] * said[word] for of, said in cells.items() for word in SAID if word != "na")
            step = disclosure.weighted_step(int(min(base, round(sums, 9))), max(weights.values()), 10)
            assert abs(left.weighted.percent - right.weighted.percent) <= step
