"""What citizens send to play the survey, as Telegram brings it: the same bytes to every contestant.

Everybody sends `/start survey` and answers six questions; one answer in twenty to a question with options is none of
them and is sent again rightly. Citizens talk all at once, in an order drawn with a fixed seed.
"""

from __future__ import annotations

import json
import random
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FILE = Path(__file__).with_name("survey.toml")
SCALES = Path(__file__).parents[2] / "flows" / "items" / "scales.toml"
CODE = "survey"
BATCH = 100
"""Most updates in one answer to getUpdates (Bot API)."""
CHAT = 100_000
"""Chat id of citizen number 0."""
INVALID = 0.05
"""Part of the answers to questions with options that are none of them."""
SEED = 7
TEXTS = (
    "The staff helped me at once.",
    "It took a while, but then it was fine.",
    "The reading room was too loud in the afternoon, so I went home.",
    "Longer opening hours on Saturday would help people who work.",
    "Nothing. Keep it as it is!",
)
WRONG = "What do you mean?"


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the survey; `options` are labels, none where any text is an answer."""

    id: str
    text: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stream:
    """What arrives: answers to getUpdates, how many updates there are in all, and how many of them are answers."""

    batches: tuple[bytes, ...]
    updates: int
    answers: int


@cache
def questions() -> tuple[Question, ...]:
    """Return the survey's questions in the order they are asked."""
    states = tomllib.loads(FILE.read_text(encoding="utf-8"))["states"]
    scales = tomllib.loads(SCALES.read_text(encoding="utf-8"))["scales"]
    return tuple(_question(name, state, scales) for name, state in states.items() if "end" not in state)


def _question(name: str, state: dict[str, Any], scales: dict[str, Any]) -> Question:
    options = state.get("options") or scales.get(state.get("scale", ""), {}).get("options", ())
    text = state.get("choose") or state.get("rate") or state["ask"]
    return Question(name, text, tuple(option["label"] for option in options))


@cache
def ending() -> str:
    """Return the last words of the survey."""
    return str(tomllib.loads(FILE.read_text(encoding="utf-8"))["states"]["thanks"]["end"])


def stream(citizens: int, first: int = 1) -> Stream:
    """Return what citizens number `first` and following send until all have answered."""
    return stream_of(range(first, first + citizens), first)


def stream_of(numbers: Sequence[int], first: int, *, begun: bool = False) -> Stream:
    """Return what these citizens send, in updates that begin with number `first` * 1000; `begun`: after /start."""
    chance = random.Random(SEED + first)  # noqa: S311 - a fixed stream, no secret
    asked = questions()
    talks = [list(_said(asked, chance))[begun:] for _ in numbers]
    turns = [citizen for citizen, talk in enumerate(talks) for _ in talk]
    chance.shuffle(turns)
    lines = [iter(talk) for talk in talks]
    updates = [_update(first * 1000 + n, numbers[citizen], next(lines[citizen])) for n, citizen in enumerate(turns)]
    batches = (updates[at : at + BATCH] for at in range(0, len(updates), BATCH))
    packed = tuple(json.dumps({"ok": True, "result": batch}, separators=(",", ":")).encode() for batch in batches)
    return Stream(packed, len(updates), len(numbers) * len(asked))


def _said(asked: tuple[Question, ...], chance: random.Random) -> Iterator[str]:
    yield f"/start {CODE}"
    for question in asked:
        while question.options and chance.random() < INVALID:
            yield WRONG
        yield chance.choice(question.options or TEXTS)


def _update(number: int, citizen: int, text: str) -> dict[str, Any]:
    """Return an update as Telegram sends it."""
    sender = {"id": CHAT + citizen, "is_bot": False, "first_name": "Citizen", "language_code": "en"}
    chat = {"id": CHAT + citizen, "first_name": "Citizen", "type": "private"}
    message = {"message_id": number, "from": sender, "chat": chat, "date": 1_795_000_000, "text": text}
    if text.startswith("/"):
        message["entities"] = [{"offset": 0, "length": len(text.partition(" ")[0]), "type": "bot_command"}]
    return {"update_id": number, "message": message}
