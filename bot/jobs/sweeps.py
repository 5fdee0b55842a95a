"""Jobs that ask "what is due?" and do it. Each may run at any time, anywhere, again: a repeat is harmless."""

from __future__ import annotations

import shutil
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from bot.alarms import Alarms
from bot.assessing import calls
from bot.compose import compose
from bot.digests.writing import delay, refused, unreached
from bot.erasure import policy_of
from bot.errors import Refused, Trouble
from bot.jobs.schedule import told
from bot.letters import BULK, letters
from bot.participation import left
from bot.rounds import findings as counting
from bot.rounds import lifecycle, organised, outcome, promise, record, report_back, turnout, whom
from bot.rounds.acting import CLOCK
from bot.rounds.addresses import TAKING, plain
from bot.rounds.audience import meant, rules, told_of
from bot.rounds.hours import Hours
from bot.rounds.invitations import ask_again, invite, letters_of, may_remind, remind
from bot.rounds.lifecycle import LINK, Act, State
from bot.rounds.looking import needs_two, signature
from bot.rounds.tongues import in_language
from flows import engine, memory
from flows.model import Prompt
from flows.words import fill
from storage import (
    audience,
    contacts,
    crossings,
    deletions,
    digests,
    files,
    findings,
    outbox,
    retention,
    rounds,
    sessions,
    trail,
)
from storage.database import Conflict, StorageTrouble, Unopened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.channels.base import Capabilities
    from bot.config import Config
    from bot.digests.writing import Digests
    from bot.rounds.library import Library
    from bot.rounds.lifecycle import Step
    from storage.audience import Rules
    from storage.database import Database
    from storage.rounds import RoundRow
    from storage.sessions import SessionRow

SILENT = timedelta(days=2)
"""After so long a silence in a session, whoever said yes to being written to is reminded once."""

GROWING = timedelta(hours=1)
"""So often an open round looks who belongs to its audience by now."""
LONG = timedelta(minutes=10)
"""No session waits so long for further words."""
AT_ONCE = 1000
"""So many lines of logs of rounds may be written by others who end later than whoever began after them."""
FAST = timedelta(days=2)
"""No channel asks us to rest so long: what is put off further was put off by a clock that ran fast."""
SETTLED = timedelta(hours=1)
"""After so long a file that was just sent has its place in the database."""

log = structlog.get_logger()


class Sweeps:
    """What the clock does to an installation."""

    def __init__(
        self,
        config: Config,
        database: Database,
        library: Library,
        digests: Digests,
        channels: Mapping[str, Capabilities],
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._config = config
        self._database = database
        self._library = library
        self._digests = digests
        self._channels = channels
        self._clock = clock
        self._wake = wake
        self._hours = Hours.of(config)
        self._logged: dict[str, int] = {}
        """Of each round, the line of its log that stands in ours as its last."""
        self._untold: set[tuple[str, str]] = set()
        """Of which result, and when, nobody could be reminded."""
        self._looked = 0

    # ----------------------------------------------------------------- rounds

    def rounds(self) -> int:
        """Open, invite and close by the clock; return how many steps were taken."""
        now = self._clock()
        with self._database.reading() as db:
            rows = {row.id: row for row in rounds.find(db, states=(State.SCHEDULED, *lifecycle.RUNNING))}
            ended = [row for row in rounds.find(db, states=(State.CLOSED, State.CANCELLED)) if row.audience != LINK]
        steps = [
            (f"round {rows[step.round_id].code}", partial(self._step, rows[step.round_id], step, now))
            for step in lifecycle.due(rows.values(), now)
        ]
        finished = [(f"round {row.code}", partial(self._settle, row)) for row in ended]
        diaries = [(f"round {row.code}", partial(self._ask_again, row, now)) for row in rows.values()]
        return all_of([*steps, *finished, *diaries])

    def _step(self, row: RoundRow, step: Step, now: datetime) -> int:
        match step.act:
            case Act.OPEN:
                return self._move(row, (State.SCHEDULED,), State.OPEN, "opened", now, opened_at=now)
            case Act.CLOSE:
                return self._move(row, lifecycle.RUNNING, State.CLOSED, "closed", now, closed_at=now)
            case Act.INVITE:
                return self._settle(row) + self._draw(row, now) + self._ask(row, invite, now)
            case Act.REMIND:
                return self._ask(row, remind, now)
            case Act.REST:
                return self._rest(row)

    def _move(
        self, row: RoundRow, was: Sequence[State], becomes: State, what: str, now: datetime, **stamps: datetime
    ) -> int:
        with self._database.transaction() as db:
            before = rounds.by_code(db, row.code, lock=True)
            if becomes == State.OPEN and before is not None and self._unsigned(db, before):
                becomes, what, stamps = State.DRAFT, promise.UNSIGNED, {}
                promise.remind(db, before, what, self._config, self._channels, now)
            moved = rounds.move(db, row.id, was, becomes, **stamps)
            if moved:
                if becomes == State.OPEN and before is not None:
                    self._library.settle(db, before)
                elif becomes == State.DRAFT:
                    rounds.change(db, row.id, told=None)
                sealed, settled = None, None
                if becomes == State.CLOSED and before is not None:
                    outbox.drop(db, letters_of(row.id), now)
                    audience.end(db, self._rules(row, now))
                    sealed = self._library.handed_in(db, row)
                    settled = turnout.settle(db, self._library, before)
                trail.add(db, row.id, now, CLOCK, what, changed=settled, before=before, sealed=sealed)
            crossings.passed("round.moves")
        crossings.passed("round.moved")
        if moved:
            self._wake()
            log.info("round.moved", round=row.code, to=becomes.value)
        return int(moved)

    def _unsigned(self, db: Connection, row: RoundRow) -> bool:
        """Whether a scheduled round was changed since it was signed, by an earlier version that left it scheduled."""
        if row.state != State.SCHEDULED or not needs_two(row, self._library.shown(db, row)):
            return False
        return signature(trail.of(db, row.id)) is None

    def _rest(self, row: RoundRow) -> int:
        """Hold what was on its way when the round was paused, and came back."""
        with self._database.transaction() as db:
            paused = rounds.by_code(db, row.code, lock=True)
            held = outbox.hold(db, letters_of(row.id)) if paused and paused.state == State.PAUSED else 0
            crossings.passed("round.rests")
        crossings.passed("round.rested")
        return held

    def _rules(self, row: RoundRow, now: datetime) -> Rules:
        return rules(row, self._channels, self._hours, now)

    def _settle(self, row: RoundRow) -> int:
        """Note in the audience who has answered."""
        with self._database.reading() as db:
            if not audience.unsettled(db, row.id):
                return 0
        with self._database.transaction() as db:
            settled = audience.settle(db, row.id)
            crossings.passed("audience.settles")
        crossings.passed("audience.settled")
        return settled

    def _draw(self, row: RoundRow, now: datetime) -> int:
        """Write down the audience of a round that has opened, once; that of "everyone who agreed" grows with them."""
        narrow = whom.load(row.whom).narrow
        if row.audience == LINK or (row.drawn_at is not None and now - row.drawn_at < GROWING):
            return 0
        drawn = 0 if narrow and row.drawn_at is not None else self._write_down(row, now)
        with self._database.transaction() as db:
            still = rounds.by_code(db, row.code, lock=True)
            if still is None or still.state != State.OPEN:
                return drawn
            audience.rest_over(db, self._rules(row, now))
            rounds.change(db, row.id, drawn_at=now)
            if narrow and still.drawn_at is None:
                people = sum(audience.counts(db, row.id).values())
                shown = told_of(row, people, self._config.digest.minimum_cell)
                trail.add(db, row.id, now, CLOCK, "drawn", str(shown))
            crossings.passed("audience.drawn")
        crossings.passed("audience.stands")
        return drawn

    def _write_down(self, row: RoundRow, now: datetime) -> int:
        """Write the people who are meant, group by group, for as long as the round is open; who is there stays."""
        drawn, by = 0, self._rules(row, now)
        with self._database.reading() as looking:
            for group in meant(looking, self._library, row, by):
                with self._database.transaction() as db:
                    still = rounds.by_code(db, row.code, lock=True)
                    if still is None or still.state != State.OPEN:
                        return drawn
                    drawn += audience.add(db, row.id, group)
                    crossings.passed("audience.draws")
                crossings.passed("audience.drew")
        return drawn

    def _ask(self, row: RoundRow, asks: Callable[..., int], now: datetime) -> int:
        """Invite or remind, batch by batch, each in its own transaction, for as long as the round is open."""
        asked = 0
        if not self._library.serves(row):
            return 0
        while True:
            with self._database.transaction() as db:
                still = rounds.by_code(db, row.code, lock=True)
                if still is None or still.state != State.OPEN:
                    return asked
                played = self._library.played(db, row)
                batch = asks(db, played, self._library, self._channels, self._rules(row, now), self._hours, now)
                crossings.passed("round.invites" if asks is invite else "round.reminds")
            crossings.passed("round.invited" if asks is invite else "round.reminded")
            if not batch:
                return asked
            asked += batch
            self._wake()
            log.info("round.asked", round=row.code, what=asks.__name__, contacts=batch)

    def _ask_again(self, row: RoundRow, now: datetime) -> int:
        """Ask those again who agreed to it, where the round's flow has such an end."""
        if row.state != State.OPEN or (row.closes_at is not None and row.closes_at <= now):
            return 0
        if not self._library.serves(row):
            return 0
        with self._database.reading() as db:
            if not self._library.played(db, row).flow.comes_back:
                return 0
        return self._ask(row, ask_again, now)

    def heads(self) -> int:
        """Write into our own log where the logs of rounds end that have grown; return how many.

        There it lies outside the database: whoever cuts a log off, or writes it anew, is found by it.
        """
        with self._database.reading() as db:
            found = trail.heads(db, self._looked - AT_ONCE)
        new = [each for each in found if self._logged.get(each[1]) != each[2]]
        for id_, code, number, head in new:
            log.info("round.log", round=code, lines=number, head=head)
            self._logged[code] = number
            self._looked = max(self._looked, id_)
        return len(new)

    def promises(self) -> int:
        """Remind those who look after a round of the day for which its result is promised; return how many rounds."""
        with self._database.reading() as db:
            rows = rounds.find(db, states=lifecycle.ANSWERED)
        return all_of((f"round {row.code}", partial(self._promise, row)) for row in rows)

    def _promise(self, row: RoundRow) -> int:
        now = self._clock()
        on, today = promise.promised(row), now.astimezone(self._config.city.zone).date()
        with self._database.reading() as db:
            if not promise.due(on, today, _reminded(db, row)):
                return 0
        with self._database.transaction() as db:
            still = rounds.by_code(db, row.code, lock=True)
            which = promise.due(on, today, _reminded(db, row)) if still and still.state == row.state else ""
            told = promise.remind(db, row, which, self._config, self._channels, now) if which else 0
            if told:
                trail.add(db, row.id, now, CLOCK, promise.REMINDED, which)
            elif which:
                promise.alarm(db, row, which, self._config, self._channels, now)
            crossings.passed("promise.reminds")
        crossings.passed("promise.reminded")
        if which and not told and (row.code, which) not in self._untold:
            self._untold.add((row.code, which))
            log.error("promise.unreached", round=row.code, which=which)
        self._wake()
        return int(bool(told))

    def findings(self) -> int:
        """Count for everybody what the rounds say that are over; return how many were counted."""
        now = self._clock()
        with self._database.reading() as db:
            over = {row.id: row for row in rounds.find(db, states=lifecycle.OVER) if counting.due(row, now)}
            rows = [over[round_id] for round_id in findings.wanting(db, over)]
        return all_of((f"round {row.code}", partial(self._count, row)) for row in rows)

    def _count(self, row: RoundRow) -> int:
        now, digest = self._clock(), self._config.digest
        with self._database.reading() as db:
            campaigns = organised.found(db, row.id, digest.minimum_cell)
        with self._database.transaction() as db:
            still = rounds.by_code(db, row.code, lock=True)
            if still is None:
                return 0
            kept = counting.keep(db, self._library, row, digest.public_minimum_cell, now, campaigns)
            if kept and still.report:  # who came to the end when it had been sent wishes for it too
                played, signed = self._library.played(db, still), outcome.load(still.outcome).signed
                report_back.send(db, played, self._library, record.load(still.report), signed, now)
            crossings.passed("findings.keeps")
        crossings.passed("findings.kept")
        return int(kept)

    # ----------------------------------------------------------------- sessions

    def sessions(self) -> int:
        """Remind once of a session fallen silent, and end those that stay silent; return how many."""
        now = self._clock()
        with self._database.reading() as db:
            over = self._over(db, now)
            silent = sessions.silent(db, now - SILENT)
        gone = {(row.contact_id, row.round_id) for row in over}
        ends = [(_name(row), partial(self._end, row)) for row in over]
        reminds = [(_name(row), partial(self._remind, row, now)) for row in silent if row[:2] not in gone]
        return all_of([*ends, *reminds])

    def _over(self, db: Connection, now: datetime) -> list[SessionRow]:
        """Return the sessions silent for longer than their flow or the city waits, each once."""
        most = self._config.privacy.draft_days
        found = sessions.idle(db, now - timedelta(days=most))
        for of in rounds.by_ids(db, set(sessions.going(db))).values():
            days = self._patience(db, of)
            if days is not None and days < most:
                found += sessions.idle(db, now - timedelta(days=days), round_id=of.id)
        return list({row[:2]: row for row in found}.values())

    def _patience(self, db: Connection, of: RoundRow) -> int | None:
        """Return the days of silence a round's flow bears; None where it says nothing or cannot be read any more."""
        with suppress(Refused, Trouble):
            return self._library.played(db, of).flow.expires_after_days
        return None

    def _end(self, row: SessionRow) -> int:
        """End one session; one that was finished before and reopened for changes is finished again."""
        session = left(row, memory.load(row.body))
        ended = row._replace(
            status=session.status.value, state=session.state, body=memory.dump(session), wakes_at=session.wakes_at
        )
        done = 0
        with suppress(Conflict), self._database.transaction() as db:  # they have just written: alive after all
            sessions.save(db, [ended])
            done = 1
            crossings.passed("session.ends")
        crossings.passed("session.ended")
        return done

    def _remind(self, row: SessionRow, now: datetime) -> int:
        with self._database.transaction() as db:
            contact = contacts.get(db, row.contact_id)
            of = rounds.get(db, row.round_id)
            if contact is None or of is None or of.state != State.OPEN or not may_remind(contact):
                return 0
            if not self._library.serves(of):
                return 0
            if contact.channel not in self._channels or audience.called_today(db, self._rules(of, now), contact.id):
                return 0  # once a day is enough: tomorrow
            if not rounds.invite(db, of.id, [contact.id], "silence", now):
                return 0
            parts = compose(self._reminder(db, of, row, contact.language), self._channels[contact.channel])
            outbox.enqueue(db, letters(contact, parts, f"silence.{of.id}.{contact.id}", now, BULK))
            crossings.passed("session.reminds")
        crossings.passed("session.reminded")
        self._wake()
        return 1

    def _reminder(self, db: Connection, of: RoundRow, row: SessionRow, language: str) -> tuple[Prompt, ...]:
        played = self._library.played(db, of)
        values = self._library.facts(of, played.flow).values
        topic = in_language(values.get("topic") or of.title, language)
        text = fill(self._library.phrases[language]["idle_reminder"], {"topic": topic})
        return (Prompt(text), *engine.ask_again(played.flow, memory.load(sessions.shown(row.body, self._library.keys))))

    # ----------------------------------------------------------------- what a clock that ran fast has left

    def leaps(self) -> int:
        """Undo what a clock that ran fast has put off or noted ahead of time; return how many rows."""
        now = self._clock()
        with self._database.transaction() as db:
            undone = outbox.hasten(db, now, FAST) + digests.recall(db, now)
            undone += sessions.rejuvenate(db, now) + sessions.hasten(db, now, LONG)
            crossings.passed("leaps.undoes")
        crossings.passed("leaps.undone")
        if undone:
            self._wake()
            log.warning("clock.ran_fast", rows=undone)
        return undone

    # ----------------------------------------------------------------- digests, privacy

    def digests(self) -> int:
        """Write and queue the digests that are due; return how many messages.

        Those that are still late behind it, and those a channel has refused for good since yesterday or whose reader
        nothing reaches, are an alarm in the log and to the operators, whether others can be written now or not.
        """
        now = self._clock()
        day_ago = now - timedelta(days=1)
        with self._database.reading() as db:
            lost, nobody = refused(db, day_ago), unreached(db, day_ago)
        try:
            queued = self._digests.sweep(self._database, now)
        finally:
            with self._database.reading() as db:
                late = delay(db, self._config, now)
            if late:
                log.error("digests.late", unwritten=late.unwritten, unsent=late.unsent)
            if lost:
                log.error("digests.refused", **lost)
            if nobody:
                log.error("digests.unreached", **nobody)
            if late or lost or nobody:
                self._digests.alarm(self._database, late, lost, now, nobody)
        if queued:
            self._wake()
            log.info("digests.written", messages=queued)
        return queued

    def alarms(self) -> int:
        """Tell of alarms that reached nobody when they sounded, once somebody can be reached; return how many."""
        sounding = Alarms(self._config, self._library.keys, self._channels)
        with self._database.reading() as db:
            waits = sounding.waits(db)
        if not waits:
            return 0
        with self._database.transaction() as db:
            told = sounding.tell_late(db, self._clock())
            crossings.passed("alarm.tells")
        crossings.passed("alarm.told")
        self._wake()
        return told

    def assessments(self) -> int:
        """Ask managers to look at their own work where it is time; return how many were asked."""
        now = self._clock()
        with self._database.reading() as db:
            waiting = calls.due(db, self._digests.assessments, self._config, now)
        return all_of((f"person {each.person.id}, {each.service}", partial(self._call, each, now)) for each in waiting)

    def _call(self, one: calls.Due, now: datetime) -> int:
        with self._database.transaction() as db:
            asked = calls.call(db, one, self._config, self._channels, now)
            crossings.passed("assessment.calls")
        crossings.passed("assessment.called")
        if asked:
            self._wake()
        return asked

    def privacy(self) -> int:
        """Forget what is past its date; return how many rows went."""
        privacy = self._config.privacy
        policy = policy_of(privacy)
        with self._database.transaction() as db:
            gone = retention.forget(db, self._clock(), policy, self._library.keys, plain)
            crossings.passed("privacy.forgets")
        crossings.passed("privacy.forgot")
        gone["files"] = self._files()
        if any(gone.values()):
            self._database.tidy()
            log.info("privacy.forgot", **{what: rows for what, rows in gone.items() if rows})
        self._overdue()
        damaged: list[int] = []
        before = self._clock() - timedelta(days=privacy.backup_days)
        deletions.prune(deletions.beside(privacy.key_file), before, damaged.append)
        if damaged:
            log.warning("deletions.damaged", lines=damaged)
        return sum(gone.values())

    def _overdue(self) -> None:
        """Tell whoever runs the bot where something may not be forgotten yet: somebody has to see to it."""
        now = self._clock()
        with self._database.reading() as db:
            found = retention.overdue(db, now, policy_of(self._config.privacy))
        if found:
            log.error("privacy.overdue", **found)
            self._digests.remind(self._database, sum(found.values()), now)
            self._wake()

    def _files(self) -> int:
        """Delete what nothing needs any more: uploads whose answer, thread or chat is gone, lists left lying.

        Return how many.
        """
        with self._database.reading() as db:
            needed, undone = files.needed(db), files.oldest_undone(db)
        before = (min(self._clock(), undone or self._clock()) - SETTLED).timestamp()
        folder = self._config.database.files
        found = [file for file in folder.iterdir() if files.is_ours(file.name)] if folder.is_dir() else []
        over = [file for file in found if file.name not in needed and file.stat().st_mtime < before]
        for file in over:
            file.unlink(missing_ok=True)
        left = [each for each in folder.glob(f"{TAKING}*") if each.stat().st_mtime < before]
        for each in left:  # the process was killed while it took in a list
            shutil.rmtree(each, ignore_errors=True)
        return len(over) + len(left)


def all_of(acts: Iterable[tuple[str, Callable[[], int]]]) -> int:
    """Do each named act and return the sum; one that fails holds up no other, and is named in what is raised."""
    done, ill, trouble = 0, [], []
    for name, act in acts:
        try:
            done += act()
        except Exception as error:
            if isinstance(error, StorageTrouble) and not isinstance(error, Unopened):
                raise
            ill.append(f"{name} ({told(error)})")
            trouble.append(error)
    if trouble:
        raise ExceptionGroup("; ".join(ill), trouble)
    return done


def _reminded(db: Connection, row: RoundRow) -> set[str]:
    """Return which reminders of its promise a round has had."""
    return {entry.why for entry in trail.of(db, row.id) if entry.what == promise.REMINDED}


def _name(row: SessionRow) -> str:
    return f"session of contact {row.contact_id} in round {row.round_id}"
