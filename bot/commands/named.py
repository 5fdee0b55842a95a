"""Flows as they are named on the command line: by their name, or by their file."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from bot.errors import Refused, Usage

if TYPE_CHECKING:
    from bot.config import Config
    from flows.catalog import Catalog
    from flows.model import Flow


def chosen(config: Config, flows: tuple[str, ...]) -> tuple[Catalog, list[str]]:
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


def playable(name: str, catalog: Catalog) -> Flow:
    """Return a flow by its name or its file. Raises `Refused` with its faults where it cannot be played."""
    held = held_by(catalog, name)
    name = held[0] if held else name
    try:
        return catalog.get(name)
    except LookupError:
        file = unreadable(catalog).get(name, name)
        faults = [issue for issue in catalog.issues if issue.file == file] or catalog.issues_of(name)
        if faults:
            raise Refused("\n".join(str(issue) for issue in faults)) from None
        raise Usage(no_flow(name, catalog)) from None


def speaking(flow: Flow, language: str | None) -> str:
    """Return a language of the flow; None: its own."""
    if language and language not in flow.languages:
        raise Usage(f"{flow.id} does not speak {language}; it speaks {', '.join(flow.languages)}.")
    return language or flow.language


def held_by(catalog: Catalog, name: str) -> list[str]:
    """Return the flows that a file holds."""
    return [flow for (flow, _), sheet in catalog.shelf.flows.items() if sheet.document.file == name]


def no_flow(name: str, catalog: Catalog) -> str:
    """Say which flows there are, those with errors among them: they are what a check is for."""
    from flows.issues import suggestion

    known = {flow for flow, _ in catalog.compiled} | unreadable(catalog).keys()
    return f'no flow "{name}".{suggestion(name, known)} There are: {", ".join(sorted(known))}.'


def unreadable(catalog: Catalog) -> dict[str, str]:
    """Return the files of which no flow could be read, by the name a flow in them would most likely have."""
    known = {flow for flow, _ in catalog.compiled}
    files = {issue.file for issue in catalog.shelf.issues if issue.severity == "error"}
    named = {PurePosixPath(file).stem: file for file in files if not catalog.shelf.holds(file)}
    return {name: file for name, file in named.items() if "." not in name and name not in known}
