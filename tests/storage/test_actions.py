"""Actions are records: each change is noted, nothing is lost, and who was told goes with the person."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from storage import actions, answers, contacts, findings, looks, people, retention, rounds, sessions
from storage.actions import Action, Link, NewAction, Origin, Reply
from storage.tables import action_links, action_log, action_replies
from storage.tables import looks as looks_table
from tests.storage.makers import DAY, MINUTE, NOW, add_contact, add_round, answer, session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from storage.database import Database

SCORE = Origin("del.overall", "deliver", choices=("1", "2"), since="2026-11-16T00:00:00", until="2026-11-23T00:00:00")
NEW = NewAction("library", actions.FIX, actions.SCORE, SCORE, "A second desk at lunch.", NOW, raised=18, agreed=14)


def begun(db: Connection, **facts: Any) -> Action:
    return actions.add(db, replace(NEW, **facts), "Ana")


def count(db: Connection, table: Any) -> int:
    return len(db.execute(select(table)).all())


def test_an_action_keeps_what_gave_rise_to_it(database: Database) -> None:
    with database.transaction() as db:
        row = begun(db)
    with database.reading() as db:
        assert actions.get(db, row.id) == row
        assert row.of == SCORE
        assert (row.state, row.raised, row.agreed, row.told) == ("open", 18, 14, 0)
        assert actions.get(db, row.id + 1) is None


def test_the_form_an_action_came_by_is_known(database: Database) -> None:
    with database.transaction() as db:
        row = begun(db, form="7:chance")
        assert actions.by_form(db, "7:chance") == row
        assert actions.by_form(db, "8:chance") is None
        assert [actions.form_of(db, each) for each in (row.id, begun(db).id)] == ["7:chance", ""]


def test_the_actions_of_a_service_come_newest_first_by_their_state(database: Database) -> None:
    with database.transaction() as db:
        first, second = begun(db), begun(db, state="done")
        begun(db, service="bus")
        assert [row.id for row in actions.of(db, "library")] == [second.id, first.id]
        assert [row.id for row in actions.of(db, "library", ["open"])] == [first.id]


def test_each_change_is_noted_with_what_was_before(database: Database) -> None:
    with database.transaction() as db:
        row = begun(db)
        kim = people.add(db, "Kim", "en", NOW)
        given = actions.change(
            db,
            row,
            NOW + MINUTE,
            "Ana",
            "assigned",
            "knows the desk",
            person_id=kim.id,
            owner="Kim",
            due_on="2026-12-01",
        )
        done = actions.change(db, given, NOW + DAY, "Kim", "done", state="done", settled_at=NOW + DAY, outcome="Open.")
        assert actions.get(db, row.id) == done
        log = actions.log(db, row.id)
        assert [(each.who, each.what, each.why) for each in log] == [
            ("Ana", "begun", ""),
            ("Ana", "assigned", "knows the desk"),
            ("Kim", "done", ""),
        ]
        assert json.loads(log[1].changed) == {
            "person_id": [None, kim.id],
            "owner": ["", "Kim"],
            "due_on": [None, "2026-12-01"],
        }


def test_what_stood_at_a_moment_can_be_told_a_year_later(database: Database) -> None:
    with database.transaction() as db:
        row = begun(db)
        given = actions.change(db, row, NOW + DAY, "Ana", "assigned", owner="Kim", due_on="2026-12-01")
        moved = actions.change(db, given, NOW + 2 * DAY, "Ana", "moved", due_on="2026-12-09")
        done = actions.change(db, moved, NOW + 3 * DAY, "Ana", "done", state="done", settled_at=NOW + 3 * DAY, told=9)
        again = actions.change(db, done, NOW + 4 * DAY, "Ana", "opened", state="open", settled_at=None)
        begun(db, created_at=NOW + 9 * DAY)
        stood = [row, given, moved, done, again]
        for day, wanted in enumerate(stood):
            assert actions.as_of(db, "library", NOW + day * DAY) == [wanted]
        assert actions.as_of(db, "library", NOW - DAY) == []


@pytest.mark.parametrize("table", [action_log, looks_table], ids=["changes", "looks"])
@pytest.mark.parametrize("how", [delete, lambda table: update(table).values(who="Nobody")], ids=["delete", "change"])
def test_the_database_itself_refuses_to_change_or_forget_what_was_noted(
    database: Database, table: Any, how: Any
) -> None:
    with database.transaction() as db:
        begun(db)
    with pytest.raises(DBAPIError, match="only ever added to"), database.transaction() as db:
        db.execute(how(table))
    with database.reading() as db:
        assert count(db, table) == 1


def test_overdue_is_open_and_past_its_day() -> None:
    row = Action(
        1, "s", "fix", "words", "{}", "w", "open", "", "", "", 1, "2026-11-22", NOW, None, None, 0, 0, "{}", None
    )
    assert not row.late("2026-11-22")
    assert row.late("2026-11-23")
    assert not replace(row, state="done").late("2026-11-23")
    assert not replace(row, due_on=None).late("2026-11-23")


def test_told_back_counts_whom_a_message_went_to_of_those_who_agreed(database: Database) -> None:
    with database.transaction() as db:
        begun(db, told=14)
        begun(db, agreed=6)
        begun(db, raised=None, agreed=0)
        assert actions.told_back(actions.of(db, "library")) == (14, 20)


def test_what_is_due_is_open_owned_and_on_its_day_or_past_it(database: Database) -> None:
    with database.transaction() as db:
        kim = people.add(db, "Kim", "en", NOW)
        rows = [
            begun(db, person_id=kim.id, due_on=on, state=state)
            for on, state in (
                ("2026-11-21", "open"),
                ("2026-11-22", "open"),
                ("2026-11-23", "open"),
                ("2026-11-20", "done"),
            )
        ]
        begun(db, due_on="2026-11-20")
        assert [row.id for row in actions.due(db, "2026-11-22")] == [rows[0].id, rows[1].id]


def test_a_question_expires(database: Database) -> None:
    with database.transaction() as db:
        row = begun(db, kind=actions.ASK, expires_at=NOW + 14 * DAY)
        begun(db, kind=actions.ASK, expires_at=NOW + 14 * DAY, state="done")
        assert actions.expired(db, NOW + 14 * DAY - MINUTE) == []
        assert [each.id for each in actions.expired(db, NOW + 14 * DAY)] == [row.id]


def test_who_gave_bad_answers_is_found_by_round_within_the_week(database: Database) -> None:
    with database.transaction() as db:
        one, two = add_round(db), add_round(db, "second")
        said = [answer(one, b"anna", choice="1"), answer(one, b"ben", choice="2"), answer(one, b"carl", choice="4")]
        said += [answer(two, b"anna", choice="1"), answer(two, b"dora", choice="1", at=NOW + DAY)]
        said += [answer(two, b"emil", choice="1", counted_at=None), answer(two, b"finn", choice="1", withdrawn_at=NOW)]
        answers.append(db, said)
        found = actions.gave(db, "library", "deliver", "del.overall", ["1", "2"], NOW, NOW + DAY)
        assert found == {one.id: {b"anna", b"ben"}, two.id: {b"anna"}}
        assert actions.gave(db, "bus", "deliver", "del.overall", ["1", "2"], NOW, NOW + DAY) == {}


def test_who_was_asked_the_same_in_another_stage_is_none_of_them(database: Database) -> None:
    with database.transaction() as db:
        one, pilot = add_round(db), add_round(db, "second", stage="pilot")
        answers.append(db, [answer(one, b"anna", choice="1"), answer(pilot, b"ben", choice="1")])
        about = ("library", "deliver", "del.overall")
        assert actions.gave(db, *about, ["1", "2"], NOW, NOW + DAY) == {one.id: {b"anna"}}


def test_only_who_agreed_to_be_invited_again_may_be_asked_back(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        anna, ben = add_contact(db, "1"), add_contact(db, "2")
        sessions.save(db, [session(anna, round_), session(ben, round_)])
        contacts.set_invite_again(db, ben.id, NOW)
        assert actions.took_part(db, round_.id) == [ben.id]


def linked(db: Connection, people_: Sequence[str] = ("1", "2")) -> tuple[Action, Link, Link]:
    row, round_ = begun(db, kind=actions.ASK), add_round(db)
    one, two = (Link(add_contact(db, each).id, round_.id) for each in people_)
    assert actions.link(db, row.id, [one, two], actions.ASKED, NOW) == 2
    return row, one, two


def test_nobody_is_linked_twice_and_the_link_goes_with_the_contact(database: Database) -> None:
    with database.transaction() as db:
        row, one, two = linked(db)
        assert actions.link(db, row.id, [one], actions.ASKED, NOW + DAY) == 0
        assert actions.link(db, row.id, [one], actions.TOLD, NOW + DAY) == 1
        assert actions.linked(db, row.id, actions.ASKED) == {one.contact_id, two.contact_id}
        assert actions.round_of(db, row.id, one.contact_id) == one.round_id
        assert actions.asked_since(db, "library", NOW) == {one.contact_id, two.contact_id}
        assert actions.asked_since(db, "library", NOW + MINUTE) == set()
        contacts.forget(db, one.contact_id, NOW)
        assert actions.linked(db, row.id, actions.ASKED) == {two.contact_id}
        assert actions.round_of(db, row.id, one.contact_id) is None
        actions.unlink(db, two.round_id, two.contact_id)
        assert count(db, action_links) == 0
        assert actions.get(db, row.id) == row


def test_the_first_answer_to_a_question_counts(database: Database) -> None:
    with database.transaction() as db:
        row, one, _ = linked(db)
        said = Reply(row.id, one.round_id, b"anna", 1, None, "en", NOW)
        assert actions.reply(db, said)
        assert not actions.reply(db, said._replace(choice=0))
        words = said._replace(pseudonym=b"ben", choice=None, text="After six.")
        assert actions.reply(db, words)
        assert actions.replies(db, row.id) == [words, said]
        assert actions.chosen(actions.replies(db, row.id)) == {1: 1}
        assert actions.replied(db, one.round_id, b"anna") == [said]


@pytest.mark.parametrize("closed", [False, True])
def test_what_was_answered_is_erased_with_the_answers(database: Database, closed: bool) -> None:
    with database.transaction() as db:
        row, one, _ = linked(db)
        actions.reply(db, Reply(row.id, one.round_id, b"anna", 1, "Late.", "en", NOW))
        assert answers.forget(db, one.round_id, b"anna", NOW, closed=closed, anew=b"x" * 16) == 1
        left = actions.replies(db, row.id)
        assert [(each.pseudonym, each.choice, each.text) for each in left] == ([(b"x" * 16, 1, None)] if closed else [])


def test_links_and_replies_follow_a_passage_to_another_contact(database: Database) -> None:
    with database.transaction() as db:
        row, one, two = linked(db)
        actions.unlink(db, two.round_id, two.contact_id)
        actions.reply(db, Reply(row.id, one.round_id, b"anna", 1, None, "en", NOW))
        actions.carry(db, one.round_id, (one.contact_id, b"anna"), (two.contact_id, b"ben"))
        assert actions.linked(db, row.id, actions.ASKED) == {two.contact_id}
        assert [each.pseudonym for each in actions.replies(db, row.id)] == [b"ben"]


def test_who_was_told_is_forgotten_with_the_key_of_the_round_and_replies_with_its_answers(database: Database) -> None:
    with database.transaction() as db:
        row, one, _ = linked(db)
        actions.reply(db, Reply(row.id, one.round_id, b"anna", 1, None, "en", NOW))
        rounds.change(db, one.round_id, closed_at=NOW)
        findings.keep(db, one.round_id, NOW, "{}")
        assert "action_links" not in retention.forget(db, NOW + 30 * DAY, retention.Policy())
        assert retention.forget(db, NOW + 31 * DAY, retention.Policy())["action_links"] == 2
        assert count(db, action_replies) == 1
        assert retention.forget(db, NOW + 366 * DAY, retention.Policy())["action_replies"] == 1
        assert actions.get(db, row.id) is not None


def test_in_an_always_open_round_links_go_when_answers_would(database: Database) -> None:
    with database.transaction() as db:
        _, *both = linked(db)
        for each in both:
            contacts.set_invite_again(db, each.contact_id, NOW)
        assert "action_links" not in retention.forget(db, NOW + 365 * DAY, retention.Policy())
        assert retention.forget(db, NOW + 366 * DAY, retention.Policy())["action_links"] == 2


def test_looks_are_noted_by_service_the_newest_first(database: Database) -> None:
    with database.transaction() as db:
        looks.note(db, "library", NOW, "Ana", {"item": "del.overall"}, 20)
        looks.note(db, "library", NOW + DAY, "Kim", {"item": "del.overall", "page": 2}, 3)
        looks.note(db, "bus", NOW, "Ana", {}, 1)
        found = looks.of(db, "library")
        assert [(each.who, json.loads(each.what), each.rows) for each in found] == [
            ("Kim", {"item": "del.overall", "page": 2}, 3),
            ("Ana", {"item": "del.overall"}, 20),
        ]


@pytest.mark.parametrize(
    ("statement", "whole"),
    [
        ("UPDATE action_log SET who = who", True),
        ("UPDATE action_log SET who = 'Eve'", False),
        ("UPDATE action_log SET why = 'since I say so' WHERE what = 'done'", False),
        ("DELETE FROM action_log WHERE what = 'done'", False),
        ("DELETE FROM action_log WHERE what = 'begun'", False),
    ],
)
def test_a_log_of_an_action_that_is_not_as_it_was_written_is_found(
    database: Database, statement: str, *, whole: bool
) -> None:
    with database.transaction() as db:
        row = begun(db)
        actions.change(db, row, NOW + DAY, "Ana", "done", "it is mended", state=actions.DONE)
    with database.reading() as db:
        assert actions.prove(db, row.service) is None
    guards = {
        "sqlite": (["DROP TRIGGER action_log_no_update", "DROP TRIGGER action_log_no_delete"], []),
        "postgresql": (["ALTER TABLE action_log DISABLE TRIGGER ALL"], ["ALTER TABLE action_log ENABLE TRIGGER ALL"]),
    }
    with database.transaction() as db:
        before, after = guards[db.dialect.name]
        for each in (*before, statement, *after):
            db.execute(text(each))
    with database.reading() as db:
        assert actions.prove(db, row.service) == (None if whole else row.id)
