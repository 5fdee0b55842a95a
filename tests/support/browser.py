"""A real browser for tests: Chromium, headless, without a word to anybody but the pages under test."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


PATIENCE_MS = 20_000
"""How long a test waits for what must appear; long, as a shared machine may be busy with the other tests."""


def executable() -> str | None:
    """Where Chromium is; None: Playwright's own, where it has one."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A headless Chromium, the machine's own or Playwright's; for a module without async tests, as it holds a loop."""
    sync_api = pytest.importorskip("playwright.sync_api")
    sync_api.expect.set_options(timeout=PATIENCE_MS)
    with sync_api.sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=executable(), args=ARGUMENTS)
        except sync_api.Error as error:
            pytest.skip(f"no Chromium here: install it or set CHROMIUM ({str(error).splitlines()[0]})")
        yield browser
        browser.close()
