"""What a person of the service ruled of a text that others may see: to show it, or to withhold it, and why.

A ruling is about the words as they stood. It goes with them: when they are changed, taken back, deleted or forgotten.
When the yes to being quoted is taken back an approval goes, too; that words are withheld stays as long as the words,
so that a yes given anew does not bring them back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, case, delete, func, insert, select

from storage.rows import IDS, Shape, read
from storage.tables import answers, rounds, rulings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Select

SHOWN, WITHHELD = "shown", "withheld"
WAITING = "waiting"
"""No ruling, where one is needed."""
KINDS = (WAITING, SHOWN, WITHHELD)
"""In this order they are listed."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What was ruled of one text, by whom and when; `reason` is empty of what is shown.

    `words` are the staff member's own, where they chose none of the reasons offered.
    """

    answer_id: int
    ruling: str
    reason: str
    words: str
    person_id: int | None
    at: datetime


class Text(NamedTuple):
    """A text that others may see, or may not, and what the ruling of it says."""

    id: int
    service: str
    round_id: int
    code: str
    """Of its round."""
    stage: str
    state: str
    text: str
    language: str
    answered_at: datetime
    counted_at: datetime
    kind: str
    """One of `KINDS`."""
    ruling: str | None
    reason: str | None
    words: str | None
    person_id: int | None
    at: datetime | None


_shape = Shape(rulings, Ruling)
_of_answer = rulings.c.answer_id == answers.c.id


def open_to_others(*, approved: bool) -> ColumnElement[bool]:
    """Whether an answer's words may be shown to others, by its writer's consent and what people ruled.

    `approved`: only what somebody approved; otherwise whatever nobody withheld.
    """
    ruled = select(rulings.c.answer_id).where(_of_answer)
    if approved:
        return and_(answers.c.quotable.is_(True), ruled.where(rulings.c.ruling == SHOWN).exists())
    return and_(answers.c.quotable.is_(True), ~ruled.where(rulings.c.ruling == WITHHELD).exists())


def shut(db: Connection, ids: Collection[int], *, approved: bool) -> set[int]:
    """Return which of these answers may not be shown to others by what people ruled; consent is not asked for here."""
    if not ids:
        return set()
    found = select(rulings.c.answer_id, rulings.c.ruling).where(rulings.c.answer_id.in_(IDS))
    ruled = {row.answer_id: row.ruling for row in db.execute(found, {"ids": [*ids]})}
    return {one for one in ids if ruled.get(one, WITHHELD if approved else SHOWN) == WITHHELD}


def approved_of(db: Connection, ids: Collection[int]) -> set[int]:
    """Return which of these answers somebody approved."""
    return {*ids} - shut(db, ids, approved=True)


def get(db: Connection, answer_id: int) -> Ruling | None:
    """Return the ruling of a text; None where there is none."""
    return _shape.first(db.execute(select(*_shape.columns).where(rulings.c.answer_id == answer_id)))


def put(db: Connection, ruling: Ruling) -> None:
    """Let a ruling stand in the place of any earlier one. To be done while the answer is held (`hold`)."""
    db.execute(delete(rulings).where(rulings.c.answer_id == ruling.answer_id))
    db.execute(insert(rulings), _shape.write([ruling]))


def hold(db: Connection, answer_id: int) -> Text | None:
    """Return a text that somebody may rule on; nobody changes it, or rules on it, until the commit.

    None where its writer does not agree to be quoted, or it is gone.
    """
    held = select(answers.c.id).where(answers.c.id == answer_id).with_for_update()
    if db.execute(held).first() is None:
        return None
    found = read(Text, db.execute(_texts(approved=True).where(answers.c.id == answer_id)))
    return found[0] if found else None


def forget(db: Connection, ids: Sequence[int], ruling: str | None = None) -> None:
    """Let the rulings on these answers go: their words are gone. With `ruling` only those of this kind."""
    if ids:
        gone = delete(rulings).where(rulings.c.answer_id.in_(IDS))
        gone = gone if ruling is None else gone.where(rulings.c.ruling == ruling)
        db.execute(gone, {"ids": [*ids]})


def of_person(db: Connection, round_id: int, pseudonym: bytes) -> list[Ruling]:
    """Return what was ruled of the texts of one person in a round (MYDATA)."""
    mine = select(*_shape.columns).join(answers, _of_answer)
    theirs = mine.where(answers.c.round_id == round_id, answers.c.pseudonym == pseudonym)
    return _shape.read(db.execute(theirs.order_by(rulings.c.answer_id)))


# --------------------------------------------------------------------------- the queue


def queue(
    db: Connection, service: str, *, approved: bool, kinds: Collection[str] = KINDS, first: int = 0, most: int = 20
) -> list[Text]:
    """Return texts of a service: those that wait, those shown, those withheld; of each kind the newest first.

    Of what waits and is shown only what its writer agrees to have quoted.
    """
    kind = _kind(approved=approved)
    wanted = _texts(approved=approved).where(answers.c.service == service, kind.in_([*kinds]))
    rank = case({each: n for n, each in enumerate(KINDS)}, value=kind)
    ordered = wanted.order_by(rank, answers.c.counted_at.desc(), answers.c.id.desc())
    return read(Text, db.execute(ordered.limit(most).offset(first)))


def unruled(db: Connection, service: str, before: int | None = None) -> Text | None:
    """Return the newest text of a service that nobody ruled on, or the newest of those with a smaller id."""
    wanted = _texts(approved=True).where(answers.c.service == service, rulings.c.ruling.is_(None))
    wanted = wanted if before is None else wanted.where(answers.c.id < before)
    found = read(Text, db.execute(wanted.order_by(answers.c.id.desc()).limit(1)))
    return found[0] if found else None


def counts(db: Connection, services: Collection[str], *, approved: bool) -> dict[str, dict[str, int]]:
    """Return by service how many texts are of each kind; services without any have none."""
    kind = _kind(approved=approved)
    tally = select(answers.c.service, kind, func.count()).select_from(answers.outerjoin(rulings, _of_answer))
    tally = tally.where(answers.c.service.in_([*services]), *_rulable()).group_by(answers.c.service, kind)
    found: dict[str, dict[str, int]] = {service: {} for service in services}
    for service, kind_, many in db.execute(tally):
        found[service][kind_] = many
    return found


def _rulable() -> tuple[ColumnElement[bool], ...]:
    stands = (answers.c.withdrawn_at.is_(None), answers.c.counted_at.is_not(None))
    return (*stands, answers.c.verb == "ask", answers.c.text.is_not(None), answers.c.quotable.is_(True))


def _kind(*, approved: bool) -> ColumnElement[str]:
    return func.coalesce(rulings.c.ruling, WAITING if approved else SHOWN)


def _texts(*, approved: bool) -> Select[Any]:
    of_answer = ("text", "language", "answered_at", "counted_at")
    ruled = ("ruling", "reason", "words", "person_id", "at")
    told = (
        *(answers.c[name] for name in ("id", "service", "round_id")),
        rounds.c.code,
        *(answers.c[name] for name in ("stage", "state", *of_answer)),
        _kind(approved=approved),
        *(rulings.c[name] for name in ruled),
    )
    beside = answers.join(rounds, rounds.c.id == answers.c.round_id).outerjoin(rulings, _of_answer)
    return select(*told).select_from(beside).where(*_rulable())


def standing(db: Connection) -> Iterator[Text]:
    """Give every text that could be ruled on, one after the other; do not write on the way (restore)."""
    for row in db.execute(_texts(approved=True).order_by(answers.c.id).execution_options(yield_per=1000)):
        yield Text(*row)
