"""A question as the form asks it: what the flow's states are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.importing.bounds import Bounds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.importing.choices import Choice
    from bot.importing.relevance import When


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A place in the conversation; a heading or a note is one that only says."""

    row: int
    name: str
    id: str
    """Its name in the flow."""
    verb: str
    words: Mapping[str, str]
    """What is asked, by language."""
    why: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    scale: str = ""
    """The scale of the bank whose steps the choices are."""
    has_na: bool = False
    """Whether "does not apply" is offered under the scale."""
    bounds: Bounds = field(default_factory=Bounds)
    whole: bool = False
    filter: str = ""
    """Which of its choices are offered, as an expression over their columns and earlier answers."""
    of: str = ""
    """The question of the form that this is, where it stands for one list of several that a filter makes."""
    optional: bool = True
    relevant: tuple[tuple[int, str], ...] = ()
    """When the form asks it: (row, expression), those of its groups first; all must hold."""
    when: When = ({},)
    """When the flow asks it."""

    @property
    def has_choices(self) -> bool:
        """Whether one of its choices is the answer."""
        return self.verb in {"choose", "rate"}

    @property
    def ids(self) -> dict[str, str]:
        """The ids of the choices by their names."""
        return {choice.name: choice.id for choice in self.choices}


def by_name(questions: Iterable[Question]) -> dict[str, Question]:
    """Return questions by name; of those with the same, the first: once there are two, nothing can look at either."""
    found: dict[str, Question] = {}
    for one in questions:
        found.setdefault(one.name, one)
    return found


@dataclass(frozen=True, slots=True)
class Column:
    """What the form keeps without asking: the first of its lines that holds says what."""

    name: str
    id: str
    lines: tuple[tuple[When, str | Question], ...]
    """When a line holds, and the text it says or the question whose answer it takes."""
