"""`civicloop round enter` as a process of its own: a whole entry, one cut short, and one that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from storage import people, tables
from storage.database import Database
from tests.bot.channels.web.test_pure import jpeg
from tests.support import recordings
from tests.support.house import NOON

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = "1\n1\n2\nSKIP\nSKIP\nSKIP\nSKIP\nno\n"


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """A folder with an open round and somebody who may enter answers."""
    about = ("--service", "library", "--flow", "deliver_pulse", "--title", "How", "--code", "pulse")
    run(tmp_path, "round", "new", *about)
    run(tmp_path, "round", "open", "pulse")
    with database_of(tmp_path).transaction() as db:
        people.grant(db, people.add(db, "Maya", "en", NOON).id, "manager", "library", NOON)
    return tmp_path


def database_of(folder: Path) -> Database:
    """Look at what the commands there keep."""
    return Database.open(f"sqlite:///{folder}/data/civicloop.sqlite3")


def run(folder: Path, *words: str, said: str = "", crash_at: str = "") -> subprocess.CompletedProcess[str]:
    """Give a command in a folder of its own."""
    environ = {name: text for name, text in os.environ.items() if not name.startswith("CIVICLOOP_")}
    environ |= {"CIVICLOOP_CRASH_AT": crash_at} if crash_at else {}
    command = [sys.executable, "-m", "bot", *words]
    return subprocess.run(command, cwd=folder, env=environ, input=said, capture_output=True, text=True, check=False)


def enters(folder: Path, said: str, *words: str, crash_at: str = "") -> subprocess.CompletedProcess[str]:
    """Enter answers by telephone as Maya, line by line."""
    given = ("round", "enter", "pulse", "--channel", "phone", "--as", "Maya", *words)
    return run(folder, *given, said=said, crash_at=crash_at)


def counted(folder: Path) -> tuple[int, int]:
    """Return how many entries there are, and how many people whose answers count."""
    answers = tables.answers.c
    with database_of(folder).reading() as db:
        givers = select(func.count(answers.pseudonym.distinct())).where(answers.counted_at.is_not(None))
        entries = select(func.count()).select_from(tables.entries)
        return db.execute(entries).scalar_one(), db.execute(givers).scalar_one()


def test_an_entry_is_read_out_line_by_line_and_ends_with_a_receipt(town: Path) -> None:
    ran = enters(town, WHOLE, "--organisation", "The Choir")
    assert ran.returncode == 0, ran.stderr
    assert "1 Very good" in ran.stdout
    assert "receipt is" in ran.stdout
    assert counted(town) == (1, 1)
    shown = run(town, "round", "show", "pulse").stdout
    assert "finished by 0 individuals, 0 groups of 0 heads together, 1 organisation: The Choir" in shown


def test_who_is_cut_short_is_told_that_nothing_was_handed_in(town: Path) -> None:
    ran = enters(town, "1\n1\n")
    assert (ran.returncode, ran.stderr) == (0, "It was not handed in: in a round with an end, nothing of it counts.\n")


DAMAGE = """\
flow = "damage"
version = 1
stage = "deliver"
language = "en"
title = "Damage"
frame = "pulse"
start = "picture"

[states.picture]
photo = "Show the damage."

[states.sound]
voice = "How does it sound?"

[states.spot]
place = "Where is it?"
"""


def test_pictures_recordings_and_points_are_entered_by_the_paths_of_their_files(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[flows]\nfolder = "own"\n', encoding="utf-8")
    (tmp_path / "own").mkdir()
    (tmp_path / "own/damage.toml").write_text(DAMAGE, encoding="utf-8")
    (tmp_path / "door.jpg").write_bytes(jpeg())
    (tmp_path / "noise.ogg").write_bytes(recordings.ogg())
    (tmp_path / "notes.txt").write_text("no picture", encoding="utf-8")
    about = ("--service", "library", "--flow", "damage", "--title", "Damage", "--code", "pulse")
    assert run(tmp_path, "round", "new", *about).returncode == 0
    run(tmp_path, "round", "open", "pulse")
    with database_of(tmp_path).transaction() as db:
        people.grant(db, people.add(db, "Maya", "en", NOON).id, "manager", "library", NOON)
    ran = enters(tmp_path, "1\n1\n(photo gone.jpg)\nnotes.txt\ndoor.jpg\n(voice noise.ogg)\n48.2082, 16.3738\nno\n")
    assert "gone.jpg cannot be read: No such file or directory. Type the path of the file, or SKIP." in ran.stderr
    assert "notes.txt is no JPEG, PNG or WebP picture of at most 10 MB." in ran.stderr
    with database_of(tmp_path).reading() as db:
        kept = {row.state: row for row in db.execute(tables.answers.select())}
    assert kept["spot"].text == "48.20820,16.37380"
    uploads = tmp_path / "data/files"
    for state, secret in (("picture", b"Spy camera"), ("sound", recordings.SECRET)):
        assert secret not in (uploads / kept[state].file).read_bytes()


CROSSINGS = ["counter.begins", "counter.begun", "counter.hears", "counter.heard"]


@pytest.mark.parametrize(
    ("crash_at", "entries"),
    [("counter.begins:1", 0), ("counter.begun:1", 1), ("counter.hears:3", 1), ("counter.heard:3", 1)],
)
def test_a_killed_entry_is_whole_up_to_there_and_another_begins_anew(town: Path, crash_at: str, entries: int) -> None:
    assert enters(town, WHOLE, crash_at=crash_at).returncode == -signal.SIGKILL
    before = counted(town)
    assert before == (entries, int(crash_at == "counter.heard:3"))
    assert enters(town, WHOLE).returncode == 0
    assert counted(town) == (before[0] + 1, before[1] + 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--as", "Nobody"), '"Nobody" may not enter answers for library. May do so: Maya.'),
        (("--as", "Maya", "--group", "1"), "say how many people the group has"),
        (("--as", "Maya", "--group", "9", "--organisation", "x"), "give --group or --organisation."),
        (("--as", "Maya", "--language", "xx"), 'does not speak "xx"'),
    ],
)
def test_what_cannot_be_is_one_line(town: Path, words: tuple[str, ...], said: str) -> None:
    ran = run(town, "round", "enter", "pulse", "--channel", "paper", *words)
    assert ran.returncode in {1, 2}
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
