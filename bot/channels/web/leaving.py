"""The page that a link in a mail leads to: one press, and no more mails come, or one with the reader's own data."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from bot.channels.web.pages import backstage_of, pages_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


async def show(request: Request) -> Response:
    """`GET /stop/<token>`: ask. Nothing is done yet: programs that look through mails follow links."""
    if not backstage_of(request).rounds.may_leave(request.path_params["token"]):
        raise HTTPException(404)
    return pages_of(request).page(request, "stop.html", token=request.path_params["token"], done=False, sent=False)


async def leave(request: Request) -> Response:
    """`POST /stop/<token>`: stop all mails to the address; mail programs do so with one click (RFC 8058)."""
    if not await asyncio.to_thread(backstage_of(request).rounds.leave, request.path_params["token"]):
        raise HTTPException(404)
    return pages_of(request).page(request, "stop.html", token="", done=True, sent=False)


async def send_data(request: Request) -> Response:
    """`POST /stop/<token>/data`: mail the address the way to all that is kept of it; nothing is shown here."""
    token = request.path_params["token"]
    if not await asyncio.to_thread(backstage_of(request).rounds.send_data, token):
        raise HTTPException(404)
    return pages_of(request).page(request, "stop.html", token=token, done=False, sent=True)
