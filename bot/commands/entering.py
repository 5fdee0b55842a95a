"""`round enter`: take down at the terminal what somebody says on the telephone, on paper or at a desk."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.channels import ASSISTED
from bot.clock import mint
from bot.commands.acting import acting, member_of
from bot.commands.common import configured, office, spoken, wall_clock
from bot.errors import Refused
from bot.rights import Right
from flows.model import Kind, Message

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.commands.common import Office
    from bot.compose import Part
    from bot.config import Config
    from bot.counter import Counter, Talk, Voice


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

    Where a picture or a recording is asked for, type the path of its file; where a place is, the street or a point on
    the map, as in 48.20820, 16.37380.

    Each entry is a person of its own. The receipt at the end is for them: it opens their answers anywhere.
    """
    with office(config) as here:
        counter, who = (
            _counter(here),
            member_of(here, given["member"], code, Right.ENTER_ANSWERS, to="enter answers for"),
        )
        begun = counter.begin(code, channel, spoken(config, given["language"]), _voice(given), who)
        _Taking(here, counter, code, begun.name).run(begun.parts)


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
    from bot.desk.desk import Desk
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

    def __init__(self, here: Office, counter: Counter, code: str, name: str) -> None:
        from bot.channels.console import Console

        self._counter, self._code, self._name = counter, code, name
        self._uploads = Path(here.config.database.files)
        self._lines = sys.stdin
        self._console = Console(self._lines, _told)
        self._wants = ""

    def run(self, first: Sequence[Part]) -> None:
        """Take line after line until nothing is asked any more."""
        self._show(first)
        talk = self._counter.look(self._code, self._name)
        for number, line in enumerate(self._lines, 1):
            for inbound in self._console.parse(self._console.raw(line, number)):
                talk = self._heard(inbound.message, line.strip(), number) or talk
            if talk.over:
                break
        if not talk.receipt:
            click.echo("It was not handed in: in a round with an end, nothing of it counts.", err=True)

    def _heard(self, message: Message, line: str, number: int) -> Talk | None:
        """Take one line down; None where it names a file that cannot be taken, and the question stands."""
        try:
            message = self._with_file(message)
        except Refused as fault:
            click.echo(str(fault), err=True)
            return None
        talk = self._counter.say(self._code, self._name, message, line, str(number))
        self._show(talk.parts)
        return talk

    def _with_file(self, message: Message) -> Message:
        """Return a message with the file that its text names, where it brings or is asked for one."""
        file = Path(message.text.strip()).expanduser()
        named = message.kind in {Kind.PHOTO, Kind.VOICE}
        asked = self._wants in {Kind.PHOTO, Kind.VOICE} and message.kind is Kind.TEXT and file.is_file()
        if not (named or asked):
            return message
        kind = message.kind if named else Kind(self._wants)
        return Message(kind, file=_kept(kind, file, self._uploads))

    def _show(self, parts: Sequence[Part]) -> None:
        for part in parts:
            self._console.show(part.text, part.buttons)
        self._wants = next((part.wants for part in reversed(parts)), self._wants)


def _kept(kind: Kind, file: Path, uploads: Path) -> str:
    """Keep a file freed of hidden facts, as a citizen's own. Raises `Refused` where it is none of its kind."""
    from bot.channels.web import photos, voices

    try:
        body = file.read_bytes()
        return photos.keep(body, uploads, mint()) if kind is Kind.PHOTO else voices.keep(body, uploads, mint())
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}. Type the path of the file, or SKIP.") from error
    except photos.NoPicture as error:
        raise Refused(
            f"{file} is no JPEG, PNG or WebP picture of at most 10 MB. Type another path, or SKIP."
        ) from error
    except voices.NoVoice as error:
        raise Refused(
            f"{file} is no Ogg, WebM, M4A, WAV or MP3 of at most 10 MB. Type another path, or SKIP."
        ) from error
