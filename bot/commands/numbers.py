"""`round aim` and `round watch`: how many answers a round wants, and how far it has come."""

from __future__ import annotations

import shutil
import sys
import time
from dataclasses import asdict
from itertools import count
from typing import TYPE_CHECKING

import click

from bot.commands.acting import acting, member_of
from bot.commands.common import as_json, configured, office, show, wall_clock
from bot.errors import Usage
from bot.rounds.lifecycle import RUNNING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from bot.commands.common import Office
    from bot.config import Config
    from bot.rounds.fairness import Numbers, Table
    from bot.rounds.sending import Sending

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
@click.option(
    "--why", default="", help="The reason, for the log: needed where a round past its draft had other targets."
)
@acting
@configured
def aim(
    config: Config, code: str, *, answers: int | None, groups: tuple[str, ...], why: str, member: str | None
) -> None:
    """Say how many answers a round wants, in all and of whom, in place of what was said before.

    Without options the round has no target any more. Groups of which nothing is said get their part by who lives there.
    """
    with office(config) as here:
        here.rounds.aim(code, answers, _targets(groups), who=member_of(here, member, code), why=why)
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
@click.option("--every", type=click.IntRange(1, 3600), help="Seconds between two looks. [default: 10; for a bar 1]")
@click.option("--times", type=click.IntRange(1), help="So many looks. [default: until nobody is left to ask]")
@configured
@as_json
def watch(config: Config, code: str, *, every: int | None, times: int | None, in_json: bool) -> None:
    """Watch a round: how far its invitations are, then reached, started, finished, where people stop, who is missing.

    As long as anybody is to be asked, a terminal shows a bar with who waits until morning and when the last invitation
    leaves at the permitted pace; elsewhere it is a line. It ends when nobody is left to ask or the round is over. Of a
    round that has nobody left to ask, --every shows the numbers until it is over, or Ctrl-C.
    """
    with office(config) as here:
        seen(here, code, every, times, in_json=in_json)


def seen(here: Office, code: str, every: int | None = None, times: int | None = None, *, in_json: bool = False) -> None:
    """Show a round again and again: its sending until it is done, or `times` looks at its numbers."""
    found = here.rounds.find(code)
    asks = found is not None and found.state in RUNNING and not here.rounds.sending(code).done
    if asks and sys.stderr.isatty() and not (times or in_json):
        _bar(here, code, every or 1)
        _numbers(here, code, in_json=False)
        return
    for look in range(times) if times else count():
        if look:
            time.sleep(every or 10)
        _numbers(here, code, in_json=in_json)
        sending = here.rounds.sending(code)
        if not times and (sending.over if every and not asks else sending.done):
            return


def _numbers(here: Office, code: str, *, in_json: bool) -> None:
    numbers, sending = here.rounds.numbers(code, READER), here.rounds.sending(code)
    zone = here.config.city.zone
    if in_json:
        show({**asdict(numbers), "sending": sending})
        return
    click.echo(f"{code}, {wall_clock().astimezone(zone):%Y-%m-%d %H:%M:%S}")
    if sending.people:
        steps = f"; in steps of {sending.step}, rounded down" if sending.step else ""
        click.echo(f"  asked: {'; '.join(_said(sending, zone, wall_clock()))}{steps}")
    for line in lines(numbers):
        click.echo(f"  {line}")


def _bar(here: Office, code: str, every: int) -> None:
    """Draw a bar on standard error until all are asked or the round is over."""
    sending, zone = here.rounds.sending(code), here.config.city.zone
    with click.progressbar(
        length=max(sending.people, 1),
        label=code,
        width=_WIDE,
        show_eta=False,
        update_min_steps=0,
        item_show_func=lambda now: now and _fitting(_said(now, zone, wall_clock()), len(code)),
        file=sys.stderr,
    ) as bar:
        while True:
            bar.length = max(sending.people, 1)
            bar.update(sending.sent - bar.pos, sending)
            if sending.done:
                return
            time.sleep(every)
            sending = here.rounds.sending(code)


_WIDE = 16
"""Letters of a bar: beside it stands more that matters."""


def _fitting(parts: Sequence[str], label: int) -> str:
    """Return as many parts as a line of the terminal has room for, the most telling first."""
    room, said = shutil.get_terminal_size().columns - label - _WIDE - 12, ""
    for part in parts:
        longer = f"{said}, {part}" if said else part
        said = longer if len(longer) <= room else said
    return said


def _said(sending: Sending, zone: ZoneInfo, now: datetime) -> list[str]:
    """Return how far the invitations are, in parts."""
    parts = [f"sent to {sending.sent} of {sending.people}"]
    if sending.over and sending.waiting:
        return [*parts, f"over, {sending.waiting} never asked", *_came(sending)]
    if sending.asleep and sending.wakes_at:
        parts.append(f"{sending.asleep} wait until {_hour(sending.wakes_at, zone, now)}")
    if sending.ends_at:
        parts.append(f"last about {_hour(sending.ends_at, zone, now)}")
    return [*parts, *_came(sending)]


def _came(sending: Sending) -> list[str]:
    return [f"{sending.failed} failed" if sending.failed else "", f"reached {sending.reached}"][not sending.failed :]


def _hour(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Return an hour of the city's clock, with its day where that is another."""
    there, here = at.astimezone(zone), now.astimezone(zone)
    return f"{there:%H:%M}" if there.date() == here.date() else f"{there:%Y-%m-%d %H:%M}"


def lines(numbers: Numbers) -> Iterator[str]:
    """Give a round's numbers, a line each: people, where they stop, groups, who is missing."""
    wanted = f" of {numbers.wanted} wanted" if numbers.wanted else ""
    yield (
        f"people: sent to {numbers.sent}, reached {numbers.reached}, started {numbers.started}, "
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
