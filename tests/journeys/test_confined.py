"""A day of a city, watched from outside: whom the bot calls, what it writes, and where people's words come out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from storage import backups, tables
from storage.database import Database
from tests.journeys.canaries import ADDRESSES, NAMES, SECRETS, TEXTS, Told, answers, lived
from tests.journeys.test_invited_by_mail import text_of
from tests.journeys.town import MONDAY, SETTINGS, Town
from tests.test_confinement import UNIT, settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Row

    from tests.support.postgres import Server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

WATCH = ("strace", "-D", "-f", "-s", "0", "-e", "signal=none", "-o")
LOCAL = {"/var/run/nscd/socket", "/run/nscd/socket"}
"""Where the C library asks for the names of accounts, on this machine."""
PASSING = re.compile(r"/tmp(/[a-z0-9_]+)?|/dev/(null|shm/sem\.[\w-]+)")
"""Where a program may put something for a moment: no file of ours, and gone when it ends."""
AS_ROOT = {"fchown"}
"""What SQLite calls for root alone: https://sqlite.org/src/file/src/os_unix.c, robustFchown."""
SECRET = "six words that open one backup"
SAID = {"answers", "sessions", "messages", "outbox", "digests"}
"""Tables that hold what was said, and quotes of it."""
IN_VAIN = {"mbind"}
"""What linear algebra asks for memory near its processor; refused, as in every Docker container, it does without."""


@dataclass(frozen=True)
class Day:
    """What is left of the day."""

    told: Told
    folder: Path
    log: str
    calls: str
    """Every call to the kernel; empty where nothing watches them here."""
    token: str
    doors: dict[str, int]
    """The ports of the channels that were set up."""
    mails: tuple[str, ...]
    rows: dict[str, bytes]
    """What each table holds, where the database is a server."""
    backup: Path
    """What `civicloop backup` wrote at its end."""

    @property
    def data(self) -> dict[str, bytes]:
        """Each file of the data folder, and each table of a server."""
        files = sorted((self.folder / "data").rglob("*"))
        return {str(file.relative_to(self.folder)): file.read_bytes() for file in files if file.is_file()} | self.rows


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def day(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """Live the day once for all tests and each database, with everything in the log that can be."""
    folder = tmp_path_factory.mktemp("day")
    if request.param == "sqlite":
        yield _lived(folder, f"sqlite:///{folder}/data/civicloop.sqlite3")
    else:
        server: Server = request.getfixturevalue("postgres")
        server.create("day")
        yield _lived(folder, server.url("day"))
        server.drop("day")


def _lived(folder: Path, database: str) -> Day:
    calls = folder / "calls"
    env = {
        "CIVICLOOP_LOG__LEVEL": "debug",
        "CIVICLOOP_TELEGRAM__SECRET_TOKEN": SECRETS["the secret of the webhook"],
        "CIVICLOOP_MAIL__PASSWORD": SECRETS["the mail server's password"],
        "MPLCONFIGDIR": str(folder / "data" / "matplotlib"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    under = (*WATCH, str(calls)) if shutil.which("strace") else ()
    with Town(folder, SETTINGS, database=database, env=env, under=under) as town:
        town.set_clock(MONDAY)
        town.start()
        told = lived(town)
        assert town.stop() == 0
        secret, backup = folder / "secret", folder / "city.backup"
        secret.write_text(SECRET, encoding="utf-8")
        town.civicloop("backup", str(backup), "--secret-file", str(secret))
        doors = {"telegram": urlsplit(town.telegram.url).port or 0, "mail": int(town._env["CIVICLOOP_MAIL__PORT"])}
        mails = tuple(str(mail["Subject"]) + text_of(mail) for mail in town.post.messages)
        seen = calls.read_text(encoding="utf-8", errors="replace") if under else ""
        rows = _rows(database) if doors_of(database) else {}
        return Day(told, folder, town.log(), seen, town.telegram.token, doors | doors_of(database), mails, rows, backup)


def doors_of(database: str) -> dict[str, int]:
    """Return the port of a database that is a server."""
    port = urlsplit(database).port
    return {"database": port} if port else {}


def _rows(database: str) -> dict[str, bytes]:
    """Return what each table of a server holds."""
    opened = Database.open(database)
    with opened.reading() as db:
        found = {each.name: _flat(db.execute(select(each)).all()) for each in tables.metadata.sorted_tables}
    opened.close()
    return found


def _flat(rows: Sequence[Row[Any]]) -> bytes:
    cells = [cell for row in rows for cell in row if cell is not None]
    return b"\n".join(bytes(cell) if isinstance(cell, bytes | memoryview) else str(cell).encode() for cell in cells)


@pytest.fixture
def calls(day: Day) -> str:
    """Every call to the kernel."""
    if not day.calls:
        pytest.skip("needs strace, which is not here")
    return day.calls


# --------------------------------------------------------------------------- whom it calls


def test_nobody_is_called_but_the_channels_that_are_set_up(day: Day, calls: str) -> None:
    """By any protocol: neither names are looked up elsewhere, nor versions, nor does a library report home."""
    called = set(re.findall(r'htons\((\d+)\), sin6?_addr=inet_addr\("([^"]+)"\)', "\n".join(_outgoing(calls))))
    assert called == {(str(port), "127.0.0.1") for port in day.doors.values()}


def test_every_call_to_somebody_is_understood(calls: str) -> None:
    """What has another form than expected would pass unseen."""
    outgoing = _outgoing(calls)
    assert len(outgoing) > 5
    local = [line for line in outgoing if "AF_UNIX" in line]
    assert {path for line in local for path in re.findall(r'sun_path="([^"]+)"', line)} <= LOCAL
    assert all("sin_addr=inet_addr" in line for line in outgoing if line not in local)


def test_only_lines_of_the_internet_and_of_this_machine_are_opened(calls: str) -> None:
    kinds = set(re.findall(r"\bsocket\((AF_\w+), (SOCK_\w+)", calls))
    assert kinds <= {("AF_INET", "SOCK_STREAM"), ("AF_INET6", "SOCK_STREAM"), ("AF_UNIX", "SOCK_STREAM")}
    (allowed,) = settings_of(UNIT.read_text("utf-8"))["RestrictAddressFamilies"]
    assert {family for family, _ in kinds} <= set(allowed.split())


def _outgoing(calls: str) -> list[str]:
    """Return each call that names somebody to talk to."""
    named = re.compile(r"\b(?:connect|sendto|sendmsg|sendmmsg)\(\d+, .*(?:sa_family|msg_name=\{)")
    return [line for line in calls.splitlines() if named.search(line)]


# --------------------------------------------------------------------------- what it does


def test_nothing_is_written_but_into_the_data_folder_and_what_passes(day: Day, calls: str) -> None:
    """So the file system of a container, and all of the system under systemd, may be read-only."""
    opened = r'\bopenat\(AT_FDCWD, "([^"]+)", [^)\n]*(?:O_WRONLY|O_RDWR|O_CREAT)'
    moved = (
        r'\b(?:mkdir|rename|renameat2?|unlink|unlinkat|symlink|link|linkat|chmod|truncate)\((?:AT_FDCWD, )?"([^"]+)"'
    )
    written = {path for which in (opened, moved) for path in re.findall(which, calls)}
    ours = {path for path in written if path.startswith(str(day.folder / "data"))}
    assert len(ours) > 1
    assert {path for path in written - ours if not PASSING.fullmatch(path)} == set()


def test_no_other_program_is_started_and_no_code_is_made_in_memory(calls: str) -> None:
    """But for one that comes with the system's fonts and lists them: matplotlib asks it before the first chart."""
    started = re.findall(r'^(\d+) +execve\("(?:[^"]*/)?([^"/]+)"', calls, re.MULTILINE)
    assert {name for _, name in started} - {"fc-list"} == {"python"}
    assert [name for _, name in started].count("python") == 1
    lister = {process for process, name in started if name == "fc-list"}
    ours = "\n".join(line for line in calls.splitlines() if line.split(" ", 1)[0] not in lister)
    assert re.findall(r"\b(?:mmap|mprotect)\([^)\n]*PROT_WRITE\|PROT_EXEC", ours) == []
    assert re.findall(r"\bmprotect\([^)\n]*PROT_EXEC", ours) == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze, which is not here")
def test_the_service_of_systemd_allows_every_call_to_the_kernel(calls: str) -> None:
    used = set(re.findall(r"^\d+ +(?:<\.\.\. )?(\w+)\(", calls, re.MULTILINE))
    assert len(used) > 40
    harmless = IN_VAIN | (AS_ROOT if os.geteuid() == 0 else set())
    assert used - harmless - _allowed() == set()


def _allowed() -> set[str]:
    """Return the calls that the service may make: each line adds to those before, or takes from them."""
    allowed: set[str] = set()
    for line in settings_of(UNIT.read_text("utf-8"))["SystemCallFilter"]:
        named = {call for word in line.lstrip("~").split() for call in _members(word)}
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed


def _members(word: str) -> set[str]:
    return {call for each in _groups()[word] for call in _members(each)} if word.startswith("@") else {word}


@cache
def _groups() -> dict[str, list[str]]:
    """Return the groups of calls that systemd knows."""
    command = ["systemd-analyze", "syscall-filter", "--no-pager"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    blocks = re.findall(r"^(@[\w-]+)\n((?:    .*\n)+)", text, re.MULTILINE)
    return {name: re.findall(r"^    ([@\w-]+)$", body, re.MULTILINE) for name, body in blocks}


LOCKED = """
set -e
mount --make-rprivate /
mount --bind "$0" "$0"
mount -o remount,ro,bind /
mount -t proc -o subset=pid proc /proc
! touch "$0/../config.toml" 2>/dev/null
exec setpriv --no-new-privs --bounding-set=-all "$@"
"""
"""All is read-only but one folder, /proc tells of processes alone, there are no rights to be had: as in the service."""


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="needs root, to take rights away")
def test_it_works_where_all_but_its_folder_is_read_only_and_it_has_no_rights(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    env = {"TMPDIR": str(data), "MPLCONFIGDIR": str(data / "matplotlib"), "PYTHONDONTWRITEBYTECODE": "1"}
    with Town(tmp_path, SETTINGS, env=env, under=("unshare", "--mount", "sh", "-c", LOCKED, str(data))) as town:
        town.set_clock(MONDAY)
        town.start()
        code = town.open_pulse("library")
        answers(town, town.telegram.citizen(11), code, Told())
        assert town.stop() == 0
        assert "Read-only file system" not in town.log()
        assert "PermissionError" not in town.log()


# --------------------------------------------------------------------------- where words come out


def found(put_in: dict[str, str], *texts: str) -> set[str]:
    """Return which of what was put in stands in a text."""
    return {what for what, words in put_in.items() if any(words in text for text in texts)}


def never(day: Day) -> dict[str, str]:
    """Return what belongs to nobody but who has it: addresses, names at Telegram, secrets, tokens."""
    return {**ADDRESSES, **NAMES, **SECRETS, **day.told.tokens, "the token of the bot": day.token}


def unreadable(day: Day) -> dict[str, str]:
    """Return what no stolen file tells. A receipt stands in the message that told it, as long as messages are kept."""
    return {what: words for what, words in never(day).items() if what != "a receipt"}


def test_the_day_was_full(day: Day) -> None:
    """Else nothing could be found anywhere."""
    assert len(day.told.tokens) == 6
    assert bool(day.rows) == ("database" in day.doors)
    assert all(len(token) >= 8 for token in day.told.tokens.values())
    assert "turns.failed" in day.log or "update.unread" in day.log or " warning " in day.log
    assert day.log.count("\n") > 50
    assert "an answer at Telegram" in found(TEXTS, day.told.team["answers.csv"])
    assert any("answered" in mail for mail in day.mails)


def test_the_log_tells_nothing_of_anybody(day: Day) -> None:
    """At its most talkative, and with updates that nobody can read and a Bot API that quotes what it refuses."""
    assert found({**never(day), **TEXTS}, day.log) == set()


def test_pages_for_everybody_errors_measures_and_public_figures_tell_nothing_of_anybody(day: Day) -> None:
    assert found({**never(day), **TEXTS}, *day.told.public.values()) == set()


def test_what_operators_read_tells_nothing_of_anybody(day: Day) -> None:
    assert found({**never(day), **TEXTS}, *day.told.operator.values()) == set()


def test_what_managers_read_tells_no_address_name_token_or_number(day: Day) -> None:
    hidden = {**never(day), "a telephone number": TEXTS["a telephone number in an answer"]}
    assert found(hidden, *day.told.staff.values()) == set()


def test_a_mail_holds_its_readers_own_links_alone(day: Day) -> None:
    """The link that ends mails is its reader's; all else of others is nowhere."""
    others = {what: words for what, words in never(day).items() if what != "a link that stops mails"}
    assert found({**others, "a telephone number": TEXTS["a telephone number in an answer"]}, *day.mails) == set()


def test_files_for_the_team_hold_what_was_said_and_nothing_of_who_said_it(day: Day) -> None:
    assert found(never(day), *day.told.team.values()) == set()


def test_the_data_folder_holds_no_address_name_or_token_that_can_be_read(day: Day) -> None:
    """Neither as text, in any of the ways a computer writes it, nor as a number."""
    for file, body in day.data.items():
        texts = [part.decode(code, "replace") for part in (body, body[1:]) for code in ("utf-8", "utf-16-le")]
        assert found(unreadable(day), *texts) == set(), file
        numbers = [int(each) for each in ADDRESSES.values() if each.isdigit()]
        assert [n for n in numbers if n.to_bytes(6, "big") in body or n.to_bytes(6, "little") in body] == [], file


def test_what_people_write_lies_in_the_database_alone(day: Day) -> None:
    places = {file for file, body in day.data.items() if found(TEXTS, body.decode("utf-8", "replace"))}
    assert places - set(day.rows) <= {"data/civicloop.sqlite3", "data/civicloop.sqlite3-wal"}
    assert set(day.rows) & places <= SAID


def test_a_backup_tells_nothing_of_anybody_without_its_secret(day: Day) -> None:
    """As it lies on a disk: neither who they are nor what they said."""
    body = day.backup.read_bytes()
    assert len(body) > 10_000
    everything = {**never(day), **TEXTS, "the secret of the backup": SECRET}
    for code in ("utf-8", "utf-16-le"):
        assert found(everything, body.decode(code, "replace")) == set()


def test_an_opened_backup_holds_what_was_said_and_no_address_name_or_token(day: Day, tmp_path: Path) -> None:
    """Whoever has the secret, too, and not the key file: all rows are back, in a database of their own."""
    url, secret = f"sqlite:///{tmp_path}/opened.sqlite3", SECRET.encode()
    contents = backups.check(day.backup, secret)
    assert contents.keys is None
    opened = Database.open(url)
    backups.prepare(opened, contents)
    with opened.transaction() as db:
        backups.fill(db, day.backup, secret, lambda *_: None)
    opened.close()
    rows = {table: body.decode("utf-8", "replace") for table, body in _rows(url).items()}
    assert sum(contents.rows.values()) > 100
    assert {table: found(unreadable(day), text) for table, text in rows.items() if found(unreadable(day), text)} == {}
    assert {table for table, text in rows.items() if found(TEXTS, text)} <= SAID
    assert found(TEXTS, rows["answers"]) != set(), "else nothing could be found"
