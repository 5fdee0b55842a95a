"""How much of what a lawful round writes down is there: of twenty fields, from its title to its lessons. Pure.

The twenty follow the principles named in `bot.rounds.legal`. Eleven are needed before the round opens; the others come
while it runs, when it has closed and when it has been decided, so an open round is never complete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.rounds import aims, legal, outcome, record
from bot.rounds.lifecycle import BEGUN, OVER, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.rounds.outcome import Outcome
    from storage.rounds import RoundRow

BEFORE_OPENING = (
    ("topic", "level"),
    ("decision", "decided_on"),
    ("open_points", "fixed_points", "fixed_why"),
    ("influence",),
    ("duty",),
    ("pack", "pack_version", "pack_on", "pack_languages", "easy_read", "pack_options", "pack_costs", "pack_effects"),
    ("affected", "invited", "seldom_heard", "equality"),
    ("length_reason",),
    ("other_ways", "contact_person"),
    ("analysis",),
    ("privacy_version", "dpia"),
)
"""Fields 1 to 11: what of the record has to be filled for each."""
DECIDED = (State.DECIDED, State.REPORTED_BACK, State.ARCHIVED)


def wanted(row: RoundRow) -> bool:
    """Whether there is a duty to consult, so that all of it is wanted."""
    return legal.consults(record.load(row.record))


def fields(row: RoundRow) -> int:
    """Return how many of the twenty fields are complete."""
    said, came = record.load(row.record), outcome.load(row.outcome)
    return sum(all(said.get(name) for name in names) for names in BEFORE_OPENING) + sum(_later(row, said, came))


def _later(row: RoundRow, said: dict[str, Any], came: Outcome) -> Iterator[bool]:
    over = row.state in OVER
    yield row.state in BEGUN  # 12: the log of changes, kept by itself from the first day
    yield over  # 13: answers received
    yield over and bool(aims.load(row.aims).margins)  # 14: who answered, against who is affected
    yield bool(came.issues)  # 15: key issues
    yield bool(came.readings)  # 16: who read which report
    yield came.decision is not None and row.state in DECIDED  # 17: the decision with its reasons
    yield row.reported_at is not None  # 18: the report-back
    yield bool(said.get("feedback_on"))  # 19: the day it is due
    yield bool(came.lessons)  # 20: lessons
