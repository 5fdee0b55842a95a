"""Words of danger in what people write: words of a bank, slips of the finger, and a "no" that takes one away. Pure.

An entry of the bank is words in a row. A word that ends in `*` stands for all that begin so; `…` stands for up to four
words in between: "cable* … hang*". Behind a last `.` the clause ends: "do not want to live ." is not heard in "I do not
want to live here". Of a hazard, a word like "no" shortly before it in the same clause means that there is none; of
violence and of despair nothing is taken away, for "I do not want to die" is a cry for help.

Of another language heard beside that of the script, less is understood: words as they are written, and none by its
beginning alone, for "explosive growth" is English and "incendios" Spanish. What the script's own language denies is no
hazard in any other: what means "no" in one may mean "in the" in the next.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from rapidfuzz.distance import OSA

from flows.words import ATTACHED, folded_words, loosened, spellings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flows.form import DangerForm
    from flows.model import Script

HAZARD, NO = "~", "!"
"""Stand before entries that a "no" takes away, and before those words themselves."""
GAP = 4
"""So many words may stand where an entry has `…`."""
REACH = 3
"""So many words before a hazard a "no" is looked for."""
LONG = 7
"""From so many letters on a word may have one slip: a letter left out, added, changed, or two in the other order.

Not in Arabic, where one letter makes another word of the same kind: "waiting" is one letter from "suicide".
"""

SEEN = 5_000
"""So many words are remembered."""

_CLAUSE = re.compile(r"[.!?;:,\n…؟،؛]+")
_STAR, _DOTS, _END = "*", "…", "."
_MARKS = frozenset((_DOTS, _END))


def entries(form: DangerForm) -> tuple[str, ...]:
    """Return the bank of a language as a script carries it."""
    found = [each for words in form.words for each in _typed(words)]
    found += [HAZARD + each for words in form.hazards for each in _typed(words)]
    found += [NO + each for words in form.no for each in _typed(words)]
    return tuple(dict.fromkeys(found))


def _typed(entry: str) -> Iterator[str]:
    """Give an entry as it may be typed, folded, its marks kept."""
    if not {_STAR, _DOTS, _END} & set(entry):
        yield from spellings(entry)
        return
    ways = [[*(f"{way}{_STAR * word.endswith(_STAR)}" for way in spellings(word)), ""][:2] for word in entry.split()]
    plain = [word if word in _MARKS else way[0] for word, way in zip(entry.split(), ways, strict=True)]
    other = [word if word in _MARKS else (way[1] or way[0]) for word, way in zip(entry.split(), ways, strict=True)]
    yield " ".join(plain)
    if other != plain:
        yield " ".join(other)


def speaks_of_danger(script: Script, text: str) -> bool:
    """Return whether `text` speaks of danger by the bank of its script, or by that of another language heard with it.

    What a language writes in one with the next word may stand before it: "l'", "qu'", in Arabic "and", "the", "will".
    """
    words, own = folded_words(text), _bank(script.danger)
    if _is_spoken_of(own, words, text):
        return True
    if not script.elsewhere:
        return False
    left = _undenied(own, words, text)
    others = [_bank(each, beside=True) for each in script.elsewhere]
    if left != text:
        said, words = " ".join(words), folded_words(left)
        if any(other.words is not None and other.words.search(said) for other in others):
            return True
    return any(_is_spoken_of(other, words, left) for other in others)


def _undenied(bank: _Bank, words: Sequence[str], text: str) -> str:
    """Return `text` without the clauses whose hazards a "no" takes away, where the bank hears no danger in it."""
    if bank.is_plain(words, ascii_only=text.isascii()):
        return text
    clauses = _CLAUSE.split(text)
    left = [each for each in clauses if not any(map(bank.names_hazard, _ways(bank, folded_words(each))))]
    return text if len(left) == len(clauses) else ". ".join(left)


def _is_spoken_of(bank: _Bank, words: Sequence[str], text: str) -> bool:
    if bank.is_plain(words, ascii_only=text.isascii()):
        return False
    return any(_speaks(bank, way, text) for way in _ways(bank, words))


def _speaks(bank: _Bank, words: Sequence[str], text: str) -> bool:
    said = " ".join(words)
    if bank.words is not None and bank.words.search(said):
        return True
    may_end = bank.endings is not None and bank.endings.search(said)
    if not may_end and (bank.hazards is None or not bank.hazards.search(said)):
        return False
    corrected = " ".join(folded_words(text)) != said
    clauses = [said] if corrected else [" ".join(folded_words(part)) for part in _CLAUSE.split(text)]
    if bank.ends is not None and any(map(bank.ends.search, clauses)):
        return True
    return any(_is_there(bank, clause) for clause in (*clauses, *([said] if len(clauses) > 1 and not bank.no else [])))


def _is_there(bank: _Bank, clause: str) -> bool:
    """Whether a hazard is spoken of that no "no" takes away."""
    found = bank.hazards.finditer(clause) if bank.hazards else ()
    return any(bank.no.isdisjoint(clause[: match.start()].split()[-REACH:]) for match in found)


def _ways(bank: _Bank, words: Sequence[str]) -> Iterator[Sequence[str]]:
    """Give the words as written, and with slips mended where there are any."""
    yield words
    mended = [bank.mended(word) for word in words]
    if mended != list(words):
        yield mended


class _Bank(NamedTuple):
    """The entries of a language, ready to be looked for."""

    words: re.Pattern[str] | None
    ends: re.Pattern[str] | None
    """Those that stand at the end of a clause."""
    endings: re.Pattern[str] | None
    """The same wherever they stand: a text with none of them need not be cut into clauses."""
    hazards: re.Pattern[str] | None
    no: frozenset[str]
    warnings: frozenset[str]
    """The longest word of each entry without `*`: a text with none of them, of the next and of slips speaks of none."""
    stems: tuple[str, ...]
    long: frozenset[str]
    longest: int
    """Letters of the longest of them: what is longer by more than one is no slip, however long people hold a key."""
    slips: dict[str, str]
    seen: dict[str, str]
    """Words looked up before: people use the same ones, and each look-up costs as much as half a turn."""

    def is_plain(self, words: Sequence[str], *, ascii_only: bool) -> bool:
        """Whether nothing in `words` can belong to an entry; most texts are known at once."""
        if any("'" in word for word in words):  # what stands behind "l'" is a word as well
            words = [*words, *(word.rpartition("'")[2] for word in words)]
        if not self.warnings.isdisjoint(words) or any(word.startswith(self.stems) for word in words if self.stems):
            return False
        if not ascii_only and (not self.warnings.isdisjoint(loose := set(loosened(words))) or self._stemmed(loose)):
            return False
        return all(self.mended(word) == word for word in words)

    def names_hazard(self, words: Sequence[str]) -> bool:
        """Whether a hazard is spoken of, be it denied or not."""
        return self.hazards is not None and self.hazards.search(" ".join(words)) is not None

    def _stemmed(self, words: Iterable[str]) -> bool:
        return any(word.startswith(self.stems) for word in words) if self.stems else False

    def mended(self, word: str) -> str:
        """Return the word of the bank of which `word` is a slip, else `word`."""
        if not LONG - 1 <= len(word) <= self.longest + 1 or word in self.long:
            return word
        known = self.seen.get(word)
        if known is None:
            if len(self.seen) >= SEEN:
                self.seen.clear()
            known = self.seen[word] = self._mended(word)
        return known

    def _mended(self, word: str) -> str:
        near = {self.slips[one] for one in (word, *_shortened(word)) if one in self.slips}
        close = (one for one in sorted(near) if one[0] == word[0] and OSA.distance(word, one, score_cutoff=1) == 1)
        return next(close, word)


def _shortened(word: str) -> Iterator[str]:
    """Give the word without one of its letters: two words with one slip between them have such a form in common."""
    return (word[:n] + word[n + 1 :] for n in range(1, len(word)))


@lru_cache(maxsize=64)
def _bank(entries_: tuple[str, ...], *, beside: bool = False) -> _Bank:
    """Return the entries ready to be looked for; `beside`: in what is mostly written in another language."""
    if beside:
        entries_ = tuple(each for each in entries_ if not _is_shared(each))
    spoken = [each for each in entries_ if each[:1] not in {HAZARD, NO} and not each.endswith(_END)]
    ends = [each.removesuffix(_END).rstrip() for each in entries_ if each.endswith(_END)]
    hazards = [each[1:] for each in entries_ if each[:1] == HAZARD]
    no = frozenset(each[1:] for each in entries_ if each[:1] == NO)
    every = [*spoken, *ends, *hazards]
    plain = [
        [word for word in each.split() if word not in {*_MARKS, _STAR} and not word.endswith(_STAR)] for each in every
    ]
    starred = [each.split() for each, words in zip(every, plain, strict=True) if each and not words]
    written = (word.rstrip(_STAR) for each in every for word in each.split())
    long = frozenset(word for word in written if len(word) >= LONG and word.isascii() and not beside)
    slips = {one: word for word in sorted(long) for one in (*_shortened(word), word)}
    return _Bank(
        words=_any_of(spoken),
        ends=_any_of(ends, after="$"),
        endings=_any_of(ends),
        hazards=_any_of(hazards),
        no=no,
        warnings=frozenset(max(words, key=len) for words in plain if words),
        stems=tuple(sorted({max(words, key=len).rstrip(_STAR) for words in starred})),
        long=long,
        longest=max(map(len, long), default=0),
        slips=slips,
        seen={},
    )


def _is_shared(entry: str) -> bool:
    """Whether an entry is the mere beginning of a word in Latin letters: other languages have words that begin so."""
    return entry.endswith(_STAR) and " " not in entry and entry.isascii()


def _any_of(entries_: Sequence[str], after: str = r"(?!\S)") -> re.Pattern[str] | None:
    if not entries_:
        return None
    before = rf"(?<![^\s'])(?:{'|'.join(ATTACHED)})?"
    return re.compile(rf"{before}(?:{'|'.join(map(_pattern, entries_))}){after}")


def _pattern(entry: str) -> str:
    """Return an entry as a pattern over folded words."""
    parts = [
        " ".join(re.escape(word.rstrip(_STAR)) + r"\S*" * word.endswith(_STAR) for word in part.split())
        for part in entry.split(_DOTS)
    ]
    return rf"(?: \S+){{0,{GAP}}} ".join(parts)
