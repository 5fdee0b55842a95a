"""The database goes away under load, updates come in storms: nothing is lost, nothing doubled, and it heals itself."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from bot.errors import Trouble
from storage import contacts, crossings, people
from storage.database import Database, StorageTrouble
from tests.bot.jobs.test_sweeps import agreed
from tests.support.house import NOON, Clock, House, raw

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from bot.channels.base import Raw
    from tests.support.postgres import Server

STEPS = ("/start", "1", "1", "2", "it was loud")
"""A pulse from its link to its reason."""


class Ticking(Clock):
    """A clock that goes on from noon."""

    def __init__(self) -> None:
        super().__init__()
        self._began = datetime.now(UTC)

    def __call__(self) -> datetime:
        return NOON + (datetime.now(UTC) - self._began)


def script(name: str, code: str) -> list[Raw]:
    """Return what one citizen sends, one after the other."""
    about = [{"start": code}, *({} for _ in STEPS[1:])]
    return [
        raw(name, key=f"{name}/{n}", text=text, about=more)
        for n, (text, more) in enumerate(zip(STEPS, about, strict=True))
    ]


@dataclass
class Patient:
    """A channel that keeps an update until it is taken, as Telegram does."""

    house: House
    refused: int = 0

    async def brings(self, update: Raw) -> None:
        """Bring an update again and again until it is taken."""
        while True:
            try:
                await self.house.turns.accept([update])
            except (StorageTrouble, Trouble):
                self.refused += 1
                await asyncio.sleep(0.05)
            else:
                return

    async def talks(self, name: str, code: str, *, pause: float = 0.0) -> None:
        """Bring all that one citizen sends."""
        for update in script(name, code):
            await self.brings(update)
            await asyncio.sleep(pause)


def whole(house: House, code: str, names: list[str]) -> None:
    """Everybody answered once, and was told each thing once."""
    for name in names:
        assert [(a.state, a.choice or a.text) for a in house.answers(code, name)] == [
            ("overall", "4"),
            ("reason", "it was loud"),
        ], name
        assert len(house.said(name)) == len(STEPS), name
    assert {row.status for row in house.table("inbox")} == {"done"}
    times = Counter(message.key for message in house.pigeon.sent)
    assert len(times) == len(STEPS) * len(names)
    assert set(times.values()) == {1}


# --------------------------------------------------------------------------- storms


async def test_a_storm_of_the_same_updates_is_one_conversation(house: House) -> None:
    code = house.pulse().code
    names = [f"p{n}" for n in range(5)]
    dice = random.Random(7)  # noqa: S311 - a storm, no secret
    for n in range(len(STEPS)):
        copies = [script(name, code)[n] for name in names for _ in range(30)]
        dice.shuffle(copies)
        await asyncio.gather(*(house.turns.accept([copy]) for copy in copies))
        late = [script(name, code)[dice.randint(0, n)] for name in names]
        await house.turns.accept(late)
    await house.delivered()
    whole(house, code, names)
    repeats = house.metrics.registry.get_sample_value("civicloop_repeated_updates_total")
    assert repeats == len(names) * (30 * len(STEPS) + len(STEPS)) - len(names) * len(STEPS)


async def test_what_comes_again_after_a_restart_is_recognised(house: House) -> None:
    code = house.pulse().code
    names = ["p1", "p2"]
    for n in range(len(STEPS)):
        for _ in range(3):
            await house.turns.accept([script(name, code)[n] for name in names])
            await house.turns.end()
            house.turns = house.new_turns()
            house.turns.begin()
    await house.delivered()
    whole(house, code, names)


async def test_two_processes_that_are_brought_the_same_updates_take_each_once(house: House) -> None:
    code = house.pulse().code
    names = [f"p{n}" for n in range(8)]
    other = House(house.database, house.folder, house.mint, clock=house.clock)
    async with other.writing():
        for n in range(len(STEPS)):
            batch = [script(name, code)[n] for name in names]
            for _ in range(2):
                await asyncio.gather(*(Patient(each).brings(update) for each in (house, other) for update in batch))
    await house.delivered()
    whole(house, code, names)


# --------------------------------------------------------------------------- the database under load


@dataclass
class Load:
    """Citizens who talk, messages that go out, and a world that interferes."""

    house: House
    code: str
    names: list[str] = field(default_factory=lambda: [f"p{n}" for n in range(20)])

    async def under(self, *troubles: Callable[[], Coroutine[None, None, None]]) -> int:
        """Let all talk, with pauses so that every trouble meets them; return how often an update was refused."""
        patient = Patient(self.house)
        sending = asyncio.create_task(self.house.delivery.run())
        talking = asyncio.gather(*(patient.talks(name, self.code, pause=0.3) for name in self.names))
        for trouble in troubles:
            await trouble()
            await asyncio.sleep(0.3)
        async with asyncio.timeout(60):
            await talking
            assert not sending.done(), sending.exception()
            while len(self.house.pigeon.sent) < len(STEPS) * len(self.names):  # noqa: ASYNC110 - only the pigeon knows
                await asyncio.sleep(0.05)
        self.house.delivery.stop()
        await sending
        whole(self.house, self.code, self.names)
        return patient.refused


@pytest.mark.postgres
async def test_postgresql_restarted_cut_and_read_only_under_load_loses_and_doubles_nothing(
    postgres: Server, tmp_path: Path, mint: Callable[[], str]
) -> None:
    name = "under_load"
    database = Database.open(postgres.create(name, "upgraded"))

    async def cut() -> None:
        await asyncio.to_thread(postgres.cut, name)

    async def restart() -> None:
        await asyncio.to_thread(postgres.restart, "fast")

    async def power_cut() -> None:
        await asyncio.to_thread(postgres.restart, "immediate")

    async def standby() -> None:
        await asyncio.to_thread(postgres.let_write, name, allowed=False)
        await asyncio.sleep(0.5)
        await asyncio.to_thread(postgres.let_write, name, allowed=True)

    with capture_logs():
        async with House(database, tmp_path, mint, clock=Ticking()).writing() as house:
            load = Load(house, house.pulse().code)
            refused = await load.under(cut, restart, cut, standby, power_cut)
    assert refused > 0
    database.close()
    postgres.drop(name)


async def test_sqlite_locked_by_others_under_load_loses_and_doubles_nothing(
    upgraded_file: Path, tmp_path: Path, mint: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.database.PATIENCE", 0.2)
    file = shutil.copy(upgraded_file, tmp_path / "civicloop.db")
    database, other = Database.open(f"sqlite:///{file}"), Database.open(f"sqlite:///{file}")

    async def backup() -> None:
        def hold() -> None:
            with suppress(StorageTrouble), other.transaction():
                asyncio.run(asyncio.sleep(0.8))

        await asyncio.to_thread(hold)

    with capture_logs():
        async with House(database, tmp_path, mint, clock=Ticking()).writing() as house:
            load = Load(house, house.pulse().code)
            refused = await load.under(backup, backup)
    assert refused > 0
    database.close()
    other.close()


# --------------------------------------------------------------------------- the database in the midst of a job


def cut_at(server: Server, name: str, monkeypatch: pytest.MonkeyPatch, *places: str) -> set[str]:
    """End all connections to a database at the first passing of each place; return those not passed yet."""
    left = set(places)

    def passed(place: str) -> None:
        if place in left:
            left.remove(place)
            server.cut(name)

    monkeypatch.setattr(crossings, "passed", passed)
    return left


def insist(sweep: Callable[[], int], times: int) -> int:
    """Ring a bell again and again, as the clock does; return how often the database did not answer."""
    failed = 0
    for _ in range(times):
        try:
            sweep()
        except (StorageTrouble, ExceptionGroup):
            failed += 1
    return failed


@pytest.mark.postgres
async def test_a_failover_while_a_round_is_opened_and_many_are_invited_invites_each_once(
    postgres: Server, tmp_path: Path, mint: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database.open(postgres.create("inviting", "upgraded"))
    monkeypatch.setattr("bot.rounds.invitations.BATCH", 2)
    async with House(database, tmp_path, mint).writing() as house:
        await agreed(house, "a", "b", "c", "d", "e")
        code = house.need(audience="agreed", opens_at=NOON + timedelta(days=1)).code
        house.clock.forward(days=1)
        left = cut_at(postgres, "inviting", monkeypatch, "round.moves", "round.moved", "round.invites", "round.invited")
        assert insist(house.sweeps.rounds, 8) >= 2
        assert left == set()
        invited = [row.contact_id for row in house.table("outbox") if row.key.startswith("invite.")]
        assert len(invited) == len(set(invited)) == house.rounds.counts(code).invited == 5
    database.close()
    postgres.drop("inviting")


@pytest.mark.postgres
async def test_a_failover_while_a_digest_is_written_writes_it_once(
    postgres: Server, tmp_path: Path, mint: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database.open(postgres.create("writing", "upgraded"))
    async with House(database, tmp_path, mint).writing() as house:
        code = house.pulse().code
        await Patient(house).talks("p1", code)
        with database.transaction() as db:
            person = people.add(db, "Maya", "en", NOON - timedelta(days=9))
            people.grant(db, person.id, "manager", "library", NOON - timedelta(days=9))
            contacts.set_person(db, house.contact("p1").id, person.id)
        house.clock.forward(days=7)
        left = cut_at(postgres, "writing", monkeypatch, "digest.drawn", "digest.written", "digest.queued")
        assert insist(house.sweeps.digests, 6) >= 1
        assert left == set()
        assert len([row for row in house.table("digests") if row.body != "null"]) == 1
        assert len([row for row in house.table("outbox") if row.key.startswith("digest:")]) == 1
    database.close()
    postgres.drop("writing")
