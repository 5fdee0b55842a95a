"""ISO weeks on the calendar of a place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.digests.weeks import Week

MADRID = ZoneInfo("Europe/Madrid")


def test_a_week_begins_at_midnight_of_the_place() -> None:
    week = Week.parse("2026-W47")
    assert week.begins(MADRID) == datetime(2026, 11, 15, 23, tzinfo=UTC)
    assert week.ends(MADRID) == datetime(2026, 11, 22, 23, tzinfo=UTC)


@pytest.mark.parametrize(("name", "hours"), [("2026-W43", 169), ("2026-W13", 167), ("2026-W47", 168)])
def test_a_week_is_as_long_as_the_clocks_make_it(name: str, hours: int) -> None:
    week = Week.parse(name)
    assert week.ends(MADRID) - week.begins(MADRID) == timedelta(hours=hours)


def test_the_turn_of_the_year_belongs_to_one_week() -> None:
    assert Week.of(datetime(2027, 1, 3, 12, tzinfo=UTC), MADRID) == Week(2026, 53)
    assert Week(2027, 1).back(1) == Week(2026, 53)


@pytest.mark.parametrize("text", ["2026-47", "2026-W54", "W47", "", "2026-W00", "2025-W53", "0001-W01", "9999-W52"])
def test_what_is_no_week_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"week|Invalid"):
        Week.parse(text)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - made aware
def test_every_moment_lies_in_exactly_its_week(moment: datetime) -> None:
    week = Week.of(moment, MADRID)
    assert week.begins(MADRID) <= moment < week.ends(MADRID)
    assert Week.parse(str(week)) == week
    assert week.back(-1).begins(MADRID) == week.ends(MADRID)
