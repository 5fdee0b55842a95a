"""The Telegram channel at work: python-telegram-bot's `Bot` as transport, our own receiver around it.

Nothing is acknowledged before `accept` has returned: by polling, the next `getUpdates` carries the new offset only
then; by webhook, the answer 200 is given only then. What goes wrong is reported and tried again, for ever.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec
import structlog
from telegram import Bot, BotCommandScopeAllPrivateChats, InlineKeyboardMarkup
from telegram.error import BadRequest, Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError

from bot.channels.base import Again, Capabilities, Gone, Sent
from bot.channels.telegram import messages, updates
from bot.channels.telegram.request import AiohttpRequest
from bot.cutting import cut, fits
from bot.errors import Missing, Trouble, Unreadable
from storage import crossings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.channels.base import Accept, Inbound, Outbound, Raw, Receipt

os.environ.setdefault("PTB_TIMEDELTA", "true")  # python-telegram-bot's own switch: spans are spans

CLOUD = "https://api.telegram.org"
POLL_SECONDS = 25
PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds to rest after the first, second, … failure in a row; the last for all that follow."""
PATIENCE = 10.0
"""Seconds we wait for the answer to what we send."""
LARGEST = 10 * 1024 * 1024
"""Bytes of a file that staff look at; Telegram itself gives bots up to 20 MB."""
SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the name of a header
SHARE_PLACE = "send_place_label"
"""Key of the phrase on the button that shares a position."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where Telegram brings updates, and the secret by which we know that it is Telegram."""

    url: str
    secret: str = field(repr=False)


class Telegram:
    """One bot on Telegram.

    `phrases(language)` gives the one label we write ourselves; `commands` the menu by language, the city's first
    language first. With a `webhook` updates are brought to `webhook()`, otherwise they are fetched.
    """

    name = updates.CHANNEL
    capabilities = Capabilities(
        buttons=100, label=messages.ROW, text=messages.TEXT, caption=messages.CAPTION,
        places=True, photos=True, edits=True,
    )  # fmt: skip

    def __init__(
        self,
        token: str,
        *,
        phrases: Callable[[str], Mapping[str, str]],
        commands: Mapping[str, Mapping[str, str]],
        base_url: str = CLOUD,
        webhook: Webhook | None = None,
        pauses: Sequence[float] = PAUSES,
        patience: float = PATIENCE,
    ) -> None:
        _keep_quiet()
        self.username: str | None = None
        """The bot's name in links, once Telegram has told it."""
        self._deaf: str | None = None
        self._mute: str | None = None
        self._token = token
        self._phrases = phrases
        self._commands = commands
        self._hook = webhook
        self._pauses = pauses
        self._accept: Accept | None = None
        self._offset: int | None = None
        self._answers: set[asyncio.Task[None]] = set()
        self._refused: dict[str, float] = {}
        root = base_url.rstrip("/").removesuffix("/bot")
        self._sender = AiohttpRequest(read_timeout=patience)
        self._receiver = AiohttpRequest(read_timeout=POLL_SECONDS + 10, lines=2)
        self._bot = Bot(
            token,
            base_url=f"{root}/bot",
            base_file_url=f"{root}/file/bot",
            request=self._sender,
            get_updates_request=self._receiver,
        )

    @property
    def trouble(self) -> str | None:
        """What keeps us from receiving or from sending just now, in words for an operator; None while all is well."""
        return self._deaf or self._mute

    async def close(self) -> None:
        """Let go of connections; taps not answered yet stay unanswered."""
        for task in self._answers:
            task.cancel()
        await asyncio.gather(*self._answers, return_exceptions=True)
        await self._sender.shutdown()
        await self._receiver.shutdown()

    # ----------------------------------------------------------------- receiving

    def parse(self, raw: Raw) -> list[Inbound]:
        """Read an update; see `updates.parse`."""
        return updates.parse(raw)

    async def listen(self, accept: Accept) -> None:
        """Receive until cancelled. World trouble is reported in one line and tried again after a rest."""
        self._accept = accept
        introduced = False
        failures = 0
        while True:
            try:
                if not introduced:
                    await self._introduce()
                    introduced = True
                await self._receive(accept)
            except Exception as error:  # noqa: BLE001 - whatever happened, what was not committed is still at Telegram
                failures += 1
                introduced = introduced and not isinstance(error, Conflict)
                await self._rest(error, failures)
            else:
                failures, self._deaf = 0, None

    async def _introduce(self) -> None:
        """Learn our name, set the menu in each language, and choose the way updates come to us."""
        self.username = (await self._bot.get_me()).username
        for n, (language, commands) in enumerate(self._commands.items()):
            if n == 0:  # what those read whose language we do not speak
                await self._show_menu(commands, "")
            await self._show_menu(commands, language.split("-")[0].lower())
        if self._hook is None:
            await self._bot.delete_webhook()
        else:
            await self._bot.set_webhook(
                self._hook.url, secret_token=self._hook.secret, allowed_updates=list(updates.WANTED)
            )

    async def _show_menu(self, commands: Mapping[str, str], language: str) -> None:
        """Set the menu of private chats; a menu that Telegram refuses is reported, and we go on without it."""
        scope = BotCommandScopeAllPrivateChats()
        try:
            await self._bot.set_my_commands(list(commands.items()), scope=scope, language_code=language)
        except BadRequest as error:
            self._report(error)

    async def _receive(self, accept: Accept) -> None:
        if self._hook is not None:
            self._deaf = None
            await asyncio.Event().wait()  # updates come to `webhook`
        raws = await self._fetch()
        if raws:
            crossings.passed("receive.fetched")
            await self._take(raws, accept)
            crossings.passed("receive.kept")
            self._offset = updates.after(raws) or self._offset
            if updates.after(raws) is None:  # kept, but they cannot be acknowledged: do not ask again at once
                raise Unreadable("Telegram sends updates without a number: is base_url right?")

    async def _fetch(self) -> list[Raw]:
        """Return the next updates as they are, waiting a while for the first. Also acknowledges those before."""
        asked: dict[str, object] = {"timeout": POLL_SECONDS, "allowed_updates": _json(updates.WANTED)}
        if self._offset is not None:
            asked["offset"] = self._offset
        return updates.batch(await self._receiver.retrieve(f"{self._bot.base_url}/getUpdates?{urlencode(asked)}"))

    async def _take(self, raws: list[Raw], accept: Accept) -> None:
        for raw in raws:
            if query := updates.tap(raw):
                self._answer(query)
        await accept(raws)

    def _answer(self, query: str) -> None:
        """Stop the pressed button's clock at once; the answer is a message of its own. Too late is no harm."""

        async def answer() -> None:
            try:
                await self._call("answerCallbackQuery", callback_query_id=query)
            except TelegramError as error:
                log.debug("telegram.tap_unanswered", reason=messages.told(error, self._token))

        task = asyncio.create_task(answer())
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    def admits(self, secret: str) -> bool:
        """Whether this is the secret that Telegram was given; False while Telegram is not to call at all."""
        return self._hook is not None and hmac.compare_digest(secret.encode(), self._hook.secret.encode())

    async def webhook(self, headers: Mapping[str, str], body: bytes) -> int:
        """Take what was posted to our address and return the HTTP status: 200 once it is kept, 503 to get it again."""
        if not self.admits({name.lower(): value for name, value in headers.items()}.get(SECRET_HEADER, "")):
            return 403
        if self._accept is None:
            return 503
        crossings.passed("webhook.brought")
        try:
            await self._take([updates.raw(body)], self._accept)
        except Exception as error:  # noqa: BLE001 - not committed: Telegram keeps it and brings it again
            self._report(error)
            return 503
        crossings.passed("webhook.kept")
        self._deaf = None
        return 200

    async def _rest(self, error: Exception, failures: int) -> None:
        self._report(error)
        pause = self._pauses[min(failures, len(self._pauses)) - 1]
        if isinstance(error, RetryAfter):
            pause = max(pause, _seconds(error.retry_after))
        await asyncio.sleep(pause)

    def _report(self, error: Exception) -> None:
        self._deaf = _advice(error, self._token)
        log.warning("telegram.trouble", reason=self._deaf)

    # ----------------------------------------------------------------- sending

    async def send(self, message: Outbound) -> Receipt:
        """Send, or change what was sent; every answer of the Bot API is a receipt."""
        if not message.address.removeprefix("-").isdigit():
            return Gone("no address of Telegram")
        try:
            sent = await self._deliver(message)
        except TelegramError as error:
            if isinstance(error, InvalidToken):
                self._mute = _advice(error, self._token)
            return self._held(message.address, messages.receipt(error, self._token))
        self._mute = None
        self._refused.clear()
        return sent

    async def _deliver(self, message: Outbound) -> Sent:
        if message.replaces is not None:
            changed = await self._change(message, message.replaces)
            if changed is not None:
                return changed
        if message.picture is None:
            return await self._say(message)
        return await self._show(message, message.picture.png, message.picture.alt)

    async def _change(self, message: Outbound, message_id: str) -> Sent | None:
        """Change a message in place; None where that cannot be done any more and its text must be sent anew."""
        about = _about(message, messages.inline(message), message_id=int(message_id))
        try:
            if message.text:
                await self._call("editMessageText", text=message.text, **about)
            else:
                await self._call("editMessageReplyMarkup", **about)
        except BadRequest as error:
            if not messages.is_unchanged(error):
                if not message.text or messages.is_nobody(error):
                    raise
                return None
        return Sent(message_id)

    async def _say(self, message: Outbound) -> Sent:
        """Send a text, in several messages where it is too long for one; buttons go with the last.

        None of ours is: a row of the outbox is one message, or a refusal in between would repeat what has arrived.
        """
        *first, last = cut(message.text, messages.TEXT)
        for piece in first:
            await self._call("sendMessage", text=piece, **_about(message))
        if message.wants == "place":
            about = _about(message, messages.asking_place(message, self._phrases(message.language)[SHARE_PLACE]))
        else:
            about = _about(message, messages.inline(message))
        return _sent(await self._call("sendMessage", text=last, **about))

    async def _show(self, message: Outbound, png: bytes, alt: str) -> Sent:
        """Send a picture with the text under it; where that is too long, with what it shows, and the text after it."""
        chat = int(message.address)
        if fits(message.text, messages.CAPTION):
            buttons = messages.inline(message)
            keyboard = InlineKeyboardMarkup.de_json(buttons, None) if buttons else None
            shown = await self._bot.send_photo(chat, png, caption=message.text, reply_markup=keyboard)
            return Sent(str(shown.message_id))
        await self._bot.send_photo(chat, png, caption=cut(alt, messages.CAPTION)[0])
        return await self._say(replace(message, picture=None))

    # ----------------------------------------------------------------- files

    async def fetch(self, file: str) -> bytes:
        """Return what lies under a file id (`getFile`). Raises `Missing` where nothing does any more, or too much."""
        try:
            found = await self._call("getFile", file_id=file)
            if found.get("file_size", 0) > LARGEST:
                raise Missing("the file is too large")
            return await self._sender.retrieve(f"{self._bot.base_file_url}/{found['file_path']}")
        except BadRequest as error:
            raise Missing(messages.told(error, self._token)) from error
        except (TelegramError, AttributeError, KeyError) as error:
            raise Trouble(f"Telegram does not give the file ({type(error).__name__}): try again") from error

    async def _call(self, method: str, **parameters: object) -> Any:  # noqa: ANN401 - as the Bot API answers
        return await self._sender.call(f"{self._bot.base_url}/{method}", parameters)

    def _held(self, address: str, receipt: Receipt) -> Receipt:
        """Tell a busy chat from a busy bot: two chats refused, and none served between, are the bot."""
        if not isinstance(receipt, Again) or receipt.everyone:
            return receipt
        now = asyncio.get_running_loop().time()
        self._refused = {each: until for each, until in self._refused.items() if until > now}
        others = self._refused.keys() - {address}
        self._refused[address] = now + receipt.after.total_seconds()
        return replace(receipt, everyone=bool(others))


def _sent(result: object) -> Sent:
    """Read the message that was made. Raises `TelegramError` where the answer is none: it may be there or not."""
    match result:
        case {"message_id": int(number)}:
            return Sent(str(number))
        case _:
            raise TelegramError("Invalid server response")


def _about(message: Outbound, keyboard: messages.Keyboard | None = None, **more: object) -> dict[str, Any]:
    """Return what most methods are told: the chat and the keyboard."""
    return {"chat_id": int(message.address), **({"reply_markup": keyboard} if keyboard else {}), **more}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _seconds(span: int | timedelta) -> float:
    return span.total_seconds() if isinstance(span, timedelta) else float(span)


def _advice(error: Exception, token: str) -> str:
    """Say to an operator what is wrong and what to do."""
    told = messages.told(error, token)
    match error:
        case InvalidToken():
            return f"Telegram refuses the token: copy it from @BotFather to CIVICLOOP_TELEGRAM__TOKEN ({told})"
        case Conflict():
            return f"another process receives with the same token: stop it, or use the webhook in both ({told})"
        case RetryAfter():
            return f"Telegram asks us to wait ({told})"
        case NetworkError() if not isinstance(error, BadRequest):
            return f"Telegram cannot be reached: check the network and [telegram] base_url ({told})"
        case TelegramError() | Trouble():
            return told
        case _:
            return f"updates cannot be kept, so they wait at Telegram ({told})"


def _keep_quiet() -> None:
    """Silence what the libraries log: addresses with the token in them, and people's words. We report trouble."""
    for library in ("aiohttp", "httpx", "httpcore"):
        logging.getLogger(library).setLevel(logging.WARNING)
    logging.getLogger("telegram").setLevel(logging.CRITICAL)
