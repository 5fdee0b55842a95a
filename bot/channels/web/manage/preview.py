"""A round or a flow as a citizen will meet it, played in the browser: the page carries it all, nothing is kept."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse

from bot.channels.web.channel import NAME, Line, WebChannel, is_done
from bot.channels.web.chat import WORDS, live
from bot.channels.web.manage.desk import borrowed, seen
from bot.channels.web.manage.doors import form_of, page
from bot.channels.web.pages import backstage_of, pages_of, to
from bot.channels.web.words import direction
from bot.compose import compose
from bot.rounds.tongues import in_language
from bot.rounds.wording import fault
from bot.texts import own_name
from flows import engine, memory, transcript
from flows.examples import filled
from flows.model import Context, Kind, Message
from storage.messages import BOT, CITIZEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from bot.channels.web.manage.doors import Visitor
    from flows.model import Flow, Prompt

LONGEST = 200_000
"""Characters of a rehearsal a page carries; a longer one starts again."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A rehearsal so far, as the page carries it."""

    session: str
    lines: tuple[Line, ...] = ()
    talk: str = ""
    """The same as a transcript."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What is rehearsed: a round or a flow, and where its pages are."""

    flow: Flow
    title: str
    home: str
    of_round: bool
    warning: str = ""
    """What to know of it: that words of an example still stand in it."""

    @property
    def action(self) -> str:
        """Where the forms of the rehearsal go."""
        return f"{self.home}/preview"


async def show(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/rounds/<code>/preview`: the first message."""
    return _played(request, visitor, await _round(request, visitor), None)


async def go_on(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/preview`: the next one."""
    return _played(request, visitor, await _round(request, visitor), await form_of(request))


async def show_flow(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/flows/<id>/preview`: the first message of a flow, its texts filled with examples."""
    return _played(request, visitor, await _flow(request), None)


async def go_on_flow(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/flows/<id>/preview`: the next one."""
    return _played(request, visitor, await _flow(request), await form_of(request))


async def keep(request: Request, _visitor: Visitor) -> Response:
    """`POST /manage/flows/<id>/transcript`: the talk so far as a file that the checks can play again."""
    piece = await _flow(request)
    rehearsal = _carried(await form_of(request), piece.flow)
    if rehearsal is None:
        return to(piece.action)
    session = memory.load(rehearsal.session)
    flow = piece.flow
    head = transcript.head_of(flow, _begun_in(rehearsal), backstage_of(request).clock(), channel=NAME)
    body = transcript.head_text(head) + rehearsal.talk + transcript.ending(session)
    name = f"{flow.id}.talk.{head['language']}.txt"
    return PlainTextResponse(body, headers={"content-disposition": f'attachment; filename="{name}"'})


async def _round(request: Request, visitor: Visitor) -> Piece:
    round_ = await seen(request, visitor)
    flow = await asyncio.to_thread(backstage_of(request).rounds.played, round_.code)
    names = await asyncio.to_thread(borrowed, request, round_)
    warning = fault(pages_of(request).words(request).language, "example_words", names=names) if names else ""
    return Piece(flow, round_.title, f"/manage/rounds/{round_.code}", of_round=True, warning=warning)


async def _flow(request: Request) -> Piece:
    flow = await asyncio.to_thread(filled, named(request))
    title = in_language(flow.title, pages_of(request).language(request))
    return Piece(flow, title, f"/manage/flows/{flow.id}", of_round=False)


def named(request: Request) -> Flow:
    """Return the flow in the address, in its newest version."""
    try:
        return backstage_of(request).catalog.get(request.path_params["flow"])
    except KeyError:
        raise HTTPException(404) from None


def _played(request: Request, visitor: Visitor, piece: Piece, form: FormData | None) -> Response:
    flow, wanted = piece.flow, request.query_params.get("language", "")
    language = wanted if wanted in flow.languages else pages_of(request).language(request)
    rehearsal = _begun(request, flow, language) if form is None else _advanced(request, flow, form)
    if rehearsal is None:
        return to(piece.action)
    session = memory.load(rehearsal.session)
    return page(
        request,
        visitor,
        "manage/preview.html",
        piece=piece,
        lines=rehearsal.lines,
        live=live(rehearsal.lines),
        over=not session.active,
        waits=session.wakes_at is not None,
        language=session.language,
        direction=direction(session.language),
        flow_languages=[(one, own_name(one)) for one in flow.languages],
        first_live=min(live(rehearsal.lines), default=0),
        carried=msgspec.json.encode(rehearsal).decode(),
    )


def _begun(request: Request, flow: Flow, language: str) -> Rehearsal:
    now = backstage_of(request).clock()
    turn = engine.start(flow, Context(language, NAME, transcript.TAG, transcript.RECEIPT), now)
    return Rehearsal(
        memory.dump(turn.session), _spoken(turn.prompts, 1, turn.session.language), transcript.said(turn.prompts)
    )


def _begun_in(rehearsal: Rehearsal) -> str:
    return rehearsal.lines[0].language


def _carried(form: FormData, flow: Flow) -> Rehearsal | None:
    """Return the rehearsal that a form carries; None where it carries none of this flow."""
    try:
        before = msgspec.json.decode(str(form.get("carried", ""))[:LONGEST], type=Rehearsal)
        session = memory.load(before.session)
    except (msgspec.MsgspecError, ValueError, KeyError, TypeError):
        return None
    known = session.flow == flow.id and session.state in flow.script(session.language).states and before.lines
    return before if known else None


def _advanced(request: Request, flow: Flow, form: FormData) -> Rehearsal | None:
    """Return the rehearsal one turn on; None where the form carries none of this flow that goes on."""
    before = _carried(form, flow)
    session = memory.load(before.session) if before else None
    if before is None or session is None or not session.active:
        return None
    message, shown = message_of(form, before.lines)
    turn = engine.advance(flow, session, message, backstage_of(request).clock())
    lines = before.lines
    if message.kind is not Kind.SILENCE:
        lines = (*lines, Line(len(lines) + 1, CITIZEN, shown, session.language))
    said = _spoken(turn.prompts, len(lines) + 1, turn.session.language)
    talk = before.talk + transcript.heard(_written(message, shown)) + transcript.said(turn.prompts)
    return Rehearsal(memory.dump(turn.session), (*lines, *said), talk)


def _written(message: Message, shown: str) -> str:
    """Return what was sent as a transcript writes it."""
    match message.kind:
        case Kind.TAP:
            return f"(tap {shown})"
        case Kind.PHOTO:
            return f"(photo {shown})".replace(" )", ")")
        case Kind.SILENCE:
            return "(wait)"
        case _:
            return shown


def message_of(form: FormData, lines: tuple[Line, ...]) -> tuple[Message, str]:
    """Return what a form sent and how it reads."""
    word, data = str(form.get("word", "")), str(form.get("data", ""))
    if word in WORDS:
        return Message(Kind.TEXT, text=f"/{word}"), f"/{word}"
    if (act := str(form.get("act", ""))) in {"photo", "voice"}:
        return Message(Kind(act), file="rehearsal", text=str(form.get("text", ""))), str(form.get("text", ""))
    if act == "wait":
        return Message(Kind.SILENCE), ""
    if data:
        return _tap(form, data, lines)
    text = str(form.get("text", "")).strip()[:4096]
    return Message(Kind.TEXT, text=text), text


def _tap(form: FormData, data: str, lines: tuple[Line, ...]) -> tuple[Message, str]:
    buttons = [button for line in lines for button in line.buttons]
    picks = [str(number) for number in form.getlist("pick")]
    if picks and is_done(data):
        text = ", ".join(picks)
        return Message(Kind.TEXT, text=text), text
    label = next((button.label for button in reversed(buttons) if button.data == data), "…")
    return Message(Kind.TAP, data=data), label


def _spoken(prompts: Sequence[Prompt], first: int, language: str) -> tuple[Line, ...]:
    parts = compose(prompts, WebChannel.capabilities)
    return tuple(
        Line(first + n, BOT, part.text, language, part.buttons, part.columns, part.wants)
        for n, part in enumerate(parts)
    )
