"""One update of every kind this server can emit, as a bot would receive them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.botapi.methods import METHODS

if TYPE_CHECKING:
    from tests.support.botapi.schema import Json
    from tests.support.botapi.server import BotApi


async def corpus(api: BotApi) -> list[Json]:
    """Let a person do everything a person can do, and return the updates this makes."""
    ana = api.citizen(4503599627370497, name="Ana", language_code="es")
    first = await ana.sends("/start library-2026")
    await ana.sends("/Skip@civicloop_test_bot")
    await ana.sends("مرحبا 👋🏽\nMás tarde, <b>por favor</b>")
    await ana.sends_photo("A broken lamp")
    photo = await ana.sends_photo()
    await ana.edits(photo, "With words after all")
    await ana.edits(first, "/start other")
    await ana.shares_place(52.3702, 4.8952)
    await ana.moves(await ana.shares_place(52.3702, 4.8952, live=True), 52.4, 4.9)
    await ana.sends_sticker()
    await ana.sends_voice()
    await ana.sends_file("form.pdf", "application/pdf")
    await ana.sends_file("lamp.png", "image/png")
    await _tap_twice(api)
    await ana.blocks()
    await ana.unblocks()
    group = api.group(-1002)
    await ana.sends("/start in a group", chat=group)
    api.migrate(group, -1000000000002)
    return api.pending


async def _tap_twice(api: BotApi) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Good", "callback_data": "t4g:overall:5"}]]}
    for ana in api.citizens.values():
        await METHODS["sendMessage"](api.world, {"chat_id": ana.id, "text": "How?", "reply_markup": keyboard}, {})
        await ana.taps("Good")
        await ana.taps("Good", on=(await ana.messages())[-1], inaccessible=True)
