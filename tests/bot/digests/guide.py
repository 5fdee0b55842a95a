"""Five real weeks as digests, for `docs/managers.md`: `python -m tests.bot.digests.guide` writes them there anew.

With `--sort` the sorter reads the texts once more first, and its themes are written down (minutes).
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bot.digests import render
from bot.digests.model import Digest, Form
from bot.digests.quotes import Said
from bot.digests.summarise import BASE_WEEKS, Deadline, Heard, same_for_reader, summarise
from bot.digests.weeks import Week
from bot.reading.private import Finder
from bot.texts import texts
from tests.bot.digests import sorted_by
from tests.bot.digests.material import OVERALL, One, counted, monday_after, scope
from tests.journeys.data import feedback

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

GUIDE = Path(__file__).parents[3] / "docs" / "managers.md"
WEEKS = tuple(Week(2022, number) for number in range(31, 36))
URL = "https://voice.example/manage/digests/ambulance/{week}"
DEADLINES = (Deadline("summer", "Summer round", "closed", feedback_on=date(2022, 8, 30)),)
"""Invented, so that the clock has something to tell."""
BLOCK = re.compile(r"```text digest (\d{4}-W\d\d)\n(.*?)```", re.DOTALL)


@cache
def people() -> list[One]:
    """Return the people of the real weeks; their words as a digest may quote them, two of three as if they agreed."""
    finder = Finder(("GB",))
    words = [(each, finder.quoted(each.text, "en")) for each in feedback()]
    return [
        One(each.on, each.option, text or each.text, quotable=text is not None and n % 3 > 0)
        for n, (each, text) in enumerate(words)
    ]


@cache
def by_theme() -> dict[str, list[One]]:
    """Return who wrote about each theme, as the sorter says."""
    about, found = sorted_by.about(), defaultdict[str, list[One]](list)
    for one, each in zip(people(), feedback(), strict=True):
        for theme in about.get(each.respondent, ()):
            found[theme].append(one)
    return dict(found)


def heard(week: Week) -> Iterator[Heard]:
    """Give the themes of a week as the database would count them: each person writes once."""
    weeks = [week.back(back) for back in range(BASE_WEEKS, -1, -1)]
    wrote = [sum(bool(one.text) for one in _of(people(), each)) for each in weeks]
    for theme, crowd in sorted(by_theme().items()):
        for good in (False, True):
            mine = [one for one in crowd if (one.choice in OVERALL.positive) == good]
            counts = [len(_of(mine, each)) for each in weeks]
            said = tuple(
                Said(str(week), one.on, "deliver", one.text, "del.overall", one.choice)
                for one in _of(mine, week)
                if one.quotable
            )
            past = tuple(zip(counts[:-1], wrote[:-1], strict=True))
            yield Heard(
                theme, sorted_by.names()[theme], good, counts[-1], counts[-2], quotes=said, wrote=wrote[-1], past=past
            )


def _of(crowd: Sequence[One], week: Week) -> list[One]:
    return [one for one in crowd if week.monday <= one.on <= week.sunday]


def digests() -> dict[str, Digest]:
    """Return the digests of five weeks, each knowing the one before."""
    crowd, made, last = people(), dict[str, Digest](), None
    for week in WEEKS:
        known = replace(counted(crowd, week), heard=tuple(heard(week)))
        found = summarise(known, scope(week, DEADLINES, last), monday_after(week))
        assert found is not None
        found = replace(found, again=tuple(same_for_reader(found, last))) if last else found
        last = found if found.form is Form.FULL else last
        made[str(week)] = found
    return made


def told() -> dict[str, str]:
    """Return them as chat messages."""
    return {week: render.message(made, texts("en"), URL.format(week=week)) for week, made in digests().items()}


def main() -> None:
    """Write them into the guide."""
    if "--sort" in sys.argv:
        sorted_by.write(sorted_by.sort(sorted_by.corrections()))
    messages = told()
    guide = GUIDE.read_text("utf-8")
    GUIDE.write_text(BLOCK.sub(lambda found: f"```text digest {found[1]}\n{messages[found[1]]}\n```", guide), "utf-8")


if __name__ == "__main__":
    main()
