"""A digest as one chat message: a picture with a caption, or text alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.digests.render.charts import WEEKS, charts
from bot.digests.render.items import words
from bot.digests.render.shorter import shorter
from bot.digests.render.told import LONGEST, page

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.channels.base import Picture
    from bot.digests.model import Digest
    from bot.digests.render.told import Quote, Told
    from bot.texts import Texts

CAPTION = 1024
"""Most characters under a picture in a chat (Telegram's limit), counted as UTF-16 code units."""
ALONE = 4000
"""Most of a message by itself, with some room left of Telegram's 4096."""
WORDS = 400
"""A page a manager reads in five minutes has fewer words."""
QUOTES = ((3, 160), (3, 100), (2, 160), (2, 100))
ROOM = (*((number, length, False) for number, length in QUOTES), *((number, length, True) for number, length in QUOTES))
"""How many quotes of how many letters are tried, and whether it has to be brief, in this order.

Never fewer than two: one of the first two speaks against the majority where anybody did.
"""


def chat(digest: Digest, texts: Texts, url: str = "") -> tuple[str, Picture | None]:
    """Return the message and its chart: of the weeks, else another there is.

    What does not fit is left out from the end of the story: quotes first.
    """
    drawn = charts(digest, texts)
    first = next((drawn[name] for name in (WEEKS, *drawn) if name in drawn), None)
    return message(digest, texts, url), first


def message(digest: Digest, texts: Texts, url: str = "") -> str:
    """Return the message without its chart: one that goes under it if both sides are heard there, else one page."""
    link = texts("digest.foot.open_chat", url=url) if url else ""
    stories = list(_stories(digest, texts))
    under = [story for story in stories[: len(QUOTES)] if units(story) <= CAPTION - units(link) - 2]
    alone = [
        story for story in stories if words(story) < WORDS - words(link) and units(story) <= ALONE - units(link) - 2
    ]
    story = next(iter([*under, *alone]), "") or cut(stories[-1], ALONE - units(link) - 2)
    return "\n\n".join(filter(None, (story, link)))


def _stories(digest: Digest, texts: Texts) -> Iterator[str]:
    for quotes, length, brief in ROOM:
        told = page(digest, texts, quotes, brief=brief)
        yield _story(told, length)
    yield from (_story(each, LONGEST) for each in shorter(digest, texts))


def _story(told: Told, length: int) -> str:
    heads = told.headings
    blocks = [[told.title, told.span], [told.headline, told.urgent], list(told.clock)]
    blocks += [[told.new, told.channels, told.finished, told.missing, told.short]]
    blocks += [[" ".join(stage.sentences)] for stage in told.stages]
    blocks += [_item(heads["problems"], told.problems), _item(heads["works"], [told.works])]
    blocks += [[told.proposed]]
    blocks += [[" ".join(wanted.sentences)] for wanted in told.wanted]
    blocks += [_item(heads["gap"], told.gap)] if told.gap else []
    blocks += [_item(heads["deeds"], told.deeds), _item(heads["proposals"], told.proposals)]
    blocks += [list(_voices(told, length)), [told.caveat, " ".join(filter(None, (told.hidden, *told.foot)))]]
    return "\n\n".join(filter(None, ("\n".join(filter(None, block)) for block in blocks)))


def _item(heading: str, lines: Sequence[str]) -> list[str]:
    """Lines under their heading; nothing where there are none."""
    told = [line for line in lines if line]
    return [heading, *told] if told else []


def _voices(told: Told, length: int) -> Iterator[str]:
    yield told.since
    for quote in told.quotes:
        yield _quoted(quote, length)
    yield told.more


def _quoted(quote: Quote, length: int) -> str:
    """A quote of at most so many characters, cut at a word; it keeps its closing quotation mark."""
    text = quote.text if units(quote.text) <= length else cut(quote.text[:-1], length - 1) + quote.text[-1]
    return f"{text} ({quote.tone})" if quote.tone else text


def units(text: str) -> int:
    """Return the length of a text as chats count it, in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def cut(text: str, most: int) -> str:
    """Return the text with at most so many units, cut before a word and marked."""
    kept = text[: most - 1]
    while units(kept) > most - 1:
        kept = kept[:-1]
    words = kept.rpartition(" ")[0]
    return f"{(words or kept).rstrip()}…"
