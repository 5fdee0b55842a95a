"""Which groups of residents a service hears too little from, in the rounds that are open.

Reckoned only where somebody has said who lives there: to count people by group costs a look at every answer.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bot.digests.model import Missing
from bot.digests.representation import NAMED, most_missing, parts, represent
from bot.rounds import aims, variables
from bot.rounds.lifecycle import RUNNING
from bot.rounds.variables import LANGUAGE
from bot.texts import languages
from storage import margins, rounds, turnout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from bot.config import Config
    from bot.digests.representation import Representation, Standing
    from bot.rounds.library import Library
    from bot.rounds.variables import Variable
    from flows.bank import Bank
    from storage.rounds import RoundRow


def unheard(db: Connection, library: Library, config: Config, bank: Bank, service: str) -> tuple[Missing, ...]:
    """Return the groups that most answers are missing of, of all open rounds of a service; each once."""
    city = {each.variable: json.loads(each.groups) for each in margins.every(db)}
    found: dict[tuple[str, str], tuple[Variable, Standing]] = {}
    for row in rounds.find(db, services=[service], states=RUNNING):
        own = {name: each.groups for name, each in aims.load(row.aims).margins.items()}
        if residents := {**city, **own}:
            asked = variables.of_round(library.played(db, row).flow, config.service(service), config, bank)
            known = {name: each for name, each in asked.items() if name in residents}
            tables = _tables(db, library, row, known, residents, config.digest.minimum_cell)
            for name, standing in most_missing(tables):
                found.setdefault((name, standing.group), (asked[name], standing))
    worst = sorted(found.values(), key=lambda each: -each[1].gap)[:NAMED]
    return tuple(_missing(variable, standing) for variable, standing in worst)


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
    names = {language: variable.label(standing.group, language) for language in languages()}
    return Missing(variable.key, names, standing.ratio or 0.0)
