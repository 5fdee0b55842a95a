"""What a turn says, cut and joined into as few messages as a channel can carry. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from msgspec import structs

from bot.cutting import cut, fits
from flows.model import tagged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.channels.base import Capabilities
    from flows.model import Button, Prompt

SHORT_LABEL = 12
"""Labels of at most this many characters share a row."""
ROW = 3
"""Most buttons in a row."""
PAIR = 2
"""How many words to send stand in a row, where there are many."""
TINY_LABEL = 2
"""Numbers of at most this many digits stand closer."""
TINY_ROW = 6


class Part(NamedTuple):
    """One message before it has a key and an address."""

    text: str
    offers: tuple[Button, ...] = ()
    """Its buttons as they are for everybody: `tag` goes before their data."""
    columns: int = 1
    wants: str = ""
    state: str | None = None
    """The question it asks, if any."""
    update: bool = False
    """It changes the buttons of the message just tapped."""
    tag: str = ""
    secret: bool = False
    """Whether it is kept sealed, and not at all once it is sent."""
    quotes: tuple[str, ...] = ()
    """The answers whose words stand in it."""

    @property
    def buttons(self) -> tuple[Button, ...]:
        """The buttons as this session shows them."""
        return tagged(self.offers, self.tag)


class _Form(NamedTuple):
    """How a channel shows a row of offers."""

    shown: bool
    """As buttons; else as a list in the text."""
    listed: bool
    """Numbered in the text, instead of buttons or because their labels are cut."""
    columns: int


def compose(prompts: Sequence[Prompt], capabilities: Capabilities) -> tuple[Part, ...]:
    """Join texts that follow each other with a blank line between, up to the channel's text limit.

    A prompt with buttons or with a wish for a place or a photo ends its message. Where the channel shows fewer buttons
    than there are, the options stand numbered in the text; an update of buttons becomes a message of its own there.
    """
    if len(prompts) == 1:  # most turns; the same as below, in half the time
        alone = _part(prompts[0], capabilities)
        if fits(alone.text, capabilities.text):
            return (alone,)
    parts: list[Part] = []
    open_part: Part | None = None
    for prompt in prompts:
        *before, last = _fit(_part(prompt, capabilities), capabilities.text)
        for part in (*before, last):
            joined = None if open_part is None else _join(open_part, part, capabilities.text)
            if joined is None and open_part is not None:
                parts.append(open_part)
            open_part = joined or part
            if open_part.offers or open_part.wants or open_part.update:
                parts.append(open_part)
                open_part = None
    return tuple([*parts, open_part] if open_part is not None else parts)


def _part(prompt: Prompt, capabilities: Capabilities) -> Part:
    """Give one prompt the form this channel can show."""
    update = prompt.update and capabilities.edits
    if prompt.secret or prompt.quotes:
        plain = structs.replace(prompt, secret=False, quotes=())
        return _part(plain, capabilities)._replace(secret=prompt.secret, quotes=prompt.quotes)
    if not prompt.offers:
        return Part(prompt.text, (), 1, prompt.wants, prompt.state, update)
    form = _form(prompt.offers, capabilities, numbered=prompt.numbered)
    text = _listed(prompt) if form.listed else prompt.text
    if form.shown:
        return Part(text, prompt.offers, form.columns, prompt.wants, prompt.state, update, prompt.tag)
    return Part(text, (), 1, prompt.wants, prompt.state)


@lru_cache(maxsize=1000)
def _form(offers: tuple[Button, ...], capabilities: Capabilities, *, numbered: bool) -> _Form:
    if len(offers) > capabilities.buttons:
        return _Form(shown=False, listed=numbered and not all(button.helper for button in offers), columns=1)
    cut_off = any(len(button.label) > capabilities.label for button in offers)
    return _Form(shown=True, listed=numbered and cut_off, columns=columns(offers))


def _listed(prompt: Prompt) -> str:
    """Return the text with its options numbered below, one a line, ticks shown, helpers left out."""
    options = [button for button in prompt.offers if not button.helper]
    lines = [f"{n} {'✓ ' * button.ticked}{button.label}" for n, button in enumerate(options, 1)]
    return "\n".join([prompt.text, "", *lines] if prompt.text else lines)


def columns(buttons: Sequence[Button]) -> int:
    """Return how many buttons stand in a row: short ones share it, as Yes and No do."""
    if len(buttons) > ROW and all(len(button.label) <= TINY_LABEL for button in buttons[:-1]):
        return TINY_ROW
    short = all(len(button.label) <= SHORT_LABEL for button in buttons)
    if short and len(buttons) > ROW and all(button.helper for button in buttons):
        return PAIR
    return max(1, len(buttons)) if short and len(buttons) <= ROW else 1


def _join(first: Part, second: Part, limit: int) -> Part | None:
    """Return both as one message, or None where they do not fit into one.

    A question is never secret: an answer to it may be changed later, and what was asked is looked up then.
    """
    text = f"{first.text}\n\n{second.text}" if first.text and second.text else first.text or second.text
    secret, state = first.secret or second.secret, second.state or first.state
    if second.update or not fits(text, limit) or (secret and state):
        return None
    return second._replace(text=text, state=state, secret=secret, quotes=(*first.quotes, *second.quotes))


def _fit(part: Part, limit: int) -> list[Part]:
    """Cut a text over the limit; the last piece keeps the buttons."""
    if fits(part.text, limit):
        return [part]
    *before, last = cut(part.text, limit)
    first = Part("", secret=part.secret, quotes=part.quotes)
    return [*(first._replace(text=piece) for piece in before), part._replace(text=last)]
