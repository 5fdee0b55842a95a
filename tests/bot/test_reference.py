"""Random citizens in random flows, beside a plain reckoning of what must count (`tests/support/wild.py`).

Everything goes the whole way: inbox, turns, database, outbox. After every step the table of answers must hold what the
reference says, and nothing else. `pytest --wild 20 tests/bot/test_reference.py` walks twenty times as far.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from flows.catalog import Catalog
from storage.database import Database
from tests.support import wild
from tests.support.house import CATALOG, Citizen, Clock, House, Pigeon, raw

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.channels.base import Outbound, Raw
    from storage.answers import AnswerRow
    from tests.support.wild import Question, Said, Wild

STEPS, WALKS = 100, 100
"""Ten thousand steps, each a message or what happens between two of them."""
CODE = "wild"
ACTS = (
    *("answer", "answer", "answer", "answer", "wrong", "back", "change", "edit", "again", "old_button", "language"),
    *("restart", "days", "stop", "help", "delete", "start"),
)
"""What may happen; answers are the most of it."""


@dataclass(slots=True)
class Walker:
    """One citizen, and what the reference says of them."""

    house: House
    flow: Wild
    draw: Callable[[st.SearchStrategy[Any]], Any]
    language: str = "en"
    said: Said = field(default_factory=dict)
    active: bool = False
    finished: bool = False
    """Handed in once: from then on every change counts at once."""
    sent: list[Raw] = field(default_factory=list)
    last: list[Outbound] = field(default_factory=list)

    @property
    def citizen(self) -> Citizen:
        return Citizen(self.house)

    @property
    def at(self) -> str:
        """Where the reference says that they stand."""
        return self.flow.way(self.said)[-1]

    # ----------------------------------------------------------------- what is sent

    async def sends(self, update: Raw) -> None:
        self.sent.append(update)
        said = await self.citizen.sends(update)
        self.last = said or self.last

    async def says(self, text: str) -> None:
        await self.sends(raw("c1", text=text))

    async def word(self, word: str) -> None:
        """Send an everywhere word as it reads in the language at hand, or as a command."""
        meant = [typed for typed, means in self.house.catalog.words(self.language).items() if means == word]
        await self.says(self.draw(st.sampled_from([f"/{word}", *sorted(meant)[:2]])))

    async def starts(self) -> None:
        update = raw("c1", text=f"/start {CODE}", about={"start": CODE})
        await self.sends(update)

    # ----------------------------------------------------------------- acts

    async def start(self) -> None:
        """Follow the link: begin, go on, or hear that it is over."""
        await self.starts()
        if not self.finished:
            self.active = True

    async def answer(self) -> None:
        question = self.flow.by_id[self.at]
        value = self.draw(wild.values(question))
        await self.tells(question, value)
        self.took(question.id, value)

    async def wrong(self) -> None:
        """Send what is no answer to the question at hand."""
        question = self.flow.by_id[self.at]
        if question.verb == "ask":
            await self.sends(raw("c1", kind="other"))
        else:
            await self.says(self.draw(st.sampled_from(["xyzzy", "🙂", "999", "-4,5,6"])))

    async def back(self) -> None:
        await self.word("back")
        *way, _ = self.flow.way(self.said)
        if way:
            del self.said[way[-1]]

    async def change(self) -> None:
        """Change one earlier answer by its number in the list."""
        await self.word("change")
        if not self.said:
            return
        changed = self.draw(st.sampled_from(sorted(self.said)))
        await self.says(self.number_of(changed))
        value = self.draw(wild.values(self.flow.by_id[changed]))
        await self.tells(self.flow.by_id[changed], value)
        self.active = True
        self.took(changed, value)

    async def edit(self) -> None:
        """Edit the message that answered an earlier question."""
        way = self.flow.way(self.said)[:-1]
        if not way:
            return
        question = self.flow.by_id[self.draw(st.sampled_from(way))]
        value = self.draw(wild.values(question).filter(lambda value: value is not None))
        await self.sends(raw("c1", text=self.typed(question, value), amends=question.id, about={"edited": True}))
        if self.said[question.id] != value:
            self.took(question.id, value)

    async def again(self) -> None:
        """An earlier update comes again."""
        await self.citizen.sends(self.draw(st.sampled_from(self.sent)))

    async def old_button(self) -> None:
        """Tap a button of a question that is behind."""
        shown = [
            button.data
            for message in self.house.said("c1")
            for button in message.buttons
            if not button.data.startswith("@") and f":{self.at}:" not in button.data and button.data.count(":") == 2
        ]
        if shown:
            await self.sends(raw("c1", kind="tap", data=self.draw(st.sampled_from(sorted(set(shown))))))

    async def use_language(self) -> None:
        await self.word("language")
        self.language = {"en": "es", "es": "en"}[self.language]
        await self.says({"en": "1", "es": "2"}[self.language])

    async def restart(self) -> None:
        """The program ends and starts anew."""
        await self.house.turns.end()
        house = self.house
        self.house = House(house.database, house.folder, house.mint, house.clock, house.pigeon, catalog=house.catalog)
        self.house.turns.begin()

    async def days(self) -> None:
        """Time goes by, and the clock does what is due. After a week of silence nothing is left of what was begun."""
        days = self.draw(st.sampled_from([1, 3, 8]))
        self.house.clock.forward(days=days)
        self.house.sweeps.sessions()
        if days > 7 and self.active:
            self.active = False
            if not self.finished:
                self.said = {}

    async def stop(self) -> None:
        """Stop, and come back."""
        await self.word("stop")
        await self.start()

    async def help(self) -> None:
        await self.word(self.draw(st.sampled_from(["help", "why", "mydata", "human"])))

    async def delete(self) -> None:
        await self.word("delete")
        await self.says({"en": "yes", "es": "sí"}[self.language])
        self.said, self.active, self.finished, self.language = {}, False, False, "en"
        self.sent.clear()

    # ----------------------------------------------------------------- by the reference

    def took(self, question: str, value: Any) -> None:
        self.said[question] = value
        self.said = self.flow.kept(self.said)
        if self.at == wild.END:
            self.active, self.finished = False, True

    def may(self, act: str) -> bool:
        """Whether an act makes sense here."""
        if act in {"answer", "wrong", "back", "edit", "old_button"}:
            return self.active and self.at != wild.END
        if act == "change":
            return self.active or self.finished
        if act in {"again", "help", "language", "restart", "days"}:
            return bool(self.sent)
        return act in {"start", "delete"} or self.active

    # ----------------------------------------------------------------- words

    async def tells(self, question: Question, value: Any) -> None:
        """Say a value: typed, by number, or by buttons."""
        if value is None:
            await self.word("skip")
        elif question.options and self.draw(st.booleans()):
            for option in value if isinstance(value, tuple) else (value,):
                await self.taps(f"{question.id}:{option}")
            if isinstance(value, tuple):
                await self.taps(f"{question.id}:@done")
        else:
            await self.says(self.typed(question, value))

    async def taps(self, ending: str) -> None:
        data = next(
            button.data
            for message in reversed(self.house.said("c1"))
            for button in message.buttons
            if button.data.endswith(f":{ending}")
        )
        await self.sends(raw("c1", kind="tap", data=data))

    def typed(self, question: Question, value: Any) -> str:
        if question.verb == "number":
            return f"{value:.0f}"
        if not question.options:
            return str(value)
        several = value if isinstance(value, tuple) else (value,)
        if question.verb != "rate" and self.draw(st.booleans()):
            return ", ".join(wild.label(question, one, self.language) for one in several)
        return ", ".join(str(question.options.index(one) + 1) for one in several)

    def number_of(self, question: str) -> str:
        """Return the number of a question in the list that was just shown."""
        shown = "\n".join(message.text for message in self.last)
        found = re.search(rf"^(\d+)\. {re.escape(wild.asked(question, self.language))}", shown, re.MULTILINE)
        assert found, (question, shown)
        return found[1]

    # ----------------------------------------------------------------- what must hold

    def check(self) -> None:
        rows = self.house.answers(CODE, "c1")
        stand = {row.state: _value(row) for row in rows}
        assert len(stand) == len(rows), "two answers to one question stand"
        if self.active or self.finished:
            assert stand == self.said
        counted = {row.state: _value(row) for row in rows if row.counted_at is not None}
        assert counted == (self.said if self.finished else {})


def _value(row: AnswerRow) -> Any:
    if row.skipped:
        return None
    match row.verb:
        case "pick":
            return tuple(json.loads(row.choices or "[]"))
        case "number":
            return row.score
        case _:
            return row.choice or row.text


@pytest.fixture(scope="session")
def walks(request: pytest.FixtureRequest) -> int:
    """Give how far to walk."""
    return WALKS * int(request.config.getoption("--wild"))


def test_random_citizens_in_random_flows_leave_what_a_plain_reckoning_says(upgraded_file: Path, walks: int) -> None:
    @settings(
        max_examples=walks,
        deadline=None,
        derandomize=True,  # the same walks each time: more of them are new ones
        phases=[Phase.generate],  # to make a walk of a hundred steps shorter takes many minutes
        suppress_health_check=list(HealthCheck),
    )
    @given(flow=wild.wilds(), data=st.data())
    def walk(flow: Wild, data: st.DataObject) -> None:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(_walk(upgraded_file, Path(folder), flow, data.draw))

    walk()


async def _walk(empty: Path, folder: Path, flow: Wild, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
    database = Database.open(f"sqlite:///{shutil.copy(empty, folder / 'civicloop.db')}")
    numbers = itertools.count(1)
    catalog = Catalog.of({**CATALOG.texts, **flow.files()})
    house = House(database, folder, lambda: f"mint-{next(numbers)}", Clock(), Pigeon(), catalog=catalog)
    closes = house.clock() + timedelta(days=3000)
    house.rounds.create(service="library", flow="wild", title="Wild", record={}, code=CODE, closes_at=closes)
    house.rounds.open(CODE)
    walker = Walker(house, flow, draw)
    house.turns.begin()
    try:
        await walker.start()
        walker.check()
        for _ in range(STEPS):
            act = draw(st.sampled_from([act for act in ACTS if walker.may(act)]))
            await getattr(walker, "use_language" if act == "language" else act)()
            walker.check()
    finally:
        await walker.house.turns.end()
        database.close()
