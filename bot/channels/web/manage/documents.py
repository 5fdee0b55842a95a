"""Documents of a round on its page: PDF files that people read before they answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.datastructures import UploadFile

from bot.channels.web.manage import desk
from bot.channels.web.manage import form as forms
from bot.channels.web.manage.doors import form_of
from bot.channels.web.pages import backstage_of, pages_of, to
from bot.errors import Refused
from bot.rights import Right
from bot.rounds.papers import LARGEST
from bot.rounds.wording import Forbidden, spoken

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from bot.channels.web.manage.doors import Visitor


async def change(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/documents`: add the PDF that was sent, or take the one that is named."""
    round_, form = await desk.seen(request, visitor, Right.LEAD_ROUNDS), await form_of(request)
    rounds, taken = backstage_of(request).rounds, str(form.get("take", ""))
    title, why = str(form.get("document_title", "")), str(form.get("because", "")).strip()
    try:
        if taken:
            await asyncio.to_thread(rounds.detach, round_.code, taken, who=visitor.person.id, why=why)
        else:
            file, body = await _sent(form)
            who = visitor.person.id
            await asyncio.to_thread(rounds.attach, round_.code, file, body, title=title, who=who, why=why)
    except Refused as error:
        said = spoken(error, pages_of(request).words(request).language)
        reason = isinstance(error, Forbidden) and error.key == "no_reason"
        field = ("because" if not taken else f"because-{taken}") if reason else "document"
        typed = {"document_title": title, "because": why}
        return await desk.round_page(request, visitor, errors=[forms.Error(field, said)], typed=typed)
    return to(f"/manage/rounds/{round_.code}?done=changed#documents")


async def _sent(form: FormData) -> tuple[str, bytes]:
    """Return the name and the bytes of a file; of one that is too large no more than shows it."""
    upload = form.get("document")
    if not isinstance(upload, UploadFile) or not upload.filename:
        raise Forbidden("no_pdf")
    return upload.filename, await upload.read(LARGEST + 1)
