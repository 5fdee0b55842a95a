"""Who looked at answers is written down in a chain: what is changed, taken out or put in is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from storage import looks

if TYPE_CHECKING:
    from storage.database import Database

NOW = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
GUARDS = {
    "sqlite": (["DROP TRIGGER looks_no_update", "DROP TRIGGER looks_no_delete"], []),
    "postgresql": (["ALTER TABLE looks DISABLE TRIGGER ALL"], ["ALTER TABLE looks ENABLE TRIGGER ALL"]),
}
"""What an owner of the database does before they change the log, and after it."""


def looked(database: Database, *who: str, service: str = "library") -> None:
    for n, name in enumerate(who):
        with database.transaction() as db:
            looks.note(db, service, NOW + timedelta(minutes=n), name, {"week": "2026-W46", "café": n}, n)


def proved(database: Database) -> looks.Proof:
    with database.reading() as db:
        return looks.prove(db, "library")


def forged(database: Database, statement: str) -> None:
    """Do something to the table as who owns the database could."""
    with database.transaction() as db:
        before, after = GUARDS[db.dialect.name]
        for each in (*before, statement, *after):
            db.execute(text(each))


def test_looks_of_each_service_are_a_chain_of_their_own(database: Database) -> None:
    looked(database, "Ada", "Ben")
    looked(database, "Cyd", service="bus7")
    looked(database, "Ada")
    found = proved(database)
    assert (found.looks, found.wrong) == (3, None)
    with database.reading() as db:
        assert looks.of(db, "library")[0].hash == found.last
        assert looks.has(db, "library", found.last)
        assert not looks.has(db, "bus7", found.last)
        assert looks.prove(db, "elsewhere") == looks.Proof(0, b"", None)


@pytest.mark.parametrize(
    ("statement", "wrong"),
    [
        ("UPDATE looks SET who = 'Eve' WHERE id = 2", 2),
        ("UPDATE looks SET rows = 0 WHERE id = 3", 3),
        ("UPDATE looks SET hash = NULL WHERE id = 3", 3),
        ("DELETE FROM looks WHERE id = 2", 3),
        ("DELETE FROM looks WHERE id = 1", 2),
    ],
)
def test_what_is_changed_or_taken_out_is_found(database: Database, statement: str, wrong: int) -> None:
    looked(database, "Ada", "Ben", "Cyd", "Dan")
    forged(database, statement)
    assert proved(database).wrong == wrong


def test_that_the_newest_was_taken_out_is_told_by_a_hash_noted_elsewhere(database: Database) -> None:
    looked(database, "Ada", "Ben")
    noted = proved(database).last
    forged(database, "DELETE FROM looks WHERE id = 2")
    assert proved(database).wrong is None
    with database.reading() as db:
        assert not looks.has(db, "library", noted)


def test_the_database_itself_refuses_to_change_or_forget_one(database: Database) -> None:
    looked(database, "Ada")
    for statement in ("UPDATE looks SET who = 'Eve'", "DELETE FROM looks"):
        with pytest.raises(DatabaseError, match="only ever added to"), database.transaction() as db:
            db.execute(text(statement))


def test_looks_of_before_there_was_a_chain_are_passed_over(database: Database) -> None:
    looked(database, "Ada", "Ben")
    forged(database, "UPDATE looks SET hash = NULL")
    looked(database, "Cyd", "Dan")
    assert proved(database).wrong is None


def test_many_who_look_at_once_follow_each_other(database: Database) -> None:
    threads = [Thread(target=looked, args=(database, *("Ada",) * 5)) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (proved(database).looks, proved(database).wrong) == (20, None)
