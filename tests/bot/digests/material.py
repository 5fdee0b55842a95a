"""Material for digests without a database: what `gather` would count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pandas as pd

from bot.digests.quotes import Said
from bot.digests.summarise import MEDIAN_WEEKS, Answers, Deadline, Headline, Scope
from bot.digests.weeks import Week

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.digests.model import Digest

ZONE = ZoneInfo("Europe/London")
OVERALL = Headline(
    stage="deliver",
    item="del.overall",
    positive=frozenset({"5", "4"}),
    neutral=frozenset({"3"}),
    negative=frozenset({"2", "1"}),
    unknown=frozenset({"na"}),
    good={"en": ("Very good", "Good"), "es": ("Muy buena", "Buena")},
    bad={"en": ("Poor", "Very poor"), "es": ("Mala", "Muy mala")},
    question={"en": "Overall, how was your experience with {service} this time?"},
)


@dataclass(frozen=True, slots=True)
class One:
    """One person's answer."""

    on: date
    choice: str
    text: str = ""
    channel: str = "telegram"
    quotable: bool = True


def counted(people: Sequence[One], week: Week) -> Answers:
    """Count people as the database would, up to the end of `week`."""
    known = [one for one in people if one.on <= week.sunday]
    window = [one for one in known if one.on >= week.back(MEDIAN_WEEKS).monday]
    rows = pd.DataFrame.from_records(
        [
            (str(Week.holding(one.on)), "deliver", "del.overall", one.choice, one.channel, bool(one.text))
            for one in window
        ],
        columns=["week", "stage", "item", "choice", "channel", "texts"],
    )
    everybody = pd.DataFrame({"channel": [one.channel for one in known]}, dtype=str)
    return Answers(
        counts=_sizes(rows, ["week", "stage", "item", "choice"]),
        people=_sizes(rows, ["week", "channel"]),
        totals=_sizes(everybody, ["channel"]),
        written=rows.groupby("week")["texts"].sum().reset_index(),
        said=tuple(_said(one) for one in reversed(window) if one.text and one.quotable),
    )


def _sizes(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    return rows.groupby(by, as_index=False).size().rename(columns={"size": "people"})


def _said(one: One) -> Said:
    return Said(str(Week.holding(one.on)), one.on, "deliver", one.text, "del.overall", one.choice)


def scope(
    week: Week,
    deadlines: Iterable[Deadline] = (),
    earlier: Digest | None = None,
    minimum: int = 5,
    *,
    so_far: bool = False,
    **facts: Any,
) -> Scope:
    """Return a scope for the sample service."""
    return Scope(
        service="ambulance",
        name={"en": "Ambulance", "es": "Ambulancia"},
        area="Rivermouth",
        week=week,
        zone=ZONE,
        headlines=(OVERALL,),
        deadlines=tuple(deadlines),
        minimum=minimum,
        so_far=so_far,
        earlier=earlier,
        **facts,
    )


def monday_after(week: Week) -> datetime:
    """Return eight o'clock on the Monday after `week`."""
    return datetime.combine(week.back(-1).monday, datetime.min.time(), ZONE).replace(hour=8)
