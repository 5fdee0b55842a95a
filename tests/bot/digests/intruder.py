"""Somebody who keeps all that was ever told and solves it: each number is a linear fact about groups of people.

What official statistics call the attacker's problem (Fischetti and Salazar 2001): the fewest and the most people that
can be in a group, given everything that was told. Where both are the same few people, the group is found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Group = tuple[str, str]
"""A group of people: when or where, and what they have in common."""
MANY = 1000
"""More people than there are in any group."""


class Intruder:
    """Collects facts about groups that have nobody in common, and about any of them together."""

    def __init__(self) -> None:
        self._places: dict[Group, int] = {}
        self._facts: list[tuple[dict[int, float], float, float]] = []

    def learns(self, groups: Iterable[Group], low: float, high: float | None = None) -> None:
        """Note that so many people, `low` to `high` or exactly `low`, are in these groups together."""
        self._facts.append((dict.fromkeys(map(self._place, groups), 1), low, low if high is None else high))

    def sums(self, points: Mapping[Group, float], low: float, high: float) -> None:
        """Note that people give together from `low` to `high`, each so many points as their group gives."""
        self._facts.append(({self._place(group): each for group, each in points.items()}, low, high))

    def _place(self, group: Group) -> int:
        return self._places.setdefault(group, len(self._places))

    @property
    def groups(self) -> list[Group]:
        """Every group something was told of."""
        return [*self._places]

    def sizes(self, groups: Iterable[Group]) -> tuple[int, int]:
        """Return the fewest and the most people who can be in these groups together."""
        wanted = np.zeros(len(self._places))
        wanted[[self._place(group) for group in groups]] = 1
        return self._solved(wanted), -self._solved(-wanted)

    def _solved(self, wanted: np.ndarray[tuple[int], np.dtype[np.float64]]) -> int:
        width = len(self._places)
        facts = np.zeros((len(self._facts), width))
        for row, (groups, _, _) in enumerate(self._facts):
            facts[row, [*groups]] = [*groups.values()]
        low, high = (np.array([fact[end] for fact in self._facts]) for end in (1, 2))
        found = milp(
            wanted, integrality=np.ones(width), bounds=Bounds(0, MANY), constraints=LinearConstraint(facts, low, high)
        )
        assert found.success, found.message
        return round(float(found.fun))

    def finds(self, groups: Iterable[Group], minimum: int) -> int | None:
        """Return how many people are in these groups, where that is known and fewer than the minimum; else None."""
        low, high = self.sizes([*groups])
        return low if low == high and 0 < low < minimum else None
