"""`round example`: a filled record of a flow, to be written over."""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.commands.common import Moment, configured, moment, wall_clock, write
from bot.errors import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from bot.commands.common import Office
    from bot.config import Config
    from bot.rounds.example import Example
    from flows.model import Flow

example_option = click.option(
    "--example", is_flag=True, help='Begin with the filled example of the flow: see "civicloop round example --help".'
)


@click.command("example")
@click.argument("flow")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it into this .toml file.")
@click.option("--language", "languages", multiple=True, metavar="XX", help="Only in this language; may be repeated.")
@click.option("--from", "opens", type=Moment(), help="The first day, from which its days are counted. [default: today]")
@configured
def example(config: Config, flow: str, *, out: Path | None, languages: tuple[str, ...], opens: datetime | None) -> None:
    """Print a filled example of a round, to be written over.

    It is a record that "round new --record" takes as it is: in the languages of the city, with a line above each field
    that says what it means. Notes for staff are in the first of the languages.
    """
    from bot.rounds.example import written
    from flows.catalog import Catalog

    known = Catalog.load(extra=config.flows.extra)
    if flow not in {one.id for one in known.flows}:
        raise Usage(f"there is no flow {flow}: choose one of {', '.join(sorted(one.id for one in known.flows))}.")
    spoken = _offered(config, known.get(flow), languages)
    reader = (languages or config.city.languages)[0]
    shown = example_of(config, spoken, reader, opens)
    text = written(shown, _head(shown, flow, reader), reader)
    if out is None:
        click.echo(text, nl=False)
    elif out.exists():
        raise Usage(f"{out} is there already: it is not written over.")
    else:
        write(out, text)


def _offered(config: Config, flow: Flow, languages: tuple[str, ...]) -> Flow:
    """Return a flow in the languages that were named, or in all of the city's. Raises `Usage` for any other."""
    offered = [one for one in config.city.languages if one in flow.languages]
    if strange := [one for one in languages if one not in offered]:
        raise Usage(f'"{strange[0]}" is no language of the city and of {flow.id}. There are: {", ".join(offered)}.')
    return flow.among(languages or offered)


def _head(shown: Example, flow: str, reader: str) -> list[str]:
    from bot.rounds import wording

    end = f" --to {shown.closes_on}" if shown.closes_on else ""
    command = f"civicloop round new --service SERVICE --flow {flow} --record FILE{end}"
    return [wording.about_example(reader, "head"), f"  {command}"]


def example_of(
    config: Config, flow: Flow, reader: str, opens: datetime | None, closes: datetime | None = None
) -> Example:
    """Return the example of a flow from its first day, today if none is said, to its last."""
    from bot.rounds import example as examples

    first = _day(config, opens) or wall_clock().astimezone(config.city.zone).date()
    return examples.example(flow, reader, first, _day(config, closes))


def _day(config: Config, given: datetime | None) -> date | None:
    at = moment(given, config.city.zone)
    return at.astimezone(config.city.zone).date() if at else None


def begun(
    here: Office, given: Mapping[str, Any], opens: datetime | None, closes: datetime | None
) -> tuple[dict[str, Any], datetime | None]:
    """Return the record and the last day a round begins with: those of its flow's example, where that is wanted."""
    if not given["example"]:
        return {}, closes
    flow = here.catalog.get(given["flow"]).among(here.config.service(given["service"]).languages)
    shown = example_of(here.config, flow, here.config.city.languages[0], opens, closes)
    last = Moment.Day.combine(shown.closes_on, time()) if shown.closes_on else None
    return {**shown.record, "title": shown.title}, closes or last


def named(title: str | None, record: Mapping[str, Any], own: str) -> str:
    """Return the title of a round, as it is typed or as the record says it in its `own` language."""
    from bot.rounds.tongues import in_language

    found = title or in_language(record.get("title"), own)
    if not found:
        raise Usage("say what citizens read as its name: --title TEXT.")
    return found
