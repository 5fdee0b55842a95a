"""Commands for what nobody could handle: inbox list, retry, drop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot.commands.common import as_json, configured, office, show, table, wall_clock
from bot.errors import Refused, Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.commands.common import Office
    from bot.config import Config
    from storage.inbox import Stuck

ROWS = ("ROW", "RECEIVED (UTC)", "CHANNEL", "STATUS", "TRIES", "WHY")
_numbers = click.argument("rows", type=int, nargs=-1, metavar="[ROW]…")
_everything = click.option("--all", "every", is_flag=True, help="All that are listed.")


@click.group()
def inbox() -> None:
    """See to messages that could not be handled.

    They are kept, and shown here without their words.
    """


@inbox.command("list")
@configured
@as_json
def list_(config: Config, *, in_json: bool) -> None:
    """List what was given up or could not be read, oldest first."""
    with office(config) as here:
        found = _stuck(here)
    if in_json:
        show([row._asdict() for row in found])
    elif not found:
        click.echo("Every message has been handled.")
    else:
        table([ROWS, *map(_cells, found)])


@inbox.command()
@_numbers
@_everything
@configured
@as_json
def retry(config: Config, rows: tuple[int, ...], *, every: bool, in_json: bool) -> None:
    """Let messages be tried again, once what was wrong is put right.

    The running bot takes them within seconds. What somebody typed then counts as an answer to the question that
    stands in their chat now.
    """
    from storage import inbox as stored

    with office(config) as here:
        chosen = _chosen(here, rows, every=every)
        with here.database.transaction() as db:
            count = stored.retry(db, chosen)
    _report(in_json=in_json, done="retried", count=count)


@inbox.command()
@_numbers
@_everything
@configured
@as_json
def drop(config: Config, rows: tuple[int, ...], *, every: bool, in_json: bool) -> None:
    """Give messages up for good: their words are deleted."""
    from storage import inbox as stored

    with office(config) as here:
        chosen = _chosen(here, rows, every=every)
        with here.database.transaction() as db:
            count = stored.drop(db, chosen, wall_clock())
    _report(in_json=in_json, done="dropped", count=count)


def _stuck(here: Office) -> list[Stuck]:
    from storage import inbox as stored

    with here.database.reading() as db:
        return stored.stuck(db)


def _chosen(here: Office, rows: Sequence[int], *, every: bool) -> list[int]:
    """Return the rows that are meant. Raises `Usage` where none is named, `Refused` where one is not listed."""
    if every == bool(rows):
        raise Usage('name the rows that "civicloop inbox list" shows, or --all.')
    listed = [row.id for row in _stuck(here)]
    if strange := sorted(set(rows) - set(listed)):
        raise Refused(f'row {strange[0]} is none of those that "civicloop inbox list" shows.')
    return listed if every else list(rows)


def _report(*, in_json: bool, done: str, count: int) -> None:
    if in_json:
        show({done: count})
    else:
        click.echo(f"{count} {'message' if count == 1 else 'messages'} {done}.")


def _cells(row: Stuck) -> tuple[str, ...]:
    received = f"{row.received_at:%Y-%m-%d %H:%M}"
    return (str(row.id), received, row.channel, row.status, str(row.attempts), row.error or "")


COMMANDS = (inbox,)
