"""The answers behind a figure, for the people of the service. Each look leaves a line: who looked, when, at what."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.digests.disclosure import about
from bot.digests.sides import of_service
from bot.digests.weeks import Week
from bot.reading.private import finder
from bot.texts import texts
from bot.themes.starter import called
from flows.words import fill
from storage import behind, campaigns, digests, looks, rounds, themes
from storage.behind import Picked

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.config import Config
    from bot.rounds.library import Library
    from flows.bank import Bank
    from storage.behind import Said

PAGE = 20
"""Answers on one page."""
NEWEST = 5
"""Answers that a chat shows."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What stands in the address of the page."""

    week: str
    stage: str = ""
    item: str = ""
    choices: tuple[str, ...] = ()
    theme: int | None = None
    round: str = ""
    """A round's code: its answers up to the end of the week; of one that never closes those of the week."""
    state: str = ""
    page: int = 1
    side: str = ""
    """Of a theme: those to whom it works, or those it is a problem to (`storage.actions.SIDES`); empty: both."""

    @property
    def noted(self) -> dict[str, object]:
        """What the line says that a look leaves."""
        said: Mapping[str, object] = {
            "week": self.week,
            "stage": self.stage,
            "item": self.item,
            "choice": ",".join(self.choices),
            "theme": self.theme,
            "side": self.side,
            "round": self.round,
            "state": self.state,
            "page": self.page,
        }
        return {name: value for name, value in said.items() if value}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer in words."""

    id: int
    at: datetime
    stage: str
    question: str
    answer: str
    words: Sequence[str]
    """What the same person wrote beside it."""
    themes: Sequence[str]
    score: str = ""
    """What the writer of a text chose at the question that stands for the stage."""
    organised: bool = False
    """Whether its words were sent in a campaign."""
    written: Sequence[int] = ()
    """The answers whose words stand in it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One page of answers."""

    answers: Sequence[Answer]
    total: int
    """Exact: whoever reads them all can count them."""
    pages: int
    organised: int | None = 0
    """How many of them were sent in campaigns, in the same steps; None: fewer than the minimum."""
    running: bool = False
    """Whether the week is not over: then nothing is shown, for whoever looks twice would know who came in between."""


class Behind:
    """Opens figures."""

    def __init__(self, config: Config, library: Library, bank: Bank) -> None:
        self._config = config
        self._library = library
        self._bank = bank

    def open(self, db: Connection, service: str, by: Filters, who: str, language: str, now: datetime) -> Shown:
        """Return a page of answers as they were given, and note who has looked. Raises ValueError for no such week.

        Nothing of a week that is not over.
        """
        picked = self._picked(db, service, by)
        if now < picked.until:
            return Shown((), 0, 1, running=True)
        rows = behind.of(db, picked, PAGE, (by.page - 1) * PAGE)
        total, organised = behind.count(db, picked), behind.organised(db, picked)
        looks.note(db, service, now, who, by.noted, len(rows))
        shown = self._in_words(db, service, rows, language, picked)
        minimum = self._config.digest.minimum_cell
        return Shown(shown, total, max(1, -(-total // PAGE)), about(organised, minimum))

    def newest(
        self, db: Connection, service: str, by: Filters, who: str, language: str, now: datetime
    ) -> tuple[list[str], tuple[str, ...]]:
        """Return the newest few in one line each, and the answers whose words stand in them; note who has looked.

        They are masked, as a chat may be read by others; where one was taken back meanwhile there are none.
        """
        picked = self._picked(db, service, by)
        rows = behind.of(db, picked, NEWEST)
        looks.note(db, service, now, who, {**by.noted, "in": "chat"}, len(rows))
        finds, said = finder(db, self._config), texts(language)
        shown = self._in_words(db, service, rows, language, picked)
        written = tuple(dict.fromkeys(str(each) for one in shown for each in one.written))
        if not digests.hold_quotes(db, written, agreed=False):
            return [], ()
        lines = [
            " · ".join(finds.masked(part, row.language, said) for part in (one.answer, one.score, *one.words) if part)
            for row, one in zip(rows, shown, strict=True)
        ]
        return lines, written

    def runs(self, by: Filters, now: datetime) -> bool:
        """Whether the week is not over, so that nothing of it opens."""
        return now < Week.parse(by.week).ends(self._config.city.zone)

    def wanted(self, db: Connection, service: str, week: str) -> list[Filters]:
        """Return the answers of a week in which people said what they want most, question by question."""
        since, until = Week.parse(week).span(self._config.city.zone)
        asked = behind.ballots(db, Picked(service, since, until))
        known = rounds.by_ids(db, {round_id for round_id, _ in asked}) if asked else {}
        return [Filters(week, round=known[round_id].code, state=state) for round_id, state in asked]

    def _picked(self, db: Connection, service: str, by: Filters) -> Picked:
        """Return what to look for. Raises ValueError where there is no such week, or no such round of the service."""
        since, until = Week.parse(by.week).span(self._config.city.zone)
        sides = of_service(db, self._library, self._bank, service, (since, until))
        picked = Picked(service, since, until, by.stage, by.item, by.choices, by.theme, None, by.state, by.side, sides)
        if not by.round:
            return picked
        row = rounds.by_code(db, by.round)
        if row is None or row.service != service:
            raise ValueError(by.round)
        began = row.opened_at if row.closes_at is not None and row.opened_at is not None else since
        return replace(picked, since=min(began, since), round_id=row.id)

    def _in_words(
        self, db: Connection, service: str, rows: Sequence[Said], language: str, picked: Picked
    ) -> list[Answer]:
        written, scores = behind.words(db, rows, picked.until), behind.scores(db, rows, picked)
        sorted_ = themes.of_texts(db, [row.id for row in rows])
        names = {theme.id: called(theme, language) for theme in themes.codebook(db, service)}
        organised = campaigns.of_texts(db, [row.id for row in rows])
        theirs = [written.get((row.round_id, row.pseudonym), ()) for row in rows]
        return [
            Answer(
                row.id,
                row.counted_at,
                row.stage,
                self.question(service, row.item, language) or row.state,
                row.text or self._said(row, language),
                [text for _, text in beside if text != row.text],
                [names[each] for each in sorted_.get(row.id, ()) if each in names],
                self.label(*scores[row.id], language) if row.id in scores else "",
                row.id in organised,
                [*([row.id] if row.text else []), *(each for each, _ in beside)],
            )
            for row, beside in zip(rows, theirs, strict=True)
        ]

    def question(self, service: str, item: str | None, language: str) -> str:
        """Return a question of the bank as people were asked it; empty for one of a flow's own."""
        known = self._bank.items.get(item or "")
        if known is None:
            return ""
        names = {"service": self._config.service_of(service).spoken(language)}
        return fill(known.text(texts(language).language), names | {"org": self._config.city.speaker(language)})

    def _said(self, row: Said, language: str) -> str:
        """Return what was chosen, ordered or counted, in words."""
        if row.choices:
            return ", ".join(self.label(row.item, str(each), language) for each in json.loads(row.choices))
        if row.choice is None and row.score is not None:
            return texts(language).number(row.score)
        return self.label(row.item, row.choice, language)

    def label(self, item: str | None, choice: str | None, language: str) -> str:
        """Return an answer in words; its id where it is one of a flow's own."""
        known = self._bank.items.get(item or "")
        if known is None or choice not in {option.id for option in known.options}:
            return choice or ""
        return known.label(str(choice), texts(language).language)

    def labels(self, item: str, choices: Collection[str], language: str) -> list[str]:
        """Return those answers of a question of the bank in words, in the order they are offered."""
        known = self._bank.items.get(item)
        offered = [option.id for option in known.options] if known else []
        return [self.label(item, each, language) for each in offered if each in choices]
