"""The pages' own sentences in each language, and which language a visitor reads."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, get_day_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

FOLDER = Path(__file__).parent / "texts"
SOURCE = "en"
"""The language every sentence exists in; a language that lacks one shows it in this."""


@dataclass(frozen=True, slots=True)
class Words:
    """The sentences of one language; `words("chat.send")` is the text, its placeholders filled."""

    language: str
    sentences: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """Return the sentence `key`. Raises KeyError where there is none: a mistake of ours, found by the tests."""
        return self.sentences[key].format(**values) if values else self.sentences[key]

    def has(self, key: str) -> bool:
        """Whether there is such a sentence."""
        return key in self.sentences

    @property
    def direction(self) -> str:
        """`rtl` or `ltr`: how the language runs."""
        return direction(self.language)

    def day(self, moment: datetime, zone: ZoneInfo) -> str:
        """Return the day of `moment` in words."""
        return format_date(moment.astimezone(zone), "full", locale=_locale(self.language))

    def weekday(self, number: int) -> str:
        """Return the name of a day of the week; 0 is Monday."""
        name: str = get_day_names("wide", "stand-alone", locale=_locale(self.language))[number]
        return name

    def moment(self, moment: datetime, zone: ZoneInfo) -> str:
        """Return day and hour of `moment` in words."""
        return format_datetime(moment.astimezone(zone), "d MMMM y, H:mm", locale=_locale(self.language))


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The sentences of every language."""

    languages: Mapping[str, Words]

    @classmethod
    def load(cls, *folders: Path) -> Dictionary:
        """Read `<language>.toml` of the package's folder and of further ones, which may add languages."""
        tables: dict[str, dict[str, str]] = {}
        for folder in (FOLDER, *folders):
            for file in sorted(folder.glob("*.toml")):
                tables.setdefault(file.stem, {}).update(_flat(tomllib.loads(file.read_text("utf-8"))))
        return cls({language: Words(language, {**tables[SOURCE], **table}) for language, table in tables.items()})

    def words(self, language: str) -> Words:
        """Return the sentences in `language`, or in the source language."""
        return self.languages.get(language) or self.languages.get(language.partition("-")[0]) or self.languages[SOURCE]


def direction(language: str) -> str:
    """Return `rtl` for languages written from right to left, else `ltr`."""
    try:
        return Locale.parse(language, sep="-").text_direction
    except (UnknownLocaleError, ValueError):
        return "ltr"


def own_name(language: str) -> str:
    """Return what speakers call their language, its first letter large: `Español`."""
    try:
        name = Locale.parse(language, sep="-").get_display_name() or language
    except (UnknownLocaleError, ValueError):
        return language
    return name[:1].upper() + name[1:]


def preferred(header: str, offered: Sequence[str]) -> str:
    """Return the offered language an Accept-Language header likes most; the first offered where it likes none."""
    for wish in _wishes(header):
        for language in offered:
            if language.lower() == wish or language.lower().split("-")[0] == wish.split("-")[0]:
                return language
    return offered[0]


def _wishes(header: str) -> list[str]:
    return [tag for quality, tag in sorted(map(_wish, header.split(",")), key=lambda pair: -pair[0]) if quality > 0]


def _wish(part: str) -> tuple[float, str]:
    tag, _, quality = part.strip().partition(";q=")
    try:
        return (float(quality or 1), tag.lower()) if tag else (0.0, "")
    except ValueError:
        return 0.0, ""


def _flat(table: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    return dict(_pairs(table, prefix))


def _pairs(table: Mapping[str, object], prefix: str) -> Iterable[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _pairs(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)


def _locale(language: str) -> Locale:
    """Return how days are written; English as in Europe, the day before the month."""
    try:
        return Locale.parse({"en": "en-GB"}.get(language, language), sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale(SOURCE)
