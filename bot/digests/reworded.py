"""Since when the question that stands for a stage is asked as it is now: weeks before that are not compared.

Whoever answered a round was asked in the words of its version, which never change. Where a week has two wordings and
the weeks before had one of them, those who were asked in that one are compared with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from bot.digests import questions
from bot.errors import CivicloopError
from storage import rounds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from bot.digests.summarise import Headline
    from bot.rounds.library import Library
    from flows.model import Flow
    from storage.rounds import RoundRow

Words: TypeAlias = "Mapping[str, tuple[str, ...]]"
"""By language a question, and what each option says."""
PART = 0.1
"""Part of a week's people from which on the words in which they were asked count."""


@dataclass(frozen=True, slots=True)
class Otherwise:
    """That a question was asked otherwise before."""

    since: str
    """The first week from which on it was asked as in the last one."""
    alike: frozenset[int] = frozenset()
    """Rounds that asked it in the last week in the one wording of the weeks before, beside others; none otherwise."""
    alike_since: str = ""
    """The first of those weeks, as far as it is known."""


def since(
    db: Connection,
    library: Library,
    headlines: Iterable[Headline],
    asked: Sequence[tuple[str, Mapping[int, int]]],
    minimum: int,
) -> dict[str, Otherwise]:
    """Return by item since when it was asked as in the last week, where it was asked otherwise before.

    `asked`: weeks, oldest first, with the people who answered in each round. Words in which fewer than the `minimum`
    of them were asked, or under a tenth, change no figure of a week: they are not looked at.
    """
    rows = rounds.by_ids(db, {round_id for _, ids in asked for round_id in ids})
    flows = {round_id: _flow(db, library, row) for round_id, row in rows.items()}
    found: dict[str, Otherwise] = {}
    for headline in headlines:
        words = {
            round_id: _words(flow, headline.item)
            for round_id, flow in flows.items()
            if flow is not None and rows[round_id].stage == headline.stage
        }
        weeks = [
            (week, [(known, people) for round_id, people in by_round.items() if (known := words.get(round_id))])
            for week, by_round in asked
        ]
        weighty = [(week, _weighty(heard, minimum)) for week, heard in weeks]
        if week := _since(weighty):
            last = asked[-1][1] if asked[-1][0] == week else {}
            found[headline.item] = _otherwise(week, weighty, {one: words.get(one, {}) for one in last})
    return found


def _otherwise(since: str, weeks: Sequence[tuple[str, Sequence[Words]]], last: Mapping[int, Words]) -> Otherwise:
    """`last`: what each round of the last week asked, where that week is the first of its kind."""
    heard = [(week, words) for week, words in weeks[:-1] if words]
    then = heard[-1][1] if heard else []
    if not last or not _all_in(then, then[:1]) or not _all_in(then, weeks[-1][1]):
        return Otherwise(since)
    alike = frozenset(round_id for round_id, words in last.items() if words and _same(words, then[0]))
    return Otherwise(since, alike, _since(heard))


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


def _weighty(heard: Sequence[tuple[Words, int]], minimum: int) -> list[Words]:
    """Return the words in which enough people of a week were asked; all, where in none; none of a week not told of."""
    everybody = sum(people for _, people in heard)
    if everybody < minimum:
        return []
    by_words = [(words, sum(people for other, people in heard if _same(words, other))) for words, _ in heard]
    weighty = [words for words, people in by_words if people >= max(minimum, everybody * PART)]
    return weighty or [words for words, people in heard if people]


def _since(weeks: Iterable[tuple[str, Sequence[Words]]]) -> str:
    heard = [(week, words) for week, words in weeks if words]
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
