"""What leaves the house of a round's answers: line by line for the team that works on them, in figures for everybody.

For the team: a line for each answer, people under numbers. What they said about themselves is shown as far as at least
the internal minimum of people share it, together with how they answered (`bot.digests.disclosure`, 9); what they wrote,
only where it may be shown to others (`bot.quoting`), unless the team asks for all of it; texts that many sent in nearly
the same words have a number in common.

For publication: the lines that were counted with the findings of a closed round, once and for ever: nothing follows
from comparing two of them. Both have the same columns as far as they can, and both are noted in the round's log.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from bot.channels import ASSISTED
from bot.columns import with_columns
from bot.digests.disclosure import narrowed
from bot.digests.render.sheet import safe
from bot.rounds import organised
from bot.rounds.lifecycle import ended_at
from bot.rounds.whom import ABOUT_YOU
from storage import answers, turnout
from storage.entries import DECLARED, INDIVIDUAL
from storage.turnout import GROUP, NAMED, ROLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import tzinfo

    from sqlalchemy import Connection

    from bot.digests.crossed import Line
    from bot.rounds.library import Library
    from flows.model import Flow
    from storage.answers import AnswerRow
    from storage.entries import Entry
    from storage.rounds import RoundRow

TEAM, PUBLICATION = PURPOSES = ("team", "publication")
_ASKED = ("stage", "flow", "state", "item", "verb", "answer")
_WHO = ("language", "channel", "entry", "kind")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    TEAM: ("person", "day", *_ASKED, "score", "text", "campaign", *_WHO, "heads", "late"),
    PUBLICATION: (*_ASKED, *_WHO, "late", "people"),
}
NOTED = ("exported_team", "exported_text", "exported_public")
"""What the log of a round says: for the team, for the team with every text, for publication."""
HIDDEN = "*"
"""What stands for a fact that is not told."""
IN_TIME, GRACE, LATE = "no", "grace", "yes"
"""Whether somebody came late; `grace`: they had begun before the round closed, and finished shortly after."""
SELF, STAFF = "self", "staff"
"""Who typed an answer."""

Cells = tuple[object, ...]
"""A line of an export, as its columns say."""


class Speaker(NamedTuple):
    """For whom somebody answered, and whether it came after the last day."""

    kind: str = INDIVIDUAL
    heads: int | None = 1
    """None where nobody knows."""
    late: bool = False


ALONE, DECLARING = Speaker(), Speaker(DECLARED, None)


def team(
    db: Connection, library: Library, row: RoundRow, minimum: int, zone: tzinfo, *, every_text: bool
) -> Iterator[Cells]:
    """Give the answers of a round that count, one by one, and then what its flow works out of them.

    Days are those of the city, in `zone`.
    """
    speakers = _speakers(
        library.entered(db, row), turnout.speakers(db, row.id), answers.who_chose(db, row.id, ROLE, [GROUP])
    )
    linked = row.key_sealed is not None
    hidden = _hidden(answers.every(db, row.id), row, speakers, minimum)
    said = answers.every(db, row.id, approved=library.approved)
    shown = (_shown(each, hidden, every_text=every_text) for each in said)
    numbers: dict[bytes, int] = {}
    copies = organised.copies(db, row.id, minimum)
    for each in with_columns(library.played(db, row).flow, shown):
        person = numbers.setdefault(each.pseudonym, len(numbers) + 1)
        campaign = copies.get((each.pseudonym, each.text)) if each.text else None
        voice = _voice(each, row, speakers.get(each.pseudonym, ALONE), linked=linked)
        yield (person, *_line(each, zone), campaign, *voice)


def _speakers(
    entered: Mapping[bytes, Entry], said: Mapping[bytes, turnout.Speaker], many: Iterable[bytes]
) -> dict[bytes, Speaker]:
    """Return who is not simply a person who answered for themselves in time.

    `said`: for whom somebody said first that they answer; `many` said last that they answer for many.
    """
    found = {who: Speaker(one.kind, one.heads) for who, one in said.items()}
    found |= {who: Speaker(one.kind, one.heads, one.late) for who, one in entered.items()}
    return found | {who: DECLARING for who in many if found.get(who, ALONE) == ALONE}


def _line(row: AnswerRow, zone: tzinfo) -> Cells:
    """Return what was asked and answered; the day stands without the hour."""
    answer = "|".join(json.loads(row.choices)) if row.choices else row.choice
    asked = (row.stage, f"{row.flow}@{row.version}", row.state, row.item, row.verb)
    return (row.answered_at.astimezone(zone).date().isoformat(), *asked, _plain(answer), row.score, _plain(row.text))


def _plain(text: str | None) -> str | None:
    return safe(text) if text else text


def _voice(row: AnswerRow, of: RoundRow, speaker: Speaker, *, linked: bool) -> Cells:
    """Return how somebody answered; once the round's key is gone nobody can tell for whom they spoke."""
    came = (row.language, row.channel, _typed(row.channel))
    if not linked:
        return (*came, "", "", "")
    return (*came, speaker.kind, speaker.heads, _late(row, of, speaker))


def _late(row: AnswerRow, of: RoundRow, speaker: Speaker) -> str:
    if speaker.late:
        return LATE
    over = ended_at(of)
    after = over is not None and row.counted_at is not None and row.counted_at > over
    return GRACE if after and row.channel not in ASSISTED else IN_TIME


def _typed(channel: str) -> str:
    return STAFF if channel in ASSISTED else SELF


# --------------------------------------------------------------------------- what people said about themselves


def _about_you(row: AnswerRow) -> bool:
    return (row.item or "").startswith(ABOUT_YOU)


def _hidden(
    rows: Iterable[AnswerRow], of: RoundRow, speakers: Mapping[bytes, Speaker], minimum: int
) -> frozenset[tuple[bytes, str]]:
    """Return whose answers about themselves are hidden, each (pseudonym, state).

    Whoever came again said all that they ever said: each of their answers has a line.
    """
    ways: defaultdict[bytes, set[str]] = defaultdict(set)
    about: defaultdict[bytes, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in rows:
        late = _late(row, of, speakers.get(row.pseudonym, ALONE))
        ways[row.pseudonym] |= {row.channel, row.language, f"late {late}"}
        if _about_you(row):
            about[row.pseudonym][row.state].add(_said(row))
    states = list(dict.fromkeys(state for said in about.values() for state in said))
    facts = {
        who: (
            speakers.get(who, ALONE).kind,
            _together(ways[who]),
            *(_together(said.get(state, ())) for state in states),
        )
        for who, said in about.items()
    }
    told = narrowed(Counter(facts.values()), minimum, given=2)
    names = ("", "", *states)
    every = ((who, zip(names, told[one], strict=True)) for who, one in facts.items())
    return frozenset((who, state) for who, facts_ in every for state, value in facts_ if value is None)


def _said(row: AnswerRow) -> str:
    return row.choices or row.choice or row.text or ("" if row.score is None else str(row.score))


def _together(facts: Iterable[str]) -> str:
    return " ".join(sorted(facts))


def _shown(row: AnswerRow, hidden: frozenset[tuple[bytes, str]], *, every_text: bool) -> AnswerRow:
    """Return an answer as the team may see it."""
    if _about_you(row) and (row.pseudonym, row.state) in hidden:
        return row._replace(choice=None, choices=None, score=None, text=None)
    return row if every_text or row.quotable or row.verb == NAMED else row._replace(text=None)


# --------------------------------------------------------------------------- for everybody


def publication(flow: Flow, stage: str, lines: Iterable[Line]) -> Iterator[Cells]:
    """Give the lines of a publication; what is not told is a star."""
    asked = flow.script(flow.language).states
    for one in lines:
        state = asked[one.state]
        named = (
            stage,
            f"{flow.id}@{flow.version}",
            one.state,
            getattr(state, "item", ""),
            type(state).__name__.lower(),
        )
        entry = None if one.channel is None else _typed(one.channel)
        who = (one.answer, one.language, one.channel, entry, one.kind)
        late = LATE if one.late else IN_TIME
        yield (*named, *(HIDDEN if fact is None else fact for fact in who), late, one.people)
