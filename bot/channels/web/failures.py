"""When something cannot be done: a kind page in the visitor's language, never a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse

from bot.channels.web.pages import pages_of
from bot.errors import Refused, Trouble
from bot.rounds.wording import spoken
from storage.database import StorageTrouble

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response
    from starlette.types import ASGIApp, ExceptionHandler, Message, Receive, Scope, Send

log = structlog.get_logger()

LARGEST = 32 * 1024 * 1024
"""Bytes of a request we read at all; what is over the limit of a picture but under this gets an answer of its own."""


def handlers() -> Mapping[type[Exception], ExceptionHandler]:
    """Return what to answer for each kind of failure."""
    return {HTTPException: expected, Refused: refused, Trouble: trouble, StorageTrouble: trouble}


class Contained:
    """Turns a mistake of ours into a page, inside the safe headers; nothing gets further out."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the site does; where that fails, apologise."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if too_large := _too_large(scope, receive):
            await too_large(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except ClientDisconnect:
            log.debug("web.left")
        except Exception as error:
            request = Request(scope, receive)
            page = mistake(request, error)
            if begun:
                raise
            await page(scope, receive, send)


def _too_large(scope: Scope, receive: Receive) -> Response | None:
    """Return what to answer where more is sent than we read at all: it is said before anything is read."""
    request = Request(scope, receive)
    said = request.headers.get("content-length", "")
    if not (said.isascii() and said.isdecimal()) or int(said) <= LARGEST:
        return None
    words = pages_of(request).words(request)
    staff = request.url.path.startswith("/manage")
    text = words("error.413_staff", most=words.number(LARGEST // 1024**2)) if staff else ""
    return _kind(request, 413, {"connection": "close"}, text)


async def expected(request: Request, error: Exception) -> Response:
    """No such page, not from here, too much: the visitor can mend it."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return _kind(request, status, headers)


async def refused(request: Request, error: Exception) -> Response:
    """The rules forbid it; the rule's own line says why."""
    return _kind(request, 409, {}, spoken(error, pages_of(request).words(request).language))


async def trouble(request: Request, error: Exception) -> Response:
    """The world behind us does not answer; the operator reads one line."""
    log.error("web.trouble", problem=str(error))
    return _kind(request, 503, {"retry-after": "60"})


def mistake(request: Request, error: Exception) -> Response:
    """A mistake of ours; the operator gets the details, the visitor an apology."""
    log.error("web.mistake", method=request.method, kind=type(error).__name__, exc_info=error)
    return _kind(request, 500, {})


def _kind(request: Request, status: int, headers: Mapping[str, str], text: str = "") -> Response:
    pages = pages_of(request)
    words = pages.words(request)
    name = str(status) if words.has(f"error.{status}_title") else ("404" if status < 500 else "500")
    said = text or words(f"error.{name}_text")
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"problem": said}, status, headers)
    facts = {"heading": words(f"error.{name}_title"), "text": said, "here": "/"}  # an address may hold what was typed
    page = pages.page(request, "error.html", status=status, **facts)
    page.headers.update(headers)
    return page
