"""How much of what leads to a person is found, by kind and language, and how much is masked in texts of citizens.

Tuned on: the synthetic set, the first three sets of `private.toml`, and the half of the public texts whose names were
used to tell names from words. The `fourth` set was written and measured after the last rule, its Arabic names again
once their list had grown; the other half of the public texts was counted, and looked at by eye.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Final

from bot.reading.private import Finder, countries_of
from bot.reading.spans import Found
from tests.evaluate.private_texts import SETS, Hidden, hidden
from tests.evaluate.table import Row, at_least

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

NEEDS = ("text-small", "nhs-patient-feedback", "madrid-proposals-es", "cycling-dialogues-de")
LATIN: Final = ("de", "en", "es", "fr", "pt")
SYNTHETIC = {"EMAIL": "mail", "PHONE": "phone", "IBAN": "account", "CARD": "card", "NATID": "identity"}
SYNTHETIC |= {"PLATE": "plate", "HANDLE": "handle", "PERSON": "name", "ADDRESS": "address"}


def rows(data: Path, _cache: Path) -> Iterator[Row]:
    """Measure all."""
    yield from _synthetic(data / "text-small" / "pii_synthetic.jsonl")
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


def _synthetic(file: Path) -> Iterator[Row]:
    """Measure the synthetic texts of ten languages; those in languages we do not ship are counted apart."""
    shown: Counter[tuple[str, bool]] = Counter()
    every: Counter[tuple[str, bool]] = Counter()
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        for kind, start, end, _ in row["gold"]:
            key = (SYNTHETIC[kind], row["lang"] in {*LATIN, "ar"})
            every[key] += 1
            shown[key] += _found(Hidden(row["lang"], row["region"], row["text"], key[0], start, end))
    for kind, ours in sorted(every):
        languages = "six languages" if ours else "nl bg uk tr"
        value = shown[kind, ours] / every[kind, ours]
        yield Row(f"private: {kind}, synthetic, {languages}", f"{value:.3f}", note=f"{every[kind, ours]}; tuned on")


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
