"""Citizens by chance in flows by chance, beside a plain reckoning of what must be counted (`reckoning`).

Everything goes the whole way: inbox, turns, database, outbox. After every step the answers kept, those taken back
included, must be what the reckoning says. `pytest --wild 20 tests/reference` walks twenty times as far, and makes what
it finds as short as it can.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from flows.catalog import PACKAGED, Catalog
from storage.database import Database
from tests.reference import chance
from tests.reference.faults import FAULTS
from tests.reference.reckoning import OVER
from tests.reference.walker import CODE, TAPPED, Divergence, Town
from tests.reference.wild import QUESTIONS, REVIEW, files
from tests.support.house import Clock, House, Pigeon
from tests.support.records import whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.reference.reckoning import Reckoning
    from tests.reference.walker import Walker
    from tests.reference.wild import Wild

STEPS, WALKS = 100, 100
"""Ten thousand steps, each a message or what happens between two of them."""
SHARED = {
    name: (PACKAGED / name).read_text(encoding="utf-8")
    for name in ("frames/phrases.toml", "frames/phrases.es.toml", "items/scales.toml", "items/scales.es.toml")
}
ANYTIME = (
    *("burst", "edit", "change", "again", "days", "language", "restart", "help", "stop", "start", "delete"),
    "stale_button",
)
"""What may happen whenever it likes."""
GOING = ("wrong", "back", "back_by", "change_by", "skip", "old_button", "list_button", "tapped_language", "greet")
"""What makes sense while something is asked."""
AT_ONCE = ("types", "types", "wrong", "back", "back_by", "change_by", "edit")
"""What can be sent without waiting for what the bot says."""


def possible(walker: Walker) -> list[str]:
    """Return what may happen to somebody next; answers are the most of it."""
    one = walker.reckoning
    if not one.going:
        over = one.passage is not None and one.passage.is_now == OVER
        return [*["change" if over else "start"] * 8, *ANYTIME]
    acts = [*_answers(one), *GOING, *ANYTIME]
    acts += ["ok"] * (one.here.aside == "change" or one.here.changing != "" or one.here.place == REVIEW)
    return acts + ["chosen_language"] * (one.here.aside == "language")


def _answers(one: Reckoning) -> list[str]:
    place, aside = one.asks, one.here.aside
    if place is None:
        return []
    acts = ["answer"] * (0 if aside and place.verb not in TAPPED else 12)
    acts += ["tick"] * (place.verb in {"pick", "rank", "allocate", "bestworst"})
    return acts + ["types"] * (not aside and place.verb != "bestworst")


async def step(town: Town) -> str:
    """Let something happen, and look what has become of it; return what it was."""
    walker = town.one_of(*town.walkers)
    act = town.any_of(possible(walker))
    match act:
        case "restart":
            await town.restarts()
        case "days":
            town.passes(town.one_of(1, 3, 4, 7, 8), swept=town.one_of(True, False))
        case "burst":
            await _burst(town)
        case _:
            await getattr(walker, act)()
    for one in town.walkers:
        one.checks()
    return act


async def _burst(town: Town) -> None:
    """Let several things arrive in one group, of one person or of two."""
    town.waiting = []
    for _ in range(town.one_of(2, 3, 4)):
        walker = town.one_of(*town.walkers)
        acts = [act for act in AT_ONCE if act in possible(walker)]
        await getattr(walker, town.any_of(acts))()
    await town.at_once()


async def walk(empty: Path, wild: Wild, draw: Callable[[st.SearchStrategy[Any]], Any]) -> list[str]:
    """Let two people talk for so many steps with a program that knows one flow; return what happened."""
    with tempfile.TemporaryDirectory() as folder:
        file = shutil.copy(empty, Path(folder) / "civicloop.db")
        database = Database.open(f"sqlite:///{file}")
        numbers = itertools.count(1)
        catalog = Catalog.of({**SHARED, **files(wild)})
        house = House(database, Path(folder), lambda: f"mint-{next(numbers)}", Clock(), Pigeon(), catalog=catalog)
        closes = house.clock() + timedelta(days=3000)
        facts: dict[str, Any] = {"title": "Wild", "record": whole(closes), "code": CODE, "closes_at": closes}
        house.rounds.create(service="library", flow="wild", **facts)
        with mock.patch.object(Catalog, "errors_of", return_value=[]):  # chance makes ways that nobody can take
            house.sign(CODE)
            house.rounds.open(CODE)
        house.turns.begin()
        with closing(sqlite3.connect(file)) as tables:
            town = Town(house, wild, tables, draw)
            for address in ("ana", "ben"):
                town.walker(address)
            try:
                return [await step(town) for _ in range(STEPS)] + [
                    wild.by_id[entry.question].verb for one in town.walkers for entry in one.reckoning.entries
                ]
            finally:
                await town.house.turns.end()
                database.close()


def walks(empty: Path, count: int, *phases: Phase) -> Counter[str]:
    """Walk so many times; return what happened how often. Raises `Divergence` where program and reckoning part."""
    happened: Counter[str] = Counter()

    @settings(
        max_examples=count,
        deadline=None,
        derandomize=True,  # the same walks each time: more of them are new ones
        database=None,
        phases=[Phase.generate, *phases],
        suppress_health_check=list(HealthCheck),
    )
    @given(wild=chance.wilds(), data=st.data())
    def one(wild: Wild, data: st.DataObject) -> None:
        happened.update(asyncio.run(walk(empty, wild, data.draw)))

    try:
        one()
    except Divergence as found:
        raise Divergence(str(found)) from None  # the talk says it all; each thing drawn would bury it
    return happened


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_the_reckoning_finds_a_program_at_fault(
    fault: str, upgraded_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FAULTS[fault](monkeypatch)
    with pytest.raises(Divergence):
        walks(upgraded_file, WALKS)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_random_citizens_in_random_flows_leave_what_a_plain_reckoning_says(
    upgraded_file: Path, request: pytest.FixtureRequest
) -> None:
    times = int(request.config.getoption("--wild"))
    happened = walks(upgraded_file, WALKS * times, *[Phase.shrink] * (times > 1))
    assert {*ANYTIME, *GOING, *QUESTIONS, "answer", "tick", "ok", "chosen_language"} <= set(happened), happened
