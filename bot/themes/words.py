"""The sentences around a codebook, in a language; those of the digest (stages, numbers) are in them too."""

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
    file = FOLDER / f"{base.language}.toml"
    own = {**read(FOLDER / f"{SOURCE}.toml"), **(read(file) if file.is_file() else {})}
    return Texts(base.language, base.locale, {**base.sentences, **own})
