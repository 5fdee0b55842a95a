"""What arrives from Telegram is read as what a person meant."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from telegram import Audio, Bot, Document, PhotoSize, Update, Voice
from telegram.constants import MessageType

from bot.channels import base
from bot.channels.base import Inbound, Raw
from bot.channels.telegram import updates
from bot.errors import Unreadable
from flows.model import Kind, Message
from tests.support.botapi.corpus import corpus

if TYPE_CHECKING:
    from tests.support.botapi import BotApi

ANA = {"id": 7, "is_bot": False, "first_name": "Ana", "language_code": "es"}
PRIVATE = {"id": 7, "type": "private", "first_name": "Ana"}


def update(**content: object) -> Raw:
    """Return a raw update with this content."""
    return updates.raw(json.dumps({"update_id": 5, **content}).encode())


def said(**content: object) -> Raw:
    """Return a raw update with a message of Ana's."""
    return update(message={"message_id": 3, "date": 1, "from": ANA, "chat": PRIVATE, **content})


def only(raw: Raw) -> Inbound:
    """Return the one inbound a raw update holds."""
    (inbound,) = updates.parse(raw)
    return inbound


def test_a_text_says_who_wrote_in_which_language() -> None:
    inbound = only(said(text="Más tarde 👋🏽"))
    message = Message(Kind.TEXT, "Más tarde 👋🏽")
    assert inbound == Inbound("telegram", "7", message, language="es", message_id="3", names=("Ana",))


@pytest.mark.parametrize(
    ("typed", "text", "start"),
    [
        ("/start", "/start", ""),
        ("/start library-2026", "/start library-2026", "library-2026"),
        ("/start@city_bot library-2026", "/start library-2026", "library-2026"),
        ("/START  x", "/start x", "x"),
        ("/start\nx", "/start x", "x"),
        ("/start a\u0000b\u202e", "/start a\u0000b\u202e", "ab"),
        ("/start " + "x" * 900, "/start " + "x" * 900, "x" * 64),
        ("/Skip@city_bot", "/skip", None),
        ("/unknown and more", "/unknown and more", None),
        ("/starting", "/starting", None),
        ("/", "/", None),
        ("and/or", "and/or", None),
        ("start", "start", None),
    ],
)
def test_commands_lose_the_bots_name_and_a_start_gives_its_code(typed: str, text: str, start: str | None) -> None:
    inbound = only(said(text=typed))
    assert (inbound.message.text, inbound.start) == (text, start)


def test_a_reply_says_to_which_message() -> None:
    before = {"message_id": 2, "date": 1, "chat": PRIVATE, "text": "earlier"}
    assert only(said(text="to that", reply_to_message=before)).reply_to == "2"
    assert only(said(text="to nothing")).reply_to is None


def test_of_a_photo_the_largest_size_and_the_words_are_kept() -> None:
    sizes = [{"file_id": "s", "width": 90, "height": 67}, {"file_id": "l", "width": 1280, "height": 960}]
    assert only(said(photo=sizes, caption="lamp")).message == Message(Kind.PHOTO, "lamp", file="l")


def test_a_picture_sent_as_a_file_is_a_photo_and_any_other_file_is_not() -> None:
    assert only(said(document={"file_id": "f", "mime_type": "image/png"})).message == Message(Kind.PHOTO, file="f")
    other = only(said(document={"file_id": "f", "mime_type": "text/csv", "file_name": "a.csv", "file_size": 7}))
    assert (other.message, other.document) == (Message(Kind.OTHER), base.Document("f", "a.csv", 7))


def test_a_voice_message_a_song_and_a_recording_sent_as_a_file_are_voices() -> None:
    recording = {"file_id": "v", "file_unique_id": "u", "duration": 3}
    assert only(said(voice=recording)).message == Message(Kind.VOICE, file="v")
    assert only(said(audio=recording, caption="hum")).message == Message(Kind.VOICE, "hum", file="v")
    assert only(said(document={"file_id": "f", "mime_type": "audio/ogg"})).message == Message(Kind.VOICE, file="f")


def test_a_live_place_is_marked_and_its_way_is_not_followed() -> None:
    place = {"latitude": 52.5, "longitude": 4.75}
    assert only(said(location=place)).message == Message(Kind.PLACE, latitude=52.5, longitude=4.75)
    assert only(said(location={**place, "live_period": 900})).message.live
    moved = {"message_id": 3, "date": 1, "edit_date": 2, "from": ANA, "chat": PRIVATE, "location": place}
    assert updates.parse(update(edited_message=moved)) == []


def test_a_venue_is_a_place() -> None:
    place = {"latitude": 52.5, "longitude": 4.75}
    assert only(said(location=place, venue={"location": place, "title": "Library"})).message.kind is Kind.PLACE


def test_an_edit_is_told_as_an_edit_and_starts_nothing() -> None:
    changed = {"message_id": 3, "date": 1, "edit_date": 2, "from": ANA, "chat": PRIVATE, "text": "/start x"}
    inbound = only(update(edited_message=changed))
    assert (inbound.edited, inbound.start, inbound.message_id) == (True, None, "3")


@pytest.mark.parametrize("message", [{"message_id": 9, "chat": PRIVATE, "date": 0}, None])
def test_a_tap_is_read_even_where_its_message_is_no_longer_to_be_seen(message: dict[str, Any] | None) -> None:
    query = {"id": "1", "from": ANA, "chat_instance": "1", "data": "t:q:5", **({"message": message} if message else {})}
    inbound = only(update(callback_query=query))
    assert (inbound.address, inbound.message) == ("7", Message(Kind.TAP, data="t:q:5"))
    assert inbound.message_id == ("9" if message else None)


def test_a_block_and_its_end_are_told() -> None:
    def membership(status: str) -> Raw:
        member = {"status": status, "user": {"id": 1, "is_bot": True, "first_name": "Bot"}}
        return update(my_chat_member={"chat": PRIVATE, "from": ANA, "date": 1, "new_chat_member": member})

    assert only(membership("kicked")).reachable is False
    assert only(membership("member")).reachable is True
    assert updates.parse(membership("administrator")) == []


@pytest.mark.parametrize("kind", ["sticker", "video_note", "poll", "dice", "contact", "hologram"])
def test_what_no_question_asks_for_is_other(kind: str) -> None:
    assert only(said(**{kind: {}})).message == Message(Kind.OTHER)


@pytest.mark.parametrize("kind", sorted(updates.SERVICE))
def test_what_telegram_writes_by_itself_is_no_message(kind: str) -> None:
    assert updates.parse(said(**{kind: {}})) == []


def test_every_service_message_python_telegram_bot_knows_is_known() -> None:
    """What it counts among the kinds of message and is neither content nor service would be answered as content."""
    content = {
        "animation", "audio", "business_connection_id", "checklist", "contact", "dice", "document", "effect_id", "game",
        "invoice", "live_photo", "location", "paid_media", "photo", "poll", "reply_to_story", "rich_message",
        "sender_business_bot", "sticker", "story", "text", "venue", "video", "video_note", "voice",
    }  # fmt: skip
    assert {kind.value for kind in MessageType} - content - updates.SERVICE <= UNSEEN


UNSEEN = {
    "chat_owner_changed", "chat_owner_left", "managed_bot_created", "poll_option_added", "poll_option_deleted",
    "sender_boost_count", "suggested_post_info",
}  # fmt: skip
"""Of groups and of other bots only: never in a private chat."""


@pytest.mark.parametrize(
    "chat",
    [
        {"id": -5, "type": "group", "title": "Neighbours"},
        {"id": -5, "type": "supergroup", "title": "Neighbours"},
        {"id": -5, "type": "channel", "title": "News"},
    ],
)
def test_groups_are_passed_over_in_silence(chat: dict[str, Any]) -> None:
    assert updates.parse(said(chat=chat, text="/start x")) == []
    about = {"message_id": 9, "chat": chat, "date": 1}
    assert updates.parse(update(callback_query={"id": "1", "from": ANA, "data": "x", "message": about})) == []
    assert updates.parse(update(channel_post={"message_id": 1, "chat": chat, "date": 1, "text": "x"})) == []


def test_other_bots_are_not_talked_with() -> None:
    assert updates.parse(said(**{"from": {**ANA, "is_bot": True}, "text": "hello"})) == []


def test_kinds_of_update_nobody_knows_hold_nothing_for_us() -> None:
    assert updates.parse(update(telepathy={"thought": "blue"})) == []
    assert updates.parse(update()) == []


@pytest.mark.parametrize("body", [b"", b"{", b"[1, 2]", b'{"update_id": "x"}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_update_is_unreadable_and_still_has_a_name(body: bytes) -> None:
    raw = updates.raw(body)
    assert raw.external_id == updates.raw(body).external_id
    assert len(raw.external_id) <= 100
    with pytest.raises(Unreadable):
        updates.parse(raw)


def test_a_tap_that_cannot_be_read_is_not_answered() -> None:
    assert updates.tap(update(callback_query={"id": 5})) is None
    assert updates.tap(said(text='"callback_query"')) is None


def test_half_a_character_does_not_lose_the_message() -> None:
    body = said(text="good HALF").body
    assert only(updates.raw(body.replace(b"HALF", b"\\ud83d"))).message.text.startswith("good")
    assert only(updates.raw(body.replace(b"HALF", b"\xf0\x9f"))).message.text.startswith("good")
    sticker = said(sticker={"emoji": "HALF"}).body.replace(b"HALF", b"\\ud83d")
    assert only(updates.raw(sticker)).message.kind is Kind.OTHER


def test_an_answer_of_telegram_is_cut_into_its_updates_unchanged() -> None:
    bodies = [b'{"update_id": 8, "x":  [1]}', b'{"update_id":9}', b'{"no": "number"}']
    raws = updates.batch(b'{"ok":true,"result":[' + b",".join(bodies) + b"]}")
    assert [raw.body for raw in raws] == bodies
    assert [raw.external_id for raw in raws[:2]] == ["8", "9"]
    assert updates.after(raws) == 10
    assert updates.after(raws[2:]) is None


@pytest.mark.parametrize("payload", [b"<html>", b'{"ok":true}', b'{"result":{}}', b"[" * 100_000])
def test_an_answer_that_is_none_is_unreadable(payload: bytes) -> None:
    with pytest.raises(Unreadable):
        updates.batch(payload)


async def test_we_read_what_python_telegram_bot_reads(api: BotApi) -> None:
    """Over every kind of update: the same chat, message, words, button, largest picture, place."""
    bot = Bot(api.token)
    for document in await corpus(api):
        theirs = Update.de_json(document, bot)
        assert theirs.effective_chat
        for ours in updates.parse(updates.raw(json.dumps(document).encode())):
            assert ours.address == str(theirs.effective_chat.id)
            assert theirs.effective_user
            assert ours.language == theirs.effective_user.language_code
            assert _as_they_see(theirs) == _as_we_see(ours)


def _as_they_see(update: Update) -> tuple[object, ...]:
    query, message = update.callback_query, update.effective_message
    words = (message.text or message.caption or "") if message and not query else ""
    attached = message.effective_attachment if message and not query else None
    picture = attached[-1] if isinstance(attached, tuple) else attached
    if isinstance(picture, Document) and picture.mime_type != "image/png":
        picture = None
    place = message.location if message and not query else None
    return (
        str(message.message_id) if message else None,
        words.replace("/Skip@civicloop_test_bot", "/skip"),
        query.data if query else "",
        picture.file_id if isinstance(picture, PhotoSize | Document | Voice | Audio) else "",
        (place.latitude, place.longitude) if place else None,
        bool(update.edited_message),
    )


def _as_we_see(inbound: Inbound) -> tuple[object, ...]:
    message = inbound.message
    place = (message.latitude, message.longitude) if message.kind is Kind.PLACE else None
    return (inbound.message_id, message.text, message.data, message.file, place, inbound.edited)
