"""Predictions, experience and their fields, against the worked example and plain loops."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.assessing.perception import (
    Counted,
    Experience,
    Field,
    Perceived,
    Verdict,
    bootstrap,
    calibration,
    experience,
    field_of,
    observed,
    perceived,
)
from bot.digests.disclosure import Share, Strength, share, shares
from bot.digests.statistics import Posneg

MINIMUM = 5
weeks = st.lists(st.builds(Posneg, st.integers(0, 30), st.integers(0, 12), st.integers(0, 12)), max_size=8)


def slow_wilson(part: int, base: int) -> tuple[float, float]:
    """Wilson's interval as he wrote it down."""
    z, p = 1.959963984540054, part / base
    middle = (p + z * z / (2 * base)) / (1 + z * z / base)
    half = z / (1 + z * z / base) * math.sqrt(p * (1 - p) / base + z * z / (4 * base * base))
    return middle - half, middle + half


def test_the_worked_example() -> None:
    found = perceived(85, share(34, 50, MINIMUM))
    assert found is not None
    assert [round(100 * one, 1) for one in (found.gap, found.low, found.high)] == [17.0, 5.8, 30.8]
    assert found.verdict is Verdict.OPTIMISTIC
    assert not found.indication


@given(st.integers(0, 100), st.integers(10, 400), st.data())
def test_a_gap_is_that_of_a_plain_calculation(percent: int, base: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(0, base))
    shown = share(part, base, MINIMUM)
    found = perceived(percent, shown)
    if not shown.exact:
        assert found is None
        return
    assert found is not None
    low, high = slow_wilson(part, base)
    gap = percent / 100 - part / base
    assert found.gap == pytest.approx(gap)
    assert (found.low, found.high) == pytest.approx((percent / 100 - high, percent / 100 - low), abs=2e-6)
    line = found.low <= 0 <= found.high or abs(round(gap * 100, 9)) < 10
    assert found.verdict == ("in_line" if line else "optimistic" if gap > 0 else "pessimistic")
    assert found.indication == (base < 30)


@pytest.mark.parametrize(("base", "told"), [(9, None), (10, True), (29, True), (30, False)])
def test_of_few_people_nothing_is_told_and_of_some_an_indication_only(base: int, told: bool | None) -> None:
    part = base // 2
    found = perceived(50, share(part, base, MINIMUM))
    assert (found.indication if found else None) == told


@given(weeks)
def test_the_weeks_of_a_round_add_up_to_parts_that_may_each_be_told(groups: list[Posneg]) -> None:
    found = observed(counted(groups), MINIMUM)[0]
    base = part = 0
    waiting = (0, 0, 0)
    for group in groups:
        own = (group.positive, group.neutral, group.negative)
        if shares(*own, MINIMUM)[0].exact:
            block = own
        else:
            waiting = (waiting[0] + own[0], waiting[1] + own[1], waiting[2] + own[2])
            if not shares(*waiting, MINIMUM)[0].exact:
                continue
            block, waiting = waiting, (0, 0, 0)
        assert told_apart(block[0], block[1] + block[2])
        base, part = base + sum(block), part + block[0]
    assert (found.base or 0, found.part or 0) == (base, part)


@given(weeks, st.builds(Posneg, st.integers(0, 30), st.integers(0, 12), st.integers(0, 12)))
def test_one_week_more_never_tells_of_fewer_than_the_minimum(groups: list[Posneg], more: Posneg) -> None:
    """Whoever subtracts last week's sum from this week's finds nobody, or at least the minimum on either side."""
    before, now = (observed(counted(each), MINIMUM)[0] for each in (groups, [*groups, more]))
    grown = (now.base or 0) - (before.base or 0)
    inside = (now.part or 0) - (before.part or 0)
    assert told_apart(inside, grown - inside)


@given(weeks, st.data())
def test_weeks_that_were_told_count_as_they_were_told(groups: list[Posneg], data: st.DataObject) -> None:
    """Whoever leaves, or comes to it late, shows in no sum: neither where a week was told alone, nor with others."""
    told = [shares(each.positive, each.neutral, each.negative, MINIMUM)[0] for each in groups]
    share_, joined = observed(counted(groups), MINIMUM)
    counts = {week for part in joined for week in part.weeks}
    less = [
        Posneg(max(group.positive - data.draw(st.integers(0, 1)), 0), group.neutral, group.negative)
        if share_.exact or str(n) in counts
        else group
        for n, (group, share_) in enumerate(zip(groups, told, strict=True))
    ]
    again = [each._replace(told=before) for each, before in zip(counted(less), told, strict=True)]
    assert observed(again, MINIMUM, joined) == (share_, joined)


def counted(groups: list[Posneg]) -> list[Counted]:
    """Return weeks that nobody has been told of yet."""
    return [Counted(str(n), group) for n, group in enumerate(groups)]


def told_apart(*sides: int) -> bool:
    """Whether each side is nobody, or so many that none of them stands alone."""
    return all(side == 0 or side >= MINIMUM for side in sides)


def test_calibration_is_the_mean_size_of_the_gaps() -> None:
    gaps = [Perceived(0.2, 0.1, 0.3, False), Perceived(-0.1, -0.2, 0.0, False)]
    assert calibration(gaps) == pytest.approx(0.15)
    assert calibration([]) is None


# --------------------------------------------------------------------------- practice and experience


def test_experience_is_the_mean_of_its_items_and_leaves_out_those_of_few() -> None:
    items = {"del.ease": {100: 10, 50: 10}, "del.time": {0: 20, 100: 20}, "del.acted": {100: 9}}
    found = experience(items, "library deliver 2026-W47")
    assert found is not None
    assert found.index == pytest.approx((75 + 50) / 2)
    assert found.low < found.index < found.high
    assert found.indication
    assert experience({"del.acted": {100: 9}}, "x") is None


def test_a_range_is_the_same_whenever_it_is_drawn_and_near_that_of_the_textbook() -> None:
    counts = {0: 40, 100: 60}
    assert bootstrap(counts, "a") == bootstrap(counts, "a") != bootstrap(counts, "c")
    low, high = bootstrap(counts, "a")
    half = 1.96 * 100 * math.sqrt(0.6 * 0.4 / 100)
    assert (low, high) == pytest.approx((60 - half, 60 + half), abs=1.5)


def test_a_range_is_that_of_the_stream_which_is_promised_never_to_change() -> None:
    assert bootstrap({0: 40, 25: 7, 100: 60}, "a") == pytest.approx((48.59813, 66.82243))


@pytest.mark.parametrize(
    ("practice", "felt", "field"),
    [
        (60, (60, 50, 70), Field.PROVEN),
        (60, (59.9, 50, 59.99), Field.BLIND_SPOT),
        (60, (59.9, 50, 60), Field.UNSURE),
        (59, (60, 50, 70), Field.HIDDEN_STRENGTH),
        (59, (59, 50, 70), Field.KNOWN_NEED),
    ],
)
def test_four_fields_and_one_that_chance_leaves_open(
    practice: int, felt: tuple[float, float, float], field: Field
) -> None:
    assert field_of(Fraction(practice), Experience(*felt, indication=False)) is field


def test_without_either_side_there_is_no_field() -> None:
    assert field_of(None, Experience(1, 1, 1, indication=False)) is None
    assert field_of(Fraction(1), None) is None


def test_a_share_that_is_only_a_band_makes_no_gap() -> None:
    assert perceived(50, Share(Strength.FIRM, 40, band="over", edge=80)) is None
