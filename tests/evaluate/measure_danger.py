"""How often danger is heard, and how often ordinary texts are taken for it.

Tuned on: the urgent sentences of `civic_mini` were looked at while the bank was extended, so that their figure says
little. The public texts were counted only; those of the ambulance service truly speak of emergencies that are over.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from typing import TYPE_CHECKING

from flows.catalog import Catalog
from flows.danger import speaks_of_danger
from flows.model import Script
from tests.evaluate.measure_private import public
from tests.evaluate.table import Row, at_least

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NEEDS = ("text-small", "nhs-patient-feedback", "madrid-proposals-es", "cycling-dialogues-de")
SHIPPED = ("en", "de", "es", "fr", "pt", "ar")
MOST = 15
"""Ordinary texts taken for danger, per 1,000."""


def rows(data: Path, _cache: Path) -> Iterator[Row]:
    """Measure all."""
    catalog = Catalog.load()
    scripts = {each: Script(each, {}, {}, catalog.words(each), catalog.danger(each)) for each in SHIPPED}
    every = {
        name: replace(script, elsewhere=tuple(scripts[each].danger for each in SHIPPED if each != name))
        for name, script in scripts.items()
    }
    with (data / "text-small" / "civic_mini_a.csv").open(encoding="utf-8") as lines:
        mini = [row for row in csv.DictReader(lines) if row["lang"] in scripts]
    urgent = [speaks_of_danger(scripts[row["lang"]], row["text"]) for row in mini if row["urgent"] == "1"]
    yield at_least("danger: urgent sentences heard", sum(urgent) / len(urgent), 0.95, f"{len(urgent)}; looked at")
    calm = [speaks_of_danger(scripts[row["lang"]], row["text"]) for row in mini if row["urgent"] == "0"]
    yield Row("danger: ordinary sentences taken for it", f"{sum(calm)} of {len(calm)}", note="looked at")
    for name, language, _, texts in public(data):
        for heard, how in ((scripts, ""), (every, ", every language heard")):
            taken = 1000 * sum(speaks_of_danger(heard[language], text) for text in texts) / len(texts)
            row = f"danger: per 1,000 texts, {name}{how}"
            yield Row(row, f"{taken:.1f}", f"≤ {MOST}", taken <= MOST, f"{len(texts)} texts")
