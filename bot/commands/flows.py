"""Commands for those who write flows: check, play, graph, translate."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.commands.common import as_json, configured, interactive, office, show, wall_clock
from bot.errors import Refused, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.config import Config
    from bot.pictures.drop_off import DropOff
    from bot.translating import Line, Row
    from flows.catalog import Catalog
    from flows.issues import Issue
    from flows.model import Flow
    from flows.paths import Path as Path_
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
    catalog, names = _chosen(config, flows)
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
        own = {issue for issue in (*catalog.issues, *edited) if issue.file == name}
        known = name.endswith(".toml") or any(flow == name for flow, _ in catalog.compiled)
        if not known:
            raise Usage(_no_flow(name, catalog))
        found |= own | set(catalog.issues_of(name, edited))
        found |= {issue for flow in _of_file(catalog, name) for issue in catalog.issues_of(flow, edited)}
    return sorted(found)


def _of_file(catalog: Catalog, name: str) -> list[str]:
    """Return the flows that a file holds."""
    return [flow for (flow, _), sheet in catalog.shelf.flows.items() if sheet.document.file == name]


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="FLOW | --again TALK...")
@click.option("--language", help="Play it in this language. [default: the flow's own]")
@click.option("--save", type=click.Path(path_type=Path, dir_okay=False), help="Keep the talk in this file.")
@click.option("--overwrite", is_flag=True, help="Take the place of a talk that is kept there already.")
@click.option(
    "--again", is_flag=True, help="Play talks that were kept, and tell where the bot says something else now."
)
@click.option("--all", "every", is_flag=True, help="List every way through its questions instead.")
@configured
def play(
    config: Config,
    names: tuple[str, ...],
    *,
    language: str | None,
    save: Path | None,
    overwrite: bool,
    again: bool,
    every: bool,
) -> int:
    """Play a flow here in the terminal, as a citizen would. Examples fill the texts, and nothing is stored.

    Type what a citizen would send; (tap Done) stands for a tap on a button. With --again the file
    of a flow may stand among the talks.
    """
    if again:
        return _play_again(config, names, overwrite=overwrite)
    if len(names) > 1:
        raise Usage(f"one flow at a time: civicloop play {names[0]}. Talks that were kept need --again.")
    catalog, (name, *_) = _chosen(config, names)
    played = _flow(name, catalog)
    if every:
        _list_all(played, catalog)
    else:
        _talk(played, _spoken(played, language), save, overwrite=overwrite)
    return 0


def _talk(flow: Flow, language: str, save: Path | None, *, overwrite: bool) -> None:
    """Talk a flow through at the keyboard, and keep the talk where that is wished."""
    from bot import play as playing

    if save and save.exists() and not overwrite:
        raise Refused(f"{save} is there already. Take another name, or say --overwrite.")
    if save:
        save.parent.mkdir(parents=True, exist_ok=True)
    playing.play(flow, language, _typed(), click.echo, wall_clock(), save)
    if save:
        click.echo(f"Kept in {save}. Play it again: civicloop play --again {save}")


def _play_again(config: Config, names: tuple[str, ...], *, overwrite: bool) -> int:
    """Play kept talks, and tell of each whether it goes as it did; with `overwrite`, write down how it goes now."""
    from bot.play import again
    from flows import transcript

    catalog, _ = _chosen(config, tuple(name for name in names if name.endswith(".toml")))
    talks = [Path(name) for name in names if not name.endswith(".toml")]
    if not talks:
        raise Usage("name the talks that were kept: civicloop play --again FILE...")
    other = 0
    for file in talks:
        written = transcript.read(_read_talk(file))
        now = again(_flow_of_talk(file, written.head, catalog), written, wall_clock())
        differs = transcript.difference(written.text, now)
        if differs and overwrite:
            _write(file, transcript.head_text(written.head, written.notes) + now)
        elif differs:
            line, kept, said = differs
            click.echo(f'{file}, line {written.begins + line}: kept is "{kept}", now it is "{said}"')
        else:
            click.echo(f"{file}: as it was kept")
        other += bool(differs and not overwrite)
    if other:
        click.echo("Where that is as it should be: the same command with --overwrite keeps how they go now.")
    return int(bool(other))


def _read_talk(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(
            f"{file} cannot be read as a talk: {getattr(error, 'strerror', 'it is not UTF-8 text')}."
        ) from error


def _flow_of_talk(file: Path, head: Mapping[str, str], catalog: Catalog) -> Flow:
    """Return the flow, in the version, that a kept talk names at its top."""
    if "flow" not in head:
        raise Refused(f'{file} is no talk that was kept: no line "flow: NAME" stands at its top.')
    flow, version = _flow(head["flow"], catalog), head.get("version", "")
    if not version:
        return flow
    try:
        return catalog.get(flow.id, int(version))
    except (LookupError, ValueError):
        known = ", ".join(map(str, catalog.versions(flow.id)))
        said = f"{file} was kept in version {version} of {flow.id}, and there is version {known}."
        raise Refused(f'{said} Write "version: {flow.version}" at its top, then play it again.') from None


def _list_all(flow: Flow, catalog: Catalog) -> None:
    """Print every way through the flow's own questions, what it takes, and how many there are."""
    from flows.paths import paths

    begin, own = catalog.own(flow)
    found = paths(flow, begin, own)
    for path in found.paths:
        click.echo(_line(path))
    length = sorted(path.questions for path in found.paths if not path.ending)
    click.echo(f"{_many(len(found.paths), 'way')}{_length(length)}.")
    if found.merged:
        click.echo('There are too many ways to list: those that go on alike end in "as before", told once only.')
    if found.cut:
        click.echo("The rest is left out: this flow tells too many answers apart.")


def _line(path: Path_) -> str:
    known = "".join(f"{step.state}={step.said}: " for step in path.known)
    steps = " → ".join(f"{step.state}={step.said}" if step.said else step.state for step in path.steps)
    if path.ending:
        return f"{known}{steps} … {path.ending}"
    return f"{known}{steps} ({_many(path.questions, 'question')}, {max(1, round(path.minutes))} min)"


def _length(questions: list[int]) -> str:
    """Say how many questions ways have, from the shortest to the longest."""
    if not questions:
        return ""
    least, most = questions[0], _many(questions[-1], "question")
    return f", {most}" if least == questions[-1] else f", {least} to {most}"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _typed() -> Iterator[str]:
    """Give what is typed, line by line, with a mark before each where a person types."""
    while True:
        if interactive():
            click.echo("> ", nl=False)
        line = sys.stdin.readline()
        if not line:
            return
        yield line


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

    catalog, names = _chosen(config, (flow,))
    drawn = _flow(names[0], catalog)
    spoken = _spoken(drawn, language)
    played, title, counted = _of_round(config, drawn.id, code) if code else (filled(drawn), "", None)
    if out:
        _write(out, svg(played, texts(spoken), title, counted))
    else:
        known = {arrow: part.count for arrow, part in counted.went.items() if part.count} if counted else {}
        click.echo(diagram.mermaid(played if code else drawn, known))


def _spoken(flow: Flow, language: str | None) -> str:
    """Return a language of the flow; None: its own."""
    if language and language not in flow.languages:
        raise Usage(f"{flow.id} does not speak {language}; it speaks {', '.join(flow.languages)}.")
    return language or flow.language


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
            _write(out, wordlists.to_xlsx(tables, translating.SOURCE))
        case ".po":
            _write(out, wordlists.to_po(its, language))
        case ".csv":
            _write(out, "\ufeff" + wordlists.to_csv(its))
        case _:
            for name, text in translating.drafts(files, lines[language], language).items():
                _write(out / name, text)


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
            _write((into or _home(name, language, config)) / name, text)
    for fault in faults:
        click.echo(fault)
    other = [line for line in whole if line.was]
    for line in other:
        click.echo(f'{line.file}, {language}: "{line.key}" is translated from other words than stand there: look again')
    if other:
        click.echo("(What a table says in the language of the source is only to read. Change those words in the file.)")
    for file, count in Counter(line.file for line in whole if not line.translation).items():
        wait = f"{_many(count, 'text')} {'is' if count == 1 else 'are'}"
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


def _write(path: Path, text: str | bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}.") from error
    click.echo(str(path))


def _chosen(config: Config, flows: tuple[str, ...]) -> tuple[Catalog, list[str]]:
    """Return the catalogue with the files named on the command line in it, and each name; a file's is its own."""
    from flows.catalog import PACKAGED, Catalog

    extra: list[Path] = [*config.flows.extra]
    names: list[str] = []
    for flow in flows:
        path = Path(flow)
        if not flow.endswith(".toml"):
            names.append(flow)
        elif not path.is_file():
            raise Usage(f"there is no file {flow}.")
        elif path.resolve().is_relative_to(PACKAGED):
            names.append(path.resolve().relative_to(PACKAGED).as_posix())
        else:
            names.append(path.name)
            extra += [path, *path.parent.glob(f"{path.stem}.*.toml")]
    return Catalog.load(extra=extra), names


def _flow(name: str, catalog: Catalog) -> Flow:
    """Return a flow by its name or its file. Raises `Refused` with its faults where it cannot be played."""
    held = _of_file(catalog, name)
    name = held[0] if held else name
    try:
        return catalog.get(name)
    except LookupError:
        faults = [issue for issue in catalog.issues if issue.file == name] or catalog.issues_of(name)
        if faults:
            raise Refused("\n".join(str(issue) for issue in faults)) from None
        raise Usage(_no_flow(name, catalog)) from None


def _files(name: str, catalog: Catalog) -> tuple[dict[str, str], list[str]]:
    """Return the text of every file that a flow is made of, and which of them is its own."""
    flow = _flow(name, catalog)
    key = flow.id, flow.version
    return {file: catalog.texts[file] for file in catalog.compiled[key].files}, [catalog.shelf.flows[key].document.file]


def _no_flow(name: str, catalog: Catalog) -> str:
    """Say which flows there are, those with errors among them: they are what a check is for."""
    from flows.issues import suggestion

    known = {flow for flow, _ in catalog.compiled}
    return f'no flow "{name}".{suggestion(name, known)} There are: {", ".join(sorted(known))}.'


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


COMMANDS = (flow_, check, play, graph, translate)
