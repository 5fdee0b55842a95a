"""Texts of a round that many sent in nearly the same words: how many, from whom, in how many campaigns.

They are told beside what people said and counted apart, and nothing of them is deleted. While a round runs it is known
of the weeks that are over (`bot.digests.apart`); when it is counted for good all its texts are looked at together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from bot.digests.gather import every_nth
from bot.reading.campaigns import SHORTEST, Sent, campaigns
from storage import answers
from storage import campaigns as stored

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from sqlalchemy import Connection


class Group(NamedTuple):
    """One campaign: how many texts, and who sent them."""

    texts: int
    senders: frozenset[Hashable]


@dataclass(frozen=True, slots=True)
class Organised:
    """So many texts of so many people in so many campaigns."""

    campaigns: int = 0
    people: int = 0
    texts: int = 0


def found(db: Connection, round_id: int, minimum: int) -> list[Group]:
    """Seek the campaigns among all texts of a round, of at least `minimum` senders each, the largest first."""
    return [Group(len(each), frozenset(one.sender for one in each)) for each in _sought(db, round_id, minimum)]


def copies(db: Connection, round_id: int, minimum: int) -> dict[tuple[Hashable, str], int]:
    """Return by (pseudonym, text) the number of the campaign that a text of a round was sent in, from 1."""
    each = enumerate(_sought(db, round_id, minimum), 1)
    return {(one.sender, one.text): number for number, group in each for one in group}


def _sought(db: Connection, round_id: int, minimum: int) -> list[list[Sent]]:
    """Return the texts of each campaign; of too many a sample is searched, and what is alike is added.

    Short texts are in one where their senders came in one burst: that was found in the weeks that were searched.
    """
    sent = [Sent(*each) for each in answers.words_of(db, round_id)]
    every, known = every_nth(len(sent)), {one.id: one for one in sent}
    seen = campaigns(sent[::every], minimum, [one for place, one in enumerate(sent) if place % every])
    short: dict[int, list[Sent]] = {}
    for text, campaign in sorted(stored.texts_of_round(db, round_id).items()):
        if text in known and len(known[text].text) < SHORTEST:
            short.setdefault(campaign, []).append(known[text])
    at_once = [each for each in short.values() if len({one.sender for one in each}) >= minimum]
    return sorted([*([known[text] for text in one.messages] for one in seen), *at_once], key=_largest_first)


def _largest_first(group: list[Sent]) -> tuple[int, int, int]:
    return -len({one.sender for one in group}), -len(group), group[0].id


def so_far(db: Connection, round_id: int, minimum: int) -> Organised:
    """Return what is known of the campaigns of a round from the weeks that were searched."""
    groups: dict[int, list[bytes]] = {}
    for campaign, pseudonym in stored.of_round(db, round_id):
        groups.setdefault(campaign, []).append(pseudonym)
    return told((Group(len(who), frozenset(who)) for who in groups.values()), minimum)


def told(groups: Iterable[Group], minimum: int) -> Organised:
    """Count the campaigns of at least `minimum` senders together; who sent two is one person."""
    large = [one for one in groups if len(one.senders) >= minimum]
    people = {sender for one in large for sender in one.senders}
    return Organised(len(large), len(people), sum(one.texts for one in large))
