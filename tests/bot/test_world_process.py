"""The real process in a bad world: nowhere to log to, no right to write, no key, no port."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.bot.test_app import PATIENCE, ROOT, answered, free_port
from tests.bot.test_cli import terminal  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.bot.test_cli import Terminal


@asynccontextmanager
async def started(folder: Path, out: int) -> AsyncIterator[str]:
    """Run the program with everything it says going to `out`; give its address once it answers."""
    port = free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith("CIVICLOOP_")}
    env |= {"CIVICLOOP_WEB__PORT": str(port), "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run", cwd=folder, env=env, stdout=out, stderr=out
    )
    try:
        async with asyncio.timeout(PATIENCE), httpx.AsyncClient(timeout=30) as client:
            while not await _answers(client, port):
                assert process.returncode is None
                await asyncio.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
        assert process.returncode is None
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _answers(client: httpx.AsyncClient, port: int) -> bool:
    try:
        return (await client.get(f"http://127.0.0.1:{port}/readyz")).is_success
    except httpx.TransportError:
        return False


@pytest.fixture(params=["full disk", "closed pipe"])
def nowhere(request: pytest.FixtureRequest) -> Iterator[int]:
    """Give a file that takes nothing: the log's disk is full, or whoever read the log is gone."""
    if request.param == "full disk":
        with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
            yield full.fileno()
        return
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


async def test_the_bot_goes_on_where_its_log_can_no_longer_be_written(nowhere: int, tmp_path: Path) -> None:
    async with started(tmp_path, nowhere) as url, httpx.AsyncClient(base_url=url, follow_redirects=True) as client:
        client.timeout = httpx.Timeout(30)
        assert "Tell us about" in await answered(client)
        assert (await client.get("/readyz")).status_code == 200


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Path]:
    """Give a folder nobody can write to, not even an administrator."""
    folder = tmp_path / "locked"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", folder], check=False, capture_output=True)
    if mounted.returncode:
        if os.geteuid() == 0:
            pytest.skip("this administrator can mount nothing")
        folder.chmod(0o555)
    yield folder
    if mounted.returncode == 0:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_data_folder_that_cannot_be_written_is_one_line(
    terminal: Terminal,  # noqa: F811 - the fixture
    locked: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CIVICLOOP_DATABASE__URL", f"sqlite:///{locked}/data/civicloop.sqlite3")
    said = terminal("migrate")
    assert said.status == 2
    assert len(said.err.splitlines()) == 1
    assert "check database.url" in said.err


def test_a_lost_key_file_is_one_line_and_none_is_made(terminal: Terminal) -> None:  # noqa: F811 - the fixture
    terminal("invite", "--role", "manager", "--service", "library", "--mail", "maya@city.example")
    key = terminal.folder / "data" / "keys"
    saved = key.rename(terminal.folder / "saved")
    said = terminal("inbox", "list")
    assert said.status == 2
    assert len(said.err.splitlines()) == 1
    assert "put its copy back" in said.err
    assert not key.exists()
    saved.rename(key)
    assert terminal("inbox", "list").status == 0
