"""What a week's digest or a round's page asks of the database about orders, divided points, best and last.

Of a formal round all answers since it opened count together; of one that never closes those of one week. Weeks that are
over are read as they were counted; so this costs what the running week costs.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.digests import questions
from bot.digests.disclosure import steps
from bot.digests.results import Poll
from bot.rounds import record
from bot.rounds.lifecycle import OVER
from flows.model import Allocate, BestWorst, Rank
from storage import ballots, rounds, weekly
from storage.ballots import EVERYBODY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from sqlalchemy import Connection

    from bot.digests.weeks import Week
    from bot.rounds.library import Library
    from flows.model import Flow
    from storage.ballots import Question, Tally
    from storage.beside import Beside
    from storage.rounds import RoundRow
    from storage.weekly import Span


@dataclass(frozen=True, slots=True)
class Look:
    """Where one looks from: the week, in which time zone, at which moment, with how many people at least."""

    week: Week
    zone: ZoneInfo
    now: datetime
    minimum: int

    @property
    def until(self) -> datetime:
        """What happened later is not seen."""
        return min(self.now, self.week.ends(self.zone))

    def spans(self, since: datetime) -> list[Span]:
        """Return the weeks from a moment to this one, oldest first; of this one as much as has passed."""
        found, week = [(self.week.begins(self.zone), self.until)], self.week
        while found[0][0] > since:
            week = week.back(1)
            found.insert(0, week.span(self.zone))
        return found


def of_week(
    db: Connection, library: Library, service: str, look: Look, beside: Beside | None = None
) -> tuple[Poll, ...]:
    """Return the questions of a service that were answered in the week, or whose round closed in it.

    `beside`: who is no voice of one person; looked up where it is not said. Rounds that nobody may be asked any more,
    since their questions were altered, are left out (`resting`).
    """
    others = library.beside(db, service) if beside is None else beside
    found = [row for row in _rows(db, service, look, others) if library.asks(db, row)]
    return tuple(poll for row in found for poll in of_round(db, library, row, look, others))


def resting(db: Connection, library: Library, service: str, look: Look, beside: Beside) -> set[str]:
    """Return the codes of the rounds that `of_week` leaves out."""
    return {row.code for row in _rows(db, service, look, beside) if not library.asks(db, row)}


def _rows(db: Connection, service: str, look: Look, others: Beside) -> list[RoundRow]:
    begins = look.week.begins(look.zone)
    span = look.week.span(look.zone)
    asked = {round_id for round_id, _ in ballots.by_question(weekly.told(db, service, [span], others)[span])}
    closed = [
        row.id
        for row in rounds.find(db, services=[service], states=OVER)
        if row.closed_at and begins <= row.closed_at <= look.until
    ]
    found = rounds.by_ids(db, [*asked, *closed]) if asked or closed else {}
    return [row for _, row in sorted(found.items())]


def of_round(
    db: Connection, library: Library, row: RoundRow, look: Look, beside: Beside | None = None
) -> tuple[Poll, ...]:
    """Return what was said to each such question of a round, in the order they are asked."""
    flow = library.played(db, row).flow
    asked = list(_questions(flow))
    if not asked:
        return ()
    others = library.beside(db, row.service) if beside is None else beside
    spans = look.spans(look.until if flow.running else row.opened_at or look.until)
    told = weekly.told(db, row.service, spans, others)
    counted = {span: ballots.by_question(told[span]) for span in spans}
    whole = _is_over(row, flow, look)
    polls = []
    for question in asked:
        key = (row.id, question.id)
        tally = _together(counted, key) if whole else _in_steps(db, row, counted, key, look.minimum, others)
        polls.append(_poll(row, flow, question, tally, whole=whole))
    return tuple(polls)


def _questions(flow: Flow) -> Iterator[Rank | Allocate | BestWorst]:
    for state in flow.script(flow.language).states.values():
        if isinstance(state, Rank | Allocate | BestWorst):
            yield state


def _is_over(row: RoundRow, flow: Flow, look: Look) -> bool:
    if row.closed_at is not None and row.closed_at <= look.until:
        return True
    return flow.running and look.until == look.week.ends(look.zone)


# --------------------------------------------------------------------------- counting


def _together(counted: Mapping[Span, Mapping[Question, Tally]], key: Question) -> Tally:
    tally: Tally = Counter()
    for week in counted.values():
        tally.update(week.get(key, {}))
    return tally


def _in_steps(
    db: Connection,
    row: RoundRow,
    counted: Mapping[Span, Mapping[Question, Tally]],
    key: Question,
    minimum: int,
    beside: Beside,
) -> Tally:
    """Count the first people only: whole steps of the minimum, one step behind."""
    tally: Tally = Counter()
    wanted = steps(sum(week[key][EVERYBODY] for week in counted.values() if key in week), minimum)
    for (since, until), week in counted.items():
        here, left = week.get(key, Counter()), wanted - tally[EVERYBODY]
        if here[EVERYBODY] > left:
            out = beside.pseudonyms(row.id)
            return tally + ballots.earliest(db, row.service, key, since, until, left, out)
        tally.update(here)
    return tally


def _poll(row: RoundRow, flow: Flow, question: Rank | Allocate | BestWorst, tally: Tally, *, whole: bool) -> Poll:
    kind, most = questions.kind(question)
    return Poll(
        code=row.code,
        title=_titles(row, flow),
        state=question.id,
        kind=kind,
        question=questions.question(flow, question.id),
        options={option.id: questions.label(flow, question.id, place) for place, option in enumerate(question.options)},
        most=most,
        people=tally[EVERYBODY],
        tally=tally,
        whole=whole,
    )


# --------------------------------------------------------------------------- words


def _titles(row: RoundRow, flow: Flow) -> dict[str, str]:
    kept = record.load(row.record)
    return {language: record.title(kept, row.title, language) for language in flow.languages}
