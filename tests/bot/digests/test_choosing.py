"""When and where a digest comes, said in words."""

from __future__ import annotations

import pytest

from bot.digests.choosing import read
from bot.texts import languages, texts


@pytest.mark.parametrize("language", languages())
def test_the_example_of_each_language_is_understood(language: str) -> None:
    words = texts(language)
    choice = read(words("digest.choose.example"), words)
    assert choice.values == {
        "digest_every": "month",
        "digest_by": "mail",
        "digest_day": "fri",
        "digest_time": "17:30",
    }


@pytest.mark.parametrize("language", languages())
def test_every_word_of_a_language_is_told_from_the_others(language: str) -> None:
    words = texts(language)
    for key in ("week", "fortnight", "month", "both", "chat", "mail"):
        (value,) = read(words(f"digest.choose.{key}"), words).values.values()
        assert value == key


def test_an_unknown_word_changes_nothing() -> None:
    assert read("monthly maybe", texts("en")) == ({}, "maybe")
    assert read("monthly, 17:30,", texts("en")).values == {"digest_every": "month", "digest_time": "17:30"}
    assert read("8:3٠", texts("en")).values == {"digest_time": "08:30"}
    assert read("7.05", texts("en")).values == {"digest_time": "07:05"}
