"""What people type, compared with what we offered: case, accents, marks and small slips do not matter."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import zip_longest
from typing import TYPE_CHECKING

from rapidfuzz import fuzz, process

from flows.phrasebook import EVERYWHERE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from flows.model import Option, Script

NEAR = 85
"""Score (0 to 100, rapidfuzz ratio) from which a typed word counts as a slip of an offered one."""

_EVERYWHERE = frozenset(EVERYWHERE)
_SHORTEST_SLIP, _LONGEST_WORD = 3, 40
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_KEPT_CONTROLS = "\n\t"
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Orders to read what follows in another direction: a script needs none, and they would turn our words around too."""
_UNSEEN = "\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
"""Characters that show nothing by themselves; between letters and within emoji they mean something."""


def clean(text: str) -> str:
    """Return `text` without control and turning characters and lone surrogates, line breaks kept, ends trimmed."""
    if text.isascii() and text.isprintable():
        return text.strip()
    kept = "".join(filter(_is_kept, text.replace("\r\n", "\n")))
    return kept.strip().strip(_UNSEEN).strip()


def _is_kept(character: str) -> bool:
    category = unicodedata.category(character)
    return character in _KEPT_CONTROLS or (category not in {"Cc", "Cs", "Co", "Cn"} and character not in _TURNING)


def fold(text: str) -> str:
    """Return the words of `text` in lower case, without accents and marks: the form in which texts are compared."""
    return _folded_once(text) if len(text) <= _LONGEST_WORD else " ".join(folded_words(text))


@lru_cache(maxsize=1024)
def _folded_once(text: str) -> str:
    """A short message is compared with several tables, and many people send the same."""
    return " ".join(folded_words(text))


def folded_words(text: str) -> list[str]:
    """Return the words of `text` one by one, as `fold` writes them."""
    if text.isascii():
        words = text.encode().translate(_ASCII).decode().split()
    else:
        plain = unicodedata.normalize("NFKD", text.casefold().translate(_ALIKE))
        words = _AND_FIGURE.sub(" و ", "".join(map(_folded, plain))).split()
    return words if "'" not in text and "’" not in text else _unquoted(words)


_ASCII = bytes(ord(chr(code).lower() if chr(code).isalnum() or chr(code) == "'" else " ") for code in range(256))
"""What `fold` makes of each byte of a text that is ASCII."""
_ALIKE = str.maketrans("’‘ʼ´ةىیٱک", "''''هيياك", "ءـ")
"""Letters that one writes for another: an apostrophe of any shape; in Arabic the last letter of a word (ة, ى), a hamza
left out, a word drawn out, and what the keyboards of Persian and Urdu have in their place."""
_AND_FIGURE = re.compile(r"(?<![^\W\d])و(?=\d)")
"""Arabic writes "and" in one with what follows: "1 و3"."""


def _unquoted(words: list[str]) -> list[str]:
    """Return words without the quotation marks around them; an apostrophe within a word is part of it."""
    return [word for word in (word.strip("'") for word in words) if word]


def _folded(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.digit(character))
    if category in {"Me", "Cf"} or (category == "Mn" and (unicodedata.combining(character) or character == "\ufe0f")):
        return ""
    return character if category[0] in "LNM" or character == "'" else " "


def spellings(text: str) -> tuple[str, ...]:
    """Return `text` folded, and where it has ä, ö or ü as it is typed without them: `fur` and `fuer` for `für`."""
    composed = unicodedata.normalize("NFC", text).casefold()
    return tuple(dict.fromkeys((fold(text), fold(composed.translate(_TYPED)))))


_TYPED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def table(options: Sequence[Option], words: Mapping[str, str]) -> dict[str, str]:
    """Return what may be typed for `options` to the option's id: number, label, both, other words for yes, no and na.

    `words` maps folded words to their key, as in `Script.words`. Where two options would claim the same entry, the
    number wins over labels, the earlier label over the later.
    """
    typed = {str(n): option.id for n, option in enumerate(options, 1)}
    for n, option in enumerate(options, 1):
        for entry in (*spellings(option.label), option.label.strip().casefold(), *spellings(f"{n} {option.label}")):
            typed.setdefault(entry, option.id)
    ids = {option.id for option in options}
    for word, key in words.items():
        if key in {"yes", "no", "na"} and key in ids:
            typed.setdefault(word, key)
    typed.pop("", None)
    return typed


def chosen(typed: Mapping[str, str], text: str) -> str | None:
    """Return the id of the option meant by `text`: exact or, where only one is near, a slip of the finger."""
    folded = fold(text)
    return typed.get(folded) or typed.get(text.strip().casefold()) or _near(typed, folded)


def _near(typed: Mapping[str, str], folded: str) -> str | None:
    if len(folded) < _SHORTEST_SLIP or folded.replace(" ", "").isdigit():
        return None
    first = folded[0]
    labels = [label for label in typed if label[0] == first and not first.isdigit() and _could_be(folded, label)]
    if not labels:
        return None
    found = process.extract(folded, labels, scorer=fuzz.ratio, score_cutoff=NEAR, limit=None)
    ids = {typed[label] for label, _, _ in found}
    return ids.pop() if len(ids) == 1 else None


def _could_be(typed: str, label: str) -> bool:
    """A slip keeps all figures, the number of words and how each begins: "not fair" is no slip of "fair"."""
    pairs = list(zip_longest(typed.split(), label.split(), fillvalue=" "))
    return all(one == other or (one[0] == other[0] and not _differs(one, other)) for one, other in pairs)


def _differs(one: str, other: str) -> bool:
    """Whether two words differ in a figure ("12", "17"), or one is the other with a syllable before it ("unuseful")."""
    if any(map(str.isdigit, one + other)):
        return True
    return abs(len(one) - len(other)) > 1 and (one.endswith(other) or other.endswith(one))


def label_of(options: Sequence[Option], option: str) -> str:
    """Return the label of the option with this id; the id itself where there is none."""
    return next((one.label for one in options if one.id == option), option)


def plain_digits(text: str) -> str:
    """Return `text` cleaned, with the digits of any script as 0 to 9 and their signs as `.`, `,` and `-`."""
    characters = unicodedata.normalize("NFKC", clean(text)).replace("٫", ".").replace("٬", ",").replace("−", "-")
    return "".join(str(unicodedata.digit(one)) if one.isdecimal() else one for one in characters)


MOST_DIGITS = 15
"""Digits of the largest whole number that is read: every database and every program holds it."""


def whole(text: str) -> int | None:
    """Return the whole number that stands in a text, in the digits of any script; None for anything else.

    None, too, for a number with more digits than any of ours has: who sends it means no harm, or all of it.
    """
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else None


_ATTACHED_AND = re.compile(r" و(?=\w)")
"""Arabic writes "and" in one with the next word; a word may as well begin with that letter."""
_SEPARATORS = re.compile(r"[,;/&+>\n،؛、]")


def several(script: Script, table: Mapping[str, str], text: str) -> list[str]:
    """Return the options that `text` names, in its order; empty where any part of it names none."""
    found = [chosen(table, part) for part in _parts(script, table, text)]
    picked = [one for one in found if one]
    return picked if len(picked) == len(found) else []


def _parts(script: Script, table: Mapping[str, str], text: str) -> list[str]:
    """Split "1, 3", "1 and 3", "1 3" or "this and that"; a label that holds a separator stays whole."""
    if chosen(table, text):
        return [text]
    parts = [part for part in _SEPARATORS.split(text) if part.strip()]
    return [piece for part in parts for piece in ([part] if chosen(table, part) else _pieces(script, table, part))]


def _pieces(script: Script, table: Mapping[str, str], part: str) -> list[str]:
    words = fold(part).split()
    if all(word.isdigit() for word in words):
        return words
    attached = _ATTACHED_AND.split(" ".join(words))
    if all(chosen(table, piece) for piece in attached):
        return attached
    joined = "\n".join("" if script.words.get(word) == "and" else word for word in words)
    return [piece.replace("\n", " ").strip() for piece in re.split(r"\n\n|^\n|\n$", joined) if piece.strip()]


def meaning(script: Script, text: str) -> str | None:
    """Return the key of `[words]` (`stop`, `ok`, `yes`…) that `text` is, as a word or as a command, or None."""
    if not text or len(text) > _LONGEST_WORD:
        return None
    if text[0] == "/":
        text = text[1:].partition("@")[0]
    return script.meanings.get(_folded_once(text) or text)


_LONGEST_NUMBER = 4
_COUNTED = frozenset({"back", "change"})


def counted_word(script: Script, text: str) -> tuple[str, int] | None:
    """Return what "BACK 3" or "CHANGE 2" says, in the script's language or as a command: the word and the number."""
    if not text[-1:].isdigit():
        return None
    words, _, number = fold(text).rpartition(" ")
    if not number.isdecimal():
        return None
    word = meaning(script, words)
    return (word, int(number[:_LONGEST_NUMBER])) if word in _COUNTED else None


def word_of(script: Script, text: str) -> str | None:
    """Return the everywhere word (`stop`, `skip`, `back`…) that `text` is, in any form people send it, or None."""
    word = meaning(script, text)
    return word if word in _EVERYWHERE else None


def is_command(text: str) -> bool:
    """Return whether `text` is written as a command (`/something`)."""
    return len(text) > 1 and text[0] == "/" and text[1].isalpha() and "/" not in text[1:]


ATTACHED = frozenset(a + b for a in ("", "و", "ف") for b in ("", "س", "ال", "بال", "لل", "ب", "ل")) - {""}
"""And, so; will, the, by the, for the, by, for."""


def loosened(words: Iterable[str]) -> Iterator[str]:
    """Give the words that remain when what may be written in one with them is taken away."""
    for word in words:
        yield word.rpartition("'")[2]
        yield from (word[n:] for n in range(1, 5) if word[:n] in ATTACHED)


def fill(text: str, values: Mapping[str, object]) -> str:
    """Put `values` into the `{placeholders}` of `text`, in one pass; names without a value stay as they are."""
    if "{" not in text:
        return text
    return _PLACEHOLDER.sub(lambda match: str(values.get(match[1], match[0])), text)


def placeholders(text: str) -> set[str]:
    """Return the names in braces in `text`."""
    return set(_PLACEHOLDER.findall(text))
