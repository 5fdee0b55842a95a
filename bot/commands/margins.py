"""`margins`: who lives in the city, so that rounds see who is missing."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.commands.acting import acting, member, member_of
from bot.commands.common import as_json, configured, many, office, show, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.commands.common import Office
    from bot.config import Config
    from bot.rounds.margins import Margin

_why = click.option("--why", default="", help="The reason, for the log: needed where other numbers stood there.")
_round = click.option("--round", "code", metavar="CODE", help="For this round alone. [default: for all of the city's]")


@click.group("margins")
def margins() -> None:
    """Say who lives in the city: then each round tells who answers less than they are many."""


@margins.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--source", required=True, help='Where the numbers come from, as in "Census 2021, table 4".')
@click.option("--date", "on", required=True, metavar="DAY", help="Of which day they are, as in 2021-03-21.")
@_why
@_round
@acting
@configured
def read(config: Config, file: Path, source: str, on: str, why: str, code: str | None, member: str | None) -> int:
    """Take in a CSV: variable, group, and people or percent, a row for each group.

    A variable is area, language, age or another question about the person; with --round, also a question of its own
    with options. A group is an option's id or label; rest is everybody else who lives there. The file takes the place
    of what was said by the same variables. While a row is bad nothing is taken in.
    """
    from bot.errors import Refused
    from bot.rounds import addresses
    from bot.rounds import margins as tables
    from bot.rounds.wording import Forbidden

    try:
        if file.stat().st_size > tables.LARGEST:
            raise Forbidden("margin_rows", most=tables.MOST_ROWS)
        text = file.read_text(encoding=addresses.encoding(file))
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Refused(f"{file} cannot be read: save it as CSV in UTF-8.") from error
    with office(config) as here:
        lines = tables.table(text)
        slips = here.rounds.weigh(lines, source, on, code=code, who=_who(here, member, code), why=why)
    for slip in slips:
        click.echo(f"row {slip.row}: {slip.said('en')}")
    click.echo(REFUSED if slips else f"{many(len(lines), 'group')} taken in.")
    return int(bool(slips))


@margins.command("list")
@_round
@configured
@as_json
def list_(config: Config, code: str | None, *, in_json: bool) -> None:
    """List who lives in the city, or what a round goes by, with the source and day of the numbers.

    Of the city it says below who has entered and forgotten what, when and why.
    """
    with office(config) as here:
        found, said = here.rounds.margins(code), here.rounds.weighings()
    if in_json:
        show([asdict(each) for each in found.values()])
    elif found:
        table([("VARIABLE", "GROUP", "NUMBER", "OF 100", "OF", "SOURCE"), *_rows(found)])
    else:
        click.echo('Nobody has said yet who lives here. Say it: "civicloop margins read --help"')
    for one in [] if in_json or code else said:
        because = f": {one.why}" if one.why else ""
        click.echo(f"{one.variable} {one.what} by {one.who}, {one.at.astimezone(config.city.zone):%Y-%m-%d}{because}")


@margins.command()
@click.argument("variable")
@_why
@_round
@acting
@configured
def forget(config: Config, variable: str, why: str, code: str | None, member: str | None) -> None:
    """Forget who lives in the city by one variable, as in area."""
    with office(config) as here:
        here.rounds.unweigh(variable, code=code, who=_who(here, member, code), why=why)
    click.echo(f"{variable} forgotten.")


def _who(here: Office, name: str | None, code: str | None) -> int | None:
    """Return who says it of a round, or (who organises for all services) of the city."""
    return member(here, name) if code is None else member_of(here, name, code)


REFUSED = "Nothing was taken in: mend the rows and give the file again."


def _rows(found: Mapping[str, Margin]) -> Sequence[tuple[str, ...]]:
    return [
        (name, group, f"{number:g}", f"{100 * margin.share(group):.1f}", margin.on, margin.source)
        for name, margin in found.items()
        for group, number in margin.groups.items()
    ]


COMMANDS = (margins,)
