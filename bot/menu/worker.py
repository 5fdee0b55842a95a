"""Who is at the menu: a member of staff in a chat, with what their roles let them see and do."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from bot.rights import Held
from bot.texts import texts
from flows.model import Button, Prompt
from flows.words import whole
from storage import people

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bot.desk.hall import Visit
    from bot.rounds.organising import Rounds

MENU = "@o"
"""What every button of the menu begins with."""
PAGE = 5
"""Entries of a list on one screen: with the ways on and back there are eight buttons at most."""
LONGEST_LABEL = 48
"""Letters of an entry of a list."""
LARGEST = 100_000
"""No place, no page and no number of days that a button carries is as large."""


Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Worker(Held):
    """One visit of a member of staff to the menu."""

    visit: Visit
    person: int
    roles: tuple[people.Role, ...]
    rounds: Rounds
    """The rounds, inside the transaction of the turn."""

    @classmethod
    def of(cls, visit: Visit, rounds: Rounds) -> Worker | None:
        """Return who this is; None where they have no role."""
        person = visit.guest.contact.person_id
        roles = () if person is None else tuple(people.roles_of(visit.db, person))
        return cls(visit, person, roles, rounds.within(visit.db)) if person is not None and roles else None

    @property
    def language(self) -> str:
        """The language of the chat."""
        return self.visit.language

    def waits(self, asks: str | None) -> None:
        """Wait for words, or (None) for nothing any more."""
        self.visit.ledger.change(self.visit.guest, asks=asks)

    # ----------------------------------------------------------------- words

    def text(self, key: str, **values: object) -> str:
        """Return a sentence of the menu, filled in."""
        return texts(self.language)(f"menu.{key}", **values)

    def button(self, key: str, *to: object) -> Button:
        """Return a button with the words `key`, to a screen."""
        return Button(self.text(key), data(*to))

    def screen(self, text: str | Sequence[str], *buttons: Button) -> Prompt:
        """Return a screen: its lines, then its buttons, which are tapped and never numbered."""
        lines = [text] if isinstance(text, str) else text
        return Prompt("\n".join(line for line in lines if line), buttons, numbered=False)

    def paged(self, entries: Sequence[Button], page: int, *base: object) -> tuple[Button, ...]:
        """Return the entries of one page, with the ways to the pages beside it."""
        page = _page(entries, page)
        before = (self.button("earlier", *base, page - 1),) if page else ()
        after = (self.button("later", *base, page + 1),) if (page + 1) * PAGE < len(entries) else ()
        return (*on_page(entries, page), *before, *after)


def on_page(entries: Sequence[Entry], page: int) -> Sequence[Entry]:
    """Return the entries of one page of a list; of a page there is not those of the nearest."""
    at = _page(entries, page)
    return entries[at * PAGE : (at + 1) * PAGE]


def _page(entries: Sequence[object], page: int) -> int:
    return min(max(0, page), max(0, (len(entries) - 1) // PAGE))


def data(*parts: object) -> str:
    """Return what a button to a screen carries: at most 64 bytes, since codes have 24 letters and names are hashed."""
    return ":".join((MENU, *map(str, parts)))


def short(label: str, most: int = LONGEST_LABEL) -> str:
    """Return a label that a phone shows in one or two lines."""
    return label if len(label) <= most else f"{label[: most - 1].rstrip()}…"


def number(text: str) -> int:
    """Return a place, a page or days that a button carries, under 100,000; 0 for anything else."""
    found = whole(text) or 0
    return found if found < LARGEST else 0


def named(names: Collection[str], mark: str) -> str | None:
    """Return which of these names a mark stands for."""
    return next((name for name in names if mark_of(name) == mark), None)


def mark_of(name: str) -> str:
    """Return six letters for a name that may be longer than a button carries."""
    return hashlib.sha256(name.encode()).hexdigest()[:6]
