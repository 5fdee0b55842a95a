"""An installation moves whole from one kind of database to the other, whatever happens on the way."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Boolean, Float, Integer, LargeBinary, String, delete, func, insert, inspect, select, text, update

from storage import contacts, copying, leases, migrate, tables
from storage.database import Database, StorageTrouble
from storage.tables import Instant, metadata
from tests.storage.makers import NOW, new_contact

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Column, Table

MANY = 7
"""Rows of each table: more than a batch of these tests."""
WORDS = ("a_b", "aB", "a-b", "Z", "éa", "ea", "ñ 🙂\n'\"\\%s ;")
"""Texts that every language orders differently, and that quoting could trip over."""


@pytest.fixture(autouse=True)
def batches_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "BATCH", 3)


@pytest.fixture
def source(database: Database) -> Database:
    """Give a database, once of each kind, with rows in every table."""
    with database.transaction() as db:
        for table in metadata.sorted_tables:
            db.execute(insert(table), [invented(table, number) for number in range(MANY)])
            if table.autoincrement_column is not None and database.dialect == "postgresql":
                db.execute(text(f"SELECT setval('{table.name}_id_seq', {MANY})"))
    return database


@pytest.fixture
def target(source: Database, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Give a database of the other kind without tables."""
    file = f"sqlite:///{tmp_path / 'target.db'}"
    opened = Database.open(request.getfixturevalue("postgres_url") if source.dialect == "sqlite" else file)
    yield opened
    opened.close()


def invented(table: Table, number: int) -> dict[str, Any]:
    """Return a row of a table, whatever columns it has or will have."""
    return {column.name: value(column, number) for column in table.c}


def value(column: Column[Any], number: int) -> Any:
    kind = column.type
    if column.foreign_keys or (column.primary_key and isinstance(kind, Integer)):
        return number + 1
    if column.nullable and number % 2:
        return None
    if isinstance(kind, Instant):
        return NOW + timedelta(days=number, microseconds=number)
    if isinstance(kind, LargeBinary):
        return bytes([0, number, 255])
    if isinstance(kind, Boolean):
        return bool(number % 2)
    if isinstance(kind, Float):
        return number / 3
    if isinstance(kind, Integer):
        return number
    assert isinstance(kind, String)
    return WORDS[number][: kind.length]


def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables, ordered here."""
    with database.reading() as db:
        return {
            table.name: sorted((tuple(row) for row in db.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def copied(source: Database, target: Database) -> tuple[int, int]:
    """Copy to the end; return how many rows were carried over, and how many compared."""
    plan = copying.prepare(source, target)
    steps = list(copying.carry(source, target, plan))
    return sum(step.written for step in steps), sum(step.rows for step in steps)


def cut_short(source: Database, target: Database, after: int) -> int:
    """Begin a copy and stop it after some batches; return how many rows were carried over."""
    steps = copying.carry(source, target, copying.prepare(source, target))
    written = sum(next(steps).written for _ in range(after))
    steps.close()  # type: ignore[attr-defined]
    return written


ALL = MANY * len(metadata.sorted_tables)


def test_every_row_of_every_table_arrives_as_it_was_and_the_source_stays(source: Database, target: Database) -> None:
    before = everything(source)
    assert copied(source, target) == (ALL, ALL)
    assert everything(target) == before == everything(source)
    assert migrate.check(target) == "current"
    assert migrate.differences(target) == []


def test_a_way_there_and_back_changes_nothing(source: Database, target: Database, tmp_path: Path) -> None:
    copied(source, target)
    back = Database.open(f"sqlite:///{tmp_path / 'back.db'}")
    copied(target, back)
    assert everything(back) == everything(source)
    back.close()


def test_numbers_go_on_where_they_were_even_of_rows_that_are_gone(source: Database, target: Database) -> None:
    with source.transaction() as db:
        for table in (tables.contacts, tables.outbox):
            db.execute(delete(table).where(table.c.id > 4))
    copied(source, target)
    with target.transaction() as db:
        assert contacts.add(db, [new_contact("new")])[0].id == MANY + 1
        row = invented(tables.answers, 1)
        del row["id"]
        assert db.execute(insert(tables.answers).returning(tables.answers.c.id), [row]).scalar_one() == MANY + 1


def test_tables_without_rows_begin_at_one(database: Database, tmp_path: Path) -> None:
    target = Database.open(f"sqlite:///{tmp_path / 'target.db'}")
    assert copied(database, target) == (0, 0)
    with target.transaction() as db:
        assert contacts.add(db, [new_contact("new")])[0].id == 1
    target.close()


@pytest.mark.parametrize("after", [1, 2, 10, 40])
def test_a_copy_cut_short_goes_on_where_it_was_and_a_third_run_only_compares(
    source: Database, target: Database, after: int
) -> None:
    written = cut_short(source, target, after)
    assert 0 < written < ALL
    assert copied(source, target) == (ALL - written, ALL)
    assert everything(target) == everything(source)
    assert copied(source, target) == (0, ALL)


def test_a_copy_cut_short_at_its_very_end_is_finished_by_the_next_run(source: Database, target: Database) -> None:
    batches = sum(1 for _ in copying.carry(source, target, copying.prepare(source, target)))
    with target.transaction() as db:
        migrate._note(db, f"copying {migrate.newest()}")
    assert cut_short(source, target, batches) == 0
    assert migrate.check(target) == "unfinished"
    assert copied(source, target) == (0, ALL)
    assert migrate.check(target) == "current"


def test_nothing_starts_on_half_a_copy(source: Database, target: Database) -> None:
    cut_short(source, target, 2)
    with pytest.raises(StorageTrouble, match=r"was not finished: give the same .civicloop migrate --from") as trouble:
        migrate.upgrade(target)
    assert "\n" not in str(trouble.value)
    with pytest.raises(StorageTrouble, match="is itself a copy that was not finished"):
        copying.check_source(target)


def test_half_a_copy_of_another_version_is_not_gone_on_with(source: Database, target: Database) -> None:
    cut_short(source, target, 2)
    with target.transaction() as db:
        migrate._note(db, "copying 0000")
    with pytest.raises(StorageTrouble, match="begun by another version"):
        copying.prepare(source, target)


def test_a_row_changed_in_the_target_is_named_without_what_it_says(source: Database, target: Database) -> None:
    copied(source, target)
    with target.transaction() as db:
        db.execute(update(tables.answers).where(tables.answers.c.id == 5).values(text="my secret", score=0.5))
    with pytest.raises(copying.Differs) as found:
        copied(source, target)
    assert found.value.rows == ("answers, id=5: other score, text",)
    assert "secret" not in str(found.value)


def test_a_row_changed_in_half_a_copy_is_never_written_over(source: Database, target: Database) -> None:
    cut_short(source, target, 40)
    with target.transaction() as db:
        db.execute(update(tables.flow_versions).where(tables.flow_versions.c.version == 2).values(source="other"))
    before = everything(target)
    with pytest.raises(copying.Differs, match="flow_versions, flow=aB version=2: other source"):
        copied(source, target)
    assert everything(target) == before


def test_rows_that_only_one_side_has_are_named(source: Database, target: Database) -> None:
    cut_short(source, target, 40)
    with target.transaction() as db:
        db.execute(delete(tables.flow_versions).where(tables.flow_versions.c.version == 2))
        db.execute(insert(tables.flow_versions), [invented(tables.flow_versions, 1) | {"version": 22}])
    with pytest.raises(copying.Differs) as found:
        copied(source, target)
    assert found.value.rows == (
        "flow_versions, flow=aB version=2: missing",
        "flow_versions, flow=aB version=22: not in the source",
    )


def test_a_row_written_to_the_target_meanwhile_is_found_at_the_end(source: Database, target: Database) -> None:
    steps = copying.carry(source, target, copying.prepare(source, target))
    reached = next(step for step in steps if step.table == "people" and step.rows == MANY % 3)
    assert reached.written
    with target.transaction() as db:
        db.execute(insert(tables.people), [invented(tables.people, 1) | {"id": 500}])
    with pytest.raises(copying.Differs, match=f"people: {MANY + 1} rows, not {MANY}"):
        list(steps)
    assert migrate.check(target) == "unfinished"


def test_a_database_with_rows_of_its_own_is_left_alone(source: Database, target: Database) -> None:
    migrate.upgrade(target)
    with target.transaction() as db:
        contacts.add(db, [new_contact("somebody else")])
    before = everything(target)
    with pytest.raises(StorageTrouble, match="copy into an empty database"):
        copying.prepare(source, target)
    assert everything(target) == before


def test_a_database_is_not_copied_into_itself(database: Database, database_url: str) -> None:
    again = Database.open(database_url)
    with pytest.raises(StorageTrouble, match="the same database"):
        copying.prepare(database, again)
    again.close()


def test_a_source_of_another_version_is_refused_with_what_to_do(source: Database, target: Database) -> None:
    for revision, said in (("0001", "civicloop migrate"), ("9999", "install that version")):
        with source.transaction() as db:
            db.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
        with pytest.raises(StorageTrouble, match=said):
            copying.prepare(source, target)
    assert inspect(target.engine).get_table_names() == []


def test_a_source_without_tables_has_nothing_to_copy(source: Database, target: Database) -> None:
    with pytest.raises(StorageTrouble, match="nothing to copy"):
        copying.prepare(target, source)


def test_a_target_of_an_older_version_is_refused(source: Database, target: Database) -> None:
    migrate.upgrade(target)
    with target.transaction() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(StorageTrouble, match="tables of an older version"):
        copying.prepare(source, target)


def test_a_source_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StorageTrouble, match="there is no database"):
        copying.open_source(f"sqlite:///{tmp_path / 'nothing.db'}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.postgres
def test_a_row_the_target_cannot_take_is_told_in_one_line(postgres_url: str, tmp_path: Path) -> None:
    source, target = Database.open(f"sqlite:///{tmp_path / 'source.db'}"), Database.open(postgres_url)
    migrate.upgrade(source)
    with source.transaction() as db:
        db.execute(insert(tables.people), [invented(tables.people, number) for number in range(2)])
        db.execute(update(tables.people).values(name="n" * 101))
    with pytest.raises(StorageTrouble, match=r"refuses a row of people, id=1 to id=2: value too long") as trouble:
        copied(source, target)
    assert "nnn" not in str(trouble.value)
    with source.transaction() as db:
        db.execute(update(tables.people).values(name="with \0 in it"))
    with pytest.raises(StorageTrouble, match=r"refuses a row of people, id=1 to id=2: .*NUL"):
        copied(source, target)
    for database in (source, target):
        database.close()


def test_whoever_holds_a_lease_is_known_until_it_runs_out(database: Database) -> None:
    with database.transaction() as db:
        now = leases.server_time(db)
        held = leases.acquire(db, "send", "somebody:1:x", now, timedelta(hours=1))
        leases.acquire(db, "receive", "somebody:1:x", now - timedelta(hours=2), timedelta(hours=1))
    assert copying.held(database) == [held]


def test_the_invented_rows_are_as_many_as_promised(source: Database) -> None:
    with source.reading() as db:
        counts = {db.execute(select(func.count()).select_from(table)).scalar() for table in metadata.sorted_tables}
    assert counts == {MANY}
