"""Between frozen dataclasses and table rows, many at a time."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar

from sqlalchemy import Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sqlalchemy import BindParameter, ColumnElement, Connection, Executable

Noun = TypeVar("Noun")
PerDialect: TypeAlias = "Mapping[str, Executable]"

_COUNTED: Final = {"preserve_rowcount": True}
"""Of an INSERT the row count is told only where one asks."""
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


def many(db: Connection, statements: PerDialect, rows: list[dict[str, Any]]) -> int:
    """Execute the dialect's statement for all rows at once; return how many rows it touched."""
    if not rows:
        return 0
    return db.execute(statements[db.dialect.name], rows, execution_options=_COUNTED).rowcount
