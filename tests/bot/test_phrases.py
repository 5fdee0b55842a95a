"""Every sentence written for citizens is said somewhere; every sentence that is said is written in each language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flows.catalog import Catalog
from flows.form import PhrasesForm
from flows.phrasebook import PHRASES
from flows.words import fold, placeholders, spellings
from tests.flows.talk import LANGUAGES

ROOT = Path(__file__).parents[2]
CODE = "\n".join(file.read_text(encoding="utf-8") for part in ("bot", "flows") for file in (ROOT / part).rglob("*.py"))
NAMED = set(re.findall(r'"([a-z][a-z_]+)"', CODE)) | set(PHRASES)
FAMILIES = tuple(re.findall(r'f"([a-z]+_(?:[a-z]+_)*)\{', CODE))
"""Beginnings of keys whose end follows from a value, such as `influence_`."""
SAID = set(re.findall(r'self\._say\([a-z_.]+, "([a-z_]+)"', CODE))


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """The catalogue that comes with the program."""
    return Catalog.load()


def test_what_is_said_is_written(catalog: Catalog) -> None:
    assert len(SAID) > 10
    assert not SAID - set(catalog.phrases("en"))


def test_what_is_written_is_said(catalog: Catalog) -> None:
    assert not [key for key in catalog.phrases("en") if key not in NAMED and not key.startswith(FAMILIES)]


def test_every_language_says_all_and_fills_the_same_gaps(catalog: Catalog) -> None:
    written = {language: document.form for language, document in catalog.shelf.phrases.items()}
    english = written.pop("en")
    assert isinstance(english, PhrasesForm)
    gaps = {key: placeholders(said) for key, said in english.phrases.items()}
    for language, other in written.items():
        assert isinstance(other, PhrasesForm)
        assert set(english.phrases) == set(other.phrases)
        assert {key: placeholders(said) for key, said in other.phrases.items()} == gaps, language
        assert set(english.commands) == set(other.commands)
        assert set(english.words) == set(other.words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_has_two_meanings(catalog: Catalog, language: str) -> None:
    """The first would have it, whatever is told of the second."""
    written = catalog.shelf.phrases[language].form
    assert isinstance(written, PhrasesForm)
    meant: dict[str, set[str]] = {}
    for key, words in written.words.items():
        for typed in (typed for word in words for typed in spellings(word)):
            meant.setdefault(typed, set()).add(key)
    assert not {word: keys for word, keys in meant.items() if len(keys) > 1}


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_that_a_sentence_tells_to_send_are_words_of_its_language(catalog: Catalog, language: str) -> None:
    said, heard = catalog.phrases(language), catalog.words(language)
    offered = [line.split(" – ")[0] for line in said["desk_help"].splitlines() if " – " in line]
    assert "mine" in {heard.get(fold(word)) for word in offered}
    amid = [line.split(" – ")[0] for line in said["help"].splitlines() if line.startswith("/")]
    assert [heard.get(fold(word)) for word in amid] == ["mine"]
    for key, asked in (("deed_why", "stop"), ("deed_write", "skip")):
        own = re.sub(r"\s+", " ", offered[-1] if asked == "stop" else said["help"].split(" – ")[0].splitlines()[-1])
        assert heard[fold(own)] == asked
        assert own in said[key]
