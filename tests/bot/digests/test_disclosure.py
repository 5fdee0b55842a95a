"""What may be shown of small groups."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.digests import disclosure
from bot.digests.disclosure import NOTHING, Running, Share, Strength

COUNTS = st.lists(st.integers(0, 40), min_size=1, max_size=6)


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (1, None), (4, None), (5, 5), (50, 50)])
def test_a_lone_cell_is_hidden_under_the_minimum(count: int, shown: int | None) -> None:
    assert disclosure.cell(count, 5) == shown


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ([40, 8, 12], (40, 8, 12)),
        ([40, 3, 12], (40, None, None)),
        ([40, 3, 0], (40, None, None)),
        ([40, 3, 2], (40, None, None)),
        ([3, 40], (None, None)),
        ([3], (None,)),
        ([0, 0], (0, 0)),
    ],
)
def test_a_hidden_cell_takes_the_next_smallest_with_it(counts: list[int], shown: tuple[int | None, ...]) -> None:
    assert disclosure.row(counts, 5) == shown


@given(COUNTS, st.integers(2, 12))
def test_no_row_ever_shows_a_small_cell_or_hides_just_one_of_several(counts: list[int], minimum: int) -> None:
    shown = disclosure.row(counts, minimum)
    assert all(cell is None or cell == 0 or cell >= minimum for cell in shown)
    assert shown.count(None) != 1 or len(counts) == 1
    assert all(cell in (None, count) for cell, count in zip(shown, counts, strict=True))


@pytest.mark.parametrize(
    ("part", "base", "shown"),
    [
        (2, 4, NOTHING),
        (6, 9, Share(Strength.COUNT, 9)),
        (3, 20, Share(Strength.HIDDEN, 20)),
        (None, 20, Share(Strength.HIDDEN, 20)),
        (8, 10, Share(Strength.INDICATION, 10, 8, "", 0.490162, 0.943318)),
        (12, 12, Share(Strength.INDICATION, 12, band="over")),
        (0, 12, Share(Strength.INDICATION, 12, band="under")),
        (28, 29, Share(Strength.INDICATION, 29, band="over")),
        (9, 10, Share(Strength.INDICATION, 10, 9, "", 0.595850, 0.982124)),
        (30, 30, Share(Strength.FIRM, 30, 30, "", 0.886487, 1.0)),
        (34, 50, Share(Strength.FIRM, 50, 34, "", 0.541897, 0.792418)),
    ],
)
def test_a_share_says_as_much_as_its_base_allows(part: int | None, base: int, shown: Share) -> None:
    assert disclosure.share(part, base, 5) == shown


@given(st.integers(0, 200).flatmap(lambda base: st.tuples(st.integers(0, base), st.just(base))), st.integers(1, 12))
def test_no_percentage_under_ten_and_no_small_cell_in_any_share(case: tuple[int, int], minimum: int) -> None:
    part, base = case
    share = disclosure.share(part, base, minimum)
    assert share.base is None or share.base >= minimum
    assert share.part is None or share.part == 0 or share.part >= minimum
    if share.percent is not None or share.band:
        assert base >= 10
    if base < 30:
        assert share.percent not in (0, 100)
        assert share.strength is not Strength.FIRM


def test_a_running_count_waits_until_it_grew_by_the_minimum() -> None:
    """Both wait: the total is known, so one alone would tell of the other."""
    before = [Running(40, "2026-W46"), Running(30, "2026-W46"), Running(20, "2026-W46")]
    shown, held = disclosure.running([43, 36, 30], "2026-W47", before, 5)
    assert shown == (Running(40, "2026-W46"), Running(30, "2026-W46"), Running(30, "2026-W47"))
    assert held == 2


def test_a_running_count_that_stayed_the_same_is_of_today() -> None:
    shown, held = disclosure.running([40, 30], "2026-W47", [Running(40, "2026-W46"), Running(30, "2026-W46")], 5)
    assert shown == (Running(40, "2026-W47"), Running(30, "2026-W47"))
    assert held == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30))
def test_running_counts_shown_one_after_the_other_never_differ_by_a_few(growth: list[tuple[int, int]]) -> None:
    """Subtracting any digest from any later one tells of nobody, or of at least the minimum."""
    shown: list[tuple[Running, ...]] = []
    totals = [0, 0]
    for week, new in enumerate(growth):
        totals = [total + more for total, more in zip(totals, new, strict=True)]
        before: list[Running | None] = list(shown[-1]) if shown else [None, None]
        shown.append(disclosure.running(totals, f"{week:03}", before, 5)[0])
    for earlier in range(len(shown)):
        for later in range(earlier + 1, len(shown)):
            for then, now in zip(shown[earlier], shown[later], strict=True):
                assert not 0 < abs((now.count or 0) - (then.count or 0)) < 5


def test_a_past_week_is_repeated_unless_it_changed_by_the_minimum() -> None:
    """Somebody who erased their answers is not found by comparing two digests."""
    shown, less, much_less = (disclosure.share(part, base, 5) for part, base in ((34, 50), (33, 49), (28, 44)))
    assert disclosure.steady(less, shown, 5) == shown
    assert disclosure.steady(much_less, shown, 5) == much_less
    assert disclosure.steady(less, None, 5) == less


def test_a_past_week_once_hidden_stays_hidden() -> None:
    assert disclosure.steady(disclosure.share(34, 50, 5), NOTHING, 5) == NOTHING


@given(st.integers(0, 300), st.integers(0, 300), st.integers(2, 12))
def test_looks_at_a_running_week_differ_by_steps_and_leave_one_step_to_its_end(
    one: int, other: int, minimum: int
) -> None:
    earlier, later = sorted((one, other))
    looks = disclosure.steps(earlier, minimum), disclosure.steps(later, minimum)
    assert (looks[1] - looks[0]) % minimum == 0
    assert all(later - look >= minimum or look == 0 for look in looks)
