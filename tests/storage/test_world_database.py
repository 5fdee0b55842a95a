"""A database that goes away, fills up, only lets us read, or is held by others, keeps what it took and comes back."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import event

from storage import contacts, inbox, migrate
from storage import database as module
from storage.database import Database, StorageTrouble
from tests.storage.makers import KEYS, NOW, Update, add_contact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.postgres import Server

ROOT = Path(__file__).parents[2]


def contact(database: Database, address: str) -> None:
    """Write one contact."""
    with database.transaction() as db:
        add_contact(db, address)


def number(database: Database) -> int:
    """Return how many contacts are kept."""
    with database.reading() as db:
        return sum(contacts.counts(db).values())


@pytest.fixture
def sqlite(tmp_path: Path, upgraded_file: Path) -> Iterator[Database]:
    """Give a database on SQLite."""
    file = tmp_path / "civicloop.db"
    file.write_bytes(upgraded_file.read_bytes())
    opened = Database.open(f"sqlite:///{file}")
    yield opened
    opened.close()


@pytest.fixture
def postgresql(postgres_url: str) -> Iterator[Database]:
    """Give a database on PostgreSQL."""
    opened = Database.open(postgres_url)
    migrate.upgrade(opened)
    yield opened
    opened.close()


# --------------------------------------------------------------------------- full


def fill(database: Database) -> None:
    """Write more than fits, in one transaction."""
    with database.transaction() as db:
        add_contact(db, "while it is full")
        inbox.accept(db, [Update("web", str(n), b"x" * 100_000) for n in range(60)], NOW, KEYS)


def test_once_there_is_room_again_the_same_process_goes_on_writing(sqlite: Database) -> None:
    pages = [100]
    event.listen(sqlite.engine, "begin", lambda db: db.exec_driver_sql(f"PRAGMA max_page_count={pages[0]}"))
    with pytest.raises(StorageTrouble, match=r"is full: make room; the bot goes on by itself"):
        fill(sqlite)
    pages[0] = 1_000_000
    contact(sqlite, "after")
    assert number(sqlite) == 1


FILL = """
import resource, sys
from storage.database import Database, StorageTrouble
from storage import contacts, inbox
from tests.storage.makers import KEYS, NOW, Update, add_contact
database = Database.open(sys.argv[1])
kept = []
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (800_000, hard))
for n in range(400):
    try:
        with database.transaction() as db:
            inbox.accept(db, [Update("web", str(n), b"x" * 5_000)], NOW, KEYS)
        kept.append(n)
    except StorageTrouble as trouble:
        print("refused", trouble)
        break
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
with database.transaction() as db:
    inbox.accept(db, [Update("web", "after", b"x")], NOW, KEYS)
with database.reading() as db:
    print("kept", len(kept) + 1, inbox.counts(db)["waiting"])
database.close()
"""


def test_a_disk_that_fills_in_the_middle_of_a_write_keeps_all_it_took_and_goes_on_later(sqlite: Database) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILL, str(sqlite.engine.url)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    refused, counted = done.stdout.splitlines()
    assert "no room" in refused
    _, kept, found = counted.split()
    assert kept == found


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Give a file system with room for a database and little more; only an administrator can make one."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], check=False, capture_output=True)
    if made.returncode:
        pytest.skip("only an administrator can mount a small file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_on_a_file_system_that_is_full_nothing_is_half_kept_and_room_is_enough_to_go_on(
    small: Path, upgraded_file: Path
) -> None:
    (small / "civicloop.db").write_bytes(upgraded_file.read_bytes())
    ballast = small / "ballast"
    ballast.write_bytes(b"x" * 20_000_000)
    database = Database.open(f"sqlite:///{small}/civicloop.db")
    contact(database, "before")
    with pytest.raises(StorageTrouble, match=r"is full: make room|no room"):
        fill(database)
    assert number(database) == 1
    ballast.unlink()
    contact(database, "after")
    fill(database)
    assert number(database) == 3
    database.close()


@pytest.mark.postgres
def test_postgresql_on_a_full_disk_keeps_nothing_half_done_and_goes_on_when_there_is_room(
    postgres: Server, postgresql: Database, small: Path
) -> None:
    owner = postgres.folder.stat()
    os.chown(small, owner.st_uid, owner.st_gid)
    for folder in small.parents:
        if folder.stat().st_uid == os.geteuid() and folder != Path(folder.root):
            folder.chmod(folder.stat().st_mode | 0o011)
    postgres.run(sql.SQL("CREATE TABLESPACE small LOCATION {}").format(str(small)))
    try:
        with postgresql.transaction() as db:
            db.exec_driver_sql("ALTER TABLE inbox SET TABLESPACE small")
            db.exec_driver_sql("ALTER TABLE inbox ALTER body SET STORAGE PLAIN")
        ballast = small / "ballast"
        ballast.write_bytes(b"x" * 20_000_000)
        with pytest.raises(StorageTrouble, match="is full: make room; the bot goes on by itself"):
            swamp(postgresql)
        assert number(postgresql) == 0
        ballast.unlink()
        swamp(postgresql)
        assert number(postgresql) == 1
    finally:
        postgresql.close()
        postgres.drop(str(postgresql.engine.url.database))
        postgres.run(sql.SQL("DROP TABLESPACE small"))


def swamp(database: Database) -> None:
    """Write 8 MB in small rows, in one transaction."""
    with database.transaction() as db:
        add_contact(db, "while it is full")
        inbox.accept(db, [Update("web", str(n), b"x" * 4_000) for n in range(2_000)], NOW, KEYS)


# --------------------------------------------------------------------------- held by others


def test_while_a_backup_holds_the_file_nothing_is_taken_and_afterwards_everything(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    file = sqlite.engine.url.database
    assert file
    with closing(sqlite3.connect(file, isolation_level=None)) as backup:
        backup.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageTrouble, match="locked by another program"):
            contact(sqlite, "while it is held")
        assert number(sqlite) == 0
        backup.execute("COMMIT")
    contact(sqlite, "afterwards")
    assert number(sqlite) == 1


def test_an_online_backup_holds_nobody_up_and_is_whole(sqlite: Database, tmp_path: Path) -> None:
    contact(sqlite, "before")
    file = sqlite.engine.url.database
    assert file
    steps: list[int] = []

    def meanwhile(*_: object) -> None:
        steps.append(len(steps))
        if len(steps) <= 3:  # each write lets the backup begin again
            contact(sqlite, f"during {len(steps)}")

    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        source.backup(copy, pages=5, progress=meanwhile, sleep=0)
        assert copy.execute("SELECT count(*) FROM contacts").fetchone() == (4,)
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert len(steps) > 3
    assert number(sqlite) == 4


@pytest.mark.postgres
def test_a_lock_that_others_hold_on_postgresql_ends_the_wait_in_words(
    postgres: Server, postgres_url: str, postgresql: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.3)
    impatient = Database.open(postgres_url)
    with psycopg.connect(postgres_url) as other:
        other.execute("LOCK TABLE contacts")
        with pytest.raises(StorageTrouble, match="locked by another program"):
            contact(impatient, "while it is held")
        other.rollback()
    contact(impatient, "afterwards")
    assert number(impatient) == 1
    impatient.close()


@pytest.mark.postgres
def test_a_process_frozen_in_the_middle_of_a_transaction_holds_the_others_up_for_a_while_only(
    postgres_url: str, postgresql: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STALLED", 0.5)
    frozen, lively = Database.open(postgres_url), Database.open(postgres_url)
    contact(lively, "4711")

    def freeze() -> None:
        with frozen.transaction() as db:
            db.exec_driver_sql("UPDATE contacts SET language = 'xx'")
            time.sleep(1.5)
            db.exec_driver_sql("SELECT 1")

    began = threading.Event()
    told: list[Exception] = []

    def stand() -> None:
        began.set()
        try:
            freeze()
        except StorageTrouble as trouble:
            told.append(trouble)

    thread = threading.Thread(target=stand)
    thread.start()
    began.wait()
    time.sleep(0.2)
    with lively.transaction() as db:
        db.exec_driver_sql("UPDATE contacts SET language = 'es'")
    thread.join()
    assert len(told) == 1
    with lively.reading() as db:
        assert db.exec_driver_sql("SELECT language FROM contacts").scalars().all() == ["es"]
    frozen.close()
    lively.close()


# --------------------------------------------------------------------------- away, and back


@pytest.mark.postgres
def test_a_standby_takes_nothing_and_the_same_process_goes_on_when_it_is_the_primary(
    postgres: Server, postgres_url: str, postgresql: Database
) -> None:
    name = postgres_url.rpartition("/")[2]
    contact(postgresql, "before")
    postgres.let_write(name, allowed=False)
    with pytest.raises(StorageTrouble, match="only lets us read: is it a standby"):
        contact(postgresql, "while it only lets us read")
    assert number(postgresql) == 1
    postgres.let_write(name, allowed=True)
    contact(postgresql, "after")
    assert number(postgresql) == 2


@pytest.mark.postgres
def test_each_connection_is_set_to_notice_a_server_gone_without_a_word_within_half_a_minute(
    postgresql: Database,
) -> None:
    with postgresql.reading() as db:
        told = db.connection.driver_connection.info.get_parameters()  # type: ignore[union-attr]
    assert {name: told[name] for name in module.SILENCE} == {name: str(value) for name, value in module.SILENCE.items()}
    idle, interval, count = (module.SILENCE[f"keepalives_{part}"] for part in ("idle", "interval", "count"))
    assert idle + interval * count <= 30
    assert module.SILENCE["tcp_user_timeout"] <= 30_000


@pytest.mark.postgres
def test_what_is_committed_is_on_postgresqls_disk_whatever_the_servers_habit(
    postgres: Server, postgres_url: str
) -> None:
    with psycopg.connect(postgres_url) as plain:
        assert plain.execute("SHOW synchronous_commit").fetchone() == ("off",)
    database = Database.open(postgres_url)
    with database.reading() as db:
        assert db.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    database.close()
