"""What is done to a round is written down for good, and every tampering is seen, whoever does it and wherever."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import bindparam, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from storage import entries, flow_versions, people, rounds, trail
from storage.entries import GROUP, INDIVIDUAL, ORGANISATION, Entry
from storage.tables import flow_versions as versions
from storage.tables import round_log
from storage.tables import rounds as kept
from tests.storage.makers import DAY, MINUTE, NOW, add_contact, add_round

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from storage.database import Database

STEPS = ("created", "opened", "extended", "closed")


def written(database: Database, code: str = "library") -> int:
    """Return the id of a round of which four things are written down."""
    with database.transaction() as db:
        row = add_round(db, code, state="open", record='{"topic": "Öffnung \u2028 früh"}')
        for n, what in enumerate(STEPS):
            trail.add(db, row.id, NOW + n * MINUTE, "Olga", what, "Überlegt.", {"title": (None, n)})
    return row.id


def proof(database: Database, round_id: int) -> trail.Proof:
    with database.reading() as db:
        return trail.prove(db, round_id)


def tamper(database: Database, *statements: Any, of: int = 0) -> None:
    """Do what only the owner of a database can: put the triggers aside and write whatever one likes."""
    aside = {
        "sqlite": ["DROP TRIGGER round_log_no_update", "DROP TRIGGER round_log_no_delete"],
        "postgresql": ["SET LOCAL session_replication_role = replica"],
    }
    back = """CREATE TRIGGER round_log_no_{0} BEFORE {0} ON round_log BEGIN SELECT RAISE(ABORT, 'only added to'); END"""
    with database.transaction() as db:
        for statement in [*map(text, aside[database.dialect]), *statements]:
            db.execute(statement, {"of": of} if "of" in statement.compile().params else {})
        for verb in ("update", "delete") if database.dialect == "sqlite" else ():
            db.execute(text(back.format(verb)))


def test_what_was_done_is_written_down_in_order(database: Database) -> None:
    round_id, other = written(database), written(database, "other")
    with database.reading() as db:
        entries = trail.of(db, round_id)
    assert [(each.number, each.what, each.at) for each in entries] == [
        (n, what, NOW + (n - 1) * MINUTE) for n, what in enumerate(STEPS, 1)
    ]
    assert {(each.who, each.why) for each in entries} == {("Olga", "Überlegt.")}
    assert [each.changed for each in entries] == [{"title": (None, n)} for n in range(4)]
    assert len({each.hash for each in entries}) == 4
    assert proof(database, round_id) == trail.Proof(4, entries[-1].hash.hex())
    assert proof(database, other).whole


@pytest.mark.parametrize(
    "change",
    [update(round_log).values(why="Nothing."), delete(round_log), delete(kept)],
    ids=["change", "delete", "with the round"],
)
def test_the_database_itself_refuses_to_change_or_forget_it(database: Database, change: Any) -> None:
    round_id = written(database)
    with pytest.raises(DBAPIError, match="only ever added to"), database.transaction() as db:
        db.execute(change)
    assert proof(database, round_id).entries == 4


def at(number: int) -> ColumnElement[bool]:
    return (round_log.c.round_id == bindparam("of")) & (round_log.c.number == number)


@pytest.mark.parametrize(
    ("tampering", "broken"),
    [
        (update(round_log).where(at(1)).values(who="Nobody"), 1),
        (update(round_log).where(at(2)).values(what="closed"), 2),
        (update(round_log).where(at(3)).values(why=""), 3),
        (update(round_log).where(at(4)).values(at=NOW + DAY), 4),
        (update(round_log).where(at(2)).values(details="{}"), 2),
        (update(round_log).where(at(4)).values(number=9), 4),
        (update(round_log).where(at(3)).values(hash=b"x" * 32), 3),
        (delete(round_log).where(at(2)), 2),
        (delete(round_log).where(round_log.c.round_id == bindparam("of")), 1),
    ],
)
def test_whatever_is_changed_behind_its_back_is_found_where_it_was_done(
    database: Database, tampering: Any, broken: int
) -> None:
    round_id, other = written(database), written(database, "other")
    tamper(database, tampering, of=round_id)
    assert proof(database, round_id).broken == broken
    assert proof(database, other).whole


def test_an_entry_slipped_in_is_found(database: Database) -> None:
    round_id = written(database)
    with database.reading() as db:
        columns = [column for column in round_log.c if column.name != "id"]
        third = select(*columns).where(round_log.c.round_id == round_id, round_log.c.number == 3)
        values = db.execute(third).mappings().one()
    later = update(round_log).where(round_log.c.round_id == round_id, round_log.c.number > 2)
    tamper(
        database,
        later.values(number=round_log.c.number + 10),
        update(round_log).where(round_log.c.number > 10).values(number=round_log.c.number - 9),
        insert(round_log).values({**values, "what": "extended"}),
    )
    assert proof(database, round_id).broken == 4


def test_an_entry_taken_from_the_end_is_found_by_the_round_and_by_a_hash_noted_earlier(database: Database) -> None:
    round_id = written(database)
    with database.transaction() as db:
        before = rounds.get(db, round_id)
        assert rounds.move(db, round_id, ["open"], "closed", closed_at=NOW)
        head = trail.add(db, round_id, NOW, "clock", "closed", before=before).hash.hex()
    assert proof(database, round_id).whole
    tamper(database, delete(round_log).where(round_log.c.number == 5))
    found = proof(database, round_id)
    assert (found.broken, found.altered) == (None, ("state", "closed_at"))
    with database.reading() as db:
        assert not trail.holds(db, round_id, head)
        assert trail.holds(db, round_id, f" {found.head.upper()}\n")


def test_a_round_changed_without_an_entry_is_found(database: Database) -> None:
    round_id = written(database)
    with database.transaction() as db:
        rounds.change(db, round_id, record='{"topic": "other"}')
    assert proof(database, round_id) == trail.Proof(4, proof(database, round_id).head, altered=("record",))


FORGED: dict[str, str] = {
    "service": "'pool'",
    "stage": "'assess'",
    "flow": "'another'",
    "version": "7",
    "title": "'Another'",
    "record": "'[]'",
    "audience": "'agreed'",
    "state": "'decided'",
    "opens_at": "'2026-01-01 00:00:00.000000'",
    "closes_at": "'2026-01-01 00:00:00.000000'",
    "created_at": "'2026-01-01 00:00:00.000000'",
    "opened_at": "'2026-01-01 00:00:00.000000'",
    "closed_at": "'2026-01-01 00:00:00.000000'",
    "reported_at": "'2026-01-01 00:00:00.000000'",
    "report": "'{}'",
    "outcome": "'{}'",
    "whom": "'{}'",
    "spread_hours": "9",
    "remind_at": "'2026-01-01 00:00:00.000000'",
    "aims": "'{}'",
    "told": "'{}'",
}


@pytest.mark.parametrize("column", FORGED)
def test_each_fact_of_a_round_changed_by_hand_is_named(database: Database, column: str) -> None:
    round_id = written(database)
    with database.transaction() as db:
        db.exec_driver_sql(f"UPDATE rounds SET {column} = {FORGED[column]}")  # noqa: S608 - a column of ours
    assert proof(database, round_id).altered == (column,)


def test_another_code_breaks_the_trail_from_its_beginning(database: Database) -> None:
    round_id = written(database)
    with database.transaction() as db:
        db.exec_driver_sql("UPDATE rounds SET code = 'other'")
    found = proof(database, round_id)
    assert (found.broken, found.altered) == (1, ("code",))


def test_a_later_act_does_not_cover_what_was_changed_by_hand(database: Database) -> None:
    round_id = written(database)
    with database.transaction() as db:
        db.exec_driver_sql("UPDATE rounds SET title = 'Another', opened_at = '2026-01-01 00:00:00.000000'")
    with database.transaction() as db:
        before = rounds.get(db, round_id)
        rounds.change(db, round_id, title="A third")
        trail.add(db, round_id, NOW, "Olga", "changed", before=before)
    assert proof(database, round_id).altered == ("title", "opened_at")


def test_a_trail_from_before_facts_were_noted_one_by_one_is_proved_as_it_was(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "_set", lambda *_args, **_more: {})
    round_id = written(database)
    take_down(database, round_id, noted=False)
    monkeypatch.undo()
    with database.transaction() as db:
        db.exec_driver_sql("UPDATE rounds SET opened_at = '2026-01-01 00:00:00.000000'")
    assert proof(database, round_id).whole
    with database.transaction() as db:
        before = rounds.get(db, round_id)
        rounds.move(db, round_id, ["open"], "closed", closed_at=NOW)
        trail.add(db, round_id, NOW, "clock", "closed", before=before)
    assert proof(database, round_id).whole
    with database.transaction() as db:
        db.exec_driver_sql("UPDATE rounds SET closed_at = '2026-01-01 00:00:00.000000'")
    assert proof(database, round_id).altered == ("closed_at",)
    with database.transaction() as db:
        rounds.change(db, round_id, title="Another", closed_at=NOW)
    assert proof(database, round_id).altered == ("round",)


def take_down(database: Database, round_id: int, *, noted: bool = True) -> None:
    """Let staff take three passages down at once: of a person, a group that came late, and an organisation."""
    kinds = ((INDIVIDUAL, 1, "", False), (GROUP, 12, "", True), (ORGANISATION, 1, "Café Süd", False))
    with database.transaction() as db:
        olga = people.add(db, "Olga", "en", NOW).id
        people.add(db, "Ben", "en", NOW)
        for kind, heads, name, late in kinds:
            contact = add_contact(db, f"{round_id} {kind}", "paper")
            taken = Entry(contact.id, round_id, olga, kind, heads, name, NOW, late)
            entries.add(db, taken)
            if noted:
                trail.add(db, round_id, NOW, "Olga", "entered", by=olga, taken=taken)


@pytest.mark.parametrize(
    ("forged", "named"),
    [
        ("late = (kind = 'organisation') WHERE kind = 'organisation'", "entries.late"),
        ("late = (kind = 'individual') WHERE kind = 'group'", "entries.late"),
        ("heads = 120 WHERE kind = 'group'", "entries.heads"),
        ("organisation = 'Café Nord' WHERE kind = 'organisation'", "entries.organisation"),
        ("created_at = '2026-01-01 00:00:00.000000' WHERE kind = 'group'", "entries.created_at"),
        ("person_id = (SELECT max(id) FROM people) WHERE kind = 'group'", "entries.person_id"),
        ("person_id = NULL WHERE kind = 'individual'", "entries.person_id"),
        ("heads = 9, created_at = '2026-12-24 00:00:00.000000' WHERE kind = 'group'", "entries"),
    ],
)
def test_a_passage_changed_after_it_was_taken_down_is_found(database: Database, forged: str, named: str) -> None:
    round_id, other = written(database), written(database, "other")
    take_down(database, round_id)
    assert proof(database, round_id).whole
    with database.transaction() as db:
        db.exec_driver_sql(f"UPDATE entries SET {forged}")  # noqa: S608 - a text of ours
    assert proof(database, round_id).altered == (named,)
    assert proof(database, other).whole


def test_of_staff_who_are_forgotten_no_entry_is_missed(database: Database) -> None:
    round_id = written(database)
    take_down(database, round_id)
    with database.transaction() as db:
        db.exec_driver_sql("DELETE FROM people WHERE name = 'Olga'")
    assert proof(database, round_id).whole


def test_a_passage_slipped_in_is_found_and_one_that_was_deleted_is_nobodys_fault(database: Database) -> None:
    round_id = written(database)
    take_down(database, round_id)
    with database.transaction() as db:
        db.exec_driver_sql("DELETE FROM entries WHERE kind = 'group'")
    assert proof(database, round_id).whole
    with database.transaction() as db:
        contact = add_contact(db, "late", "paper")
        entries.add(db, Entry(contact.id, round_id, None, ORGANISATION, 1, "Nobody", NOW + DAY))
    assert proof(database, round_id).altered == ("entries",)


def test_other_questions_than_those_it_opened_with_are_found(database: Database) -> None:
    with database.transaction() as db:
        row = add_round(db, state="open")
        flow_versions.publish(db, row.flow, row.version, "a" * 64, "{}", NOW)
        trail.add(db, row.id, NOW, "Olga", "opened")
    assert proof(database, row.id).whole
    with database.transaction() as db:
        db.execute(update(versions).values(sha256="b" * 64))
    assert proof(database, row.id).altered == ("questions",)


def test_a_round_nothing_is_written_of_has_no_proof(database: Database) -> None:
    with database.transaction() as db:
        row = add_round(db)
    assert proof(database, row.id) == trail.Proof(0, "", broken=1)


def test_two_who_write_at_once_come_one_after_the_other(database: Database) -> None:
    round_id = written(database)

    def write(who: str) -> None:
        for n in range(10):
            with database.transaction() as db:
                trail.add(db, round_id, NOW, who, f"step {n}")

    writers = [threading.Thread(target=write, args=(who,)) for who in ("Olga", "Ben", "Ada")]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert proof(database, round_id).entries == 34
    assert proof(database, round_id).whole


def test_words_rewritten_in_the_database_are_found_and_no_later_act_covers_them(database: Database) -> None:
    with database.transaction() as db:
        row = add_round(db, state="draft", record='{"for_whom": "yes"}')
        flow_versions.publish(db, row.flow, row.version, "a" * 64, '{"a": "drafted"}', NOW)
        trail.add(db, row.id, NOW, "Olga", "created")
        db.execute(update(versions).values(source='{"a": "signed"}'))
        flow_versions.publish(db, trail.FOR_WHOM, 1, "c" * 64, "{}", NOW)
        rounds.move(db, row.id, ["draft"], "open")
        trail.add(db, row.id, NOW, "Olga", "opened", before=row)
        assert trail.still_asks(db, row.id)
    for flow in (row.flow, trail.FOR_WHOM):
        which = update(versions).where(versions.c.flow == flow)
        with database.transaction() as db:
            db.execute(which.values(source='{"a": "rewritten"}'))
            assert not trail.still_asks(db, row.id)
        assert proof(database, row.id).altered == ("questions",)
        with database.transaction() as db:
            trail.add(db, row.id, NOW, "Olga", "noted")
            assert not trail.still_asks(db, row.id)
        assert proof(database, row.id).altered == ("questions",)
        with database.transaction() as db:
            db.execute(which.values(source='{"a": "signed"}' if flow == row.flow else "{}"))
        assert proof(database, row.id).altered == ()
