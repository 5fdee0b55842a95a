"""The codebook of a service in the browser: what is proposed, what is in use, and the texts behind it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from bot.channels.web.manage.doors import form_of, noting, page, service_of, services_of
from bot.channels.web.manage.form import Error
from bot.channels.web.pages import backstage_of, pages_of, to
from bot.machine.names import machine_named
from bot.rights import Right
from bot.themes import curating
from bot.themes.curating import LONGEST_NAME, Act, By
from bot.themes.starter import called
from bot.themes.words import words
from flows.words import whole
from storage import looks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection
    from starlette.requests import Request
    from starlette.responses import Response

    from bot.channels.web.manage.doors import Visitor
    from bot.themes.curating import Codebook, Said
    from storage.themes import Theme

NONE = "none"
"""Stands in the address in place of a theme for the texts that fit none."""


async def overview(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/themes`: on to the codebook of the first service this person looks after."""
    mine = services_of(request, visitor, Right.SORT_THEMES)
    if not mine:
        raise HTTPException(404)
    return to(f"/manage/themes/{mine[0][0]}")


def _language(request: Request) -> str:
    return pages_of(request).words(request).language


# --------------------------------------------------------------------------- the codebook


async def show(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/themes/<service>`: proposed themes, and those in use."""
    return await _page(request, visitor)


async def _page(
    request: Request, visitor: Visitor, errors: Sequence[Error] = (), typed: Mapping[str, str] | None = None
) -> Response:
    service, name = service_of(request, visitor, Right.SORT_THEMES)
    book = await asyncio.to_thread(_codebook, request, visitor, service)
    return page(
        request,
        visitor,
        "manage/themes.html",
        status=422 if errors else 200,
        said=words(_language(request)),
        service=service,
        name=name,
        services=services_of(request, visitor, Right.SORT_THEMES),
        book=book,
        every=[*book.proposed, *book.used],
        machine=machine_named([each.name for each in (*book.proposed, *book.used)], words(_language(request))),
        minimum=backstage_of(request).config.digest.minimum_cell,
        most=LONGEST_NAME,
        errors=list(errors),
        wrong={error.name: error.message for error in errors},
        typed=typed or {},
        done=request.query_params.get("done", ""),
    )


def _codebook(request: Request, visitor: Visitor, service: str) -> Codebook:
    """Read the codebook, and note the look at the texts beside what is proposed."""
    backstage = backstage_of(request)
    now, who = backstage.clock(), visitor.person.name
    with noting(request) as db:
        book = curating.codebook(db, backstage.config, service, _language(request), now)
        if texts := sum(len(each.quotes) for each in book.proposed):
            looks.note(db, service, now, who, {"theme": "proposed"}, texts)
    return book


async def change(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/themes/<service>`: keep, rename, merge or drop a theme, or add one."""
    service, _ = service_of(request, visitor, Right.SORT_THEMES)
    typed = {name: str(value) for name, value in (await form_of(request)).items()}
    if typed.get("what") not in set(Act):
        raise HTTPException(404)
    what = Act(typed["what"])
    if not await asyncio.to_thread(_changed, request, visitor, service, what, typed):
        return await _page(request, visitor, [_fault(request, what, typed)], typed)
    return to(f"/manage/themes/{service}?done={what}")


def _fault(request: Request, what: Act, typed: Mapping[str, str]) -> Error:
    said, mark = words(_language(request)), typed.get("theme", "")
    if what is Act.MERGE:
        return Error(f"into-{mark}", said("themes.into_missing"))
    named = f"name-{mark}" if what is Act.RENAME else "name"
    return Error(named, said("themes.name_missing", most=said.number(LONGEST_NAME)))


def _changed(request: Request, visitor: Visitor, service: str, what: Act, typed: Mapping[str, str]) -> bool:
    """Do it; return whether nothing was missing."""
    backstage, language, name = backstage_of(request), _language(request), typed.get("name", "")
    by = By(visitor.person.name, backstage.clock())
    with backstage.database.transaction() as db:
        try:
            if what is Act.NEW:
                curating.add(db, service, name, language, backstage.mint(), by)
            else:
                theme, into = _theme(db, service, typed.get("theme", "")), typed.get("into", "")
                other = curating.live(db, service, n) if (n := whole(into)) is not None else None
                curating.act(db, theme, what, language, by, name=name, into=other)
        except ValueError:
            return False
    return True


def _theme(db: Connection, service: str, mark: str) -> Theme:
    theme = curating.live(db, service, n, lock=True) if (n := whole(mark)) is not None else None
    if theme is None:
        raise HTTPException(404)
    return theme


# --------------------------------------------------------------------------- texts


async def texts(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/themes/<service>/<theme>`: the texts behind a theme, or those that fit none, to be corrected."""
    service, name = service_of(request, visitor, Right.SORT_THEMES)
    theme, said, book = await asyncio.to_thread(_texts, request, visitor, service)
    language = _language(request)
    return page(
        request,
        visitor,
        "manage/theme.html",
        said=words(language),
        service=service,
        name=name,
        theme=theme,
        title=called(theme, language) if theme else "",
        texts=said,
        every=[*book.proposed, *book.used],
        address=request.url.path,
        done=request.query_params.get("done", ""),
    )


def _texts(request: Request, visitor: Visitor, service: str) -> tuple[Theme | None, list[Said], Codebook]:
    """Read the texts, and note the look at them."""
    backstage, language, mark = backstage_of(request), _language(request), request.path_params["theme"]
    now = backstage.clock()
    with noting(request) as db:
        theme = None if mark == NONE else _theme(db, service, mark)
        said = curating.texts_of(db, backstage.config, service, theme, language, now)
        looks.note(db, service, now, visitor.person.name, {"theme": theme.id if theme else NONE}, len(said))
        book = curating.codebook(db, backstage.config, service, language, now)
    return theme, said, book


async def correct(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/themes/<service>/<theme>`: a text is about a theme, or is not, or all is right as it stands."""
    service, _ = service_of(request, visitor, Right.SORT_THEMES)
    form = await form_of(request)
    typed = {name: str(form.get(name, "")) for name in ("text", "no", "also", "right")}
    if not all(whole(value) is not None for value in typed.values() if value) or not typed["text"]:
        raise HTTPException(404)
    await asyncio.to_thread(_corrected, request, visitor, service, typed)
    return to(f"{request.url.path}?done=correct")


def _corrected(request: Request, visitor: Visitor, service: str, typed: Mapping[str, str]) -> None:
    backstage, text, person = backstage_of(request), int(typed["text"]), visitor.person.id
    said = {int(typed[name]): fits for name, fits in (("no", False), ("also", True)) if typed[name]}
    with backstage.database.transaction() as db:
        now = backstage.clock()
        found = (
            curating.all_right(db, service, text, person, now)
            if typed["right"]
            else curating.correct(db, service, text, said, person, now)
        )
        if not found:
            raise HTTPException(404)
