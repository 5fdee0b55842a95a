"""Names of people in a text: behind a word that announces one, beside a given name of a list, or known beforehand.

In scripts with capitals a name is a run of words that begin with one. Arabic has none, so there two words of the list
stand together, or one behind a word that announces it. What is only capitalised in a pair is a doubt, not a find.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bot.reading import cues
from bot.reading.plain import folded
from bot.reading.spans import Found, Span

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_LISTS = Path(__file__).with_name("names")
LONGEST = 5
"""So many words a name has at most."""
SHORTEST = 3
"""A name known beforehand is looked for from so many letters on."""


@dataclass(frozen=True, slots=True)
class _Known:
    """Names of a list: those that mean nothing else, and those that are a word or a place as well."""

    sure: frozenset[str]
    unsure: frozenset[str]

    def __contains__(self, word: object) -> bool:
        return word in self.sure or word in self.unsure


@cache
def _known(name: str) -> _Known:
    lines = (_LISTS / f"{name}.txt").read_text(encoding="utf-8").split()
    unsure = frozenset(line[:-1] for line in lines if line[-1] == "?")
    return _Known(frozenset(line for line in lines if line[-1] != "?"), unsure)


def found(text: str, language: str, people: Collection[str] = ()) -> Iterator[Span]:
    """Find names in `text`, which is plain; `people`: full names of those who may be meant, staff and the sender."""
    yield from _of_people(text, people)
    yield from _introduced(text)
    tokens = _tokens(text)
    for run in _runs(text, tokens):
        yield from _Run(text, run, language).names()
    yield from _small(text, tokens)
    yield from _arabic(text)


# --------------------------------------------------------------------------- known beforehand


def _of_people(text: str, people: Collection[str]) -> Iterator[Span]:
    """Find names somebody has told us: whole in any writing, in parts where a part is written as a name."""
    for name in people:
        parts = [part for part in _PART.findall(name) if len(part) >= SHORTEST]
        if len(parts) > 1:
            whole = r"[\s.-]+".join(map(re.escape, _PART.findall(name)))
            yield from _spans(re.compile(rf"(?<!\w){whole}(?!\w)", re.IGNORECASE), text)
        for part in parts:
            for span in _spans(re.compile(rf"(?<!\w){_PREFIX}{re.escape(part)}(?!\w)", re.IGNORECASE), text):
                word = span.of(text)
                if not word[0].islower() and folded(word) not in _never():
                    yield span


_PART = re.compile(r"[^\W\d_][\w'’-]*")
_PREFIX = "(?:[وبلفك](?=[\u0600-\u06ff]))?"


def _spans(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    for match in pattern.finditer(text):
        yield Span(match.start(), match.end(), Found.NAME)


# --------------------------------------------------------------------------- announced

_AFTER = re.compile(
    r"[ :]{1,2}(?P<name>[^\W\d_][^\W\d_'-]*(?:-[^\W\d_]+)*\.?(?: [^\W\d_][^\W\d_'-]*(?:-[^\W\d_]+)*)?(?:"
    r" [^\W\d_][^\W\d_'-]*)?)"
)


@cache
def _introductions() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(cues.spoken('name', 'introductions'))})", re.IGNORECASE)


def _introduced(text: str) -> Iterator[Span]:
    """Find what follows "my name is", small letters or not; what cannot be a name ends it."""
    for cue in _introductions().finditer(cues.bare(text)):
        match = _AFTER.match(text, cue.end())
        if match and (end := _end_of_name(match)):
            yield Span(match.start("name"), end, Found.NAME)


def _end_of_name(match: re.Match[str]) -> int:
    """Return where the name ends: before the first word that is none, and small words only as many as lists know."""
    words = list(re.finditer(r"\S+", match["name"]))
    written = words[0][0][0].isupper() or "\u0600" <= words[0][0][0] <= "\u06ff"
    last = 0
    for n, word in enumerate(words):
        fold = folded(word[0])
        if fold in _never() and not (written and word[0][0].isupper() and n):
            break
        arabic = "\u0600" <= word[0][0] <= "\u06ff"
        if n and not (
            word[0][0].isupper()
            or (
                fold in _given()
                or fold in _family()
                or fold in _arabs()
                or (arabic and word[0].startswith("ال"))
                or fold in _particles()
            )
        ):
            break
        if fold not in _particles() or n == 0:
            last = word.end()
    return match.start("name") + last if last else 0


@cache
def _given() -> _Known:
    return _known("given")


@cache
def _family() -> _Known:
    return _known("family")


@cache
def _arabs() -> _Known:
    return _known("arabic")


@cache
def _never() -> frozenset[str]:
    return cues.words("name", "never")


@cache
def _places() -> frozenset[str]:
    return cues.words("name", "places")


@cache
def _particles() -> frozenset[str]:
    return cues.words("name", "particles")


@cache
def _titles() -> frozenset[str]:
    return cues.words("name", "titles")


# --------------------------------------------------------------------------- in scripts with capitals


class _Token(NamedTuple):
    start: int
    end: int
    word: str
    fold: str
    begins: bool
    """Whether it begins a sentence, where every word has a capital."""

    @property
    def capital(self) -> bool:
        return self.word[0].isupper()


_WORD = re.compile(r"(?<!\w)(?:[dlDLOo]')?[^\W\d_]+(?:[-'][^\W\d_]+)*\.?")
_BEGINS = re.compile(r"(?:^|[.!?:;…\n•*>\"“”«»(¡¿/-])[\s\"“”«»'(¡¿-]*$")
_STRASSE = re.compile(
    r"\w{3}(?:stra(?:ss|ß)e|str\.|weg|platz|gasse|allee|ring|brücke|bruecke|ufer|schule|kirche|haus"
    r"|platzes|straat|plein)$",
    re.IGNORECASE,
)


def _tokens(text: str) -> list[_Token]:
    found = []
    for match in _WORD.finditer(text):
        word, start = match[0], match.start()
        if word[1:2] == "'" and word[0] in "dlDL":
            word, start = word[2:], start + 2
        if word.endswith(".") and len(word) > 2 and folded(word[:-1]) not in _titles():
            word = word[:-1]
        if word:
            begins = bool(_BEGINS.search(text[max(0, match.start() - 6) : match.start()])) or match.start() == 0
            found.append(_Token(start, start + len(word), word, folded(word.rstrip(".")), begins))
    return found


def _runs(text: str, tokens: Sequence[_Token]) -> Iterator[list[_Token]]:
    """Give words with capitals that stand side by side, particles between them, and the small words around them.

    The first of each is what stands before the run, or a token without a word.
    """
    run: list[_Token] = []
    for n, token in enumerate(tokens):
        joined = bool(run) and text[run[-1].end : token.start] in {" ", ". "} and (run[-1].word[-1] != "." or True)
        small = token.fold in _particles() and bool(run) and joined and _goes_on(text, tokens, n)
        if (token.capital and joined) or small:
            run.append(token)
            continue
        if run:
            yield run
        run = [token] if token.capital else []
    if run:
        yield run


def _goes_on(text: str, tokens: Sequence[_Token], n: int) -> bool:
    """Whether particles from here on lead to another word with a capital."""
    for one, after in zip(tokens[n : n + 3], tokens[n + 1 : n + 4], strict=False):
        if text[one.end : after.start] != " ":
            return False
        if after.capital:
            return True
        if after.fold not in _particles():
            return False
    return False


class _Run:
    """Words with capitals side by side, and what of them is a name."""

    def __init__(self, text: str, tokens: list[_Token], language: str) -> None:
        self._text = text
        self._tokens = tokens
        self._german = language == "de"
        before = cues.bare(text[max(0, tokens[0].start - 24) : tokens[0].start]).casefold()
        self._before = before
        self._before_as_written = text[max(0, tokens[0].start - 24) : tokens[0].start]
        self._last = [folded(word) for word in re.findall(r"[^\W\d_]+\.?|/", before)]

    def names(self) -> Iterator[Span]:
        tokens = self._tokens
        shouted = len(tokens) > LONGEST + 1 or (
            len(tokens) > 1
            and all(t.word.isupper() and len(t.word) > 1 for t in tokens)
            and not any(t.fold in _given().sure for t in tokens)
        )
        if shouted:
            return
        n = 0
        while n < len(tokens):
            end, what = self._from(n)
            if end > n:
                yield Span(tokens[n].start, tokens[end - 1].end, what)
                n = end
            else:
                n += 1

    def _from(self, n: int) -> tuple[int, Found]:
        """Return up to which token a name goes that begins at token `n`, and how sure it is; `n` itself: none."""
        token, none = self._tokens[n], (n, Found.NAME)
        if token.fold in _titles() and len(token.word) > 1 and token.fold not in _given().sure:
            return none
        if (
            not token.capital
            or token.word == "I"
            or token.fold in _never()
            or self._is_street(token)
            or (token.fold in _places() and not self._titled(n))
        ):
            return none
        end = self._reach(n)
        if self._titled(n) and not any(self._is_street(t) for t in self._tokens[n:end]):
            return end, Found.NAME
        if self._leads(n):
            return none
        if self._is_place(n) and not (self._signed(n) and token.fold in _given() and end == n + 2):
            return none
        if _is_initial(token.word):
            follows = (
                end > n + 1
                and len(self._tokens[end - 1].word) > 1
                and token.fold not in {"c", "r", "s", "d", "e", "a", "u"}
            )
            return (end, Found.NAME) if follows and self._named(n + 1, end) else none
        return self._beside(n, end)

    def _is_street(self, token: _Token) -> bool:
        return self._german and _STRASSE.search(token.word) is not None

    def _leads(self, n: int) -> bool:
        """Whether a word has its capital from the sentence alone, and a name begins behind it: "Ask Mary"."""
        token, rest = self._tokens[n], self._tokens[n + 1 : n + 2]
        if not token.begins or not rest or token.fold in _given() or token.fold in _family():
            return False
        return rest[0].fold in _given() or token.fold in cues.words("name", "signs")

    def _named(self, start: int, end: int) -> bool:
        return any(t.fold in _family() or t.fold in _given() for t in self._tokens[start:end])

    def _beside(self, n: int, end: int) -> tuple[int, Found]:
        token = self._tokens[n]
        rest = [t for t in self._tokens[n + 1 : end] if t.fold not in _particles()]
        if rest:
            what = self._pair(n, end, token, rest[0])
            return (end, what) if what else (n, Found.NAME)
        return self._alone(token, n)

    def _pair(self, n: int, end: int, one: _Token, other: _Token) -> Found | None:
        """Say what two words with capitals are: a name where one can be nothing else, or people are spoken of."""
        given, family = _given(), _family()
        listed = one.fold in given or (one.fold in family and other.fold in family and not self._german)
        if one.word.isupper() and len(one.word) > 1 and not (one.fold in given and other.fold in family):
            return Found.DOUBT
        if one.fold in given.sure or (listed and (other.fold in family or other.fold in given or not one.begins)):
            return Found.NAME
        if other.fold in family.sure and not self._german and (not one.begins or one.fold in family):
            return Found.NAME
        if self._of_people(n, end, one):
            return Found.NAME
        return None if self._german and not listed else Found.DOUBT

    def _of_people(self, n: int, end: int, one: _Token) -> bool:
        """Whether the words around speak of somebody: "spoke to …", "… told me"."""
        behind = cues.bare(self._text[self._tokens[end - 1].end : self._tokens[end - 1].end + 24]).casefold()
        known = one.fold in _given()
        acts = bool(_acts().match(behind))
        if self._german:
            return known and (self._signed(n) or acts)
        return self._signed(n) or acts

    def _alone(self, token: _Token, n: int) -> tuple[int, Found]:
        """A given name by itself: where no sentence begins, or behind a word that leads to one."""
        sign = self._signed(n)
        if token.word.isupper() or (self._at_place() and not sign):
            return n, Found.NAME
        if token.fold in _given().sure and (not token.begins or sign) and (not self._german or sign):
            return n + 1, Found.NAME
        if sign and token.fold in _given() and not token.begins:
            return n + 1, Found.NAME
        return n, Found.NAME

    def _at_place(self) -> bool:
        return bool(self._last) and self._last[-1] in cues.words("name", "where")

    def _signed(self, n: int) -> bool:
        start = self._tokens[n].start
        return bool(_signs().search(cues.bare(self._text[max(0, start - 24) : start]).casefold()))

    def _reach(self, n: int) -> int:
        """Return the end of the words that may belong to the name that begins at `n`."""
        end = n + 1
        while end < len(self._tokens) and end - n < LONGEST:
            token = self._tokens[end]
            if (token.fold in _never() and token.fold not in _family() and token.fold not in _particles()) or (
                token.begins and not _is_initial(self._tokens[end - 1].word)
            ):
                break
            end += 1
        while end > n + 1 and (self._tokens[end - 1].fold in _particles() and not self._tokens[end - 1].capital):
            end -= 1
        return end

    def _is_place(self, n: int) -> bool:
        """Whether a word of places stands at either side: "calle Clara Campoamor", "Victoria Station"."""
        others = [token.fold for token in (*self._tokens[:n], *self._tokens[n + 1 : n + 4])]
        if any(fold in _places() for fold in others) or any(self._is_street(token) for token in self._tokens):
            return True
        before = list(self._last)
        while before and before[-1] in _particles() | {"the", "el", "los", "las", "o", "a", "da", "do", "l", "d"}:
            before.pop()
        return bool(before) and before[-1].rstrip(".") in _places() and before[-1] not in _titles()

    def _titled(self, n: int) -> bool:
        """Whether a title stands right before; a full stop belongs to it only where it is a short form."""
        if n:
            title = self._tokens[n - 1]
            return _is_title_word(title.word.rstrip("."), short=title.word.endswith(".") or self._tokens[n].begins)
        match = _LAST.search(self._before_as_written)
        return match is not None and _is_title_word(match[1], short=bool(match[2]))


_LAST = re.compile(r"(?<!\w)([^\W\d_]+)(\.?) ?$")
_SHORT = frozenset("dr dra mr mrs ms sr sra srta prof profa rev cllr m mm mme mmes mlle d dna dhr mw sgt".split())


def _is_title_word(word: str, *, short: bool) -> bool:
    fold = folded(word)
    if short:
        return fold in _SHORT and (len(fold) > 1 or word in {"M", "D"})
    return fold in _titles() and (len(fold) > 1 or word == "M")


def _is_initial(word: str) -> bool:
    return len(word.rstrip(".")) == 1


@cache
def _signs() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(cues.spoken('name', 'signs'))})[,:]?\s+$", re.IGNORECASE)


@cache
def _acts() -> re.Pattern[str]:
    return re.compile(rf",? (?:{'|'.join(cues.spoken('name', 'acts'))})(?!\w)", re.IGNORECASE)


def _small(text: str, tokens: Sequence[_Token]) -> Iterator[Span]:
    """Find a name in small letters: of two words that lists know for nothing else, behind one that leads to a name."""
    for one, other in pairwise(tokens):
        if one.capital or other.capital or other.start - one.end != 1 or one.fold in _never() or other.fold in _never():
            continue
        if one.fold in _given().sure and other.fold in _family().sure and _announced(text, one.start):
            yield Span(one.start, other.end, Found.NAME)


def _announced(text: str, start: int) -> bool:
    before = text[max(0, start - 24) : start]
    match = _LAST.search(before)
    titled = match is not None and _is_title_word(match[1], short=bool(match[2]))
    return titled or bool(_signs().search(cues.bare(before).casefold()))


# --------------------------------------------------------------------------- Arabic

_ARABIC = re.compile("[\u0621-\u0652\u0670-\u06d3]+")
_ATTACHED = ("و", "ب", "ل", "ف", "ك", "وب", "ول")
_NEVER_ARABIC = frozenset({"على", "إلى", "الى", "حتى", "متى"})
"""Words that only look like names once their last letter is written as most people type it."""
_LINKS = frozenset({"بن", "ابن", "بنت", "ال", "ابو", "ام", "عبد", "ابي", "ابا"})


def _arabic(text: str) -> Iterator[Span]:
    words = list(_ARABIC.finditer(text))
    n = 0
    while n < len(words):
        end = _arabic_name(text, words, n)
        if end > n:
            start = words[n].start() + _cut(folded(words[n][0]))
            yield Span(start, words[end - 1].end(), Found.NAME)
            n = end
        else:
            n += 1


def _cut(fold: str) -> int:
    """Return how many letters are written in one with a name before it."""
    if fold in _arabs() or fold in _LINKS:
        return 0
    return next((len(one) for one in _ATTACHED if fold.startswith(one) and fold[len(one) :] in _arabs()), 0)


def _arabic_name(text: str, words: Sequence[re.Match[str]], n: int) -> int:
    fold = folded(words[n][0])
    if words[n][0] in _NEVER_ARABIC:
        return n
    bare = fold[_cut(fold) :]
    titled = n > 0 and _follows(text, words, n) and _is_title(folded(words[n - 1][0]))
    signed = bool(_signs().search(cues.bare(text[max(0, words[n].start() - 16) : words[n].start()])))
    known = bare in _arabs() or bare in _LINKS
    if bare in _places() or (
        n > 0 and _follows(text, words, n) and _strip(folded(words[n - 1][0])) in _places() and not titled
    ):
        return n
    if not known and not titled and not (signed and not _is_cue(fold) and _named_next(text, words, n)):
        return n
    end, more = n + 1, 0
    while end < len(words) and end - n < LONGEST and _follows(text, words, end):
        other = folded(words[end][0])
        given = n + 2 if bare == "عبد" else n + 1
        first = end == given and (titled or signed or given > n + 1 or bare in _arabs().sure) and _may_follow(other)
        if other not in _LINKS and not _is_surname(other, after=folded(words[end - 1][0])) and not first:
            break
        more += other not in _LINKS
        end += 1
    while end > n + 1 and folded(words[end - 1][0]) in _LINKS:
        end -= 1
    if titled:
        return end
    if bare in _LINKS:
        return end if more and (bare == "عبد" or folded(words[n + 1][0]) in _arabs().sure) else n
    sure = bare in _arabs().sure
    if more and (
        sure or signed or _sure_among(words[n + 1 : end]) or (not bare.startswith("ال") and _from_where(words[end - 1]))
    ):
        return end
    return n + 1 if (sure and (signed or not bare.startswith("ال"))) or (signed and known) else n


def _is_cue(fold: str) -> bool:
    lists = ("goes_on", "signs", "introductions")
    return any(fold in cues.words("name", one) for one in lists) or _is_title(fold)


def _may_follow(fold: str) -> bool:
    """Whether a word that no list knows may be somebody's second name: it is no small word, and "and" is not in it."""
    return fold not in cues.words("name", "goes_on") and (not fold.startswith("و") or fold in _arabs())


def _named_next(text: str, words: Sequence[re.Match[str]], n: int) -> bool:
    """Whether the next word is one of a name, so that this one, which no list knows, may be its first."""
    return n + 1 < len(words) and _follows(text, words, n + 1) and folded(words[n + 1][0]) in _arabs()


def _sure_among(words: Sequence[re.Match[str]]) -> bool:
    return any(folded(word[0]) in _arabs().sure or folded(word[0]) in {"عبد", "بن", "ابن", "بنت"} for word in words)


def _from_where(word: re.Match[str]) -> bool:
    fold = folded(word[0])
    return fold.startswith("ال") and bool(_NISBA.fullmatch(fold))


def _is_surname(fold: str, after: str) -> bool:
    if fold in cues.words("name", "goes_on"):
        return False
    return fold in _arabs() or after in _LINKS or bool(_NISBA.fullmatch(fold))


_NISBA = re.compile("(?:ال)?[\u0621-\u064a]{3,9}ي")
"""Where somebody comes from, as a name: "the Egyptian"."""


def _is_title(fold: str) -> bool:
    return _strip(fold) in _titles() or fold in _titles() or (fold.startswith("لل") and "ال" + fold[2:] in _titles())


def _strip(fold: str) -> str:
    for one in ("وال", "بال", "كال", "فال", "ال", "لل", "و", "ب", "ل", "ف"):
        if fold.startswith(one) and len(fold) > len(one) + 1:
            return fold[len(one) :]
    return fold


def _follows(text: str, words: Sequence[re.Match[str]], n: int) -> bool:
    return text[words[n - 1].end() : words[n].start()] == " "
