"""One week of an invented library, with something of everything a digest can tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from bot.digests.deeds import Deed, Deeds, Stand
from bot.digests.model import Foot, Missing
from bot.digests.quotes import Said
from bot.digests.summarise import Deadline, Heard, summarise
from bot.digests.weeks import Week
from tests.bot.digests.material import One, counted, monday_after, scope
from tests.bot.digests.polled import poll

if TYPE_CHECKING:
    from bot.digests.model import Digest

WEEK = Week(2026, 47)
DEADLINES = (
    Deadline("options", "Option round", "open", closes_on=date(2026, 12, 2), written=11),
    Deadline("spring", "Spring round", "closed", feedback_on=date(2026, 11, 17)),
)
DEEDS = Deeds(
    (
        Deed(1, "assign", Stand.LATE, "SMS test", "Kim", date(2026, 11, 10), 13),
        Deed(2, "assign", Stand.DONE, "new sign", "Ali"),
        Deed(3, "not_us", Stand.NOT_DONE, "Sunday hours", outcome="no staff"),
    ),
    told=40,
    agreed=60,
)
MISSING = (
    Missing("age", {"en": "age 16-24", "de": "16 bis 24 Jahre"}, 0.4),
    Missing("area", {"en": "Northgate"}, 0.6),
)


def said(text: str, choice: str) -> Said:
    """Return a text with the score of whoever wrote it."""
    return Said(str(WEEK), WEEK.monday, "deliver", text, "del.overall", choice)


HEARD = (
    Heard(
        "waiting",
        {"en": "Waiting at hand-over", "de": "Warten bei der Ausgabe", "ar": "الانتظار عند التسليم"},
        good=False,
        people=14,
        people_before=6,
        step={"en": "Hand-over", "de": "Ausgabe", "ar": "التسليم"},
        step_people=9,
        quotes=(said("I stood there for 25 minutes.", "2"),),
    ),
    Heard("sms", {"en": "Text message too late"}, good=False, people=9, people_before=8),
    Heard("door", {"en": "Door too heavy"}, good=False, people=5, people_before=2),
    Heard("hours", {"en": "Opening hours"}, good=False, people=5, people_before=5),
    Heard("few", {"en": "Rare"}, good=False, people=2, people_before=0),
    Heard(
        "staff",
        {"en": "Friendly staff"},
        good=True,
        people=21,
        people_before=20,
        quotes=(said("They helped me find it.", "5"),),
    ),
)


def people() -> list[One]:
    """34 of 50 content in this week, 60 of 70 in the four before, and some with something to say."""
    this, last = WEEK.monday, WEEK.back(1).monday
    now = [One(this, "5", "Good as ever.")] * 34 + [One(this, "3")] * 6 + [One(this, "1", "Too slow.")] * 10
    before = [One(last, "4", "Fine.")] * 60 + [One(last, "2", "Cold.")] * 10
    return [*now, *[One(this, "na")] * 5, *before, *[One(last, "na")] * 5]


def digest(earlier: Digest | None = None, **facts: Any) -> Digest:
    """Return the digest of the week."""
    known = replace(
        counted(people(), WEEK),
        heard=HEARD,
        polls=(poll("rank", [("a", "b", "c")] * 20 + [("b", "a", "c")] * 10),),
        began=62,
        finished=50,
    )
    told: dict[str, Any] = {"missing": MISSING, "deeds": DEEDS, "foot": Foot(deletions=1), "urgent": 2} | facts
    made = summarise(known, scope(WEEK, DEADLINES, earlier, **told), monday_after(WEEK))
    assert made is not None
    return made
