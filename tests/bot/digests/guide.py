"""Five real weeks as digests, for `docs/managers.md`: `python -m tests.bot.digests.guide` writes them there anew."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from bot.digests import render
from bot.digests.model import Digest, Form
from bot.digests.summarise import Deadline, summarise
from bot.digests.weeks import Week
from bot.reading.private import Finder
from bot.texts import texts
from tests.bot.digests.material import One, counted, monday_after, scope
from tests.journeys.data import feedback

GUIDE = Path(__file__).parents[3] / "docs" / "managers.md"
WEEKS = tuple(Week(2022, number) for number in range(31, 36))
URL = "https://voice.example/manage/digests/ambulance/{week}"
DEADLINES = (Deadline("summer", "Summer round", "closed", feedback_on=date(2022, 8, 30)),)
"""Invented, so that the clock has something to tell."""
BLOCK = re.compile(r"```text digest (\d{4}-W\d\d)\n(.*?)```", re.DOTALL)


def people() -> list[One]:
    """Return the people of the real weeks; their words as a digest may quote them, two of three as if they agreed."""
    finder = Finder(("GB",))
    words = [(each, finder.quoted(each.text, "en")) for each in feedback()]
    return [
        One(each.on, each.option, text or each.text, quotable=text is not None and n % 3 > 0)
        for n, (each, text) in enumerate(words)
    ]


def digests() -> dict[str, Digest]:
    """Return the digests of five weeks, each knowing the one before."""
    crowd, made, last = people(), dict[str, Digest](), None
    for week in WEEKS:
        found = summarise(counted(crowd, week), scope(week, DEADLINES, last), monday_after(week))
        assert found is not None
        last = found if found.form is Form.FULL else last
        made[str(week)] = found
    return made


def told() -> dict[str, str]:
    """Return them as chat messages."""
    return {week: render.message(made, texts("en"), URL.format(week=week)) for week, made in digests().items()}


def main() -> None:
    """Write them into the guide."""
    messages = told()
    guide = GUIDE.read_text("utf-8")
    GUIDE.write_text(BLOCK.sub(lambda found: f"```text digest {found[1]}\n{messages[found[1]]}\n```", guide), "utf-8")


if __name__ == "__main__":
    main()
