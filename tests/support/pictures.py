"""The pictures in docs/: taken by the journeys of what they really see, when asked with `--pictures`."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from tests.support.browser import ARGUMENTS, executable

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[str], Path | None]:
    """Return where to put the picture of this name, or None when nobody asked for pictures."""
    asked = request.config.getoption("--pictures")
    return lambda name: DOCS / f"{name}.png" if asked else None


def photograph(mail: EmailMessage, path: Path) -> None:
    """Write a mail as a mail program shows it on a phone."""
    body = mail.get_body(("html",))
    assert body is not None
    html = body.get_content()
    for part in mail.walk():
        if part.get_content_maintype() == "image":
            data = base64.b64encode(bytes(part.get_content())).decode()
            html = html.replace(f"cid:{part['Content-ID'].strip('<>')}", f"data:image/png;base64,{data}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 480, "height": 800}, device_scale_factor=1.5)
        page.set_content(html)
        page.screenshot(path=path, full_page=True)
        browser.close()
