"""Who acts at the command line: a member of staff who is named, else the operator, by their account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot import rights
from bot.errors import Refused, Usage
from bot.rights import EVERY_SERVICE, Right

if TYPE_CHECKING:
    from bot.commands.common import Office
    from bot.rounds.looking import RoundView

VARIABLE = "CIVICLOOP_AS"
"""The environment variable that names who acts where no `--as` does."""
_ACT = "act on rounds of"

acting = click.option(
    "--as",
    "member",
    metavar="NAME",
    envvar=VARIABLE,
    show_envvar=True,
    help="Who acts: a member of staff, by name or number. [default: the operator, by the account of this machine]",
)


def member_of(
    here: Office, name: str | None, code: str, right: Right = Right.LEAD_ROUNDS, *, to: str = _ACT
) -> int | None:
    """Return who acts on a round: the member of staff called so, who has the right; None: the operator.

    `to` says what they are about to do. Raises `Refused` where nobody of that name may
    do so, and for no such round.
    """
    if name is None:
        return None
    return member(here, name, found_round(here, code).service, right, to=to)


def found_round(here: Office, code: str) -> RoundView:
    """Return the round with this code. Raises `Refused` where there is none."""
    found = here.rounds.find(code)
    if found is None:
        raise Refused(f'there is no round with the code {code}. See them all: "civicloop round list"')
    return found


def member(
    here: Office, name: str | None, service: str = EVERY_SERVICE, right: Right = Right.LEAD_ROUNDS, *, to: str = _ACT
) -> int | None:
    """Return who acts for a service: the member of staff called so, who has the right; None: the operator."""
    if name is None:
        return None
    with here.database.reading() as db:
        known = {one.id: one.name for one in rights.who(db, right, service)}
    return one_called(name, known, to, rights.RULES[right].holders[0], service)


def signer(here: Office, name: str | None, code: str) -> int:
    """Return who signs a round. Raises `Usage` where nobody is named: an account signs nothing."""
    found = member_of(here, name, code, Right.SIGN_ROUNDS, to="approve rounds of")
    if found is None:
        raise Usage("say who signs: --as NAME, somebody who may approve rounds of the service and has not written it.")
    return found


def one_called(name: str, known: dict[int, str], to: str, role: str, service: str) -> int:
    """Return who of those `known` (id to name), who may do it by their role, is called so, or has that number.

    Raises `Refused` where nobody is, or more than one.
    """
    mine = [id_ for id_, called in known.items() if name == str(id_) or called.casefold() == name.casefold()]
    if len(mine) > 1:
        raise Refused(f'several are called {name}: give the number that "civicloop staff list" names.')
    if not mine:
        names = ", ".join(sorted(known.values())) or "nobody yet"
        raise Refused(
            f'"{name}" may not {to} {service}. May do so: {names}. '
            f"To let somebody: civicloop invite --role {role} --service {service} --name NAME"
        )
    return mine[0]


def off_the_clock(here: Office, code: str, *, aside: bool = False, next_too: bool = True) -> None:
    """Say of a round that was to open by itself that a change took it off; `aside`: beside what programs read.

    With `next_too` what to do next as well.
    """
    if not here.rounds.unscheduled(code):
        return
    click.echo(f"A change took {code} off the clock: it does not open by itself any more.", err=aside)
    if next_too:
        again = ["Then open it again: it opens on its first day.", f"  civicloop round open {code}"]
        if here.rounds.unsigned(code):
            again = ["Let a second person sign it anew:", f"  civicloop round approve {code} --as NAME", *again]
        for line in again:
            click.echo(line, err=aside)
