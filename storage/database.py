"""Engines and transactions: `with database.transaction() as db` writes, `with database.reading() as db` looks.

Errors, drawn:

StorageTrouble          one line for the operator: what is wrong with the database and what to do
├── Conflict            somebody else wrote the same in between, or waited for us as we for them: read again and repeat
├── Unopened            one sealed value fits none of our keys: that row is ill, the database is well
└── VersionChanged      a published flow version was edited: bump its version
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from sqlalchemy import ExceptionContext

PATIENCE: Final = 10.0
"""Seconds a writer waits for another one, or for a connection."""
STALLED: Final = 15.0
"""Seconds after which PostgreSQL ends a transaction whose process is stopped or frozen and holds others up."""
PRAGMAS: Final = (
    "synchronous=FULL",
    "foreign_keys=ON",
    "secure_delete=ON",
    "cache_size=-16384",
    "wal_autocheckpoint=8000",
)
"""SQLite's settings: durable, and nothing deleted stays readable. 16 MB of pages are remembered, and what changed
gathers in the log (32 MB) before it goes to its place: with a million sessions a turn takes a quarter less by that."""
SILENCE: Final = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}
"""How soon we notice (after 20 to 25 seconds) that a server's machine is gone without a word, as in a failover."""


class StorageTrouble(Exception):
    """The database cannot do what it should; the message is one line that says what to do."""


class Conflict(StorageTrouble):
    """Another writer was faster: nothing of this write happened; read again and repeat."""


class Unopened(StorageTrouble):
    """Something sealed fits none of the keys we have. It concerns that row alone: go on with the others."""


class VersionChanged(StorageTrouble):
    """A flow version that is already published came with another text."""


class Database:
    """One database, SQLite or PostgreSQL. Threads may share it; each takes its own connection."""

    def __init__(self, engine: Engine) -> None:
        """Wrap an engine; use `open` instead."""
        self.engine: Final = engine
        self._writer: Final = engine.execution_options(writes=True)
        self._reader: Final = _reader(engine)

    @classmethod
    def open(cls, url: str) -> Database:
        """Return the database at `url` (`sqlite:///path`, `postgresql://…`), its folder made. Does not connect yet."""
        parsed = _parse(url)
        if parsed.get_backend_name() == "sqlite":
            return cls(_sqlite(parsed))
        return cls(_postgresql(parsed))

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @property
    def shown(self) -> str:
        """Where the database is, as settings write it but without any password: for messages."""
        return self.engine.url.set(drivername=self.dialect).render_as_string(hide_password=True)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Write: commits at the end, rolls back on any exception. Raises `StorageTrouble` for what the world does."""
        with told(self.engine.url), self._writer.begin() as db:
            yield db

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Look at one consistent picture without holding up writers."""
        with told(self.engine.url), self._reader.begin() as db:
            yield db

    def tidy(self) -> None:
        """Let nothing deleted linger beside the database (SQLite: empty the write-ahead log)."""
        if self.dialect == "sqlite":
            with told(self.engine.url), self.engine.connect() as db:
                db.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


class Ongoing:
    """A transaction that somebody else has begun, in place of a database: what is done inside it is done with it.

    Each of its own transactions is whole or not at all; none is kept before the one around them is.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Write, and take back what was written on any exception."""
        with self._db.begin_nested():
            yield self._db

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Look at what stands now, with what has been written so far."""
        yield self._db


def fetch(db: Connection, words: str, parameters: Any = ()) -> list[tuple[Any, ...]]:  # noqa: ANN401 - the driver's
    """Return the rows of a statement in the driver's words, as the driver gives them. See `drive`."""
    cursor = drive(db, words, parameters)
    try:
        return list(cursor.fetchall())
    except db.dialect.loaded_dbapi.Error as error:
        raise _as_core_says(db, words, error, cursor) from error


def drive(db: Connection, words: str, parameters: Any = ()) -> Any:  # noqa: ANN401 - the driver's own
    """Hand a statement in the driver's words to the driver, and return its cursor; a list is executed row by row.

    For what every group of turns does, ten times: Core's way to a result and back costs 120 µs a statement, which was
    half of a lone turn. Errors are SQLAlchemy's, with nothing of what people wrote in them.
    """
    driver = db.connection
    cursor = driver.cursor()
    try:
        if isinstance(parameters, list):
            cursor.executemany(words, parameters)
        else:
            cursor.execute(words, parameters)
    except db.dialect.loaded_dbapi.Error as error:
        raise _as_core_says(db, words, error, cursor) from error
    return cursor


def _as_core_says(db: Connection, words: str, error: Exception, cursor: Any) -> Exception:  # noqa: ANN401 - the driver's
    dialect: Any = db.dialect
    gone = dialect.is_disconnect(error, db.connection, cursor)
    said = getattr(getattr(error, "diag", None), "message_primary", None)
    if said is not None:
        error.args = (said,)
    if gone:
        db.invalidate(error)
    base = dialect.loaded_dbapi.Error
    return DBAPIError.instance(
        words, None, error, base, hide_parameters=True, connection_invalidated=gone, dialect=dialect
    )


# --------------------------------------------------------------------------- engines


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        message = "database.url is no address of a database: write sqlite:///data/civicloop.db or postgresql://…"
        raise StorageTrouble(message) from None
    match parsed.get_backend_name():
        case "sqlite":
            return parsed.set(drivername="sqlite+pysqlite")
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            message = f"database.url begins with {other!r}: only sqlite and postgresql are supported"
            raise StorageTrouble(message)


def _sqlite(url: URL) -> Engine:
    if url.database and url.database != ":memory:" and not url.database.startswith("file:"):
        _make_private(Path(url.database))
    engine = create_engine(
        url, hide_parameters=True, connect_args={"timeout": PATIENCE, "check_same_thread": False}, pool_timeout=PATIENCE
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_private(file: Path) -> None:
    """Make the folder, and the file for its owner only: SQLite would let everybody read it."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
    except OSError as error:
        message = f"cannot make {file} for the database ({error.strerror}): check database.url"
        raise StorageTrouble(message) from error


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """Durable, readers beside one writer (WAL), and as `PRAGMAS` say."""
    with _or_closed(connection):
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={int(PATIENCE * 1000)}")
        _turn_on_wal(connection)
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")


@contextmanager
def _or_closed(connection: sqlite3.Connection | psycopg.Connection) -> Iterator[None]:
    """Leave no connection open that could not be prepared: nobody else would close it."""
    try:
        yield
    except Exception:
        connection.close()
        raise


def _turn_on_wal(connection: sqlite3.Connection) -> None:
    """Switching a new file to WAL does not wait for other openers by itself, so we do."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _begin_sqlite(db: Connection) -> None:
    """A writer queues up at once: a reader that turns writer in mid-transaction would fail without waiting."""
    writes = db.get_execution_options().get("writes", False)
    drive(db, "BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql(url: URL) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_timeout=PATIENCE,
        connect_args={"connect_timeout": 5, "application_name": "civicloop", **SILENCE},
    )
    event.listen(engine, "connect", _prepare_postgresql)
    event.listen(engine, "handle_error", _hide_rows)
    return engine


def _prepare_postgresql(connection: psycopg.Connection, _record: object) -> None:
    """Wait for no lock, and let nobody wait for us, without an end; and commit for good, whatever the server's habit.

    By `SET`, which connection poolers let through.
    """
    with _or_closed(connection):
        connection.execute(
            f"SET lock_timeout = {PATIENCE * 1000:.0f}; SET idle_in_transaction_session_timeout = {STALLED * 1000:.0f};"
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
        connection.commit()


def _hide_rows(context: ExceptionContext) -> None:
    """Keep what people wrote out of errors: in its details PostgreSQL quotes the row it refused."""
    said = getattr(getattr(context.original_exception, "diag", None), "message_primary", None)
    if said is not None and context.sqlalchemy_exception is not None:
        context.original_exception.args = (said,)
        context.sqlalchemy_exception.args = (said,)


def _reader(engine: Engine) -> Engine:
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


# --------------------------------------------------------------------------- trouble, in words


@contextmanager
def told(url: URL) -> Iterator[None]:
    """Turn what the driver says into a `StorageTrouble` with one line of help. Never shows a password."""
    try:
        yield
    except DBAPIError as error:
        help_ = _sqlite_help(error, url) if url.get_backend_name() == "sqlite" else _postgresql_help(error, url)
        if help_ is None:
            raise
        beaten = getattr(error.orig, "sqlstate", None) in _BEATEN
        raise (Conflict if beaten else StorageTrouble)(help_) from error
    except PoolTimeout as error:
        message = "all database connections are busy: the database is too slow or too many jobs run at once"
        raise StorageTrouble(message) from error


_SQLITE: Final = (
    (
        "disk is full",
        "the disk with {where} is full: make room; the bot goes on by itself, and nothing half-done is kept",
    ),
    ("locked", "{where} is locked by another program (a backup, a second bot?): it goes on when that has finished"),
    ("readonly", "{where} cannot be written: check the owner and the permissions of the file and its folder"),
    ("unable to open", "{where} cannot be opened: check that the folder exists and belongs to this user"),
    ("disk i/o", "the disk with {where} has errors or no room (a quota?): check the disk and the system log"),
    ("not a database", "{where} is no database, or a damaged one: check database.url, restore from a backup"),
    ("malformed", "{where} is damaged: restore it from a backup"),
    ("no such table", "{where} has no tables of this version yet: run `civicloop migrate`"),
    ("no such column", "{where} has no tables of this version yet: run `civicloop migrate`"),
)
"""What SQLite says, always in English, and what to do."""

_FULL: Final = "the disk of {where} is full: make room; the bot goes on by itself, and nothing half-done is kept"
_LESS: Final = "{where} has no connection left: raise max_connections or run fewer processes"
_NO_TABLE: Final = "{where} or one of its tables does not exist: create it, then run `civicloop migrate`"
_REFUSED: Final = "{where} refuses the user or the password: check database.url"
_GONE: Final = "{where} cannot be reached: is the server running, are host and port in database.url right?"

_BEATEN: Final = ("40P01", "40001")
"""PostgreSQL undid this write to let another one go on: done again, it may well work."""

_STATES: Final = (
    ("53100", _FULL),
    ("53300", _LESS),
    ("53", "{where} has not enough memory or room: see its log"),
    ("25006", "{where} only lets us read: is it a standby? Point database.url at the primary"),
    ("25P0", "{where} ended a transaction that took too long: see its log"),
    ("28", _REFUSED),
    ("3D000", _NO_TABLE),
    ("40P01", "{where} broke up two writers that waited for each other: try again"),
    ("40001", "{where} saw two writers at the same rows: try again"),
    ("42501", "{where} does not let this user work on its tables: grant the rights, or use their owner"),
    ("42P01", _NO_TABLE),
    ("42703", _NO_TABLE),
    ("55P03", "{where} is locked by another program (a migration, a backup?): it goes on when that has finished"),
    ("57014", "{where} stopped a statement that took too long: try again, see its log"),
    ("57P03", "{where} is starting up: try again in a moment"),
    ("57P", "{where} is shutting down: it goes on when the server is back"),
    ("58", "the server of {where} has trouble with its disk: see its log"),
    ("XX", "the server of {where} found something damaged: see its log, restore from a backup"),
    ("08", _GONE),
)
"""What PostgreSQL reports in five signs, the same in every language (its manual, appendix A), and what to do."""

_POSTGRESQL: Final = (
    ("password authentication failed", _REFUSED),
    ("no password supplied", "{where} wants a password: add it to database.url"),
    ("no pg_hba.conf entry", "{where} does not let this machine in: add it to pg_hba.conf"),
    ("does not exist", _NO_TABLE),
    ("no space left", _FULL),
    ("could not extend", _FULL),
    ("too many clients", _LESS),
    ("connection slots", _LESS),
    ("starting up", "{where} is starting up: try again in a moment"),
    ("shutting down", "{where} is shutting down: it goes on when the server is back"),
)
"""What is said where no connection came about, which has no state; in the server's language, so there is a rest."""


def _sqlite_help(error: DBAPIError, url: URL) -> str | None:
    return _help(_SQLITE, error, f"the database {url.database}")


def _postgresql_help(error: DBAPIError, url: URL) -> str | None:
    """Return help for what the world did; None for what is our own mistake, or of one row."""
    where = f"the database {url.database or ''} on {url.host or 'this machine'}:{url.port or 5432}"
    state = getattr(error.orig, "sqlstate", None)
    if state:
        known = next((line.format(where=where) for sign, line in _STATES if state.startswith(sign)), None)
    else:
        known = _help(_POSTGRESQL, error, where)
    lost = error.connection_invalidated or (state is None and type(error.orig).__name__ == "OperationalError")
    return known or (_GONE.format(where=where) if lost else None)


def _help(table: tuple[tuple[str, str], ...], error: DBAPIError, where: str) -> str | None:
    said = str(error.orig).lower()
    return next((line.format(where=where) for sign, line in table if sign in said), None)
