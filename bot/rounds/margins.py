"""How many people of each group live in a city: read from a CSV file or a form, each fault with its row. Pure."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from bot.rounds import wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.rounds.variables import Variable

COLUMNS = {
    "variable": frozenset({"variable"}),
    "group": frozenset({"group"}),
    "people": frozenset({"people", "count", "residents", "population"}),
    "percent": frozenset({"percent", "share", "%"}),
}
"""What the columns may be called."""
LONGEST = 300
"""Letters of a source."""
MOST_ROWS = 5000
LARGEST = 2_000_000
"""Bytes of a file with so many rows."""
SLACK = 1.0
"""So far from 100 may percents add up that were rounded one by one."""
_NUMBER = re.compile(r"\d{1,12}([.,]\d{1,6})?")


@dataclass(frozen=True, slots=True)
class Margin:
    """How the residents divide by one variable. `source` says who counted, `on` (ISO day) when it held.

    `groups` holds a weight for each group: people or percent, as the source gives it. What counts is the share.
    """

    variable: str
    groups: Mapping[str, float]
    source: str
    on: str

    def share(self, group: str) -> float:
        """Return which part of the residents a group is, from 0 to 1."""
        return self.groups[group] / sum(self.groups.values())


@dataclass(frozen=True, slots=True)
class Line:
    """One number as it was typed; `row` counts from 1, the heading of a file included."""

    row: int
    variable: str
    group: str
    number: str
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Slip:
    """What is wrong with one row; `group` is the one it is about, where there is one. `key` is a fault's wording."""

    row: int
    key: str
    values: Mapping[str, object]
    group: str = ""

    def said(self, language: str) -> str:
        """Return it in one line."""
        return wording.fault(language, self.key, **self.values)


Weights = dict[str, dict[str, float]]
"""By variable, by group."""


def load(kept: Mapping[str, Any]) -> dict[str, Margin]:
    """Return margins by variable, from what `dump` has made."""
    return {name: Margin(**each) for name, each in kept.items()}


def dump(margins: Mapping[str, Margin]) -> dict[str, Any]:
    """Return margins as JSON takes them."""
    return {name: asdict(each) for name, each in sorted(margins.items())}


def sourced(source: str, on: str, today: date) -> tuple[str, str]:
    """Return source and day as they are kept. Raises `Refused` where one is missing or cannot be."""
    told = " ".join(source.split())
    if not 0 < len(told) <= LONGEST:
        raise wording.Forbidden("margin_source", most=LONGEST)
    try:
        day = date.fromisoformat(on.strip())
    except ValueError:
        raise wording.Forbidden("margin_date") from None
    if day > today:
        raise wording.Forbidden("margin_date")
    return told, day.isoformat()


def table(text: str) -> list[Line]:
    """Return the lines of a CSV with a heading. Raises `Refused` where a column is missing or nothing follows."""
    head = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=head.count))
    try:
        heading = [cell.strip().casefold() for cell in next(rows, [])]
        places = {name: _place(heading, names) for name, names in COLUMNS.items()}
        counts = "people" if places["people"] is not None else "percent"
        if None in {places["variable"], places["group"], places[counts]}:
            raise wording.Forbidden("margin_columns")
        wanted = (places["variable"], places["group"], places[counts])
        lines = [
            _line(rows.line_num, cells, wanted, percent=counts == "percent")
            for cells in rows
            if any(cell.strip() for cell in cells)
        ]
    except csv.Error:
        raise wording.Forbidden("margin_columns") from None
    if not 0 < len(lines) <= MOST_ROWS:
        raise wording.Forbidden("margin_rows", most=MOST_ROWS)
    return lines


def _place(heading: Sequence[str], names: frozenset[str]) -> int | None:
    return next((n for n, cell in enumerate(heading) if cell in names), None)


def _line(row: int, cells: Sequence[str], places: Sequence[int | None], *, percent: bool) -> Line:
    variable, group, number = (_cell(cells, place) for place in places)
    return Line(row, variable, group, number, percent)


def _cell(cells: Sequence[str], place: int | None) -> str:
    return cells[place].strip() if place is not None and place < len(cells) else ""


def weighed(lines: Iterable[Line], known: Mapping[str, Variable]) -> tuple[Weights, list[Slip]]:
    """Return the weights of each group, and everything that is wrong, in the order of the rows."""
    weights: Weights = {}
    first: dict[tuple[str, str], int] = {}
    last: dict[str, Line] = {}
    slips: list[Slip] = []
    for line in lines:
        variable = known.get(line.variable.strip().casefold())
        group = variable.find(line.group) if variable else None
        slip = _slip(line, variable, group, known, first)
        slips += [slip] if slip else []
        if variable and group:
            first.setdefault((variable.key, group), line.row)
            last[variable.key] = line
            weights.setdefault(variable.key, {}).setdefault(group, _number(line) or 0.0)
    if not slips:
        slips = [slip for name in weights for slip in _sums(weights[name], last[name])]
    return weights, slips


def _slip(
    line: Line,
    variable: Variable | None,
    group: str | None,
    known: Mapping[str, Variable],
    first: Mapping[tuple[str, str], int],
) -> Slip | None:
    """Return what is wrong with a line by itself, or with it after those before."""
    if variable is None:
        return Slip(line.row, "margin_variable", {"value": line.variable, "known": ", ".join(known)})
    if group is None:
        values = {"value": line.group, "variable": variable.key, "known": ", ".join(variable.groups)}
        return Slip(line.row, "margin_group", values)
    if (variable.key, group) in first:
        return Slip(line.row, "margin_twice", {"group": line.group, "row": first[variable.key, group]}, group)
    if _number(line) is None:
        return Slip(line.row, "margin_number", {"group": line.group, "value": line.number}, group)
    return None


def _number(line: Line) -> float | None:
    """Return the number of a line: people are whole, percents may have a fraction; None where it is neither."""
    plain = re.sub(r"[\s\u00a0\u202f]", "", line.number.removesuffix("%"))
    found = _NUMBER.fullmatch(plain)
    if not found or (found[1] and not line.percent):
        return None
    return float(plain.replace(",", "."))


def _sums(groups: Mapping[str, float], last: Line) -> list[Slip]:
    total = sum(groups.values())
    if last.percent and abs(total - 100) > SLACK:
        return [Slip(last.row, "margin_sum", {"variable": last.variable, "sum": f"{total:g}"})]
    if not total:
        return [Slip(last.row, "margin_nobody", {"variable": last.variable})]
    return []
