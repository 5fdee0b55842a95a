"""What leaves for Telegram, given form without a network: texts cut to fit, keyboards, errors as receipts. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from aiohttp import ClientError
from telegram.constants import MessageLimit
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from bot.channels.base import Again, Ambiguous, Gone, Receipt, Relocated
from bot.channels.telegram.request import was_not_sent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.channels.base import Outbound
    from flows.model import Button

Keyboard: TypeAlias = dict[str, Any]
"""A keyboard as the Bot API writes it: python-telegram-bot's objects for it cost more than the rest of a message."""

TEXT = int(MessageLimit.MAX_TEXT_LENGTH)
CAPTION = int(MessageLimit.CAPTION_LENGTH)
ROW = 32
"""Characters that a phone shows whole in one row of buttons."""
TICK = "✓ "
NOBODY = ("chat not found", "user not found", "peer_id_invalid", "chat_id is empty", "user is deactivated")
"""How a refusal tells that nobody is there, in lower case."""
TOO_LARGE = "too large"
UNCHANGED = "message is not modified"

SOON = timedelta(seconds=5)
LATER = timedelta(seconds=60)


# --------------------------------------------------------------------------- keyboards


def inline(message: Outbound) -> Keyboard | None:
    """Return the message's buttons for under it; None where it has none."""
    if not message.buttons:
        return None
    return {
        "inline_keyboard": [
            [{"text": label(button), "callback_data": button.data} for button in row]
            for row in rows(message.buttons, message.columns)
        ]
    }


def asking_place(message: Outbound, share: str) -> Keyboard:
    """Return a keyboard in place of the phone's own, whose first key sends a position.

    Only such a keyboard can ask for a position, and it cannot be joined with buttons under the message: the message's
    other buttons are keys that send their words.
    """
    keys: list[list[dict[str, Any]]] = [[{"text": share, "request_location": True}]]
    keys += [[{"text": button.label}] for button in message.buttons]
    return {"keyboard": keys, "resize_keyboard": True, "one_time_keyboard": True}


def label(button: Button) -> str:
    """Return what stands on a button, ticked or not."""
    return f"{TICK}{button.label}" if button.ticked else button.label


def rows(buttons: Sequence[Button], columns: int) -> list[Sequence[Button]]:
    """Set buttons in rows of `columns` where every label is short enough to be read there, else one to a row."""
    if any(len(label(button)) > ROW // columns for button in buttons):
        columns = 1
    return [buttons[at : at + columns] for at in range(0, len(buttons), columns)]


# --------------------------------------------------------------------------- errors


def receipt(error: TelegramError, secret: str) -> Receipt:
    """Say what an error of the Bot API means for the message; `secret` (the token) is taken out of the reason."""
    reason = told(error, secret)
    cause = error.__cause__
    match error:
        case RetryAfter(retry_after=after):
            return Again(after if isinstance(after, timedelta) else timedelta(seconds=after), reason, too_fast=True)
        case ChatMigrated(new_chat_id=address):
            return Relocated(str(address))
        case InvalidToken():
            return Again(LATER, reason, everyone=True)
        case Forbidden() | BadRequest() if cause is not None:
            return Again(LATER, reason, everyone=True)  # a page of something in between: Telegram says no in JSON
        case Forbidden():
            return Gone(reason)
        case BadRequest():
            return Gone(reason, unreachable=is_nobody(error))
        case NetworkError() if was_not_sent(cause):
            return Again(SOON, reason, everyone=True)
        case NetworkError() if TOO_LARGE in reason.lower() or isinstance(cause, UnicodeEncodeError):
            return Gone(reason, unreachable=False)
        case NetworkError() if not isinstance(cause, OSError | ClientError):
            return Again(SOON, reason)  # an answer, though a bad one: 5xx, or a page from something in between
        case _:
            return Ambiguous(reason)


def told(error: BaseException, secret: str) -> str:
    """Return an error in one line without the token, which stands in every address of the Bot API."""
    return f"{type(error).__name__}: {error}".replace(secret, "•••").replace("\n", " ")[:200]


def is_nobody(error: BadRequest) -> bool:
    """Tell whether a message was refused because nobody is at that address."""
    return any(words in str(error).lower() for words in NOBODY)


def is_unchanged(error: BadRequest) -> bool:
    """Tell whether an edit was refused because the message already is as we want it."""
    return UNCHANGED in str(error).lower()
