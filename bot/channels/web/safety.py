"""What keeps pages and visitors safe: headers, the origin of a POST, how many are let in."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Everything comes from us; nothing runs or styles inline; nobody puts us in a frame."""

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "permissions-policy": "geolocation=(self), camera=(), microphone=(), payment=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
ALWAYS_HTTPS = {"strict-transport-security": "max-age=31536000"}
"""Keeps browsers on HTTPS for a year."""
BUSY = {**HEADERS, "connection": "close", "retry-after": "1"}

MACHINES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Addresses that answer however many are inside: a supervisor must not take a bot that is busy for one that is dead."""
APART = frozenset({"/chat/stream", "/telegram"})
"""Addresses counted by themselves: answers that stay open keep nobody from a page, and no page keeps Telegram out."""
TABS, OF_NETWORK = 6, 300
"""So many streams are open at once for one visitor, and for one network, which may be a whole library."""


class Gate:
    """Lets so many requests in at once; who comes then is told to come again (503), at once, and counted.

    As many may be inside at each address counted by itself.
    """

    def __init__(self, app: ASGIApp, most: int, refused: Callable[[], object], *, secure: bool = False) -> None:
        """`refused` is called for each request that is sent away; `secure`: people reach us by HTTPS."""
        self.app = app
        self.busy = PlainTextResponse("Service Unavailable\n", 503, BUSY | (ALWAYS_HTTPS if secure else {}))
        self.most = most
        self.refused = refused
        self._inside: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the site does, or send away."""
        if scope["type"] != "http" or scope["path"] in MACHINES:
            await self.app(scope, receive, send)
            return
        where = scope["path"] if scope["path"] in APART else ""
        if self._inside[where] >= self.most:
            self.refused()
            await self.busy(scope, receive, send)
            return
        self._inside[where] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._inside[where] -= 1


class Streams:
    """How many streams are open, by whoever they are for and where they go."""

    def __init__(self, tabs: int = TABS, of_network: int = OF_NETWORK) -> None:
        self.most = {"visitor": tabs, "network": of_network}
        self._open: Counter[tuple[str, str]] = Counter()

    def has_room(self, visitor: str, network: str) -> bool:
        """Whether one more may be opened."""
        return all(self._open[name] < self.most[name[0]] for name in _names(visitor, network))

    @contextmanager
    def opened(self, visitor: str, network: str) -> Iterator[None]:
        """Count a stream for as long as it is open."""
        names = _names(visitor, network)
        self._open.update(names)
        try:
            yield
        finally:
            self._open.subtract(names)
            for name in names:
                if not self._open[name]:
                    del self._open[name]


def _names(visitor: str, network: str) -> tuple[tuple[str, str], ...]:
    return (("visitor", visitor), ("network", network))


def network(address: str) -> str:
    """Return the network of an address: in IPv6, where each line has very many, its first 64 bits; in IPv4 itself."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or f"{int(found) >> 64:x}::/64")


class SafeHeaders:
    """Adds the headers above to every answer; `secure` adds the one that keeps browsers on HTTPS."""

    def __init__(self, app: ASGIApp, *, secure: bool = False) -> None:
        self.app = app
        self.headers = HEADERS | (ALWAYS_HTTPS if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the site does, with the headers."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", _kept(scope))
            await send(message)

        await self.app(scope, receive, sending if scope["type"] == "http" else send)


def _kept(scope: Scope) -> str:
    """How long browsers may keep an answer: files named with their fingerprint for ever, people's pages not at all."""
    if not scope["path"].startswith("/static/"):
        return "no-store"
    return "public, max-age=31536000, immutable" if scope["query_string"].startswith(b"v=") else "public, max-age=3600"


def same_origin(request: Request, public_url: str) -> bool:
    """Whether a POST comes from one of our own pages.

    Browsers say where a form was (Sec-Fetch-Site, Origin or Referer); what says nothing is no browser, holds no
    other person's cookie, and passes: the cookies are SameSite, and staff forms carry a token besides.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    source = request.headers.get("origin") or request.headers.get("referer")
    return not source or urlsplit(source).netloc in (request.headers.get("host"), urlsplit(public_url).netloc)
