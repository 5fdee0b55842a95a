"""What we decided to say is seen as it was meant."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.channels.base import Again, Gone, Outbound, Picture, Sent
from flows.model import Button
from tests.support.botapi.citizen import PNG, labels

if TYPE_CHECKING:
    from bot.channels.telegram import Telegram
    from tests.support.botapi import BotApi
    from tests.support.botapi.citizen import Citizen

YES_NO = (Button("Yes", "t:q:yes"), Button("No", "t:q:no"))
QUESTION = Outbound(key="k", address="7", text="Is it open late enough?", buttons=YES_NO)


@pytest.fixture
async def ana(api: BotApi) -> Citizen:
    """Somebody who talks with the bot."""
    ana = api.citizen(7)
    await ana.sends("/start")
    return ana


async def test_texts_are_plain(api: BotApi, channel: Telegram, ana: Citizen) -> None:
    """No markup is asked for, so that nobody's words can break it."""
    await channel.send(replace(QUESTION, text="<b>5 * 3</b> _x_"))
    await ana.sees("<b>5 * 3</b> _x_")
    assert "parse_mode" not in api.requests[-1].parameters


async def test_a_place_is_asked_for_with_the_phones_own_keyboard(api: BotApi, channel: Telegram, ana: Citizen) -> None:
    ask = Outbound(
        key="k", address="7", text="Where?", wants="place", buttons=(Button("Omitir", "t:q:skip"),), language="es"
    )
    assert isinstance(await channel.send(ask), Sent)
    assert ana.chat.keyboard
    await ana.taps("Enviar mi ubicación")
    assert "location" in api.pending[-1]["message"]
    await channel.send(ask)
    await ana.taps("Omitir")
    assert api.pending[-1]["message"]["text"] == "Omitir"


async def test_a_photo_is_asked_for_like_anything_else(channel: Telegram, ana: Citizen) -> None:
    await channel.send(Outbound(key="k", address="7", text="A photo?", wants="photo", buttons=YES_NO[:1]))
    assert labels(await ana.sees("A photo?")) == ["Yes"]


async def test_buttons_alone_can_change(channel: Telegram, ana: Citizen) -> None:
    sent = await channel.send(QUESTION)
    assert isinstance(sent, Sent)
    ticked = (Button("Yes", "t:q:yes", ticked=True), YES_NO[1])
    again = replace(QUESTION, text="", buttons=ticked, replaces=sent.external_id)
    assert await channel.send(again) == sent
    assert await channel.send(again) == sent
    (message,) = await ana.messages()
    assert (message["text"], labels(message)) == (QUESTION.text, ["✓ Yes", "No"])


async def test_buttons_can_go(channel: Telegram, ana: Citizen) -> None:
    sent = await channel.send(QUESTION)
    assert isinstance(sent, Sent)
    await channel.send(replace(QUESTION, text="", buttons=(), replaces=sent.external_id))
    assert labels((await ana.messages())[0]) == []


async def test_what_cannot_be_changed_any_more_is_said_anew(channel: Telegram, ana: Citizen) -> None:
    """A message deleted, or sent with the phone's keyboard, is no reason to lose a question."""
    receipt = await channel.send(replace(QUESTION, replaces="999"))
    assert isinstance(receipt, Sent)
    assert receipt.external_id != "999"
    await ana.sees(QUESTION.text)
    assert isinstance(await channel.send(replace(QUESTION, text="", replaces="999")), Gone)


async def test_a_change_for_somebody_who_blocked_us_is_told_as_such(channel: Telegram, ana: Citizen) -> None:
    sent = await channel.send(QUESTION)
    assert isinstance(sent, Sent)
    await ana.blocks()
    receipt = await channel.send(replace(QUESTION, text="Changed", replaces=sent.external_id))
    assert isinstance(receipt, Gone)
    assert receipt.unreachable


async def test_a_picture_carries_its_text(channel: Telegram, ana: Citizen) -> None:
    await channel.send(replace(QUESTION, picture=Picture(PNG, "Nothing but a dot")))
    message = await ana.sees(QUESTION.text)
    assert "photo" in message
    assert labels(message) == ["Yes", "No"]


async def test_a_text_too_long_for_a_picture_follows_it(channel: Telegram, ana: Citizen) -> None:
    """Then the picture says in words what it shows."""
    text = "word " * 300 + "end"
    await channel.send(replace(QUESTION, text=text, picture=Picture(PNG, "Nothing but a dot")))
    picture, words = await ana.hears(2)
    assert (picture["caption"], words["text"]) == ("Nothing but a dot", text)
    assert labels(words) == ["Yes", "No"]


async def test_buttons_of_a_very_long_text_are_under_its_last_part(channel: Telegram, ana: Citizen) -> None:
    receipt = await channel.send(replace(QUESTION, text="word " * 1500))
    *first, last = await ana.messages()
    assert [labels(message) for message in first] == [[]]
    assert labels(last) == ["Yes", "No"]
    assert receipt == Sent(str(last["message_id"]))


async def test_one_busy_chat_waits_alone_and_two_mean_that_the_bot_is_busy(
    api: BotApi, channel: Telegram, ana: Citizen
) -> None:
    await api.citizen(8).sends("/start")
    api.fault("sendMessage", retry_after=30, times=3)
    receipts = [await channel.send(replace(QUESTION, address=address)) for address in ("7", "7", "8")]
    assert [isinstance(receipt, Again) and receipt.everyone for receipt in receipts] == [False, False, True]


async def test_an_address_that_is_none_is_gone(channel: Telegram) -> None:
    assert isinstance(await channel.send(replace(QUESTION, address="ana@example.org")), Gone)


async def test_a_button_telegram_refuses_does_not_make_the_person_unreachable(
    api: BotApi, channel: Telegram, ana: Citizen
) -> None:
    receipt = await channel.send(replace(QUESTION, buttons=(Button("Yes", "я" * 40),)))
    assert isinstance(receipt, Gone)
    assert not receipt.unreachable
    assert api.violations.pop() == "sendMessage: BUTTON_DATA_INVALID"
