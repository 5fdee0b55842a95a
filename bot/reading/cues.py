"""The words of `cues.toml`, ready to be looked for."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path

from bot.reading.plain import folded

_FILE = Path(__file__).with_name("cues.toml")


@cache
def _tables() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


@cache
def words(table: str, key: str) -> frozenset[str]:
    """Return the words of a list, folded."""
    return frozenset(map(folded, _tables()[table][key]))


@cache
def spoken(table: str, key: str) -> tuple[str, ...]:
    """Return the words of a list as parts of a pattern over a text made `bare`, the longest first."""
    return tuple(
        re.escape(word) for word in sorted({bare(one) for one in _tables()[table][key]}, key=len, reverse=True)
    )


@cache
def written(table: str, key: str) -> tuple[str, ...]:
    """Return the words of a list as they are written, as parts of a pattern, the longest first."""
    return tuple(re.escape(word) for word in sorted(set(_tables()[table][key]), key=len, reverse=True))


def bare(text: str) -> str:
    """Return `text` without the accents of its letters, letter for letter."""
    return text if text.isascii() else "".join(map(_bare, text))


@cache
def _bare(sign: str) -> str:
    plain = folded(sign) if "\u0600" <= sign <= "\u06ff" else unicodedata.normalize("NFKD", sign)
    return plain[0] if plain and not unicodedata.combining(plain[0]) and plain[0].isalpha() == sign.isalpha() else sign
