"""The page that MYDATA leads to: one's own data as a file. Nothing is shown before somebody presses a button."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import Response

from bot.channels.web.pages import backstage_of, pages_of

if TYPE_CHECKING:
    from starlette.requests import Request

TYPES = {"json": "application/json", "csv": "text/csv"}


async def show(request: Request) -> Response:
    """`GET /mydata/<token>`: ask for the form. Programs of messengers follow links: they learn nothing."""
    token = request.path_params["token"]
    if not backstage_of(request).rounds.may_take_data(token):
        raise HTTPException(404)
    return pages_of(request).page(request, "mydata.html", token=token)


async def take(request: Request) -> Response:
    """`POST /mydata/<token>/<form>`: the file, for whoever has the link; nobody else keeps a copy of it."""
    token, form = request.path_params["token"], request.path_params["form"]
    body = await asyncio.to_thread(backstage_of(request).rounds.own_data, token, form) if form in TYPES else None
    if body is None:
        raise HTTPException(404)
    kept = {"content-disposition": f'attachment; filename="mydata.{form}"', "cache-control": "no-store"}
    return Response(body.encode("utf-8-sig" if form == "csv" else "utf-8"), media_type=TYPES[form], headers=kept)
