"""Carry a whole installation from one database to another: from SQLite to PostgreSQL, or back.

Tables go one after the other, those that others point to first; their rows in the order of their keys, one batch to a
commit, and each batch is read back and compared value by value. So whatever a copy that was cut short has left is a
beginning of the source: the next run compares it and goes on where it ends, and a run after the last one compares all.
Until everything is there the target is marked (see `storage.migrate`), and no bot starts on it.
"""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import starmap, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from sqlalchemy import String, func, select, text, tuple_
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DataError, IntegrityError

from storage import crossings, migrate
from storage.database import Database, StorageTrouble
from storage.leases import Lease, server_time
from storage.rows import Insert
from storage.tables import leases, metadata

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Table

Row: TypeAlias = tuple[Any, ...]

BATCH: Final = 1000
"""Rows in memory at once, of each side, and to a commit."""
SHOWN: Final = 10
"""Differing rows that are named; values never are: they are what people wrote."""


class Differs(StorageTrouble):
    """The target holds something else than the source; each of `rows` names a table, a row, and what differs."""

    def __init__(self, target: Database, rows: Sequence[str]) -> None:
        self.rows = tuple(rows)
        super().__init__(f"{target.shown} differs from the source: {'; '.join(rows)}")


@dataclass(frozen=True, slots=True)
class Plan:
    """How many rows there are to carry, and how many of them the target has, by table in the order they go."""

    rows: Mapping[str, int]
    present: Mapping[str, int]
    begun: bool
    """Whether a copy into the target was begun and cut short."""

    @property
    def only_compares(self) -> bool:
        """Whether all is there, and nothing will be written."""
        return self.rows == self.present and not self.begun


@dataclass(frozen=True, slots=True)
class Step:
    """So many rows of a table are now known to be the same on both sides; `written` of them were carried over."""

    table: str
    rows: int
    written: int


# --------------------------------------------------------------------------- before


def held(database: Database) -> list[Lease]:
    """Return the leases that run: whoever holds one works with the database, or did a moment ago."""
    columns = (leases.c.name, leases.c.owner, leases.c.fence, leases.c.until)
    with database.reading() as db:
        running = leases.c.until > server_time(db)
        return list(starmap(Lease, db.execute(select(*columns).where(running))))


def open_source(url: str) -> Database:
    """Return the database at `url`. Raises `StorageTrouble` where it would be a new SQLite file."""
    with suppress(ArgumentError, ValueError):
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).exists():
            raise StorageTrouble(f"there is no database {parsed.database} to copy from")
    return Database.open(url)


def check_source(source: Database) -> None:
    """Raise `StorageTrouble` where there is nothing of this version to read; changes nothing."""
    match migrate.check(source):
        case "current":
            return
        case "behind":
            raise StorageTrouble(
                f'{source.shown} is from an older version: back it up, bring it up to date with "civicloop migrate"'
            )
        case "ahead":
            migrate.refuse_newer(source)
        case "unfinished":
            raise StorageTrouble(f"{source.shown} is itself a copy that was not finished")
        case _:
            raise StorageTrouble(f"{source.shown} has no tables of civicloop: nothing to copy")


def prepare(source: Database, target: Database) -> Plan:
    """Make the target's tables where it has none, and count both sides.

    Raises `StorageTrouble` where both are one database, or where the target holds anything but (a part of) this copy.
    """
    if _same(source, target):
        raise StorageTrouble("source and target are the same database")
    check_source(source)
    if migrate.check(target) == "empty":
        migrate.upgrade(target)
    plan = Plan(_counts(source), _counts(target), _is_begun(target))
    if any(plan.present.values()) and not (plan.begun or plan.only_compares):
        raise StorageTrouble(
            f"{target.shown} holds rows that are not of this copy (another installation, or a bot has run on it): "
            "copy into an empty database"
        )
    return plan


def _is_begun(target: Database) -> bool:
    """Return whether a copy into the target was cut short. Raises where it cannot take this program's rows."""
    match migrate.check(target):
        case "unfinished":
            migrate.refuse_other_copy(target)
            return True
        case "behind":
            raise StorageTrouble(f"{target.shown} has tables of an older version: copy into an empty database")
        case _:
            migrate.refuse_newer(target)
            return False


def _file(database: Database) -> Path | None:
    return Path(str(database.engine.url.database)) if database.dialect == "sqlite" else None


def _same(one: Database, other: Database) -> bool:
    """Whether two addresses lead to one database, by whatever names."""
    ours, theirs = _file(one), _file(other)
    if ours is not None or theirs is not None:
        return bool(ours and theirs and ours.exists() and theirs.exists() and ours.samefile(theirs))
    return _identity(one) == _identity(other)


def _identity(database: Database) -> Row:
    """Return what no two PostgreSQL databases share: when the server started, and the number of the database."""
    asked = "SELECT pg_postmaster_start_time(), oid FROM pg_database WHERE datname = current_database()"
    with database.reading() as db:
        return tuple(db.execute(text(asked)).one())


def _counts(database: Database) -> dict[str, int]:
    with database.reading() as db:
        return {
            table.name: db.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


# --------------------------------------------------------------------------- the copy


def carry(source: Database, target: Database, plan: Plan) -> Iterator[Step]:
    """Compare what the target has, carry the rest, and tell of each batch when it is committed and compared.

    Raises `Differs` where both sides hold different rows, `StorageTrouble` for what the world does. Cut short at any
    moment, it goes on where it was when `prepare` and `carry` are called again. The source is read at one moment.
    """
    if not plan.only_compares:
        migrate.begin_copy(target)
        crossings.passed("copying.begun")
    with source.reading() as there:
        for table in metadata.sorted_tables:
            yield from _carry(there, target, table)
        given = numbers(there)
    if not plan.only_compares:
        _finish(target, plan, given)


def _carry(there: Connection, target: Database, table: Table) -> Iterator[Step]:
    nothing: list[Row] = []
    with closing(batches(there, table)) as wanted, closing(_present(target, table)) as found:
        for ours, theirs in zip_longest(wanted, found, fillvalue=nothing):
            _compare(target, table, ours[: len(theirs)], theirs)
            missing = ours[len(theirs) :]
            if missing:
                _write(target, table, missing)
            yield Step(table.name, len(ours), len(missing))


def _present(target: Database, table: Table) -> Generator[list[Row], None, None]:
    """Give what the target had of a table when we came to it; it is not held open once that is read."""
    with target.reading() as here:
        yield from batches(here, table)


def batches(db: Connection, table: Table, *among: ColumnElement[bool]) -> Generator[list[Row], None, None]:
    """Give rows of a table in the order of their keys, in full batches but for the last one."""
    order = [_ordered(key, db) for key in table.primary_key]
    with db.execute(select(table).where(*among).order_by(*order).execution_options(yield_per=BATCH)) as rows:
        for part in rows.partitions():
            yield list(map(tuple, part))


def _ordered(key: ColumnElement[Any], db: Connection) -> ColumnElement[Any]:
    """Order texts by their bytes on both sides; PostgreSQL would go by the rules of a language."""
    return key.collate("C") if db.dialect.name == "postgresql" and isinstance(key.type, String) else key


def _write(target: Database, table: Table, rows: list[Row]) -> None:
    """Write rows and read them back, in one transaction."""
    try:
        with target.transaction() as db:
            Insert(table, table.c.keys())(db, rows)
            stored = [row for part in batches(db, table, _among(table, rows)) for row in part]
            _compare(target, table, rows, stored)
            crossings.passed("copying.compared")
        crossings.passed("copying.committed")
    except (DataError, IntegrityError) as error:
        where = f"{_named(table, rows[0])} to {_named(table, rows[-1])}"
        raise StorageTrouble(f"{target.shown} refuses a row of {table.name}, {where}: {error.orig}") from error


def _among(table: Table, rows: Sequence[Row]) -> ColumnElement[bool]:
    """Return what finds these rows, which follow each other in the order of their keys."""
    if table.autoincrement_column is not None:
        return table.c.id.between(_key(table, rows[0])[0], _key(table, rows[-1])[0])
    return tuple_(*table.primary_key).in_([_key(table, row) for row in rows])


def _key(table: Table, row: Row) -> Row:
    return tuple(value for column, value in zip(table.c, row, strict=True) if column.primary_key)


# --------------------------------------------------------------------------- the comparison


def _compare(target: Database, table: Table, ours: list[Row], theirs: list[Row]) -> None:
    if ours != theirs:
        raise Differs(target, [f"{table.name}, {said}" for said in _differences(table, ours, theirs)][:SHOWN])


def _differences(table: Table, ours: list[Row], theirs: list[Row]) -> Iterator[str]:
    wanted, found = ({_key(table, row): row for row in rows} for rows in (ours, theirs))
    for key, row in wanted.items():
        if key not in found:
            yield f"{_named(table, row)}: missing"
        elif row != found[key]:
            columns = [name for name, one, other in zip(table.c.keys(), row, found[key], strict=True) if one != other]
            yield f"{_named(table, row)}: other {', '.join(columns)}"
    for key, row in found.items():
        if key not in wanted:
            yield f"{_named(table, row)}: not in the source"


def _named(table: Table, row: Row) -> str:
    """Name a row by its key, which is never what a person wrote."""
    return " ".join(f"{column.name}={value}" for column, value in zip(table.primary_key, _key(table, row), strict=True))


# --------------------------------------------------------------------------- after


def _finish(target: Database, plan: Plan, numbers: Mapping[str, int]) -> None:
    """Let ids go on where the source's were, and take the mark away."""
    present = _counts(target)
    others = [f"{name}: {present[name]} rows, not {rows}" for name, rows in plan.rows.items() if present[name] != rows]
    if others:
        raise Differs(target, others)
    with target.transaction() as db:
        for name, number in numbers.items():
            count_on(db, name, number)
        if target.dialect == "postgresql":
            db.execute(text("ANALYZE"))
        migrate.end_copy(db)
        crossings.passed("copying.ends")
    crossings.passed("copying.ended")


def numbers(db: Connection) -> dict[str, int]:
    """Return the highest number each table has ever given, as far as the database knows: never below what is there."""
    highest = {
        table.name: db.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()
        for table in metadata.sorted_tables
        if table.autoincrement_column is not None
    }
    if db.dialect.name == "sqlite":
        given = dict(map(tuple, db.execute(text("SELECT name, seq FROM sqlite_sequence"))))
    else:
        last = text("SELECT pg_sequence_last_value(pg_get_serial_sequence(:name, 'id')::regclass)")
        given = {name: db.execute(last, {"name": name}).scalar() or 0 for name in highest}
    return {name: max(number, given.get(name, 0)) for name, number in highest.items()}


def count_on(db: Connection, name: str, number: int) -> None:
    """Let the next row of a table get a number above `number`, whatever was deleted."""
    if not number:
        return
    if db.dialect.name == "postgresql":
        db.execute(
            text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :number)"), {"name": name, "number": number}
        )
    elif metadata.tables[name].dialect_options["sqlite"]["autoincrement"]:
        db.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": name})
        db.execute(
            text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :number)"), {"name": name, "number": number}
        )
