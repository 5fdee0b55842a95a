"""A result is promised for a day: who looks after the round is reminded of it. Pure but for the queue.

As GOV.UK's publishing software does for consultations: four weeks before the day, one week before, and once it has
passed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot import rights
from bot.compose import Part
from bot.letters import BULK, letters
from bot.rights import Right
from bot.rounds import record
from bot.rounds.lifecycle import ANSWERED
from bot.texts import texts
from storage import contacts, outbox

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date, datetime

    from sqlalchemy import Connection

    from bot.config import Config
    from storage.people import Person
    from storage.rounds import RoundRow

REMINDED = "reminded"
"""What the log of a round says of a reminder; its reason is which."""
OVERDUE = "overdue"
NOBODY = "nobody"
"""What is said where there is nobody to be reminded."""
UNSIGNED = "unsigned"
"""That a round has not opened by the clock, as nobody has signed it as it is; the log says the same."""
AHEAD = (("one_week", timedelta(days=7)), ("four_weeks", timedelta(days=28)))
"""(which, how long before the day), the nearer first."""


def due(promised: date | None, today: date, reminded: Collection[str]) -> str:
    """Return which reminder is due; empty: none. Of several that were missed only the last is given."""
    if promised is None:
        return ""
    ahead = next((name for name, span in AHEAD if promised - today <= span), "")
    which = OVERDUE if promised < today else ahead
    later = {"four_weeks": {"four_weeks", "one_week", OVERDUE}, "one_week": {"one_week", OVERDUE}}
    return "" if later.get(which, {which}) & set(reminded) else which


def promised(row: RoundRow) -> date | None:
    """Return the day for which the result of a round is promised."""
    return record.day_of(record.load(row.record).get("feedback_on"))


def overdue(state: str, said: Mapping[str, object], today: date) -> int:
    """Return by how many days the result of a round is late; `said` is its record. Once it is published, by none."""
    on = record.day_of(said.get("feedback_on")) if state in ANSWERED else None
    return 0 if on is None else max((today - on).days, 0)


def remind(db: Connection, row: RoundRow, which: str, config: Config, channels: Iterable[str], now: datetime) -> int:
    """Queue a reminder, or `UNSIGNED`, for all organisers and managers of the service; return how many messages."""
    whom = rights.who(db, Right.HEAR_PROMISES, row.service)
    return _queue(db, row, whom, (which, which), config, channels, now)


def alarm(db: Connection, row: RoundRow, which: str, config: Config, channels: Iterable[str], now: datetime) -> int:
    """Tell whoever runs the bot that nobody could be reminded; return how many messages. Harmless to repeat."""
    return _queue(db, row, rights.who(db, Right.HEAR_FAULTS), (NOBODY, f"{NOBODY}_{which}"), config, channels, now)


def _queue(
    db: Connection,
    row: RoundRow,
    whom: Iterable[Person],
    says: tuple[str, str],
    config: Config,
    channels: Iterable[str],
    now: datetime,
) -> int:
    """Queue what `says` (the text, and how its letters are called) for these people; return how many messages."""
    reached, (key, name) = set(channels), says
    rows = [
        letter
        for person in whom
        for contact in contacts.of_person(db, person.id)
        if contact.channel in reached and contact.may_be_written_to
        for letter in letters(
            contact,
            (Part(_text(row, key, config, person.language)),),
            f"due.{row.id}.{name}.{contact.id}",
            now,
            BULK,
        )
    ]
    return outbox.enqueue(db, rows)


def _text(row: RoundRow, which: str, config: Config, language: str) -> str:
    said, on = texts(language), promised(row)
    url = f"{record.public_url(config)}/manage/rounds/{row.code}"
    day = record.spoken_day(on, language) if on else ""
    return said(f"due.{which}", title=record.title(record.load(row.record), row.title, language), day=day, url=url)
