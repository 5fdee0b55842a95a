"""The question bank: items with their wording in every language and the figure a digest makes of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flows.model import Option, Stage


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one state, item or scale in one language; what is empty says nothing."""

    text: str | None = None
    why: str = ""
    unit: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    """Labels by option id."""

    def over(self, below: Words) -> Words:
        """Return `below` with these words laid over it."""
        return Words(
            self.text if self.text is not None else below.text,
            self.why or below.why,
            self.unit or below.unit,
            {**below.options, **self.options},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question of the bank, the same in every round that uses it, so that rounds compare."""

    id: str
    stage: Stage | None
    """None for core and about-you items, which every stage may ask."""
    verb: str
    language: str
    """The language it was written in."""
    words: Mapping[str, Words]
    """Wording by language, options of its scale included."""
    options: tuple[Option, ...] = ()
    """In the language it was written in; of a scale 5 (best) to 1, then `na` without value."""
    scale: str | None = None
    options_from: str | None = None
    least: float | str | None = None
    """A number, or the day of a date question."""
    most: float | str | None = None
    unit: str = ""
    whole: bool = False
    points: int | None = None
    cards: int | None = None
    joins_within_seconds: int | None = None
    only: str | None = None
    side: str | None = None
    """What it asks for: `problem` or `works`; None where the score of the writer tells."""
    explains: str = ""
    """The question whose answer its words give the reason for."""
    works_if: tuple[str, ...] = ()
    """Answers of that question whose reasons say what works; where there are none, its good ones."""
    shows: int | None = None
    figures: tuple[str, ...] = ()
    """Codes of what a digest computes (T2B, POSNEG, PCT, PCT_MULTI, NET, BORDA, BWS, ALLOC, THEMES, GEO, MEDIA…)."""
    headline: tuple[str, ...] = ()
    """Answers whose share is the figure (PCT); a scale needs none, its values tell."""
    outside: tuple[str, ...] = ()
    """Answers that leave a person out of the base: they do not know, or the question does not apply to them."""
    pair: tuple[str, ...] = ()
    """Self-assessment items of the manager that this one is set beside."""
    predict: bool = False
    """Whether the manager predicts the result of this item for its stage."""
    source: str = ""
    after: str = ""
    special_category: bool = False
    """Special category data: needs a legal ground of its own."""
    file: str = ""

    def text(self, language: str) -> str:
        """Return the question in `language`, or in its own where there is no translation."""
        words = self.words.get(language)
        return words.text if words and words.text is not None else self.words[self.language].text or ""

    def label(self, option: str, language: str) -> str:
        """Return an option's label in `language`, in its own language, or the id itself."""
        words = self.words.get(language)
        return (words.options.get(option) if words else None) or self.words[self.language].options.get(option) or option


@dataclass(frozen=True, slots=True)
class Bank:
    """All items by id. `deliver.overall` (the file's name in full) finds `del.overall` as well."""

    items: Mapping[str, Item] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)

    def find(self, name: str) -> Item | None:
        """Return the item with this id or alias, or None."""
        return self.items.get(self.aliases.get(name, name))

    def item(self, name: str) -> Item:
        """Return the item with this id or alias. Raises KeyError where there is none."""
        return self.items[self.aliases.get(name, name)]

    def names(self) -> list[str]:
        """Return every id and alias, for suggestions."""
        return [*self.items, *self.aliases]


EMPTY = Bank(MappingProxyType({}), MappingProxyType({}))
