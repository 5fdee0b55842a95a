"""People who talk with the bot. What they do becomes updates; what they look for, they wait for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.support.botapi.methods import photo_sizes, shown
from tests.support.botapi.world import OUR_REPLY_MARKUP, Callback, Chat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tests.support.botapi.schema import Json
    from tests.support.botapi.world import World

TICKS = "✓✔✅☑ "
GRACE = 0.3
"""Seconds after the bot's first reaction before a button of an older message is pressed."""
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8ffff3f0005fe02fe"
    "a7356a810000000049454e44ae426082"
)
"""The smallest picture."""


class Citizen:
    """A person with a phone, in a private chat with the bot unless told another chat."""

    def __init__(self, world: World, identity: int, *, name: str, language_code: str | None, patience: float) -> None:
        self._world = world
        self._patience = patience
        self._date: int | None = None
        self._mark = 0
        user = {"id": identity, "is_bot": False, "first_name": name}
        self.user: Json = {**user, "language_code": language_code} if language_code else user
        self.chat = Chat(identity, {"id": identity, "type": "private", "first_name": name}, person=self.user)
        world.chats[identity] = self.chat

    @property
    def id(self) -> int:
        """The person's id, which is the id of their private chat."""
        return self.chat.id

    # ----------------------------------------------------------------- what a person sends

    async def sends(self, text: str, *, chat: Chat | None = None) -> Json:
        """Type a text or a command and send it."""
        command = text.split(maxsplit=1)[0] if text.startswith("/") else ""
        entities = {"entities": [{"type": "bot_command", "offset": 0, "length": len(command)}]} if command else {}
        return self._says({"text": text, **entities}, chat)

    async def sends_photo(self, caption: str = "", content: bytes = PNG) -> Json:
        """Send a picture, perhaps with words."""
        name = self._world.store(content)
        self._world.files[f"{name}s"] = content
        return self._says({"photo": photo_sizes(name, content), **({"caption": caption} if caption else {})})

    async def sends_file(self, name: str, mime_type: str, content: bytes | str = b"%PDF-") -> Json:
        """Send a file as a file."""
        body = content.encode() if isinstance(content, str) else content
        file = self._world.store(body)
        about: Json = {"file_id": file, "file_unique_id": file[-8:], "file_size": len(body)}
        document = {**about, "file_name": name, "mime_type": mime_type}
        return self._says({"document": document})

    async def sends_sticker(self) -> Json:
        """Send a sticker."""
        size = {"width": 512, "height": 512, "is_animated": False, "is_video": False, "type": "regular"}
        return self._says({"sticker": {"file_id": "CAAC1", "file_unique_id": "CAAC1", "emoji": "👍", **size}})

    async def sends_voice(self, content: bytes = b"OggS") -> Json:
        """Send a voice note."""
        name = self._world.store(content)
        return self._says({"voice": {"file_id": name, "file_unique_id": name[-8:], "duration": 3}})

    async def shares_place(self, latitude: float, longitude: float, *, live: bool = False) -> Json:
        """Share a position, once or as a live one."""
        place = {"latitude": latitude, "longitude": longitude, **({"live_period": 900} if live else {})}
        self._close_keyboard()
        return self._says({"location": place})

    async def edits(self, message: Json, text: str) -> Json:
        """Change a message sent before; a picture's words where it is a picture."""
        key = "caption" if "photo" in message else "text"
        return self._changes(message, {key: text})

    async def moves(self, message: Json, latitude: float, longitude: float) -> Json:
        """Walk on while a live position is shared."""
        return self._changes(
            message, {"location": {**message["location"], "latitude": latitude, "longitude": longitude}}
        )

    async def taps(self, label: str, *, on: Json | None = None, inaccessible: bool = False) -> str:
        """Press the button with this label, of the newest message that has it or of the one given.

        Waits for the bot's next message first; a reply keyboard's button sends its words. Returns the callback's id,
        or nothing for a reply keyboard.
        """
        if on is None:
            on = await self._message_with(label)
        button = _button(on, label)
        if button is None:
            raise AssertionError(f"no button {label!r} on {on.get('text')!r}: {labels(on)}")
        if "callback_data" not in button:
            await self._presses_key(button)
            return ""
        return self._calls_back(on, button["callback_data"], inaccessible=inaccessible)

    async def answers(self, question: str, label: str) -> str:
        """Wait for a question, by some of its words, and press a button under it, whatever older ones are repeated."""
        return await self.taps(label, on=await self.sees(question))

    async def blocks(self) -> None:
        """Block the bot."""
        self._membership("member", "kicked", barred="bot was blocked by the user")

    async def unblocks(self) -> None:
        """Let the bot write again."""
        self._membership("kicked", "member", barred="")

    async def leaves_telegram(self) -> None:
        """Delete the account: no update tells of it."""
        self.chat.barred = "user is deactivated"

    async def lives_on(self, date: datetime | None) -> None:
        """Send what follows with this date; None: with the server's clock again."""
        self._date = int(date.timestamp()) if date else None

    # ----------------------------------------------------------------- what a person sees

    async def sees(self, *texts: str, within: float | None = None) -> Json:
        """Wait until what the bot wrote since this person's last act holds all texts; return the last such message."""

        def found() -> Json | None:
            messages = [each.message for each in self.chat.happenings[self._mark :] if each.kind != "deleted"]
            hits = [[message for message in messages if text in written(message)] for text in texts]
            return hits[-1][-1] if hits and all(hits) else None

        return shown(await self._wait(found, f"to see {texts}", within))

    async def sees_nothing(self, within: float = GRACE) -> None:
        """Wait a while and make sure that the bot wrote nothing since this person's last act."""
        await asyncio.sleep(within)
        if len(self.chat.happenings) > self._mark:
            raise AssertionError(f"the bot wrote after all:\n{await self.transcript()}")

    async def hears(self, count: int, within: float | None = None) -> list[Json]:
        """Wait until the bot wrote `count` new messages in all; return all of them."""

        def found() -> list[Json] | None:
            sent = [shown(each.message) for each in self.chat.happenings if each.kind == "sent"]
            return sent if len(sent) >= count else None

        messages: list[Json] = await self._wait(found, f"for {count} messages", within)
        return messages

    async def messages(self) -> list[Json]:
        """Return the bot's messages as they are now, oldest first."""
        mine = self._world.bot["id"]
        return [shown(message) for message in self.chat.messages.values() if message["from"]["id"] == mine]

    async def transcript(self) -> str:
        """Return the chat as a person would copy it: `>` theirs, `<` the bot's, buttons in brackets."""
        return "\n".join(_lines(self._world, self.chat))

    # ----------------------------------------------------------------- how it is done

    def _says(self, content: Json, chat: Chat | None = None) -> Json:
        chat = chat or self.chat
        date = self._date or self._world.date()
        message = {"message_id": next(chat.ids), "from": self.user, "chat": chat.about, "date": date, **content}
        chat.started = True
        chat.keep(message)
        self._mark = len(self.chat.happenings)
        self._world.emit("message", message)
        return message

    def _changes(self, message: Json, content: Json) -> Json:
        chat = self._world.chats[message["chat"]["id"]]
        date = self._date or self._world.date()
        message = {**chat.messages[message["message_id"]], **content, "edit_date": date}
        chat.keep(message)
        self._mark = len(self.chat.happenings)
        self._world.emit("edited_message", message)
        return message

    def _calls_back(self, message: Json, data: str, *, inaccessible: bool) -> str:
        chat = self._world.chats[message["chat"]["id"]]
        identity = str(4_000_000_000_000_000_000 + next(self._world.names))
        until = asyncio.get_running_loop().time() + self._world.callback_seconds
        self._world.callbacks[identity] = Callback(chat, until)
        about = {"chat": chat.about, "message_id": message["message_id"], "date": 0} if inaccessible else shown(message)
        self._mark = len(self.chat.happenings)
        query = {"id": identity, "from": self.user, "chat_instance": str(-chat.id), "message": about, "data": data}
        self._world.emit("callback_query", query)
        return identity

    async def _presses_key(self, button: Json) -> None:
        if button.get("request_location"):
            await self.shares_place(52.37, 4.89)
            return
        self._close_keyboard()
        await self.sends(button["text"])

    def _close_keyboard(self) -> None:
        if self.chat.keyboard and self.chat.keyboard.get("one_time_keyboard"):
            self.chat.keyboard = None

    def _membership(self, before: str, after: str, *, barred: str) -> None:
        self.chat.barred = barred
        states = [{"status": each, "user": self._world.bot} for each in (before, after)]
        old, new = ({**each, "until_date": 0} if each["status"] == "kicked" else each for each in states)
        about = {"chat": self.chat.about, "from": self.user, "date": self._date or self._world.date()}
        self._world.emit("my_chat_member", {**about, "old_chat_member": old, "new_chat_member": new})

    async def _message_with(self, label: str) -> Json:
        """Find the button among what the bot did since the last act, or, once it reacted, among older messages."""
        loop = asyncio.get_running_loop()
        reacted: list[float] = []

        def found() -> Json | None:
            fresh = [each.message["message_id"] for each in self.chat.happenings[self._mark :]]
            message = self._newest(label, set(fresh))
            if message is None and fresh:
                reacted.append(loop.time())
            if message is None and reacted and loop.time() - reacted[0] >= GRACE:
                message = self._newest(label, set(self.chat.messages))
            return message

        message: Json = await self._wait(found, f"for a button {label!r}")
        return message

    def _newest(self, label: str, among: set[int]) -> Json | None:
        messages = [self.chat.messages[identity] for identity in among if identity in self.chat.messages]
        messages.sort(key=lambda message: -message["message_id"])
        return next((message for message in messages if _button(message, label)), None)

    async def _wait(self, found: Callable[[], Any], what: str, within: float | None = None) -> Any:
        loop = asyncio.get_running_loop()
        until = loop.time() + (self._patience if within is None else within)
        while (result := found()) is None:
            left = until - loop.time()
            if left <= 0:
                name = self.user["first_name"]
                raise AssertionError(f"{name} waited in vain {what}. The chat:\n{await self.transcript()}")
            await _stirs(self.chat, min(left, GRACE / 2))
        return result


async def _stirs(chat: Chat, within: float) -> None:
    try:
        async with asyncio.timeout(within):
            await chat.stirred.wait()
    except TimeoutError:
        return


def written(message: Json) -> str:
    """Return the words of a message or of its picture."""
    return str(message.get("text") or message.get("caption") or "")


def labels(message: Json) -> list[str]:
    """Return the labels of the buttons under a message, row by row."""
    return [button["text"] for button in _buttons(message)]


def _buttons(message: Json) -> Iterator[Json]:
    for markup in (message.get("reply_markup", {}), message.get(OUR_REPLY_MARKUP, {})):
        for row in (*markup.get("inline_keyboard", ()), *markup.get("keyboard", ())):
            yield from row


def _button(message: Json, label: str) -> Json | None:
    return next((each for each in _buttons(message) if label in {each["text"], each["text"].lstrip(TICKS)}), None)


def _lines(world: World, chat: Chat) -> Iterator[str]:
    for message in chat.messages.values():
        sign = "<" if message["from"]["id"] == world.bot["id"] else ">"
        what = written(message) or ", ".join(set(message) - {"message_id", "from", "chat", "date", OUR_REPLY_MARKUP})
        yield f"{sign} {what}"
        if buttons := labels(message):
            yield "    [" + "] [".join(buttons) + "]"
