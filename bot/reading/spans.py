"""Places in a text that nobody but the service's own team may read, and the text without them."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Found(StrEnum):
    """What stands at a place; also the name of the word that is shown in its stead."""

    PHONE = "phone"
    MAIL = "mail"
    LINK = "link"
    HANDLE = "handle"
    ACCOUNT = "account"
    CARD = "card"
    IDENTITY = "identity"
    PLATE = "plate"
    ADDRESS = "address"
    NAME = "name"
    DOUBT = "doubt"
    """Two words that may be somebody's name: they stay, but no machine picks the text as a quote."""


class Span(NamedTuple):
    """A place in a text: characters `start` up to `end`, without `end`."""

    start: int
    end: int
    found: Found

    def of(self, text: str) -> str:
        """Return the words at this place."""
        return text[self.start : self.end]


def settled(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return spans in their order without overlaps: of two that meet, the earlier one given stays.

    Halves of one find are one. What of the later one stands beside it is kept, so that nothing found is shown. A doubt
    gives way whole.
    """
    kept: list[Span] = []
    for span in spans:
        kept += _beside(span, kept)
    joined: list[Span] = []
    for span in sorted(kept):
        if joined and (joined[-1].end, joined[-1].found) == (span.start, span.found):
            span = Span(joined.pop().start, span.end, span.found)  # noqa: PLW2901 - halves of one find
        joined.append(span)
    return tuple(joined)


def _beside(span: Span, kept: list[Span]) -> list[Span]:
    meeting = sorted(each for each in kept if each.start < span.end and span.start < each.end)
    if meeting and span.found is Found.DOUBT:
        return []
    rest, start = [], span.start
    for each in meeting:
        rest.append(Span(start, each.start, span.found))
        start = max(start, each.end)
    rest.append(Span(start, span.end, span.found))
    return [each for each in rest if each.start < each.end]


def mask(text: str, spans: Iterable[Span], word: Callable[[Found], str]) -> str:
    """Return `text` with a word in the place of each span: "call me on [phone]". Doubts stay as they are."""
    parts, at = [], 0
    for span in sorted(spans):
        if span.found is not Found.DOUBT and span.start >= at:
            parts += [text[at : span.start], word(span.found)]
            at = span.end
    return "".join((*parts, text[at:]))


def veil(text: str, spans: Iterable[Span]) -> str:
    """Return `text` with a mark in the place of each span, which `worded` turns into a word for the reader."""
    return mask(text, spans, lambda found: f"[{found}]")


_VEILED = re.compile(rf"\[({'|'.join(found for found in Found if found is not Found.DOUBT)})\]")


def worded(text: str, texts: Callable[[str], str]) -> str:
    """Return a text kept without what was private in it, in words of the reader's language."""
    return _VEILED.sub(lambda match: texts(f"private.{match[1]}"), text)
