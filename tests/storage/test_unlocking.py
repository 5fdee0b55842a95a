"""The key file and the database belong together."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from storage import contacts, tables
from storage.database import StorageTrouble
from storage.sealing import Keys
from storage.unlocking import put_back, unlock
from tests.storage.makers import NOW

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from storage.database import Database


def know(database: Database, keys: Keys, *addresses: str) -> None:
    """Let the database know people."""
    news = [
        contacts.NewContact("telegram", keys.address_hash("telegram", each), keys.seal(each), "en", NOW)
        for each in addresses
    ]
    with database.transaction() as db:
        contacts.add(db, news)


def refused(database: Database, file: Path, mint: Callable[[], str]) -> str:
    """Return the one line the operator gets."""
    with pytest.raises(StorageTrouble) as told:
        unlock(database, file, mint)
    assert "\n" not in str(told.value)
    return str(told.value)


def test_a_database_that_knows_nobody_gets_its_keys_and_keeps_them(
    database: Database, tmp_path: Path, mint: Callable[[], str]
) -> None:
    first = unlock(database, tmp_path / "keys", mint)
    know(database, first, "4711")
    again = unlock(database, tmp_path / "keys", mint)
    assert again.address_hash("telegram", "4711") == first.address_hash("telegram", "4711")


def test_a_lost_key_file_is_told_and_none_is_made_in_its_place(
    database: Database, tmp_path: Path, mint: Callable[[], str]
) -> None:
    know(database, unlock(database, tmp_path / "keys", mint), "4711")
    (tmp_path / "keys").unlink()
    assert "is gone" in refused(database, tmp_path / "keys", mint)
    assert not (tmp_path / "keys").exists()


def test_the_key_file_of_another_database_is_refused(
    database: Database, tmp_path: Path, mint: Callable[[], str]
) -> None:
    know(database, unlock(database, tmp_path / "keys", mint), "4711")
    numbers = count()
    Keys.load(tmp_path / "others", lambda: f"another chance {next(numbers)}")
    assert "put back the one it was made with" in refused(database, tmp_path / "others", mint)


def test_a_key_file_that_cannot_be_read_is_told(database: Database, tmp_path: Path, mint: Callable[[], str]) -> None:
    know(database, unlock(database, tmp_path / "keys", mint), "4711")
    (tmp_path / "keys").write_text("torn")
    assert "is no key file" in refused(database, tmp_path / "keys", mint)
    (tmp_path / "folder").mkdir()
    assert "cannot be read" in refused(database, tmp_path / "folder", mint)


def test_one_damaged_contact_does_not_speak_for_all(
    database: Database, tmp_path: Path, mint: Callable[[], str]
) -> None:
    keys = unlock(database, tmp_path / "keys", mint)
    know(database, keys, "4711", "4712")
    with database.transaction() as db:
        db.execute(update(tables.contacts).where(tables.contacts.c.id == 1).values(address_sealed=b"damaged"))
    unlock(database, tmp_path / "keys", mint)


def test_a_key_file_rotated_by_the_rules_fits(database: Database, tmp_path: Path, mint: Callable[[], str]) -> None:
    file = tmp_path / "keys"
    know(database, unlock(database, file, mint), "4711")
    Keys.load(tmp_path / "new", lambda: "a new chance of many")
    file.write_bytes((tmp_path / "new").read_bytes() + file.read_bytes())
    unlock(database, file, mint)
    file.write_bytes((tmp_path / "new").read_bytes())
    assert "put back" in refused(database, file, mint)


def test_a_key_file_that_is_none_takes_no_place(tmp_path: Path) -> None:
    with pytest.raises(StorageTrouble):
        put_back(tmp_path / "keys", b"no key file")
    assert not (tmp_path / "keys").exists()
