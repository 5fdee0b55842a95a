"""What the pages need from the program behind them; `bot.app.App` is one.

Everything here is synchronous unless it says `async`; pages call it in worker threads. Rule violations raise
`bot.errors.Refused` with one line for the reader; a world that does not answer raises `bot.errors.Trouble`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from bot.actions.acting import Actions
    from bot.assessing.assessments import Assessments
    from bot.channels.web.channel import WebChannel
    from bot.compose import Part
    from bot.config import Config
    from bot.counter import Counter
    from bot.digests.findings import Findings
    from bot.digests.model import Digest
    from bot.digests.results import Result
    from bot.files import Files
    from bot.rounds.addresses import Reading as Addresses
    from bot.rounds.aims import Aims, Targets
    from bot.rounds.audience import Tally
    from bot.rounds.fairness import Numbers
    from bot.rounds.foreseen import Foreseen, Unsaved
    from bot.rounds.legal import Length
    from bot.rounds.looking import Awaiting
    from bot.rounds.margins import Line, Margin, Slip
    from bot.rounds.outcome import Decision, KeyIssue, Outcome, Reading
    from bot.rounds.papers import Document
    from bot.rounds.places import PlaceView
    from bot.rounds.report_back import Draft
    from bot.rounds.variables import Variable
    from bot.rounds.whom import Whom
    from bot.threads import Threads
    from flows.catalog import Catalog
    from flows.issues import Issue
    from flows.model import Flow
    from storage.database import Database
    from storage.entries import Voices
    from storage.margins import Weighed
    from storage.people import Person
    from storage.sealing import Keys


class Need(Protocol):
    """One thing the record of a round must say before its texts are whole."""

    @property
    def name(self) -> str:
        """The placeholder (`topic`), or the list (`ideas`)."""

    @property
    def kind(self) -> str:
        """`text`, `date`, `list` (one option a line), `choice`, or `note` (a text nobody translates)."""

    @property
    def group(self) -> str:
        """Of what is asked where there is a duty to consult: under which head."""

    @property
    def meaning(self) -> str:
        """What it means, in the language asked for."""

    @property
    def options(self) -> Sequence[tuple[str, str]]:
        """(id, label) of what may be chosen, for `choice`."""

    @property
    def preset(self) -> str:
        """What the city's configuration proposes; empty where it knows nothing."""


class Fault(Protocol):
    """Why a round cannot open yet."""

    @property
    def field(self) -> str:
        """The need or the round's own field (`title`, `closes_at`) that is at fault; empty for the round as a whole."""

    @property
    def message(self) -> str:
        """One line in the language asked for: what is wrong and what to do."""

    @property
    def short(self) -> str:
        """The same beside the field's name."""


class RoundView(Protocol):
    """One round as pages show it."""

    @property
    def code(self) -> str:
        """The short name in links and on posters."""

    @property
    def service(self) -> str:
        """Key of the service."""

    @property
    def stage(self) -> str:
        """The service's stage."""

    @property
    def flow(self) -> str:
        """Id of the flow."""

    @property
    def version(self) -> int:
        """Version of the flow, fixed for this round."""

    @property
    def title(self) -> str:
        """What the round is called."""

    @property
    def state(self) -> str:
        """`draft`, `checked`, `scheduled`, `open`, `paused`, `closed` …: see bot.rounds.lifecycle."""

    @property
    def audience(self) -> str:
        """One of `bot.rounds.lifecycle.AUDIENCES`."""

    @property
    def record(self) -> Mapping[str, object]:
        """What the texts need: name to text, or to a text per language; under `lists` the option lists."""

    @property
    def opens_at(self) -> datetime | None:
        """When it opens or has opened."""

    @property
    def opened_at(self) -> datetime | None:
        """When it opened; None: it has not."""

    @property
    def closes_at(self) -> datetime | None:
        """When it closes; None: not by itself."""

    @property
    def closed_at(self) -> datetime | None:
        """When it closed, or was cancelled; None: it has not."""

    @property
    def report(self) -> Mapping[str, str]:
        """The report-back per language; empty before it is published."""

    @property
    def outcome(self) -> Outcome:
        """What came of it so far."""

    @property
    def whom(self) -> Whom:
        """Who of its audience is meant."""

    @property
    def spread_hours(self) -> int | None:
        """Over how many hours invitations go out; None: at once."""

    @property
    def remind_at(self) -> datetime | None:
        """When the silent are reminded; None: at the usual moment."""


class Version(Protocol):
    """One version of a flow."""

    @property
    def number(self) -> int:
        """Its number."""

    @property
    def retired_at(self) -> datetime | None:
        """Since when no new round opens with it."""

    @property
    def rounds(self) -> Sequence[RoundView]:
        """The rounds that ask it now or are about to."""


class Counts(Protocol):
    """A round in numbers, right now. Persons, never answers of persons."""

    @property
    def invited(self) -> int:
        """People written to."""

    @property
    def started(self) -> int:
        """People who began."""

    @property
    def active(self) -> int:
        """People in the middle of it."""

    @property
    def finished(self) -> int:
        """People who came to the end."""

    @property
    def answers(self) -> int:
        """Answers that count."""

    @property
    def individuals(self) -> int:
        """People whose answers count, without those that are counted apart."""

    @property
    def over(self) -> bool:
        """Whether the round is closed for people."""

    @property
    def told(self) -> int:
        """People the result was sent to."""

    @property
    def clear(self) -> int:
        """How many of them said that it was clear."""

    @property
    def partly(self) -> int:
        """How many said that it was in part."""

    @property
    def unclear(self) -> int:
        """How many said that it was not."""

    @property
    def moves(self) -> Mapping[tuple[str, str], int]:
        """(from, to) to how often: the drop-off picture."""


class LogEntry(Protocol):
    """One thing done to a round."""

    @property
    def number(self) -> int:
        """From 1."""

    @property
    def at(self) -> datetime:
        """When."""

    @property
    def who(self) -> str:
        """By whom, in words."""

    @property
    def what(self) -> str:
        """The act, in the past tense: `created`, `opened`, `closed`."""

    @property
    def reason(self) -> str:
        """The reason given; may be empty."""

    @property
    def public(self) -> bool:
        """Whether everybody may read the reason."""

    @property
    def language(self) -> str:
        """In which language it was given then; empty where nobody noted it."""

    @property
    def translated(self) -> Mapping[str, str]:
        """The same reason in other languages."""

    @property
    def changed(self) -> Mapping[str, tuple[Any, Any]]:
        """What is other than before: (old, new) by the name of the fact."""


class Rounds(Protocol):
    """What an organiser does; pages, chat and command line call the same."""

    def may_leave(self, token: str) -> bool:
        """Whether a link of a mail can stop the mails to somebody."""

    def leave(self, token: str) -> bool:
        """Stop all mails to whom a link of a mail belongs; return whether it is one of ours."""

    def send_data(self, token: str) -> bool:
        """Send whom a link of a mail belongs to the way to all that is kept of them; whether it is one of ours."""

    def may_take_data(self, token: str) -> bool:
        """Whether a link of MYDATA shows somebody's data now."""

    def own_data(self, token: str, form: str) -> str | None:
        """Return all that is kept of whose link of MYDATA it is, as `json` or `csv`; None where it is nobody's."""

    def is_mailed(self, token: str) -> bool:
        """Whether the link of an invitation by mail brings this."""

    def came(self, code: str, token: str, address: str) -> bool:
        """Note in which chat whoever has the link of a mail takes part; return whether it leads here."""

    def needs(self, flow: str, service: str, language: str) -> Sequence[Need]:
        """Return what the record must say for this flow in this service, in the order to ask it."""

    def create(  # noqa: PLR0913 - a round has that many facts
        self,
        *,
        service: str,
        flow: str,
        title: str,
        record: Mapping[str, object],
        audience: str,
        opens_at: datetime | None,
        closes_at: datetime | None,
        who: int | None,
        code: str | None = None,
    ) -> RoundView:
        """Write a draft; `who` is a person's id, `code` one of their choice. Raises `Refused` where it cannot be."""

    def change(self, code: str, *, who: int | None, seen: int | None, why: str = "", **facts: object) -> RoundView:
        """Change facts of a draft (the same names as in `create`); `why` stands in its log.

        Raises `Refused` once it is open, and where it was changed after the entry `seen` of its log.
        """

    def services(self) -> Sequence[str]:
        """Return the services there are, and those no longer set up that have rounds."""

    def listed(self, services: Sequence[str] | None = None, states: Sequence[str] = ()) -> Sequence[RoundView]:
        """Return rounds, newest first, of these services (None: all) in these states (empty: all)."""

    def public(self) -> Sequence[RoundView]:
        """Return the rounds on the list for everybody, newest first; of those given up only what had opened."""

    def find(self, code: str) -> RoundView | None:
        """Return the round with this code."""

    def audience(self, code: str) -> Tally:
        """Count the audience: as it stands, and before the round opens as it would be now."""

    def long_ago(self, code: str) -> int:
        """Count the rounds that would tell who is meant, and of which nobody knows any more who took part."""

    def check(self, code: str, language: str) -> Sequence[Fault]:
        """Return everything that keeps the round from opening; empty: it may open."""

    def hints(self, code: str, language: str, named: Callable[[str], str]) -> Sequence[str]:
        """Return what does not keep the round from opening and should be known."""

    def untranslated(self, code: str, language: str, named: Callable[[str], str]) -> str:
        """Return what of a round is missing in a language in which it is read, and in which; empty: nothing."""

    def unreachable(self, language: str) -> str:
        """Return one line where people's phones cannot open the addresses of rounds; empty where they can."""

    def borrowed(self, code: str) -> Sequence[str]:
        """Return the fields of a draft that still hold words of the example: it cannot open with them."""

    def foresee(self, written: Unsaved, language: str) -> Foreseen:
        """Return what keeps what is being written from opening, and what would make it better. Nothing is kept."""

    def open(self, code: str, *, who: int | None) -> RoundView:
        """Open now, or schedule where its day lies ahead. Raises `Refused` while `check` finds faults."""

    def close(self, code: str, *, who: int | None, why: str = "") -> RoundView:
        """Close now."""

    def approve(self, code: str, *, who: int, seen: int | None) -> RoundView:
        """Sign it as the second person, who has seen it as it stood at the entry `seen` of its log."""

    def unsigned(self, code: str) -> bool:
        """Whether a second person has to sign before it can open."""

    def unscheduled(self, code: str) -> bool:
        """Whether it was to open by itself, and a change since has made it a draft again."""

    def awaiting(self, services: Sequence[str] | None = None) -> Mapping[str, Awaiting]:
        """Return by code the rounds of these services (None: all) that wait for a second signature."""

    def signature(self, code: str) -> LogEntry | None:
        """Return who has signed it as it is, and when."""

    def signers_invited(self, code: str) -> Sequence[str]:
        """Return the names of those invited to sign who have not followed their link yet."""

    def approvers(self, code: str) -> Sequence[Person]:
        """Return who may sign it."""

    def cancel(
        self, code: str, *, who: int | None, why: str, language: str = "", translated: Mapping[str, str] = ...
    ) -> RoundView:
        """Give it up, for a reason."""

    def pause(self, code: str, *, who: int | None, why: str) -> RoundView:
        """Let it rest, for a reason."""

    def resume(self, code: str, *, who: int | None, why: str = "") -> RoundView:
        """Let it go on."""

    def extend(
        self, code: str, closes_at: datetime, *, who: int | None, why: str, days: Mapping[str, str] = ...
    ) -> RoundView:
        """Move the end to a later moment, with the reason."""

    def note(self, code: str, what: str, text: str, *, who: int | None) -> None:
        """Write a complaint, an outage or a remark into its log."""

    def raise_issue(
        self, code: str, issue: KeyIssue, *, number: int | None = None, who: int | None = None
    ) -> RoundView:
        """Write down something people raised, with the answer to it."""

    def read(self, code: str, reading: Reading, *, who: int | None) -> RoundView:
        """Note that somebody who decides has read a report."""

    def analyse(self, code: str, analysis: str, *, who: int | None) -> RoundView:
        """Say what the answers say."""

    def decide(self, code: str, decision: Decision, *, who: int | None) -> RoundView:
        """Write down what was decided, and why."""

    def archive(self, code: str, lessons: str, *, who: int | None) -> RoundView:
        """Put it away."""

    def drafted(self, code: str, language: str) -> str:
        """Return a report to write on."""

    def lines(self, code: str, purpose: str, *, every_text: bool = False) -> Iterator[Sequence[object]]:
        """Give the lines of an export of answers, for `team` or `publication`."""

    def exported(self, code: str, what: str, *, who: int | None = None) -> None:
        """Write into the log that answers leave the house."""

    def report_draft(self, code: str) -> Draft | None:
        """Return the draft of the report that was kept; None where nobody has written on it yet."""

    def keep_draft(
        self, code: str, texts: Mapping[str, str], *, signed: str, who: int | None = None, seen: str = ""
    ) -> Draft:
        """Keep what somebody writes on the report, over the draft with the mark `seen`."""

    def publish_draft(self, code: str, seen: str, *, who: int | None = None) -> RoundView:
        """Publish the draft with the mark `seen`."""

    def letters(self, code: str, report: Mapping[str, str], signed: str) -> Mapping[str, Sequence[Part]]:
        """Return the messages that citizens would get, by language."""

    def wishing(self, code: str) -> int:
        """Return how many wished to hear what comes of a round."""

    def length(self, code: str, language: str) -> Length | None:
        """Count the days on which it is open; None where it does not close by itself."""

    def report_back(self, code: str, report: Mapping[str, str], *, signed: str, who: int | None) -> RoundView:
        """Publish what people said and what we do with it, per language, and send it to all who wished for it."""

    def counts(self, code: str) -> Counts:
        """Count the round now."""

    def answering(self, code: str) -> int:
        """Return how many people have answers in the team's file as it is now."""

    def places(self, code: str) -> Sequence[PlaceView]:
        """Return where the round hangs out its code, with how many came by each place as far as it may be told."""

    def add_place(self, code: str, name: str, *, who: int | None) -> PlaceView:
        """Name a place with a code of its own. Raises `Refused` where that cannot be."""

    def attach(
        self, code: str, file: str, body: bytes, *, title: str = "", who: int | None = None, why: str = ""
    ) -> Document:
        """Add a PDF to a round that has not begun. Raises `Refused` for anything else."""

    def detach(self, code: str, name: str, *, who: int | None = None, why: str = "") -> None:
        """Take a document from a round that has not begun. Raises `Refused` where there is none."""

    def paper(self, sha256: str) -> bytes | None:
        """Return the bytes of a document; None where they are gone."""

    def leads_to(self, code: str) -> tuple[RoundView | None, int]:
        """Return the round that a code leads to, its own or that of a place, and the place's id; 0: no place."""

    def saw(self, place_id: int) -> None:
        """Count that somebody opened a page by the code of a place."""

    def short_url(self, code: str) -> str:
        """Return the shortest public address of a round or a place."""

    def voices(self, code: str) -> Voices:
        """Count who has finished: individuals, groups with their heads, organisations by name."""

    def numbers(self, code: str, language: str) -> Numbers:
        """Count it by group, against who lives there and what is aimed at; questions in `language`."""

    def overdue(self, state: str, said: Mapping[str, object]) -> int:
        """Return by how many days the result of a round of this state and record is late; 0: it is not."""

    def evaluation(self, code: str, reader: str) -> list[str]:
        """Return in words what is known of it by its end."""

    def glance(self, code: str, language: str) -> tuple[Counts, Numbers]:
        """Return both, as they were a few seconds ago at most."""

    def variables(self, code: str | None = None) -> Mapping[str, Variable]:
        """Return by what those who answer can be told apart; None: by what the city can be described."""

    def margins(self, code: str | None = None) -> Mapping[str, Margin]:
        """Return who lives in the city; with `code`, what the round goes by."""

    def aims(self, code: str) -> Aims:
        """Return what the round aims at, as it was said."""

    def weigh(
        self,
        lines: Sequence[Line],
        source: str,
        on: str,
        *,
        code: str | None = None,
        who: int | None = None,
        why: str = "",
    ) -> Sequence[Slip]:
        """Keep who lives there, for the city or the round; return what is wrong, and then keep nothing."""

    def unweigh(self, variable: str, *, code: str | None = None, who: int | None = None, why: str = "") -> None:
        """Forget who lives there by a variable."""

    def weighings(self) -> Sequence[Weighed]:
        """Return all that was ever said of who lives in the city, oldest first."""

    def aim(self, code: str, answers: int | None, wanted: Targets, *, who: int | None = None, why: str = "") -> None:
        """Say how many answers are wanted in all, and of whom."""

    def receive(
        self, code: str, file: Path, ground: str, *, leave_out: bool = False, who: int | None = None
    ) -> tuple[Addresses, int]:
        """Take the addresses of a CSV into the audience of a draft; return what it holds, how many are new."""

    def take_away(self, code: str, why: str = "", who: int | None = None) -> int:
        """Take all lists of a draft out of its audience; return how many people were in it."""

    def results(self, code: str) -> Sequence[Result]:
        """Return what people want by the round's orders, divided points, best and last, as far as it may be told."""

    def findings(self, code: str) -> Findings | None:
        """Return what the closed round says, as everybody may know it; None: it has not been counted yet."""

    def settings(self, code: str) -> Config:
        """Return the configuration as a round goes by it."""

    def facts(self, code: str, language: str) -> Mapping[str, str]:
        """Return everything the round's texts are filled with, in `language`, days in words."""

    def log(self, code: str) -> Sequence[LogEntry]:
        """Return what was done to the round, oldest first."""

    def told(self, code: str) -> Sequence[tuple[LogEntry, int]]:
        """Return the same for readers: answers taken down one after the other are one entry, with their number."""

    def played(self, code: str) -> Flow:
        """Return the round's flow with its texts filled in, as citizens get it, or would if it were asked."""

    def asks(self, code: str) -> bool:
        """Whether people can be asked the round: its questions are there, and those that were signed."""

    def versions(self, flow: str) -> Sequence[Version]:
        """Return the versions of a flow, the newest first, with the rounds that run on each."""

    def changes(self, flow: str, old: int, new: int | None, language: str) -> Sequence[str]:
        """Return what changed between two versions, a line each, in `language`. Raises `Refused` where one is gone."""

    def edited(self) -> Sequence[Issue]:
        """Return a fault for each version that was edited after a round had asked it."""

    def chat_url(self, code: str) -> str:
        """Return the public address of the web chat for this round."""

    def deep_link(self, code: str) -> str | None:
        """Return the Telegram link, or None where the city has no bot there."""


class Webhook(Protocol):
    """Where Telegram's POSTs go."""

    def admits(self, secret: str | None) -> bool:
        """Whether who calls with this secret is Telegram; nothing of anybody else's request is read."""

    async def receive(self, body: bytes, secret: str | None) -> int:
        """Take one update and return the HTTP status to answer, after the commit."""


class Backstage(Protocol):
    """The program behind the pages."""

    @property
    def config(self) -> Config:
        """The city's configuration."""

    @property
    def database(self) -> Database:
        """Where all is kept."""

    @property
    def keys(self) -> Keys:
        """The installation's keys."""

    @property
    def catalog(self) -> Catalog:
        """Every flow there is."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """What time it is."""

    @property
    def mint(self) -> Callable[[], str]:
        """A new random name of at least 128 bits, letters safe in an address, at each call."""

    @property
    def rounds(self) -> Rounds:
        """The organiser's acts."""

    @property
    def threads(self) -> Threads:
        """What citizens and the people of a service write to each other."""

    @property
    def actions(self) -> Actions:
        """What services do about what they were told."""

    @property
    def assessments(self) -> Assessments:
        """How staff see their own work."""

    @property
    def chat(self) -> WebChannel:
        """The channel whose `accept` the loop has set by `listen`."""

    @property
    def counter(self) -> Counter:
        """Where staff take down what people say elsewhere."""

    @property
    def files(self) -> Files:
        """What citizens sent over all channels, to look at."""

    @property
    def uploads(self) -> Path:
        """The folder for citizens' pictures."""

    @property
    def webhook(self) -> Webhook | None:
        """Telegram's door, where the city uses it."""

    def so_far(self, service: str) -> Digest | None:
        """Return the figures of the week that is running; None where nobody answered and no clock runs."""

    async def ready(self) -> tuple[bool, Mapping[str, str]]:
        """Return whether all parts work, and one short line for each part."""

    async def metrics(self) -> str:
        """Return the measurements in Prometheus' text format."""
