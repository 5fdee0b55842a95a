"""Campaigns of a week that is over are sought once and kept: digests, pages and actions then count them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.digests import crowds
from bot.digests.gather import every_nth
from bot.digests.summarise import BASE_WEEKS
from bot.reading.campaigns import Sent, campaigns
from storage import answers, crossings
from storage import campaigns as stored

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from sqlalchemy import Connection

    from bot.digests.weeks import Week
    from bot.reading.campaigns import Campaign
    from storage.database import Database


def seek(database: Database, service: str, week: Week, zone: ZoneInfo, minimum: int, now: datetime) -> None:
    """Seek the campaigns of this week and of those it is compared with, where they are over and nobody has yet.

    Harmless to repeat.
    """
    weeks = [week.back(back) for back in range(BASE_WEEKS + 1)]
    with database.reading() as db:
        done = stored.sought(db, service, [each.ends(zone) for each in weeks])
    for each in weeks:
        if each.ends(zone) <= now and each.ends(zone) not in done:
            _seek(database, service, each, zone, minimum, now)


def _seek(database: Database, service: str, week: Week, zone: ZoneInfo, minimum: int, now: datetime) -> None:
    with database.reading() as db:
        found = _found(db, service, week, zone, minimum)
    rows = [(message, each.messages[0]) for each in found for message in each.messages]
    with database.transaction() as db:
        stored.note(db, service, week.ends(zone), now, rows)
        crossings.passed("campaigns.notes")
    crossings.passed("campaigns.noted")


def _found(db: Connection, service: str, week: Week, zone: ZoneInfo, minimum: int) -> list[Campaign]:
    """Find campaigns in the sample that quotes are drawn of, too, and what else belongs to them."""
    sent = [Sent(*each) for each in answers.sent_words(db, service, *week.span(zone))]
    every = every_nth(len(sent))
    first = week.number % every
    sample = [each for each in sent if each.id % every == first]
    others = [each for each in sent if each.id % every != first]
    return campaigns(sample, minimum, others, [each.who for each in crowds.of_week(db, service, week, zone, minimum)])
