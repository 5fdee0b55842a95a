"""How `restore` goes: prove the backup, then fill, replay and forget in one transaction."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.clock import mint
from bot.commands.common import wall_clock
from bot.errors import Refused
from storage import backups, crossings, deletions, retention, unlocking
from storage.database import Database
from storage.sealing import KeyFile, Keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from sqlalchemy import Connection

    from bot.config import Config
    from storage.backups import Contents
    from storage.deletions import Entry


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back, and what was done again since."""

    contents: Contents
    replayed: Mapping[str, int]
    staff: tuple[tuple[str, str], ...]
    """Who has which roles now."""
    torn: tuple[str, ...] = ()
    """Which lines of the logs were passed over, as a power cut had left them without their end."""


def logs_of(config: Config, given: tuple[Path, ...], *, without: bool) -> tuple[Path, ...]:
    """Return the logs of deletions to go by. Raises `Refused` where there is none, unless that is what is meant."""
    if without:
        return ()
    found = given or (deletions.beside(config.privacy.key_file),)
    for file in found:
        if not file.exists():
            raise Refused(
                f"there is no log of deletions {file}: put its copy back, or name it with --deletions. Without it "
                "people who have gone since the backup come back; if nobody has, give --without-deletions"
            )
    return found


def restore(config: Config, file: Path, secret: bytes, logs: Iterable[Path]) -> Restored:
    """Restore a backup. Raises `Refused` and `StorageTrouble` for what cannot be; then the database is as it was."""
    from bot.commands.moving import refuse_used
    from bot.commands.safekeeping import counted

    contents = backups.check(file, secret)
    _refuse_old(config, contents)
    with closing(Database.open(config.database.url)) as database:
        backups.prepare(database, contents)
        refuse_used(database)
        keys = _keys(config, contents)
        with database.transaction() as db:
            with counted(contents.rows) as see:
                backups.fill(db, file, secret, see)
            if not unlocking.fits(db, keys):
                raise Refused(
                    f"the key file {config.privacy.key_file} is not that of the backup: put back the one of that time, "
                    "or take a backup made after the keys were changed"
                )
            entries, torn = _logged(logs)
            replayed = _replayed(db, config, keys, entries)
            staff = _staff(db)
            crossings.passed("restore.does")
        crossings.passed("restore.did")
        database.tidy()
    return Restored(contents, replayed, staff, torn)


def _logged(logs: Iterable[Path]) -> tuple[list[Entry], tuple[str, ...]]:
    """Return what logs hold, and which of their lines were torn."""
    entries: list[Entry] = []
    torn: list[str] = []
    for file in logs:
        numbers: list[int] = []
        entries += deletions.read(file, numbers.append)
        torn += [f"line {number} of {file}" for number in numbers]
    return entries, tuple(torn)


def _staff(db: Connection) -> tuple[tuple[str, str], ...]:
    from storage import people

    roles = ((one.name, people.roles_of(db, one.id)) for one in people.everyone(db))
    return tuple((name, ", ".join(f"{each.role} of {each.service}" for each in had)) for name, had in roles if had)


def _refuse_old(config: Config, contents: Contents) -> None:
    oldest = wall_clock() - timedelta(days=config.privacy.backup_days)
    if contents.at < oldest:
        raise Refused(
            f"the backup is of {contents.at:%Y-%m-%d}: the log of deletions does not reach back so far, and people who "
            f"have gone would come back. Take one of the last {config.privacy.backup_days} days ([privacy] backup_days)"
        )


def _keys(config: Config, contents: Contents) -> Keys:
    """Return the keys; where the file is lost and the backup has it, put it back. Raises `Refused` where neither."""
    file = config.privacy.key_file
    if not file.exists():
        if contents.keys is None:
            raise Refused(f"there is no key file {file}, and none in the backup: put its copy back first")
        unlocking.put_back(file, contents.keys)
    unlocking.refuse_changing(file)
    return Keys(*KeyFile.read(file))


def _replayed(db: Connection, config: Config, keys: Keys, entries: list[Entry]) -> dict[str, int]:
    """Do again what was done since, and forget what is past its date."""
    from bot.erasure import Eraser, policy_of
    from bot.replaying import Replay
    from bot.rounds import addresses
    from bot.rounds.library import Library
    from flows.catalog import Catalog

    now = wall_clock()
    library = Library(config, Catalog.load(extra=config.flows.extra), keys)
    library.learn(db)
    done = Replay(db, keys, Eraser(library, mint), entries, now).run()
    retention.forget(db, now, policy_of(config.privacy), keys, addresses.plain)
    return dict(done)
