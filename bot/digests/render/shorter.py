"""A digest that is too long for its page: ever shorter, what changed and what is late last; what is gone is counted."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

from bot.digests.quotes import WITHIN
from bot.digests.render.items import QUOTED
from bot.digests.render.told import page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bot.digests.model import Digest
    from bot.digests.render.told import Stage, Told
    from bot.texts import Texts

Cut: TypeAlias = "Callable[[Told], Told]"
"""Takes one thing out; where it is gone, it changes nothing."""
LETTERS = 100
"""Of a quote where room is short."""
LINES = ("clock", "problems", "gap", "deeds")
"""Items that are lines; stages and what people want are sentences."""


def shorter(digest: Digest, texts: Texts) -> Iterator[Told]:
    """Give the digest a little shorter each time: first without quotes beside themes, then without whole lines.

    How many lines are gone stands first in the foot. The headline, who answered and this week's steps stay.
    """
    brief = [page(digest, texts, WITHIN, LETTERS, brief=True, beside=left) for left in reversed(range(QUOTED))]
    mute = page(digest, texts, 0, brief=True, beside=0)
    first = [*_after(FIRST, brief[-1])]
    bare = replace(first[-1] if first else brief[-1], quotes=(), since=mute.since, more=mute.more)
    for fewer in chain(brief, first, [bare], _after(LAST, bare)):
        left = _lines(brief[-1]) - _lines(fewer)
        yield replace(fewer, foot=(texts.many("digest.foot.left", left), *fewer.foot)) if left else fewer


def _after(cuts: Sequence[Cut], told: Told) -> Iterator[Told]:
    for cut in cuts:
        while (fewer := cut(told)) != told:
            yield (told := fewer)


def _line_of(name: str, least: int) -> Cut:
    """Take the last line of an item until so few are left."""
    return lambda told: replace(told, **{name: getattr(told, name)[: max(least, len(getattr(told, name)) - 1)]})


def _sentences_of(chosen: Callable[[Stage], tuple[str, ...]]) -> Cut:
    """Leave of a stage the chosen sentences, the last stage first."""

    def cut(told: Told) -> Told:
        place = max((n for n, each in enumerate(told.stages) if each.sentences != chosen(each)), default=None)
        if place is None:
            return told
        less = replace(told.stages[place], sentences=chosen(told.stages[place]))
        return replace(told, stages=(*told.stages[:place], less, *told.stages[place + 1 :]))

    return cut


def _settled(told: Told) -> Told:
    return _line_of("deeds", told.late)(told)


def _calm(told: Told) -> Told:
    """Take the last stage that has not moved, as long as it is not the only one."""
    place = max((n for n, each in enumerate(told.stages) if not each.moved), default=None)
    if place is None or len(told.stages) == 1:
        return told
    return replace(told, stages=(*told.stages[:place], *told.stages[place + 1 :]))


def _strength(told: Told) -> Told:
    return replace(told, works="")


FIRST = (_sentences_of(lambda stage: stage.kept), _line_of("gap", 1), _line_of("wanted", 0), _settled)
"""What goes before the last quotes."""
LAST = (
    _line_of("problems", 1),
    _strength,
    _line_of("gap", 0),
    _line_of("clock", 2),
    _calm,
    _line_of("deeds", 2),
    _line_of("problems", 0),
    _line_of("deeds", 1),
    _line_of("clock", 1),
    _sentences_of(lambda stage: stage.kept[:1]),
    _line_of("stages", 1),
    _line_of("deeds", 0),
)
"""What goes after them: what changed and what is late are the last."""


def _lines(told: Told) -> int:
    """Return how many lines there are; of a score and of what people want, sentences."""
    sentences = sum(len(stage.sentences) for stage in told.stages) + sum(len(each.sentences) for each in told.wanted)
    return bool(told.works) + sentences + sum(len(getattr(told, name)) for name in LINES)
