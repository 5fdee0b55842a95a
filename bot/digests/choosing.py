"""What a manager writes behind /digest to say when it comes, how often, where to, in which language. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from bot.digests.schedule import BY, DAYS, EVERY
from bot.texts import languages, locale
from flows.words import fold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.texts import Texts
    from storage.people import Person

_CLOCK = re.compile(r"([01]?\d|2[0-3])[:.h]([0-5]\d)")


class Choice(NamedTuple):
    """What was understood, by column, and the first word that was not."""

    values: Mapping[str, str]
    unknown: str = ""


def read(said: str, texts: Texts) -> Choice:
    """Read words in the reader's language, or as they are kept: `month mail fri 17:30 es`."""
    known = _words(texts)
    values: dict[str, str] = {}
    for word in (each.strip(",;") for each in said.split()):
        if clock := _CLOCK.fullmatch(word):
            values["digest_time"] = f"{int(clock[1]):02d}:{int(clock[2]):02d}"
        elif found := known.get(fold(word)):
            values[found[0]] = found[1]
        else:
            return Choice({}, word)
    return Choice(values)


def _words(texts: Texts) -> dict[str, tuple[str, str]]:
    """Return the column and the value of each word that can be said."""
    tongues = {language: locale(reader).languages.get(language, language) for reader in (texts.language, "en")
               for language in languages()}  # fmt: skip
    pairs = [(day, "digest_day", day) for day in DAYS]
    pairs += [(_weekday(number, texts), "digest_day", day) for number, day in enumerate(DAYS)]
    pairs += [(spoken, "digest_every", each) for each in EVERY for spoken in (each, texts(f"digest.choose.{each}"))]
    pairs += [(spoken, "digest_by", each) for each in BY for spoken in (each, texts(f"digest.choose.{each}"))]
    pairs += [(language, "digest_language", language) for language in languages()]
    pairs += [(str(name), "digest_language", language) for language, name in tongues.items()]
    return {fold(spoken): (column, value) for spoken, column, value in pairs}


def _weekday(number: int, texts: Texts) -> str:
    return str(texts.locale.days["format"]["wide"][number])


def told(person: Person, texts: Texts, day: str, clock: str) -> str:
    """Return what somebody has chosen as a sentence; `day` and `clock` are the city's, where they chose none."""
    number = DAYS.index(person.digest_day or day)
    own = person.digest_language
    return texts(
        "digest.choose.now",
        every=texts(f"digest.choose.{person.digest_every or EVERY[0]}"),
        day=_weekday(number, texts),
        time=person.digest_time or clock,
        by=texts(f"digest.choose.{person.digest_by or BY[0]}"),
        language=str(locale(own).languages.get(own, own)) if own else texts("digest.choose.own"),
    )
