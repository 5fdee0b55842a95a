"""`round aim` and `round watch`: how many answers a round wants, and how far it has come."""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING

import click

from bot.commands.acting import acting, member_of
from bot.commands.common import as_json, configured, office, show, wall_clock
from bot.errors import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.config import Config
    from bot.rounds.fairness import Numbers, Table

READER = "en"
"""Language of what commands say."""


@click.command("aim")
@click.argument("code")
@click.option("--answers", type=click.IntRange(1), help="How many answers are wanted in all.")
@click.option(
    "--of",
    "groups",
    multiple=True,
    metavar="VARIABLE.GROUP=N",
    help="Of whom, as in area.harbour=120. [default: by who lives there, see civicloop margins]",
)
@acting
@configured
def aim(config: Config, code: str, *, answers: int | None, groups: tuple[str, ...], member: str | None) -> None:
    """Say how many answers a round wants, in all and of whom, in place of what was said before.

    Without options the round has no target any more. Groups of which nothing is said get their part by who lives there.
    """
    with office(config) as here:
        here.rounds.aim(code, answers, _targets(groups), who=member_of(here, member, code))
        for line in lines(here.rounds.numbers(code, READER)):
            click.echo(line)


def _targets(given: Iterable[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for one in given:
        name, equals, number = one.partition("=")
        variable, dot, group = name.strip().partition(".")
        if not (equals and dot and number.strip().isdecimal()):
            raise Usage(f'"{one}" is not VARIABLE.GROUP=N, as in area.harbour=120.')
        found.setdefault(variable, {})[group] = int(number)
    return found


@click.command("watch")
@click.argument("code")
@click.option("--every", type=click.IntRange(1, 3600), default=10, show_default=True, help="Seconds between two looks.")
@click.option("--times", type=click.IntRange(1), help="So many looks. [default: until Ctrl-C]")
@configured
@as_json
def watch(config: Config, code: str, *, every: int, times: int | None, in_json: bool) -> None:
    """Watch a round's numbers: reached, started, finished, where people stop, who is missing."""
    with office(config) as here:
        for look in range(times) if times else count():
            if look:
                time.sleep(every)
            numbers = here.rounds.numbers(code, READER)
            if in_json:
                show(numbers)
                continue
            click.echo(f"{code}, {wall_clock().astimezone(config.city.zone):%Y-%m-%d %H:%M:%S}")
            for line in lines(numbers):
                click.echo(f"  {line}")


def lines(numbers: Numbers) -> Iterator[str]:
    """Give a round's numbers, a line each: people, where they stop, groups, who is missing."""
    wanted = f" of {numbers.wanted} wanted" if numbers.wanted else ""
    yield (
        f"individuals: sent to {numbers.sent}, reached {numbers.reached}, started {numbers.started}, "
        f"finished {numbers.finished}{wanted}"
    )
    for stop in numbers.stops:
        yield f'about {stop.people} did not go on from "{stop.question}"'
    for table in numbers.tables:
        yield from _groups(table, numbers.minimum, invited=bool(numbers.sent))
    from bot.rounds.fairness import sentences

    for table, standing in numbers.missing:
        yield "missing: " + " ".join(sentences(table, standing, numbers.minimum, READER))


def _groups(table: Table, minimum: int, *, invited: bool) -> Iterator[str]:
    from bot.digests.representation import Verdict, per_hundred
    from bot.rounds.wording import standing as worded

    def told(number: int | None) -> str:
        return f"fewer than {minimum}" if number is None else f"about {number}"

    for each in table.found.standings:
        wanted = f" of {table.wanted[each.group]} wanted" if each.group in table.wanted else ""
        way = table.ways.get(each.group)
        came = f"started {told(way.started)}, " if way else ""
        came = f"sent to {told(way.sent)}, reached {told(way.reached)}, {came}" if way and invited else came
        name = f"{table.variable.key} {table.variable.label(each.group, READER)}"
        line = f"{name}: {came}answers {told(each.answers)}{wanted}"
        if each.residents is not None:
            shares = "" if each.share is None else f"{per_hundred(each.share)} of 100 answers, "
            line += f", {shares}{per_hundred(each.residents)} of 100 residents"
        ratio = "" if each.ratio is None else f" ({each.ratio:.2f})"
        yield line if each.verdict is Verdict.UNTOLD else f"{line}: {worded(READER, each.verdict)}{ratio}"
