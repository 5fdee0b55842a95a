"""How much of what leads to a person is found, by kind and language, and how much is masked in texts of citizens.

Tuned on: the synthetic set, the first three sets of `private.toml`, and the half of the public texts whose names were
used to tell names from words. The `fourth` set was written and measured after the last rule, its Arabic names again
once their list had grown; the other half of the public texts was counted, and looked at by eye.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter, defaultdict
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.reading.private import Finder, countries_of
from bot.reading.spans import Found
from tests.evaluate.private_texts import SETS, Hidden, hidden
from tests.evaluate.table import Row, at_least

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

NEEDS = ("text-small", "pii-presidio", "nhs-patient-feedback", "madrid-proposals-es", "cycling-dialogues-de")
LATIN: Final = ("de", "en", "es", "fr", "pt")
SYNTHETIC = {"EMAIL": "mail", "PHONE": "phone", "IBAN": "account", "CARD": "card", "NATID": "identity"}
SYNTHETIC |= {"PLATE": "plate", "HANDLE": "handle", "PERSON": "name", "ADDRESS": "address"}
PRESIDIO = {"EMAIL_ADDRESS": "mail", "PHONE_NUMBER": "phone", "IBAN_CODE": "account", "CREDIT_CARD": "card"}
PRESIDIO |= {"US_SSN": "identity", "PERSON": "name", "ADDRESS": "address"}


def rows(data: Path, _cache: Path) -> Iterator[Row]:
    """Measure all."""
    ours = [each for each in _synthetic(data / "text-small" / "pii_synthetic.jsonl") if each.language in {*LATIN, "ar"}]
    yield from _by_language("synthetic", ours, "tuned on")
    presidio = _presidio(data / "pii-presidio" / "generated_large.csv")
    yield from _by_language("presidio", presidio, "made-up names and forms of many countries; nothing was tuned on it")
    for which in SETS:
        yield from _written(which)
    yield from _masked(data)


# --------------------------------------------------------------------------- found


def _found(each: Hidden) -> bool:
    """Whether every letter and digit of what is private is masked; of an address the digits: the street may stay."""
    counts = str.isdigit if each.kind == "address" else str.isalnum
    countries = (each.country,) if each.country else countries_of("", [each.language])
    spans = Finder(countries).find(each.text, each.language)
    masked = {n for span in spans if span.found is not Found.DOUBT for n in range(span.start, span.end)}
    return all(n in masked for n in range(each.start, each.end) if counts(each.text[n]))


def _written(which: str) -> Iterator[Row]:
    texts = hidden(which)
    note = "first look" if which == "fourth" else "rules were written looking at it"
    shapes = [each for each in texts if each.kind not in {"name", "address"}]
    yield _share(f"private: numbers of a shape, {which} set", shapes, 1.0, note)
    yield _share(f"private: digits of addresses, {which} set", [e for e in texts if e.kind == "address"], 0.9, note)
    names = [each for each in texts if each.kind == "name"]
    yield _share(f"private: names in Latin, {which} set", [e for e in names if e.language in LATIN], 0.9, note)
    yield _share(f"private: names in Arabic, {which} set", [e for e in names if e.language == "ar"], 0.8, note)


def _share(what: str, texts: list[Hidden], bound: float, note: str) -> Row:
    return at_least(what, sum(map(_found, texts)) / len(texts), bound, f"{len(texts)}; {note}")


class Text(NamedTuple):
    """A text with every place in it that leads to a person: kind, start and end."""

    language: str
    country: str
    text: str
    gold: tuple[tuple[str, int, int], ...]


@dataclass
class Score:
    """How many places of one kind in one language there are and were found; how many were masked, and rightly."""

    there: int = 0
    found: int = 0
    masked: int = 0
    right: int = 0

    def __str__(self) -> str:
        """Return recall and precision; a dash where there is nothing to take them of."""
        return f"{_part(self.found, self.there)} / {_part(self.right, self.masked)}"

    def __add__(self, other: Score) -> Score:
        """Return both taken together."""
        return Score(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


def _part(part: int, base: int) -> str:
    return f"{part / base:.2f}" if base else "–"


def scores(texts: Iterable[Text], ours: Mapping[Found, str]) -> dict[tuple[str, str], Score]:
    """Return recall and precision by (kind, language).

    A place is found where all of its letters and digits are masked, of an address its digits. What is masked is right
    where it meets a place of any kind: a telephone number that is taken for an account is masked all the same.
    """
    told: defaultdict[tuple[str, str], Score] = defaultdict(Score)
    for each in texts:
        for kind, start, end in each.gold:
            score = told[kind, each.language]
            score.there += 1
            score.found += _found(Hidden(each.language, each.country, each.text, kind, start, end))
        countries = (each.country,) if each.country else countries_of("", [each.language])
        for span in Finder(countries).find(each.text, each.language):
            if span.found is not Found.DOUBT and span.found in ours:
                score = told[ours[span.found], each.language]
                score.masked += 1
                score.right += any(span.start < end and start < span.end for _, start, end in each.gold)
    return dict(told)


def _by_language(what: str, texts: Iterable[Text], note: str) -> Iterator[Row]:
    """Give a row for each kind: recall and precision over all languages, and in the note in each of them."""
    told = scores(texts, {found: found.value for found in Found})
    for kind in sorted({kind for kind, _ in told}):
        mine = {language: score for (each, language), score in sorted(told.items()) if each == kind}
        all_ = sum(mine.values(), Score())
        each = ", ".join(f"{language} {score} ({score.there})" for language, score in mine.items())
        yield Row(f"private: {kind}, {what}: recall / precision", str(all_), note=f"{note}; {each}")


def _synthetic(file: Path) -> Iterator[Text]:
    """Give the synthetic texts of ten languages."""
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        gold = tuple((SYNTHETIC[kind], start, end) for kind, start, end, _ in row["gold"])
        yield Text(row["lang"], row["region"], row["text"], gold)


def _presidio(file: Path) -> Iterator[Text]:
    """Give the English sentences of presidio: names, addresses and telephone numbers in the forms of many countries.

    Their places, organisations, titles, ages and days are no kinds of ours: they lead to nobody by themselves.
    """
    with file.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            spans = json.loads(row["spans_json"])
            gold = tuple((PRESIDIO[one["type"]], one["start"], one["end"]) for one in spans if one["type"] in PRESIDIO)
            yield Text("en", "", row["text"], gold)


# --------------------------------------------------------------------------- masked in texts of citizens


def _masked(data: Path) -> Iterator[Row]:
    for name, language, country, texts in public(data):
        held = [text for text in texts if hashlib.sha1(text.encode(), usedforsecurity=False).digest()[0] % 2]
        finder = Finder((country,))
        kinds = Counter(span.found.value for text in held for span in finder.find(text, language))
        masked = 1000 * sum(count for kind, count in kinds.items() if kind != Found.DOUBT) / len(held)
        note = f"{len(held)} texts; true finds and false ones; " + ", ".join(f"{k} {v}" for k, v in kinds.most_common())
        yield Row(f"private: spans masked per 1,000 texts, {name}", f"{masked:.1f}", note=note)


def public(data: Path) -> Iterator[tuple[str, str, str, list[str]]]:
    """Give (name, language, country, texts) of public texts of citizens."""
    yield "NHS", "en", "GB", _column(data / "nhs-patient-feedback" / "v6framework_230831.csv", "FFT answer")
    yield "Madrid", "es", "ES", _column(data / "madrid-proposals-es" / "decide_madrid_comments_a.csv", "text")
    yield "cycling", "de", "DE", _column(data / "cycling-dialogues-de" / "cycling-dialogues-topics.csv", "text")


def _column(file: Path, column: str) -> list[str]:
    with file.open(encoding="utf-8", errors="replace") as lines:
        read: Iterable[dict[str, str]] = csv.DictReader(lines)
        return [row[column] for row in read if row[column] and row[column] != "Did not answer"]
