"""The contract every channel keeps: pure functions to read and one act to send."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import timedelta

    from flows.model import Button, Message


CAPTION: Final = 1024
"""What every channel takes under a picture, in UTF-16 units: Telegram's limit."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can show and tell."""

    buttons: int
    """Most buttons under one message; 0 where there are none and options are numbered in the text."""
    label: int
    """Most characters of a button's label that are shown whole."""
    text: int
    """Longest text of one message, in UTF-16 units (`bot.cutting.length`)."""
    caption: int = CAPTION
    """Longest text under a picture, in the same."""
    places: bool = False
    photos: bool = False
    edits: bool = False
    """Whether a message already sent can be changed (a tick shown in place)."""
    idempotent: bool = False
    """Whether sending the same key twice delivers once."""


class Raw(NamedTuple):
    """What arrived, untouched: committed to the inbox before the channel is told that we have it."""

    channel: str
    external_id: str
    """Unique within the channel; a second arrival with the same id is ignored."""
    body: bytes


class Document(NamedTuple):
    """A file sent as a file, which is neither a picture nor a sound."""

    file: str
    """The channel's reference."""
    name: str
    size: int
    """Bytes, as the channel says; 0 where it does not."""


class Inbound(NamedTuple):
    """One message of one contact, read out of a raw update."""

    channel: str
    address: str
    """How the channel knows the sender; opaque, never a phone number. Secret: never logged."""
    message: Message
    language: str | None = None
    """What the app says of the sender's language (BCP 47), where it says so."""
    message_id: str | None = None
    """The channel's id of the message sent, or of the message whose button was tapped."""
    edited: bool = False
    start: str | None = None
    """The code of a deep link or poster (`/start CODE`); empty text for a bare /start."""
    reply_to: str | None = None
    """The channel's id of the message this one replies to, where the channel tells of it."""
    reachable: bool | None = None
    """False: the person blocked the bot; True: they let it back in. No message then."""
    line: str | None = None
    """How it stands in the conversation that we show (see `storage.messages`); None where the channel shows its own."""
    document: Document | None = None
    """A file that came with it; no question asks for one."""
    names: tuple[str, ...] = ()
    """What the app calls the sender, so that it is found in their words; never kept."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that goes with a message; `alt` says in words what it shows."""

    png: bytes
    alt: str


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail has beside its plain text; `html` may be empty."""

    subject: str
    html: str
    inline: Mapping[str, Picture] = field(default_factory=dict)
    """Pictures by content id."""
    papers: Mapping[str, bytes] = field(default_factory=dict)
    """PDFs that lie in the mail, by the names of their files."""


@dataclass(frozen=True, slots=True)
class Outbound:
    """One message to one address, ready for its channel. JSON in the outbox (`to_json`, `from_json` in delivery)."""

    key: str
    """Idempotency key: the same key is the same message."""
    address: str
    text: str
    buttons: tuple[Button, ...] = ()
    columns: int = 1
    wants: str = ""
    replaces: str | None = None
    """The channel's id of a message to change in place instead of sending a new one."""
    answer_tap: str | None = None
    picture: Picture | None = None
    mail: Mail | None = None
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Sent:
    """The channel took it; `external_id` is its name for the message."""

    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """Not now: try again `after`. `everyone`: the whole channel must pause, not this address alone.

    `too_fast`: it was our pace that was refused.
    """

    after: timedelta
    reason: str
    everyone: bool = False
    too_fast: bool = False


@dataclass(frozen=True, slots=True)
class Gone:
    """Never: the address is unreachable (`unreachable`) or the message itself is refused."""

    reason: str
    unreachable: bool = True


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """The line broke before the answer: it may have arrived. Tried again, so the rare duplicate is a repeat."""

    reason: str


@dataclass(frozen=True, slots=True)
class Relocated:
    """The address changed its name on the channel; send there and remember it."""

    address: str


Receipt: TypeAlias = Sent | Again | Gone | Ambiguous | Relocated

if TYPE_CHECKING:
    Accept: TypeAlias = Callable[[Sequence[Raw]], Awaitable[None]]
    """Returns after the commit; only then may the channel acknowledge."""


class Channel(Protocol):
    """A way to reach people."""

    name: str
    capabilities: Capabilities

    async def listen(self, accept: Accept) -> None:
        """Receive until cancelled; hand every raw update to `accept` and acknowledge after it returned."""

    def parse(self, raw: Raw) -> list[Inbound]:
        """Read a raw update; empty where it holds nothing for us. Pure. Raises `Unreadable` where it cannot be read."""

    async def send(self, message: Outbound) -> Receipt:
        """Deliver one message. What the world does is in the receipt; only our own mistakes raise."""

    async def close(self) -> None:
        """Let go of connections."""
