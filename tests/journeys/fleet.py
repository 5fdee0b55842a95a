"""Several real processes on one PostgreSQL, and a balancer before them that takes turns."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import aiohttp
import httpx
from aiohttp import web

from storage import leases
from storage.database import Database
from tests.journeys.town import Town, free_port

PATIENCE = 2.0
"""Seconds the balancer waits for a replica before it tries the next; Telegram's own server waits longer."""
STARTING = 120.0
"""Seconds in which a process has started, several at once and on a busy machine."""


@dataclass
class Replica:
    """One process of the fleet."""

    number: int
    port: int
    process: subprocess.Popen[bytes]
    file: Path

    @property
    def url(self) -> str:
        """Where its pages are."""
        return f"http://127.0.0.1:{self.port}"

    def log(self) -> str:
        """Return what it has printed."""
        return self.file.read_text(encoding="utf-8")

    def is_there(self) -> bool:
        """Whether it answers; what it is not ready for, others do."""
        assert self.process.poll() is None, self.log()
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/healthz", timeout=5).is_success
        return False

    def turns(self) -> float:
        """Return how many turns of Telegram's updates it has made."""
        told = httpx.get(f"{self.url}/metrics", timeout=30).text
        found = re.search(r'^civicloop_turns_total\{channel="telegram"\} (\S+)', told, re.MULTILINE)
        return float(found[1]) if found else 0.0

    def is_frozen(self) -> bool:
        """Whether it stands still, stopped by a signal."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return fields[0] == "T"

    def gets(self, how: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(how)

    def ends(self, how: signal.Signals) -> int:
        """Send it a signal and return its exit status."""
        self.gets(how)
        return self.process.wait(30)


class Balancer:
    """Hands each request to the next replica; where that does not answer, to the one after it."""

    def __init__(self) -> None:
        self.doors: list[str] = []
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._turn = itertools.count()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._runner = asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self) -> web.AppRunner:
        self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE))
        app = web.Application()
        app.router.add_post("/{path:.*}", self._pass_on)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        return runner

    async def _close(self) -> None:
        await self._runner.cleanup()
        await self._client.close()

    async def _pass_on(self, request: web.Request) -> web.Response:
        body = await request.read()
        doors, first = self.doors, next(self._turn)
        for n in range(len(doors)):
            door = doors[(first + n) % len(doors)]
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with self._client.post(f"{door}{request.path}", data=body, headers=request.headers) as answer:
                    if answer.status != 503:
                        return web.Response(status=answer.status, body=await answer.read())
        return web.Response(status=503)


@dataclass
class Fleet(Town):
    """A town served by several processes; Telegram's webhooks come to the balancer."""

    replicas: list[Replica] = field(default_factory=list)

    def __enter__(self) -> Self:
        super().__enter__()
        self.balancer = self._things.enter_context(Balancer())
        self.telegram.bring_webhooks_to(self.balancer.url)
        self._env |= {
            "CIVICLOOP_TELEGRAM__MODE": "webhook",
            "CIVICLOOP_TELEGRAM__WEBHOOK_URL": "https://rivermouth.example/telegram",
            "CIVICLOOP_TELEGRAM__SECRET_TOKEN": "a-secret-of-letters",
            "CIVICLOOP_WEB__PUBLIC_URL": "https://rivermouth.example",
        }
        assert self.database
        self.tables = Database.open(self.database)
        self._things.callback(self.tables.close)
        return self

    def __exit__(self, *_: object) -> None:
        for replica in self.replicas:
            if replica.process.poll() is None:
                replica.gets(signal.SIGCONT)
                replica.gets(signal.SIGKILL)
                replica.process.wait(30)
        super().__exit__()

    def begins(self, **env: str) -> Replica:
        """Start one more process, perhaps with settings of its own; it gets no updates yet."""
        number, port = len(self.replicas) + 1, free_port()
        file = self.folder / f"replica{number}.log"
        command = [sys.executable, "-m", "bot", "run", "--config", str(self.config)]
        with file.open("wb") as log:
            mine = self._env | {"CIVICLOOP_WEB__PORT": str(port)} | env
            process = subprocess.Popen(command, env=mine, stdout=log, stderr=log)
        replica = Replica(number, port, process, file)
        self.replicas.append(replica)
        return replica

    def joins(self, *replicas: Replica) -> None:
        """Let processes that have begun share the work once they answer."""
        for replica in replicas:
            self.until(f"replica {replica.number} answers", replica.is_there, STARTING)
            self.balancer.doors = [*self.balancer.doors, replica.url]

    def ends(self, replica: Replica, how: signal.Signals) -> int:
        """Let one process go; the balancer learns of it by itself a moment later. Return its exit status."""
        status = replica.ends(how)
        self.balancer.doors = [door for door in self.balancer.doors if door != replica.url]
        return status

    def sender(self, channel: str = "telegram") -> Replica:
        """Return the process that sends on a channel just now."""
        return self.holder(f"send:{channel}")

    def holder(self, lease: str) -> Replica:
        """Return the process that holds a lease just now; waits until one does that is still there."""

        def found() -> Replica | None:
            with self.tables.reading() as db:
                held = leases.get(db, lease)
            number = int(held.owner.split(":")[1]) if held else 0
            alive = (each for each in self.replicas if each.process.poll() is None)
            return next((each for each in alive if each.process.pid == number), None)

        replica: Replica = self.until(f"somebody holds {lease}", found)
        return replica

    def log(self) -> str:
        """Return what all processes have printed."""
        return "\n".join(f"--- replica {each.number}\n{each.log()[-3000:]}" for each in self.replicas)
