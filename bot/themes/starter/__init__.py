"""The codes every codebook starts with, in six languages: names for managers, cues for the sorter."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from storage.themes import STARTER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from storage.themes import Theme

FOLDER = Path(__file__).parent
SOURCE = "en"


@dataclass(frozen=True, slots=True)
class Code:
    """One starter code."""

    key: str
    names: Mapping[str, str]
    cues: Mapping[str, tuple[str, ...]]
    """What people might say of it, by language."""


def codes(languages: Iterable[str]) -> tuple[Code, ...]:
    """Return the starter codes in these languages (parents serve: `pt-BR` has those of `pt`), and in English."""
    wanted = {language.split("-", maxsplit=1)[0] for language in languages} | {SOURCE}
    read = {language: _read(language) for language in sorted(wanted) if (FOLDER / f"{language}.toml").is_file()}
    return tuple(
        Code(
            key,
            {language: each[key][0] for language, each in read.items()},
            {language: each[key][1] for language, each in read.items()},
        )
        for key in _read(SOURCE)
    )


def named(theme: Theme) -> Mapping[str, str]:
    """Return the names of a theme by language: of a starter code that nobody renamed, in each language there is."""
    kept = theme.spoken
    if theme.origin != STARTER:
        return kept
    known = {language: code[theme.key][0] for language, code in _every().items() if theme.key in code}
    return known if kept and all(known.get(language) == name for language, name in kept.items()) else kept


def called(theme: Theme, language: str) -> str:
    """Return the name of a theme in this language, else in the first it was given in."""
    return named(theme).get(language) or theme.name(language)


def _every() -> Mapping[str, Mapping[str, tuple[str, tuple[str, ...]]]]:
    return {file.stem: _read(file.stem) for file in sorted(FOLDER.glob("*.toml"))}


@cache
def _read(language: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    read = tomllib.loads((FOLDER / f"{language}.toml").read_text("utf-8"))
    return {key: (each["name"], tuple(each["cues"])) for key, each in read.items()}
