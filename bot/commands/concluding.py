"""Commands for what comes of a round: notes in its log, issues people raised, who read what, the decision, the end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.commands.acting import acting, member_of
from bot.commands.common import as_json, configured, office, spoken
from bot.commands.rounds import round_, shown, text_given
from bot.errors import Refused, Usage

if TYPE_CHECKING:
    from bot.commands.common import Office
    from bot.config import Config
    from bot.rounds.tongues import Text

IN_A_LANGUAGE = "XX=TEXT, once for each language of the round, says it in several."
day = click.option("--on", metavar="DAY", required=True, help="On which day, as 2026-12-31.")


@round_.command()
@click.argument("code")
@click.argument("what", type=click.Choice(["complaint", "outage", "remark"]))
@click.argument("text")
@acting
@configured
@as_json
def note(config: Config, code: str, what: str, text: str, *, member: str | None, in_json: bool) -> None:
    """Write a complaint, an outage or a remark into the log of a round."""
    with office(config) as here:
        here.rounds.note(code, what, text, who=member_of(here, member, code))
        shown(here, code, in_json=in_json)


@round_.command()
@click.argument("code")
@click.option("--said", "issue", required=True, multiple=True, help=f"What people raised; {IN_A_LANGUAGE}")
@click.option("--people", type=click.IntRange(min=1), help="How many raised it, where that was counted.")
@click.option("--response", required=True, multiple=True, help="What you say to it; in several languages too.")
@click.option(
    "--changed", required=True, type=click.Choice(["yes", "partly", "no"]), help="Whether it changed anything."
)
@click.option("--reason", multiple=True, help="Why not, or why only in part; in several languages too.")
@click.option("--number", type=click.IntRange(min=1), help="Write this issue anew. [default: one more]")
@acting
@configured
@as_json
def issue(  # noqa: PLR0913 - options
    config: Config,
    code: str,
    *,
    issue: tuple[str, ...],
    people: int | None,
    response: tuple[str, ...],
    changed: str,
    reason: tuple[str, ...],
    number: int | None,
    member: str | None,
    in_json: bool,
) -> None:
    """Write down something people raised, with your answer to it."""
    from bot.rounds.outcome import KeyIssue

    with office(config) as here:
        said, answer, why = (_worded(here, code, texts) for texts in (issue, response, reason))
        raised = KeyIssue(said, people, answer, changed, why)
        here.rounds.raise_issue(code, raised, number=number, who=member_of(here, member, code))
        shown(here, code, in_json=in_json)


@round_.command()
@click.argument("code")
@click.option("--who", required=True, help="Who of those who decide.")
@click.option("--what", required=True, help="Which report.")
@day
@acting
@configured
@as_json
def read(config: Config, code: str, *, who: str, what: str, on: str, member: str | None, in_json: bool) -> None:
    """Note that somebody who decides has read a report."""
    from bot.rounds.outcome import Reading

    with office(config) as here:
        here.rounds.read(code, Reading(who, what, on), who=member_of(here, member, code))
        shown(here, code, in_json=in_json)


@round_.command()
@click.argument("code")
@click.option("--text", required=True, help="What the answers say, or where that is written; @FILE reads it.")
@acting
@configured
@as_json
def analyse(config: Config, code: str, *, text: str, member: str | None, in_json: bool) -> None:
    """Say what the answers say: then the round waits for its decision."""
    with office(config) as here:
        here.rounds.analyse(code, text_given(text), who=member_of(here, member, code))
        shown(here, code, in_json=in_json)


@round_.command()
@click.argument("code")
@click.option("--text", required=True, multiple=True, help=f"What was decided; @FILE reads it; {IN_A_LANGUAGE}")
@day
@click.option("--reasons", required=True, multiple=True, help="Why; @FILE reads it; in several languages too.")
@click.option("--not-chosen", multiple=True, help="Which options were not chosen, and why; @FILE and languages too.")
@acting
@configured
@as_json
def decide(  # noqa: PLR0913 - options
    config: Config,
    code: str,
    *,
    text: tuple[str, ...],
    on: str,
    reasons: tuple[str, ...],
    not_chosen: tuple[str, ...],
    member: str | None,
    in_json: bool,
) -> None:
    """Write down what was decided, and why."""
    from bot.rounds.outcome import Decision

    with office(config) as here:
        made, why, others = (_worded(here, code, texts) for texts in (text, reasons, not_chosen))
        here.rounds.decide(code, Decision(made, on, why, others), who=member_of(here, member, code))
        shown(here, code, in_json=in_json)


@round_.command()
@click.argument("code")
@click.option("--language", metavar="XX", help="In this language. [default: the city's first]")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it into this file.")
@configured
def draft(config: Config, code: str, *, language: str | None, out: Path | None) -> None:
    """Print a report to write on: what people said, what you do and do not, from the log of issues."""
    with office(config) as here:
        text = here.rounds.drafted(code, spoken(config, language))
    if out is None:
        click.echo(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Refused(f"{out} cannot be written: {error.strerror}.") from error
    click.echo(str(out), err=True)


@round_.command()
@click.argument("code")
@click.option("--lessons", required=True, help="What you learnt for the next round; @FILE reads it.")
@acting
@configured
@as_json
def archive(config: Config, code: str, *, lessons: str, member: str | None, in_json: bool) -> None:
    """Put a round away once its result is published: then nothing about it changes any more."""
    with office(config) as here:
        here.rounds.archive(code, text_given(lessons), who=member_of(here, member, code))
        shown(here, code, in_json=in_json)


def _worded(here: Office, code: str, given: tuple[str, ...]) -> Text:
    """Return a text for all languages, or one per language where each part begins with one of the round's and `=`."""
    languages = here.rounds.played(code).languages
    parts = {language: text for one in given for language, _, text in (one.partition("="),) if language in languages}
    if len(parts) == len(given):
        return {language: text_given(text) for language, text in parts.items()}
    if len(given) > 1:
        known = ", ".join(languages)
        raise Usage(f"give it once, or once for each language, as in {languages[0]}=TEXT: this round has {known}.")
    return text_given(given[0])


COMMANDS = (round_,)
