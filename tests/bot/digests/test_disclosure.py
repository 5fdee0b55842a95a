"""What may be shown of small groups."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.digests import disclosure, statistics
from bot.digests.disclosure import NOTHING, Running, Share, Strength
from tests.bot.digests import attacker

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


@pytest.mark.parametrize(("cells", "minimum"), [(2, 5), (3, 5), (4, 3), (5, 3)])
def test_who_tries_every_row_with_its_total_learns_no_small_cell(cells: int, minimum: int) -> None:
    """Rows of up to 2 minimum people a cell: whatever is shown, a small cell could be one of several numbers."""
    behind: dict[tuple[tuple[int | None, ...], int], list[tuple[int, ...]]] = {}
    for counts in product(range(2 * minimum + 1), repeat=cells):
        behind.setdefault((disclosure.row(counts, minimum), sum(counts)), []).append(counts)
    for shown, rows in behind.items():
        for place in range(cells):
            values = {counts[place] for counts in rows}
            assert len(values) > 1 or not 0 < min(values) < minimum, (shown, rows)


@pytest.mark.parametrize(
    ("part", "base", "shown"),
    [
        (2, 4, NOTHING),
        (6, 9, Share(Strength.COUNT, 9)),
        (3, 20, Share(Strength.INDICATION, 20, band="under", edge=30)),
        (5, 10, Share(Strength.INDICATION, 10, 5, low=0.236593, high=0.763407)),
        (8, 10, Share(Strength.INDICATION, 10, band="over", edge=50)),
        (7, 11, Share(Strength.INDICATION, 11, band="over", edge=50)),
        (6, 11, Share(Strength.INDICATION, 11, 6, low=0.280092, high=0.787287)),
        (12, 12, Share(Strength.INDICATION, 12, band="over", edge=50)),
        (0, 12, Share(Strength.INDICATION, 12, band="under", edge=50)),
        (24, 29, Share(Strength.INDICATION, 29, 24, low=0.654516, high=0.924021)),
        (25, 29, Share(Strength.INDICATION, 29, band="over", edge=80)),
        (30, 30, Share(Strength.FIRM, 30, 30, low=0.886487, high=1.0)),
        (29, 30, Share(Strength.FIRM, 30, band="over", edge=80)),
        (0, 30, Share(Strength.FIRM, 30, 0, low=0.0, high=0.113513)),
        (34, 50, Share(Strength.FIRM, 50, 34, low=0.541897, high=0.792418)),
        (46, 50, Share(Strength.FIRM, 50, band="over", edge=90)),
        (4, 5000, Share(Strength.FIRM, 5000, band="under", edge=10)),
    ],
)
def test_a_share_says_as_much_as_both_its_sides_allow(part: int, base: int, shown: Share) -> None:
    assert disclosure.share(part, base, 5) == shown


def test_a_band_that_leaves_out_less_than_half_is_not_told() -> None:
    assert disclosure.share(15, 19, 10) == Share(Strength.HIDDEN, 19)
    assert disclosure.share(15, 20, 10) == Share(Strength.INDICATION, 20, band="over", edge=50)


PARTS = st.integers(0, 200).flatmap(lambda base: st.tuples(st.integers(0, base), st.just(base)))


@given(PARTS, st.integers(1, 12))
def test_no_percentage_under_ten_and_no_small_side_in_any_share(case: tuple[int, int], minimum: int) -> None:
    part, base = case
    share = disclosure.share(part, base, minimum)
    assert share.base is None or share.base >= minimum
    if share.part is not None:
        assert all(side == 0 or side >= minimum for side in (part, base - part))
    if share.says:
        assert base >= 10
    if base < 30:
        assert share.percent not in (0, 100)
        assert share.strength is not Strength.FIRM


@given(PARTS, st.integers(1, 12))
def test_a_band_is_true_and_says_the_same_whatever_it_hides(case: tuple[int, int], minimum: int) -> None:
    part, base = case
    share = disclosure.share(part, base, minimum)
    if share.band:
        assert share.edge in range(10, 100, 10)
        assert (100 * part > share.edge * base) == (share.band == "over")
        assert (100 * part < share.edge * base) == (share.band == "under")
        alike = [other for other in range(base + 1) if disclosure.share(other, base, minimum) == share]
        assert (alike[0], alike[-1]) == disclosure.possible(share, minimum)
        assert len(alike) == alike[-1] - alike[0] + 1
        sides = {base - other if share.band == "over" else other for other in alike}
        assert set(range(1, minimum)) <= sides


@pytest.mark.parametrize(
    ("sides", "good", "bad"),
    [
        ((34, 6, 10), 34, "10"),
        ((34, 14, 2), 34, "under 10"),
        ((30, 4, 16), 30, ""),
        ((43, 2, 5), 43, ""),
        ((43, 5, 2), 43, ""),
        ((43, 7, 0), 43, "0"),
        ((43, 0, 7), 43, "7"),
        ((47, 1, 2), None, "under 10"),
    ],
)
def test_the_negative_share_never_gives_back_the_middle(sides: attacker.Sides, good: int | None, bad: str) -> None:
    positive, negative = disclosure.shares(*sides, 5)
    assert positive.part == good
    number = "" if negative.part is None else str(negative.part)
    assert (f"{negative.band} {negative.edge}" if negative.band else number) == bad


@pytest.mark.parametrize("minimum", [3, 5, 10])
def test_nobody_can_work_out_a_small_group_from_two_shares(minimum: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every way up to 44 people can answer, sorted by what is shown of it; ranges are remembered to save time."""
    monkeypatch.setattr(statistics, "wilson", cache(statistics.wilson))
    for base in range(10, 45):
        alike: dict[tuple[Share, Share], list[attacker.Sides]] = defaultdict(list)
        for sides in attacker.everything(base):
            alike[disclosure.shares(*sides, minimum)].append(sides)
        for shown, possible in alike.items():
            assert attacker.gives_away(possible, minimum) == [], shown


BEFORE = [Running(40, "2026-W46"), Running(30, "2026-W46"), Running(20, "2026-W46")]


def test_a_running_count_grows_by_what_is_told_and_keeps_its_date_while_nothing_is() -> None:
    """Both of the first two wait: how many came in all is known, so one alone would tell of the other."""
    shown, new = disclosure.running([43, 36, 30], [3, 6, 10], "2026-W47", BEFORE, 5)
    assert shown == (BEFORE[0], BEFORE[1], Running(30, "2026-W47"))
    assert new == (None, None, 10)


def test_who_came_in_a_week_with_too_few_to_tell_does_not_show_in_the_next_one() -> None:
    shown, _ = disclosure.running([63, 46, 40], [20, 10, 10], "2026-W48", BEFORE, 5)
    assert [one.count for one in shown] == [60, 40, 30]


def test_the_first_running_count_does_not_tell_of_the_few_who_came_before() -> None:
    shown, _ = disclosure.running([40, 9, 30], [10, 5, 10], "2026-W47", [None] * 3, 5)
    assert [one.count for one in shown] == [40, 5, 10]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30))
def test_running_counts_shown_one_after_the_other_never_differ_by_a_few(growth: list[tuple[int, int]]) -> None:
    """Subtracting any digest from any later one tells of nobody, or of at least the minimum."""
    shown: list[tuple[Running, ...]] = []
    totals = [0, 0]
    for week, new in enumerate(growth):
        totals = [total + more for total, more in zip(totals, new, strict=True)]
        before: list[Running | None] = list(shown[-1]) if shown else [None, None]
        shown.append(disclosure.running(totals, new, f"{week:03}", before, 5)[0])
    for earlier in range(len(shown)):
        for later in range(earlier + 1, len(shown)):
            for then, now in zip(shown[earlier], shown[later], strict=True):
                assert not 0 < abs((now.count or 0) - (then.count or 0)) < 5


@pytest.mark.parametrize(
    ("count", "others", "shown"),
    [
        (0, [0], 0),
        (0, [1], None),
        (1, [0], None),
        (4, [30], None),
        (5, [0], 5),
        (5, [4], None),
        (6, [62, 2], None),
        (6, [62, 5], 6),
    ],
)
def test_who_did_not_know_does_not_follow_from_who_said_nothing(
    count: int, others: list[int], shown: int | None
) -> None:
    assert disclosure.beside(count, others, 5) == shown


def test_a_past_week_is_repeated_unless_it_changed_by_the_minimum() -> None:
    """Somebody who erased their answers is not found by comparing two digests."""
    shown, less, much_less = (disclosure.share(part, base, 5) for part, base in ((34, 50), (33, 49), (28, 44)))
    assert disclosure.steady(less, shown, 5) == shown
    assert disclosure.steady(much_less, shown, 5) == much_less
    assert disclosure.steady(less, None, 5) == less


def test_one_leaver_does_not_show_in_a_week_that_becomes_a_band() -> None:
    shown, band = disclosure.share(34, 39, 5), disclosure.share(34, 38, 5)
    assert band.band == "over"
    assert disclosure.steady(band, shown, 5) == shown


def test_one_leaver_among_several_does_not_show_either() -> None:
    """Five of the good side and one of the others left."""
    shown, less = disclosure.share(34, 50, 5), disclosure.share(29, 44, 5)
    assert disclosure.steady(less, shown, 5) == shown


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


@pytest.mark.parametrize(
    ("part", "base", "others", "shown"),
    [
        (14, 60, [0], True),
        (14, 60, [20], True),
        (14, 60, [20, 3], False),
        (14, 17, [23], False),
        (6, 9, [31], False),
        (0, 60, [0], True),
        (3, 60, [20], True),
        (3, 60, [2], False),
    ],
)
def test_a_share_beside_its_number_tells_neither_of_the_few_others_nor_of_the_few_outside(
    part: int, base: int, others: list[int], shown: bool
) -> None:
    told = disclosure.numbered(part, base, others, 5)
    assert told == (disclosure.share(part, base, 5) if shown else disclosure.NOTHING)
