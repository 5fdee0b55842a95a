"""The Bot API server itself: it behaves as Telegram does and notices what Telegram would refuse."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiogram.types import Update as AiogramUpdate
from aiohttp import web
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, NetworkError, TimedOut

from tests.support.botapi import BotApi
from tests.support.botapi.citizen import PNG
from tests.support.botapi.client import running
from tests.support.botapi.corpus import corpus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

GOOD = InlineKeyboardMarkup([[InlineKeyboardButton("Good", callback_data="t:q:5")]])


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi(patience=2) as api:
        yield api


@pytest.fixture
async def bot(api: BotApi) -> AsyncIterator[Bot]:
    async with Bot(api.token, base_url=f"{api.url}/bot", base_file_url=f"{api.url}/file/bot") as bot:
        yield bot


async def post(api: BotApi, method: str, **parameters: object) -> tuple[int, dict[str, object]]:
    """Call a method with a JSON body, past python-telegram-bot."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{api.url}/bot{api.token}/{method}", json=parameters) as response,
    ):
        return response.status, await response.json()


# --------------------------------------------------------------------------- updates


async def test_every_update_it_emits_is_read_by_two_libraries(api: BotApi, bot: Bot) -> None:
    """Python-telegram-bot and aiogram both parse the whole corpus."""
    for update in await corpus(api):
        AiogramUpdate.model_validate(update)
        parsed = Update.de_json(update, bot)
        assert parsed.update_id == update["update_id"]
        assert parsed.effective_chat is not None
    assert api.violations == []


async def test_an_update_comes_again_until_a_higher_offset_confirms_it(api: BotApi, bot: Bot) -> None:
    ana = api.citizen(1)
    await ana.sends("one")
    await ana.sends("two")
    first = await bot.get_updates()
    again = await bot.get_updates()
    assert [update.update_id for update in first] == [update.update_id for update in again]
    rest = await bot.get_updates(offset=first[0].update_id + 1)
    assert [update.message.text for update in rest if update.message] == ["two"]
    assert len(api.pending) == 1


async def test_a_long_poll_ends_when_something_arrives(api: BotApi, bot: Bot) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=5))
    await asyncio.sleep(0.1)
    began = time.monotonic()
    await api.citizen(1).sends("hello")
    assert len(await poll) == 1
    assert time.monotonic() - began < 2


async def test_a_long_poll_ends_empty_when_its_time_is_over(bot: Bot) -> None:
    assert await bot.get_updates(timeout=1) == ()


async def test_a_second_poller_ends_the_first(api: BotApi, bot: Bot) -> None:
    first = asyncio.create_task(bot.get_updates(timeout=5))
    await asyncio.sleep(0.1)
    async with Bot(api.token, base_url=f"{api.url}/bot") as other:
        second = asyncio.create_task(other.get_updates(timeout=5))
        with pytest.raises(Conflict):
            await first
        await api.citizen(1).sends("hello")
        assert len(await second) == 1


async def test_polling_is_refused_while_a_webhook_is_set(bot: Bot) -> None:
    await bot.set_webhook("https://example.org/telegram")
    with pytest.raises(Conflict):
        await bot.get_updates()
    await bot.delete_webhook()
    assert await bot.get_updates() == ()


async def test_kinds_not_asked_for_do_not_come_and_the_wish_is_remembered(api: BotApi, bot: Bot) -> None:
    await bot.get_updates(allowed_updates=["callback_query"])
    await api.citizen(1).sends("unheard")
    assert await bot.get_updates() == ()


@asynccontextmanager
async def hooked(
    api: BotApi, bot: Bot, hook: Callable[[web.Request], Awaitable[web.Response]], **ways: Any
) -> AsyncIterator[None]:
    """A bot whose webhook answers with `hook`."""
    app = web.Application()
    app.router.add_post("/telegram", hook)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    api.bring_webhooks_to(f"http://127.0.0.1:{runner.addresses[0][1]}")
    await bot.set_webhook("https://city.example/telegram", **ways)
    yield
    await runner.cleanup()


async def until_none_is_pending(api: BotApi) -> None:
    async with asyncio.timeout(5):
        while api.pending:
            await api.world.arrived.wait()


async def test_a_webhook_gets_the_secret_and_is_tried_until_it_says_200(api: BotApi, bot: Bot) -> None:
    seen: list[tuple[str | None, int]] = []

    async def hook(request: web.Request) -> web.Response:
        seen.append((request.headers.get("X-Telegram-Bot-Api-Secret-Token"), (await request.json())["update_id"]))
        return web.Response(status=500 if len(seen) < 3 else 200)

    async with hooked(api, bot, hook, secret_token="s3cret"):
        await api.citizen(1).sends("hello")
        await until_none_is_pending(api)
    assert seen == [("s3cret", next(iter(api.world.emitted)))] * 3


async def test_a_webhook_gets_the_messages_of_a_chat_in_order_beside_those_of_others(api: BotApi, bot: Bot) -> None:
    taken: list[tuple[int, str]] = []
    together = asyncio.Barrier(3)

    async def hook(request: web.Request) -> web.Response:
        message = (await request.json())["message"]
        async with asyncio.timeout(5):
            await together.wait()
        if message["text"] == "1" and message not in refused:
            refused.append(message)
            return web.Response(status=503)
        taken.append((message["chat"]["id"], message["text"]))
        return web.Response()

    refused: list[object] = []
    async with hooked(api, bot, hook):
        for number in range(3):
            for person in (1, 2, 3):
                await api.citizen(person).sends(str(number))
        await until_none_is_pending(api)
    assert [[text for chat, text in taken if chat == person] for person in (1, 2, 3)] == [["0", "1", "2"]] * 3
    assert len(refused) == 3


async def test_a_webhook_gets_no_more_at_once_than_it_wants(api: BotApi, bot: Bot) -> None:
    inside = most = 0

    async def hook(request: web.Request) -> web.Response:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.02)
        inside -= 1
        return web.Response()

    async with hooked(api, bot, hook, max_connections=2):
        for person in range(1, 7):
            await api.citizen(person).sends("hello")
        await until_none_is_pending(api)
    assert most == 2


# --------------------------------------------------------------------------- what it refuses


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"text": "x" * 4097}, "message is too long"),
        ({"text": " "}, "message text is empty"),
        ({"text": "x", "chatid": 1}, "chatid"),
        ({}, "text"),
        (
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "я" * 40}]]}},
            "BUTTON_DATA",
        ),
        ({"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "calback_data": "b"}]]}}, "calback_data"),
        ({"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "", "callback_data": "b"}]]}}, "BUTTON_TEXT"),
        ({"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a"}]]}}, "exactly one act"),
        ({"text": "x", "reply_markup": {"inline_keyboard": [[]]}}, "row is empty"),
    ],
)
async def test_what_the_bot_api_forbids_is_refused_and_remembered(
    api: BotApi, parameters: dict[str, object], words: str
) -> None:
    await api.citizen(1).sends("/start")
    status, answer = await post(api, "sendMessage", chat_id=1, **parameters)
    assert (status, answer["ok"]) == (400, False)
    assert words in " ".join(api.violations)


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("answerCallbackQuery", {"callback_query_id": "1", "text": "x" * 201}),
        ("setMyCommands", {"commands": [{"command": "Start", "description": "x"}]}),
        ("setMyCommands", {"commands": [{"command": "start", "description": ""}]}),
        ("setWebhook", {"url": "https://example.org", "secret_token": "no blanks"}),
        ("getUpdates", {"limit": 101}),
    ],
)
async def test_limits_no_schema_knows_are_kept(api: BotApi, method: str, parameters: dict[str, object]) -> None:
    assert (await post(api, method, **parameters))[0] == 400
    assert api.violations


async def test_a_method_nobody_knows_is_not_found(api: BotApi) -> None:
    assert (await post(api, "sendCarrierPigeon"))[0] == 404


async def test_another_token_is_unauthorised(api: BotApi) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{api.url}/bot1:other/getMe") as response:
        assert response.status == 401


async def test_strangers_blockers_and_the_departed_cannot_be_written_to(api: BotApi, bot: Bot) -> None:
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(7, "hello")
    ana = api.citizen(7)
    with pytest.raises(Forbidden, match="initiate"):
        await bot.send_message(7, "hello")
    await ana.sends("/start")
    await ana.blocks()
    with pytest.raises(Forbidden, match="blocked"):
        await bot.send_message(7, "hello")
    await ana.unblocks()
    assert (await bot.send_message(7, "hello")).text == "hello"
    await ana.leaves_telegram()
    with pytest.raises(Forbidden, match="deactivated"):
        await bot.send_message(7, "hello")


async def test_a_group_that_moved_says_where_it_is(api: BotApi, bot: Bot) -> None:
    api.migrate(api.group(-5), -1005)
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(-5, "hello")
    assert moved.value.new_chat_id == -1005
    assert (await bot.send_message(-1005, "hello")).chat_id == -1005


async def test_an_edit_that_changes_nothing_is_refused(api: BotApi, bot: Bot) -> None:
    await api.citizen(1).sends("/start")
    sent = await bot.send_message(1, "How?", reply_markup=GOOD)
    with pytest.raises(BadRequest, match="Message is not modified"):
        await bot.edit_message_text("How?", 1, sent.message_id, reply_markup=GOOD)
    await bot.edit_message_reply_markup(1, sent.message_id)
    await bot.edit_message_text("How? Good", 1, sent.message_id)
    with pytest.raises(BadRequest, match="not found"):
        await bot.edit_message_text("x", 1, 999)


async def test_a_callback_is_answered_once_and_in_time(api: BotApi, bot: Bot) -> None:
    ana = api.citizen(1)
    await ana.sends("/start")
    await bot.send_message(1, "How?", reply_markup=GOOD)
    query = await ana.taps("Good")
    await bot.answer_callback_query(query)
    with pytest.raises(BadRequest, match="Query is too old"):
        await bot.answer_callback_query(query)
    api.world.callback_seconds = -1
    query = await ana.taps("Good", on=(await ana.messages())[-1])
    with pytest.raises(BadRequest, match="Query is too old"):
        await bot.answer_callback_query(query)


# --------------------------------------------------------------------------- files


async def test_pictures_travel_both_ways(api: BotApi, bot: Bot) -> None:
    ana = api.citizen(1)
    await ana.sends_photo("broken lamp")
    (update,) = await bot.get_updates()
    assert update.message
    photo = await bot.get_file(update.message.photo[-1].file_id)
    assert bytes(await photo.download_as_bytearray()) == PNG
    sent = await bot.send_photo(1, PNG, caption="a chart", reply_markup=GOOD)
    await bot.send_photo(1, sent.photo[-1].file_id)
    with pytest.raises(BadRequest, match="Image_process_failed"):
        await bot.send_photo(1, b"no picture")
    assert (await bot.send_document(1, b"a,b\n", filename="answers.csv")).document
    await ana.sees("a chart")
    assert api.violations == []


# --------------------------------------------------------------------------- faults


async def test_faults_come_as_often_as_asked_and_only_where_asked(api: BotApi, bot: Bot) -> None:
    for person in (1, 2):
        await api.citizen(person).sends("/start")
    api.fault("sendMessage", chat=1, status=502, description="Bad Gateway", times=2, skip=1)
    outcomes = []
    for person in (1, 2, 1, 1, 1):
        try:
            await bot.send_message(person, "hello")
            outcomes.append("sent")
        except NetworkError:
            outcomes.append("fault")
    assert outcomes == ["sent", "sent", "fault", "fault", "sent"]


@pytest.mark.parametrize(("cut", "arrived"), [("before", 0), ("after", 1)])
async def test_a_dropped_line_does_not_say_whether_it_was_done(api: BotApi, bot: Bot, cut: str, arrived: int) -> None:
    ana = api.citizen(1)
    await ana.sends("/start")
    api.fault("sendMessage", cut=cut)
    with pytest.raises(NetworkError):
        await bot.send_message(1, "hello")
    assert len(await ana.messages()) == arrived


async def test_a_slow_answer_comes_after_the_deed(api: BotApi, bot: Bot) -> None:
    ana = api.citizen(1)
    await ana.sends("/start")
    api.fault("sendMessage", slow=2)
    with pytest.raises(TimedOut):
        await bot.send_message(1, "hello", read_timeout=0.1)
    await ana.sees("hello")


async def test_what_is_sent_too_fast_is_refused_for_the_bot_or_for_one_chat(api: BotApi, bot: Bot) -> None:
    for person in (1, 2):
        await api.citizen(person).sends("/start")
    api.limit(per_second=100, burst=4, chat=(0.001, 2))
    statuses = [(await post(api, "sendMessage", chat_id=chat, text="x"))[0] for chat in (1, 1, 1, 2)]
    assert statuses == [200, 200, 429, 200]
    api.limit(per_second=0.001, burst=2)
    assert [(await post(api, "sendMessage", chat_id=1, text="x"))[0] for _ in range(3)] == [200, 200, 429]


# --------------------------------------------------------------------------- people


async def test_dates_follow_the_clock_and_a_persons_own_days(api: BotApi) -> None:
    api.set_clock(datetime(2026, 1, 5, 8, 0, tzinfo=UTC))
    ana = api.citizen(1)
    assert (await ana.sends("one"))["date"] == 1767600000
    await ana.lives_on(datetime(2023, 3, 1, tzinfo=UTC))
    assert (await ana.sends("two"))["date"] == 1677628800


async def test_waiting_in_vain_shows_the_chat(api: BotApi) -> None:
    ana = api.citizen(1)
    await ana.sends("/start")
    with pytest.raises(AssertionError, match="> /start"):
        await ana.sees("Thank you", within=0.05)
    ana._patience = 0.05
    with pytest.raises(AssertionError, match="a button 'Good'"):
        await ana.taps("Good")


async def test_a_key_of_the_reply_keyboard_sends_its_words_or_a_place(api: BotApi) -> None:
    ana = api.citizen(1)
    await ana.sends("/start")
    keys = {
        "keyboard": [[{"text": "My place", "request_location": True}], [{"text": "Skip"}]],
        "one_time_keyboard": True,
    }
    await post(api, "sendMessage", chat_id=1, text="Where?", reply_markup=keys)
    await ana.taps("Skip")
    await post(api, "sendMessage", chat_id=1, text="Where?", reply_markup=keys)
    await ana.taps("My place")
    assert [update["message"].get("text") for update in api.pending] == ["/start", "Skip", None]
    assert "location" in api.pending[-1]["message"]
    assert api.violations == []


# --------------------------------------------------------------------------- as a process


@pytest.mark.slow
def test_it_runs_as_a_process_of_its_own_and_is_driven_over_http() -> None:
    with running(patience=0.2) as client:
        ana = client.citizen(1, name="Ana")
        assert ana.sends("/start")["text"] == "/start"
        assert client.state()["pending"] == 1
        with pytest.raises(AssertionError, match="waited in vain"):
            ana.sees("Thank you")
        script = [["sends", "hello"], ["sees", "never"]]
        failed = client.play([{"id": person, "name": "X", "script": script} for person in range(10, 60)])
        assert len(failed) == 50
        client.set_clock(datetime(2026, 1, 5, tzinfo=UTC))
        assert ana.sends("later")["date"] == 1767571200
        client.fault("getMe", status=500, description="down")
        assert client.violations == []
        json.dumps(client.state())
