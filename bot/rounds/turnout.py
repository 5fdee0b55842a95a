"""Who has taken part in a round: counted from what is there, and kept exactly once it is counted for everybody.

When their time is over sessions, keys and answers go, and with them what could be counted anew. What is kept stands
beside the findings in the same row, in figures and for the house alone: pages of the public show what
`bot.digests.findings` makes of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from bot.digests import representation
from bot.digests.disclosure import steps
from bot.digests.findings import Group, Who
from bot.errors import CivicloopError
from bot.rounds import aims
from bot.rounds.margins import Margin
from bot.rounds.organised import Organised
from bot.rounds.variables import AREA, LANGUAGE
from storage import answers, findings, rounds, sessions, turnout
from storage import margins as kept_margins
from storage.entries import Voices  # noqa: TC001 - msgspec reads the annotations
from storage.turnout import Way  # noqa: TC001 - msgspec reads the annotations

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.digests.findings import Findings
    from bot.rounds.library import Library
    from bot.rounds.variables import Variable
    from storage.rounds import RoundRow

CHANNEL = "channel"
NONE = Organised()


@dataclass(frozen=True, slots=True)
class Kept:
    """Who took part, exactly, as it was when it was counted."""

    voices: Voices
    ways: Mapping[str, Way]
    """By language."""
    people: Mapping[str, Mapping[str, int]]
    """Individuals by group, of each variable."""
    channels: Mapping[str, int]
    invited: Mapping[str, int]
    """How many were written to, by what for."""
    statuses: Mapping[str, int]
    """How many passages there were, by how they ended."""
    answered: int
    organised: Organised = NONE
    """Texts of campaigns; rounds counted by earlier versions have none."""


@dataclass(frozen=True, slots=True)
class _Beside:
    """What of a row of findings is not for everybody; rounds counted by earlier versions have none."""

    house: Kept | None = None


def kept(db: Connection, round_id: int) -> Kept | None:
    """Return who took part in a round as it was counted; None: it has not been counted yet."""
    body = findings.get(db, round_id)
    house = None if body is None else msgspec.json.decode(body, type=_Beside).house
    return None if house is None else _figures(house)  # earlier versions kept names; their rows are sealed as they are


def body(found: Findings, beside: Kept) -> str:
    """Return findings as they are kept, with who took part beside them."""
    return msgspec.json.encode({**msgspec.to_builtins(found), "house": _figures(beside)}, order="sorted").decode()


def _figures(beside: Kept) -> Kept:
    """Leave out the names of organisations: somebody said them, and whoever deletes what they said takes them along."""
    return replace(beside, voices=beside.voices.named())


def voices(db: Connection, library: Library, row: RoundRow, beside: Kept | None) -> Voices:
    """Return who has finished a round, as it was kept where it was; names only of organisations still known."""
    if beside is None:
        return library.voices(db, row)
    one = beside.voices
    return one.named(library.voices(db, row).organisations) if one.organisations else one


def individuals(db: Connection, library: Library, row: RoundRow, beside: Kept | None) -> int:
    """Count whose answers are one person's, and not counted apart: of groups, organisations, or late."""
    if beside is None:
        return turnout.individuals(db, row.id, library.apart(db, row))
    one = beside.voices
    return max(beside.answered - one.groups - len(one.organisations) - one.declared - one.late, 0)


def count(db: Connection, library: Library, row: RoundRow, organised: Organised) -> Kept:
    """Count who has taken part by now; `organised`: the texts of its campaigns."""
    apart = library.apart(db, row)
    return Kept(
        voices=library.voices(db, row),
        ways=turnout.ways(db, row.id),
        people=counted(db, library, row, library.variables(db, row)),
        channels=turnout.channels(db, row.id, apart),
        invited=rounds.invited(db, row.id),
        statuses=sessions.counts(db, row.id),
        answered=answers.handed_in(db, [row.id]).get(row.id, 0),
        organised=organised,
    )


def live(
    db: Connection, library: Library, row: RoundRow, known: Mapping[str, Variable], minimum: int
) -> dict[str, dict[str, int]]:
    """Count by every variable the individuals who may be told of while others still come: whole steps, one step behind.

    How many have come is known at each moment: of everybody a look before and one after somebody would tell of them.
    """
    apart = library.apart(db, row)
    told = steps(turnout.individuals(db, row.id, apart), minimum)
    if not told:
        return {name: dict.fromkeys(each.groups, 0) for name, each in known.items()}
    return counted(db, library, row, known, turnout.came(db, row.id, told, apart))


def begun(db: Connection, row: RoundRow, ways: Mapping[str, Way], minimum: int) -> dict[str, Way]:
    """Return the same ways, begun by whom it may be told of while others still begin: whole steps, one step behind."""
    told = steps(sum(way.started for way in ways.values()), minimum)
    began = turnout.begun(db, row.id, told) if told else {}
    return {language: way._replace(started=began.get(language, 0)) for language, way in ways.items()}


def counted(
    db: Connection, library: Library, row: RoundRow, known: Mapping[str, Variable], until: datetime | None = None
) -> dict[str, dict[str, int]]:
    """Count individuals by every variable, exactly; `until`: of those who had come by then."""
    apart = library.apart(db, row)
    items = [each.item for each in known.values() if each.item]
    states = [each.state for each in known.values() if each.state]
    chosen = turnout.choices(db, row.id, items, states, apart, until)
    spoken = turnout.languages(db, row.id, apart, until)
    return {
        name: {
            group: spoken.get(group, 0) if name == LANGUAGE else chosen.get((each.item or each.state, group), 0)
            for group in each.groups
        }
        for name, each in known.items()
    }


def margins(db: Connection, row: RoundRow | None) -> dict[str, Margin]:
    """Return who lives in the city; of a round what it goes by: its own numbers before the city's, at last alone."""
    own = aims.load(row.aims) if row is not None else aims.Aims()
    if own.settled:
        return dict(own.margins)
    city = {each.variable: Margin(each.variable, json.loads(each.groups), each.source, each.valid_on)
            for each in kept_margins.every(db)}  # fmt: skip
    return {**city, **own.margins}


def settle(db: Connection, library: Library, row: RoundRow) -> Mapping[str, tuple[Any, Any]]:
    """Keep with a round that closes who lives there as it goes by it; return what is new, as a trail keeps it.

    What is said of the city afterwards is for later rounds. Of the city only what the round asks its people is kept.
    """
    before, found = aims.load(row.aims), margins(db, row)
    with suppress(CivicloopError):  # its questions are not those that were signed: all of it
        asked = library.variables(db, row)
        if library.serves(row):  # of a service that is gone nobody knows any more what it asks: all of it
            found = {name: each for name, each in found.items() if name in asked or name in before.margins}
    after = replace(before, margins=found, settled=True)
    rounds.change(db, row.id, aims=aims.dump(after))
    return aims.changes(before, after)


# --------------------------------------------------------------------------- for everybody


def who(db: Connection, library: Library, row: RoundRow, exact: Kept, minimum: int) -> tuple[Who, ...]:
    """Return who answered beside who lives there, and over which channels, as everybody may know it."""
    known, residents = library.variables(db, row), margins(db, row)
    usual = {AREA, LANGUAGE, *residents}
    shown = [each for name, each in known.items() if name in usual and len(each.groups) > 1]
    languages = library.played(db, row).flow.languages
    tables = [_who(each, exact.people[each.key], residents.get(each.key), minimum, languages) for each in shown]
    return (*tables, *_channels(exact.channels, minimum))


def _who(
    variable: Variable, people: Mapping[str, int], margin: Margin | None, minimum: int, languages: Sequence[str]
) -> Who:
    found = representation.represent(people, representation.parts(margin.groups) if margin else {}, minimum, down=True)
    groups = tuple(
        Group(
            one.group,
            {language: variable.label(one.group, language) for language in languages},
            one.answers,
            None if one.share is None else representation.per_hundred(one.share),
            None if one.residents is None else representation.per_hundred(one.residents),
        )
        for one in found.standings
    )
    asked = variable.question if isinstance(variable.question, Mapping) else dict.fromkeys(languages, variable.question)
    source = (margin.source, margin.on) if margin else ("", "")
    return Who(variable.key, {one: text for one, text in asked.items() if text}, groups, *source)


def _channels(people: Mapping[str, int], minimum: int) -> list[Who]:
    found = representation.represent(dict(sorted(people.items())), {}, minimum, down=True)
    shares = (None if one.share is None else representation.per_hundred(one.share) for one in found.standings)
    groups = [Group(one.group, {}, one.answers, share) for one, share in zip(found.standings, shares, strict=True)]
    return [Who(CHANNEL, {}, tuple(groups))] if groups else []
