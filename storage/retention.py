"""Forgetting what is past its date: one sweep, repeatable, that leaves proof of what kind and how much went."""

from __future__ import annotations

import calendar
import json
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, case, delete, exists, func, literal, or_, select, update

from storage import apart, digests, entries, moves, places, proof, seals, trail, weekly
from storage.audience import REST, hush
from storage.database import Unopened
from storage.inbox import WAITING
from storage.messages import OWN
from storage.outbox import GONE, SENT
from storage.rounds import CANCELLED, PAUSED, forget_untold
from storage.rounds import told as told_of
from storage.sessions import ACTIVE, FINISHED
from storage.tables import (
    Instant,
    action_links,
    action_replies,
    alarms,
    answers,
    assessment_calls,
    assessments,
    audience,
    contacts,
    counted_apart,
    findings,
    inbox,
    invitations,
    links,
    manuscripts,
    messages,
    outbox,
    people,
    roles,
    round_log,
    rounds,
    rulings,
    sessions,
    thread_messages,
    threads,
    web_sessions,
    wishes,
)
from storage.tables import digests as digest_rows
from storage.tables import entries as entries_
from storage.tables import moves as moved
from storage.tables import places as named
from storage.wishes import HEARD
from storage.wishes import counts as heard_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import ColumnElement, Connection, Delete, Select, Table, Update

    from storage.sealing import Keys

WISHES = "wishes"
ABOUT_YOU = "about_you"
HUSHED = "contacts_to_the_quiet_list"
MAIL = "mail"
"""The channel whose addresses stand on lists of the city."""
MONTH = 30.44
"""Days in a month on average (365.25 / 12, rounded)."""
_AT_ONCE = 1000
"""So many of these are moved with one sweep."""
_AMID = timedelta(days=1)
"""So long somebody may be at their answers, in a round that goes on after the day until which it keeps them."""
_OWN = timedelta(days=1)
"""So long a web chat keeps what it told somebody of what is kept of them."""
_FIRST_END = '%"closes_at":[null,%'
"""What a line of a round's trail notes that gives it an end for the first time."""
_EVER, _NEVER = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
"""Before and after all that is said."""
QUOTES = "digests_with_quotes"
"""Digests that lost words of somebody whose answer went."""
CLOCK, SWEPT = "clock", "swept"
"""Who sweeps, and what the trail of a round says of it."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How long what is kept, in days and calendar months."""

    transcript_days: int = 30
    """What was said word by word: raw updates, web transcripts, threads, delivered messages, used links."""
    draft_days: int = 7
    """Answers begun and never handed in, and what was taken back."""
    close_days: int = 30
    """After closing: the link between people and their answers."""
    assessments_months: int = 24
    """How managers saw themselves: long enough to compare a quarter with the one a year before."""
    answers_months: int = 12
    """After the report (or, without one, the closing), and no longer than people were told: the answers themselves.

    In an always open round: since given, also once somebody has closed it, or has given it an end.
    """
    approved: bool = False
    """Whether words stay in digests only where somebody approved them."""
    promised: tuple[tuple[datetime, datetime, int], ...] = ()
    """From when until when people were told how many months. In an always open round each is told a day of their own,
    which holds where `answers_months` has become longer since."""


def forget(
    db: Connection, now: datetime, policy: Policy, keys: Keys | None = None, spelt: Callable[[str], str] = str
) -> dict[str, int]:
    """Delete what is past its date; return how many rows of each kind went. Proof rows are written for the same.

    Without `keys` mail addresses that said STOP stay where they are. `spelt` tells how lists spell an address.
    """
    proof.promise(db, policy.answers_months, now)
    policy = _as_promised(db, policy)
    _hold_to(db, now, policy)
    forget_untold(db)
    if keys is not None:
        _keep_apart(db, now, policy, keys)
    gone = {what: _swept(db, what, statement(now, policy), now) for what, statement in _SWEEPS.items()}
    gone[HUSHED] = 0 if keys is None else _hush(db, now, policy, keys, spelt)
    gone[QUOTES] = digests.unquote_gone(db, approved=policy.approved)
    _thin(db, now, policy)
    for statement in _blurring(now, policy):
        db.execute(statement)
    for what, rows in gone.items():
        proof.note(db, what, rows, now)
    return {what: rows for what, rows in gone.items() if rows > 0}


def _as_promised(db: Connection, policy: Policy) -> Policy:
    """Return a policy that knows what it was before, as far as that was written down."""
    told = proof.promised(db)
    begins = [_EVER, *(each.at for each in told[1:])]
    spans = zip(begins, [*begins[1:], _NEVER], told, strict=False)
    return replace(policy, promised=tuple((since, until, each.rows) for since, until, each in spans))


def _hold_to(db: Connection, now: datetime, policy: Policy) -> None:
    """Hold rounds that got more time to the day that people were told before, where no day is kept of them.

    Since a round that gets more time keeps that day itself, these are old ones; a day that is past is let be.
    """
    silent = and_(rounds.c.forget_at.is_(None), rounds.c.closes_at.is_not(None))
    longer = and_(round_log.c.round_id == rounds.c.id, round_log.c.at >= rounds.c.opened_at)
    lines = select(rounds.c.id, round_log.c.details).join(round_log, longer).where(silent)
    first: dict[int, datetime] = {}
    for round_id, details in db.execute(
        lines.where(round_log.c.what == "extended").order_by(rounds.c.id, round_log.c.number)
    ).all():
        end = json.loads(details).get("changed", {}).get("closes_at", [None])[0]
        if end:
            told = datetime.fromisoformat(end) + timedelta(days=policy.answers_months * MONTH)
            first.setdefault(round_id, datetime.combine(told.date() + timedelta(days=1), time(12), UTC))
    for round_id, at in first.items():
        if at > now:
            db.execute(update(rounds).where(rounds.c.id == round_id).values(forget_at=at))


def _keep_apart(db: Connection, now: datetime, policy: Policy, keys: Keys) -> None:
    """Keep whose answers are counted apart of rounds whose key goes now: nothing else will tell them from others."""
    going = select(rounds.c.id, rounds.c.key_sealed).where(rounds.c.key_sealed.is_not(None))
    for round_id, sealed in db.execute(going.where(rounds.c.id.in_(_over(now, policy)))).all():
        with suppress(Unopened):  # nobody can tell any more whose they are
            key = keys.unseal(bytes(sealed))
            special = entries.apart(db, round_id)
            apart.keep(db, {(round_id, keys.pseudonym(key, hash_)): kind for hash_, kind in special.items()})


def _swept(db: Connection, what: str, statement: Delete | Update, now: datetime) -> int:
    """Delete what one statement says. Rounds whose answers were sealed note in their trail that these are gone."""
    sealed = _of_ended(db, statement) if what in seals.SWEPT else {}
    if what == WISHES:
        _keep_heard(db, statement, now)
    if what == ABOUT_YOU:
        _keep_declared(db, statement)
    rows = db.execute(statement).rowcount
    for round_id, went in sorted(sealed.items()):
        trail.add(db, round_id, now, CLOCK, SWEPT, str(went), sealed=seals.swept(what, went))
    return rows


def _keep_declared(db: Connection, statement: Delete | Update) -> None:
    """Keep who said that they answer for many: what they said of themselves goes."""
    going = list(db.execute(select(answers.c.round_id).where(*_where(statement)).distinct()).scalars())
    if going:
        said = apart.declared(db, answers.c.round_id.in_(going))
        before = {who for round_id in going for who in apart.kept(db, round_id=round_id)}
        apart.keep(db, {who: kind for who, kind in said.items() if who not in before})


def _keep_heard(db: Connection, statement: Delete | Update, now: datetime) -> None:
    """Note in the trail of each round how its result was received, before nobody can count it any more."""
    of_told = wishes.c.round_id.in_(select(rounds.c.id).where(rounds.c.reported_at.is_not(None)))
    going = select(wishes.c.round_id).where(*_where(statement), of_told).distinct().order_by(wishes.c.round_id)
    for round_id in list(db.execute(going).scalars()):
        told = told_of(db, round_id)
        counted = heard_of(db, round_id)
        heard = {"told": told} | {what: counted.get(what, 0) for what in HEARD}
        trail.add(db, round_id, now, CLOCK, trail.HEARD, sealed={trail.HEARD: heard})


def _of_ended(db: Connection, statement: Delete | Update) -> dict[int, int]:
    """Return how many answers a statement is about to delete, by the round, of those that have ended."""
    ended = select(rounds.c.id).where(rounds.c.closed_at.is_not(None))
    going = select(answers.c.round_id, func.count()).where(answers.c.round_id.in_(ended), *_where(statement))
    return dict(db.execute(going.group_by(answers.c.round_id)).all())


def _where(statement: Delete | Update) -> tuple[ColumnElement[bool], ...]:
    return () if statement.whereclause is None else (statement.whereclause,)


def months_before(now: datetime, months: int) -> datetime:
    """Return the same time of day `months` calendar months ago (31 March minus one is the last of February)."""
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    day = min(now.day, calendar.monthrange(year, month + 1)[1])
    return now.replace(year=year, month=month + 1, day=day)


def overdue(db: Connection, now: datetime, policy: Policy) -> dict[str, int]:
    """Return what is still there two days after its date, by kind: what was not forgotten, or may not be.

    The sweep may not forget what still waits for its turn or to be sent, nor the links of a round that nobody has
    counted: these keep people's words or links longer than was promised, until somebody sees to it.
    """
    late, policy = now - _GRACE, _as_promised(db, policy)
    found = {what: _left(db, statement(late, policy)) for what, statement in _SWEEPS.items()}
    found |= {what: _left(db, statement(late, policy)) for what, statement in _WAITING.items()}
    return {what: rows for what, rows in found.items() if rows}


def _left(db: Connection, statement: Delete | Update) -> int:
    return db.execute(select(func.count()).select_from(statement.table).where(*_where(statement))).scalar_one()


# --------------------------------------------------------------------------- what goes, in this order


def _updates(now: datetime, policy: Policy) -> Delete:
    """Raw updates that need no turn any more; their keys go with them, long after a channel would repeat them."""
    old = inbox.c.received_at < now - timedelta(days=policy.transcript_days)
    return delete(inbox).where(inbox.c.status != WAITING, old)


def _transcripts(now: datetime, policy: Policy) -> Delete:
    """Lines of web chats. What tells somebody all their answers goes after a day: it would outlive a round's key."""
    own = and_(messages.c.at < now - _OWN, messages.c.key.endswith(OWN, autoescape=True))
    return delete(messages).where(or_(messages.c.at < now - timedelta(days=policy.transcript_days), own))


def _in_threads(now: datetime, policy: Policy) -> Delete:
    return delete(thread_messages).where(thread_messages.c.at < now - timedelta(days=policy.transcript_days))


def _threads(now: datetime, policy: Policy) -> Delete:
    """Threads nobody has written in for so long: nothing is left in them."""
    return delete(threads).where(threads.c.spoken_at < now - timedelta(days=policy.transcript_days))


def _delivered(now: datetime, policy: Policy) -> Delete:
    """Messages sent or given up. What must not be sent twice is keyed in tables of its own."""
    old = func.coalesce(outbox.c.sent_at, outbox.c.created_at) < now - timedelta(days=policy.transcript_days)
    return delete(outbox).where(outbox.c.status.in_((SENT, GONE)), old)


def _unfinished(now: datetime, policy: Policy) -> Delete:
    """Sessions that ended without answers handed in, or fell silent; not those of who has finished once.

    While a round is paused its sessions wait for it to go on.
    """
    old = sessions.c.updated_at < now - timedelta(days=policy.draft_days)
    rests = and_(
        sessions.c.status == ACTIVE, sessions.c.round_id.in_(select(rounds.c.id).where(rounds.c.state == PAUSED))
    )
    return delete(sessions).where(sessions.c.status != "completed", ~FINISHED, old, ~rests)


def _drafts(now: datetime, policy: Policy) -> Delete:
    """Answers never handed in. While a session that may own them is still going on, they wait."""
    going_on = (
        select(sessions.c.id)
        .where(sessions.c.round_id == answers.c.round_id, sessions.c.status == ACTIVE)
        .where(sessions.c.started_at <= answers.c.answered_at)
        .exists()
    )
    old = answers.c.answered_at < now - timedelta(days=policy.draft_days)
    return delete(answers).where(answers.c.counted_at.is_(None), old, ~going_on)


def _taken_back(now: datetime, policy: Policy) -> Delete:
    return delete(answers).where(answers.c.withdrawn_at < now - timedelta(days=policy.draft_days))


def _over(now: datetime, policy: Policy) -> Select[tuple[int]]:
    """Rounds past that date; before they are counted the link says who is counted apart, as groups are."""
    return select(rounds.c.id).where(rounds.c.closed_at < now - timedelta(days=policy.close_days), _counted())


def _keys(now: datetime, policy: Policy) -> Update:
    """Without its key nobody can find whose answers a round's are."""
    over = rounds.c.id.in_(_over(now, policy))
    return update(rounds).where(over, rounds.c.key_sealed.is_not(None)).values(key_sealed=None)


def _links_to_people(now: datetime, policy: Policy) -> Delete:
    """Sessions hold contact and answers side by side, so they go with the key."""
    return delete(sessions).where(sessions.c.round_id.in_(_over(now, policy)))


def _taken_down(now: datetime, policy: Policy) -> Delete:
    """Whom staff took down for whom: beside what is kept of the kind of answers, it would tell whose some are."""
    return delete(entries_).where(entries_.c.round_id.in_(_over(now, policy)))


def _unturned(now: datetime, policy: Policy) -> Delete:
    old = inbox.c.received_at < now - timedelta(days=policy.transcript_days)
    return delete(inbox).where(inbox.c.status == WAITING, old)


def _unsent(now: datetime, policy: Policy) -> Delete:
    old = outbox.c.due_at < now - timedelta(days=policy.transcript_days)
    return delete(outbox).where(outbox.c.status.not_in((SENT, GONE)), old)


def _uncounted(now: datetime, policy: Policy) -> Update:
    old = rounds.c.closed_at < now - timedelta(days=policy.close_days)
    over = rounds.c.id.in_(_over(now, policy))
    return update(rounds).where(old, rounds.c.key_sealed.is_not(None), ~over)


def _audiences(now: datetime, policy: Policy) -> Update:
    """How many were asked stays; who they were goes with the key."""
    told = (audience.c.contact_id, audience.c.mark, audience.c.zone, audience.c.through)
    known = or_(*(each.is_not(None) for each in told))
    over = update(audience).where(audience.c.round_id.in_(_over(now, policy)), known)
    return over.values(contact_id=None, mark=None, zone=None, through=None)


def _wishes(now: datetime, policy: Policy) -> Delete:
    """The result is sent, or the round was cancelled and there will be none."""
    before = now - timedelta(days=policy.close_days)
    given_up = and_(rounds.c.state == CANCELLED, rounds.c.closed_at < before)
    over = select(rounds.c.id).where(or_(rounds.c.reported_at < before, given_up))
    return delete(wishes).where(wishes.c.round_id.in_(over))


def _asked(now: datetime, policy: Policy) -> Update:
    """How many were written to stays; who they were goes with the key, and of a result once wishes for it go.

    Who was asked so lately that another round of the service may not ask them yet is remembered until it may.
    While a round is open, who of its audience or who takes part is remembered, and others as long as a transcript.
    """
    reported = select(rounds.c.id).where(rounds.c.reported_at < now - timedelta(days=policy.close_days))
    result = invitations.c.which == "report_back"
    rests = or_(invitations.c.which != "invitation", invitations.c.created_at < now - REST)
    mine = (invitations.c.contact_id.is_not(None), invitations.c.round_id.in_(_over(now, policy)))
    over = and_(*mine, or_(and_(~result, rests), and_(result, invitations.c.round_id.in_(reported))))
    there = (
        exists().where(table.c.round_id == invitations.c.round_id, table.c.contact_id == invitations.c.contact_id)
        for table in (sessions, audience)
    )
    old = invitations.c.created_at < now - max(timedelta(days=policy.transcript_days), REST)
    runs = invitations.c.round_id.in_(select(rounds.c.id).where(rounds.c.closed_at.is_(None)))
    left = and_(invitations.c.contact_id.is_not(None), runs, old, *(~each for each in there))
    closed = select(rounds.c.closed_at).where(rounds.c.id == invitations.c.round_id).scalar_subquery()
    values = {"contact_id": None, "created_at": func.coalesce(closed, invitations.c.created_at)}
    return update(invitations).where(or_(over, left)).values(values)


def _about_you(now: datetime, _policy: Policy) -> Delete:
    """Once the report is published and the answers are counted, who answered is told as figures."""
    counted = select(findings.c.round_id)
    reported = select(rounds.c.id).where(rounds.c.reported_at <= now, rounds.c.id.in_(counted))
    return delete(answers).where(answers.c.item.like("you.%"), answers.c.round_id.in_(reported))


def _answers(now: datetime, policy: Policy) -> Delete:
    """Digests and reports keep the figures."""
    return delete(answers).where(_past(answers, now, policy))


def _counted_apart(_now: datetime, _policy: Policy) -> Delete:
    """Of what kind answers are goes with them."""
    mine = (answers.c.round_id == counted_apart.c.round_id, answers.c.pseudonym == counted_apart.c.pseudonym)
    return delete(counted_apart).where(~exists().where(*mine))


def _rulings(_now: datetime, _policy: Policy) -> Delete:
    """What was ruled of words goes with them."""
    there = (answers.c.id == rulings.c.answer_id, answers.c.text.is_not(None), answers.c.withdrawn_at.is_(None))
    return delete(rulings).where(~exists().where(*there))


def _replies(now: datetime, policy: Policy) -> Delete:
    """What was answered to a question asked back, as the answers themselves."""
    return delete(action_replies).where(_past(action_replies, now, policy))


def _thin(db: Connection, now: datetime, policy: Policy) -> None:
    """Keep of sums whose answers are gone those of ten people and more: fewer are as good as an answer."""
    before = months_before(now, policy.answers_months)
    left = exists().where(answers.c.round_id == rounds.c.id)
    over = select(rounds.c.id).where(rounds.c.id.in_(_done(before)) | rounds.c.id.in_(_as_told(now, policy)), ~left)
    runs = select(rounds.c.id).where(rounds.c.closes_at.is_(None), rounds.c.closed_at.is_(None))
    long_ago = and_(moved.c.round_id.in_(runs), moved.c.day < before.date().isoformat())
    moves.thin(db, or_(moved.c.round_id.in_(over), long_ago))
    places.thin(db, named.c.round_id.in_(over))
    weekly.forget(db)


def _done(before: datetime) -> Select[tuple[int]]:
    """Rounds of which the report, or without one the end, was before that."""
    return select(rounds.c.id).where(func.coalesce(rounds.c.reported_at, rounds.c.closed_at) < before)


def _past(table: Table, now: datetime, policy: Policy) -> ColumnElement[bool]:
    before = months_before(now, policy.answers_months)
    done = _done(before)
    endless = select(rounds.c.id).where(rounds.c.closes_at.is_(None))
    said = table.c.answered_at
    sooner = (
        and_(said >= since, said < until, said < _as_long(now, months))
        for since, until, months in policy.promised
        if months < policy.answers_months
    )
    each = or_(said < _as_long(now, policy.answers_months), *sooner)
    old = and_(each, or_(table.c.round_id.in_(endless), _before_its_end(table)))
    named = endless.where(rounds.c.closed_at.is_(None), rounds.c.forget_at <= now)
    late = and_(table.c.answered_at < now - _AMID, table.c.round_id.in_(named))
    return or_(table.c.round_id.in_(done), table.c.round_id.in_(_as_told(now, policy)), old, late)


def _as_long(now: datetime, months: int) -> datetime:
    """Return when answers were given that are now kept as long as was told."""
    return max(months_before(now, months), now - timedelta(days=months * MONTH))


def _before_its_end(table: Table) -> ColumnElement[bool]:
    """Whether it was given while its round had no end: people were told a day of their own, which holds."""
    since = (round_log.c.round_id == table.c.round_id, round_log.c.at >= table.c.answered_at)
    return exists().where(*since, round_log.c.what == "extended", round_log.c.details.like(_FIRST_END))


def _as_told(now: datetime, policy: Policy) -> Select[tuple[int]]:
    """Rounds past the day until which people were told that their answers are kept, once these are counted."""
    usual = rounds.c.closes_at < now - timedelta(days=policy.answers_months * MONTH)
    past = or_(rounds.c.forget_at <= now, and_(rounds.c.forget_at.is_(None), usual))
    return select(rounds.c.id).where(rounds.c.closed_at.is_not(None), past, _counted())


def _counted() -> ColumnElement[bool]:
    return or_(rounds.c.state == CANCELLED, rounds.c.id.in_(select(findings.c.round_id)))


def _action_links(now: datetime, policy: Policy) -> Delete:
    """How many were told stays with the action; who they were goes with the round's key, or when answers would go."""
    old = action_links.c.at < months_before(now, policy.answers_months)
    return delete(action_links).where(or_(action_links.c.round_id.in_(_over(now, policy)), old))


def _alarms(now: datetime, policy: Policy) -> Update:
    """That there was danger stays as a number; who wrote of it goes with their words and the copies of these."""
    old = alarms.c.at < now - timedelta(days=policy.transcript_days)
    held = or_(alarms.c.contact_id.is_not(None), alarms.c.sealed.is_not(None))
    return update(alarms).where(old, held).values(contact_id=None, sealed=None)


def _used_links(now: datetime, policy: Policy) -> Delete:
    return delete(links).where(links.c.expires_at < now - timedelta(days=policy.transcript_days))


def _manuscripts(now: datetime, policy: Policy) -> Delete:
    """Flow files that were sent; what was published of them stays."""
    return delete(manuscripts).where(manuscripts.c.created_at < now - timedelta(days=policy.transcript_days))


def _assessments(now: datetime, policy: Policy) -> Delete:
    """What somebody said of their own work, and what they began and never ended."""
    old = assessments.c.begun_at < months_before(now, policy.assessments_months)
    left = and_(assessments.c.done_at.is_(None), assessments.c.touched_at < months_before(now, 3))
    return delete(assessments).where(or_(old, left))


def _assessment_calls(now: datetime, policy: Policy) -> Delete:
    return delete(assessment_calls).where(assessment_calls.c.at < months_before(now, policy.assessments_months))


def _sign_ins(now: datetime, _policy: Policy) -> Delete:
    return delete(web_sessions).where(web_sessions.c.expires_at < now)


def _former_staff(now: datetime, policy: Policy) -> Update:
    """The name of who has long had no role, once nothing of theirs is told by it; records keep it where they name them.

    The row stays: digests are told again by those that were issued, whoever got them.
    """
    before = now - timedelta(days=policy.transcript_days)
    recent = exists().where(digest_rows.c.person_id == people.c.id, digest_rows.c.created_at >= before)
    named = (
        select(table.c.person_id).where(table.c.person_id == people.c.id).exists()
        for table in (roles, contacts, web_sessions, links, threads, thread_messages)
    )
    left = func.coalesce(people.c.left_at, people.c.created_at)  # who never had a role has not left
    gone = (people.c.name != "", left < before, ~recent, *(~each for each in named))
    return update(people).where(*gone).values(name="")


def _strangers(now: datetime, policy: Policy) -> Delete:
    """Contacts nothing needs any more: no role, no yes to invitations, nothing under way.

    A block is remembered as long as a transcript, or coming back would undo it; for ever, it would keep people. So is a
    STOP: who is forgotten is written to no more. Only mail addresses come back without their owners, by lists of the
    city; these go to the quiet list first (`_hush`).
    """
    return delete(contacts).where(
        *_needless(now, policy), or_(contacts.c.stopped_at.is_(None), contacts.c.channel != MAIL)
    )


def _needless(now: datetime, policy: Policy) -> tuple[ColumnElement[bool], ...]:
    needed = (
        select(table.c.contact_id).where(table.c.contact_id == contacts.c.id).exists()
        for table in (sessions, wishes, outbox, messages, threads, audience, invitations)
    )
    before = now - timedelta(days=policy.transcript_days)
    lately = (func.coalesce(each, contacts.c.last_seen_at) for each in (contacts.c.blocked_at, contacts.c.stopped_at))
    old = (contacts.c.last_seen_at < before, *(each < before for each in lately))
    free = (contacts.c.person_id.is_(None), contacts.c.invite_again_at.is_(None))
    return (*old, *free, *(~each for each in needed))


def _hush(db: Connection, now: datetime, policy: Policy, keys: Keys, spelt: Callable[[str], str]) -> int:
    """Move mail addresses that said STOP, and that nothing needs, to the quiet list: a hash and a date are kept."""
    stopped = (contacts.c.channel == MAIL, contacts.c.stopped_at.is_not(None))
    wanted = select(contacts.c.id, contacts.c.address_sealed, contacts.c.stopped_at).where(*stopped)
    gone = []
    for row in db.execute(wanted.where(*_needless(now, policy)).order_by(contacts.c.id).limit(_AT_ONCE)).all():
        with suppress(Unopened):  # nobody can tell any more whose it is: it stays as it is
            kept = keys.unseal(bytes(row.address_sealed))
            hush(db, [keys.quiet_hash(MAIL, each) for each in dict.fromkeys((kept, spelt(kept)))], row.stopped_at)
            gone.append(row.id)
    return db.execute(delete(contacts).where(contacts.c.id.in_(gone))).rowcount if gone else 0


# --------------------------------------------------------------------------- what is told less exactly


def _blurring(now: datetime, policy: Policy) -> Iterator[Update]:
    """What a contact did when, told to the week once the link to their answers may be gone.

    A contact was last seen at the very moment at which some answers were handed in, and a yes to being written to lies
    between two answers: to the microsecond, that is as good as a link. Each moment becomes the end of its week, never
    an earlier one: a STOP never seems older than words it forbade to answer, nor a contact older than it is.
    """
    monday = _monday(now - timedelta(days=policy.close_days))
    mondays = [monday - timedelta(weeks=n) for n in range(_WEEKS)]
    for table, exact in _EXACT.items():
        # Who came once is told from who comes again by two moments that differ.
        ends = {column: monday + timedelta(seconds=column is contacts.c.last_seen_at) for column in exact}
        old = {
            column: and_(column < monday, column.not_in(_shifted(mondays, ends[column] - monday))) for column in exact
        }
        blurred = {column.name: case((old[column], literal(ends[column], Instant())), else_=column) for column in exact}
        yield update(table).where(or_(*old.values())).values(blurred)


def _monday(at: datetime) -> datetime:
    return (at - timedelta(days=at.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)


def _shifted(moments: list[datetime], by: timedelta) -> list[datetime]:
    return [moment + by for moment in moments]


_WEEKS = 530
"""So many weeks back a moment that is told to the week is known as one; what is older is told anew, later."""
_EXACT = {
    contacts: (
        contacts.c.first_seen_at,
        contacts.c.last_seen_at,
        contacts.c.invite_again_at,
        contacts.c.stopped_at,
        contacts.c.said_stop_at,
        contacts.c.blocked_at,
    ),
    wishes: (wishes.c.created_at,),
}

_SWEEPS: dict[str, Callable[[datetime, Policy], Delete | Update]] = {
    "updates": _updates,
    "transcripts": _transcripts,
    "thread_messages": _in_threads,
    "threads": _threads,
    "delivered": _delivered,
    "sessions_unfinished": _unfinished,
    "answers_never_handed_in": _drafts,
    "answers_taken_back": _taken_back,
    "round_keys": _keys,
    "sessions_of_closed_rounds": _links_to_people,
    "entries_of_closed_rounds": _taken_down,
    "audiences_of_closed_rounds": _audiences,
    WISHES: _wishes,
    "who_was_written_to": _asked,
    ABOUT_YOU: _about_you,
    "answers": _answers,
    "counted_apart": _counted_apart,
    "rulings": _rulings,
    "action_replies": _replies,
    "action_links": _action_links,
    "alarms": _alarms,
    "links": _used_links,
    "manuscripts": _manuscripts,
    "assessments": _assessments,
    "assessment_calls": _assessment_calls,
    "sign_ins": _sign_ins,
    "contacts": _strangers,
    "names_of_former_staff": _former_staff,
}
"""What kind goes by which statement, in this order."""
_WAITING: dict[str, Callable[[datetime, Policy], Delete | Update]] = {
    "updates_waiting": _unturned,
    "messages_unsent": _unsent,
    "rounds_uncounted": _uncounted,
}
"""What is past its date and must not go; as what would let it go, for counting only."""
_GRACE = timedelta(days=2)
"""So long the sweep may be late before it is a fault."""
LASTING = {
    "people": "staff; the name goes some time after the last role",
    "roles": "staff, until withdrawn",
    "flow_versions": "what was asked: answers are read by it",
    "rounds": "the record of a round, of which nobody is part; its key goes",
    "report_drafts": "the city's own words, until the report is published",
    "findings": "figures; names that earlier versions kept in them are read no more",
    "round_log": "the record of a round",
    "places": "posters stay",
    "arrivals": "sums; those of fewer than ten people go with the answers of their round (`_thin`)",
    "margins": "figures of the whole city",
    "margin_log": "who entered figures of the whole city",
    "invitations": "how many were written to; who it was goes",
    "audience": "how many were asked; who it was goes",
    "quiet": "who must never be written to by mail: hashes and dates, for good",
    "moves": "sums; those of fewer than ten people go with the answers of their round (`_thin`)",
    "alarms": "that there was danger; who wrote of it, and what, goes",
    "weeks": "sums; they go when no answer of so early a week is kept (`_thin`)",
    "week_counts": "sums, with their week; they go when an answer of it does, and what is left is counted anew",
    "week_people": "as week_counts",
    "week_ballots": "as week_counts",
    "week_changes": "notes to count a week anew; they go with it",
    "campaign_weeks": "that a week was searched",
    "machine_weeks": "how often a machine was asked: sums of no people",
    "codebooks": "the city's own words",
    "themes": "the city's own words",
    "actions": "the city's own record",
    "action_log": "the city's own record",
    "looks": "who looked at answers: the record of that",
    "predictions": "what staff expected of a round",
    "assessment_viewers": "whom staff show their scores to",
    "digests": "figures; a quote goes with its answer",
    "leases": "no content",
    "forgettings": "the proof of what went",
}
"""Tables whose rows have no date of their own, and why; all others are swept, or go with a row that is."""
