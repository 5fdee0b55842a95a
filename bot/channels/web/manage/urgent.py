"""The open urgent reports of a service: words of danger that nobody has said they look after. Each look is noted."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from bot.alarms import Alarms, page_of
from bot.channels.web.manage.doors import noting, page
from bot.channels.web.pages import backstage_of, pages_of, to
from bot.reading.spans import worded
from bot.rights import Right
from bot.rounds import record
from bot.texts import texts
from storage import alarms, crossings, looks, rounds

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.requests import Request
    from starlette.responses import Response

    from bot.channels.web.manage.doors import Visitor
    from storage.alarms import Report

MOST = 100
"""Reports on the page; as each is done, later ones come up."""


@dataclass(frozen=True, slots=True)
class Row:
    """An open report."""

    id: int
    at: str
    round: str
    """Its title; empty: written outside a round."""
    stage: str
    words: str
    """Without what leads to a person; empty where they are no longer kept."""
    told: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A service with open reports: where their page is, and how many there are."""

    page: str
    service: str
    count: int


def waiting(request: Request, visitor: Visitor) -> list[Waiting]:
    """Return the services with open reports that somebody may read, for the page on which they begin."""
    config, language = backstage_of(request).config, pages_of(request).words(request).language
    keys = visitor.services([each.key for each in config.services], Right.READ_ANSWERS)
    with backstage_of(request).database.reading() as db:
        counted = [(key, alarms.waiting(db, key)) for key in keys]
    return [Waiting(page_of(key), config.service_of(key).label(language), count) for key, count in counted if count]


async def show(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/urgent/<service>`: what is open, the first first."""
    service, name = _service(request, visitor)
    rows, more = await asyncio.to_thread(_rows, request, visitor, service)
    return page(
        request,
        visitor,
        "manage/urgent.html",
        service=service,
        name=name,
        rows=rows,
        more=more,
        number=backstage_of(request).config.city.emergency_number,
        done=request.query_params.get("done", ""),
    )


def _service(request: Request, visitor: Visitor) -> tuple[str, str]:
    """Return the service in the address; what somebody may not see does not exist for them."""
    service, language = request.path_params["service"], pages_of(request).words(request).language
    known = {each.key: each for each in backstage_of(request).config.services}
    if service not in known or not visitor.may(service, Right.READ_ANSWERS):
        raise HTTPException(404)
    return service, known[service].spoken(language)


def _rows(request: Request, visitor: Visitor, service: str) -> tuple[list[Row], bool]:
    """Read the reports, and note the look at their words."""
    with noting(request) as db:
        found = alarms.open_of(db, service, MOST + 1)
        rows = [_row(request, db, each) for each in found[:MOST]]
        if shown := sum(bool(each.words) for each in rows):
            looks.note(db, service, backstage_of(request).clock(), visitor.person.name, {"urgent": "open"}, shown)
    return rows, len(found) > MOST


def _row(request: Request, db: Connection, of: Report) -> Row:
    backstage, words, zone = backstage_of(request), pages_of(request).words(request), pages_of(request).zone
    title = stage = ""
    if of.round_id is not None and (row := rounds.get(db, of.round_id)) is not None:
        title, stage = record.title(record.load(row.record), row.title, words.language), row.stage
    said = worded(backstage.keys.unseal(of.sealed), texts(words.language)) if of.sealed is not None else ""
    return Row(of.id, words.moment(of.at.astimezone(zone)), title, stage, said, of.told)


async def done(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/urgent/<service>/<number>/done`: somebody looks after it; the log says who, and when."""
    service, _ = _service(request, visitor)
    await asyncio.to_thread(_done, request, visitor, service)
    return to(f"{page_of(service)}?done=urgent")


def _done(request: Request, visitor: Visitor, service: str) -> None:
    backstage = backstage_of(request)
    with backstage.database.transaction() as db:
        alarm = alarms.get(db, request.path_params["number"])
        if alarm is None or alarm.service != service:
            raise HTTPException(404)
        Alarms.done(db, alarm, visitor.person.id, backstage.clock())
        crossings.passed("alarm.closes")
    crossings.passed("alarm.closed")
