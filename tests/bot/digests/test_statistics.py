"""The arithmetic of figures, against numbers worked out beforehand."""

from __future__ import annotations

import math
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap as scipy_bootstrap

from bot.digests import disclosure, statistics
from bot.digests.statistics import Posneg, Range, Unraked, kish, net_range, newcombe, rake, recommended, seed, wilson
from flows import points
from flows.ballots import said

if TYPE_CHECKING:
    from collections.abc import Sequence


def in_percent(span: Range) -> tuple[float, float]:
    return round(100 * span.low, 2), round(100 * span.high, 2)


@pytest.mark.parametrize(
    ("part", "base", "low", "high"),
    [
        (34, 50, 54.19, 79.24),
        (8, 10, 49.02, 94.33),
        (0, 12, 0.0, 24.25),
        (12, 12, 75.75, 100.0),
        (210, 300, 64.59, 74.91),
    ],
)
def test_wilson_gives_the_known_range(part: int, base: int, low: float, high: float) -> None:
    assert in_percent(statistics.wilson(part, base)) == (low, high)


@pytest.mark.parametrize(
    ("now", "before", "low", "high", "changed"),
    [((34, 50), (60, 70), -32.91, -2.63, True), ((34, 50), (36, 50), -21.36, 13.70, False)],
)
def test_newcombe_tells_a_change_from_none(
    now: tuple[int, int], before: tuple[int, int], low: float, high: float, changed: bool
) -> None:
    span = statistics.newcombe(*now, *before)
    assert in_percent(span) == (low, high)
    assert span.holds_zero is not changed


def test_posneg_leaves_do_not_know_out_of_the_base() -> None:
    """20 very good, 14 good, 6 neither, 5 poor, 5 very poor, 3 do not know."""
    group = Posneg(20 + 14, 6, 5 + 5, 3)
    assert group.base == 50
    assert statistics.percent(group.positive, group.base) == 68
    assert statistics.percent(group.negative, group.base) == 20
    assert in_percent(statistics.wilson(group.negative, group.base)) == (11.24, 33.04)
    assert math.isclose(group.net, 0.48)


def test_nobody_has_no_net() -> None:
    assert Posneg(0, 0, 0).net == 0.0


def test_the_recommend_score_with_its_simple_range() -> None:
    score, span = recommended({10: 12, 9: 8, 8: 10, 7: 5, 6: 9, 0: 6})
    assert round(100 * score, 1) == 10.0
    assert (round(100 * span.low, 1), round(100 * span.high, 1)) == (-13.0, 33.0)


def counted(verb: str, *ballots: Sequence[str]) -> Counter[tuple[str, str]]:
    """Count answers as the database does."""
    return Counter(word for kept in ballots for word in said(verb, kept))


def test_borda_shares_the_points_that_are_left() -> None:
    """Short ballots neither win nor lose."""
    tally = counted("rank", "ABC", "BA", "C", "ACB")
    rounded = {option: round(float(points), 1) for option, points in statistics.borda("ABCD", tally).items()}
    assert rounded == {"A": 75.0, "B": 58.3, "C": 54.2, "D": 12.5}
    assert [statistics.first(option, tally) for option in "ABCD"] == [2, 1, 1, 0]


def test_borda_without_ballots_or_with_one_option_says_nothing() -> None:
    assert statistics.borda("AB", Counter()) == {}
    assert statistics.borda("A", counted("rank", "A")) == {}


ORDERS = st.lists(st.permutations("ABCD").flatmap(lambda all_: st.integers(1, 4).map(lambda n: all_[:n])), max_size=12)


@given(ORDERS)
def test_borda_of_counts_is_borda_of_each_order(orders: list[list[str]]) -> None:
    points = dict.fromkeys("ABCD", 0.0)
    for order in orders:
        rest = [option for option in "ABCD" if option not in order]
        for option in "ABCD":
            points[option] += 3 - order.index(option) if option in order else (len(rest) - 1) / 2
    expected = {option: 100 * total / (3 * len(orders)) for option, total in points.items()} if orders else {}
    assert statistics.borda("ABCD", counted("rank", *orders)) == pytest.approx(expected)


@given(ORDERS, st.integers(1, 4))
def test_the_option_ahead_of_each_is_found_pair_by_pair(orders: list[list[str]], by: int) -> None:
    def prefer(one: str, other: str) -> int:
        return sum(one in order and (other not in order or order.index(one) < order.index(other)) for order in orders)

    ahead = [o for o in "ABCD" if all(prefer(o, other) - prefer(other, o) >= by for other in "ABCD" if other != o)]
    assert statistics.beats_each("ABCD", counted("rank", *orders), by) == "".join(ahead)


def test_best_worst_counts_against_how_often_shown() -> None:
    marks = {"best": (18, 9, 3, 0), "last": (1, 5, 9, 15), "shown": (11, 16, 18, 15)}
    tally = Counter({(option, mark): n for mark, each in marks.items() for option, n in zip("ABCD", each, strict=True)})
    found = statistics.best_worst("ABCDE", tally)
    assert {option: round(float(score), 3) for option, score in found.items()} == {
        "A": 0.567, "B": 0.133, "C": -0.2, "D": -0.5,
    }  # fmt: skip


def test_a_card_left_out_was_not_shown() -> None:
    tally = counted("bestworst", ["A,B,C:B:A", "D,E,F::"], ["A,B,C:B:C", "D,E,F:D:E"])
    assert {option: statistics.shown(option, tally) for option in "ABCDEF"} == {
        "A": 2, "B": 2, "C": 2, "D": 1, "E": 1, "F": 1,
    }  # fmt: skip


def test_allocation_gives_mean_median_and_zeros() -> None:
    rows = [(5, 3, 2), (10, 0, 0), (4, 4, 2), (0, 6, 4), (6, 2, 2)]
    tally = counted("allocate", *(points.written(list(zip("ABC", row, strict=True))) for row in rows))
    given_ = [statistics.allocation(option, tally) for option in "ABC"]
    assert [statistics.mean(each) for each in given_] == [5, 3, 2]
    assert [disclosure.middle(each, 0) for each in given_] == [5, 3, 2]
    assert [each[0] for each in given_] == [1, 1, 1]


def test_kish_gives_effective_people_and_design_effect() -> None:
    effective = kish([(0.5, 30), (1.0, 40), (2.0, 30)])
    assert (round(effective, 2), round(100 / effective, 3)) == (78.96, 1.267)
    assert kish([]) == 0


@pytest.mark.parametrize(
    ("part", "base", "shown"),
    [(1, 8, 13), (0, 30, 0), (30, 30, 100), (1, 1000, 1), (999, 1000, 99), (1, 3, 33), (2, 3, 67)],
)
def test_percent_rounds_half_up_and_keeps_none_and_all_for_none_and_all(part: int, base: int, shown: int) -> None:
    assert statistics.percent(part, base) == shown


@given(st.integers(1, 5000).flatmap(lambda base: st.tuples(st.integers(0, base), st.just(base))))
def test_percent_is_never_off_by_a_point(case: tuple[int, int]) -> None:
    part, base = case
    assert abs(statistics.percent(part, base) - 100 * part / base) < 1


@pytest.mark.parametrize(("share", "whole"), [(-0.1771, -18), (0.005, 1), (-0.005, -1), (0.0049, 0), (0.29, 29)])
def test_points_round_half_away_from_zero(share: float, whole: int) -> None:
    assert statistics.points(share) == whole


def test_a_program_that_writes_no_digest_does_not_load_statsmodels() -> None:
    """Start-up stays quick."""
    code = "import sys, bot.digests.writing; sys.exit('statsmodels' in sys.modules or 'matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --------------------------------------------------------------------------- published figures


@pytest.mark.parametrize(
    ("part", "base", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_is_as_published(part: int, base: int, low: float, high: float) -> None:
    """Newcombe 1998, Statistics in Medicine 17, 857-872, table I, method 3; R: prop.test(x, n, correct = FALSE)."""
    found = wilson(part, base)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@pytest.mark.parametrize(
    ("now", "before", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ],
)
def test_newcombe_is_as_published(now: tuple[int, int], before: tuple[int, int], low: float, high: float) -> None:
    """Newcombe 1998, Statistics in Medicine 17, 873-890, table II, method 10."""
    found = newcombe(*now, *before)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


# --------------------------------------------------------------------------- drawing again, weights


def test_the_range_of_a_net_is_the_same_for_ever() -> None:
    """The figures are written down: a change of numpy that moved them would change digests of the past."""
    found = net_range(Posneg(40, 30, 30), seed("round 7", "2026-W47"))
    assert (found.low, found.high) == pytest.approx((-0.06025, 0.26), abs=1e-12)
    assert found == net_range(Posneg(40, 30, 30), seed("round 7", "2026-W47"))
    assert seed("round 7", "2026-W47") != seed("round 7", "2026-W48")


@settings(deadline=None, max_examples=15)
@given(st.integers(5, 200), st.integers(5, 200), st.integers(5, 200))
def test_the_range_of_a_net_is_near_that_of_the_normal_curve(good: int, middle: int, bad: int) -> None:
    """Variance (P + N - (P - N)^2) / n, as for promoters and detractors (Rocks 2016)."""
    group = Posneg(good, middle, bad)
    found, (net, plain) = net_range(group, 1), recommended({9: good, 7: middle, 0: bad})
    room = 0.25 * (plain.high - plain.low) + 2 / group.base
    assert abs(found.low - plain.low) < room
    assert abs(found.high - plain.high) < room
    assert found.low <= net <= found.high


def test_drawing_again_agrees_with_another_library() -> None:
    """Scipy draws the people themselves, one by one."""
    people = [1.0] * 40 + [0.0] * 30 + [-1.0] * 30
    other = scipy_bootstrap((people,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(1))
    found = net_range(Posneg(40, 30, 30), 5)
    assert found.low == pytest.approx(other.confidence_interval.low, abs=0.02)
    assert found.high == pytest.approx(other.confidence_interval.high, abs=0.02)


CELLS: dict[tuple[str, ...], int] = {("y", "N"): 10, ("y", "S"): 20, ("o", "N"): 50, ("o", "S"): 20}
MARGINS = ({"y": 0.4, "o": 0.6}, {"N": 0.5, "S": 0.5})


def test_raking_meets_both_margins() -> None:
    weights = rake(CELLS, MARGINS)
    assert not isinstance(weights, Unraked)
    assert [round(weights[cell], 4) for cell in CELLS] == [1.0895, 1.4553, 0.7821, 1.0447]
    assert round(kish((weights[cell], people) for cell, people in CELLS.items()), 2) == 93.77


@pytest.mark.parametrize(
    ("cells", "margins", "why"),
    [
        ({**CELLS, ("o", "N"): 49}, MARGINS, Unraked.PEOPLE),
        ({}, MARGINS, Unraked.PEOPLE),
        ({**CELLS, ("y", "N"): 4, ("o", "S"): 60}, MARGINS, Unraked.CELL),
        (CELLS, ({"y": 0.4, "x": 0.6}, MARGINS[1]), Unraked.RESIDENTS),
        (CELLS, ({"y": 0.4, "o": 0.5, "x": 0.1}, MARGINS[1]), Unraked.CELL),
        (
            {("y", "N"): 5, ("y", "S"): 5, ("o", "N"): 300, ("o", "S"): 300},
            ({"y": 0.6, "o": 0.4}, MARGINS[1]),
            Unraked.CUT,
        ),
    ],
)
def test_where_a_condition_does_not_hold_nobody_is_weighted_and_it_says_which(
    cells: dict[tuple[str, ...], int], margins: tuple[dict[str, float], dict[str, float]], why: Unraked
) -> None:
    """Fewer than 100 people, a cell under 5, a group without its part or without people, a weight beyond the cut."""
    assert rake(cells, margins) is why


def test_a_group_that_is_not_told_of_weighs_nobody() -> None:
    cells: dict[tuple[str, ...], int] = {("y",): 8, ("o",): 92}
    assert rake(cells, MARGINS[:1], 10) is Unraked.CELL
    assert not isinstance(rake(cells, MARGINS[:1]), Unraked)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(25, 80), min_size=4, max_size=4), st.integers(30, 70), st.integers(30, 70))
def test_raked_weights_add_up_to_people_and_margins(people: list[int], young: int, north: int) -> None:
    cells = dict(zip(CELLS, people, strict=True))
    margins = ({"y": young / 100, "o": 1 - young / 100}, {"N": north / 100, "S": 1 - north / 100})
    weights = rake(cells, margins)
    if isinstance(weights, Unraked):
        return
    total = sum(people)
    assert sum(weights[cell] * cells[cell] for cell in cells) == pytest.approx(total)
    for place, margin in enumerate(margins):
        for group, part in margin.items():
            told = sum(weights[cell] * cells[cell] for cell in cells if cell[place] == group)
            assert told / total == pytest.approx(part, abs=1e-8)
