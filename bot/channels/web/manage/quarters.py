"""The quarterly sheet of a service, as a page to read or to print."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from bot.channels.web.manage.doors import page
from bot.channels.web.pages import backstage_of, pages_of
from bot.digests import findings as published
from bot.digests.model import load
from bot.digests.quarters import Ended, Quarter, Sheet, sheet
from bot.digests.render import quarter as render
from bot.digests.weeks import Week
from bot.rights import Right
from bot.rounds import record
from storage import digests, findings, rounds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from sqlalchemy import Connection
    from starlette.requests import Request
    from starlette.responses import Response

    from bot.assessing.gap import Gap
    from bot.channels.web.manage.doors import Visitor
    from bot.digests.model import Digest


async def show(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/quarters/<service>/<quarter>`: what the digests and rounds of three months say together."""
    backstage, language = backstage_of(request), pages_of(request).words(request).language
    service, quarter = request.path_params["service"], _quarter(request)
    today = backstage.clock().astimezone(backstage.config.city.zone).date()
    known = service in {each.key for each in backstage.config.services} and visitor.may(service, Right.READ_DIGESTS)
    if not known or quarter.first > today:
        raise HTTPException(404)
    found = await asyncio.to_thread(_sheet, request, visitor, service, quarter)
    running = Quarter.holding(today) == quarter
    told = render.page(found, backstage.config.service_of(service).name, language, running=running)
    return page(request, visitor, "manage/quarter.html", told=told)


def known(weeks: Sequence[str], today: date, language: str) -> list[tuple[Quarter, str]]:
    """Return the quarters there is a digest of, and the one that is running, with what each is called; newest first."""
    found = {Quarter.holding(today), *(Quarter.holding(Week.parse(each).sunday) for each in weeks)}
    return [(each, render.name(each, language)) for each in sorted(found, reverse=True) if each.first <= today]


def _quarter(request: Request) -> Quarter:
    try:
        return Quarter.parse(request.path_params["quarter"])
    except ValueError:
        raise HTTPException(404) from None


def _sheet(request: Request, visitor: Visitor, service: str, quarter: Quarter) -> Sheet:
    backstage = backstage_of(request)
    with backstage.database.reading() as db:
        issued = dict(_issued(db, service, (*quarter.before.weeks, *quarter.weeks)))
        ended = [*_ended(db, service)]
        gap = _gap(db, visitor.person.id, service, quarter)
    return sheet(quarter, issued, gap, ended, backstage.config.digest.minimum_cell, backstage.config.city.zone)


def _issued(db: Connection, service: str, weeks: Sequence[Week]) -> Iterator[tuple[Week, Digest]]:
    for week in weeks:
        body = digests.issued(db, service, str(week))
        digest = load(body) if body else None
        if digest is not None:
            yield week, digest


def _ended(db: Connection, service: str) -> Iterator[Ended]:
    for row in rounds.find(db, services=[service]):
        if (body := findings.get(db, row.id)) is not None:
            yield Ended(row.code, record.titles(record.load(row.record)) or {"": row.title}, published.load(body))


def _gap(db: Connection, person_id: int, service: str, quarter: Quarter) -> Gap | None:
    """Return what the last digest of the quarter says of somebody's own predictions."""
    for week in reversed(quarter.weeks):
        row = digests.find(db, person_id, service, str(week))
        digest = load(row.body) if row else None
        if digest is not None and digest.gap is not None:
            return digest.gap
    return None
