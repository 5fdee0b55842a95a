"""Staff enter what people say on the telephone, on paper or at a desk: a form to begin, then the conversation."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from bot.channels import ASSISTED
from bot.channels.web import photos, voices
from bot.channels.web.channel import line_of
from bot.channels.web.chat import live
from bot.channels.web.manage.desk import seen
from bot.channels.web.manage.doors import form_of, page
from bot.channels.web.manage.form import Error
from bot.channels.web.manage.preview import message_of
from bot.channels.web.pages import backstage_of, pages_of, to
from bot.counter import Voice
from bot.errors import Refused
from bot.rights import Right
from bot.rounds.wording import spoken
from bot.texts import own_name
from flows.model import Kind, Message
from flows.words import whole
from storage.entries import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from bot.channels.web.backstage import RoundView
    from bot.channels.web.manage.doors import Visitor
    from bot.counter import Talk

WORDS = ("why", "skip", "back", "change", "stop")
"""What whoever enters may send at any time."""
FILES = {"photo": photos.keep, "voice": voices.keep}
"""What an answer may bring, and what keeps it: checked and freed of hidden facts as a citizen's own."""
LONGEST = 1000
"""Letters of a caption."""


async def offer(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/rounds/<code>/enter`: where it was heard, in which language, and for whom it speaks."""
    return await _form(request, visitor, {})


async def begin(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/enter`: begin an entry; each is a person of its own."""
    round_ = await seen(request, visitor, Right.ENTER_ANSWERS)
    typed = {key: str(value) for key, value in (await form_of(request)).items()}
    heads = typed.get("heads", "").strip()[:9]
    counter, language = backstage_of(request).counter, typed.get("language", "")
    try:
        voice = Voice.of(
            typed.get("kind", ""),
            (whole(heads) or 0) if heads else None,
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
    round_ = await seen(request, visitor, Right.ENTER_ANSWERS)
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
    round_ = await seen(request, visitor, Right.ENTER_ANSWERS)
    try:
        talk = await asyncio.to_thread(backstage_of(request).counter.look, round_.code, request.path_params["name"])
    except Refused:
        raise HTTPException(404) from None
    return _shown(request, visitor, round_, talk)


async def say(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/enter/<name>`: one answer, a file that goes with it, or a word."""
    round_, form = await seen(request, visitor, Right.ENTER_ANSWERS), await form_of(request)
    counter, name = backstage_of(request).counter, request.path_params["name"]
    home = f"/manage/rounds/{round_.code}/enter"
    try:
        talk = await asyncio.to_thread(counter.look, round_.code, name)
        message, shown = await _meant(request, form, talk)
        if shown:
            nonce = str(form.get("nonce", "")) or backstage_of(request).mint()
            await asyncio.to_thread(counter.say, round_.code, name, message, shown, nonce)
    except Refused:  # deleted, or never begun
        return to(home)
    except photos.NoPicture:
        return _shown(request, visitor, round_, talk, "chat.photo_wrong")
    except voices.NoVoice:
        return _shown(request, visitor, round_, talk, "chat.voice_wrong")
    return to(f"{home}/{name}#latest")


async def _meant(request: Request, form: FormData, talk: Talk) -> tuple[Message, str]:
    """Return what a form says and how it reads. Raises `NoPicture` or `NoVoice` for a file that is none."""
    act = str(form.get("act", ""))
    if act not in FILES:
        return message_of(form, tuple(map(line_of, talk.lines)))
    upload, keep = form.get(act), FILES[act]
    body = await upload.read() if isinstance(upload, UploadFile) else b""
    backstage, caption = backstage_of(request), str(form.get("text", "")).strip()[:LONGEST]
    file = await asyncio.to_thread(keep, body, backstage.uploads, backstage.mint())
    said = pages_of(request).words(request)(f"chat.{act}_sent")
    return Message(Kind(act), file=file, text=caption), f"{said}: {caption}" if caption else said


def _shown(request: Request, visitor: Visitor, round_: RoundView, talk: Talk, problem: str = "") -> Response:
    lines = tuple(map(line_of, talk.lines))
    now = live(lines)
    return page(
        request,
        visitor,
        "manage/entry.html",
        status=422 if problem else 200,
        problem=pages_of(request).words(request)(problem) if problem else "",
        round=round_,
        talk=talk,
        lines=lines,
        live=now,
        first_live=min(now, default=0),
        wants=next((line.wants for line in lines if line.id in now and line.wants), ""),
        everywhere=WORDS,
        name=request.path_params["name"],
        nonce=backstage_of(request).mint(),
    )
