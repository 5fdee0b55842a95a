"""What organisers read about rounds, from `texts/<language>.toml` beside this file."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from bot.errors import Refused

_FOLDER = Path(__file__).parent / "texts"
FALLBACK = "en"


@cache
def _texts(language: str) -> dict[str, dict[str, str]]:
    file = _FOLDER / f"{language}.toml"
    return tomllib.loads((file if file.exists() else _FOLDER / f"{FALLBACK}.toml").read_text(encoding="utf-8"))


def fault(reader: str, key: str, **values: object) -> str:
    """Return one line about what is wrong, in the language `reader` (English where there is no such file)."""
    return _texts(reader)["faults"][key].format(**values)


def short(reader: str, key: str, **values: object) -> str:
    """Return the same beside the name of the field that is meant."""
    texts = _texts(reader)
    return texts["short"].get(key, texts["faults"][key]).format(**values)


class Forbidden(Refused):
    """What the rules of rounds forbid: said in English, and again in the reader's language where one is known."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(fault(FALLBACK, key, **values))
        self._key, self._values = key, values

    def spoken(self, language: str) -> str:
        """Return the line in a language."""
        return fault(language, self._key, **self._values)


def change(reader: str, kind: str, **values: object) -> str:
    """Return one line about what changed between two versions of a flow; `none` says that nothing did."""
    return _texts(reader)["changes"][kind].format(**values)


def spoken(error: Exception, language: str) -> str:
    """Return what an error says, in this language where it can."""
    return error.spoken(language) if isinstance(error, Forbidden) else str(error)


def meaning(language: str, name: str) -> str:
    """Return what a field of the record means; the bare name for a field of the flow's own."""
    return _texts(language)["meanings"].get(name, name)


def names() -> tuple[str, ...]:
    """Return the fields of a record that have a meaning here, in the order they are explained."""
    return tuple(_texts(FALLBACK)["meanings"])


def influences(language: str) -> list[tuple[str, str]]:
    """Return (id, meaning) of the five promises, from least say to most."""
    return list(_texts(language)["influences"].items())
