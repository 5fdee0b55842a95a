"""Commands for those who look at answers: digest, export."""

from __future__ import annotations

import csv
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.commands.acting import acting, member_of
from bot.commands.common import Moment, as_json, configured, moment, office, spoken, wall_clock
from bot.errors import Refused, Usage
from bot.rights import Right

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from typing import TextIO
    from zoneinfo import ZoneInfo

    from bot.commands.common import Office
    from bot.config import Config
    from bot.digests.model import Digest
    from bot.digests.weeks import Week
    from storage.rounds import RoundRow


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
    """Show what the managers of a service read about a week, without what is one reader's alone, as their guesses."""
    from bot.digests.model import published
    from bot.digests.render import message
    from bot.digests.writing import Digests, page_url
    from bot.texts import texts
    from storage.digests import issued

    config.service(service)
    language = spoken(config, given["language"])
    now = moment(at, config.city.zone) or wall_clock()
    week = _week(given["week"], now, config.city.zone)
    with office(config) as here:
        digests = Digests(config, here.catalog.bank, here.library)
        digests.prepare(here.database, service, week, now)
        with here.database.reading() as db:
            found = digests.of_week(db, service, week, now)
        queued = digests.send(here.database, service, week, now) if given["send"] else 0
        with here.database.reading() as db:
            stands = found is not None and (found.so_far or issued(db, service, found.period) is not None)
    if in_json:
        click.echo(published(found))
    elif found:
        click.echo(message(found, texts(language), page_url(config, found) if stands else ""))
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
@click.option(
    "--for",
    "purpose",
    type=click.Choice(["team", "publication"]),
    default="team",
    show_default=True,
    help="For those who work on the answers, line by line; or for everybody, in figures nobody can be found in.",
)
@click.option("--format", "form", type=click.Choice(["csv"]), default="csv", show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write.")
@click.option(
    "--every-text",
    is_flag=True,
    help="Also the words of people who did not agree to be quoted: only for the team, not to pass on.",
)
@acting
@configured
def export(config: Config, *, given: str | None, named: str | None, out: Path, **wish: Any) -> None:  # noqa: ANN401 - options
    """Write the answers of the round CODE that count, and beside them a codebook that says what the columns mean.

    For the team: a line for each answer, below them what the flow works out of them (its columns). Nothing that leads
    to a person is in it; what somebody said about themselves is left out where too few share it.

    For publication: how many people gave each answer, by channel, language and for whom they spoke, once a closed round
    has been counted; no line stands for fewer people than the public minimum. The round's log notes each export.
    """
    code = given or named
    if not code or (given and named):
        raise Usage("say which round, once: civicloop export CODE --out FILE.")
    if wish["every_text"] and wish["purpose"] != "team":
        raise Usage("what people wrote is for the team alone: leave out --every-text or --for publication.")
    with office(config) as here:
        _found(here, code)
        who = member_of(here, wish["member"], code, Right.TAKE_ANSWERS, to="export answers of")
        if wish["purpose"] == "team":
            _for_team(here, code, out, who, every_text=wish["every_text"])
        else:
            _for_publication(here, code, out, who)


def _found(here: Office, code: str) -> RoundRow:
    from storage import rounds

    with here.database.reading() as db:
        row = rounds.by_code(db, code)
    if row is None:
        raise Refused(f'there is no round with the code {code}. See them all: "civicloop round list"')
    return row


def _for_team(here: Office, code: str, out: Path, who: int | None, *, every_text: bool) -> None:
    from bot.rounds import exporting

    minimum, row = here.config.digest.minimum_cell, _found(here, code)
    people = here.rounds.answering(code)
    if people < minimum:
        raise Refused(f"{people} people answered; fewer than {minimum} are not shown.")
    with _opened(out) as file:
        here.rounds.exported(code, "exported_text" if every_text else "exported_team", who=who)
        with here.database.reading() as db:
            lines = exporting.team(db, here.library, row, minimum, here.config.city.zone, every_text=every_text)
            count = _write(file, exporting.COLUMNS[exporting.TEAM], lines)
    _explained(here, code, exporting.TEAM, out)
    click.echo(f"{out}: {count} answers of {people} people.")


def _for_publication(here: Office, code: str, out: Path, who: int | None) -> None:
    from bot.rounds import exporting

    found = here.rounds.findings(code)
    if found is None:
        raise Refused(
            f"the answers of {code} have not been counted for everybody yet. The bot does so by itself once the round "
            "is closed and paper has had its time. For the team: leave out --for publication."
        )
    if not found.lines:
        raise Refused(
            f"nothing of {code} can be told to everybody so: fewer than {found.minimum} people gave any answer, or it "
            f"was counted before there were such files. Its figures are on its page: {here.rounds.page_url(code)}"
        )
    flow, row = here.rounds.played(code), _found(here, code)
    with _opened(out) as file:
        here.rounds.exported(code, "exported_public", who=who)
        lines = exporting.publication(flow, row.stage, found.lines)
        count = _write(file, exporting.COLUMNS[exporting.PUBLICATION], lines)
    _explained(here, code, exporting.PUBLICATION, out)
    click.echo(f"{out}: {count} lines, each of {found.minimum} people or more.")


@contextmanager
def _opened(out: Path) -> Iterator[TextIO]:
    """Open a file that only its owner may read. Raises `Refused` where it cannot be written."""
    try:
        out.touch(mode=0o600)
        with out.open("w", encoding="utf-8-sig", newline="") as file:
            yield file
    except OSError as error:
        raise Refused(f"{out} cannot be written: {error.strerror}.") from error


def _write(file: TextIO, head: Sequence[str], lines: Iterable[Sequence[object]]) -> int:
    writer = csv.writer(file)
    writer.writerow(head)
    count = 0
    for line in lines:
        writer.writerow(line)
        count += 1
    return count


def _explained(here: Office, code: str, purpose: str, out: Path) -> None:
    """Write the codebook of an export beside it, in every language of the round."""
    from bot.digests.render import open_data
    from bot.rounds.exporting import COLUMNS

    flow, digest = here.rounds.played(code), here.config.digest
    minimum = digest.minimum_cell if purpose == "team" else digest.public_minimum_cell
    with _opened(out.with_name(f"{out.stem}-codebook.csv")) as file:
        file.write(open_data.explained(flow, purpose, COLUMNS[purpose], minimum))


COMMANDS = (digest, export)
