"""What staff see of a codebook and do with it: the same acts for the browser and the chat, inside a transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bot.digests import disclosure
from bot.digests.weeks import Week
from bot.machine.names import bare
from bot.reading.private import finder
from bot.themes.starter import called
from bot.themes.words import words
from storage import looks, themes
from storage.themes import LIVE, MANAGER, PROPOSED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.config import Config
    from storage.themes import Theme

RECENT: Final = timedelta(weeks=13)
"""How far back people are counted."""
SHOWN: Final = 20
"""Texts on a page."""
QUOTES: Final = 3
"""Texts beside a proposal."""
LONGEST_NAME: Final = 60
LONGEST_TEXT: Final = 500
"""Letters of a text that are shown: what it is about stands in them."""


class Act(StrEnum):
    """What can be done to a theme."""

    KEEP = "keep"
    RENAME = "rename"
    MERGE = "merge"
    DROP = "drop"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Shown:
    """A theme as it is shown."""

    id: int
    name: str
    people: int | None
    """Who raised it of their own in the last 13 whole weeks, in steps of the minimum; None: fewer, or nobody.

    Two looks at a running week would tell of the one who came in between."""
    quotes: tuple[str, ...] = ()
    """Masked; of proposals alone."""
    answers: tuple[str, ...] = ()
    """Which these are."""


@dataclass(frozen=True, slots=True)
class Said:
    """A text as it is shown, masked, with the themes it is about: (id, name)."""

    id: int
    text: str
    about: tuple[tuple[int, str], ...]
    judged: bool


@dataclass(frozen=True, slots=True)
class Codebook:
    """A codebook as it is shown."""

    proposed: tuple[Shown, ...]
    used: tuple[Shown, ...]
    """Most people first."""


def codebook(db: Connection, config: Config, service: str, language: str, now: datetime) -> Codebook:
    """Return the codebook of a service, with how many people raised each theme lately."""
    until, minimum = Week.of(now, config.city.zone).begins(config.city.zone), config.digest.minimum_cell
    counted = themes.raised(db, service, until - RECENT, until, apart=True)
    people = {one.theme_id: disclosure.stepped(one.people, minimum) for one in counted}
    known = themes.codebook(db, service)
    shown = [(one, Shown(one.id, called(one, language), people.get(one.id))) for one in known]
    proposed = tuple(_quoted(db, config, each, language, now) for one, each in shown if one.state == PROPOSED)
    used = [each for one, each in shown if one.state != PROPOSED]
    return Codebook(proposed, tuple(sorted(used, key=lambda each: (-(each.people or 0), each.name))))


def _quoted(db: Connection, config: Config, shown: Shown, language: str, now: datetime) -> Shown:
    rows = themes.behind(db, shown.id, now - RECENT, now, SHOWN)
    nearest = sorted((row for row in rows if row.text), key=lambda row: -row.sure)[:QUOTES]
    quotes = _masked(db, config, [(row.text or "", row.language) for row in nearest], language)
    return replace(shown, quotes=tuple(quotes), answers=tuple(str(row.answer_id) for row in nearest))


def _masked(db: Connection, config: Config, said: Sequence[tuple[str, str]], language: str) -> list[str]:
    finds, sentences = finder(db, config), words(language)
    return [finds.masked(text[:LONGEST_TEXT], spoken, sentences) for text, spoken in said]


def texts_of(
    db: Connection, config: Config, service: str, theme: Theme | None, language: str, now: datetime
) -> list[Said]:
    """Return texts of a theme, the least sure first, or (None) the newest that fit none."""
    since = now - RECENT
    rows = (
        [(row.answer_id, row.text or "", row.language) for row in themes.doubtful(db, theme.id, since, SHOWN)]
        if theme
        else [(row.answer_id, row.text, row.language) for row in themes.fitting_none(db, service, since, SHOWN)]
    )
    ids = [row[0] for row in rows]
    about, done = themes.of_texts(db, ids), themes.judged(db, ids)
    names = {one.id: called(one, language) for one in themes.codebook(db, service)}
    shown = _masked(db, config, [row[1:] for row in rows], language)
    return [
        Said(one, text, tuple((each, names[each]) for each in about.get(one, ()) if each in names), one in done)
        for one, text in zip(ids, shown, strict=True)
    ]


# --------------------------------------------------------------------------- acts


def live(db: Connection, service: str, theme_id: int, *, lock: bool = False) -> Theme | None:
    """Return a theme of the service that is proposed or in use; None for any other."""
    theme = themes.get(db, theme_id, lock=lock)
    return theme if theme is not None and theme.service == service and theme.state in LIVE else None


@dataclass(frozen=True, slots=True)
class By:
    """Who does something to a theme, and when: it stands in the log of staff."""

    who: str
    now: datetime

    def note(self, db: Connection, theme: Theme, what: Act, **about: object) -> None:
        """Write down what was done to which theme."""
        looks.did(db, theme.service, self.now, self.who, f"theme_{what}", theme=theme.id, key=theme.key, **about)


def act(
    db: Connection, theme: Theme, what: Act, language: str, by: By, *, name: str = "", into: Theme | None = None
) -> None:
    """Do something to a theme, and note who did; a new name is one in this language, shown in all others too.

    Raises ValueError where a name or the other theme is missing.
    """
    about: dict[str, object] = {"name": called(theme, language)}
    match what:
        case Act.KEEP:
            themes.confirm(db, theme)
        case Act.RENAME if name_of(name):
            themes.rename(db, theme, {language: name_of(name)})
            about["now"] = name_of(name)
        case Act.MERGE if into is not None:
            themes.merge(db, theme, into)
            about["into"] = into.id
        case Act.DROP:
            themes.drop(db, theme)
        case _:
            raise ValueError(what)
    by.note(db, theme, what, **about)


def add(db: Connection, service: str, name: str, language: str, key: str, by: By) -> None:
    """Add a theme of somebody's own; `key` is made of chance. Raises ValueError where the name is missing."""
    if not name_of(name):
        raise ValueError(name)
    own = f"own.{key}"[:60]
    themes.add(db, service, [(own, {language: name_of(name)})], MANAGER, by.now)
    looks.did(db, service, by.now, by.who, f"theme_{Act.NEW}", key=own, name=name_of(name))


def name_of(typed: str) -> str:
    """Return a name as it is kept; empty where it is too long or says nothing. What somebody typed is no machine's."""
    name = bare(" ".join(typed.split()))
    return name if 0 < len(name) <= LONGEST_NAME else ""


def correct(db: Connection, service: str, text: int, said: Mapping[int, bool], person: int, now: datetime) -> bool:
    """Note of a text of the service which of its themes fit (id to yes or no); return whether there was such a text."""
    if themes.service_of(db, text) != service:
        return False
    known = {one.id: one for one in themes.codebook(db, service)}
    for theme_id, fits in sorted(said.items()):
        if theme_id in known:
            themes.correct(db, known[theme_id], text, person, now, fits=fits)
    return True


def all_right(db: Connection, service: str, text: int, person: int, now: datetime) -> bool:
    """Note that a text is about exactly the themes it is sorted into now; return whether there was such a text."""
    about = set(themes.of_texts(db, [text]).get(text, ()))
    said = {one.id: one.id in about for one in themes.codebook(db, service)}
    return correct(db, service, text, said, person, now)
