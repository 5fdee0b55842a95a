"""Since when the question that stands for a stage is asked as it is now: weeks before that are not compared.

Whoever answered a round was asked in the words of its version, which never change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from bot.digests import questions
from bot.errors import CivicloopError
from storage import rounds

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from bot.digests.summarise import Headline
    from bot.rounds.library import Library
    from flows.model import Flow
    from storage.rounds import RoundRow

Words: TypeAlias = "Mapping[str, tuple[str, ...]]"
"""By language a question, and what each option says."""


def since(
    db: Connection, library: Library, headlines: Iterable[Headline], asked: Sequence[tuple[str, Collection[int]]]
) -> dict[str, str]:
    """Return by item the first week from which on it was asked as in the last one, where it was asked otherwise before.

    `asked`: weeks, oldest first, with the rounds that somebody answered.
    """
    rows = rounds.by_ids(db, {round_id for _, ids in asked for round_id in ids})
    flows = {round_id: _flow(db, library, row) for round_id, row in rows.items()}
    found: dict[str, str] = {}
    for headline in headlines:
        words = {
            round_id: _words(flow, headline.item)
            for round_id, flow in flows.items()
            if flow is not None and rows[round_id].stage == headline.stage
        }
        if week := _since([(week, [words.get(round_id) or {} for round_id in ids]) for week, ids in asked]):
            found[headline.item] = week
    return found


def _flow(db: Connection, library: Library, row: RoundRow) -> Flow | None:
    """What cannot be read any more is not known to have been asked otherwise."""
    try:
        return library.whole(db, row)
    except CivicloopError:
        return None


def _words(flow: Flow, item: str) -> Words:
    states = flow.script(flow.language).states.values()
    state = next((each.id for each in states if getattr(each, "item", None) == item), None)
    return {} if state is None else questions.wording(flow, state)


def _since(weeks: Iterable[tuple[str, Iterable[Words]]]) -> str:
    heard = [(week, known) for week, words in weeks if (known := [each for each in words if each])]
    if not heard:
        return ""
    week, now = heard.pop()
    for before, then in reversed(heard):
        if not (_all_in(then, now) and _all_in(now, then)):
            return week
        week = before
    return ""


def _all_in(some: Iterable[Words], others: Sequence[Words]) -> bool:
    return all(any(_same(one, other) for other in others) for one in some)


def _same(one: Words, other: Words) -> bool:
    """In each language that both were asked in; where there is none, nothing says otherwise."""
    return all(one[language] == other[language] for language in one.keys() & other.keys())
