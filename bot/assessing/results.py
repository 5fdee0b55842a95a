"""What somebody reads of their own work, in sentences: the same in chat, page and terminal."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

from bot.assessing.items import CAP, OF_STAGE, SKILLS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from bot.assessing.assessments import Mine
    from bot.texts import Texts

HALF: Final = Fraction(1, 2)


def told(mine: Mine, service: str, said: Texts, zone: ZoneInfo) -> list[str]:
    """Return somebody's scores, what is new in them, and what they work on."""
    day = said.day(mine.at.astimezone(zone).date())
    lines = [said("result.title", service=service, day=day), "", *stages(mine, said), total(mine, said), ""]
    lines += [claimed(mine, said), *news(mine, said, zone), working_on(mine, said)]
    return [*lines, "", said("about.use")]


def number(score: Fraction | None, said: Texts) -> str:
    """Return a score as it is written, a half rounded up."""
    return said("result.too_few") if score is None else said.number(int(score + HALF))


def stages(mine: Mine, said: Texts) -> Iterator[str]:
    """Give a line for each stage."""
    for stage in OF_STAGE:
        score = number(mine.scores.stages[stage], said)
        yield said("result.stage", stage=said(f"stage.{stage}"), score=score)


def skills(mine: Mine, said: Texts) -> Iterator[str]:
    """Give a line for each skill."""
    for skill in SKILLS:
        yield said("result.skill", skill=said(f"skill.{skill}"), score=number(mine.scores.skills[skill], said))


def total(mine: Mine, said: Texts) -> str:
    """Return the mean of all stages; empty where none has a score."""
    return said("result.total", score=number(mine.scores.total, said)) if mine.scores.total is not None else ""


def claimed(mine: Mine, said: Texts) -> str:
    """Return how many items count less than was said, since nothing shows more."""
    count = sum(each.claimed for each in mine.said.values())
    return said.many("result.claimed", count, cap=said(f"level.{CAP}")) if count else ""


def news(mine: Mine, said: Texts, zone: ZoneInfo) -> Iterator[str]:
    """Give what has moved by ten points or more since the whole form before; else that there is no news."""
    if mine.before is None:
        return
    day = said.day(mine.before.astimezone(zone).date())
    moved = [(stage, each) for stage, each in mine.moved.items() if each.news]
    for stage, each in moved:
        key = "result.news_up" if each.points > 0 else "result.news_down"
        points = said.number(int(abs(each.points) + HALF))
        yield said(key, stage=said(f"stage.{stage}"), n=points, day=day)
    yield said("result.no_news")


def working_on(mine: Mine, said: Texts) -> str:
    """Return what they work on; empty where they have marked nothing."""
    return said("result.top", list="; ".join(said(f"item.{item}.short") for item in mine.top)) if mine.top else ""
