"""The eighteen items of the self-assessment: three for each stage, two or three for each of eight skills.

Their words are data, in `texts/`. Which citizens' questions stand beside an item the question bank says (`pair`).
"""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Item(NamedTuple):
    """One thing a team does, or does not."""

    id: str
    stage: str
    skill: str


ITEMS: Final = (
    Item("SA01", "commission", "listening"),
    Item("SA02", "commission", "governance"),
    Item("SA03", "commission", "facilitation"),
    Item("SA04", "design", "facilitation"),
    Item("SA05", "design", "innovation"),
    Item("SA06", "design", "collaboration"),
    Item("SA07", "pilot", "innovation"),
    Item("SA08", "pilot", "operations"),
    Item("SA09", "pilot", "evaluation"),
    Item("SA10", "deliver", "operations"),
    Item("SA11", "deliver", "listening"),
    Item("SA12", "deliver", "collaboration"),
    Item("SA13", "assess", "evaluation"),
    Item("SA14", "assess", "value"),
    Item("SA15", "assess", "value"),
    Item("SA16", "renew", "governance"),
    Item("SA17", "renew", "evaluation"),
    Item("SA18", "renew", "governance"),
)
BY_ID: Final[Mapping[str, Item]] = MappingProxyType({item.id: item for item in ITEMS})
SKILLS: Final = (
    *("listening", "facilitation", "innovation", "collaboration"),
    *("governance", "operations", "evaluation", "value"),
)
OF_STAGE: Final[Mapping[str, tuple[Item, ...]]] = MappingProxyType(
    {stage: tuple(of) for stage, of in groupby(ITEMS, attrgetter("stage"))}
)
"""The items of each stage, in the order of the life cycle."""
LEVELS: Final = (0, 1, 2, 3, 4)
"""Not done, depends on a person, repeated, standard, improves."""
PROVEN_FROM: Final = 3
"""From this level on somebody else must be able to see it: a link, a round, a file."""
CAP: Final = 2
"""What such a level counts as where nothing shows it."""
TOP: Final = 3
"""So many items a manager marks to work on."""
LONGEST_EVIDENCE: Final = 300
