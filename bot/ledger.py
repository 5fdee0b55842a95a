"""What a group of turns will write: gathered in memory, then written with a few statements.

The ledger lives as long as one transaction. Guests are contacts inside it: a second message of the same person in the
same group finds the session where the first one left it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flows import memory
from storage import answers, audience, contacts, deletions, moves, outbox, places, sessions, wishes
from storage.sessions import SessionRow, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from flows.model import Session
    from storage.answers import AnswerRow
    from storage.contacts import Contact
    from storage.outbox import NewMessage
    from storage.rounds import RoundRow
    from storage.sealing import Keys

_SETTERS: Mapping[str, Callable[[Connection, int, Any], None]] = {
    "language": contacts.set_language,
    "invite_again_at": contacts.set_invite_again,
    "stopped_at": contacts.set_stopped,
    "said_stop_at": contacts.note_stop,
    "unreachable_at": contacts.set_unreachable,
    "asks": contacts.set_asks,
    "person_id": contacts.set_person,
}
_UNWANTED = (*audience.ASKING, "action.")
"""What the keys of letters begin with that rest on the yes to being invited again."""


@dataclass(slots=True)
class Guest:
    """One contact inside a group of turns."""

    contact: Contact
    rows: dict[int, SessionRow] = field(default_factory=dict)
    """Session rows as read or begun, by round id: active ones and those of open rounds, the one last touched last."""
    keys: Keys | None = None
    """By which receipts are sealed in what is kept; None: they are not."""
    _read: dict[int, SessionRow] = field(init=False)
    """The rows as the database holds them."""
    _stands: dict[int, Session] = field(default_factory=dict)
    """Where they stand now, as far as anybody has looked."""
    _touched: dict[int, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._read = dict(self.rows)

    def session(self, round_id: int) -> Session | None:
        """Return the session in a round as it stands now, or None."""
        if round_id not in self._stands and round_id in self.rows:
            body = self.rows[round_id].body
            self._stands[round_id] = memory.load(body if self.keys is None else sessions.shown(body, self.keys))
        return self._stands.get(round_id)

    def status(self, round_id: int) -> str:
        """Return what has become of the session in a round; empty where there is none."""
        session = self._stands.get(round_id)
        if session is not None:
            return session.status.value
        return self.rows[round_id].status if round_id in self.rows else ""

    def current(self) -> int | None:
        """Return the round id of the active session last touched, or None."""
        return next((each for each in reversed(self.rows) if self.status(each) == sessions.ACTIVE), None)

    def keep(self, row: SessionRow, session: Session, now: datetime) -> None:
        """Stand at `session` from now on; it is the one last touched, if only by a microsecond."""
        round_id = row.round_id
        if len(self.rows) > (round_id in self.rows):
            others = [
                self._touched.get(each, other.updated_at) for each, other in self.rows.items() if each != round_id
            ]
            now = max(now, max(others) + timedelta(microseconds=1))
            self.rows.pop(round_id, None)
        self.rows[round_id] = row
        self._stands[round_id] = session
        self._touched[round_id] = now

    def drop(self, round_id: int) -> None:
        """Know nothing of a round any more."""
        self.rows.pop(round_id, None)
        self._stands.pop(round_id, None)

    def written(self, round_id: int) -> SessionRow | Step:
        """Return what says where they stand in a round: the whole row, or where they stepped since it was read."""
        row, session = self.rows[round_id], self._stands[round_id]
        status, state, body, at = session.status.value, session.state, self._body(session), self._touched[round_id]
        same = row.revision > 0 and row.status == status and row.wakes_at == session.wakes_at
        if same and self._read.get(round_id) == row:
            return Step(state, body, at, row.contact_id, round_id, row.revision)
        return row._replace(status=status, state=state, body=body, updated_at=at, wakes_at=session.wakes_at)

    def _body(self, session: Session) -> str:
        body = memory.dump(session)
        return body if self.keys is None else sessions.hidden(body, self.keys)

    def saved(self, round_id: int) -> None:
        """What was written is what a later write goes on from."""
        row, session = self.rows[round_id], self._stands[round_id]
        self.rows[round_id] = self._read[round_id] = row._replace(
            status=session.status.value,
            body=self._body(session),
            wakes_at=session.wakes_at,
            revision=row.revision + 1,
        )

    def take(self, row: SessionRow) -> None:
        """Stand from now on where a session stands that the database holds as ours."""
        self.drop(row.round_id)
        self.rows[row.round_id] = self._read[row.round_id] = row

    def forget_all(self) -> None:
        """Know nothing of any round any more."""
        for known in (self.rows, self._read, self._stands, self._touched):
            known.clear()


@dataclass(slots=True)
class Ledger:
    """Everything one transaction will write, in the order of the turns."""

    now: datetime
    open_rounds: Mapping[int, RoundRow] = field(default_factory=dict)
    guests: dict[contacts.Address, Guest] = field(default_factory=dict)
    keys: Keys | None = None
    """By which the log of deletions knows people; None: nothing is logged."""
    enqueued: int = 0
    wakes_at: datetime | None = None
    """When the first of the sessions written goes on by itself; None where none does."""
    _sessions: dict[tuple[int, int], Guest] = field(default_factory=dict)
    _answers: list[AnswerRow] = field(default_factory=list)
    _withdrawn: list[answers.Key] = field(default_factory=list)
    _handed_in: set[answers.Participation] = field(default_factory=set)
    _quotable: dict[answers.Participation, bool] = field(default_factory=dict)
    _moves: dict[moves.Arrow, int] = field(default_factory=dict)
    _arrivals: dict[places.Arrival, int] = field(default_factory=dict)
    _wishes: dict[wishes.Wish, bool] = field(default_factory=dict)
    _wishing: dict[wishes.Wish, bytes] = field(default_factory=dict)
    """Under which pseudonym they take part there."""
    _unwishing: set[int] = field(default_factory=set)
    _changes: dict[int, dict[str, Any]] = field(default_factory=dict)
    _forgotten: list[tuple[int, int]] = field(default_factory=list)
    _declined: set[tuple[int, int]] = field(default_factory=set)
    _cancelled: set[int] = field(default_factory=set)
    _unasked: set[int] = field(default_factory=set)
    _out: list[NewMessage] = field(default_factory=list)
    _gone: list[deletions.Entry] = field(default_factory=list)
    _day: str = field(init=False)

    def __post_init__(self) -> None:
        self._day = self.now.date().isoformat()

    # ----------------------------------------------------------------- what a turn notes

    def keep(self, guest: Guest, row: SessionRow, session: Session) -> None:
        """The guest stands at `session`; `row` carries the moments and the receipt."""
        guest.keep(row, session, self.now)
        self._sessions[guest.contact.id, row.round_id] = guest

    def forget(self, guest: Guest, round_id: int) -> None:
        """Keep nothing of the guest's session in a round (too young, not now)."""
        self.decline(round_id, guest)
        guest.drop(round_id)
        self._sessions.pop((guest.contact.id, round_id), None)
        self._forgotten.append((guest.contact.id, round_id))

    def answer(self, row: AnswerRow, *, replaces: bool) -> None:
        """Append an answer; `replaces`: the earlier one to the same question no longer stands."""
        if replaces:
            self.withdraw((row.round_id, row.pseudonym, row.state))
        self._answers.append(row)

    def withdraw(self, key: answers.Key) -> None:
        """The newest answer to this question no longer stands, be it written already or about to be."""
        for n in range(len(self._answers) - 1, -1, -1):
            row = self._answers[n]
            if row.withdrawn_at is None and (row.round_id, row.pseudonym, row.state) == key:
                self._answers[n] = row._replace(withdrawn_at=self.now)
                return
        self._withdrawn.append(key)

    def hand_in(self, participation: answers.Participation) -> None:
        """From now on what this person said counts."""
        self._handed_in.add(participation)

    def quote(self, participation: answers.Participation, *, agreed: bool) -> None:
        """Whether this person's words may be quoted."""
        self._quotable[participation] = agreed

    def move(self, round_id: int, origin: str, to: str) -> None:
        """One session went from `origin` to `to`."""
        arrow = (round_id, self._day, origin, to)
        self._moves[arrow] = self._moves.get(arrow, 0) + 1

    def arrive(self, place_id: int, what: str) -> None:
        """Somebody came by a place (`seen`), or who did began (`started`) or came to the end (`finished`)."""
        self._arrivals[place_id, what] = self._arrivals.get((place_id, what), 0) + 1

    def wish(self, participation: answers.Participation, guest: Guest, *, wanted: bool) -> None:
        """Whether the guest wants the result of the round sent in which they take part so."""
        round_id, pseudonym = participation
        self._wishes[round_id, guest.contact.id] = wanted
        self._wishing[round_id, guest.contact.id] = pseudonym

    def _wish_no_more(self, guest: Guest) -> None:
        """The guest wants no result sent; what they may wish for later in the same group stands."""
        self._unwishing.add(guest.contact.id)
        for noted in (self._wishes, self._wishing):
            for wish in [each for each in noted if each[1] == guest.contact.id]:
                del noted[wish]

    def decline(self, round_id: int, guest: Guest) -> None:
        """The guest wants to be asked into a round no more, not even by what waits to leave."""
        self._declined.add((round_id, guest.contact.id))

    def change(self, guest: Guest, **values: Any) -> None:  # noqa: ANN401 - columns of many types
        """Change facts of the contact (`language`, `asks`, `stopped_at`…). STOP takes every yes to being written to."""
        if values.get("stopped_at"):
            values["said_stop_at"] = values["stopped_at"]  # kept also where they come back within the same group
            values["invite_again_at"] = None
            self._wish_no_more(guest)
        differing = {name: value for name, value in values.items() if getattr(guest.contact, name) != value}
        if differing:
            self._log_choice(guest.contact, differing)
            guest.contact = guest.contact._replace(**differing)
            self._changes.setdefault(guest.contact.id, {}).update(differing)

    def _log_choice(self, contact: Contact, differing: Mapping[str, Any]) -> None:
        """A restore must not undo a STOP, nor bring back a yes that was taken back."""
        if "stopped_at" in differing:
            self.gone(deletions.RESUMED if differing["stopped_at"] is None else deletions.STOPPED, contact)
        if "invite_again_at" in differing and differing["invite_again_at"] is None:
            self.gone(deletions.UNINVITED, contact)

    def gone(self, what: str, contact: Contact, parts: Iterable[bytes] = (), round_id: int = 0) -> None:
        """Let the log of deletions know of it, before the commit: `parts` are pseudonyms."""
        if self.keys is not None:
            signs = tuple(deletions.part(self.keys, each) for each in parts)
            self._gone.append(deletions.Entry(self.now, what, deletions.sign(self.keys, contact), signs, round_id))

    def cancel_bulk(self, guest: Guest) -> None:
        """Do not send what nobody waits for: what invites, reminds or reports."""
        self._cancelled.add(guest.contact.id)

    def ask_no_more(self, guest: Guest) -> None:
        """Do not send what asks the guest into a round; a result that they asked for still comes."""
        self._unasked.add(guest.contact.id)

    def say(self, message: NewMessage) -> None:
        """Decide to send."""
        self._out.append(message)

    # ----------------------------------------------------------------- all at once

    def flush(self, db: Connection, *, last: bool = False) -> None:
        """Write everything noted so far; `last`: nobody goes on with this ledger.

        Raises `Conflict` where a session was written by somebody else meanwhile.
        """
        self._flush_answers(db)
        self._flush_sessions(db, last=last)
        moves.count(db, self._moves)
        places.count(db, self._arrivals)
        if self._unwishing:
            wishes.forget(db, self._unwishing)
        wishes.add(db, [wish for wish, wanted in self._wishes.items() if wanted], self.now)
        for wish in wishes.remove(db, [wish for wish, wanted in self._wishes.items() if not wanted]):
            self._taken_back(deletions.UNWISHED, wish[0], self._wishing[wish])
        for contact_id, values in self._changes.items():
            for name, value in values.items():
                _SETTERS[name](db, contact_id, value)
        audience.decline(db, self._declined)
        audience.outdate(db, self._declined, self.now)
        for contact_id in self._cancelled:
            outbox.cancel(db, contact_id, self.now, bulk_only=True)
        for contact_id in self._unasked:
            outbox.recall(db, contact_id, _UNWANTED, self.now)
        self.enqueued += outbox.enqueue(db, self._out)
        if self.keys is not None:
            deletions.record(self.keys, self._gone)
        for noted in (
            self._moves,
            self._arrivals,
            self._wishes,
            self._wishing,
            self._unwishing,
            self._changes,
            self._declined,
            self._cancelled,
            self._unasked,
            self._out,
            self._gone,
        ):
            noted.clear()

    def _flush_answers(self, db: Connection) -> None:
        """Withdrawals first: they mean what is written already; later answers to the same question stand."""
        answers.withdraw(db, self._withdrawn, self.now)
        answers.append(db, self._answers)
        answers.hand_in(db, self._handed_in, self.now)
        for round_id, who in answers.quotable(db, [(*part, agreed) for part, agreed in self._quotable.items()]):
            self._taken_back(deletions.UNQUOTED, round_id, who)
        for noted in (self._withdrawn, self._answers, self._handed_in, self._quotable):
            noted.clear()

    def _taken_back(self, what: str, round_id: int, pseudonym: bytes) -> None:
        """A restore must not bring back a yes that was taken back, nor tell by this line whose contact it is."""
        if self.keys is not None:
            part = deletions.part(self.keys, pseudonym)
            self._gone.append(deletions.Entry(self.now, what, "", (part,), round_id))

    def _flush_sessions(self, db: Connection, *, last: bool) -> None:
        for contact_id, round_id in self._forgotten:
            sessions.forget(db, contact_id, round_id)
        rows = [guest.written(round_id) for (_, round_id), guest in self._sessions.items()]
        whole = [row for row in rows if isinstance(row, SessionRow)]
        sessions.save(db, whole, [row for row in rows if isinstance(row, Step)])
        audience.outdate(db, [(row.round_id, row.contact_id) for row in whole], self.now)  # who is here is not called
        self.wakes_at = min((row.wakes_at for row in whole if row.wakes_at), default=self.wakes_at)
        if not last:
            for (_, round_id), guest in self._sessions.items():
                guest.saved(round_id)
        self._sessions.clear()
        self._forgotten.clear()
