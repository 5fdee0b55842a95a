"""What Telegram remembers: one bot, its waiting updates, chats with their messages, files, and the faults to come."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, takewhile
from typing import TYPE_CHECKING, Any

from tests.support.botapi import schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.botapi.schema import Json

ON_REQUEST_ONLY = {"chat_member", "message_reaction", "message_reaction_count"}
OUR_REPLY_MARKUP = "_keyboard"
"""Where a stored message keeps a keyboard that Telegram does not show to the bot again."""


class Refused(Exception):
    """The Bot API's way to say no: an error code, a description, sometimes parameters."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


@dataclass(slots=True, kw_only=True)
class Fault:
    """Something that goes wrong with the next `times` matching requests, after `skip` that go well.

    `status` with `description` and `parameters` is answered in place of doing it; `body` replaces the JSON answer;
    `slow` seconds pass after it was done; `cut` drops the line "before" or "after" it was done.
    """

    method: str = "*"
    chat: int | None = None
    times: int = 1
    skip: int = 0
    status: int = 0
    description: str = ""
    parameters: dict[str, int] = field(default_factory=dict)
    body: str | None = None
    slow: float = 0.0
    cut: str = ""

    def meets(self, method: str, parameters: Json) -> bool:
        """Tell whether this request is hit, and count it."""
        if self.times <= 0 or self.method not in {"*", method}:
            return False
        if self.chat is not None and str(parameters.get("chat_id")) != str(self.chat):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True


@dataclass(slots=True)
class Pace:
    """The strictest reading of Telegram's limits: `per_second` messages, `burst` of them at once, no more."""

    per_second: float
    burst: int = 1
    tokens: float = 0.0
    at: float | None = None

    def allows(self, now: float) -> bool:
        """Tell whether one more message may leave at `now` (seconds), and count it."""
        earned = self.burst if self.at is None else (now - self.at) * self.per_second
        self.tokens, self.at = min(self.tokens + earned, self.burst), now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass(slots=True)
class Request:
    """One request the bot made, as it was understood, and how it was answered."""

    method: str
    parameters: Json
    status: int
    at: float
    """Seconds on the server's monotonic clock."""


@dataclass(slots=True)
class Happening:
    """One thing the bot did in a chat: `sent`, `edited`, `deleted` or `answered`."""

    kind: str
    message: Json


@dataclass(slots=True, eq=False)
class Chat:
    """A private chat or a group, with all its messages as they are now."""

    id: int
    about: Json
    """The `chat` object of the Bot API."""
    person: Json | None = None
    """The `user` object, in a private chat."""
    messages: dict[int, Json] = field(default_factory=dict)
    happenings: list[Happening] = field(default_factory=list)
    keyboard: Json | None = None
    """The reply keyboard shown under the field where one types."""
    started: bool = False
    barred: str = ""
    """Why the bot may not write here, in Telegram's words."""
    moved_to: int | None = None
    ids: Iterator[int] = field(default_factory=lambda: count(1))
    stirred: asyncio.Event = field(default_factory=asyncio.Event)

    def keep(self, message: Json) -> None:
        """Remember a message."""
        self.messages[message["message_id"]] = message

    def happen(self, kind: str, message: Json) -> None:
        """Note what the bot did and wake whoever looks at the chat."""
        self.happenings.append(Happening(kind, message))
        self.stirred.set()
        self.stirred = asyncio.Event()


@dataclass(slots=True)
class Callback:
    """A pressed button that waits for its answer."""

    chat: Chat
    until: float
    answer: Json | None = None


@dataclass(slots=True, eq=False)
class World:
    """Everything behind one bot token."""

    token: str
    username: str = "civicloop_test_bot"
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    callback_seconds: float = 15.0
    chats: dict[int, Chat] = field(default_factory=dict)
    pending: dict[int, Json] = field(default_factory=dict)
    """Updates not confirmed by the bot, by update id, oldest first."""
    emitted: dict[int, Json] = field(default_factory=dict)
    """All updates so far, by update id, oldest first."""
    allowed: frozenset[str] | None = None
    webhook: Json | None = None
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    """Menu by (scope type, language code)."""
    callbacks: dict[str, Callback] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    pace: Pace | None = None
    """What is sent faster is refused with 429; None: nothing is."""
    chat_pace: tuple[float, int] | None = None
    """The same for each chat: messages a second and burst."""
    chat_paces: dict[int, Pace] = field(default_factory=dict)
    door: str | None = None
    """Where webhooks are brought in place of the host the bot gave: scheme, host and port."""
    requests: list[Request] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    poller: asyncio.Event | None = None
    """Set by the next poller to end this one's wait."""
    update_ids: Iterator[int] = field(default_factory=lambda: count(700_000_001))
    names: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def bot(self) -> Json:
        """The bot as the `user` object of the Bot API."""
        return {
            "id": int(self.token.split(":")[0]),
            "is_bot": True,
            "first_name": "Civicloop",
            "username": self.username,
        }

    def date(self) -> int:
        """Return the moment as the Bot API writes it."""
        return int(self.clock().timestamp())

    def emit(self, kind: str, content: Any, *, checked: bool = True) -> int | None:
        """Let an update arrive and return its id; None where the bot did not ask for this kind."""
        wanted = self.allowed is None and kind not in ON_REQUEST_ONLY
        if not (wanted or kind in (self.allowed or ())):
            return None
        update = {"update_id": next(self.update_ids), kind: content}
        if checked:
            self.violations += schema.misshapen("Update", update)
        self.pending[update["update_id"]] = update
        self.emitted[update["update_id"]] = update
        self.wake()
        return int(update["update_id"])

    def wake(self) -> None:
        """Tell waiting pollers and the webhook that there is news."""
        self.arrived.set()
        self.arrived = asyncio.Event()

    def confirm(self, before: int) -> None:
        """Forget the updates whose id is lower."""
        for update_id in list(takewhile(lambda each: each < before, self.pending)):
            del self.pending[update_id]

    def fault_for(self, method: str, parameters: Json) -> Fault | None:
        """Return the fault that hits this request, if any."""
        return next((fault for fault in self.faults if fault.meets(method, parameters)), None)

    def too_fast(self, method: str, parameters: Json, now: float) -> bool:
        """Tell whether this message comes too fast for the bot or for its chat, and count it."""
        if not method.startswith("send") or method == "sendChatAction":
            return False
        paces = [self.pace] if self.pace else []
        if self.chat_pace:
            paces.append(self.chat_paces.setdefault(parameters["chat_id"], Pace(*self.chat_pace)))
        return not min([pace.allows(now) for pace in paces], default=True)  # each counts

    def store(self, content: bytes) -> str:
        """Keep a file and return its id."""
        name = f"AgAC{next(self.names):08d}"
        self.files[name] = content
        return name
