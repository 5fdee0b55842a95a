"""Rounds: one opening of one flow for one service, and who was written to because of it. Its log: `storage.trail`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from storage import outbox
from storage.rows import Lookup, Shape, Watch, insert_new
from storage.tables import invitations, rounds

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlalchemy import Connection

OPEN, PAUSED, CANCELLED = "open", "paused", "cancelled"
_REPORT = "report."
"""What the keys of letters begin with that tell the result of a round."""
_of_result = invitations.c.which == "report_back"


@dataclass(frozen=True, slots=True)
class NewRound:
    """A draft. `record` is JSON with what the texts need; `key_sealed` the sealed pseudonym key."""

    code: str
    service: str
    stage: str
    flow: str
    version: int
    title: str
    record: str
    audience: str
    created_at: datetime
    key_sealed: bytes
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    created_by: int | None = None
    state: str = "draft"
    whom: str | None = None
    spread_hours: int | None = None
    remind_at: datetime | None = None
    forget_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RoundRow:
    """A round as kept. Moments are None where the thing has not happened, or (`closes_at`) never will by itself."""

    id: int
    code: str
    service: str
    stage: str
    flow: str
    version: int
    title: str
    record: str
    audience: str
    state: str
    opens_at: datetime | None
    closes_at: datetime | None
    created_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None
    reported_at: datetime | None
    created_by: int | None
    report: str | None
    key_sealed: bytes | None
    """None once the round's time is over: then nobody can be linked to their answers."""
    outcome: str | None = None
    whom: str | None = None
    """JSON: who of the audience is meant."""
    spread_hours: int | None = None
    """Over how many hours of sending time invitations go out; None: at once."""
    remind_at: datetime | None = None
    """None: at the usual moment."""
    drawn_at: datetime | None = None
    """When the audience was last written down; None: not yet."""
    aims: str | None = None
    """JSON: how many answers are wanted, and of whom; who lives here."""
    forget_at: datetime | None = None
    """When its answers go at the latest, as people were told; None: so many months after its end."""
    told: str | None = None
    """JSON: what it takes from the configuration, since it was signed or opened; None: what stands there now."""


_shape = Shape(rounds, RoundRow)
_new = Shape(rounds, NewRound)
_all = select(*_shape.columns)
_open = Lookup(RoundRow, _all.where(rounds.c.state == OPEN).order_by(rounds.c.created_at.desc(), rounds.c.id.desc()))
_invite = insert_new(invitations, invitations.c.contact_id)
_AT_ONCE = 1000
"""Words asked for in one statement."""


def add(db: Connection, new: NewRound) -> RoundRow:
    """Keep a new round and return it. A code already taken raises SQLAlchemy's IntegrityError."""
    (values,) = _new.write([new])
    row = db.execute(insert(rounds).returning(*_shape.columns), values).one()
    return RoundRow(*row)


def get(db: Connection, round_id: int) -> RoundRow | None:
    """Return the round with this id."""
    return _shape.first(db.execute(_all.where(rounds.c.id == round_id)))


def by_ids(db: Connection, ids: Iterable[int]) -> dict[int, RoundRow]:
    """Return the rounds with these ids."""
    return {row.id: row for row in _shape.read(db.execute(_all.where(rounds.c.id.in_(sorted(set(ids))))))}


def by_code(db: Connection, code: str, *, lock: bool = False) -> RoundRow | None:
    """Return the round a deep link or poster names; with `lock`, nobody else changes it until this transaction ends."""
    wanted = _all.where(rounds.c.code == code)
    return _shape.first(db.execute(wanted.with_for_update(key_share=True) if lock else wanted))


def codes(db: Connection, words: Iterable[str]) -> set[str]:
    """Return those of `words` that are codes of rounds."""
    every = sorted(set(words))
    asked = (every[start : start + _AT_ONCE] for start in range(0, len(every), _AT_ONCE))
    wanted = select(rounds.c.code)
    return {code for some in asked for code in db.execute(wanted.where(rounds.c.code.in_(some))).scalars()}


def find(db: Connection, *, services: Collection[str] | None = None, states: Collection[str] = ()) -> list[RoundRow]:
    """Return rounds, the newest first; only those of `services` and in `states` where given."""
    wanted = _all.order_by(rounds.c.created_at.desc(), rounds.c.id.desc())
    if services is not None:
        wanted = wanted.where(rounds.c.service.in_(list(services)))
    if states:
        wanted = wanted.where(rounds.c.state.in_(list(states)))
    return _shape.read(db.execute(wanted))


def services(db: Connection) -> list[str]:
    """Return the services that have rounds."""
    return list(db.execute(select(rounds.c.service).distinct().order_by(rounds.c.service)).scalars())


def watch() -> Watch[RoundRow]:
    """Return what tells, each time it is asked, the rounds that take answers now, the newest first."""
    return Watch(_open)


def open_ones(db: Connection, *, services: Collection[str] | None = None) -> list[RoundRow]:
    """Return the rounds that take answers now, the newest first."""
    return find(db, services=services, states=(OPEN,))


def linked(db: Connection) -> list[RoundRow]:
    """Return the rounds whose key still exists: in these a person's answers can be found by their pseudonym."""
    return _shape.read(db.execute(_all.where(rounds.c.key_sealed.is_not(None)).order_by(rounds.c.id)))


def unlinked(db: Connection, services: Collection[str] = (), stages: Collection[str] = ()) -> int:
    """Count the rounds, of these services and stages where any are named, that have been open and have no key left."""
    found = select(func.count()).where(rounds.c.key_sealed.is_(None), rounds.c.opened_at.is_not(None))
    found = found.where(rounds.c.service.in_(services)) if services else found
    return db.execute(found.where(rounds.c.stage.in_(stages)) if stages else found).scalar_one()


def move(db: Connection, round_id: int, was: Collection[str], becomes: str, **stamps: datetime) -> bool:
    """Change the state and set moments (`opened_at`, …), if the state still is one of `was`; return whether it was.

    So two sweeps, or a sweep and an organiser, never do the same step twice.
    """
    step = update(rounds).where(rounds.c.id == round_id, rounds.c.state.in_(list(was)))
    return db.execute(step.values(state=becomes, **stamps)).rowcount == 1


def change(db: Connection, round_id: int, **values: Any) -> None:  # noqa: ANN401 - columns of many types
    """Set columns (`title`, `record`, `audience`, `opens_at`, `closes_at`, `report`, `outcome`, …) of one round."""
    db.execute(update(rounds).where(rounds.c.id == round_id).values(**values))


def destroy_key(db: Connection, round_id: int) -> None:
    """Make it impossible for ever to link people to their answers in this round."""
    change(db, round_id, key_sealed=None)


def invite(db: Connection, round_id: int, contact_ids: Iterable[int], which: str, now: datetime) -> list[int]:
    """Note that these contacts are written to (`invitation`, `reminder`, `report_back`); return those who were not."""
    rows = [
        {"round_id": round_id, "contact_id": contact_id, "which": which, "created_at": now}
        for contact_id in contact_ids
    ]
    if not rows:
        return []
    return sorted(db.execute(_invite[db.dialect.name], rows).scalars())


def times(db: Connection, round_id: int, contact_ids: Iterable[int], begins: str) -> dict[int, int]:
    """Return how often each of these contacts was written to because of a round, by what the kind `begins` with."""
    mine = (invitations.c.round_id == round_id, invitations.c.contact_id.in_(list(contact_ids)))
    counted = select(invitations.c.contact_id, func.count()).where(
        *mine, invitations.c.which.startswith(begins, autoescape=True)
    )
    return dict(db.execute(counted.group_by(invitations.c.contact_id)).all())


def was_told(db: Connection, round_id: int, contact_id: int) -> bool:
    """Whether the result of a round was sent to a contact."""
    mine = (invitations.c.round_id == round_id, invitations.c.contact_id == contact_id)
    told = select(invitations.c.id).where(*mine, _of_result)
    return db.execute(told).first() is not None


def told_of(db: Connection, contact_id: int) -> list[int]:
    """Return the rounds whose result was sent to a contact, by id."""
    mine = (invitations.c.contact_id == contact_id, invitations.c.which == "report_back")
    return list(db.execute(select(invitations.c.round_id).where(*mine).order_by(invitations.c.round_id)).scalars())


def written_to(db: Connection, contact_id: int) -> list[tuple[int, str, datetime]]:
    """Return (round id, kind, moment) of each letter because of a round that is remembered of a contact."""
    said = select(invitations.c.round_id, invitations.c.which, invitations.c.created_at)
    mine = said.where(invitations.c.contact_id == contact_id).order_by(invitations.c.created_at, invitations.c.id)
    return [(round_id, which, at) for round_id, which, at in db.execute(mine)]


def forget_letters(db: Connection, round_id: int, contact_id: int) -> None:
    """Forget who it was that letters went to which only who takes part in a round gets; how many stays."""
    mine = (invitations.c.round_id == round_id, invitations.c.contact_id == contact_id)
    theirs = invitations.c.which.not_in(("invitation", "reminder"))
    db.execute(update(invitations).where(*mine, theirs).values(contact_id=None))


def invited(db: Connection, round_id: int) -> dict[str, int]:
    """How many contacts were written to because of a round, by kind."""
    counted = select(invitations.c.which, func.count()).where(invitations.c.round_id == round_id)
    return dict(db.execute(counted.group_by(invitations.c.which)).all())


def told(db: Connection, round_id: int) -> int:
    """To how many contacts the result of a round was sent, without those who will never get it."""
    lost = {contact_id for _, contact_id in _untold(db, f"{_REPORT}{round_id}.")}
    kept = select(invitations.c.contact_id).where(invitations.c.round_id == round_id, _of_result)
    return sum(contact_id is None or contact_id not in lost for contact_id in db.execute(kept).scalars())


def forget_untold(db: Connection) -> None:
    """Forget that a result was sent to those who will never get it, before nobody can tell who they are."""
    for round_id, contact_id in sorted(_untold(db, _REPORT)):
        mine = (invitations.c.round_id == round_id, invitations.c.contact_id == contact_id)
        db.execute(delete(invitations).where(*mine, _of_result))


def _untold(db: Connection, beginning: str) -> set[tuple[int, int]]:
    """Return (round id, contact id) of results whose letters begin so, and that a channel refused or nobody sends."""
    parts = (key.split(".") for key in outbox.lost(db, beginning))
    return {(int(round_id), int(contact_id)) for _, round_id, contact_id, *_ in parts}
