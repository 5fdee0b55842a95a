"""How many texts of made-up campaigns are found among texts of citizens, and how many others with them.

Tuned on: how long a text must be was chosen where thanks of a few words came out as campaigns of the NHS set.
"""

from __future__ import annotations

import csv
import time
from typing import TYPE_CHECKING

from bot.reading.campaigns import Sent, campaigns
from tests.evaluate.table import Row, at_least

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NEEDS = ("campaigns",)
MINIMUM = 10
NONE = "-1"


def rows(data: Path, _cache: Path) -> Iterator[Row]:
    """Measure all."""
    with (data / "campaigns" / "campaign_simulation_a.csv").open(encoding="utf-8") as lines:
        read = list(csv.DictReader(lines))
    began = time.process_time()
    found = campaigns([Sent(n, n, row["text"]) for n, row in enumerate(read)], MINIMUM)
    took = time.process_time() - began
    caught = {n for each in found for n in each.messages}
    members = [n for n, row in enumerate(read) if row["campaign"] != NONE]
    others = [n for n, row in enumerate(read) if row["campaign"] == NONE]
    share = sum(n in caught for n in members) / len(members)
    yield at_least("campaigns: members found", share, 0.98, f"{len(members)} in {len(found)} groups, {took:.1f} s")
    right = len(caught & set(members)) / len(caught) if caught else 0.0
    yield at_least("campaigns: of those told as members, members", right, 0.98, f"{len(caught)} texts")
    for level in sorted({row["edit_level"] for row in read if row["campaign"] != NONE}):
        mine = [n for n, row in enumerate(read) if row["campaign"] != NONE and row["edit_level"] == level]
        part = sum(n in caught for n in mine) / len(mine)
        yield Row(f"campaigns: members found, edited at level {level}", f"{part:.3f}", note=f"{len(mine)} texts")
    stray = 1000 * sum(n in caught for n in others) / len(others)
    yield Row("campaigns: others per 1,000", f"{stray:.1f}", "≤ 1", stray <= 1, f"{len(others)} texts")
