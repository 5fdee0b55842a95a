"""Starter codes say the same in every language, and in words of each."""

from __future__ import annotations

import pytest

from bot.themes.starter import codes
from tests.flows.talk import LANGUAGES


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
