"""A session is written by whoever read its last revision, and by nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flows import memory
from flows.model import Answer, Session
from storage import contacts, rounds, sessions
from storage.database import Conflict
from tests.storage.makers import DAY, KEYS, MINUTE, NOW, add_contact, add_round, session

if TYPE_CHECKING:
    from storage.database import Database


def test_a_session_comes_back_as_written_one_revision_on(database: Database) -> None:
    with database.transaction() as db:
        anna, round_ = add_contact(db), add_round(db)
        written = session(anna, round_)
        sessions.save(db, [written])
        assert sessions.of(db, [anna.id]) == {anna.id: [written._replace(revision=1)]}
        assert sessions.by_receipt(db, written.receipt_hash) == written._replace(revision=1)
        assert sessions.by_receipt(db, KEYS.token_hash("no such receipt")) is None


def test_of_a_body_the_receipt_alone_is_sealed() -> None:
    said = {"receipt": Answer("receipt", 'their "receipt":"AB12"')}
    body = memory.dump(Session("pulse", 1, "en", "web", "t", "AB12", "overall", answers=said))
    sealed = sessions.hidden(body, KEYS)
    assert sessions.shown(sealed, KEYS) == sessions.shown(body, KEYS) == body
    assert memory.load(sealed).answers == said
    assert sealed == sessions.hidden(body, KEYS)
    assert sealed.count("AB12") == 1
    none = memory.dump(Session("pulse", 1, "en", "web", "t", "", "overall", answers=said))
    assert sessions.hidden(none, KEYS) == sessions.shown(none, KEYS) == none


def test_new_and_known_sessions_are_written_together(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        people = [add_contact(db, str(n)) for n in range(5)]
        sessions.save(db, [session(person, round_) for person in people[:2]])
        read = sessions.of(db, [person.id for person in people])
        moved = [rows[0]._replace(state="why", updated_at=NOW + MINUTE) for rows in read.values()]
        sessions.save(db, [*moved, *(session(person, round_) for person in people[2:])])
        after = sessions.of(db, [person.id for person in people])
    assert [(after[p.id][0].state, after[p.id][0].revision) for p in people] == [
        ("why", 2),
        ("why", 2),
        ("overall", 1),
        ("overall", 1),
        ("overall", 1),
    ]


def test_saving_nothing_is_no_conflict(database: Database) -> None:
    with database.transaction() as db:
        sessions.save(db, [])
        assert sessions.of(db, []) == {}


def test_who_read_an_old_revision_writes_nothing(database: Database) -> None:
    with database.transaction() as db:
        anna, ben, round_ = add_contact(db, "1"), add_contact(db, "2"), add_round(db)
        sessions.save(db, [session(anna, round_), session(ben, round_)])
    with database.reading() as db:
        mine, hers = (sessions.of(db, [contact.id])[contact.id][0] for contact in (anna, ben))
    with database.transaction() as db:
        sessions.save(db, [mine._replace(state="faster")])
    with pytest.raises(Conflict, match="1 of 2 sessions"), database.transaction() as db:
        sessions.save(db, [hers._replace(state="lost"), mine._replace(state="slower")])
    with database.reading() as db:
        assert sessions.of(db, [anna.id])[anna.id][0].state == "faster"
        assert sessions.of(db, [ben.id])[ben.id][0].state == "overall"


def test_a_session_begun_twice_at_once_is_a_conflict(database: Database) -> None:
    with database.transaction() as db:
        anna, round_ = add_contact(db), add_round(db)
        sessions.save(db, [session(anna, round_)])
    with pytest.raises(Conflict), database.transaction() as db:
        sessions.save(db, [session(anna, round_, receipt_hash=b"other")])


def test_a_session_forgotten_in_between_does_not_come_back(database: Database) -> None:
    with database.transaction() as db:
        anna, round_ = add_contact(db), add_round(db)
        sessions.save(db, [session(anna, round_)])
        (read,) = sessions.of(db, [anna.id])[anna.id]
        contacts.forget(db, anna.id, NOW)
    with pytest.raises(Conflict), database.transaction() as db:
        sessions.save(db, [read._replace(state="why")])


def test_active_sessions_and_those_of_open_rounds_are_at_hand(database: Database) -> None:
    with database.transaction() as db:
        anna = add_contact(db)
        opened, closed, done = add_round(db, "open"), add_round(db, "closed", state="closed"), add_round(db, "done")
        over = add_round(db, "over", state="closed")
        rows = [
            session(anna, opened, updated_at=NOW + MINUTE),
            session(anna, closed, updated_at=NOW),
            session(anna, done, updated_at=NOW + 2 * MINUTE, status="completed", ended_at=NOW),
            session(anna, over, status="completed", ended_at=NOW),
        ]
        sessions.save(db, rows)
        at_hand = sessions.of(db, [anna.id])[anna.id]
        assert [row.round_id for row in at_hand] == [closed.id, opened.id, done.id]
        assert [row.round_id for row in sessions.all_of(db, anna.id)] == [opened.id, closed.id, done.id, over.id]


def test_who_was_reminded_or_may_not_be_hides_nobody_behind_them_from_a_reminder(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        names = ("reminded", "stopped", "never agreed", "gone", "silent")
        people = {name: add_contact(db, name) for name in names}
        for contact in people.values():
            contacts.set_invite_again(db, contact.id, NOW)
        contacts.set_invite_again(db, people["never agreed"].id, None)
        contacts.set_stopped(db, people["stopped"].id, NOW)
        contacts.set_unreachable(db, people["gone"].id, NOW)
        rounds.invite(db, round_.id, [people["reminded"].id], "silence", NOW)
        long_ago = NOW - 9 * DAY
        sessions.save(db, [session(each, round_, started_at=long_ago, updated_at=long_ago) for each in people.values()])
        found = sessions.silent(db, NOW - DAY, limit=1)
        assert [row.contact_id for row in found] == [people["silent"].id]


def test_silent_sessions_are_found_longest_silent_first(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        ages = {name: add_contact(db, name) for name in ("fresh", "old", "older", "done")}
        sessions.save(
            db,
            [
                session(ages["fresh"], round_, started_at=NOW - 10 * DAY, updated_at=NOW),
                session(ages["old"], round_, started_at=NOW - 10 * DAY, updated_at=NOW - 8 * DAY),
                session(ages["older"], round_, started_at=NOW - 10 * DAY, updated_at=NOW - 9 * DAY),
                session(ages["done"], round_, started_at=NOW - 10 * DAY, updated_at=NOW - 9 * DAY, status="completed"),
            ],
        )
        quiet = sessions.idle(db, NOW - 7 * DAY)
        assert [row.contact_id for row in quiet] == [ages["older"].id, ages["old"].id]
        assert [row.contact_id for row in sessions.idle(db, NOW - 7 * DAY, limit=1)] == [ages["older"].id]
        assert sessions.counts(db, round_.id) == {"active": 3, "completed": 1}
        assert [row.contact_id for row in sessions.in_round(db, round_.id, "completed")] == [ages["done"].id]


def test_one_session_can_be_forgotten_alone(database: Database) -> None:
    with database.transaction() as db:
        anna, one, two = add_contact(db), add_round(db, "one"), add_round(db, "two")
        sessions.save(db, [session(anna, one), session(anna, two)])
        sessions.forget(db, anna.id, one.id)
        assert [row.round_id for row in sessions.all_of(db, anna.id)] == [two.id]


def test_sessions_go_on_by_themselves_in_the_order_of_their_moments(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        first, second, later, never = (add_contact(db, str(n)) for n in range(4))
        at = {first: NOW - MINUTE, second: NOW, later: NOW + MINUTE, never: None}
        sessions.save(db, [session(who, round_, wakes_at=moment) for who, moment in at.items()])
        due = sessions.due(db, NOW, 10)
        assert [each.contact_id for each in due] == [first.id, second.id]
        assert sessions.due(db, NOW, 1) == due[:1]
        assert sessions.next_due(db, NOW) == NOW + MINUTE
        sessions.put_off(db, due[0], NOW + DAY)
        sessions.put_off(db, due[0], NOW)  # it has gone on meanwhile
        sessions.put_off(db, due[1], None)
        assert sessions.due(db, NOW, 10) == []
        assert sessions.next_due(db, NOW + MINUTE) == NOW + DAY
        assert sessions.hasten(db, NOW, MINUTE) == 1
        assert [each.contact_id for each in sessions.due(db, NOW, 10)] == [first.id]
        assert sessions.next_due(db, NOW + MINUTE) is None
