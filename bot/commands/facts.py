"""What is typed of a round's facts: `--set NAME=TEXT` and files of facts, laid over what the round says already."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.errors import Usage
from bot.rounds import wording
from flows.phrasebook import FROM_ROUND

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.commands.common import Office

NAMES = ("title", *wording.names())
"""What is typed most; a flow may have gaps of its own beside these."""
record_option = click.option(
    "--record",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A .toml or .json file of what the texts need, lists too.",
)
facts_option = click.option(
    "--set",
    "facts",
    multiple=True,
    metavar="NAME=TEXT",
    help=f"One thing the texts need; NAME.es=TEXT in Spanish, beside other languages. NAME is one of "
    f"{', '.join(NAMES)}. influence is one of {', '.join(dict(wording.influences('en')))}; days as 2026-12-31.",
)


def laid(typed: Iterable[str], below: Mapping[str, Any], own: str) -> dict[str, Any]:
    """Return the record `below` with each `topic=…` and `topic.es=…` laid over it, other languages kept.

    A text without a language serves all; where others stand beside it, it is the one in `own`.
    """
    record = dict(below)
    for key, text in map(pair, typed):
        name, _, language = key.partition(".")
        record[name] = _beside(record.get(name), language, text, own)
    return record


def with_kept(typed: Iterable[str], below: Mapping[str, Any], fields: Collection[str]) -> list[str]:
    """Return what was typed with all that is true as it stands in one: what was kept before, and each that is named.

    Raises `Usage` for a name that is none of the `fields` of the record.
    """
    from bot.rounds.example import OURS, kept

    said = list(typed)
    names = [name.strip() for key, text in map(pair, said) if key == OURS for name in text.split(",") if name.strip()]
    for name in names:
        if name not in fields:
            known = ", ".join(sorted(fields))
            raise Usage(f'{OURS} names fields of the round, and "{name}" is none: there are {known}.')
    rest = [one for one in said if pair(one)[0] != OURS]
    return [*rest, f"{OURS}={kept(below, names)[OURS]}"] if names else said


def _beside(known: object, language: str, text: str, own: str) -> str | dict[str, str]:
    if isinstance(known, Mapping):
        return {**known, (language or own): text}
    return {**({own: str(known)} if known else {}), language: text} if language else text


def pair(given: str) -> tuple[str, str]:
    """Split NAME=TEXT. Raises `Usage` for anything else."""
    name, equals, text = given.partition("=")
    if not equals or not name.strip():
        raise Usage(f'"{given}" is not NAME=TEXT.')
    return name.strip(), text


def from_file(path: Path | None) -> dict[str, Any]:
    """Read a record file, TOML or JSON; None: nothing. Raises `Usage` where it is neither."""
    if path is None:
        return {}
    try:
        text = path.read_text(encoding="utf-8")
        found = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise Usage(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise Usage(f"{path} is no {'JSON' if path.suffix == '.json' else 'TOML'}: {error}") from error
    if not isinstance(found, dict):
        raise Usage(f"{path} holds no names with texts.")
    return found


def fields_of(here: Office, flow: str, service: str) -> set[str]:
    """Return the names of what a round of a flow says, with its title."""
    return {need.name for need in here.rounds.needs(flow, service, here.config.city.languages[0])} | {"title"}


def refuse_slips(here: Office, flow: str, service: str, record: Mapping[str, object]) -> None:
    """Raise `Usage` for a fact that no text asks for, for a day that is none, for an unknown promise."""
    from bot.rounds.example import OURS
    from bot.rounds.record import unfit

    names = fields_of(here, flow, service) | FROM_ROUND | {"lists", OURS}
    for name in record.keys() - names:
        near = get_close_matches(name, names, 1)
        asked = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(sorted(names))}."
        raise Usage(f'no text of a round asks for "{name}". {asked}')
    if faults := unfit(record, wording.FALLBACK):
        raise Usage("; ".join(fault.message for fault in faults) + ".")
