"""What the database counts for a digest: one grouped query per week and figure, never a table of answers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from bot.digests.disclosure import steps
from bot.digests.summarise import BASE_WEEKS, HISTORY, Answers, Deadline, Said
from bot.digests.weeks import Week
from storage import answers as stored
from storage import rounds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from zoneinfo import ZoneInfo

    import pandas as pd
    from sqlalchemy import Connection

    from bot.digests.summarise import Scope
    from storage.answers import Count, TextRow
    from storage.rounds import RoundRow

COUNTED = ("week", "stage", "item", "choice", "people")
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
TEXTS = 500
"""Texts looked at, newest first, to find the ones that may be quoted."""
WAITING = ("scheduled", "open", "closed")
"""States of rounds with a deadline ahead, or missed."""


def gather(db: Connection, service: str, week: Week, zone: ZoneInfo) -> Answers:
    """Count what `summarise` needs for this week of this service, on the calendar of `zone`."""
    weeks = [week.back(back) for back in range(HISTORY + 1)]
    tallies = {each: stored.week_counts(db, service, each.begins(zone), each.ends(zone)) for each in weeks}
    since = week.back(BASE_WEEKS).begins(zone)
    return Answers(
        counts=frame(COUNTED, _counts(tallies.items())),
        people=frame(("week", "channel", "people"), _people(db, service, weeks[: BASE_WEEKS + 1], zone)),
        totals=frame(("channel", "people"), _totals(db, service, week.ends(zone))),
        written=frame(("week", "texts"), _written(tallies.items())),
        said=tuple(_said(stored.texts(db, service, since, week.ends(zone), TEXTS), zone)),
    )


def frame(columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> pd.DataFrame:
    """Return rows as a table that has its columns even where it has no rows."""
    import pandas as pd  # noqa: PLC0415 - half a second of import, for the process that writes a digest

    return pd.DataFrame.from_records(list(rows), columns=list(columns))


def _counts(tallies: Iterable[tuple[Week, list[Count]]]) -> Iterator[tuple[object, ...]]:
    for week, counts in tallies:
        for count in counts:
            if count.item and count.choice is not None and not count.skipped:
                yield str(week), count.stage, count.item, count.choice, count.people


def _people(db: Connection, service: str, weeks: Iterable[Week], zone: ZoneInfo) -> Iterator[tuple[object, ...]]:
    for week in weeks:
        for who in stored.who(db, service, week.begins(zone), week.ends(zone)):
            yield str(week), who.channel, who.people


def _totals(db: Connection, service: str, until: datetime) -> Iterator[tuple[object, ...]]:
    return ((who.channel, who.people) for who in stored.who(db, service, BEGINNING, until))


def _written(tallies: Iterable[tuple[Week, list[Count]]]) -> Iterator[tuple[object, ...]]:
    for week, counts in tallies:
        yield str(week), sum(count.answers for count in counts if count.verb == "ask" and not count.skipped)


def _said(rows: Iterable[TextRow], zone: ZoneInfo) -> Iterator[Said]:
    for row in rows:
        if row.quotable:
            on = row.counted_at.astimezone(zone).date()
            week = str(Week.holding(on))
            yield Said(week, on, row.stage, row.text, row.score_item or "", row.score_choice or "")


def in_steps(db: Connection, answers: Answers, scope: Scope) -> Answers:
    """Return the answers with the running week's headlines cut back to whole steps of people, oldest first."""
    week, earlier = str(scope.week), answers.counts[answers.counts["week"] != str(scope.week)]
    begins, ends = scope.week.begins(scope.zone), scope.week.ends(scope.zone)
    rows = [tuple(row) for row in earlier.itertuples(index=False)]
    for headline in scope.headlines:
        based = headline.positive | headline.neutral | headline.negative
        current = answers.counts[(answers.counts["week"] == week) & (answers.counts["item"] == headline.item)]
        shown = steps(int(current[current["choice"].isin(based)]["people"].sum()), scope.minimum)
        first = stored.earliest(db, scope.service, headline.item, begins, ends, sorted(based), shown)
        rows += [(week, headline.stage, headline.item, choice, people) for choice, people in first.items()]
    return replace(answers, counts=frame(COUNTED, rows))


# --------------------------------------------------------------------------- clock


def deadlines(db: Connection, service: str, zone: ZoneInfo) -> tuple[Deadline, ...]:
    """Return what the clock may tell of the rounds of a service."""
    return tuple(_deadline(row, zone) for row in rounds.find(db, services=[service], states=WAITING))


def _deadline(row: RoundRow, zone: ZoneInfo) -> Deadline:
    opens_on = row.opens_at.astimezone(zone).date() if row.opens_at else None
    closes_on = row.closes_at.astimezone(zone).date() if row.closes_at else None
    return Deadline(row.code, row.title, row.state, opens_on, closes_on, _feedback_on(row))


def _feedback_on(row: RoundRow) -> date | None:
    """The day people were promised to hear what came of it; None where the record names no day."""
    record = json.loads(row.record)
    said = record.get("feedback_on")
    try:
        return date.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None
