"""Days as people write them: `3.4.2026`, `3 April`, `2026-04-03`, in the usual order of their language.

Orders, names of months and the words of a day come from CLDR, by Babel. Its own `parse_date` reads digits alone and
tells nobody where they could mean another day, so the reading is done here.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from flows.words import chosen, fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TODAY = "today"
"""What a flow writes for the day on which an answer is given."""

_TWO_WAYS = frozenset({"en"})
"""Languages in which one half of the writers put the month first and the other half the day."""
_LOCALES = {"en": "en_GB"}
_MOST_TOKENS = 8
_LONGEST_TEXT = 60
_SHORTEST_SLIP = 4
_CENTURY, _AHEAD = 100, 20
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_TOKEN = re.compile(r"\d+|[^\W\d_]+")
_NUMERIC = re.compile(r"\d{1,4}(?:\s*[./\-،,\s]\s*\d{1,4}){1,2}\.?")
_YEAR_DIGITS = 4


class Day(Struct, frozen=True):
    """A day as it was read; `surely` is false where another reader could take its month for its day."""

    on: date
    surely: bool = True


class Unclear(Struct, frozen=True):
    """Two days that the same digits can mean, the one more usual in the language first."""

    first: date
    second: date


def parse(text: str) -> date | None:
    """Return the day that a flow writes as `2026-03-01`, or None where it is no such day."""
    if not _ISO.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def bound(limit: str | None, today: date) -> date | None:
    """Return the day that a limit of a flow means on `today`."""
    return today if limit == TODAY else parse(limit or "")


def read(
    text: str, language: str, today: date, least: date | None = None, most: date | None = None
) -> Day | Unclear | None:
    """Return the one day that `text` names, None where it names none.

    `text` has plain digits. Where the year is left out, the day nearest to `today` between `least` and `most` is meant.
    """
    if len(text) > _LONGEST_TEXT:
        return None
    near = _Nearest(today, least, most)
    if _NUMERIC.fullmatch(text.strip()):
        return _numeric([part for part in re.split(r"\D+", text) if part], language, near)
    return _in_words(text, language, near)


class _Nearest(Struct, frozen=True):
    """Finds the year of a day that was written without one, or with two digits."""

    today: date
    least: date | None
    most: date | None

    def day(self, day: str, month: int, year: str = "") -> date | None:
        if year:
            return _date(self.full(year), month, int(day))
        around = range(self.today.year - 1, self.today.year + 2)
        known = [found for one in around if (found := _date(one, month, int(day)))]
        fitting = [one for one in known if self.fits(one)] or known
        return min(fitting, key=lambda one: abs(one - self.today), default=None)

    def fits(self, day: date) -> bool:
        return (self.least is None or day >= self.least) and (self.most is None or day <= self.most)

    def full(self, year: str) -> int:
        number = int(year)
        if len(year) == _YEAR_DIGITS:
            return number
        century = self.today.year // _CENTURY * _CENTURY
        return century + number - (_CENTURY if century + number > self.today.year + _AHEAD else 0)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


# --------------------------------------------------------------------------- digits


def _numeric(parts: Sequence[str], language: str, near: _Nearest) -> Day | Unclear | None:
    if len(parts[0]) == _YEAR_DIGITS:
        found = near.day(parts[2], int(parts[1]), parts[0]) if len(parts) > 2 else None
        return Day(found) if found else None
    if any(len(one) > 2 for one in parts[:2]) or len((*parts, "26")[2]) not in {2, _YEAR_DIGITS}:
        return None
    first, second, year = (*parts, "")[:3]
    as_day, as_month = near.day(first, int(second), year), near.day(second, int(first), year)
    usual, other = (as_month, as_day) if _month_first(language) else (as_day, as_month)
    if usual and other and usual != other and language in _TWO_WAYS:
        return Unclear(usual, other)
    found = usual or other
    return Day(found, surely=not (usual and other and usual != other)) if found else None


@cache
def _month_first(language: str) -> bool:
    from babel.dates import get_date_format  # noqa: PLC0415 - for those who are asked for a day

    pattern = str(get_date_format("short", locale=locale(language)))
    return pattern.find("M") < pattern.find("d")


def locale(language: str) -> str:
    """Return the locale whose days are written and read; English as most cities of the world write it."""
    from babel import Locale, UnknownLocaleError  # noqa: PLC0415 - as above

    name = _LOCALES.get(language, language.replace("-", "_"))
    try:
        return str(Locale.parse(name))
    except (UnknownLocaleError, ValueError):
        return "en_GB"


# --------------------------------------------------------------------------- words


def _in_words(text: str, language: str, near: _Nearest) -> Day | None:
    tokens = _TOKEN.findall(fold(text))
    numbers = [one for one in tokens if one.isdigit()]
    months = {month for one in tokens if (month := _month(one, language))}
    if len(tokens) > _MOST_TOKENS or len(months) != 1 or not 1 <= len(numbers) <= 2:
        return None
    day, year = (*numbers, "")[:2]
    if len(day) == _YEAR_DIGITS:
        day, year = year, day
    if not day or len(day) > 2 or len(year) not in {0, 2, _YEAR_DIGITS}:
        return None
    found = near.day(day, months.pop(), year)
    return Day(found) if found else None


def _month(word: str, language: str) -> int | None:
    names = _months(language)
    found = names.get(word) or (chosen(names, word) if len(word) >= _SHORTEST_SLIP else None)
    return int(found) if found else None


@cache
def _months(language: str) -> Mapping[str, str]:
    """Return the names of the months, whole and shortened, folded, to their numbers."""
    return {name: str(number) for name, number in _names(language)}


def _names(language: str) -> Iterator[tuple[str, int]]:
    from babel.dates import get_month_names  # noqa: PLC0415 - as above

    for width in ("abbreviated", "wide"):
        for context in ("format", "stand-alone"):
            for number, name in get_month_names(width, context, locale=locale(language)).items():
                yield fold(name), number


def spoken(day: date, language: str) -> str:
    """Return a day in the words of a language: `Friday 3 April 2026`."""
    from babel.dates import format_date  # noqa: PLC0415 - as above

    return str(format_date(day, "full", locale=locale(language)))
