"""Photos and voice messages that citizens sent: those of a round that may be shown, and each alone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from starlette.exceptions import HTTPException
from starlette.responses import Response

from bot.channels.web.manage.desk import seen
from bot.channels.web.manage.doors import noting, page
from bot.channels.web.pages import backstage_of, pages_of
from bot.errors import Missing
from bot.rights import Right
from storage import answers, looks, rounds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

    from bot.channels.web.backstage import RoundView
    from bot.channels.web.manage.doors import Visitor
    from storage.answers import Sent

log = structlog.get_logger()
MOST = 100
"""Photos and voice messages on the page, the newest."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One photo or voice message on the page of a round."""

    sent: Sent
    question: str
    day: str


@dataclass(frozen=True, slots=True)
class Came:
    """Where a photo or voice message came: the service, and what names it in the log of looks."""

    service: str
    about: Mapping[str, object]


async def overview(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/rounds/<code>/files`: the photos and voice messages of a round, with the words beside them."""
    round_ = await seen(request, visitor, Right.READ_ANSWERS)
    sights, others = await asyncio.to_thread(_sights, request, visitor, round_)
    return page(request, visitor, "manage/sent.html", round=round_, sights=sights, others=others, most=MOST)


async def show(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/rounds/<code>/files/<number>`: one of them."""
    round_ = await seen(request, visitor, Right.READ_ANSWERS)
    found = await asyncio.to_thread(_sent, request, round_)
    one = next((each for each in found if each.id == request.path_params["number"]), None)
    if one is None:
        raise HTTPException(404)
    of = Came(round_.service, {"round": round_.code, "file": one.id})
    return await shown(request, visitor, of, one.channel, one.verb, one.file)


async def shown(request: Request, visitor: Visitor, of: Came, channel: str, kind: str, file: str) -> Response:
    """Return a photo or voice message itself; who looked at it is noted before, never whose it is."""
    try:
        body, media_type = await backstage_of(request).files.look(channel, kind, file)
    except Missing as missing:
        raise HTTPException(404) from missing
    await asyncio.to_thread(_noted, request, visitor, of, kind)
    log.info("file.shown", person=visitor.person.id, page=request.url.path, kind=kind)
    return Response(body, media_type=media_type, headers={"content-disposition": "inline"})


def _noted(request: Request, visitor: Visitor, of: Came, kind: str) -> None:
    with noting(request) as db:
        what = {**of.about, "kind": kind}
        looks.note(db, of.service, backstage_of(request).clock(), visitor.person.name, what, 1)


def _sights(request: Request, visitor: Visitor, round_: RoundView) -> tuple[list[Sight], int]:
    """Return what may be shown, and how many more there are that may not, or are older.

    Who looks is noted where words are among it; each file is noted when it is fetched.
    """
    pages, words = pages_of(request), pages_of(request).words(request)
    flow = backstage_of(request).rounds.played(round_.code)
    states = flow.script(words.language if words.language in flow.languages else flow.language).states
    with noting(request) as db:
        row = rounds.by_code(db, round_.code)
        found = answers.sent(db, row.id, MOST) if row else []
        every = answers.files(db, row.id) if row else 0
        if worded := sum(bool(one.text) for one in found):
            what = {"round": round_.code, "beside": "files"}
            looks.note(db, round_.service, backstage_of(request).clock(), visitor.person.name, what, worded)
    sights = [
        Sight(one, states[one.state].text if one.state in states else one.state, words.day(one.at, pages.zone))
        for one in found
    ]
    return sights, every - len(found)


def _sent(request: Request, round_: RoundView) -> Sequence[Sent]:
    with backstage_of(request).database.reading() as db:
        row = rounds.by_code(db, round_.code)
        return answers.sent(db, row.id, MOST) if row else []
