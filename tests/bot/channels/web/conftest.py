"""Fixtures of the web tests: a program, a visitor without a browser, and a real browser where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from bot.channels.web import site
from tests.bot.channels.web.stage import Program, listening, program, served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Program]:
    """A program on a fresh database."""
    made = program(tmp_path)
    yield made
    made.database.close()


@pytest.fixture
async def client(it: Program) -> AsyncIterator[httpx.AsyncClient]:
    """A visitor who sends plain forms and follows redirects, as a browser without a script does."""
    transport = httpx.ASGITransport(site(it))
    async with (
        listening(it),
        httpx.AsyncClient(
            transport=transport,
            base_url="http://voice.test",
            headers={"origin": "http://voice.test"},
            follow_redirects=True,
        ) as visitor,
    ):
        yield visitor


@pytest.fixture
def url(it: Program) -> Iterator[str]:
    """The address of the site, really served."""
    with served(it) as address:
        yield address


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A phone with a fresh profile."""
    fresh = chromium.new_context(viewport={"width": 390, "height": 844}, locale="en-GB")
    yield fresh
    fresh.close()
