"""The sentences people read, per language, and how numbers, days and hours are written there: the home of Babel."""

from __future__ import annotations

import tomllib
import unicodedata
from dataclasses import dataclass
from datetime import datetime, time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_interval, format_skeleton, format_time, get_datetime_format
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

FOLDER = Path(__file__).parent
SOURCE = "en"
"""The language every sentence exists in; a language that lacks one shows it in this."""

LEFT, END = "\u2066", "\u2069"
"""Between these marks text is read from the left, whatever stands around."""


@dataclass(frozen=True, slots=True)
class Sentences:
    """The sentences of one language: `sentences("chat.send")`; `locale` says how it counts and writes numbers."""

    language: str
    locale: Locale
    sentences: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """Return the sentence `key`, filled in. Raises KeyError where there is none: a mistake of ours."""
        filled = values if self.direction == "ltr" else {name: isolated(value) for name, value in values.items()}
        return self.sentences[key].format(**filled)

    def has(self, key: str) -> bool:
        """Whether there is such a sentence."""
        return key in self.sentences

    def many(self, key: str, count: int, **values: object) -> str:
        """Return the sentence for so many: `key.one`, `key.few`, … or `key.other`, with `{n}` as a written number."""
        form = f"{key}.{self.locale.plural_form(count)}"
        return self(form if self.has(form) else f"{key}.other", n=self.number(count), **values)

    @property
    def direction(self) -> str:
        """`rtl` or `ltr`: how the language runs."""
        return self.locale.text_direction

    def number(self, value: float) -> str:
        """Return a number as it is written here."""
        return format_decimal(value, locale=self.locale)

    def about(self, count: int | None, minimum: int) -> str:
        """Return a number of people that comes in steps, in words; None: fewer than the minimum."""
        if count is None:
            return self("steps.under", minimum=self.number(minimum))
        return self("steps.about", n=self.number(count)) if count else self.number(0)

    def moment(self, moment: datetime) -> str:
        """Return day and hour as they are written here: `16 November 2026, 08:00`."""
        pattern = str(get_datetime_format("medium", self.locale)).replace("'", "")
        day = format_date(moment, "long", locale=self.locale)
        return pattern.replace("{0}", self.hour(moment)).replace("{1}", day)

    def hour(self, moment: datetime) -> str:
        """Return the hour of a moment as it is written here: `14:30`."""
        return format_time(moment.timetz(), "short", locale=self.locale)


def own_name(language: str) -> str:
    """Return what speakers call their language, its first letter large: `Español`."""
    try:
        name = Locale.parse(language, sep="-").get_display_name() or language
    except (UnknownLocaleError, ValueError):
        return language
    return name[:1].upper() + name[1:]


def isolated(value: object) -> object:
    """Return a text of words and numbers read from the left so that those around it keep their places.

    An address of the web stays bare: what is added to it would belong to the link.
    """
    if not isinstance(value, str) or " " not in value or "://" in value:
        return value
    turned = any(unicodedata.bidirectional(letter) in {"R", "AL"} for letter in value)
    return value if turned else f"\u2068{value}\u2069"


@dataclass(frozen=True, slots=True)
class Texts(Sentences):
    """The sentences of staff in one language: `texts("digest.title", service="Library")`."""

    def pick(self, texts: Mapping[str, str], default: str = "") -> str:
        """Return the text in this language, else in the source language, else any, else `default`."""
        found = texts.get(self.language) or texts.get(SOURCE) or next(iter(texts.values()), "")
        return found or default

    def percent(self, whole: int) -> str:
        """Return whole percent as they are written here: `68%`, `68 %`."""
        return format_percent(whole / 100, locale=self.locale)

    def signed(self, value: float) -> str:
        """Return a number with its sign and two places, as it is written here: `+0.57`, `−0.20`."""
        written = format_decimal(value, format="+0.00;-0.00", locale=self.locale)
        return written if self.direction == "ltr" else f"{LEFT}{written}{END}"

    def day(self, day: date) -> str:
        """Return a day of this year as it is written here: `16 November`."""
        return format_skeleton("MMMMd", datetime.combine(day, time()), locale=self.locale)

    def days(self, first: date, last: date) -> str:
        """Return a span of days as it is written here: `16 – 22 Nov 2026`."""
        return format_interval(first, last, "yMMMd", locale=self.locale)

    def either(self, words: Sequence[str]) -> str:
        """Return words joined by "or"."""
        return format_list(list(words), style="or", locale=self.locale)


@cache
def texts(language: str) -> Texts:
    """Return the sentences in `language`, or its parent (`es-MX` to `es`), or the source language. Read once."""
    for name in (language, language.split("-", maxsplit=1)[0], SOURCE):
        if (FOLDER / f"{name}.toml").is_file():
            return Texts(name, locale(language, name), {**_read(SOURCE), **_read(name)})
    raise FileNotFoundError(FOLDER / f"{SOURCE}.toml")


def languages() -> tuple[str, ...]:
    """Return the languages there are texts in."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.toml")))


def locale(language: str, fallback: str = SOURCE) -> Locale:
    """Return how a language writes, or `fallback` where Babel knows none; English as in Europe: day before month."""
    try:
        return Locale.parse({"en": "en-GB"}.get(language, language), sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale.parse({"en": "en-GB"}.get(fallback, fallback), sep="-")


@cache
def _read(language: str) -> dict[str, str]:
    return read(FOLDER / f"{language}.toml")


def read(file: Path) -> dict[str, str]:
    """Return the sentences of a file by their dotted keys."""
    return dict(_flat(tomllib.loads(file.read_text("utf-8")), ""))


def _flat(table: Mapping[str, object], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict) and key != "changed":
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, str):
            yield f"{prefix}{key}", value
