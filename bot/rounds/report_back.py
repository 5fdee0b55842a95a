"""You said, we did, we did not: the result of a round, to everyone who wished for it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from bot.compose import Part
from bot.cutting import cut
from bot.letters import BULK, letters
from bot.rounds.lifecycle import State
from bot.rounds.tongues import in_language, ordered, spoken_in
from bot.texts import own_name
from flows.model import Button
from flows.words import fill
from storage import audience, contacts, outbox, rounds, wishes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.rounds.hours import Hours
    from bot.rounds.library import Library, Played
    from flows.model import Flow
    from storage.outbox import NewMessage
    from storage.report_drafts import ReportDraft
    from storage.rounds import RoundRow


class Given(Protocol):
    """What is read of an entry of a round's log."""

    @property
    def what(self) -> str:
        """What was done."""

    @property
    def reason(self) -> str:
        """Why."""

    @property
    def public(self) -> bool:
        """Whether everybody may read why."""

    @property
    def language(self) -> str:
        """In which language that was written; empty where nobody noted it."""

    @property
    def translated(self) -> Mapping[str, str]:
        """The same in other languages."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a round was given up, and in which language that was written; the same in others beside it."""

    text: str
    language: str
    others: Mapping[str, str] = field(default_factory=dict)

    def to(self, reader: str) -> Reason:
        """Return the reason as somebody who reads this language gets it: in that, where it was written in it."""
        return Reason(self.others[reader], reader) if self.others.get(reader) else self


@dataclass(frozen=True, slots=True)
class Draft:
    """A report that somebody writes on, by language; `mark` tells it from what it was before."""

    texts: Mapping[str, str]
    signed: str
    kept_at: datetime
    who: str

    @property
    def mark(self) -> str:
        """What a page notes of the draft that its reader has seen; another text has another mark."""
        said = json.dumps([self.kept_at.timestamp(), dict(self.texts), self.signed, self.who], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:16]


def draft(kept: ReportDraft | None) -> Draft | None:
    """Read what is kept of a draft."""
    return Draft(json.loads(kept.texts), kept.signed, kept.kept_at, kept.who) if kept else None


BATCH = 1000
"""Contacts written to with one set of statements."""


def send(
    db: Connection, played: Played, library: Library, report: Mapping[str, str], signed: str, now: datetime
) -> int:
    """Enqueue the result for all who wished for it and may be written to; return how many. Each gets it once."""
    wanted = wishes.of(db, played.row.id)
    return sum(
        _send(db, wanted[n : n + BATCH], played, library, report, signed, now) for n in range(0, len(wanted), BATCH)
    )


def _send(
    db: Connection,
    ids: list[int],
    played: Played,
    library: Library,
    report: Mapping[str, str],
    signed: str,
    now: datetime,
) -> int:
    reachable = {id_: each for id_, each in contacts.by_ids(db, ids).items() if each.may_be_written_to}
    fresh = rounds.invite(db, played.row.id, reachable, "report_back", now)
    languages = {each.language for each in reachable.values()}
    texts = {each: parts(played, library, report, signed, each) for each in languages}
    rows = [
        row
        for id_ in fresh
        for row in letters(
            reachable[id_],
            texts[reachable[id_].language],
            f"report.{played.row.id}.{id_}",
            now,
            BULK,
        )
    ]
    return outbox.enqueue(db, rows)


def call_off(db: Connection, row: RoundRow, library: Library, why: Reason, hours: Hours, now: datetime) -> int:
    """Tell all who wished for the result that their round was given up, and why: by day, where they may be written to.

    Return how many messages.
    """
    wanted = wishes.of(db, row.id)
    return sum(
        _call_off(db, wanted[n : n + BATCH], row, library, why, hours, now) for n in range(0, len(wanted), BATCH)
    )


def _call_off(
    db: Connection, ids: list[int], row: RoundRow, library: Library, why: Reason, hours: Hours, now: datetime
) -> int:
    reachable = [each for each in contacts.by_ids(db, ids).values() if each.may_be_written_to]
    flow = library.shown(db, row)
    texts = {each: given_up(row, flow, library, why, each) for each in {each.language for each in reachable}}
    zones = audience.zones_of(db, [each.id for each in reachable]) if reachable else {}
    rows: list[NewMessage] = []
    for each in reachable:
        due_at = hours.opening(now, zones.get((row.id, each.id)))
        told = letters(each, [Part(texts[each.language])], f"cancelled.{row.id}.{each.id}", now, BULK)
        rows += [one._replace(due_at=due_at) for one in told]
    return outbox.enqueue(db, rows)


def given_up(row: RoundRow, flow: Flow, library: Library, why: Reason, language: str) -> str:
    """Return what somebody hears in a language who wished for the result of a round that was given up."""
    values = library.facts(row, flow).values
    topic = in_language(values.get("topic", row.title), language)
    told = fill(library.phrases[language]["cancelled_told"], {"topic": topic}).strip()
    return f"{told}\n\n{reason(library, why, language)}"


def reason(library: Library, why: Reason, language: str) -> str:
    """Return why a round was given up, to somebody who reads `language`: where it is another one, it says in which."""
    phrases, why = library.phrases[language], why.to(language)
    said = fill(phrases["cancelled_why"], {"why": why.text}).strip()
    if why.language in {"", language}:
        return said
    note = fill(phrases["cancelled_only_in"], {"language": own_name(why.language)})
    return f"{said}\n\n{note.strip()}"


def public_reason(log: Sequence[Given], own: str) -> Reason | None:
    """Return why a round was given up, of its log; None where it was not, or the reason was for the log alone.

    `own` is the round's language: nobody noted another.
    """
    found = next((each for each in reversed(log) if each.what == State.CANCELLED and each.public), None)
    return Reason(found.reason, found.language or own, found.translated) if found else None


def parts(played: Played, library: Library, report: Mapping[str, str], signed: str, language: str) -> tuple[Part, ...]:
    """Return the result in as many messages as it takes, and the question whether it was clear."""
    phrases, code = library.phrases[language], played.row.code
    said = {"clear": phrases["yes_label"], "partly": phrases["partly_label"], "unclear": phrases["no_label"]}
    offers = tuple(Button(label, f"@{what}:{code}") for what, label in said.items())
    *first, last = cut(f"{text(played, library, report, signed, language)}\n\n{phrases['report_back_clear']}")
    return (*map(Part, first), Part(last, offers, columns=3))


def text(played: Played, library: Library, report: Mapping[str, str], signed: str, language: str) -> str:
    """Return the message in a language; the report in the service's first language where it has none in this one."""
    phrases = library.phrases[language]
    values = library.facts(played.row, played.flow).values
    topic = in_language(values.get("topic", played.row.title), language)
    parts = (
        fill(phrases["report_back_intro"], {"topic": topic}),
        published(library, played.row, report, language),
        fill(phrases["report_back_signed"], {"name": signed}),
        phrases["report_back_caveat"],
        fill(phrases["report_back_more"], {"round_url": values["round_url"]}),
    )
    return "\n\n".join(part.strip() for part in parts)


def published(library: Library, row: RoundRow, report: Mapping[str, str], language: str) -> str:
    """Return a report to somebody who reads `language`; where it is another one, that stands above it."""
    report = ordered(report, library.languages(row))
    said, spoken = in_language(report, language), spoken_in(report, language, language)
    if spoken == language:
        return said
    note = fill(library.phrases[language]["report_only_in"], {"language": own_name(spoken)})
    return f"{note.strip()}\n\n{said.strip()}"
