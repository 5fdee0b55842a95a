"""What a digest gives to act on: the scores it shows and the themes enough people raised, each with its answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.digests.gather import by_side
from bot.themes.starter import called
from storage import themes
from storage.actions import OTHERS, SCORE, THEME, WELL

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.sides import Sides

MOST = 5
"""Themes that are offered, those most people raised."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing to act on; `name` is the question of the bank or the theme, as in `storage.actions.Origin`."""

    source: str
    name: str
    label: str
    stage: str = ""
    """Of a score: that of the rounds its answers were given in."""

    side: str = ""
    """Of a theme: those to whom it works, or those it is a problem to."""

    @property
    def query(self) -> str:
        """What the address of its answers says of it."""
        if self.source == SCORE:
            return f"item={self.name}&stage={self.stage}"
        return f"theme={self.name.partition('.')[0]}&side={self.side}"


def of(  # noqa: PLR0913, PLR0917 - all that decides what is offered
    db: Connection,
    service: str,
    scores: Iterable[Subject],
    span: tuple[datetime, datetime],
    minimum: int,
    language: str,
    sides: Sides,
    without: Collection[int] = (),
) -> list[Subject]:
    """Return the scores, then the themes the minimum of people raised on a side, by themselves or in campaigns.

    On one side are those to whom it works, on the other those it is a problem to, as in a digest. A theme nobody has
    confirmed is not offered. Nor do the texts `without` count.
    """
    names = {theme.id: called(theme, language) for theme in themes.codebook(db, service, [themes.CONFIRMED])}
    all_, own = (by_side(db, service, span, sides, apart=apart, without=without) for apart in (False, True))
    raised = [
        (people, theme, side)
        for theme in all_.keys() & names.keys()
        for side, people, alone in zip((OTHERS, WELL), all_[theme], own.get(theme, (0, 0)), strict=True)
        if max(alone, people - alone) >= minimum
    ]
    raised.sort(key=lambda one: (-one[0], one[2] == WELL, one[1]))
    return [
        *scores,
        *(Subject(THEME, f"{theme}.{side}", names[theme], side=side) for _, theme, side in raised[:MOST]),
    ]
