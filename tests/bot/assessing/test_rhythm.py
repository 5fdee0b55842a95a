"""When somebody is asked to look at their work: at the start, each quarter, at a stage's begin, and never twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.assessing.rhythm import SETTLED, due, of_round

ZONE = ZoneInfo("Europe/Madrid")
CAME = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def test_the_first_hours_are_left_in_peace_and_then_the_whole_form_comes_once() -> None:
    assert due(CAME, None, {}, [], CAME + SETTLED - timedelta(seconds=1), ZONE) == []
    assert due(CAME, None, {}, [], CAME + SETTLED, ZONE) == ["2026-Q4"]
    assert due(CAME, None, {"2026-Q4": CAME + DAY}, [], CAME + 20 * DAY, ZONE) == []


def test_the_next_quarter_comes_when_it_has_begun_and_the_last_time_is_not_just_over() -> None:
    called = {"2026-Q4": CAME + DAY}
    assert due(CAME, None, called, [], datetime(2027, 1, 2, tzinfo=UTC), ZONE) == []
    assert due(CAME, None, called, [], CAME + 46 * DAY, ZONE) == ["2027-Q1"]
    assert due(CAME, CAME + 30 * DAY, called, [], CAME + 46 * DAY, ZONE) == []
    assert due(CAME, CAME + 30 * DAY, called, [], CAME + 75 * DAY, ZONE) == ["2027-Q1"]


def test_whoever_has_done_it_in_this_quarter_is_not_asked() -> None:
    assert due(CAME, CAME + DAY, {}, [], CAME + 3 * DAY, ZONE) == []


def test_a_round_that_can_still_be_foretold_asks_at_once_and_once() -> None:
    assert due(CAME, None, {}, [7, 3], CAME, ZONE) == [of_round(3), of_round(7)]
    assert due(CAME, None, {of_round(3): CAME}, [7, 3], CAME, ZONE) == [of_round(7)]
    assert due(CAME, None, {of_round(3): CAME}, [3], CAME + DAY, ZONE) == ["2026-Q4"]
