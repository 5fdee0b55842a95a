"""Who is no voice of one person in the figures of a service: those who answer for many or came late, and campaigns.

They are few beside all others: weeks are counted and kept with everybody, and what these said is looked up by who they
are and taken away whenever a week is read. So nothing kept goes stale, whoever turns out to speak for many.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from sqlalchemy import bindparam, select

from flows.ballots import KINDS, said
from storage import apart
from storage.ballots import EVERYBODY
from storage.rows import IDS, read
from storage.tables import answers, campaign_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.apart import Participation
    from storage.ballots import Told
    from storage.weekly import Count, Figures, People, Span

Counted = TypeVar("Counted", "Count", "Told")

AT_ONCE: Final = 500
"""Pseudonyms looked up with one statement."""


class Given(NamedTuple):
    """One answer that counts."""

    id: int
    round_id: int
    pseudonym: bytes
    stage: str
    state: str
    item: str | None
    verb: str
    choice: str | None
    choices: str | None
    skipped: bool
    channel: str
    counted_at: datetime

    @property
    def who(self) -> Participation:
        """Whose it is."""
        return self.round_id, self.pseudonym


@dataclass(frozen=True, slots=True)
class Beside:
    """Who is left out of the figures of a service, with all that they said.

    `kinds`: who answers for a group or an organisation, or came late: in no figure at all. `sent`: who sent a campaign,
    and when: their scores of that week are in no share.
    """

    kinds: Mapping[Participation, str] = field(default_factory=dict)
    sent: tuple[tuple[Participation, datetime], ...] = ()
    given: tuple[Given, ...] = ()
    """Of all of them, the oldest first."""

    def told(self, span: Span) -> dict[str, int]:
        """Return how many of each kind answered in a span."""
        return dict(Counter(self.kinds[who] for who in {one.who for one in self._apart(span)}))

    def texts(self, span: Span) -> set[int]:
        """Return the free texts of a span that are left out."""
        return {one.id for one in self._apart(span) if one.verb == "ask" and not one.skipped}

    def pseudonyms(self, round_id: int) -> list[bytes]:
        """Return who of a round is in no figure."""
        return [pseudonym for round_, pseudonym in self.kinds if round_ == round_id]

    def senders(self, span: Span) -> set[Participation]:
        """Return who sent a campaign in a span."""
        since, until = span
        return {who for who, at in self.sent if since <= at < until}

    def without(self, span: Span, figures: Figures) -> Figures:
        """Return the figures of a span without them."""
        people = self._people(span)
        return replace(
            figures,
            counts=tuple(_fewer(figures.counts, self._chosen(span), lambda one: (one.stage, one.item, one.choice))),
            people=tuple(_less(one, *people.get((one.round_id, one.channel), (0, 0))) for one in figures.people),
            texts=max(figures.texts - len(self.texts(span)), 0),
        )

    def ballots(self, span: Span, told: Iterable[Told]) -> tuple[Told, ...]:
        """Return what a span says of options without them."""
        latest = {(one.who, one.state): one for one in self._apart(span) if one.verb in KINDS and one.choices}
        fewer: Counter[tuple[int, str, str, str]] = Counter()
        for one in latest.values():
            for option, words in [EVERYBODY, *said(one.verb, json.loads(one.choices or ""))]:
                fewer[one.round_id, one.state, option, words] += 1
        return tuple(_fewer(told, fewer, lambda one: (one.round_id, one.state, one.option, one.said)))

    def before(self, moment: datetime) -> Counter[str]:
        """Return by channel how many are in no figure whose first answer was counted before a moment."""
        return Counter(channel for (_, channel), at in self._firsts().items() if at < moment)

    def _apart(self, span: Span) -> Iterator[Given]:
        since, until = span
        return (one for one in self.given if since <= one.counted_at < until and one.who in self.kinds)

    def _chosen(self, span: Span) -> Counter[tuple[str, str, str]]:
        """How many of them, and of those who sent a campaign in the span, stand behind each count."""
        (since, until), senders = span, self.senders(span)
        latest = {
            (one.who, one.stage, one.item): one.choice
            for one in self.given
            if since <= one.counted_at < until
            and (one.who in self.kinds or one.who in senders)
            and one.item
            and one.choice is not None
            and not one.skipped
        }
        return Counter((stage, item or "", choice or "") for (_, stage, item), choice in latest.items())

    def _people(self, span: Span) -> dict[tuple[int, str], tuple[int, int]]:
        """How many there are of them by round and channel, and how many for the first time."""
        firsts = self._firsts()
        found: dict[tuple[int, str], tuple[int, int]] = {}
        for who, channel in {(one.who, one.channel) for one in self._apart(span)}:
            people, fresh = found.get((who[0], channel), (0, 0))
            found[who[0], channel] = people + 1, fresh + (firsts[who, channel] >= span[0])
        return found

    def _firsts(self) -> dict[tuple[Participation, str], datetime]:
        found: dict[tuple[Participation, str], datetime] = {}
        for one in self.given:
            if one.who in self.kinds:
                found[one.who, one.channel] = min(found.get((one.who, one.channel), one.counted_at), one.counted_at)
        return found


NOBODY: Final = Beside()
_stands = (answers.c.withdrawn_at.is_(None), answers.c.counted_at.is_not(None))
_GIVEN: Final = select(*(answers.c[name] for name in Given._fields)).where(
    answers.c.round_id == bindparam("b_round"), answers.c.pseudonym.in_(IDS), *_stands
)
_SENT: Final = select(answers.c.round_id, answers.c.pseudonym, answers.c.counted_at).where(
    answers.c.id.in_(select(campaign_texts.c.answer_id)),
    answers.c.service.concat("") == bindparam("b_service"),
    *_stands,
)
"""From the few texts of campaigns to the answers: by the index of services all texts of all time would be looked at."""


def look(db: Connection, service: str, entered: Mapping[Participation, str], weeks: Span | None = None) -> Beside:
    """Look up who is left out of the figures of a service; `entered`: whom staff took down as such, or late.

    Who sent campaigns is looked up for these `weeks`, from the first moment to the last; without them for all time.
    """
    said_so = apart.declared(db, answers.c.service.concat("") == service)
    kinds = {**said_so, **apart.kept(db, service=service), **entered}
    within = () if weeks is None else (answers.c.counted_at >= weeks[0], answers.c.counted_at < weeks[1])
    found = db.execute(_SENT.where(*within), {"b_service": service})
    sent = tuple(((round_id, who), at) for round_id, who, at in found)
    if not kinds and not sent:
        return NOBODY
    given = _given(db, {*kinds, *(who for who, _ in sent)})
    return Beside(kinds, sent, tuple(sorted(given)))


def _given(db: Connection, whom: Collection[Participation]) -> Iterator[Given]:
    by_round: dict[int, list[bytes]] = {}
    for round_id, pseudonym in sorted(whom):
        by_round.setdefault(round_id, []).append(pseudonym)
    for round_id, people in by_round.items():
        for at in range(0, len(people), AT_ONCE):
            some = {"ids": people[at : at + AT_ONCE], "b_round": round_id}
            yield from read(Given, db.execute(_GIVEN, some))


def _fewer(counts: Iterable[Counted], fewer: Mapping[Any, int], key: Callable[[Counted], object]) -> Iterator[Counted]:
    for one in counts:
        left = one.people - fewer.get(key(one), 0)
        if left > 0:
            yield replace(one, people=left)


def _less(one: People, people: int, fresh: int) -> People:
    return replace(one, people=max(one.people - people, 0), fresh=max(one.fresh - fresh, 0))
