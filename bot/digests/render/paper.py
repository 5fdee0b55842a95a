"""A digest as one A4 page to print and to hang up: the words of the mail, charts where there is room, nothing cut off.

Quotes, charts and then lines are left out, in the order of the mail, until it has fewer than 400 words large enough to
read. How many lines are gone stands in the foot, before the address that has all of them.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product
from typing import TYPE_CHECKING

from bot.digests.quotes import WITHIN
from bot.digests.render.chart import ACROSS
from bot.digests.render.charts import GROUPS, THEMES, WEEKS, charts
from bot.digests.render.chat import WORDS
from bot.digests.render.items import words
from bot.digests.render.letters import for_letters
from bot.digests.render.sections import Section, foot, sections
from bot.digests.render.shorter import shorter
from bot.digests.render.told import page
from bot.pictures.one_page import FOOT, HEAD, LEAD, PLAIN, QUOTE, SPAN, TITLE, Document, Plan, one_page

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.channels.base import Picture
    from bot.digests.model import Digest
    from bot.digests.render.told import Told
    from bot.pictures.one_page import Said
    from bot.texts import Texts

SIZES = (10.5, 10.0)
"""Points of the words that are tried, the best first: what is read at arm's length; the foot has four fifths of it."""
SMALL = (9.0, 8.0)
"""Points where nothing more can be left out: a page is one page."""
ROOM = ((5, 2), (3, 2), (2, 2), (3, 1), (2, 1), (3, 0), (2, 0))
"""How many quotes and charts are tried, in this order; of two quotes one is against the majority.

Of so many charts the most telling ones that have room stand there: one too tall gives way to another.
"""
LETTERS = 160
"""Of a quote where it has to be brief."""


def pdf(digest: Digest, texts: Texts, url: str = "") -> bytes:
    """Return the page. The same digest gives the same bytes; its date is the digest's.

    It tells all of it: who reads it need not have read the one before.
    """
    digest = replace(digest, again=())
    drawn = charts(digest, texts, ACROSS)
    shown = tuple(drawn[name] for name in sorted(drawn, key=_most_telling))
    document = Document(page(digest, texts, 0).subject, texts.language, texts.direction == "rtl", digest.at)
    return one_page(document, _plans(digest, texts, url, shown), for_letters)


def _most_telling(name: str) -> int:
    order = (WEEKS, THEMES, GROUPS)
    return order.index(name) if name in order else len(order)


def _plans(digest: Digest, texts: Texts, url: str, shown: Sequence[Picture]) -> Iterator[Plan]:
    """Give what may stand on the page, the best first: with fewer than 400 words, but for the last."""
    plan = None
    for told, many in _tried(digest, texts):
        head, below = _said(told, texts, url)
        plan = Plan(SMALL[-1], head, shown[:many], below)
        if sum(words(line) for _, line in (*head, *below)) < WORDS:
            chosen = [*combinations(shown, min(many, len(shown)))]
            yield from (replace(plan, size=size, charts=each) for each in chosen for size in SIZES)
    if plan:
        yield from (replace(plan, size=size) for size in SMALL)


def _tried(digest: Digest, texts: Texts) -> Iterator[tuple[Told, int]]:
    """Give the words with how many charts stand beside them."""
    yield from ((page(digest, texts, quotes), many) for quotes, many in ROOM)
    brief = (page(digest, texts, WITHIN, LETTERS, brief=True), *shorter(digest, texts))
    yield from product(brief, (2, 1, 0))


def _said(told: Told, texts: Texts, url: str) -> tuple[tuple[Said, ...], tuple[Said, ...]]:
    """Return what stands above the charts, and under them."""
    link = texts("digest.foot.open_chat", url=url) if url else ""
    head = ((TITLE, told.title), (SPAN, told.span), *_body(sections(told)))
    return head, tuple((FOOT, line) for line in (*foot(told), link) if line)


def _body(parts: Sequence[Section]) -> Iterator[Said]:
    for part in parts:
        yield from [(HEAD, part.heading)] if part.heading else []
        kind = LEAD if part.leads else QUOTE if part.quotes else PLAIN
        yield from ((kind, line) for line in part.lines)
