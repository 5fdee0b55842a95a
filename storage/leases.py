"""Who may do what only one may do: a name, an owner, an end, and a fence that grows with every new owner.

The moments are those of one clock for all processes, the database server's (`server_time`): machines disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select, text, update

from storage.rows import Shape, insert_each
from storage.tables import leases

if TYPE_CHECKING:
    from datetime import timedelta

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Lease:
    """`owner` may do `name` until `until`; a later owner has a higher `fence`."""

    name: str
    owner: str
    fence: int
    until: datetime


_shape = Shape(leases, Lease)
_TIME = {
    "sqlite": text("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')"),
    "postgresql": text("SELECT clock_timestamp() AT TIME ZONE 'UTC'"),
}


def server_time(db: Connection) -> datetime:
    """Return what time it is for the database: on PostgreSQL its server's, on SQLite this machine's."""
    said = db.execute(_TIME[db.dialect.name]).scalar_one()
    return (said if isinstance(said, datetime) else datetime.fromisoformat(said)).replace(tzinfo=UTC)


def acquire(db: Connection, name: str, owner: str, now: datetime, lasting: timedelta) -> Lease | None:
    """Take a lease that is free, over, or one's own; None where somebody else holds it.

    One that ends later than anybody could have meant was written before the clock was put back: it is free too.
    """
    insert = insert_each(leases)[db.dialect.name].values(name=name, owner=owner, fence=1, until=now + lasting)
    take: Any = insert.on_conflict_do_update(
        index_elements=[leases.c.name],
        set_={"owner": owner, "fence": leases.c.fence + 1, "until": now + lasting},
        where=or_(leases.c.until <= now, leases.c.until > now + 2 * lasting, leases.c.owner == owner),
    )
    return _shape.first(db.execute(take.returning(*_shape.columns)))


def get(db: Connection, name: str) -> Lease | None:
    """Return a lease as it stands, over or not."""
    return _shape.first(db.execute(select(*_shape.columns).where(leases.c.name == name)))


def renew(db: Connection, lease: Lease, now: datetime, lasting: timedelta) -> Lease | None:
    """Hold on to a lease; None where another owner has taken it since."""
    longer = update(leases).where(*_same(lease)).values(until=now + lasting).returning(*_shape.columns)
    return _shape.first(db.execute(longer))


def release(db: Connection, lease: Lease, now: datetime) -> None:
    """Let others have it at once; nothing happens where it is another's already."""
    db.execute(update(leases).where(*_same(lease)).values(until=now))


def holds(db: Connection, lease: Lease, now: datetime) -> bool:
    """Whether a lease is still ours; ask in the transaction that writes. PostgreSQL keeps it so until the commit."""
    ours = select(leases.c.name).where(*_same(lease), leases.c.until > now).with_for_update(read=True)
    return db.execute(ours).first() is not None


def _same(lease: Lease) -> tuple[Any, ...]:
    return (leases.c.name == lease.name, leases.c.owner == lease.owner, leases.c.fence == lease.fence)
