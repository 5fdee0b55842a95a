"""Commands that keep an installation safe: change its keys, back it up, restore it."""

from __future__ import annotations

import os
import sys
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import click

from bot.clock import mint, rehearse
from bot.commands.common import as_json, configured, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bot.config import Config


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


COMMANDS = (keys_,)
