"""Commands for those who write flows: check, graph, translate, and `flow` for versions."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.commands.common import as_json, configured, many, office, show, write
from bot.commands.named import chosen, held_by, no_flow, playable, speaking, unreadable
from bot.errors import Refused, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.config import Config
    from bot.pictures.drop_off import DropOff
    from bot.translating import Line, Row
    from flows.catalog import Catalog
    from flows.issues import Issue
    from flows.model import Flow
    from storage.database import Database

PROGRAM = Path(__file__).parents[1]
"""The folder `bot/`, where what staff read lies."""


@click.command()
@click.argument("flows", nargs=-1, metavar="[FLOW]...")
@configured
@click.option("--sarif", "in_sarif", is_flag=True, help="Print SARIF 2.1.0, for code review tools.")
@click.option("--strict", is_flag=True, help="Warnings must be repaired as well.")
@as_json
def check(config: Config, flows: tuple[str, ...], *, in_sarif: bool, strict: bool, in_json: bool) -> int:
    """List everything to repair in flows, with file and line. FLOW is a flow's name or a file; without: all.

    An error must be repaired: a flow with one cannot be played, or would lead people astray. A warning should be: words
    of offices, long sentences, questions that suggest an answer, unfair scales. An info is worth a thought. Each has a
    code that stays; docs/checks.md shows an example and the mend of each. Where there is a database, versions that a
    round has asked and that were edited since are told too.

    Exit status: 0 where nothing must be repaired, 1 where something must, 2 for wrong usage.
    """
    if in_sarif and in_json:
        raise Usage("--sarif and --json are two forms of the same list. Ask for one.")
    catalog, names = chosen(config, flows)
    edited = _edited(config, catalog)
    issues = _issues(catalog, names, edited) if flows else sorted([*catalog.issues, *edited])
    faults = sum(issue.severity == "error" or (strict and issue.severity == "warning") for issue in issues)
    if in_sarif:
        show(_sarif(issues, [*config.flows.extra, *map(Path, flows)]))
    elif in_json:
        show([asdict(issue) for issue in issues])
    else:
        _tell(issues, faults, len(names) or len(catalog.flows))
    return int(bool(faults))


def _tell(issues: list[Issue], faults: int, checked: int) -> None:
    for issue in issues:
        click.echo(str(issue))
    others = len(issues) - faults
    beside = f", {others} to think about" if others else ""
    click.echo(f"{faults} to repair{beside}." if faults else f"{checked} checked, nothing to repair{beside}.")


def _sarif(issues: list[Issue], folders: list[Path]) -> dict[str, Any]:
    """Return a SARIF log in which each file's path begins at the folder we stand in, where the file lies below it."""
    from flows.catalog import PACKAGED
    from flows.checks.sarif import log

    def path(file: str) -> str:
        places = [*(folder if folder.name == file else folder / file for folder in folders), PACKAGED / file]
        place = next((one for one in places if one.is_file()), Path(file)).resolve()
        here = Path.cwd()
        return place.relative_to(here).as_posix() if place.is_relative_to(here) else place.as_posix()

    return log(issues, version("civicloop"), path)


def _edited(config: Config, catalog: Catalog) -> list[Issue]:
    """Return which published versions were edited since; nothing where no database answers."""
    from bot.rounds.library import published
    from flows.checks.published import edited
    from storage.database import StorageTrouble

    file = config.database.file
    if file and not file.exists():
        return []
    try:
        with _opened(config) as database, database.reading() as db:
            return edited(catalog, published(db))
    except StorageTrouble:
        return []


@contextmanager
def _opened(config: Config) -> Iterator[Database]:
    """Give the database as it is: nothing is made or brought up to date."""
    from storage.database import Database

    database = Database.open(config.database.url)
    try:
        yield database
    finally:
        database.close()


def _issues(catalog: Catalog, names: list[str], edited: list[Issue]) -> list[Issue]:
    """Return what is wrong with flows by name, and with files by their file name; `edited` are faults beside."""
    found: set[Issue] = set()
    for name in names:
        file = unreadable(catalog).get(name, name)
        own = {issue for issue in (*catalog.issues, *edited) if issue.file == file}
        known = file.endswith(".toml") or any(flow == name for flow, _ in catalog.compiled)
        if not known:
            raise Usage(no_flow(name, catalog))
        found |= own | set(catalog.issues_of(name, edited))
        found |= {issue for flow in held_by(catalog, name) for issue in catalog.issues_of(flow, edited)}
    return sorted(found)


@click.command()
@click.argument("flow")
@click.option("--svg", "out", type=click.Path(path_type=Path, dir_okay=False), help="Draw it into this file.")
@click.option("--round", "code", metavar="CODE", help="Tell on each arrow how many people of this round went there.")
@click.option("--language", help="Draw it in this language. [default: the flow's own]")
@configured
def graph(config: Config, flow: str, out: Path | None, code: str | None, language: str | None) -> None:
    """Print a flow as a Mermaid diagram, or draw it as a picture (SVG).

    Many editors and code hosts draw Mermaid; every browser shows an SVG.
    """
    from bot.pictures.drawing import svg
    from bot.texts import texts
    from flows import diagram
    from flows.examples import filled

    catalog, names = chosen(config, (flow,))
    drawn = playable(names[0], catalog)
    spoken = speaking(drawn, language)
    played, title, counted = _of_round(config, drawn.id, code) if code else (filled(drawn), "", None)
    if out:
        write(out, svg(played, texts(spoken), title, counted))
    else:
        known = {arrow: part.count for arrow, part in counted.went.items() if part.count} if counted else {}
        click.echo(diagram.mermaid(played if code else drawn, known))


def _of_round(config: Config, flow: str, code: str) -> tuple[Flow, str, DropOff]:
    """Return a round's flow as its citizens got it, its title, and how many of them went which way."""
    from bot.pictures.drop_off import drop_off

    with office(config) as here:
        one = here.rounds.find(code)
        if one is None:
            raise Refused(f'there is no round with the code {code}. See them all: "civicloop round list"')
        if one.flow != flow:
            raise Usage(f"the round {code} asks {one.flow}. To draw it: civicloop graph {one.flow} --round {code}")
        played, moves = here.rounds.played(code), here.rounds.counts(code).moves
    return played, one.title, drop_off(played, moves, config.digest.minimum_cell)


@click.group()
def translate() -> None:
    """Take the texts out for a translator, and the translations in."""


STAFF = click.option("--staff", is_flag=True, help="What staff and visitors read, too: pages, digests, rounds.")


@translate.command("export")
@click.argument("flow", required=False)
@click.option("--language", multiple=True, required=True, metavar="XX", help="Into which language; more than once.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="A spreadsheet (.xlsx), a .po or .csv file, or a folder for .toml files.",
)
@STAFF
@configured
def translate_out(config: Config, flow: str | None, language: tuple[str, ...], out: Path, *, staff: bool) -> None:
    """Write every text of FLOW (all flows without) with its translation so far: what waits for one comes first.

    A spreadsheet has a column for each language; every other kind of file takes one.
    """
    from bot import translating

    files = _all_files(config, staff=staff) if flow is None or staff else {}
    own: list[str] = []
    if flow is not None:
        its_files, own = _files(flow, _catalog(config))
        files = its_files | {name: text for name, text in files.items() if name.startswith(translating.STAFF)}
    if len(language) > 1 and out.suffix != ".xlsx":
        raise Usage("several languages need a spreadsheet: write --out words.xlsx.")
    lines = {one: translating.take_out(files, one) for one in language}
    _put_out(out, files, lines, own)
    for one, its in lines.items():
        click.echo(f"{one}: {len(its)} texts, {sum(not line.translation for line in its)} to translate.")


def _put_out(out: Path, files: dict[str, str], lines: dict[str, list[Line]], own: list[str]) -> None:
    from bot import translating, wordlists

    tables = translating.in_order(lines, own)
    language, its = next(iter(tables.items()))
    match out.suffix:
        case ".xlsx":
            write(out, wordlists.to_xlsx(tables, translating.SOURCE))
        case ".po":
            write(out, wordlists.to_po(its, language))
        case ".csv":
            write(out, "\ufeff" + wordlists.to_csv(its))
        case _:
            for name, text in translating.drafts(files, lines[language], language).items():
                write(out / name, text)


@translate.command("import")
@click.argument("table", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--language", metavar="XX", help="Which language a .csv is in; a .po where its head does not say.")
@click.option(
    "--into", type=click.Path(path_type=Path, file_okay=False), help="Write there instead. [default: beside the flows]"
)
@configured
def translate_in(config: Config, table: Path, language: str | None, into: Path | None) -> int:
    """Write the translations of a TABLE made by export beside the flows, and say how much is still missing.

    A row that cannot be right is left out and named.
    """
    faults = 0
    files = _all_files(config, staff=True)
    for one, rows in _taken_in(table, language).items():
        faults += _lay(config, files, one, rows, into)
    return int(bool(faults))


def _lay(config: Config, files: dict[str, str], language: str, rows: list[Row], into: Path | None) -> int:
    from bot import translating

    whole, faults = translating.merged(files, rows, language)
    for name, text in translating.sidecars(files, whole, language).items():
        if into or translating.differs(text, files.get(name, "")):
            write((into or _home(name, language, config)) / name, text)
    for fault in faults:
        click.echo(fault)
    other = [line for line in whole if line.was]
    for line in other:
        click.echo(f'{line.file}, {language}: "{line.key}" is translated from other words than stand there: look again')
    if other:
        click.echo("(What a table says in the language of the source is only to read. Change those words in the file.)")
    for file, count in Counter(line.file for line in whole if not line.translation).items():
        wait = f"{many(count, 'text')} {'is' if count == 1 else 'are'}"
        click.echo(f"{file}, {language}: {wait} not translated yet")
    return len(faults)


def _taken_in(table: Path, language: str | None) -> dict[str, list[Row]]:
    """Return the rows of a table by language."""
    from bot import wordlists

    try:
        if table.suffix == ".xlsx":
            found = wordlists.from_xlsx(table.read_bytes())
            return {one: rows for one, rows in found.items() if language in {None, one}}
        if table.suffix == ".po":
            language = language or wordlists.language_of_po(table.read_bytes())
        if language is None:
            raise Usage("say which language it is: --language fr.")
        if table.suffix == ".po":
            return {language: wordlists.from_po(table.read_bytes())}
        return {language: wordlists.from_csv(table.read_text(encoding="utf-8-sig"))}
    except (UnicodeDecodeError, wordlists.NoTable) as error:
        why = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error
        raise Usage(
            f"{table} is no table made by export: {why}. Export it again, and fill only translations."
        ) from error


@translate.command("status")
@configured
@as_json
def translate_status(config: Config, *, in_json: bool) -> None:
    """Say of each language how much is translated, what has changed since, and who has read it."""
    from bot import translating

    files = _all_files(config, staff=True)
    spoken = dict.fromkeys((*translating.languages(files), *config.city.languages))
    found = [translating.status(files, one) for one in spoken if one != translating.SOURCE]
    if in_json:
        show([asdict(one) | {"percent": one.percent} for one in found])
        return
    for one in found:
        readers = f"{', '.join(one.reviewers)} ({one.reviewed} of {one.files} files)" if one.reviewers else "nobody yet"
        click.echo(
            f"{one.language}: {one.percent}% ({one.translated} of {one.texts} texts), "
            f"{one.outdated} changed since, reviewed by: {readers}"
        )


def _catalog(config: Config) -> Catalog:
    from flows.catalog import Catalog

    return Catalog.load(extra=config.flows.extra)


def _all_files(config: Config, *, staff: bool) -> dict[str, str]:
    """Return the text of all files of flows, and with `staff` of what staff and visitors read."""
    from bot import translating
    from flows.catalog import texts

    files = texts(extra=config.flows.extra)
    return files | translating.staff_files(PROGRAM) if staff else files


def _home(name: str, language: str, config: Config) -> Path:
    """Return the folder that the source of a translation lies in."""
    from flows.catalog import PACKAGED

    if name.startswith("bot/"):
        return PROGRAM.parent
    source = f"{name.removesuffix(f'.{language}.toml')}.toml"
    return next((folder for folder in config.flows.extra if (folder / source).exists()), PACKAGED)


def _files(name: str, catalog: Catalog) -> tuple[dict[str, str], list[str]]:
    """Return the text of every file that a flow is made of, and which of them is its own."""
    flow = playable(name, catalog)
    key = flow.id, flow.version
    return {file: catalog.texts[file] for file in catalog.compiled[key].files}, [catalog.shelf.flows[key].document.file]


@click.group("flow")
def flow_() -> None:
    """Compare versions of a flow, and retire them."""


@flow_.command("changes")
@click.argument("flow")
@click.argument("old", type=int)
@click.argument("new", type=int, required=False)
@click.option("--language", help="Tell it in this language. [default: en]")
@configured
@as_json
def flow_changes(config: Config, flow: str, old: int, new: int | None, *, language: str | None, in_json: bool) -> None:
    """List what changed in FLOW from version OLD to NEW (without: the newest).

    OLD is told as it was published, NEW as its file is now: the same number twice shows what was edited since.
    """
    from bot.commands.common import office

    with office(config) as parts:
        lines = parts.rounds.changes(flow, old, new, language or "en")
    show(lines) if in_json else click.echo("\n".join(lines))


@flow_.command("retire")
@click.argument("flow")
@click.argument("version", type=int)
@click.option("--undo", is_flag=True, help="Let rounds open with it again.")
@configured
def flow_retire(config: Config, flow: str, version: int, *, undo: bool) -> None:
    """Let no new round open with this VERSION of FLOW; rounds that run end on it."""
    from bot.commands.common import office

    with office(config) as parts:
        parts.rounds.retire(flow, version, again=undo)
    click.echo(f"{flow}@{version} can be used again." if undo else f"{flow}@{version} is retired.")


COMMANDS = (flow_, check, graph, translate)
