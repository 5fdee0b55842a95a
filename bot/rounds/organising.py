"""What an organiser does with rounds; the command line, the pages and the chat call the same.

Every act writes a line to the round's log. What the rules forbid raises `Refused` with one line for the reader.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.digests import polls
from bot.digests.results import result
from bot.digests.weeks import Week
from bot.errors import Refused
from bot.rounds import codes, links, record, wording
from bot.rounds.library import sketch
from bot.rounds.lifecycle import AGREED, LINK, State
from bot.rounds.report_back import send as send_report
from bot.rounds.written import shaped
from flows.changes import changes
from flows.speak import shortened
from storage import answers, crossings, flow_versions, moves, people, rounds, sessions
from storage.rounds import LogEntry, NewRound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.config import Config
    from bot.digests.results import Result
    from bot.rounds.library import Library
    from bot.rounds.record import Fault, Need
    from flows.catalog import Catalog
    from flows.issues import Issue
    from flows.model import Flow
    from storage.database import Database
    from storage.flow_versions import FlowVersion
    from storage.rounds import RoundRow
    from storage.sealing import Keys

CLOCK = "clock"
COMMAND_LINE = "command line"
FACTS = frozenset({"service", "flow", "title", "record", "audience", "opens_at", "closes_at"})


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
    closes_at: datetime | None
    report: Mapping[str, str]


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


RUNNING = (State.OPEN, State.SCHEDULED)
"""States of rounds that need their flow."""


@dataclass(frozen=True, slots=True)
class Counts:
    """A round in numbers: persons and answers that count, never answers of persons."""

    invited: int
    started: int
    active: int
    finished: int
    answers: int
    moves: Mapping[tuple[str, str], int]


class Rounds:
    """The rounds of an installation. Synchronous; each act is one transaction."""

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
        self._database = database
        self._keys = keys
        self._catalog = catalog
        self._library = library
        self._clock = clock
        self._mint = mint
        self.username: Callable[[], str | None] = lambda: None
        """The bot's name on Telegram, once it is known."""

    # ----------------------------------------------------------------- looking

    def listed(self, services: Sequence[str] | None = None, states: Sequence[str] = ()) -> list[RoundView]:
        """Return rounds, newest first, of these services (None: all) in these states (empty: all)."""
        with self._database.reading() as db:
            return [view(row) for row in rounds.find(db, services=services, states=states)]

    def find(self, code: str) -> RoundView | None:
        """Return the round with this code."""
        with self._database.reading() as db:
            row = rounds.by_code(db, code)
        return None if row is None else view(row)

    def log(self, code: str) -> list[LogEntry]:
        """Return what was done to a round, oldest first."""
        with self._database.reading() as db:
            return rounds.log_of(db, self._row(db, code).id)

    def needs(self, flow: str, service: str, language: str) -> list[Need]:
        """Return what the record must say for this flow in this service, in the order to ask it."""
        self._service(service)
        found = self._library.spoken(self._flow(flow), service)
        empty = self._sketch(code="", service=service, title="", record={}, closes_at=None)
        return record.needs(empty, found, self._config, self._library.phrases, language)

    def language(self, flow: str, service: str) -> str:
        """Return the language that a round of this flow for this service is written in, others being beside it."""
        self._service(service)
        return self._library.spoken(self._flow(flow), service).language

    def hints(self, code: str, language: str = wording.FALLBACK) -> list[str]:
        """Return what does not keep the round from opening and should be known: its flow's languages nobody is offered.

        A flow in every language of the bot was made for all cities: there it is no oversight.
        """
        with self._database.reading() as db:
            row = self._row(db, code)
            spoken = self._library.whole(db, row).languages
        offered = self._config.service(row.service).languages
        lost = [] if set(self._catalog.languages) <= set(spoken) else [one for one in spoken if one not in offered]
        values = {"flow": row.flow, "service": row.service, "languages": ", ".join(lost)}
        return [wording.fault(language, "not_offered", **values)] if lost else []

    def check(self, code: str, language: str = wording.FALLBACK) -> list[Fault]:
        """Return everything that keeps the round from opening; empty: it may open."""
        with self._database.reading() as db:
            return self._faults(db, self._row(db, code), language)

    def counts(self, code: str) -> Counts:
        """Count the round now."""
        with self._database.reading() as db:
            row = self._row(db, code)
            by_status = sessions.counts(db, row.id)
            return Counts(
                invited=rounds.invited(db, row.id).get("invitation", 0),
                started=sum(by_status.values()),
                active=by_status.get("active", 0),
                finished=by_status.get("completed", 0),
                answers=answers.handed_in(db, [row.id]).get(row.id, 0),
                moves={(move.origin, move.to): move.count for move in moves.of(db, row.id)},
            )

    def results(self, code: str) -> list[Result]:
        """Return what people want by a round's orders, divided points, best and last, as far as it may be told now."""
        now, zone, minimum = self._clock(), self._config.city.zone, self._config.digest.minimum_cell
        with self._database.reading() as db:
            look = polls.Look(Week.of(now, zone), zone, now, minimum)
            return [result(poll, minimum) for poll in polls.of_round(db, self._library, self._row(db, code), look)]

    def facts(self, code: str, language: str) -> dict[str, str]:
        """Return everything the round's texts are filled with, in `language`, days in words."""
        with self._database.reading() as db:
            row = self._row(db, code)
            values = self._library.facts(row, self._library.flow(db, row)).values
        return {name: record.in_language(text, language) for name, text in values.items()}

    def played(self, code: str) -> Flow:
        """Return the round's flow with its texts filled in, as citizens get it."""
        with self._database.reading() as db:
            return self._library.played(db, self._row(db, code)).flow

    def page_url(self, code: str) -> str:
        """Return the address of the public page of a round."""
        return links.page_url(record.public_url(self._config), code)

    def chat_url(self, code: str) -> str:
        """Return the public address of the web chat for this round."""
        return links.chat_url(record.public_url(self._config), code)

    def deep_link(self, code: str) -> str | None:
        """Return the Telegram link, or None where the city has no bot there."""
        username = self.username()
        return links.deep_link(username, code) if username else None

    # ----------------------------------------------------------------- acting

    def create(  # noqa: PLR0913 - a round has that many facts
        self,
        *,
        service: str,
        flow: str,
        title: str,
        record: Mapping[str, object],
        audience: str = LINK,
        opens_at: datetime | None = None,
        closes_at: datetime | None = None,
        who: int | None = None,
        code: str | None = None,
    ) -> RoundView:
        """Write a draft; `who` is a person's id, `code` one of their choice. Raises `Refused` where it cannot stand."""
        if code is not None and codes.own_code(code) is None:
            raise wording.Forbidden("bad_code", code=code)
        found = self._flow(flow)
        self._allowed(service, found, audience, title)
        facts = _entitled({"title": title, "record": _shaped(record)}, self.language(flow, service))
        now = self._clock()
        new = NewRound(
            code=code or codes.round_code(title, self._mint()),
            service=service,
            stage=_stage(found),
            flow=found.id,
            version=found.version,
            title=title.strip()[:200],
            record=_dumped(facts["record"]),
            audience=audience,
            created_at=now,
            key_sealed=self._keys.seal(self._keys.round_key(self._mint)),
            opens_at=opens_at,
            closes_at=closes_at,
            created_by=who,
        )
        with self._act() as db:
            if rounds.by_code(db, new.code) is not None:
                raise wording.Forbidden("taken_code", code=new.code)
            row = rounds.add(db, new)
            self._note(db, row, who, "created", now)
        return view(row)

    def change(self, code: str, *, who: int | None = None, **facts: Any) -> RoundView:  # noqa: ANN401 - facts of many types
        """Change facts of a draft (the same names as in `create`). Raises `Refused` once it is open."""
        unknown = facts.keys() - FACTS
        if unknown:
            raise TypeError(f"a round has no {', '.join(sorted(unknown))}")
        with self._act() as db:
            row = self._row(db, code)
            self._must_be(row, (State.DRAFT, State.SCHEDULED), "not_draft")
            flow = self._flow(facts.get("flow", row.flow))
            service = facts.get("service", row.service)
            if "record" in facts:
                facts = _entitled(facts | {"record": _shaped(facts["record"])}, self.language(flow.id, service))
            self._allowed(service, flow, facts.get("audience", row.audience), str(facts.get("title", row.title)))
            named = _named(row, facts)
            if "record" in facts:
                facts["record"] = _dumped(facts["record"])
            rounds.change(db, row.id, **facts | {"stage": _stage(flow), "version": flow.version})
            self._note(db, row, who, "changed", self._clock(), ", ".join(named))
            return view(self._row(db, code))

    def open(self, code: str, *, who: int | None = None) -> RoundView:
        """Open now, or schedule where its day lies ahead. Raises `Refused` while `check` finds faults."""
        now = self._clock()
        with self._act() as db:
            row = self._row(db, code)
            self._must_be(row, (State.DRAFT, State.SCHEDULED), "cannot_start", state=row.state)
            found = self._faults(db, row, wording.FALLBACK)
            if found:
                lines = "; ".join(each.message for each in found)
                raise wording.Forbidden("cannot_open", faults=lines)
            self._library.publish(db, row.flow, row.version, now)
            if row.opens_at is not None and row.opens_at > now:
                rounds.move(db, row.id, (State.DRAFT,), State.SCHEDULED)
                self._note(db, row, who, "scheduled", now)
            elif rounds.move(db, row.id, (State.DRAFT, State.SCHEDULED), State.OPEN, opened_at=now):
                self._note(db, row, who, "opened", now)
            return view(self._row(db, code))

    def close(self, code: str, *, who: int | None = None, why: str = "") -> RoundView:
        """Close now; a draft or a scheduled round is cancelled instead."""
        now = self._clock()
        with self._act() as db:
            row = self._row(db, code)
            if row.state in {State.DRAFT, State.SCHEDULED}:
                rounds.move(db, row.id, (State.DRAFT, State.SCHEDULED), State.CANCELLED, closed_at=now)
                self._note(db, row, who, "cancelled", now, why)
            else:
                self._must_be(row, (State.OPEN,), "not_open")
                rounds.move(db, row.id, (State.OPEN,), State.CLOSED, closed_at=now)
                self._note(db, row, who, "closed", now, why)
            return view(self._row(db, code))

    def extend(self, code: str, closes_at: datetime, *, who: int | None = None, why: str) -> RoundView:
        """Move the end of an open or scheduled round to a later moment, with the reason."""
        with self._act() as db:
            row = self._row(db, code)
            self._must_be(row, (State.OPEN, State.SCHEDULED), "not_open")
            if not why.strip():
                raise wording.Forbidden("no_reason")
            if closes_at <= max(row.closes_at or self._clock(), self._clock()):
                raise wording.Forbidden("later")
            rounds.change(db, row.id, closes_at=closes_at)
            self._note(db, row, who, "extended", self._clock(), why)
            return view(self._row(db, code))

    def report_back(self, code: str, report: Mapping[str, str], *, who: int | None = None) -> RoundView:
        """Publish what people said and what we do with it, per language, and send it to all who wished for it."""
        now = self._clock()
        with self._database.transaction() as db:
            row = self._row(db, code)
            if row.state == State.REPORTED_BACK:
                raise wording.Forbidden("already_reported")
            self._must_be(row, (State.CLOSED,), "report_first")
            languages = self._library.played(db, row).flow.languages
            for language in languages:
                if not report.get(language, "").strip():
                    raise wording.Forbidden("no_report", language=language)
            rounds.change(db, row.id, report=_dumped(report))
            rounds.move(db, row.id, (State.CLOSED,), State.REPORTED_BACK, reported_at=now)
            self._note(db, row, who, "reported_back", now)
            row = self._row(db, code)
            send_report(db, self._library.played(db, row), self._library, report, now)
            crossings.passed("report.written")
        crossings.passed("report.committed")
        return view(row)

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
            running = [view(row) for row in rounds.find(db, states=RUNNING) if row.flow == flow]
        return [
            Version(number, kept.get(number), tuple(one for one in running if one.version == number))
            for number in sorted({*kept, *self._catalog.versions(flow)}, reverse=True)
        ]

    def edited(self) -> list[Issue]:
        """Return a fault for each version that was edited after a round had asked it."""
        with self._database.reading() as db:
            return self._library.edited(db)

    def retire(self, flow: str, version: int, *, again: bool = False) -> None:
        """Let no new round open with a version (`again`: let them again); those that run end on it.

        Raises `Refused` where it is unknown, or where a round is about to open with it.
        """
        now = self._clock()
        with self._act() as db:
            waiting = [row.code for row in rounds.find(db, states=(State.SCHEDULED,)) if _asks(row, flow, version)]
            if waiting and not again:
                codes_ = ", ".join(waiting)
                raise Refused(f"{codes_} will open with {flow}@{version}: change or close it first, then retire.")
            if flow_versions.load(db, flow, version) is None:
                self._library.publish(db, flow, version, now)
            if not flow_versions.retire(db, flow, version, None if again else now):
                raise Refused(f"there is no {flow}@{version}: neither a file nor a round has it.")

    @contextmanager
    def _act(self) -> Iterator[Connection]:
        """One act of an organiser, done whole or not at all."""
        with self._database.transaction() as db:
            yield db
            crossings.passed("round.acts")
        crossings.passed("round.acted")

    # ----------------------------------------------------------------- rules

    def _faults(self, db: Connection, row: RoundRow, language: str) -> list[Fault]:
        flow = self._library.flow(db, row)
        found = record.faults(sketch(row), flow, self._config, self._library.phrases, language)
        kept = [*_retired(db, row, language), *self._faults_of_flow(row, flow, language)]
        return [*kept, *_faults_of_time(row, flow, self._clock(), language), *found]

    def _faults_of_flow(self, row: RoundRow, flow: Flow, language: str) -> list[Fault]:
        """A flow with an error would lead people astray; one in a language the round does not speak reaches nobody."""
        found = self._catalog.errors_of(row.flow, row.version, flow.languages)
        values = {"flow": row.flow, "first": found[0]} if found else {}
        return [record.Fault("flow", *[wording.fault(language, "flow_faults", **values)] * 2)] if found else []

    def _allowed(self, service: str, flow: Flow, audience: str, title: str) -> None:
        known = self._service(service)
        if flow.stage not in known.stages:
            raise wording.Forbidden("wrong_stage", service=service, stage=_stage(flow))
        if audience not in {AGREED, LINK}:
            raise wording.Forbidden("audience")
        if not title.strip():
            raise wording.Forbidden("no_title")

    def _service(self, key: str) -> Any:  # noqa: ANN401 - a Service of the configuration
        known = {service.key: service for service in self._config.services}
        if key not in known:
            raise wording.Forbidden("no_service", service=key, known=", ".join(known))
        return known[key]

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

    @staticmethod
    def _must_be(row: RoundRow, states: Sequence[str], key: str, **values: object) -> None:
        if row.state not in states:
            raise wording.Forbidden(key, **values)

    def _sketch(
        self, *, code: str, service: str, title: str, record: Mapping[str, object], closes_at: datetime | None
    ) -> record.Sketch:
        return _Sketch(
            code=code, service=service, title=title, record=record, created_at=self._clock(), closes_at=closes_at
        )

    @staticmethod
    def _note(db: Connection, row: RoundRow, who: int | None, what: str, now: datetime, why: str = "") -> None:
        person = people.get(db, who) if who is not None else None
        name = person.name if person is not None else COMMAND_LINE
        rounds.log(db, LogEntry(row.id, now, name[:120], what, why[:500]))


_Sketch = record.Sketch


def _asks(row: RoundRow, flow: str, version: int) -> bool:
    return (row.flow, row.version) == (flow, version)


def _brief(text: str) -> str:
    return shortened(text, _LONGEST_QUOTE)


_LONGEST_QUOTE = 160


def _entitled(facts: Mapping[str, Any], own: str) -> dict[str, Any]:
    """Return facts of a round whose title in its `own` language is the round's; those in others stay in the record.

    What is given as the title itself stands above what the record says.
    """
    kept = dict(facts["record"])
    said = kept.pop("title", {})
    titles = dict(said) if isinstance(said, dict) else {own: str(said)}
    title = titles.pop(own, "")
    beside = {**kept, "title": titles} if titles else kept
    return {**({"title": title} if title else {}), **facts, "record": beside}


def _named(row: RoundRow, facts: Mapping[str, Any]) -> list[str]:
    """Return which facts a change names; of a record, what is other than before."""
    old, new = record.load(row.record), facts.get("record", {})
    inside = {name for name in {*old, *new} if old.get(name) != new.get(name)} if "record" in facts else set()
    return sorted({*facts, *inside} - {"record"})


def _stage(flow: Flow) -> str:
    return "" if flow.stage is None else flow.stage.value


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


def _shaped(record: Mapping[str, object]) -> dict[str, object]:
    """Return the record in the shape that is kept. Raises `Refused` with every field that cannot be read."""
    kept, faults = shaped(record)
    if faults:
        raise Refused("; ".join(wording.fault(wording.FALLBACK, key, name=name) for name, key in faults))
    return kept


def _dumped(mapping: Mapping[str, object]) -> str:
    return record.dump(mapping)


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
        closes_at=row.closes_at,
        report=record.load(row.report) if row.report else {},
    )
