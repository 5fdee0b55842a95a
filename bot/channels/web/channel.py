"""The web chat as a channel: a POST becomes a raw message, a reply becomes a line of the conversation."""

from __future__ import annotations

import asyncio
import hashlib
import json
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import msgspec

from bot import letters
from bot.channels.base import Capabilities, Gone, Inbound, Raw, Receipt, Sent
from bot.channels.web import voices
from bot.errors import ChannelTrouble, Missing, Unreadable
from flows.model import Button, Kind, Message, parse_button
from flows.speak import DONE
from storage import contacts, crossings, messages
from storage.messages import BOT, CITIZEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from bot.channels.base import Accept, Outbound
    from storage.database import Database
    from storage.sealing import Keys

NAME = "web"
LATEST = 200
"""A page shows at most this many lines of a conversation."""


@dataclass(frozen=True, slots=True)
class Post:
    """What a visitor sent with one form, as it lies in the inbox."""

    address: str
    kind: Kind = Kind.TEXT
    text: str = ""
    data: str = ""
    latitude: float | None = None
    longitude: float | None = None
    file: str = ""
    language: str = ""
    start: str | None = None
    shown: str | None = None
    """What it says to the visitor."""

    def raw(self, nonce: str) -> Raw:
        """Return the raw message; the same form sent twice has the same external id, another visitor's never."""
        said = msgspec.json.encode(replace(self, shown=None))
        key = hashlib.sha256(nonce.encode() + b"\0" + said).hexdigest()[:48]
        return Raw(NAME, key, msgspec.json.encode(self))


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a conversation as a page shows it."""

    id: int
    author: str
    text: str
    language: str
    buttons: tuple[Button, ...] = ()
    columns: int = 1
    wants: str = ""
    file: str = ""
    """Name of a picture or a recording in the uploads folder."""
    alt: str = ""

    @property
    def is_voice(self) -> bool:
        """Whether the file is a recording."""
        return self.file.rpartition(".")[2] in voices.ENDINGS

    @property
    def mine(self) -> bool:
        """Whether the visitor said it."""
        return self.author == CITIZEN

    @property
    def paragraphs(self) -> list[str]:
        """The text, split where a line is empty."""
        return [part.strip("\n") for part in self.text.split("\n\n") if part.strip()]

    @property
    def picks(self) -> list[tuple[int, Button]]:
        """What may be ticked, numbered from 1: all buttons before the one that hands in the ticks."""
        done = next((n for n, button in enumerate(self.buttons) if is_done(button.data)), 0)
        return list(enumerate(self.buttons[:done], 1))

    @property
    def taps(self) -> tuple[Button, ...]:
        """What may be pressed: all other buttons."""
        return self.buttons[len(self.picks) :]

    @property
    def gathers(self) -> bool:
        """Whether several messages may answer it: the first button says that there are no more."""
        return bool(self.buttons) and is_done(self.buttons[0].data)


def is_done(data: str) -> bool:
    """Whether a button hands in the ticks before it."""
    return (parse_button(data) or ("", "", ""))[2] == DONE


def address_of(token: str) -> str:
    """Return the contact's address for the secret in a browser's cookie; nobody can go the other way."""
    return hashlib.sha256(b"civicloop web " + token.encode()).hexdigest()[:40]


@dataclass(slots=True)
class Bell:
    """Wakes the pages of one visitor that wait for something new."""

    _waiting: dict[str, set[asyncio.Event]] = field(default_factory=dict)

    def ring(self, address: str) -> None:
        """Wake all who wait for `address`."""
        for event in self._waiting.get(address, ()):
            event.set()

    def ring_all(self) -> None:
        """Wake everybody."""
        for address in tuple(self._waiting):
            self.ring(address)

    @contextmanager
    def heard(self, address: str) -> Iterator[asyncio.Event]:
        """Give an event that is set at each ring for `address`, until the block ends."""
        event = asyncio.Event()
        self._waiting.setdefault(address, set()).add(event)
        try:
            yield event
        finally:
            self._waiting[address].discard(event)
            if not self._waiting[address]:
                del self._waiting[address]


class WebChannel:
    """Citizens' browsers. The address is a hash of the random secret in the browser's cookie."""

    name = NAME
    capabilities = Capabilities(
        buttons=100, label=300, text=20_000, caption=20_000, places=True, photos=True, idempotent=True
    )

    def __init__(self, database: Database, keys: Keys, clock: Callable[[], datetime], uploads: Path) -> None:
        self.database = database
        self.keys = keys
        self.clock = clock
        self.uploads = uploads
        self.bell = Bell()
        self.closed = asyncio.Event()
        self._accept: Accept | None = None

    # ----------------------------------------------------------------- the contract

    async def listen(self, accept: Accept) -> None:
        """Let the pages hand over what visitors post, until cancelled or closed."""
        self._accept = accept
        await self.closed.wait()

    def parse(self, raw: Raw) -> list[Inbound]:
        """Read what one form sent. Pure. Raises `Unreadable` where it is no post of ours."""
        try:
            post = msgspec.json.decode(raw.body, type=Post)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Unreadable("a web message is no form of the chat page") from error
        if not post.address:
            raise Unreadable("a web message has no sender")
        language = post.language or None
        return [Inbound(NAME, post.address, _message(post), language, start=post.start, line=_shown(post))]

    async def send(self, message: Outbound) -> Receipt:
        """Write the line into the conversation, once per key, and wake the pages that show it."""
        line = await asyncio.to_thread(self._keep, message)
        if line is None:
            return Gone("no such conversation")
        self.bell.ring(message.address)
        return Sent(str(line))

    async def close(self) -> None:
        """End the streams of all open pages."""
        self.closed.set()
        self.bell.ring_all()

    # ----------------------------------------------------------------- what the pages ask

    async def accept(self, post: Post, nonce: str, shown: str) -> int:
        """Hand in what a visitor posted and return the id of their line; `shown` is what it says to them.

        The line is written in the turn's transaction: what stands in the chat is taken, and what is not taken does not
        stand there. The same form twice is one line and one message. Returns 0 where a DELETE took the line with it.
        """
        if self._accept is None or self.closed.is_set():
            raise ChannelTrouble("The chat is starting or stopping: try again in a moment.")
        raw = replace(post, shown=shown).raw(nonce)
        await self._accept([raw])
        crossings.passed("web.kept")
        self.bell.ring(post.address)
        return await asyncio.to_thread(self._line_of, post.address, messages.heard(raw.external_id))

    async def replied(self, address: str, line: int, within: float) -> None:
        """Return as soon as the bot has said something to the visitor's `line`, or after `within` seconds."""
        with self.bell.heard(address) as event:
            try:
                async with asyncio.timeout(within):
                    while not await asyncio.to_thread(self._is_answered, address, line):
                        event.clear()
                        await rung(event, 0.25)
            except TimeoutError:
                return

    def lines(self, address: str, after: int = 0) -> list[Line]:
        """Return the conversation after line `after`, oldest first, at most the latest ones."""
        key = self._key(address)
        with self.database.reading() as db:
            contact = contacts.find(db, [key]).get(key)
            rows = [] if contact is None else messages.of(db, contact.id, after=after, limit=LATEST)
        return [line_of(row) for row in rows]

    def _is_answered(self, address: str, line: int) -> bool:
        """Where the visitor's own line is gone, they were forgotten: then the answer may bear any number."""
        lines = self.lines(address)
        since = line if spoken(lines, line) else 0
        return any(not each.mine and each.id > since for each in lines)

    def language_of(self, address: str) -> str | None:
        """Return the language of a visitor we know, else None."""
        key = self._key(address)
        with self.database.reading() as db:
            contact = contacts.find(db, [key]).get(key)
        return None if contact is None else contact.language

    # ----------------------------------------------------------------- what is kept

    def _key(self, address: str) -> contacts.Address:
        return (NAME, self.keys.address_hash(NAME, address))

    def _keep(self, message: Outbound) -> int | None:
        """Return the id of the line, or None where the visitor has been forgotten."""
        key = self._key(message.address)
        with self.database.transaction() as db:
            contact = contacts.find(db, [key]).get(key)
            if contact is None:
                return None
            new = messages.NewLine(contact.id, f"out:{message.key}", self.clock(), BOT, self._body(message))
            messages.append(db, [new])
            line = _id_of(messages.of(db, contact.id, limit=LATEST), new.key)
            crossings.passed("web.writes")
        crossings.passed("web.written")
        return line

    def _line_of(self, address: str, key: str) -> int:
        """Return the number of a line in somebody's conversation; 0 where it is gone."""
        known = self._key(address)
        with self.database.reading() as db:
            contact = contacts.find(db, [known]).get(known)
            return 0 if contact is None else _id_of(messages.of(db, contact.id, limit=LATEST), key)

    def _body(self, message: Outbound) -> str:
        body = letters.line(message.text, message.language, message.buttons, message.columns, message.wants)
        if message.picture is not None:
            body |= {"file": self._picture(message.key, message.picture.png), "alt": message.picture.alt}
        return json.dumps(body, ensure_ascii=False)

    async def fetch(self, file: str) -> bytes:
        """Return what a visitor has sent. Raises `Missing` where it is there no more."""
        try:
            return await asyncio.to_thread((self.uploads / PurePath(file).name).read_bytes)
        except FileNotFoundError as error:
            raise Missing(file) from error

    def _picture(self, key: str, png: bytes) -> str:
        """Keep a picture of ours under a name only the page that shows it knows; the same key is the same file."""
        name = f"{self.keys.token_hash(f'picture {key}').hex()[:40]}.png"
        self.uploads.mkdir(parents=True, exist_ok=True)
        (self.uploads / name).write_bytes(png)
        return name


def _message(post: Post) -> Message:
    return Message(
        post.kind,
        text=post.text,
        data=post.data,
        latitude=post.latitude,
        longitude=post.longitude,
        file=post.file,
    )


def _shown(post: Post) -> str | None:
    """Return the visitor's own line as the transcript keeps it."""
    if post.shown is None:
        return None
    return json.dumps({"text": post.shown, "language": post.language, "file": post.file}, ensure_ascii=False)


def _id_of(lines: Sequence[messages.Line], key: str) -> int:
    return next((line.id for line in lines if line.key == key), 0)


def line_of(row: messages.Line) -> Line:
    """Return a kept line as a page shows it."""
    body: dict[str, Any] = json.loads(row.body)
    buttons = tuple(Button(**button) for button in body.pop("buttons", ()))
    return Line(row.id, row.author, buttons=buttons, **body)


def spoken(lines: Sequence[Line], line: int) -> bool:
    """Whether the visitor's line with this number still stands; numbers may come again after a deletion."""
    return any(each.id == line and each.mine for each in lines)


async def rung(event: asyncio.Event, within: float) -> None:
    """Wait for the bell, or a moment: a reply written by another process rings no bell here."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            await event.wait()
