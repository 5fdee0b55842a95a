"""What the guide for managers shows of a digest is what comes: in the chat, by mail, on paper."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from html import escape
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pypdfium2
import pytest
from PIL import Image

from bot.digests import render
from bot.texts import texts
from tests.bot.digests.test_files import GROUPS, WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser

GUIDE = Path(__file__).parents[3] / "docs" / "managers.md"
URL = "https://voice.rivermouth.example/manage/digests/library/2026-W47"
SHOWN = replace(WHOLE, name={"en": "Library pick-up points"}, who=replace(WHOLE.who, groups=GROUPS))
"""The week of the sample, with who lives there."""
BUBBLE = """<body style="margin:0;background:#dfe7ee;font:15px/1.45 system-ui,sans-serif;color:#1c2730">
<div style="width:420px;margin:16px;background:#fff;border-radius:14px;overflow:hidden">
<img src="data:image/png;base64,{png}" alt="" style="display:block;width:100%">
<p style="white-space:pre-wrap;margin:0;padding:12px 14px">{text}</p></div></body>"""


def photographed(chromium: Browser, html: str, where: Path | None, width: int) -> str:
    """Return what a screen of this width shows, and keep it as a picture where one is wanted."""
    page = chromium.new_page(viewport={"width": width, "height": 600}, device_scale_factor=1.5)
    page.set_content(html)
    if where:
        page.screenshot(path=where, full_page=True)
    told = page.locator("body").inner_text()
    page.close()
    return told


@pytest.mark.browser
def test_a_digest_in_the_chat(chromium: Browser, picture: Callable[[str], Path | None]) -> None:
    text, chart = render.chat(SHOWN, texts("en"), URL)
    assert chart is not None
    html = BUBBLE.format(png=b64encode(chart.png).decode(), text=escape(text))
    told = photographed(chromium, html, picture("managers-chat"), 452)
    assert told.startswith("Library pick-up points, week 47")
    assert "Act: “Spring round” is 6 days overdue" in told
    _named("managers-chat.png")


@pytest.mark.browser
def test_a_digest_by_mail(chromium: Browser, picture: Callable[[str], Path | None]) -> None:
    _, mail = render.mail(SHOWN, texts("en"), URL)
    html = mail.html
    for name, drawn in mail.inline.items():
        html = html.replace(f"cid:{name}", f"data:image/png;base64,{b64encode(drawn.png).decode()}")
    told = photographed(chromium, html, picture("managers-mail"), 480)
    assert "Waiting at hand-over: 14 people, 6 the week before" in told
    _named("managers-mail.png")


def test_a_digest_on_paper(picture: Callable[[str], Path | None]) -> None:
    with pypdfium2.PdfDocument(render.pdf(SHOWN, texts("en"), URL)) as paper:
        assert len(paper) == 1
        shown = paper[0].render(scale=1.5).to_pil()
    if where := picture("managers-paper"):
        shown.save(where, optimize=True)
    assert shown.size[0] < shown.size[1]
    _named("managers-paper.png")


def _named(file: str) -> None:
    """The guide shows the picture, with words, and it is there and no empty page."""
    assert f"]({file})" in GUIDE.read_text("utf-8")
    assert "![](" not in GUIDE.read_text("utf-8")
    with Image.open(BytesIO((GUIDE.parent / file).read_bytes())) as image:
        assert sum(count > 0 for count in image.convert("L").histogram()) > 50
