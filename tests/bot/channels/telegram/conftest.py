"""A Telegram channel and the Bot API server it talks with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from bot.channels.telegram import Telegram, Webhook
from tests.support.botapi import BotApi

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

COMMANDS = {
    "en": {"start": "See what is open", "stop": "End, no more messages"},
    "es": {"start": "Ver qué está abierto", "stop": "Terminar"},
}
PHRASES = {"en": {"send_place_label": "Send my place"}, "es": {"send_place_label": "Enviar mi ubicación"}}
SECRET = "only-telegram-knows"


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    """The server; every request made in the test must have been as the Bot API says."""
    async with BotApi(patience=3) as api:
        yield api
        assert api.violations == []


@pytest.fixture
def make(api: BotApi) -> Callable[..., Telegram]:
    """How a channel to this server is made; close what you make."""

    def make(**changes: object) -> Telegram:
        about: dict[str, object] = {"base_url": api.url, "phrases": PHRASES.__getitem__, "commands": COMMANDS}
        token = str(changes.pop("token", api.token))
        return Telegram(token, **(about | {"pauses": (0.02,), "patience": 3.0} | changes))  # type: ignore[arg-type]

    return make


@pytest.fixture
async def channel(make: Callable[..., Telegram]) -> AsyncIterator[Telegram]:
    """A channel that fetches its updates."""
    channel = make()
    yield channel
    await channel.close()


@pytest.fixture
async def hooked(make: Callable[..., Telegram]) -> AsyncIterator[Telegram]:
    """A channel whose updates are brought to it."""
    channel = make(webhook=Webhook("https://city.example/telegram", SECRET))
    yield channel
    await channel.close()


class Door:
    """A web server whose only path leads to the channel's webhook."""

    channel: Telegram

    async def open(self) -> str:
        """Listen and return the address."""

        async def hook(request: web.Request) -> web.Response:
            return web.Response(status=await self.channel.webhook(request.headers, await request.read()))

        app = web.Application()
        app.router.add_post("/telegram", hook)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/telegram"

    async def close(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()
