"""Change the keys: all that is sealed is sealed anew under a new root, every keyed hash too; the old root is dropped.

The key file goes first: it gets the new root above the old one, and while both are there no bot starts. Then one table
after the other, a batch to a commit; each value says itself which key made it, so whatever was cut short goes on. The
last act drops the old root. What fits none of the keys (damaged long before) is left as it is, and counted.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, or_, select, update

from storage import crossings
from storage.database import Unopened
from storage.outbox import SEALED as LETTER
from storage.rows import Update
from storage.sealing import KeyFile, Keys
from storage.sessions import resealed
from storage.tables import (
    alarms,
    audience,
    contacts,
    inbox,
    links,
    outbox,
    quiet,
    rounds,
    sessions,
    thread_messages,
    web_sessions,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Column, Connection, Table

    from storage.database import Database

BATCH: Final = 1000
"""Rows to a commit."""
SEALED: Final = (
    contacts.c.address_sealed,
    inbox.c.body,
    rounds.c.key_sealed,
    thread_messages.c.sealed,
    alarms.c.sealed,
)
"""What only a holder of the key file reads."""
HASHED: Final = (
    contacts.c.address_hash,
    inbox.c.address_hash,
    audience.c.mark,
    audience.c.through,
    quiet.c.hash,
    sessions.c.receipt_hash,
    links.c.token_hash,
    web_sessions.c.token_hash,
    alarms.c.key,
)
"""What finds somebody, or recognises a token."""
WITHIN: Final = (sessions.c.body,)
"""Texts in which a part is sealed."""
TABLES: Final = (contacts, inbox, audience, sessions, links, web_sessions, alarms, rounds, thread_messages)
"""Those that are gone through by the number of the row."""


@dataclass(frozen=True, slots=True)
class Step:
    """So many rows of a table were looked at; `changed` of them were sealed anew, `unread` fit no key."""

    table: str
    rows: int
    changed: int
    unread: int


def counts(database: Database) -> dict[str, int]:
    """Return how many rows there are to look at, by table in the order they go."""
    with database.reading() as db:
        rows = {table.name: select(func.count()).select_from(table) for table in (*TABLES, outbox, quiet)}
        rows[outbox.name] = rows[outbox.name].where(_waiting)
        return {name: db.execute(found).scalar_one() for name, found in rows.items()}


def begin(file: Path, mint: Callable[[], str]) -> bool:
    """Put a new root into the key file; return False where a change was begun before and goes on."""
    held = KeyFile.read(file)
    if held.changing:
        return False
    held.with_new(mint).write(file)
    crossings.passed("rotation.begun")
    return True


def carry(database: Database, file: Path) -> Iterator[Step]:
    """Seal everything anew under the newest root of the key file, and tell of each batch when it is committed."""
    keys = Keys(*KeyFile.read(file))
    for table in TABLES:
        yield from _through(database, table, keys)
    yield from _letters(database, keys)
    yield from _quiet(database, keys)


def end(database: Database, file: Path) -> None:
    """Drop the old root, once nothing in the database needs it, and leave nothing old lying in the database's log."""
    database.tidy()
    crossings.passed("rotation.ends")
    KeyFile.read(file).newest_alone().write(file)
    crossings.passed("rotation.ended")


def _columns(table: Table, keys: Keys) -> list[tuple[Column[Any], Callable[[Any], Any]]]:
    """Return what is to be changed in a table, and how."""
    ways = ((SEALED, keys.reseal), (HASHED, keys.rehash), (WITHIN, lambda body: resealed(body, keys)))
    return [(each, how) for columns, how in ways for each in columns if each.table is table]


def _through(database: Database, table: Table, keys: Keys) -> Iterator[Step]:
    columns = _columns(table, keys)
    write = Update(table, [column.name for column, _ in columns], ["id"])
    after = 0
    while True:
        with database.transaction() as db:
            rows = _batch(db, table, [column for column, _ in columns], after)
            found = [(row, _anew(columns, row[1:])) for row in rows]
            changed = [(*values, row[0]) for row, (values, _) in found if values != row[1:]]
            write(db, changed)
            crossings.passed("rotation.does")
        crossings.passed("rotation.did")
        if not rows:
            return
        after = rows[-1][0]
        yield Step(table.name, len(rows), len(changed), sum(unread for _, (_, unread) in found))


def _batch(db: Connection, table: Table, columns: Sequence[Column[Any]], after: int) -> list[tuple[Any, ...]]:
    """Return the next rows. Whoever changes one meanwhile waits until ours are committed."""
    wanted = select(table.c.id, *columns).where(table.c.id > after).order_by(table.c.id).limit(BATCH).with_for_update()
    return [(row[0], *map(_plain, row[1:])) for row in db.execute(wanted)]


def _plain(value: Any) -> bytes | str | None:  # noqa: ANN401 - as the driver gives it
    return value if value is None or isinstance(value, str) else bytes(value)


def _anew(
    columns: Sequence[tuple[Column[Any], Callable[[Any], Any]]], values: tuple[Any, ...]
) -> tuple[tuple[Any, ...], bool]:
    """Return the values under the newest key, and whether one of them fits none of our keys."""
    made, unread = [], False
    for (_, how), value in zip(columns, values, strict=True):
        new = value
        if value:
            try:
                new = how(value)
            except (Unopened, ValueError):
                unread = True
        made.append(new)
    return tuple(made), unread


_waiting = outbox.c.body.startswith(LETTER)
"""What is sealed in the text of a letter that has not left."""


def _letters(database: Database, keys: Keys) -> Iterator[Step]:
    after = 0
    while True:
        with database.transaction() as db:
            wanted = select(outbox.c.id, outbox.c.body).where(_waiting, outbox.c.id > after).order_by(outbox.c.id)
            rows = db.execute(wanted.limit(BATCH).with_for_update()).all()
            changed = unread = 0
            for row in rows:
                try:
                    anew = keys.reseal(b64decode(row.body.removeprefix(LETTER)))
                except (Unopened, ValueError):
                    unread += 1
                    continue
                body = f"{LETTER}{b64encode(anew).decode()}"
                changed += body != row.body
                db.execute(update(outbox).where(outbox.c.id == row.id).values(body=body))
            crossings.passed("rotation.does")
        crossings.passed("rotation.did")
        if not rows:
            return
        after = rows[-1].id
        yield Step(outbox.name, len(rows), changed, unread)


def _quiet(database: Database, keys: Keys) -> Iterator[Step]:
    """The quiet list has no numbers: what is not of the newest key yet is looked for, until there is none."""
    strange: set[bytes] = set()
    while True:
        with database.transaction() as db:
            rows = list(db.execute(_old_quiet(keys, strange)).scalars())
            for kept in map(bytes, rows):
                with suppress(Unopened):
                    db.execute(update(quiet).where(quiet.c.hash == kept).values(hash=keys.rehash(kept)))
                    continue
                strange.add(kept)
            crossings.passed("rotation.does")
        crossings.passed("rotation.did")
        if not rows:
            return
        unread = len(strange.intersection(map(bytes, rows)))
        yield Step(quiet.name, len(rows), len(rows) - unread, unread)


def _old_quiet(keys: Keys, without: set[bytes]) -> Any:  # noqa: ANN401 - a Select of one column
    mark, length = keys.hash_shape
    old = or_(func.substr(quiet.c.hash, 1, len(mark)) != mark, func.length(quiet.c.hash) != length)
    return select(quiet.c.hash).where(old, quiet.c.hash.not_in(sorted(without))).order_by(quiet.c.hash).limit(BATCH)
