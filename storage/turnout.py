"""Who takes part in a round, counted by group with a statement each. Exact: for whoever counts, not to be shown so.

Individuals only. What staff take down for a group or an organisation, what came late, and whoever says that they answer
for a group, counts apart (`storage.entries.apart`). `ways` alone counts chats, whomever they speak for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import String, and_, case, cast, exists, func, literal, or_, select

from storage.audience import ANSWERED, BEGUN, INVITED, RETURNED
from storage.entries import INDIVIDUAL, ORGANISATION
from storage.outbox import CANCELLED, GONE
from storage.rows import among
from storage.sessions import FINISHED
from storage.tables import answers, audience, contacts, entries, invitations, outbox, sessions

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Select

APART = 500
"""Pseudonyms looked up with one statement."""
ROLE, GROUP = "you.role", "group"
"""The item that asks what somebody speaks for, and its option for those who speak for many."""
SPEAKS, HEADS, NAME = "for_whom.kind", "for_whom.heads", "for_whom.name"
"""The questions a round may ask first: for whom somebody answers, of how many people, under which name."""
NAMED = "name"
"""The verb of an answer that is the name of an organisation: no text about the service, so nobody reads it as one."""


class Way(NamedTuple):
    """So many people were written to, were reached, have begun, have come to the end."""

    sent: int = 0
    reached: int = 0
    started: int = 0
    finished: int = 0


def ways(db: Connection, round_id: int) -> dict[str, Way]:
    """Return how far people have come, by the language they are written to in.

    Whoever answers in a chat for a group or an organisation is one of them: they were written to like the others.
    What staff take down for one of these, or late, is not.
    An entry of staff has begun once it is finished: one that was broken off is nobody who stopped.

    A letter that waits to leave, or never will, is not sent.
    A letter has reached somebody when the channel has taken it and has not given it back since.
    """
    sent, began = _sent(db, round_id), _began(db, round_id)
    return {language: Way(*sent.get(language, (0, 0)), *began.get(language, (0, 0))) for language in {*sent, *began}}


def _sent(db: Connection, round_id: int) -> dict[str, tuple[int, int]]:
    mine = and_(audience.c.round_id == invitations.c.round_id, audience.c.contact_id == invitations.c.contact_id)
    key = literal(f"{BEGUN}{round_id}.") + cast(invitations.c.contact_id, String) + ".0"
    dropped = and_(outbox.c.status == GONE, outbox.c.error == CANCELLED)
    stayed = exists().where(outbox.c.key == key, or_(outbox.c.sent_at.is_(None), dropped))
    there = and_(audience.c.state.in_((INVITED, ANSWERED)), audience.c.reason != RETURNED)
    arrived = func.sum(case((there, 1), else_=0))
    found = (
        select(contacts.c.language, func.count(), arrived)
        .join(contacts, contacts.c.id == invitations.c.contact_id)
        .outerjoin(audience, mine)
        .where(invitations.c.round_id == round_id, invitations.c.which == "invitation", ~stayed)
        .group_by(contacts.c.language)
    )
    return {language: (count, int(there)) for language, count, there in db.execute(found)}


def _began(db: Connection, round_id: int) -> dict[str, tuple[int, int]]:
    found = _passages(round_id, contacts.c.language, func.count(), func.count(case((FINISHED, 1))))
    grouped = db.execute(found.group_by(contacts.c.language))
    return {language: (started, finished) for language, started, finished in grouped}


def begun(db: Connection, round_id: int, people: int) -> dict[str, int]:
    """Return by language how many of the first so many (1 or more) had begun; there are that many."""
    at = case((entries.c.kind.is_(None), sessions.c.started_at), else_=sessions.c.ended_at)  # as `ways` counts them
    until = _passages(round_id, at).order_by(at).offset(people - 1).limit(1).scalar_subquery()
    found = _passages(round_id, contacts.c.language, func.count()).where(at <= until)
    return dict(db.execute(found.group_by(contacts.c.language)).all())


def _passages(round_id: int, *columns: ColumnElement[Any]) -> Select[tuple[Any, ...]]:
    mine = and_(entries.c.contact_id == sessions.c.contact_id, entries.c.round_id == sessions.c.round_id)
    for_one = and_(entries.c.kind == INDIVIDUAL, ~entries.c.late, FINISHED)
    return (
        select(*columns)
        .select_from(sessions)
        .join(contacts, contacts.c.id == sessions.c.contact_id)
        .outerjoin(entries, mine)
        .where(sessions.c.round_id == round_id, or_(entries.c.kind.is_(None), for_one))
    )


# --------------------------------------------------------------------------- by what they said


def individuals(db: Connection, round_id: int, apart: Sequence[bytes] = ()) -> int:
    """Return how many individuals have answered; `apart` holds pseudonyms not to count."""
    return db.execute(select(func.count()).select_from(_firsts(round_id, apart).subquery())).scalar_one()


def came(db: Connection, round_id: int, people: int, apart: Sequence[bytes] = ()) -> datetime:
    """Return when the first so many individuals (1 or more) had come; there are that many."""
    firsts = _firsts(round_id, apart).subquery()
    found: datetime = db.execute(select(firsts.c.at).order_by(firsts.c.at).offset(people - 1).limit(1)).scalar_one()
    return found


def _firsts(round_id: int, apart: Sequence[bytes]) -> Select[tuple[datetime]]:
    """When each individual had the first answer counted."""
    mine = (*_counted(round_id), answers.c.pseudonym.not_in(of_many(round_id)))
    found = select(func.min(answers.c.counted_at).label("at")).where(*mine).group_by(answers.c.pseudonym)
    return found.where(~among(answers.c.pseudonym, apart)) if apart else found


def _by(round_id: int, until: datetime | None) -> tuple[ColumnElement[bool], ...]:
    """Those who had come by a moment; everybody where none is said."""
    if until is None:
        return ()
    early = select(answers.c.pseudonym).where(*_counted(round_id)).group_by(answers.c.pseudonym)
    return (answers.c.pseudonym.in_(early.having(func.min(answers.c.counted_at) <= until)),)


def choices(
    db: Connection,
    round_id: int,
    items: Collection[str],
    states: Collection[str],
    apart: Sequence[bytes] = (),
    until: datetime | None = None,
) -> dict[tuple[str, str], int]:
    """Return how many people chose an option, by (item or state, option).

    `apart` holds pseudonyms not to count; `until` leaves out whoever came later.
    """
    asked = or_(answers.c.item.in_(list(items)), answers.c.state.in_(list(states)))
    of = case((answers.c.item.in_(list(items)), answers.c.item), else_=answers.c.state)
    found = select(of, answers.c.choice, func.count(answers.c.pseudonym.distinct()))
    mine = (*_counted(round_id), asked, answers.c.choice.is_not(None), answers.c.pseudonym.not_in(of_many(round_id)))
    found = found.where(*mine, *_by(round_id, until)).group_by(of, answers.c.choice)
    counts = {(what, choice): people for what, choice, people in db.execute(found)}
    for group in _groups(apart):
        for what, choice, people in db.execute(found.where(answers.c.pseudonym.in_(group))):
            counts[what, choice] -= people
    return counts


def languages(
    db: Connection, round_id: int, apart: Sequence[bytes] = (), until: datetime | None = None
) -> dict[str, int]:
    """Return in how many languages how many people answered; whoever changed it counts once.

    `until` leaves out whoever came later.
    """
    return _ways(db, round_id, answers.c.language, apart, until)


def channels(db: Connection, round_id: int, apart: Sequence[bytes] = ()) -> dict[str, int]:
    """Return over how many channels how many people answered."""
    return _ways(db, round_id, answers.c.channel, apart)


def _ways(
    db: Connection, round_id: int, column: ColumnElement[str], apart: Sequence[bytes], until: datetime | None = None
) -> dict[str, int]:
    mine = (*_counted(round_id), answers.c.pseudonym.not_in(of_many(round_id)), *_by(round_id, until))
    person = select(func.max(column).label("way")).where(*mine).group_by(answers.c.pseudonym)
    counts = _by_way(db, person)
    for group in _groups(apart):
        for way, people in _by_way(db, person.where(answers.c.pseudonym.in_(group))).items():
            counts[way] -= people
    return counts


def of_many(round_id: int) -> Select[tuple[bytes]]:
    """Who said that they answer for a group or an organisation; one answer of theirs speaks for all."""
    at_the_end = and_(answers.c.item == ROLE, answers.c.choice == GROUP)
    first = and_(answers.c.state == SPEAKS, answers.c.choice.in_((GROUP, ORGANISATION)))
    return select(answers.c.pseudonym).where(*_counted(round_id), or_(at_the_end, first))


class Speaker(NamedTuple):
    """For whom somebody said they answer, before the questions: a group of so many, or an organisation by its name."""

    kind: str
    heads: int = 1
    name: str = ""


def speakers(db: Connection, round_id: int, apart: Collection[bytes] = ()) -> dict[bytes, Speaker]:
    """Return who said first that they answer for a group or an organisation; `apart` holds pseudonyms to leave out."""
    found: dict[bytes, dict[str, object]] = {}
    said = (*_counted(round_id), answers.c.state.in_((SPEAKS, HEADS, NAME)), answers.c.skipped.is_(False))
    columns = (answers.c.pseudonym, answers.c.state, answers.c.choice, answers.c.score, answers.c.text)
    for who, state, choice, score, text in db.execute(select(*columns).where(*said).order_by(answers.c.id)):
        found.setdefault(who, {})[state] = choice or text or score
    left = {*apart}
    told = {who: Speaker(str(one.get(SPEAKS, "")), *_of(one)) for who, one in found.items() if who not in left}
    return {who: one for who, one in told.items() if one.kind in {GROUP, ORGANISATION}}


def _of(said: dict[str, object]) -> tuple[int, str]:
    """Return for how many people, and under which name: what was said of the other kind before does not hold."""
    kind = said.get(SPEAKS)
    heads = int(float(str(said.get(HEADS) or 1))) if kind == GROUP else 1
    return heads, str(said.get(NAME) or "") if kind == ORGANISATION else ""


def _by_way(db: Connection, person: object) -> dict[str, int]:
    each = person.subquery()  # type: ignore[attr-defined]
    return dict(db.execute(select(each.c.way, func.count()).group_by(each.c.way)).all())


def _counted(round_id: int) -> tuple[ColumnElement[bool], ...]:
    return (answers.c.round_id == round_id, answers.c.withdrawn_at.is_(None), answers.c.counted_at.is_not(None))


def _groups(pseudonyms: Sequence[bytes]) -> list[list[bytes]]:
    return [list(pseudonyms[at : at + APART]) for at in range(0, len(pseudonyms), APART)]
