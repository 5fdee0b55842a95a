"""Commands for those who look at answers: digest, export."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.commands.common import configured, office
from bot.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TextIO

    from bot.config import Config
    from storage.answers import AnswerRow

COLUMNS = ("person", "day", "stage", "flow", "state", "item", "verb", "answer", "score", "text", "language", "channel")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@click.command()
@click.option("--round", "code", required=True, help="Which round.")
@click.option("--format", "form", type=click.Choice(["csv"]), default="csv", show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write.")
@configured
def export(config: Config, *, code: str, form: str, out: Path) -> None:
    """Write the answers of a round that count, without anything that leads to a person."""
    from storage import answers, rounds

    with office(config) as here, here.database.reading() as db:
        row = rounds.by_code(db, code)
        if row is None:
            raise Refused(f'there is no round with the code {code}. See them all: "civicloop round list"')
        people = answers.handed_in(db, [row.id]).get(row.id, 0)
        if people < config.digest.minimum_cell:
            raise Refused(f"{people} people answered; fewer than {config.digest.minimum_cell} are not shown.")
        try:
            with out.open("w", encoding="utf-8-sig", newline="") as file:
                count = _write(file, answers.every(db, row.id))
        except OSError as error:
            raise Refused(f"{out} cannot be written: {error.strerror}.") from error
    click.echo(f"{out}: {count} answers of {people} people.")


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
        yield (person, day, *asked, answer, row.score, _safe(row.text), row.language, row.channel)


def _safe(text: str | None) -> str | None:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text and text.startswith(FORMULA) else text


COMMANDS = (export,)
