"""Which words are quoted: by lot, so that nobody picks what suits; and not only those of the majority. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

SIDES = {"positive": "negative", "negative": "positive"}
WITHIN = 2
"""Among so many quotes one speaks against the majority where there is one: what is cut is cut from the end."""


@dataclass(frozen=True, slots=True)
class Said:
    """A text whose writer agreed to be quoted; `item` and `choice` are this person's answer on the scale before it.

    `key` tells it from every other text, `round_` is the code of its round. `draws` is what its lot is drawn for, where
    that is not the text: the campaign it was sent in.
    """

    week: str
    on: date
    stage: str
    text: str
    item: str = ""
    choice: str = ""
    key: str = ""
    round_: str = ""
    draws: str = ""


def by_lot(said: Iterable[Said], week: str) -> list[Said]:
    """Return texts in an order drawn by lot from round and week: the same for ever, and in nobody's hand.

    The lot of a text does not depend on the others, so one that is deleted changes the order of none. A campaign has
    one lot, however many sent it: else the more send the same words, the surer they come first.
    """
    return sorted(said, key=lambda one: (_lot(one, week), one.key))


def _lot(one: Said, week: str) -> bytes:
    return lot("", week, one.draws) if one.draws else lot(one.round_, week, one.key or one.text)


def lot(round_: str, week: str, key: str) -> bytes:
    """Return the lot of one text in one week."""
    return sha256(f"{round_}/{week}/{key}".encode()).digest()


def same(text: str) -> str:
    """Return what two texts share that say the same: signs, spaces and capitals aside."""
    return " ".join(re.findall(r"\w+", text.casefold())) or text


def once(said: Iterable[Said]) -> list[Said]:
    """Return of texts that say the same the first alone, each in its place."""
    first: dict[str, Said] = {}
    for one in said:
        first.setdefault(same(one.text), one)
    return list(first.values())


def both_sides(voices: Sequence[Said], majority: str, side: Callable[[Said], str]) -> list[Said]:
    """Return the texts with one against the majority among the first two, where anybody spoke against it.

    `side` is what the writer really chose, though a reader may not be told: `positive`, `negative` or anything else.
    """
    other = SIDES.get(majority)
    against = next((voice for voice in voices if side(voice) == other), None)
    if other is None or against is None or against in voices[:WITHIN]:
        return list(voices)
    rest = [voice for voice in voices if voice is not against]
    return [*rest[: WITHIN - 1], against, *rest[WITHIN - 1 :]]
