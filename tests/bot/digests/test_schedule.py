"""When a digest is due, by the clock on the manager's wall."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.digests.schedule import Rhythm, chosen, due, sent
from bot.digests.weeks import Week
from storage.people import Person

if TYPE_CHECKING:
    from collections.abc import Collection

MADRID = ZoneInfo("Europe/Madrid")
MONDAY = Rhythm(MADRID)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def person(id: int = 1, since: datetime = LONG_AGO, **own: str) -> Person:
    choices: dict[str, str | None] = {"zone": None, "digest_day": None, "digest_time": None, **own}
    return Person(id=id, name="Ana", language="es", created_at=since, **choices)


def weeks(
    now: datetime, who: Person, rhythm: Rhythm = MONDAY, written: Collection[tuple[int, str, str]] = ()
) -> list[str]:
    return [str(each.week) for each in due([(who, "library")], ["library"], rhythm, written, now)]


def at(text: str, zone: ZoneInfo = MADRID) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("now", "week"),
    [
        ("2026-11-23 08:00", "2026-W47"),
        ("2026-11-23 07:59", "2026-W46"),
        ("2026-11-29 23:59", "2026-W47"),
        ("2027-01-04 08:00", "2026-W53"),
    ],
)
def test_on_monday_at_eight_the_week_that_ended_is_due(now: str, week: str) -> None:
    assert weeks(at(now), person()) == [week]


def test_what_is_written_is_not_due_again() -> None:
    assert weeks(at("2026-11-23 08:00"), person(), written={(1, "library", "2026-W47")}) == []


@pytest.mark.parametrize(
    "own", [{"zone": "Nowhere/Land"}, {"zone": "../etc"}, {"digest_day": "someday"}, {"digest_time": "25:99"}]
)
def test_a_choice_nobody_can_read_falls_back_to_the_citys_and_stops_nobody_else(own: dict[str, str]) -> None:
    managers = [(person(1, LONG_AGO, **own), "library"), (person(2), "library")]
    found = due(managers, ["library"], MONDAY, (), at("2026-11-23 08:00"))
    assert [(each.person.id, str(each.week)) for each in found] == [(1, "2026-W47"), (2, "2026-W47")]


def test_a_person_chooses_day_time_and_zone() -> None:
    tokyo = person(zone="Asia/Tokyo", digest_day="fri", digest_time="17:30")
    before, after = (datetime(2026, 11, 27, 8, minute, tzinfo=UTC) for minute in (29, 30))
    assert weeks(before, tokyo) == ["2026-W46"]
    assert weeks(after, tokyo) == ["2026-W47"]


def test_an_hour_that_spring_skips_comes_due_right_after_it() -> None:
    """Sunday 29 March 2026, 02:30 does not exist in Madrid."""
    early = Rhythm(MADRID, 6, time(2, 30))
    assert weeks(datetime(2026, 3, 29, 0, 59, tzinfo=UTC), person(), early) == ["2026-W11"]
    assert weeks(datetime(2026, 3, 29, 1, 0, tzinfo=UTC), person(), early) == ["2026-W12"]


def test_an_hour_that_autumn_repeats_comes_due_once() -> None:
    """Sunday 25 October 2026, 02:30 comes twice in Madrid; what the first wrote, the second finds written."""
    early = Rhythm(MADRID, 6, time(2, 30))
    first, second = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))
    assert weeks(first, person(), early) == ["2026-W42"]
    assert weeks(second, person(), early, {(1, "library", "2026-W42")}) == []


def test_a_new_manager_gets_no_digest_of_before() -> None:
    since = at("2026-11-25 12:00")
    assert weeks(at("2026-11-27 12:00"), person(since=since)) == []
    assert weeks(at("2026-11-30 08:00"), person(since=since)) == ["2026-W48"]


def test_after_a_month_of_silence_only_the_last_week_is_due() -> None:
    assert weeks(at("2026-12-21 08:00"), person(), written={(1, "library", "2026-W46")}) == ["2026-W51"]


def test_a_manager_of_all_services_gets_each_once() -> None:
    managers = [(person(), "*"), (person(), "library"), (person(2), "bus"), (person(3), "gone")]
    found = list(due(managers, ["library", "bus"], MONDAY, set(), at("2026-11-23 08:00")))
    assert [(each.person.id, each.service) for each in found] == [(1, "library"), (1, "bus"), (2, "bus")]


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - made aware
    st.sampled_from(["Europe/Madrid", "America/Santiago", "Asia/Kathmandu", "Pacific/Apia", "UTC"]),
    st.integers(0, 6),
    st.times(),
)
def test_whenever_one_looks_the_latest_slot_is_past_and_its_week_has_ended(
    now: datetime, name: str, weekday: int, hour: time
) -> None:
    """Nothing is sent early, and nothing is older than a week and the odd hour of a changed clock."""
    rhythm = Rhythm(ZoneInfo(name), weekday, hour.replace(second=0, microsecond=0))
    slot = rhythm.last(now)
    assert slot.replace(tzinfo=None) <= now.astimezone(rhythm.zone).replace(tzinfo=None)
    assert now - slot < timedelta(days=7, hours=2)
    (week,) = weeks(now, person(), rhythm)
    assert Week.parse(week).ends(rhythm.zone) <= now


# --------------------------------------------------------------------------- how often, where to


def test_every_second_week_is_sent_to_whoever_wants_one_in_two_weeks() -> None:
    """Also over the turn of a year with 53 weeks."""
    two = person(digest_every="fortnight")
    weeks_ = (Week(2026, 51), Week(2026, 52), Week(2026, 53), Week(2027, 1))
    sent_ = [sent(two, date(2027, 1, 4), week) for week in weeks_]
    assert sent_ in ([True, False, True, False], [False, True, False, True])


@pytest.mark.parametrize(("day", "comes"), [(1, True), (7, True), (8, False), (28, False)])
def test_one_digest_a_month_is_sent_the_first_that_comes_due(day: int, comes: bool) -> None:
    assert sent(person(digest_every="month"), date(2026, 12, day), Week(2026, 48)) is comes


def test_whoever_has_not_chosen_gets_each_week() -> None:
    assert sent(person(), date(2026, 12, 28), Week(2026, 52))


@pytest.mark.parametrize(
    ("by", "there", "goes"),
    [
        (None, {"telegram", "mail"}, {"telegram", "mail"}),
        ("both", {"telegram", "mail"}, {"telegram", "mail"}),
        ("chat", {"telegram", "mail", "web"}, {"telegram", "web"}),
        ("mail", {"telegram", "mail"}, {"mail"}),
        ("mail", {"telegram"}, {"telegram"}),
        ("chat", {"mail"}, {"mail"}),
        ("pigeon", {"mail"}, {"mail"}),
    ],
)
def test_digests_go_where_they_are_wanted_and_never_nowhere(by: str | None, there: set[str], goes: set[str]) -> None:
    assert chosen(replace(person(), digest_by=by), there) == goes
