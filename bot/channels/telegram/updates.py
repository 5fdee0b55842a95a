"""What arrives from Telegram, read without a network: bytes to `Raw`, `Raw` to `Inbound`. Pure.

Only the fields we use are decoded, straight from bytes: python-telegram-bot's objects cost a hundred times as much
and refuse updates of a kind they do not know. Only private chats are read: in a group everybody would see everybody's
answers, and they would belong to no one; what is said there is none of our business and is passed over in silence.
"""

from __future__ import annotations

import hashlib
import json
import re

import msgspec
from msgspec import Struct, field

from bot.channels.base import Document, Inbound, Raw
from bot.channels.telegram import salvage
from bot.errors import Unreadable
from flows.model import Kind, Message

CHANNEL = "telegram"
_FILES = {"image": Kind.PHOTO, "audio": Kind.VOICE}
"""What a file sent as a file is, by the first half of its type."""
_TEXT = Kind.TEXT  # to find a member in its enum takes 0.1 µs, and every message is asked its kind
WANTED = ("message", "edited_message", "callback_query", "my_chat_member")
"""The kinds of update we ask Telegram for."""

COMMAND = re.compile(r"/(\w+)(?:@\w+)?(?:\s+|$)")
LARGEST = 1_000_000
"""Bytes of an update we read; Telegram's own have some thousands."""
LONGEST_CODE = 64
"""Most characters of a deep link's code (Bot API, "Deep linking")."""

SERVICE = frozenset({
    "boost_added", "channel_chat_created", "chat_background_set", "chat_shared", "checklist_tasks_added",
    "checklist_tasks_done", "connected_website", "delete_chat_photo", "direct_message_price_changed",
    "forum_topic_closed", "forum_topic_created", "forum_topic_edited", "forum_topic_reopened",
    "general_forum_topic_hidden", "general_forum_topic_unhidden", "gift", "gift_upgrade_sent", "giveaway",
    "giveaway_completed",
    "giveaway_created", "giveaway_winners", "group_chat_created", "left_chat_member",
    "message_auto_delete_timer_changed", "migrate_from_chat_id", "migrate_to_chat_id", "new_chat_members",
    "new_chat_photo", "new_chat_title", "paid_message_price_changed", "passport_data", "pinned_message",
    "proximity_alert_triggered", "refunded_payment", "successful_payment", "suggested_post_approval_failed",
    "suggested_post_approved", "suggested_post_declined", "suggested_post_paid", "suggested_post_refunded",
    "supergroup_chat_created", "unique_gift", "users_shared", "video_chat_ended", "video_chat_participants_invited",
    "video_chat_scheduled", "video_chat_started", "web_app_data", "write_access_allowed",
})  # fmt: skip
"""Messages that Telegram writes by itself: nobody waits for an answer to them."""


class _User(Struct):
    id: int
    language_code: str | None = None
    is_bot: bool = False
    first_name: str = ""
    last_name: str = ""
    username: str = ""


class _Chat(Struct):
    id: int
    type: str = ""


class _Place(Struct):
    latitude: float
    longitude: float
    live_period: int | None = None


class _Picture(Struct):
    file_id: str
    width: int = 0
    height: int = 0


class _Document(Struct):
    file_id: str
    mime_type: str | None = None
    file_name: str | None = None
    file_size: int | None = None


class _Replied(Struct):
    message_id: int


class _Recording(Struct):
    file_id: str


class _Message(Struct):
    """A message; one too old to be shown (`InaccessibleMessage`) has only its chat and id."""

    message_id: int
    chat: _Chat
    sender: _User | None = field(name="from", default=None)
    text: str | None = None
    caption: str | None = None
    location: _Place | None = None
    photo: list[_Picture] | None = None
    document: _Document | None = None
    reply_to_message: _Replied | None = None
    voice: _Recording | None = None
    audio: _Recording | None = None


class _Tap(Struct):
    id: str
    sender: _User = field(name="from")
    data: str | None = None
    message: _Message | None = None


class _Member(Struct):
    status: str


class _Membership(Struct):
    chat: _Chat
    sender: _User = field(name="from")
    new_chat_member: _Member


class _Update(Struct):
    update_id: int
    message: _Message | None = None
    edited_message: _Message | None = None
    callback_query: _Tap | None = None
    my_chat_member: _Membership | None = None


class _Batch(Struct):
    result: list[msgspec.Raw]


class _Named(Struct):
    update_id: int


class _Keys(Struct):
    message: dict[str, msgspec.Raw]


_update = msgspec.json.Decoder(_Update)
_batch = msgspec.json.Decoder(_Batch)
_named = msgspec.json.Decoder(_Named)
_keys = msgspec.json.Decoder(_Keys)


# --------------------------------------------------------------------------- bytes to Raw


def batch(payload: bytes) -> list[Raw]:
    """Cut the answer to getUpdates into its updates, oldest first. Raises `Unreadable` where it is no such answer."""
    try:
        return [raw(bytes(each)) for each in _batch.decode(payload).result]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        try:
            return [raw(each) for each in salvage.cut(payload)]
        except ValueError as error:
            raise Unreadable("Telegram's answer is no list of updates") from error


def raw(body: bytes) -> Raw:
    """Name one update: by its number, or by its digest where it has none, so that it is kept and reported too."""
    try:
        return Raw(CHANNEL, str(_named.decode(body).update_id), body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Raw(CHANNEL, salvage.number(body) or f"sha256:{hashlib.sha256(body).hexdigest()}", body)


def after(raws: list[Raw]) -> int | None:
    """Return the offset that acknowledges these updates; None where they have no numbers."""
    numbers = [int(each.external_id) for each in raws if each.external_id.lstrip("-").isdigit()]
    return max(numbers) + 1 if numbers else None


def tap(raw: Raw) -> str | None:
    """Return the id of a pressed button's question for an answer, which must be given within seconds; else None."""
    if b'"callback_query"' not in raw.body:
        return None
    try:
        query = _decode(raw).callback_query
    except Unreadable:
        return None
    return query.id if query else None


# --------------------------------------------------------------------------- Raw to Inbound


def parse(raw: Raw) -> list[Inbound]:
    """Return what a person sent; empty for groups, other bots, service messages and kinds unknown to us."""
    update = _decode(raw)
    if update.message is not None:
        return _said(update.message, raw)
    if update.edited_message is not None:
        return _amended(update.edited_message)
    if update.callback_query is not None:
        return _tapped(update.callback_query)
    if update.my_chat_member is not None:
        return _membership(update.my_chat_member)
    return []


def _decode(raw: Raw) -> _Update:
    if len(raw.body) > LARGEST:
        raise Unreadable(f"update {raw.external_id} cannot be read: it is too large")
    try:
        try:
            return _update.decode(raw.body)
        except msgspec.ValidationError:
            raise
        except (msgspec.DecodeError, UnicodeDecodeError):
            return _update.decode(_mended(raw.body))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Unreadable(f"update {raw.external_id} cannot be read: {type(error).__name__}") from error


def _mended(body: bytes) -> bytes:
    """Replace broken characters (half a surrogate pair, no UTF-8), as an app may send them inside a sound update."""
    return json.dumps(json.loads(body.decode("utf-8", "replace")), ensure_ascii=False).encode("utf-8", "replace")


def _said(message: _Message, raw: Raw) -> list[Inbound]:
    if not _is_personal(message.chat, message.sender):
        return []
    said = _content(message)
    if said is None:
        other = _inbound(message, Message(Kind.OTHER))._replace(document=_attached(message))
        return [] if _is_service(raw) else [other]
    return [_inbound(message, said, start=_start(said.text) if said.kind is _TEXT else None)]


def _amended(message: _Message) -> list[Inbound]:
    """Read a message changed after it was sent. The way of a live position is not followed: the first one counts."""
    if not _is_personal(message.chat, message.sender) or message.location:
        return []
    said = _content(message)
    return [_inbound(message, said, edited=True)] if said else []


def _content(message: _Message) -> Message | None:
    if message.text is not None:  # nearly always
        return Message(_TEXT, _command(message.text))
    match message:
        case _Message(location=_Place(latitude=latitude, longitude=longitude, live_period=live)):
            return Message(Kind.PLACE, latitude=latitude, longitude=longitude, live=live is not None)
        case _Message(photo=[_, *_] as sizes, caption=caption):
            largest = max(reversed(sizes), key=lambda size: size.width * size.height)
            return Message(Kind.PHOTO, text=caption or "", file=largest.file_id)
        case _Message(voice=_Recording(file_id=file)) | _Message(audio=_Recording(file_id=file)):
            return Message(Kind.VOICE, text=message.caption or "", file=file)
        case _Message(document=_Document(file_id=file, mime_type=str(mime)), caption=caption):
            kind = _FILES.get(mime.partition("/")[0])
            return Message(kind, text=caption or "", file=file) if kind else None
        case _:
            return None


def _attached(message: _Message) -> Document | None:
    """Return the file that came with a message."""
    found = message.document
    return None if found is None else Document(found.file_id, found.file_name or "", found.file_size or 0)


def _inbound(message: _Message, said: Message, *, edited: bool = False, start: str | None = None) -> Inbound:
    language = message.sender.language_code if message.sender else None
    reply_to = str(message.reply_to_message.message_id) if message.reply_to_message else None
    read = Inbound(CHANNEL, str(message.chat.id), said, language, str(message.message_id), edited, start, reply_to)
    return read._replace(names=_names(message.sender)) if message.sender else read


def _names(sender: _User) -> tuple[str, ...]:
    """Return what somebody is called there: by name, and by the name others find them under."""
    return tuple(filter(None, (f"{sender.first_name} {sender.last_name}".strip(), sender.username)))


def _tapped(tapped: _Tap) -> list[Inbound]:
    message = tapped.message
    if tapped.data is None or (message and not _is_personal(message.chat, tapped.sender)):
        return []
    return [
        Inbound(
            channel=CHANNEL,
            address=str(message.chat.id if message else tapped.sender.id),
            message=Message(Kind.TAP, data=tapped.data),
            language=tapped.sender.language_code,
            message_id=str(message.message_id) if message else None,
        )
    ]


def _membership(membership: _Membership) -> list[Inbound]:
    reachable = {"member": True, "kicked": False}.get(membership.new_chat_member.status)
    if reachable is None or not _is_personal(membership.chat, membership.sender):
        return []
    language = membership.sender.language_code
    nothing = Message(Kind.OTHER)
    return [Inbound(CHANNEL, str(membership.chat.id), nothing, language=language, reachable=reachable)]


def _is_service(raw: Raw) -> bool:
    try:
        return not SERVICE.isdisjoint(_keys.decode(raw.body).message)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False


def _is_personal(chat: _Chat, sender: _User | None) -> bool:
    return chat.type == "private" and not (sender and sender.is_bot)


def _command(text: str) -> str:
    """Write a command as everybody else does: `/Skip@city_bot` is `/skip`. Other text stays as it is."""
    found = COMMAND.match(text) if text[:1] == "/" else None
    return f"/{found[1].lower()} {text[found.end() :].strip()}".rstrip() if found else text


def _start(text: str) -> str | None:
    if not text.startswith("/start"):
        return None
    command, _, code = text.partition(" ")
    if command != "/start":
        return None
    return "".join(sign for sign in code if sign.isprintable()).strip()[:LONGEST_CODE]
