"""Commands that set up, start and look after an installation: init, run, migrate, doctor, invite."""

from __future__ import annotations

import gc
import os
import re
import shlex
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.clock import mint
from bot.commands.common import FILE, as_json, configured, office, read, show, spoken, wall_clock
from bot.errors import Refused, Usage
from bot.rights import EVERY_SERVICE, ROLES

if TYPE_CHECKING:
    from datetime import datetime

    from bot.commands.common import Office
    from bot.config import Config

ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")
LINK_LASTS = timedelta(days=7)


@click.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False), default=Path("config.toml"))
def init(path: Path) -> None:
    """Write a config.toml to change.

    It holds every setting with its meaning and the sample city's value.
    """
    from bot.config import EXAMPLE

    left = None if FILE.exists() else _sample_data()
    try:
        with path.open("xb") as file:
            file.write(EXAMPLE.read_bytes())
    except FileExistsError:
        raise Refused(f"{path} is there already and stays as it is.") from None
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}.") from error
    click.echo(f"{path} is written. Change what differs in your city, then ask: civicloop doctor --config {path}")
    if left:
        click.echo(
            f"{left} holds what the sample city was asked and answered, its people and their roles; your city would"
            f" begin with it. Stop the bot, then: mv {shlex.quote(str(left))} {shlex.quote(str(_beside(left)))}"
        )


def _sample_data() -> Path | None:
    """Return the folder of the database that a start without a config.toml has made here; None: there is none."""
    try:
        file = read(None, os.environ).database.file
    except Usage:
        return None
    return file.parent if file and file.exists() and file.parent.resolve() != Path.cwd() else None


def _beside(folder: Path) -> Path:
    """Return a name for a folder to be moved to, one that there is not."""
    names = (folder.with_name(f"{folder.name}.sample{n or ''}") for n in count())
    return next(each for each in names if not each.exists())


@click.command()
@configured
def run(config: Config) -> None:
    """Start the bot: chats, pages, digests. Ctrl-C or SIGTERM stops it cleanly."""
    gc.disable()  # nothing of what is loaded now is garbage: a tenth less CPU to start
    try:
        from bot import app
    finally:
        gc.enable()
    app.main(config)


@click.command()
@click.option(
    "--from", "source", metavar="URL", help="Copy all that is in this database. [default: the configured one]"
)
@click.option("--to", "target", metavar="URL", help="Copy it into this empty one. [default: the configured one]")
@configured
@as_json
def migrate(config: Config, source: str | None, target: str | None, *, in_json: bool) -> None:
    """Bring the database to this version of the program. Back it up first.

    With --from or --to: copy an installation from one database into another, every row compared. The bot must not run.
    A copy that was cut short goes on when the command is given again; given after the end, it compares all once more.
    """
    from bot.commands import moving
    from storage import migrate as migrations
    from storage.database import Database

    if source or target:
        moving.move(config, source or config.database.url, target or config.database.url, in_json=in_json)
        return
    database = Database.open(config.database.url)
    try:
        migrations.upgrade(database)
        if in_json:
            show({"revision": migrations.newest()})
        else:
            click.echo("The database is up to date.")
    finally:
        database.close()


@click.command()
@configured
@as_json
def doctor(config: Config, *, in_json: bool) -> int:
    """Say what this installation lacks, and what to do about it."""
    from bot import doctor as doctors
    from flows.catalog import Catalog

    found = []
    for finding in doctors.examine(config, wall_clock(), Catalog.load(extra=config.flows.extra)):
        found.append(finding)
        if not in_json:
            click.echo(str(finding))
    if in_json:
        show(found)
    return int(any(finding.health is doctors.Health.FAIL for finding in found))


@click.command()
@click.option("--role", type=click.Choice(ROLES), required=True, help="What they may do: docs/roles.md.")
@click.option("--service", required=True, help="For which service; '*' for all.")
@click.option("--name", default="", help="Who it is for. They can also write their name themselves.")
@click.option("--mail", help="Where their digests go by mail.")
@click.option("--language", metavar="XX", help="The language they read. [default: the city's first]")
@configured
@as_json
def invite(config: Config, *, in_json: bool, **given: Any) -> None:  # noqa: ANN401 - the options, as click gives them
    """Print links that give somebody a role for a service.

    An organiser, an approver, a manager, or an operator, who hears what the installation lacks. Each link works once.
    """
    if given["mail"] and not ADDRESS.fullmatch(given["mail"]):
        raise Usage(f'"{given["mail"]}" is no mail address.')
    who = Invited(**{**given, "language": spoken(config, given["language"])})
    if who.service != EVERY_SERVICE:
        config.service(who.service)
    with office(config) as here:
        namesakes = _namesakes(here, who)
        person = _person(here, who) if who.mail else None
        if person not in namesakes:
            for number in namesakes:
                click.echo(
                    f"{who.name} is there already, as number {number}. These links are for somebody new. "
                    f"For {who.name} to sign in again: civicloop staff link {number}",
                    err=True,
                )
        now = wall_clock()
        links = {"web": f"{config.web.public_url}/manage/sign-in?token={_token(here, who, person, now)}"}
        if in_json or config.telegram.token:
            links["telegram"] = f"/start r_{_token(here, who, person, now)}"
    if in_json:
        show(links)
        return
    each, which = ("Each", "one of them") if "telegram" in links else ("It", "it")
    click.echo(f"{each} works once, for {LINK_LASTS.days} days. Send {which} to the {who.role}, by a way you trust.")
    click.echo(f"  in a browser:  {links['web']}")
    if "telegram" in links:
        click.echo(f"  in Telegram:   send the bot  {links['telegram']}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """Who is invited, to do what."""

    role: str
    service: str
    name: str
    mail: str | None
    language: str


def _namesakes(here: Office, who: Invited) -> list[int]:
    """Return the ids of those who have a role and are called like whoever is invited, the first known first."""
    from storage import people

    if not who.name:
        return []
    with here.database.reading() as db:
        called = [each.id for each in people.everyone(db) if each.name.casefold() == who.name.casefold()]
        return [each for each in called if people.roles_of(db, each)]


def _person(here: Office, who: Invited) -> int:
    """Keep somebody whose mail address is known already, and return their id."""
    from bot.rounds import addresses
    from bot.rounds.acting import name_of
    from storage import contacts, people

    spelt, now = addresses.spellings(str(who.mail)), wall_clock()
    keys = [("mail", here.keys.address_hash("mail", each)) for each in spelt]
    with here.database.transaction() as db:
        found = contacts.find(db, keys)
        known = next((found[key] for key in keys if key in found), None)
        person = known.person_id if known else None
        if person is None:
            person = people.add(db, who.name or who.role, who.language, now).id
        if known is None:
            row = contacts.NewContact(*keys[0], here.keys.seal(spelt[0]), who.language, now, person)
            contacts.add(db, [row])
        else:
            contacts.set_person(db, known.id, person)
        people.appoint(db, person, who.role, who.service, now, name_of(db, None, here.rounds.operator))
    return person


def _token(here: Office, who: Invited, person: int | None, now: datetime) -> str:
    """Keep a new one-time link and return its token."""
    from bot.rounds.acting import name_of
    from storage import looks, people

    token = mint()
    link = people.Link(
        here.keys.token_hash(token), "invite", now, now + LINK_LASTS, person, who.role, who.service, who.name or None
    )
    with here.database.transaction() as db:
        people.add_link(db, link)
        by = name_of(db, None, here.rounds.operator)
        looks.did(db, who.service, now, by, "invited", role=who.role, person=who.name)
    return token


COMMANDS = (init, run, migrate, doctor, invite)
