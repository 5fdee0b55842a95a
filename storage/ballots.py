"""Orders, divided points, best and last: how often what was said of an option. Counted here, kept by the week.

Counts as `flows.ballots` words them; everybody's latest answer in a span counts, so that each count is one of people.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from sqlalchemy import and_, bindparam, func, select

from flows.ballots import KINDS, said
from storage.rows import IDS
from storage.tables import answers, week_ballots

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime

    from sqlalchemy import Connection, Select

Tally: TypeAlias = "Counter[tuple[str, str]]"
"""How many people said what of an option, by (option, words); under `EVERYBODY` how many answered at all."""
Question: TypeAlias = tuple[int, str]
"""(round id, state)."""
EVERYBODY: Final = ("", "")


@dataclass(frozen=True, slots=True)
class Told:
    """How many people said this of an option in a question of a round; on several cards, how many times."""

    round_id: int
    state: str
    option: str
    said: str
    people: int


def _latest() -> Select[Any]:
    """The latest answer of each person to each such question in a span."""
    within = and_(
        answers.c.service == bindparam("b_service"),
        answers.c.withdrawn_at.is_(None),
        answers.c.counted_at >= bindparam("b_since"),
        answers.c.counted_at < bindparam("b_until"),
    )
    asked = (answers.c.round_id, answers.c.state, answers.c.pseudonym)
    given = and_(within, answers.c.verb.in_(KINDS), answers.c.choices.is_not(None))
    return select(func.max(answers.c.id).label("id")).where(given).group_by(*asked)


def _alike() -> Select[Any]:
    latest = _latest().subquery()
    columns = (answers.c.round_id, answers.c.state, answers.c.verb, answers.c.choices)
    return select(*columns, func.count()).join(latest, latest.c.id == answers.c.id).group_by(*columns)


def _earliest() -> Select[Any]:
    mine = (answers.c.round_id == bindparam("b_round"), answers.c.state == bindparam("b_state"))
    ids = select(_latest().where(*mine).subquery().c.id)
    found = select(answers.c.pseudonym, answers.c.verb, answers.c.choices).where(answers.c.id.in_(ids))
    return found.order_by(answers.c.counted_at, answers.c.id).limit(bindparam("b_limit"))


_ALIKE: Final = _alike()
_EARLIEST: Final = _earliest()
_OF: Final = select(week_ballots).where(week_ballots.c.week_id.in_(IDS))


def count(db: Connection, service: str, since: datetime, until: datetime) -> tuple[Told, ...]:
    """Count a span from its answers."""
    found: dict[Question, Tally] = {}
    values = {"b_service": service, "b_since": since, "b_until": until}
    for round_id, state, verb, choices, people in db.execute(_ALIKE, values):
        _add(found.setdefault((round_id, state), Counter()), verb, choices, people)
    return tuple(_told(found))


def earliest(
    db: Connection,
    service: str,
    question: Question,
    since: datetime,
    until: datetime,
    limit: int,
    without: Collection[bytes] = (),
) -> Tally:
    """Count the first `limit` people who answered a question in a span; `without` these, as many as they may be."""
    round_id, state = question
    values = {"b_service": service, "b_since": since, "b_until": until, "b_round": round_id, "b_state": state}
    tally: Tally = Counter()
    out = set(without)
    first = db.execute(_EARLIEST, {**values, "b_limit": limit + len(out)})
    for _, verb, choices in islice((row for row in first if row[0] not in out), limit):
        _add(tally, verb, choices, 1)
    return tally


def of_weeks(db: Connection, ids: Iterable[int]) -> dict[int, tuple[Told, ...]]:
    """Return what is kept of these weeks, by their ids."""
    found: dict[int, list[Told]] = {week_id: [] for week_id in ids}
    for row in db.execute(_OF, {"ids": list(found)}):
        found[row[0]].append(Told(*row[1:]))
    return {week_id: tuple(told) for week_id, told in found.items()}


def by_question(told: Iterable[Told]) -> dict[Question, Tally]:
    """Return what was counted, question by question."""
    found: dict[Question, Tally] = {}
    for each in told:
        found.setdefault((each.round_id, each.state), Counter())[each.option, each.said] += each.people
    return found


def _add(tally: Tally, verb: str, choices: str, people: int) -> None:
    tally[EVERYBODY] += people
    for each in said(verb, json.loads(choices)):
        tally[each] += people


def _told(found: dict[Question, Tally]) -> Iterator[Told]:
    for (round_id, state), tally in found.items():
        for (option, words), people in tally.items():
            yield Told(round_id, state, option, words, people)
