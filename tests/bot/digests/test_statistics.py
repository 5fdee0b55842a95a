"""The arithmetic of figures, against numbers worked out beforehand."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.digests import statistics
from bot.digests.statistics import Posneg, Range


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


def test_nps_with_its_simple_range() -> None:
    score, span = statistics.nps(20, 15, 15)
    assert round(100 * score, 1) == 10.0
    assert (round(100 * span.low, 1), round(100 * span.high, 1)) == (-13.0, 33.0)


def test_borda_shares_the_points_that_are_left() -> None:
    """Short ballots neither win nor lose."""
    given_ = statistics.borda("ABCD", [["A", "B", "C"], ["B", "A"], ["C"], ["A", "C", "B"]])
    rounded = {option: round(points, 1) for option, points in given_.items()}
    assert rounded == {"A": 75.0, "B": 58.3, "C": 54.2, "D": 12.5}


def test_borda_without_ballots_says_nothing() -> None:
    assert statistics.borda("AB", []) == {}


def test_best_worst_counts_against_how_often_shown() -> None:
    best, worst = dict(zip("ABCD", (18, 9, 3, 0), strict=True)), dict(zip("ABCD", (1, 5, 9, 15), strict=True))
    scores = statistics.best_worst(best, worst, dict.fromkeys("ABCD", 30))
    assert [round(score, 3) for score in scores.values()] == [0.567, 0.133, -0.2, -0.5]


def test_allocation_gives_mean_median_and_zeros() -> None:
    shares = statistics.allocation([(5, 3, 2), (10, 0, 0), (4, 4, 2), (0, 6, 4), (6, 2, 2)])
    rounded = [(round(each.mean, 3), round(each.median, 3), each.zero) for each in shares]
    assert rounded == [(0.5, 0.5, 0.2), (0.3, 0.3, 0.2), (0.2, 0.2, 0.2)]


def test_kish_gives_effective_people_and_design_effect() -> None:
    effective, effect = statistics.kish([0.5] * 30 + [1.0] * 40 + [2.0] * 30)
    assert (round(effective, 2), round(effect, 3)) == (78.96, 1.267)


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
