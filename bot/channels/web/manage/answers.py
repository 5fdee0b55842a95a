"""The answers behind a figure, for those who look after the service. Each look leaves a line that says who looked."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.exceptions import HTTPException

from bot.actions.behind import Filters
from bot.actions.reach import now_in
from bot.channels.web.manage.doors import noting, page
from bot.channels.web.pages import backstage_of, pages_of
from bot.digests.weeks import Week
from bot.rights import Right
from bot.themes.starter import called
from flows.model import Stage
from flows.words import whole
from storage import themes
from storage.actions import SIDES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from bot.actions.behind import Shown
    from bot.channels.web.manage.doors import Visitor
    from bot.channels.web.words import Words

LAST = 99_999
"""No page has a higher number."""


async def show(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/answers/<service>?week=…&item=…&theme=…&round=…&…`: what people said, as they did."""
    service = request.path_params["service"]
    known = {each.key: each for each in backstage_of(request).config.services}
    if service not in known or not visitor.may(service, Right.READ_ANSWERS):
        raise HTTPException(404)
    by, shown, names = await asyncio.to_thread(_opened, request, visitor, service)
    words = pages_of(request).words(request)
    return page(
        request,
        visitor,
        "manage/answers.html",
        service=service,
        name=known[service].label(words.language),
        by=by,
        week=(Week.parse(by.week).number, Week.parse(by.week).year),
        question=backstage_of(request).actions.behind.question(service, by.item, words.language),
        answers=_labels(request, by),
        theme=_theme(names.get(by.theme or 0, ""), by, words),
        sides=_one_side(service, by),
        themes=names,
        stages=[str(each) for each in Stage],
        week_before=str(Week.parse(by.week).back(1)),
        shown=[(words.day(each.at, pages_of(request).zone), each) for each in shown.answers],
        total=shown.total,
        organised=shown.organised,
        minimum=backstage_of(request).config.digest.minimum_cell,
        running=shown.running,
        may_act=visitor.may(service, Right.ACT_ON_DIGESTS),
        pages=shown.pages,
        earlier=_address(service, replace(by, page=by.page - 1)) if by.page > 1 else "",
        later=_address(service, replace(by, page=by.page + 1)) if by.page < shown.pages else "",
    )


def _labels(request: Request, by: Filters) -> str:
    words = pages_of(request).words(request)
    return ", ".join(backstage_of(request).actions.behind.label(by.item, each, words.language) for each in by.choices)


def _opened(request: Request, visitor: Visitor, service: str) -> tuple[Filters, Shown, Mapping[int, str]]:
    """Read the answers and note the look in one transaction: no answer is shown that nobody is noted for.

    A theme is named by its number, or by its key as a digest names it; one that went into another is found there.
    """
    backstage, language = backstage_of(request), pages_of(request).words(request).language
    by, key = _filters(request), request.query_params.get("theme", "")
    with noting(request) as db:
        if key and by.theme is None:
            named = themes.by_key(db, service, key[:60])
            by = replace(by, theme=now_in(db, named.id) if named else 0)
        names = {each.id: called(each, language) for each in themes.codebook(db, service)}
        if by.theme is not None and by.theme not in names:
            raise HTTPException(404)
        try:
            shown = backstage.actions.behind.open(db, service, by, visitor.person.name, language, backstage.clock())
        except ValueError as error:
            raise HTTPException(404) from error
    return by, shown, names


def _filters(request: Request) -> Filters:
    """Read the address; without a week it is the last one that is over."""
    said, zone = request.query_params, pages_of(request).zone
    try:
        week = Week.parse(said["week"]) if said.get("week") else Week.of(backstage_of(request).clock(), zone).back(1)
    except ValueError as error:
        raise HTTPException(404) from error
    theme, at = said.get("theme", ""), said.get("page", "")
    return Filters(
        str(week),
        said.get("stage", "")[:12],
        said.get("item", "")[:60],
        tuple(filter(None, said.get("choice", "")[:300].split(","))),
        whole(theme),
        said.get("round", "")[:60],
        said.get("state", "")[:60],
        min(whole(at) or 1, LAST),
        side if (side := said.get("side", "")) in SIDES and theme else "",
    )


def _theme(name: str, by: Filters, words: Words) -> str:
    return words(f"behind.side_{by.side or 'both'}", theme=name) if name else ""


def _one_side(service: str, by: Filters) -> dict[str, str]:
    """Return where each side of a theme stands by itself, while both are shown."""
    if by.theme is None or by.side:
        return {}
    return {side: _address(service, replace(by, side=side, page=1)) for side in SIDES}


def _address(service: str, by: Filters) -> str:
    return f"/manage/answers/{service}?{urlencode(by.noted)}"
