"""The chat page: plain forms first; with a script the same forms travel quietly and new lines stream in."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse

from bot.channels.web import photos, voices
from bot.channels.web.channel import Line, Post, address_of, is_done, rung, spoken
from bot.channels.web.pages import (
    LANGUAGE_COOKIE,
    backstage_of,
    cookie_of,
    drop_cookie,
    local,
    network_of,
    pages_of,
    set_cookie,
    to,
)
from bot.channels.web.public import MAILED, page_of
from bot.channels.web.round_page import as_seen, is_public, is_put_off
from bot.participation import may_repeat
from bot.rounds import codes
from bot.rounds.record import title
from flows.memory import load
from flows.model import Kind, button_data
from flows.speak import LANGUAGE
from flows.words import whole
from storage import contacts, crossings, sessions
from storage import rounds as kept_rounds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from starlette.datastructures import FormData
    from starlette.requests import Request

    from bot.channels.web.backstage import RoundView
    from bot.channels.web.round_page import Fact
    from bot.channels.web.safety import Streams
    from bot.channels.web.words import Words
    from bot.flood import Pace
    from storage.sessions import SessionRow

COOKIE = "civicloop_chat"
KEPT = timedelta(days=180)
"""How long a browser remembers its conversation after the last visit."""
PATIENCE = 2.0
"""Seconds a POST waits for the reply, so that the next page shows it."""
HEARTBEAT = 15.0
"""Seconds between signs of life on a quiet stream; proxies close what says nothing."""
ELSEWHERE = 2.0
"""Seconds between looks where another process may have written the reply, which rings no bell here."""
SHORT = 3
"""Paragraphs that stand above a question on a telephone."""
LONGEST = 4096
WORDS = ("why", "skip", "back", "change", "help", "human", "mydata", "delete", "stop")
"""What may be sent at any time, each with a button of its own; the language has its switch above."""
_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NONCE = re.compile(r"[A-Za-z0-9_-]{8,128}")
_FILE = re.compile(rf"[A-Za-z0-9_-]{{16,64}}\.(jpg|png|{'|'.join(voices.ENDINGS)})")


# --------------------------------------------------------------------------- looking


async def show(request: Request) -> Response:
    """`GET /chat`, `/chat/<code>`: the conversation so far, or a welcome with a button to start."""
    code = request.path_params.get("code", "")
    if "start" in request.query_params:
        wanted = request.query_params["start"]
        return to(f"/chat/{wanted}" if _CODE.fullmatch(wanted) else "/chat")
    if code and not _CODE.fullmatch(code):
        raise HTTPException(404)
    if code:
        await asyncio.to_thread(_saw, request, code)
    return await _page(request, code)


def _saw(request: Request, code: str) -> None:
    """Count a look at a place's code; a network address that looks too often is not counted."""
    rounds = backstage_of(request).rounds
    _, place = rounds.leads_to(code)
    looks = cast("Pace[str]", request.app.state.looks)
    if place and looks.allows(network_of(request), backstage_of(request).clock()):
        rounds.saw(place)


async def _page(request: Request, code: str = "", problem: str = "", status: int = 200) -> Response:
    lines = await _conversation(request)
    offer = await asyncio.to_thread(_offer, request, code) if code else NO_OFFER
    pages, asked = pages_of(request), _far_down(lines)
    response = pages.page(
        request,
        "chat.html",
        status=status,
        conversation=lines,
        live=live(lines),
        first_live=0 if asked else min(live(lines), default=0),
        asked=asked,
        last=lines[-1].id if lines else 0,
        everywhere=WORDS,
        nonce=backstage_of(request).mint(),
        code=code,
        offer=offer,
        problem=problem,
    )
    if token := cookie_of(request, COOKIE):
        set_cookie(request, response, COOKIE, token, age=KEPT)
    return response


@dataclass(frozen=True, slots=True)
class Offer:
    """What a code in the address leads to."""

    title: str = ""
    """The round's, where it can be started."""
    why_not: str = ""
    """Why it cannot, to whoever came for it."""
    reason: Fact | None = None
    """Why it was given up."""
    page: str = ""
    """Where the round is explained."""
    telegram: str | None = None
    """The same in Telegram."""


NO_OFFER = Offer()


def _offer(request: Request, code: str) -> Offer:
    rounds = backstage_of(request).rounds
    found, _ = rounds.leads_to(code)
    if found is not None and found.state == "draft" and is_put_off(rounds, found):
        return Offer(why_not=pages_of(request).words(request)("chat.days_change"))
    if found is None or found.state == "draft":
        return NO_OFFER
    found = as_seen(rounds, found)
    if found.state != "open":
        public = is_public(rounds, found)
        reason = page_of(request).given_up(found, pages_of(request).language(request)) if public else None
        return Offer(why_not=_why_not(request, found), reason=reason, page=f"/rounds/{found.code}" if public else "")
    known, at_hand = _taking_part(request, found.code)
    if known is not None and known.status == sessions.ACTIVE and at_hand:
        return NO_OFFER
    if known is not None and known.status == sessions.COMPLETED:
        backstage = backstage_of(request)
        if not may_repeat(rounds.played(found.code), known, backstage.clock()):
            return Offer(why_not=pages_of(request).words(request)("chat.taken_part"), page=f"/rounds/{found.code}")
    named = title(found.record, found.title, pages_of(request).language(request))
    return Offer(named, page=f"/rounds/{found.code}", telegram=rounds.deep_link(code))


def _taking_part(request: Request, code: str) -> tuple[SessionRow | None, bool]:
    """Return this visitor's passage through an open round (None: not begun), and whether it is the one at hand."""
    if not (token := cookie_of(request, COOKIE)):
        return None, False
    backstage = backstage_of(request)
    key = ("web", backstage.keys.address_hash("web", address_of(token)))
    with backstage.database.reading() as db:
        contact, row = contacts.find(db, [key]).get(key), kept_rounds.by_code(db, code)
        if contact is None or row is None:
            return None, False
        all_known = sessions.of(db, [contact.id]).get(contact.id, [])
    known = next((each for each in all_known if each.round_id == row.id), None)
    return known, known is not None and known == all_known[-1]


def _why_not(request: Request, found: RoundView) -> str:
    """Say kindly why a round takes no answers now."""
    pages, words = pages_of(request), pages_of(request).words(request)
    match found.state:
        case "checked" | "scheduled" if found.opens_at:
            return words("chat.not_yet", day=words.day(found.opens_at, pages.zone))
        case "checked" | "scheduled":
            return words("chat.not_opened")
        case "paused":
            return words("chat.rests")
        case "cancelled":
            return words("chat.called_off")
        case _:
            return words("chat.over")


async def stream(request: Request) -> Response:
    """`GET /chat/stream`: new lines as server-sent events, from `Last-Event-ID` or `after` on.

    Whom we do not know, or who has many open, gets none (204): their browser asks no more, and each form that they send
    brings the reply.
    """
    token = cookie_of(request, COOKIE)
    if not token or not await _is_known(request, address_of(token)):
        return Response(status_code=204)
    if not _streams(request).has_room(address_of(token), network_of(request)):
        return Response(status_code=204)
    since = request.headers.get("last-event-id") or request.query_params.get("after", "0")
    after = whole(since) or 0
    events = _events(request, address_of(token), after)
    return StreamingResponse(events, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


async def _events(request: Request, address: str, after: int) -> AsyncIterator[str]:
    channel, words = backstage_of(request).chat, pages_of(request).words(request)
    alone = channel.database.dialect == "sqlite"
    with _streams(request).opened(address, network_of(request)), channel.bell.heard(address) as event:
        while not channel.closed.is_set():
            event.clear()
            lines = await asyncio.to_thread(channel.lines, address, after)
            for line in lines:
                yield _event(line.id, _html(request, words, [line], live(lines)))
            after = lines[-1].id if lines else after
            if not lines:
                yield ": still here\n\n"
            await rung(event, HEARTBEAT if alone else ELSEWHERE)


def _event(number: int, html: str) -> str:
    return "".join([f"id: {number}\n", *(f"data: {row}\n" for row in html.splitlines()), "\n"])


async def picture(request: Request) -> Response:
    """`GET /chat/pictures/<name>`: a picture or a recording of this visitor's own conversation."""
    name = request.path_params["name"]
    lines = await _conversation(request)
    file = backstage_of(request).uploads / name
    if not _FILE.fullmatch(name) or name not in {line.file for line in lines} or not file.is_file():
        raise HTTPException(404)
    return FileResponse(file, headers={"cache-control": "private, max-age=86400, immutable"})


# --------------------------------------------------------------------------- sending


@dataclass(frozen=True, slots=True)
class Saying:
    """One form, understood: what goes to the inbox and how the visitor's own line reads."""

    post: Post
    shown: str


async def start(request: Request) -> Response:
    """`POST /chat/start`: the first step, or into another round; gives the browser its secret."""
    form = await _form(request)
    code = str(form.get("code", ""))
    token = cookie_of(request, COOKIE) or backstage_of(request).mint()
    await _admitted(request, address_of(token))
    chosen = pages_of(request).language(request)
    post = Post(address_of(token), text=f"/start {code}".strip(), start=code, language=chosen)
    if code and not _CODE.fullmatch(code):
        raise HTTPException(404)
    shown = pages_of(request).words(request)("chat.start")
    brought = await _brought(request, code, post.address)
    response = await _say(request, form, Saying(post, shown))
    set_cookie(request, response, COOKIE, token, age=KEPT)
    if brought:
        drop_cookie(request, response, MAILED)
    return response


async def ask_receipt(request: Request) -> Response:
    """`GET /receipt`: where a receipt can be typed in, whichever way its answers were given."""
    return _receipt_page(request)


async def open_receipt(request: Request) -> Response:
    """`POST /receipt`: into the chat, which shows the answers and takes CHANGE and DELETE.

    One that is unknown does not come so far: amid a conversation it would be taken for an answer.
    """
    form = await _form(request)
    token = cookie_of(request, COOKIE) or backstage_of(request).mint()
    address = address_of(token)
    await _admitted(request, address)
    typed = str(form.get("receipt", "")).strip()[:LONGEST]
    receipt = codes.read_receipt(typed)
    if receipt is None or not await asyncio.to_thread(_opens, request, receipt):
        if not _pace(request).allows(network_of(request), backstage_of(request).clock()):
            raise HTTPException(429)  # whoever guesses brings no cookie
        return _receipt_page(request, wrong=typed)
    post = Post(address, text=receipt, language=pages_of(request).language(request))
    response = await _say(request, form, Saying(post, receipt))
    set_cookie(request, response, COOKIE, token, age=KEPT)
    return response


def _opens(request: Request, receipt: str) -> bool:
    backstage = backstage_of(request)
    with backstage.database.reading() as db:
        return sessions.by_receipt(db, backstage.keys.token_hash(receipt)) is not None


def _receipt_page(request: Request, wrong: str | None = None) -> Response:
    shown = {"nonce": backstage_of(request).mint(), "wrong": wrong, "example": codes.receipt("example")}
    return pages_of(request).page(request, "receipt.html", status=200 if wrong is None else 422, **shown)


async def _brought(request: Request, code: str, address: str) -> bool:
    """Note that somebody begins who has come by the link of a mail; return whether they have."""
    mailed = cookie_of(request, MAILED)
    if not (code and mailed):
        return False
    return await asyncio.to_thread(backstage_of(request).rounds.came, code, mailed, address)


async def say(request: Request) -> Response:
    """`POST /chat`: a typed message, a tap, ticks, a position, a picture or an everywhere word."""
    form = await _form(request)
    if not (token := cookie_of(request, COOKIE)):
        return to("/chat")
    await _admitted(request, address_of(token))
    lines = await _conversation(request)
    try:
        saying = await _understood(request, form, address_of(token), lines)
    except NothingChosen as error:
        return await _refused(request, f"chat.{error}_none")
    except photos.NoPicture:
        return await _refused(request, "chat.photo_wrong")
    except voices.NoVoice:
        return await _refused(request, "chat.voice_wrong")
    return to("/chat#latest") if saying is None else await _say(request, form, saying)


async def language(request: Request) -> Response:
    """`POST /language`: the page, and a conversation under way, go on in another language."""
    form = await _form(request)
    pages, wanted = pages_of(request), str(form.get("language", ""))
    response: Response = to(local(str(form.get("back", "/"))))
    if wanted not in pages.offered:
        return response
    if token := cookie_of(request, COOKIE):
        await _switch(request, form, address_of(token), wanted)
    set_cookie(request, response, LANGUAGE_COOKIE, wanted, age=timedelta(days=365))
    return response


async def _switch(request: Request, form: FormData, address: str, wanted: str) -> None:
    """Tap the session's own language button, or note the wish for next time where nothing is under way."""
    tag = await asyncio.to_thread(_note_language, request, address, wanted)
    if tag:
        post = Post(address, Kind.TAP, data=button_data(tag, LANGUAGE, wanted), language=wanted)
        asked = Saying(post, pages_of(request).dictionary.words(wanted)("site.this_language"))
        line = await _hand_in(request, form, asked)
        await backstage_of(request).chat.replied(address, line, PATIENCE)


def _note_language(request: Request, address: str, wanted: str) -> str | None:
    """Return the tag of the session under way, if there is one."""
    backstage = backstage_of(request)
    key = ("web", backstage.keys.address_hash("web", address))
    with backstage.database.transaction() as db:
        contact = contacts.find(db, [key]).get(key)
        if contact is None:
            return None
        contacts.set_language(db, contact.id, wanted)
        rows = sessions.of(db, [contact.id]).get(contact.id, [])
        crossings.passed("web.chooses")
    crossings.passed("web.chosen")
    return next((load(row.body).tag for row in reversed(rows) if row.status == sessions.ACTIVE), None)


async def _say(request: Request, form: FormData, saying: Saying) -> Response:
    """Hand the message in, wait a moment for the reply, and show both."""
    if not _pace(request).allows(saying.post.address, backstage_of(request).clock()):
        raise HTTPException(429)
    line = await _hand_in(request, form, saying)
    if not (_quiet(request) and form.get("streaming")) or LANGUAGE in saying.post.data:
        await backstage_of(request).chat.replied(saying.post.address, line, PATIENCE)
    new = await _new_language(request, saying.post.address)
    response: Response = to("/chat#latest")
    if _quiet(request):
        last = str(form.get("last", "0"))
        response = JSONResponse({"reload": True}) if new else await _news(request, saying.post.address, line, last)
    if new:
        set_cookie(request, response, LANGUAGE_COOKIE, new, age=timedelta(days=365))
    return response


async def _new_language(request: Request, address: str) -> str | None:
    """Return the language somebody has chosen by a word or a button of the conversation: the page follows it."""
    spoken = await asyncio.to_thread(backstage_of(request).chat.language_of, address)
    pages = pages_of(request)
    return spoken if spoken in pages.offered and spoken != pages.language(request) else None


async def _hand_in(request: Request, form: FormData, saying: Saying) -> int:
    nonce = str(form.get("nonce", ""))
    if not _NONCE.fullmatch(nonce):
        nonce = backstage_of(request).mint()
    return await backstage_of(request).chat.accept(saying.post, nonce, saying.shown)


async def _news(request: Request, address: str, line: int, last: str) -> Response:
    """Answer the script: the lines it has not got yet and a fresh form number. Without a stream it got the reply, too.

    Where the visitor's own line is gone, they were forgotten, and the page must forget as well.
    """
    channel = backstage_of(request).chat
    lines = await asyncio.to_thread(channel.lines, address)
    if not spoken(lines, line):
        await channel.replied(address, line, PATIENCE)
        return JSONResponse({"reload": True})
    after = whole(last) or 0
    fresh = [each for each in lines if each.id > after]
    html = _html(request, pages_of(request).words(request), fresh, live(lines))
    return JSONResponse({"html": html, "nonce": backstage_of(request).mint()})


async def _refused(request: Request, why: str) -> Response:
    problem = pages_of(request).words(request)(why)
    if _quiet(request):
        return JSONResponse({"problem": problem}, 422)
    return await _page(request, problem=problem, status=422)


# --------------------------------------------------------------------------- understanding a form


class NothingChosen(Exception):
    """A picture or a recording was to be sent, and no file was chosen."""


def _refuse_nothing(form: FormData) -> None:
    """Raise `NothingChosen` for a form that says it brings a file and brings none: browsers send one without a name."""
    act = str(form.get("act", ""))
    upload = form.get(act) if act in {"photo", "voice"} else None
    if isinstance(upload, UploadFile) and not (upload.filename or upload.size):
        raise NothingChosen(act)


async def _understood(request: Request, form: FormData, address: str, lines: Sequence[Line]) -> Saying | None:
    words = pages_of(request).words(request)
    post = Post(address, language=pages_of(request).language(request))
    _refuse_nothing(form)
    if isinstance(upload := form.get("photo"), UploadFile) and form.get("act") == "photo":
        return await _photo(request, form, upload, post)
    if isinstance(upload := form.get("voice"), UploadFile) and form.get("act") == "voice":
        return await _voice(request, form, upload, post)
    if (word := str(form.get("word", ""))) in WORDS:
        return Saying(replace(post, text=f"/{word}"), words(f"chat.{word}"))
    if form.get("latitude"):
        return _position(form, post, words)
    if data := str(form.get("data", "")):
        return _tap(form, post, data, lines)
    text = str(form.get("text", "")).replace("\r\n", "\n").strip()[:LONGEST]
    return Saying(replace(post, text=text), text) if text else None


def _tap(form: FormData, post: Post, data: str, lines: Sequence[Line]) -> Saying | None:
    """A tap says its label; ticks with the last button say all labels and travel as their numbers.

    Ticks on a line that no longer asks travel as a bare tap, which the engine knows to be old.
    """
    for line in reversed(lines):
        if any(button.data == data for button in line.buttons):
            ticked = [(n, button) for n, button in line.picks if str(n) in form.getlist("pick")]
            if ticked and is_done(data) and line.id in live(lines):
                text = ", ".join(str(number) for number, _ in ticked)
                return Saying(replace(post, text=text), "\n".join(button.label for _, button in ticked))
            label = next(button.label for button in line.buttons if button.data == data)
            return Saying(replace(post, kind=Kind.TAP, data=data), label)
    return None


def _position(form: FormData, post: Post, words: Words) -> Saying | None:
    try:
        latitude, longitude = float(str(form["latitude"])), float(str(form["longitude"]))
    except (KeyError, ValueError):
        return None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return None
    place = replace(post, kind=Kind.PLACE, latitude=round(latitude, 5), longitude=round(longitude, 5))
    return Saying(place, f"{words('chat.place_sent')}: {place.latitude}, {place.longitude}")


async def _photo(request: Request, form: FormData, upload: UploadFile, post: Post) -> Saying:
    if (upload.size or 0) > photos.LARGEST:
        raise photos.NoPicture
    backstage = backstage_of(request)
    file = await asyncio.to_thread(photos.keep, await upload.read(), backstage.uploads, backstage.mint())
    caption = str(form.get("text", "")).strip()[:LONGEST]
    return Saying(replace(post, kind=Kind.PHOTO, file=file, text=caption), caption)


async def _voice(request: Request, form: FormData, upload: UploadFile, post: Post) -> Saying:
    if (upload.size or 0) > voices.LARGEST:
        raise voices.NoVoice
    backstage = backstage_of(request)
    file = await asyncio.to_thread(voices.keep, await upload.read(), backstage.uploads, backstage.mint())
    caption = str(form.get("text", "")).strip()[:LONGEST]
    return Saying(replace(post, kind=Kind.VOICE, file=file, text=caption), caption)


# --------------------------------------------------------------------------- lines, shown


def live(lines: Sequence[Line]) -> set[int]:
    """Return the ids of the lines whose buttons still answer: those said since the visitor last spoke.

    Where nothing has been said since, and several messages may answer the last question, it is that one.
    """
    since = max((line.id for line in lines if line.mine), default=0)
    told = [line for line in lines if not line.mine]
    return {line.id for line in told if line.id > since} or {line.id for line in told[-1:] if line.gathers}


def _far_down(lines: Sequence[Line]) -> int:
    """Return the line whose question stands below much that was said before it: the page begins there; 0: none does."""
    answerable = live(lines)
    told = [line for line in lines if line.id in answerable]
    long = sum(len(line.paragraphs) for line in told) > SHORT
    return told[-1].id if long and told[-1].buttons and told[-1].paragraphs else 0


def _html(request: Request, words: Words, lines: Sequence[Line], answerable: set[int]) -> str:
    pages, mint = pages_of(request), backstage_of(request).mint
    return "\n".join(
        pages.part("lines.html", "line", line, words, line.id in answerable, {"nonce": mint()}) for line in lines
    )


# --------------------------------------------------------------------------- small things


async def _conversation(request: Request) -> list[Line]:
    token = cookie_of(request, COOKIE)
    if not token:
        return []
    return await asyncio.to_thread(backstage_of(request).chat.lines, address_of(token))


async def _form(request: Request) -> FormData:
    return await request.form(max_files=1, max_fields=300, max_part_size=64 * 1024)


async def _admitted(request: Request, address: str) -> None:
    """Let in whom we know, and whoever is new: one network may bring a whole library, but not a flood."""
    newcomers = cast("Pace[str]", request.app.state.newcomers)
    if await _is_known(request, address):
        return
    if not newcomers.allows(network_of(request), backstage_of(request).clock()):
        raise HTTPException(429)


async def _is_known(request: Request, address: str) -> bool:
    """Whether somebody has talked with us, whatever cookie they bring."""
    return await asyncio.to_thread(backstage_of(request).chat.language_of, address) is not None


def _streams(request: Request) -> Streams:
    return cast("Streams", request.app.state.streams)


def _quiet(request: Request) -> bool:
    """Whether the page's script sent the form."""
    return "application/json" in request.headers.get("accept", "")


def _pace(request: Request) -> Pace[str]:
    return cast("Pace[str]", request.app.state.pace)
