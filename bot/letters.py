"""Messages as they lie in the outbox: JSON of an `Outbound` without its address. `read` is the inverse of `write`.

What a session says keeps its tag apart from its buttons, which are then the same bytes for everybody.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from bot.channels.base import CAPTION, Mail, Outbound, Picture
from bot.cutting import cut, fits
from flows.model import Button
from storage.outbox import BULK, DIGEST, REPLY, SEALED, NewMessage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.compose import Part
    from storage.contacts import Contact
    from storage.sealing import Keys

__all__ = ["BULK", "DIGEST", "REPLY", "apart", "letters", "line", "read", "write"]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def letters(
    contact: Contact,
    parts: Sequence[Part],
    key: str,
    now: datetime,
    priority: int,
    replaces: str | None = None,
    keys: Keys | None = None,
) -> list[NewMessage]:
    """Return the outbox rows of what is said to a contact; `key` and the place in `parts` make each one's key.

    `replaces` names the message a part that is an update changes in place. With `keys` what is secret is sealed.
    """
    return [
        NewMessage(
            f"{key}.{n}",
            contact.id,
            contact.channel,
            priority,
            _part(part, contact.language, replaces if part.update else None, keys),
            due_at=now,
            created_at=now,
            state=part.state,
        )
        for n, part in enumerate(parts)
    ]


class _Body(msgspec.Struct, omit_defaults=True):
    """What a part says, as it is kept: what is usual left out."""

    text: str
    language: str
    tag: str = ""
    buttons: msgspec.Raw | None = None
    columns: int = 1
    wants: str = ""
    replaces: str | None = None
    quotes: tuple[str, ...] = ()


def _part(part: Part, language: str, replaces: str | None, keys: Keys | None) -> str:
    rows = _rows(part.offers) if part.offers else None
    body = _encode(_Body(part.text, language, part.tag, rows, part.columns, part.wants, replaces, part.quotes)).decode()
    return sealed(body, keys) if part.secret and keys is not None else body


def sealed(body: str, keys: Keys) -> str:
    """Return a message as the outbox keeps it where nobody else may read it; once sent, it keeps nothing of it."""
    return f"{SEALED}{base64.b64encode(keys.seal(body)).decode()}"


def opened(body: str, keys: Keys) -> str:
    """Return a message of the outbox as it was before it was sealed, if it was. Raises `Unopened`."""
    return keys.unseal(base64.b64decode(body.removeprefix(SEALED))) if body.startswith(SEALED) else body


@lru_cache(maxsize=1000)
def _rows(offers: tuple[Button, ...]) -> msgspec.Raw:
    """Return offers as JSON: the same for everybody who is asked the same."""
    return msgspec.Raw(_encode([_button(button) for button in offers]))


def _button(button: Button) -> list[Any]:
    """A button as a row: label, data, then its marks where it has any."""
    if button.ticked or button.helper:
        return [button.label, button.data, button.ticked, button.helper]
    return [button.label, button.data]


def write(message: Outbound) -> str:
    """Return a whole message, pictures and mail included, as the outbox keeps it."""
    body: dict[str, Any] = {
        "text": message.text,
        "language": message.language,
        "buttons": [_button(button) for button in message.buttons],
        "columns": message.columns,
        "wants": message.wants,
        "replaces": message.replaces,
        "picture": _picture(message.picture),
        "mail": None,
    }
    if message.mail is not None:
        inline = {cid: _picture(picture) for cid, picture in message.mail.inline.items()}
        body["mail"] = {"subject": message.mail.subject, "html": message.mail.html, "inline": inline}
        if message.mail.papers:
            papers = {name: base64.b64encode(pdf).decode() for name, pdf in message.mail.papers.items()}
            body["mail"] |= {"papers": papers}
    return _encode({name: value for name, value in body.items() if value}).decode()


def apart(message: Outbound) -> list[Outbound]:
    """Return a message as those that a chat takes one by one: a refusal of the last then repeats none of the others.

    The last keeps the key and the buttons; a picture whose text is too long to stand under it goes before it.
    """
    if message.mail is not None:
        return [message]
    before: list[Outbound] = []
    if message.picture is not None and not fits(message.text, CAPTION):
        about = cut(message.picture.alt, CAPTION)[0]
        before.append(replace(message, key=f"{message.key}.picture", text=about, buttons=()))
        message = replace(message, picture=None)
    *first, last = cut(message.text)
    before += [replace(message, key=f"{message.key}.{n}", text=piece, buttons=()) for n, piece in enumerate(first)]
    return [*before, replace(message, text=last)]


def line(text: str, language: str, buttons: Sequence[Button], columns: int, wants: str) -> dict[str, Any]:
    """Return what the bot says as a conversation that we show keeps it."""
    offers = [msgspec.structs.asdict(button) for button in buttons]
    return {"text": text, "language": language, "buttons": offers, "columns": columns, "wants": wants}


def _picture(picture: Picture | None) -> dict[str, str] | None:
    return None if picture is None else {"png": base64.b64encode(picture.png).decode(), "alt": picture.alt}


def read(body: str, key: str, address: str) -> Outbound:
    """Return the message with its key and address. Raises ValueError where `body` is no such JSON."""
    try:
        kept = _decode(body)
        tag, mail = kept.get("tag", ""), kept.get("mail")
        return Outbound(
            key=key,
            address=address,
            text=kept["text"],
            buttons=tuple(Button(label, tag + data, *_marks(marks)) for label, data, *marks in kept.get("buttons", ())),
            columns=kept.get("columns", 1),
            wants=kept.get("wants", ""),
            replaces=kept.get("replaces"),
            picture=_shown(kept.get("picture")),
            mail=None if mail is None else _mail(mail),
            language=kept.get("language", "en"),
        )
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the outbox row {key} holds no message: {error}") from error


def _marks(marks: list[bool]) -> tuple[bool, bool]:
    return (bool(marks[0]), bool(marks[1])) if marks else (False, False)


def _shown(kept: dict[str, str] | None) -> Picture | None:
    return None if kept is None else Picture(base64.b64decode(kept["png"]), kept["alt"])


def _mail(kept: dict[str, Any]) -> Mail:
    inline = {cid: Picture(base64.b64decode(each["png"]), each["alt"]) for cid, each in kept.get("inline", {}).items()}
    papers = {name: base64.b64decode(pdf) for name, pdf in kept.get("papers", {}).items()}
    return Mail(kept["subject"], kept["html"], inline, papers)
