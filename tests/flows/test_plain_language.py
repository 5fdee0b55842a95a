"""Everything a citizen reads is short enough to be read at B1, in every language, with typical words in the gaps.

The limits are house rules for plain language: they catch long texts, not hard ones. People still have to read along.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from flows.examples import example_values
from flows.words import fill
from tests.flows.talk import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flows.catalog import Catalog

SENTENCE, QUESTION = 20, 16
"""Most words."""
PARAGRAPH, LABEL = 280, 45
"""Most characters."""
HARD = {
    "en": "stakeholder utilise utilize facilitate leverage implement submit pursuant hereby regarding prior commence",
    "es": "stakeholder implementar cumplimentar subsanar fehaciente procederá dicho dicha mediante asimismo",
    "fr": "stakeholder usager usagère susmentionné susvisé nonobstant afférent cerfa présente diligenter impacter",
    "de": "stakeholder hiermit diesbezüglich bezüglich seitens mittels gemäß obig zwecks nachstehend vorgenannt",
    "pt": "stakeholder supracitado outrossim mediante doravante referido implementar utente requerimento deferimento",
    "ar": "المذكور أعلاه المشار حيثيات إزاء",
}
"""Words of offices, each with an everyday word in its place."""

_ADDRESS = re.compile(r"https?://\S+")
_ENDS = re.compile(r"(?<=[.!?:؟])\s+|\n")
_WORD = re.compile(r"\S*\w\S*")
"""A mark that stands alone, as in French before a question mark, is no word."""
_CLOSING = '»”“"’ \u00a0\u202f'
_LISTS = frozenset({"help", "desk_help", "staff_help_manager", "staff_help_organiser"})
"""Phrases that hold a list of words to send, a line for each."""


def texts(catalog: Catalog, language: str) -> Iterator[tuple[str, str]]:
    """Yield (where, text) of all that is said: flows with their frames, the bank, phrases."""
    gaps = {**example_values(language), "n": "6", "minutes": "3", "k": "4", "receipt": "K7M2-9QXR"}
    for flow in catalog.flows:
        for state in flow.script(language).states.values():
            yield f"{flow.id}.{state.id}", fill(state.text, gaps)
            yield f"{flow.id}.{state.id}.why", fill(state.why, gaps)
    for item in catalog.bank.items.values():
        yield item.id, fill(item.text(language), gaps)
        yield f"{item.id}.why", fill(item.words[language].why, gaps)
    for key, phrase in catalog.phrases(language).items():
        yield key, fill(phrase, gaps)


def too_long(sentence: str) -> bool:
    """Return whether a sentence has more words than its kind may have."""
    asks = sentence.rstrip(_CLOSING).endswith(("?", "؟"))
    return len(_WORD.findall(sentence)) > (QUESTION if asks else SENTENCE)


def sentences(text: str) -> list[str]:
    """Cut a text at the ends of sentences and lines; a web address is one word."""
    return [one for one in _ENDS.split(_ADDRESS.sub("address", text)) if one.strip()]


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_and_questions_are_short(catalog: Catalog, language: str) -> None:
    long = [
        f"{where}: {len(_WORD.findall(one))} words: {one}"
        for where, text in texts(catalog, language)
        for one in sentences(text)
        if too_long(one)
    ]
    assert not long, "\n".join(long)


@pytest.mark.parametrize("language", LANGUAGES)
def test_paragraphs_are_short(catalog: Catalog, language: str) -> None:
    long = [
        f"{where}: {len(one)} characters: {one}"
        for where, text in texts(catalog, language)
        for one in text.split("\n\n")
        if len(one) > PARAGRAPH and where not in _LISTS
    ]
    assert not long, "\n".join(long)


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_fit_on_a_button_of_a_phone(catalog: Catalog, language: str) -> None:
    items = catalog.bank.items.values()
    labels = {label for item in items for label in item.words[language].options.values()}
    assert labels
    assert not {label for label in labels if len(label) > LABEL}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_of_offices_is_used(catalog: Catalog, language: str) -> None:
    hard = set(HARD[language].split())
    found = [
        (where, sorted(used))
        for where, text in texts(catalog, language)
        if (used := hard & set(re.findall(r"\w+", text.casefold())))
    ]
    assert not found


def test_every_item_tells_why_we_ask_in_every_language(catalog: Catalog) -> None:
    silent = [item.id for item in catalog.bank.items.values() for one in LANGUAGES if not item.words[one].why]
    assert not silent


@pytest.mark.parametrize(
    ("sentence", "long"),
    [
        (" ".join(["mot"] * 16) + "\u00a0?", False),
        (" ".join(["mot"] * 17) + "\u00a0?", True),
        ("«\u00a0" + " ".join(["mot"] * 20) + "\u00a0»", False),
        (" ".join(["كلمة"] * 17) + "؟", True),
        (" ".join(["كلمة"] * 20) + ".", False),
    ],
)
def test_a_mark_that_stands_alone_is_no_word_and_every_script_has_its_question_mark(
    sentence: str, *, long: bool
) -> None:
    assert too_long(sentence) is long
