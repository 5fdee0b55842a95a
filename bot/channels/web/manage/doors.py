"""Who may come in: one-time links, sessions in the database, roles for services, and the token in every form."""

from __future__ import annotations

import asyncio
import hmac
import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from bot import quoting
from bot.channels.web.pages import backstage_of, cookie_of, drop_cookie, pages_of, set_cookie, to
from bot.rights import Held, Right
from bot.texts import own_name
from storage import crossings, looks, people, threads

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from sqlalchemy import Connection
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import HTMLResponse, Response

    from bot.channels.web.backstage import Backstage, RoundView
    from bot.channels.web.words import Words

    StaffHandler = Callable[["Request", "Visitor"], Awaitable[Response]]

COOKIE = "civicloop_staff"
HOME = "/manage"
INSIDE = re.compile(r"/manage(/[a-z0-9-]+){1,3}")
"""What a sign-in link may lead to."""
STAY = timedelta(hours=12)
"""A working day; after it a new link is needed."""


RUNS_PAST = 32 * 1024 * 1024
"""Bytes of a form with files that a browser may send to the end after its sign-in has ended."""
_UNTYPED = frozenset({"stamp", "seen", "act", "token", "to", "state"})
"""Fields of forms that nobody types into."""
_ROUND = re.compile(r"/manage/rounds/(?!new(?:/|$))[a-z0-9-]+")


class MovedOn(Exception):
    """A page of a round is no more: somebody else or the clock has moved the round on."""

    def __init__(self, round_: RoundView) -> None:
        super().__init__(round_.code)
        self.round = round_


@dataclass(frozen=True, slots=True)
class Visitor(Held):
    """A signed-in member of staff."""

    person: people.Person
    roles: tuple[people.Role, ...]
    stamp: str
    """Stands in every form of this session, so that no other site can send one."""
    waiting: int = 0
    """Citizens who wait for an answer in the threads this person may answer."""
    words: int = 0
    """Texts that this person may let others see, and that wait for it."""


@contextmanager
def noting(request: Request) -> Iterator[Connection]:
    """Read what citizens sent, and note the look, in one transaction: nothing is shown that nobody is noted for."""
    with backstage_of(request).database.transaction() as db:
        yield db
        crossings.passed("answers.opens")
    crossings.passed("answers.opened")


def taken(request: Request, visitor: Visitor, service: str, file: str, **of: str) -> None:
    """Note that somebody takes figures of a service away as a file."""
    with noting(request) as db:
        looks.did(db, service, backstage_of(request).clock(), visitor.person.name, "figures_exported", file=file, **of)


def staff(handler: StaffHandler, *, files: int = 0) -> Callable[[Request], Awaitable[Response]]:
    """Let only signed-in staff through; others read how to get in. A POST must carry the session's stamp.

    `files` says how many files its form may bring.
    """

    async def guarded(request: Request) -> Response:
        visitor = await asyncio.to_thread(_visitor, request)
        if visitor is None:
            return await _outside(request, files)
        request.state.own_language = visitor.person.language
        if request.method == "POST" and not _stamped(await form_of(request, files), visitor):
            return await _of_before(request, visitor)
        try:
            return await handler(request, visitor)
        except MovedOn as late:
            return await _moved_on(request, visitor, late.round)

    return guarded


# --------------------------------------------------------------------------- what comes too late


async def _outside(request: Request, files: int) -> Response:
    """Say how to get in; what was typed before the sign-in ran out stands there to be copied.

    Files of somebody who is not signed in are not read into anything: what came with them has to be sent again.
    """
    words = pages_of(request).words(request)
    said = {"heading": words("door.title"), "said": words("lost.out"), "how": True, "back": ""}
    if request.method == "POST" and files and _brings_files(request):
        await _let_pass(request)
        return page(request, None, "manage/lost.html", status=401, typed=[], file=True, **said)
    plain = request.method == "POST" and "urlencoded" in request.headers.get("content-type", "")
    if plain and (typed := await _typed(request, words)):
        return page(request, None, "manage/lost.html", status=401, typed=typed, **said)
    return page(request, None, "manage/door.html", status=401, link="", again=_from_elsewhere(request))


async def _of_before(request: Request, visitor: Visitor) -> Response:
    """Refuse a form without the stamp of this sign-in; what was typed into one of an earlier stands there."""
    words = pages_of(request).words(request)
    typed = [] if _script(request) else await _typed(request, words)
    file = await _sent_files(request)
    if not (typed or file):
        raise HTTPException(403)
    found = _ROUND.match(request.url.path)
    said = {"heading": words("lost.before_title"), "said": words("lost.before"), "back": found[0] if found else HOME}
    return page(request, visitor, "manage/lost.html", status=403, typed=typed, file=file, **said)


async def _moved_on(request: Request, visitor: Visitor, round_: RoundView) -> Response:
    """Say how a round stands now; what was sent too late is not kept, and stands there to be copied."""
    words, back = pages_of(request).words(request), f"/manage/rounds/{round_.code}"
    if request.method != "POST":
        return to(f"{back}?done=moved_on")
    told = words("lost.moved", title=round_.title, state=words(f"state.{round_.state}"))
    if _script(request):
        return JSONResponse({"fault": told}, 409)
    said = {"heading": words("lost.moved_title"), "said": told, "back": back}
    facts = {"typed": await _typed(request, words), "file": await _sent_files(request)}
    return page(request, visitor, "manage/lost.html", status=409, **facts, **said)


def _script(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")


def _brings_files(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("multipart/form-data")


async def _let_pass(request: Request) -> None:
    """Let what is sent run past, so that the browser comes to read the answer."""
    seen = 0
    async for part in request.stream():
        seen += len(part)
        if seen > RUNS_PAST:
            return


async def _sent_files(request: Request) -> bool:
    """Whether a form that was read brought a file."""
    return any(not isinstance(sent, str) and sent.filename for sent in (await form_of(request)).values())


async def _typed(request: Request, words: Words) -> list[tuple[str, str]]:
    """Return what was typed into the fields of a form, each with what it is called."""
    sent = [(name, text) for name, text in (await form_of(request)).multi_items() if isinstance(text, str)]
    typed = [(_called(name, words), text.strip()) for name, text in sent if name not in _UNTYPED]
    return [(name or words("lost.typed"), text) for name, text in typed if text and (name or " " in text)]


def _called(name: str, words: Words) -> str:
    """Return what a field is called, with its language; empty where it has no name of its own."""
    field, _, language = name.partition(".")
    key = "round_page.report" if field == "report" else f"need.{field}"
    if not words.has(key):
        return ""
    return f"{words(key)} ({own_name(language)})" if language else words(key)


def _from_elsewhere(request: Request) -> bool:
    """Whether a link in a mail or on another site leads here.

    The browser holds the strict cookie back then; once our own page has asked again it sends it.
    """
    return request.method == "GET" and request.headers.get("sec-fetch-site") in ("cross-site", "same-site")


def page(
    request: Request, visitor: Visitor | None, template: str, *, status: int = 200, **facts: object
) -> HTMLResponse:
    """Return a staff page: for `visitor`, or for somebody who still stands outside."""
    return pages_of(request).page(request, template, status=status, visitor=visitor, **facts)


def services_of(request: Request, visitor: Visitor, right: Right) -> list[tuple[str, str]]:
    """Return (key, name in the visitor's language) of the services for which this person has a right."""
    language = pages_of(request).words(request).language
    services = backstage_of(request).config.services
    return [(each.key, each.label(language)) for each in services if visitor.may(each.key, right)]


def service_of(request: Request, visitor: Visitor, right: Right) -> tuple[str, str]:
    """Return (key, name) of the service in the address; what somebody may not see does not exist for them."""
    found = [each for each in services_of(request, visitor, right) if each[0] == request.path_params["service"]]
    if not found:
        raise HTTPException(404)
    return found[0]


async def form_of(request: Request, files: int = 0) -> FormData:
    """Return the fields of a form, read once; texts up to 256 KB each."""
    return await request.form(max_files=files, max_fields=300, max_part_size=256 * 1024)


def _visitor(request: Request) -> Visitor | None:
    token = cookie_of(request, COOKIE)
    if not token:
        return None
    backstage = backstage_of(request)
    with backstage.database.reading() as db:
        person = people.signed_in(db, backstage.keys.token_hash(token), backstage.clock())
        if person is None:
            return None
        visitor = Visitor(person, tuple(people.roles_of(db, person.id)), _stamp(backstage, token))
        mine = visitor.services([service.key for service in backstage.config.services], Right.ANSWER_CITIZENS)
        judged = visitor.services([service.key for service in backstage.config.services], Right.JUDGE_QUOTES)
        words = quoting.waiting(db, backstage.config, judged)
        return replace(visitor, waiting=sum(threads.waiting(db, mine).values()), words=words)


def _stamp(backstage: Backstage, token: str) -> str:
    return backstage.keys.token_hash(f"form {token}").hex()[:32]


def _stamped(form: FormData, visitor: Visitor) -> bool:
    return hmac.compare_digest(str(form.get("stamp", "")).encode(), visitor.stamp.encode())


# --------------------------------------------------------------------------- in and out


async def knock(request: Request) -> Response:
    """`GET /manage/sign-in?token=…`: a button. Looking uses nothing up: mail scanners follow every link.

    `to` may name the page of staff that the link leads to.
    """
    token = request.query_params.get("token", "")
    link = await asyncio.to_thread(_look, request, token)
    status = 200 if link else 410
    wanted = _inside(request.query_params.get("to", ""))
    facts = {"link": token if link else "", "known": link, "wanted": wanted, "tried": True}
    if link:
        said = {"token": token, "to": wanted} if wanted else {"token": token}
        facts["here"] = f"{request.url.path}?{urlencode(said)}"
    return page(request, None, "manage/door.html", status=status, **facts)


async def enter(request: Request) -> Response:
    """`POST /manage/sign-in`: use the link up and give the browser a session."""
    form = await form_of(request)
    cookie = await asyncio.to_thread(_enter, request, str(form.get("token", "")), str(form.get("name", "")).strip())
    if cookie is None:
        return page(request, None, "manage/door.html", status=410, link="", known=None, tried=True)
    response = to(_inside(str(form.get("to", ""))) or HOME)
    set_cookie(request, response, COOKIE, cookie, age=STAY, strict=True)
    return response


def _inside(path: str) -> str:
    """Return a path that leads to a page of staff; empty where it leads anywhere else."""
    return path if INSIDE.fullmatch(path) else ""


async def leave(request: Request, _who: Visitor) -> Response:
    """`POST /manage/sign-out`: forget this browser."""
    token = cookie_of(request, COOKIE) or ""
    await asyncio.to_thread(_leave, backstage_of(request), token)
    response = to("/")
    drop_cookie(request, response, COOKIE)
    return response


def _look(request: Request, token: str) -> people.Link | None:
    backstage = backstage_of(request)
    with backstage.database.reading() as db:
        return people.look_at_link(db, backstage.keys.token_hash(token), backstage.clock())


def _enter(request: Request, token: str, name: str) -> str | None:
    """Return the new session's cookie, or None where the link is unknown, used or too old."""
    backstage = backstage_of(request)
    now, cookie = backstage.clock(), backstage.mint()
    with backstage.database.transaction() as db:
        link = people.use_link(db, backstage.keys.token_hash(token), now)
        if link is None:
            return None
        person_id = link.person_id or _inside_already(request, db)
        if person_id is None:
            called = name or link.name or link.role or "?"
            person_id = people.add(db, called[:100], pages_of(request).language(request), now).id
        if link.role and link.service:
            people.appoint(db, person_id, link.role, link.service, now)
        people.sign_in(db, backstage.keys.token_hash(cookie), person_id, now, now + STAY)
    return cookie


def _inside_already(request: Request, db: Connection) -> int | None:
    """Return who this browser is signed in as: an invitation gives that person one more role, and makes nobody new.

    Else whoever writes a round could sign it as somebody else.
    """
    backstage, token = backstage_of(request), cookie_of(request, COOKIE) or ""
    known = people.signed_in(db, backstage.keys.token_hash(token), backstage.clock()) if token else None
    return known.id if known else None


def _leave(backstage: Backstage, token: str) -> None:
    with backstage.database.transaction() as db:
        people.sign_out(db, token_hash=backstage.keys.token_hash(token))
