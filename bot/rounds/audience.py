"""The audience of a round: who is meant, who of them cannot be asked and why, and what became of each.

Before a round opens this is reckoned anew at each look; from then on it is written down, and only what happens changes
it. A look into earlier answers goes by the pseudonyms of rounds whose key still exists, and only of those who agreed to
be invited again.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.digests.disclosure import floored
from bot.rounds import whom as whoms
from bot.rounds.lifecycle import AGREED
from bot.themes.starter import named
from flows.words import fold
from storage import answers, audience, rounds, themes
from storage.audience import ANSWERED, EXCLUDED, FAILED, INVITED, LIST, REST, WAITING, Candidate, Frame, Rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.config import Config
    from bot.rounds.hours import Hours
    from bot.rounds.library import Library
    from bot.rounds.whom import Whom
    from storage.rounds import RoundRow
    from storage.themes import Theme

BATCH = 5000
"""Contacts looked at with one statement."""
AREA = "you.area"
"""The item that asks where somebody lives."""


@dataclass(frozen=True, slots=True)
class Tally:
    """An audience in numbers: everybody is in exactly one of them."""

    waiting: int = 0
    """To be asked."""
    invited: int = 0
    """Asked, and silent so far."""
    answered: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)
    """What the channel said of an invitation that cannot arrive, and how often."""
    excluded: Mapping[str, int] = field(default_factory=dict)
    """Why people are left out (`storage.audience.REASONS`), and how many."""
    step: int = 0
    """All of it in whole steps of so many people, rounded down; 0: exactly."""

    @property
    def people(self) -> int:
        """How many there are: the sum is the audience."""
        return self.waiting + self.invited + self.answered + sum(self.failed.values()) + sum(self.excluded.values())


def reached(config: Config) -> tuple[str, ...]:
    """Return the channels on which this city can write to somebody."""
    found = {"web": True, "telegram": bool(config.telegram.token), "mail": bool(config.mail.host)}
    return tuple(name for name, there in found.items() if there)


def rules(row: RoundRow, channels: Iterable[str], hours: Hours, now: datetime) -> Rules:
    """Return what keeps people from being asked into a round now."""
    return Rules(row.id, row.service, tuple(channels), now - REST, hours.begin(now))


# --------------------------------------------------------------------------- who is meant


def meant(db: Connection, library: Library, row: RoundRow, by: Rules) -> Iterator[list[Candidate]]:
    """Give the contacts that are meant, in groups; a sample in one, drawn from all others that fit.

    Those who cannot be asked are among them, with the reason: whoever draws 500 gets 500 and reads how many of them
    will be left out.
    """
    if row.audience != AGREED:
        return
    whom = whoms.load(row.whom)
    fitting = _fitting(db, library, whom, by)
    if whom.sample is None:
        yield from fitting
    else:
        each = ((whoms.drawn(whom.seed, library.lasting(one.address_hash)), one) for group in fitting for one in group)
        yield sorted(one for _, one in heapq.nsmallest(whom.sample, each))


def _fitting(db: Connection, library: Library, whom: Whom, by: Rules) -> Iterator[list[Candidate]]:
    consenting = whom.looks_into_answers or not (whom.services or whom.stages or whom.languages)
    frame = Frame(whom.services, whom.stages, whom.languages, consenting)
    said = _said(db, library, whom)
    after = 0
    while group := audience.candidates(db, frame, by, after, BATCH):
        after = group[-1].contact_id
        yield [one for one in group if all(has(one.address_hash) for has in said)]


def _said(db: Connection, library: Library, whom: Whom) -> list[Callable[[bytes], bool]]:
    """Return what tells of a hashed address whether its owner said what is looked for, one for each thing."""
    if not whom.looks_into_answers:
        return []
    linked = [
        row
        for row in rounds.linked(db)
        if (not whom.services or row.service in whom.services) and (not whom.stages or row.stage in whom.stages)
    ]
    looked: list[Callable[[RoundRow], set[bytes]]] = []
    if whom.areas:
        looked.append(lambda row: answers.who_chose(db, row.id, AREA, whom.areas))
    if whom.themes:
        sorted_ = _named(db, {row.service for row in linked}, whom.themes)
        looked.append(
            lambda row: (
                _wrote(db, row, whom.themes)
                | _chose(db, library, row, whom.themes)
                | themes.raisers(db, row.id, sorted_[row.service])
            )
        )
    return [_any_of([(library.pseudonyms(row), found) for row in linked if (found := of(row))]) for of in looked]


def _named(db: Connection, services: Iterable[str], words: Sequence[str]) -> dict[str, list[int]]:
    """Return by service the themes of its codebook in use that have one of these names, in any language."""
    wanted = {fold(word) for word in words}
    return {
        service: [each.id for each in themes.codebook(db, service, [themes.CONFIRMED]) if wanted & _names(each)]
        for service in services
    }


def _names(theme: Theme) -> set[str]:
    return {fold(name) for name in named(theme).values()}


def _wrote(db: Connection, row: RoundRow, words: Sequence[str]) -> set[bytes]:
    return {who for who, text in answers.words(db, row.id) if whoms.raises(text, words)}


def _chose(db: Connection, library: Library, row: RoundRow, words: Sequence[str]) -> set[bytes]:
    wanted = whoms.offered(library.played(db, row).flow, words)
    return {who for who, state, options in answers.chosen(db, row.id, wanted) if wanted[state] & options}


def _any_of(known: list[tuple[Callable[[bytes], bytes], set[bytes]]]) -> Callable[[bytes], bool]:
    return lambda address_hash: any(pseudonym(address_hash) in people for pseudonym, people in known)


# --------------------------------------------------------------------------- in numbers


def tally(db: Connection, library: Library, row: RoundRow, by: Rules) -> Tally:
    """Count the audience of a round: as it is written down, and before that as it would be now."""
    counted = Counter(audience.counts(db, row.id))
    if row.drawn_at is None:
        counted -= Counter({(WAITING, ""): counted[WAITING, ""]})
        counted.update(_outcome(reason) for reason in _listed(db, by))
        for group in meant(db, library, row, by):
            in_it = audience.among(db, row.id, [one.contact_id for one in group])
            counted.update(_outcome(one.reason) for one in group if one.contact_id not in in_it)
    return told(counted)


def _outcome(reason: str) -> tuple[str, str]:
    return (EXCLUDED, reason) if reason else (WAITING, "")


def _listed(db: Connection, by: Rules) -> Iterator[str]:
    """Give for each waiting person of a list why they cannot be asked; empty: they can."""
    after = 0
    while group := audience.listed(db, by, BATCH, after):
        after = group[-1].id
        yield from (one.reason for one in group)


def told(counted: Mapping[tuple[str, str], int]) -> Tally:
    """Return counts by (state, reason) as a tally."""
    of = {state: {why: n for (one, why), n in counted.items() if one == state and n} for state in (FAILED, EXCLUDED)}
    plain = {state: sum(n for (one, _), n in counted.items() if one == state) for state in (WAITING, INVITED, ANSWERED)}
    return Tally(**plain, failed=of[FAILED], excluded=of[EXCLUDED])


def step(row: RoundRow, minimum: int) -> int:
    """Return in which steps it may be told how many a round asks: of `minimum` where some are chosen; 0: exactly."""
    return minimum if row.audience == AGREED and whoms.load(row.whom).narrow else 0


def told_of(row: RoundRow, people: int, minimum: int) -> int:
    """Return of how many people of those whom a round asks may be told."""
    return floored(people, step(row, minimum) or 1)


def stepwise(exact: Tally, minimum: int) -> Tally:
    """Return an audience as it may be shown that is chosen among those who agreed.

    Whoever asks for one service, language and word after the other would else learn how few took part or said what.
    """
    failed, excluded = ({why: floored(n, minimum) for why, n in of.items()} for of in (exact.failed, exact.excluded))
    waiting, invited, answered = (floored(n, minimum) for n in (exact.waiting, exact.invited, exact.answered))
    return Tally(waiting, invited, answered, failed=_some(failed), excluded=_some(excluded), step=minimum)


def _some(counts: Mapping[str, int]) -> dict[str, int]:
    return {why: n for why, n in counts.items() if n}


__all__ = ["LIST", "Tally", "meant", "reached", "rules", "step", "stepwise", "tally", "told", "told_of"]
