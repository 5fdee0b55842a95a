"""The command for those who look at their own work at a terminal: `assess`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot.commands.acting import acting, member
from bot.commands.common import as_json, configured, office, show, spoken, typed, wall_clock
from bot.errors import Usage
from bot.rights import Right

if TYPE_CHECKING:
    from bot.assessing.assessments import Assessments
    from bot.commands.common import Office
    from bot.config import Config
    from flows.model import Session

STAGES = ("commission", "design", "pilot", "deliver", "assess", "renew")


@click.command()
@click.option("--service", help="Which service to look at; needs --as. [default: all of them together]")
@click.option("--stage", type=click.Choice(STAGES), help="Only this stage: three questions. [default: all 18]")
@click.option("--language", metavar="XX", help="In this language. [default: the city's first]")
@acting
@configured
@as_json
def assess(
    config: Config, *, service: str | None, stage: str | None, language: str | None, member: str | None, in_json: bool
) -> None:
    """Look at your own work: 18 questions and a guess how people will answer, as in the chat.

    Inspired by the published abstract of Paskaleva and Cooper (2019); it is not their toolkit. Without --service it
    says how many teams have looked, and their mean where there are three or more. What one person said before is shown
    to them alone, in the chat and in the browser.
    """
    with office(config) as here:
        if service is None:
            _teams(here, language, in_json=in_json)
        elif member is None:
            raise Usage("say whose work it is: --as NAME, a member of staff of the service.")
        else:
            config.service(service)
            _look(here, service, stage, member, spoken(config, language))


def _kept(here: Office) -> Assessments:
    from bot.assessing.assessments import Assessments

    return Assessments(here.config, here.catalog.bank, here.library)


def _teams(here: Office, language: str | None, *, in_json: bool) -> None:
    from bot.assessing.words import words

    with here.database.reading() as db:
        teams, mean = _kept(here).above(db)
    if in_json:
        show({"teams": teams, "mean": mean})
        return
    said = words(spoken(here.config, language))
    click.echo(said("team.city_few") if mean is None else said.many("team.city_mean", teams, score=said.number(mean)))


def _look(here: Office, service: str, stage: str | None, name: str, language: str) -> None:
    """Talk the form through, keep it, and show what came of it."""
    from bot import play as playing
    from bot.assessing import form as forms
    from bot.assessing.words import words
    from flows.model import Status

    person = member(here, name, service, Right.ASSESS, to="look at the work of") or 0
    kept, now = _kept(here), wall_clock()
    with here.database.reading() as db:
        rows = [row for row in kept.ahead(db, service, now) if stage in {None, row.stage}]
        asked = [kept.asked(db, row) for row in rows]
    flow = forms.flow((language,), here.catalog, stage, asked)
    session = playing.play(flow, language, typed(), click.echo, now)
    if session.status is not Status.COMPLETED:
        click.echo(words(language)("menu.none_yet"))
        return
    late = _keep(here, person, service, stage, session)
    _show(here, person, service, language, late=late)


def _keep(here: Office, person: int, service: str, stage: str | None, session: Session) -> bool:
    """Keep a form whole; return whether a guess came too late."""
    from bot.assessing import form as forms
    from storage import assessments as stored

    kept, now = _kept(here), wall_clock()
    with here.database.transaction() as db:
        said = forms.guesses(session).items()
        late = [each for each, percent in said if not kept.predict(db, person, each, percent, now)]
        begun = stored.get(db, stored.begin(db, person, service, stage, now))
        if begun is not None:
            kept.finish(db, begun, session, now)
    return bool(late)


def _show(here: Office, person: int, service: str, language: str, *, late: bool) -> None:
    from bot.assessing import results
    from bot.assessing.words import words

    said, config = words(language), here.config
    with here.database.reading() as db:
        mine = _kept(here).mine(db, person, service, wall_clock())
    if late:
        click.echo(said("form.locked") + "\n")
    if mine is not None:
        click.echo("\n".join(results.told(mine, config.service(service).label(language), said, config.city.zone)))


COMMANDS = (assess,)
