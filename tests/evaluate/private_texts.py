"""The texts of `private.toml`, each with what in it is private."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

SETS = ("first", "second", "third", "fourth")
SPOKEN = {"GB": "en", "ES": "es", "DE": "de", "FR": "fr", "PT": "pt", "BR": "pt", "EG": "ar", "SA": "ar", "MA": "ar"}


class Hidden(NamedTuple):
    """A text, and what in it is private: kind, start, end; `country`: of its local numbers."""

    language: str
    country: str
    text: str
    kind: str
    start: int
    end: int


def hidden(which: str) -> list[Hidden]:
    """Return the texts of one of the sets; of an address each digit by itself."""
    written = _written()[which]
    return [*_names(written), *_addresses(written), *_shapes(written)]


@cache
def _written() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("private.toml").read_text(encoding="utf-8"))


def _names(written: dict[str, Any]) -> Iterator[Hidden]:
    """Give each name in two sentences."""
    for language, people in written["people"].items():
        sentences = written["sentences"][language]
        for n, person in enumerate(people):
            yield _put(language, "", sentences[n % len(sentences)], person, "name")
            yield _put(language, "", sentences[(n + 2) % len(sentences)], person, "name")


def _addresses(written: dict[str, Any]) -> Iterator[Hidden]:
    for language, places in written["places"].items():
        for text in places:
            yield from (
                Hidden(language, "", text, "address", n, n + 1) for n, sign in enumerate(text) if sign.isdigit()
            )


def _shapes(written: dict[str, Any]) -> Iterator[Hidden]:
    for country, kind, shape in written["shapes"]["all"]:
        language = SPOKEN.get(country, "en")
        yield _put(language, country, _written()["around"][language], shape, kind)


def _put(language: str, country: str, around: str, private: str, kind: str) -> Hidden:
    start = around.index("{}")
    return Hidden(language, country, around.replace("{}", private), kind, start, start + len(private))
