"""Which lines of a chat that we show belong to one conversation: they go with it.

Only questions with buttons say whose they are. What is said from one of them to whatever else is asked belongs to it,
and so does every line in which its receipt stands, such as a list of what was answered.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from flows.model import parse_button
from storage.messages import BOT, OWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from storage.messages import Line


PRIVATE = "@private"
"""Begins what is pressed where somebody is asked whether a part of their words shall go: asked beside a question."""


def conversation(lines: Sequence[Line], tag: str, receipt: str, answered: Iterable[datetime]) -> list[int]:
    """Return the numbers of the lines that belong to it, of its earlier passages as well.

    `lines` are those of one chat, in order. An earlier passage had another tag: that of the question last asked before
    one of its answers, which was `answered` the moment its line was written.
    """
    of = _of(lines)
    moments = set(answered)
    tags = {tag, *(by for line, by in zip(lines, of, strict=True) if line.author != BOT and line.at in moments)} - {""}
    turns = {_turn(line) for line, by in zip(lines, of, strict=True) if line.author != BOT and by in tags}
    return [
        line.id
        for line, by in zip(lines, of, strict=True)
        if (by in tags and (_asks(line) or _turn(line) in turns)) or (receipt and receipt in line.body)
    ]


def _of(lines: Sequence[Line]) -> list[str]:
    """Return for each line the tag of the question last asked by then; empty where no session asked it."""
    found, last = [], ""
    for line in lines:
        asked = _asked(line)
        last = last if asked is None else asked
        found.append(last)
    return found


def _asked(line: Line) -> str | None:
    """Return the tag of what a line asks: empty where no session asks it, None where it asks nothing of its own."""
    if line.author != BOT:
        return None
    pressed = [each["data"] for each in json.loads(line.body).get("buttons", ())]
    return next(((parse_button(data) or ("",))[0] for data in pressed if not data.startswith(PRIVATE)), None)


def _asks(line: Line) -> bool:
    return _asked(line) is not None


def _turn(line: Line) -> str:
    """Return what a message and the replies to it have in common."""
    if line.author != BOT:
        return line.key.removeprefix("in:")
    return line.key.removeprefix("out:").removeprefix("web:").removesuffix(OWN).rpartition(".")[0]
