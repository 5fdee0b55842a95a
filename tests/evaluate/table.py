"""What a measure returns, and how the table is printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    measured: str
    target: str = ""
    """In words, with the bound: "≥ .60"."""
    met: bool | None = None
    note: str = ""
    """What a reader must know to judge the figure: how many rows, which of them something was tuned on."""


HEADS = ("what", "measured", "baseline", "target", "met", "note")
BASELINES = (
    ("NHS: macro-F1", ".57 learnt from all labels, five-fold"),
    ("cycling: macro-F1", ".70 learnt from all labels, five-fold"),
    ("language: all", ".977"),
    ("language: sib 8-15", ".96"),
    ("language: sib 16", ".99"),
    ("private: numbers of a shape", "1.0"),
    ("private: digits of addresses", ".74"),
    ("private: names in", ".49 over all languages"),
    ("campaigns: members found", "239 to 240 of 240"),
    ("campaigns: others", "0"),
    ("danger: urgent", ".95"),
    ("danger: per 1,000", "0 to 21"),
)
"""What simple means reach: lists, plans of numbers, word vectors with a classifier, equal shingles of words."""


def at_least(what: str, value: float, bound: float, note: str = "") -> Row:
    """Return the line of a figure that should reach a bound."""
    return Row(what, f"{value:.3f}", f"≥ {bound}", value >= bound, note)


def lines(rows: Iterable[Row]) -> list[str]:
    """Return the table as Markdown."""
    cells = [HEADS, *(_cells(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    head, *body = (_line(each, widths) for each in cells)
    return [head, _line(["-" * width for width in widths], widths), *body]


def _cells(row: Row) -> tuple[str, ...]:
    baseline = next((told for beginning, told in BASELINES if row.what.startswith(beginning)), "")
    return (row.what, row.measured, baseline, row.target, {True: "yes", False: "NO", None: ""}[row.met], row.note)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return f"| {' | '.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))} |"
