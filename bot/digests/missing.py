"""Which groups of residents a service hears from, and from which too little, in the rounds that are open.

Reckoned only where somebody has said who lives there: to count people by group costs a look at every answer.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bot.digests.model import Group, Missing
from bot.digests.representation import Verdict, most_missing, parts, per_hundred, represent
from bot.rounds import aims
from bot.rounds.lifecycle import RUNNING
from bot.rounds.variables import LANGUAGE
from bot.texts import languages
from storage import margins, rounds, turnout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import Connection

    from bot.config import Config
    from bot.digests.representation import Representation, Standing
    from bot.rounds.library import Library
    from bot.rounds.variables import Variable
    from storage.rounds import RoundRow


def unheard(
    db: Connection, library: Library, config: Config, service: str
) -> tuple[tuple[Missing, ...], tuple[Group, ...]]:
    """Return the groups that are most missing in the open rounds of a service; and all groups.

    A variable that several rounds ask for is told of the round with most answers to it.
    """
    compared: dict[str, tuple[Variable, Representation]] = {}
    for asked, tables in _looked(db, library, config, service):
        for name, table in tables.items():
            if name not in compared or (table.base or 0) > (compared[name][1].base or 0):
                compared[name] = (asked[name], table)
    worst = most_missing({name: table for name, (_, table) in compared.items()})
    return tuple(_missing(compared[name][0], each) for name, each in worst), tuple(_groups(compared.values()))


def resting(db: Connection, library: Library, service: str) -> set[str]:
    """Return the codes of the rounds that `unheard` leaves out: nobody may be asked them, they were altered."""
    city = margins.every(db)
    found = rounds.find(db, services=[service], states=RUNNING)
    return {row.code for row in found if (city or aims.load(row.aims).margins) and not library.asks(db, row)}


def _looked(
    db: Connection, library: Library, config: Config, service: str
) -> Iterator[tuple[Mapping[str, Variable], Mapping[str, Representation]]]:
    """Give for each open round what it asks people about themselves, and how each group stands."""
    city = {each.variable: json.loads(each.groups) for each in margins.every(db)}
    for row in rounds.find(db, services=[service], states=RUNNING):
        own = {name: each.groups for name, each in aims.load(row.aims).margins.items()}
        residents = {**city, **own}
        if residents and library.asks(db, row):
            asked = library.variables(db, row)
            known = {name: each for name, each in asked.items() if name in residents}
            yield asked, _tables(db, library, row, known, residents, config.digest.minimum_cell)


def _groups(compared: Iterable[tuple[Variable, Representation]]) -> Iterator[Group]:
    for variable, table in sorted(compared, key=lambda each: (not each[1].missing, each[0].key)):
        told = [each for each in table.standings if each.verdict is not Verdict.UNTOLD]
        yield from (_group(variable, each) for each in told)


def _group(variable: Variable, each: Standing) -> Group:
    answered = None if each.share is None else per_hundred(each.share)
    return Group(variable.key, _names(variable, each), answered, per_hundred(each.residents or 0.0))


def _names(variable: Variable, each: Standing) -> dict[str, str]:
    return {language: variable.label(each.group, language) for language in languages()}


def _tables(
    db: Connection,
    library: Library,
    row: RoundRow,
    asked: Mapping[str, Variable],
    residents: Mapping[str, Mapping[str, float]],
    minimum: int,
) -> dict[str, Representation]:
    apart = library.apart(db, row)
    items = [each.item for each in asked.values() if each.item]
    states = [each.state for each in asked.values() if each.state]
    chosen = turnout.choices(db, row.id, items, states, apart)
    spoken = turnout.languages(db, row.id, apart) if LANGUAGE in asked else {}
    people = {
        name: {
            group: spoken.get(group, 0) if name == LANGUAGE else chosen.get((each.item or each.state, group), 0)
            for group in each.groups
        }
        for name, each in asked.items()
    }
    return {name: represent(people[name], parts(residents[name]), minimum) for name in asked}


def _missing(variable: Variable, standing: Standing) -> Missing:
    return Missing(variable.key, _names(variable, standing), standing.ratio)
