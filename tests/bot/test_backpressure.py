"""Whatever arrives at once: memory stays within bounds, people are answered, and the operator can see how it stands."""

from __future__ import annotations

import asyncio
import re
import shutil
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from bot.app import REQUESTS
from bot.channels.base import Again, Raw
from bot.channels.web import service
from bot.channels.web.safety import Gate
from bot.errors import Trouble
from bot.metrics import Metrics
from bot.turns import QUEUED
from storage import tables
from storage.database import Database
from tests.support.house import Citizen, House, raw
from tests.support.rows import statuses

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request

BURST = 100_000
AT_ONCE = 10
"""Updates to a call."""
SETTLED = BURST // 5
"""After so many updates memory is looked at for the first time."""
GROWTH = 25
"""Megabytes by which the process may grow from then on: 4 were measured, and 60 where updates are kept in mind."""


@pytest.fixture
async def house(tmp_path: Path, mint: Callable[[], str], upgraded_file: Path) -> AsyncIterator[House]:
    """Give an installation on SQLite whose writer runs."""
    database = Database.open(f"sqlite:///{shutil.copy(upgraded_file, tmp_path / 'civicloop.db')}")
    async with House(database, tmp_path, mint).writing() as house:
        yield house
    database.close()


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_a_burst_waits_outside_and_a_talking_citizen_is_answered_meanwhile(house: House) -> None:
    code, memory = house.pulse().code, dict[int, int]()
    calls = iter(range(0, BURST, AT_ONCE))

    async def brings() -> None:
        for first in calls:
            if first % SETTLED == 0:
                memory[first] = _resident()
            spoken = [raw(f"p{first % 500}", text="hello", key=f"burst{first}")] if first % 100 == 0 else []
            silent = [Raw("pigeon", f"burst{n}", _picture(n)) for n in range(first + len(spoken), first + AT_ONCE)]
            await house.turns.accept(spoken + silent)

    burst = asyncio.gather(*(brings() for _ in range(REQUESTS)))
    citizen = Citizen(house)
    await citizen.starts(code)
    for text in ("yes", "yes", "Good", "It was loud"):
        await citizen.says(text)
    assert not burst.done()
    assert [(each.state, each.choice or each.text) for each in citizen.answers(code)][:2] == [
        ("overall", "4"),
        ("reason", "It was loud"),
    ]
    await burst
    assert max(memory.values()) - memory[SETTLED] < GROWTH
    with house.database.reading() as db:
        assert statuses(db, tables.inbox) == {"done": BURST + 5}


def _picture(n: int) -> bytes:
    """Return an update that nobody answers, as long as one of Telegram's."""
    return b'{"sticker":"%0600d"}' % n


def _resident() -> int:
    """Return the megabytes this process takes now."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found
    return int(found[1]) // 1024


async def test_what_finds_too_much_waiting_is_refused_at_once_and_nothing_else_is_lost(house: House) -> None:
    updates = [Raw("pigeon", f"u{n}", b"{}") for n in range(QUEUED + 2)]
    with house.database.transaction():  # nobody else can write: everything waits
        first = asyncio.create_task(house.turns.accept(updates[:1]))
        await asyncio.sleep(0)
        while house.turns.queued:  # noqa: ASYNC110 - until the writer has it in hand
            await asyncio.sleep(0.01)
        rest = [asyncio.create_task(house.turns.accept([each])) for each in updates[1:-1]]
        await asyncio.sleep(0)
        with pytest.raises(Trouble, match="send it again"):
            await house.turns.accept(updates[-1:])
    await asyncio.gather(first, *rest)
    with house.database.reading() as db:
        assert statuses(db, tables.inbox) == {"done": QUEUED + 1}
    assert house.metrics.registry.get_sample_value("civicloop_refusals_total", {"where": "updates"}) == 1


async def test_no_more_of_an_update_is_read_than_an_update_can_be() -> None:
    read = 0

    async def pours() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(400):
            read += 65_536
            yield b"x" * 65_536

    site = Starlette(routes=[Route("/telegram", service.telegram, methods=["POST"])])
    site.state.pages = _Pages()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(site), base_url="http://city") as client:
        stranger = await client.post("/telegram", content=pours())
        assert (stranger.status_code, read) == (403, 0)
        client.headers["x-telegram-bot-api-secret-token"] = SECRET
        answer = await client.post("/telegram", content=pours())
        assert (await client.post("/telegram", content=b"{}")).status_code == 200
    assert answer.status_code == 413
    assert 0 < read < service.LARGEST_UPDATE + 2 * 65_536


async def test_who_comes_while_too_many_are_inside_is_sent_away_and_counted_but_machines_are_not() -> None:
    let_go, refused = asyncio.Event(), []

    async def slow(_request: Request) -> Response:
        await let_go.wait()
        return Response()

    async def alive(_request: Request) -> Response:
        return Response()

    site = Starlette(routes=[Route("/telegram", slow, methods=["POST"]), Route("/readyz", alive)])
    door = Gate(site, 2, lambda: refused.append(1))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://city") as client:
        inside = [asyncio.create_task(client.post("/telegram")) for _ in range(2)]
        await asyncio.sleep(0.01)
        third = await client.post("/telegram")
        assert (third.status_code, third.headers["connection"], len(refused)) == (503, "close", 1)
        assert (await client.get("/readyz")).status_code == 200
        let_go.set()
        assert [(await each).status_code for each in inside] == [200, 200]
        assert (await client.post("/telegram")).status_code == 200
    assert len(refused) == 1


async def test_pages_that_stay_open_keep_nobody_out_and_no_page_keeps_telegram_out() -> None:
    let_go = asyncio.Event()

    async def slow(_request: Request) -> Response:
        await let_go.wait()
        return Response()

    async def at_once(_request: Request) -> Response:
        return Response()

    ways = [("/chat/stream", slow), ("/slow", slow), ("/", at_once), ("/telegram", at_once)]
    door = Gate(Starlette(routes=[Route(path, does) for path, does in ways]), 2, lambda: None)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://city") as client:
        inside = [asyncio.create_task(client.get("/chat/stream")) for _ in range(2)]
        await asyncio.sleep(0.01)
        asked = [(await client.get(path)).status_code for path in ("/chat/stream", "/", "/telegram")]
        inside += [asyncio.create_task(client.get("/slow")) for _ in range(2)]
        await asyncio.sleep(0.01)
        late = [(await client.get(path)).status_code for path in ("/", "/telegram")]
        let_go.set()
        await asyncio.gather(*inside)
    assert (asked, late) == ([503, 200, 200], [503, 200])


SECRET = "what-telegram-was-told"


class _Pages:
    """Just enough of the program behind the pages to take an update."""

    @property
    def backstage(self) -> _Pages:
        return self

    @property
    def webhook(self) -> _Pages:
        return self

    def admits(self, secret: str | None) -> bool:
        return secret == SECRET

    async def receive(self, body: bytes, secret: str | None) -> int:
        return 200


async def test_the_measures_tell_the_rate_over_the_last_minute_and_who_refused_what() -> None:
    metrics = Metrics()
    metrics.turns.labels("telegram").inc(5)
    metrics.weigh(100.0)
    assert "0.0 turns" in metrics.load({})
    metrics.turns.labels("telegram").inc(50)
    metrics.turns.labels("web").inc(50)
    metrics.sends.labels("telegram", "sent").inc(20)
    metrics.refusals.labels("telegram").inc(3)
    metrics.weigh(110.0)
    said = metrics.load({"inbox": 0.0, "outbox": 12.4})
    assert said == (
        "10.0 turns and 2.0 messages a second over the last minute; "
        "waiting: the oldest row of the inbox 0 seconds and the oldest row of the outbox 12 seconds; "
        "refused: 3 by telegram"
    )
    assert metrics.registry.get_sample_value("civicloop_per_second", {"what": "turns"}) == 10.0
    for moment in range(120, 240, 5):
        metrics.weigh(float(moment))
    assert "0.0 turns and 0.0 messages" in metrics.load({})


async def test_a_channel_that_refuses_is_counted(house: House) -> None:
    await Citizen(house).says("hello")
    house.pigeon.receipts["c1"] = [Again(timedelta(), "slow down")]
    await house.delivered()
    assert house.metrics.registry.get_sample_value("civicloop_refusals_total", {"where": "pigeon"}) == 1
