"""`round enter`: take down at the terminal what somebody says on the telephone, on paper or at a desk."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from bot.channels import ASSISTED
from bot.clock import mint
from bot.commands.acting import MANAGER, ORGANISER, acting, member_of
from bot.commands.common import configured, office, spoken, wall_clock
from bot.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.commands.common import Office
    from bot.compose import Part
    from bot.config import Config
    from bot.counter import Counter, Voice


@click.command()
@click.argument("code")
@click.option("--channel", type=click.Choice(ASSISTED), required=True, help="Where it was said.")
@acting
@click.option("--language", metavar="XX", help="In this language. [default: the city's first]")
@click.option("--group", "heads", type=int, metavar="N", help="For a group of so many people: one answer.")
@click.option("--organisation", default="", metavar="NAME", help="For an organisation.")
@click.option("--late", is_flag=True, help="It came after the last day to answer: it is counted apart.")
@configured
def enter(config: Config, code: str, *, channel: str, **given: Any) -> None:  # noqa: ANN401 - options
    """Enter one person's answers: read the questions out, type what you hear, BACK and STOP work as for citizens.

    Each entry is a person of its own. The receipt at the end is for them: it opens their answers anywhere.
    """
    with office(config) as here:
        counter, who = (
            _counter(here),
            member_of(here, given["member"], code, ORGANISER, MANAGER, to="enter answers for"),
        )
        begun = counter.begin(code, channel, spoken(config, given["language"]), _voice(given), who)
        _Taking(counter, code, begun.name).run(begun.parts)


def _voice(given: dict[str, Any]) -> Voice:
    from bot.counter import Voice
    from storage.entries import GROUP, INDIVIDUAL, ORGANISATION

    if given["heads"] is not None and given["organisation"]:
        raise Refused("an answer is that of a group or of an organisation: give --group or --organisation.")
    kind = GROUP if given["heads"] is not None else ORGANISATION if given["organisation"] else INDIVIDUAL
    return Voice.of(kind, given["heads"], given["organisation"], late=given["late"])


def _no_figures(db: Connection, service: str, language: str, now: datetime) -> None:
    """Nobody of the city asks for figures by telephone or on paper."""


def _counter(here: Office) -> Counter:
    """Put a counter together whose questions are read at a terminal."""
    from bot.channels.console import Console
    from bot.counter import Counter
    from bot.desk import Desk
    from bot.participation import Participations
    from bot.staff import Staff
    from bot.threads import Threads

    config, keys, library = here.config, here.keys, here.library
    participations = Participations(keys, mint, config.city.zone)
    staff = Staff(config, library, keys, mint, _no_figures)
    threads = Threads(config, library.phrases, keys, mint, {})
    desk = Desk(config, here.catalog, library, keys, participations, staff, threads, mint)
    counter = Counter(here.database, desk, library, keys, wall_clock, mint, Console.capabilities)
    counter.operator = here.rounds.operator
    return counter


def _told(text: str) -> None:
    click.echo(text)


class _Taking:
    """One entry at a terminal."""

    def __init__(self, counter: Counter, code: str, name: str) -> None:
        from bot.channels.console import Console

        self._counter, self._code, self._name = counter, code, name
        self._lines = sys.stdin
        self._console = Console(self._lines, _told)

    def run(self, first: Sequence[Part]) -> None:
        """Take line after line until nothing is asked any more."""
        self._show(first)
        talk = self._counter.look(self._code, self._name)
        for number, line in enumerate(self._lines, 1):
            for inbound in self._console.parse(self._console.raw(line, number)):
                talk = self._counter.say(self._code, self._name, inbound.message, line.strip(), str(number))
                self._show(talk.parts)
            if talk.over:
                break
        if not talk.receipt:
            click.echo("It was not handed in: in a round with an end, nothing of it counts.", err=True)

    def _show(self, parts: Sequence[Part]) -> None:
        for part in parts:
            self._console.show(part.text, part.buttons)
