"""What would make the words of a record better for those who read them: plain, short, each option apart. Pure.

It keeps no round from opening. The limits are those that every flow is checked by (`flows.checks.wording`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.rounds import wording
from flows.checks.wording import LABEL, MESSAGE, SENTENCE
from flows.plain import words
from flows.words import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from flows.plain import Plain


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do about the words of one field, in one of its languages."""

    field: str
    language: str
    message: str


def advice(
    record: Mapping[str, Any], names: Iterable[str], own: str, plain: Callable[[str], Plain], reader: str
) -> list[Advice]:
    """Return what can be better in the fields `names` of a record and in its lists, in words for `reader`.

    A text without a language is in the round's `own`; `plain` gives the rules of a language.
    """
    told = [
        Advice(name, language, message)
        for name in names
        for language, text in _spoken(record.get(name), own).items()
        for message in (*_lengths(text, plain(language), reader), *_hard(text, plain(language), reader))
    ]
    return [*told, *_of_lists(record.get("lists"), own, plain, reader)]


def _spoken(said: object, own: str) -> dict[str, str]:
    if isinstance(said, Mapping):
        return {language: text for language, text in said.items() if text}
    return {own: str(said)} if said else {}


def _lengths(text: str, plain: Plain, reader: str) -> Iterator[str]:
    counts = [len(words(sentence)) for sentence in plain.sentences(text)]
    if counts and max(counts) > SENTENCE:
        yield wording.advice(reader, "long_sentence", n=max(counts), most=SENTENCE)
    if len(text) > MESSAGE:
        yield wording.advice(reader, "long_text", n=len(text), most=MESSAGE)


def _hard(text: str, plain: Plain, reader: str) -> Iterator[str]:
    for word, instead in plain.hard_words(text):
        yield wording.advice(reader, "hard_word", word=word, instead=instead)


def _of_lists(lists: object, own: str, plain: Callable[[str], Plain], reader: str) -> Iterator[Advice]:
    for name, rows in lists.items() if isinstance(lists, Mapping) else ():
        for language, labels in _by_language(rows, own).items():
            for message in _of_labels(labels, plain(language), reader):
                yield Advice(name, language, message)


def _by_language(rows: Sequence[Sequence[Any]], own: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for _, said in rows:
        for language, label in _spoken(said, own).items():
            found.setdefault(language, []).append(label)
    return found


def _of_labels(labels: Sequence[str], plain: Plain, reader: str) -> Iterator[str]:
    """Tell labels that a button of a phone cuts off, and those nobody can tell apart."""
    for label in labels:
        if len(label) > LABEL:
            yield wording.advice(reader, "long_label", label=label[:LABEL].rstrip(), n=len(label), most=LABEL)
        yield from _hard(label, plain, reader)
    alike = Counter(fold(label) or label for label in labels)
    for label in dict.fromkeys(label for label in labels if alike[fold(label) or label] > 1):
        yield wording.advice(reader, "same_label", label=label)
