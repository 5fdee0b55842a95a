"""What of a spreadsheet is not in the flow, or is there in another way: every line with its sheet and row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, order=True)
class Loss:
    """One thing that could not be carried; as text `survey row 12: type "geotrace": no such question here`."""

    sheet: str
    row: int
    """As the spreadsheet numbers it; 0 speaks of the whole sheet."""
    what: str
    is_note: bool = False
    """Whether it means the same here, said or done another way."""
    is_question: bool = False
    """Whether it is a question that people would be asked."""

    def __str__(self) -> str:
        """Return the line an author reads."""
        return _line(self.sheet, [self.row], self.what)


class Ledger:
    """Gathers losses while a spreadsheet is read."""

    def __init__(self) -> None:
        self.entries: list[Loss] = []

    def lose(self, sheet: str, row: int, what: str, *, question: bool = False) -> None:
        """Note what is not in the flow; `question`: people would be asked it."""
        self.entries.append(Loss(sheet, row, what, is_question=question))

    def note(self, sheet: str, row: int, what: str) -> None:
        """Note what is in the flow in another way."""
        self.entries.append(Loss(sheet, row, what, is_note=True))

    def of(self, *, notes: bool) -> tuple[Loss, ...]:
        """Return the losses or the notes, each once, in the order of the sheets' rows."""
        told = dict.fromkeys(one for one in self.entries if one.is_note == notes)
        return tuple(sorted(told, key=_place))


def lines(losses: Iterable[Loss]) -> list[str]:
    """Return losses as lines, those that say the same of several rows as one."""
    rows: dict[tuple[str, str], list[int]] = {}
    for one in losses:
        rows.setdefault((one.sheet, one.what), []).append(one.row)
    return [_line(sheet, numbers, what) for (sheet, what), numbers in rows.items()]


_ORDER = ("survey", "choices")


def _place(loss: Loss) -> tuple[int, str, int]:
    known = _ORDER.index(loss.sheet) if loss.sheet in _ORDER else len(_ORDER)
    return known, loss.sheet, loss.row


def _line(sheet: str, rows: list[int], what: str) -> str:
    numbers = [str(row) for row in rows if row]
    where = f" row{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}" if numbers else ""
    return f"{sheet}{where}: {what}"
