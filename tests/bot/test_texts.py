"""Every sentence that staff and visitors read can be said: its gaps are those of the English one, its braces close."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Any

import pytest

from bot.texts import texts
from tests.flows.talk import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
FOLDERS = ("texts", "rounds/texts", "channels/web/texts", "assessing/texts", "digests/render/texts", "themes/texts")
FORMS = frozenset(("zero", "one", "two", "few", "many", "other"))


def sentences(folder: str, language: str) -> dict[str, str]:
    """Return every sentence of a file by its dotted key."""
    return dict(_flat(tomllib.loads((ROOT / "bot" / folder / f"{language}.toml").read_text("utf-8"))))


def _flat(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if key != "reviewed_by":
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
    assert {source_of(key, english) for key in own} == set(english)
    for key, sentence in own.items():
        meant = english[source_of(key, english)]
        wanted = gaps(meant) - {"n"} if key.endswith((".one", ".two")) else gaps(meant)
        assert wanted <= gaps(sentence) <= gaps(meant), f"{folder}/{language}.toml {key}"
        assert sentence.format(**dict.fromkeys(gaps(meant), "x"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("folder", FOLDERS)
def test_what_is_counted_is_said_in_each_form_the_language_has(folder: str, language: str) -> None:
    own = sentences(folder, language)
    counted = {key.removesuffix(".one") for key in sentences(folder, "en") if key.endswith(".one")}
    needed = {texts(language).locale.plural_form(n) for n in range(1, 100)} | {"other"}
    assert not {f"{key}.{form}" for key in counted for form in needed} - set(own)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["1 person", "2 people", "1,234 people"]),
        ("de", ["1 Person", "2 Personen", "1.234 Personen"]),
        ("fr", ["1 personne", "2 personnes", "1\u202f234 personnes"]),
        ("pt", ["1 pessoa", "2 pessoas", "1.234 pessoas"]),
        ("ar", ["شخص واحد", "شخصان", "1,234 شخصًا"]),
    ],
)
def test_people_are_counted_as_the_language_counts(language: str, said: list[str]) -> None:
    assert [texts(language).many("rounds.people", n) for n in (1, 2, 1234)] == said


def test_words_read_from_the_left_keep_their_places_in_a_sentence_read_from_the_right() -> None:
    arabic = texts("ar")
    assert "\u2068Night desk\u2069" in arabic("digest.clock.opens_today", title="Night desk")
    assert "\u2068" not in arabic("digest.foot.open_chat", url="https://city.example/a b")
    assert "\u2068" not in texts("en")("digest.clock.opens_today", title="Night desk")


def test_arabic_counts_in_five_forms() -> None:
    assert len({re.sub(r"[\d,]+ ", "", texts("ar").many("rounds.people", n)) for n in (1, 2, 3, 11, 100)}) == 5


@pytest.mark.parametrize(
    ("language", "moment", "hour"),
    [
        ("en", "16 November 2026, 08:05", "08:05"),
        ("es", "16 de noviembre de 2026, 8:05", "8:05"),
        ("fr", "16 novembre 2026, 08:05", "08:05"),
        ("de", "16. November 2026, 08:05", "08:05"),
        ("pt", "16 de novembro de 2026 08:05", "08:05"),
        ("ar", "16 نوفمبر 2026، 8:05 ص", "8:05 ص"),
    ],
)
def test_day_and_hour_are_written_as_the_language_writes_them(language: str, moment: str, hour: str) -> None:
    at = datetime(2026, 11, 16, 8, 5, tzinfo=UTC)
    assert texts(language).moment(at).replace("\u200f", "") == moment
    assert texts(language).hour(at) == hour


MELTING = {"es": "de|a", "pt": "de|a|em|por", "fr": "de|à|le|la|les", "de": "von|in|an|bei|zu|mit|für|der|die|das"}
"""Words that melt into an article behind them, or ask for another form of it: "de el", "a o", "à le", "von die"."""
WITH_ARTICLE = "org|decider|service|topic|group|idea|outcome"
"""Gaps that are filled with names that may bring their article."""
KEYS = frozenset({"rounds/texts/not_approver"})
"""Sentences whose gap is a key of the configuration."""


@pytest.mark.parametrize("language", MELTING)
def test_no_gap_stands_where_its_article_would_melt(language: str) -> None:
    melts = re.compile(rf"(?<!\w)({MELTING[language]}) \{{({WITH_ARTICLE})\}}", re.IGNORECASE)
    said = {f"{folder}/{key}": text for folder in FOLDERS for key, text in sentences(folder, language).items()}
    bad = {key for key, text in said.items() if melts.search(text)}
    bad |= {file.name for file in ROOT.glob(f"flows/**/*.{language}.toml") if melts.search(file.read_text("utf-8"))}
    assert {key for key in bad if key.replace("faults.", "") not in KEYS} == set()


@pytest.mark.parametrize("file", [*ROOT.glob("flows/[!p]*/**/*.fr.toml"), *ROOT.glob("bot/**/fr.toml")], ids=str)
def test_french_keeps_its_double_marks_on_the_line_of_their_word(file: Path) -> None:
    written = [line for line in file.read_text("utf-8").splitlines() if not line.startswith("#")]
    assert not [line for line in written if re.search(r"(?<=\S) [:;?!»](?=[\s\"»]|$)|« ", line)]
