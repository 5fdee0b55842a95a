"""Whose answers are no voice of one person: what they said themselves, and what stays once nothing else tells it.

When a round's key goes, or what people said of themselves, or when somebody takes a new pseudonym, the kind alone is
kept under the pseudonym of the round, which links nobody to another round. It goes with the answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from sqlalchemy import delete, select, text, update

from storage.entries import GROUP, ORGANISATION
from storage.rows import Insert
from storage.tables import SPEAKS_FOR_MANY, answers, counted_apart, rounds
from storage.turnout import SPEAKS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement, Connection

Participation: TypeAlias = tuple[int, bytes]
"""(round id, pseudonym): one person in one round."""
_END: Final = "ON CONFLICT (round_id, pseudonym) DO UPDATE SET kind = excluded.kind"
_keep = Insert(counted_apart, ("round_id", "pseudonym", "kind"), end=_END)


def keep(db: Connection, kinds: Mapping[Participation, str]) -> None:
    """Keep of what kind these are."""
    _keep(db, [(round_id, who, kind) for (round_id, who), kind in kinds.items()])


def kept(db: Connection, *, service: str = "", round_id: int = 0) -> dict[Participation, str]:
    """Return who is kept as counted apart, in all rounds of a service or in one round."""
    wanted = select(counted_apart.c.round_id, counted_apart.c.pseudonym, counted_apart.c.kind)
    if round_id:
        wanted = wanted.where(counted_apart.c.round_id == round_id)
    else:
        wanted = wanted.join(rounds, rounds.c.id == counted_apart.c.round_id).where(rounds.c.service == service)
    return {(of, bytes(who)): kind for of, who, kind in db.execute(wanted)}


def kind_of(db: Connection, round_id: int, pseudonym: bytes) -> str:
    """Return of what kind the answers under a pseudonym are kept; empty: nothing is."""
    mine = (counted_apart.c.round_id == round_id, counted_apart.c.pseudonym == pseudonym)
    return db.execute(select(counted_apart.c.kind).where(*mine)).scalar() or ""


def carry(db: Connection, round_id: int, origin: bytes, to: bytes) -> None:
    """Let what is kept of a pseudonym stand under another one."""
    mine = (counted_apart.c.round_id == round_id, counted_apart.c.pseudonym == origin)
    db.execute(update(counted_apart).where(*mine).values(pseudonym=to))


def forget(db: Connection, round_id: int, pseudonym: bytes) -> None:
    """Forget what is kept of a pseudonym: whoever takes a new one stands under that alone."""
    mine = (counted_apart.c.round_id == round_id, counted_apart.c.pseudonym == pseudonym)
    db.execute(delete(counted_apart).where(*mine))


def declared(db: Connection, *mine: ColumnElement[bool]) -> dict[Participation, str]:
    """Return who said themselves, in such answers that count, that they answer for a group or an organisation."""
    columns = (answers.c.round_id, answers.c.pseudonym, answers.c.state, answers.c.choice)
    counted = (answers.c.withdrawn_at.is_(None), answers.c.counted_at.is_not(None))
    found: dict[Participation, str] = {}
    for round_id, who, state, choice in db.execute(select(*columns).where(text(SPEAKS_FOR_MANY), *mine, *counted)):
        organisation = state == SPEAKS and choice == ORGANISATION
        if organisation or (round_id, who) not in found:
            found[round_id, who] = ORGANISATION if organisation else GROUP
    return found


def said(db: Connection, round_id: int, pseudonym: bytes) -> str:
    """Return whether somebody said so in a round: for what they answer; empty: for themselves."""
    mine = declared(db, answers.c.round_id == round_id, answers.c.pseudonym == pseudonym)
    return mine.get((round_id, pseudonym), "")
