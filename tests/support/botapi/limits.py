"""The lengths and counts the Bot API's prose gives and no schema knows. Lengths of texts are in UTF-16 units."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TEXT = 4096
CAPTION = 1024
CALLBACK_DATA_BYTES = 64
CALLBACK_ANSWER = 200
INLINE_ROW = 8
INLINE_BUTTONS = 100
REPLY_ROW = 12
REPLY_BUTTONS = 300
PHOTO_BYTES = 10_000_000
FILE_BYTES = 50_000_000
COMMANDS = 100
COMMAND = re.compile(r"[a-z0-9_]{1,32}")
COMMAND_DESCRIPTION = 256
SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


def units(text: str) -> int:
    """Return a text's length as Telegram counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def faults(parameters: Mapping[str, Any]) -> list[str]:
    """Return Telegram's words for every limit the parameters break, the one it would answer with first."""
    return [*_texts(parameters), *_keyboard(parameters.get("reply_markup") or {}), *_settings(parameters)]


def _texts(parameters: Mapping[str, Any]) -> Iterator[str]:
    text = parameters.get("text")
    if "callback_query_id" in parameters:
        if units(text or "") > CALLBACK_ANSWER:
            yield "MESSAGE_TOO_LONG"
    elif text is not None and not text.strip():
        yield "message text is empty"
    elif text is not None and units(text) > TEXT:
        yield "message is too long"
    if units(parameters.get("caption") or "") > CAPTION:
        yield "message caption is too long"


def _keyboard(markup: Mapping[str, Any]) -> Iterator[str]:
    inline, reply = markup.get("inline_keyboard") or [], markup.get("keyboard") or []
    rows = [*inline, *reply]
    if any(not row for row in rows):
        yield "inline keyboard row is empty"
    if any(len(row) > INLINE_ROW for row in inline) or any(len(row) > REPLY_ROW for row in reply):
        yield "too many buttons in a row"
    if sum(map(len, inline)) > INLINE_BUTTONS or sum(map(len, reply)) > REPLY_BUTTONS:
        yield "reply markup is too long"
    for button in (button for row in rows for button in row):
        yield from _button(button, inline=bool(inline))


def _button(button: Mapping[str, Any], *, inline: bool) -> Iterator[str]:
    if not button.get("text", "").strip():
        yield "BUTTON_TEXT_INVALID"
    acts = [key for key in button if key not in {"text", "style", "icon_custom_emoji_id"}]
    if inline and len(acts) != 1:
        yield "inline keyboard button must have exactly one act"
    data = button.get("callback_data")
    if data is not None and not 1 <= len(data.encode()) <= CALLBACK_DATA_BYTES:
        yield "BUTTON_DATA_INVALID"


def _settings(parameters: Mapping[str, Any]) -> Iterator[str]:
    commands = parameters.get("commands") or []
    if len(commands) > COMMANDS:
        yield "BOT_COMMANDS_TOO_MUCH"
    for command in commands:
        if not COMMAND.fullmatch(command.get("command", "")):
            yield "BOT_COMMAND_INVALID"
        if not 1 <= units(command.get("description", "")) <= COMMAND_DESCRIPTION:
            yield "BOT_COMMAND_DESCRIPTION_INVALID"
    if "language_code" in parameters and not re.fullmatch(r"([a-z]{2})?", parameters["language_code"]):
        yield "language code must be a two-letter ISO 639-1 code or empty"
    if "secret_token" in parameters and not SECRET.fullmatch(parameters["secret_token"]):
        yield "secret token contains unallowed characters"
    if not 1 <= parameters.get("limit", 100) <= 100 or not 0 <= parameters.get("timeout", 0) <= 50:
        yield "limit is 1 to 100 and timeout 0 to 50"
