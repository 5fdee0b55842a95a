"""What a digest gives to act on: the scores it shows and the themes enough people raised, each with its answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage import themes
from storage.actions import SCORE, THEME

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlalchemy import Connection

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

    @property
    def query(self) -> str:
        """What the address of its answers says of it."""
        return f"item={self.name}&stage={self.stage}" if self.source == SCORE else f"theme={self.name}"


def of(
    db: Connection,
    service: str,
    scores: Iterable[Subject],
    span: tuple[datetime, datetime],
    minimum: int,
    language: str,
    without: Collection[int] = (),
) -> list[Subject]:
    """Return the scores, then the themes the minimum of people raised, by themselves or in campaigns.

    A theme nobody has confirmed is not offered. Nor do the texts `without` count.
    """
    names = {theme.id: theme.name(language) for theme in themes.codebook(db, service, [themes.CONFIRMED])}
    all_, own = (
        {
            each.theme_id: each.people
            for each in themes.raised(db, service, *span, [themes.CONFIRMED], apart=apart, without=without)
        }
        for apart in (False, True)
    )
    raised = [each for each in all_ if max(own.get(each, 0), all_[each] - own.get(each, 0)) >= minimum]
    return [
        *scores,
        *(Subject(THEME, str(each), names[each]) for each in raised[:MOST]),
    ]
