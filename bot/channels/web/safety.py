"""What keeps pages and visitors safe: headers, the origin of a POST, how many are let in."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from collections.abc import Callable

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


class Gate:
    """Lets so many requests in at once; who comes then is told to come again (503), at once, and counted."""

    def __init__(self, app: ASGIApp, most: int, refused: Callable[[], object], *, secure: bool = False) -> None:
        """`refused` is called for each request that is sent away; `secure`: people reach us by HTTPS."""
        self.app = app
        self.busy = PlainTextResponse("Service Unavailable\n", 503, BUSY | (ALWAYS_HTTPS if secure else {}))
        self.most = most
        self.refused = refused
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the site does, or send away."""
        if scope["type"] != "http" or scope["path"] in MACHINES:
            await self.app(scope, receive, send)
        elif self._inside >= self.most:
            self.refused()
            await self.busy(scope, receive, send)
        else:
            self._inside += 1
            try:
                await self.app(scope, receive, send)
            finally:
                self._inside -= 1


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
