"""When what a round says is counted, and from which answers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.digests.crossed import Part
from bot.digests.findings import Asked, Counts, Turnout, found, told_apart
from bot.digests.weighing import Among
from bot.rounds import organised, record, turnout
from bot.rounds.acting import CLOCK
from bot.rounds.lifecycle import GRACE, OVER, State
from bot.rounds.variables import AREA
from storage import entries, findings, seals, trail
from storage.turnout import speakers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.digests.findings import Findings
    from bot.rounds.library import Library
    from bot.rounds.organised import Group
    from storage.rounds import RoundRow

WEIGHED = ("age", AREA)
"""By what answers may be weighted: by no more than these two, and by nothing of somebody's health or belief."""
PAPER = timedelta(days=14)
"""So long after the last day staff may enter what came on paper, unless the answers are said to be analysed before."""


def due(row: RoundRow, now: datetime) -> bool:
    """Whether the answers of a round are to be counted for everybody: all that count are there."""
    if row.closed_at is None or row.state not in OVER:
        return False
    return now >= row.closed_at + (PAPER if row.state == State.CLOSED else GRACE)


def keep(
    db: Connection, library: Library, row: RoundRow, minimum: int, now: datetime, campaigns: Sequence[Group] = ()
) -> bool:
    """Count a round for good, with who took part, keep it and seal it in the log; return False where that was done.

    `campaigns`: those among its texts, which take a while to seek.
    """
    exact = turnout.count(db, library, row, organised.told(campaigns, 0))
    found = told_apart(count(db, library, row, minimum, now), organised.told(campaigns, minimum))
    told = turnout.who(db, library, row, exact, minimum) if found.people is not None else ()
    new = findings.keep(db, row.id, now, turnout.body(replace(found, who=told), exact))
    if new:
        sealed = seals.handed_in(db, row.id, final=True) | seals.kept(db, row.id)
        trail.add(db, row.id, now, CLOCK, seals.COUNTED, sealed=sealed)
    return new


def count(db: Connection, library: Library, row: RoundRow, minimum: int, now: datetime) -> Findings:
    """Count a round: individuals in the figures; who speaks for many and whoever came late beside them."""
    flow = library.played(db, row).flow
    kept = record.load(row.record)
    titles = {language: record.title(kept, row.title, language) for language in flow.languages}
    apart, voices = library.apart(db, row), library.voices(db, row)
    turnout = Turnout(
        people=findings.people(db, row.id, apart),
        groups=voices.groups,
        heads=voices.heads,
        organisations=len(voices.organisations),
        late=voices.late,
        declared=voices.declared,
    )
    counts = Counts(findings.answered(db, row.id, apart), findings.count(db, row.id, apart))
    asked = Asked(row.code, titles, flow, minimum, library.making("NPS"))
    return found(asked, turnout, counts, now, list(_parts(db, library, row, apart)), _among(db, library, row, apart))


def _among(db: Connection, library: Library, row: RoundRow, apart: list[bytes]) -> Among | None:
    """Return the answers of individuals by age and area, as far as a round asks these and it is known who lives there.

    Residents of groups that nobody can choose weigh nobody.
    """
    margins, known = turnout.margins(db, row), library.variables(db, row)
    asked = [known[name] for name in WEIGHED if name in known and name in margins]
    residents = [{group: count for group, count in margins[each.key].groups.items() if group in each.groups}
                 for each in asked]  # fmt: skip
    if not asked or not all(sum(groups.values()) for groups in residents):
        return None
    items = [each.item for each in asked]

    def chosen(cell: tuple[str, ...]) -> bool:
        return all(group in each.groups for group, each in zip(cell, asked, strict=True))

    return Among(
        by=tuple(each.key for each in asked),
        items=items,
        residents=residents,
        people={cell: count for cell, count in findings.cells(db, row.id, items, apart).items() if chosen(cell)},
        given=[one for one in findings.celled(db, row.id, items, apart) if chosen(one.cell)],
    )


def _parts(db: Connection, library: Library, row: RoundRow, apart: list[bytes]) -> Iterator[Part]:
    """Give the answers of individuals in time; then of each kind that is counted apart, and of those who came late."""
    yield Part(entries.INDIVIDUAL, late=False, given=findings.crossed(db, row.id, apart))
    said = speakers(db, row.id, apart)
    yield Part(entries.DECLARED, late=False, given=findings.crossed_for_many(db, row.id, [*apart, *said]))
    special: defaultdict[tuple[str | None, bool], list[bytes]] = defaultdict(list)
    for who, speaker in said.items():
        special[speaker.kind, False].append(who)
    for who, one in library.entered(db, row).items():
        special[None if one.late else one.kind, one.late].append(who)
    special.pop((entries.INDIVIDUAL, False), None)
    for (kind, late), whose in sorted(special.items(), key=str):
        yield Part(kind, late=late, given=findings.crossed(db, row.id, among=whose))
