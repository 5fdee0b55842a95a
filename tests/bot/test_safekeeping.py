"""`civicloop keys rotate`: what it says and refuses, and that being killed on the way costs nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot import cli
from storage import audience, contacts, leases
from storage.crossings import CRASH_AT
from storage.database import Database, Unopened
from storage.rotation import BATCH
from storage.sealing import KeyFile, Keys
from storage.unlocking import unlock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROTATION = ("begun:1", "does:1", "did:1", "did:2", "does:12", "ends:1", "ended:1")
"""Where one run after the other is killed, and at which passing."""
CROSSINGS = sorted({f"rotation.{kill.partition(':')[0]}" for kill in ROTATION})
NOW = datetime(2026, 11, 22, 19, tzinfo=UTC)
PEOPLE = BATCH + 10


@pytest.fixture
def folder(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mint: Callable[[], str]) -> Path:
    """Give a folder with an installation that knows people, and go there."""
    for name in [name for name in os.environ if name.startswith("CIVICLOOP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CIVICLOOP_DATABASE__URL", database_url)
    monkeypatch.chdir(tmp_path)
    with closing(Database.open(database_url)) as database:
        keys = unlock(database, "data/keys", mint)
        new = [contacts.NewContact("web", keys.address_hash("web", w), keys.seal(w), "en", NOW) for w in names()]
        with database.transaction() as db:
            contacts.add(db, new)
            audience.hush(db, [keys.quiet_hash("mail", "a@b.example")], NOW)
    return tmp_path


def names() -> list[str]:
    return [f"person {n}" for n in range(PEOPLE)]


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run a command; return its exit status and what it says."""
    status = cli.main(words)
    return status, *capsys.readouterr()


def in_a_process(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, that a crossing may kill."""
    command = [sys.executable, "-m", "bot", *words]
    return subprocess.run(
        command, env={**os.environ, **environ}, capture_output=True, text=True, check=False, timeout=120
    )


def known(folder: Path, url: str) -> bool:
    """Whether everybody is found and can be written to, and the quiet list holds."""
    with closing(Database.open(url)) as database, database.reading() as db:
        keys = Keys(*KeyFile.read(folder / "data/keys"))
        found = contacts.find(db, [("web", keys.address_hash("web", each)) for each in names()])
        opened = {keys.unseal(each.address_sealed) for each in found.values()}
        return opened == set(names()) and bool(audience.hushed(db, [keys.quiet_hash("mail", "a@b.example")]))


def test_it_says_what_was_done_and_what_to_do_next(
    folder: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = asked(capsys, "keys", "rotate")
    assert status == 0
    assert f"{PEOPLE + 1} rows sealed anew" in out
    assert "make a new backup" in out
    assert f"contacts: {PEOPLE} rows" in err
    assert known(folder, database_url)


def test_it_refuses_while_a_bot_runs_and_changes_nothing(
    folder: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (folder / "data/keys").read_bytes()
    with closing(Database.open(database_url)) as database, database.transaction() as db:
        leases.acquire(db, "sender", "elsewhere:1:x", datetime.now(UTC), timedelta(minutes=1))
    status, _, err = asked(capsys, "keys", "rotate")
    assert status == 1
    assert "a bot runs on" in err
    assert "stop it, then give the command again" in err
    assert (folder / "data/keys").read_bytes() == before


@pytest.mark.slow
def test_a_change_killed_anywhere_goes_on_nobody_starts_in_between_and_the_old_key_is_worth_nothing(
    folder: Path, database_url: str
) -> None:
    stolen = Keys(*KeyFile.read(folder / "data/keys"))
    for kill in ROTATION:
        died = in_a_process("keys", "rotate", **{CRASH_AT: f"rotation.{kill}"})
        assert died.returncode == -signal.SIGKILL, died.stderr
        if kill in {"begun:1", "did:2"}:
            refused = in_a_process("run", CIVICLOOP_WEB__PORT="0")
            assert refused.returncode == 2
            assert "civicloop keys rotate" in refused.stderr
            told = json.loads(in_a_process("doctor", "--json").stdout)
            (finding,) = [each for each in told if each["what"] == "keys"]
            assert finding["health"] == "fail"
            assert "was not finished" in finding["seen"]
    assert known(folder, database_url)
    with closing(Database.open(database_url)) as database, database.reading() as db:
        for each in contacts.by_ids(db, range(1, PEOPLE + 1)).values():
            with pytest.raises(Unopened):
                stolen.unseal(each.address_sealed)
    assert len(KeyFile.read(folder / "data/keys").roots) == 1
    assert not list((folder / "data").glob("*.new"))
