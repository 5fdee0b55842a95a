"""You said, we did, we did not: what a service does about what it was told; how an action begins, passes on and ends.

Whatever is sent is shown first: to how many people it goes, and what they will read. Only the second press sends it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from starlette.exceptions import HTTPException

from bot.actions.acting import Draft, Unfit
from bot.actions.telling import Letter, load
from bot.channels.web.manage.doors import form_of, noting, page, service_of, services_of
from bot.channels.web.manage.form import Error
from bot.channels.web.pages import backstage_of, pages_of, to
from bot.digests.disclosure import about
from bot.rights import Right
from bot.texts import own_name
from flows.words import whole
from storage import actions, crossings, looks
from storage.actions import ANSWER, ASK, CHOSEN, DONE, FIX, NOT_DONE, NOT_US, OPEN, WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection
    from starlette.requests import Request
    from starlette.responses import Response

    from bot.actions.acting import Preview
    from bot.actions.results import Result
    from bot.channels.web.manage.doors import Visitor
    from storage.actions import Action, Told

LATE = "late"
SHOWN: Mapping[str, Callable[[Action, str], bool]] = {
    "all": lambda _row, _today: True,
    "open": lambda row, _today: row.state == OPEN,
    LATE: lambda row, today: row.late(today),
    "done": lambda row, _today: row.state == DONE,
    "not_done": lambda row, _today: row.state == NOT_DONE,
}
"""What the list can be narrowed to."""
KINDS: Mapping[str, tuple[str, ...]] = {WORDS: (FIX,), actions.ISSUE: (FIX,), CHOSEN: (NOT_US, FIX)}
"""What can be done about what is no figure of a digest."""


class Rate(NamedTuple):
    """How many were told, of so many who agreed, in steps of the minimum, nobody as such; None: fewer."""

    told: int | None
    agreed: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """An action on the list."""

    action: Action
    words: str
    """What it says, to its reader."""
    about: str
    """What people said."""
    late: int
    """Days late; 0: not late."""
    due: str
    settled: str
    rate: Rate
    """Who was told, of those who agreed."""
    raised: int | None
    """How many raised it, in steps of the minimum."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The actions of a service, as far as they are shown."""

    rows: Sequence[Row]
    counts: Mapping[str, int]
    rate: Rate


@dataclass(frozen=True, slots=True)
class Whole:
    """One action with all that is known of it."""

    row: Row
    said: Sequence[tuple[str, str]]
    """(language, text) of what people were told or asked."""
    log: Sequence[tuple[str, str, str, str]]
    """(moment, who, what, why) of each change."""
    result: Result | None


async def overview(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/actions`: on to the actions of the first service this person looks after."""
    mine = services_of(request, visitor, Right.ACT_ON_DIGESTS)
    if not mine:
        raise HTTPException(404)
    return to(f"/manage/actions/{mine[0][0]}")


# --------------------------------------------------------------------------- the list


async def listed(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/actions/<service>?show=…`: what was said and what is done about it."""
    service, name = service_of(request, visitor, Right.ACT_ON_DIGESTS)
    shown = request.query_params.get("show", "all")
    shown = shown if shown in SHOWN else "all"
    shelf = await asyncio.to_thread(_shelf, request, service, shown)
    return page(
        request,
        visitor,
        "manage/actions.html",
        service=service,
        name=name,
        others=services_of(request, visitor, Right.ACT_ON_DIGESTS),
        shelf=shelf,
        shown=shown,
        minimum=backstage_of(request).config.digest.minimum_cell,
        done=request.query_params.get("done", ""),
    )


def _shelf(request: Request, service: str, shown: str) -> Shelf:
    today = _today(request)
    with backstage_of(request).database.reading() as db:
        every = actions.of(db, service)
        rows = [_row(request, db, each, today) for each in every if SHOWN[shown](each, today.isoformat())]
    counts = {key: sum(fits(each, today.isoformat()) for each in every) for key, fits in SHOWN.items()}
    return Shelf(sorted(rows, key=lambda row: -row.late), counts, _rate(request, actions.told_back(every)))


def _today(request: Request) -> date:
    return backstage_of(request).actions.today(backstage_of(request).clock())


def _row(request: Request, db: Connection, row: Action, today: date) -> Row:
    words, zone = pages_of(request).words(request), pages_of(request).zone
    said = backstage_of(request).actions.named(db, row.service, row.source, row.of, words.language)
    due_on = date.fromisoformat(row.due_on) if row.due_on else None
    late = (today - due_on).days if due_on and row.late(today.isoformat()) else 0
    settled = words.day(row.settled_at, zone) if row.settled_at else ""
    day = words.day_of(due_on) if due_on else ""
    return Row(row, _words(row, words.language), said, late, day, settled, _rate(request, row), _raised(request, row))


def _words(row: Action, language: str) -> str:
    """Return what an action says in a language, where its words are those of a letter that is written in it."""
    texts = load(row.letter).texts
    of_letter = row.kind in {ANSWER, ASK} and any(text.startswith(row.words) for text in texts.values())
    return texts[language][:300] if of_letter and texts.get(language) else row.words


def _raised(request: Request, row: Action) -> int | None:
    return about(row.raised, backstage_of(request).config.digest.minimum_cell) if row.raised else None


def _rate(request: Request, of: Told | Action) -> Rate:
    minimum = backstage_of(request).config.digest.minimum_cell
    return Rate(about(of.told, minimum), about(of.agreed, minimum))


# --------------------------------------------------------------------------- one action


async def show(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/actions/<service>/<number>`: all of an action, and what can be done with it."""
    return await _shown(request, visitor)


async def _shown(
    request: Request,
    visitor: Visitor,
    errors: Sequence[Error] = (),
    typed: Mapping[str, str] | None = None,
    preview: Preview | None = None,
) -> Response:
    service, name = service_of(request, visitor, Right.ACT_ON_DIGESTS)
    told, owners = await asyncio.to_thread(_told, request, visitor, service)
    action = told.row.action
    kept = {"owner": str(action.person_id or ""), "due": action.due_on or "", "state": DONE, "outcome": ""}
    return page(
        request,
        visitor,
        "manage/action.html",
        status=422 if errors else 200,
        service=service,
        name=name,
        told=told,
        owners=owners,
        errors=list(errors),
        wrong={error.name: error.message for error in errors},
        typed=kept | dict(typed or {}),
        preview=preview,
        minimum=backstage_of(request).config.digest.minimum_cell,
        done=request.query_params.get("done", ""),
    )


def _told(request: Request, visitor: Visitor, service: str) -> tuple[Whole, list[tuple[str, str]]]:
    """Return an action; where it shows words of people, it is noted who looked."""
    backstage = backstage_of(request)
    with backstage.database.reading() as db:
        whole, owners = _whole(request, db, service)
    if whole.result is None or not whole.result.texts:
        return whole, owners
    with noting(request) as db:
        whole, owners = _whole(request, db, service)
        texts = len(whole.result.texts) if whole.result else 0
        looks.note(db, service, backstage.clock(), visitor.person.name, {"action": whole.row.action.id}, texts)
    return whole, owners


def _whole(request: Request, db: Connection, service: str) -> tuple[Whole, list[tuple[str, str]]]:
    backstage, words, zone = backstage_of(request), pages_of(request).words(request), pages_of(request).zone
    action = _held(request, db, service)
    row = _row(request, db, action, _today(request))
    log = [
        (words.moment(each.at.astimezone(zone)), each.who, each.what, each.why) for each in actions.log(db, action.id)
    ]
    result = backstage.actions.result(db, action, words.language) if action.kind == ASK else None
    owners = [(str(each.id), each.name) for each in backstage.actions.owners(db, service)]
    return Whole(row, list(load(action.letter).texts.items()), log, result), owners


def _held(request: Request, db: Connection, service: str, *, lock: bool = False) -> Action:
    """Return the action in the address, of this service."""
    action = actions.get(db, request.path_params["number"], lock=lock)
    if action is None or action.service != service:
        raise HTTPException(404)
    return action


async def give(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/actions/<service>/<number>/give`: somebody owns it from now on, until a day."""
    service, _ = service_of(request, visitor, Right.ACT_ON_DIGESTS)
    typed = await _typed(request)
    try:
        await asyncio.to_thread(_given, request, visitor, service, typed)
    except Unfit as error:
        return await _shown(request, visitor, [_error(request, error)], typed)
    return to(f"{request.url.path.removesuffix('/give')}?done=given")


def _given(request: Request, visitor: Visitor, service: str, typed: Mapping[str, str]) -> None:
    backstage = backstage_of(request)
    with backstage.database.transaction() as db:
        action = _held(request, db, service, lock=True)
        owner, due = whole(typed.get("owner", "")), typed.get("due", "")
        backstage.actions.give(db, action, owner, due, visitor.person, backstage.clock())
        crossings.passed("action.gives")
    crossings.passed("action.given")


async def settle(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/actions/<service>/<number>/settle`: say what came of it; where it is told, after a second press."""
    service, _ = service_of(request, visitor, Right.ACT_ON_DIGESTS)
    typed = await _typed(request)
    try:
        if typed.get("tell") and not typed.get("sure"):
            preview = await asyncio.to_thread(_foreseen, request, service, typed)
            return await _shown(request, visitor, (), typed, preview)
        await asyncio.to_thread(_settled, request, visitor, service, typed)
    except Unfit as error:
        return await _shown(request, visitor, [_error(request, error)], typed)
    return to(f"{request.url.path.removesuffix('/settle')}?done=settled")


def _foreseen(request: Request, service: str, typed: Mapping[str, str]) -> Preview:
    backstage = backstage_of(request)
    if not typed.get("outcome"):
        raise Unfit("no_outcome" if typed.get("state") == DONE else "no_reason", "outcome")
    with backstage.database.reading() as db:
        return backstage.actions.foresee(db, _held(request, db, service), backstage.clock())


def _settled(request: Request, visitor: Visitor, service: str, typed: Mapping[str, str]) -> None:
    backstage = backstage_of(request)
    said = (typed.get("state", ""), typed.get("outcome", ""))
    with backstage.database.transaction() as db:
        action = _held(request, db, service, lock=True)
        tell = bool(typed.get("tell"))
        backstage.actions.settle(db, action, *said, visitor.person, backstage.clock(), tell=tell)
        crossings.passed("action.settles")
    crossings.passed("action.settled")


# --------------------------------------------------------------------------- beginning one


async def begin(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/actions/<service>/act?source=…&name=…&week=…&kind=…`: what to do about something.

    Answers that somebody chose come as `answer=…` each; without any it goes back to them.
    """
    typed = dict(request.query_params)
    if typed.get("source") == CHOSEN and not typed.get("name"):
        service, _ = service_of(request, visitor, Right.ACT_ON_DIGESTS)
        typed["name"] = ",".join(request.query_params.getlist("answer"))
        if not typed["name"]:
            return to(f"/manage/answers/{service}?{urlencode({'week': typed.get('week', '')})}")
    return await _form(request, visitor, typed)


async def act(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/actions/<service>/act`: show what it does; the second press does it."""
    service, _ = service_of(request, visitor, Right.ACT_ON_DIGESTS)
    typed = await _typed(request)
    try:
        draft = _draft(request, visitor, service, typed)
        if typed.get("change"):
            return await _form(request, visitor, typed)
        if not typed.get("sure"):
            preview = await asyncio.to_thread(_previewed, request, draft)
            return await _form(request, visitor, typed, preview=preview, draft=draft)
        number = await asyncio.to_thread(_done, request, visitor, draft)
    except Unfit as error:
        return await _form(request, visitor, typed, [_error(request, error)])
    return to(f"/manage/actions/{service}/{number}?done={draft.kind}")


def _previewed(request: Request, draft: Draft) -> Preview:
    backstage = backstage_of(request)
    with backstage.database.reading() as db:
        return backstage.actions.preview(db, draft, backstage.clock())


def _done(request: Request, visitor: Visitor, draft: Draft) -> int:
    backstage = backstage_of(request)
    with backstage.database.transaction() as db:
        begun = backstage.actions.do(db, draft, visitor.person, backstage.clock())
        crossings.passed("action.begins")
    crossings.passed("action.begun")
    return begun.id


async def _form(
    request: Request,
    visitor: Visitor,
    typed: Mapping[str, str],
    errors: Sequence[Error] = (),
    preview: Preview | None = None,
    draft: Draft | None = None,
) -> Response:
    service, name = service_of(request, visitor, Right.ACT_ON_DIGESTS)
    about, owners = await asyncio.to_thread(_about, request, service, typed)
    kind = typed.get("kind", "")
    fields = ("kind", "source", "name", "week", "words", "owner", "due", "body", "form")
    kept = {key: typed.get(key, "") for key in fields}
    kept |= {key: value for key, value in typed.items() if key.startswith(("text-", "choices-"))}
    return page(
        request,
        visitor,
        "manage/act.html",
        status=422 if errors else 200,
        service=service,
        name=name,
        about=about,
        owners=owners,
        kind=kind if kind in actions.KINDS else "",
        kinds=KINDS.get(typed.get("source") or WORDS, (ANSWER, FIX, ASK, NOT_US)),
        languages=[(each, own_name(each)) for each in backstage_of(request).actions.languages(service)],
        errors=list(errors),
        wrong={error.name: error.message for error in errors},
        typed=kept | {"form": kept["form"] or backstage_of(request).mint(), "owner": kept["owner"]},
        preview=preview,
        draft=draft,
        minimum=backstage_of(request).config.digest.minimum_cell,
    )


def _about(request: Request, service: str, typed: Mapping[str, str]) -> tuple[str, list[tuple[str, str]]]:
    """Return what it is about, in words, and who can own it."""
    backstage, language = backstage_of(request), pages_of(request).words(request).language
    source = typed.get("source") or WORDS
    with backstage.database.reading() as db:
        owners = [(str(each.id), each.name) for each in backstage.actions.owners(db, service)]
        try:
            origin = backstage.actions.origin(source, typed.get("name", ""), typed.get("week", ""), backstage.clock())
        except Unfit as error:
            raise HTTPException(404) from error
        if not backstage.actions.known(db, service, source, origin):
            raise HTTPException(404)
        return backstage.actions.named(db, service, source, origin, language), owners


def _draft(request: Request, visitor: Visitor, service: str, typed: Mapping[str, str]) -> Draft:
    """Return what was typed as what somebody is about to do."""
    of, now = backstage_of(request).actions, backstage_of(request).clock()
    source = typed.get("source") or WORDS
    origin = of.origin(source, typed.get("name", ""), typed.get("week", ""), now)
    said = {each: typed.get(f"text-{each}", "") for each in of.languages(service)}
    written = {each: text for each, text in said.items() if text}
    offered = {each: tuple(filter(None, _lines(typed.get(f"choices-{each}", "")))) for each in written}
    kind = typed.get("kind", "")
    words = typed.get("words", "") or (next(iter(written.values()), "")[:300] if kind in {ANSWER, ASK} else "")
    form = f"{visitor.person.id}:{typed.get('form', '')[:100]}" if typed.get("form") else ""
    letter = Letter(written, offered if kind == ASK else {})
    if kind == NOT_US and not written and words:
        letter = Letter({visitor.person.language: words})
    blank = Draft(service, kind, source, origin, words, letter, form=form)
    if kind == FIX:
        return replace(blank, letter=Letter(), owner=whole(typed.get("owner", "")), due_on=typed.get("due", ""))
    return replace(blank, body=typed.get("body", "")) if kind == NOT_US else blank


def _lines(text: str) -> list[str]:
    return [line.strip()[:60] for line in text.splitlines()]


async def _typed(request: Request) -> dict[str, str]:
    return {key: str(value).replace("\r\n", "\n").strip() for key, value in (await form_of(request)).items()}


def _error(request: Request, error: Unfit) -> Error:
    said = error.spoken(pages_of(request).words(request).language)
    return Error(error.name or "content", said[:1].upper() + said[1:])
