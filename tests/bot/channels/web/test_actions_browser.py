"""From digest to deed in a real browser: by keyboard and on a phone, in all languages, with nothing for axe to find."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from storage import actions
from storage.actions import FIX, NOT_US, NewAction
from tests.bot.actions.scene import WEEK, draft, scene
from tests.bot.channels.web.stage import NOW, program, served
from tests.bot.channels.web.test_browser import accessible, watched
from tests.bot.channels.web.test_staff_pages import MANAGER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.bot.channels.web.stage import Program

pytestmark = pytest.mark.browser

HERE = "/manage/actions/library"
ACT = f"{HERE}/act?source=score&name=del.overall&week={WEEK}"
PAGES = (
    HERE,
    f"{HERE}/1",
    f"{HERE}/4",
    ACT,
    f"{ACT}&kind=ask",
    f"{ACT}&kind=fix",
    f"/manage/answers/library?week={WEEK}",
)


def filled(it: Program) -> None:
    """Let a service have done some things about what it was told, and others not."""
    of = scene(it, again=9)
    about = draft(of).origin
    blank = NewAction("library", FIX, "score", about, "", NOW, raised=18, agreed=14)
    done = {"settled_at": NOW - timedelta(days=2), "told": 14}
    with it.database.transaction() as db:
        for new in (
            replace(blank, words="Put a second desk beside the door at lunch", owner="Kim Ward", due_on="2026-11-12"),
            replace(blank, words="Try a text message when the book is there", owner="Ali Haddad", due_on="2026-12-10"),
            replace(blank, words="A new sign at the corner", state="done", outcome="It hangs since Monday.", **done),  # type: ignore[arg-type]  # a moment and a number
            replace(blank, kind=NOT_US, words="Open on Sundays", state="not_done", outcome="No staff.", **done),  # type: ignore[arg-type]  # the same
        ):
            actions.add(db, new, "Ada")


def entered(page: Page, url: str, it: Program, language: str = "en") -> None:
    page.goto(f"{url}/manage/sign-in?token={it.link(MANAGER, language=language)}")
    page.locator("main button").first.click()


def test_the_pages_of_actions_and_answers_are_accessible(
    chromium: Browser, tmp_path: Path, picture: Callable[[str], Path | None]
) -> None:
    it = program(tmp_path, ("en", "es", "de", "fr", "pt", "ar"))
    filled(it)
    wide = chromium.new_context(viewport={"width": 1100, "height": 800}, locale="en-GB")
    with served(it) as url, watched(wide, url) as page:
        entered(page, url, it)
        for path in PAGES:
            page.goto(f"{url}{path}")
            accessible(page, path)
        page.goto(f"{url}{HERE}")
        if target := picture("acting"):
            page.screenshot(path=target)
    for language in ("ar", "de"):
        phone = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
        with served(it) as url, watched(phone, url) as page:
            entered(page, url, it, language)
            for path in PAGES:
                page.goto(f"{url}{path}")
                accessible(page, f"{path} in {language}")
                assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        phone.close()
    wide.close()
    it.database.close()


def test_an_answer_goes_out_by_keyboard(chromium: Browser, tmp_path: Path) -> None:
    it = program(tmp_path)
    scene(it)
    context = chromium.new_context(viewport={"width": 1100, "height": 800}, locale="en-GB")
    with served(it) as url, watched(context, url) as page:
        entered(page, url, it)
        page.goto(f"{url}{ACT}&kind=answer")
        page.get_by_label("Your answer (English)").fill("We open a second desk.")
        page.get_by_role("button", name="Go on").press("Enter")
        expect(page.get_by_text("This goes to about 15 people.")).to_be_visible()
        accessible(page, "before it is sent")
        page.get_by_role("button", name="Send it now").press("Enter")
        expect(page.get_by_text("Your answer is on its way.")).to_be_visible()
    context.close()
    it.database.close()
