"""A short text is in one of the city's languages; the language of the chat is believed first, and doubt is said."""

from __future__ import annotations

import pytest

from bot.reading.language import UNKNOWN, language_of, likely

SIX = ("en", "es", "de", "fr", "pt", "ar")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The lift has been broken for weeks."),
        ("es", "El ascensor lleva semanas roto."),
        ("de", "Der Aufzug ist seit Wochen kaputt."),
        ("fr", "L’ascenseur est en panne depuis des semaines."),
        ("pt", "O elevador está avariado há semanas."),
        ("ar", "المصعد معطل منذ أسابيع."),
    ],
)
@pytest.mark.parametrize("chat", SIX)
def test_a_sentence_is_told_whatever_the_chat_speaks(language: str, text: str, chat: str) -> None:
    assert language_of(text, chat, SIX) == language


@pytest.mark.parametrize("chat", ["es", "pt"])
def test_a_word_of_two_languages_is_most_likely_that_of_the_chat_and_no_more(chat: str) -> None:
    chances = likely("banco", chat, SIX)
    assert max(chances, key=chances.__getitem__) == chat
    assert language_of("banco", chat, SIX) == UNKNOWN


def test_what_cannot_be_told_is_unknown() -> None:
    assert language_of("👍 10/10", "en", SIX) == UNKNOWN
    assert language_of("", "en", SIX) == UNKNOWN
    chances = likely("ok banco", "de", SIX)
    assert sum(chances.values()) == pytest.approx(1)


def test_only_the_citys_languages_are_guessed_as_it_writes_them() -> None:
    assert language_of("O elevador está avariado há semanas.", "en", ("en", "pt-BR")) == "pt-BR"
    assert language_of("Il est en panne", "en", ("en",)) == "en"
    assert language_of("whatever", "xx", ("xx",)) == "xx"
