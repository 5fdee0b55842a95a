"""Where each state of a flow was written: in its own file, in its frame's, or in that of a flow it hands over to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flows import form

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flows.shelf import Sheet

QUESTIONS = "questions"
"""Where a frame hands over to the flow's own start."""

THANKS = "thanks"
"""The frame's state to which a flow's last question leads."""

URGENT = "urgent"
"""The frame's state that is said on words of danger; no way leads to it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One use of a file's states: those of the flow and its frame, or of a flow that a state hands over to."""

    prefix: str = ""
    """Stands before the ids of its states: `about.`."""
    back: str = ""
    """The state that handed over; its ways are taken when the other flow is over."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a state was written: in the flow, in its frame, or in a flow that it hands over to."""

    sheet: Sheet
    name: str
    """As it stands in its file."""
    made: form.Form
    following: str | None
    """The next state in the file, which a state without `next` leads to."""
    scope: Scope = Scope()

    @property
    def id(self) -> str:
        """The state's id in the whole flow."""
        return self.scope.prefix + self.name

    @property
    def states(self) -> Mapping[str, form.Form]:
        """All states of its file that could be read."""
        found: Mapping[str, form.Form] = getattr(self.sheet.document.form, "states", {})
        return found

    def at(self, *keys: str | int) -> tuple[str, int]:
        """Return the file and line of the state, or of something in it."""
        return self.sheet.document.at("states", self.name, *keys)


def hands_back(made: form.Form | None) -> bool:
    """Whether a state ends a flow as it should, so that one that handed over to it goes on there."""
    return isinstance(made, form.EndForm) and made.outcome == "completed"


def places_of(sheet: Sheet | None, last: str | None, scope: Scope = Scope()) -> Iterator[Place]:
    """Yield every state of a sheet that could be read, `last` being what the last one leads to."""
    if sheet is None:
        return
    states: Mapping[str, form.Form] = getattr(sheet.document.form, "states", {})
    names = sheet.document.order
    for at, name in enumerate(names):
        following = names[at + 1] if at + 1 < len(names) else last
        if name in states:
            yield Place(sheet, name, states[name], None if following == URGENT else following, scope)
