"""Two replicas take turns on one PostgreSQL; what a contact sends stays in order, whichever of them it reaches."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from bot.turns import Turns
from storage import looks, tables
from storage.database import Database
from tests.support.house import Citizen, House, raw

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.support.postgres import Server

pytestmark = pytest.mark.postgres


@pytest.fixture
async def house(postgres: Server, tmp_path: Path, mint: Callable[[], str]) -> AsyncIterator[House]:
    """Give an installation on PostgreSQL whose writer runs."""
    database = Database.open(postgres.url("copied"))
    async with House(database, tmp_path, mint).writing() as house:
        yield house
    database.close()
    postgres.empty("copied")


@pytest.fixture
async def other(house: House, postgres: Server) -> AsyncIterator[Turns]:
    """Give the writer of another replica, with connections of its own."""
    database = Database.open(postgres.url("copied"))
    languages = house.config.city.languages
    turns = Turns(database, house.channels, house.desk, house.keys, languages, house.clock, house.metrics)
    turns.begin()
    yield turns
    await turns.end()
    database.close()


class Stumbles:
    """A desk that cannot answer one text for a while."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
        self.well = False
        answer = house.desk.answer

        def stumbling(*words: Any) -> Any:
            if not self.well and words[-1].message.text == text:
                raise RuntimeError("stumbled")
            return answer(*words)

        monkeypatch.setattr(house.desk, "answer", stumbling)


async def test_what_a_contact_sends_to_another_replica_waits_behind_what_failed(
    house: House, other: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, citizen = house.pulse().code, Citizen(house)
    await citizen.starts(code)
    await citizen.does("Yes", "Yes, let us begin")
    desk = Stumbles(house, monkeypatch, "Good")
    await house.turns.accept([raw("c1", text="Good")])
    await other.accept([raw("c1", text="It was loud")])
    await house.turns.accept([raw("c1", text="/skip")])
    assert _statuses(house)[-3:] == ["waiting"] * 3
    assert citizen.answers(code) == []
    desk.well = True
    await asyncio.gather(*(each.again() for each in (house.turns, other) * 2))
    assert [(each.state, each.choice or each.text) for each in citizen.answers(code)][:2] == [
        ("overall", "4"),
        ("reason", "It was loud"),
    ]
    assert set(_statuses(house)) == {"done"}


async def test_people_who_wait_for_nothing_are_answered_while_anothers_update_waits(
    house: House, other: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = house.pulse().code
    Stumbles(house, monkeypatch, "boom")
    await house.turns.accept([raw("c1", text="boom"), raw("c2", text="/start", about={"start": code})])
    await other.accept([raw("c3", text="/start", about={"start": code})])
    assert [len(house.said(each)) for each in ("c1", "c2", "c3")] == [0, 1, 1]


async def test_of_one_contact_two_replicas_make_turns_one_after_the_other(house: House, other: Turns) -> None:
    code, citizen = house.pulse().code, Citizen(house)
    await citizen.starts(code)
    await citizen.does("Yes", "Yes, let us begin")
    for n in range(10):
        sides = (house.turns, other)
        await asyncio.gather(
            *(each.accept([raw("c1", text=t)]) for each, t in zip(sides, ("Good", "/back"), strict=True))
        )
        await citizen.says("/back")
        assert all(each.state == "overall" for each in citizen.answers(code)), n
        answered = [row.key for row in house.table("outbox") if row.key.endswith(".0")]
        assert len(answered) == len(set(answered)) == len(house.table("inbox")), n
    assert set(_statuses(house)) == {"done"}
    assert len(house.table("sessions")) == 1


async def test_the_same_update_brought_to_two_replicas_at_once_is_one_turn(house: House, other: Turns) -> None:
    code = house.pulse().code
    for n in range(10):
        update = raw(f"c{n}", text="/start", about={"start": code})
        await asyncio.gather(house.turns.accept([update]), other.accept([update]))
        assert len(house.said(f"c{n}")) == 1


async def test_turns_of_two_replicas_that_wait_for_each_other_are_all_done_once(
    house: House, other: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, answer, met = house.pulse().code, house.desk.answer, threading.Barrier(2, timeout=5)
    order, times = {"c1": ("library", "bus7"), "c2": ("bus7", "library")}, [1]

    def looking(db: Any, *words: Any) -> Any:
        first, second = order[words[-1].address]
        looks.did(db, first, house.clock(), "Ada", "blocked")
        if times:
            met.wait()
            times.clear()
        looks.did(db, second, house.clock(), "Ada", "blocked")
        return answer(db, *words)

    monkeypatch.setattr(house.desk, "answer", looking)
    updates = [raw(each, text="/start", about={"start": code}) for each in order]
    await asyncio.gather(house.turns.accept(updates[:1]), other.accept(updates[1:]))
    await house.turns.again()
    assert [len(house.said(each)) for each in order] == [1, 1]
    with house.database.reading() as db:
        assert [looks.prove(db, each).looks for each in ("library", "bus7")] == [2, 2]
    assert set(_statuses(house)) == {"done"}


def _statuses(house: House) -> list[str]:
    return [row.status for row in house.table("inbox")]


async def test_what_another_replica_gets_while_an_update_fails_waits_until_that_is_kept(
    house: House, other: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, citizen = house.pulse().code, Citizen(house)
    await citizen.starts(code)
    await citizen.does("Yes", "Yes, let us begin")
    answer, failing, tries = house.desk.answer, threading.Event(), [2]  # in its group, then alone

    def stumbling(*words: Any) -> Any:
        if words[-1].message.text == "Good" and tries[0]:
            tries[0] -= 1
            if not tries[0]:
                failing.set()
                time.sleep(0.3)  # so long the other one has come to the same contact
            raise RuntimeError("stumbled")
        return answer(*words)

    monkeypatch.setattr(house.desk, "answer", stumbling)
    first = asyncio.create_task(house.turns.accept([raw("c1", text="Good")]))
    await asyncio.to_thread(failing.wait)
    await asyncio.gather(first, other.accept([raw("c1", text="It was loud")]))
    await house.turns.again()
    assert [(each.state, each.choice or each.text) for each in citizen.answers(code)] == [
        ("overall", "4"),
        ("reason", "It was loud"),
    ]


ROOT = Path(__file__).parents[2]
BATCH = """
import sys
from sqlalchemy import bindparam, update
from storage import database, tables
from storage.rows import many
database.STALLED = 1.0
statement = update(tables.contacts).where(tables.contacts.c.id == bindparam("number")).values(language=bindparam("to"))
with database.Database.open(sys.argv[1]).transaction() as db:
    many(db, statement, [{"number": 1, "to": "xx"}] * 500_000)
"""
LOCKS = "SELECT pid FROM pg_locks WHERE relation = 'contacts'::regclass AND mode = 'RowExclusiveLock' AND granted"


async def test_a_process_frozen_in_the_middle_of_many_rows_keeps_them_for_a_while_only(house: House) -> None:
    await Citizen(house).says("hello")
    url = house.database.engine.url.render_as_string(hide_password=False)
    with subprocess.Popen([sys.executable, "-c", BATCH, url], cwd=ROOT) as frozen:  # noqa: ASYNC220 - at once
        try:
            while not _locked(house):
                assert frozen.poll() is None
                await asyncio.sleep(0.01)
            frozen.send_signal(signal.SIGSTOP)
            assert _locked(house)
            with house.database.transaction() as db:
                db.execute(update(tables.contacts).values(language="es"))
        finally:
            frozen.kill()
    assert [row.language for row in house.table("contacts")] == ["es"]


def _locked(house: House) -> bool:
    with house.database.reading() as db:
        return bool(db.exec_driver_sql(LOCKS).all())
