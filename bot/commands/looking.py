"""Commands for those who look at answers: digest, export."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.commands.common import Moment, as_json, configured, moment, office, spoken, wall_clock
from bot.errors import Refused, Usage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime
    from typing import TextIO
    from zoneinfo import ZoneInfo

    from bot.config import Config
    from bot.digests.model import Digest
    from bot.digests.weeks import Week
    from storage.answers import AnswerRow

COLUMNS = ("person", "day", "stage", "flow", "state", "item", "verb", "answer", "score", "text", "language", "channel")
ABOUT_YOU = "you."
"""What the ids of questions about the person begin with."""


@click.command()
@click.option("--service", required=True, help="Whose digest.")
@click.option("--week", help="Which ISO week, such as 2026-W47. [default: the last whole one]")
@click.option("--now", "at", type=Moment(), help="As if it were this moment.")
@click.option("--language", metavar="XX", help="In this language. [default: the city's first]")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Write every form of it into this folder."
)
@click.option("--send", is_flag=True, help="Send it to the managers who have not got it.")
@configured
@as_json
def digest(config: Config, *, service: str, at: datetime | None, in_json: bool, **given: Any) -> None:  # noqa: ANN401 - options
    """Show what the manager of a service reads about a week."""
    from bot.digests.model import dump
    from bot.digests.render import message
    from bot.digests.writing import Digests, page_url
    from bot.texts import texts

    config.service(service)
    language = spoken(config, given["language"])
    now = moment(at, config.city.zone) or wall_clock()
    week = _week(given["week"], now, config.city.zone)
    with office(config) as here:
        digests = Digests(config, here.catalog.bank, here.library)
        with here.database.reading() as db:
            found = digests.of_week(db, service, week, now)
        queued = digests.send(here.database, service, week, now) if given["send"] else 0
    if in_json:
        click.echo(dump(found))
    elif found:
        click.echo(message(found, texts(language), page_url(config, found)))
    else:
        click.echo(f"{service}, {week}: nobody answered and no clock runs, so there is no digest.")
    if found and given["out"]:
        _keep(found, language, given["out"], page_url(config, found))
    if given["send"]:
        click.echo(f"{queued} messages queued; the running bot sends them.", err=in_json)


def _week(text: str | None, now: datetime, zone: ZoneInfo) -> Week:
    from bot.digests.weeks import Week

    try:
        return Week.parse(text) if text else Week.of(now, zone).back(1)
    except ValueError:
        raise Usage(f"{text} is no ISO week. Write it as 2026-W47.") from None


def _keep(found: Digest, language: str, folder: Path, url: str) -> None:
    from bot.digests.writing import files

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, body in files(found, language, url).items():
            (folder / name).write_bytes(body)
            click.echo(str(folder / name), err=True)
    except OSError as error:
        raise Refused(f"{folder} cannot be written to: {error.strerror}.") from error


@click.command()
@click.argument("given", metavar="CODE", required=False)
@click.option("--round", "named", metavar="CODE", help="The same as CODE.")
@click.option("--format", "form", type=click.Choice(["csv"]), default="csv", show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write.")
@click.option(
    "--every-text",
    is_flag=True,
    help="Also the words of people who did not agree to be quoted: for those who work on the answers, not to pass on.",
)
@configured
def export(config: Config, *, given: str | None, named: str | None, form: str, out: Path, every_text: bool) -> None:
    """Write the answers of the round CODE that count.

    What its flow works out of them (its columns) stands below them. Nothing that leads to a person is in them, and
    what fewer than the least number of people said about themselves is left out.
    """
    from bot.columns import with_columns
    from storage import answers, rounds

    code = given or named
    if not code or (given and named):
        raise Usage("say which round, once: civicloop export CODE --out FILE.")
    with office(config) as here, here.database.reading() as db:
        row = rounds.by_code(db, code)
        if row is None:
            raise Refused(f'there is no round with the code {code}. See them all: "civicloop round list"')
        people = answers.handed_in(db, [row.id]).get(row.id, 0)
        if people < config.digest.minimum_cell:
            raise Refused(f"{people} people answered; fewer than {config.digest.minimum_cell} are not shown.")
        rare = _rare(answers.every(db, row.id), config.digest.minimum_cell)
        shown = (_shown(each, rare, every_text=every_text) for each in answers.every(db, row.id))
        try:
            out.touch(mode=0o600)
            with out.open("w", encoding="utf-8-sig", newline="") as file:
                count = _write(file, with_columns(here.rounds.played(code), shown))
        except OSError as error:
            raise Refused(f"{out} cannot be written: {error.strerror}.") from error
    click.echo(f"{out}: {count} answers of {people} people.")


def _about_you(row: AnswerRow) -> bool:
    return (row.item or "").startswith(ABOUT_YOU)


def _given(row: AnswerRow) -> tuple[str, str | None]:
    return (row.state, row.choices or row.choice or row.text)


def _rare(rows: Iterable[AnswerRow], least: int) -> frozenset[tuple[str, str | None]]:
    """Return what fewer than `least` people said about themselves."""
    people: defaultdict[tuple[str, str | None], set[bytes]] = defaultdict(set)
    for row in filter(_about_you, rows):
        people[_given(row)].add(row.pseudonym)
    return frozenset(given for given, who in people.items() if len(who) < least)


def _shown(row: AnswerRow, rare: Collection[tuple[str, str | None]], *, every_text: bool) -> AnswerRow:
    """Return an answer as it may leave the house."""
    if _about_you(row) and _given(row) in rare:
        return row._replace(choice=None, choices=None, score=None, text=None)
    return row if every_text or row.quotable else row._replace(text=None)


def _write(file: TextIO, rows: Iterable[AnswerRow]) -> int:
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    count = 0
    for line in _lines(rows):
        writer.writerow(line)
        count += 1
    return count


def _lines(rows: Iterable[AnswerRow]) -> Iterator[tuple[object, ...]]:
    """Give a line for each answer; people are numbered, days stand without the hour."""
    numbers: dict[bytes, int] = {}
    for row in rows:
        person = numbers.setdefault(row.pseudonym, len(numbers) + 1)
        answer = "|".join(json.loads(row.choices)) if row.choices else row.choice
        day = row.answered_at.date().isoformat()
        asked = (row.stage, f"{row.flow}@{row.version}", row.state, row.item, row.verb)
        told = (_plain(answer), row.score, _plain(row.text))
        yield (person, day, *asked, *told, row.language, row.channel)


def _plain(text: str | None) -> str | None:
    from bot.digests.render.sheet import safe

    return safe(text) if text else text


COMMANDS = (digest, export)
