"""Published flow versions: kept with their text for ever, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from storage.database import VersionChanged
from storage.rows import Shape, insert_new, many
from storage.tables import flow_versions

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class FlowVersion:
    """One published version; `source` is JSON of file name to text, `sha256` its hash in hex."""

    flow: str
    version: int
    sha256: str
    source: str
    published_at: datetime
    retired_at: datetime | None = None
    """Since when no new round opens with it."""
    channel: str | None = None
    """Over which channel it was sent and published; None: a file has it."""


_shape = Shape(flow_versions, FlowVersion)
_insert = insert_new(flow_versions)
_all = select(*_shape.columns)


def publish(
    db: Connection, flow: str, version: int, sha256: str, source: str, now: datetime, channel: str | None = None
) -> bool:
    """Keep a version; return whether it was new. Raises `VersionChanged` where it is published with another text."""
    if many(db, _insert, _shape.write([FlowVersion(flow, version, sha256, source, now, None, channel)])):
        return True
    known = load(db, flow, version)
    if known is not None and known.sha256 != sha256:
        message = f"{flow}@{version} is published already with another text: bump the version to {version + 1}"
        raise VersionChanged(message)
    return False


def retire(db: Connection, flow: str, version: int, at: datetime | None) -> bool:
    """Let no new round open with a version from `at` on, or let them again (None); False where it is not published."""
    which = (flow_versions.c.flow == flow, flow_versions.c.version == version)
    return db.execute(update(flow_versions).where(*which).values(retired_at=at)).rowcount == 1


def load(db: Connection, flow: str, version: int) -> FlowVersion | None:
    """Return a published version."""
    which = (flow_versions.c.flow == flow, flow_versions.c.version == version)
    return _shape.first(db.execute(_all.where(*which)))


def sent(db: Connection) -> list[tuple[str, int]]:
    """Return (flow, version) of what was published in a chat: no file has it."""
    which = select(flow_versions.c.flow, flow_versions.c.version).where(flow_versions.c.channel.is_not(None))
    return [(flow, version) for flow, version in db.execute(which.order_by(flow_versions.c.published_at))]


def published(db: Connection) -> list[FlowVersion]:
    """Return all published versions, by flow and version."""
    return _shape.read(db.execute(_all.order_by(flow_versions.c.flow, flow_versions.c.version)))
