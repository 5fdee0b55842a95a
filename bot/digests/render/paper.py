"""A digest as one A4 page to print and to hang up: the words of the mail, charts where there is room, nothing cut off.

Letters get smaller, then charts go, then quotes, until all of it stands on one page. Headings, paragraphs and pictures
are tagged and the language is named, so that the page can be listened to.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import accumulate, product
from typing import TYPE_CHECKING

from bot.digests.render.charts import GROUPS, THEMES, WEEKS, charts
from bot.digests.render.sections import Section, foot, sections
from bot.digests.render.told import page
from bot.pictures import fonts
from bot.pictures.lettering import runs_from_right

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fpdf import FPDF

    from bot.channels.base import Picture
    from bot.digests.model import Digest
    from bot.digests.render.told import Told
    from bot.texts import Texts

WIDTH, HEIGHT, MARGIN = 210.0, 297.0, 15.0
"""Millimetres of the paper, and of what printers leave white."""
INNER = WIDTH - 2 * MARGIN
BETWEEN = 4.0
"""Millimetres between two charts."""
LINE = 0.3528 * 1.32
"""Millimetres from line to line for each point of size."""
SIZES = (10.5, 9.5, 8.5)
"""Points of the words that are tried, the best first: what is read at arm's length."""
SMALL = (7.5, 6.5, 5.5, 5.0)
"""Points where nothing more can be left out: a page is one page."""
ROOM = ((5, 2), (3, 2), (3, 1), (1, 1), (3, 0), (1, 0), (0, 0))
"""How many quotes and charts are tried at each size, in this order."""
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


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes on the page, and how large."""

    size: float
    told: Told
    charts: tuple[Picture, ...]


def pdf(digest: Digest, texts: Texts, url: str = "") -> bytes:
    """Return the page. The same digest gives the same bytes; its date is the digest's."""
    paper = _sheet(digest, texts)
    drawn = charts(digest, texts)
    shown = tuple(drawn[name] for name in sorted(drawn, key=_most_telling))
    tried = [*product(ROOM, SIZES), *((ROOM[-1], size) for size in SMALL)]
    plans = (Plan(size, page(digest, texts, quotes), shown[:many]) for (quotes, many), size in tried)
    pages = (_Page(paper, plan, texts, url) for plan in plans)
    fitting = next((one for one in pages if one.fits()), None)
    (fitting or _Page(paper, Plan(SMALL[-1], page(digest, texts, 0), ()), texts, url)).draw()
    return bytes(paper.output())


def _sheet(digest: Digest, texts: Texts) -> FPDF:
    from fpdf import FPDF  # noqa: PLC0415 - half a second of import

    paper = FPDF(format="A4")
    paper.set_creation_date(digest.at)
    paper.set_title(_shown(page(digest, texts, 0).subject))
    paper.set_lang(texts.language)
    paper.set_auto_page_break(False)
    paper.set_margins(MARGIN, MARGIN, MARGIN)
    paper.add_font(FONT, "", str(fonts.REGULAR))
    paper.add_font(FONT, "B", str(fonts.BOLD))
    paper.add_page()
    return paper


def _most_telling(name: str) -> int:
    order = (WEEKS, THEMES, GROUPS)
    return order.index(name) if name in order else len(order)


class _Page:
    """The page, measured and drawn from the top down."""

    def __init__(self, paper: FPDF, plan: Plan, texts: Texts, url: str) -> None:
        self._paper = paper
        self._plan = plan
        self._turned = texts.direction == "rtl"
        link = texts("digest.foot.open_chat", url=url) if url else ""
        told = plan.told
        self._head = [(TITLE, told.title), (SPAN, told.span), *_body(sections(told))]
        self._foot = [(FOOT, line) for line in (*foot(told), link) if line]
        everything = "".join(text for _, text in (*self._head, *self._foot))
        self._stand_in(everything)

    def _stand_in(self, text: str) -> None:
        """Have other fonts ready for letters that ours has not."""
        names = []
        for font in fonts.for_letters(text):
            names.append(f"{OTHER}{font.stem}")
            if names[-1].lower() not in self._paper.fonts:
                self._paper.add_font(names[-1], "", str(font))
        self._paper.set_fallback_fonts(names, exact_match=False)

    def fits(self) -> bool:
        """Whether all of it stands on the page."""
        room = HEIGHT - 2 * MARGIN - self._charts_tall()
        taken = accumulate(self._tall(kind, text) for kind, text in (*self._head, *self._foot))
        return all(so_far <= room for so_far in taken)

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
        """Return width and height in millimetres: two charts share a row, one alone is no wider than two thirds."""
        width = (INNER - BETWEEN) / 2 if len(self._plan.charts) > 1 else INNER * 0.6
        wide, high = _pixels(chart.png)
        return width, width * high / wide

    def _show(self, y: float) -> float:
        for place, chart in enumerate(self._plan.charts):
            width, height = self._size(chart)
            x = MARGIN + place * (width + BETWEEN)
            left = WIDTH - x - width if self._turned else x
            self._paper.image(BytesIO(chart.png), left, y + BETWEEN / 2, width, height, alt_text=chart.alt)
        return y + self._charts_tall()


def _body(parts: Sequence[Section]) -> Iterator[tuple[Words, str]]:
    for part in parts:
        yield from [(HEAD, part.heading)] if part.heading else []
        kind = LEAD if part.leads else QUOTE if part.quotes else PLAIN
        yield from ((kind, line) for line in part.lines)


def _pixels(png: bytes) -> tuple[int, int]:
    """Return width and height of a PNG: they stand at its beginning."""
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def _shown(text: str, *, turned: bool = False) -> str:
    """Return a text without the marks that fonts do not know."""
    return text.translate(ISOLATED if turned else BARE)
