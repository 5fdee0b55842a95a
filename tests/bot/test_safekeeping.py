"""`keys rotate`, `backup`, `restore`: what they say and refuse, and that being killed on the way costs nothing."""

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
from storage import audience, contacts, deletions, leases
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
KEEPING = ("writes", "written", "kept")
RESTORING = ("does", "did")
CROSSINGS = [
    *sorted({f"rotation.{kill.partition(':')[0]}" for kill in ROTATION}),
    *(f"backup.{kill}" for kill in KEEPING),
    *(f"restore.{kill}" for kill in RESTORING),
]
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


def test_a_lost_key_file_is_told_and_no_new_one_is_made(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "data/keys").unlink()
    status, _, err = asked(capsys, "keys", "rotate")
    assert (status, "is gone" in err) == (2, True)
    assert not (folder / "data/keys").exists()


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


# --------------------------------------------------------------------------- backups


@pytest.fixture
def secret(folder: Path) -> tuple[str, str]:
    """Give the option that names the secret, and a database that fills more than one piece."""
    (folder / "secret").write_text("a secret of enough signs\n")
    keys = Keys(*KeyFile.read(folder / "data/keys"))
    with closing(Database.open(os.environ["CIVICLOOP_DATABASE__URL"])) as database, database.transaction() as db:
        for n in range(60):
            new = contacts.NewContact("web", b"%d" % n, keys.seal(os.urandom(5000).hex()), "en", NOW)
            contacts.add(db, [new])
        deletions.record(Keys.load(folder / "data/keys", str), [left(keys, "person 1")])
    return ("--secret-file", "secret")


def left(keys: Keys, name: str) -> deletions.Entry:
    """Return what the log says of somebody who has gone."""
    sign = keys.deletion_hash(b"contact", keys.lasting(keys.address_hash("web", name)))
    return deletions.Entry(NOW + timedelta(days=1), deletions.DELETED, sign)


def elsewhere(folder: Path) -> str:
    return f"sqlite:///{folder / 'restored.db'}"


def people(url: str) -> int:
    with closing(Database.open(url)) as database, database.reading() as db:
        return sum(contacts.counts(db).values())


def test_a_backup_is_written_checked_and_restored_without_whoever_has_gone(
    folder: Path, secret: tuple[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, out, err = asked(capsys, "backup", "city.backup", *secret)
    assert status == 0
    assert f"city.backup is written: {PEOPLE + 61} rows of" in out
    assert "without a copy of it the backup is of no use" in out
    assert f"contacts: {PEOPLE + 60} rows" in err
    status, out, _ = asked(capsys, "backup", "city.backup", *secret, "--check")
    assert (status, "is whole" in out) == (0, True)
    status, _, err = asked(capsys, "backup", "city.backup", *secret)
    assert (status, "is there already" in err) == (1, True)
    status, _, err = asked(capsys, "restore", "city.backup", *secret)
    assert (status, "only goes into an empty database" in err) == (2, True)
    monkeypatch.setenv("CIVICLOOP_DATABASE__URL", elsewhere(folder))
    status, out, _ = asked(capsys, "restore", "city.backup", *secret)
    assert status == 0, out
    assert "Done again of what was done since: deleted 1" in out
    assert "Everybody signs in anew." in out
    assert people(elsewhere(folder)) == PEOPLE + 60 - 1
    assert asked(capsys, "keys", "rotate")[0] == 0


def test_the_key_file_is_inside_only_when_asked_for_and_comes_back_where_it_is_lost(
    folder: Path, secret: tuple[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked(capsys, "backup", "without", *secret)[0] == 0
    status, out, _ = asked(capsys, "backup", "with", *secret, "--with-keys")
    assert (status, "keep it as you keep the key file" in out) == (0, True)
    before = (folder / "data/keys").read_bytes()
    (folder / "data/keys").unlink()
    monkeypatch.setenv("CIVICLOOP_DATABASE__URL", elsewhere(folder))
    status, _, err = asked(capsys, "restore", "without", *secret)
    assert (status, "there is no key file" in err) == (1, True)
    assert asked(capsys, "restore", "with", *secret)[0] == 0
    assert (folder / "data/keys").read_bytes() == before


def test_it_refuses_what_cannot_be_restored_safely_and_the_database_stays_empty(
    folder: Path, secret: tuple[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = os.environ["CIVICLOOP_DATABASE__URL"]
    assert asked(capsys, "backup", "city.backup", *secret)[0] == 0
    (folder / "other").write_text("some other secret")
    (folder / "short").write_text("short")
    (folder / "cut").write_bytes((folder / "city.backup").read_bytes()[:-1])
    monkeypatch.setenv("CIVICLOOP_DATABASE__URL", elsewhere(folder))

    def refused(*words: str) -> str:
        status, _, err = asked(capsys, "restore", *words)
        assert status in {1, 2}
        assert len([line for line in err.splitlines() if line.startswith("civicloop: ")]) == 1
        assert not (folder / "restored.db").exists() or people(elsewhere(folder)) == 0
        return err

    assert "the secret does not open" in refused("city.backup", "--secret-file", "other")
    assert "too short" in refused("city.backup", "--secret-file", "short")
    assert "give --secret-file" in refused("city.backup")
    assert "damaged or cut off" in refused("cut", *secret)
    log = deletions.beside(folder / "data/keys")
    log.rename(folder / "kept.log")
    assert "there is no log of deletions" in refused("city.backup", *secret)
    monkeypatch.setenv("CIVICLOOP_PRIVACY__BACKUP_DAYS", "30")
    with monkeypatch.context() as later:
        (folder / "clock").write_text((datetime.now(UTC) + timedelta(days=31)).isoformat())
        later.setenv("CIVICLOOP_CLOCK", str(folder / "clock"))
        assert "does not reach back so far" in refused("city.backup", *secret, "--deletions", "kept.log")
    (folder / "data/keys").rename(folder / "keys.old")
    assert asked(capsys, "doctor")[0] in {0, 1}
    Keys.load(folder / "data/keys", lambda: os.urandom(16).hex())
    assert "is not that of the backup" in refused("city.backup", *secret, "--deletions", "kept.log")
    (folder / "keys.old").replace(folder / "data/keys")
    assert asked(capsys, "restore", "city.backup", *secret, "--deletions", "kept.log")[0] == 0
    assert people(elsewhere(folder)) == people(url) - 1


@pytest.mark.slow
def test_a_backup_killed_anywhere_leaves_no_half_file_and_a_restore_killed_anywhere_an_empty_database(
    folder: Path, secret: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for kill in KEEPING:
        died = in_a_process("backup", "city.backup", *secret, **{CRASH_AT: f"backup.{kill}:1"})
        assert died.returncode == -signal.SIGKILL, died.stderr
        assert (folder / "city.backup").exists() == (kill == "kept")
    assert in_a_process("backup", "city.backup", *secret, "--check").returncode == 0
    monkeypatch.setenv("CIVICLOOP_DATABASE__URL", elsewhere(folder))
    left_there = []
    for kill in RESTORING:
        died = in_a_process("restore", "city.backup", *secret, **{CRASH_AT: f"restore.{kill}:1"})
        assert died.returncode == -signal.SIGKILL, died.stderr
        left_there.append(people(elsewhere(folder)))
    assert left_there == [0, PEOPLE + 60 - 1]
