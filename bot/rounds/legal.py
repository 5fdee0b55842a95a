"""What the law wants to be written down before a consultation opens. Pure.

After the principles courts hold a consultation to (Gunning 1985, Coughlan 2001, Moseley v Haringey 2014: a formative
stage, enough reasons, enough time, conscientious thought), the Aarhus Convention, Art. 6, and the GDPR. Running
feedback is no consultation and needs none of it; a round nobody has a duty to hold needs what each round must say.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from flows.model import Allocate, BestWorst, Rank

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from flows.model import Flow

LEVELS = ("individual", "group", "collective")
"""Whose case it is: my own, that of users of one service, that of everybody in a place."""
DUTIES = ("law", "promise", "practice", "fairness", "none")
"""Why a body has to consult: a law says so, it has promised to, it always has, or it would be unfair not to."""
NO_DUTY = "none"
FOR_WHOM = "for_whom"
YES = "yes"
"""The round asks first for whom somebody answers."""
RESULT_RULE = "result_rule"
"""What a vote decides: needed where people put options in order, divide points or name the best and the last."""
CHOICES = {"level": LEVELS, "duty": DUTIES, FOR_WHOM: ("no", YES)}


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to write down.

    `kind`: choice, date, text (people read it: one for each language, or one for all) or note (kept as it is written).
    """

    name: str
    kind: str
    group: str
    full: bool = True
    """Asked only where there is a duty to consult."""
    optional: bool = False
    """May stay empty; what is asked in each round may so only where there is no duty to consult."""
    at_will: bool = False
    """May stay empty in each round: a choice of the organiser that no law asks for."""

    @property
    def by_duty(self) -> bool:
        """Whether it has to be said where there is a duty to consult, and only there."""
        return self.full is not self.optional and not self.at_will


FIELDS = (
    Field("duty", "choice", "decision", full=False),
    Field("level", "choice", "decision", full=False),
    Field("other_ways", "text", "ways", full=False, optional=True),
    Field(FOR_WHOM, "choice", "ways", full=False, optional=True, at_will=True),
    Field("decision", "text", "decision"),
    Field("duty_source", "note", "decision"),
    Field("fixed_why", "text", "decision"),
    Field("pack", "text", "pack"),
    Field("pack_version", "note", "pack"),
    Field("pack_on", "date", "pack"),
    Field("pack_languages", "note", "pack"),
    Field("easy_read", "note", "pack"),
    Field("pack_options", "text", "pack"),
    Field("pack_costs", "text", "pack"),
    Field("pack_effects", "text", "pack"),
    Field("affected", "note", "people"),
    Field("invited", "note", "people"),
    Field("seldom_heard", "note", "people"),
    Field("equality", "note", "people"),
    Field("length_reason", "note", "ways"),
    Field("contact_person", "text", "ways"),
    Field("analysis", "note", "reading"),
    Field(RESULT_RULE, "note", "reading", optional=True),
    Field("privacy_version", "note", "privacy"),
    Field("dpia", "note", "privacy"),
)
"""In the order to ask."""
GROUPS = ("decision", "pack", "people", "ways", "reading", "privacy")
OWED = frozenset({"law", "promise", "practice"})
"""Duties that stand somewhere; fairness needs no source."""
BY_NAME = {field.name: field for field in FIELDS}


def consults(record: Mapping[str, object]) -> bool:
    """Whether the record says that there is a duty to consult: then all of it is wanted."""
    return record.get("duty") in DUTIES and record.get("duty") != NO_DUTY


def asks_for_whom(record: Mapping[str, object]) -> bool:
    """Whether the organiser wishes that the round asks first for whom somebody answers."""
    return record.get(FOR_WHOM) == YES


def asked(flow: Flow) -> tuple[Field, ...]:
    """Return what an organiser may write down for a flow; of running feedback nothing."""
    return () if flow.running else FIELDS


def by_duty(flow: Flow) -> tuple[Field, ...]:
    """Return what is needed of a flow where there is a duty to consult, and only there."""
    ballots = any(isinstance(each, Rank | Allocate | BestWorst) for each in flow.script(flow.language).states.values())
    return tuple(each for each in asked(flow) if each.by_duty or (ballots and each.name == RESULT_RULE))


def wanted(flow: Flow, record: Mapping[str, object]) -> tuple[Field, ...]:
    """Return what the record has to say before the round opens, as far as it says by now what kind of round it is."""
    more = by_duty(flow)
    full = consults(record)
    owed = record.get("duty") in OWED
    return tuple(
        field
        for field in asked(flow)
        if (full if field in more else not field.optional) and (owed or field.name != "duty_source")
    )


@dataclass(frozen=True, slots=True)
class Length:
    """How long a round is open, in days of the city; both ends count."""

    days: int
    working_days: int
    holidays: tuple[tuple[date, str], ...]
    """Public holidays between Monday and Friday, each with its name."""


def length(first: date, last: date, country: str, subdivision: str, language: str) -> Length:
    """Count the days from `first` to `last`. Monday to Friday without public holidays are working days.

    `country` is an ISO 3166-1 code, `subdivision` one of ISO 3166-2 without the country (empty: holidays of all of the
    country); without a country only Saturdays and Sundays are free.
    """
    days = [first + timedelta(n) for n in range((last - first).days + 1)]
    weekdays = [day for day in days if day.weekday() < 5]
    known = _holidays(country, subdivision, language) if country else {}
    free = tuple((day, str(known[day])) for day in weekdays if day in known)
    return Length(len(days), len(weekdays) - len(free), free)


def parts_of(country: str) -> list[str] | None:
    """Return the parts of a country that have holidays of their own; None where no holidays of it are known."""
    import holidays  # noqa: PLC0415 - a large table: only who needs it loads it

    return holidays.list_supported_countries(include_aliases=True).get(country)


@lru_cache(maxsize=16)
def _holidays(country: str, subdivision: str, language: str) -> Mapping[date, str]:
    import holidays  # noqa: PLC0415 - a large table: only who needs it loads it

    offered = holidays.list_localized_countries().get(country, [])
    named = next((one for one in offered if one.split("_")[0] == language), None)
    return holidays.country_holidays(country, subdiv=subdivision or None, language=named)
