"""What can be seen of rounds: their facts, their counts, what they still need, what was done to them.

The command line, the pages and the chat look at the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby, takewhile
from typing import TYPE_CHECKING, Any

from bot import rights
from bot.digests import polls
from bot.digests.findings import load as load_findings
from bot.digests.results import result
from bot.digests.weeks import Week
from bot.errors import CivicloopError, Refused, Trouble
from bot.rights import Right
from bot.rounds import audience as audiences
from bot.rounds import (
    example,
    foreseen,
    legal,
    links,
    outcome,
    places,
    promise,
    record,
    report_back,
    turnout,
    whom,
    wording,
)
from bot.rounds.advice import advice
from bot.rounds.foreseen import Foreseen
from bot.rounds.hours import Hours
from bot.rounds.invitations import rested
from bot.rounds.lately import Lately
from bot.rounds.library import sketch
from bot.rounds.lifecycle import AGREED, BEGINNING, BEGUN, LINK, LISTED, RUNNING, State, closed_on
from bot.rounds.sending import Plan, sending
from bot.rounds.tongues import in_language, lacking
from bot.texts import own_name
from flows.changes import changes
from flows.speak import shortened
from flows.words import fold
from storage import answers, findings, flow_versions, moves, people, report_drafts, rounds, sessions, trail, wishes
from storage import audience as kept_audience
from storage import places as kept_places
from storage.audience import ANSWERED, INVITED, RETURNED, UNASKED
from storage.people import Role
from storage.trail import Heard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.compose import Part
    from bot.config import Config
    from bot.digests.findings import Findings
    from bot.digests.results import Result
    from bot.rounds.advice import Advice
    from bot.rounds.audience import Tally
    from bot.rounds.foreseen import Unsaved
    from bot.rounds.legal import Length
    from bot.rounds.library import Library
    from bot.rounds.outcome import Outcome
    from bot.rounds.places import PlaceView
    from bot.rounds.record import Fault, Need
    from bot.rounds.sending import Sending
    from bot.rounds.tongues import Text
    from bot.rounds.whom import Whom
    from flows.catalog import Catalog
    from flows.issues import Issue
    from flows.model import Flow
    from storage.audience import Rules
    from storage.database import Database, Ongoing
    from storage.entries import Voices
    from storage.flow_versions import FlowVersion
    from storage.people import Person
    from storage.rounds import RoundRow
    from storage.sealing import Keys
    from storage.trail import Entry, Proof

ENTERED = "entered"
"""What the log of a round says of answers that staff take down."""
CHANGES = frozenset({"changed", "extended"})
"""What its log says of acts that change what was signed, while a round has not begun."""
ASKING = (State.SCHEDULED, *RUNNING)
"""States of rounds that need their flow."""
_LONGEST_QUOTE = 160


@dataclass(frozen=True, slots=True)
class RoundView:
    """One round as pages and the command line show it."""

    code: str
    service: str
    stage: str
    flow: str
    version: int
    title: str
    state: str
    audience: str
    record: Mapping[str, object]
    opens_at: datetime | None
    opened_at: datetime | None
    closes_at: datetime | None
    closed_at: datetime | None
    report: Mapping[str, str]
    whom: Whom
    spread_hours: int | None
    remind_at: datetime | None
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A round that lacking nothing but a second signature: who has written it, by name, and who may sign it, by id."""

    writers: tuple[str, ...]
    signers: frozenset[int]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a flow, and the rounds that ask it now or are about to."""

    number: int
    kept: FlowVersion | None
    """None: no round has opened with it."""
    rounds: tuple[RoundView, ...]

    @property
    def retired_at(self) -> datetime | None:
        """Since when no new round opens with it."""
        return self.kept.retired_at if self.kept else None


@dataclass(frozen=True, slots=True)
class Counts:
    """A round in numbers: persons and answers that count, never answers of persons."""

    invited: int
    started: int
    active: int
    finished: int
    answers: int
    moves: Mapping[tuple[str, str], int]
    told: int = 0
    """To how many the result was sent."""
    clear: int = 0
    """How many of them said that it was clear."""
    partly: int = 0
    """How many said that it was in part."""
    unclear: int = 0
    dropped: int = 0
    """Began, are not in the middle of it any more, and have never finished."""
    individuals: int = 0
    """How many of those with answers that count are counted as people, and not apart."""
    over: bool = False
    """Whether the round is closed for people; once it is counted, nobody is in the middle of it any more."""


class Looking:
    """The rounds of an installation, to look at. Synchronous; each look is one consistent picture."""

    def __init__(
        self,
        config: Config,
        database: Database,
        keys: Keys,
        catalog: Catalog,
        library: Library,
        clock: Callable[[], datetime],
        mint: Callable[[], str],
    ) -> None:
        self._config = config
        self._database: Database | Ongoing = database
        self._keys = keys
        self._catalog = catalog
        self._library = library
        self._clock = clock
        self._mint = mint
        self.operator: str | None = None
        """The account at whose command line everything is done; None: it is done elsewhere."""
        self.username: Callable[[], str | None] = lambda: None
        """The bot's name on Telegram, once it is known."""
        self._lately: Lately[Any] = Lately()
        self.channels = audiences.reached(config)
        """Where this city can write to somebody."""

    def services(self) -> list[str]:
        """Return the services there are, and those no longer set up that have rounds."""
        with self._database.reading() as db:
            return list(dict.fromkeys([*(one.key for one in self._config.services), *rounds.services(db)]))

    def listed(self, services: Sequence[str] | None = None, states: Sequence[str] = ()) -> list[RoundView]:
        """Return rounds, newest first, of these services (None: all) in these states (empty: all)."""
        with self._database.reading() as db:
            return [view(row) for row in rounds.find(db, services=services, states=states)]

    def public(self) -> list[RoundView]:
        """Return the rounds on the list for everybody, newest first; of those given up only what had opened."""
        with self._database.reading() as db:
            found = rounds.find(db, states=(State.SCHEDULED, *BEGUN, State.CANCELLED))
        return [view(row) for row in found if row.state != State.CANCELLED or row.opened_at is not None]

    def find(self, code: str) -> RoundView | None:
        """Return the round with this code."""
        with self._database.reading() as db:
            row = rounds.by_code(db, code)
        return None if row is None else view(row)

    def overdue(self, state: str, said: Mapping[str, object]) -> int:
        """Return by how many days the result of a round of this state and record is late; 0: it is not."""
        return promise.overdue(state, said, self._clock().astimezone(self._config.city.zone).date())

    def log(self, code: str) -> list[Entry]:
        """Return what was done to a round, oldest first."""
        with self._database.reading() as db:
            return trail.of(db, self._row(db, code).id)

    def told(self, code: str) -> list[tuple[Entry, int]]:
        """Return what was done to a round, oldest first, for readers: each entry with how often it was done in a row.

        Answers that one member of staff takes down one after the other are told together.
        """
        runs = groupby(self.log(code), key=lambda each: (each.who,) if each.what == ENTERED else each.number)
        return [(run[-1], len(run)) for run in (list(each) for _, each in runs)]

    def prove(self, code: str) -> Proof:
        """Reckon the trail of a round anew; what it returns says whether all is as it was written."""
        with self._database.reading() as db:
            return trail.prove(db, self._row(db, code).id)

    def holds(self, code: str, head: str) -> bool:
        """Whether a hash noted earlier, in hex, stands in the trail of a round."""
        with self._database.reading() as db:
            return trail.holds(db, self._row(db, code).id, head)

    @property
    def catalog(self) -> Catalog:
        """The flows that there are."""
        return self._catalog

    def needs(self, flow: str, service: str, language: str) -> list[Need]:
        """Return what the record must say for this flow in this service, in the order to ask it."""
        self._had(service)
        found = self._library.spoken(self._flow(flow), service)
        empty = self._sketch(code="", service=service, title="", record={}, closes_at=None)
        return record.needs(empty, found, self._config, self._library.phrases, language)

    def language(self, flow: str, service: str) -> str:
        """Return the language that a round of this flow for this service is written in, others being beside it."""
        self._had(service)
        return self._library.spoken(self._flow(flow), service).language

    def languages(self, flow: str, service: str) -> tuple[str, ...]:
        """Return the languages in which a round of this flow for this service is asked."""
        self._had(service)
        return tuple(self._library.spoken(self._flow(flow), service).languages)

    def hints(self, code: str, language: str = wording.FALLBACK, named: Callable[[str], str] = str) -> list[str]:
        """Return what does not keep the round from opening and should be known.

        That is its flow's languages nobody is offered (of a flow in every language of the bot, which was made for all
        cities, it is no oversight), a promise that nothing is to be decided, a result before the decision, words that
        an example has, too, and words that could be plainer. `named` tells what a reader calls a field.
        """
        with self._database.reading() as db:
            row = self._row(db, code)
            spoken = self._library.whole(db, row).languages
            better, made_of_it = self._advice(db, row, language), self._borrowed(db, row)
            running, said = self._library.flow(db, row).running, record.load(row.record)
            offered = self._library.settings(row).service_of(row.service).languages
        lost = [] if set(self._catalog.languages) <= set(spoken) else [one for one in spoken if one not in offered]
        values = {"flow": row.flow, "service": row.service, "languages": ", ".join(lost)}
        unheard = [wording.fault(language, "not_offered", **values)] if lost else []
        same = ", ".join(map(named, [] if made_of_it else example.alike(row.flow, said)))
        left = [wording.fault(language, "example_words", names=same)] if same else []
        odd = [] if running or legal.consults(said) else list(_odd(said))
        left += [wording.named(language, named(field), wording.short(language, key)) for field, key in odd]
        return [*unheard, *left, *(wording.named(language, named(one.field), one.message) for one in better)]

    def untranslated(self, code: str, language: str, named: Callable[[str], str] = str) -> str:
        """Return what of a round is missing in a language in which it is read, and in which, as a hint; empty: nothing.

        Names of people and bodies, which no language changes, are left out.
        """
        with self._database.reading() as db:
            row = self._row(db, code)
            flow, said = self._library.whole(db, row), record.load(row.record)
            offered = self._library.settings(row).service_of(row.service).languages
            own = self._library.spoken(flow, row.service).language
        spoken = [one for one in flow.languages if one in offered]
        lists: Mapping[str, Sequence[tuple[str, Text]]] = said.get("lists") or {}
        texts = {
            name: [said[name]] for name in record.read_by_people(flow) if said.get(name) and name not in record.NAMES
        }
        texts |= {name: [label for _, label in rows] for name, rows in lists.items()}
        texts = {"title": [{own: row.title, **_by_language(said.get("title"))}], **texts}
        gaps: dict[tuple[str, ...], list[str]] = {}
        for name, each in texts.items():
            missing = {one for text in each for one in lacking(text, spoken, own)}
            if missing:
                gaps.setdefault(tuple(one for one in spoken if one in missing), []).append(named(name))
        names = "; ".join(
            wording.fault(language, "missing_in", names=", ".join(fields), languages=", ".join(map(own_name, missing)))
            for missing, fields in gaps.items()
        )
        return wording.fault(language, "untranslated", names=names) if names else ""

    def borrowed(self, code: str) -> list[str]:
        """Return the fields of a draft that still hold words of the example: it cannot open with them."""
        with self._database.reading() as db:
            row = self._row(db, code)
            return self._borrowed(db, row) if row.state in BEGINNING else []

    def _borrowed(self, db: Connection, row: RoundRow) -> list[str]:
        said, zone = record.load(row.record), self._config.city.zone
        acts = [_recorded(each.changed) for each in trail.of(db, row.id)] if row.id else [said]
        firsts = {at.astimezone(zone).date() for at in (row.opens_at, row.created_at) if at}
        last = closed_on(row.closes_at, None, zone)
        titled = {**said, "title": {"": row.title, **_by_language(said.get("title"))}}
        return example.untouched(row.flow, titled, acts, firsts, last)

    def foresee(self, written: Unsaved, language: str = wording.FALLBACK) -> Foreseen:
        """Return what `check` and `hints` would say of the words of a round if they were kept now. Nothing is."""
        found = self._flow(written.flow)
        with self._database.reading() as db:
            kept = self._row(db, written.code) if written.code else None
            row = kept or foreseen.blank(written, stage_of(found), found.version, self._clock())
            row = foreseen.laid(written, row)
            return Foreseen(tuple(self._faults(db, row, language)), tuple(self._advice(db, row, language)))

    def _advice(self, db: Connection, row: RoundRow, language: str) -> list[Advice]:
        """Return what would make the words of a round better for those who read them."""
        flow = self._library.flow(db, row)
        return advice(
            record.load(row.record), record.read_by_people(flow), flow.language, self._catalog.plain, language
        )

    def check(self, code: str, language: str = wording.FALLBACK) -> list[Fault]:
        """Return everything that keeps the round from opening; empty: it may open."""
        with self._database.reading() as db:
            return self._faults(db, self._row(db, code), language)

    def unsigned(self, code: str) -> bool:
        """Whether a second person has to sign the round before it can open."""
        with self._database.reading() as db:
            return self._unsigned(db, self._row(db, code))

    def unscheduled(self, code: str) -> bool:
        """Whether the round was to open by itself on its day, and a change since has made it a draft again."""
        with self._database.reading() as db:
            row = self._row(db, code)
            drafted = row.state in {State.DRAFT, State.CHECKED}
            return drafted and any(each.what == State.SCHEDULED for each in trail.of(db, row.id))

    def awaiting(self, services: Sequence[str] | None = None) -> dict[str, Awaiting]:
        """Return by code the rounds of these services (None: all) that wait for a second signature."""
        with self._database.reading() as db:
            drafts = rounds.find(db, services=services, states=(State.DRAFT,))
            return {row.code: self._awaiting(db, row) for row in drafts if self._awaits(db, row)}

    def _awaits(self, db: Connection, row: RoundRow) -> bool:
        try:
            return self._unsigned(db, row) and not self._faults(db, row, wording.FALLBACK)
        except CivicloopError:  # its questions cannot be read, or its service is gone
            return False

    def _awaiting(self, db: Connection, row: RoundRow) -> Awaiting:
        names = dict.fromkeys(each.who for each in _written(db, row))
        return Awaiting(tuple(names), frozenset(person.id for person in self._approvers(db, row)))

    def signature(self, code: str) -> Entry | None:
        """Return who has signed the round as it is, and when; None where nobody has."""
        with self._database.reading() as db:
            return signature(trail.of(db, self._row(db, code).id))

    def approvers(self, code: str) -> list[Person]:
        """Return who may sign the round: approvers of its service who have neither written nor changed it."""
        with self._database.reading() as db:
            return self._approvers(db, self._row(db, code))

    def signers_invited(self, code: str) -> list[str]:
        """Return the names of those invited to a role that may sign the round who have not followed their link yet."""
        now = self._clock()
        with self._database.reading() as db:
            row = self._row(db, code)
            own = self.authors(db, row)
            same = {_called(person.name) for person in people.everyone(db) if person.id in own}
            waiting = [one for one in people.invitations(db, now) if one.name and _called(one.name) not in same]
        held = {one.name: Role(0, one.role, one.service, now) for one in waiting}
        return [name for name, role in held.items() if name and rights.may([role], row.service, Right.SIGN_ROUNDS)]

    def _approvers(self, db: Connection, row: RoundRow) -> list[Person]:
        own = self.authors(db, row)
        return [person for person in rights.who(db, Right.SIGN_ROUNDS, row.service) if person.id not in own]

    def authors(self, db: Connection, row: RoundRow) -> set[int]:
        """Return the ids of those who are taken for the writers of a round.

        Nobody signs under a second hat: whoever is called like one who wrote is taken for that person, at the command
        line, in the chat and in the browser, as somebody may be invited twice. An account at a command line that wrote
        in nobody's name is whoever of the staff is called like it.
        """
        written, ids = _written(db, row), self.writers(db, row)
        everyone = people.everyone(db)
        names = [person.name for person in everyone if person.id in ids]
        names += [each.who if each.by is not None else each.operator or "" for each in written]
        same = {_called(name) for name in names} - {""}
        return ids | {person.id for person in everyone if _called(person.name) in same}

    @staticmethod
    def writers(db: Connection, row: RoundRow) -> set[int]:
        """Return the ids of those who have written or changed a round in their own name."""
        return {id_ for id_ in (*(each.by for each in _written(db, row)), row.created_by) if id_ is not None}

    def counts(self, code: str) -> Counts:
        """Count the round now; once it is counted for everybody, who took part stays as it was then."""
        with self._database.reading() as db:
            row = self._row(db, code)
            kept = turnout.kept(db, row.id)
            by_status = kept.statuses if kept else sessions.counts(db, row.id)
            amid = 0 if kept else by_status.get("active", 0)
            asked, heard = rounds.invited(db, row.id), wishes.counts(db, row.id)
            past = trail.heard(db, row.id) if row.reported_at else Heard()
            invited = sum(way.sent for way in kept.ways.values()) if kept else _invited(db, row, asked)
            return Counts(
                invited=audiences.told_of(row, invited, self._config.digest.minimum_cell),
                started=sum(by_status.values()),
                active=0 if kept else sessions.active(db, row.id),
                finished=by_status.get("completed", 0),
                dropped=sum(by_status.values()) - amid - by_status.get("completed", 0),
                answers=kept.answered if kept else answers.handed_in(db, [row.id]).get(row.id, 0),
                over=row.state not in (*BEGINNING, *RUNNING),
                individuals=turnout.individuals(db, self._library, row, kept),
                moves={(move.origin, move.to): move.count for move in moves.of(db, row.id)},
                told=max(rounds.told(db, row.id), past.told) if row.reported_at else 0,
                clear=heard.get(wishes.CLEAR, 0) + past.clear,
                partly=heard.get(wishes.PARTLY, 0) + past.partly,
                unclear=heard.get(wishes.UNCLEAR, 0) + past.unclear,
            )

    def audience(self, code: str) -> Tally:
        """Count the audience: as it stands, and before the round opens as it would be now. Nothing is sent.

        One that is chosen among those who agreed comes in steps of the minimum.
        """
        with self._database.reading() as db:
            row = self._row(db, code)
            exact = audiences.tally(db, self._library, row, self._rules(row))
        step = self._step(row)
        return audiences.stepwise(exact, step) if step else exact

    def long_ago(self, code: str) -> int:
        """Count the rounds that would tell who is meant, and of which nobody knows any more who took part."""
        with self._database.reading() as db:
            row = self._row(db, code)
            meant = whom.load(row.whom)
            if row.audience != AGREED or not (meant.services or meant.stages or meant.looks_into_answers):
                return 0
            return rounds.unlinked(db, meant.services, meant.stages)

    def _step(self, row: RoundRow) -> int:
        """Return in which steps it is told how many a round asks; 0: exactly."""
        return audiences.step(row, self._config.digest.minimum_cell)

    def sending(self, code: str) -> Sending:
        """Count how far the invitations of a round are, and reckon when the last of them leaves.

        Like the audience, it comes in steps where that is chosen among those who agreed.
        """
        now, hours = self._clock(), Hours.of(self._config)
        with self._database.reading() as db:
            row = self._row(db, code)
            tally = _lettered(db, row, audiences.tally(db, self._library, row, self._rules(row)))
            waits, unsent = kept_audience.waiting(db, row.id), kept_audience.unsent(db, row.id)
            paused = timedelta() if row.spread_hours is None else rested(db, row.id, hours, now)
        plan = Plan(
            rates={"telegram": self._config.telegram.messages_per_second},
            hours=hours,
            opened_at=row.opened_at,
            spread_hours=row.spread_hours,
            over=row.state not in (*BEGINNING, *RUNNING),
            rested=paused,
            step=self._step(row),
        )
        return sending(tally, waits, unsent, plan, now)

    def _rules(self, row: RoundRow) -> Rules:
        return audiences.rules(row, self.channels, Hours.of(self._config), self._clock())

    def voices(self, code: str) -> Voices:
        """Count who has finished a round: individuals, groups with their heads, organisations by name.

        Once it is counted for everybody that stays as it was then, whoever is forgotten later; only their names go.
        """
        with self._database.reading() as db:
            row = self._row(db, code)
            return turnout.voices(db, self._library, row, turnout.kept(db, row.id))

    def places(self, code: str) -> list[PlaceView]:
        """Return where a round hangs out its code, and how many came by each place; few people are not told."""
        with self._database.reading() as db:
            return places.views(db, self._row(db, code).id, self._config.digest.minimum_cell)

    def leads_to(self, code: str) -> tuple[RoundView | None, int]:
        """Return the round that a code leads to, its own or that of a place, and the place's id; 0: no place."""
        with self._database.reading() as db:
            row, place = rounds.by_code(db, code), None
            if row is None and (place := kept_places.by_code(db, code)) is not None:
                row = rounds.get(db, place.round_id)
        return (None if row is None else view(row)), (0 if place is None else place.id)

    def short_url(self, code: str) -> str:
        """Return the shortest public address of a round or a place."""
        return links.short_url(record.public_url(self._config), code)

    def results(self, code: str) -> list[Result]:
        """Return what people want by a round's orders, divided points, best and last, as far as it may be told now."""
        now, zone, minimum = self._clock(), self._config.city.zone, self._config.digest.minimum_cell
        with self._database.reading() as db:
            look = polls.Look(Week.of(now, zone), zone, now, minimum)
            return [result(poll, minimum) for poll in polls.of_round(db, self._library, self._row(db, code), look)]

    def findings(self, code: str) -> Findings | None:
        """Return what a closed round says, as everybody may know it; None: it has not been counted yet."""
        with self._database.reading() as db:
            body = findings.get(db, self._row(db, code).id)
        return None if body is None else load_findings(body)

    def settings(self, code: str) -> Config:
        """Return the configuration as a round goes by it: since it was signed or opened, as it was then."""
        with self._database.reading() as db:
            return self._library.settings(self._row(db, code))

    def facts(self, code: str, language: str) -> dict[str, str]:
        """Return everything the round's texts are filled with, in `language`, days in words."""
        with self._database.reading() as db:
            row = self._row(db, code)
            values = self._library.facts(row, self._flow_of(db, row)).values
        return {name: in_language(text, language) for name, text in values.items()}

    def kept_until(self, code: str) -> str:
        """Return the day until which answers to a round that runs are kept, as it is written in a record."""
        with self._database.reading() as db:
            row = self._row(db, code)
        told = replace(sketch(row), now=self._clock())
        return record.kept_now(told, row.forget_at, self._config).get("keep_until", "")

    def drafted(self, code: str, language: str) -> str:
        """Return the report to write on in a language: the draft that was kept, else one made of what is known."""
        with self._database.reading() as db:
            row = self._row(db, code)
            kept = report_back.draft(report_drafts.of(db, row.id))
        if kept and kept.texts.get(language):
            return kept.texts[language]
        came = outcome.ordered(outcome.load(row.outcome), self._library.languages(row))
        day = record.spoken_day(came.decision.on, language) if came.decision else ""
        return wording.report(language, self.voices(code), self._config.digest.public_minimum_cell, came, day)

    def report_draft(self, code: str) -> report_back.Draft | None:
        """Return the draft of the report that was kept; None where nobody has written on it yet."""
        with self._database.reading() as db:
            return report_back.draft(report_drafts.of(db, self._row(db, code).id))

    def letters(self, code: str, report: Mapping[str, str], signed: str) -> dict[str, tuple[Part, ...]]:
        """Return the messages that citizens would get with this report, by language."""
        with self._database.reading() as db:
            played = self._library.played(db, self._row(db, code))
        languages = played.flow.languages
        return {one: report_back.parts(played, self._library, report, signed, one) for one in languages}

    def wishing(self, code: str) -> int:
        """Return how many wished to hear what comes of a round."""
        with self._database.reading() as db:
            return len(wishes.of(db, self._row(db, code).id))

    def length(self, code: str, language: str) -> Length | None:
        """Count the days on which a round is open; None where it does not close by itself."""
        with self._database.reading() as db:
            row = self._row(db, code)
        if row.closes_at is None:
            return None
        city, opens = self._config.city, row.opened_at or row.opens_at or self._clock()
        first = opens.astimezone(city.zone).date()
        last = closed_on(row.closes_at, row.closed_at, city.zone) or first
        return legal.length(first, max(first, last), city.country, city.subdivision, language)

    def played(self, code: str) -> Flow:
        """Return the round's flow with its texts filled in, as citizens get it, or would if it were asked (`asks`)."""
        with self._database.reading() as db:
            return self._library.shown(db, self._row(db, code))

    def asks(self, code: str) -> bool:
        """Whether people can be asked a round: its questions are there, and those that were signed."""
        with self._database.reading() as db:
            return self._library.asks(db, self._row(db, code))

    def _flow_of(self, db: Connection, row: RoundRow) -> Flow:
        try:
            return self._library.flow(db, row)
        except (Refused, Trouble):
            return self._library.shown(db, row)

    def page_url(self, code: str) -> str:
        """Return the address of the public page of a round."""
        return links.page_url(record.public_url(self._config), code)

    def chat_url(self, code: str) -> str:
        """Return the public address of the web chat for this round."""
        return links.chat_url(record.public_url(self._config), code)

    def unreachable(self, language: str = wording.FALLBACK) -> str:
        """Return one line where links lead to this machine alone, with what to do; empty where phones can open them."""
        url = record.public_url(self._config)
        return wording.fault(language, "only_here", url=url) if links.only_here(url) else ""

    def deep_link(self, code: str) -> str | None:
        """Return the Telegram link, or None where the city has no bot there."""
        username = self.username()
        return links.deep_link(username, code) if username else None

    def changes(self, flow: str, old: int, new: int | None, language: str = wording.FALLBACK) -> list[str]:
        """Return what changed between two versions of a flow, a line each; without `new`, up to the newest file."""
        newest = self._flow(flow).version if new is None else new
        with self._database.reading() as db:
            before, after = self._library.compared(db, flow, old, newest)
        return [
            wording.change(language, one.kind, state=one.state, old=_brief(one.old), new=_brief(one.new))
            for one in changes(before, after)
        ] or [wording.change(language, "none", flow=flow, old=old, new=newest)]

    def versions(self, flow: str) -> list[Version]:
        """Return the versions of a flow, the newest first: those in files and those that rounds have asked."""
        with self._database.reading() as db:
            kept = {one.version: one for one in flow_versions.published(db) if one.flow == flow}
            running = [view(row) for row in rounds.find(db, states=ASKING) if row.flow == flow]
        return [
            Version(number, kept.get(number), tuple(one for one in running if one.version == number))
            for number in sorted({*kept, *self._catalog.versions(flow)}, reverse=True)
        ]

    def edited(self) -> list[Issue]:
        """Return a fault for each version that was edited after a round had asked it."""
        with self._database.reading() as db:
            return self._library.edited(db)

    # ----------------------------------------------------------------- rules

    def _unsigned(self, db: Connection, row: RoundRow) -> bool:
        return row.state == State.DRAFT and needs_two(row, self._library.flow(db, row))

    def _waits_on(self, db: Connection, row: RoundRow) -> bool:
        """Whether a scheduled round may open on its day although it has just changed: nobody has to sign it anew."""
        flow = self._library.flow(db, row)
        ahead = row.opens_at is not None and row.opens_at > self._clock()
        return (
            row.state == State.SCHEDULED
            and ahead
            and not needs_two(row, flow)
            and not self._faults(db, row, wording.FALLBACK)
        )

    def _faults(self, db: Connection, row: RoundRow, language: str) -> list[Fault]:
        flow = self._library.flow(db, row)
        now = self._clock()
        known = replace(sketch(row), opens_at=row.opens_at or now)
        found = record.faults(known, flow, self._library.settings(row), self._library.phrases, language)
        kept = [*self._gone(row, language), *_retired(db, row, language), *self._faults_of_flow(row, flow, language)]
        if row.audience == LISTED and not whom.load(row.whom).lists:
            kept.append(record.Fault("audience", *[wording.fault(language, "no_people")] * 2))
        if row.audience == LINK and whom.load(row.whom).lists:
            kept.append(record.Fault("audience", *[wording.fault(language, "list_held", code=row.code)] * 2))
        named = {one.field for one in found}
        still = _of_example([name for name in self._borrowed(db, row) if name not in named], language)
        late = self._spread_past_end(row, now, language)
        return [*kept, *_faults_of_time(row, flow, now, language), *late, *found, *still]

    def _gone(self, row: RoundRow, language: str) -> list[Fault]:
        """Nobody is asked about a service that is no longer set up."""
        gone = wording.fault(language, "service_gone", service=row.service)
        return [] if self._library.serves(row) else [record.Fault("service", gone, gone)]

    def _spread_past_end(self, row: RoundRow, now: datetime, language: str) -> list[record.Fault]:
        """Whoever would be asked last has to be asked while the round is open."""
        if row.audience == LINK or row.spread_hours is None or row.closes_at is None:
            return []
        begins = row.opened_at or max(row.opens_at or now, now)
        if Hours.of(self._config).after(begins, timedelta(hours=row.spread_hours)) < row.closes_at:
            return []
        key, hours = "spread_past_end", row.spread_hours
        said = (wording.fault(language, key, hours=hours), wording.short(language, key, hours=hours))
        return [record.Fault("closes_at", *said)] if begins < row.closes_at else []

    def _faults_of_flow(self, row: RoundRow, flow: Flow, language: str) -> list[Fault]:
        """A flow with an error would lead people astray; one in a language the round does not speak reaches nobody."""
        found = self._catalog.errors_of(row.flow, row.version, flow.languages)
        values = {"flow": row.flow, "first": found[0]} if found else {}
        return [record.Fault("flow", *[wording.fault(language, "flow_faults", **values)] * 2)] if found else []

    def _service(self, key: str) -> Any:  # noqa: ANN401 - a Service of the configuration
        known = {service.key: service for service in self._config.services}
        if key not in known:
            raise wording.Forbidden("no_service", service=key, known=", ".join(known))
        return known[key]

    def _had(self, key: str) -> None:
        """Refuse a service that is not set up and has no rounds: what stands in a round of one that was is read."""
        if key not in self.services():
            self._service(key)

    def _flow(self, flow: str) -> Flow:
        found = next((each for each in self._catalog.flows if each.id == flow), None)
        if found is None:
            known = ", ".join(sorted(each.id for each in self._catalog.flows))
            raise wording.Forbidden("no_flow", flow=flow, known=known)
        return found

    def _row(self, db: Connection, code: str) -> RoundRow:
        row = rounds.by_code(db, code)
        if row is None:
            raise wording.Forbidden("no_round", code=code)
        return row

    def _sketch(
        self, *, code: str, service: str, title: str, record: Mapping[str, object], closes_at: datetime | None
    ) -> record.Sketch:
        return _Sketch(
            code=code, service=service, title=title, record=record, created_at=self._clock(), closes_at=closes_at
        )


_Sketch = record.Sketch


def _written(db: Connection, row: RoundRow) -> list[Entry]:
    return [each for each in trail.of(db, row.id) if each.what in {"created", *CHANGES}]


def signature(entries: Iterable[Entry]) -> Entry | None:
    """Return which entry of a trail signs the round as it is; None: none, or it was changed since."""
    before = list(takewhile(lambda each: each.what != "opened", entries))
    last = next((each for each in reversed(before) if each.what in {"approved", *CHANGES}), None)
    return last if last is not None and last.what == "approved" else None


def needs_two(row: RoundRow, flow: Flow) -> bool:
    """Whether a second person signs the round before it opens: whatever has an end; only feedback without one runs."""
    return row.closes_at is not None or not flow.running


def _by_language(title: object) -> Mapping[str, str]:
    """Return a title of a record by language; one that an older record holds as one text stands in the round."""
    return title if isinstance(title, dict) else {}


def _called(name: str) -> str:
    """Return a name as names are compared: without case, accents and spare spaces."""
    return fold(name) or " ".join(name.casefold().split())


def _odd(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give what a record may say where nobody has to consult, and hardly means: its field, and the words for it."""
    if record.only_tells(said):
        yield "influence", "tell_opens"
    if record.told_too_soon(said):
        yield "feedback_on", "told_too_soon"


def _brief(text: str) -> str:
    return shortened(text, _LONGEST_QUOTE)


def stage_of(flow: Flow) -> str:
    """Return the stage of a flow; empty for one of none."""
    return "" if flow.stage is None else flow.stage.value


def _recorded(changed: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    """Return what an act has made of a record, as its trail tells."""
    return {name.removeprefix("record."): new for name, (_, new) in changed.items() if new}


def _of_example(fields: Sequence[str], language: str) -> list[Fault]:
    """Words that were made up for an example would be read as a promise of the city."""
    key = "still_example"
    return [
        record.Fault(name, wording.fault(language, key, name=name), wording.short(language, key, name=name))
        for name in fields
    ]


def _retired(db: Connection, row: RoundRow, language: str) -> list[Fault]:
    """A retired version opens no round any more."""
    kept = flow_versions.load(db, row.flow, row.version)
    if kept is None or kept.retired_at is None:
        return []
    values = {"flow": row.flow, "version": row.version}
    said = wording.fault(language, "retired", **values), wording.short(language, "retired", **values)
    return [record.Fault("flow", *said)]


def _faults_of_time(row: RoundRow, flow: Flow, now: datetime, language: str) -> list[Fault]:
    found = []
    if row.closes_at is None and not flow.running:
        found.append("no_end")
    if row.closes_at is not None and row.opens_at is not None and row.closes_at <= row.opens_at:
        found.append("end_first")
    elif row.closes_at is not None and row.closes_at <= now:
        found.append("end_past")
    return [record.Fault("closes_at", wording.fault(language, key), wording.short(language, key)) for key in found]


def view(row: RoundRow) -> RoundView:
    """Return a round as it is shown."""
    return RoundView(
        code=row.code,
        service=row.service,
        stage=row.stage,
        flow=row.flow,
        version=row.version,
        title=row.title,
        state=row.state,
        audience=row.audience,
        record=record.load(row.record),
        opens_at=row.opens_at,
        opened_at=row.opened_at,
        closes_at=row.closes_at,
        closed_at=row.closed_at,
        report=record.load(row.report) if row.report else {},
        whom=whom.load(row.whom),
        spread_hours=row.spread_hours,
        remind_at=row.remind_at,
        outcome=outcome.load(row.outcome),
    )


def _invited(db: Connection, row: RoundRow, asked: Mapping[str, int]) -> int:
    """Return how many people an invitation is on its way to, or has left for."""
    return asked.get("invitation", 0) - sum(kept_audience.dropped(db, row.id).values())


def _lettered(db: Connection, row: RoundRow, tally: Tally) -> Tally:
    """Return an audience as it is counted by letters: without those for whom none has left, nor will any more."""
    dropped, of = kept_audience.dropped(db, row.id), kept_audience.counts(db, row.id)
    unasked, returned = (of.get((ANSWERED, how), 0) for how in (UNASKED, RETURNED))
    taken_back = sum(n for (state, _), n in dropped.items() if state == INVITED)
    return replace(
        tally,
        waiting=tally.waiting - kept_audience.came_first(db, row.id),
        invited=tally.invited - taken_back,
        answered=tally.answered - dropped.get((ANSWERED, ""), 0) - unasked - returned,
        failed={**tally.failed, RETURNED: returned},
    )
