"""Every sentence that staff and visitors read can be said: its gaps are those of the English one, its braces close."""

from __future__ import annotations

import tomllib
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Any

import pytest

from tests.flows.talk import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

BOT = Path(__file__).parents[2] / "bot"
FOLDERS = ("texts", "rounds/texts", "channels/web/texts")
FORMS = frozenset(("zero", "one", "two", "few", "many", "other"))


def sentences(folder: str, language: str) -> dict[str, str]:
    """Return every sentence of a file by its dotted key."""
    return dict(_flat(tomllib.loads((BOT / folder / f"{language}.toml").read_text("utf-8"))))


def _flat(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        yield from _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [(f"{prefix}{key}", value)]


def gaps(sentence: str) -> set[str]:
    """Return the names in braces. Raises ValueError for a brace that does not close."""
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def source_of(key: str, english: dict[str, str]) -> str:
    """Return the key of the English sentence: forms that English does not tell apart follow its `other`."""
    stem, _, form = key.rpartition(".")
    return f"{stem}.other" if key not in english and form in FORMS else key


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("folder", FOLDERS)
def test_every_sentence_has_the_gaps_of_the_english_one_and_can_be_filled(folder: str, language: str) -> None:
    english, own = sentences(folder, "en"), sentences(folder, language)
    assert not set(english) - set(own)
    for key, sentence in own.items():
        meant = english[source_of(key, english)]
        wanted = gaps(meant) - {"n"} if key.endswith((".one", ".two")) else gaps(meant)
        assert wanted <= gaps(sentence) <= gaps(meant), f"{folder}/{language}.toml {key}"
        assert sentence.format(**dict.fromkeys(gaps(meant), "x"))
