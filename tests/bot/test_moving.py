"""`civicloop migrate --from --to`: what it says, what it refuses, and that being killed on the way costs nothing."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, insert, select, update

from bot import cli
from storage import leases, migrate, tables
from storage.copying import BATCH
from storage.crossings import CRASH_AT
from storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KILLS = ("begun:1", "compared:2", "committed:2", "compared:1", "ends:1", "ended:1")
"""Where one run after the other is killed, and at which passing."""
CROSSINGS = sorted({f"copying.{kill.partition(':')[0]}" for kill in KILLS})
NOW = datetime(2026, 11, 22, 19, tzinfo=UTC)


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """Give an SQLite database with some rows, in a folder without settings."""
    for name in [name for name in os.environ if name.startswith("CIVICLOOP_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    opened = Database.open(f"sqlite:///{tmp_path / 'source.db'}")
    migrate.upgrade(opened)
    forget(opened, 3)
    yield opened
    opened.close()


def forget(database: Database, rows: int) -> None:
    """Write rows of the plainest table."""
    with database.transaction() as db:
        db.execute(insert(tables.forgettings), [{"at": NOW, "what": "draft", "rows": n} for n in range(rows)])


def forgotten(database: Database) -> int:
    """Count the rows of the plainest table."""
    with database.reading() as db:
        return db.execute(select(func.count()).select_from(tables.forgettings)).scalar_one()


def migrated(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run the command; return its exit status and what it says."""
    status = cli.main(["migrate", *words])
    return status, *capsys.readouterr()


@pytest.fixture
def ways(source: Database, tmp_path: Path) -> tuple[str, ...]:
    return ("--from", f"sqlite:///{tmp_path / 'source.db'}", "--to", f"sqlite:///{tmp_path / 'target.db'}")


def test_it_says_what_was_copied_and_what_stays_where_it_is(
    capsys: pytest.CaptureFixture[str], ways: tuple[str, ...]
) -> None:
    status, out, err = migrated(capsys, *ways)
    assert status == 0
    assert re.search(r"3 rows copied, 3 rows compared in \d+ s: both sides are equal", out)
    assert "target.db as its database" in out
    assert "The key file data/keys" in out
    assert "forgettings: 3 rows" in err


def test_a_second_run_compares_only(capsys: pytest.CaptureFixture[str], ways: tuple[str, ...]) -> None:
    migrated(capsys, *ways)
    status, out, _ = migrated(capsys, *ways)
    assert status == 0
    assert re.search(r"Nothing left to copy, 3 rows compared in \d+ s: both sides are equal", out)


def test_it_reports_to_programs(capsys: pytest.CaptureFixture[str], ways: tuple[str, ...]) -> None:
    status, out, _ = migrated(capsys, *ways, "--json")
    told = json.loads(out)
    assert status == 0
    assert (told["copied"], told["compared"], told["tables"]["forgettings"]) == (3, 3, 3)


def test_the_configured_database_is_the_other_side_where_one_is_named(
    capsys: pytest.CaptureFixture[str], ways: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIVICLOOP_DATABASE__URL", ways[3])
    assert migrated(capsys, *ways[:2])[0] == 0
    monkeypatch.setenv("CIVICLOOP_DATABASE__URL", ways[1])
    assert "Nothing left to copy" in migrated(capsys, *ways[2:])[1]


def test_a_changed_row_is_named_with_what_to_do(capsys: pytest.CaptureFixture[str], ways: tuple[str, ...]) -> None:
    migrated(capsys, *ways)
    target = Database.open(ways[3])
    with target.transaction() as db:
        db.execute(update(tables.forgettings).where(tables.forgettings.c.id == 2).values(rows=77))
    target.close()
    status, _, err = migrated(capsys, *ways)
    assert status == 1
    assert "forgettings, id=2: other rows" in err
    assert "begin with an empty database" in err


@pytest.mark.parametrize("side", [1, 3])
def test_nothing_is_copied_from_or_to_a_database_that_a_bot_works_with(
    capsys: pytest.CaptureFixture[str], ways: tuple[str, ...], side: int
) -> None:
    used = Database.open(ways[side])
    migrate.upgrade(used)
    with used.transaction() as db:
        leases.acquire(db, "send:web", "elsewhere:1:x", datetime.now(UTC), timedelta(hours=1))
    used.close()
    status, out, err = migrated(capsys, *ways)
    assert (status, out) == (1, "") if side == 1 else (2, "")
    assert "stop it, then give the command again" in err or "not of this copy" in err


def test_a_bot_of_this_machine_that_was_killed_is_not_waited_for(
    capsys: pytest.CaptureFixture[str], ways: tuple[str, ...], source: Database
) -> None:
    from bot import ownership  # noqa: PLC0415 - only here

    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    owner = ownership.name_of(lambda: "chance").replace(f":{os.getpid()}:", f":{gone.pid}:")
    with source.transaction() as db:
        leases.acquire(db, "send:web", owner, datetime.now(UTC), timedelta(hours=1))
    assert migrated(capsys, *ways)[0] == 0


def test_a_terminal_shows_a_bar_with_the_rows_and_the_rate(source: Database, ways: tuple[str, ...]) -> None:
    forget(source, 5000)
    ours, theirs = pty.openpty()
    run = subprocess.Popen(command(*ways), stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    shown = read_all(ours)
    assert run.wait(60) == 0
    assert "5003/5003" in shown
    assert "forgettings, " in shown
    assert "rows/s" in shown


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "bot", "migrate", *words]


def read_all(terminal: int) -> str:
    """Return what is written to a terminal until its last writer is gone."""
    said = b""
    while True:
        try:
            more = os.read(terminal, 4096)
        except OSError:
            more = b""
        if not more:
            os.close(terminal)
            return said.decode()
        said += more


@pytest.mark.slow
@pytest.mark.postgres
def test_a_copy_killed_anywhere_goes_on_and_no_bot_starts_in_between(source: Database, postgres_url: str) -> None:
    forget(source, 3 * BATCH)
    ways = ("--from", str(source.engine.url), "--to", postgres_url)
    target = Database.open(postgres_url)
    migrate.upgrade(target)
    there = []
    for kill in KILLS:
        killed = subprocess.run(
            command(*ways), env=os.environ | {CRASH_AT: f"copying.{kill}"}, capture_output=True, check=False
        )
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        there.append(forgotten(target))
        if kill == "committed:2":
            assert "was not finished" in refused(postgres_url)
    assert there == [0, BATCH, 3 * BATCH, 3 * BATCH, 3 * BATCH + 3, 3 * BATCH + 3]
    done = subprocess.run([*command(*ways), "--json"], capture_output=True, check=True)
    assert json.loads(done.stdout)["copied"] == 0
    assert json.loads(done.stdout)["compared"] == 3 * BATCH + 3
    target.close()


def refused(url: str) -> str:
    """Start the bot on a database where it refuses; return what it says."""
    environ = {**os.environ, "CIVICLOOP_DATABASE__URL": url, "CIVICLOOP_WEB__PORT": "0"}
    run = [sys.executable, "-m", "bot", "run"]
    ended = subprocess.run(run, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 2, ended.stderr
    return ended.stderr
