"""The flows there are: the catalogue, and each flow with its checks, its picture and its table."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import Response

from bot.channels.web.manage.desk import Drawn
from bot.channels.web.manage.doors import page
from bot.channels.web.manage.preview import named
from bot.channels.web.pages import backstage_of, pages_of
from bot.channels.web.words import own_name
from bot.pictures.drawing import svg
from bot.pictures.listing import listing
from bot.rounds.record import in_language
from bot.texts import texts
from flows.examples import filled
from storage import flow_versions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

    from bot.channels.web.manage.doors import Visitor
    from flows.issues import Issue
    from flows.model import Flow

USED = ("open", "scheduled")
"""States of rounds that need their flow."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One flow of the catalogue."""

    flow: Flow
    title: str
    minutes: int
    languages: tuple[tuple[str, str], ...]
    published: tuple[int, ...]
    rounds: int
    """Rounds that ask it now or are about to."""
    issues: Sequence[Issue]


async def overview(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/flows`: all flows, by stage."""
    entries = await asyncio.to_thread(_entries, request)
    broken = _broken(request)
    return page(request, visitor, "manage/flows.html", entries=entries, broken=broken)


async def show(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/flows/<id>`: one flow, or what must be mended before it can be played."""
    flow, broken = request.path_params["flow"], _broken(request)
    if flow in broken:
        return page(request, visitor, "manage/broken.html", flow=flow, issues=broken[flow])
    entry = await asyncio.to_thread(_entry_of, request, named(request))
    drawn = await asyncio.to_thread(_drawn, request, entry.flow)
    return page(request, visitor, "manage/flow.html", entry=entry, drawn=drawn)


async def picture_file(request: Request, _visitor: Visitor) -> Response:
    """`GET /manage/flows/<id>/picture.svg`: the picture alone."""
    drawn = await asyncio.to_thread(_drawn, request, named(request))
    return Response(drawn.picture, media_type="image/svg+xml")


def _entries(request: Request) -> list[Entry]:
    backstage = backstage_of(request)
    published = _published(request)
    used = [each.flow for each in backstage.rounds.listed(states=USED)]
    language = pages_of(request).language(request)
    return [
        Entry(
            flow,
            in_language(flow.title, language),
            max(1, round(flow.minutes)),
            tuple((one, own_name(one)) for one in flow.languages),
            published.get(flow.id, ()),
            used.count(flow.id),
            backstage.catalog.issues_of(flow.id),
        )
        for flow in backstage.catalog.flows
    ]


def _entry_of(request: Request, flow: Flow) -> Entry:
    found = next((entry for entry in _entries(request) if entry.flow.id == flow.id), None)
    if found is None:
        raise HTTPException(404)
    return found


def _published(request: Request) -> Mapping[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = defaultdict(tuple)
    with backstage_of(request).database.reading() as db:
        for each in flow_versions.published(db):
            found[each.flow] = (*found[each.flow], each.version)
    return found


def _broken(request: Request) -> Mapping[str, Sequence[Issue]]:
    """Return the flows that cannot be played, with what must be mended."""
    catalog = backstage_of(request).catalog
    names = sorted({flow for flow, _ in catalog.compiled} - catalog.names)
    return {name: catalog.issues_of(name) for name in names}


def _drawn(request: Request, flow: Flow) -> Drawn:
    played, said = filled(flow), texts(pages_of(request).language(request))
    return Drawn(svg(played, said), listing(played, said), counted=False, minimum=0)
