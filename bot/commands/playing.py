"""The command for those who talk a flow through: `play`, and the talks it keeps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.commands.common import configured, many, typed, wall_clock, write
from bot.commands.named import chosen, playable, speaking
from bot.errors import Refused, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.config import Config
    from flows.catalog import Catalog
    from flows.model import Flow
    from flows.paths import Path as Path_


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
    catalog, (name, *_) = chosen(config, names)
    played = playable(name, catalog)
    if every:
        _list_all(played, catalog)
    else:
        _talk(played, speaking(played, language), save, overwrite=overwrite)
    return 0


def _talk(flow: Flow, language: str, save: Path | None, *, overwrite: bool) -> None:
    """Talk a flow through at the keyboard, and keep the talk where that is wished."""
    from bot import play as playing

    if save and save.exists() and not overwrite:
        raise Refused(f"{save} is there already. Take another name, or say --overwrite.")
    if save:
        save.parent.mkdir(parents=True, exist_ok=True)
    playing.play(flow, language, typed(), click.echo, wall_clock(), save)
    if save:
        click.echo(f"Kept in {save}. Play it again: civicloop play --again {save}")


def _play_again(config: Config, names: tuple[str, ...], *, overwrite: bool) -> int:
    """Play kept talks, and tell of each whether it goes as it did; with `overwrite`, write down how it goes now."""
    catalog, _ = chosen(config, tuple(name for name in names if name.endswith(".toml")))
    talks = [Path(name) for name in names if not name.endswith(".toml")]
    if not talks:
        raise Usage("name the talks that were kept: civicloop play --again FILE...")
    well = [_goes_as_kept(file, catalog, overwrite=overwrite) for file in talks]
    if not all(well) and not overwrite:
        click.echo("Where that is as it should be: the same command with --overwrite keeps how they go now.")
    return int(not all(well))


def _goes_as_kept(file: Path, catalog: Catalog, *, overwrite: bool) -> bool:
    """Play one talk again and say how it went; one that cannot be played holds no other back."""
    from bot.play import again
    from flows import transcript

    try:
        written = transcript.read(_read_talk(file))
        now = again(_flow_of_talk(file, written.head, catalog), written, wall_clock())
    except (Refused, Usage) as trouble:
        click.echo(trouble)
        return False
    differs = transcript.difference(written.text, now)
    if differs and overwrite:
        write(file, transcript.head_text(written.head, written.notes) + now)
        return True
    line, kept, said = differs or (0, "", "")
    other = f', line {written.begins + line}: kept is "{kept}", now it is "{said}"'
    click.echo(f"{file}{other if differs else ': as it was kept'}")
    return not differs


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
    flow, version = playable(head["flow"], catalog), head.get("version", "")
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
    click.echo(f"{many(len(found.paths), 'way')}{_length(length)}.")
    if found.merged:
        click.echo('There are too many ways to list: those that go on alike end in "as before", told once only.')
    if found.cut:
        click.echo("The rest is left out: this flow tells too many answers apart.")


def _line(path: Path_) -> str:
    known = "".join(f"{step.state}={step.said}: " for step in path.known)
    steps = " → ".join(f"{step.state}={step.said}" if step.said else step.state for step in path.steps)
    if path.ending:
        return f"{known}{steps} … {path.ending}"
    return f"{known}{steps} ({many(path.questions, 'question')}, {path.takes} min)"


def _length(questions: list[int]) -> str:
    """Say how many questions ways have, from the shortest to the longest."""
    if not questions:
        return ""
    least, most = questions[0], many(questions[-1], "question")
    return f", {most}" if least == questions[-1] else f", {least} to {most}"


COMMANDS = (play,)
