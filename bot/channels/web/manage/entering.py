"""Staff enter what people say on the telephone, on paper or at a desk: a form to begin, then the conversation."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from bot.channels import ASSISTED
from bot.channels.web.channel import line_of
from bot.channels.web.chat import live
from bot.channels.web.manage.desk import seen
from bot.channels.web.manage.doors import MANAGER, ORGANISER, form_of, page
from bot.channels.web.manage.form import Error
from bot.channels.web.manage.preview import message_of
from bot.channels.web.pages import backstage_of, pages_of, to
from bot.channels.web.words import own_name
from bot.counter import Voice
from bot.errors import Refused
from bot.rounds.wording import spoken
from storage.entries import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from bot.channels.web.backstage import RoundView
    from bot.channels.web.channel import Line
    from bot.channels.web.manage.doors import Visitor
    from bot.counter import Talk
    from storage.messages import Line as Kept

ROLES = (ORGANISER, MANAGER)
WORDS = ("why", "skip", "back", "change", "stop")
"""What whoever enters may send at any time."""


async def offer(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/rounds/<code>/enter`: where it was heard, in which language, and for whom it speaks."""
    return await _form(request, visitor, {})


async def begin(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/enter`: begin an entry; each is a person of its own."""
    round_ = await seen(request, visitor, *ROLES)
    typed = {key: str(value) for key, value in (await form_of(request)).items()}
    heads = typed.get("heads", "").strip()[:9]
    counter, language = backstage_of(request).counter, typed.get("language", "")
    try:
        voice = Voice.of(
            typed.get("kind", ""),
            int(heads) if heads.isdecimal() else None,
            typed.get("name", ""),
            late=typed.get("came") == "late",
        )
        begun = await asyncio.to_thread(
            counter.begin, round_.code, typed.get("channel", ""), language, voice, visitor.person.id
        )
    except Refused as error:
        return await _form(request, visitor, typed, error)
    return to(f"/manage/rounds/{round_.code}/enter/{begun.name}#latest")


async def _form(request: Request, visitor: Visitor, typed: Mapping[str, str], error: Refused | None = None) -> Response:
    round_ = await seen(request, visitor, *ROLES)
    flow = await asyncio.to_thread(backstage_of(request).rounds.played, round_.code)
    language = pages_of(request).language(request)
    return page(
        request,
        visitor,
        "manage/enter.html",
        status=422 if error else 200,
        round=round_,
        takes=await asyncio.to_thread(backstage_of(request).counter.takes, round_.code),
        channels=ASSISTED,
        kinds=KINDS,
        flow_languages=[(one, own_name(one)) for one in flow.languages],
        typed={"channel": ASSISTED[0], "kind": KINDS[0], "language": language, **typed},
        errors=[Error("kind", spoken(error, language))] if error else [],
    )


async def show(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/rounds/<code>/enter/<name>`: the entry as it stands."""
    round_ = await seen(request, visitor, *ROLES)
    try:
        talk = await asyncio.to_thread(backstage_of(request).counter.look, round_.code, request.path_params["name"])
    except Refused:
        raise HTTPException(404) from None
    return _shown(request, visitor, round_, talk)


async def say(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/enter/<name>`: one answer, or a word."""
    round_, form = await seen(request, visitor, *ROLES), await form_of(request)
    counter, name = backstage_of(request).counter, request.path_params["name"]
    home = f"/manage/rounds/{round_.code}/enter"
    try:
        talk = await asyncio.to_thread(counter.look, round_.code, name)
        message, shown = message_of(form, tuple(map(line_of, talk.lines)))
        if shown:
            nonce = str(form.get("nonce", "")) or backstage_of(request).mint()
            await asyncio.to_thread(counter.say, round_.code, name, message, shown, nonce)
    except Refused:  # deleted, or never begun
        return to(home)
    return to(f"{home}/{name}#latest")


def _shown(request: Request, visitor: Visitor, round_: RoundView, talk: Talk) -> Response:
    lines = _plain(talk.lines)
    return page(
        request,
        visitor,
        "manage/entry.html",
        round=round_,
        talk=talk,
        lines=lines,
        live=live(lines),
        first_live=min(live(lines), default=0),
        everywhere=WORDS,
        name=request.path_params["name"],
        nonce=backstage_of(request).mint(),
    )


def _plain(lines: Sequence[Kept]) -> list[Line]:
    """Return lines without what only a citizen's own device can send: pictures, recordings, positions."""
    return [replace(line_of(line), wants="") for line in lines]
