"""The answers behind a figure: picked out as the figure was counted, the newest first, page by page.

What people said of themselves (`you.…`), and for whom they answer (`for_whom.…`), is never among them: beside what they
answered it would tell who they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, or_, select, tuple_

from storage import themes
from storage.actions import WELL
from storage.rows import Shape
from storage.sides import NO_SIDES
from storage.tables import answers, campaign_texts, text_themes

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from storage.sides import Sides

BALLOTS = ("rank", "allocate", "bestworst")
"""Verbs of questions that ask what people want most."""


@dataclass(frozen=True, slots=True)
class Picked:
    """By what answers are picked out; what is empty picks nothing out."""

    service: str
    since: datetime
    until: datetime
    stage: str = ""
    item: str = ""
    choices: tuple[str, ...] = ()
    theme: int | None = None
    round_id: int | None = None
    state: str = ""
    side: str = ""
    """Of a theme: only those to whom it works, or those to whom it is a problem (`actions.SIDES`)."""
    sides: Sides = NO_SIDES


class Said(NamedTuple):
    """One answer. The pseudonym links it to what the same person said, and is shown to nobody."""

    id: int
    round_id: int
    pseudonym: bytes
    stage: str
    state: str
    item: str | None
    choice: str | None
    choices: str | None
    """JSON: several options, an order, points, cards."""
    score: float | None
    text: str | None
    language: str
    counted_at: datetime


_shape = Shape(answers, Said)


def count(db: Connection, picked: Picked) -> int:
    """Return how many answers there are."""
    return db.execute(select(func.count()).select_from(answers).where(*_where(picked))).scalar_one()


def organised(db: Connection, picked: Picked) -> int:
    """Return how many of them were sent in campaigns."""
    sent = select(campaign_texts.c.answer_id).where(campaign_texts.c.answer_id == answers.c.id).exists()
    return db.execute(select(func.count()).select_from(answers).where(*_where(picked), sent)).scalar_one()


def of(db: Connection, picked: Picked, limit: int, offset: int = 0) -> list[Said]:
    """Return so many of them, the newest first."""
    wanted = select(*_shape.columns).where(*_where(picked))
    newest = wanted.order_by(answers.c.counted_at.desc(), answers.c.id.desc())
    return _shape.read(db.execute(newest.limit(limit).offset(offset)))


def ballots(db: Connection, picked: Picked) -> list[tuple[int, str]]:
    """Return the questions, (round id, state), whose options people put in order or divided points over."""
    asked = select(answers.c.round_id, answers.c.state).where(*_where(picked), answers.c.verb.in_(BALLOTS)).distinct()
    return [(int(round_id), state) for round_id, state in db.execute(asked.order_by(*asked.selected_columns))]


def words(db: Connection, rows: Collection[Said], until: datetime) -> dict[tuple[int, bytes], list[tuple[int, str]]]:
    """Return (id, text) of what else the people of these answers wrote in the same round, oldest first.

    By (round id, pseudonym). Nothing that came from `until` on: a week that is running opens nowhere.
    """
    people = {(row.round_id, row.pseudonym) for row in rows}
    if not people:
        return {}
    theirs = tuple_(answers.c.round_id, answers.c.pseudonym).in_(list(people))
    written = (answers.c.verb == "ask", answers.c.text.is_not(None), answers.c.counted_at < until)
    columns = (answers.c.round_id, answers.c.pseudonym, answers.c.id, answers.c.text)
    wanted = select(*columns).where(theirs, *written, answers.c.withdrawn_at.is_(None)).order_by(answers.c.id)
    found: dict[tuple[int, bytes], list[tuple[int, str]]] = {}
    for round_id, pseudonym, answer_id, text in db.execute(wanted):
        found.setdefault((round_id, pseudonym), []).append((answer_id, text))
    return found


def scores(db: Connection, rows: Collection[Said], picked: Picked) -> dict[int, tuple[str, str]]:
    """Return by text what its writer chose last, (item, choice), no later than it, at a question of its score.

    That is the one the words give the reason for, else any that stands for a stage.
    """
    people = {(row.round_id, row.pseudonym) for row in rows if row.text}
    if not people:
        return {}
    theirs = tuple_(answers.c.round_id, answers.c.pseudonym).in_(list(people))
    scored = {item for row in rows if row.text for item in picked.sides.scoring(row.item)}
    given = (answers.c.item.in_(sorted(scored)), answers.c.choice.is_not(None))
    within = (answers.c.counted_at >= picked.since, answers.c.withdrawn_at.is_(None))
    columns = (answers.c.round_id, answers.c.pseudonym, answers.c.counted_at, answers.c.item, answers.c.choice)
    chosen: dict[tuple[int, bytes], list[tuple[datetime, str, str]]] = {}
    for round_id, pseudonym, *one in db.execute(select(*columns).where(theirs, *given, *within).order_by(answers.c.id)):
        chosen.setdefault((round_id, pseudonym), []).append((one[0], one[1], one[2]))
    found = {}
    for row in (each for each in rows if each.text):
        for at, item, choice in chosen.get((row.round_id, row.pseudonym), ()):
            if at <= row.counted_at and item in picked.sides.scoring(row.item):
                found[row.id] = (item, choice)
    return found


def _where(picked: Picked) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = [answers.c.service == picked.service, answers.c.withdrawn_at.is_(None)]
    where += [answers.c.counted_at >= picked.since, answers.c.counted_at < picked.until, answers.c.skipped.is_(False)]
    where += [or_(answers.c.item.is_(None), answers.c.item.not_like("you.%"))]
    where += [answers.c.state.not_like("for_whom.%")]
    where += [answers.c.stage == picked.stage] if picked.stage else []
    where += [answers.c.item == picked.item] if picked.item else []
    where += [answers.c.state == picked.state] if picked.state else []
    where += [answers.c.round_id == picked.round_id] if picked.round_id is not None else []
    where += [answers.c.choice.in_(picked.choices)] if picked.choices else []
    if picked.theme is not None:
        about = select(text_themes.c.answer_id).where(text_themes.c.theme_id == picked.theme)
        where += [answers.c.id.in_(about)]
        span = (picked.since, picked.until, picked.sides)
        where += [themes.of_side(picked.theme, *span, well=picked.side == WELL)] if picked.side else []
    return where
