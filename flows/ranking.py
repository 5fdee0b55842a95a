"""The best few options in order: what taps and typed messages make of it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.model import Answer, Kind
from flows.understood import Fault, Ticked
from flows.words import label_of, several

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.model import Message, Rank, Script
    from flows.understood import Understood


def understand(script: Script, question: Rank, message: Message) -> Understood:
    """Take a whole order, best first: "2, 1, 3", "online > hours"."""
    typed = message.text if message.kind is Kind.TEXT else ""
    order = several(script, script.tables[question.id], typed)
    return finished(question, order) if order else Fault("rank_again", {"example": example(question)})


def tapped(question: Rank, option: str, order: Sequence[str]) -> Ticked | Fault:
    """Put an option on the next place, or take it out: those behind it move up."""
    if option in order:
        return Ticked(tuple(one for one in order if one != option))
    if len(order) >= question.places:
        return Fault("pick_too_many", {"most": question.places})
    return Ticked((*order, option))


def finished(question: Rank, order: Sequence[str]) -> Understood:
    """Return the answer that this order is, or what is wrong with it."""
    least = min(question.least, question.places)
    if repeated := next((one for one in order if order.count(one) > 1), None):
        return Fault("rank_twice", {"label": label_of(question.options, repeated)})
    if len(order) < least:
        return Fault("pick_too_few", {"least": least})
    if len(order) > question.places:
        return Fault("pick_too_many", {"most": question.places})
    return Answer(question.id, tuple(order))


def example(question: Rank) -> str:
    """Return an order that would be taken, by number: `2, 1, 3`."""
    numbers = (2, 1, *range(3, question.places + 1))[: question.places]
    return ", ".join(map(str, numbers))
