"""What in a text leads to a person, in the languages we ship: found by rules, the same text always in the same way.

Numbers and addresses of a shape are found nearly always, names mostly: `docs/privacy.md` says how many and which not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.reading import addresses, names, numbers
from bot.reading.language import UNKNOWN, language_of
from bot.reading.plain import plain
from bot.reading.spans import Found, Span, settled, veil, worded
from storage import people as staff

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sqlalchemy import Connection

    from bot.config import Config
    from bot.texts import Texts

LONGEST = 20_000
"""So many characters of a text are looked at; what comes behind is one find, for nobody has looked there."""


class Finder:
    """Finds what is private in texts of one city.

    `countries`: ISO codes of where its local telephone numbers belong. `people`: full names that are known beforehand,
    as those of the city's staff.
    """

    def __init__(
        self, countries: Sequence[str] = (), people: Collection[str] = (), languages: Sequence[str] = ()
    ) -> None:
        """`languages`: those of the city, one of which a text to be quoted may be in, whatever its chat speaks."""
        self._languages = tuple(languages)
        self._countries = tuple(countries)
        self._people = tuple(people)

    def find(self, text: str, language: str, people: Collection[str] = ()) -> tuple[Span, ...]:
        """Return what is private in `text`, in its order; `people`: names known beforehand of this text alone."""
        read = plain(text[:LONGEST])
        spans = settled(self._found(read, language, (*self._people, *people)))
        if len(text) > LONGEST:
            return (*spans, Span(LONGEST, len(text), Found.NAME))
        return spans

    def _found(self, text: str, language: str, people: Collection[str]) -> Iterator[Span]:
        yield from numbers.found(text, self._countries)
        yield from addresses.found(text)
        yield from names.found(text, language, people)

    def masked(self, text: str, language: str, texts: Texts) -> str:
        """Return `text` as anybody may read it, with words in the reader's language for what is private."""
        return worded(veil(text, self.find(text, language)), texts)

    def quoted(self, text: str, language: str, *, seen: bool = False) -> str | None:
        """Return `text` as it may be kept for a quote, with marks for `worded`; None where it holds a doubt.

        `seen`: a person has read it and says that it names nobody.
        """
        spans = self.find(text, self._language(text, language))
        doubted = not seen and any(span.found is Found.DOUBT for span in spans)
        return None if doubted else veil(text, spans)

    def _language(self, text: str, chat: str) -> str:
        told = language_of(text, chat, self._languages) if len(self._languages) > 1 else chat
        return chat if told == UNKNOWN else told


COUNTRIES = {"en": ("GB",), "de": ("DE",), "es": ("ES",), "fr": ("FR",), "pt": ("PT",), "ar": ()}
"""Whose local numbers are meant where the city names no country, by language."""


def countries_of(country: str, languages: Sequence[str]) -> tuple[str, ...]:
    """Return the countries of a city's local telephone numbers: its own, else those its languages suggest."""
    return (
        (country,)
        if country
        else tuple(dict.fromkeys(one for each in languages for one in COUNTRIES.get(each[:2], ())))
    )


def finder(db: Connection, config: Config) -> Finder:
    """Return the finder of this city, which knows the names of its staff."""
    city = config.city
    return Finder(countries_of(city.country, city.languages), [one.name for one in staff.everyone(db)], city.languages)
