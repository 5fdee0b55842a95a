"""What one answer says of each option, in words short enough to be counted: the ballots of several kinds. Pure.

Of an order each option has its place of how many were put in order (`1/3`), and what stands behind it (`>hours`); of
points divided, how many (`4`); of best and last on cards, `best`, `last` or `shown` for each card it stood on. Counts
of such words add up over people and weeks, and make the figures.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

from flows import cards, points

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

KINDS: Final = ("rank", "allocate", "bestworst")
"""The verbs whose answers are ballots."""
BEST, LAST, SHOWN = "best", "last", "shown"
BEFORE: Final = ">"
"""Before the id of an option that was put behind this one."""


def said(verb: str, kept: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Give each option of one answer, as it is kept, with what was said of it."""
    match verb:
        case "rank":
            yield from _order(kept)
        case "allocate":
            yield from ((option, str(given)) for option, given in points.read(kept).items())
        case "bestworst":
            for card in map(cards.read, kept):
                yield from _card(card)


def _order(kept: Sequence[str]) -> Iterator[tuple[str, str]]:
    yield from ((option, f"{place}/{len(kept)}") for place, option in enumerate(kept, 1))
    yield from ((first, f"{BEFORE}{then}") for first, then in combinations(kept, 2))


def _card(card: cards.Card) -> Iterator[tuple[str, str]]:
    if not card.left_out:
        yield from ((option, _of(card, option)) for option in card.shown)


def _of(card: cards.Card, option: str) -> str:
    return BEST if option == card.best else LAST if option == card.last else SHOWN
