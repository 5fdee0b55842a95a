"""The words of citizens that others may see, in the browser: what waits, what is shown, and what is withheld."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from bot import quoting
from bot.channels.web.manage.doors import form_of, noting, page, service_of, services_of
from bot.channels.web.manage.form import Error
from bot.channels.web.pages import backstage_of, pages_of, to
from bot.quoting import By, Done
from bot.rights import Right
from bot.rounds import record
from bot.texts import texts
from bot.themes.starter import called
from flows.words import whole
from storage import looks, people, rounds, rulings, themes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection
    from starlette.requests import Request
    from starlette.responses import Response

    from bot.channels.web.manage.doors import Visitor
    from bot.quoting import Queued

SHOW, WITHHOLD = "show", "withhold"
LAST = 99_999
"""No page has a higher number."""


@dataclass(frozen=True, slots=True)
class Row:
    """A text as the page shows it."""

    id: int
    kind: str
    words: str
    mark: str
    doubted: bool
    about: tuple[str, ...]
    """Day, stage, round and themes."""
    ruled: bool
    reason: str
    own: str
    """A reason in the words of whoever judged."""
    by: str
    """Who judged; empty where they have no name any more."""
    on: str


async def overview(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/words`: on to the first service this person may judge for."""
    mine = services_of(request, visitor, Right.JUDGE_QUOTES)
    if not mine:
        raise HTTPException(404)
    return to(f"/manage/words/{mine[0][0]}")


async def show(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/words/<service>?page=…`: what waits, what is shown, what is withheld, twenty on a page."""
    return await _page(request, visitor, request.query_params.get("page", ""))


async def _page(
    request: Request, visitor: Visitor, at: str, errors: Sequence[Error] = (), typed: Mapping[str, str] | None = None
) -> Response:
    service, name = service_of(request, visitor, Right.JUDGE_QUOTES)
    number = min(max(whole(at) or 1, 1), LAST)
    rows, counts = await asyncio.to_thread(_rows, request, visitor, service, number)
    return page(
        request,
        visitor,
        "manage/quoted.html",
        status=422 if errors else 200,
        said=texts(pages_of(request).words(request).language),
        service=service,
        name=name,
        services=services_of(request, visitor, Right.JUDGE_QUOTES),
        approved=backstage_of(request).config.privacy.approved,
        rows=rows,
        counts=counts,
        number=number,
        pages=max(1, -(-sum(counts.values()) // quoting.PAGE)),
        reasons=quoting.REASONS,
        most=quoting.LONGEST,
        errors=list(errors),
        wrong={error.name: error.message for error in errors},
        typed=typed or {},
        done=request.query_params.get("done", ""),
    )


def _rows(request: Request, visitor: Visitor, service: str, number: int) -> tuple[list[Row], Mapping[str, int]]:
    """Read a page of the texts, and note the look at them."""
    backstage, language = backstage_of(request), pages_of(request).words(request).language
    config, keys = backstage.config, backstage.keys
    with noting(request) as db:
        counts = rulings.counts(db, [service], approved=config.privacy.approved)[service]
        found = quoting.queue(db, config, keys, service, texts(language), number - 1)
        if found:
            about = {"words": "quotes", "page": number}
            looks.note(db, service, backstage.clock(), visitor.person.name, about, len(found))
        return _shown(request, db, service, found), counts


def _shown(request: Request, db: Connection, service: str, found: Sequence[Queued]) -> list[Row]:
    words, zone = pages_of(request).words(request), pages_of(request).zone
    rows = rounds.by_ids(db, {one.text.round_id for one in found})
    titles = {key: record.title(record.load(row.record), row.title, words.language) for key, row in rows.items()}
    sorted_ = themes.of_texts(db, [one.text.id for one in found]) if found else {}
    names = {one.id: called(one, words.language) for one in themes.codebook(db, service)}
    shown = []
    for one in found:
        text = one.text
        judge = people.get(db, text.person_id) if text.person_id is not None else None
        stage = words(f"stage.{text.stage}") if words.has(f"stage.{text.stage}") else text.stage
        of = [names[each] for each in sorted_.get(text.id, ()) if each in names]
        shown.append(
            Row(
                id=text.id,
                kind=text.kind,
                words=one.words,
                mark=one.mark,
                doubted=one.doubted and text.ruling is None,
                about=(words.day(text.counted_at, zone), stage, titles[text.round_id], *of),
                ruled=text.ruling is not None,
                reason=text.reason or "",
                own=text.words or "",
                by=judge.name if judge else "",
                on=words.day(text.at, zone) if text.at else "",
            )
        )
    return shown


async def judge(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/words/<service>`: let others see a text, or withhold it."""
    service, _ = service_of(request, visitor, Right.JUDGE_QUOTES)
    form = await form_of(request)
    typed = {name: str(form.get(name, "")) for name in ("text", "seen", "act", "reason", "words", "page")}
    if typed["act"] not in {SHOW, WITHHOLD} or whole(typed["text"]) is None:
        raise HTTPException(404)
    errors = _faults(request, typed) if typed["act"] == WITHHOLD else []
    if errors:
        return await _page(request, visitor, typed["page"], errors, typed)
    done = await asyncio.to_thread(_judged, request, visitor, service, typed)
    number = min(max(whole(typed["page"]) or 1, 1), LAST)
    return to(f"/manage/words/{service}?page={number}&done={done}")


def _faults(request: Request, typed: Mapping[str, str]) -> list[Error]:
    said, mark = texts(pages_of(request).words(request).language), whole(typed["text"])
    if typed["reason"] not in quoting.REASONS:
        return [Error(f"why-{mark}", said("quoting.why_missing"))]
    if typed["reason"] == quoting.OTHER and not typed["words"].strip():
        return [Error(f"words-{mark}", said("quoting.words_missing"))]
    return []


def _judged(request: Request, visitor: Visitor, service: str, typed: Mapping[str, str]) -> Done:
    backstage, person = backstage_of(request), visitor.person
    with backstage.database.transaction() as db:
        by, reason = By(person.id, person.name, backstage.clock()), typed["reason"] if typed["act"] == WITHHOLD else ""
        return quoting.rule(
            db, backstage.keys, service, int(typed["text"]), typed["seen"], by, reason=reason, words=typed["words"]
        )
