"""What arrives is kept once, waits sealed, and is taken by one worker only."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import TYPE_CHECKING

from sqlalchemy import select

from storage import inbox
from storage.tables import inbox as table
from tests.storage.makers import KEYS, MINUTE, NOW, Update
from tests.support.rows import statuses

if TYPE_CHECKING:
    from storage.database import Database

HELLO = [Update("telegram", "1", b"one"), Update("telegram", "2", b"two"), Update("web", "1", b"three")]


def test_updates_come_back_new_once_in_the_order_they_came(database: Database) -> None:
    with database.transaction() as db:
        rows = inbox.accept(db, HELLO, NOW, KEYS)
    assert [(row.channel, row.external_id, row.body) for row in rows] == [
        ("telegram", "1", b"one"),
        ("telegram", "2", b"two"),
        ("web", "1", b"three"),
    ]
    assert [row.id for row in rows] == sorted(row.id for row in rows)
    assert all(row.received_at == NOW for row in rows)


def test_an_update_that_comes_again_is_passed_over(database: Database) -> None:
    with database.transaction() as db:
        inbox.accept(db, HELLO[:1], NOW, KEYS)
    with database.transaction() as db:
        again = inbox.accept(db, [*HELLO[:2], HELLO[1], Update("telegram", "2", b"other")], NOW + MINUTE, KEYS)
    assert [(row.external_id, row.body) for row in again] == [("2", b"two")]


def test_an_update_taken_with_its_turn_leaves_only_its_key(database: Database) -> None:
    with database.transaction() as db:
        taken = inbox.take(db, HELLO, NOW)
    assert taken == {("telegram", "1"), ("telegram", "2"), ("web", "1")}
    with database.transaction() as db:
        assert inbox.take(db, HELLO, NOW) == set()
        assert inbox.claim(db, 10, KEYS) == []
        assert statuses(db, table) == {"done": 3}
        assert set(db.execute(select(table.c.body)).scalars()) == {b""}


def test_nothing_accepted_is_nothing_written(database: Database) -> None:
    with database.transaction() as db:
        assert inbox.accept(db, [], NOW, KEYS) == []
        assert inbox.take(db, [], NOW) == set()
        inbox.settle(db, [], NOW)
        assert statuses(db, table) == {}


def test_waiting_rows_are_claimed_oldest_first_until_settled(database: Database) -> None:
    with database.transaction() as db:
        inbox.accept(db, HELLO, NOW, KEYS)
    with database.transaction() as db:
        first = inbox.claim(db, 2, KEYS)
        assert [row.body for row in first] == [b"one", b"two"]
        inbox.settle(db, [row.id for row in first], NOW)
    with database.transaction() as db:
        assert [row.body for row in inbox.claim(db, 2, KEYS)] == [b"three"]
        assert statuses(db, table) == {"done": 2, "waiting": 1}


def test_a_waiting_update_is_unreadable_in_the_database(database: Database) -> None:
    with database.transaction() as db:
        inbox.accept(db, [Update("telegram", "1", b'{"chat":{"id":99887766}}')], NOW, KEYS)
        (body,) = db.execute(select(table.c.body)).scalars()
    assert b"99887766" not in body
    assert KEYS.unseal_bytes(body) == b'{"chat":{"id":99887766}}'


def test_a_turn_that_fails_is_tried_again_and_one_that_never_works_is_kept_for_a_person(database: Database) -> None:
    with database.transaction() as db:
        tried, broken = inbox.accept(db, HELLO[:2], NOW, KEYS)
        inbox.fail(db, tried.id, inbox.WAITING, "database was busy")
        inbox.fail(db, broken.id, inbox.UNREADABLE, "x" * 500)
    with database.transaction() as db:
        (again,) = inbox.claim(db, 10, KEYS)
        assert (again.id, again.attempts) == (tried.id, 1)
        assert statuses(db, table) == {"unreadable": 1, "waiting": 1}
        assert len(db.execute(select(table.c.error).where(table.c.id == broken.id)).scalar_one() or "") == 200


def test_the_oldest_update_without_a_turn_is_told(database: Database) -> None:
    with database.transaction() as db:
        assert inbox.oldest_waiting(db) is None
        (first,) = inbox.accept(db, HELLO[:1], NOW, KEYS)
        inbox.accept(db, HELLO[1:], NOW + MINUTE, KEYS)
        assert inbox.oldest_waiting(db) == NOW
        inbox.settle(db, [first.id], NOW)
        assert inbox.oldest_waiting(db) == NOW + MINUTE


def test_two_workers_never_take_the_same_update(database: Database) -> None:
    with database.transaction() as db:
        inbox.accept(db, [Update("telegram", str(n)) for n in range(60)], NOW, KEYS)
    got: list[list[int]] = [[], []]
    together = Barrier(2)

    def work(mine: list[int]) -> None:
        together.wait()
        while True:
            with database.transaction() as db:
                rows = inbox.claim(db, 7, KEYS)
                inbox.settle(db, [row.id for row in rows], NOW)
            if not rows:
                return
            mine += [row.id for row in rows]

    threads = [Thread(target=work, args=(mine,)) for mine in got]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got[0] + got[1]) == sorted(set(got[0] + got[1]))
    assert len(got[0] + got[1]) == 60


def test_of_two_processes_that_take_the_same_update_at_once_one_makes_its_turn(database: Database) -> None:
    if database.dialect == "sqlite":
        return  # one writer at a time: the second one finds it known
    got: list[object] = []

    def second() -> None:
        with database.transaction() as db:
            got.append(inbox.take(db, HELLO[:1], NOW))

    late = Thread(target=second)
    with database.transaction() as db:
        assert len(inbox.take(db, HELLO[:1], NOW)) == 1
        late.start()
        late.join(0.5)
        assert got == []
    late.join(10)
    assert got == [set()]
    with database.transaction() as db:
        assert inbox.take(db, HELLO[:1], NOW) == set()


def test_on_postgresql_rows_in_other_hands_are_passed_over_without_waiting(database: Database) -> None:
    if database.dialect == "sqlite":
        return  # one writer at a time: nobody else can hold rows
    with database.transaction() as db:
        inbox.accept(db, HELLO, NOW, KEYS)
    with database.transaction() as mine, database.transaction() as theirs:
        assert [row.body for row in inbox.claim(mine, 2, KEYS)] == [b"one", b"two"]
        assert [row.body for row in inbox.claim(theirs, 2, KEYS)] == [b"three"]


def test_two_that_are_brought_the_same_updates_in_another_order_never_wait_for_each_other_crosswise(
    database: Database,
) -> None:
    updates = [Update("telegram", str(n)) for n in range(200)]
    taken: list[int] = []
    together = Barrier(2)

    def take(mine: list[Update]) -> None:
        for turn in range(10):
            together.wait()
            brought = [Update("telegram", f"{turn}-{each.external_id}") for each in mine]
            with database.transaction() as db:
                taken.append(len(inbox.take(db, brought, NOW)))

    threads = [Thread(target=take, args=(order,)) for order in (updates, updates[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [0] * 10 + [200] * 10
