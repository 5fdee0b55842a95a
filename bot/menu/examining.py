"""A file that staff sent, looked at: what kind it is by its content, what is wrong with it, what it asks. Pure.

A file from outside may be anything. Nothing in it is run: no macros, no expressions. What it unpacks to is counted
before it is unpacked.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from flows.model import End, Review, Say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flows.catalog import Catalog
    from flows.issues import Issue
    from flows.model import Flow

LARGEST = 5_000_000
"""Bytes of a spreadsheet."""
LARGEST_TEXT = 300_000
"""Bytes of a flow file: the longest that come with civicloop have a tenth of that."""
SPREADSHEET = "xl/workbook.xml"
"""What a packed file holds if it is an .xlsx."""
MACROS = "vbaproject.bin"
_PACKED, _OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found in a file."""

    reason: str = ""
    """Why it was not read, as a key of the menu's sentences (`file_…`); empty where it was."""
    faults: tuple[str, ...] = ()
    """What must be repaired, a line each with line or cell."""
    hints: tuple[str, ...] = ()
    """What should be, and what of a spreadsheet could not be carried."""
    lost: int = 0
    """How many questions of a spreadsheet could not."""
    files: Mapping[str, str] = field(default_factory=dict)
    """The texts it makes, by file name; empty while something must be repaired."""


def examine(name: str, body: bytes, catalog: Catalog) -> Examined:
    """Return what is in a file; `name` is only shown, and never believed."""
    if len(body) > LARGEST:
        return Examined("file_large")
    if body.startswith(_OLD):
        return Examined("file_old")
    if body.startswith(_PACKED):
        return _packed(plain_name(name, ".xlsx"), body, catalog)
    return _text(plain_name(name, ".toml"), body, catalog)


def plain_name(name: str, ending: str) -> str:
    """Return a file's name in letters, digits and dashes, with the ending its content asks for."""
    stem = PurePath(name.replace("\\", "/")).name.partition(".")[0]
    return f"{re.sub(r'[^A-Za-z0-9_-]+', '_', stem).strip('_')[:60] or 'flow'}{ending}"


# --------------------------------------------------------------------------- a flow file


def _text(name: str, body: bytes, catalog: Catalog) -> Examined:
    try:
        text = body.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return Examined("file_unknown")
    if len(body) > LARGEST_TEXT:
        return Examined("file_large")
    if "\0" in text or not text.strip():
        return Examined("file_unknown")
    if "=" not in text and re.search("[,;\t@]", text):  # no flow is without: a table, or addresses line by line
        return Examined("file_list")
    issues = catalog.faults_of({name: text})
    errors, hints = _told(issues)
    if not errors and not playable(catalog, {name: text}):
        return Examined("file_no_flow")
    return Examined(faults=errors, hints=hints, files={} if errors else {name: text})


def _told(issues: Sequence[Issue]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what must be repaired and what should be."""
    errors = tuple(str(issue) for issue in issues if issue.severity == "error")
    return errors, tuple(str(issue) for issue in issues if issue.severity == "warning")


def playable(catalog: Catalog, files: Mapping[str, str]) -> Flow | None:
    """Return the flow that files make beside a catalogue, in all its languages; None where they make none."""
    return next((one.flow for one in catalog.beside(files).compiled.values() if one.flow), None)


def asked(catalog: Catalog, files: Mapping[str, str], language: str) -> list[str]:
    """Return what a flow asks itself, its frame left out, the first line of each question."""
    beside = catalog.beside(files)
    flow = next(one.flow for one in beside.compiled.values() if one.flow)
    own, states = beside.own(flow)[1], flow.script(language).states
    questions = (state for id_, state in states.items() if id_ in own and not isinstance(state, Say | Review | End))
    return [state.text.strip().split("\n")[0] for state in questions]


# --------------------------------------------------------------------------- a spreadsheet


def _packed(name: str, body: bytes, catalog: Catalog) -> Examined:
    try:
        held = [entry.filename.lower() for entry in zipfile.ZipFile(io.BytesIO(body)).infolist()]
    except (zipfile.BadZipFile, ValueError, OSError, EOFError):
        return Examined("file_unknown")
    if SPREADSHEET not in held:
        return Examined("file_unknown")
    if any(PurePath(each).name == MACROS for each in held):
        return Examined("file_macros")
    return _form(name, body, catalog)


_UNSTAGED = (
    'settings: no column "stage", so the flow is of the stage design. For another: commission, pilot, deliver, assess '
    "or renew in that column."
)


def _form(name: str, body: bytes, catalog: Catalog) -> Examined:
    from bot.importing.losses import lines  # noqa: PLC0415 - slow to load, rarely needed
    from bot.importing.xlsform import Wishes, carry  # noqa: PLC0415 - the same

    made = carry(body, name, Wishes(), catalog)
    if made.reason:
        return Examined(faults=(made.reason, *lines(made.losses)))
    errors, warnings = _told(made.issues)
    told = sorted(made.losses, key=lambda one: not one.is_question)  # what nobody is asked comes first
    hints = (*lines(told), *([_UNSTAGED] if made.assumed else []), *warnings)
    lost = sum(one.is_question for one in made.losses)
    return Examined(faults=errors, hints=hints, lost=lost, files={} if errors else dict(made.files))
