"""A digest as one A4 page to print and to hang up: the words of the mail, charts where there is room, nothing cut off.

Quotes and charts are left out before letters get too small to read, until all of it stands on one page.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from bot.digests.render.charts import GROUPS, THEMES, WEEKS, charts
from bot.digests.render.letters import for_letters
from bot.digests.render.sections import Section, foot, sections
from bot.digests.render.told import page
from bot.pictures.one_page import FOOT, HEAD, LEAD, PLAIN, QUOTE, SPAN, TITLE, Document, Plan, one_page

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.channels.base import Picture
    from bot.digests.model import Digest
    from bot.pictures.one_page import Said
    from bot.texts import Texts

SIZES = (10.5, 9.5, 8.5)
"""Points of the words that are tried, the best first: what is read at arm's length."""
SMALL = (7.5, 6.5, 5.5, 5.0)
"""Points where nothing more can be left out: a page is one page."""
ROOM = ((5, 2), (3, 2), (3, 1), (1, 1), (3, 0), (1, 0), (0, 0))
"""How many quotes and charts are tried at each size, in this order."""


def pdf(digest: Digest, texts: Texts, url: str = "") -> bytes:
    """Return the page. The same digest gives the same bytes; its date is the digest's.

    It tells all of it: who reads it need not have read the one before.
    """
    digest = replace(digest, again=())
    drawn = charts(digest, texts)
    shown = tuple(drawn[name] for name in sorted(drawn, key=_most_telling))
    tried = [*product(ROOM, SIZES), *((ROOM[-1], size) for size in SMALL)]
    plans = (_plan(digest, texts, url, size, quotes, shown[:many]) for (quotes, many), size in tried)
    subject = page(digest, texts, 0).subject
    document = Document(subject, texts.language, texts.direction == "rtl", digest.at)
    return one_page(document, plans, for_letters)


def _most_telling(name: str) -> int:
    order = (WEEKS, THEMES, GROUPS)
    return order.index(name) if name in order else len(order)


def _plan(digest: Digest, texts: Texts, url: str, size: float, quotes: int, shown: Sequence[Picture]) -> Plan:
    told = page(digest, texts, quotes)
    link = texts("digest.foot.open_chat", url=url) if url else ""
    head = [(TITLE, told.title), (SPAN, told.span), *_body(sections(told))]
    return Plan(size, head, shown, [(FOOT, line) for line in (*foot(told), link) if line])


def _body(parts: Sequence[Section]) -> Iterator[Said]:
    for part in parts:
        yield from [(HEAD, part.heading)] if part.heading else []
        kind = LEAD if part.leads else QUOTE if part.quotes else PLAIN
        yield from ((kind, line) for line in part.lines)
