"""How often the language of a short text is told, where 85 % write in the language of their chat.

Tuned on: how flat the odds are made and how much the chat weighs were chosen on all of these texts, from a coarse grid.
"""

from __future__ import annotations

import csv
import random
from typing import TYPE_CHECKING, NamedTuple

from bot.reading.language import SURE, likely
from tests.evaluate.table import Row, at_least

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

NEEDS = ("text-small",)
OWN = 0.85
BOUNDS = {"sib 8-15": 0.95, "sib 16-30": 0.99, "sib 31-60": 0.99}


class _Told(NamedTuple):
    set: str
    right: bool
    sure: bool


def rows(data: Path, _cache: Path) -> Iterator[Row]:
    """Measure all."""
    with (data / "text-small" / "langid_short_eval_a.csv").open(encoding="utf-8") as lines:
        read = list(csv.DictReader(lines))
    told = list(_told(read, sorted({row["lang"] for row in read})))
    yield at_least("language: all", _share(told), 0.975, f"{len(told)} texts, 14 languages")
    for name, bound in BOUNDS.items():
        some = [each for each in told if each.set == name]
        yield at_least(f"language: {name} letters", _share(some), bound, f"{len(some)} texts")
    sure = [each for each in told if each.sure]
    yield Row("language: right where it is told", f"{_share(sure):.3f}", note=f"{len(sure) / len(told):.0%} are told")


def _told(read: Sequence[dict[str, str]], languages: Sequence[str]) -> Iterator[_Told]:
    chance = random.Random(7)  # noqa: S311 - which chat is the wrong one is no secret
    for row in read:
        others = [each for each in languages if each != row["lang"]]
        chat = row["lang"] if chance.random() < OWN else chance.choice(others)
        chances = likely(row["text"], chat, languages)
        best = max(chances, key=chances.__getitem__)
        yield _Told(row["set"], best == row["lang"], chances[best] >= SURE)


def _share(told: Sequence[_Told]) -> float:
    return sum(each.right for each in told) / len(told)
