"""Starter codes say the same in every language, and in words of each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bot.themes.starter import called, codes, named
from storage.themes import CONFIRMED, MANAGER, STARTER, Theme
from tests.flows.talk import LANGUAGES
from tests.storage.makers import NOW

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_a_name_and_cues_in_each_language(language: str) -> None:
    for code in codes(LANGUAGES):
        assert 0 < len(code.names[language]) <= 48
        assert len(code.cues[language]) == 5
        assert language == "en" or not set(code.cues[language]) & set(code.cues["en"])


def test_no_two_codes_share_a_name_or_a_cue() -> None:
    for language in LANGUAGES:
        said = [text for code in codes(LANGUAGES) for text in (code.names[language], *code.cues[language])]
        assert len(set(said)) == len(said)


def test_a_dialect_has_those_of_its_parent_and_english_is_always_there() -> None:
    assert set(codes(["pt-BR", "xx"])[0].names) == {"pt", "en"}


def kept(names: Mapping[str, str], origin: str = STARTER) -> Theme:
    return Theme(1, "library", codes(())[0].key, json.dumps(dict(names)), CONFIRMED, None, origin, NOW)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_starter_code_of_a_city_with_two_languages_has_its_name_in_all(language: str) -> None:
    (first, *_) = codes(LANGUAGES)
    theme = kept(codes(("en", "es"))[0].names)
    assert named(theme) == first.names
    assert called(theme, language) == first.names[language]


def test_what_somebody_named_has_that_name_in_every_language() -> None:
    for theme in (kept({"en": "Queues"}), kept({"es": "Colas"}), kept(codes(())[0].names, MANAGER), kept({})):
        assert named(theme) == theme.spoken
        assert called(theme, "fr") == theme.name("fr")
