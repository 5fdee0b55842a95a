"""What is typed of a round's facts: `--set NAME=TEXT` and files of facts, laid over what the round says already."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
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

TITLE = "title"
NAMES = (TITLE, *wording.names())
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
    help=f"One thing the texts need; NAME.es=TEXT in Spanish, beside other languages (see --language). NAME is one of "
    f"{', '.join(NAMES)}. influence is one of {', '.join(dict(wording.influences('en')))}; days as 2026-12-31.",
)


language_option = click.option(
    "--language",
    metavar="XX",
    help="In which language the texts without one are written. [default: the city's first, where the round speaks it]",
)


@dataclass(frozen=True, slots=True)
class Tongue:
    """In which language a text is that was written without one: `own` of a title, `typed` of all others."""

    own: str
    typed: str
    bare: frozenset[str]
    """Fields that are the same in every language."""

    def of(self, name: str) -> str:
        """Return in which language a field is where it does not say; empty for one that is the same in all."""
        return self.own if name == TITLE else "" if name in self.bare else self.typed

    def said(self, name: str, text: object) -> object:
        """Return a text as the record keeps it; what is none stays."""
        return {self.typed: text} if isinstance(text, str) and text and self.of(name) and name != TITLE else text


def tongue_of(here: Office, flow: str, service: str, language: str | None) -> Tongue:
    """Return in which language texts of a round are where they do not say. Raises `Usage` for one it does not speak."""
    from bot.rounds import record
    from bot.rounds.example import OURS

    own, known = here.rounds.language(flow, service), here.rounds.languages(flow, service)
    if language is not None and language not in known:
        raise Usage(f'a round of {flow} for {service} does not speak "{language}". There are: {", ".join(known)}.')
    first, needs = here.config.city.languages[0], here.rounds.needs(flow, service, own)
    bare = {*record.DATES, *record.GIVEN, *record.NAMES, "influence", OURS}
    bare |= {need.name for need in needs if need.kind != "text"}
    return Tongue(own, language or (first if first in known else own), frozenset(bare))


def in_tongue(record: Mapping[str, Any], tongue: Tongue) -> dict[str, Any]:
    """Return what a file says with each text in its language."""
    return {name: tongue.said(name, text) for name, text in record.items()}


def laid(typed: Iterable[str], below: Mapping[str, Any], tongue: Tongue) -> dict[str, Any]:
    """Return the record `below` with each `topic=…` and `topic.es=…` laid over it, other languages kept."""
    record = dict(below)
    for key, text in map(pair, typed):
        name, _, language = key.partition(".")
        record[name] = _beside(record.get(name), name, language, text, tongue)
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


def _beside(known: object, name: str, language: str, text: str, tongue: Tongue) -> object:
    written = language or tongue.of(name)
    if isinstance(known, Mapping):
        return {**known, (written or tongue.own): text}
    if language:
        return {**({tongue.of(name) or tongue.own: str(known)} if known else {}), language: text}
    return tongue.said(name, text)


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
