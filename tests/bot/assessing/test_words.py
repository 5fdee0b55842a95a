"""What managers read about themselves: each item whole in six languages, and nowhere taken for somebody else's tool."""

from __future__ import annotations

import pytest

from bot.assessing.items import ITEMS, LEVELS, SKILLS
from bot.assessing.words import words
from flows.model import Stage
from tests.flows.talk import LANGUAGES

PARTS = ("short", "says", "none", "some", "best", "proof")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_item_level_and_skill_has_its_words(language: str) -> None:
    said, english = words(language), words("en")
    keys = [f"item.{item.id}.{part}" for item in ITEMS for part in PARTS]
    keys += [f"{table}.{level}" for table in ("level", "means") for level in (*LEVELS, "na")]
    keys += [f"skill.{skill}" for skill in SKILLS]
    assert all(said(key) for key in keys)
    assert language == "en" or {key for key in keys if said(key) == english(key)} <= {"skill.innovation"}
    assert all(said(f"stage.{stage}") for stage in Stage)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_item_has_no_more_words_than_a_phone_shows_at_once(language: str) -> None:
    said = words(language)
    for item in ITEMS:
        assert len(said(f"item.{item.id}.short")) <= 40, item
        assert all(len(said(f"item.{item.id}.{part}")) <= 160 for part in PARTS), item
    assert all(len(said(f"level.{level}")) <= 30 for level in (*LEVELS, "na"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_source_is_an_abstract_and_the_tool_is_ours(language: str) -> None:
    said = words(language)
    everything = " ".join(said.sentences[key] for key in said.sentences if key.partition(".")[0] == "about")
    assert "(2019)" in said("about.source")
    assert "SmartiP" not in everything


def test_a_language_without_words_of_its_own_reads_english() -> None:
    assert words("nl")("level.0") == "Not done"
