"""Addresses for machines: alive, ready, measured; Telegram's webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.channels.web.pages import backstage_of

if TYPE_CHECKING:
    from starlette.requests import Request

LARGEST_UPDATE = 1_000_000
"""Bytes of an update; Telegram's are a few thousand. No more than that of a request is kept in memory."""


async def alive(_request: Request) -> Response:
    """`GET /healthz`: the process answers."""
    return PlainTextResponse("ok\n")


async def ready(request: Request) -> Response:
    """`GET /readyz`: 200 where every part works, 503 where one does not; says which."""
    well, parts = await backstage_of(request).ready()
    return JSONResponse({"ready": well, **parts}, 200 if well else 503)


async def metrics(request: Request) -> Response:
    """`GET /metrics`: measurements in Prometheus' text format."""
    return PlainTextResponse(await backstage_of(request).metrics(), media_type="text/plain; version=0.0.4")


async def telegram(request: Request) -> Response:
    """`POST /telegram`: one update; its secret stands in a header, so it needs no origin."""
    webhook = backstage_of(request).webhook
    if webhook is None:
        raise HTTPException(404)
    secret = request.headers.get("x-telegram-bot-api-secret-token")
    if not webhook.admits(secret):
        return Response(status_code=403)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_UPDATE:
            return Response(status_code=413)
    return Response(status_code=await webhook.receive(bytes(body), secret))


async def robots(_request: Request) -> Response:
    """`GET /robots.txt`: search engines may find rounds, not conversations."""
    return PlainTextResponse("User-agent: *\nDisallow: /chat\nDisallow: /manage\n")
