"""What a digest gives to act on: the scores it shows and the themes enough people raised, each with its answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage import themes
from storage.actions import SCORE, THEME

if TYPE_CHECKING:
    from collections.abc import Iterable
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
) -> list[Subject]:
    """Return the scores, then the themes the minimum of people raised.

    A theme nobody has confirmed is not offered.
    """
    names = {theme.id: theme.name(language) for theme in themes.codebook(db, service, [themes.CONFIRMED])}
    raised = [each for each in themes.raised(db, service, *span, [themes.CONFIRMED]) if each.people >= minimum]
    return [
        *scores,
        *(Subject(THEME, str(each.theme_id), names[each.theme_id]) for each in raised[:MOST]),
    ]
