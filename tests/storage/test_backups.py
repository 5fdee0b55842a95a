"""Backups: what comes back is what was there, and whatever was done to the file is found."""

from __future__ import annotations

import json
import os
import stat
import tracemalloc
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, select

from storage import answers, backups, contacts, tables
from storage.database import Database, StorageTrouble
from storage.migrate import downgrade, upgrade
from tests.storage import makers
from tests.storage.makers import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = b"a secret of enough signs"
WORDS = "Grüße, 😀, \u00a0"


@pytest.fixture
def full(database: Database) -> Database:
    """Give a database with rows of many kinds, and numbers that were given and are gone."""
    with database.transaction() as db:
        people = contacts.add(db, [makers.new_contact(f"person {n}") for n in range(backups.BATCH + 3)])
        of = makers.add_round(db)
        answers.append(db, [makers.text(of, WORDS), makers.answer(of, b"ben", score=3.5)])
        contacts.forget(db, people[-1].id, NOW)
        db.execute(insert(tables.leases), {"name": "sender", "owner": "me", "fence": 3, "until": NOW})
    return database


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Database]:
    with closing(Database.open(f"sqlite:///{tmp_path / 'restored.db'}")) as opened:
        yield opened


def nothing(_table: str, _rows: int) -> None:
    """Show nothing."""


def written(database: Database, tmp_path: Path, keys: bytes | None = None, salt: bytes = bytes(16)) -> Path:
    file = tmp_path / "city.backup"
    backups.write(database, file, SECRET, NOW, nothing, keys, salt)
    return file


def restored(database: Database, file: Path) -> None:
    backups.prepare(database, backups.check(file, SECRET))
    with database.transaction() as db:
        backups.fill(db, file, SECRET, nothing)


def everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.reading() as db:
        return {
            each.name: [tuple(row) for row in db.execute(select(each).order_by(*each.primary_key))]
            for each in backups.TABLES
        }


def test_what_comes_back_is_what_was_there_and_numbers_go_on(full: Database, empty: Database, tmp_path: Path) -> None:
    restored(empty, written(full, tmp_path))
    assert everything(empty) == everything(full)
    with empty.transaction() as db:
        new = makers.add_contact(db, "somebody new")
        assert new.id == backups.BATCH + 4
        assert not db.execute(select(tables.leases)).all()


@pytest.mark.postgres
def test_a_backup_of_one_kind_of_database_comes_back_in_the_other(
    full: Database, postgres_url: str, empty: Database, tmp_path: Path
) -> None:
    if full.dialect == "postgresql":
        restored(empty, written(full, tmp_path))
        assert everything(empty) == everything(full)
        return
    with closing(Database.open(postgres_url)) as other:
        restored(other, written(full, tmp_path))
        assert everything(other) == everything(full)


def test_the_file_is_for_its_owner_only_and_shows_nothing_but_when(full: Database, tmp_path: Path) -> None:
    file = written(full, tmp_path, b"the key file")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    body = file.read_bytes()
    assert set(json.loads(body.partition(b"\n")[0])) == {"format", "at", "salt"}
    for told in (b"contacts", b"library", "Grüße".encode(), b"the key file", b"person"):
        assert told not in body
    assert backups.check(file, SECRET).keys == b"the key file"
    assert not list(tmp_path.glob("*.part"))


def test_a_wrong_secret_is_told_in_one_line(full: Database, tmp_path: Path) -> None:
    file = written(full, tmp_path)
    with pytest.raises(StorageTrouble, match="the secret does not open") as told:
        backups.check(file, b"another secret, as long")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("piece", [backups.PIECE, 4096])
def test_a_file_cut_off_anywhere_or_changed_in_one_bit_is_refused(
    full: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(backups, "PIECE", piece)
    monkeypatch.setattr(backups, "_COST", 2**4)  # a cheap secret: it is derived anew for each of the files
    file = written(full, tmp_path)
    body = file.read_bytes()
    head = body.index(b"\n") + 1
    cuts = {0, head, head + 1, len(body) - 1, *range(head, len(body), piece + 16), *range(head + 7, len(body), 9973)}
    for cut in sorted(cuts):
        file.write_bytes(body[:cut])
        with pytest.raises(StorageTrouble):
            backups.check(file, SECRET)
    for place in (*range(0, head, 11), *range(head, len(body), 4999)):
        touched = bytearray(body)
        touched[place] ^= 1
        file.write_bytes(touched)
        with pytest.raises(StorageTrouble):
            backups.check(file, SECRET)
    for more in (b"x", body[head : head + piece + 16]):
        file.write_bytes(body + more)
        with pytest.raises(StorageTrouble):
            backups.check(file, SECRET)
    file.write_bytes(body)
    assert backups.check(file, SECRET)


def test_pieces_of_one_file_cannot_change_places_nor_come_into_another(
    full: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "PIECE", 4096)
    file = written(full, tmp_path)
    body = file.read_bytes()
    head, size = body.index(b"\n") + 1, 4096 + 16
    one, two = body[head : head + size], body[head + size : head + 2 * size]
    file.write_bytes(body[:head] + two + one + body[head + 2 * size :])
    with pytest.raises(StorageTrouble):
        backups.check(file, SECRET)
    other = written(full, tmp_path, salt=bytes(15) + b"1").read_bytes()
    file.write_bytes(body[: head + size] + other[head + size :])
    with pytest.raises(StorageTrouble, match="damaged"):
        backups.check(file, SECRET)


def test_a_restore_goes_into_an_empty_database_only(full: Database, tmp_path: Path) -> None:
    file = written(full, tmp_path)
    with pytest.raises(StorageTrouble, match="only goes into an empty database"):
        backups.prepare(full, backups.check(file, SECRET))


def test_a_backup_of_other_tables_is_refused_before_anything_is_made(
    full: Database, empty: Database, tmp_path: Path
) -> None:
    contents = backups.check(written(full, tmp_path), SECRET)
    older = backups.Contents(NOW, "0001", contents.rows, contents.numbers)
    with pytest.raises(StorageTrouble, match="another version"):
        backups.prepare(empty, older)
    downgrade(full, "0001")
    with pytest.raises(StorageTrouble, match="older version"):
        written(full, tmp_path)
    upgrade(full)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    for body in (b"", b"{}", b"\n", os.urandom(5000), b'{"format": "civicloop backup 9", "salt": "00"}\n'):
        (tmp_path / "file").write_bytes(body)
        with pytest.raises(StorageTrouble, match="is no backup of civicloop"):
            backups.check(tmp_path / "file", SECRET)


def test_what_is_written_meanwhile_is_not_in_it(full: Database, tmp_path: Path) -> None:
    seen: list[str] = []

    def meanwhile(table: str, _rows: int) -> None:
        if not seen:
            with full.transaction() as db:
                makers.add_contact(db, "came later")
        seen.append(table)

    file = tmp_path / "city.backup"
    made = backups.write(full, file, SECRET, NOW, meanwhile, None, bytes(16))
    assert backups.check(file, SECRET) == made
    assert made.rows["contacts"] == backups.BATCH + 2


@pytest.mark.slow
def test_memory_stays_bounded_however_much_there_is(full: Database, tmp_path: Path) -> None:
    with full.transaction() as db:
        of = makers.add_round(db, "large")
        answers.append(db, [makers.text(of, f"{n} {os.urandom(300).hex()}") for n in range(40_000)])
    tracemalloc.start()
    try:
        file = written(full, tmp_path)
        backups.check(file, SECRET)
        assert file.stat().st_size > 10_000_000
        assert tracemalloc.get_traced_memory()[1] < 12_000_000
    finally:
        tracemalloc.stop()
