"""What organisers read about rounds, from `texts/<language>.toml` beside this file."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "texts"
FALLBACK = "en"


@cache
def _texts(language: str) -> dict[str, dict[str, str]]:
    file = _FOLDER / f"{language}.toml"
    return tomllib.loads((file if file.exists() else _FOLDER / f"{FALLBACK}.toml").read_text(encoding="utf-8"))


def fault(reader: str, key: str, **values: object) -> str:
    """Return one line about what is wrong, in the language `reader` (English where there is no such file)."""
    return _texts(reader)["faults"][key].format(**values)


def meaning(language: str, name: str) -> str:
    """Return what a field of the record means; the bare name for a field of the flow's own."""
    return _texts(language)["meanings"].get(name, name)


def influences(language: str) -> list[tuple[str, str]]:
    """Return (id, meaning) of the five promises, from least say to most."""
    return list(_texts(language)["influences"].items())
