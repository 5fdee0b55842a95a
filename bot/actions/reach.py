"""Who raised something, and which of them may be told: only those who agreed, and never one whom it would single out.

Who raised it is found among the pseudonyms of each round; whom that is, only by going through the contacts who agreed
to hear of it. So nobody learns who they are: what comes back is how many, and to whom a message goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from storage import actions, contacts, rounds, themes, wishes
from storage.actions import ASK, CHOSEN, SCORE, THEME, WELL, Link

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from sqlalchemy import Connection

    from bot.channels.base import Capabilities
    from bot.rounds.library import Library
    from storage.actions import Origin
    from storage.contacts import Contact
    from storage.rounds import RoundRow
    from storage.sides import Sides

BATCH = 500
"""Contacts looked at with one statement."""
REST = timedelta(days=30)
"""Nobody is asked back by a service more often than this."""
MAIL = "mail"


@dataclass(frozen=True, slots=True)
class Reach:
    """How far words would go."""

    raised: int | None
    """People who raised it; None where nobody can tell who did."""
    agreed: int
    """Of them, those who agreed to hear of it, or to be asked again."""
    links: tuple[Link, ...]
    """Of those, whom a message goes to: neither STOP nor gone, on a channel there is."""

    @property
    def going(self) -> int:
        """To how many it goes."""
        return len(self.links)

    def single_out(self, minimum: int) -> bool:
        """Whether so few raised it that words to them would tell who they are."""
        return self.raised is not None and self.raised < minimum


NOBODY = Reach(None, 0, ())


def reach(  # noqa: PLR0913, PLR0917 - what decides whom words may go to
    db: Connection,
    library: Library,
    channels: Mapping[str, Capabilities],
    service: str,
    source: str,
    origin: Origin,
    kind: str,
    now: datetime,
    sides: Sides,
) -> Reach:
    """Return whom an action of a kind reaches, by what gave rise to it. `sides`: who of a theme."""
    who = raisers(db, service, source, origin, sides)
    if who is None:
        return NOBODY
    agreed = {one.id: (one, link) for one, link in _agreed(db, library, who, asks=kind == ASK)}
    resting = actions.asked_since(db, service, now - REST) if kind == ASK else set()
    heard = set(channels) - ({MAIL} if kind == ASK else set())
    links = [
        link
        for one, link in agreed.values()
        if one.may_be_written_to and one.channel in heard and one.id not in resting
    ]
    return Reach(sum(map(len, who.values())), len(agreed), tuple(links))


def raisers(db: Connection, service: str, source: str, origin: Origin, sides: Sides) -> dict[int, set[bytes]] | None:
    """Return by round the pseudonyms of those who raised something; None where nobody can tell who did.

    Of a theme, where a side of it is meant, those of that side alone: who praises is not told of what will be mended.
    """
    if source not in {SCORE, THEME, CHOSEN} or not origin.since:
        return None
    since, until = datetime.fromisoformat(origin.since), datetime.fromisoformat(origin.until)
    if source == SCORE:
        return actions.gave(db, service, origin.stage, origin.name, origin.choices, since, until)
    found: dict[int, set[bytes]] = {}
    people = (
        actions.wrote(db, service, origin.answers, since, until)
        if source == CHOSEN
        else _behind(db, origin, since, until, sides)
    )
    for round_id, pseudonym in people:
        found.setdefault(round_id, set()).add(pseudonym)
    return found


def _behind(db: Connection, origin: Origin, since: datetime, until: datetime, sides: Sides) -> set[tuple[int, bytes]]:
    theme = now_in(db, int(origin.name))
    side = themes.of_side(theme, since, until, sides, well=origin.side == WELL) if origin.side else None
    return themes.people_behind(db, theme, since, until, side)


def now_in(db: Connection, theme_id: int) -> int:
    """Return the theme that a theme has gone into meanwhile; itself where it went into none."""
    theme = themes.get(db, theme_id)
    return theme_id if theme is None or theme.merged_into is None else now_in(db, theme.merged_into)


def _agreed(
    db: Connection, library: Library, who: Mapping[int, set[bytes]], *, asks: bool
) -> Iterator[tuple[Contact, Link]]:
    """Give those who raised it and agreed, with the round they raised it in. Without its key a round knows nobody."""
    for row in rounds.by_ids(db, who).values():
        if row.key_sealed is not None:
            ids = _willing(db, library, row, asks=asks)
            yield from ((one, Link(one.id, row.id)) for one in _among(db, library, row, ids, who[row.id]))


def _willing(db: Connection, library: Library, row: RoundRow, *, asks: bool) -> list[int]:
    """Return the contacts who agreed: to be invited again, for a question; to hear the result, for all else.

    Running feedback has no result, so it does not ask for that wish. There whoever lets us write to them again hears.
    """
    if asks:
        return actions.took_part(db, row.id)
    wanted = wishes.of(db, row.id)
    return wanted if _asks_for_wishes(db, library, row) else sorted({*wanted, *actions.took_part(db, row.id)})


def _asks_for_wishes(db: Connection, library: Library, row: RoundRow) -> bool:
    flow = library.whole(db, row)
    return any(getattr(state, "role", None) == "result" for state in flow.script(flow.language).states.values())


def _among(
    db: Connection, library: Library, row: RoundRow, ids: list[int], who: Collection[bytes]
) -> Iterator[Contact]:
    pseudonym = library.pseudonyms(row)
    for n in range(0, len(ids), BATCH):
        found = contacts.by_ids(db, ids[n : n + BATCH]).values()
        yield from (one for one in found if pseudonym(one.address_hash) in who)
