"""`round place`: where a round hangs out its code, and how many come by each place."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.commands.acting import acting, member_of, off_the_clock
from bot.commands.common import as_json, configured, office, show, wall_clock, write
from bot.errors import Refused

if TYPE_CHECKING:
    from bot.commands.common import Office
    from bot.config import Config


@click.command()
@click.argument("code")
@click.argument("names", nargs=-1, required=True)
@acting
@configured
@as_json
def place(config: Config, code: str, *, names: tuple[str, ...], member: str | None, in_json: bool) -> None:
    """Give places of a round codes of their own, as in "library, main door".

    `round show` tells then how many opened the code of each place, started and finished. No person is kept with a
    place, and fewer than five people are not told.
    """
    with office(config) as here:
        who = member_of(here, member, code)
        made = [here.rounds.add_place(code, name, who=who) for name in names]
        if in_json:
            show([{**asdict(each), "short": here.rounds.short_url(each.code)} for each in made])
        for each in [] if in_json else made:
            click.echo(f"{each.name}: {here.rounds.short_url(each.code)}")
        unreachable(here)


@click.command()
@click.argument("code")
@click.option(
    "--place", "where", default="", metavar="NAME", help="For this place of the round: its code counts there."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it into this .pdf file. [default: CODE.pdf]",
)
@configured
def poster(config: Config, code: str, *, where: str, out: Path | None) -> None:
    """Make the poster of a round: a PDF, one A4 page for each of its languages.

    It tells what the round is about, until when, and every way in: a QR code, an address to type, a telephone.
    """
    from bot.rounds.posters import poster as made

    with office(config) as here:
        paper = made(here.rounds, config, code, wall_clock(), where)
        unreachable(here)
    write(out or Path(f"{code}.pdf"), paper)


@click.command()
@click.argument("code")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--title", default="", help="What people read as the name of the file, where it is one. [default: FILE]")
@click.option("--remove", "gone", multiple=True, metavar="NAME", help="Take this document away, as in plan.pdf.")
@click.option("--why", default="", help="The reason, for the log of the round.")
@acting
@configured
def document(
    config: Config,
    code: str,
    *,
    files: tuple[Path, ...],
    title: str,
    gone: tuple[str, ...],
    why: str,
    member: str | None,
) -> None:
    """Add PDF files that people can read before they answer, until the round begins; without FILES list them.

    They stand on the public page of the round and in the folder that "round page" writes. A signature is void then.
    """
    from bot.rounds import papers

    with office(config) as here:
        who = member_of(here, member, code)
        for name in gone:
            here.rounds.detach(code, name, who=who, why=why)
        for file in files:
            said = title if len(files) == 1 else ""
            here.rounds.attach(code, file.name, _read(file), title=said, who=who, why=why)
        found = here.rounds.find(code)
        if found is None:
            raise Refused(f'there is no round with the code {code}. See them all: "civicloop round list"')
        for each in papers.of(found.record):
            click.echo(f"{each.name}: {each.title}")
        off_the_clock(here, code)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}.") from error


def unreachable(here: Office) -> None:
    """Say, beside what programs read, where nobody's phone can open the addresses of rounds."""
    if line := here.rounds.unreachable():
        click.echo(f"({line})", err=True)


def standings(here: Office, code: str) -> list[str]:
    """Return a line for each place of a round."""

    def told(count: int | None, few: int) -> str:
        return f"fewer than {few}" if count is None else str(count)

    return [
        f"place {each.name}: opened {told(each.seen, each.few)}, started {told(each.started, each.few)}"
        f", finished {told(each.finished, each.few)}, {here.rounds.short_url(each.code)}"
        for each in here.rounds.places(code)
    ]
