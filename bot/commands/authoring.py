"""Commands for those who begin a flow: `new flow`."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.commands.common import configured, interactive, not_asked_from, wall_clock
from bot.errors import Refused, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bot.authoring import Draft, Plan
    from bot.config import Config
    from flows.catalog import Catalog
    from flows.issues import Issue

VERBS = ("choose", "pick", "rate", "ask", "number", "date", "place", "photo", "voice", "rank", "allocate", "bestworst")
STAGES = ("commission", "design", "pilot", "deliver", "assess", "renew")

FRAMES = {
    "pulse": "short, each answer counts at once",
    "round": "formal, who decides and by when; answers count once they are handed in",
}
"""What the frames that come with the program are for."""
NEXT = "What comes next (a question's name; thanks: the end; empty: what you ask next)?"


@click.group()
def new() -> None:
    """Begin something of your own."""


@new.command("flow")
@click.argument("name", required=False)
@click.option("--title", help="What citizens read as its name.")
@click.option("--stage", type=click.Choice(STAGES), help="The stage of a service it is for.")
@click.option("--language", metavar="XX", help="The language you write it in, such as en.")
@click.option("--frame", help='What stands around your questions: "round" (formal) or "pulse" (short).')
@click.option(
    "--question",
    "questions",
    multiple=True,
    metavar="TEXT",
    help='One question: "NAME | VERB | QUESTION | ANSWER | ANSWER > NAME | > NEXT". May be given several times.',
)
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), help="The folder to write into.")
@configured
def new_flow(
    config: Config, name: str | None, questions: Sequence[str], into: Path | None, **given: str | None
) -> None:
    """Write a new flow NAME from a few answers, and a first talk through it.

    What no option says is asked, here or of a pipe. Nothing is written before everything is answered and checked.
    """
    from flows.catalog import Catalog

    catalog = Catalog.load(extra=config.flows.extra)
    plan = _Interview(catalog, _Lines()).plan(name, {key: value or "" for key, value in given.items()}, questions)
    folder = into or next(iter(config.flows.extra), Path())
    file = folder / f"{plan.flow}.toml"
    if file.exists():
        raise Refused(f"{file} is there already. Take another name or another folder.")
    whole = _checked(catalog, plan)
    talk = folder / f"{plan.flow}.plain.{plan.language}.txt"
    from bot.authoring import first_talk

    _write_all({file: plan.toml(), talk: first_talk(whole.get(plan.flow), wall_clock())})
    for issue in whole.issues_of(plan.flow):
        click.echo(str(issue))
    click.echo(f"{file}\n{talk}\nTry it: civicloop play {file}")
    if elsewhere := not_asked_from(file, plan.stage, config):
        click.echo(elsewhere)


def _checked(catalog: Catalog, plan: Plan) -> Catalog:
    """Return the catalogue with the new flow in it. Raises `Refused` with all its faults."""
    whole = _with(catalog, plan)
    if faults := _faults(whole, plan.flow):
        raise Refused("\n".join(str(issue) for issue in faults))
    return whole


def _with(catalog: Catalog, plan: Plan) -> Catalog:
    from flows.catalog import Catalog

    return Catalog.of({**catalog.texts, f"{plan.flow}.toml": plan.toml()})


def _faults(catalog: Catalog, flow: str) -> list[Issue]:
    own = [issue for issue in catalog.issues if issue.file == f"{flow}.toml"]
    return [issue for issue in own if issue.severity == "error"]


def _write_all(texts: dict[Path, str]) -> None:
    """Write all files or none: each under another name first."""
    half = {path.with_name(f".{path.name}.new"): path for path in texts}
    try:
        for temporary, path in half.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(texts[path], encoding="utf-8", newline="")
        for temporary, path in half.items():
            os.replace(temporary, path)  # noqa: PTH105 - says that it replaces
    except OSError as error:
        raise Refused(f"{error.filename} cannot be written: {error.strerror}.") from error
    finally:
        with suppress(OSError):
            for temporary in half:
                temporary.unlink(missing_ok=True)


# --------------------------------------------------------------------------- asking


class _Lines:
    """What is typed, or comes through a pipe, line by line."""

    def __init__(self) -> None:
        self.person = interactive()

    def ask(self, question: str) -> str:
        """Return the next line, without spaces around it; the question is shown to a person only."""
        if self.person:
            click.echo(f"{question} ", nl=False)
        line = sys.stdin.readline()
        if not line:
            raise Usage(f"the answers ended before: {question} Nothing was written.")
        return line.strip()

    def until(self, question: str, well: Callable[[str], str], preset: str = "") -> str:
        """Ask until `well` finds nothing wrong with the answer; a pipe has one try. An empty line takes the preset."""
        while True:
            answer = self.ask(f"{question} [{preset}]" if preset else question) or preset
            if not (wrong := well(answer)):
                return answer
            self.refuse(wrong)

    def refuse(self, wrong: str) -> None:
        """Say what is wrong with an answer; nobody at the other end of a pipe could mend it."""
        if not self.person:
            raise Usage(f"{wrong} Nothing was written.")
        click.echo(wrong)


class _Interview:
    """Asks for all that a new flow needs and nobody has said yet."""

    def __init__(self, catalog: Catalog, lines: _Lines) -> None:
        self.catalog = catalog
        self.lines = lines

    def plan(self, name: str | None, given: dict[str, str], questions: Sequence[str]) -> Plan:
        from bot.authoring import Plan

        flow = self.said("What is it called in files (small letters, digits and _)?", name or "", self.name)
        title = self.said("What do citizens read as its title?", given["title"], _something)
        stage = self.said(f"Which stage is it for ({', '.join(STAGES)})?", given["stage"], _among(STAGES))
        spoken = self.catalog.languages
        language = self.said(
            f"Which language do you write in ({', '.join(spoken)})?", given["language"], _among(spoken)
        )
        frames = self.catalog.frames
        frame = self.said(_about(frames), given["frame"], _among(frames))
        plan = Plan(flow, title, stage, language, frame, ())
        return self.read(plan, questions) if questions else self.asked(plan)

    def said(self, question: str, given: str, well: Callable[[str], str]) -> str:
        """Return what an option says, else ask."""
        if given and (wrong := well(given)):
            raise Usage(wrong)
        return given or self.lines.until(question, well)

    def name(self, name: str) -> str:
        """Return what is wrong with the name of a flow; empty: nothing."""
        if not name.isidentifier() or name != name.lower() or not name.isascii() or name.startswith("_"):
            return f'"{name}" cannot be its name. Use small letters, digits and _, a letter first.'
        return f"there is a flow {name} already. Take another name." if name in self.catalog.names else ""

    def read(self, plan: Plan, questions: Sequence[str]) -> Plan:
        """Return the plan with questions from options."""
        from dataclasses import replace

        from bot.authoring import Draft

        try:
            plan = replace(plan, drafts=tuple(map(Draft.read, questions)))
        except ValueError as error:
            raise Usage('a question is written "NAME | VERB | QUESTION | ANSWER | …".') from error
        for draft in plan.drafts:
            if wrong := _among(VERBS)(draft.verb):
                raise Usage(f"{draft.name}: {wrong}")
        if missing := plan.missing():
            raise Usage(f'there is no question "{missing[0]}". Add it, or take another name.')
        return plan

    def asked(self, plan: Plan) -> Plan:
        """Return the plan with questions that were asked for, one after the other, until one is empty."""
        from dataclasses import replace

        while True:
            missing = plan.missing()
            text = self.lines.ask(self.heading(plan, missing))
            if not text and plan.drafts and not missing:
                return plan
            if not text:
                self.lines.refuse(f'"{missing[0]}" is still to be asked.' if missing else "One question at least.")
                continue
            draft = self.draft(plan, text, missing)
            faults = _faults(_with(self.catalog, replace(plan, drafts=(_alone(draft),))), plan.flow)
            if faults:
                self.lines.refuse("\n".join(issue.message for issue in faults))
            else:
                plan = replace(plan, drafts=(*plan.drafts, draft))

    def heading(self, plan: Plan, missing: Sequence[str]) -> str:
        if missing:
            return f'What do you ask in "{missing[0]}"?'
        return f"Question {len(plan.drafts) + 1}{' (empty: that is all)' if plan.drafts else ''}:"

    def draft(self, plan: Plan, text: str, missing: Sequence[str]) -> Draft:
        """Return a question, the rest of it asked for."""
        from bot.authoring import OFFERING, Draft, Offer

        verb = self.lines.until(f"How is it answered ({', '.join(VERBS)})?", _among(VERBS), "choose")
        scales = self.scales()
        scale = self.lines.until(f"On which scale ({', '.join(scales)})?", _among(scales)) if verb == "rate" else ""
        offers = tuple(map(Offer.read, self.offers())) if verb in OFFERING else ()
        taken = {draft.name for draft in plan.drafts}
        preset = missing[0] if missing else f"question_{len(plan.drafts) + 1}"
        name = self.lines.until("Its short name?", _free(taken), preset)
        return Draft(name, verb, text, offers, scale, self.lines.ask(NEXT))

    def offers(self) -> Iterable[str]:
        """Give the answers to offer, one a line; an empty line ends them."""
        number = 1
        while answer := self.lines.ask(
            f'Answer {number} ("Tea > why" leads to the question why, "Tea > thanks" to the end; empty: enough):'
        ):
            yield answer
            number += 1

    def scales(self) -> list[str]:
        from flows.form import ScalesForm

        sheet = self.catalog.shelf.scales
        form = sheet.document.form if sheet else None
        return sorted(form.scales) if isinstance(form, ScalesForm) else []


def _alone(draft: Draft) -> Draft:
    """Return a question that leads nowhere but on, to be checked before the others are there."""
    from dataclasses import replace

    return replace(draft, to="", offers=tuple(replace(offer, to="") for offer in draft.offers))


def _about(frames: Iterable[str]) -> str:
    told = (f"{name}: {FRAMES[name]}" if name in FRAMES else name for name in frames)
    return f"What stands around your questions ({' · '.join(told)})?"


def _something(text: str) -> str:
    return "" if text else "Please say something."


def _among(known: Iterable[str]) -> Callable[[str], str]:
    names = tuple(known)
    return lambda text: "" if text in names else f'"{text}" is none of: {", ".join(names)}.'


def _free(taken: Iterable[str]) -> Callable[[str], str]:
    names = frozenset(taken)

    def well(text: str) -> str:
        if text in names:
            return f'there is a question "{text}" already. Take another name.'
        fits = text.isascii() and text.replace("_", "a").isalnum() and text == text.lower()
        return "" if fits else f'"{text}" cannot be its name. Use small letters, digits and _.'

    return well


COMMANDS = (new,)
