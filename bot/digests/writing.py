"""Digests put together from the database, and written: the one place pages, chat, command line and clock call."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from bot import letters, rights
from bot.assessing.assessments import Assessments
from bot.channels.base import Outbound
from bot.digests import apart, crowds, polls, render, reworded
from bot.digests.deeds import deeds
from bot.digests.gather import deadlines, every_nth, gather, in_steps, keep
from bot.digests.headlines import headlines
from bot.digests.missing import resting, unheard
from bot.digests.model import WHOLE, Foot, Form, State, dump, load, published, quoted
from bot.digests.schedule import MAIL, Due, Rhythm, chosen, due, sent
from bot.digests.sides import of_service
from bot.digests.summarise import (
    BASE_WEEKS,
    MEDIAN_WEEKS,
    Alike,
    Scope,
    in_week,
    same_for_reader,
    sign_of_life,
    summarise,
)
from bot.digests.weeks import Week
from bot.erasure import policy_of
from bot.errors import Refused
from bot.machine import headlines as machine_headlines
from bot.menu.worker import mark_of
from bot.quoting import quoting
from bot.reading.private import finder
from bot.rights import Right
from bot.rounds.lifecycle import BEGUN
from bot.rounds.record import public_url
from bot.texts import texts
from flows.model import Button
from storage import (
    alarms,
    answers,
    contacts,
    crossings,
    digests,
    machine,
    outbox,
    people,
    proof,
    retention,
    rounds,
    themes,
)
from storage.database import StorageTrouble
from storage.digests import DigestRow
from storage.outbox import NewMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from sqlalchemy import Connection

    from bot.channels.base import Mail
    from bot.config import Config
    from bot.digests.deeds import Deeds
    from bot.digests.gather import Labels
    from bot.digests.model import Burst, Digest
    from bot.digests.summarise import Answers, Headline
    from bot.machine.client import Machine
    from bot.rounds.library import Library
    from bot.texts import Texts
    from flows.bank import Bank
    from storage.beside import Beside
    from storage.contacts import Contact
    from storage.database import Database

SILENCE = timedelta(days=28)
"""After so long without a word a sign of life is sent."""
REFUSED = timedelta(days=7)
"""So long a digest that was refused for good, or had no address, stands in what doctor and measurements say."""
NONE: Final[Mapping[str, int]] = {}
LATE = timedelta(hours=1)
"""A digest that was due so long ago and is not written is an alarm for whoever runs the bot."""
WAIT = LATE - timedelta(minutes=5)
"""So long a digest waits for its texts to be sorted by theme: less than what makes it late."""
THEMES_WAIT = '"themes_wait":true'
"""Stands in the JSON of a digest written before its texts were sorted; in no quote, where marks are escaped."""
APART = '"apart":{'
"""Stands in the JSON of a digest that left out of its figures who is no voice of one person."""
KEY = digests.LETTERS


class InChat(NamedTuple):
    """The running week as a chat message, and the answers it quotes."""

    text: str
    quotes: tuple[str, ...]


class Digests:
    """Puts digests together and sends each exactly once per (person, service, week)."""

    def __init__(self, config: Config, bank: Bank, library: Library, machine_: Machine | None = None) -> None:
        """`bank` says which question stands for each stage, `library` which options a round offers.

        `machine_`: a language model that may word headlines, where the city has one.
        """
        self._config = config
        self._library = library
        self._machine = machine_
        self.assessments = Assessments(config, bank, library)
        self._bank = bank
        self._headlines: tuple[Headline, ...] = headlines(bank)
        self._questions = {one.item: one.question for one in self._headlines}
        self._rhythm = rhythm(config)

    # ------------------------------------------------------------------- looking

    def of_week(
        self,
        db: Connection,
        service: str,
        week: Week,
        now: datetime,
        zone: ZoneInfo | None = None,
        since: datetime | None = None,
    ) -> Digest | None:
        """Return the digest of a week; None where nobody answered and no clock runs. Writes nothing.

        Of a week that is still running it shows as much as may be shown. `since`: when its reader was told last.
        Without it the digest is nobody's: for the moment it was issued at it is the same without what is a reader's.
        """
        place = zone or self._config.city.zone
        scope = self._scope(db, service, week, place, now, since)
        labels = self._labels(db, service, week.begins(place), now)
        weeks = (week.back(MEDIAN_WEEKS).begins(place), week.ends(place))
        beside = self._library.beside(db, service, weeks)
        may = quoting(db, self._config)
        sides = of_service(db, self._library, self._bank, service, (week.back(BASE_WEEKS).begins(place), weeks[1]))
        counted = gather(db, service, week, place, may, sides, labels, beside=beside)
        scope = replace(scope, foot=_with_sample(db, scope, counted, beside))
        scope = self._with_words(db, scope, counted, beside)
        look = polls.Look(week, place, now, scope.minimum)
        counted = replace(counted, polls=polls.of_week(db, self._library, service, look, beside))
        rests = polls.resting(db, self._library, service, look, beside)
        rests |= resting(db, self._library, service) if _is_last(week, place, now) else set()
        burst = self._burst(db, scope, counted, beside)
        scope = replace(scope, foot=replace(scope.foot or Foot(), resting=tuple(sorted(rests)), burst=burst))
        return summarise(in_steps(db, counted, scope, beside) if scope.so_far else counted, scope, now)

    def _with_words(self, db: Connection, scope: Scope, counted: Answers, beside: Beside) -> Scope:
        """Note of each question since when it is asked as it is, and what those said who were asked as before."""
        found = reworded.since(db, self._library, self._headlines, counted.asked, scope.minimum)
        since, until = span = scope.week.span(scope.zone)
        out = {*beside.kinds, *beside.senders(span)}
        alike = {}
        for headline in self._headlines:
            other = found.get(headline.item)
            if other and other.alike:
                of = answers.in_rounds(db, scope.service, headline.item, since, until, other.alike, without=out)
                said = {choice: people for (stage, choice), people in of.items() if stage == headline.stage}
                alike[headline.item] = Alike(said, other.alike_since)
        return replace(scope, reworded={item: each.since for item, each in found.items()}, alike_words=alike)

    def _burst(self, db: Connection, scope: Scope, counted: Answers, beside: Beside) -> Burst | None:
        """Return the greatest burst of a week that is over and was told to nobody yet."""
        if scope.so_far or scope.issued:
            return None
        found = crowds.of_week(db, scope.service, scope.week, scope.zone, scope.minimum, beside.kinds)
        return crowds.told(found, scope.week, scope.zone, in_week(counted, scope.week), scope.minimum)

    def _labels(self, db: Connection, service: str, since: datetime, now: datetime) -> tuple[Labels, Labels]:
        """Return the service's steps and areas by id, named as rounds have asked for them that ran since then."""
        known = self._config.service_of(service)
        steps, areas = dict(known.steps), dict(known.areas)
        rows = [row for row in rounds.find(db, services=[service], states=BEGUN) if row.told and row.opened_at]
        for row in sorted(rows, key=lambda row: (row.opened_at or row.created_at, row.id)):
            ran = (row.opened_at or now) <= now and (row.closed_at is None or row.closed_at >= since)
            if ran and self._library.asks(db, row):
                own = self._library.settings(row).service_of(service)
                steps, areas = steps | dict(own.steps), areas | dict(own.areas)
        return steps, areas

    def so_far(self, db: Connection, service: str, now: datetime) -> Digest | None:
        """Return the digest of the week that is running, as far as it may be shown; None where there is nothing."""
        return self.of_week(db, service, Week.of(now, self._config.city.zone), now)

    def so_far_text(self, db: Connection, service: str, language: str, now: datetime) -> InChat | None:
        """Return the running week as a chat message without its chart."""
        digest = self.so_far(db, service, now)
        if digest is None:
            return None
        return InChat(render.message(digest, texts(language), page_url(self._config, digest)), quoted(digest))

    def past(self, db: Connection, person_id: int, service: str | None = None) -> list[Digest]:
        """Return the digests a person got, the latest first; silent weeks left out."""
        rows = digests.of(db, person_id, services=[service] if service else None)
        return [digest for digest in map(load, (row.body for row in rows)) if digest]

    def _scope(
        self, db: Connection, service: str, week: Week, zone: ZoneInfo, now: datetime, since: datetime | None = None
    ) -> Scope:
        so_far = now < week.ends(zone)
        before = _shown_before(db, service, week)
        issued = None if so_far else _issued(db, service, week, now)
        same = issued if issued and issued.at == now else None
        looks = issued is None and _is_last(week, zone, now)  # who is heard too little is told as it was told first
        missing, groups = unheard(db, self._library, self._config, service) if looks else ((), ())
        return Scope(
            service=service,
            name=dict(self._config.service_of(service).name),
            area=self._config.city.name,
            week=week,
            zone=zone,
            headlines=self._headlines,
            deadlines=deadlines(db, service, zone),
            minimum=self._config.digest.minimum_cell,
            so_far=so_far,
            earlier=load(before) if before else None,
            alike=before is None or APART in before,
            issued=issued,
            same_moment=same is not None,
            missing=missing,
            groups=groups,
            deeds=same.deeds if same and since is None else self._deeds(db, service, zone, now, since),
            urgent=alarms.count(db, service, week.begins(zone), min(now, week.ends(zone))),
            urgent_open=alarms.waiting(db, service),
            proposed=0 if so_far else len(themes.codebook(db, service, [themes.PROPOSED])),
            foot=Foot(deletions=proof.people(db, week.begins(zone), week.ends(zone))),
            kept_too_long=self._kept_too_long(db, now) if _is_last(week, zone, now) else 0,
        )

    def _kept_too_long(self, db: Connection, now: datetime) -> int:
        """Return of how many kinds of data something is kept beyond its date: that is of today, of no older week."""
        return len(retention.overdue(db, now, policy_of(self._config.privacy)))

    def _deeds(self, db: Connection, service: str, zone: ZoneInfo, now: datetime, since: datetime | None) -> Deeds:
        return deeds(db, service, now, zone, self._config.digest.minimum_cell, since, self._questions)

    # ------------------------------------------------------------------- writing

    def due(self, db: Connection, now: datetime) -> list[Due]:
        """Return what is due and not written."""
        return unwritten(db, self._config, now)

    def sweep(self, database: Database, now: datetime) -> int:
        """Write and queue every digest that is due; return how many messages were queued. Harmless to repeat.

        One that fails holds up no other; all that went wrong is raised at the end, and tried again at the next sweep.
        """
        trouble = [*self._keep(database, now), *self._mend(database, now)]
        with database.reading() as db:
            waiting = self.due(db, now)
        queued = 0
        for one in waiting:
            try:
                queued += 0 if self._waits(database, one, now) else self.write(database, one, now)
            except Exception as error:  # noqa: BLE001 - whatever it was, the others get theirs
                error.add_note(f"digest of {one.service} for person {one.person.id}, {one.week}")
                trouble.append(error)
        if trouble:
            raise ExceptionGroup("digests that could not be written", trouble)
        return queued

    def _mend(self, database: Database, now: datetime) -> list[Exception]:
        """Write letters anew that lost their words before they left, and return what went wrong.

        Somebody had theirs deleted, or agrees no longer to be quoted; or theirs were withheld.
        """
        with database.reading() as db:
            empty = outbox.emptied(db, KEY)
        trouble: list[Exception] = []
        for key, keys in groupby(sorted(empty, key=_of_contact), _of_contact):
            try:
                self._write_anew(database, key, list(keys), now)
            except Exception as error:  # noqa: BLE001 - whatever it was, the others get theirs
                error.add_note(f"letter {key}")
                trouble.append(error)
        return trouble

    def _write_anew(self, database: Database, key: str, keys: list[str], now: datetime) -> None:
        """Fill the letters of one digest to one contact, in their language of today, with what is left of it."""
        person_id, service, period, contact_id = key.removeprefix(KEY).split(":")
        with database.reading() as db:
            row = digests.find(db, int(person_id), service, period)
            person, contact = people.get(db, int(person_id)), contacts.get(db, int(contact_id))
        digest = load(row.body) if row else None
        if row is None or digest is None or person is None or contact is None:
            anew = []
        else:
            anew = self._letters(digest, contact, Due(person, service, Week.parse(period), self._rhythm.zone), now)
        with database.transaction() as db:
            if row is None or digests.hold(db, row):
                outbox.refill(db, keys, anew, now)
            crossings.passed("digest.refills")
        crossings.passed("digest.refilled")

    def _waits(self, database: Database, one: Due, now: datetime) -> bool:
        """Whether a digest waits for texts of its week to be sorted: for a while, since what is told of it is told."""
        if one.at is None or now - one.at >= WAIT:
            return False
        with database.reading() as db:
            if not themes.revision(db, one.service):
                return False
            if themes.is_corrected(db, one.service):
                return True
            return themes.read_so_far(db, one.service, *one.week.span(one.zone)).unsorted > 0

    def _keep(self, database: Database, now: datetime) -> list[Exception]:
        """Count the weeks that are over; without it digests and pages are right, but slow. Return what went wrong."""
        trouble: list[Exception] = []
        for service in self._config.services:
            try:
                keep(database, service.key, self._config.city.zone, now)
            except StorageTrouble as error:
                trouble.append(error)
        return trouble

    def send(self, database: Database, service: str, week: Week, now: datetime) -> int:
        """Write and queue the digest of `week` for every manager who has not got it; return how many messages.

        Raises `Refused` while the week is running for one of them: a digest is written once, and whole.
        """
        with database.reading() as db:
            managers = rights.holders(db, Right.READ_DIGESTS, service)
        wanted = [Due(person, service, week, self._rhythm.zone) for person, _ in managers]
        if any(now < week.ends(one.zone) for one in wanted):
            raise Refused(f"week {week} is still running: its digest can be sent when it is over.")
        return sum(self.write(database, one, now) for one in dict.fromkeys(wanted))

    def prepare(self, database: Database, service: str, week: Week, now: datetime) -> None:
        """Seek what has to be known of a week before its digest is put together. Harmless to repeat."""
        apart.seek(database, service, week, self._config.city.zone, self._config.digest.minimum_cell, now)

    def alarm(
        self, database: Database, late: Delay, lost: Mapping[str, int], now: datetime, nobody: Mapping[str, int] = NONE
    ) -> None:
        """Tell whoever runs the bot that digests are late, were refused for good or had nowhere to go, each once a day.

        `lost`, `nobody`: how many, by service. Harmless to repeat.
        """
        with database.reading() as db:
            told = [
                *(_alarms(db, late, now) if late else ()),
                *(self._losses(db, "refused", lost, now) if lost else ()),
                *(self._losses(db, "unreached", nobody, now) if nobody else ()),
            ]
        if not told:
            return
        with database.transaction() as db:
            outbox.enqueue(db, told)
            crossings.passed("digest.alarms")
        crossings.passed("digest.alarmed")

    def remind(self, database: Database, overdue: int, now: datetime) -> None:
        """Tell whoever runs the bot, once a day, how much is kept beyond its date. Harmless to repeat."""
        with database.reading() as db:
            told = _to_operators(db, "overdue", lambda words: words("digest.overdue", n=words.number(overdue)), now)
        if told:
            with database.transaction() as db:
                outbox.enqueue(db, told)
                crossings.passed("digest.alarms")
            crossings.passed("digest.alarmed")

    def _losses(self, db: Connection, about: str, lost: Mapping[str, int], now: datetime) -> list[NewMessage]:
        """Return a message for each who runs the bot: whose digests a channel will never take, or have no address."""

        def said(words: Texts) -> str:
            labels = {each.key: each.label(words.language) for each in self._config.services}
            named = (f"{labels.get(key, key)} ({words.number(n)})" for key, n in lost.items())
            between = words("digest.themes.between")
            return words.many(f"digest.{about}", sum(lost.values()), services=between.join(named))

        return _to_operators(db, about, said, now)

    def write(self, database: Database, one: Due, now: datetime) -> int:
        """Write one digest and queue it for all addresses in one transaction.

        Returns how many these are, 0 where it was written before.

        Counting and drawing happen before it, so that nobody waits for the pen. Words deleted meanwhile go from it, and
        its letters are written anew without them.
        """
        self.prepare(database, one.service, one.week, now)
        with database.reading() as db:
            digest = self._for(db, one, now)
            goes = _goes(one, digest)
            addresses = _addresses(db, one) if goes else []
        digest, asked = self._worded(database, digest, addresses, one, now)
        mailings = [row for contact in addresses if digest for row in self._letters(digest, contact, one, now)]
        reached = len(addresses) if goes else None
        row = DigestRow(one.person.id, one.service, str(one.week), now, dump(digest), reached)
        crossings.passed("digest.drawn")
        with database.transaction() as db:
            if not digests.write(db, row):
                return 0
            outbox.enqueue(db, mailings)
            digests.recheck(db, row, approved=self._config.privacy.approved)
            machine.note(db, str(Week.of(now, self._config.city.zone)), asked)
            crossings.passed("digest.written")
        crossings.passed("digest.queued")
        return len(addresses)

    def _for(self, db: Connection, one: Due, now: datetime) -> Digest | None:
        """Return the digest of a week as one person gets it: what they expected of it is theirs alone.

        What the last one they were sent said is not said again. After a month without one it says that everything runs,
        in the first week whose digest they want.
        """
        row = digests.sent(db, one.person.id, one.service, str(one.week))
        since, earlier = (row.created_at, load(row.body)) if row else (now, None)
        digest = self.of_week(db, one.service, one.week, now, one.zone, since)
        if digest is None:
            silent = digests.silent_since(db, one.person.id, one.service)
            long = silent is not None and now - silent >= SILENCE and _wanted(one)
            digest = sign_of_life(self._scope(db, one.service, one.week, one.zone, now, since), now) if long else None
        elif digest.form is Form.FULL:
            gap = self.assessments.gap(db, one.person.id, one.service, one.week, one.zone, now, digest)
            digest = replace(digest, gap=gap)
        return replace(digest, again=tuple(same_for_reader(digest, earlier))) if digest and earlier else digest

    def _worded(
        self, database: Database, digest: Digest | None, addresses: Sequence[Contact], one: Due, now: datetime
    ) -> tuple[Digest | None, int]:
        """Let a language model word the headline in the languages of these addresses; return how often it was asked.

        No transaction is open meanwhile. What it wrote is kept with the digest, so it never changes.
        """
        if self._machine is None or digest is None or not digest.alerts or not addresses:
            return digest, 0
        with database.reading() as db:
            left = self._machine.a_week - machine.asked(db, str(Week.of(now, self._config.city.zone)))
            finds = finder(db, self._config)

        def private(text: str) -> list[str]:
            return [span.of(text) for language in languages for span in finds.find(text, language)]

        languages = [one.person.digest_language or contact.language for contact in addresses]
        return machine_headlines.worded(digest, languages, self._machine, left, private)

    def _letters(self, digest: Digest, contact: Contact, one: Due, now: datetime) -> list[NewMessage]:
        key = f"{digests.letter(one.person.id, one.service, str(one.week))}{contact.id}"
        message = self.message(digest, contact.channel, one.person.digest_language or contact.language, key)
        about = (contact.id, contact.channel, letters.DIGEST)
        return [NewMessage(each.key, *about, letters.write(each), now, now) for each in letters.apart(message)]

    def message(self, digest: Digest, channel: str, language: str, key: str = "") -> Outbound:
        """Return the digest in the form of a channel, without an address."""
        words, url = texts(language), page_url(self._config, digest)
        if channel == MAIL:
            text, mail = render.mail(digest, words, url)
            if self._config.digest.attach_paper:
                mail = replace(mail, papers={f"{digest.service}-{digest.period}.pdf": render.pdf(digest, words, url)})
            return Outbound(key, "", text, mail=mail, language=words.language)
        text, picture = render.chat(digest, words, url)
        return Outbound(key, "", text, self._leads(digest, words), picture=picture, language=words.language)

    def _leads(self, digest: Digest, words: Texts) -> tuple[Button, ...]:
        """Return the buttons that lead from a digest to what can be done about it; none while its week is running."""
        if digest.so_far:
            return ()
        mark = mark_of(digest.service)
        act = Button(words("deed.chat.button"), f"@o:d:week:{mark}:{digest.period}")
        look = Button(words("digest.themes.look"), f"@o:th:of:{mark}")
        return (act, look) if digest.proposed else (act,)


def _is_last(week: Week, zone: ZoneInfo, now: datetime) -> bool:
    """Whether a week is the last whole one: rounds as they stand now say nothing of an older one."""
    return week == Week.of(now, zone).back(1)


def _of_contact(key: str) -> str:
    """Return the key of a digest to a contact, whichever part of it this is the key of."""
    digest, _, contact = key.rpartition(":")
    return f"{digest}:{contact.partition('.')[0]}"


def _goes(one: Due, digest: Digest | None) -> bool:
    """Whether a digest is to be sent: not where it is silent, or the person wants one less often and need not act."""
    return digest is not None and (_wanted(one) or digest.state is State.ACT)


def _wanted(one: Due) -> bool:
    """Whether the person wants the digest of this week: asked for it, or reads as often as that."""
    return one.at is None or sent(one.person, one.at.date(), one.week)


def _addresses(db: Connection, one: Due) -> list[Contact]:
    """Return where a digest that is to be sent goes."""
    reached = _reached(db, one.person.id)
    there = chosen(one.person, {contact.channel for contact in reached})
    return [contact for contact in reached if contact.channel in there]


def _reached(db: Connection, person_id: int) -> list[Contact]:
    return [contact for contact in contacts.of_person(db, person_id) if contact.may_be_written_to]


def _alarms(db: Connection, late: Delay, now: datetime) -> list[NewMessage]:
    hours = int((now - late.since) / timedelta(hours=1)) if late.since else 0
    return _to_operators(db, "late", lambda words: words.many("digest.late", hours), now)


def _to_operators(db: Connection, about: str, said: Callable[[Texts], str], now: datetime) -> list[NewMessage]:
    """Return a message for each who runs the bot; its key lets it out once a day."""
    told = []
    for person in rights.who(db, Right.HEAR_FAULTS):
        for contact in (each for each in contacts.of_person(db, person.id) if each.may_be_written_to):
            key = f"{about}:{now:%Y-%m-%d}:{contact.id}"
            text = said(texts(contact.language))
            letter = letters.write(Outbound(key, "", text, language=contact.language))
            told.append(NewMessage(key, contact.id, contact.channel, letters.DIGEST, letter, now, now))
    return told


@dataclass(frozen=True, slots=True)
class Delay:
    """Digests that should be with their readers by now."""

    unwritten: int
    unsent: int
    since: datetime | None = field(default=None, compare=False)
    """When the first of them should have come."""

    def __bool__(self) -> bool:
        """Whether there are any."""
        return self.unwritten > 0 or self.unsent > 0


def delay(db: Connection, config: Config, now: datetime) -> Delay:
    """Return how many digests were due an hour ago and are not written, or are written and not sent."""
    late = [one.at for one in unwritten(db, config, now) if one.at and now - one.at > LATE]
    unsent, first = outbox.unsent(db, KEY, now - LATE)
    return Delay(len(late), unsent, min((*late, *([first] if first else [])), default=None))


def refused(db: Connection, since: datetime) -> dict[str, int]:
    """Return how many letters with a digest a channel has refused for good since then, by service."""
    keys = {tuple(key.removeprefix(KEY).split(":")[:4]) for key in outbox.refused(db, KEY, since)}
    return dict(sorted(Counter(service for _, service, *_ in keys).items()))


def unreached(db: Connection, since: datetime) -> dict[str, int]:
    """Return how many digests written since then were for somebody whom nothing reaches, now as then, by service."""
    found = digests.unreached(db, since)
    reached = {person_id for person_id, _ in found if _reached(db, person_id)}
    return dict(sorted(Counter(service for person_id, service in found if person_id not in reached).items()))


def unwritten(db: Connection, config: Config, now: datetime) -> list[Due]:
    """Return the digests that are due and not written."""
    this = Week.of(now, config.city.zone)
    periods = [str(this.back(weeks)) for weeks in range(-1, 5)]
    written = {(*key, period) for period in periods for key in digests.written(db, period)}
    services = [service.key for service in config.services]
    return list(due(rights.holders(db, Right.READ_DIGESTS), services, rhythm(config), written, now))


def rhythm(config: Config) -> Rhythm:
    """Return when the city's digests come."""
    return Rhythm(config.city.zone, config.digest.weekday, config.digest.time)


def files(digest: Digest, language: str, url: str = "") -> dict[str, bytes]:
    """Return every rendering as files by name: JSON, chat text, chart, mail in text and HTML, paper, workbook."""
    words, name = texts(language), f"{digest.service}-{digest.period}"
    text, mail = render.mail(digest, words, url)
    message, picture = render.chat(digest, words, url)
    made = {
        f"{name}.json": published(digest).encode(),
        f"{name}.chat.txt": message.encode(),
        f"{name}.mail.txt": text.encode(),
        f"{name}.mail.html": _with_files(mail, name).encode(),
        f"{name}.pdf": render.pdf(digest, words, url),
        f"{name}.xlsx": render.xlsx(digest, words.language),
    }
    inline = {f"{name}.{cid}.png": drawn.png for cid, drawn in mail.inline.items() if cid != render.WEEKS}
    return made | inline | ({f"{name}.png": picture.png} if picture else {})


def _with_files(mail: Mail, name: str) -> str:
    """Return the mail's HTML with its pictures as files beside it."""
    html = mail.html.replace(f'cid:{render.WEEKS}"', f'{name}.png"')
    for cid in mail.inline:
        html = html.replace(f'cid:{cid}"', f'{name}.{cid}.png"')
    return html


def page_url(config: Config, digest: Digest) -> str:
    """Return the address of the digest's page."""
    period = "now" if digest.so_far else digest.period
    return f"{public_url(config)}/manage/digests/{digest.service}/{period}"


def _issued(db: Connection, service: str, week: Week, now: datetime) -> Digest | None:
    """The first digest of this week that anybody got: its figures are told again, never counted anew.

    One that was made for this very moment goes before all others. One that could tell of no themes goes behind one that
    could: theirs are told again, too.
    """
    body = digests.issued(db, service, str(week), THEMES_WAIT, now)
    found = load(body) if body else None
    return None if found is None or found.sign_of_life or found.so_far else found


def _shown_before(db: Connection, service: str, week: Week) -> str | None:
    """The JSON of the last whole digest of the service that anybody has seen before this week's."""
    return digests.last(db, service, str(week), WHOLE)


def _with_sample(db: Connection, scope: Scope, counted: Answers, beside: Beside) -> Foot:
    """Note of how many texts how many were drawn, where not all were."""
    told, texts = scope.foot or Foot(), _written(counted, scope)
    every = every_nth(texts)
    if scope.so_far or every == 1:
        return told
    span, first = scope.week.span(scope.zone), scope.week.number % every
    drawn = answers.drawn(db, scope.service, *span, every, first, without=beside.texts(span))
    return replace(told, sampled=drawn, written=texts)


def _written(counted: Answers, scope: Scope) -> int:
    return int(counted.written.set_index("week")["texts"].get(str(scope.week), 0))
