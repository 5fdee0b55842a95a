"""Digests written for managers: one per person, service and week, however often a job runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import delete, func, or_, select, update

from storage import outbox, rulings
from storage.rows import IDS, Shape, insert_new, many
from storage.tables import answers, digests

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import datetime

    from sqlalchemy import Connection, Row


@dataclass(frozen=True, slots=True)
class DigestRow:
    """One digest. `period` is an ISO week (`2026-W47`); `body` is its JSON, `null` where the week was silent."""

    person_id: int
    service: str
    period: str
    created_at: datetime
    body: str
    addresses: int | None = None
    """To so many it was sent; None where the week was silent, or its reader wants one less often."""


LETTERS = "digest:"
"""What the keys of digests in the outbox begin with."""
SIGN_OF_LIFE = '"sign_of_life":true'
"""Stands in the JSON of a digest that says only that there was nothing to say."""

_shape = Shape(digests, DigestRow)
_insert = insert_new(digests)
_all = select(*_shape.columns)
_columns = (digests.c.person_id, digests.c.service, digests.c.period, digests.c.body)
_bodies = select(digests.c.id, *_columns).order_by(digests.c.id).with_for_update()
_MOST = 100
"""Answers looked for at once."""


def write(db: Connection, row: DigestRow) -> bool:
    """Keep a digest; return whether it was new. Only then send it, in the same transaction."""
    return many(db, _insert, _shape.write([row])) == 1


def letter(person_id: int, service: str, period: str) -> str:
    """Return what the keys of the letters of one digest begin with; each ends with the contact it goes to."""
    return f"{LETTERS}{person_id}:{service}:{period}:"


def rewrite(db: Connection, row: DigestRow) -> None:
    """Keep another body in place of the one a digest has: without what somebody had deleted.

    Letters keep no word of the old one: those that have not left are written anew.
    """
    mine = (digests.c.person_id == row.person_id, digests.c.service == row.service, digests.c.period == row.period)
    db.execute(update(digests).where(*mine).values(body=row.body))
    outbox.empty(db, letter(row.person_id, row.service, row.period))


def unquote(db: Connection, ids: Collection[int]) -> int:
    """Take the words of these answers out of every digest that quotes them; return how many digests changed.

    Replies that told of a running week keep no word.
    """
    if not ids:
        return 0
    changed = 0
    _erase(db, lambda quoted: quoted & {str(each) for each in ids})
    wanted = sorted(ids)
    for start in range(0, len(wanted), _MOST):
        some = wanted[start : start + _MOST]
        quoting = or_(*(digests.c.body.contains(f'"answer":"{each}"') for each in some))
        gone = {str(each) for each in some}
        for row in db.execute(_bodies.where(quoting)).all():
            body = msgspec.json.decode(row.body)
            changed += _leave(db, row, body, {_answer(quote) for quote in _quotes(body)} - gone)
    return changed


def unquote_gone(db: Connection, *, approved: bool = False) -> int:
    """Take out quotes whose answer is gone, taken back or not to be quoted any more; return how many digests changed.

    `approved`: those, too, that nobody approved. A quote that does not say which answer it is goes, too: nobody can
    tell whether its writer still agrees.
    """
    quoting = or_(digests.c.body.contains('"quote":{'), digests.c.body.contains('"quotes":[{'))
    changed = 0
    for digest_id in db.execute(select(digests.c.id).where(quoting).order_by(digests.c.id)).scalars().all():
        row = db.execute(_bodies.where(digests.c.id == digest_id)).one()
        body = msgspec.json.decode(row.body)
        changed += _leave(db, row, body, _standing(db, map(_answer, _quotes(body)), approved=approved))
    _erase(db, lambda quoted: quoted - _standing(db, quoted, agreed=False))
    return changed


def hold_quotes(db: Connection, quoted: Iterable[str], *, agreed: bool = True, approved: bool = False) -> bool:
    """Whether all these answers may still be quoted; nobody deletes or withholds one then until the commit.

    Without `agreed` they may be shown to the service's own team, whether or not their writers agree to be quoted.
    """
    return {*quoted} <= _standing(db, quoted, hold=True, agreed=agreed, approved=approved)


def _erase(db: Connection, gone: Callable[[set[str]], Collection[str]]) -> None:
    outbox.erase(db, [key for key, quoted in outbox.quoting(db) if gone({*quoted})])


def recheck(db: Connection, row: DigestRow, *, approved: bool = False) -> bool:
    """Take out of a digest just written what was deleted, withheld, or not to be quoted any more, since it was drawn.

    Return whether something was. What it still quotes nobody deletes or withholds until the commit: whoever does it
    then finds it. `approved`: only what somebody approved stays.
    """
    which = (digests.c.person_id == row.person_id, digests.c.service == row.service, digests.c.period == row.period)
    body = msgspec.json.decode(row.body)
    quoted = [] if body is None else _quotes(body)
    if not quoted:
        return False
    there = _standing(db, map(_answer, quoted), hold=True, approved=approved)
    return _leave(db, db.execute(_bodies.where(*which)).one(), body, there)


def _standing(
    db: Connection, quoted: Iterable[str], *, hold: bool = False, agreed: bool = True, approved: bool = False
) -> set[str]:
    """Return which of these answers may be shown: to others, or (without `agreed`) to the service's own team."""
    said = {each for each in quoted if each.isdecimal()}
    if not said:
        return set()
    there = (answers.c.id.in_(IDS), answers.c.text.is_not(None), answers.c.withdrawn_at.is_(None))
    asked = select(answers.c.id).where(*there, *([answers.c.quotable] if agreed else [])).order_by(answers.c.id)
    held = db.execute(asked.with_for_update(read=True) if hold else asked, {"ids": [int(each) for each in said]})
    found = set(held.scalars())
    # Once they are held, by another statement: this one sees what whoever held them before us has ruled.
    shut = rulings.shut(db, found, approved=approved) if agreed else set()
    return {str(each) for each in found - shut}


def _quotes(body: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
    beside = [theme.get("quote") for theme in _themes(body)]
    return [*body.get("voices", {}).get("quotes", ()), *(each for each in beside if each)]


def _themes(body: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
    return [*body.get("problems", ()), *([body["works"]] if body.get("works") else [])]


def _answer(quote: dict[str, Any]) -> str:
    return str(quote.get("answer", ""))


def _leave(db: Connection, row: Row[*tuple[Any, ...]], body: Any, stays: Collection[str]) -> bool:  # noqa: ANN401 - JSON
    """Keep only these quotes in a digest and its letters, all figures as they were; return whether any went."""
    if all(_answer(quote) in stays for quote in _quotes(body)):
        return False
    if "voices" in body:
        body["voices"]["quotes"] = [quote for quote in body["voices"].get("quotes", ()) if _answer(quote) in stays]
    for theme in _themes(body):
        theme["quote"] = theme["quote"] if theme.get("quote") and _answer(theme["quote"]) in stays else None
    text = msgspec.json.encode(body, order="sorted").decode()
    db.execute(update(digests).where(digests.c.id == row.id).values(body=text))
    outbox.empty(db, letter(row.person_id, row.service, row.period))
    return True


def find(db: Connection, person_id: int, service: str, period: str) -> DigestRow | None:
    """Return one digest."""
    which = (digests.c.person_id == person_id, digests.c.service == service, digests.c.period == period)
    return _shape.first(db.execute(_all.where(*which)))


def hold(db: Connection, row: DigestRow) -> bool:
    """Whether a digest still says the same; nobody changes it then until the commit."""
    which = (digests.c.person_id == row.person_id, digests.c.service == row.service, digests.c.period == row.period)
    return db.execute(select(digests.c.body).where(*which).with_for_update()).scalar() == row.body


def written(db: Connection, period: str) -> set[tuple[int, str]]:
    """Return (person id, service) of all digests of a period that are written already."""
    which = select(digests.c.person_id, digests.c.service).where(digests.c.period == period)
    return {(person_id, service) for person_id, service in db.execute(which)}


def issued(db: Connection, service: str, period: str, without: str = "", at: datetime | None = None) -> str | None:
    """Return the body of the first digest of a service for a period that was not silent, whoever got it.

    One that was written at the moment `at` goes before all others, one that does not have the text `without` in it
    before all that do.
    """
    first = select(digests.c.body).where(digests.c.service == service, digests.c.period == period)
    first = first.where(digests.c.body != "null")
    has = [digests.c.created_at != at] if at else []
    has += [digests.c.body.contains(without, autoescape=True)] if without else []
    return db.execute(first.order_by(*has, digests.c.created_at, digests.c.id).limit(1)).scalar()


def before(db: Connection, service: str, period: str, limit: int = 60, mark: str = "") -> list[str]:
    """Return the bodies of digests of a service for earlier weeks, whoever got them: the latest week first.

    Only those that have the text `mark` in them.
    """
    earlier = select(digests.c.body).where(digests.c.service == service, digests.c.period < period)
    earlier = earlier.where(digests.c.body != "null").order_by(digests.c.period.desc(), digests.c.person_id)
    earlier = earlier.where(digests.c.body.contains(mark, autoescape=True)) if mark else earlier
    return list(db.execute(earlier.limit(limit)).scalars())


def sent(db: Connection, person_id: int, service: str, period: str) -> DigestRow | None:
    """Return the latest digest of a service for an earlier week that was sent to a person; None where none was."""
    mine = (digests.c.person_id == person_id, digests.c.service == service, digests.c.period < period)
    earlier = _all.where(*mine, digests.c.addresses > 0).order_by(digests.c.period.desc()).limit(1)
    return _shape.first(db.execute(earlier))


def unreached(db: Connection, since: datetime) -> list[tuple[int, str]]:
    """Return (person id, service) of digests written since then that were to be sent and had no address to go to."""
    nowhere = select(digests.c.person_id, digests.c.service).where(digests.c.addresses == 0)
    found = db.execute(nowhere.where(digests.c.created_at >= since).order_by(digests.c.id))
    return [(row[0], row[1]) for row in found]


def last(db: Connection, service: str, period: str, mark: str) -> str | None:
    """Return the body of the latest digest of a service for an earlier week that has a text in it, whoever got it."""
    earlier = select(digests.c.body).where(digests.c.service == service, digests.c.period < period)
    earlier = earlier.where(digests.c.body.contains(mark, autoescape=True))
    return db.execute(earlier.order_by(digests.c.period.desc(), digests.c.created_at, digests.c.id).limit(1)).scalar()


def silent_since(db: Connection, person_id: int, service: str) -> datetime | None:
    """Return since when no digest of a service was to be sent to a person; None where none was ever written."""
    mine = (digests.c.person_id == person_id, digests.c.service == service)
    spoke = select(func.max(digests.c.period)).where(*mine, digests.c.addresses.is_not(None)).scalar_subquery()
    silent = select(func.min(digests.c.created_at)).where(*mine, digests.c.period >= func.coalesce(spoke, ""))
    return db.execute(silent).scalar()


def of(db: Connection, person_id: int, *, services: Collection[str] | None = None, limit: int = 520) -> list[DigestRow]:
    """Return a person's digests, the latest week first; silent weeks included."""
    mine = _all.where(digests.c.person_id == person_id)
    if services is not None:
        mine = mine.where(digests.c.service.in_(list(services)))
    return _shape.read(db.execute(mine.order_by(digests.c.period.desc(), digests.c.service).limit(limit)))


def recall(db: Connection, now: datetime) -> int:
    """Take back silent weeks that were noted ahead of time, by a clock that ran fast; return how many.

    Signs of life among them, too: they tell of no week, and would stand in the way of the digest of theirs.
    """
    silent = or_(digests.c.body == "null", digests.c.body.contains(SIGN_OF_LIFE))
    return db.execute(delete(digests).where(digests.c.created_at > now, silent)).rowcount
