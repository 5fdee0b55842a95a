"""What can be done to a round now, and by whom; and how it is done. The rules themselves are those of `bot.rounds`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.rights import Right
from bot.rounds import legal
from bot.rounds.concluding import may_report, undecided
from bot.rounds.lifecycle import ANSWERED, BEGINNING, State, last_day
from bot.rounds.outcome import silent
from bot.rounds.wording import unwritten

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from bot.menu.worker import Worker
    from bot.rounds.looking import RoundView
    from bot.rounds.record import Fault


class Act(StrEnum):
    """What a button of a round does."""

    FILL = "fill"
    SIGN = "sign"
    OPEN = "open"
    SCHEDULE = "schedule"
    CHANGE = "change"
    DAY = "day"
    RESUME = "resume"
    PAUSE = "pause"
    EXTEND = "extend"
    CLOSE = "close"
    CANCEL = "cancel"
    REPORT = "report"
    ISSUE = "issue"
    READING = "reading"
    ANALYSE = "analyse"
    DECIDE = "decide"
    ARCHIVE = "archive"


REASONED = frozenset({Act.PAUSE, Act.EXTEND, Act.CANCEL, Act.REPORT})
"""What is done for a reason, which its log keeps; a report, once somebody puts their name to it."""
SPANS = (3, 7, 14, 28)
"""By how many days a round can be extended with a tap."""
_FIRST = date(2000, 1, 1)
"""Days that buttons carry are counted from here."""
_MARKS = 99_998
_RUNNING = {
    State.OPEN: (Act.PAUSE, Act.EXTEND, Act.CLOSE, Act.CANCEL),
    State.PAUSED: (Act.RESUME, Act.EXTEND, Act.CLOSE, Act.CANCEL),
    State.SCHEDULED: (Act.EXTEND, Act.CANCEL),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides what can be done to a round."""

    state: str
    faults: tuple[Fault, ...]
    unsigned: bool
    opens_later: bool
    may_report: bool
    consults: bool
    """Whether there is a duty to consult: then issues are answered, and reports read, before anything is decided."""
    issues: bool
    read: bool
    """Whether an issue is written down, and that somebody who decides has read a report."""
    organises: bool
    """Whether the person may act on the round."""
    may_sign: bool


def standing(worker: Worker, round_: RoundView, now: datetime) -> Standing:
    """Look where a round stands, for a person."""
    rounds, begins, consults = worker.rounds, round_.state in BEGINNING, legal.consults(round_.record)
    return Standing(
        state=round_.state,
        faults=tuple(rounds.check(round_.code, worker.language)) if begins else (),
        unsigned=begins and rounds.unsigned(round_.code),
        opens_later=round_.opens_at is not None and round_.opens_at > now,
        may_report=may_report(round_.state, consults=consults),
        consults=consults,
        issues=bool(round_.outcome.issues),
        read=bool(round_.outcome.readings),
        organises=worker.may(round_.service, Right.LEAD_ROUNDS),
        may_sign=begins and any(person.id == worker.person for person in rounds.approvers(round_.code)),
    )


def possible(stands: Standing) -> list[Act]:
    """Return exactly what this person can do to the round now, what is most likely first."""
    ready = not stands.faults
    signs = [Act.SIGN] if stands.state == State.DRAFT and stands.unsigned and stands.may_sign and ready else []
    return [*signs, *(_of_organiser(stands, ready=ready) if stands.organises else ())]


def _of_organiser(stands: Standing, *, ready: bool) -> list[Act]:
    if stands.state in {State.DRAFT, State.CHECKED}:
        opening = [Act.SCHEDULE if stands.opens_later else Act.OPEN] if ready and not stands.unsigned else []
        return [*([] if ready else [Act.FILL]), *opening, Act.CHANGE, Act.CANCEL]
    if stands.state in ANSWERED:
        return _afterwards(stands)
    if stands.state == State.REPORTED_BACK:
        return [Act.ARCHIVE]
    return list(_RUNNING.get(State(stands.state), ()))


def _afterwards(stands: Standing) -> list[Act]:
    """Return what comes next of a round that has been answered: four at most, since a screen has room for them."""
    bound = stands.consults
    decides = stands.state in undecided(consults=bound) and (stands.read or not bound)
    wanted = {
        Act.REPORT: stands.may_report,
        Act.ISSUE: True,
        Act.READING: bound or stands.state != State.CLOSED,
        Act.ANALYSE: stands.state == State.CLOSED and (stands.issues or not bound),
        Act.DECIDE: decides,
    }
    return [act for act, possible_ in wanted.items() if possible_]


def later_end(round_: RoundView, days: int, zone: ZoneInfo, now: datetime) -> datetime:
    """Return the end of a round so many days on, at the same hour of the city's clock."""
    return (round_.closes_at or now).astimezone(zone) + timedelta(days=days)


def number_of(ends: datetime, zone: ZoneInfo) -> int:
    """Return the last day of a round that ends then, as the number that a button carries."""
    return (last_day(ends, zone) - _FIRST).days


def end_on(round_: RoundView, number: int, zone: ZoneInfo, now: datetime) -> datetime:
    """Return the end of a round whose last day has this number, at the same hour of the city's clock."""
    day, hour = _FIRST + timedelta(days=number), (round_.closes_at or now).astimezone(zone).time()
    same, next_ = (datetime.combine(day + timedelta(days=more), hour, zone) for more in (0, 1))
    return same if last_day(same, zone) == day else next_


def mark(report: Mapping[str, str]) -> int:
    """Return what a button carries of a report that was read; another text has another mark."""
    said = json.dumps(dict(report), sort_keys=True)
    return 1 + int.from_bytes(hashlib.sha256(said.encode()).digest()[:8]) % _MARKS


def do(worker: Worker, round_: RoundView, act: Act, why: str, ends: datetime | None, seen: int) -> None:
    """Do it. Raises `Refused` where the rules forbid it: the round has moved on, say.

    `seen` is the last entry of its log that whoever signs has seen.
    """
    rounds, code, who = worker.rounds, round_.code, worker.person
    match act:
        case Act.SIGN:
            rounds.approve(code, who=who, seen=seen)
        case Act.OPEN | Act.SCHEDULE:
            rounds.open(code, who=who)
        case Act.PAUSE:
            rounds.pause(code, who=who, why=why)
        case Act.RESUME:
            rounds.resume(code, who=who)
        case Act.EXTEND if ends is not None:
            rounds.extend(code, ends, who=who, why=why)
        case Act.CLOSE:
            rounds.close(code, who=who)
        case Act.CANCEL:
            rounds.cancel(code, who=who, why=why, language=worker.language)
        case Act.REPORT:
            rounds.report_back(code, drafts(worker, round_), signed=why, who=who)
        case _:
            raise ValueError(act)


def drafts(worker: Worker, round_: RoundView) -> dict[str, str]:
    """Return the report of a round as its log of issues and its decision make it, by language."""
    rounds = worker.rounds
    return {one: rounds.drafted(round_.code, one) for one in rounds.played(round_.code).languages}


def whole(worker: Worker, round_: RoundView) -> bool:
    """Whether nothing is left to write in the drafted report."""
    return not any(map(unwritten, drafts(worker, round_).values()))


def borrowing(worker: Worker, round_: RoundView) -> list[str]:
    """Return the languages in which the report has words of another: nobody has written it there."""
    kept = worker.rounds.report_draft(round_.code)
    written = {one for one, text in kept.texts.items() if text} if kept else set()
    languages = worker.rounds.played(round_.code).languages
    return [one for one in languages if one not in written and silent(round_.outcome, one)]
