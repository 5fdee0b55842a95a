"""Commands that keep an installation safe: change its keys, back it up, restore it."""

from __future__ import annotations

import os
import sys
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot import clock
from bot.clock import mint, rehearse
from bot.commands.common import as_json, configured, interactive, show, wall_clock
from bot.errors import Refused, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bot.config import Config
    from storage.backups import Contents


@click.group("keys")
def keys_() -> None:
    """The keys that seal addresses and all that finds a person."""


@keys_.command()
@configured
@as_json
def rotate(config: Config, *, in_json: bool) -> None:
    """Change the keys: everything sealed is sealed anew, and the old key is dropped.

    Do so when somebody who could read the key file leaves, or when others may have seen it. The bot must not run. Cut
    short, it goes on when the command is given again; until then no bot starts. Backups made before need the key file
    of before: make a new one afterwards.
    """
    from bot.commands.moving import refuse_used
    from storage import migrate, rotation, unlocking
    from storage.database import Database

    rehearse(os.environ)
    file = config.privacy.key_file
    with closing(Database.open(config.database.url)) as database:
        migrate.upgrade(database)
        if not file.exists():
            unlocking.unlock(database, file, mint)
        unlocking.check(database, file)
        refuse_used(database)
        anew = rotation.begin(file, mint)
        refuse_used(database)
        rows = rotation.counts(database)
        if not anew and not in_json:
            click.echo("The change that was begun before goes on.")
        changed = unread = 0
        with counted(rows) as see:
            for step in rotation.carry(database, file):
                see(step.table, step.rows)
                changed, unread = changed + step.changed, unread + step.unread
        rotation.end(database, file)
    if in_json:
        show({"changed": changed, "unread": unread, "rows": sum(rows.values())})
        return
    click.echo(f"The keys in {file} are new: {changed} rows sealed anew. The old key opens nothing any more.")
    if unread:
        click.echo(f"{unread} rows fitted no key before either, and were left as they are.")
    click.echo("Copy the key file to its safe place, and to every machine the bot runs on. Then make a new backup.")


@contextmanager
def counted(rows: Mapping[str, int]) -> Iterator[Callable[[str, int], None]]:
    """Give what takes (table, how many more of its rows are done): a bar at a terminal, else a line for each table."""
    if not sys.stderr.isatty():
        yield _lines(rows)
        return
    total = sum(rows.values())
    with click.progressbar(length=total, show_pos=True, item_show_func=_named, file=sys.stderr) as bar:

        def forward(name: str, more: int) -> None:
            bar.update(more, name)

        yield forward


def _named(table: str | None) -> str:
    return table or ""


def _lines(rows: Mapping[str, int]) -> Callable[[str, int], None]:
    left = dict(rows)

    def forward(name: str, more: int) -> None:
        left[name] -= more
        if left[name] <= 0:
            click.echo(f"{name}: {rows[name]} rows", err=True)

    return forward


# --------------------------------------------------------------------------- backups


_secret_file = click.option(
    "--secret-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file that holds the secret, for commands that a clock gives. [default: it is asked for]",
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_secret_file
@click.option(
    "--check", is_flag=True, help="Write nothing: read the backup FILE to its end, and say whether it is whole."
)
@click.option(
    "--with-keys",
    is_flag=True,
    help="Put the key file inside, too. Whoever has the backup and its secret then has every address: without it they"
    " have answers, and nobody to go with them.",
)
@configured
@as_json
def backup(
    config: Config, file: Path, secret_file: Path | None, *, check: bool, with_keys: bool, in_json: bool
) -> None:
    """Write the whole database, as it is at this moment, into one encrypted FILE. The bot may run meanwhile.

    The key file is not inside, nor are the files of [database] files (pictures, recordings, documents of rounds): copy
    those by themselves. Without the secret nobody opens the backup, you neither. Delete backups that are older than
    [privacy] backup_days: they are refused.
    """
    from storage import backups, copying

    rehearse(os.environ)
    secret = _secret(secret_file, new=not check)
    if check:
        _show_contents(file, backups.check(file, secret), "whole", in_json=in_json)
        return
    if file.exists():
        raise Refused(f"{file} is there already and stays as it is: name another file.")
    with closing(copying.open_source(config.database.url)) as database:
        held = config.privacy.key_file.read_bytes() if with_keys else None
        with counted(backups.count(database)) as see:
            made = backups.write(database, file, secret, wall_clock(), see, held, clock.salt())
    _show_contents(file, made, "written", in_json=in_json)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@_secret_file
@click.option(
    "--deletions",
    "logs",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A log of deletions; one for each machine the bot ran on. [default: deletions.log beside the key file]",
)
@click.option(
    "--without-deletions",
    is_flag=True,
    help="Restore although the log of deletions is lost: people who have gone since the backup come back.",
)
@configured
@as_json
def restore(
    config: Config,
    file: Path,
    secret_file: Path | None,
    logs: tuple[Path, ...],
    *,
    without_deletions: bool,
    in_json: bool,
) -> None:
    """Bring the backup FILE back into an empty database, and let nobody come back who has gone since.

    First the backup is read to its end. Then everything is one transaction: the rows, the deletions and STOPs made
    since (from the log beside the key file), and what is past its date. Killed anywhere, nothing has happened: give the
    command again. The key file must be in its place, unless it is inside the backup.
    """
    from bot.commands import restoring

    rehearse(os.environ)
    secret = _secret(secret_file, new=False)
    done = restoring.restore(config, file, secret, restoring.logs_of(config, logs, without=without_deletions))
    if in_json:
        rows = sum(done.contents.rows.values())
        told = {"rows": rows, "at": done.contents.at, "since": done.replayed, "staff": dict(done.staff)}
        show(told | ({"torn": done.torn} if done.torn else {}))
        return
    click.echo(f"{sum(done.contents.rows.values())} rows of {done.contents.at:%Y-%m-%d %H:%M} UTC are back.")
    said = ", ".join(f"{what} {times}" for what, times in sorted(done.replayed.items()))
    click.echo(f"Done again of what was done since: {said or 'nothing'}.")
    for line in done.torn:
        click.echo(f"Passed over, as a power cut had left it without its end and nothing of it was done: {line}.")
    for name, roles in done.staff:
        click.echo(f"{name} is {roles}.")
    click.echo(
        "Everybody signs in anew. Links to a role are made anew, and roles that were given since: look through them."
    )
    files = f"the pictures, recordings and documents back into {config.database.files}"
    click.echo(f"Now put {files}, ask civicloop doctor, and start the bot.")


def _secret(file: Path | None, *, new: bool) -> bytes:
    """Return the secret of a backup: from its file, else from who sits at the keyboard."""
    from storage.backups import MINIMUM

    if file is not None:
        try:
            secret = file.read_bytes().strip()
        except OSError as error:
            raise Usage(f"the secret {file} cannot be read ({error.strerror}).") from error
    elif interactive():
        secret = str(click.prompt("Secret", hide_input=True, confirmation_prompt=new, err=True)).encode()
    else:
        raise Usage("Nobody is here to type the secret: give --secret-file.")
    if len(secret) < MINIMUM:
        raise Usage(f"the secret is too short: {MINIMUM} signs or more.")
    return secret


def _show_contents(file: Path, contents: Contents, what: str, *, in_json: bool) -> None:
    rows = sum(contents.rows.values())
    if in_json:
        show({"file": file, "at": contents.at, "rows": rows, "keys": contents.keys is not None})
        return
    click.echo(f"{file} is {what}: {rows} rows of {contents.at:%Y-%m-%d %H:%M} UTC.")
    if contents.keys is not None:
        click.echo("The key file is inside: keep it as you keep the key file.")
    else:
        click.echo("The key file is not inside: without a copy of it the backup is of no use.")


COMMANDS = (keys_, backup, restore)
