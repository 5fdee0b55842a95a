"""The answers that a form offers, by list."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.importing.columns import report
from bot.importing.names import Names
from bot.importing.workbook import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from bot.importing.losses import Ledger

OTHER = "other"
"""The name a form gives the choice that `or_other` adds."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer that is offered."""

    name: str
    id: str
    words: Mapping[str, str]
    """Its label by language."""
    row: int = 0
    cells: Mapping[str, str] = field(default_factory=dict)
    """What its columns hold: filters look at it."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a form takes for granted and a flow must say, by language: "OK", "Other", "Which other?"."""

    ok: Mapping[str, str]
    other: Mapping[str, str]
    which_other: Mapping[str, str]


class Lists:
    """The lists of a form, each read when it is first asked for."""

    def __init__(
        self,
        rows: Mapping[str, tuple[Row, ...]],
        words: Callable[[Row], Mapping[str, str]],
        ledger: Ledger,
        sheet: str = "choices",
    ) -> None:
        self.sheet = sheet
        self.rows = rows
        self.words = words
        self.ledger = ledger
        self.read: dict[str, tuple[Choice, ...]] = {}

    def get(self, name: str) -> tuple[Choice, ...]:
        """Return the choices of a list, each name once; none where there is no such list."""
        return once(self.every(name), self.ledger, self.sheet)

    def every(self, name: str) -> tuple[Choice, ...]:
        """Return the choices of a list; several may have one name, and have one id then."""
        if name not in self.read:
            self.read[name] = tuple(self._choices(self.rows.get(name, ())))
        return self.read[name]

    def _choices(self, rows: Iterable[Row]) -> Iterator[Choice]:
        ids: dict[str, str] = {}
        names = Names()
        for row in rows:
            name = row.text("name")
            if not name:
                self.ledger.lose(self.sheet, row.number, "the choice has no name; left out")
                continue
            if name not in ids:
                ids[name] = names.give(name)
            report(row, self.ledger)
            cells = {column: row.text(column) for column in row.cells}
            yield Choice(name, ids[name], self.words(row), row.number, cells)


def once(choices: Iterable[Choice], ledger: Ledger, sheet: str = "choices") -> tuple[Choice, ...]:
    """Return choices without those whose name is there already; they are told."""
    found: dict[str, Choice] = {}
    for one in choices:
        if one.name in found:
            ledger.lose(sheet, one.row, f'choice "{one.name}" is there already; left out')
        found.setdefault(one.name, one)
    return tuple(found.values())


def with_others(
    rows: Mapping[str, tuple[Row, ...]], lists: Iterable[str], words: Mapping[str, str]
) -> dict[str, tuple[Row, ...]]:
    """Return the rows of all lists, "Other" after those of `lists`: a form adds it wherever they are offered."""
    found = dict(rows)
    for name in lists:
        known = found.get(name, ())
        if known and all(row.text("name") != OTHER for row in known):
            found[name] = (*known, Row("choices", known[-1].number, {"name": OTHER, "label": dict(words)}))
    return found
