"""Days of rounds on odd calendars: the last day is the last on which one can answer, wherever the city lies."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.web.manage import form
from bot.commands.common import Moment, last_moment, moment
from bot.digests.gather import deadlines
from bot.errors import Refused
from bot.rounds import legal
from bot.rounds.findings import PAPER
from bot.rounds.lifecycle import Act, due, last_day
from bot.rounds.posters import poster
from bot.rounds.record import spoken_day
from storage import rounds
from tests.bot.test_turns import INTO, to_review
from tests.support.house import RECORD, Citizen

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.house import House

MADRID, NEPAL, CAIRO = (ZoneInfo(name) for name in ("Europe/Madrid", "Asia/Kathmandu", "Africa/Cairo"))
LATE = {**RECORD, "decided_on": "2027-03-15", "feedback_on": "2027-04-01"}
CONTEXT = click.Context(click.Command("x"))


def words_of(paper: bytes) -> str:
    """Return what stands on a poster."""
    with pypdfium2.PdfDocument(paper) as document:
        return " ".join("\n".join(page.get_textpage().get_text_bounded() for page in document).split())


def typed(text: str) -> datetime:
    return Moment().convert(text, None, CONTEXT)


@given(
    day=st.dates(date(2026, 1, 1), date(2032, 12, 31)),
    zone=st.sampled_from(["Europe/Madrid", "Asia/Kathmandu", "Africa/Cairo", "Pacific/Apia", "America/Santiago"]),
)
def test_browser_and_command_line_close_a_day_at_the_same_moment_and_call_it_by_its_name(day: date, zone: str) -> None:
    at = last_moment(typed(day.isoformat()), ZoneInfo(zone))
    assert at is not None
    assert at == form.end_of(day.isoformat(), ZoneInfo(zone))
    assert last_day(at, ZoneInfo(zone)) == day


def test_a_moment_at_midnight_is_no_whole_day() -> None:
    at = last_moment(typed("2027-01-17T00:00"), MADRID)
    assert at == datetime(2027, 1, 17, tzinfo=MADRID)
    assert last_day(at, MADRID) == date(2027, 1, 16)


@pytest.mark.parametrize(
    ("zone", "day", "closes"),
    [
        (NEPAL, "2027-01-17", "2027-01-17T18:15"),
        (MADRID, "2027-10-31", "2027-10-31T23:00"),
        (MADRID, "2027-03-28", "2027-03-28T22:00"),
        (CAIRO, "2027-04-29", "2027-04-29T22:00"),
        (MADRID, "2028-02-29", "2028-02-29T23:00"),
        (MADRID, "2027-01-03", "2027-01-03T23:00"),
    ],
)
def test_a_day_ends_when_it_ends_there(zone: ZoneInfo, day: str, closes: str) -> None:
    """Nepal is at a quarter to; two days with a change of the clock; a midnight that is not there; 29 February; W53."""
    at = last_moment(typed(day), zone)
    assert at is not None
    assert at.astimezone(UTC) == datetime.fromisoformat(closes).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("opens", "strikes"),
    [("2027-03-28T02:30", "2027-03-28T01:30"), ("2027-10-31T02:30", "2027-10-31T00:30")],
)
def test_a_round_that_opens_in_the_missing_hour_opens_right_after_it_and_in_the_repeated_one_the_first_time(
    house: House, opens: str, strikes: str
) -> None:
    at, end = moment(typed(opens), MADRID), datetime.fromisoformat(opens).replace(tzinfo=MADRID) + timedelta(days=20)
    code = house.need(opens_at=at, closes_at=end, opened=False, record=LATER).code
    house.sign(code)
    house.rounds.open(code)
    struck = datetime.fromisoformat(strikes).replace(tzinfo=UTC)
    for now, state in (
        (struck - timedelta(seconds=1), "scheduled"),
        (struck, "open"),
        (struck + timedelta(hours=1), "open"),
    ):
        house.clock.now = now
        house.sweeps.rounds()
        found = house.rounds.find(code)
        assert found is not None
        assert found.state == state
    assert [entry.what for entry in house.rounds.log(code)].count("opened") == 1


LATER = RECORD | {"decided_on": "2028-06-01", "feedback_on": "2028-06-10"}


async def test_whoever_answers_in_the_last_second_counts_and_everybody_reads_the_same_last_day(house: House) -> None:
    midnight = datetime(2026, 12, 13, tzinfo=house.config.city.zone)
    code = house.need(closes_at=midnight).code
    assert house.rounds.facts(code, "en")["closes_on"] == "12 December 2026"
    with house.database.reading() as db:
        (deadline,) = deadlines(db, "library", house.config.city.zone)
    assert deadline.closes_on == date(2026, 12, 12)
    assert "12 December 2026" in words_of(poster(house.rounds, house.config, code, house.clock()))
    house.clock.now = midnight - timedelta(microseconds=1)
    assert house.sweeps.rounds() == 0
    assert "16 or older" in (await Citizen(house, "anna").starts(code))[-1].text
    house.clock.now = midnight + timedelta(hours=2)
    assert house.sweeps.rounds() == 1
    said = await Citizen(house, "ben").starts(code)
    assert any("12 December 2026" in each.text for each in said), [each.text for each in said]


@given(
    first=st.dates(date(2026, 1, 1), date(2028, 12, 31)),
    days=st.integers(1, 90),
    zone=st.sampled_from(["Europe/Madrid", "Asia/Kathmandu", "Africa/Cairo", "Australia/Lord_Howe"]),
)
def test_the_days_a_round_is_open_are_counted_on_the_citys_calendar(first: date, days: int, zone: str) -> None:
    end = form.end_of((first + timedelta(days - 1)).isoformat(), ZoneInfo(zone))
    assert end is not None
    assert legal.length(first, last_day(end, ZoneInfo(zone)), "", "", "en").days == days


@pytest.mark.parametrize("text", ["9999-12-31", "3000-01-01", "9999-12-31T23:59"])
def test_a_day_at_the_end_of_the_calendar_is_refused_in_words(text: str) -> None:
    with pytest.raises(click.BadParameter, match="too far away"):
        typed(text)
    assert form.end_of(text[:10], MADRID) is None


def test_no_act_takes_a_day_at_the_end_of_the_calendar(house: House) -> None:
    far = datetime(9999, 12, 30, tzinfo=UTC)
    code = house.need().code
    draft = house.need(opened=False).code
    acts: list[Callable[[], object]] = [
        lambda: house.rounds.extend(code, far, why="more time"),
        lambda: house.rounds.change(draft, opens_at=far),
        lambda: house.need(closes_at=far, opened=False),
    ]
    for act in acts:
        with pytest.raises(Refused, match="before the year 2999"):
            act()


def test_a_clock_that_jumps_over_the_whole_round_opens_and_closes_it(house: House) -> None:
    code = house.need(opens_at=house.clock() + timedelta(days=2), opened=False).code
    house.sign(code)
    house.rounds.open(code)
    house.clock.forward(days=60)
    with house.database.reading() as db:
        row = rounds.by_code(db, code)
    assert row is not None
    assert [step.act for step in due([row], house.clock())] == [Act.OPEN, Act.CLOSE]


def test_more_time_past_a_promised_day_is_refused_with_what_to_move_and_moves_it_in_the_same_step(
    house: House,
) -> None:
    record = {**RECORD, "decided_on": "2027-01-15", "feedback_on": "2027-02-01"}
    made = house.need(record=record)
    longer = datetime(2027, 1, 21, tzinfo=UTC)
    with pytest.raises(Refused, match=r"the decision is promised for 2027-01-15.*--decided-on"):
        house.rounds.extend(made.code, longer, why="snow")
    with pytest.raises(Refused, match="the decision is promised for 2027-01-16"):
        house.rounds.extend(made.code, longer, why="snow", days={"decided_on": "2027-01-16"})
    with pytest.raises(Refused, match="decided_on is not a day"):
        house.rounds.extend(made.code, longer, why="snow", days={"decided_on": "soon"})
    with pytest.raises(Refused, match="decided_on is a day nobody lives to see"):
        house.rounds.extend(made.code, longer, why="snow", days={"decided_on": "9999-12-31"})
    far = datetime(2027, 2, 10, tzinfo=UTC)
    with pytest.raises(Refused, match=r"the result is promised for 2027-02-01.*--feedback-on"):
        house.rounds.extend(made.code, far, why="snow", days={"decided_on": "2027-02-20"})
    days = {"decided_on": "2027-02-20", "feedback_on": "2027-03-01"}
    assert house.rounds.extend(made.code, far, why="snow", days=days).record["decided_on"] == "2027-02-20"
    assert house.rounds.log(made.code)[-1].changed == {
        "closes_at": (made.closes_at and made.closes_at.isoformat(), far.isoformat()),
        "record.decided_on": ("2027-01-15", "2027-02-20"),
        "record.feedback_on": ("2027-02-01", "2027-03-01"),
        "record.keep_until": (None, "2027-12-14"),
    }


def test_past_its_end_a_round_is_over_before_a_sweep_has_come_by(house: House) -> None:
    code = house.need(closes_at=house.clock() + timedelta(days=2)).code
    house.clock.forward(days=2, minutes=30)
    with pytest.raises(Refused, match="the round is not open"):
        house.rounds.extend(code, house.clock() + timedelta(days=3), why="more time")
    with pytest.raises(Refused, match="the round is over already"):
        house.rounds.cancel(code, why="nobody came")
    house.sweeps.rounds()
    assert [each.what for each in house.rounds.log(code)][-1] == "closed"


def test_a_decision_that_was_only_to_be_told_may_come_before_the_end(house: House) -> None:
    record = {**RECORD, "influence": "tell", "decided_on": "2026-11-01", "feedback_on": "2027-02-01"}
    made = house.need(record=record)
    house.rounds.extend(made.code, datetime(2027, 1, 21, tzinfo=UTC), why="snow")


async def test_more_time_keeps_answers_no_longer_than_people_were_told(house: House) -> None:
    code = house.need(record=LATE).code
    citizen = Citizen(house)
    await citizen.starts(code)
    await citizen.does(*INTO)
    await to_review(citizen)
    await citizen.says("ok")
    assert "14 December 2027" in "".join(each.text for each in house.said(citizen.address))
    for month in (1, 3):
        house.rounds.extend(code, datetime(2027, month, 1, tzinfo=UTC), why="snow")
    assert house.rounds.facts(code, "en")["keep_until"] == "14 December 2027"
    days = {"decided_on": "2028-01-01", "feedback_on": "2028-01-01", "keep_until": "2029-01-01"}
    with pytest.raises(Refused, match="were told that answers are kept until 2027-12-14"):
        house.rounds.extend(code, datetime(2027, 12, 1, tzinfo=UTC), why="snow", days=days)
    house.clock.forward(days=100)
    house.sweeps.rounds()
    house.clock.forward(days=20)
    house.sweeps.findings()
    house.clock.forward(days=(date(2027, 12, 14) - house.clock().date()).days)
    house.sweeps.privacy()
    assert house.table("answers")
    house.clock.forward(days=1)
    house.sweeps.privacy()
    assert not house.table("answers")


def test_until_when_answers_are_kept_is_the_day_on_which_they_go(house: House) -> None:
    code = house.need(record=LATE).code
    named(house, code, "2027-06-01")
    with house.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        rounds.change(db, row.id, forget_at=datetime(2027, 5, 2, tzinfo=UTC))
    assert house.rounds.extend(code, datetime(2027, 1, 21, tzinfo=UTC), why="snow").record["keep_until"] == "2027-06-01"
    assert house.rounds.kept_until(code) == "2027-05-01"


def test_before_anybody_was_told_answers_are_kept_as_long_as_the_new_end_says(house: House) -> None:
    code = house.need(record=LATE, opens_at=house.clock() + timedelta(days=1)).code
    longer = house.rounds.extend(code, datetime(2027, 3, 1, tzinfo=UTC), why="snow")
    assert house.rounds.facts(code, "en")["keep_until"] == "29 February 2028"
    assert "keep_until" not in longer.record


def test_answers_are_kept_until_they_are_counted(house: House) -> None:
    made = house.need(record={**RECORD, "keep_until": "2026-12-28"}, opened=False)
    assert [fault.field for fault in house.rounds.check(made.code)] == ["keep_until"]
    house.rounds.change(made.code, record={**RECORD, "keep_until": "2026-12-29"})
    assert house.rounds.check(made.code) == []


async def test_a_round_without_an_end_tells_everybody_until_when_their_own_answers_are_kept(house: House) -> None:
    code = house.pulse().code
    for name, told in (("early", "24 November 2027"), ("late", "20 September 2028")):
        await Citizen(house, name).starts(code)
        assert told in "".join(each.text for each in house.said(name))
        assert house.rounds.facts(code, "en")["keep_until"] == told
        house.clock.forward(days=301)


async def test_a_round_given_its_end_later_keeps_earlier_answers_no_longer_than_people_were_told(house: House) -> None:
    code = house.pulse().code
    for name in ("early", "late"):
        citizen = Citizen(house, name)
        await citizen.starts(code)
        await citizen.does(*INTO, "Very good")
        house.clock.forward(days=100)
        if name == "early":
            house.rounds.extend(code, house.clock() + timedelta(days=500), why="it ends")
    for day, left in ((date(2027, 11, 24), 2), (date(2027, 11, 25), 1)):
        house.clock.forward(days=(day - house.clock().date()).days)
        house.sweeps.privacy()
        assert len({each.pseudonym for each in house.table("answers")}) == left


def named(house: House, code: str, day: str) -> None:
    """Let a round that runs name a day until which it keeps answers, as earlier versions let it."""
    with house.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        at = datetime.fromisoformat(f"{day}T12:00:00+00:00") + timedelta(days=1)
        said = json.dumps({**json.loads(row.record), "keep_until": day})
        rounds.change(db, row.id, record=said, forget_at=at)


async def test_who_comes_after_the_day_a_round_without_an_end_names_is_told_when_their_answers_go(house: House) -> None:
    code = house.pulse().code
    named(house, code, "2026-12-01")
    for name, told in (("early", "1 December 2026"), ("late", "20 December 2026")):
        citizen = Citizen(house, name)
        await citizen.starts(code)
        assert told in "".join(each.text for each in house.said(name))
        await citizen.does(*INTO, "Very good")
        house.clock.forward(days=(date(2026, 12, 18) - house.clock().date()).days)
    house.clock.forward(days=2)
    house.sweeps.privacy()
    assert not house.table("answers")


@pytest.mark.parametrize("day", ["2026-12-01", "2027-06-01"])
async def test_who_comes_after_the_day_of_a_round_with_an_end_is_told_that_answers_go_once_they_are_counted(
    house: House, day: str
) -> None:
    code = house.need(record=LATE).code
    named(house, code, day)
    house.clock.forward(days=10)
    await Citizen(house).starts(code)
    found = house.rounds.find(code)
    assert found is not None
    assert found.closes_at is not None
    counted = last_day(found.closes_at, house.config.city.zone) + PAPER + timedelta(days=1)
    told = spoken_day(max(counted, date.fromisoformat(day)), "en")
    assert told in "".join(each.text for each in house.said("c1"))
    assert house.rounds.facts(code, "en")["keep_until"] == told


def test_a_round_without_an_end_names_no_day_until_which_it_keeps_answers(house: House) -> None:
    facts: dict[str, Any] = {
        "service": "library",
        "flow": "deliver_pulse",
        "title": "How is it?",
        "record": {"keep_until": "2027-03-01"},
    }
    made = house.rounds.create(**facts)
    (fault,) = house.rounds.check(made.code)
    assert fault.field == "keep_until"
    assert "for rounds with an end" in fault.message
    house.rounds.change(made.code, closes_at=house.clock() + timedelta(days=30))
    assert house.rounds.check(made.code) == []
