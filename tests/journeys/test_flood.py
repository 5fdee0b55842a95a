"""Thousands write at once to the real process; who talks meanwhile is answered, and the operator sees how it stands.

Over HTTP 20,000 updates (`--flood-all`: 100,000): each costs a millisecond or two of both sides' sockets. What comes
of 100,000 behind the sockets is in `tests/bot/test_backpressure.py`.
"""

from __future__ import annotations

import asyncio
import re
import resource
import sys
import time
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import httpx
import pytest
from sqlalchemy import func, select, update

from bot.app import REQUESTS
from bot.channels.base import Raw
from storage import inbox, outbox, tables
from storage.database import Database
from storage.outbox import NewMessage
from storage.sealing import Keys
from tests.journeys.test_replicas import SETTINGS, script
from tests.journeys.town import Town
from tests.support.rows import statuses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

SECRET = "a-secret-of-letters"
SETTLED = 0.2
"""Of the flood: so much of it has been taken when memory is looked at for the first time."""
PEOPLE = 4_000
SPEAKING = 25
"""One in so many says something that is answered; the others change what they said. Fewer than the bot can answer."""
TWICE = 50
"""One in so many is brought twice, as when an answer to Telegram was lost."""
FIRST = 10**9
"""The number of the flood's first update, far from those of the people who talk."""
CONNECTIONS = 100
"""What Telegram opens at most."""
PACE = 60
"""Messages a second: a round's invitations take a while, and are overtaken."""
INVITED = range(2_001, 2_401)
GROWTH = 40
"""Megabytes the process may grow by between the first fifth of the flood and its end."""
LARGEST = 480
"""Megabytes it may take at all; it starts with about 130, and has about 360 once it has read a text."""
READER = 3_001
"""Whose text is read before the flood."""
PATIENCE = 120
"""Seconds within which it is read."""
LONGEST_WAIT = 0.75
"""Of the flood's own time: who is answered only when it is over has waited for all of it. A third was measured."""
TOO_MANY = REQUESTS + 100
OLD = timedelta(seconds=100)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """Give a city that is called by Telegram."""
    hook = {"MODE": "webhook", "WEBHOOK_URL": "https://rivermouth.example/telegram", "SECRET_TOKEN": SECRET}
    env = {f"CIVICLOOP_TELEGRAM__{name}": value for name, value in hook.items()}
    with _many_files(), Town(tmp_path, SETTINGS, messages_per_second=PACE, env=env) as built:
        built.telegram.bring_webhooks_to(built.url)
        built.start()
        yield built


@contextmanager
def _many_files() -> Iterator[None]:
    """Let this process, and those it starts, hold a socket for each request."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard != resource.RLIM_INFINITY else 65_536, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def database(town: Town) -> Iterator[Database]:
    """Give the database of the city."""
    opened = Database.open(f"sqlite:///{town.folder}/data/civicloop.sqlite3")
    yield opened
    opened.close()


@pytest.fixture
def flood_size(request: pytest.FixtureRequest) -> int:
    """How many updates a flood is."""
    return 100_000 if request.config.getoption("--flood-all") else 20_000


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_flood_takes_no_memory_without_bound_starves_nobody_and_is_overtaken_by_no_bulk(
    town: Town, database: Database, flood_size: int
) -> None:
    code = town.open_pulse("library")
    _invite_neighbours(town, database)
    _let_a_text_be_read(town, database, code)
    flood = _Flood(town, range(FIRST, FIRST + flood_size))
    flood.start()
    waits = _Talkers(town, code).talk_until(flood)
    flood.join()
    assert flood.statuses == {200: flood_size + len(range(0, flood_size, TWICE))}
    figures = f"{flood_size} updates in {flood.seconds:.0f} s, {flood.early} then {_peak(town)} MB"
    sys.stdout.write(f"{figures}; {len(waits)} waits for an answer, the longest {max(waits):.1f} s\n")
    assert len(waits) >= len(script(0, code))
    assert max(waits) < flood.seconds * LONGEST_WAIT
    assert _peak(town) < min(flood.early + GROWTH, LARGEST)
    with database.reading() as db:
        _each_was_taken_once(db, _keys(town), flood_size)
        waited, ahead = _overtaken(db)
    sys.stdout.write(f"bulk that waited when a reply was written: {waited} times, ahead of it {ahead} times\n")
    assert ahead < waited * 0.7  # what was on its way already; without an order it is all of it
    _rates_are_true(town, database)


def _invite_neighbours(town: Town, database: Database) -> None:
    """Let a round be announced to all who have agreed to hear of one: bulk that is queued before anybody talks."""
    everybody = [{"id": person, "script": [["sends", "/start"], ["hears", 1]]} for person in INVITED]
    assert town.telegram.play(everybody) == {}
    with database.transaction() as db:
        db.execute(update(tables.contacts).values(invite_again_at=datetime.now(UTC)))
    facts = ("--service", "library", "--flow", "deliver_pulse", "--title", "Once more", "--audience", "agreed")
    town.civicloop("round", "open", town.asks("round", "new", *facts)["code"])

    def queued() -> bool:
        with database.reading() as db:
            return db.execute(select(func.count()).where(tables.outbox.c.priority == outbox.BULK)).scalar_one() > 0

    town.until("invitations are queued", queued)


class _Talkers:
    """One citizen after the other answers a whole pulse."""

    def __init__(self, town: Town, code: str) -> None:
        self._town, self._code = town, code

    def talk_until(self, flood: _Flood) -> list[float]:
        """Talk while the flood lasts; return how long each answer took to come."""
        waits: list[float] = []
        person = 7
        while flood.is_alive() or not waits:
            citizen, steps = self._town.telegram.citizen(person), script(person, self._code)
            for verb, *words in steps:
                began = time.monotonic()
                getattr(citizen, verb)(*words)
                waits.append(time.monotonic() - began)
            person += 1
        return waits


class _Flood(Thread):
    """Brings updates over many connections, each again until it is taken, as Telegram does."""

    def __init__(self, town: Town, numbers: range, connections: int = CONNECTIONS) -> None:
        super().__init__(daemon=True)
        self.statuses: Counter[int] = Counter()
        self.early = 0
        """Megabytes at the peak until a part of the flood had been taken."""
        self.seconds = 0.0
        self.sent_away = 0
        self._town, self._numbers, self._connections = town, numbers, connections

    def run(self) -> None:
        began = time.monotonic()
        asyncio.run(self._pour())
        self.seconds = time.monotonic() - began

    async def _pour(self) -> None:
        left = iter(self._numbers)
        async with asyncio.TaskGroup() as group:
            for _ in range(self._connections):
                group.create_task(self._drip(left))

    async def _drip(self, left: Iterator[int]) -> None:
        wire = None
        for number in left:
            for _ in range(1 if (number - FIRST) % TWICE else 2):
                status = 0
                while status != 200:
                    wire = wire or await asyncio.open_connection("127.0.0.1", self._town.port)
                    status, sent_away = await _brought(*wire, number)
                    self.statuses[status] += 1
                    self.sent_away += sent_away
                    if status != 200:
                        wire[1].close()
                        wire = None
                        await asyncio.sleep(0.2)
            if number - self._numbers[0] == int(len(self._numbers) * SETTLED):
                self.early = _peak(self._town)
        if wire:
            wire[1].close()


async def _brought(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> tuple[int, bool]:
    """Bring one update; return the status of the answer, and whether it was not even looked at."""
    body = _update(number)
    head = f"POST /telegram HTTP/1.1\r\nHost: city\r\nX-Telegram-Bot-Api-Secret-Token: {SECRET}\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    return int(answer[9:12]), b"retry-after" in answer


def _update(number: int) -> str:
    """Return an update of one of many people, whose chats the Bot API server does not know: it refuses the answers."""
    person = FIRST + number % PEOPLE
    about = f'"chat":{{"id":{person},"type":"private"}},"from":{{"id":{person},"is_bot":false,"first_name":"N"}}'
    kind = "edited_message" if (number - FIRST) % SPEAKING else "message"
    return f'{{"update_id":{number},"{kind}":{{"message_id":{number},"date":1,{about},"text":"hello"}}}}'


def _peak(town: Town) -> int:
    """Return the most memory the process has ever had, in megabytes."""
    assert town.process is not None
    status = Path(f"/proc/{town.process.pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) // 1024


def _let_a_text_be_read(town: Town, database: Database, code: str) -> None:
    """Let what reads texts be loaded: libraries and weights, once; memory is looked at afterwards."""
    assert town.telegram.play([{"id": READER, "script": script(READER, code)}]) == {}
    deadline = time.monotonic() + PATIENCE
    while True:
        with database.reading() as db:
            if db.execute(select(func.count()).select_from(tables.readings)).scalar_one():
                return
        assert time.monotonic() < deadline, town.log()[-4000:]
        time.sleep(0.5)


def _each_was_taken_once(db: Connection, keys: Keys, size: int) -> None:
    """Look for each update of the flood, and for the one answer that each of those that speak is given."""
    assert set(statuses(db, tables.inbox)) == {"done"}
    mine = func.length(tables.inbox.c.external_id) >= len(str(FIRST))
    assert db.execute(select(func.count()).select_from(tables.inbox).where(mine)).scalar_one() == size
    hashes = [keys.address_hash("telegram", str(FIRST + n)) for n in range(0, PEOPLE, SPEAKING)]
    speakers = select(tables.contacts.c.id).where(tables.contacts.c.address_hash.in_(hashes))
    told = select(func.count()).select_from(tables.outbox).where(tables.outbox.c.contact_id.in_(speakers))
    assert db.execute(told).scalar_one() == len(range(0, size, SPEAKING))


def _overtaken(db: Connection) -> tuple[int, int]:
    """Count pairs of a reply and a message of bulk that waited when it was written: all, and where bulk left first."""
    bulk = tables.outbox.alias("bulk")
    pairs = (
        select(func.count(), func.count().filter(bulk.c.sent_at < tables.outbox.c.sent_at))
        .select_from(tables.outbox.join(bulk, bulk.c.due_at < tables.outbox.c.created_at))
        .where(bulk.c.priority == outbox.BULK, bulk.c.sent_at > tables.outbox.c.created_at)
        .where(tables.outbox.c.priority == outbox.REPLY, tables.outbox.c.status == "sent")
    )
    waited, ahead = db.execute(pairs).one()
    return waited, ahead


def _rates_are_true(town: Town, database: Database) -> None:
    """Compare what is told of turns, rates and repeats with what was done."""
    told, load = _measures(town), httpx.get(f"{town.url}/readyz", timeout=30).json()["load"]
    with database.reading() as db:
        assert told['civicloop_turns_total{channel="telegram"}'] == statuses(db, tables.inbox)["done"]
        since = datetime.now(UTC) - timedelta(seconds=55)
        lately = db.execute(select(func.count()).where(tables.inbox.c.received_at > since)).scalar_one()
    assert 0.5 < told['civicloop_per_second{what="turns"}'] / (lately / 55) < 2
    assert re.match(r"\d+\.\d turns and \d+\.\d messages a second over the last minute; ", load)
    assert float(load.split()[0]) > 0


def _measures(town: Town) -> dict[str, float]:
    lines = httpx.get(f"{town.url}/metrics", timeout=30).text.splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_while_nothing_can_be_written_so_many_calls_wait_the_others_are_refused_and_the_operator_is_told(
    town: Town, database: Database
) -> None:
    flood = _Flood(town, range(FIRST, FIRST + TOO_MANY), connections=TOO_MANY)
    with _writing_is_held_up(town, database):
        flood.start()
        town.until("some are refused", lambda: flood.sent_away)
        assert httpx.get(f"{town.url}/healthz", timeout=30).status_code == 200
        with database.reading() as db:
            oldest = {"inbox": inbox.oldest_waiting(db), "outbox": outbox.oldest_due(db, datetime.now(UTC))}
        before = datetime.now(UTC)
        told, ready = _measures(town), httpx.get(f"{town.url}/readyz", timeout=30)
        after = datetime.now(UTC)
    for table, moment in oldest.items():
        assert moment
        age = told[f'civicloop_oldest_seconds{{table="{table}"}}']
        assert (before - moment).total_seconds() <= age <= (after - moment).total_seconds()
        waited = re.fullmatch(r"the oldest row has waited (\d+) seconds", ready.json()[table])
        assert waited
        assert (before - moment).total_seconds() - 1 <= int(waited[1]) <= (after - moment).total_seconds() + 1
        assert f"the oldest row of the {table} {waited[1]} seconds" in ready.json()["load"]
    assert (ready.status_code, ready.json()["ready"]) == (503, False)
    assert re.search(r"refused: \d+ by requests$", ready.json()["load"])
    flood.join()
    assert set(flood.statuses) == {200, 503}
    assert _measures(town)['civicloop_refusals_total{where="requests"}'] == flood.sent_away
    done = town.until("everything is taken", lambda: _all_done(database))
    assert done >= TOO_MANY + 2  # those, the greeting and what was left behind


def _all_done(database: Database) -> int:
    with database.reading() as db:
        found = statuses(db, tables.inbox)
    return found["done"] if set(found) == {"done"} else 0


@contextmanager
def _writing_is_held_up(town: Town, database: Database) -> Iterator[None]:
    """Hold the file, as a backup might, while an update and a message wait in it that are old already."""
    citizen = town.telegram.citizen(9)
    citizen.sends("/start")
    citizen.hears(1)
    for n in count():
        _leave_behind(database, _keys(town), n)
        with database.transaction() as db:
            if inbox.oldest_waiting(db) and outbox.oldest_due(db, datetime.now(UTC)):  # nobody was faster
                yield
                return


def _leave_behind(database: Database, keys: Keys, n: int) -> None:
    """Write an update that nobody has taken and a message that nobody has sent, both old."""
    late, old = Raw("telegram", f"late{n}", _update(FIRST).encode()), datetime.now(UTC) - OLD
    with database.transaction() as db:
        inbox.accept(db, [late], old, keys, [keys.address_hash("telegram", str(FIRST))])
        known = db.execute(select(tables.outbox).limit(1)).one()
        outbox.enqueue(db, [NewMessage(f"late{n}", known.contact_id, "telegram", outbox.REPLY, known.body, old, old)])


def _keys(town: Town) -> Keys:
    return Keys.load(town.folder / "data" / "keys", lambda: "never")
