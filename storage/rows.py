"""Between nouns (frozen dataclasses, named tuples) and table rows, many at a time.

`Insert` and `Update` write a whole group with one statement: `executemany` on SQLite, arrays on PostgreSQL, where a
statement for each row would cost eight times as much. Their text is made once and handed to the driver as it is: Core
looks at each value of each row anew, which was half of what a turn cost (110 of 230 µs).
"""

from __future__ import annotations

import json
from dataclasses import fields
from functools import lru_cache
from itertools import starmap
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar

from sqlalchemy import Boolean, Float, Integer, LargeBinary, Table, bindparam, literal
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from storage.database import drive, fetch
from storage.tables import Instant, to_driver

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from sqlalchemy import BindParameter, ColumnElement, Connection, Dialect, Executable, Select
    from sqlalchemy.sql.compiler import SQLCompiler

Noun = TypeVar("Noun")
PerDialect: TypeAlias = "Mapping[str, Executable]"

IDS: BindParameter[Any] = bindparam("ids", expanding=True)
"""Stands for a whole list of keys in a precompiled `WHERE … IN`."""
FEW: Final = 500
"""Keys that stand in a statement as a parameter each."""
_DIALECTS: Mapping[str, Dialect] = {"sqlite": sqlite.dialect(), "postgresql": postgresql.dialect()}  # type: ignore[no-untyped-call]


def not_among(column: ColumnElement[int], ids: Iterable[int]) -> ColumnElement[bool]:
    """Return that a number is none of these, however many: written out, for a statement takes 32,766 parameters."""
    return column.not_in(bindparam(None, sorted(ids), expanding=True, literal_execute=True))


class _Among(FunctionElement[bool]):
    """Bytes, and a JSON list of bytes in hexadecimal digits: whether the former are among the latter."""

    name = "among"
    inherit_cache = True
    type = Boolean()


@compiles(_Among, "sqlite")
def _in_sqlite(element: _Among, compiler: SQLCompiler, **how: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    column, keys = (compiler.process(each, **how) for each in element.clauses)
    return f"(lower(hex({column})) IN (SELECT value FROM json_each({keys})))"  # noqa: S608 - of compiled parts


@compiles(_Among, "postgresql")
def _in_postgresql(element: _Among, compiler: SQLCompiler, **how: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    column, keys = (compiler.process(each, **how) for each in element.clauses)
    return f"(encode({column}, 'hex') IN (SELECT json_array_elements_text(CAST({keys} AS json))))"


def among(column: ColumnElement[bytes], keys: Collection[bytes]) -> ColumnElement[bool]:
    """Return that bytes are one of these, however many: of many in one parameter, for a statement takes 32,766."""
    if len(keys) <= FEW:
        return column.in_(keys)
    return _Among(column, literal(json.dumps([key.hex() for key in keys])))


def read(noun: Callable[..., Noun], rows: Iterable[Any]) -> list[Noun]:
    """Make one noun of each row whose columns come in the order of the noun's fields."""
    return list(starmap(noun, rows))


class Shape(Generic[Noun]):
    """A dataclass or named tuple whose fields are named like columns of a table."""

    def __init__(self, table: Table, noun: type[Noun]) -> None:
        """Pair the fields of `noun` with the columns of `table`; a field without a column is a mistake of ours."""
        self.noun = noun
        self.names: tuple[str, ...] = getattr(noun, "_fields", ()) or tuple(field.name for field in fields(noun))  # type: ignore[arg-type]
        self.columns: tuple[ColumnElement[Any], ...] = tuple(table.c[name] for name in self.names)
        self._take = attrgetter(*self.names)

    def read(self, rows: Iterable[Any]) -> list[Noun]:
        """Make one noun of each row selected with `columns`."""
        return list(starmap(self.noun, rows))

    def first(self, rows: Iterable[Any]) -> Noun | None:
        """Make a noun of the first row, if there is one."""
        return next((self.noun(*row) for row in rows), None)

    def write(self, nouns: Iterable[Noun]) -> list[dict[str, Any]]:
        """Return the parameters of an executemany."""
        return [dict(zip(self.names, self._take(noun), strict=True)) for noun in nouns]


# --------------------------------------------------------------------------- whole groups, by tuples


class Insert:
    """An INSERT of tuples of these columns; the table's other columns get their defaults."""

    def __init__(self, table: Table, names: Sequence[str], *, end: str = "") -> None:
        """`end` follows the rows: `ON CONFLICT DO NOTHING`, say."""
        self._texts = {name: _insertion(table, names, end, dialect) for name, dialect in _DIALECTS.items()}
        self._moments = _of_kind(table, names, Instant)
        self._floats = _of_kind(table, names, Float)

    def __call__(self, db: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
        """Return how many rows were written."""
        return _group(db, self._texts, (self._moments, self._floats), rows)


class Update:
    """An UPDATE by tuples: first the new values of `sets`, then what the row is found by."""

    def __init__(self, table: Table, sets: Sequence[str], where: Sequence[str], *, also: str = "") -> None:
        """`also` is one more assignment (`revision = revision + 1`)."""
        self._texts = {name: _updating(table, sets, where, also, dialect) for name, dialect in _DIALECTS.items()}
        self._moments = _of_kind(table, sets, Instant)
        self._floats = _of_kind(table, sets, Float)

    def __call__(self, db: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
        """Return how many rows were changed."""
        return _group(db, self._texts, (self._moments, self._floats), rows)


def _of_kind(table: Table, names: Sequence[str], kind: type) -> tuple[int, ...]:
    return tuple(place for place, name in enumerate(names) if isinstance(table.c[name].type, kind))


def _group(
    db: Connection,
    texts: Mapping[str, str],
    special: tuple[tuple[int, ...], tuple[int, ...]],
    rows: Sequence[tuple[Any, ...]],
) -> int:
    if not rows:
        return 0
    if db.dialect.name == "sqlite":
        return int(drive(db, texts["sqlite"], list(rows)).rowcount)
    arrays = tuple(map(list, zip(*rows, strict=True)))
    moments, floats = special
    for place in moments:
        for moment in arrays[place]:
            to_driver(moment)
    for place in floats:  # the driver takes no array of whole and broken numbers
        arrays[place][:] = [None if value is None else float(value) for value in arrays[place]]
    return int(drive(db, texts["postgresql"], arrays).rowcount)


def _insertion(table: Table, names: Sequence[str], end: str, dialect: Dialect) -> str:
    quote = dialect.identifier_preparer.quote
    fixed = {
        column.key: str(literal(column.default.arg, column.type).compile(dialect=dialect, compile_kwargs=_LITERAL))
        for column in table.c
        if isinstance(column.default, ScalarElementColumnDefault) and column.key not in names
    }
    columns = ", ".join(map(quote, (*names, *fixed)))
    if dialect.name == "postgresql":
        chosen = ", ".join([f"v.{quote(name)}" for name in names] + list(fixed.values()))
        source = f"SELECT {chosen} FROM {_arrays(table, names, dialect)}"  # noqa: S608 - names of our own columns
    else:
        source = f"VALUES ({', '.join(['?'] * len(names) + list(fixed.values()))})"
    return f"INSERT INTO {quote(table.name)} ({columns}) {source} {end}".rstrip()


def _updating(table: Table, sets: Sequence[str], where: Sequence[str], also: str, dialect: Dialect) -> str:
    quote, arrays = dialect.identifier_preparer.quote, dialect.name == "postgresql"
    changes = [f"{quote(name)} = {f'v.{quote(name)}' if arrays else '?'}" for name in sets]
    # A column may be both changed and looked for: the array of what is looked for has an `is_` in front.
    keys = [f"{quote(table.name)}.{quote(name)} = {f'v.is_{name}' if arrays else '?'}" for name in where]
    source = f" FROM {_arrays(table, sets, dialect, where)}" if arrays else ""
    assigned = ", ".join([*changes, also] if also else changes)
    return f"UPDATE {quote(table.name)} SET {assigned}{source} WHERE {' AND '.join(keys)}"  # noqa: S608 - as above


def _arrays(table: Table, names: Sequence[str], dialect: Dialect, where: Sequence[str] = ()) -> str:
    """Return a table `v` made of one array for each column."""
    quote = dialect.identifier_preparer.quote
    arrays = ", ".join(f"%s::{_base(table.c[name].type)}[]" for name in (*names, *where))
    return f"unnest({arrays}) AS v({', '.join([*map(quote, names), *(f'is_{name}' for name in where)])})"


def _base(kind: object) -> str:
    """Return PostgreSQL's name of a type, without a length: a cast would cut what is too long in silence."""
    match kind:
        case Boolean():
            return "boolean"
        case Integer():
            return "bigint"
        case Float():
            return "double precision"
        case LargeBinary():
            return "bytea"
        case Instant():
            return "timestamptz"
        case _:
            return "text"


_LITERAL: Mapping[str, bool] = {"literal_binds": True}


class Lookup(Generic[Noun]):
    """A SELECT handed to the driver as text, for what every group of turns reads.

    Core builds a list of keys into the statement anew each time and makes an object of each row first: twice the cost.
    """

    def __init__(self, noun: Callable[..., Noun], statement: Select[Any]) -> None:
        """`noun` takes the columns in their order; the statement may hold `IDS` and other named parameters."""
        self._noun = noun
        self._texts = {name: _Text(statement, dialect) for name, dialect in _DIALECTS.items()}

    def __call__(self, db: Connection, ids: Sequence[Any] = (), **given: object) -> list[Noun]:
        """Return the nouns found."""
        return self.made(self.raw(db, ids, **given), db)

    def raw(self, db: Connection, ids: Sequence[Any] = (), **given: object) -> list[tuple[Any, ...]]:
        """Return the rows as the driver gives them."""
        return fetch(db, *self._texts[db.dialect.name].filled(list(ids), given))

    def made(self, rows: list[tuple[Any, ...]], db: Connection) -> list[Noun]:
        """Return the nouns of raw rows."""
        return list(starmap(self._noun, self._texts[db.dialect.name].converted(rows)))


class Watch(Generic[Noun]):
    """A `Lookup` of few rows that seldom change: while they do not, the same nouns are returned. For one thread."""

    def __init__(self, lookup: Lookup[Noun]) -> None:
        self._lookup = lookup
        self._rows: list[tuple[Any, ...]] = []
        self._nouns: list[Noun] = []

    def __call__(self, db: Connection) -> list[Noun]:
        """Return the nouns as they stand now."""
        rows = self._lookup.raw(db)
        if rows != self._rows:
            self._rows, self._nouns = rows, self._lookup.made(rows, db)
        return self._nouns


class _Text:
    """A SELECT in the words of one driver."""

    def __init__(self, statement: Select[Any], dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        self._words: str = compiled.string
        self._named: Mapping[str, Any] = dict(compiled.params)
        self._order: tuple[str, ...] | None = tuple(compiled.positiontup) if compiled.positional else None
        processors = [
            column.type.dialect_impl(dialect).result_processor(dialect, None) for column in statement.selected_columns
        ]
        self._changes = [(place, change) for place, change in enumerate(processors) if change is not None]

    def filled(self, ids: list[Any], given: Mapping[str, object]) -> tuple[str, Any]:
        """Return the words and the parameters."""
        if self._order is None:
            return self._words.replace(f"IN ({_MARK})", "= ANY(%(ids)s)"), {**self._named, **given, "ids": ids}
        padded = [*ids, *ids[-1:] * (_power(len(ids)) - len(ids))]
        values = {**self._named, **given}
        parameters: list[Any] = []
        for name in self._order:
            parameters += padded if name == "ids" else [values[name]]
        return self._words.replace(_MARK, ", ".join("?" * len(padded))), tuple(parameters)

    def converted(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Return the rows with their values as Python knows them."""
        if not self._changes or not rows:
            return rows
        columns: list[Any] = list(zip(*rows, strict=True))
        for place, change in self._changes:
            columns[place] = map(change, columns[place])
        return list(zip(*columns, strict=True))


_MARK = "__[POSTCOMPILE_ids]"
"""What SQLAlchemy writes where a list of keys will stand."""


def _power(count: int) -> int:
    """Return the next power of two: a handful of texts, which the driver keeps prepared, serve all lengths."""
    return 1 << (count - 1).bit_length() if count else 0


# --------------------------------------------------------------------------- by Core's statements


def insert_each(table: Table) -> Mapping[str, sqlite.Insert | postgresql.Insert]:
    """Return an INSERT per dialect, for what only one of them can say."""
    return {"sqlite": sqlite.insert(table), "postgresql": postgresql.insert(table)}


def insert_new(table: Table, *returning: ColumnElement[Any]) -> PerDialect:
    """Return an INSERT that passes over rows already there; `returning` gives columns of the new ones only."""
    inserts = {name: insert.on_conflict_do_nothing() for name, insert in insert_each(table).items()}
    return {name: insert.returning(*returning) for name, insert in inserts.items()} if returning else inserts


def many(db: Connection, statements: PerDialect | Executable, rows: Sequence[Mapping[str, Any]]) -> int:
    """Execute one statement for all rows, which have the same keys; return how many rows of the table it touched."""
    if not rows:
        return 0
    statement = statements[db.dialect.name] if isinstance(statements, dict) else statements
    words, prepare = _compiled(statement, db.dialect, tuple(rows[0]))
    if db.dialect.name == "sqlite":
        return int(drive(db, words, [prepare(row) for row in rows]).rowcount)
    # One by one: psycopg sends many as a pipeline, in which the server knows no idle moment; a process frozen in one
    # would keep its locks for ever, since `idle_in_transaction_session_timeout` does not see it.
    return sum(int(drive(db, words, prepare(row)).rowcount) for row in rows)


@lru_cache(maxsize=500)
def _compiled(statement: Executable, dialect: Dialect, keys: tuple[str, ...]) -> tuple[str, Callable[[Any], Any]]:
    """Return the statement in the driver's words, and what makes the driver's parameters of a row."""
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(keys), for_executemany=True)  # type: ignore[attr-defined]
    defaults = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
    defaults |= {column.key: column.default.arg for column in compiled.insert_prefetch}
    if compiled.positional:
        return compiled.string, _positional(tuple(compiled.positiontup), defaults)
    return compiled.string, lambda row: {**defaults, **row}


def _positional(names: tuple[str, ...], defaults: Mapping[str, Any]) -> Callable[[Any], Any]:
    take = itemgetter(*names)
    return lambda row: take({**defaults, **row} if defaults else row)
