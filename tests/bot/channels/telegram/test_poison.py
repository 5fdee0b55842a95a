"""An update that cannot be read stops neither the others of its batch nor the next batch, and comes once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from bot.channels.telegram import Telegram, updates
from bot.errors import Unreadable
from tests.bot.channels.contract import listening, until
from tests.bot.channels.telegram.conftest import SECRET
from tests.bot.channels.telegram.test_receiving import Kept

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.channels.base import Inbound, Raw
    from tests.support.botapi import BotApi

HEADERS = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
SOUND = b'{"update_id":1,"message":{"message_id":1,"chat":{"id":5,"type":"private"},"text":"hi"}}'


def said(inside: bytes) -> bytes:
    """Return an update whose message holds more than it should."""
    return b'{"update_id":2,"message":{"message_id":1,"chat":{"id":5,"type":"private"},' + inside + b"}}"


POISON = {
    "half a surrogate pair": said(b'"text":"\\ud83d and on"'),
    "no UTF-8": said(b'"text":"\xff\xfe"'),
    "nested too deep": said(b'"extra":' + b"[" * 5_000 + b"]" * 5_000),
    "no number": said(b'"extra":NaN'),
    "a line break in a text": said(b'"text":"a\nb"'),
    "other types": b'{"update_id":2,"message":{"message_id":"one","chat":[],"text":7}}',
    "an unknown kind": b'{"update_id":2,"telepathy":{"thought":"hm"}}',
    "braces and quotes in a text": said(rb'"extra":NaN,"text":"}]\" {[ \"update_id\":77 \\"'),
}


@pytest.mark.parametrize("body", POISON.values(), ids=POISON)
def test_one_bad_update_in_a_batch_leaves_the_others_and_is_passed_by_its_number(body: bytes) -> None:
    third = SOUND.replace(b'"update_id":1', b'"update_id":3')
    raws = updates.batch(b'{"ok":true,"result":[' + b", ".join([SOUND, body, third]) + b"]}")
    assert [raw.external_id for raw in raws] == ["1", "2", "3"]
    assert raws[1].body == body
    assert updates.after(raws) == 4


@pytest.mark.parametrize("body", POISON.values(), ids=POISON)
def test_whatever_an_update_holds_it_is_read_or_called_unreadable_and_nothing_else(body: bytes) -> None:
    raw = updates.raw(body)
    assert raw.external_id == "2"
    assert [inbound.address for inbound in read(raw)] in ([], ["5"])


def read(raw: Raw) -> list[Inbound]:
    """Return what an update holds; nothing where it is unreadable."""
    try:
        return updates.parse(raw)
    except Unreadable:
        return []


async def test_polling_goes_past_an_update_with_half_a_character(api: BotApi, channel: Telegram) -> None:
    kept = Kept()
    chat = {"id": 7, "type": "private", "first_name": "Ana"}
    about = {"message_id": 1, "date": 1_700_000_000, "chat": chat, "from": {"id": 7, "is_bot": False, **chat}}
    api.emit("message", {**about, "text": "half a smile \ud83d"}, checked=False)
    await api.citizen(7).sends("after it")
    async with listening(channel, kept):
        await until(lambda: not api.pending)
    assert sorted(kept.ids.values()) == [1, 1]


async def test_updates_without_a_number_are_kept_and_not_asked_for_without_a_pause(
    api: BotApi, channel: Telegram
) -> None:
    kept = Kept()
    api.fault("getUpdates", times=3, body='{"ok": true, "result": [{"message": {}}]}')
    await api.citizen(7).sends("after them")
    with capture_logs() as lines:
        async with listening(channel, kept):
            await until(lambda: not api.pending)
    assert sorted(kept.ids.values()) == [1, 3]
    assert sum("without a number" in line.get("reason", "") for line in lines) >= 2


async def test_an_update_larger_than_any_is_kept_once_and_not_brought_for_ever(hooked: Telegram) -> None:
    kept: list[Raw] = []

    async def accept(raws: Sequence[Raw]) -> None:
        kept.extend(raws)

    huge = said(b'"text":"' + b"x" * 2_000_000 + b'"')
    async with listening(hooked, accept):
        await until(lambda: hooked.username is not None)
        assert await hooked.webhook(HEADERS, huge) == 200
    assert [raw.external_id for raw in kept] == ["2"]
    with pytest.raises(Unreadable, match="too large"):
        updates.parse(kept[0])
