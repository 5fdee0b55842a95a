"""Ids that a flow allows, made of the names that stand in a form."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST_STATE, LONGEST_OPTION = 28, 20
"""Letters of ids: one of a state and one of its options must fit into a button together."""


class Names:
    """Gives ids, each once and none that is taken."""

    def __init__(self, taken: Iterable[str] = (), *, longest: int = LONGEST_OPTION, letter: str = "") -> None:
        self.taken = set(taken)
        self.longest = longest
        self.letter = letter
        """What an id begins with that would begin with none."""

    def give(self, name: str) -> str:
        """Return an id as like `name` as can be."""
        free = next(one for one in self._tries(cleaned(name, self.letter)) if one not in self.taken)
        self.taken.add(free)
        return free

    def _tries(self, clean: str) -> Iterator[str]:
        yield clean[: self.longest].rstrip("_")
        for number in range(2, len(self.taken) + 3):
            ending = f"_{number}"
            yield clean[: self.longest - len(ending)].rstrip("_") + ending


def cleaned(name: str, letter: str = "") -> str:
    """Return `name` in the letters of an id: a to z, digits and `_`; with `letter` before what begins with none."""
    latin = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    clean = re.sub(r"[^a-z0-9]+", "_", latin).strip("_")
    if letter and not clean[:1].isalpha():
        return f"{letter}_{clean}".rstrip("_")
    return clean or "o"
