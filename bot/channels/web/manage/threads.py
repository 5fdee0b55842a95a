"""What citizens write to the people of a service: the list, each thread, and what can be done with it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from bot.channels.web.manage.doors import form_of, noting, page
from bot.channels.web.manage.form import Error
from bot.channels.web.manage.sent import Came, shown
from bot.channels.web.pages import backstage_of, pages_of, to
from bot.rights import Right
from bot.threads import Outcome
from flows.words import whole
from storage import contacts, crossings, looks, people, threads
from storage.threads import CITIZEN

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from bot.channels.web.manage.doors import Visitor
    from bot.threads import Line
    from storage.people import Person
    from storage.threads import Thread

LONGEST = 4000
"""Characters of an answer; a chat shows them as one message."""
REASON = 300
"""Characters of the reason for a block."""


@dataclass(frozen=True, slots=True)
class Row:
    """A thread on the list."""

    name: str
    service: str
    waits: bool
    """Whether the citizen wrote last."""
    carer: str
    spoken: str


@dataclass(frozen=True, slots=True)
class Told:
    """A thread as its page shows it."""

    thread: Thread
    service: str
    lines: list[tuple[str, Line]]
    """With the moment of each in words."""
    carer: str
    others: list[Person]
    """To whom it can be handed on."""
    blocked: str = ""
    """Since when nothing is taken from the citizen, in words; empty: all is."""
    why: str = ""


async def overview(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/threads`: who waits, and what is closed."""
    rows = await asyncio.to_thread(_rows, request, visitor)
    return page(request, visitor, "manage/threads.html", open=rows[0], closed=rows[1])


def _rows(request: Request, visitor: Visitor) -> tuple[list[Row], list[Row]]:
    backstage, words, zone = backstage_of(request), pages_of(request).words(request), pages_of(request).zone
    names = {service.key: service.label(words.language) for service in backstage.config.services}
    mine = visitor.services(list(names), Right.ANSWER_CITIZENS)
    with backstage.database.reading() as db:
        carers = {person.id: person.name for person in people.everyone(db)}

        def row(thread: Thread) -> Row:
            waits = threads.last_author(db, thread.id) == CITIZEN
            carer, spoken = carers.get(thread.person_id or 0, ""), words.moment(thread.spoken_at.astimezone(zone))
            return Row(thread.name, names[thread.service], waits, carer, spoken)

        found = [threads.of_services(db, mine, closed=closed) for closed in (False, True)]
        opened, closed = ([row(thread) for thread in each] for each in found)
    return sorted(opened, key=lambda row: not row.waits), closed


async def show(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/threads/<name>`: what was written, and a field for the answer."""
    return await _page(request, visitor)


async def file(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/threads/<name>/files/<number>`: a photo or a voice message that came in it."""
    service, channel, line = await asyncio.to_thread(_line, request, visitor)
    of = Came(service, {"thread": request.path_params["name"], "file": line.id})
    return await shown(request, visitor, of, channel, line.kind, line.file)


def _line(request: Request, visitor: Visitor) -> tuple[str, str, Line]:
    """Return the service of the thread, and a line of it that has a file, with the channel it came by."""
    backstage = backstage_of(request)
    with backstage.database.reading() as db:
        thread = seen(visitor, threads.named(db, request.path_params["name"]))
        citizen, lines = contacts.get(db, thread.contact_id), backstage.threads.lines(db, thread)
    line = next((line for line in lines if line.file and line.id == request.path_params["number"]), None)
    if citizen is None or line is None:
        raise HTTPException(404)
    return thread.service, citizen.channel, line


async def _page(
    request: Request, visitor: Visitor, *, error: str = "", field: str = "text", typed: str = ""
) -> Response:
    told = await asyncio.to_thread(_told, request, visitor)
    return page(
        request,
        visitor,
        "manage/thread.html",
        status=422 if error else 200,
        told=told,
        errors=[Error(field, error)] if error else [],
        typed=typed,
        longest=LONGEST,
        form=backstage_of(request).mint(),
        done=request.query_params.get("done", ""),
    )


def _told(request: Request, visitor: Visitor) -> Told:
    backstage, words, zone = backstage_of(request), pages_of(request).words(request), pages_of(request).zone
    with noting(request) as db:
        thread = seen(visitor, threads.named(db, request.path_params["name"]))
        staff, citizen = backstage.threads.people_of(db, thread.service), contacts.get(db, thread.contact_id)
        lines = [(words.moment(line.at.astimezone(zone)), line) for line in backstage.threads.lines(db, thread)]
        theirs = sum(not line.mine for _, line in lines)
        looks.note(db, thread.service, backstage.clock(), visitor.person.name, {"thread": thread.name}, theirs)
    carer = next((person.name for person in staff if person.id == thread.person_id), "")
    others = [person for person in staff if person.id != visitor.person.id]
    service = backstage.config.service_of(thread.service).label(words.language)
    since, why = (citizen.blocked_at, citizen.blocked_why or "") if citizen else (None, "")
    return Told(thread, service, lines, carer, others, words.moment(since.astimezone(zone)) if since else "", why)


def seen(visitor: Visitor, thread: Thread | None) -> Thread:
    """Return the thread where the visitor may read it; what somebody may not see does not exist for them."""
    if thread is None or not visitor.may(thread.service, Right.ANSWER_CITIZENS):
        raise HTTPException(404)
    return thread


# --------------------------------------------------------------------------- acting


async def reply(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/threads/<name>/reply`: send an answer; the same form twice sends one."""
    typed = await form_of(request)
    text = str(typed.get("text", "")).replace("\r\n", "\n").strip()
    words = pages_of(request).words(request)
    if not text:
        return await _page(request, visitor, error=words("threads.empty"))
    if len(text) > LONGEST:
        return await _page(request, visitor, error=words("threads.too_long", most=LONGEST, n=len(text)), typed=text)
    form = str(typed.get("form", ""))[:100]
    outcome = await asyncio.to_thread(_reply, request, visitor, text, form)
    if outcome is Outcome.SILENT:
        return await _page(request, visitor, error=words("threads.silent"), typed=text)
    return _back(request, "sent")


def _reply(request: Request, visitor: Visitor, text: str, form: str) -> Outcome:
    backstage = backstage_of(request)
    key = f"{visitor.person.id}:{form}" if form else None
    with backstage.database.transaction() as db:
        thread = seen(visitor, threads.named(db, request.path_params["name"]))
        outcome = backstage.threads.answer(db, thread, visitor.person, text, backstage.clock(), form=key)
        crossings.passed("thread.answers")
    crossings.passed("thread.answered")
    return outcome


async def close(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/threads/<name>/close`: end it; the citizen is told and can write again."""
    await asyncio.to_thread(_close, request, visitor)
    return _back(request, "thread_closed")


def _close(request: Request, visitor: Visitor) -> None:
    backstage = backstage_of(request)
    with backstage.database.transaction() as db:
        thread = seen(visitor, threads.named(db, request.path_params["name"]))
        backstage.threads.close(db, thread, visitor.person, backstage.clock())
        crossings.passed("thread.closes")
    crossings.passed("thread.closed")


async def block(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/threads/<name>/block`: take no more answers from this citizen, who is told why and can object."""
    why = str((await form_of(request)).get("why", "")).strip()
    if not why or len(why) > REASON:
        words = pages_of(request).words(request)
        return await _page(request, visitor, error=words("threads.block_no_why", most=REASON), field="why", typed=why)
    await asyncio.to_thread(_block, request, visitor, why)
    return _back(request, "blocked")


async def unblock(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/threads/<name>/unblock`: take answers from them again."""
    await asyncio.to_thread(_block, request, visitor, "")
    return _back(request, "unblocked")


def _block(request: Request, visitor: Visitor, why: str) -> None:
    backstage = backstage_of(request)
    with backstage.database.transaction() as db:
        thread = seen(visitor, threads.named(db, request.path_params["name"]))
        if why:
            backstage.threads.block(db, thread, visitor.person, why, backstage.clock())
        else:
            backstage.threads.unblock(db, thread, visitor.person, backstage.clock())
        crossings.passed("thread.blocks")
    crossings.passed("thread.blocked")


async def hand_on(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/threads/<name>/hand`: somebody else, or everybody, looks after it from now on."""
    to_whom = str((await form_of(request)).get("to", ""))
    person = whole(to_whom)
    if to_whom and person is None:
        raise HTTPException(404)
    await asyncio.to_thread(_hand_on, request, visitor, person)
    return _back(request, "handed")


def _hand_on(request: Request, visitor: Visitor, to_whom: int | None) -> None:
    backstage = backstage_of(request)
    with backstage.database.transaction() as db:
        thread = seen(visitor, threads.named(db, request.path_params["name"]))
        try:
            backstage.threads.hand_on(db, thread, visitor.person, to_whom, backstage.clock())
        except LookupError as error:
            raise HTTPException(404) from error
        crossings.passed("thread.hands")
    crossings.passed("thread.handed")


def _back(request: Request, done: str) -> Response:
    return to(f"/manage/threads/{request.path_params['name']}?done={done}")
