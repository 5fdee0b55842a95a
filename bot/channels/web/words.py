"""The pages' own sentences in each language, and which language a visitor reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, get_day_names

from bot.texts import SOURCE, Sentences, locale, read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

FOLDER = Path(__file__).parent / "texts"


@dataclass(frozen=True, slots=True)
class Words(Sentences):
    """The sentences of the pages in one language; `words("chat.send")` is the text, its placeholders filled."""

    def day(self, moment: datetime, zone: ZoneInfo) -> str:
        """Return the day of `moment` in words."""
        return format_date(moment.astimezone(zone), "full", locale=self.locale)

    def day_of(self, day: date) -> str:
        """Return a day in words."""
        return format_date(day, "full", locale=self.locale)

    def spoken_day(self, text: str) -> str:
        """Return a day that is written as 2026-12-31 in words; any other text as it is."""
        try:
            return format_date(date.fromisoformat(text), "long", locale=self.locale)
        except ValueError:
            return text

    def weekday(self, number: int) -> str:
        """Return the name of a day of the week; 0 is Monday."""
        name: str = get_day_names("wide", "stand-alone", locale=self.locale)[number]
        return name


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
                tables.setdefault(file.stem, {}).update(read(file))
        return cls({one: Words(one, locale(one), {**tables[SOURCE], **own}) for one, own in tables.items()})

    def words(self, language: str) -> Words:
        """Return the sentences in `language`, or in the source language."""
        return self.languages.get(language) or self.languages.get(language.partition("-")[0]) or self.languages[SOURCE]


def direction(language: str) -> str:
    """Return `rtl` for languages written from right to left, else `ltr`."""
    try:
        return Locale.parse(language, sep="-").text_direction
    except (UnknownLocaleError, ValueError):
        return "ltr"


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
