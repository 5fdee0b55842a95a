"""Whether words a machine wrote say no more than the facts they cite. Pure. What cannot be told is refused.

Each part cites one fact, so that a figure cannot move from one to another, and within a fact figures keep their order:
its first ones, with none left out. Of a headline each part is its fact's own words beside articles and the like
(`clauses`), since no list knows all that may turn a sentence round. What stays possible is a clumsy sentence: that is
why all of it is marked.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

LONGEST: Final = 160
"""Letters of one part."""
SIGNS: Final = frozenset(" ,;:.-–()%'’،؛٪+/\u00a0\u202f")
"""What may stand beside letters and digits: no quotation marks, no addresses, nothing that is drawn otherwise."""
CASELESS: Final = frozenset({"ar"})
NOUNS: Final = frozenset({"de"})
"""Languages whose nouns have capitals: there a capital tells of no name."""
ACCENTS: Final = 2
"""Marks on one letter, one behind the other."""
_FIGURE: Final = re.compile(r"[+\-−]?\d+(?:[.,'’٫٬\u00a0\u202f]\d+)*(?:[\u00a0\u202f ]?[%٪])?")
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_BETWEEN: Final = re.compile(r"[:,;،؛.](?=\s|$)|[()]")
"""What parts the clauses of a fact."""
_NAME: Final = "{name}"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is known, as it is shown, with the name that has to stand in what is said of it."""

    id: str
    text: str
    name: str = ""
    whole: bool = True
    """Whether all of it has to be said; else what stands at its end may be left out."""


def fault(words: str, fact: Fact, language: str, private: Callable[[str], Iterable[str]]) -> str:
    """Return why these words may not be said of this fact; empty where they may.

    `private` gives what in a text leads to a person.
    """
    said, known = plain(words), plain(fact.text)
    return (
        _form(said)
        or _named(said, plain(fact.name))
        or _figures(*(_nameless(each, plain(fact.name)) for each in (said, known)))
        or _loaded(said, known, language)
        or _names(said, known, language, private)
    )


def turned(words: str, fact: Fact, language: str, private: Callable[[str], Iterable[str]]) -> str:
    """Return why these words may not stand in a headline for this fact; empty where they may."""
    return fault(words, fact, language, private) or _clauses(plain(words), fact, language)


def _clauses(said: str, fact: Fact, language: str) -> str:
    """What is said has to be clauses of the fact, each whole and in its order, from the first; they may change places.

    The name may stand where it stands in the fact, or between two clauses. Words that join come and go.
    """
    said, known, name = (unicodedata.normalize("NFC", each) for each in (said, plain(fact.text), plain(fact.name)))
    told = _tokens(said, name, language)
    if any(sign not in known for sign in re.findall(r"[-–+/]\d", said)):
        return "a sign before a figure that is not in the fact"
    parts = [tokens for part in _BETWEEN.split(_marked(known, name)) if (tokens := _tokens(part, "", language))]
    apart = [tokens for part in parts if (tokens := [each for each in part if each != _NAME])]
    ways = (parts, [[_NAME], *apart]) if name else (parts,)
    if any(_made_of(told, way[:most]) for way in ways for most in _lengths(way, fact)):
        return ""
    return "other words than the fact's, or in another order"


def _lengths(clauses: list[list[str]], fact: Fact) -> Iterable[int]:
    """Return how many clauses may be said, counted from the first."""
    return (len(clauses),) if fact.whole else range(1, len(clauses) + 1)


def _made_of(said: list[str], clauses: list[list[str]]) -> bool:
    """Whether all clauses one behind the other, in any order, are what is said."""
    if not said or not clauses:
        return not said and not clauses
    return any(
        said[: len(clause)] == clause and _made_of(said[len(clause) :], clauses[:place] + clauses[place + 1 :])
        for place, clause in enumerate(clauses)
    )


def _marked(text: str, name: str) -> str:
    """Put a mark in place of the name where it stands first as a word of its own."""
    whole = rf"(?<![^\W\d_]){re.escape(name)}(?![^\W\d_])"
    return re.sub(whole, f" {_NAME} ", text, count=1, flags=re.IGNORECASE) if name else text


def _tokens(text: str, name: str, language: str) -> list[str]:
    """Return words and figures in their order, without words that join; the mark of the name is one of them."""
    joining = loaded(language)["joining"]
    found: list[str] = []
    for place, piece in enumerate(_marked(text, name).split(_NAME)):
        found += [_NAME] if place else []
        marks = re.finditer(rf"{_FIGURE.pattern}|{_LETTERS.pattern}", piece.casefold())
        found += [token for mark in marks if (token := re.sub(r"[\u00a0\u202f ]", "", mark[0])) not in joining]
    return found


def plain(text: str) -> str:
    """Return a text without the marks that keep directions apart, with single spaces."""
    shown = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
    return " ".join(part for part in re.split(r"[ \t\r\n]+", shown) if part)


def _form(said: str) -> str:
    if not said or len(said) > LONGEST:
        return "too long, or empty"
    if not all(sign in SIGNS or unicodedata.category(sign)[0] in "LM" or sign.isdecimal() for sign in said):
        return "another sign than letters, digits and a few marks"
    run = 0
    for sign in said:
        run = run + 1 if unicodedata.category(sign)[0] == "M" else 0
        if run > ACCENTS:
            return "letters drawn over one another"
    return "more than one sentence" if re.search(r"\.\s", said) else ""


def _named(said: str, name: str) -> str:
    return "" if not name or name.casefold() in said.casefold() else "another name than the fact's"


def _figures(said: str, known: str) -> str:
    """Figures come as in the fact, from the first and with none left out: what each tells of hangs on its place."""
    told, there = figures(said), figures(known)
    if not set(told) <= set(there):
        return "a figure that is not in the fact"
    return "" if told == there[: len(told)] else "figures in another order than the fact's"


def _nameless(text: str, name: str) -> str:
    """Leave out the name where it stands first: its figures may stand anywhere."""
    return re.sub(re.escape(name), " ", text, count=1, flags=re.IGNORECASE) if name else text


def figures(text: str) -> list[str]:
    """Return the numbers of a text as they are written, with sign and percent, without spaces."""
    return [re.sub(r"[\u00a0\u202f ]", "", match[0]) for match in _FIGURE.finditer(text)]


def _loaded(said: str, known: str, language: str) -> str:
    """Words of number must stand in the fact; those of direction, cause or denial only where it has one of the kind."""
    here, there = _words(said), _words(known)
    lists = loaded(language)
    if any(word in lists["numbers"] and word not in there for word in here):
        return "a number in words that is not in the fact"
    for kind in ("up", "down", "cause", "denial"):
        stems = tuple(lists[kind])
        if _any(here, stems) and not _any(there, stems):
            return f"a word of another direction than the fact ({kind})"
    return ""


def _any(words: Iterable[str], stems: tuple[str, ...]) -> bool:
    """A stem that ends in `*` is the beginning of a word; any other is one."""
    return any(word.startswith(stem[:-1]) if stem.endswith("*") else word == stem for word in words for stem in stems)


def _words(text: str) -> list[str]:
    """Return the words of a text in small letters; an article that hangs on a word is one of its own."""
    return [part for word in _WORD.findall(text.casefold()) for part in (word, *re.split("['’]", word))]


def _names(said: str, known: str, language: str, private: Callable[[str], Iterable[str]]) -> str:
    shown = known.casefold()
    if any(each.casefold() not in shown for each in private(said)):
        return "what leads to a person"
    words = [match[0] for match in _WORD.finditer(said)][1:]
    if language in CASELESS | NOUNS:
        return ""
    odd = (word for word in words if word[0].isupper() and word.casefold() not in shown)
    return "a word with a capital that is not in the fact" if any(odd) else ""


@cache
def loaded(language: str) -> Mapping[str, frozenset[str]]:
    """Return the words that say more than they seem to, by kind."""
    return {kind: frozenset(word.casefold() for word in words) for kind, words in _lists()[language].items()}


def languages() -> frozenset[str]:
    """Return the languages whose words can be checked; in others nothing is asked."""
    return frozenset(_lists())


@cache
def _lists() -> Mapping[str, Mapping[str, list[str]]]:
    return tomllib.loads(Path(__file__).with_name("loaded.toml").read_text(encoding="utf-8"))
