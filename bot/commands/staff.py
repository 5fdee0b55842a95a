"""`staff`: who has which role, which invitations wait, how both are taken away, and how somebody signs in anew."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from bot.clock import mint
from bot.commands.common import as_json, configured, many, office, show, table, wall_clock
from bot.errors import Refused, Usage
from bot.rights import EVERY_SERVICE, ROLES

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.commands.common import Office
    from bot.config import Config
    from storage.deletions import Entry
    from storage.looks import Looked
    from storage.people import Person, Role


_HASH = re.compile(r"[0-9a-f]{32,}")


@click.group()
def staff() -> None:
    """Who works with this installation: roles and invitations. "civicloop invite" adds somebody."""


@staff.command("list")
@configured
@as_json
def list_(config: Config, *, in_json: bool) -> None:
    """Name everybody with a role, how they are reached, and the invitations nobody has followed yet."""
    from storage import people

    with office(config) as here, here.database.reading() as db:
        known = [_told(db, person) for person in people.everyone(db) if person.name]
        waiting = people.invitations(db, wall_clock())
    if in_json:
        show({"people": known, "invitations": waiting})
        return
    table([("Number", "Who", "Roles", "Reached by"), *(tuple(each.values()) for each in known)])
    for one in waiting:
        until = one.expires_at.astimezone(config.city.zone)
        who = f" {one.name}" if one.name else ""
        click.echo(f"invitation {one.id}: {one.role} of {one.service}{who}, until {until:%Y-%m-%d %H:%M}")


def _told(db: Connection, person: Person) -> dict[str, str]:
    from storage import contacts, people

    roles = _roles(people.roles_of(db, person.id))
    channels = ", ".join(dict.fromkeys(contact.channel for contact in contacts.of_person(db, person.id)))
    return {
        "number": str(person.id),
        "name": person.name,
        "roles": roles or "none",
        "channels": channels or "the browser alone",
    }


@staff.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), help="Only this role. [default: all]")
@click.option("--service", help="Only for this service. [default: all]")
@configured
def remove(config: Config, name: str, role: str | None, service: str | None) -> None:
    """Take roles away from somebody. Who has none left is signed out, and their chats are those of a citizen again.

    What waits to be sent to them and is no longer theirs to read is not sent. Of citizens' words they were brought,
    nothing is kept here; what an app or a mailbox shows stays there.
    """
    from bot.parting import withhold
    from bot.rounds.acting import name_of
    from storage import deletions, looks, people

    with office(config) as here:
        person = _called(here, name)
        with here.database.transaction() as db:
            by, before = name_of(db, None, here.rounds.operator), people.roles_of(db, person.id)
            people.remove(db, person.id, role, service)
            left = people.roles_of(db, person.id)
            gone = [each for each in before if each not in left]
            now = wall_clock()
            for one in gone:
                about = {"role": one.role, "person": person.name, "number": person.id}
                looks.did(db, one.service, now, by, "role_taken", **about)
            deletions.record(here.keys, [_dismissed(here, person, one) for one in gone])
            if gone and left:
                withhold(db, person.id, now)
            elif gone:
                people.leave(db, person.id, now)
    if not gone:
        raise Refused(f'{person.name} has no such role. See "civicloop staff list".')
    click.echo(f"{person.name} keeps: {_roles(left)}" if left else f"{person.name} has no role any more.")


@staff.command()
@click.argument("name")
@configured
@as_json
def link(config: Config, name: str, *, in_json: bool) -> None:
    """Print a link by which somebody who has a role signs in anew, in a browser.

    NAME is who, or the number that "civicloop staff list" names. They stay who they are, with the roles they have.
    """
    from bot.menu.links import LASTS, SIGN_IN, sign_in_url
    from bot.rounds.acting import name_of
    from storage import looks, people

    token, now = mint(), wall_clock()
    with office(config) as here:
        person = _called(here, name)
        with here.database.transaction() as db:
            roles = people.roles_of(db, person.id)
            if not roles:
                raise Refused(f"{person.name} has no role. Give one: civicloop invite --help")
            new = people.Link(here.keys.token_hash(token), SIGN_IN, now, now + LASTS, person_id=person.id)
            people.add_link(db, new)
            by = name_of(db, None, here.rounds.operator)
            for service in dict.fromkeys(role.service for role in roles):
                looks.did(db, service, now, by, "sign_in_link_made", person=person.name, number=person.id)
    url = sign_in_url(config, token)
    if in_json:
        show({"web": url})
        return
    minutes = LASTS // timedelta(minutes=1)
    click.echo(f"Works once, for {minutes} minutes. Send it to {person.name}, by a way you trust.")
    click.echo(f"  in a browser:  {url}")


def _dismissed(here: Office, person: Person, role: Role) -> Entry:
    """Return what the log of deletions says of a role that is taken away, so that no restore gives it back."""
    from storage import deletions

    return deletions.Entry(wall_clock(), deletions.DISMISSED, deletions.role(here.keys, person, role))


def _roles(left: list[Role]) -> str:
    return ", ".join(f"{each.role} of {each.service}" for each in left)


def _called(here: Office, name: str) -> Person:
    """Return who is called so, or has this number. Raises `Refused` where nobody is, or more than one."""
    from storage import people

    with here.database.reading() as db:
        everyone = people.everyone(db)
    found = [each for each in everyone if name == str(each.id) or name.casefold() == each.name.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        raise Refused(f'several are called {name}: give the number that "civicloop staff list" names.')
    raise Refused(f'nobody is called {name}. See "civicloop staff list".')


@staff.command()
@click.option("--service", required=True, help="The service; '*' for roles that hold for all.")
@click.option(
    "--hash", "noted", metavar="HEX", help="Also prove that the look with this hash, noted earlier, is there."
)
@configured
@as_json
def looked(config: Config, service: str, noted: str | None, *, in_json: bool) -> None:
    """Say who looked at what citizens sent, or did what no round tells of, and prove that all is as it was written.

    The newest first: looks at answers, texts of a theme, photos and threads; roles, blocks, themes and actions.
    """
    from storage import actions, looks

    if service != EVERY_SERVICE:
        config.service(service)
    digest = _hash_of(noted)
    with office(config) as here, here.database.reading() as db:
        rows, proof = looks.of(db, service), looks.prove(db, service)
        there, other = not digest or looks.has(db, service, digest), actions.prove(db, service)
    if in_json:
        told = [{"at": row.at, "who": row.who, "what": json.loads(row.what), "answers": row.rows} for row in rows]
        whole = proof.wrong is None and other is None and there
        show({"looks": told, "whole": whole, "hash": proof.last.hex()})
    else:
        zone = config.city.zone
        table([(f"{row.at.astimezone(zone):%Y-%m-%d %H:%M}", row.who, _seen(row), _about(row)) for row in rows])
    if proof.wrong is not None:
        raise Refused(f"the log of looks at {service} is not as it was written, from look {proof.wrong} on.")
    if other is not None:
        raise Refused(f"the log of action {other} is not as it was written.")
    if not there:
        raise Refused(
            f"no look at {service} has the hash {noted}: the log was written anew, or the newest were taken out."
        )
    if not in_json:
        click.echo(f"All {proof.looks} are as they were written. Note the last hash: {proof.last.hex() or 'none yet'}")


def _seen(row: Looked) -> str:
    """Return how many answers were shown; of a deed what it was."""
    did = json.loads(row.what).get("did")
    return str(did).replace("_", " ") if did else many(row.rows, "answer")


def _about(row: Looked) -> str:
    """Return at what somebody looked, or what a deed is about, in words; hashes are for `--json`."""
    said = [(name.replace("_", " "), _worded(each)) for name, each in json.loads(row.what).items() if name != "did"]
    return ", ".join(f"{name} {each}" for name, each in said if each and not _HASH.fullmatch(each))


def _worded(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _hash_of(noted: str | None) -> bytes:
    """Return a hash that was noted. Raises `Usage` for what is none."""
    try:
        return bytes.fromhex(noted or "")
    except ValueError as error:
        raise Usage(f'"{noted}" is no hash: copy the letters and digits that this command named before.') from error


@staff.command()
@click.argument("number", type=int)
@configured
def withdraw(config: Config, number: int) -> None:
    """Let an invitation work no more; NUMBER is how "civicloop staff list" names it."""
    from bot.rounds.acting import name_of
    from storage import looks, people

    with office(config) as here, here.database.transaction() as db:
        now = wall_clock()
        known = {one.id: one for one in people.invitations(db, now)}
        gone = people.withdraw(db, number, now)
        if gone and (one := known.get(number)):
            by, about = name_of(db, None, here.rounds.operator), {"role": one.role, "person": one.name or ""}
            looks.did(db, one.service, now, by, "invitation_withdrawn", **about)
    if not gone:
        raise Refused(f'there is no invitation {number} that could still be followed. See "civicloop staff list".')
    click.echo(f"Nobody can follow invitation {number} any more.")


COMMANDS = (staff,)
