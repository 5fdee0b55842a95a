"""What the database counts for a digest. Weeks that are over were counted before; answers are never read one by one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from bot.digests.disclosure import steps
from bot.digests.summarise import BASE_WEEKS, HISTORY, QUOTES, Answers, Deadline, Said
from bot.digests.weeks import Week
from bot.rounds.lifecycle import last_day
from storage import answers as stored
from storage import rounds, weekly

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    import pandas as pd
    from sqlalchemy import Connection

    from bot.digests.summarise import Scope
    from bot.reading.private import Finder
    from storage.answers import TextRow
    from storage.database import Database
    from storage.rounds import RoundRow
    from storage.weekly import Figures

COUNTED = ("week", "stage", "item", "choice", "people")
WAITING = ("scheduled", "open", "paused", "closed", "analysed", "decided")
"""States of rounds with a deadline ahead, or missed."""


def gather(db: Connection, service: str, week: Week, zone: ZoneInfo, finder: Finder) -> Answers:
    """Count what `summarise` needs for this week of this service, on the calendar of `zone`.

    `finder` finds what in people's words leads to somebody: nothing of it goes into a digest.
    """
    spans = {week.back(back): week.back(back).span(zone) for back in range(HISTORY + 1)}
    figures = weekly.figures(db, service, spans.values())
    totals = weekly.everybody(db, service, figures)
    weeks = {str(each): figures[span] for each, span in spans.items()}
    since, until = week.back(BASE_WEEKS).begins(zone), week.ends(zone)
    return Answers(
        counts=frame(COUNTED, _counts(weeks)),
        people=frame(("week", "channel", "people"), _people(weeks)),
        totals=frame(("channel", "people"), totals.items()),
        written=frame(("week", "texts"), ((each, figures.texts) for each, figures in weeks.items())),
        said=tuple(_said(stored.texts(db, service, since, until, QUOTES, quotable_only=True), zone, finder)),
    )


def keep(database: Database, service: str, zone: ZoneInfo, now: datetime) -> int:
    """Have all weeks that are over at `now` counted; return how many had to be."""
    with database.reading() as db:
        first = weekly.first(db, service)
    return weekly.keep(database, service, _over(first, now, zone)) if first else 0


def _over(first: datetime, now: datetime, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """Return the spans of the weeks from the one `first` lies in to the last before `now`."""
    week, spans = Week.of(now, zone).back(1), []
    while week.ends(zone) > first:
        spans.append(week.span(zone))
        week = week.back(1)
    return spans


def frame(columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> pd.DataFrame:
    """Return rows as a table that has its columns even where it has no rows."""
    import pandas as pd  # noqa: PLC0415 - half a second of import, for the process that writes a digest

    return pd.DataFrame.from_records(list(rows), columns=list(columns))


def _counts(weeks: Mapping[str, Figures]) -> Iterator[tuple[object, ...]]:
    for week, figures in weeks.items():
        for count in figures.counts:
            yield week, count.stage, count.item, count.choice, count.people


def _people(weeks: Mapping[str, Figures]) -> Iterator[tuple[object, ...]]:
    for week, figures in weeks.items():
        for each in figures.people:
            yield week, each.channel, each.people


def _said(rows: Iterable[TextRow], zone: ZoneInfo, finder: Finder) -> Iterator[Said]:
    """Give what may be quoted, masked; a text that may hold somebody's name is left to people to read."""
    for row in rows:
        on, text = row.counted_at.astimezone(zone).date(), finder.quoted(row.text, row.language)
        if text is not None:
            yield Said(str(Week.holding(on)), on, row.stage, text, row.score_item or "", row.score_choice or "")


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
    closes_on = last_day(row.closes_at, zone) if row.closes_at else None
    return Deadline(row.code, row.title, row.state, opens_on, closes_on, _feedback_on(row))


def _feedback_on(row: RoundRow) -> date | None:
    """The day people were promised to hear what came of it; None where the record names no day."""
    record = json.loads(row.record)
    said = record.get("feedback_on")
    try:
        return date.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None
