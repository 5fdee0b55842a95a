"""What people want in a round: its orders, divided points, best and last, as tables, bars and a sheet."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import Response

from bot.channels.web.manage import desk
from bot.channels.web.manage.doors import taken
from bot.channels.web.pages import backstage_of, pages_of
from bot.channels.web.round_page import RoundPage, is_public, zipped
from bot.digests.render.bars import bar_chart
from bot.digests.render.sheet import sheet
from bot.digests.render.told import wanted
from bot.texts import texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from bot.channels.web.backstage import RoundView
    from bot.channels.web.manage.doors import Visitor
    from bot.digests.render.told import Wanted
    from bot.digests.results import Result


def told(request: Request, round_: RoundView) -> list[tuple[Wanted, str]]:
    """Return what a round's page shows, each question with the address of its bars, empty where there are none."""
    said, minimum = texts(pages_of(request).language(request)), backstage_of(request).config.digest.minimum_cell
    base = f"/manage/rounds/{round_.code}/results"
    found = backstage_of(request).rounds.results(round_.code)
    return [(wanted(one, minimum, said), f"{base}/{one.state}.png" if one.standings else "") for one in found]


async def sheet_file(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/rounds/<code>/results.csv`: the figures for a spreadsheet, in the visitor's language."""
    round_ = await desk.seen(request, visitor)
    body = sheet(await _results(request, round_), texts(pages_of(request).language(request)))
    await asyncio.to_thread(taken, request, visitor, round_.service, "csv", round=round_.code)
    name = {"content-disposition": f'attachment; filename="{round_.code}-results.csv"'}
    return Response(body.encode("utf-8-sig"), media_type="text/csv", headers=name)


async def drawn(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/rounds/<code>/results/<state>.png`: the scores of one question as bars."""
    round_ = await desk.seen(request, visitor)
    found = {one.state: one for one in await _results(request, round_)}.get(request.path_params["state"])
    said = texts(pages_of(request).language(request))
    picture = await asyncio.to_thread(bar_chart, found, said) if found else None
    if picture is None:
        raise HTTPException(404)
    return Response(picture.png, media_type="image/png")


async def folder(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/rounds/<code>/page.zip`: the public page as a folder that needs no server."""
    round_ = await desk.seen(request, visitor)
    backstage = backstage_of(request)
    if not await asyncio.to_thread(is_public, backstage.rounds, round_):
        raise HTTPException(404)
    page = RoundPage(backstage.rounds, backstage.config, pages_of(request).dictionary, backstage.clock())
    name = {"content-disposition": f'attachment; filename="{round_.code}.zip"'}
    body = await asyncio.to_thread(lambda: zipped(round_.code, page.kept(round_)))
    await asyncio.to_thread(taken, request, visitor, round_.service, "zip", round=round_.code)
    return Response(body, media_type="application/zip", headers=name)


async def _results(request: Request, round_: RoundView) -> Sequence[Result]:
    return await asyncio.to_thread(backstage_of(request).rounds.results, round_.code)
