"""What an organiser does once a round has been answered: read, decide, report back, keep for later.

closed → analysed → decided → reported_back → archived. Where there is no duty to consult, a round may report back as
soon as it has closed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.rounds import legal, outcome, record, wording
from bot.rounds.acting import LONGEST, Acting, fits, name_of
from bot.rounds.lifecycle import ANSWERED, BEGINNING, GRACE, RUNNING, State, closed_on, ended_at
from bot.rounds.looking import view
from bot.rounds.report_back import Draft, draft
from bot.rounds.report_back import send as send_report
from bot.rounds.tongues import tidy
from storage import answers, crossings, report_drafts, rounds, sessions
from storage.report_drafts import ReportDraft

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime

    from sqlalchemy import Connection

    from bot.rounds.looking import RoundView
    from bot.rounds.outcome import Decision, KeyIssue, Outcome, Reading
    from bot.rounds.tongues import Text
    from storage.rounds import RoundRow

TELL = "tell"
"""The promise of a round that tells of a decision which may have been taken before."""
NOTES = ("complaint", "outage", "remark")
"""What may be noted in the log of a round."""
SIGNATURE = 200
"""Characters of a name and an office."""
RAISING = (*RUNNING, *ANSWERED)
"""States in which issues are written down: from the first answer until the report is published."""


class Concluding(Acting):
    """What comes of rounds."""

    def note(self, code: str, what: str, text: str, *, who: int | None = None) -> None:
        """Write a complaint, an outage or a remark into the log of a round, at any time."""
        if what not in NOTES:
            raise wording.Forbidden("not_a_note", notes=", ".join(NOTES))
        with self._act() as db:
            row = self._held(db, code)
            self._said("note", text)
            fits("note", text.strip(), LONGEST)
            self._note(db, row, who, what, self._clock(), text.strip())

    def exported(self, code: str, what: str, *, who: int | None = None) -> None:
        """Write into the log of a round that its answers leave the house, and for whom: one of `exporting.NOTED`."""
        with self._act() as db:
            self._note(db, self._held(db, code), who, what, self._clock())

    def answering(self, code: str) -> int:
        """Return how many people have answers in the team's file as it is now: those who deleted theirs are gone."""
        with self._database.reading() as db:
            row = self._row(db, code)
            return answers.handed_in(db, [row.id]).get(row.id, 0)

    def lines(self, code: str, purpose: str, *, every_text: bool = False) -> Iterator[Sequence[object]]:
        """Give the lines of an export (see `bot.rounds.exporting`); for publication, none before they are counted."""
        from bot.rounds import exporting  # noqa: PLC0415 - what counts is slow to load, and rarely needed

        with self._database.reading() as db:
            row, minimum = self._row(db, code), self._config.digest.minimum_cell
            if purpose == exporting.TEAM:
                zone = self._config.city.zone
                yield from exporting.team(db, self._library, row, minimum, zone, every_text=every_text)
        if purpose == exporting.PUBLICATION and (found := self.findings(code)):
            yield from exporting.publication(self.played(code), row.stage, found.lines)

    def raise_issue(
        self, code: str, issue: KeyIssue, *, number: int | None = None, who: int | None = None
    ) -> RoundView:
        """Write down something people raised, with the answer to it; `number` (from 1) writes an issue anew.

        The log of issues may grow from the first answer until the report is published.
        """
        issue = outcome.tidied(issue)
        with self._act() as db:
            row = self._held(db, code)
            self._must_be(row, RAISING, "no_more_issues")
            self._fits(issue)
            now = outcome.load(row.outcome)
            if number is not None and not 1 <= number <= len(now.issues):
                raise wording.Forbidden("no_issue", number=number, most=len(now.issues))
            said_again = number is None and issue in now.issues  # somebody pressed twice
            return self._kept(db, row, now if said_again else now.with_issue(issue, number), who, "issue")

    def _fits(self, issue: KeyIssue) -> None:
        self._said("issue", issue.issue)
        self._said("response", issue.response)
        if issue.changed not in outcome.CHANGED:
            raise wording.Forbidden("not_changed", options=", ".join(outcome.CHANGED))
        if issue.changed != "yes":
            self._said("reason", issue.reason)

    def read(self, code: str, reading: Reading, *, who: int | None = None) -> RoundView:
        """Note that somebody who decides has read a report, and on which day."""
        with self._act() as db:
            row = self._held(db, code)
            self._unpublished(row)
            self._must_be(row, ANSWERED, "not_closed")
            self._said("reader", reading.who)
            self._said("read_what", reading.what)
            self._was(row, reading.on)
            now = outcome.load(row.outcome)
            readings = now.readings if reading in now.readings else (*now.readings, reading)
            return self._kept(db, row, replace(now, readings=readings), who, "read")

    def analyse(self, code: str, analysis: str, *, who: int | None = None) -> RoundView:
        """Say what the answers say, or where that is written: then the round waits for its decision.

        Where there is a duty to consult, the issues people raised are written down first.
        """
        with self._act() as db:
            row = self._held(db, code)
            self._unpublished(row)
            self._must_be(row, (*BEGINNING, *RUNNING, State.CLOSED, State.ANALYSED), "decided_already")
            self._must_be(row, (State.CLOSED, State.ANALYSED), "not_closed")
            self._said("analysis", analysis)
            now = outcome.load(row.outcome)
            if self._consults(row) and not now.issues:
                raise wording.Forbidden("no_issues")
            rounds.move(db, row.id, (State.CLOSED,), State.ANALYSED)
            return self._kept(db, row, replace(now, analysis=analysis.strip()), who, "analysed")

    def decide(self, code: str, decision: Decision, *, who: int | None = None) -> RoundView:
        """Write down what was decided and why.

        Where there is a duty to consult, those who decide have read a report first, and say what they did not choose.
        """
        decision = outcome.tidied(decision)
        with self._act() as db:
            row = self._held(db, code)
            self._unpublished(row)
            self._must_be(row, undecided(consults=self._consults(row)), "not_analysed")
            now = outcome.load(row.outcome)
            self._decided(row, decision, now)
            rounds.move(db, row.id, (State.CLOSED, State.ANALYSED), State.DECIDED)
            return self._kept(db, row, replace(now, decision=decision), who, "decided")

    def _decided(self, row: RoundRow, decision: Decision, now: Outcome) -> None:
        self._said("decision", decision.text)
        self._said("reasons", decision.reasons)
        told = record.load(row.record).get("influence") == TELL
        self._was(row, decision.on, at_any_time=told)
        if self._consults(row):
            self._said("not_chosen", decision.not_chosen)
            if not now.readings:
                raise wording.Forbidden("no_reader")
            self._after_reading(decision, now)

    def _after_reading(self, decision: Decision, now: Outcome) -> None:
        """Refuse a decision from before the first reading; one that lies ahead, of earlier versions, says nothing."""
        on, days = record.day_of(decision.on), (record.day_of(reading.on) for reading in now.readings)
        first = min((day for day in days if day is not None and day <= self._today()), default=None)
        if on is not None and first is not None and on < first:
            raise wording.Forbidden("before_read", day=decision.on, read=first)

    def keep_draft(
        self, code: str, texts: Mapping[str, str], *, signed: str, who: int | None = None, seen: str = ""
    ) -> Draft:
        """Keep what somebody writes on the report, per language; nobody outside sees it, and no log tells of it.

        `seen` is the mark of the draft that they have seen, empty for none: nobody writes over what they have not read.
        """
        now, signed = self._clock(), signed.strip()
        fits("signed", signed, SIGNATURE)
        with self._act() as db:
            row = self._held(db, code)
            self._may_report(row)
            self._as_read(db, row, seen)
            texts = {language: text.strip() for language, text in texts.items() if text.strip()}
            name = name_of(db, who, self.operator)
            kept = ReportDraft(row.id, record.dump(texts), signed, now, name)
            report_drafts.keep(db, kept)
        return Draft(texts, kept.signed, now, name)

    @staticmethod
    def _as_read(db: Connection, row: RoundRow, seen: str) -> None:
        kept = draft(report_drafts.of(db, row.id))
        if (kept.mark if kept else "") != seen:
            raise wording.Forbidden("draft_meanwhile")

    def publish_draft(self, code: str, seen: str, *, who: int | None = None) -> RoundView:
        """Publish the draft of the report as it was when somebody saw it with this mark; see `report_back`."""
        kept = self.report_draft(code) or Draft({}, "", self._clock(), "")
        return self.report_back(code, kept.texts, signed=kept.signed, who=who, seen=seen)

    def report_back(
        self, code: str, report: Mapping[str, str], *, signed: str, who: int | None = None, seen: str | None = None
    ) -> RoundView:
        """Publish what people said and what we do with it, per language, and send it to all who wished for it.

        `signed`: name and office of the person who answers for it. A round held by duty is decided first. `seen` is the
        mark of the draft that it was made of: where that has changed meanwhile, nothing is published. Nor is a text
        that still holds the mark of what nobody has written, nor any while somebody may still come to the end.
        """
        now = self._clock()
        with self._database.transaction() as db:
            row = self._held(db, code)
            self._may_report(row)
            self._all_in(db, row, now)
            if seen is not None:
                self._as_read(db, row, seen)
            self._said("signed", signed)
            fits("signed", signed.strip(), SIGNATURE)
            for language in self._library.played(db, row).flow.languages:
                if not report.get(language, "").strip():
                    raise wording.Forbidden("no_report", language=language)
                if wording.unwritten(report[language]):
                    raise wording.Forbidden("unwritten", language=language)
            rounds.change(db, row.id, report=record.dump(report))
            rounds.move(db, row.id, ANSWERED, State.REPORTED_BACK, reported_at=now)
            known = outcome.load(row.outcome)
            made = self._kept(db, row, replace(known, signed=signed.strip()), who, "reported_back")
            row = self._row(db, code)
            send_report(db, self._library.played(db, row), self._library, report, signed.strip(), now)
            report_drafts.forget(db, row.id)
            crossings.passed("report.written")
        crossings.passed("report.committed")
        return made

    @staticmethod
    def _unpublished(row: RoundRow) -> None:
        """Refuse what comes before the report once that is published, or where nothing will come of the round."""
        if row.state in {State.REPORTED_BACK, State.ARCHIVED}:
            raise wording.Forbidden("already_reported")
        if row.state == State.CANCELLED:
            raise wording.Forbidden("over_already")

    def _may_report(self, row: RoundRow) -> None:
        self._unpublished(row)
        self._must_be(row, ANSWERED, "report_first")
        if not may_report(row.state, consults=self._consults(row)):
            raise wording.Forbidden("decide_first")

    def _all_in(self, db: Connection, row: RoundRow, now: datetime) -> None:
        """Refuse a report on answers that are not all there: who is in the middle may still come to the end."""
        over = ended_at(row)
        if over is not None and now < over + GRACE and sessions.active(db, row.id):
            raise wording.Forbidden("still_answering", hour=(over + GRACE).astimezone(self._config.city.zone))

    def archive(self, code: str, lessons: str, *, who: int | None = None) -> RoundView:
        """Say what was learnt for the next round: then nothing about this one changes any more."""
        with self._act() as db:
            row = self._held(db, code)
            if row.state in {State.ARCHIVED, State.CANCELLED}:
                raise wording.Forbidden("over_already")
            self._must_be(row, (State.REPORTED_BACK,), "report_before")
            self._said("lessons", lessons)
            rounds.move(db, row.id, (State.REPORTED_BACK,), State.ARCHIVED)
            now = replace(outcome.load(row.outcome), lessons=lessons.strip())
            return self._kept(db, row, now, who, "archived")

    # ----------------------------------------------------------------- rules

    def _kept(self, db: Connection, row: RoundRow, now: Outcome, who: int | None, what: str) -> RoundView:
        """Keep what has come of a round; where all is as it was, no line is added to its log."""
        changed = outcome.changes(outcome.load(row.outcome), now)
        if changed or self._row(db, row.code).state != row.state:
            rounds.change(db, row.id, outcome=outcome.dump(now))
            self._note(db, row, who, what, self._clock(), changed=changed)
        return view(self._row(db, row.code))

    @staticmethod
    def _consults(row: RoundRow) -> bool:
        return legal.consults(record.load(row.record))

    @staticmethod
    def _said(name: str, text: Text) -> None:
        if not tidy(text):
            raise wording.Forbidden("unsaid", name=name)

    def _was(self, row: RoundRow, text: str, *, at_any_time: bool = False) -> None:
        """Refuse what is no day, one that lies ahead, and (unless `at_any_time`) one before the last day to answer."""
        day, closed = record.day_of(text), closed_on(row.closes_at, row.closed_at, self._config.city.zone)
        if day is None:
            raise wording.Forbidden("not_a_date", name=text or "-")
        if day > self._today():
            raise wording.Forbidden("not_yet", day=text)
        if closed is not None and day < closed and not at_any_time:
            raise wording.Forbidden("before_closed", day=text, closed=closed)

    def _today(self) -> date:
        """Return today's day in the city."""
        return self._clock().astimezone(self._config.city.zone).date()


def may_report(state: str, *, consults: bool) -> bool:
    """Whether a round in this state may report back; one held by duty is decided first."""
    return state == State.DECIDED or (state in ANSWERED and not consults)


def undecided(*, consults: bool) -> Sequence[State]:
    """Return from where a round is decided; what was decided may be written down anew until it is published."""
    return (State.ANALYSED, State.DECIDED) if consults else (State.CLOSED, State.ANALYSED, State.DECIDED)
