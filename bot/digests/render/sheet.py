"""What people want as a sheet: a line for each option of each question, the best first, in one language."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.digests.results import Result
    from bot.texts import Texts

FORMULA = ("=", "+", "-", "@", "\t", "\r")
TOLD = ("score", "low", "high", "first", "median", "nothing", "shown")
COLUMNS = ("state", "kind", "people", "whole", "step", "option", "label", *TOLD)


def sheet(results: Iterable[Result], texts: Texts) -> str:
    """Return the figures as CSV. What may not be told, or is not told of this kind of question, is an empty cell."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for one in results:
        for each in one.standings:
            figures = (getattr(each, name) for name in TOLD)
            asked = (one.state, one.kind.value, one.base, int(one.whole), one.step)
            writer.writerow((*asked, each.option, safe(texts.pick(each.label)), *figures))
    return out.getvalue()


def safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
