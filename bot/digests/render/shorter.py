"""A digest that is too long for its page without quotes and in brief: ever shorter, and what is gone is counted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.digests.render.told import Told
    from bot.texts import Texts

LEAST = (("gap", 1), ("wanted", 0), ("deeds", 0), ("gap", 0), ("stages", 1), ("clock", 1), ("problems", 1))
"""From which item lines go, the last first, until so many are left; in this order."""
WHOLE = ("works", "problems")
"""What goes after them: only very long names ask for it."""


def shorter(told: Told, texts: Texts) -> Iterator[Told]:
    """Give the digest a little shorter each time: first stages keep their headlines alone, then whole lines go.

    How many lines are gone stands first in the foot. The headline, who answered and this week's steps stay.
    """
    bare = told
    for bare in _bare(told):
        yield bare
    for fewer in _fewer(bare):
        left = _lines(told) - _lines(fewer)
        yield replace(fewer, foot=(texts.many("digest.foot.left", left), *fewer.foot))


def _bare(told: Told) -> Iterator[Told]:
    """Leave of each stage its headline, the last stage first."""
    for place in reversed(range(len(told.stages))):
        stage = told.stages[place]
        kept = replace(stage, sentences=stage.sentences[:1])
        told = replace(told, stages=(*told.stages[:place], kept, *told.stages[place + 1 :]))
        yield told


def _fewer(told: Told) -> Iterator[Told]:
    for name, least in LEAST:
        while len(getattr(told, name)) > least:
            told = replace(told, **{name: getattr(told, name)[:-1]})
            yield told
    for name in WHOLE:
        told = replace(told, **{name: getattr(told, name)[:0]})
        yield told


def _lines(told: Told) -> int:
    return bool(told.works) + sum(len(getattr(told, name)) for name in {name for name, _ in LEAST})
