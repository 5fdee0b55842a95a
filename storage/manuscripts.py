"""Files that staff send to the bot, flows and documents of rounds: a row each, from its message to its end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from storage.rows import Shape, insert_new, many
from storage.tables import contacts, manuscripts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection

SENT, FAULTY, SOUND, PUBLISHED, PAPER = "sent", "faulty", "sound", "published", "paper"
"""What has become of one: nobody has looked yet, it has to be repaired, it can be tried out, rounds can ask it; it was
for the documents of a round.
"""


@dataclass(frozen=True, slots=True)
class NewManuscript:
    """A file that has just arrived; `sent_as` is the key of its message, `file` the channel's reference.

    `of_round` is the code of the round whose document it shall be; None: it is a flow.
    """

    contact_id: int
    sent_as: str
    file: str
    name: str
    created_at: datetime
    due_at: datetime
    state: str = SENT
    tries: int = 0
    files: str = "{}"
    of_round: str | None = None


@dataclass(frozen=True, slots=True)
class Manuscript:
    """A file that was sent."""

    id: int
    contact_id: int
    file: str
    name: str
    state: str
    tries: int
    files: str
    session: str | None
    of_round: str | None

    @property
    def texts(self) -> Mapping[str, str]:
        """The texts of the flow and its translations, by file name."""
        texts: Mapping[str, str] = json.loads(self.files)
        return texts


_new = Shape(manuscripts, NewManuscript)
_shape = Shape(manuscripts, Manuscript)
_all = select(*_shape.columns)
_insert = insert_new(manuscripts)


def add(db: Connection, new: NewManuscript) -> bool:
    """Keep a file that arrived; return whether its message is new."""
    return many(db, _insert, _new.write([new])) == 1


def get(db: Connection, manuscript_id: int) -> Manuscript | None:
    """Return one, while it is kept."""
    return _shape.first(db.execute(_all.where(manuscripts.c.id == manuscript_id)))


def of_contact(db: Connection, contact_id: int) -> list[tuple[datetime, str, str]]:
    """Return (when, name, state) of the files a contact has sent (MYDATA), the first first."""
    columns = (manuscripts.c.created_at, manuscripts.c.name, manuscripts.c.state)
    mine = select(*columns).where(manuscripts.c.contact_id == contact_id).order_by(manuscripts.c.id)
    return [(row.created_at, row.name, row.state) for row in db.execute(mine)]


def due(db: Connection, now: datetime, limit: int) -> list[tuple[Manuscript, str]]:
    """Return those to look at now, each with its channel, the oldest first."""
    wanted = select(*_shape.columns, contacts.c.channel).join(contacts, contacts.c.id == manuscripts.c.contact_id)
    wanted = wanted.where(manuscripts.c.due_at <= now).order_by(manuscripts.c.id).limit(limit)
    return [(Manuscript(*row[:-1]), row[-1]) for row in db.execute(wanted)]


def count_since(db: Connection, contact_id: int, since: datetime) -> int:
    """Return how many files a contact has sent since then."""
    mine = (manuscripts.c.contact_id == contact_id, manuscripts.c.created_at > since)
    return db.execute(select(func.count()).where(*mine)).scalar_one()


def settle(db: Connection, manuscript_id: int, becomes: str, files: Mapping[str, str]) -> bool:
    """It was looked at; return False where another process was faster."""
    values = {"state": becomes, "files": json.dumps(files, ensure_ascii=False), "due_at": None}
    waits = (manuscripts.c.id == manuscript_id, manuscripts.c.state == SENT)
    return db.execute(update(manuscripts).where(*waits).values(**values)).rowcount == 1


def put_off(db: Connection, manuscript_id: int, tries: int, until: datetime) -> None:
    """Look at it again later."""
    waits = (manuscripts.c.id == manuscript_id, manuscripts.c.state == SENT)
    db.execute(update(manuscripts).where(*waits).values(tries=tries, due_at=until))


def remember(db: Connection, manuscript_id: int, session: str | None) -> None:
    """Keep how far somebody has tried it out."""
    db.execute(update(manuscripts).where(manuscripts.c.id == manuscript_id).values(session=session))


def publish(db: Connection, manuscript_id: int) -> bool:
    """Rounds can ask it from now on; return whether that is new."""
    sound = (manuscripts.c.id == manuscript_id, manuscripts.c.state == SOUND)
    return db.execute(update(manuscripts).where(*sound).values(state=PUBLISHED)).rowcount == 1
