"""Some write without end, over many connections at once; somebody who talks meanwhile is answered all the same."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import aiohttp
import httpx
import pytest

from tests.journeys.test_replicas import SETTINGS, script
from tests.journeys.town import Town

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "a-secret-of-letters"
NOISY = range(1001, 1021)
"""People who write without end; each may be answered once a second, so together less than the bot can say."""
FLOOD = 3_000
CONNECTIONS = 100
LARGEST = 400
"""Megabytes the process may take; it starts with about 130."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_flood_takes_no_memory_without_bound_and_starves_nobody(tmp_path: Path) -> None:
    hook = {"MODE": "webhook", "WEBHOOK_URL": "https://rivermouth.example/telegram", "SECRET_TOKEN": SECRET}
    env = {f"CIVICLOOP_TELEGRAM__{name}": value for name, value in hook.items()}
    with Town(tmp_path, SETTINGS, env=env) as town:
        town.telegram.bring_webhooks_to(town.url)
        town.start()
        code = town.open_pulse("library")
        for person in NOISY:
            town.telegram.citizen(person).sends("/start")
        flood = _Flood(town.url)
        flood.start()
        assert town.telegram.play([{"id": 7, "script": script(7, code)}]) == {}
        flood.join()
        assert flood.taken == FLOOD
        peak = _peak(town)
        sys.stdout.write(f"{FLOOD} updates over {CONNECTIONS} connections, {flood.refused} refused, {peak} MB\n")
        assert peak < LARGEST
        load = httpx.get(f"{town.url}/readyz", timeout=30).json()["load"]
        assert re.search(r"\d+\.\d turns and \d+\.\d messages a second .* oldest row of the inbox 0 seconds", load)


class _Flood(Thread):
    """Brings updates over many connections, each again until it is taken, as Telegram does."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.taken = self.refused = 0
        self._url = f"{url}/telegram"

    def run(self) -> None:
        asyncio.run(self._pour())

    async def _pour(self) -> None:
        left = iter(range(1, FLOOD + 1))
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        wires = aiohttp.TCPConnector(limit=CONNECTIONS)
        async with aiohttp.ClientSession(connector=wires, headers=headers) as session:
            await asyncio.gather(*(self._drip(session, left) for _ in range(CONNECTIONS)))

    async def _drip(self, session: aiohttp.ClientSession, left: Iterator[int]) -> None:
        for number in left:
            person = NOISY[number % len(NOISY)]
            chat = {"id": person, "type": "private", "first_name": "Noisy"}
            about = {"message_id": number, "date": 1, "chat": chat, "from": {**chat, "is_bot": False}}
            while not await self._is_taken(session, {"update_id": number, "message": {**about, "text": "hello"}}):
                self.refused += 1
                await asyncio.sleep(0.2)
            self.taken += 1

    async def _is_taken(self, session: aiohttp.ClientSession, update: object) -> bool:
        async with session.post(self._url, json=update) as answer:
            assert answer.status in {200, 503}, answer.status
            return answer.status == 200


def _peak(town: Town) -> int:
    """Return the most memory the process has ever had, in megabytes."""
    assert town.process is not None
    status = Path(f"/proc/{town.process.pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) // 1024
