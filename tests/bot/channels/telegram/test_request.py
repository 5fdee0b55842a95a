"""The wire behaves as python-telegram-bot's own, only cheaper, and tells what certainly never left."""

from __future__ import annotations

import asyncio
import gc
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import HTTPXRequest

from bot.channels.telegram.request import AiohttpRequest, proxy_for, was_not_sent
from tests.support.botapi.citizen import PNG

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from telegram.request import BaseRequest

    from tests.support.botapi import BotApi

KEYBOARD = InlineKeyboardMarkup([[InlineKeyboardButton("Sí, 👍🏽 & <b>", callback_data="t:q:yes")]])


async def said(api: BotApi, request: BaseRequest, text: str = "Hello") -> TelegramError | None:
    """Say something to a citizen over a request; return what went wrong."""
    try:
        await Bot(api.token, f"{api.url}/bot", request=request).send_message(7, text, reply_markup=KEYBOARD)
    except TelegramError as error:
        return error
    finally:
        await request.shutdown()
    return None


@asynccontextmanager
async def serving(handle: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """Serve every address with `handle`; give the server's own."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def listening(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """Answer each line with `talk`, which knows no HTTP."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            await talk(reader, writer)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


TROUBLES: dict[str, dict[str, Any]] = {
    "a busy bot": {"retry_after": 3},
    "a block": {"status": 403, "description": "Forbidden: bot was blocked by the user"},
    "a refusal": {"status": 400, "description": "Bad Request: can't parse entities"},
    "a chat that moved": {"status": 400, "description": "x", "parameters": {"migrate_to_chat_id": -1007}},
    "a refused token": {"status": 401, "description": "Unauthorized"},
    "an unknown method": {"status": 404, "description": "Not Found"},
    "another receiver": {"status": 409, "description": "Conflict"},
    "too much": {"status": 413, "description": "Request Entity Too Large"},
    "a bad gateway": {"status": 502, "description": "Bad Gateway"},
    "a page instead of an answer": {"status": 503, "body": "<html>down for maintenance</html>"},
    "nonsense instead of an answer": {"body": "<html>welcome to the hotel</html>"},
    "no answer in time": {"slow": 0.6},
    "a line cut before": {"cut": "before"},
    "a line cut after": {"cut": "after"},
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_trouble_raises_what_python_telegram_bots_own_request_raises(api: BotApi, trouble: str) -> None:
    await api.citizen(7).sends("/start")
    api.fault("sendMessage", times=2, **TROUBLES[trouble])
    patience = 0.3 if "slow" in TROUBLES[trouble] else 20.0
    theirs = await said(api, HTTPXRequest(read_timeout=patience))
    ours = await said(api, AiohttpRequest(read_timeout=patience))
    assert (type(ours), theirs is None) == (type(theirs), False)
    if not isinstance(ours, NetworkError):
        assert str(ours) == str(theirs)
    assert ours is not None
    assert not was_not_sent(ours.__cause__)


async def test_what_is_said_arrives_as_over_python_telegram_bots_own_request(api: BotApi) -> None:
    """Parameters mean the same whether they go as a form or as JSON."""
    await api.citizen(7).sends("/start")
    text = "¿Qué tal? 👋🏽 a+b=c & 100 %\n\nمرحبا"
    assert await said(api, HTTPXRequest(read_timeout=20), text) is None
    assert await said(api, AiohttpRequest(read_timeout=20), text) is None
    theirs, ours = (request.parameters for request in api.requests)
    assert ours == theirs


async def test_a_picture_arrives_byte_for_byte_with_its_words_and_buttons(api: BotApi) -> None:
    await api.citizen(7).sends("/start")
    request = AiohttpRequest(read_timeout=20)
    bot = Bot(api.token, f"{api.url}/bot", request=request)
    await bot.send_photo(7, PNG, caption="Más “luz”", reply_markup=KEYBOARD)
    await request.shutdown()
    assert list(api.world.files.values()) == [PNG]
    (sent,) = api.requests
    assert (sent.parameters["caption"], sent.parameters["reply_markup"]) == ("Más “luz”", KEYBOARD.to_dict())


async def test_requests_share_a_line(api: BotApi) -> None:
    lines = set()

    async def handle(request: web.Request) -> web.Response:
        lines.add(request.transport)
        return web.json_response({"ok": True, "result": True})

    request = AiohttpRequest(read_timeout=20)
    async with serving(handle) as url:
        for _ in range(10):
            await request.post(f"{url}/x")
        await request.shutdown()
    assert len(lines) == 1


async def test_a_request_whose_answer_is_lost_is_never_repeated_by_the_wire() -> None:
    """Whether it is said again is decided where it is known that it may be said twice."""
    asked = []

    async def handle(request: web.Request) -> web.Response:
        asked.append(await request.text())
        if len(asked) > 1 and request.transport is not None:
            request.transport.abort()
        return web.json_response({"ok": True, "result": True})

    request = AiohttpRequest(read_timeout=20)
    async with serving(handle) as url:
        await request.post(f"{url}/x")
        with pytest.raises(NetworkError) as caught:
            await request.post(f"{url}/x")
        await request.shutdown()
    assert len(asked) == 2
    assert not was_not_sent(caught.value.__cause__)


async def test_a_line_nobody_opens_is_known_not_to_have_carried_anything() -> None:
    request = AiohttpRequest(read_timeout=20)
    with pytest.raises(NetworkError) as caught:
        await request.post("http://127.0.0.1:9/x")
    assert was_not_sent(caught.value.__cause__)
    with pytest.raises(NetworkError) as caught:
        await request.post("http://no-such-host.invalid/x")
    assert was_not_sent(caught.value.__cause__)
    await request.shutdown()


async def test_too_few_lines_make_a_request_wait_and_then_say_that_it_was_not_sent() -> None:
    begun = asyncio.Event()

    async def handle(_request: web.Request) -> web.Response:
        begun.set()
        await asyncio.sleep(10)
        return web.Response()

    request = AiohttpRequest(read_timeout=5, lines=1)
    async with serving(handle) as url:
        first = asyncio.create_task(request.post(f"{url}/x"))
        await begun.wait()
        with pytest.raises(TimedOut) as caught:
            await request.post(f"{url}/x", connect_timeout=0.05, pool_timeout=0.05)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await request.shutdown()
    assert was_not_sent(caught.value.__cause__)


async def test_a_server_that_hangs_up_at_once_may_have_heard() -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    request = AiohttpRequest(read_timeout=20)
    async with listening(hang_up) as url:
        with pytest.raises(NetworkError) as caught:
            await request.post(f"{url}/x")
    await request.shutdown()
    assert not was_not_sent(caught.value.__cause__)


async def test_a_server_that_sends_drop_by_drop_is_no_silence_and_one_that_stops_is() -> None:
    body = b'{"ok": true, "result": true}'

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        for at in range(len(body)):
            writer.write(body[at : at + 1])
            await writer.drain()
            await asyncio.sleep(0.1)

    async def stop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\n{"ok": ')
        await reader.read()

    request = AiohttpRequest(read_timeout=2)
    async with listening(drip) as url:
        assert await request.post(f"{url}/x") is True
    async with listening(stop) as url:
        with pytest.raises(TimedOut):
            await request.post(f"{url}/x", read_timeout=0.2)
    await request.shutdown()


async def test_a_redirect_is_not_followed() -> None:
    """The Bot API has none; following one would take the token elsewhere."""

    async def handle(_request: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect("http://127.0.0.1:9/elsewhere")

    request = AiohttpRequest(read_timeout=20)
    async with serving(handle) as url:
        with pytest.raises(NetworkError, match="Temporary Redirect"):
            await request.post(f"{url}/x")
    await request.shutdown()


@pytest.mark.parametrize("payload", ['{"status": "welcome"}', "[]", "null", "5", '"ok"'])
async def test_json_that_is_no_answer_of_the_bot_api_is_an_error_of_the_world(payload: str) -> None:
    async def handle(_request: web.Request) -> web.Response:
        return web.Response(text=payload)

    request = AiohttpRequest(read_timeout=20)
    async with serving(handle) as url:
        with pytest.raises(TelegramError, match="Invalid server response"):
            await request.post(f"{url}/x")
    await request.shutdown()


async def test_after_its_end_nothing_is_open_and_nothing_is_sent(api: BotApi) -> None:
    """A session that was forgotten would warn when it is collected, and a warning fails the test."""
    await api.citizen(7).sends("/start")
    request = AiohttpRequest(read_timeout=20)
    assert await said(api, request) is None
    await request.shutdown()
    assert "shut down" in str(await said(api, request))
    await request.initialize()
    assert await said(api, request) is None
    gc.collect()
    assert len(api.requests) == 2


async def test_a_proxy_carries_what_is_said_and_its_absence_is_known(api: BotApi) -> None:
    seen = []

    async def handle(request: web.Request) -> web.Response:
        seen.append((request.raw_path, request.headers.get("Proxy-Authorization")))
        return web.json_response({"ok": True, "result": True})

    async with serving(handle) as url:
        proxy = url.replace("http://", "http://ana:secret@")
        request = AiohttpRequest(read_timeout=3, proxy=proxy)
        assert await request.post("http://api.example.org/x") is True
        await request.shutdown()
    assert seen == [("http://api.example.org/x", "Basic YW5hOnNlY3JldA==")]
    request = AiohttpRequest(read_timeout=3, proxy="http://127.0.0.1:9")
    with pytest.raises(NetworkError) as caught:
        await request.post("http://api.example.org/x")
    await request.shutdown()
    assert was_not_sent(caught.value.__cause__)


def test_the_environment_names_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    assert proxy_for("https://api.telegram.org") is None
    monkeypatch.setenv("ALL_PROXY", "gate.city.example:3128")
    assert proxy_for("https://api.telegram.org") == "http://gate.city.example:3128"
    monkeypatch.setenv("HTTPS_PROXY", "http://tls.city.example:3128")
    assert proxy_for("https://api.telegram.org") == "http://tls.city.example:3128"
    monkeypatch.setenv("NO_PROXY", "localhost,telegram.org")
    assert proxy_for("https://api.telegram.org") is None
