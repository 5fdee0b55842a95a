"""What a closed round says: its answers counted once for everybody, and what was made of that, kept as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import distinct, func, or_, select

from storage.rows import Insert, read
from storage.rows import among as one_of
from storage.tables import answers, findings
from storage.turnout import of_many

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, FromClause, Select, Subquery


class Counted(NamedTuple):
    """How many people gave one answer to one question of a round; a text or a picture is None in all of them."""

    state: str
    choice: str | None
    choices: str | None
    """JSON: several options, an order, points, cards."""
    score: float | None
    """What the option is worth, or the number given."""
    people: int


class Crossed(NamedTuple):
    """How many people gave one answer to one question of a round in one language over one channel."""

    state: str
    choice: str | None
    choices: str | None
    score: float | None
    channel: str
    language: str
    people: int


class Celled(NamedTuple):
    """How many people of one group of each variable gave one answer to one question of a round."""

    state: str
    choice: str | None
    choices: str | None
    cell: tuple[str, ...]
    people: int


_keep = Insert(findings, ("round_id", "at", "body"), end="ON CONFLICT (round_id) DO NOTHING")


def count(db: Connection, round_id: int, without: Collection[bytes] = ()) -> list[Counted]:
    """Count the answers of a round that were handed in; of each person the newest to each question, so once.

    Those under the pseudonyms `without` are left out, and so is whoever said that they answer for many.
    """
    return read(Counted, db.execute(_newest(Counted._fields[:-1], _counting(round_id, without))))


def people(db: Connection, round_id: int, without: Collection[bytes] = ()) -> int:
    """Return how many individuals have handed in answers to a round."""
    wanted = select(func.count(distinct(answers.c.pseudonym))).where(*_counting(round_id, without))
    return int(db.execute(wanted).scalar_one())


def answered(db: Connection, round_id: int, without: Collection[bytes] = ()) -> dict[str, int]:
    """Return how many individuals answered each question of a round."""
    counted = (*_counting(round_id, without), answers.c.skipped.is_(False))
    wanted = select(answers.c.state, func.count(distinct(answers.c.pseudonym))).where(*counted)
    return {row.state: int(row[1]) for row in db.execute(wanted.group_by(answers.c.state))}


def declared(db: Connection, round_id: int, without: Collection[bytes] = ()) -> set[bytes]:
    """Return the pseudonyms of those who said themselves that they answer for a group or an organisation."""
    mine = [*_counting(round_id, without, individuals=False), answers.c.pseudonym.in_(of_many(round_id))]
    return set(db.execute(select(answers.c.pseudonym).where(*mine).distinct()).scalars())


def crossed(
    db: Connection, round_id: int, without: Collection[bytes] = (), *, among: Collection[bytes] | None = None
) -> list[Crossed]:
    """Count the answers of individuals by channel and language; of each person the newest to each question, so once.

    Those under the pseudonyms `without` are left out; with `among` those under these are counted, and nobody else.
    """
    chosen = [] if among is None else [one_of(answers.c.pseudonym, among)]
    return _crossed(db, [*_counting(round_id, without, individuals=among is None), *chosen])


def crossed_for_many(db: Connection, round_id: int, without: Collection[bytes] = ()) -> list[Crossed]:
    """Count the same of those who said themselves that they answer for a group or an organisation."""
    chosen = answers.c.pseudonym.in_(of_many(round_id))
    return _crossed(db, [*_counting(round_id, without, individuals=False), chosen])


def cells(
    db: Connection, round_id: int, items: Sequence[str], without: Collection[bytes] = ()
) -> dict[tuple[str, ...], int]:
    """Count individuals by what they chose of each of these items, who chose of each; the newest choice counts."""
    groups = _groups(_counting(round_id, without), items)
    first, *others = groups
    joined: FromClause = first
    for each in others:
        joined = joined.join(each, each.c.pseudonym == first.c.pseudonym)
    columns = [each.c.choice for each in groups]
    found = db.execute(select(*columns, func.count()).select_from(joined).group_by(*columns))
    return {tuple(row[:-1]): int(row[-1]) for row in found}


def celled(db: Connection, round_id: int, items: Sequence[str], without: Collection[bytes] = ()) -> list[Celled]:
    """Count the options individuals chose, by what they chose of each of these items; each person's newest answers."""
    mine = _counting(round_id, without)
    groups = _groups(mine, items)
    columns = [*(answers.c[name] for name in ("state", "choice", "choices")), *(each.c.choice for each in groups)]
    told = or_(answers.c.choice.is_not(None), answers.c.choices.is_not(None))
    wanted = select(*columns, func.count()).where(answers.c.id.in_(_last(mine)), told).group_by(*columns)
    for each in groups:
        wanted = wanted.join(each, each.c.pseudonym == answers.c.pseudonym)
    return [Celled(*row[:3], tuple(row[3:-1]), int(row[-1])) for row in db.execute(wanted)]


def _groups(mine: list[ColumnElement[bool]], items: Sequence[str]) -> list[Subquery]:
    """Return for each item what everybody chose of it last."""
    chosen = select(answers.c.pseudonym, answers.c.choice).where(answers.c.choice.is_not(None))
    return [chosen.where(answers.c.id.in_(_last([*mine, answers.c.item == item], each=False))).subquery()
            for item in items]  # fmt: skip


def _crossed(db: Connection, mine: list[ColumnElement[bool]]) -> list[Crossed]:
    return read(Crossed, db.execute(_newest(Crossed._fields[:-1], mine)))


def _newest(names: Sequence[str], mine: list[ColumnElement[bool]]) -> Select[Any]:
    """Return what counts people by these columns, each with the newest answer to a question."""
    columns = [answers.c[name] for name in names]
    return select(*columns, func.count()).where(answers.c.id.in_(_last(mine))).group_by(*columns)


def _last(mine: list[ColumnElement[bool]], *, each: bool = True) -> Select[Any]:
    """Return the id of the newest answer of each person to each question; not `each`: of each person to them all."""
    newest = select(func.max(answers.c.id)).where(*mine, answers.c.skipped.is_(False))
    return newest.group_by(answers.c.pseudonym, *([answers.c.state] if each else []))


def _counting(round_id: int, without: Collection[bytes], *, individuals: bool = True) -> list[ColumnElement[bool]]:
    mine = [answers.c.round_id == round_id, answers.c.withdrawn_at.is_(None), answers.c.counted_at.is_not(None)]
    mine += [answers.c.pseudonym.not_in(of_many(round_id))] if individuals else []
    return [*mine, ~one_of(answers.c.pseudonym, without)] if without else mine


def keep(db: Connection, round_id: int, at: datetime, body: str) -> bool:
    """Keep what a round says; return False where that is kept already: it is never written anew."""
    return bool(_keep(db, [(round_id, at, body)]))


def get(db: Connection, round_id: int) -> str | None:
    """Return what a round says as it was kept."""
    return db.execute(select(findings.c.body).where(findings.c.round_id == round_id)).scalar()


def wanting(db: Connection, round_ids: Collection[int]) -> set[int]:
    """Return those of these rounds that keep nothing yet."""
    kept = select(findings.c.round_id).where(findings.c.round_id.in_(round_ids))
    return {*round_ids} - {row[0] for row in db.execute(kept)}
