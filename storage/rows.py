"""Between frozen dataclasses and table rows, many at a time."""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from sqlalchemy import Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite

from storage.tables import Instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlalchemy import BindParameter, ColumnElement, Connection, Dialect, Executable

Noun = TypeVar("Noun")
PerDialect: TypeAlias = "Mapping[str, Executable]"

IDS: BindParameter[Any] = bindparam("ids", expanding=True)
"""Stands for a whole list of keys in a precompiled `WHERE … IN`."""


def read(noun: Callable[..., Noun], rows: Iterable[Any]) -> list[Noun]:
    """Make one noun of each row whose columns come in the order of the noun's fields."""
    return [noun(*row) for row in rows]


class Shape(Generic[Noun]):
    """A dataclass whose fields are named like columns of a table."""

    def __init__(self, table: Table, noun: type[Noun]) -> None:
        """Pair the fields of `noun` with the columns of `table`; a field without a column is a mistake of ours."""
        self.noun = noun
        self.names = tuple(field.name for field in fields(noun))  # type: ignore[arg-type]
        self.columns: tuple[ColumnElement[Any], ...] = tuple(table.c[name] for name in self.names)
        self._take = attrgetter(*self.names)

    def read(self, rows: Iterable[Any]) -> list[Noun]:
        """Make one noun of each row selected with `columns`."""
        return [self.noun(*row) for row in rows]

    def first(self, rows: Iterable[Any]) -> Noun | None:
        """Make a noun of the first row, if there is one."""
        return next((self.noun(*row) for row in rows), None)

    def write(self, nouns: Iterable[Noun]) -> list[dict[str, Any]]:
        """Return the parameters of an executemany."""
        return [dict(zip(self.names, self._take(noun), strict=True)) for noun in nouns]


def insert_each(table: Table) -> Mapping[str, sqlite.Insert | postgresql.Insert]:
    """Return an INSERT per dialect, for what only one of them can say."""
    return {"sqlite": sqlite.insert(table), "postgresql": postgresql.insert(table)}


def insert_new(table: Table, *returning: ColumnElement[Any]) -> PerDialect:
    """Return an INSERT that passes over rows already there; `returning` gives columns of the new ones only."""
    inserts = {name: insert.on_conflict_do_nothing() for name, insert in insert_each(table).items()}
    return {name: insert.returning(*returning) for name, insert in inserts.items()} if returning else inserts


def many(db: Connection, statements: PerDialect | Executable, rows: Sequence[Mapping[str, Any]]) -> int:
    """Execute one statement for all rows, which have the same keys; return how many rows of the table it touched.

    The statement is compiled once and handed to the driver as text: Core itself looks at each value of each row anew,
    which is most of what a turn would cost.
    """
    if not rows:
        return 0
    statement = statements[db.dialect.name] if isinstance(statements, dict) else statements
    words, prepare = _compiled(statement, db.dialect, tuple(rows[0]))
    return db.exec_driver_sql(words, [prepare(row) for row in rows]).rowcount


@lru_cache(maxsize=500)
def _compiled(statement: Executable, dialect: Dialect, keys: tuple[str, ...]) -> tuple[str, Callable[[Any], Any]]:
    """Return the statement in the driver's words, and what makes the driver's parameters of a row."""
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(keys), for_executemany=True)  # type: ignore[attr-defined]
    defaults = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
    defaults |= {column.key: column.default.arg for column in compiled.insert_prefetch}
    convert = {
        name: bind.type.bind_processor(dialect)
        for name, bind in compiled.binds.items()
        if isinstance(bind.type, Instant)
    }
    if compiled.positional:
        return compiled.string, _positional(tuple(compiled.positiontup), defaults, convert)
    return compiled.string, _named(defaults, convert)


def _positional(
    names: tuple[str, ...], defaults: Mapping[str, Any], convert: Mapping[str, Callable[[Any], Any]]
) -> Callable[[Any], Any]:
    take = itemgetter(*names)
    moments = [(place, convert[name]) for place, name in enumerate(names) if name in convert]

    def prepare(row: Mapping[str, Any]) -> tuple[Any, ...]:
        values = list(take({**defaults, **row} if defaults else row))
        for place, change in moments:
            values[place] = change(values[place])
        return tuple(values)

    return prepare


def _named(defaults: Mapping[str, Any], convert: Mapping[str, Callable[[Any], Any]]) -> Callable[[Any], Any]:
    def prepare(row: Mapping[str, Any]) -> dict[str, Any]:
        return {**defaults, **row, **{name: change(row[name]) for name, change in convert.items() if name in row}}

    return prepare
