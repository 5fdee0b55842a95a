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
from bot.errors import Refused
from bot.pictures.drawing import svg
from bot.pictures.listing import listing
from bot.rights import Right
from bot.rounds.looking import ASKING
from bot.rounds.tongues import in_language
from bot.texts import own_name, texts
from flows.examples import filled
from storage import flow_versions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

    from bot.channels.web.backstage import RoundView, Version
    from bot.channels.web.manage.doors import Visitor
    from flows.issues import Issue
    from flows.model import Flow

PAIR = 2
"""Versions that it takes to compare."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One flow of the catalogue."""

    flow: Flow
    title: str
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
    told = await asyncio.to_thread(_compared, request, visitor, entry.flow.id)
    return page(request, visitor, "manage/flow.html", entry=entry, drawn=drawn, told=told)


async def picture_file(request: Request, _visitor: Visitor) -> Response:
    """`GET /manage/flows/<id>/picture.svg`: the picture alone."""
    drawn = await asyncio.to_thread(_drawn, request, named(request))
    return Response(drawn.picture, media_type="image/svg+xml")


def _entries(request: Request) -> list[Entry]:
    backstage = backstage_of(request)
    published = _published(request)
    used = [each.flow for each in backstage.rounds.listed(states=ASKING)]
    language = pages_of(request).language(request)
    edited = backstage.rounds.edited()
    return [
        Entry(
            flow,
            in_language(flow.title, language),
            tuple((one, own_name(one)) for one in flow.languages),
            published.get(flow.id, ()),
            used.count(flow.id),
            backstage.catalog.issues_of(flow.id, edited),
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


@dataclass(frozen=True, slots=True)
class Told:
    """The versions of a flow, the newest first, and what changed between two of them; none were chosen of one alone."""

    versions: Sequence[Line]
    old: int = 0
    new: int = 0
    changes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One version as the visitor sees it."""

    number: int
    retired: str
    """The day since which no new round opens with it, in words; empty where one may."""
    rounds: Sequence[RoundView]
    others: int
    """Rounds of services that are not the visitor's."""


def _compared(request: Request, visitor: Visitor, flow: str) -> Told:
    rounds, words = backstage_of(request).rounds, pages_of(request).words(request)
    versions = rounds.versions(flow)
    lines = [_line(request, visitor, one) for one in versions]
    if len(versions) < PAIR:
        return Told(lines)
    new, old = (_chosen(request, key, versions[place].number, versions) for place, key in enumerate(("to", "from")))
    try:
        return Told(lines, old, new, rounds.changes(flow, old, new, words.language))
    except Refused as refused:
        return Told(lines, old, new, [str(refused)])


def _line(request: Request, visitor: Visitor, version: Version) -> Line:
    pages, words = pages_of(request), pages_of(request).words(request)
    retired = words.day(version.retired_at, pages.zone) if version.retired_at else ""
    own = [one for one in version.rounds if visitor.may(one.service, Right.SEE_ROUNDS)]
    return Line(version.number, retired, own, len(version.rounds) - len(own))


def _chosen(request: Request, key: str, usual: int, versions: Sequence[Version]) -> int:
    """Return the version named in the address, else the usual one. Raises 404 where the flow never had it."""
    given = request.query_params.get(key, str(usual))
    found = next((one.number for one in versions if str(one.number) == given), None)
    if found is None:
        raise HTTPException(404)
    return found


def _drawn(request: Request, flow: Flow) -> Drawn:
    played, said = filled(flow), texts(pages_of(request).language(request))
    return Drawn(svg(played, said), listing(played, said), counted=False, minimum=0)
