"""What is plain in a language: its words of offices, how it leads people on, where its sentences end.

The rules lie in `flows/plain/plain.<language>.toml`. A file of that name in a folder of one's own is laid over them: it
adds words and patterns, and a word of offices with nothing in its place is allowed there.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING

from flows.form import PlainForm
from flows.reading import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from flows.issues import Issue

FOLDER = Path(__file__).parent / "plain"

_FILE = re.compile(r"plain\.[a-z]{2,3}(-[A-Za-z]{2,4})?\.toml")
_ADDRESS = re.compile(r"https?://\S+")
_ENDS = re.compile(r"[.!?؟…:]+[»”’\"')\]]*(?=\s|$)|\n")
_ASKS = re.compile(r"[?؟][»”’\"')\]]*$")
_VOWEL_SIGNS = re.compile("[\u064b-\u0652\u0640]")


def is_rules(file: str) -> bool:
    """Return whether a file of this name holds the rules of a language."""
    return _FILE.fullmatch(PurePosixPath(file).name) is not None


@cache
def packaged() -> Mapping[str, str]:
    """Return the rules that come with civicloop, by file."""
    return {f"plain/{file.name}": file.read_text(encoding="utf-8") for file in sorted(FOLDER.glob("plain.*.toml"))}


def rules(texts: Mapping[str, str] = MappingProxyType({})) -> tuple[Mapping[str, Plain], list[Issue]]:
    """Return the rules of each language, those in `texts` (by file) over those that come along, and their faults."""
    house, faults = _house()
    return _laid_over(house, {file: text for file, text in texts.items() if packaged().get(file) != text}, faults)


@cache
def _house() -> tuple[Mapping[str, Plain], list[Issue]]:
    return _laid_over({}, packaged(), [])


def _laid_over(
    below: Mapping[str, Plain], texts: Mapping[str, str], faults: list[Issue]
) -> tuple[Mapping[str, Plain], list[Issue]]:
    found, issues = dict(below), [*faults]
    for file, text in texts.items():
        document, own_faults = read(file, text)
        issues += own_faults
        if document and isinstance(document.form, PlainForm):
            own = Plain(document.form.language, document.form)
            found[own.language] = found[own.language].under(own) if own.language in found else own
    return found, issues


def bare(text: str) -> str:
    """Return `text` as patterns read it: small letters, curled apostrophes, no Arabic vowel signs, single spaces."""
    small = unicodedata.normalize("NFC", text).casefold().replace("'", "’")
    return " ".join(_VOWEL_SIGNS.sub("", small).split())


def words(text: str) -> list[str]:
    """Return the words of a text; a web address is one, a mark between spaces none."""
    return [one for one in text.split() if any(character.isalnum() for character in one)]


@dataclass(frozen=True)
class Plain:
    """The rules of one language; without a form, those that hold in every language."""

    language: str
    form: PlainForm = field(default_factory=lambda: PlainForm(language="en"))

    def under(self, other: Plain) -> Plain:
        """Return these rules with those of `other` laid over them."""
        mine, theirs = self.form, other.form
        return Plain(
            self.language,
            mine.model_copy(
                update={
                    "abbreviations": [*mine.abbreviations, *theirs.abbreviations],
                    "jargon": mine.jargon | theirs.jargon,
                    "leading": mine.leading | theirs.leading,
                    "double": [*mine.double, *theirs.double],
                    "judging": [*mine.judging, *theirs.judging],
                    "passive": [*mine.passive, *theirs.passive],
                    "spelled": mine.spelled | theirs.spelled,
                }
            ),
        )

    # ----------------------------------------------------------------------- sentences

    def sentences(self, text: str) -> list[str]:
        """Cut a text at the ends of sentences and lines, each with its mark; after a colon something new begins."""
        text = _ADDRESS.sub("address", text)
        found, begin = [], 0
        for end in _ENDS.finditer(text):
            if self._ends(text, end):
                found.append(text[begin : end.end()])
                begin = end.end()
        return [one.strip() for one in (*found, text[begin:]) if one.strip()]

    def _ends(self, text: str, end: re.Match[str]) -> bool:
        if end[0] != ".":
            return True
        before = text[: end.start()].split()[-1:] or [""]
        after = text[end.end() :].lstrip()[:1]
        word = before[0].lstrip("(«“\"'").casefold()
        is_ordinal = self.form.ordinals and word.isdigit()
        return not (f"{word}." in self._short or is_ordinal or len(word) == 1 or after.islower())

    @cached_property
    def _short(self) -> frozenset[str]:
        """Abbreviations, each of their parts ("z. B.") included."""
        return frozenset(part for one in self.form.abbreviations for part in (one.casefold(), *one.casefold().split()))

    @staticmethod
    def question(sentence: str) -> str | None:
        """Return what is asked in a sentence, from its "¿" on where it has one; None where nothing is asked."""
        return sentence[sentence.rfind("¿") + 1 :] if _ASKS.search(sentence) else None

    # ----------------------------------------------------------------------- words

    def hard_words(self, text: str) -> list[tuple[str, str]]:
        """Return the words of offices in a text, each with the plain word to use instead."""
        if not self._stems:
            return []
        found = {match[0]: match.lastgroup or "" for match in self._jargon.finditer(bare(text))}
        return [(word, self.form.jargon[self._stems[int(group[1:])]]) for word, group in found.items()]

    @cached_property
    def _stems(self) -> list[str]:
        """Longest first, so that a term is found before a word of it."""
        return sorted((word for word, instead in self.form.jargon.items() if instead), key=lambda one: (-len(one), one))

    @cached_property
    def _jargon(self) -> re.Pattern[str]:
        each = "|".join(f"(?P<_{n}>{_pattern(word)})" for n, word in enumerate(self._stems))
        return re.compile(rf"(?<!\w)(?:{self.form.prefixes})(?:{each})(?!\w)")

    # ----------------------------------------------------------------------- questions

    def led(self, question: str) -> tuple[str, str] | None:
        """Return the words of a question that suggest its answer, and what to ask instead; None where none do."""
        asked = bare(question)
        found = ((match[0].strip(), instead) for pattern, instead in self._leading if (match := pattern.search(asked)))
        return next(found, None)

    @cached_property
    def _leading(self) -> list[tuple[re.Pattern[str], str]]:
        return [(re.compile(pattern), instead) for pattern, instead in self.form.leading.items()]

    def doubled(self, question: str) -> str | None:
        """Return the words of a question that ask two things at once, or None where it asks one."""
        asked = bare(question)
        return next((match[0].strip() for pattern in self._double if (match := pattern.search(asked))), None)

    @cached_property
    def _double(self) -> list[re.Pattern[str]]:
        return [*map(re.compile, self.form.double), *self._judging()]

    def _judging(self) -> Iterator[re.Pattern[str]]:
        if self.form.judging and self.form.joint:
            either = _either(self.form.judging)
            yield re.compile(rf"(?<!\w)(?:{either})(?:{self.form.joint})(?:{either})(?!\w)")

    def minutes_in(self, text: str) -> float | None:
        """Return how many minutes a text speaks of (the last number before the word), or None where of none."""
        found = re.search(self.form.minutes, self._in_digits(bare(text))) if self.form.minutes else None
        return float(found[1].replace(",", ".").replace("٫", ".")) if found else None

    def _in_digits(self, text: str) -> str:
        """Return a bare text with its numbers in words as digits."""
        return self._spelled.sub(lambda found: self._read[found[0]], text) if self._read else text

    @cached_property
    def _read(self) -> dict[str, str]:
        return {bare(word): number for word, number in self.form.spelled.items()}

    @cached_property
    def _spelled(self) -> re.Pattern[str]:
        each = "|".join(map(re.escape, sorted(self._read, key=len, reverse=True)))
        return re.compile(rf"(?<!\w)(?:{each})(?!\w)")

    # ----------------------------------------------------------------------- who does it

    def hidden_doer(self, sentence: str) -> str | None:
        """Return the words of a sentence that say by whom something is done, or None where none do."""
        said = bare(sentence)
        return next((match[0].strip() for pattern in self._passive if (match := pattern.search(said))), None)

    @cached_property
    def _passive(self) -> list[re.Pattern[str]]:
        return [*map(re.compile, self.form.passive)]


def _either(stems: Iterable[str]) -> str:
    return "|".join(_pattern(one) for one in sorted(stems, key=len, reverse=True))


def _pattern(word: str) -> str:
    """Return the pattern of a word; a star at its end stands for any letters."""
    return r"\s".join(re.escape(part).replace(r"\*", r"\w*") for part in bare(word).split())
