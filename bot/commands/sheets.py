"""The command for those who have a form in a spreadsheet."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.commands.common import as_json, configured, not_asked_from, show
from bot.errors import Refused, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.config import Config
    from bot.importing.xlsform import Imported
    from flows.catalog import Catalog

_STAGES = ("commission", "design", "pilot", "deliver", "assess", "renew")


@click.command("import")
@click.argument("form", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it there. [default: ./<flow>.toml]")
@click.option(
    "--stage",
    type=click.Choice(_STAGES),
    help="The stage of the flow. [default: what the column stage of the form's settings says, else design]",
)
@click.option("--frame", default="round", show_default=True, help="What stands around the questions: round or pulse.")
@click.option("--language", default="", metavar="XX", help="The main language, such as en. [default: the form's own]")
@configured
@as_json
def import_(
    config: Config, form: Path, out: Path | None, stage: str | None, frame: str, language: str, *, in_json: bool
) -> int:
    """Make a flow of FORM, a spreadsheet in the XLSForm format of ODK and Kobo (.xlsx, .xls, .csv).

    Lists by sheet and row whatever could not be carried. Translations are written beside the flow.
    """
    from bot.importing.xlsform import Wishes, carry
    from flows.catalog import Catalog

    catalog = Catalog.load(extra=config.flows.extra)
    _refuse_unknown(frame, language, catalog)
    flow = out.name.removesuffix(".toml") if out else ""
    wishes = Wishes(stage=stage or "", frame=frame, language=language, flow=flow)
    made = carry(_bytes(form), form.name, wishes, catalog)
    folder = out.parent if out else Path()
    _write(folder, made)
    if in_json:
        show(_as_data(made, folder))
    else:
        elsewhere = not_asked_from(folder / next(iter(made.files)), made.stage, config) if made.files else ""
        for line in _told(made, folder, elsewhere):
            click.echo(line)
    return int(not made.is_sound)


def _refuse_unknown(frame: str, language: str, catalog: Catalog) -> None:
    if frame not in catalog.frames:
        raise Usage(f'there is no frame "{frame}". There are: {", ".join(catalog.frames)}.')
    if language and language not in catalog.languages:
        raise Usage(f'the bot does not speak "{language}". It speaks {", ".join(catalog.languages)}.')


def _bytes(form: Path) -> bytes:
    try:
        return form.read_bytes()
    except OSError as error:
        raise Usage(f"{form} cannot be read: {error.strerror}.") from error


def _write(folder: Path, made: Imported) -> None:
    """Write all files, or none where one is there already: a flow that was asked must stay as it is."""
    paths = {folder / name: text for name, text in made.files.items()}
    for path in paths:
        if path.exists():
            raise Refused(f"{path} is there already. Give another name with --out, or take that file away.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in paths.items():
            path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise Refused(f"{folder} cannot be written to: {error.strerror}.") from error


def _as_data(made: Imported, folder: Path) -> dict[str, object]:
    return {
        "verdict": made.verdict,
        "reason": made.reason,
        "flow": made.flow,
        "files": [str(folder / name) for name in made.files],
        "losses": [asdict(one) for one in made.losses],
        "notes": [asdict(one) for one in made.notes],
        "names": made.names,
        "issues": [asdict(one) for one in made.issues],
    }


def _told(made: Imported, folder: Path, elsewhere: str) -> Iterator[str]:
    """Give what an author reads: what is lost, what is another way, what has other names, what to repair."""
    from bot.importing.losses import lines

    yield from _under("Not carried over:", lines(made.losses))
    yield from _under("The same in another way:", lines(made.notes))
    yield from _under("Other names:", [f"{name} is now {id_}" for name, id_ in made.names.items()])
    yield from _under("To repair before it can be asked:", [str(issue) for issue in made.issues])
    yield from (str(folder / name) for name in made.files)
    if elsewhere:
        yield elsewhere
    yield _verdict(made)


def _under(heading: str, found: list[str]) -> Iterator[str]:
    if found:
        yield heading
        yield from (f"  {line}" for line in found)
        yield ""


def _verdict(made: Imported) -> str:
    asked = sum(question.verb != "say" for question in made.questions)
    match made.verdict:
        case "fully":
            return f"Carried fully: {asked} questions."
        case "with losses":
            count = len(made.losses)
            return f"Carried with {count} {'loss' if count == 1 else 'losses'}: {asked} questions. See above."
        case _:
            return f"Not carried at all. {made.reason}"


COMMANDS = (import_,)
