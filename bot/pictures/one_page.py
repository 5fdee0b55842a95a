"""One A4 page to print: words from the top down, charts where there is room, letters as large as they may be.

Of several plans the first that fits is drawn. Headings, paragraphs and pictures are tagged and the language is named:
the page can be listened to.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

from bot.pictures import fonts
from bot.pictures.lettering import runs_from_right

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from fpdf import FPDF

    from bot.channels.base import Picture

WIDTH, HEIGHT, MARGIN = 210.0, 297.0, 15.0
"""Millimetres of the paper, and of what printers leave white."""
INNER = WIDTH - 2 * MARGIN
BETWEEN = 4.0
"""Millimetres between two charts."""
HALF, ALONE = (INNER - BETWEEN) / 2, INNER * 0.6
"""Millimetres of the width of one of two charts, and of the widest one alone."""
ROOM = HEIGHT - 2 * MARGIN
LINE = 0.3528 * 1.32
"""Millimetres from line to line for each point of size."""
INK, SOFT, RED, PALE = (45, 42, 50), (90, 84, 96), (143, 51, 37), (251, 230, 214)
ISOLATED = str.maketrans({"\u2066": "\u200f\u200e", "\u2068": "\u200f\u200e", "\u2069": "\u200e\u200f"})
"""Marks around words read from the left in a text from the right, which fonts do not know; plain marks do as well."""
BARE = str.maketrans("", "", "\u2066\u2067\u2068\u2069\u200e\u200f")
FONT, OTHER = "DejaVu", "Other"


@dataclass(frozen=True, slots=True)
class Words:
    """Words in one way: how large against the others, how heavy, in which colour, and what they are."""

    part: str
    """The structure type they are tagged as (ISO 32000-1, 14.8.4)."""
    scale: float = 1.0
    bold: bool = False
    ink: tuple[int, int, int] = INK
    above: float = 0.0
    """Lines left free above."""
    quote: bool = False
    """Somebody's own words: they run as their first letter does."""


TITLE = Words("H1", 1.9, bold=True)
SPAN = Words("P", ink=SOFT)
LEAD = Words("P", 1.15, bold=True, above=0.45)
HEAD = Words("H2", 0.95, bold=True, ink=RED, above=0.6)
PLAIN = Words("P", above=0.1)
QUOTE = Words("P", above=0.1, quote=True)
FOOT = Words("P", 0.8, ink=SOFT, above=0.25)


Said: TypeAlias = "tuple[Words, str]"
"""A line and how it is written."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes on the page, above and under the charts, and how large: points of plain words."""

    size: float
    head: tuple[Said, ...]
    charts: Sequence[Picture]
    foot: tuple[Said, ...]

    @property
    def written(self) -> tuple[float, tuple[Said, ...]]:
        """What its words take room by: two plans that differ in charts alone are measured once."""
        return self.size, (*self.head, *self.foot)


@dataclass(frozen=True, slots=True)
class Document:
    """What is written into the file; `rtl`: it is read from the right."""

    title: str
    language: str
    rtl: bool
    at: datetime


def one_page(document: Document, plans: Iterable[Plan], others: Callable[[str], Sequence[Path]]) -> bytes:
    """Return the first plan that fits as a page, or the last. The same plans give the same bytes.

    `others` gives the fonts that a text needs beside ours.
    """
    paper = _sheet(document)
    page, measured = None, dict[tuple[float, tuple[Said, ...]], float]()
    for plan in plans:
        page = _Page(paper, plan, document, others)
        if plan.written not in measured:
            measured[plan.written] = page.words_tall()
        if page.fits(measured[plan.written]):
            break
    if page is not None:
        page.draw()
    return bytes(paper.output())


def _sheet(document: Document) -> FPDF:
    from fpdf import FPDF  # noqa: PLC0415 - half a second of import

    paper = FPDF(format="A4")
    paper.set_creation_date(document.at)
    paper.set_title(_shown(document.title))
    paper.set_lang(document.language)
    paper.set_auto_page_break(False)
    paper.set_margins(MARGIN, MARGIN, MARGIN)
    paper.add_font(FONT, "", str(fonts.REGULAR))
    paper.add_font(FONT, "B", str(fonts.BOLD))
    paper.add_page()
    return paper


class _Page:
    """The page, measured and drawn from the top down."""

    def __init__(self, paper: FPDF, plan: Plan, document: Document, others: Callable[[str], Sequence[Path]]) -> None:
        self._paper = paper
        self._plan = plan
        self._turned = document.rtl
        self._head, self._foot = plan.head, plan.foot
        self._alone = HALF
        self._stand_in(others("".join(text for _, text in (*self._head, *self._foot))))

    def _stand_in(self, found: Sequence[Path]) -> None:
        """Have other fonts ready for letters that ours has not."""
        names = []
        for font in found:
            names.append(f"{OTHER}{font.stem}")
            if names[-1].lower() not in self._paper.fonts:
                self._paper.add_font(names[-1], "", str(font))
        self._paper.set_fallback_fonts(names, exact_match=False)

    def words_tall(self) -> float:
        """Return how many millimetres the words take; more than the page has, where they do not end before."""
        taken = 0.0
        for taken in accumulate(self._tall(kind, text) for kind, text in (*self._head, *self._foot)):
            if taken > ROOM:
                break
        return taken

    def fits(self, words: float) -> bool:
        """Whether all of it stands on the page, its words as tall as that; one chart alone is made to fit."""
        if len(self._plan.charts) == 1:
            wide, high = _pixels(self._plan.charts[0].png)
            self._alone = min(max((ROOM - words - BETWEEN) * wide / high, HALF), ALONE)
        return words + self._charts_tall() <= ROOM

    def draw(self) -> None:
        """Write all of it."""
        y = MARGIN
        for kind, text in self._head:
            y = self._say(kind, text, y)
        y = self._show(y)
        for kind, text in self._foot:
            y = self._say(kind, text, y)

    # ------------------------------------------------------------------- words

    def _tall(self, kind: Words, text: str) -> float:
        return (self._set(kind, text) + kind.above) * self._line(kind)

    def _line(self, kind: Words) -> float:
        return self._plan.size * kind.scale * LINE

    def _set(self, kind: Words, text: str) -> int:
        """Take the letters for a text; return how many lines it has."""
        from fpdf.enums import MethodReturnValue  # noqa: PLC0415 - with the rest of it

        self._paper.set_font(FONT, "B" if kind.bold else "", self._plan.size * kind.scale)
        turned = self._from_right(kind, text)
        self._paper.set_text_shaping(use_shaping_engine=True, direction="rtl" if turned else "ltr")
        found = self._paper.multi_cell(
            INNER, self._line(kind), _shown(text, turned=turned), dry_run=True, output=MethodReturnValue.LINES
        )
        return len(found) if isinstance(found, list) else 1

    def _say(self, kind: Words, text: str, y: float) -> float:
        lines, line = self._set(kind, text), self._line(kind)
        self._paper.set_text_color(*kind.ink)
        self._paper.set_xy(MARGIN, y + kind.above * line)
        turned = self._from_right(kind, text)
        with self._tagged(kind.part, text if turned else None):
            self._paper.multi_cell(INNER, line, _shown(text, turned=turned), align="R" if turned else "L")
        return y + (lines + kind.above) * line

    def _from_right(self, kind: Words, text: str) -> bool:
        return runs_from_right(text) if kind.quote else self._turned

    @contextmanager
    def _tagged(self, part: str, spoken: str | None) -> Iterator[None]:
        """Tag what is written; letters of words that run from the right lie in the file as they are seen, not read."""
        with self._paper._marked_sequence(alt_text=spoken) as tagged:  # noqa: SLF001 - fpdf2 has no public way to tag words
            tagged.s = f"/{part}"
            yield

    # ------------------------------------------------------------------- charts

    def _charts_tall(self) -> float:
        return max((self._size(each)[1] for each in self._plan.charts), default=-BETWEEN) + BETWEEN

    def _size(self, chart: Picture) -> tuple[float, float]:
        """Return width and height in millimetres: two charts share a row, one alone may be wider."""
        width = HALF if len(self._plan.charts) > 1 else self._alone
        wide, high = _pixels(chart.png)
        return width, width * high / wide

    def _show(self, y: float) -> float:
        for place, chart in enumerate(self._plan.charts):
            width, height = self._size(chart)
            x = MARGIN + place * (width + BETWEEN)
            left = WIDTH - x - width if self._turned else x
            self._paper.image(BytesIO(chart.png), left, y + BETWEEN / 2, width, height, alt_text=chart.alt)
        return y + self._charts_tall()


def _pixels(png: bytes) -> tuple[int, int]:
    """Return width and height of a PNG: they stand at its beginning."""
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def _shown(text: str, *, turned: bool = False) -> str:
    """Return a text without the marks that fonts do not know."""
    return text.translate(ISOLATED if turned else BARE)
