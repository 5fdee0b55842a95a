"""A poster to hang up: one A4 page per language, the QR code large enough for a hand's distance of two metres.

Black on white, so that every printer and copier keeps it readable. Letters are DejaVu Sans (free licence; it comes with
matplotlib and covers Latin, Greek, Cyrillic and Arabic), embedded; HarfBuzz joins and orders them.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, cast

from fpdf import FPDF
from fpdf.enums import MethodReturnValue

from bot.digests.render.letters import letters_of
from bot.pictures import fonts
from bot.pictures.lettering import runs_from_right

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

WIDTH, HEIGHT, MARGIN = 210, 297, 16
"""Millimetres of the paper, and of what printers leave white."""
INNER = WIDTH - 2 * MARGIN
BAND = 22
QR = 104
"""Millimetres of the code with its quiet zone: scanned from about ten times as far."""
QUIET = 4
"""Modules of white around a code, as ISO/IEC 18004 wants it."""
LINE = 0.3528 * 1.3
"""Millimetres from line to line for each point of size."""
SMALLEST, READ = 11.0, 14.0
"""Points of the smallest letters, and of those that are read from two metres."""
Modules: TypeAlias = "Sequence[Sequence[int]]"
"""The squares of a QR code, row by row: 1 is dark."""
_FONT = "DejaVu"
_INK = 20
_LEFT = "\u200e"
"""A mark that takes no room: what stands between two is read from the left."""
_GROUPS = re.compile(r"\+?\(?\d+(?:[ ()/\u00a0-]+\d+)+")


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one page says, in one language; `rtl` where it is read from the right."""

    language: str
    rtl: bool
    org: str
    title: str
    tell: str
    about: tuple[str, ...]
    scan: str
    type: str
    another: str
    """The head above what else one can do."""
    other: str
    machine: str


def pdf(sheets: Sequence[Sheet], modules: Modules, shown: str, mark: str, now: datetime) -> bytes:
    """Return the poster.

    `modules` are those of the QR code, `shown` is its address as people type it, `mark` tells staff the place, and
    `now` is written into the file as its date.
    """
    paper = FPDF(format="A4")
    paper.set_creation_date(now)
    paper.set_title(sheets[0].title)
    paper.set_auto_page_break(False)
    paper.add_font(_FONT, "", str(fonts.REGULAR))
    paper.add_font(_FONT, "B", str(fonts.BOLD))
    for sheet in sheets:
        _Page(paper, sheet).draw(modules, shown, mark)
    return bytes(paper.output())


def printable(text: str) -> tuple[str, str]:
    """Return a text as it can be printed, and the letters it would lack; a picture in it (emoji) is just left out."""
    lacking = [each for each in text if ord(each) not in letters_of(fonts.REGULAR) and not each.isspace()]
    letters = "".join(dict.fromkeys(each for each in lacking if unicodedata.category(each)[0] in "LN"))
    return " ".join("".join(each for each in text if each not in lacking).split()), letters


def _kept(text: str) -> str:
    """Return a text from the right whose numbers in groups (a telephone number) are read from the left, as one."""
    return _GROUPS.sub(lambda found: f"{_LEFT}{found[0]}{_LEFT}", text)


class _Page:
    """One page, written from the top down and from the bottom up; the code takes the middle."""

    def __init__(self, paper: FPDF, sheet: Sheet) -> None:
        self._paper = paper
        self._sheet = sheet

    def draw(self, modules: Modules, shown: str, mark: str) -> None:
        """Write the whole page."""
        paper, sheet = self._paper, self._sheet
        paper.add_page()
        self._direct(rtl=runs_from_right(sheet.org))
        self._band(sheet.org)
        self._direct(rtl=runs_from_right(sheet.title))
        y = self._say(sheet.title, BAND + 9, size=40, lines=3, bold=True)
        self._direct(rtl=sheet.rtl)
        y = self._say(sheet.tell, y + 3, size=24, lines=2)
        for line in sheet.about:
            y = self._say(line, y + 2, size=18, lines=1 if self._fits(line) else 3)
        foot = self._foot(shown, mark)
        self._code(modules, y + 3, foot - 3)

    def _direct(self, *, rtl: bool) -> None:
        script, language = ("arab", self._sheet.language) if rtl else ("latn", self._sheet.language)
        direction = "rtl" if rtl else "ltr"
        self._paper.set_text_shaping(use_shaping_engine=True, direction=direction, script=script, language=language)

    def _band(self, org: str) -> None:
        paper = self._paper
        paper.set_fill_color(_INK)
        paper.rect(0, 0, WIDTH, BAND, style="F")
        paper.set_text_color(255)
        self._say(org, 6, size=22, lines=1, bold=True)
        paper.set_text_color(_INK)

    def _foot(self, shown: str, mark: str) -> float:
        """Write what stands below the code, measured first; return where it begins."""
        sheet = self._sheet
        said = [
            (sheet.scan, 17.0, 1, True, True),
            (sheet.type, 14.0, 1, False, True),
            (shown, 26.0, 1, True, False),
            (sheet.another, 14.0, 1, True, True),
            (sheet.other, 14.0, 3, False, True),
            (sheet.machine, 12.0, 2, False, True),
        ]
        heights = [self._measure(text, size, lines, bold=bold)[1] for text, size, lines, bold, _ in said]
        top = y = HEIGHT - MARGIN - sum(heights) - 2 * len(said)
        for text, size, lines, bold, spoken in said:
            self._direct(rtl=sheet.rtl and spoken)
            text = _kept(text) if sheet.rtl and spoken else text  # noqa: PLW2901 - its width stays
            y = self._say(text, y, size=size, lines=lines, bold=bold) + 2
        self._direct(rtl=False)
        self._paper.set_font(_FONT, "", 7)
        self._paper.set_xy(MARGIN, HEIGHT - 10)
        self._paper.cell(INNER, 4, mark, align="C")
        return top

    def _say(self, text: str, y: float, *, size: float, lines: int, bold: bool = False) -> float:
        """Write a text in the middle, smaller where it would take more lines; return where it ends."""
        size, height = self._measure(text, size, lines, bold=bold)
        self._paper.set_font(_FONT, "B" if bold else "", size)
        self._paper.set_xy(MARGIN, y)
        self._paper.multi_cell(INNER, size * LINE, text, align="C")
        return y + height

    def _fits(self, text: str) -> bool:
        """Whether a text stands on one line in letters that are read from two metres."""
        return self._measure(text, READ, 1, bold=False)[0] == READ

    def _measure(self, text: str, size: float, lines: int, *, bold: bool) -> tuple[float, float]:
        """Return the size at which a text takes no more than so many lines, and its height in millimetres."""
        taken = self._lines(text, size, bold=bold)
        while taken > lines and size > SMALLEST:
            size -= 1
            taken = self._lines(text, size, bold=bold)
        return size, taken * size * LINE

    def _lines(self, text: str, size: float, *, bold: bool) -> int:
        self._paper.set_font(_FONT, "B" if bold else "", size)
        broken = self._paper.multi_cell(INNER, size * LINE, text, dry_run=True, output=MethodReturnValue.LINES)
        return len(cast("list[str]", broken))

    def _code(self, modules: Modules, top: float, bottom: float) -> None:
        """Draw the QR code, as large as there is room."""
        side = min(QR, bottom - top)
        module = side / (len(modules) + 2 * QUIET)
        left, upper = (WIDTH - side) / 2 + QUIET * module, (top + bottom - side) / 2 + QUIET * module
        self._paper.set_fill_color(0)
        for row, bits in enumerate(modules):
            for column, length in _runs(bits):
                self._paper.rect(left + column * module, upper + row * module, length * module, module, style="F")


def _runs(bits: Sequence[int]) -> list[tuple[int, int]]:
    """Return (first, length) of each run of dark modules: one bar shows no hair lines between its squares."""
    found: list[tuple[int, int]] = []
    for column, dark in enumerate(bits):
        if dark and found and sum(found[-1]) == column:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        elif dark:
            found.append((column, 1))
    return found
