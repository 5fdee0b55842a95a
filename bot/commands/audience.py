"""Who a round asks: options that say whom, and the audience in numbers."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bot.commands.acting import acting, member_of, off_the_clock
from bot.commands.common import Moment, as_json, configured, many, office, show, table
from flows.model import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.config import Config
    from bot.rounds.addresses import Read
    from bot.rounds.audience import Tally

Command = TypeVar("Command", bound="Callable[..., Any]")

SAID: Mapping[str, str] = {
    "quiet": "on the quiet list",
    "stopped": "sent STOP",
    "blocked": "blocked by staff",
    "unreachable": "cannot be reached any more",
    "channel": "on a channel this city does not use",
    "no_consent": "did not agree to be invited again",
    "asked": "asked about this service in the last 30 days",
    "another_today": "asked in another round on the last day",
    "declined": "said no before it was their turn, or is too young",
    "forgotten": "had everything about them deleted",
    "closed": "the round closed before it was their turn",
}
"""Why people are left out, for who sits at the command line."""

_OPTIONS = (
    click.option("--used", "services", multiple=True, metavar="SERVICE", help="Of those: who took part for it before."),
    click.option("--in-area", "areas", multiple=True, metavar="AREA", help="Who said that they live there."),
    click.option("--speaks", "languages", multiple=True, metavar="XX", help="Whose language it is."),
    click.option(
        "--in-stage",
        "stages",
        multiple=True,
        type=click.Choice([stage.value for stage in Stage]),
        help="Who took part in a round of this stage.",
    ),
    click.option(
        "--raised",
        "themes",
        multiple=True,
        metavar="WORD",
        help="Who wrote this word, chose an option with it, or raised the theme of this name.",
    ),
    click.option("--sample", type=click.IntRange(1), metavar="N", help="So many of them, by chance."),
    click.option("--seed", help="What chance starts from: the same seed draws the same people. [default: a new one]"),
)
_SENDING = (
    click.option("--spread-hours", type=click.IntRange(1, 1000), help="Invite over so many hours of the day."),
    click.option(
        "--remind",
        "reminds",
        type=Moment(),
        help="When to remind who is silent. [default: at half of the time, 3 days before the end or earlier]",
    ),
)


CLEARED = {"anybody": "whom", "at_once": "spread_hours", "usual_reminder": "remind_at"}
"""What an option lets a round forget: the option, and the fact it clears."""
_CLEARING = (
    click.option("--anybody", is_flag=True, help="Ask all who agreed again: forget --used and the like."),
    click.option("--at-once", is_flag=True, help="Invite at once again, not over hours."),
    click.option("--usual-reminder", is_flag=True, help="Remind at the usual moment again."),
)


def clearing_options(command: Command) -> Command:
    """Add the options that forget who of the audience is meant, and when they are asked."""
    for option in reversed(_CLEARING):
        command = option(command)
    return command


def cleared(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that are to be forgotten, with what stands in their place."""
    return {fact: {} if fact == "whom" else None for option, fact in CLEARED.items() if given[option]}


def asked_options(command: Command) -> Command:
    """Add the options that say who of the audience is meant, and when they are asked."""
    for option in reversed((*_OPTIONS, *_SENDING)):
        command = option(command)
    return command


def meant(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed of who is meant; empty: nothing."""
    names = ("services", "areas", "languages", "stages", "themes", "sample", "seed")
    return {name: given[name] for name in names if given[name]}


@click.command("audience")
@click.argument("code")
@configured
@as_json
def audience(config: Config, code: str, *, in_json: bool) -> None:
    """Show how many a round asks, who is left out and why. Nothing is sent by it.

    Before the round opens these are the numbers as they would be now.
    """
    with office(config) as here:
        found, gone = here.rounds.audience(code), here.rounds.long_ago(code)
    if in_json:
        show({**asdict(found), "people": found.people})
        return
    click.echo(
        f"{code}: an audience of {many(found.people, 'person') if found.people == 1 else f'{found.people} people'}"
    )
    table(list(lines(found)))
    if found.step:
        click.echo(f"It is chosen among those who agreed: numbers come in steps of {found.step}, rounded down.")
    if gone:
        closed = f"{many(gone, 'round')} closed {config.privacy.close_days} days ago or earlier"
        click.echo(f"{closed}: nobody knows any more who took part there.")


@click.command("list-in")
@click.argument("code")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--ground", required=True, help="On which legal ground the city may write to these addresses.")
@click.option("--leave-out", is_flag=True, help="Take in the good rows although others are bad.")
@acting
@configured
@as_json
def list_in(
    config: Config, code: str, file: Path, *, ground: str, leave_out: bool, member: str | None, in_json: bool
) -> int:
    """Take a CSV of mail addresses that the city holds into a round's audience.

    Columns: mail, and if you like language (a code, as in es or es-ES) and zone (as in Europe/Madrid). STOP and the
    quiet list win over it; the same file twice adds nobody. While a row is bad nothing is taken in, unless you say
    --leave-out.
    """
    with office(config) as here, ExitStack() as bars:
        looked, taken = (_bar(bars, f"{word} {file}") for word in ("looking through", "taking in"))
        who = member_of(here, member, code)
        seen, new = here.rounds.receive(code, file, ground, leave_out=leave_out, looked=looked, taken=taken, who=who)
        off_the_clock(here, code, aside=True)
    refused = bool(seen.bad) and not leave_out
    if in_json:
        show({**asdict(seen), "new": new})
    else:
        for row, kind in (*seen.faults, *seen.odd):
            click.echo(f"row {row}: {FAULTS[kind]}")
        if seen.unknown > len({row for row, _ in seen.odd}):
            click.echo(f"{many(seen.unknown, 'row')} with an unknown language or zone: only the first are named.")
        counted = f"{seen.good} good, {seen.broken} broken, {seen.foreign} foreign, {seen.twice} twice"
        click.echo(f"{counted}. " + (REFUSED if refused else f"{new} new in the audience of {code}."))
    return int(refused)


def _bar(shown: ExitStack, label: str) -> Read:
    """Return what draws a bar on standard error: from the first it hears, and in place of what was `shown` before."""
    bars: list[Any] = []

    def heard(more: int, of: int) -> None:
        if not bars:
            shown.close()
            bars.append(shown.enter_context(click.progressbar(length=of, label=label, file=sys.stderr)))
        bars[0].update(more)

    return heard


@click.command("list-out")
@click.argument("code")
@click.option("--why", default="", help="The reason, for the log of the round.")
@acting
@configured
def list_out(config: Config, code: str, *, why: str, member: str | None) -> None:
    """Take all lists out of a round's audience again, as long as nobody was asked.

    A signature is void then: whom a round asks is part of what was signed.
    """
    with office(config) as here:
        gone = here.rounds.take_away(code, why, who=member_of(here, member, code))
        click.echo(f"{gone} taken out of the audience of {code}.")
        off_the_clock(here, code, aside=True)


@click.command("quiet")
@click.argument("mails", nargs=-1, required=True, metavar="MAIL...")
@configured
def quiet(config: Config, mails: tuple[str, ...]) -> None:
    """Put mail addresses on the quiet list: whoever answered STOP to a mail is never written to again.

    The list holds a hash and a date of each, nothing else.
    """
    with office(config) as here:
        click.echo(f"{many(here.rounds.hush(mails), 'mail')} new on the quiet list.")


FAULTS = {
    "broken": "no mail address",
    "foreign": "letters before the @ that mail servers do not take",
    "twice": "there already, further up",
    "language": "a language that the city does not speak: taken as the city's first",
    "zone": "no time zone: taken as the city's",
}
REFUSED = "Nothing was taken in: mend the rows, or leave them out with --leave-out."


def lines(found: Tally) -> list[tuple[str, ...]]:
    """Return the numbers of an audience as rows; they add up to it."""
    counted = [("to be asked", found.waiting), ("asked", found.invited), ("answered", found.answered)]
    failed = [(f"not delivered: {why}", count) for why, count in sorted(found.failed.items())]
    excluded = [(f"left out: {SAID.get(why, why)}", count) for why, count in sorted(found.excluded.items())]
    return [(f"{count:>7}", said) for said, count in (*counted, *failed, *excluded)]
