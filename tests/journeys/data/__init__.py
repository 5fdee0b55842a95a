"""Real feedback to replay, and what pandas alone makes of it. Origin and licence: README.md beside this file."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

FILE = Path(__file__).with_name("nhs_feedback.csv")
WEEKS = tuple(f"2022-W{number}" for number in range(29, 36))
"""The weeks it holds, whole."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """One person's feedback; `option` is the bank's answer to `del.overall`: "5" very good to "1" very poor."""

    respondent: str
    on: date
    service: str
    option: str
    text: str
    """Empty where the person skipped the question."""


@dataclass(frozen=True, slots=True)
class Expected:
    """One week's plain counts of people."""

    week: str
    base: int
    positive: int
    negative: int
    texts: int

    @property
    def share(self) -> float:
        """The share of very good and good."""
        return self.positive / self.base


def feedback() -> list[Feedback]:
    """Return everybody's feedback, by date."""
    with FILE.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return [_feedback(row) for row in rows]


def _feedback(row: dict[str, str]) -> Feedback:
    option = str(6 - int(row["fft"]))
    return Feedback(row["respondent"], date.fromisoformat(row["date"]), row["service"], option, row["text"])


def expected(service: str | None = None) -> dict[str, Expected]:
    """Return the counts of each ISO week, for one kind of service or all; straight from the file."""
    table = _table()
    chosen = table if service is None else table[table["service"] == service]
    week = pd.to_datetime(chosen["date"]).dt.strftime("%G-W%V")
    return {
        str(name): Expected(
            str(name),
            len(group),
            int((group["fft"] <= 2).sum()),
            int((group["fft"] >= 4).sum()),
            int((group["text"] != "").sum()),
        )
        for name, group in chosen.groupby(week)
    }


def _table() -> pd.DataFrame:
    return pd.read_csv(FILE, keep_default_na=False, dtype={"fft": int, "text": str, "service": str})
