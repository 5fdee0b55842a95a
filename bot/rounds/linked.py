"""Addresses of the web in what people write: which of them lead somewhere, and where in the text they stand. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_LINK = re.compile(r"https?://\S+")
_AFTER = ".,;:!?)]»”’"
"""What ends a sentence and no address."""


def parts(text: str) -> list[tuple[str, bool]]:
    """Return a text in pieces, each with whether it is a link."""
    found: list[tuple[str, bool]] = []
    at = 0
    for match in _LINK.finditer(text):
        link = match.group().rstrip(_AFTER)
        if good_link(link):
            found += [(text[at : match.start()], False), (link, True)]
            at = match.start() + len(link)
    return [piece for piece in (*found, (text[at:], False)) if piece[0]]


def bad_links(text: str) -> list[str]:
    """Return what begins like a link and leads nowhere."""
    links = (match.group().rstrip(_AFTER) for match in re.finditer(r"https?:\S*", text))
    return [link for link in links if not good_link(link)]


def good_link(link: str) -> bool:
    """Whether this is a whole address of the web: with a host that has a name, and nobody's password."""
    try:
        split = urlsplit(link)
        host, _ = split.hostname or "", split.port
    except ValueError:
        return False
    return split.scheme in {"http", "https"} and "." in host.strip(".") and "@" not in split.netloc
