"""The program as a user starts it: a process of its own, on a free port, in an empty folder."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import shutil
import signal
import socket
import sqlite3
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import delete, insert

from bot.app import App, at_port, open_port
from bot.config import load
from bot.errors import Trouble
from storage import migrate, tables
from storage.database import Database
from tests.support.botapi.server import BotApi

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


SECRET = "what somebody asked us to forget"
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Running:
    """A program that has said where it is."""

    process: asyncio.subprocess.Process
    port: int
    printed: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def ended(self) -> tuple[int, str]:
        """Return how it ended and what it logged."""
        async with asyncio.timeout(PATIENCE):
            _, err = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, err.decode()

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Ask it to stop."""
        self.process.send_signal(number)
        return await self.ended()


async def launched(folder: Path, port: int, **environ: str) -> asyncio.subprocess.Process:
    """Start the program in a folder."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("CIVICLOOP_")}
    env |= {"CIVICLOOP_WEB__PORT": str(port), "PYTHONPATH": str(ROOT), **environ}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run", cwd=folder, env=env, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


@asynccontextmanager
async def running(folder: Path, /, port: int = 0, **environ: Any) -> AsyncIterator[Running]:
    """Start the program and wait until it has printed where it is; end it at the end of the block."""
    port = port or free_port()
    process = await launched(folder, port, **environ)
    program = Running(process, port)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            while len(program.printed) < 4:
                line = await process.stdout.readline()
                if not line:
                    _, err = await process.communicate()
                    raise AssertionError(err.decode())
                program.printed.append(line.decode().strip())
        yield program
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def answered(client: httpx.AsyncClient) -> str:
    """Start the first open round in the web chat, without a script; return the page."""
    await client.get("/chat")
    page = (await client.get("/chat")).text
    nonce = re.search(r'name="nonce" value="([^"]+)"', page)
    assert nonce is not None
    return (await client.post("/chat/start", data={"nonce": nonce[1], "code": ""})).text


async def test_it_starts_in_an_empty_folder_prints_three_addresses_and_stops_when_asked(tmp_path: Path) -> None:
    async with running(tmp_path) as program:
        chat, organiser, manager, _ = program.printed
        assert chat.endswith(f"{program.url}/chat")
        assert f"{program.url}/manage/sign-in?token=" in organiser
        assert f"{program.url}/manage/sign-in?token=" in manager
        async with httpx.AsyncClient(base_url=program.url, follow_redirects=True, timeout=30) as client:
            assert (await client.get("/healthz")).status_code == 200
            ready = await client.get("/readyz")
            assert ready.status_code == 200, ready.text
            assert ready.json()["human"] == "nobody can be told for library, bus7, street_repair"
            assert "Tell us about" in await answered(client)
            metrics = (await client.get("/metrics")).text
            assert 'civicloop_turns_total{channel="web"} 1.0' in metrics
            assert 'civicloop_sends_total{channel="web",receipt="sent"} 1.0' in metrics
        status, err = await program.stop()
    assert status == 0, err
    assert err.splitlines()[-1].endswith("app.stopped")
    assert (tmp_path / "data" / "keys").stat().st_mode & 0o777 == 0o600


async def test_what_was_said_survives_a_kill_and_a_new_start(tmp_path: Path) -> None:
    port = free_port()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", follow_redirects=True, timeout=30) as client:
        async with running(tmp_path, port) as program:
            assert "Tell us about" in await answered(client)
            program.process.kill()
            await program.ended()
        async with running(tmp_path, port) as program:
            assert "Tell us about" in (await client.get("/chat")).text
            status, err = await program.stop(signal.SIGINT)
    assert status == 0, err


async def test_a_second_start_on_the_same_database_works_beside_the_first(tmp_path: Path) -> None:
    async with running(tmp_path) as first, running(tmp_path) as second:
        for program in (first, second):
            async with httpx.AsyncClient(base_url=program.url, follow_redirects=True, timeout=30) as client:
                assert "Tell us about" in await answered(client)
        for program in (first, second):
            status, err = await program.stop()
            assert status == 0, err
    with sqlite3.connect(tmp_path / "data" / "civicloop.sqlite3") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM rounds").fetchone() == (1,)


async def test_a_port_that_is_taken_is_told_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = await launched(tmp_path, taken.getsockname()[1])
        out, err = await process.communicate()
    assert process.returncode == 2
    assert out == b""
    assert "cannot listen on 127.0.0.1" in err.decode()
    assert "CIVICLOOP_WEB__PORT" in err.decode()
    assert "Traceback" not in err.decode()
    assert not (tmp_path / "data").exists()


async def test_without_a_network_it_keeps_trying_and_says_so(tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    token = "123456:" + "A" * 35
    async with running(tmp_path, CIVICLOOP_TELEGRAM__TOKEN=token, CIVICLOOP_TELEGRAM__BASE_URL=nowhere) as program:
        async with (
            httpx.AsyncClient(base_url=program.url, follow_redirects=True, timeout=30) as client,
            asyncio.timeout(PATIENCE),
        ):
            while (ready := await client.get("/readyz")).status_code == 200:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
            assert "cannot be reached" in ready.text
            assert (await client.get("/healthz")).status_code == 200
            assert "Tell us about" in await answered(client)
        status, err = await program.stop()
    assert status == 0, err
    assert "A" * 35 not in err


async def test_a_talk_on_telegram_survives_kills_without_a_lost_or_doubled_answer(tmp_path: Path) -> None:
    async with BotApi(patience=PATIENCE) as api:
        ana = api.citizen(7001)
        wires: dict[str, Any] = {"CIVICLOOP_TELEGRAM__TOKEN": api.token, "CIVICLOOP_TELEGRAM__BASE_URL": api.url}
        async with running(tmp_path, **wires) as program:
            await ana.sends("/start")
            await ana.sees("What would you like to talk about?")
            await ana.taps("Tell us about the Central Library")
            await ana.sees("Are you 16 or older?")
            program.process.kill()
            await program.ended()
        await ana.sends("1")
        async with running(tmp_path, **wires) as program:
            await ana.sees("Shall we begin?")
            await ana.taps("Yes, let us begin")
            program.process.kill()
            await program.ended()
        async with running(tmp_path, **wires) as program:
            await ana.sees("Overall, how was")
            await ana.taps("Very good")
            await ana.sees("main reason")
            await ana.sends("It is quiet")
            await ana.sees("What went well?")
            status, err = await program.stop()
        assert status == 0, err
        assert api.violations == []
    with sqlite3.connect(tmp_path / "data" / "civicloop.sqlite3") as db:
        answers = db.execute(
            "SELECT state, choice, text FROM answers WHERE withdrawn_at IS NULL ORDER BY id"
        ).fetchall()
    assert answers == [("overall", "5", None), ("reason", None, "It is quiet")]


async def test_a_broken_clock_for_rehearsals_is_told_in_one_line(tmp_path: Path) -> None:
    process = await launched(tmp_path, free_port(), CIVICLOOP_CLOCK=str(tmp_path / "nothing"))
    _, err = await process.communicate()
    assert process.returncode == 2
    assert "CIVICLOOP_CLOCK" in err.decode()
    assert "Traceback" not in err.decode()


def test_a_start_leaves_nothing_readable_of_what_an_earlier_life_deleted_when_it_was_killed(tmp_path: Path) -> None:
    """SQLite keeps what was written and deleted in its log, until somebody empties it."""
    first, second = tmp_path / "first", tmp_path / "second"
    database = Database.open(f"sqlite:///{first}/civicloop.db")
    migrate.upgrade(database)
    with database.transaction() as db:
        arrived = {"channel": "web", "external_id": "1", "received_at": NOW, "status": "failed"}
        db.execute(insert(tables.inbox).values(body=SECRET.encode(), **arrived))
    with database.transaction() as db:
        db.execute(delete(tables.inbox))
    shutil.copytree(first, second)  # as a kill leaves it: whoever closes properly empties the log
    database.close()
    assert SECRET.encode() in contents(second)
    config = load(None, {"CIVICLOOP_DATABASE__URL": f"sqlite:///{second}/civicloop.db"})
    privacy = replace(config.privacy, key_file=tmp_path / "keys")
    app = App.build(replace(config, privacy=privacy), lambda: NOW, lambda: "chance")
    assert SECRET.encode() not in contents(second)
    app.database.close()


async def test_a_channel_that_does_not_end_holds_up_no_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.app.GRACE", 0.2)
    config = load(None, {"CIVICLOOP_DATABASE__URL": f"sqlite:///{tmp_path}/civicloop.db", "CIVICLOOP_WEB__PORT": "0"})
    privacy = replace(config.privacy, key_file=tmp_path / "keys")
    app = App.build(replace(config, privacy=privacy), lambda: datetime.now(UTC), lambda: secrets.token_urlsafe(18))
    hangs, over = asyncio.Event(), asyncio.Event()

    async def deaf(_accept: object) -> None:
        while not over.is_set():
            try:
                hangs.set()
                await over.wait()
            except asyncio.CancelledError:
                continue

    monkeypatch.setattr(app.chat, "listen", deaf)
    running = asyncio.create_task(app.run(open_port("127.0.0.1", 0)))
    try:
        async with asyncio.timeout(10):
            await hangs.wait()
            app.stopping.set()
            await asyncio.shield(running)
    finally:
        over.set()
        await running
        app.database.close()


def contents(folder: Path) -> bytes:
    """Return all that can be read in a folder."""
    return b"".join(file.read_bytes() for file in folder.iterdir())


def test_any_free_port_becomes_part_of_all_addresses() -> None:
    config = load(None, {"CIVICLOOP_WEB__PORT": "0"})
    settled = at_port(config, 4711)
    assert settled.web.port == 4711
    assert settled.web.public_url.endswith(":4711")
    assert at_port(settled, 1) == settled


def test_a_host_that_is_not_ours_is_told_in_one_line() -> None:
    with pytest.raises(Trouble, match=r"cannot listen on 203\.0\.113\.1"):
        open_port("203.0.113.1", 0)
