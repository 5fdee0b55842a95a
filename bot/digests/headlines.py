"""Which question of the bank stands for a stage, and which of its answers count as good or bad."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.digests.summarise import Headline
from flows.model import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flows.bank import Bank, Item
    from flows.model import Option

NOT_ASKED = {"ren.told": frozenset({"not_before"})}
"""Answers that say the question does not apply, beside "na": who took no part before is not in the base."""
GOOD_FROM, BAD_TO = 4, 2
"""The two best and the two worst of five steps (T2B, POSNEG, NET)."""


def headlines(bank: Bank) -> tuple[Headline, ...]:
    """Return one headline per stage that has a question to predict, in the order of the life cycle."""
    items = {item.stage: item for item in bank.items.values() if item.predict and item.stage}
    return tuple(_headline(items[stage]) for stage in Stage if stage in items)


def _headline(item: Item) -> Headline:
    out = NOT_ASKED.get(item.id, frozenset())
    good, bad = _sides([option for option in item.options if option.id not in out])
    known = {*good, *bad, *out, "na"}
    return Headline(
        stage=str(item.stage),
        item=item.id,
        positive=frozenset(good),
        neutral=frozenset(option.id for option in item.options if option.id not in known),
        negative=frozenset(bad),
        unknown=frozenset({"na"}),
        good={language: _labels(item, good, language) for language in sorted(item.words)},
        bad={language: _labels(item, bad, language) for language in sorted(item.words)},
        question={language: item.text(language) for language in sorted(item.words)},
    )


def _sides(options: list[Option]) -> tuple[list[str], list[str]]:
    """The good answers and the bad ones. Without values the first answer is the good one and none is bad."""
    if not any(option.value is not None for option in options):
        return [option.id for option in options[:1]], []
    scored = [(option.id, option.value) for option in options if option.value is not None]
    good = [option for option, value in scored if value >= GOOD_FROM]
    return good, [option for option, value in scored if value <= BAD_TO]


def _labels(item: Item, options: Iterable[str], language: str) -> tuple[str, ...]:
    return tuple(item.label(option, language) for option in options)
