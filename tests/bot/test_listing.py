"""`civicloop round list-in` and `quiet` as processes of their own: what they show, and that a kill costs nothing."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from bot.rounds.addresses import GROUP
from storage import tables
from storage.audience import ARRIVING
from storage.crossings import CRASH_AT
from storage.database import Database
from tests.bot.test_moving import read_all

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import ColumnElement, Table

PEOPLE = 5 * GROUP // 2
ACTS = 1 + 3 + 1
"""How often a list of so many is committed: the beginning, its groups, the end."""
TAKES = ("round", "list-in", "hours", "members.csv", "--ground", "members")


@pytest.fixture
def town(bare_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """Give a database with a draft, and a list beside it."""
    for name in [name for name in os.environ if name.startswith("CIVICLOOP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CIVICLOOP_DATABASE__URL", bare_url)
    monkeypatch.chdir(tmp_path)
    mails = "".join(f"p{n}@city.example\n" for n in range(PEOPLE))
    (tmp_path / "members.csv").write_text(f"mail\n{mails}", encoding="utf-8")
    run("round", "new", "--service", "library", "--flow", "need_round", "--title", "Hours", "--code", "hours")
    opened = Database.open(bare_url)
    yield opened
    opened.close()


def run(*words: str, status: int = 0, crash_at: str = "") -> str:
    """Give a command and return what it prints."""
    environ = os.environ | ({CRASH_AT: crash_at} if crash_at else {})
    done = subprocess.run(
        [sys.executable, "-m", "bot", *words], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stderr
    return done.stdout


def count(database: Database, table: Table, *where: ColumnElement[bool]) -> int:
    with database.reading() as db:
        return db.execute(select(func.count()).select_from(table).where(*where)).scalar_one()


@pytest.mark.slow
def test_a_list_cut_short_by_a_kill_anywhere_is_no_part_of_the_audience_and_is_taken_in_whole_the_next_time(
    town: Database,
) -> None:
    for act, kept in ((1, 0), (3, 0), (ACTS, PEOPLE)):
        for crash_at, people in ((f"round.acts:{act}", 0), (f"round.acted:{act}", kept)):
            run(*TAKES, status=-signal.SIGKILL, crash_at=crash_at)
            assert count(town, tables.audience, tables.audience.c.state != ARRIVING) == people, crash_at
    assert "0 new in the audience" in run(*TAKES)
    assert [count(town, table) for table in (tables.audience, tables.contacts)] == [PEOPLE, PEOPLE]
    assert count(town, tables.round_log, tables.round_log.c.what == "changed") == 1


def test_a_quiet_list_cut_short_by_a_kill_is_there_whole_or_not_at_all(town: Database) -> None:
    mails = [f"quiet{n}@city.example" for n in range(3)]
    for crash_at, quiet in (("round.acts:1", 0), ("round.acted:1", 3)):
        run("quiet", *mails, status=-signal.SIGKILL, crash_at=crash_at)
        assert count(town, tables.quiet) == quiet
    assert run("quiet", *mails) == "0 mails new on the quiet list.\n"


def test_a_terminal_shows_how_far_the_look_and_the_taking_in_are(town: Database) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "bot", *TAKES]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    shown = read_all(ours)
    assert process.wait(60) == 0
    looking, taking = shown.split("taking in")[0], shown.split("taking in")[-1]
    assert "looking through members.csv" in looking
    assert [bar for bar in (looking, taking) if "100%" in bar] == [looking, taking]
    assert "40%" in shown, "one group of two and a half"
