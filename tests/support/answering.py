"""Many people who have answered a whole round, straight into its answers: chance by a seed."""

from __future__ import annotations

import json
import random
from itertools import starmap
from typing import TYPE_CHECKING

from flows.model import Allocate, Ask, Choose, Number, Pick, Question, Rank, Rate
from storage import answers, rounds
from storage.answers import AnswerRow
from storage.turnout import GROUP, ROLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from typing import Any

    from flows.model import Flow
    from storage.database import Database
    from storage.rounds import RoundRow


def answered(
    database: Database, flow: Flow, code: str, people: int, at: datetime, seed: int = 1, *, for_many: bool = False
) -> None:
    """Let so many people answer all that the round's flow, its texts filled in, asks of them; each counts.

    `for_many`: some of them say that they answer for a group or organisation.
    """
    chance = random.Random(seed)  # noqa: S311 - no secret
    with database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        for person in range(people):
            answers.append(db, list(_said(row, flow, person.to_bytes(16, "big"), at, chance, for_many=for_many)))


def _said(
    row: RoundRow, flow: Flow, who: bytes, at: datetime, chance: random.Random, *, for_many: bool
) -> Iterator[AnswerRow]:
    for state in flow.script(flow.language).states.values():
        if isinstance(state, Question):
            given = _given(state, chance, for_many=for_many)
            facts: dict[str, Any] = {"verb": type(state).__name__.lower(), "item": state.item, **given}
            shared = (row.id, row.service, row.stage, row.flow, row.version, who, state.id)
            verb = facts.pop("verb")
            yield AnswerRow(*shared, verb, flow.language, "web", at, counted_at=at, **facts)


def _given(state: Question, chance: random.Random, *, for_many: bool) -> dict[str, Any]:
    match state:
        case Choose(options=options) | Rate(options=options):
            options = tuple(one for one in options if for_many or (state.item, one.id) != (ROLE, GROUP))
            weights = range(len(options), 0, -1)
            (one,) = chance.choices(options, weights)
            return {"choice": one.id, "score": one.value}
        case Pick(options=options):
            alone = [one.id for one in options if not one.exclusive]
            return {"choices": json.dumps(sorted(chance.sample(alone, min(2, len(alone)))))}
        case Rank(options=options, places=places):
            return {"choices": json.dumps([one.id for one in chance.sample(options, places)])}
        case Allocate(options=options, points=points):
            given = [one.id for one in chance.choices(options, k=points)]
            return {"choices": json.dumps(list(starmap("{}={}".format, ((o.id, given.count(o.id)) for o in options))))}
        case Ask():
            return {"text": "The library is full."}
        case Number():
            return {"score": float(chance.randint(1, 5))}
        case _:
            return {"skipped": True}


CAMPAIGN = "Please keep the old bridge open for everybody who walks to school, and do not sell the land beside it."


def copied(database: Database, code: str, people: Iterable[int], at: datetime, words: str = CAMPAIGN) -> None:
    """Let so many more people send the same words in a round, each under a pseudonym of their own."""
    with database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        asked = (row.id, row.service, row.stage, row.flow, row.version)
        answers.append(
            db,
            [
                AnswerRow(*asked, f"sender-{n}".encode(), "why", "ask", "en", "web", at, counted_at=at, text=words)
                for n in people
            ],
        )
