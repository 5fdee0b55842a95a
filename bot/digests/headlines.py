"""Which question of the bank stands for a stage, and which of its answers count as good or bad."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.digests.summarise import Headline
from flows.model import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flows.bank import Bank, Item
    from flows.model import Option

GOOD_FROM, BAD_TO = 4, 2
"""The two best and the two worst of five steps (T2B, POSNEG, NET)."""


def headlines(bank: Bank) -> tuple[Headline, ...]:
    """Return one headline per stage that has a question to predict, in the order of the life cycle."""
    items = {item.stage: item for item in bank.items.values() if item.predict and item.stage}
    return tuple(_headline(items[stage]) for stage in Stage if stage in items)


def good_answers(item: Item) -> list[str]:
    """Return the answers of a question that count as good."""
    return _sides(item, [option for option in item.options if option.id not in item.outside])[0]


def _headline(item: Item) -> Headline:
    out = frozenset(item.outside)
    good, bad = _sides(item, [option for option in item.options if option.id not in out])
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
        net="NET" in item.figures,
    )


def _sides(item: Item, options: list[Option]) -> tuple[list[str], list[str]]:
    """The good answers and the bad ones. Without values the item names its good answers and none is bad."""
    if not any(option.value is not None for option in options):
        return [*item.headline], []
    scored = [(option.id, option.value) for option in options if option.value is not None]
    good = [option for option, value in scored if value >= GOOD_FROM]
    return good, [option for option, value in scored if value <= BAD_TO]


def _labels(item: Item, options: Iterable[str], language: str) -> tuple[str, ...]:
    return tuple(item.label(option, language) for option in options)
