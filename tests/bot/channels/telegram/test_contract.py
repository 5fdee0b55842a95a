"""Telegram keeps what every channel promises."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from bot.channels.base import Again, Ambiguous, Gone, Raw, Relocated
from bot.channels.telegram import Telegram, Webhook, updates
from tests.bot.channels.contract import Feed, ListeningContract, ReadingContract, SendingContract, Shown
from tests.bot.channels.telegram.conftest import SECRET, Door
from tests.support.botapi.citizen import Citizen, labels, written
from tests.support.botapi.corpus import corpus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from tests.support.botapi import BotApi

PERSON = 4503599627370497
FAULTS: dict[str, tuple[type, dict[str, Any]]] = {
    "a busy chat": (Again, {"retry_after": 3}),
    "a block": (Gone, {"status": 403, "description": "Forbidden: bot was blocked by the user"}),
    "a closed account": (Gone, {"status": 403, "description": "Forbidden: user is deactivated"}),
    "nobody there": (Gone, {"status": 400, "description": "Bad Request: chat not found"}),
    "a refusal": (Gone, {"status": 400, "description": "Bad Request: can't parse entities"}),
    "too much": (Gone, {"status": 413, "description": "Request Entity Too Large"}),
    "a bad gateway": (Again, {"status": 502, "description": "Bad Gateway"}),
    "a page instead of an answer": (Again, {"status": 503, "body": "<html>down for maintenance</html>"}),
    "nonsense instead of an answer": (Ambiguous, {"body": "<html>welcome to the hotel</html>"}),
    "a refused token": (Again, {"status": 401, "description": "Unauthorized"}),
    "a line cut before": (Ambiguous, {"cut": "before"}),
    "a line cut after": (Ambiguous, {"cut": "after"}),
    "no answer in time": (Ambiguous, {"slow": 3.3}),
    "a chat that moved": (
        Relocated,
        {"status": 400, "description": "Bad Request: upgraded", "parameters": {"migrate_to_chat_id": -1007}},
    ),
}


class TelegramWorld:
    """What a person on Telegram sees, and the trouble between us."""

    address = str(PERSON)
    troubles: Mapping[str, type] = MappingProxyType({name: kind for name, (kind, _) in FAULTS.items()})

    def __init__(self, api: BotApi, person: Citizen) -> None:
        self._api = api
        self._person = person

    async def shown(self) -> Sequence[Shown]:
        """Return the bot's messages as they are now."""
        return [Shown(written(message), tuple(labels(message))) for message in await self._person.messages()]

    async def suffer(self, trouble: str) -> None:
        """Make the next message fail."""
        self._api.fault("sendMessage", **FAULTS[trouble][1])

    async def tap(self, label: str) -> Raw:
        """Press a button and return the update this makes."""
        await self._person.taps(label, on=(await self._person.messages())[-1])
        return updates.raw(json.dumps(self._api.pending[-1]).encode())


class TestReads(ReadingContract):
    """Reading."""

    @pytest.fixture
    async def raws(self, api: BotApi) -> list[Raw]:
        """Every kind of update there is."""
        return [updates.raw(json.dumps(update).encode()) for update in await corpus(api)]


class TestSends(SendingContract):
    """Sending."""

    @pytest.fixture
    async def world(self, api: BotApi) -> TelegramWorld:
        """Somebody who has begun to talk with the bot."""
        person = api.citizen(PERSON)
        await person.sends("/start")
        return TelegramWorld(api, person)


@pytest.fixture
async def feed(api: BotApi) -> Feed:
    """A person who writes."""

    async def arrive(count: int) -> None:
        for n in range(count):
            await api.citizen(PERSON).sends(f"message {n}")

    async def pending() -> int:
        return len(api.pending)

    return Feed(arrive, pending)


class TestListensByPolling(ListeningContract):
    """Listening by long polls."""


class TestListensByWebhook(ListeningContract):
    """Listening at an address of our own."""

    @pytest.fixture
    async def channel(self, make: Callable[..., Telegram]) -> AsyncIterator[Telegram]:
        """A channel with a web server around it."""
        door = Door()
        door.channel = make(webhook=Webhook(await door.open(), SECRET))
        yield door.channel
        await door.channel.close()
        await door.close()
