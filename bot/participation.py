"""A contact's passage through a round: the engine decides, the ledger notes what is to be remembered.

Answers go under the pseudonym of the round; what opens doors (age, begin) is never kept as an answer, and the three
choices (quote, result, invite again) are kept where they act.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from bot.channels import ASSISTED
from bot.rounds import codes
from bot.rounds.lifecycle import is_last
from flows import joining
from flows.engine import advance, ask_again, beginning, start
from flows.model import (
    Answer,
    Answered,
    Ask,
    Asked,
    Choose,
    Context,
    Date,
    End,
    Ended,
    HandedIn,
    Kind,
    LanguageChosen,
    Message,
    Moved,
    Number,
    Photo,
    Place,
    Prompt,
    Rate,
    Session,
    Started,
    Status,
    Turn,
    Urgent,
    Voice,
    Withdrawn,
)
from flows.speak import is_pin
from flows.voices import ROLE as VOICE
from storage import places
from storage.answers import AnswerRow
from storage.sessions import SessionRow
from storage.turnout import NAMED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from bot.ledger import Guest, Ledger
    from bot.rounds.library import Played
    from flows.model import Event, Flow, Question, State
    from storage.sealing import Keys

REST = timedelta(days=7)
"""A running round takes one passage per person in this time."""
AGE_AND_BEGIN = frozenset({"age", "begin", "gate"})
CHOICES = frozenset({"quote", "result", "invite"})
WRITTEN_TO = frozenset({"result", "invite"})
"""Those of the choices by which we may write first."""
STARTED, STOPPED = "@start", "@stop"
"""Where arrows of the drop-off picture come from and lead to outside the flow's states."""
SILENCE = Message(Kind.SILENCE)
"""What a session hears when the time is over for which it waited."""
_UNTRACED = frozenset({Status.TOO_YOUNG, Status.DECLINED})


class Spoken(NamedTuple):
    """What a turn says, and what its one log line tells."""

    prompts: tuple[Prompt, ...]
    flow: str = ""
    origin: str = ""
    to: str = ""
    asked: str = ""
    """The word only the desk can deal with: human, mydata, delete."""
    ended: bool = False
    urgent: bool = False
    heeded: bool = False
    """Words of danger were looked for where the message was taken, or it is what staff write at work."""
    wrote: tuple[str, ...] = ()
    """The questions that were answered in words of their own, or with what has some beside it."""

    def saying(self, *prompts: Prompt) -> Spoken:
        """Say more after it."""
        return self._replace(prompts=(*self.prompts, *prompts))


class Participations:
    """Starts sessions and takes them on."""

    def __init__(self, keys: Keys, mint: Callable[[], str], zone: ZoneInfo) -> None:
        self._keys = keys
        self._mint = mint
        self._zone = zone

    def begin(self, ledger: Ledger, guest: Guest, played: Played, came_by: int = 0, *, enough: bool = False) -> Spoken:
        """Start a new session in a round; it takes the place of an earlier one that is over, under its receipt.

        `came_by` is the place whose code brought them; 0: none. `enough`: they want to be asked no more after it.
        """
        chance = self._mint()
        receipt = _told(guest, played) or codes.receipt(chance)
        contact = guest.contact
        context = Context(
            language=contact.language,
            channel=contact.channel,
            tag=codes.tag(chance),
            receipt=receipt,
            first_time=not guest.rows,
            before=_answered_before(guest, played),
            last=enough or is_last(played.row, played.flow.comes_back.values(), ledger.now),
        )
        turn = start(played.flow, context, ledger.now)
        if came_by:
            turn = Turn(turn.session.moved(came_by=came_by), turn.prompts, turn.events)
        before = guest.rows.get(played.row.id)
        if before is not None and before.ended_at is None and not played.flow.running:
            self._leave(ledger, guest, played)
        row = SessionRow(
            contact_id=contact.id,
            round_id=played.row.id,
            flow=played.row.flow,
            version=played.row.version,
            status=turn.session.status.value,
            state=turn.session.state,
            body="",
            receipt_hash=self._keys.token_hash(receipt),
            started_at=ledger.now,
            updated_at=ledger.now,
            first_ended_at=before and (before.first_ended_at or before.ended_at),
            revision=before.revision if before else 0,
        )
        return self._noted(ledger, guest, played, row, turn, STARTED)

    def _leave(self, ledger: Ledger, guest: Guest, played: Played) -> None:
        """What was said in a passage that was never handed in does not count with the next one."""
        session = guest.session(played.row.id)
        pseudonym = self.pseudonym(played, guest.contact.address_hash)
        for state in () if session is None else session.answers:
            ledger.withdraw((played.row.id, pseudonym, state))

    def go_on(self, ledger: Ledger, guest: Guest, played: Played, message: Message) -> Spoken:
        """Take a message as the next one of the session in this round."""
        session = _spoken(guest, played)
        row = guest.rows[played.row.id]
        if session is None:
            raise KeyError(played.row.id)
        turn = advance(played.flow, session, message, ledger.now.astimezone(self._zone))
        if row.ended_at is not None:
            turn = _closed_again(played.flow, row, turn)
        return self._noted(ledger, guest, played, row, turn, session.state)

    def resume(self, ledger: Ledger, guest: Guest, played: Played) -> tuple[Prompt, ...]:
        """Make this session the current one, also one that was stopped, and return its question."""
        session = _spoken(guest, played)
        if session is None:
            return ()
        if not session.active:
            session = session.moved(status=Status.ACTIVE)
        ledger.keep(guest, guest.rows[played.row.id], session)
        if session.joins_until:  # who comes back has no more to say to the question that waited for it
            return self.go_on(ledger, guest, played, SILENCE).prompts
        return ask_again(played.flow, session)

    def reopen(self, ledger: Ledger, guest: Guest, played: Played) -> tuple[Prompt, ...]:
        """Let somebody who has finished change answers: CHANGE shows them by number."""
        session = _spoken(guest, played)
        if session is None:
            return ()
        session = session.moved(status=Status.ACTIVE, asking="change")
        ledger.keep(guest, guest.rows[played.row.id], session)
        return ask_again(played.flow, session)

    @staticmethod
    def reword(ledger: Ledger, guest: Guest, row: SessionRow, flow: Flow, state: str, to: Callable[[str], str]) -> str:
        """Let a session hold other words in the place of an answer's, and of each message it was made of.

        A photo or voice message stays, with the other words beside it. Returns them; empty where there were none.
        """
        session = guest.session(row.round_id)
        if session is None:
            return ""
        given, question = session.answers[state], flow.script(session.language).states.get(state)
        said = words_of(question, given)
        if not said:
            return ""
        parts = tuple(replace(part, text=to(part.text)) for part in session.parts.get(state, ()))
        together = joining.lines(parts) if parts else to(said)
        if isinstance(question, Photo | Voice):
            answer = Answer(state, given.value, together)
        else:
            answer = Answer(state, together)
        session = session.moved(answers={**session.answers, state: answer})
        if parts:
            session = session.moved(parts={**session.parts, state: parts})
        ledger.keep(guest, row, session)
        return together

    def expire(self, ledger: Ledger, guest: Guest, round_id: int) -> None:
        """End a session whose round is over; one that was finished before stays finished."""
        session = guest.session(round_id)
        row = guest.rows[round_id]
        if session is not None:
            ledger.keep(guest, row, left(row, session))

    def stop_others(self, ledger: Ledger, guest: Guest, round_id: int) -> None:
        """STOP means everything: what still goes on beside the session in this round stops as well."""
        for other in [each for each in guest.rows if each != round_id and guest.status(each) == Status.ACTIVE]:
            session, row = guest.session(other), guest.rows[other]
            if session is not None:
                if row.ended_at is None:
                    ledger.keep(guest, row, session.moved(status=Status.STOPPED, asking=""))
                    ledger.move(other, session.state, STOPPED)
                else:
                    ledger.keep(guest, row, left(row, session))

    @staticmethod
    def refuse(ledger: Ledger, guest: Guest, flow: Flow, row: SessionRow, roles: frozenset[str]) -> None:
        """Let a session say No to these of the three choices where it says Yes: somebody has taken it back."""
        if row.round_id not in guest.rows:
            guest.take(row)
        session = guest.session(row.round_id)
        states = flow.script(session.language).states if session is not None else {}
        said = {} if session is None else session.answers
        yes = [name for name, given in said.items() if given.value == "yes"]
        back = {name: Answer(name, "no") for name in yes if getattr(states.get(name), "role", None) in roles}
        if session is not None and back:
            ledger.keep(guest, guest.rows[row.round_id], session.moved(answers={**said, **back}))

    def pseudonym(self, played: Played, address_hash: bytes) -> bytes:
        """Return who a contact is in a round."""
        return self._keys.pseudonym(played.key, address_hash)

    # ----------------------------------------------------------------- what happened

    def _noted(self, ledger: Ledger, guest: Guest, played: Played, row: SessionRow, turn: Turn, origin: str) -> Spoken:
        session = turn.session
        if session.came_by:
            session = _counted(ledger, guest.session(played.row.id), session)
        note = _Note(ledger, guest, played, row, session, self.pseudonym(played, guest.contact.address_hash))
        if session.status is Status.COMPLETED and row.ended_at is None:
            row = row._replace(ended_at=ledger.now)
        ledger.keep(guest, row, session)
        for event in turn.events:
            note.take(event)
        if session.status in _UNTRACED:
            _untraced(ledger, guest, played, row, session)
        return Spoken(
            prompts=turn.prompts,
            flow=f"{session.flow}@{session.version}",
            origin=origin,
            to=session.state,
            asked=note.asked,
            ended=not session.active,
            urgent=note.urgent,
            wrote=tuple(note.wrote),
        )


def words_of(question: State | None, answer: Answer) -> str:
    """Return what somebody wrote in an answer: a text, a place in words, what stands with a photo or voice message."""
    match question:
        case Photo() | Voice():
            return answer.caption
        case Ask():
            return str(answer.value or "")
        case Place():
            return "" if answer.value is None or is_pin(str(answer.value)) else str(answer.value)
        case _:
            return ""


def _told(guest: Guest, played: Played) -> str:
    """Return the receipt of an earlier passage that came to its end, for the next one too; empty: none was told.

    It was given to see, change and delete answers that still are there.
    """
    row, session = guest.rows.get(played.row.id), guest.session(played.row.id)
    return session.receipt if row is not None and row.finished and session is not None else ""


def _untraced(ledger: Ledger, guest: Guest, played: Played, row: SessionRow, session: Session) -> None:
    """Keep nothing of somebody too young, or who says not now; an earlier passage to the end keeps its receipt."""
    if row.first_ended_at is None:
        ledger.forget(guest, played.row.id)
        return
    ledger.decline(played.row.id, guest)
    nothing = session.moved(status=Status.EXPIRED, state=beginning(played.flow, session), asking="", answers={})
    ledger.keep(guest, row, nothing)


def _answered_before(guest: Guest, played: Played) -> tuple[str, ...] | None:
    """Return which questions somebody answered the last time who agreed then to be asked again; None: nobody has."""
    session = guest.session(played.row.id)
    if session is None or session.status is not Status.COMPLETED or session.state not in played.flow.comes_back:
        return None
    return tuple(one.state for one in session.answers.values() if one.value is not None)


def _counted(ledger: Ledger, before: Session | None, session: Session) -> Session:
    """Count at the place they came by that they began or came to the end, and then forget where they came from."""
    if before is not None and session.answers and not before.answers and session.status not in _UNTRACED:
        ledger.arrive(session.came_by, places.STARTED)
    if session.status is not Status.COMPLETED:
        return session
    ledger.arrive(session.came_by, places.FINISHED)
    return session.moved(came_by=0)


def _spoken(guest: Guest, played: Played) -> Session | None:
    """Return the session in a round as it stands now, in the language that the contact has chosen meanwhile."""
    session, language = guest.session(played.row.id), guest.contact.language
    if session is None or session.language == language or language not in played.flow.scripts:
        return session
    return session.moved(language=language)


def rest_of(flow: Flow, known: SessionRow) -> timedelta | None:
    """Return after how long somebody may answer a running round again; None: no more, as they wanted it so."""
    if not flow.comes_back:
        return REST
    days = flow.comes_back.get(known.state)
    return None if days is None else timedelta(days=days)


def may_repeat(flow: Flow, known: SessionRow, now: datetime) -> bool:
    """A running round may be answered again after a rest: the one agreed on, where it asks again by itself."""
    if not flow.running or known.ended_at is None:
        return False
    rest = rest_of(flow, known)
    return rest is not None and known.ended_at + rest <= now


def left(row: SessionRow, session: Session) -> Session:
    """Return a session nobody goes on with: expired, or finished as it was before it was reopened for changes."""
    status = Status.EXPIRED if row.ended_at is None else Status.COMPLETED
    session = session.moved(status=status, asking="", joins_until="")
    return session.moved(state=session.returns, returns=None, picked=()) if session.editing else session


def as_session(said: Sequence[AnswerRow]) -> Session:
    """Return kept answers of one passage as the session they were given in, as far as they tell. At least one."""
    one = said[0]
    given = {row.state: _remembered(row) for row in said}
    return Session(one.flow, one.version, one.language, one.channel, "", "", said[-1].state, answers=given)


def _remembered(row: AnswerRow) -> Answer:
    if row.skipped:
        return Answer(row.state, None)
    match row.verb:
        case "pick" | "rank" | "allocate" | "bestworst":
            return Answer(row.state, tuple(json.loads(row.choices or "[]")))
        case "number":
            return Answer(row.state, row.score)
        case "photo" | "voice":
            return Answer(row.state, row.file or "", row.text or "")
        case _:
            return Answer(row.state, row.choice or row.text or "")


def _closed_again(flow: Flow, row: SessionRow, turn: Turn) -> Turn:
    """A session reopened for changes is over once nothing is being changed any more."""
    session = turn.session
    if session.status is Status.STOPPED:
        return Turn(left(row, session), turn.prompts, turn.events)
    at_end = isinstance(flow.script(session.language).states.get(session.state), End)
    if session.active and at_end and not session.asking and session.returns is None:
        return Turn(session.moved(status=Status.COMPLETED), turn.prompts, turn.events)
    return turn


class _Note:
    """Puts the events of one turn into the ledger."""

    __slots__ = ("_guest", "_ledger", "_played", "_row", "_session", "_who", "asked", "urgent", "wrote")

    def __init__(
        self, ledger: Ledger, guest: Guest, played: Played, row: SessionRow, session: Session, pseudonym: bytes
    ) -> None:
        self._ledger = ledger
        self._guest = guest
        self._played = played
        self._row = row
        self._session = session
        self._who = (played.row.id, pseudonym)
        self.asked = ""
        self.urgent = False
        self.wrote: list[str] = []

    def take(self, event: Event) -> None:
        match event:
            case Answered(answer=answer, question=question, amended=amended):
                self._answered(answer, question, amended=amended)
            case Moved(origin=origin, to=to):
                self._moved(origin, to)
            case Withdrawn(state=state):
                self._withdrawn(state)
            case HandedIn():
                self._ledger.hand_in(self._who)
            case LanguageChosen(language=language):
                self._ledger.change(self._guest, language=language)
            case Started():
                self._moved(STARTED, beginning(self._played.flow, self._session))
            case Ended(status=status):
                self._ended(status)
            case Asked(word=word):
                self.asked = word
            case Urgent():
                self.urgent = True
            case _:
                pass

    def _moved(self, origin: str, to: str) -> None:
        """Count a step; not those of staff: where they break off an entry, no citizen has stopped at a question."""
        if self._session.channel not in ASSISTED:
            self._ledger.move(self._row.round_id, origin, to)

    def _answered(self, answer: Answer, question: Question, *, amended: bool) -> None:
        if question.role in CHOICES:
            self._chosen(question.role, yes=answer.value == "yes")
        elif question.role not in AGE_AND_BEGIN:
            self._ledger.answer(self._answer_row(answer, question), replaces=amended)
            if question.role != VOICE and words_of(question, answer):
                self.wrote.append(answer.state)

    def _chosen(self, role: str | None, *, yes: bool) -> None:
        """Act on one of the three choices. A yes to being written to ends an earlier STOP."""
        if role == "quote":
            self._ledger.quote(self._who, agreed=yes)
            return
        if role == "result":
            self._ledger.wish(self._who, self._guest, wanted=yes)
        else:
            self._ledger.change(self._guest, invite_again_at=self._ledger.now if yes else None)
        if yes:
            self._ledger.change(self._guest, stopped_at=None)

    def _withdrawn(self, state: str) -> None:
        question = self._played.flow.script(self._session.language).states.get(state)
        role = getattr(question, "role", None)
        if role in CHOICES:
            self._chosen(role, yes=False)
        elif role not in AGE_AND_BEGIN:
            self._ledger.withdraw((*self._who, state))

    def _ended(self, status: Status) -> None:
        if status is Status.COMPLETED:  # a flow without review hands in by ending
            self._ledger.hand_in(self._who)
        if status is Status.STOPPED:
            self._moved(self._session.state, STOPPED)
            self._ledger.change(self._guest, stopped_at=self._ledger.now)
            self._ledger.cancel_bulk(self._guest)

    def _answer_row(self, answer: Answer, question: Question) -> AnswerRow:
        session, kept = self._session, self._played.row
        counts = self._played.flow.running or self._row.ended_at is not None
        score, choice, choices, text, file = _columns(answer, question)
        return AnswerRow(
            round_id=kept.id,
            service=kept.service,
            stage=kept.stage,
            flow=kept.flow,
            version=kept.version,
            pseudonym=self._who[1],
            state=answer.state,
            verb=NAMED if question.role == VOICE and isinstance(question, Ask) else type(question).__name__.lower(),
            language=session.language,
            channel=session.channel,
            answered_at=self._ledger.now,
            item=question.item,
            choice=choice,
            choices=choices,
            score=score,
            text=text,
            file=file,
            skipped=answer.value is None,
            quotable=any(self._said_yes(state) for state in self._played.quotes),
            counted_at=self._ledger.now if counts else None,
        )

    def _said_yes(self, state: str) -> bool:
        said = self._session.answers.get(state)
        return said is not None and said.value == "yes"


def _columns(answer: Answer, question: Question) -> tuple[float | None, str | None, str | None, str | None, str | None]:
    """Return (score, choice, choices, text, file) of an answer, by the verb of its question."""
    value = answer.value
    if value is None:
        return None, None, None, None, None
    match question:
        case Choose(options=options) | Rate(options=options):
            score = next((option.value for option in options if option.id == value), None)
            return None if score is None else float(score), str(value), None, None, None
        case Date():
            return None, str(value), None, None, None
        case Number():
            return float(str(value)), None, None, None, None
        case Photo() | Voice():
            return None, None, None, answer.caption or None, str(value)
        case _ if isinstance(value, tuple):
            return None, None, json.dumps(value), None, None
        case _:
            return None, None, None, str(value), None
