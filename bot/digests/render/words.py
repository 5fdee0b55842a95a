"""The words of files made from a digest, in a language; those of the digest itself are in them too."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from bot.texts import SOURCE, Texts, read, texts

FOLDER: Final = Path(__file__).with_name("texts")


@cache
def words(language: str) -> Texts:
    """Return the sentences in `language`, or in the one that stands in for it."""
    base = texts(language)
    own = read(FOLDER / f"{base.language}.toml") if (FOLDER / f"{base.language}.toml").is_file() else {}
    return Texts(base.language, base.locale, {**base.sentences, **read(FOLDER / f"{SOURCE}.toml"), **own})
