"""The terminal as a channel: a line is a message, options stand numbered below the text."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.channels.base import Capabilities, Inbound, Raw, Sent
from bot.errors import Unreadable
from flows import transcript

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bot.channels.base import Accept, Outbound, Receipt
    from flows.model import Button

NAME = "console"
ADDRESS = "terminal"
"""There is one person at a terminal."""


class Console:
    """Lines in, text out. `lines` may be any source of lines, standard input too; `write` is like `print`."""

    name = NAME
    capabilities = Capabilities(buttons=0, label=200, text=20_000)

    def __init__(self, lines: Iterable[str], write: Callable[[str], object]) -> None:
        self._lines = lines
        self._write = write
        self._buttons: Sequence[Button] = ()

    async def listen(self, accept: Accept) -> None:
        """Hand over one line after the other, until there are no more."""
        lines = iter(self._lines)
        number = 0
        while (line := await asyncio.to_thread(next, lines, None)) is not None:
            number += 1
            await accept([self.raw(line, number)])

    @staticmethod
    def raw(line: str, number: int) -> Raw:
        """Return line `number` (from 1) as it would lie in the inbox."""
        return Raw(NAME, str(number), line.rstrip("\n").encode("utf-8", "surrogatepass"))

    def parse(self, raw: Raw) -> list[Inbound]:
        """Read a line; a lone `(photo …)`, `(place …)` or `(tap …)` stands for what a terminal cannot send."""
        try:
            text = raw.body.decode()
        except UnicodeDecodeError as trouble:
            raise Unreadable(f"line {raw.external_id} is not UTF-8") from trouble
        if not text.strip():
            return []
        message = transcript.message(text, self._buttons)
        return [Inbound(NAME, ADDRESS, message, message_id=raw.external_id)]

    async def send(self, message: Outbound) -> Receipt:
        """Show one message."""
        self.show(message.text, message.buttons)
        return Sent(message.key)

    def show(self, text: str, buttons: Sequence[Button] = ()) -> None:
        """Write a text, and its buttons below where it has any."""
        self._buttons = buttons
        self._write(text + "\n")

    def remember(self, buttons: Sequence[Button]) -> None:
        """Keep the buttons last offered, so that `(tap 2)` finds them although a terminal shows none."""
        self._buttons = buttons

    async def close(self) -> None:
        """Nothing to let go of."""
