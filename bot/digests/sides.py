"""What decides on which side of a digest somebody's words stand: the question they answer, else a score."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from bot.digests.headlines import good_answers, headlines
from bot.errors import Refused, Trouble
from bot.rounds.lifecycle import BEGUN
from flows.model import Ask
from storage import rounds
from storage.sides import Sides

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from bot.rounds.library import Library
    from flows.bank import Bank
    from storage.rounds import RoundRow
    from storage.weekly import Span


def of_bank(bank: Bank) -> Sides:
    """Return what the bank says of it. Words that explain nothing go by a score that can be bad."""
    scored = [headline for headline in headlines(bank) if headline.negative]
    good = {(headline.item, choice) for headline in scored for choice in headline.positive}
    reasons = {item.id: item for item in bank.items.values() if item.explains in bank.items}
    for item in reasons.values():
        why = bank.items[item.explains]
        good |= {(why.id, choice) for choice in item.works_if or good_answers(why)}
    return Sides(
        good=frozenset(good),
        scores=frozenset(headline.item for headline in scored),
        asked={item.id: item.side for item in bank.items.values() if item.side},
        explains={name: item.explains for name, item in reasons.items()},
    )


def of_service(db: Connection, library: Library, bank: Bank, service: str, span: Span) -> Sides:
    """Return what decides it in the rounds of a service that ran in a span: what their flows say goes before."""
    known = of_bank(bank)
    ran = [row for row in rounds.find(db, services=[service], states=BEGUN) if _ran(row, span)]
    own = {
        (row.id, state.id): state.side
        for row in ran
        for state in _asking(db, library, row)
        if state.side and state.side != known.asked.get(state.item or "")
    }
    return Sides(known.good, known.scores, known.asked, known.explains, own)


def _ran(row: RoundRow, span: Span) -> bool:
    since, until = span
    return (row.opened_at or row.created_at) < until and (row.closed_at is None or row.closed_at >= since)


def _asking(db: Connection, library: Library, row: RoundRow) -> Iterator[Ask]:
    """Give the questions of a round that ask for words; none where its flow can be read no more."""
    with suppress(Refused, Trouble):
        flow = library.whole(db, row)
        yield from (one for one in flow.script(flow.language).states.values() if isinstance(one, Ask))
