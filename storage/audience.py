"""The audience of a round: a row for everybody it wants to ask, from the moment it opens to what became of them.

waiting → invited → answered, or failed, or excluded with a reason: whatever happens, a person has one row, so the rows
of a round are its audience. Who answers has answered, also where they were not asked or not reached. All is read and
written in groups.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import String, and_, bindparam, case, cast, delete, exists, func, literal, or_, select, update

from storage import outbox as outbox_
from storage.outbox import DUE, GONE, HELD, SENT
from storage.rows import IDS, Insert, Lookup, Update, read
from storage.sessions import FINISHED
from storage.tables import audience, contacts, invitations, outbox, people, quiet, rounds, sessions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Select

ARRIVING, WAITING, INVITED, ANSWERED, FAILED, EXCLUDED = (
    "arriving", "waiting", "invited", "answered", "failed", "excluded",
)  # fmt: skip
"""What became of a person. `arriving`: of a list that is not read to its end, and so not of the audience yet."""
AGREED, LIST = "agreed", "list"
"""Where a person comes from: a contact of ours, or an address that the city holds."""
REASONS = (
    "quiet", "stopped", "blocked", "unreachable", "channel", "no_consent", "asked", "another_today", "declined",
    "forgotten", "closed",
)  # fmt: skip
"""Why a person is excluded."""
UNASKED, RETURNED = "unasked", "returned"
"""The reason of who has answered: no invitation had left for them, or theirs had come back."""
BEGUN = "invite."
"""What the keys of invitations begin with; round and contact follow."""
CALLS = ("invitation", "reminder", "silence")
"""What is noted of letters that ask somebody into a round or back into it; those of `AGAIN` bear the day, too."""
REST = timedelta(days=30)
"""A person is asked at most once in this time per service."""
AGAIN = "again."
"""What the keys of letters begin with that ask somebody again who has agreed to it; round and contact follow."""
ASKING = (BEGUN, "remind.", "silence.", AGAIN)
"""The same of all that asks somebody into a round or back into it: a person gets them of one round a day at most."""
DAILY = (*ASKING, "report.", "due.")
"""The same of all that a round writes by itself, and so by day only."""


class Candidate(NamedTuple):
    """A contact that is meant, and why they cannot be asked; empty: they can."""

    contact_id: int
    address_hash: bytes
    zone: str | None
    reason: str


class Waiting(NamedTuple):
    """Somebody whose turn it is, and why they cannot be asked now after all; empty: they can."""

    id: int
    contact_id: int
    source: str
    reason: str


class Frame(NamedTuple):
    """Who is meant, as far as the database itself can tell. Empty: no matter."""

    services: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    consenting: bool = True
    """Only those who agreed to be invited again; else the others count as left out."""


class Rules(NamedTuple):
    """What keeps a person from being asked."""

    round_id: int
    service: str
    channels: tuple[str, ...]
    """Where we can write to somebody."""
    asked_before: datetime
    """Who was asked in the same service since then rests."""
    today: datetime
    """Who was asked in any other round since then waits until tomorrow."""


_leaving = and_(outbox.c.sent_at.is_(None), outbox.c.status != HELD)
"""Whether a letter waits to leave: not while its round rests, or that would keep people from every other."""


def _lately(rules: Rules) -> ColumnElement[bool]:
    """Whether somebody was asked lately in another round of the same service: since the invitation left, or it waits.

    One that never left asked nobody, nor does one that is held. Of old ones it is forgotten when they left.
    """
    asked = and_(rounds.c.id == invitations.c.round_id, rounds.c.service == rules.service)
    key = literal(BEGUN) + cast(invitations.c.round_id, String) + "." + cast(invitations.c.contact_id, String) + ".0"
    letter = select(outbox.c.id).where(outbox.c.key == key).correlate(invitations)
    left = and_(outbox.c.status == SENT, outbox.c.sent_at > rules.asked_before)
    since = letter.where(or_(_leaving, left)).exists()
    noted = and_(invitations.c.created_at > rules.asked_before, ~letter.exists())
    return (
        select(invitations.c.id)
        .join(rounds, asked)
        .where(invitations.c.contact_id == contacts.c.id, or_(since, noted))
        .where(invitations.c.round_id != rules.round_id, invitations.c.which == "invitation")
        .exists()
    )


_which = invitations.c.which


def _today(rules: Rules) -> ColumnElement[bool]:
    """Whether somebody was written to today because of another round, or a letter of one still waits to leave."""
    noted = (
        select(invitations.c.id)
        .where(invitations.c.contact_id == contacts.c.id, invitations.c.created_at >= rules.today)
        .where(invitations.c.round_id != rules.round_id, or_(_which.in_(CALLS), _which.startswith(AGAIN)))
        .exists()
    )
    left = and_(outbox.c.status == SENT, outbox.c.sent_at >= rules.today)
    calls = or_(*(outbox.c.key.startswith(each, autoescape=True) for each in ASKING))
    ours = or_(*(outbox.c.key.startswith(f"{each}{rules.round_id}.", autoescape=True) for each in ASKING))
    letter = exists().where(outbox.c.contact_id == contacts.c.id, or_(_leaving, left), calls, ~ours)
    return or_(noted, letter)


def called_today(db: Connection, rules: Rules, contact_id: int) -> bool:
    """Whether somebody was asked into another round today, or a letter that does so waits to leave."""
    return db.execute(select(contacts.c.id).where(contacts.c.id == contact_id, _today(rules))).first() is not None


def _reason(rules: Rules, source: ColumnElement[str]) -> ColumnElement[str]:
    return case(
        (contacts.c.stopped_at.is_not(None), "stopped"),
        (contacts.c.blocked_at.is_not(None), "blocked"),
        (contacts.c.unreachable_at.is_not(None), "unreachable"),
        (contacts.c.channel.not_in(rules.channels), "channel"),
        (and_(source == AGREED, contacts.c.invite_again_at.is_(None)), "no_consent"),
        (_lately(rules), "asked"),
        else_="",
    )


def _meant(frame: Frame) -> list[ColumnElement[bool]]:
    """Mail addresses are of lists or of staff: nobody can agree there."""
    meant = [contacts.c.channel != "mail"]
    if frame.consenting:
        meant.append(contacts.c.invite_again_at.is_not(None))
    if frame.languages:
        meant.append(contacts.c.language.in_(frame.languages))
    if frame.services or frame.stages:
        took = select(sessions.c.id).join(rounds, rounds.c.id == sessions.c.round_id)
        took = took.where(sessions.c.contact_id == contacts.c.id, FINISHED)
        took = took.where(rounds.c.service.in_(frame.services)) if frame.services else took
        meant.append((took.where(rounds.c.stage.in_(frame.stages)) if frame.stages else took).exists())
    return meant


def candidates(db: Connection, frame: Frame, rules: Rules, after: int, limit: int) -> list[Candidate]:
    """Return the next contacts that are meant, by id, from the one behind `after` on."""
    columns = (contacts.c.id, contacts.c.address_hash, people.c.zone, _reason(rules, literal(AGREED)))
    found = select(*columns).outerjoin(people, people.c.id == contacts.c.person_id)
    found = found.where(contacts.c.id > after, *_meant(frame))
    return read(Candidate, db.execute(found.order_by(contacts.c.id).limit(limit)))


_insert = Insert(
    audience, ("round_id", "contact_id", "mark", "state", "reason", "source", "zone"), end="ON CONFLICT DO NOTHING"
)
_became = Update(audience, ("state", "reason"), ("id", "state"))
_declined = Update(audience, ("reason",), ("round_id", "contact_id", "state"))
_left_out = Update(audience, ("state", "reason"), ("round_id", "contact_id", "state", "reason"))
_failed = Update(audience, ("state", "reason"), ("round_id", "contact_id", "state"))


def add(db: Connection, round_id: int, found: Iterable[Candidate]) -> int:
    """Write these contacts into the audience, passing over those already in it; return how many were new."""
    rows = [
        (round_id, one.contact_id, None, EXCLUDED if one.reason else WAITING, one.reason, AGREED, one.zone)
        for one in found
    ]
    return _insert(db, rows)


def receive(db: Connection, round_id: int, rows: Iterable[tuple[int | None, bytes | None, str | None]]) -> int:
    """Write down people of a list, each (contact, or else mark of the quiet list, zone), until `arrive` takes them in.

    Those already in the audience are passed over; return how many were new.
    """
    return _insert(
        db, [(round_id, who, mark, ARRIVING, "quiet" if mark else "", LIST, zone) for who, mark, zone in rows]
    )


def arriving(db: Connection, round_id: int) -> int:
    """How many people of a list are written down and not taken in."""
    mine = (audience.c.round_id == round_id, audience.c.state == ARRIVING)
    return db.execute(select(func.count()).select_from(audience).where(*mine)).scalar_one()


def arrive(db: Connection, round_id: int) -> None:
    """Take in everybody of a list that was read to its end."""
    becomes = case((audience.c.reason != "", EXCLUDED), else_=WAITING)
    db.execute(_in(round_id, ARRIVING).values(state=becomes))


def turn_back(db: Connection, round_id: int) -> int:
    """Forget the people of a list whose reading was cut short; return how many."""
    return db.execute(delete(audience).where(audience.c.round_id == round_id, audience.c.state == ARRIVING)).rowcount


def take_away(db: Connection, round_id: int) -> int:
    """Forget the people of all lists of a round that has asked nobody yet; return how many."""
    return db.execute(delete(audience).where(audience.c.round_id == round_id, audience.c.source == LIST)).rowcount


def _in(round_id: int, *states: str) -> Any:  # noqa: ANN401 - an UPDATE of Core
    return update(audience).where(audience.c.round_id == round_id, audience.c.state.in_(states))


# --------------------------------------------------------------------------- whose turn it is


def _waiting(rules: Rules) -> tuple[ColumnElement[bool], ...]:
    return (audience.c.round_id == rules.round_id, audience.c.state == WAITING)


def listed(db: Connection, rules: Rules, limit: int, after: int = 0) -> list[Waiting]:
    """Return who of a list waits, with why they cannot be asked, from the row behind `after` on."""
    found = _with_contact(rules).where(*_waiting(rules), audience.c.source == LIST, audience.c.id > after)
    return read(Waiting, db.execute(found.order_by(audience.c.id).limit(limit)))


def zones(db: Connection, round_id: int, states: Collection[str]) -> list[str | None]:
    """Return the zones of those in these states; None stands for the city's."""
    found = select(audience.c.zone).where(audience.c.round_id == round_id, audience.c.state.in_(states))
    return list(db.execute(found.distinct()).scalars())


def waiting(db: Connection, round_id: int) -> dict[tuple[str | None, str], int]:
    """Count those whose turn has not come, by zone (None: the city's) and channel; without those who have come."""
    found = select(audience.c.zone, contacts.c.channel, func.count())
    found = found.join(contacts, contacts.c.id == audience.c.contact_id)
    found = found.where(audience.c.round_id == round_id, audience.c.state == WAITING, ~_came(round_id))
    rows = db.execute(found.group_by(audience.c.zone, contacts.c.channel))
    return {(zone, channel): people for zone, channel, people in rows}


def came_first(db: Connection, round_id: int) -> int:
    """Count those who have come before their turn and not finished: nobody asks them any more."""
    mine = (audience.c.round_id == round_id, audience.c.state == WAITING, _came(round_id))
    return db.execute(select(func.count()).select_from(audience).where(*mine)).scalar_one()


def _came(round_id: int) -> ColumnElement[bool]:
    """Whether somebody has begun, or has come through another chat."""
    began = exists().where(sessions.c.contact_id == audience.c.contact_id, sessions.c.round_id == round_id)
    return or_(began, audience.c.through.is_not(None))


def unsent(db: Connection, round_id: int) -> dict[tuple[str | None, str], int]:
    """Count those whose invitation is written and has not left, by zone and channel."""
    found = select(audience.c.zone, outbox.c.channel, func.count(outbox.c.contact_id.distinct()))
    found = found.join(audience, audience.c.contact_id == outbox.c.contact_id)
    mine = (audience.c.round_id == round_id, outbox.c.key.startswith(f"{BEGUN}{round_id}.", autoescape=True))
    rows = db.execute(found.where(outbox.c.sent_at.is_(None), *mine).group_by(audience.c.zone, outbox.c.channel))
    return {(zone, channel): people for zone, channel, people in rows}


def dropped(db: Connection, round_id: int) -> dict[tuple[str, str], int]:
    """Count by (state, reason) those whose invitation was written and taken back before it left: nobody asked them."""
    mine = (audience.c.round_id == round_id, _taken_back(round_id))
    found = select(audience.c.state, audience.c.reason, func.count()).where(*mine)
    return {(state, why): n for state, why, n in db.execute(found.group_by(audience.c.state, audience.c.reason))}


def next_ones(db: Connection, rules: Rules, awake: Sequence[str | None], limit: int) -> list[Waiting]:
    """Return who may be asked next, where it is day; who was asked today in another round is passed over."""
    found = _with_contact(rules).where(*_waiting(rules), _awake(awake), ~_came(rules.round_id), ~_today(rules))
    return read(Waiting, db.execute(found.order_by(audience.c.id).limit(limit)))


def _with_contact(rules: Rules) -> Select[Any]:
    columns = (audience.c.id, audience.c.contact_id, audience.c.source, _reason(rules, audience.c.source))
    return select(*columns).join(contacts, contacts.c.id == audience.c.contact_id)


def _awake(zones_: Sequence[str | None]) -> ColumnElement[bool]:
    named = audience.c.zone.in_([zone for zone in zones_ if zone is not None])
    return or_(named, audience.c.zone.is_(None)) if None in zones_ else named


def to_remind(
    db: Connection, rules: Rules, awake: Sequence[str | None], invited_before: datetime, limit: int
) -> list[int]:
    """Return the contacts to remind: reached before then, silent since, and agreed to being written to."""
    mine = and_(invitations.c.contact_id == contacts.c.id, invitations.c.round_id == rules.round_id)
    invited = exists().where(mine, invitations.c.which == "invitation", invitations.c.created_at < invited_before)
    key = literal(f"{BEGUN}{rules.round_id}.") + cast(contacts.c.id, String) + ".0"
    late = or_(outbox.c.sent_at.is_(None), outbox.c.sent_at >= invited_before)
    fresh = exists().where(outbox.c.key == key, late)
    over = exists().where(mine, invitations.c.which == "reminder")
    began = exists().where(sessions.c.contact_id == contacts.c.id, sessions.c.round_id == rules.round_id)
    found = (
        select(contacts.c.id)
        .join(audience, audience.c.contact_id == contacts.c.id)
        .where(
            audience.c.round_id == rules.round_id, audience.c.state == INVITED, audience.c.reason == "", _awake(awake)
        )
        .where(audience.c.through.is_(None))  # they have come by the link of their mail
        .where(contacts.c.invite_again_at.is_not(None), _reason(rules, literal(AGREED)).in_(("", "asked")))
        .where(invited, ~fresh, ~over, ~began, ~_today(rules))
    )
    return list(db.execute(found.order_by(audience.c.id).limit(limit)).scalars())


def to_ask_again(
    db: Connection, rules: Rules, state: str, answered_before: datetime, limit: int
) -> list[tuple[int, str | None]]:
    """Return (contact, zone) of those to ask again: they came to the end `state` before then, and agreed to it there.

    After `PATIENCE` letters in a row without an answer nobody gets another one, nor two of them within the same span.
    STOP ends what was agreed to before it, also for who comes back.
    """
    holds = or_(contacts.c.said_stop_at.is_(None), contacts.c.said_stop_at < sessions.c.ended_at)
    mine = and_(invitations.c.contact_id == contacts.c.id, invitations.c.round_id == rules.round_id)
    letters = and_(mine, invitations.c.which.startswith(AGAIN, autoescape=True))
    unanswered = select(func.count()).where(letters, invitations.c.created_at >= sessions.c.ended_at).scalar_subquery()
    fresh = exists().where(letters, invitations.c.created_at > answered_before)
    there = and_(audience.c.contact_id == contacts.c.id, audience.c.round_id == rules.round_id)
    found = (
        select(contacts.c.id, func.coalesce(people.c.zone, audience.c.zone))
        .join(sessions, sessions.c.contact_id == contacts.c.id)
        .outerjoin(people, people.c.id == contacts.c.person_id)
        .outerjoin(audience, there)
        .where(sessions.c.round_id == rules.round_id, sessions.c.status == "completed", sessions.c.state == state)
        .where(sessions.c.ended_at <= answered_before, _reason(rules, literal(LIST)).in_(("", "asked")))
        .where(unanswered < PATIENCE, ~fresh, holds, ~_today(rules))
    )
    rows = db.execute(found.order_by(contacts.c.id).limit(limit))
    return [(contact_id, zone) for contact_id, zone in rows]


PATIENCE = 2
"""So many letters in a row that ask again may stay without an answer."""


def zones_of(db: Connection, ids: Sequence[int]) -> dict[tuple[int, int], str | None]:
    """Return the zones of these contacts by (round id, contact id); None stands for the city's."""
    return {(round_id, contact_id): zone for round_id, contact_id, zone in _zones_of.raw(db, ids)}


def own_zones(db: Connection, ids: Sequence[int]) -> dict[int, str]:
    """Return the zones that these contacts have said themselves."""
    return dict(_own_zones.raw(db, ids)) if ids else {}


def put_off(db: Connection, round_id: int, zone: str | None, until: datetime) -> int:
    """Let nothing that a round writes by itself to somebody in a zone leave before then; return how many letters.

    `zone` None: whose zone is not known, in the audience or not.
    """
    listed = select(audience.c.contact_id).where(audience.c.round_id == round_id, audience.c.contact_id.is_not(None))
    own = select(contacts.c.id).join(people, people.c.id == contacts.c.person_id)
    daily = or_(*(outbox.c.key.startswith(f"{begin}{round_id}.", autoescape=True) for begin in DAILY))
    mine = (outbox.c.sent_at.is_(None), outbox.c.status == DUE, outbox.c.due_at < until, daily)
    whose = outbox.c.contact_id
    if zone is None:
        known = (listed.where(audience.c.zone.is_not(None)), own.where(people.c.zone.is_not(None)))
        there = and_(*(whose.not_in(each) for each in known))
    else:
        there = whose.in_(listed.where(audience.c.zone == zone))
    return db.execute(update(outbox).where(*mine, there).values(due_at=until)).rowcount


def look_again(db: Connection, rules: Rules, tomorrow: datetime) -> None:
    """Before the held letters of a round are released: whom another has asked meanwhile gets none of them today.

    An invitation to whom another round of the service has asked lately is taken back: they wait as if it had not been
    written, since it never left.
    """
    held = (outbox.c.status == HELD, outbox.c.sent_at.is_(None))
    asking = or_(*(outbox.c.key.startswith(f"{each}{rules.round_id}.", autoescape=True) for each in ASKING))
    called = select(contacts.c.id).where(_today(rules))
    db.execute(update(outbox).where(*held, asking, outbox.c.contact_id.in_(called)).values(due_at=tomorrow))
    written = and_(*held, outbox.c.key.startswith(f"{BEGUN}{rules.round_id}.", autoescape=True))
    lately = select(contacts.c.id).where(_lately(rules))
    whose = select(outbox.c.contact_id).distinct().where(written, outbox.c.contact_id.in_(lately))
    for contact_id in db.execute(whose).scalars().all():
        _take_back(db, rules.round_id, contact_id, written)


def _take_back(db: Connection, round_id: int, contact_id: int, written: ColumnElement[bool]) -> None:
    mine = (invitations.c.round_id == round_id, invitations.c.contact_id == contact_id)
    db.execute(delete(outbox).where(written, outbox.c.contact_id == contact_id))
    db.execute(delete(invitations).where(*mine, invitations.c.which == "invitation"))
    db.execute(_in(round_id, INVITED).where(audience.c.contact_id == contact_id).values(state=WAITING, reason=""))


_own_zones = Lookup(
    tuple,
    select(contacts.c.id, people.c.zone)
    .join(people, people.c.id == contacts.c.person_id)
    .where(contacts.c.id.in_(IDS), people.c.zone.is_not(None)),
)
_zones_of = Lookup(
    tuple, select(audience.c.round_id, audience.c.contact_id, audience.c.zone).where(audience.c.contact_id.in_(IDS))
)


# --------------------------------------------------------------------------- what became of them


def become(db: Connection, rows: Iterable[Waiting]) -> None:
    """Note of each who waited that they are invited, or excluded for the reason given."""
    _became(db, [(EXCLUDED if row.reason else INVITED, row.reason, row.id, WAITING) for row in rows])


def failed(db: Connection, letters: Iterable[tuple[str, str]]) -> None:
    """Note by (key, the channel's reason) which invitations can never arrive."""
    parts = [(key.split("."), reason) for key, reason in letters if key.startswith(BEGUN)]
    _failed(db, [(FAILED, reason[:200], int(key[1]), int(key[2]), INVITED) for key, reason in parts])


def unsent_after_all(db: Connection, keys: Iterable[str]) -> None:
    """Note of invitations by key that were called back once their round was over: nobody comes for them any more."""
    whose = [(int(parts[1]), int(parts[2])) for parts in (key.split(".") for key in keys if key.startswith(BEGUN))]
    for round_id, contact_id in whose:
        over = exists().where(rounds.c.id == round_id, rounds.c.state.not_in(("open", "paused")))
        mine = _in(round_id, INVITED).where(audience.c.contact_id == contact_id, over)
        db.execute(mine.values(state=EXCLUDED, reason=_why()))


def decline(db: Connection, who: Iterable[tuple[int, int]]) -> None:
    """Note that these people, each (round id, contact id), do not take part: not reminded, and not asked later on."""
    said = sorted(set(who))
    _declined_early(db, said)
    _declined(db, [("declined", *one, state) for one in said for state in (INVITED, ARRIVING)])
    _left_out(db, [(EXCLUDED, "declined", *one, *was) for one in said for was in ((WAITING, ""), (EXCLUDED, "asked"))])


def _declined_early(db: Connection, said: Sequence[tuple[int, int]]) -> None:
    """Write down who declines before an audience of everyone who agreed has grown by them: then they are passed over.

    Whoever ends the round waits: nobody is added to the sum that is final then.
    """
    if not said:
        return
    growing = select(rounds.c.id, rounds.c.whom).where(rounds.c.id.in_({round_id for round_id, _ in said}))
    growing = growing.where(rounds.c.audience == AGREED, rounds.c.state.in_(("open", "paused")))
    found = db.execute(growing.order_by(rounds.c.id).with_for_update(read=True)).all()
    every = {round_id for round_id, whom in found if json.loads(whom or "{}").keys() <= _NOT_NARROW}
    if not every:
        return
    agreed = select(contacts.c.id).where(contacts.c.id.in_({who for round_id, who in said if round_id in every}))
    known = set(db.execute(agreed.where(*_meant(Frame()))).scalars())
    new = [(*one, None, EXCLUDED, "declined", AGREED, None) for one in said if one[0] in every and one[1] in known]
    _insert(db, new)


_NOT_NARROW = frozenset({"lists", "seed"})
"""What may stand in the `whom` of a round that means everyone who agreed."""


def outdate(db: Connection, who: Iterable[tuple[int, int]], now: datetime) -> int:
    """Do not send what asks these people, each (round id, contact id), and has not left; return how many letters."""
    keys = ((contact_id, f"{begin}{round_id}.") for round_id, contact_id in who for begin in ASKING)
    return outbox_.outdated(db, keys, now)


def unsettled(db: Connection, round_id: int) -> bool:
    """Whether somebody has answered, or is not asked after all, and is not noted as such."""
    found = select(audience.c.id).where(audience.c.round_id == round_id, _open())
    noted = or_(_has_answered(round_id), _never_asked(round_id), _forgotten())
    return db.execute(found.where(noted).limit(1)).first() is not None


def settle(db: Connection, round_id: int) -> int:
    """Note who has answered, and forget in which chat; who is forgotten; and once it is over, who was not asked.

    Return how many are new. A letter may be called back from a sender that dies with it: nobody is there then to tell
    what became of it.
    """
    mine = update(audience).where(audience.c.round_id == round_id, _open())
    unasked = or_(audience.c.state.in_((WAITING, EXCLUDED)), _taken_back(round_id))
    how = case((audience.c.state == FAILED, RETURNED), (unasked, UNASKED), else_="")
    answered = mine.where(_has_answered(round_id)).values(state=ANSWERED, reason=how, through=None)
    left_out = mine.where(or_(_never_asked(round_id), _forgotten())).values(state=EXCLUDED, reason=_why())
    return db.execute(answered).rowcount + db.execute(left_out).rowcount


def _why(*more: tuple[ColumnElement[bool], str]) -> ColumnElement[str]:
    """Why somebody is not asked after all: the round is over, where there is no reason of their own."""
    mine = contacts.c.id == audience.c.contact_id
    own = [
        (audience.c.reason == "declined", "declined"),
        (exists().where(mine, contacts.c.stopped_at.is_not(None)), "stopped"),
        (exists().where(mine, contacts.c.blocked_at.is_not(None)), "blocked"),
        (_forgotten(), "forgotten"),
    ]
    return case(*own, *more, else_="closed")


def _forgotten() -> ColumnElement[bool]:
    """Who was forgotten before their turn came."""
    return and_(audience.c.state == WAITING, audience.c.contact_id.is_(None), audience.c.mark.is_(None))


def _never_asked(round_id: int) -> ColumnElement[bool]:
    """Who counts as invited, while the round is over and their invitation was taken back before it left."""
    over = exists().where(rounds.c.id == round_id, rounds.c.state.not_in(("open", "paused")))
    return and_(audience.c.state == INVITED, over, _taken_back(round_id))


def _taken_back(round_id: int) -> ColumnElement[bool]:
    letter = literal(f"{BEGUN}{round_id}.") + cast(audience.c.contact_id, String) + ".0"
    return exists().where(outbox.c.key == letter, outbox.c.status == GONE, outbox.c.error == outbox_.CANCELLED)


def came(db: Connection, round_id: int, contact_id: int, through: bytes) -> bool:
    """Note in which chat, by its hash, somebody of a list takes part, the latest; return whether it counts for them.

    A chat counts for one person alone, and not for who comes once it has been answered there: by what somebody else
    says, nobody has answered.
    """
    other = select(audience.c.id).where(audience.c.round_id == round_id, audience.c.contact_id != contact_id)
    taken = db.execute(other.where(audience.c.through == through).limit(1)).first()
    over = db.execute(_ended_in_chat(round_id).where(contacts.c.address_hash == through).limit(1)).first()
    if taken or over:
        return False
    mine = update(audience).where(audience.c.round_id == round_id, audience.c.contact_id == contact_id, _open())
    return bool(db.execute(mine.values(through=through)).rowcount)


def carry(db: Connection, round_id: int, old: tuple[int, bytes], new: tuple[int, bytes]) -> None:
    """Let somebody's row follow their passage from one chat, (contact id, its hash), to another.

    Where that one counts for somebody of the audience already, the row only says that they are not asked any more.
    """
    mine = audience.c.round_id == round_id
    there = or_(audience.c.contact_id == new[0], audience.c.through == new[1])
    if db.execute(select(audience.c.id).where(mine, there).limit(1)).first():
        decline(db, [(round_id, old[0])])
        return
    whose = or_(audience.c.contact_id == old[0], audience.c.through == old[1])
    db.execute(update(audience).where(mine, _open(), whose).values(through=new[1]))


def _has_answered(round_id: int) -> ColumnElement[bool]:
    mine = audience.c.contact_id.in_(_answered(round_id))
    return or_(mine, audience.c.through.in_(_ended_in_chat(round_id)))


def _ended_in_chat(round_id: int) -> Select[Any]:
    ended = (sessions.c.round_id == round_id, FINISHED)
    return select(contacts.c.address_hash).join(sessions, sessions.c.contact_id == contacts.c.id).where(*ended)


def _open() -> ColumnElement[bool]:
    """Of whom it is open whether they answer: also of who was not asked, or not reached, and comes by themselves."""
    return audience.c.state.in_((WAITING, INVITED, FAILED, EXCLUDED))


def _answered(round_id: int) -> Select[Any]:
    return select(sessions.c.contact_id).where(sessions.c.round_id == round_id, FINISHED)


def rest_over(db: Connection, rules: Rules) -> int:
    """Let those wait again who were excluded because they had been asked lately, and by now were not."""
    rested = select(contacts.c.id).where(contacts.c.id == audience.c.contact_id, ~_lately(rules)).exists()
    mine = _in(rules.round_id, EXCLUDED).where(audience.c.reason == "asked", rested)
    return db.execute(mine.values(state=WAITING, reason="")).rowcount


def end(db: Connection, rules: Rules) -> None:
    """Nobody is asked any more: who was not is excluded, and so is whose invitation never left."""
    settle(db, rules.round_id)
    turn_back(db, rules.round_id)
    unsent = _taken_back(rules.round_id)
    today = exists().where(contacts.c.id == audience.c.contact_id, _today(rules))
    why = _why((and_(audience.c.state == WAITING, today), "another_today"))
    db.execute(_in(rules.round_id, INVITED).where(unsent).values(state=EXCLUDED, reason=why))
    db.execute(_in(rules.round_id, WAITING).values(state=EXCLUDED, reason=why))


def among(db: Connection, round_id: int, ids: Sequence[int]) -> set[int]:
    """Return which of these contacts are in the audience before it is drawn: those of lists."""
    return set(_among(db, ids, mine=round_id))


def counts(db: Connection, round_id: int) -> dict[tuple[str, str], int]:
    """How many people of the audience there are by (state, reason)."""
    mine = (audience.c.round_id == round_id, audience.c.state != ARRIVING)
    counted = select(audience.c.state, audience.c.reason, func.count()).where(*mine)
    found = db.execute(counted.group_by(audience.c.state, audience.c.reason))
    return {(state, reason): count for state, reason, count in found}


_there = (audience.c.round_id == bindparam("mine"), audience.c.contact_id.in_(IDS), audience.c.state != ARRIVING)
_among = Lookup(int, select(audience.c.contact_id).where(*_there))


# --------------------------------------------------------------------------- the quiet list


def of_person(db: Connection, contact_id: int, hash_: bytes, marks: Sequence[bytes]) -> list[tuple[int, str, str, str]]:
    """Return (round id, state, reason, source) of each audience that somebody is in (MYDATA).

    `hash_` finds those in which they count by their chat, `marks` those that only say that they are on the quiet list.
    """
    mine = or_(audience.c.contact_id == contact_id, audience.c.through == hash_, audience.c.mark.in_(list(marks)))
    columns = (audience.c.round_id, audience.c.state, audience.c.reason, audience.c.source)
    found = db.execute(select(*columns).where(mine).order_by(audience.c.id))
    return [(row.round_id, row.state, row.reason, row.source) for row in found]


def quiet_since(db: Connection, marks: Sequence[bytes]) -> datetime | None:
    """Return since when somebody is on the quiet list, by all hashes they may have there; None where they are not."""
    return db.execute(select(func.min(quiet.c.since)).where(quiet.c.hash.in_(list(marks)))).scalar()


_hush = Insert(quiet, ("hash", "since"), end="ON CONFLICT DO NOTHING")


def hush(db: Connection, hashes: Iterable[bytes], now: datetime) -> int:
    """Put people on the quiet list; return how many are new on it."""
    return _hush(db, [(each, now) for each in hashes])


def hushed(db: Connection, hashes: Sequence[bytes]) -> set[bytes]:
    """Return which of these are on the quiet list."""
    return set(db.execute(select(quiet.c.hash).where(quiet.c.hash.in_(list(hashes)))).scalars())


def waves(db: Connection, service: str, since: datetime, until: datetime) -> list[tuple[int, datetime]]:
    """Return (round id, moment) of the letters in [since, until) that asked people into rounds of a service."""
    calls = or_(_which.in_(CALLS), _which.startswith(AGAIN, autoescape=True))
    asked = select(invitations.c.round_id, invitations.c.created_at).distinct()
    of_service = asked.join(rounds, rounds.c.id == invitations.c.round_id).where(rounds.c.service == service, calls)
    found = db.execute(of_service.where(invitations.c.created_at >= since, invitations.c.created_at < until))
    return sorted((round_id, at) for round_id, at in found)
