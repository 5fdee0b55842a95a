"""Words of citizens in the chat, one text after the other: to be shown to others, withheld, or left for later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import structs

from bot import quoting
from bot.menu.worker import Worker, data, mark_of, named, short
from bot.quoting import OTHER, REASONS, By, Done
from bot.rights import Right
from bot.rounds.acting import name_of
from bot.rounds.record import public_url
from bot.texts import texts
from flows.model import Button
from flows.words import whole
from storage import digests, looks, rulings

if TYPE_CHECKING:
    from bot.config import Config
    from bot.quoting import Queued
    from flows.model import Prompt
    from storage.sealing import Keys

TO: Final = "qu"
"""What buttons to these screens carry."""
WRITING: Final = "o:quote"
"""The menu may be waiting for: why a text is withheld."""


class Judging:
    """Screens of the queue. Whoever may not judge for a service does not learn that anything waits."""

    def __init__(self, config: Config, keys: Keys) -> None:
        self._config = config
        self._keys = keys

    def button(self, worker: Worker) -> Button:
        """Return the way to these screens, with how many texts wait."""
        many = quoting.waiting(worker.visit.db, self._config, self._mine(worker))
        said = texts(worker.language)
        label = _say(worker, "button_waiting", n=said.number(many)) if many else _say(worker, "button")
        return Button(label, data(TO, "home"))

    def _mine(self, worker: Worker) -> list[str]:
        return worker.services([service.key for service in self._config.services], Right.JUDGE_QUOTES)

    def tapped(self, worker: Worker, rest: list[str]) -> Prompt | None:
        """Return the screen that a button leads to; None where it leads nowhere any more."""
        match rest:
            case ["home"]:
                return self._home(worker)
            case ["of", mark] if service := named(self._mine(worker), mark):
                return self._next(worker, service)
            case ["next", mark, last] if service := named(self._mine(worker), mark):
                return self._next(worker, service, before=whole(last))
            case ["show", which, seen]:
                return self._ruled(worker, which, seen, "")
            case ["why", which, seen] if service := self._service(worker, which):
                return self._why(worker, service, which, seen)
            case ["no", which, seen, reason] if reason == OTHER:
                worker.waits(f"{WRITING} {which} {seen}")
                return worker.screen(_say(worker, "ask_words"))
            case ["no", which, seen, reason] if reason in REASONS:
                return self._ruled(worker, which, seen, reason)
            case _:
                return None

    def heard(self, worker: Worker, rest: list[str], *, back: bool = False) -> Prompt | None:
        """Take a text as the reason why another is withheld; None where it is for somebody else."""
        which, seen = (*rest, "", "")[:2]
        service, words = self._service(worker, which), worker.visit.message.text
        if back or service is None:
            worker.waits(None)
            return self._home(worker) if service is None else self._why(worker, service, which, seen)
        if not words.strip():
            return worker.screen(_say(worker, "ask_words"))
        worker.waits(None)
        return self._ruled(worker, which, seen, OTHER, words)

    def _service(self, worker: Worker, which: str) -> str | None:
        """Return whose text this is, where the person may judge for that service."""
        text = rulings.hold(worker.visit.db, whole(which) or 0)
        return text.service if text is not None and text.service in self._mine(worker) else None

    def _ruled(self, worker: Worker, which: str, seen: str, reason: str, words: str = "") -> Prompt | None:
        service = self._service(worker, which)
        if service is None:
            mine = self._mine(worker)
            return self._next(worker, mine[0], done=Done.GONE) if mine else None
        by = By(worker.person, name_of(worker.visit.db, worker.person), worker.visit.ledger.now)
        number = whole(which) or 0
        done = quoting.rule(worker.visit.db, self._keys, service, number, seen, by, reason=reason, words=words)
        return self._next(worker, service, done=done)

    # ----------------------------------------------------------------- screens

    def _home(self, worker: Worker) -> Prompt:
        """Ask which service; with one alone show what waits there."""
        mine = self._mine(worker)
        if len(mine) == 1:
            return self._next(worker, mine[0])
        labels = {key: short(self._config.service_of(key).label(worker.language)) for key in mine}
        buttons = [Button(label, data(TO, "of", mark_of(key))) for key, label in labels.items()]
        return worker.screen(_say(worker, "which"), *buttons, self._back(worker))

    def _next(self, worker: Worker, service: str, before: int | None = None, done: Done | None = None) -> Prompt:
        """Show the newest text that nobody ruled on, or the next after one."""
        visit, said = worker.visit, texts(worker.language)
        head = [said(f"quoting.done.{done}")] if done else []
        head.append(self._config.service_of(service).label(worker.language))
        found = quoting.following(visit.db, self._config, self._keys, service, said, before)
        url = f"{public_url(self._config)}/manage/words/{service}"
        if found is None or not digests.hold_quotes(visit.db, [str(found.text.id)], agreed=False):
            return worker.screen([*head, _say(worker, "none"), _say(worker, "page", url=url)], self._back(worker))
        who, text = name_of(visit.db, worker.person), found.text
        looks.note(visit.db, service, visit.ledger.now, who, {"words": "quotes", "in": "chat"}, 1)
        many = quoting.waiting(visit.db, self._config, [service])
        counted = said.many("quoting.chat.waiting", many) if many else ""
        lines = [*head, counted, *self._shown(worker, found), _say(worker, "page", url=url)]
        acts = [
            Button(said("quoting.show"), data(TO, "show", text.id, found.mark)),
            Button(said("quoting.withhold"), data(TO, "why", text.id, found.mark)),
            Button(_say(worker, "next"), data(TO, "next", mark_of(service), text.id)),
        ]
        return structs.replace(worker.screen(lines, *acts, self._back(worker)), quotes=(str(text.id),))

    def _shown(self, worker: Worker, found: Queued) -> list[str]:
        said, text = texts(worker.language), found.text
        day = said.day(text.counted_at.astimezone(self._config.city.zone).date())
        stage = said(f"stage.{text.stage}") if said.has(f"stage.{text.stage}") else text.stage
        about = f"{day} · {stage}"
        doubted = [said("quoting.doubted")] if found.doubted else []
        return [about, _say(worker, "text", text=found.words), *doubted]

    def _why(self, worker: Worker, service: str, which: str, seen: str) -> Prompt:
        said = texts(worker.language)
        reasons = [Button(said(f"quoting.{each}"), data(TO, "no", which, seen, each)) for each in REASONS]
        back = Button(worker.text("back"), data(TO, "of", mark_of(service)))
        return worker.screen(_say(worker, "why"), *reasons, back)

    @staticmethod
    def _back(worker: Worker) -> Button:
        return worker.button("to_menu", "home")


def _say(worker: Worker, key: str, **values: object) -> str:
    return texts(worker.language)(f"quoting.chat.{key}", **values)
