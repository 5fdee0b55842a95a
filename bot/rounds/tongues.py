"""A text for people: one for all languages, or one per language. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Text: TypeAlias = str | Mapping[str, str]


def in_language(text: object, language: str) -> str:
    """Return a text in a language; where it is silent, the first there is (see `ordered`)."""
    if isinstance(text, Mapping):
        return str(text.get(language) or next((one for one in text.values() if one), ""))
    return str(text or "")


def spoken_in(text: Text, language: str, own: str) -> str:
    """Return in which language a text is read by somebody who wants `language`; one for all is in the round's `own`."""
    if isinstance(text, str):
        return own
    return language if text.get(language) else next((one for one, said in text.items() if said), own)


def ordered(said: Any, languages: Sequence[str]) -> Any:  # noqa: ANN401 - whatever is kept as JSON
    """Return what was kept with its texts in the order of `languages`: where one is silent the first speaks for it."""
    if isinstance(said, Mapping):
        rank = {one: number for number, one in enumerate(languages)}
        names = sorted(said, key=lambda name: rank.get(name, len(rank)))
        return {name: ordered(said[name], languages) for name in names}
    if isinstance(said, list | tuple):
        return type(said)(ordered(one, languages) for one in said)
    return said


def lacking(text: Text, languages: Sequence[str], own: str) -> tuple[str, ...]:
    """Return in which of `languages` a text is missing; one for all is in the round's `own`."""
    there = {own} if isinstance(text, str) else {one for one, said in text.items() if said}
    return tuple(one for one in languages if one not in there)


def tidy(text: Text) -> Text:
    """Return a text without what is empty."""
    if isinstance(text, str):
        return text.strip()
    said = {language: one.strip() for language, one in text.items() if one.strip()}
    return said or ""
