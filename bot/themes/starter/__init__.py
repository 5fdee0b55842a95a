"""The codes every codebook starts with, in six languages: names for managers, cues for the sorter."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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


@cache
def _read(language: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    read = tomllib.loads((FOLDER / f"{language}.toml").read_text("utf-8"))
    return {key: (each["name"], tuple(each["cues"])) for key, each in read.items()}
