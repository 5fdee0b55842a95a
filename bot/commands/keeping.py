"""`round page`: the public page of a round as a folder that outlives the bot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.commands.common import configured, office, wall_clock, write
from bot.errors import Refused

if TYPE_CHECKING:
    from bot.config import Config


@click.command()
@click.argument("code")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder to write. [default: CODE]",
)
@configured
def page(config: Config, code: str, *, out: Path | None) -> None:
    """Write the public page of a round as a folder: in each of its languages, with its figures as open data.

    It needs no server: open index.html, or put the folder on any web site.
    """
    from bot.channels.web.round_page import RoundPage, is_public
    from bot.channels.web.words import Dictionary

    with office(config) as here:
        found = here.rounds.find(code)
        if found is None:
            raise Refused(f'there is no round with the code {code}. See them all: "civicloop round list"')
        if not is_public(here.rounds, found):
            raise Refused(f"{code} is {found.state}: it has no public page yet.")
        files = RoundPage(here.rounds, config, Dictionary.load(), wall_clock()).kept(found)
    for name, body in files.items():
        write((out or Path(code)) / name, body)
