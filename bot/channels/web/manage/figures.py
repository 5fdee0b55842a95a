"""The manager's figures: this week so far, and every digest of the past, as a page with its chart."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import Response

from bot.channels.web.manage import quarters, rhythm, urgent
from bot.channels.web.manage.doors import page, taken
from bot.channels.web.pages import backstage_of, pages_of, to
from bot.digests import render
from bot.digests.model import load, published
from bot.digests.render import pairs, told
from bot.digests.render.leads import leads
from bot.digests.render.schema import FILE as SCHEMA
from bot.digests.render.words import words
from bot.digests.weeks import Week
from bot.digests.writing import page_url
from bot.rights import Right
from bot.rounds.lifecycle import BEGUN
from bot.texts import texts
from storage import digests

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

    from bot.actions.subjects import Subject
    from bot.channels.web.backstage import RoundView
    from bot.channels.web.manage.doors import Visitor
    from bot.channels.web.manage.form import Error
    from bot.digests.model import Digest
    from bot.digests.quarters import Quarter
    from bot.texts import Texts

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NOW = "now"
"""What stands in the address in place of a week for the week that is still running."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """One service of a manager: this week so far, and the weeks there is a digest of."""

    key: str
    name: str
    so_far: told.Told | None
    weeks: tuple[Past, ...]
    rounds: tuple[RoundView, ...]
    """Those that have begun, newest first."""
    quarters: Sequence[tuple[Quarter, str]]
    """Those there is a sheet of, with what each is called, newest first."""


@dataclass(frozen=True, slots=True)
class Past:
    """A week of the past; `title` is empty where the week was silent."""

    period: str
    week: int
    year: int
    title: str


async def overview(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/digests`: for each service this week so far, and the list of past weeks."""
    return await _shelves_page(request, visitor, rhythm.shown(request, visitor))


async def choose(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/digests`: on which day, at which hour and in which time zone this person's digest comes."""
    if not visitor.may_somewhere(Right.READ_DIGESTS):
        raise HTTPException(404)
    typed, errors = await rhythm.keep(request, visitor)
    return await _shelves_page(request, visitor, typed, errors) if errors else to("/manage/digests?done=when")


async def _shelves_page(
    request: Request, visitor: Visitor, typed: Mapping[str, str], errors: Sequence[Error] = ()
) -> Response:
    shelves = await asyncio.to_thread(_shelves, request, visitor)
    reports = await asyncio.to_thread(urgent.waiting, request, visitor)
    return page(
        request,
        visitor,
        "manage/figures.html",
        status=422 if errors else 200,
        reports=reports,
        shelves=shelves,
        typed=typed,
        days=rhythm.days(request),
        choices=rhythm.choices(request),
        errors=list(errors),
        wrong={error.name: error.message for error in errors},
        done=request.query_params.get("done", ""),
    )


def _shelves(request: Request, visitor: Visitor) -> list[Shelf]:
    backstage, language = backstage_of(request), pages_of(request).words(request).language
    keys = visitor.services([service.key for service in backstage.config.services], Right.READ_DIGESTS)
    today = backstage.clock().astimezone(backstage.config.city.zone).date()
    with backstage.database.reading() as db:
        rows = digests.of(db, visitor.person.id, services=keys)
    return [
        Shelf(
            key,
            backstage.config.service_of(key).label(language),
            _told(backstage.so_far(key), language),
            tuple(_past(row, language) for row in rows if row.service == key),
            tuple(backstage.rounds.listed([key], BEGUN)),
            quarters.known([row.period for row in rows if row.service == key], today, language),
        )
        for key in keys
    ]


def _told(digest: Digest | None, language: str) -> told.Told | None:
    return told.page(digest, texts(language)) if digest is not None else None


def _past(row: digests.DigestRow, language: str) -> Past:
    week, digest = Week.parse(row.period), load(row.body)
    return Past(row.period, week.number, week.year, told.page(digest, texts(language)).span if digest else "")


async def show(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/digests/<service>/<week>`: one digest, in the words of the mail, with its numbers as tables.

    It tells all of it, also what is as last time.
    """
    digest = await asyncio.to_thread(_digest, request, visitor)
    language = pages_of(request).words(request).language
    drawn = await asyncio.to_thread(render.charts, digest, texts(language))
    return page(
        request,
        visitor,
        "manage/digest.html",
        told=told.page(replace(digest, again=()), texts(language)),
        charts={name: each.alt for name, each in drawn.items()},
        tables=pairs.tables(digest, texts(language)),
        leads=leads(digest, texts(language)) if visitor.may(digest.service, Right.READ_ANSWERS) else {},
        subjects=await asyncio.to_thread(_subjects, request, digest, language),
        week=digest.period,
        service=digest.service,
        over=not digest.so_far,
        address=request.url.path,
        said=words(language),
    )


def _subjects(request: Request, digest: Digest, language: str) -> list[Subject]:
    backstage = backstage_of(request)
    with backstage.database.reading() as db:
        return backstage.actions.subjects(db, digest.service, digest.period, language)


async def drawn(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/digests/<service>/<week>/charts/<name>.png`: a chart of the mail, by its name."""
    digest, said = await _asked(request, visitor)
    found = await asyncio.to_thread(render.charts, digest, said)
    name = request.path_params["name"]
    if name not in found:
        raise HTTPException(404)
    return Response(found[name].png, media_type="image/png")


async def paper(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/digests/<service>/<week>/page.pdf`: one page to print."""
    digest, said = await _asked(request, visitor)
    url = page_url(backstage_of(request).config, digest)
    body = await asyncio.to_thread(render.pdf, digest, said, url)
    return await _file(request, visitor, body, digest, "pdf", "application/pdf")


async def book(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/digests/<service>/<week>/figures.xlsx`: the figures as a workbook with its codebook."""
    digest, said = await _asked(request, visitor)
    body = await asyncio.to_thread(render.xlsx, digest, said.language)
    return await _file(request, visitor, body, digest, "xlsx", XLSX)


async def data(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/digests/<service>/<week>/digest.json`: the digest for programs."""
    digest, _ = await _asked(request, visitor)
    return await _file(request, visitor, published(digest).encode(), digest, "json", "application/json")


async def schema(request: Request) -> Response:  # noqa: ARG001 - the contract of a page
    """`GET /digest.schema.json`: what is in that file; nobody's figures, so everybody may read it."""
    return Response(SCHEMA.read_bytes(), media_type="application/schema+json")


async def _asked(request: Request, visitor: Visitor) -> tuple[Digest, Texts]:
    said = texts(pages_of(request).words(request).language)
    return await asyncio.to_thread(_digest, request, visitor), said


async def _file(request: Request, visitor: Visitor, body: bytes, digest: Digest, ending: str, kind: str) -> Response:
    await asyncio.to_thread(taken, request, visitor, digest.service, ending, digest=digest.period)
    name = {"content-disposition": f'attachment; filename="{digest.service}-{digest.period}.{ending}"'}
    return Response(body, media_type=kind, headers=name)


def _digest(request: Request, visitor: Visitor) -> Digest:
    """Return the digest in the address, this person's own; what somebody may not see does not exist for them."""
    backstage = backstage_of(request)
    service, period = request.path_params["service"], request.path_params["period"]
    known = {each.key for each in backstage.config.services}
    if service not in known or not visitor.may(service, Right.READ_DIGESTS):
        raise HTTPException(404)
    digest = backstage.so_far(service) if period == NOW else _kept(request, visitor, service, period)
    if digest is None:
        raise HTTPException(404)
    return digest


def _kept(request: Request, visitor: Visitor, service: str, period: str) -> Digest | None:
    with backstage_of(request).database.reading() as db:
        row = digests.find(db, visitor.person.id, service, period)
    return load(row.body) if row else None
