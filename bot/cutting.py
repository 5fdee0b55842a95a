"""Texts cut to fit into messages. Pure."""

from __future__ import annotations

from typing import Final

SHORTEST: Final = 4096
"""What every channel takes in one message, in UTF-16 units: Telegram's limit."""


def length(text: str) -> int:
    """Return a text's length as Telegram counts it, in UTF-16 units: most emoji are two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def fits(text: str, limit: int) -> bool:
    """Whether a text is no longer than the limit, in UTF-16 units."""
    return 2 * len(text) <= limit or length(text) <= limit


def cut(text: str, limit: int = SHORTEST) -> list[str]:
    """Cut a text that is too long for one message: between paragraphs, else lines, else words, else anywhere."""
    found = []
    while not fits(text, limit):
        end = _end(text, limit)
        found.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [*found, text] if text or not found else found


def _end(text: str, limit: int) -> int:
    whole = text.encode("utf-16-le", "surrogatepass")[: 2 * limit]
    end = len(whole.decode("utf-16-le", "ignore")) or 1  # a sign that is longer than all that is allowed stays whole
    for gap in ("\n\n", "\n", " "):
        at = text.rfind(gap, end // 2, end + 1)
        if at > 0:
            return at
    return end
