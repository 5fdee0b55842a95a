"""A flow filled with example values, so that it can be played where there is no round."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from flows.binding import bind
from flows.phrasebook import FROM_ROUND

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flows.binding import Worded
    from flows.model import Flow

_FOLDER = Path(__file__).parent / "frames"


def filled(
    flow: Flow,
    values: Mapping[str, Worded] = MappingProxyType({}),
    lists: Mapping[str, Sequence[tuple[str, Worded]]] = MappingProxyType({}),
) -> Flow:
    """Return `flow` bound to `values` and `lists`, with examples in the place of what these do not bring."""
    examples = {language: example_values(language) for language in flow.languages}
    known: dict[str, Worded] = {name: {one: examples[one].get(name, name) for one in examples} for name in FROM_ROUND}
    return bind(flow, {**known, **values}, {**_lists(flow), **lists})


def example_values(language: str) -> Mapping[str, str]:
    """Return an example for every placeholder, in `language` or in English."""
    values: Mapping[str, str] = _read(language)["values"]
    return values


def _lists(flow: Flow) -> dict[str, list[tuple[str, Worded]]]:
    """Return the example lists in all languages of `flow`."""
    english = _read("en")["lists"]
    return {name: [(one, _labels(flow, name, one)) for one in entries] for name, entries in english.items()}


def _labels(flow: Flow, name: str, entry: str) -> dict[str, str]:
    found = {language: _read(language)["lists"].get(name, {}).get(entry) for language in flow.languages}
    return {language: label or _read("en")["lists"][name][entry] for language, label in found.items()}


@cache
def _read(language: str) -> dict[str, Any]:
    file = _FOLDER / f"examples.{language}.toml"
    if not file.exists():
        file = _FOLDER / "examples.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))
