"""Nothing that Telegram holds for us is lost, whatever happens while we fetch it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import structlog.testing

from bot.channels.base import Outbound
from bot.channels.telegram import Telegram, Webhook, updates
from flows.model import Button
from tests.bot.channels.contract import listening, until
from tests.bot.channels.telegram.conftest import COMMANDS, SECRET, Door

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.channels.base import Raw
    from tests.support.botapi import BotApi
    from tests.support.botapi.citizen import Citizen

HEADERS = {"X-Telegram-Bot-Api-Secret-Token": SECRET}


class Kept:
    """An inbox in memory: what it has seen, and how often."""

    def __init__(self) -> None:
        self.ids: Counter[str] = Counter()

    async def __call__(self, raws: Sequence[Raw]) -> None:
        """Keep."""
        await asyncio.sleep(0)
        self.ids.update(raw.external_id for raw in raws)


# --------------------------------------------------------------------------- by polling


async def test_a_backlog_survives_a_receiver_that_is_stopped_again_and_again(
    api: BotApi, make: Callable[..., Telegram]
) -> None:
    """Of 300 updates none is lost, though the receiver dies ten times in the middle, before or after the commit."""
    ana = api.citizen(7)
    for n in range(300):
        await ana.sends(f"message {n}")
    expected = {str(update["update_id"]) for update in api.pending}
    kept = Kept()
    for life in range(20):
        channel = make()
        dead = asyncio.Event()

        async def accept(raws: Sequence[Raw], life: int = life, dead: asyncio.Event = dead) -> None:
            if life % 2:
                await kept(raws)
            if life < 10:
                dead.set()
                await asyncio.sleep(10)
            await kept(raws)

        async with listening(channel, accept):
            if life < 10:
                async with asyncio.timeout(5):
                    await dead.wait()
            else:
                await until(lambda: not api.pending)
        await channel.close()
        if not api.pending:
            break
    assert set(kept.ids) == expected


async def test_updates_are_fetched_in_order_and_only_the_kinds_we_read(api: BotApi, channel: Telegram) -> None:
    ana = api.citizen(7)
    for n in range(250):
        await ana.sends(f"message {n}")
    kept = Kept()
    async with listening(channel, kept):
        await until(lambda: not api.pending)
        assert api.world.allowed == frozenset(updates.WANTED)
    assert list(kept.ids) == sorted(kept.ids)
    assert len(kept.ids) == 250


async def test_a_kind_nobody_knows_is_kept_and_does_not_stop_the_rest(api: BotApi, channel: Telegram) -> None:
    kept = Kept()
    api.emit("message", {"nonsense": True}, checked=False)
    await api.citizen(7).sends("after it")
    async with listening(channel, kept):
        await until(lambda: len(kept.ids) == 2)
        await until(lambda: not api.pending)


@pytest.mark.parametrize(
    "trouble",
    [
        {"status": 409, "description": "Conflict: terminated by other getUpdates request"},
        {"status": 502, "description": "Bad Gateway"},
        {"status": 401, "description": "Unauthorized"},
        {"body": "<html>welcome to the hotel</html>"},
        {"body": '{"ok": true, "result": 5}'},
        {"cut": "before"},
        {"cut": "after"},
        {"retry_after": 0, "status": 429},
    ],
)
async def test_trouble_is_reported_and_receiving_goes_on(
    api: BotApi, channel: Telegram, trouble: dict[str, Any]
) -> None:
    api.fault("getUpdates", times=3, **trouble)
    kept = Kept()
    await api.citizen(7).sends("still there?")
    with structlog.testing.capture_logs() as logs:
        async with listening(channel, kept):
            await until(lambda: len(kept.ids) == 1 and not api.pending)
    assert {line["event"] for line in logs if line["log_level"] == "warning"} == {"telegram.trouble"}
    assert api.world.counts["getUpdates"] > 3


async def test_we_wait_as_long_as_telegram_asks(api: BotApi, channel: Telegram) -> None:
    api.fault("getUpdates", retry_after=1)
    kept = Kept()
    await api.citizen(7).sends("patience")
    async with listening(channel, kept):
        await until(lambda: channel.trouble is not None)
        await asyncio.sleep(0.5)
        assert not kept.ids
        await until(lambda: len(kept.ids) == 1)


async def test_a_network_that_is_not_there_at_the_start_is_waited_for(make: Callable[..., Telegram]) -> None:
    channel = make(base_url="http://127.0.0.1:9")
    async with listening(channel, Kept()):
        await until(lambda: channel.trouble is not None)
    assert "check the network" in str(channel.trouble)
    await channel.close()


async def test_a_second_process_with_our_token_is_named_to_the_operator(
    api: BotApi, make: Callable[..., Telegram]
) -> None:
    one, two = make(), make()
    async with listening(one, Kept()), listening(two, Kept()):
        await until(lambda: one.trouble is not None or two.trouble is not None)
        assert "another process receives with the same token" in f"{one.trouble}{two.trouble}"
    await one.close()
    await two.close()


async def test_a_commit_that_fails_is_named_to_the_operator_and_tried_again(api: BotApi, channel: Telegram) -> None:
    await api.citizen(7).sends("precious")
    full = [True, True]
    kept = Kept()

    async def accept(raws: Sequence[Raw]) -> None:
        if full:
            full.pop()
            raise OSError("disk full")
        await kept(raws)

    with structlog.testing.capture_logs() as logs:
        async with listening(channel, accept):
            await until(lambda: not api.pending)
    assert [line["reason"] for line in logs if "disk full" in line.get("reason", "")]
    assert len(kept.ids) == 1


# --------------------------------------------------------------------------- taps


async def test_a_tap_is_answered_before_it_is_kept(api: BotApi, channel: Telegram) -> None:
    ana = await with_a_button(api, channel)
    query = await ana.taps("Good")
    go_on = asyncio.Event()

    async def accept(_raws: Sequence[Raw]) -> None:
        await go_on.wait()

    async with listening(channel, accept):
        await until(lambda: api.world.callbacks[query].answer is not None)
        go_on.set()
        await until(lambda: not api.pending)


async def test_a_tap_answered_too_late_is_kept_all_the_same(api: BotApi, channel: Telegram) -> None:
    api.world.callback_seconds = -1
    ana = await with_a_button(api, channel)
    await ana.taps("Good")
    kept = Kept()
    async with listening(channel, kept):
        await until(lambda: not api.pending and api.world.counts["answerCallbackQuery"] > 0)
    assert len(kept.ids) == 2
    assert channel.trouble is None


async def test_a_channel_that_closes_leaves_no_answer_behind(api: BotApi, channel: Telegram) -> None:
    ana = await with_a_button(api, channel)
    api.fault("answerCallbackQuery", slow=5)
    await ana.taps("Good")
    kept = Kept()
    async with listening(channel, kept):
        await until(lambda: len(kept.ids) == 2)
    await channel.close()
    await asyncio.sleep(0)
    assert not channel._answers


async def with_a_button(api: BotApi, channel: Telegram) -> Citizen:
    """Return somebody with a button to press."""
    ana = api.citizen(7)
    await ana.sends("/start")
    await channel.send(Outbound(key="k", address="7", text="How was it?", buttons=(Button("Good", "t:q:5"),)))
    return ana


# --------------------------------------------------------------------------- start


async def test_the_menu_is_set_for_each_language_and_only_in_private_chats(api: BotApi, channel: Telegram) -> None:
    async with listening(channel, Kept()):
        await until(lambda: api.world.poller is not None)
    menus = {
        menu: {each["command"]: each["description"] for each in api.world.commands[menu]} for menu in api.world.commands
    }
    scope = "all_private_chats"
    assert menus == {(scope, ""): COMMANDS["en"], (scope, "en"): COMMANDS["en"], (scope, "es"): COMMANDS["es"]}
    assert channel.username == api.world.username


async def test_a_menu_that_is_refused_does_not_keep_us_from_receiving(api: BotApi, channel: Telegram) -> None:
    api.fault("setMyCommands", status=400, description="Bad Request: BOT_COMMAND_INVALID", times=9)
    kept = Kept()
    await api.citizen(7).sends("hello")
    async with listening(channel, kept):
        await until(lambda: len(kept.ids) == 1)


async def test_polling_takes_over_from_a_webhook(api: BotApi, channel: Telegram) -> None:
    api.world.webhook = {"url": "https://old.example/hook"}
    await api.citizen(7).sends("hello")
    kept = Kept()
    async with listening(channel, kept):
        await until(lambda: len(kept.ids) == 1)


# --------------------------------------------------------------------------- by webhook


async def brought(channel: Telegram, accept: Any, body: bytes, headers: dict[str, str] = HEADERS) -> int:
    """Let the channel listen, hand it one request, and return the status."""
    async with listening(channel, accept):
        await until(lambda: channel.username is not None)
        return await channel.webhook(headers, body)


async def test_the_webhook_is_set_with_its_secret_and_kinds(api: BotApi, hooked: Telegram) -> None:
    async with listening(hooked, Kept()):
        await until(lambda: api.world.webhook is not None)
    assert api.world.webhook
    assert (api.world.webhook["url"], api.world.webhook["secret_token"]) == ("https://city.example/telegram", SECRET)
    assert api.world.allowed == frozenset(updates.WANTED)


async def test_what_is_brought_is_kept_before_it_is_acknowledged(hooked: Telegram) -> None:
    kept = Kept()
    assert await brought(hooked, kept, b'{"update_id": 5}') == 200
    assert list(kept.ids) == ["5"]


@pytest.mark.parametrize("headers", [{}, {"X-Telegram-Bot-Api-Secret-Token": "gu\u00e9ss"}, {"x-other": SECRET}])
async def test_who_does_not_know_the_secret_is_turned_away(hooked: Telegram, headers: dict[str, str]) -> None:
    kept = Kept()
    assert await brought(hooked, kept, b'{"update_id": 5}', headers) == 403
    assert not kept.ids


async def test_what_cannot_be_kept_is_asked_for_again(hooked: Telegram) -> None:
    async def accept(_raws: Sequence[Raw]) -> None:
        raise OSError("disk full")

    assert await brought(hooked, accept, b'{"update_id": 5}') == 503
    assert "disk full" in str(hooked.trouble)


async def test_before_we_listen_updates_wait_at_telegram(hooked: Telegram) -> None:
    assert await hooked.webhook(HEADERS, b'{"update_id": 5}') == 503


async def test_nonsense_with_the_secret_is_kept_once_and_acknowledged(hooked: Telegram) -> None:
    """It will be reported as unreadable; refusing it would bring it back for ever."""
    kept = Kept()
    assert await brought(hooked, kept, b"nonsense") == 200
    assert len(kept.ids) == 1


async def test_a_channel_that_polls_has_no_webhook(channel: Telegram) -> None:
    assert await brought(channel, Kept(), b'{"update_id": 5}') == 403


async def test_over_http_the_webhook_gets_everything_exactly_once_after_failures(
    api: BotApi, make: Callable[..., Telegram]
) -> None:
    """Telegram brings forty at a time and again what was refused; nothing is missing."""
    door = Door()
    url = await door.open()
    channel = make(webhook=Webhook(url, SECRET))
    door.channel = channel
    ana = api.citizen(7)
    kept, times = Kept(), Counter[str]()

    async def accept(raws: Sequence[Raw]) -> None:
        times.update(raw.external_id for raw in raws)
        if times.total() % 3 == 0:
            raise OSError("disk full for a moment")
        await kept(raws)

    for n in range(60):
        await ana.sends(f"message {n}")
    expected = {str(update["update_id"]) for update in api.pending}
    async with listening(channel, accept):
        await until(lambda: not api.pending, within=10)
    assert set(kept.ids) == expected
    await channel.close()
    await door.close()


# --------------------------------------------------------------------------- secrets


async def test_the_token_is_never_printed(
    api: BotApi, make: Callable[..., Telegram], caplog: pytest.LogCaptureFixture
) -> None:
    """Not by us nor by the libraries below, in good days or bad, even when everything is logged."""
    caplog.set_level(logging.DEBUG)
    good, bad = make(), make(base_url="http://127.0.0.1:9")
    await api.citizen(7).sends("my secret words")
    kept = Kept()
    with structlog.testing.capture_logs() as logs:
        async with listening(good, kept), listening(bad, kept):
            await until(lambda: len(kept.ids) == 1 and bad.trouble is not None)
    printed = caplog.text + json.dumps(logs, default=str) + repr(good) + str(bad.trouble) + repr(good._hook)
    assert api.token.split(":")[1] not in printed
    assert "my secret words" not in printed
    await good.close()
    await bad.close()
