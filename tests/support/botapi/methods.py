"""What each method of the Bot API does to the world. Errors carry the words Telegram uses."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from itertools import islice
from typing import TYPE_CHECKING, Any

from tests.support.botapi import limits
from tests.support.botapi.world import OUR_REPLY_MARKUP, Chat, Refused, World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tests.support.botapi.schema import Json

    Act = Callable[[World, Json, Mapping[str, bytes]], Awaitable[Any]]

TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"
SAME = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)
ENDED = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
HOOKED = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


# --------------------------------------------------------------------------- receiving


async def get_me(world: World, _parameters: Json, _files: Mapping[str, bytes]) -> Json:
    return {
        **world.bot,
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
    }


async def get_updates(world: World, parameters: Json, _files: Mapping[str, bytes]) -> list[Json]:
    _allow(world, parameters)
    if world.webhook:
        raise Refused(409, HOOKED)
    if world.poller:
        world.poller.set()
    world.poller = mine = asyncio.Event()
    try:
        await _until_news(world, parameters, mine)
    finally:
        if world.poller is mine:
            world.poller = None
    if mine.is_set():
        raise Refused(409, ENDED)
    return list(islice(world.pending.values(), parameters.get("limit", 100)))


async def _until_news(world: World, parameters: Json, ended: asyncio.Event) -> None:
    offset = parameters.get("offset", 0)
    if offset < 0:
        offset = min([*world.pending][offset:], default=0)
    world.confirm(offset)
    waited = parameters.get("timeout", 0)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(waited):
            while not world.pending and not ended.is_set() and waited:
                await _either(world.arrived, ended)


async def _either(*events: asyncio.Event) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def _allow(world: World, parameters: Json) -> None:
    if "allowed_updates" in parameters:  # left out: the setting of last time stays
        world.allowed = frozenset(parameters["allowed_updates"]) or None


async def set_webhook(world: World, parameters: Json, _files: Mapping[str, bytes]) -> bool:
    _allow(world, parameters)
    world.webhook = parameters if parameters["url"] else None
    _drop(world, parameters)
    world.wake()
    return True


async def delete_webhook(world: World, parameters: Json, _files: Mapping[str, bytes]) -> bool:
    world.webhook = None
    _drop(world, parameters)
    world.wake()
    return True


def _drop(world: World, parameters: Json) -> None:
    if parameters.get("drop_pending_updates"):
        world.pending.clear()


async def get_webhook_info(world: World, _parameters: Json, _files: Mapping[str, bytes]) -> Json:
    hook = world.webhook or {"url": ""}
    return {
        "url": hook["url"],
        "has_custom_certificate": False,
        "pending_update_count": len(world.pending),
        "max_connections": hook.get("max_connections", 40),
        "allowed_updates": sorted(world.allowed or ()),
    }


async def set_my_commands(world: World, parameters: Json, _files: Mapping[str, bytes]) -> bool:
    world.commands[_menu(parameters)] = parameters["commands"]
    return True


async def get_my_commands(world: World, parameters: Json, _files: Mapping[str, bytes]) -> list[Json]:
    return world.commands.get(_menu(parameters), [])


async def delete_my_commands(world: World, parameters: Json, _files: Mapping[str, bytes]) -> bool:
    world.commands.pop(_menu(parameters), None)
    return True


def _menu(parameters: Json) -> tuple[str, str]:
    return parameters.get("scope", {}).get("type", "default"), parameters.get("language_code", "")


# --------------------------------------------------------------------------- writing


def chat_of(world: World, parameters: Json) -> Chat:
    """Return the chat a request means, or refuse as Telegram does."""
    identity = parameters["chat_id"]
    chat = world.chats.get(identity if isinstance(identity, int) else 0)
    if chat is None:
        raise Refused(400, "Bad Request: chat not found")
    if chat.moved_to is not None:
        words = "Bad Request: group chat was upgraded to a supergroup chat"
        raise Refused(400, words, migrate_to_chat_id=chat.moved_to)
    if chat.barred:
        raise Refused(403, f"Forbidden: {chat.barred}")
    if not chat.started:
        raise Refused(403, "Forbidden: bot can't initiate conversation with a user")
    return chat


def _post(world: World, parameters: Json, content: Json) -> Json:
    chat = chat_of(world, parameters)
    markup = parameters.get("reply_markup") or {}
    message = {
        "message_id": next(chat.ids),
        "from": world.bot,
        "chat": chat.about,
        "date": world.date(),
        **content,
        **({"reply_markup": markup} if "inline_keyboard" in markup else {OUR_REPLY_MARKUP: markup} if markup else {}),
    }
    if "keyboard" in markup or markup.get("remove_keyboard"):
        chat.keyboard = markup if "keyboard" in markup else None
    chat.keep(message)
    chat.happen("sent", message)
    return shown(message)


def shown(message: Json) -> Json:
    """Return a message as the bot is told of it."""
    return {key: value for key, value in message.items() if key != OUR_REPLY_MARKUP}


async def send_message(world: World, parameters: Json, _files: Mapping[str, bytes]) -> Json:
    return _post(world, parameters, {"text": parameters["text"]})


async def send_photo(world: World, parameters: Json, files: Mapping[str, bytes]) -> Json:
    chat_of(world, parameters)
    name = _file(world, parameters["photo"], files)
    if not world.files[name].startswith(PICTURES):
        raise Refused(400, "Bad Request: IMAGE_PROCESS_FAILED")
    if len(world.files[name]) > limits.PHOTO_BYTES:
        raise Refused(413, "Request Entity Too Large")
    return _post(world, parameters, {"photo": photo_sizes(name, world.files[name]), **_caption(parameters)})


async def send_document(world: World, parameters: Json, files: Mapping[str, bytes]) -> Json:
    chat_of(world, parameters)
    name = _file(world, parameters["document"], files)
    document = {"file_id": name, "file_unique_id": name[-8:], "file_size": len(world.files[name])}
    return _post(world, parameters, {"document": document, **_caption(parameters)})


def _caption(parameters: Json) -> Json:
    return {"caption": parameters["caption"]} if parameters.get("caption") else {}


def _file(world: World, given: str, files: Mapping[str, bytes]) -> str:
    """Return the id of a file sent with the request, or of one Telegram has already."""
    if given.startswith("attach://"):
        return world.store(files[given.removeprefix("attach://")])
    if given not in world.files:
        raise Refused(400, "Bad Request: wrong file identifier/HTTP URL specified")
    return given


def photo_sizes(name: str, content: bytes) -> list[Json]:
    """Return a picture's `photo` field: a thumbnail and the whole."""
    wide, high = struct.unpack(">II", content[16:24]) if content.startswith(PICTURES[0]) else (1280, 960)
    whole = {"file_id": name, "file_unique_id": name[-8:], "width": wide, "height": high, "file_size": len(content)}
    small = {"file_id": f"{name}s", "file_unique_id": f"{name[-7:]}s", "width": min(wide, 90), "height": min(high, 67)}
    return [small, whole]


async def get_file(world: World, parameters: Json, _files: Mapping[str, bytes]) -> Json:
    name = parameters["file_id"]
    if name not in world.files:
        raise Refused(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
    size = len(world.files[name])
    return {"file_id": name, "file_unique_id": name[-8:], "file_size": size, "file_path": f"photos/{name}"}


# --------------------------------------------------------------------------- changing


async def edit_message_text(world: World, parameters: Json, _files: Mapping[str, bytes]) -> Json:
    return _edit(world, parameters, "text", parameters["text"])


async def edit_message_caption(world: World, parameters: Json, _files: Mapping[str, bytes]) -> Json:
    return _edit(world, parameters, "caption", parameters.get("caption", ""))


async def edit_message_reply_markup(world: World, parameters: Json, _files: Mapping[str, bytes]) -> Json:
    return _edit(world, parameters, "", "")


def _edit(world: World, parameters: Json, key: str, value: str) -> Json:
    chat = chat_of(world, parameters)
    old = chat.messages.get(parameters["message_id"])
    if old is None:
        raise Refused(400, "Bad Request: message to edit not found")
    if old["from"]["id"] != world.bot["id"] or OUR_REPLY_MARKUP in old:
        raise Refused(400, "Bad Request: message can't be edited")
    if key == "text" and "text" not in old:
        raise Refused(400, "Bad Request: there is no text in the message to edit")
    new = {**old, **({key: value} if key else {})}
    new.pop("reply_markup", None)
    if parameters.get("reply_markup"):
        new["reply_markup"] = parameters["reply_markup"]
    if new == old:
        raise Refused(400, SAME)
    new["edit_date"] = world.date()
    chat.keep(new)
    chat.happen("edited", new)
    return shown(new)


async def delete_message(world: World, parameters: Json, _files: Mapping[str, bytes]) -> bool:
    chat = chat_of(world, parameters)
    message = chat.messages.pop(parameters["message_id"], None)
    if message is None:
        raise Refused(400, "Bad Request: message to delete not found")
    chat.happen("deleted", message)
    return True


async def answer_callback_query(world: World, parameters: Json, _files: Mapping[str, bytes]) -> bool:
    callback = world.callbacks.get(parameters["callback_query_id"])
    if callback is None or callback.answer is not None or asyncio.get_running_loop().time() > callback.until:
        raise Refused(400, TOO_OLD)
    callback.answer = parameters
    return True


async def send_chat_action(world: World, parameters: Json, _files: Mapping[str, bytes]) -> bool:
    chat_of(world, parameters)
    return True


async def leave_chat(world: World, parameters: Json, _files: Mapping[str, bytes]) -> bool:
    chat_of(world, parameters).barred = "bot is not a member of the group chat"
    return True


METHODS: dict[str, Act] = {
    "getMe": get_me,
    "getUpdates": get_updates,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": get_webhook_info,
    "setMyCommands": set_my_commands,
    "getMyCommands": get_my_commands,
    "deleteMyCommands": delete_my_commands,
    "sendMessage": send_message,
    "sendPhoto": send_photo,
    "sendDocument": send_document,
    "sendChatAction": send_chat_action,
    "editMessageText": edit_message_text,
    "editMessageCaption": edit_message_caption,
    "editMessageReplyMarkup": edit_message_reply_markup,
    "deleteMessage": delete_message,
    "answerCallbackQuery": answer_callback_query,
    "getFile": get_file,
    "leaveChat": leave_chat,
}
RESULTS = {
    "sendMessage": "Message",
    "sendPhoto": "Message",
    "sendDocument": "Message",
    "editMessageText": "Message",
    "editMessageCaption": "Message",
    "editMessageReplyMarkup": "Message",
    "getMe": "User",
    "getFile": "File",
    "getWebhookInfo": "WebhookInfo",
}
"""What each method answers with, where it is more than true, to check our own answers."""
