"""Transactions hold or leave nothing, and every trouble of the world is one line that says what to do."""

from __future__ import annotations

import sqlite3
import stat
import traceback
from contextlib import ExitStack
from threading import Barrier, Thread
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError, StatementError

from storage import contacts, inbox, looks, migrate, outbox
from storage import database as module
from storage.database import Conflict, Database, StorageTrouble
from tests.storage.makers import KEYS, NOW, Update, add_contact, add_round

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.postgres import Server

WORDS = "my secret words"


@pytest.fixture
def file(tmp_path: Path, upgraded_file: Path) -> Path:
    copied = tmp_path / "civicloop.db"
    copied.write_bytes(upgraded_file.read_bytes())
    return copied


def read(database: Database) -> None:
    with database.reading() as db:
        db.execute(text("SELECT 1"))


def write(database: Database) -> None:
    with database.transaction() as db:
        add_contact(db)


def trouble(database: Database, act: object) -> str:
    """Return the one line the operator gets."""
    with pytest.raises(StorageTrouble) as told:
        act(database)  # type: ignore[operator]
    database.close()
    line = str(told.value)
    assert "\n" not in line
    assert len(line) < 300
    return line


# --------------------------------------------------------------------------- transactions


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    def fail() -> None:
        with database.transaction() as db:
            add_contact(db)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.reading() as db:
        assert contacts.counts(db) == {}


def test_a_reader_sees_one_picture_while_others_write(database: Database) -> None:
    with database.reading() as picture:
        assert contacts.counts(picture) == {}
        write(database)
        assert contacts.counts(picture) == {}
    with database.reading() as db:
        assert contacts.counts(db) == {"telegram": 1}


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(ValueError, match="moments are aware"), database.transaction() as db:
        add_contact(db, at=naive)
    with pytest.raises(StatementError, match="moments are aware"), database.reading() as db:
        outbox.oldest_due(db, naive)


def test_what_people_wrote_is_in_no_error(database: Database) -> None:
    refused = text("INSERT INTO people (name, language, created_at) VALUES (:words, NULL, '2026-11-22')")
    with pytest.raises(IntegrityError, match="language") as error, database.transaction() as db:
        db.execute(refused, {"words": WORDS})
    assert WORDS not in "".join(traceback.format_exception(error.value))


def test_sqlite_keeps_what_it_acknowledges_and_overwrites_what_it_deletes(file: Path) -> None:
    database = Database.open(f"sqlite:///{file}")
    with database.reading() as db:
        asked = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
        found = {name: db.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked}
    database.close()
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": 10_000,
    }


def test_no_address_is_ever_readable_in_the_file_nor_a_forgotten_one_found(file: Path) -> None:
    address = "chat-99887766554433"
    database = Database.open(f"sqlite:///{file}")
    with database.transaction() as db:
        inbox.accept(db, [Update("telegram", "1", f'{{"chat": "{address}"}}'.encode())], NOW, KEYS)
        inbox.take(db, [Update("telegram", "2", f'{{"chat": "{address}"}}'.encode())], NOW)
        contact = add_contact(db, address)
        add_round(db)

    def bytes_on_disk() -> bytes:
        return b"".join(part.read_bytes() for part in file.parent.iterdir() if part.name.startswith(file.name))

    assert address.encode() not in bytes_on_disk()
    assert contact.address_hash in bytes_on_disk()
    with database.transaction() as db:
        contacts.forget(db, contact.id, NOW)
    database.tidy()
    assert contact.address_hash not in bytes_on_disk()
    assert contact.address_sealed not in bytes_on_disk()
    database.close()


def test_a_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'new.db'}")
    migrate.upgrade(database)
    modes = {part.name: stat.S_IMODE(part.stat().st_mode) for part in tmp_path.iterdir()}
    database.close()
    assert modes == {"new.db": 0o600, "new.db-wal": 0o600, "new.db-shm": 0o600}


def test_when_all_connections_are_busy_it_says_so(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    database = Database.open(f"sqlite:///{file}")
    with ExitStack() as busy:
        for _ in range(15):
            busy.enter_context(database.reading())
        with pytest.raises(StorageTrouble, match="all database connections are busy"):
            read(database)
    read(database)
    database.close()


# --------------------------------------------------------------------------- addresses


def test_a_database_shows_where_it_is_without_its_password() -> None:
    database = Database.open("postgresql://city:hunter2@db.example/loop")
    assert database.shown == "postgresql://city:***@db.example/loop"
    assert database.dialect == "postgresql"


@pytest.mark.parametrize(
    ("url", "help_"),
    [
        ("my database", "write sqlite:///data/civicloop.db or postgresql://"),
        ("", "write sqlite:///data/civicloop.db"),
        ("mysql://root:hunter2@localhost/x", "only sqlite and postgresql"),
        ("postgresql://u:hunter2@host:port/x", "write sqlite:///data/civicloop.db"),
    ],
)
def test_an_address_that_is_none_says_how_to_write_one(url: str, help_: str) -> None:
    with pytest.raises(StorageTrouble, match=help_) as told:
        Database.open(url)
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize("prefix", ["postgresql", "postgresql+psycopg", "postgres"])
def test_a_postgresql_address_may_be_written_as_people_write_it(prefix: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue("postgres")
    database = Database.open(server.url("postgres").replace("postgresql", prefix, 1))
    read(database)
    database.close()


# --------------------------------------------------------------------------- SQLite's troubles


def test_a_full_disk_keeps_nothing_half_done_and_says_to_make_room(file: Path) -> None:
    database = Database.open(f"sqlite:///{file}")
    event.listen(database.engine, "connect", lambda raw, _: raw.execute("PRAGMA max_page_count=1"))

    def fill(full: Database) -> None:
        with full.transaction() as db:
            add_contact(db)
            inbox.accept(db, [Update("web", "1", b"x" * 500_000)], NOW, KEYS)

    assert "is full: make room" in trouble(database, fill)
    again = Database.open(f"sqlite:///{file}")
    with again.reading() as db:
        assert (contacts.counts(db), inbox.counts(db)) == ({}, {})
    again.close()


def test_a_file_locked_by_a_backup_says_so(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    backup = sqlite3.connect(file)
    backup.execute("BEGIN IMMEDIATE")
    assert "locked by another program" in trouble(Database.open(f"sqlite:///{file}"), write)
    backup.close()


def test_a_file_that_cannot_be_written_says_to_check_its_permissions(file: Path) -> None:
    database = Database.open(f"sqlite:///{file}")
    event.listen(database.engine, "connect", lambda raw, _: raw.execute("PRAGMA query_only=ON"))
    assert "check the owner and the permissions" in trouble(database, write)


def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    (tmp_path / "letter.db").write_text("Dear citizen, " * 500)
    assert "is no database" in trouble(Database.open(f"sqlite:///{tmp_path / 'letter.db'}"), read)


def test_a_folder_in_place_of_the_file_says_it_cannot_be_opened(tmp_path: Path) -> None:
    assert "cannot be opened" in trouble(Database.open(f"sqlite:///{tmp_path}"), read)


def test_a_folder_that_cannot_be_made_says_which_setting_to_check(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageTrouble, match=r"check database\.url"):
        Database.open(f"sqlite:///{tmp_path / 'file' / 'new' / 'civicloop.db'}")


# --------------------------------------------------------------------------- PostgreSQL's troubles


@pytest.mark.postgres
def test_a_server_that_is_not_there_says_to_look_at_host_and_port() -> None:
    database = Database.open("postgresql://city:hunter2@127.0.0.1:1/loop")
    line = trouble(database, read)
    assert "on 127.0.0.1:1 cannot be reached: is the server running" in line
    assert "hunter2" not in line


@pytest.mark.postgres
def test_a_database_that_does_not_exist_says_to_create_it(postgres: Server) -> None:
    assert "does not exist: create it" in trouble(Database.open(postgres.url("nowhere")), read)


@pytest.mark.postgres
def test_a_wrong_password_is_told_and_never_shown(postgres: Server) -> None:
    access = postgres.folder / "data" / "pg_hba.conf"
    before = access.read_text()
    access.write_text(f"host all city 127.0.0.1/32 scram-sha-256\n{before}")
    postgres.run(psycopg.sql.SQL("CREATE ROLE city LOGIN PASSWORD 'right'"))
    postgres.run(psycopg.sql.SQL("SELECT pg_reload_conf()"))
    url = postgres.url("postgres").replace("postgres@", "city:hunter2@")
    try:
        line = trouble(Database.open(url), read)
        nothing = trouble(Database.open(url.replace(":hunter2", "")), read)
    finally:
        access.write_text(before)
        postgres.run(psycopg.sql.SQL("SELECT pg_reload_conf()"))
        postgres.run(psycopg.sql.SQL("DROP ROLE city"))
    assert "refuses the user or the password" in line
    assert "hunter2" not in line
    assert "wants a password" in nothing


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("state", "help_"),
    [
        ("53100", "is full: make room"),
        ("53200", "memory or room"),
        ("25006", "standby"),
        ("40P01", "try again"),
        ("40001", "try again"),
        ("42501", "grant the rights"),
        ("55P03", "locked by another program"),
        ("57P01", "goes on when the server is back"),
        ("58030", "trouble with its disk"),
        ("XX001", "restore from a backup"),
    ],
)
def test_what_a_server_complains_about_is_told_with_its_remedy_in_whatever_language_it_speaks(
    postgres_url: str, state: str, help_: str
) -> None:
    def complain(database: Database) -> None:
        with database.transaction() as db:
            db.exec_driver_sql(f"DO $$ BEGIN RAISE EXCEPTION 'algo va mal' USING ERRCODE = '{state}'; END $$")

    assert help_ in trouble(Database.open(postgres_url), complain)


@pytest.mark.postgres
@pytest.mark.parametrize(("state", "beaten"), [("40P01", True), ("40001", True), ("55P03", False), ("53100", False)])
def test_a_write_that_was_undone_for_another_is_a_conflict(postgres_url: str, state: str, beaten: bool) -> None:
    database = Database.open(postgres_url)
    with pytest.raises(StorageTrouble) as told, database.transaction() as db:
        db.exec_driver_sql(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$")
    database.close()
    assert isinstance(told.value, Conflict) is beaten


@pytest.mark.postgres
def test_of_two_writers_that_wait_for_each_other_one_is_undone_and_may_repeat(postgres_url: str) -> None:
    database, met, undone = Database.open(postgres_url), Barrier(2, timeout=5), []
    migrate.upgrade(database)

    def work(first: str, second: str) -> None:
        for left in (True, False):
            try:
                with database.transaction() as db:
                    looks.did(db, first, NOW, "Ada", "blocked")
                    if left:
                        met.wait()
                    looks.did(db, second, NOW, "Ada", "blocked")
                return
            except Conflict:
                undone.append(first)

    both = [Thread(target=work, args=pair) for pair in (("library", "bus7"), ("bus7", "library"))]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert len(undone) == 1
    with database.reading() as db:
        proofs = [looks.prove(db, each) for each in ("library", "bus7")]
    assert [(each.looks, each.wrong) for each in proofs] == [(2, None)] * 2
    database.close()


@pytest.mark.postgres
def test_after_the_server_dropped_everybody_the_next_transaction_works(postgres: Server, postgres_url: str) -> None:
    database = Database.open(postgres_url)
    migrate.upgrade(database)
    cut_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'civicloop'"

    def cut(mine: Database) -> None:
        with mine.transaction() as db:
            postgres.run(psycopg.sql.SQL(cut_all))
            add_contact(db)

    with pytest.raises(StorageTrouble, match=r"cannot be reached|shutting down"):
        cut(database)
    write(database)
    with database.reading() as db:
        assert contacts.counts(db) == {"telegram": 1}
    database.close()
