"""Proposed themes in the chat, one after the other with some of their texts: to be kept, named, merged or dropped."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from msgspec import structs

from bot.machine.names import machine_named
from bot.menu.worker import Worker, data, mark_of, named, short
from bot.rights import Right
from bot.rounds.acting import name_of
from bot.rounds.record import public_url
from bot.themes import curating
from bot.themes.curating import LONGEST_NAME, Act, By
from bot.themes.starter import called
from bot.themes.words import words
from flows.model import Button
from flows.words import whole
from storage import digests, looks

if TYPE_CHECKING:
    from bot.config import Config
    from bot.themes.curating import Codebook, Shown
    from flows.model import Prompt
    from storage.themes import Theme

TO: Final = "th"
"""What buttons to these screens carry."""
NAMING: Final = "o:theme"
"""The menu may be waiting for: the name of a theme."""


class Sorting:
    """Screens of the codebook. Whoever does not look after a service does not learn that there are any."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def home(self, worker: Worker) -> Prompt:
        """Ask which service; with one alone show what waits there."""
        mine = self._mine(worker)
        if len(mine) == 1:
            return self._waiting(worker, mine[0])
        labels = {key: short(self._config.service_of(key).label(worker.language)) for key in mine}
        buttons = [Button(label, data(TO, "of", mark_of(key))) for key, label in labels.items()]
        return worker.screen(_say(worker, "which"), *buttons, self._back(worker))

    def _mine(self, worker: Worker) -> list[str]:
        return worker.services([service.key for service in self._config.services], Right.SORT_THEMES)

    @staticmethod
    def button(worker: Worker) -> Button:
        """Return the way to these screens."""
        return Button(_say(worker, "button"), data(TO, "home"))

    @staticmethod
    def _back(worker: Worker) -> Button:
        return worker.button("to_menu", "home")

    def tapped(self, worker: Worker, rest: list[str]) -> Prompt | None:
        """Return the screen that a button leads to; None where it leads nowhere any more."""
        match rest:
            case ["home"]:
                return self.home(worker)
            case ["of", mark] if service := named(self._mine(worker), mark):
                return self._waiting(worker, service)
            case [what, mark, *into] if theme := self._theme(worker, mark):
                return self._done(worker, theme, what, "".join(into))
            case _:
                return None

    def _theme(self, worker: Worker, mark: str) -> Theme | None:
        """Return a live theme of a service the person looks after."""
        which = whole(mark) or 0
        db = worker.visit.db
        found = (curating.live(db, service, which, lock=True) for service in self._mine(worker))
        return next((theme for theme in found if theme), None)

    def _done(self, worker: Worker, theme: Theme, what: str, into: str) -> Prompt | None:
        match what:
            case Act.KEEP | Act.DROP:
                curating.act(worker.visit.db, theme, Act(what), worker.language, _by(worker))
                return self._waiting(worker, theme.service, what)
            case "name":
                worker.waits(f"{NAMING} {theme.id}")
                return worker.screen(self._asks_name(worker, theme))
            case "merge":
                return self._into(worker, theme, into)
            case "into" if (other := self._theme(worker, into)) and self._fit(theme, other):
                curating.act(worker.visit.db, theme, Act.MERGE, worker.language, _by(worker), into=other)
                return self._waiting(worker, theme.service, Act.MERGE)
            case _:
                return None

    @staticmethod
    def _fit(theme: Theme, other: Theme) -> bool:
        return theme.id != other.id and theme.service == other.service

    # ----------------------------------------------------------------- screens

    def _waiting(self, worker: Worker, service: str, done: str = "") -> Prompt:
        """Show the proposal that most people raised, and how many wait."""
        book = self._book(worker, service)
        head = [words(worker.language)(f"themes.done.{done}")] if done else []
        head.append(self._config.service_of(service).label(worker.language))
        url = f"{public_url(self._config)}/manage/themes/{service}"
        if not book.proposed:
            lines = [*head, _say(worker, "none"), _say(worker, "page", url=url)]
            return worker.screen(lines, self._back(worker))
        first, many = book.proposed[0], len(book.proposed)
        if not digests.hold_quotes(worker.visit.db, first.answers, agreed=False):
            first = replace(first, quotes=(), answers=())
        if first.quotes:
            by, about = _by(worker), {"theme": first.id, "in": "chat"}
            looks.note(worker.visit.db, service, by.now, by.who, about, len(first.quotes))
        counted = words(worker.language).many("themes.chat.waiting", many)
        lines = [*head, counted, *self._shown(worker, first), _say(worker, "page", url=url)]
        screen = worker.screen(lines, *self._acts(worker, first, book), self._back(worker))
        return structs.replace(screen, quotes=first.answers)

    def _book(self, worker: Worker, service: str) -> Codebook:
        visit = worker.visit
        return curating.codebook(visit.db, self._config, service, worker.language, visit.ledger.now)

    def _shown(self, worker: Worker, theme: Shown) -> list[str]:
        said, minimum = words(worker.language), self._config.digest.minimum_cell
        few = said("themes.few", minimum=said.number(minimum))
        people = few if theme.people is None else said.many("themes.people", theme.people)
        quotes = [_say(worker, "quote", text=quote) for quote in theme.quotes]
        marked = [told] if (told := machine_named([theme.name], said)) else []
        return [_say(worker, "proposal", name=theme.name), *marked, people, *quotes]

    def _acts(self, worker: Worker, theme: Shown, book: Codebook) -> list[Button]:
        said = words(worker.language)
        alone = len(book.proposed) + len(book.used) < 2
        acts = [(Act.KEEP, "keep"), ("name", "rename"), *([] if alone else [("merge", "merge")]), (Act.DROP, "drop")]
        return [Button(said(f"themes.{label}"), data(TO, what, theme.id)) for what, label in acts]

    def _into(self, worker: Worker, theme: Theme, page: str) -> Prompt:
        book = self._book(worker, theme.service)
        others = [one for one in (*book.used, *book.proposed) if one.id != theme.id]
        entries = [Button(short(one.name), data(TO, "into", theme.id, one.id)) for one in others]
        shown = worker.paged(entries, whole(page) or 0, TO, "merge", theme.id)
        name = called(theme, worker.language)
        back = Button(worker.text("back"), data(TO, "of", mark_of(theme.service)))
        return worker.screen(_say(worker, "into", name=name), *shown, back)

    @staticmethod
    def _asks_name(worker: Worker, theme: Theme) -> str:
        return _say(worker, "ask_name", name=called(theme, worker.language))

    # ----------------------------------------------------------------- words

    def heard(self, worker: Worker, mark: str, *, back: bool = False) -> Prompt | None:
        """Take a text as the new name of a theme; None where it is for somebody else."""
        theme = self._theme(worker, mark)
        if theme is None:
            worker.waits(None)
            return worker.screen(_say(worker, "none"), self._back(worker))
        if back:
            worker.waits(None)
            return self._waiting(worker, theme.service)
        name = curating.name_of(worker.visit.message.text)
        if not name:
            said = words(worker.language)
            missing = said("themes.name_missing", most=said.number(LONGEST_NAME))
            return worker.screen([missing, self._asks_name(worker, theme)])
        worker.waits(None)
        curating.act(worker.visit.db, theme, Act.RENAME, worker.language, _by(worker), name=name)
        return self._waiting(worker, theme.service, Act.RENAME)


def _by(worker: Worker) -> By:
    return By(name_of(worker.visit.db, worker.person), worker.visit.ledger.now)


def _say(worker: Worker, key: str, **values: object) -> str:
    return words(worker.language)(f"themes.chat.{key}", **values)
