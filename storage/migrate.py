"""Bring a database to this program's version, forward and back, with Alembic and without its ini file.

Alembic is loaded where there is something to do: a start that finds the database up to date does without.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from sqlalchemy import inspect, text

from storage.database import StorageTrouble
from storage.tables import metadata

if TYPE_CHECKING:
    from types import ModuleType

    from alembic.config import Config
    from sqlalchemy import Connection

    from storage.database import Database

Standing: TypeAlias = Literal["empty", "behind", "current", "ahead", "unfinished"]
"""How a database stands to this program. `ahead`: a newer one wrote it; `unfinished`: a copy into it was cut short."""

_FOLDER: Final = Path(__file__).parent / "migrations"
_COPYING: Final = "copying "
"""Stands before the revision while a copy into the database is under way (see `storage.copying`)."""
_LOCK: Final = 7_215_506_108_113
"""Number of PostgreSQL's advisory lock under which one process at a time migrates; any number would do."""


def upgrade(database: Database) -> None:
    """Make or update all tables, in one transaction; several processes may do so at once.

    Raises `StorageTrouble` where the database was written by a newer program, or is half of a copy.
    """
    with database.transaction() as db:
        _one_at_a_time(db)
        match _standing(db):
            case "ahead":
                raise StorageTrouble(_newer(database))
            case "unfinished":
                raise StorageTrouble(_half(database))
            case "current":
                return
            case _:
                _commands().upgrade(_config(db), "head")


def downgrade(database: Database, revision: str = "base") -> None:
    """Go back to an older revision; `base` drops every table."""
    with database.transaction() as db:
        _one_at_a_time(db)
        _commands().downgrade(_config(db), revision)


def check(database: Database) -> Standing:
    """Tell how the database stands to this program; changes nothing."""
    with database.reading() as db:
        return _standing(db)


def refuse_newer(database: Database) -> None:
    """Raise `StorageTrouble` where a newer program wrote the database."""
    if check(database) == "ahead":
        raise StorageTrouble(_newer(database))


def begin_copy(database: Database) -> None:
    """Mark a database that has this program's tables: until the copy into it is whole, nothing starts on it."""
    with database.transaction() as db:
        _note(db, _COPYING + newest())


def end_copy(db: Connection) -> None:
    """Take the mark away: the copy is whole."""
    _note(db, newest())


def refuse_other_copy(database: Database) -> None:
    """Raise `StorageTrouble` where a copy was begun by another version, whose tables may be others."""
    with database.reading() as db:
        if _revision(db) != _COPYING + newest():
            raise StorageTrouble(
                f"the copy into {database.shown} was begun by another version: begin anew in an empty database"
            )


def newest() -> str:
    """Return the revision of this program."""
    return _known()[-1]


def differences(database: Database) -> list[str]:
    """Return what the database's tables lack or have beside `storage.tables`; empty where they agree."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415 - as the module says
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 - the same

    with database.transaction() as db:
        context = MigrationContext.configure(db, opts={"compare_type": True, "compare_server_default": True})
        return [str(difference) for difference in compare_metadata(context, metadata)]


def draft(database: Database, message: str, number: str) -> None:
    """Write the next revision's file for a change made in `storage.tables`, for a developer to read and correct."""
    with database.transaction() as db:
        _commands().revision(_config(db), message, autogenerate=True, rev_id=number)


def _newer(database: Database) -> str:
    return (
        f"the database {database.shown} is from a newer version of civicloop: "
        "install that version, or restore the backup made before it"
    )


def _half(database: Database) -> str:
    return (
        f"the copy into {database.shown} was not finished: give the same "
        '"civicloop migrate --from … --to …" again, it goes on where it was'
    )


def _one_at_a_time(db: Connection) -> None:
    """SQLite's writer is alone already. Whoever comes second waits as long as the first one takes."""
    if db.dialect.name == "postgresql":
        db.execute(text("SET LOCAL lock_timeout = 0"))
        db.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})


def _standing(db: Connection) -> Standing:
    revision = _revision(db)
    if revision is None:
        return "empty"
    if revision == newest():
        return "current"
    if revision.startswith(_COPYING):
        return "unfinished"
    return "behind" if revision in _known() else "ahead"


def _revision(db: Connection) -> str | None:
    """Return what Alembic noted in the database last; None before its first note."""
    if not inspect(db).has_table("alembic_version"):
        return None
    return db.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _note(db: Connection, revision: str) -> None:
    db.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def _known() -> list[str]:
    """Return the revisions this program has, oldest first: their files are named for them, `0001_the_loop.py`."""
    return sorted(file.name.partition("_")[0] for file in (_FOLDER / "versions").glob("[0-9]*.py"))


def _commands() -> ModuleType:
    from alembic import command  # noqa: PLC0415 - as the module says

    return command


def _config(db: Connection) -> Config:
    from alembic.config import Config  # noqa: PLC0415 - as the module says

    config = Config(attributes={"connection": db})
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
