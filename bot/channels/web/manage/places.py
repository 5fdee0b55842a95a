"""Places of a round on its page: a code for each, and how many came by it."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from bot.channels.web.manage import desk
from bot.channels.web.manage import form as forms
from bot.channels.web.manage.doors import form_of
from bot.channels.web.pages import backstage_of, pages_of, to
from bot.errors import Refused
from bot.rights import Right
from bot.rounds.links import qr_svg
from bot.rounds.wording import spoken

if TYPE_CHECKING:
    from starlette.requests import Request

    from bot.channels.web.backstage import Rounds, RoundView
    from bot.channels.web.manage.doors import Visitor
    from bot.rounds.places import PlaceView


PLAIN: Final = re.compile(r"[a-z0-9-]+")
"""What the name of a file may be made of."""


@dataclass(frozen=True, slots=True)
class Row:
    """A place with its addresses."""

    place: PlaceView
    web: str
    telegram: str | None


def shown(rounds: Rounds, round_: RoundView) -> list[Row]:
    """Return the places of a round as its page lists them."""
    found = rounds.places(round_.code)
    return [Row(each, rounds.short_url(each.code), rounds.deep_link(each.code)) for each in found]


async def add(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/places`: name a place."""
    round_ = await desk.seen(request, visitor, Right.LEAD_ROUNDS)
    name = str((await form_of(request)).get("place", ""))
    rounds = backstage_of(request).rounds
    try:
        await asyncio.to_thread(rounds.add_place, round_.code, name, who=visitor.person.id)
    except Refused as error:
        said = spoken(error, pages_of(request).words(request).language)
        return await desk.round_page(request, visitor, errors=[forms.Error("place", said)], typed={"place": name})
    return to(f"/manage/rounds/{round_.code}?done=placed#places")


async def qr(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/rounds/<code>/places/<place>/qr.svg`: the QR code of a place, to hang up."""
    round_ = await desk.seen(request, visitor)
    code, rounds = request.path_params["place"], backstage_of(request).rounds
    if code not in {each.code for each in await asyncio.to_thread(rounds.places, round_.code)}:
        raise HTTPException(404)
    return Response(qr_svg(rounds.short_url(code)), media_type="image/svg+xml")


async def poster(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/rounds/<code>/poster.pdf`: the round's poster; `?place=` names one of its places."""
    from bot.rounds import posters  # noqa: PLC0415 - slow to load, rarely needed

    round_ = await desk.seen(request, visitor)
    backstage, where = backstage_of(request), request.query_params.get("place", "")
    try:
        paper = await asyncio.to_thread(
            posters.poster, backstage.rounds, backstage.config, round_.code, backstage.clock(), where
        )
    except Refused as error:
        said = spoken(error, pages_of(request).words(request).language)
        return await desk.round_page(request, visitor, errors=[forms.Error("state", said)])
    name = f"{where if PLAIN.fullmatch(where) else round_.code}.pdf"
    return Response(
        paper, media_type="application/pdf", headers={"content-disposition": f'attachment; filename="{name}"'}
    )
