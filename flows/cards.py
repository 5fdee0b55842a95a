"""Best-worst scaling, case 1: which options stand on which card, and what was said to each. Pure, and without chance.

A session's plan follows from its tag: everybody gets other cards, and always the same ones. Each option stands on
equally many cards. A card done is kept as `shown,shown,shown:best:last`, one left out as `shown,shown,shown::`, one
half done as `shown,shown,shown:best`.
"""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from itertools import combinations
from typing import TYPE_CHECKING

from msgspec import Struct

from flows.model import Answer, Kind
from flows.understood import Fault, Ticked
from flows.words import several, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.model import BestWorst, Message, Option, Script
    from flows.understood import Here, Understood

FEWEST, MOST = 3, 5
"""Options on a card: fewer say little, more are too many to keep in mind."""
_TRIES = 20
"""Orders looked at for one whose cards bring together options that did not meet before."""


class Card(Struct, frozen=True):
    """The options of one card, and the best and the last of them as far as they are known."""

    shown: tuple[str, ...]
    best: str = ""
    last: str = ""

    @property
    def left_out(self) -> bool:
        """Whether nothing was said to it."""
        return not self.best


def plan(question: BestWorst, tag: str) -> list[tuple[str, ...]]:
    """Return the options of each card of the session with this tag."""
    options = [option.id for option in question.options]
    count = _cards_for_all(len(options), question.shows)
    times = max(1, question.cards // count) if count > 1 else 1
    cards: list[tuple[str, ...]] = []
    for turn in range(times):
        orders = [_shuffled(options, f"{tag} {question.id} {turn} {each}") for each in range(_TRIES if cards else 1)]
        cards += min([_dealt(order, count) for order in orders], key=partial(_met, cards))
    return cards


def _cards_for_all(options: int, shows: int) -> int:
    """Return how many cards it takes to show each option once, each card with 3 to 5 where that can be."""
    fewest, most = -(-options // MOST), max(1, options // FEWEST)
    return max(fewest, min(-(-options // shows), most), 1)


def _shuffled(options: Sequence[str], seed: str) -> list[str]:
    """Return the options in an order that follows from `seed` in every version of Python."""
    return sorted(options, key=lambda one: sha256(f"{seed} {one}".encode()).digest())


def _dealt(options: Sequence[str], count: int) -> list[tuple[str, ...]]:
    """Divide options over so many cards, as evenly as can be."""
    return [tuple(options[place::count]) for place in range(count)]


def _met(before: Sequence[tuple[str, ...]], dealt: Sequence[tuple[str, ...]]) -> int:
    """Return how many pairs of options stand together again."""
    known = {pair for card in before for pair in combinations(sorted(card), 2)}
    return sum(pair in known for card in dealt for pair in combinations(sorted(card), 2))


def written(card: Card) -> str:
    """Return a card as it is kept; `read` is the inverse."""
    half = card.best and not card.last
    return ":".join([",".join(card.shown), card.best, *([] if half else [card.last])])


def read(kept: str) -> Card:
    """Return the card that was kept so."""
    shown, best, last = (*kept.split(":"), "", "")[:3]
    return Card(tuple(shown.split(",")), best, last)


def at_hand(question: BestWorst, tag: str, kept: Sequence[str]) -> Card:
    """Return the card that is asked now: the one half done, or the next of the plan."""
    if kept and _is_half(kept[-1]):
        return read(kept[-1])
    cards = plan(question, tag)
    return Card(cards[min(len(kept), len(cards) - 1)])


def done(kept: Sequence[str]) -> tuple[str, ...]:
    """Return the cards that are done with."""
    return tuple(one for one in kept if not _is_half(one))


def _is_half(kept: str) -> bool:
    return kept.count(":") == 1


def options_of(question: BestWorst, card: Card) -> list[Option]:
    """Return the options on a card, in its order."""
    known = {option.id: option for option in question.options}
    return [known[one] for one in card.shown if one in known]


# --------------------------------------------------------------------------- what a message says


def understand(script: Script, question: BestWorst, message: Message, here: Here) -> Understood:
    """Take the best or the last of the card at hand, or both at once, the best first."""
    card = at_hand(question, here.tag, here.picked)
    typed = message.text if message.kind is Kind.TEXT else ""
    match several(script, table(options_of(question, card), script.words), typed):
        case [one]:
            return _on_card(question, card, one, here)
        case [best, last] if best != last:
            return _settled(question, Card(card.shown, best, last), here)
        case _:
            return Fault("bestworst_again")


def tapped(question: BestWorst, option: str, here: Here) -> Understood | None:
    """Take a tap on an option of the card at hand; None for any other."""
    card = at_hand(question, here.tag, here.picked)
    return _on_card(question, card, option, here) if option in card.shown else None


def left_out(question: BestWorst, here: Here) -> Understood:
    """Leave the card at hand out; where no card was answered, the question is skipped with the last."""
    return _settled(question, Card(at_hand(question, here.tag, here.picked).shown), here)


def _on_card(question: BestWorst, card: Card, option: str, here: Here) -> Understood:
    """Take an option for the best, then one for the last; the best once more takes it back."""
    if option == card.best:
        return Ticked(done(here.picked))
    if not card.best:
        return Ticked((*here.picked, written(Card(card.shown, option))))
    return _settled(question, Card(card.shown, card.best, option), here)


def _settled(question: BestWorst, card: Card, here: Here) -> Understood:
    """Go on to the next card, or return the answer that all cards make."""
    kept = (*done(here.picked), written(card))
    if len(kept) < len(plan(question, here.tag)):
        return Ticked(kept, anew=True)
    return Answer(question.id, None if all(read(one).left_out for one in kept) else kept)
