"""A round as a citizen will meet it, played in the browser: the page carries the conversation, nothing is kept."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from bot.channels.web.channel import NAME, Line, WebChannel, is_done
from bot.channels.web.chat import WORDS, live
from bot.channels.web.manage.desk import seen
from bot.channels.web.manage.doors import form_of, page
from bot.channels.web.pages import backstage_of, pages_of, to
from bot.channels.web.words import own_name
from bot.compose import compose
from flows import engine, memory
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


async def show(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/rounds/<code>/preview`: the first message."""
    return await _played(request, visitor, None)


async def go_on(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/preview`: the next one."""
    return await _played(request, visitor, await form_of(request))


async def _played(request: Request, visitor: Visitor, form: FormData | None) -> Response:
    round_ = await seen(request, visitor)
    flow = await asyncio.to_thread(backstage_of(request).rounds.played, round_.code)
    wanted = request.query_params.get("language", "")
    language = wanted if wanted in flow.languages else pages_of(request).language(request)
    rehearsal = _begun(request, flow, language) if form is None else _advanced(request, flow, form)
    if rehearsal is None:
        return to(f"/manage/rounds/{round_.code}/preview")
    session = memory.load(rehearsal.session)
    return page(
        request,
        visitor,
        "manage/preview.html",
        round=round_,
        lines=rehearsal.lines,
        live=live(rehearsal.lines),
        over=not session.active,
        language=session.language,
        flow_languages=[(one, own_name(one)) for one in flow.languages],
        first_live=min(live(rehearsal.lines), default=0),
        carried=msgspec.json.encode(rehearsal).decode(),
    )


def _begun(request: Request, flow: Flow, language: str) -> Rehearsal:
    now = backstage_of(request).clock()
    turn = engine.start(flow, Context(language, NAME, "rehearsal", "XXXX-XXXX-XXXX"), now)
    return Rehearsal(memory.dump(turn.session), _spoken(turn.prompts, 1, language))


def _advanced(request: Request, flow: Flow, form: FormData) -> Rehearsal | None:
    """Return the rehearsal one turn on; None where the form carries none of this flow."""
    carried = str(form.get("carried", ""))
    try:
        before = msgspec.json.decode(carried[:LONGEST], type=Rehearsal)
        session = memory.load(before.session)
    except (msgspec.MsgspecError, ValueError, KeyError, TypeError):
        return None
    if not session.active or session.state not in flow.script(session.language).states:
        return None
    message, shown = _message(form, before.lines)
    turn = engine.advance(flow, session, message, backstage_of(request).clock())
    mine = Line(len(before.lines) + 1, CITIZEN, shown, session.language)
    said = _spoken(turn.prompts, mine.id + 1, turn.session.language)
    return Rehearsal(memory.dump(turn.session), (*before.lines, mine, *said))


def _message(form: FormData, lines: tuple[Line, ...]) -> tuple[Message, str]:
    """Return what was sent and how it reads."""
    word, data = str(form.get("word", "")), str(form.get("data", ""))
    if word in WORDS:
        return Message(Kind.TEXT, text=f"/{word}"), f"/{word}"
    if (act := str(form.get("act", ""))) in {"photo", "voice"}:
        return Message(Kind(act), file="rehearsal", text=str(form.get("text", ""))), str(form.get("text", ""))
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
