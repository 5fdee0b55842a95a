"""The pages in a real browser: with a script and without, by keyboard, from right to left, on a phone."""

from __future__ import annotations

import asyncio
import re
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import pypdfium2
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from bot import leaving
from bot.digests.render import bar_chart, charts
from bot.digests.results import result
from bot.texts import texts
from tests.bot.channels.web.stage import served
from tests.bot.channels.web.test_findings_pages import counted
from tests.bot.channels.web.test_public_pages import FORMAL
from tests.bot.channels.web.test_pure import jpeg
from tests.bot.channels.web.test_staff_pages import MANAGER, ORGANISER, WEEK, walked
from tests.bot.channels.web.test_staff_results import ordered
from tests.bot.channels.web.test_themes_pages import sorted_texts
from tests.bot.channels.web.test_turnout_pages import said
from tests.bot.channels.web.test_words_pages import approving, written
from tests.bot.digests.polled import poll
from tests.bot.digests.test_files import FULL
from tests.support.browser import PATIENCE_MS
from tests.support.signing import sign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, Route

    from bot.config import Config
    from tests.bot.channels.web.stage import Program

pytestmark = pytest.mark.browser

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
HARMLESS = ("net::ERR_FAILED", "Failed to load resource")
"""What a browser says where a test itself breaks the line or asks for an error page."""


@contextmanager
def watched(context: BrowserContext, url: str) -> Iterator[Page]:
    """Give a page on `url`; at the end nothing must have gone wrong in it, nor anything been asked of a third party."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    complaints: list[str] = []
    strangers: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(sign in message.text for sign in HARMLESS):
            complaints.append(message.text)

    def asked(request: Request) -> None:
        if not request.url.startswith((url, "data:", "blob:")):
            strangers.append(request.url)

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", asked)
    page.goto(url)
    yield page
    assert complaints == [], "the browser complained (a policy violation is one of these)"
    assert strangers == [], "something was asked of a third party"


def button(page: Page, label: str) -> Locator:
    """Find the button with this label."""
    return page.get_by_role("button", name=label, exact=True).last


def press(page: Page, label: str) -> None:
    """Press the button with this label."""
    button(page, label).click()


def follow(control: Locator) -> None:
    """Press what leads to another page, and wait until that page is there: what is done before is done to the old."""
    with control.page.expect_navigation():
        control.click()


def sees(page: Page, text: str) -> None:
    """Wait until the conversation shows a text."""
    expect(page.get_by_role("log")).to_contain_text(text)


def begin(page: Page, url: str) -> None:
    """Start a conversation, and wait until the page of it is there: what is done before is done to the old one."""
    page.goto(f"{url}/chat")
    press(page, "Start")
    sees(page, "Are you 16 or older?")


def accessible(page: Page, name: str) -> None:
    """Fail where axe finds anything wrong with the page as it is."""
    found = Axe().run(page, options={"rules": {"target-size": {"enabled": True}}})  # of WCAG 2.2, off by itself
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"


def inside(page: Page) -> list[str]:
    """Return the words of a picture that run out of their box, or into other words, as the browser sets them."""
    found: list[str] = page.evaluate(
        """() => {
            const svg = document.querySelector("svg.flow-picture"), all = svg.getBoundingClientRect();
            const texts = [...svg.querySelectorAll("text")], places = texts.map(text => text.getBoundingClientRect());
            const within = (a, b) => a.left >= b.left - 1 && a.right <= b.right + 1 && a.bottom <= b.bottom + 1;
            const meet = (a, b) => a.left < b.right && b.left < a.right && a.top + 4 < b.bottom && b.top + 4 < a.bottom;
            return texts.filter((text, n) => {
                const box = text.parentNode.querySelector(":scope > rect");
                const out = !within(places[n], box ? box.getBoundingClientRect() : all);
                return out || places.some((other, m) => m > n && meet(places[n], other));
            }).map(text => text.textContent);
        }"""
    )
    return found


class TestChat:
    def test_a_conversation_flows_without_reloading(self, context: BrowserContext, it: Program, url: str) -> None:
        with watched(context, url) as page:
            begin(page, url)
            page.evaluate("window.mark = 1")
            press(page, "Yes")
            press(page, "Very good")
            page.get_by_label("On Sundays").check()
            page.get_by_label("Earlier in the morning").check()
            press(page, "Done")
            sees(page, "What one thing would make it better?")
            page.get_by_label("Your message").fill("More chairs")
            page.keyboard.press("Enter")
            sees(page, "Where should the next one be?")
            expect(page.get_by_label("Your message")).to_have_value("")
            assert page.evaluate("window.mark") == 1
            (session,) = it.chats.sessions.values()
            assert session.answers["when"].value == ("w1", "w2")
            assert session.answers["idea"].value == "More chairs"

    def test_what_is_typed_while_a_message_is_on_its_way_is_sent_too(
        self, context: BrowserContext, it: Program, url: str
    ) -> None:
        def slowly(route: Route) -> None:
            page.wait_for_timeout(700)
            route.continue_()

        with watched(context, url) as page:
            begin(page, url)
            press(page, "Yes")
            press(page, "Very good")
            page.get_by_label("On Sundays").check()
            press(page, "Done")
            sees(page, "What one thing would make it better?")
            page.route("**/chat", slowly)
            box = page.get_by_label("Your message")
            box.fill("More chairs")
            box.press("Enter")
            expect(box).to_have_value("")
            box.fill("Harbour")
            box.press("Enter")
            expect(box).to_have_value("")
            sees(page, "Harbour")
            (session,) = it.chats.sessions.values()
            assert session.answers["idea"].value == "More chairs"

    def test_words_that_could_not_be_sent_stay_in_the_box(self, context: BrowserContext, url: str) -> None:
        with watched(context, url) as page:
            begin(page, url)
            page.route("**/chat", lambda route: route.fulfill(status=503, body="down"))
            box = page.get_by_label("Your message")
            box.fill("More chairs")
            box.press("Enter")
            expect(box).to_have_value("More chairs")

    def test_it_survives_a_reload(self, context: BrowserContext, url: str) -> None:
        with watched(context, url) as page:
            begin(page, url)
            press(page, "Yes")
            sees(page, "How is the library?")
            page.reload()
            sees(page, "Hello. I am an automated assistant")
            press(page, "Good")
            sees(page, "When should it be open?")

    def test_what_is_said_later_appears_by_itself(self, context: BrowserContext, it: Program, url: str) -> None:
        """A reply that takes longer than the page waits comes over the stream."""
        usual = it.chats.reply

        async def late(*said: object) -> None:
            await asyncio.sleep(3)
            await usual(*said)  # type: ignore[arg-type]

        with watched(context, url) as page:
            begin(page, url)

            async def soon(*said: object) -> None:
                task = asyncio.create_task(late(*said))
                it.chats.pending.add(task)

            it.chats.reply = soon  # type: ignore[method-assign,assignment]
            press(page, "Yes")
            sees(page, "How is the library?")
            expect(page.get_by_text("How is the library?")).to_have_count(1)

    def test_a_double_click_is_one_answer(self, context: BrowserContext, it: Program, url: str) -> None:
        with watched(context, url) as page:
            begin(page, url)
            page.get_by_role("button", name="Yes", exact=True).dblclick()
            sees(page, "How is the library?")
            expect(page.locator(".line.mine")).to_have_count(2)
            assert len(it.chats.heard) == 2

    def test_a_broken_line_is_told_and_the_words_are_kept(self, context: BrowserContext, url: str) -> None:
        with watched(context, url) as page:
            begin(page, url)
            page.route("**/chat", lambda route: route.abort())
            page.get_by_label("Your message").fill("1")
            press(page, "Send")
            expect(page.get_by_role("status")).to_contain_text("This did not reach us")
            assert page.get_by_label("Your message").input_value() == "1"
            page.unroute("**/chat")
            press(page, "Send")
            sees(page, "How is the library?")
            expect(page.get_by_role("status")).to_have_text("")

    def test_words_arriving_do_not_hide_that_others_did_not_reach_us(
        self, context: BrowserContext, it: Program, url: str
    ) -> None:
        usual, go_on = it.chats.reply, threading.Event()

        async def late(*said: object) -> None:
            await asyncio.to_thread(go_on.wait, 20)
            await usual(*said)  # type: ignore[arg-type]

        async def soon(*said: object) -> None:
            it.chats.pending.add(asyncio.create_task(late(*said)))

        with watched(context, url) as page:
            begin(page, url)
            it.chats.reply = soon  # type: ignore[method-assign,assignment]
            press(page, "Yes")
            expect(page.locator(".line.mine")).to_have_count(2)
            page.route("**/chat", lambda route: route.abort())
            page.get_by_label("Your message").fill("1")
            press(page, "Send")
            expect(page.get_by_role("status")).to_contain_text("This did not reach us")
            go_on.set()
            sees(page, "How is the library?")
            expect(page.get_by_role("status")).to_contain_text("This did not reach us")

    def test_a_picture_and_a_position_are_sent(
        self, context: BrowserContext, it: Program, url: str, tmp_path: Path
    ) -> None:
        context.grant_permissions(["geolocation"])
        context.set_geolocation({"latitude": 41.387, "longitude": 2.17})
        (tmp_path / "door.jpg").write_bytes(jpeg())
        with watched(context, url) as page:
            begin(page, url)
            for answer in ("Yes", "Good"):
                press(page, answer)
            page.get_by_label("On Sundays").check()
            press(page, "Done")
            press(page, "Skip")
            press(page, "Send my position")
            sees(page, "My position: 41.387, 2.17")
            page.get_by_label("Choose a picture").set_input_files(tmp_path / "door.jpg")
            press(page, "Send picture")
            sees(page, "Thank you. Your receipt is")
            shown = page.get_by_role("img", name="Picture")
            expect(shown).to_be_visible()
            assert shown.evaluate("image => image.naturalWidth") == 40

    def test_a_position_that_is_refused_can_be_written(self, context: BrowserContext, url: str) -> None:
        with watched(context, url) as page:
            begin(page, url)
            for answer in ("Yes", "Good"):
                press(page, answer)
            page.get_by_label("On Sundays").check()
            press(page, "Done")
            press(page, "Skip")
            press(page, "Send my position")
            expect(page.get_by_role("status")).to_contain_text("Please write the street")
            expect(page.get_by_label("Your message")).to_be_focused()

    def test_the_language_switch_brings_one_back_to_the_conversation(self, context: BrowserContext, url: str) -> None:
        with watched(context, url) as page:
            begin(page, url)
            press(page, "Español")
            expect(page.locator("html")).to_have_attribute("lang", "es")
            expect(page.get_by_role("log", name="Conversación")).to_contain_text("Hello. I am an automated assistant")


class TestWithoutAScript:
    def test_the_whole_conversation_works(self, chromium: Browser, it: Program, url: str, tmp_path: Path) -> None:
        (tmp_path / "door.jpg").write_bytes(jpeg())
        context = chromium.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844}, locale="en")
        with watched(context, url) as page:
            page.get_by_role("link", name="Open the chat").click()
            press(page, "Start")
            press(page, "Yes")
            press(page, "Very good")
            page.get_by_label("On Sundays").check()
            press(page, "Done")
            page.get_by_label("Your message").fill("More chairs")
            press(page, "Send")
            expect(page.get_by_role("button", name="Send my position")).to_be_hidden()
            page.get_by_label("Your message").fill("Harbour")
            press(page, "Send")
            page.get_by_label("Choose a picture").set_input_files(tmp_path / "door.jpg")
            press(page, "Send picture")
            sees(page, "Thank you. Your receipt is")
            (session,) = it.chats.sessions.values()
            assert set(session.answers) == {"age", "overall", "when", "idea", "where", "photo"}
        context.close()

    def test_the_latest_question_is_in_sight(self, chromium: Browser, url: str) -> None:
        context = chromium.new_context(java_script_enabled=False, viewport={"width": 390, "height": 700}, locale="en")
        with watched(context, url) as page:
            begin(page, url)
            for answer in ("Yes", "Good"):
                press(page, answer)
            expect(page.get_by_text("When should it be open?")).to_be_in_viewport()
        context.close()


class TestKeyboard:
    def test_everything_is_reached_and_done_without_a_mouse(
        self, context: BrowserContext, it: Program, url: str
    ) -> None:
        with watched(context, url) as page:
            page.goto(f"{url}/chat")
            _tab_to(page, "Start")
            page.keyboard.press("Enter")
            sees(page, "Are you 16 or older?")
            _tab_to(page, "Yes")
            page.keyboard.press("Enter")
            sees(page, "How is the library?")
            _tab_to(page, "Very good")
            page.keyboard.press("Space")
            sees(page, "When should it be open?")
            _tab_to(page, "On Sundays")
            page.keyboard.press("Space")
            _tab_to(page, "Done")
            page.keyboard.press("Enter")
            sees(page, "What one thing would make it better?")
            (session,) = it.chats.sessions.values()
            assert session.answers["when"].value == ("w1",)

    def test_after_a_tap_the_next_tab_is_the_next_answer(self, context: BrowserContext, url: str) -> None:
        """The focus goes with the conversation, not back to the top of the page."""
        with watched(context, url) as page:
            begin(page, url)
            page.get_by_role("button", name="Yes", exact=True).focus()
            page.keyboard.press("Enter")
            expect(page.get_by_role("button", name="Very good")).to_be_visible()
            page.keyboard.press("Tab")
            expect(page.get_by_role("button", name="Very good")).to_be_focused()

    def test_the_focus_can_be_seen(self, context: BrowserContext, url: str) -> None:
        with watched(context, url) as page:
            page.keyboard.press("Tab")
            skip = page.get_by_role("link", name="Skip to the content")
            expect(skip).to_be_focused()
            expect(skip).to_be_in_viewport()
            page.keyboard.press("Enter")
            page.keyboard.press("Tab")
            expect(page.get_by_role("link", name="Open the chat")).to_be_focused()
            width = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
            assert float(width.removesuffix("px")) >= 3


def _tab_to(page: Page, label: str) -> None:
    """Press Tab until the control with this label has the focus."""
    read = "const at = document.activeElement; at.labels?.length ? at.labels[0].innerText.trim() : at.innerText?.trim()"
    for _ in range(40):
        if page.evaluate(f"() => {{ {read.replace('; ', '; return ')} }}") == label:
            return
        page.keyboard.press("Tab")
    pytest.fail(f"no Tab leads to {label}")


class TestEveryReader:
    def test_from_right_to_left(self, chromium: Browser, it: Program, tmp_path: Path) -> None:
        """Arabic words, an Arabic page: the conversation is mirrored, and names in Latin letters stay readable."""
        (tmp_path / "ar.toml").write_text(ARABIC, "utf-8")
        it.config = _speaking(it, "en", "ar")
        context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="ar")
        with served(it, tmp_path) as url, watched(context, url) as page:
            page.goto(f"{url}/chat")
            expect(page.locator("html")).to_have_attribute("dir", "rtl")
            press(page, "ابدأ")
            press(page, "نعم")
            sees(page, "كيف ترى المكتبة؟")
            mine, theirs = page.locator(".line.mine").last, page.locator(".line.theirs").last
            assert _left(mine) < _left(theirs)
            accessible(page, "right to left")
        context.close()

    def test_large_letters_and_a_small_screen_need_no_sideways_scrolling(
        self, chromium: Browser, it: Program, url: str
    ) -> None:
        """WCAG 1.4.10: 320 CSS pixels wide, as at 400 % zoom on a desktop."""
        code = it.opened("A round with a rather long title about the opening hours", **FORMAL)
        context = chromium.new_context(viewport={"width": 320, "height": 480}, locale="en")
        with watched(context, url) as page:
            for path in ("/", f"/rounds/{code}", f"/chat/{code}", "/privacy", "/nowhere", "/manage"):
                page.goto(url + path)
                assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
            begin(page, url)
            press(page, "Yes")
            sees(page, "How is the library?")
            assert page.evaluate("document.documentElement.scrollWidth") <= 320
        context.close()

    def test_targets_are_large_enough_for_any_finger(self, context: BrowserContext, url: str) -> None:
        with watched(context, url) as page:
            begin(page, url)
            press(page, "Yes")
            sees(page, "How is the library?")
            for control in page.get_by_role("button").all():
                box = control.bounding_box()
                assert box is None or (box["height"] >= 44 and box["width"] >= 44), control.inner_text()

    @pytest.mark.parametrize("scheme", SCHEMES)
    def test_axe_finds_nothing_on_citizens_pages(
        self, chromium: Browser, it: Program, url: str, scheme: Literal["light", "dark"]
    ) -> None:
        code = it.opened("The reading room", **FORMAL)
        told = it.opened("The night bus", **FORMAL)
        it.rounds.close(told, who=None)
        it.rounds.report_back(told, {"en": "We open.", "es": "Abrimos."}, signed="Ada Ames, library", who=None)
        soon = it.round("The morning bus", **FORMAL | {"opens_at": it.now + timedelta(days=2)})
        sign(it.rounds, it.database, soon, it.now)
        it.rounds.open(soon, who=None)
        rests, dropped = it.opened("The old bridge", **FORMAL), it.opened("The new bridge", **FORMAL)
        it.rounds.pause(rests, why="a flood", who=None)
        it.rounds.cancel(dropped, why="no money", who=None)
        context = chromium.new_context(
            viewport={"width": 390, "height": 844},
            color_scheme=scheme,
            locale="en",
        )
        with watched(context, url) as page:
            out = leaving.link(it.keys, "", "ana@home.example")
            rounds = [f"/rounds/{each}" for each in (code, told, soon, rests, dropped)]
            for path in ("/", "/rounds", *rounds, "/privacy", "/nowhere", out, "/chat", f"/chat/{code}"):
                page.goto(url + path)
                accessible(page, path)
            follow(button(page, "Start this round"))
            for asked, label in (("Are you 16 or older?", "Yes"), ("How is the library?", "Good")):
                sees(page, asked)
                accessible(page, f"before {label}")
                press(page, label)
            sees(page, "When should it be open?")
            page.get_by_text("Help and your rights").click()
            page.get_by_label("On Sundays").check()
            accessible(page, "ticks and rights")
            press(page, "Done")
            for asked in ("What one thing would make it better?", "Where should the next one be?"):
                sees(page, asked)
                accessible(page, asked)
                press(page, "Skip")
            sees(page, "Would you like to send a picture?")
            accessible(page, "picture")
        context.close()


def _left(line: Locator) -> float:
    box = line.locator(".said").bounding_box()
    assert box
    return box["x"]


def _speaking(it: Program, *languages: str) -> Config:
    return replace(it.config, city=replace(it.config.city, languages=languages))


ARABIC = """
[site]
skip = "انتقل إلى المحتوى"
[chat]
title = "محادثة"
heading = "محادثة مع {org}"
start = "ابدأ"
you = "أنت"
bot = "المساعد"
send = "أرسل"
"""


class TestStaff:
    @pytest.mark.parametrize("scheme", SCHEMES)
    def test_a_manager_corrects_the_codebook(
        self, chromium: Browser, it: Program, url: str, scheme: Literal["light", "dark"]
    ) -> None:
        sorted_texts(it)
        context = chromium.new_context(viewport={"width": 360, "height": 800}, color_scheme=scheme, locale="en")
        with watched(context, url) as page:
            page.goto(f"{url}/manage/sign-in?token={it.link(('manager', 'library'))}")
            follow(button(page, "Sign in"))
            page.goto(f"{url}/manage/themes/library")
            accessible(page, "a proposal")
            page.get_by_role("textbox", name="Name").first.fill("")
            follow(page.get_by_role("button", name="Rename: bicycle, lock"))
            expect(page.get_by_text("Write a name of at most 60 letters.").first).to_be_visible()
            accessible(page, "a fault")
            page.get_by_role("textbox", name="Name").first.fill("Bicycle stands")
            follow(page.get_by_role("button", name="Rename: bicycle, lock"))
            expect(page.get_by_text("The theme has its new name.").first).to_be_visible()
            follow(page.get_by_role("link", name="Show texts: Waiting"))
            accessible(page, "texts")
            follow(button(page, "Not “Waiting”"))
            expect(page.get_by_text("There are no texts here.").first).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        context.close()

    @pytest.mark.parametrize("scheme", SCHEMES)
    def test_a_manager_judges_words_that_others_may_see(
        self,
        chromium: Browser,
        it: Program,
        url: str,
        scheme: Literal["light", "dark"],
        picture: Callable[[str], Path | None],
    ) -> None:
        approving(it)
        written(it)
        context = chromium.new_context(viewport={"width": 360, "height": 800}, color_scheme=scheme, locale="en")
        with watched(context, url) as page:
            page.goto(f"{url}/manage/sign-in?token={it.link(('manager', 'library'))}")
            follow(button(page, "Sign in"))
            page.goto(f"{url}/manage/words/library")
            accessible(page, "what waits")
            page.get_by_text("Withhold").first.click()
            if scheme == "light" and (path := picture("managers-words")):
                page.screenshot(path=path, full_page=True)
            follow(button(page, "Withhold"))
            expect(page.get_by_text("Choose why.").first).to_be_visible()
            accessible(page, "a fault")
            page.get_by_label("It is insulting").first.check()
            follow(button(page, "Withhold"))
            expect(page.get_by_text("It is withheld.").first).to_be_visible()
            follow(page.get_by_role("button", name="Show").first)
            expect(page.get_by_text("Others may see it now.").first).to_be_visible()
            accessible(page, "what was judged")
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        context.close()

    @pytest.mark.parametrize("scheme", SCHEMES)
    def test_a_manager_looks_at_their_own_work(
        self, chromium: Browser, it: Program, url: str, scheme: Literal["light", "dark"]
    ) -> None:
        it.opened("How is the library doing?")
        context = chromium.new_context(viewport={"width": 360, "height": 800}, color_scheme=scheme, locale="en")
        with watched(context, url) as page:
            page.goto(f"{url}/manage/sign-in?token={it.link(('manager', 'library'))}")
            follow(button(page, "Sign in"))
            page.goto(f"{url}/manage/assess/library")
            accessible(page, "before the first time")
            follow(page.get_by_role("link", name="Only the stage Deliver"))
            page.get_by_label("Your guess, from 0 to 100").fill("very many")
            accessible(page, "the form")
            follow(button(page, "Keep my answers"))
            accessible(page, "a fault")
            page.get_by_label("Your guess, from 0 to 100").fill("85")
            for item in ("SA10", "SA11", "SA12"):
                page.locator(f"[name='level.{item}'][value='2']").check()
            follow(button(page, "Keep my answers"))
            expect(page.get_by_text("Kept. Thank you.")).to_be_visible()
            accessible(page, "what came of it")
            assert page.evaluate("document.documentElement.scrollWidth") <= 360
        context.close()

    def test_an_organiser_begins_with_an_example(self, context: BrowserContext, it: Program, url: str) -> None:
        with watched(context, url) as page:
            page.goto(f"{url}/manage/sign-in?token={it.link(ORGANISER)}")
            follow(button(page, "Sign in"))
            page.goto(f"{url}/manage/rounds/new?service=library&flow=option_round")
            follow(page.get_by_role("link", name="Fill in an example"))
            expect(page.get_by_text("This is an example.")).to_be_visible()
            expect(page.get_by_label("Title", exact=True)).to_have_value("When should the library be open?")
            accessible(page, "an example")
            follow(button(page, "Save the draft"))
            accessible(page, "a draft of an example")
            follow(button(page, "These words are true here"))
            expect(page.get_by_text("let a second person sign it")).to_be_visible()

    def test_an_organiser_opens_a_round_in_two_minutes(self, context: BrowserContext, it: Program, url: str) -> None:
        """From the link to the first citizen, with every page on the way fit for everyone."""
        with watched(context, url) as page:
            page.goto(f"{url}/manage")
            accessible(page, "outside")
            page.goto(f"{url}/manage/sign-in?token={it.link(ORGANISER, MANAGER)}")
            accessible(page, "the door")
            follow(button(page, "Sign in"))
            accessible(page, "no rounds")
            follow(page.get_by_role("link", name="New round"))
            accessible(page, "choosing")
            follow(page.get_by_role("link", name=re.compile("^Choose: How is it going")).first)
            follow(button(page, "Save the draft"))
            expect(page.get_by_role("alert")).to_be_focused()
            accessible(page, "faults")
            page.get_by_role("alert").get_by_role("link", name="Enter a title").click()
            expect(page.get_by_label("Title", exact=True)).to_be_focused()
            page.keyboard.type("How is the library?")
            follow(button(page, "Save the draft"))
            accessible(page, "a draft")
            follow(page.get_by_role("link", name="Try it out as a citizen"))
            accessible(page, "a rehearsal")
            press(page, "Yes")
            sees(page, "Shall we begin?")
            follow(page.get_by_role("link", name="Back to the round"))
            follow(button(page, "Open the round"))
            expect(page.get_by_text("The round is open.")).to_be_visible()
            accessible(page, "an open round")
            follow(page.get_by_role("link", name="Public page of this round"))
            follow(page.get_by_role("link", name="Answer here in the browser"))
            expect(page.get_by_role("button", name="Start this round")).to_be_visible()

    @pytest.mark.parametrize("language", ["en", "ar"])
    def test_who_is_asked_and_who_takes_part_is_there_for_everyone(
        self, chromium: Browser, it: Program, language: str
    ) -> None:
        it.config = replace(it.config, city=replace(it.config.city, languages=("en", "ar")))
        it.with_flow()
        draft = it.round("When should we open?", **{**FORMAL, "audience": "agreed"})
        code = it.opened("Opening hours", **FORMAL)
        said(it, code, 100, "harbour")
        said(it, code, 12, "hillside", "ar")
        context = chromium.new_context(viewport={"width": 390, "height": 844})
        with served(it) as url, watched(context, url) as page:
            page.goto(f"{url}/manage/sign-in?token={it.link(('organiser', '*'), language=language)}")
            follow(page.locator("main form button"))
            page.goto(f"{url}/manage/rounds/{draft}/audience")
            for summary in page.locator("details > summary").all():
                summary.click()
            accessible(page, "whom to ask")
            page.get_by_role("checkbox").first.check()
            follow(page.locator('form[action$="/audience"] button'))
            expect(page.get_by_role("checkbox").first).to_be_checked()
            follow(page.locator('form[action$="/list"] button'))
            expect(page.get_by_role("alert")).to_be_focused()
            accessible(page, "a list without a file")
            page.goto(f"{url}/manage/rounds/{code}/turnout")
            page.locator("details > summary").first.click()
            form = page.locator('form[action$="/margins"]').first
            for group, people in (("harbour", "120"), ("old_town", "some"), ("hillside", "400")):
                form.locator(f'[name="people.area.{group}"]').fill(people)
            form.locator('[name="source"]').fill("Census 2021")
            form.locator('[name="on"]').fill("2021-03-21")
            follow(form.get_by_role("button"))
            expect(page.get_by_role("alert")).to_be_focused()
            accessible(page, "a number that is none")
            form.locator('[name="people.area.old_town"]').fill("80")
            follow(form.get_by_role("button"))
            accessible(page, "who takes part")
            page.goto(f"{url}/manage/rounds/{code}")
            expect(page.locator("#numbers .lacking li")).to_have_count(2)
            accessible(page, "numbers of an open round")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
        context.close()

    def test_counts_grow_before_the_organisers_eyes(self, context: BrowserContext, it: Program, url: str) -> None:
        code = it.opened("How is the library?")
        with watched(context, url) as page:
            page.goto(f"{url}/manage/sign-in?token={it.link(ORGANISER)}")
            follow(button(page, "Sign in"))
            page.clock.install()
            page.goto(f"{url}/manage/rounds/{code}")
            finished = page.locator("#numbers dl > div", has_text="finished").locator("dd")
            expect(finished).to_have_text("0")
            said(it, code, 12, "harbour")
            it.now += timedelta(minutes=1)
            page.clock.run_for(11_000)
            expect(finished).to_have_text("12")

    def test_a_manager_reads_the_week_on_a_phone(self, context: BrowserContext, it: Program, url: str) -> None:
        it.figures["library"] = WEEK
        with watched(context, url) as page:
            page.goto(f"{url}/manage/sign-in?token={it.link(MANAGER)}")
            follow(button(page, "Sign in"))
            expect(page.get_by_role("heading", name="Figures")).to_be_visible()
            accessible(page, "figures")
            follow(page.get_by_role("link", name=re.compile("^Open: ")))
            accessible(page, "a digest")
            page.wait_for_function("document.querySelector('.chart img').naturalWidth > 0")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390

    @pytest.mark.parametrize("language", ["en", "ar"])
    def test_where_people_go_and_stop_is_there_for_everyone(
        self, chromium: Browser, it: Program, language: str
    ) -> None:
        """The picture in light and dark, from left and right, without a script, and never wider than the phone."""
        it.config = replace(it.config, city=replace(it.config.city, languages=("en", "ar")))
        code = it.opened("How is the library?")
        walked(it, code)
        with served(it) as url:
            for scheme in SCHEMES:
                context = chromium.new_context(
                    viewport={"width": 390, "height": 844}, color_scheme=scheme, java_script_enabled=True
                )
                with watched(context, url) as page:
                    page.goto(f"{url}/manage/sign-in?token={it.link(ORGANISER, MANAGER, language=language)}")
                    follow(page.locator("main form button"))
                    for path in ("", "/picture"):
                        page.goto(f"{url}/manage/rounds/{code}{path}")
                        accessible(page, f"a round{path} in {language}, {scheme}")
                        assert page.evaluate("document.documentElement.scrollWidth") <= 390
                        assert page.locator("svg.flow-picture .box").count() > 10
                        assert inside(page) == []
                    for path in ("", "/deliver_pulse", "/deliver_pulse/preview"):
                        page.goto(f"{url}/manage/flows{path}")
                        accessible(page, f"flows{path} in {language}, {scheme}")
                        assert page.evaluate("document.documentElement.scrollWidth") <= 390
                context.close()

    @pytest.mark.parametrize("language", ["en", "ar"])
    def test_what_people_want_is_there_for_everyone(self, chromium: Browser, it: Program, language: str) -> None:
        """In a round and in a digest, in light and dark, from left and right, and never wider than the phone."""
        it.config = replace(it.config, city=replace(it.config.city, languages=("en", "ar")))
        wanted = result(poll("rank", ["bac"] * 50), 5)
        it.figures["library"] = replace(WEEK, results=(wanted,))
        bar_chart(wanted, texts(language))  # loads what draws, so that no page waits for it
        code = ordered(it, 60)
        with served(it) as url:
            for scheme in SCHEMES:
                context = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
                with watched(context, url) as page:
                    page.goto(f"{url}/manage/sign-in?token={it.link(ORGANISER, MANAGER, language=language)}")
                    follow(page.locator("main form button"))
                    for path in (f"/rounds/{code}", "/digests/library/now"):
                        page.goto(f"{url}/manage{path}")
                        accessible(page, f"{path} in {language}, {scheme}")
                        assert page.evaluate("document.documentElement.scrollWidth") <= 390
                        page.wait_for_function("[...document.images].every(one => one.naturalWidth > 0)")
                context.close()

    @pytest.mark.parametrize("language", ["en", "ar"])
    def test_a_whole_digest_is_there_for_everyone_and_on_paper(
        self, chromium: Browser, it: Program, language: str
    ) -> None:
        """Ten items in light and dark, from left and right, without a script, on a phone, and on two pages of paper."""
        it.config = replace(it.config, city=replace(it.config.city, languages=("en", "ar")))
        it.figures["library"] = FULL
        charts(FULL, texts(language))  # loads what draws, so that no page waits for it
        with served(it) as url:
            for scheme in SCHEMES:
                context = chromium.new_context(
                    viewport={"width": 390, "height": 844}, color_scheme=scheme, java_script_enabled=scheme == "light"
                )
                with watched(context, url) as page:
                    page.goto(f"{url}/manage/sign-in?token={it.link(ORGANISER, MANAGER, language=language)}")
                    follow(page.locator("main form button"))
                    page.goto(f"{url}/manage/digests/library/now")
                    assert page.locator("h2").count() >= 10
                    assert page.locator(".chart img").count() == 4
                    if scheme == "light":
                        accessible(page, f"a whole digest in {language}")
                        assert page.evaluate("document.documentElement.scrollWidth") <= 390
                        page.wait_for_function("[...document.images].every(one => one.naturalWidth > 0)")
                    with pypdfium2.PdfDocument(page.pdf(format="A4")) as paper:
                        assert len(paper) <= 2
                context.close()

    @pytest.mark.parametrize("language", ["en", "ar"])
    def test_what_people_said_is_there_for_everyone(self, chromium: Browser, it: Program, language: str) -> None:
        """The findings of a round: light and dark, from left and right, without a script, on a phone and on paper."""
        it.config = replace(it.config, city=replace(it.config.city, languages=("en", "ar")))
        code = counted(it)
        with served(it) as url:
            for scheme in SCHEMES:
                context = chromium.new_context(
                    viewport={"width": 390, "height": 844},
                    color_scheme=scheme,
                    locale=language,
                    java_script_enabled=scheme == "light",
                )
                with watched(context, url) as page:
                    page.goto(f"{url}/rounds/{code}")
                    assert page.locator(".bar").count() > 10
                    for summary in page.locator(".finding summary").all():
                        summary.click()
                    if scheme == "light":
                        accessible(page, f"findings in {language}")
                        assert page.evaluate("document.documentElement.scrollWidth") <= 390
                    page.emulate_media(media="print")
                    expect(page.locator(".finding table").first).to_be_visible()
                    expect(page.locator(".finding summary").first).to_be_hidden()
                context.close()

    def test_it_all_prints(self, context: BrowserContext, it: Program, url: str) -> None:
        """A page on paper has no buttons and keeps its words."""
        code = it.opened("The reading room", **FORMAL)
        with watched(context, url) as page:
            page.goto(f"{url}/rounds/{code}")
            page.emulate_media(media="print")
            expect(page.get_by_role("link", name="Answer here in the browser")).to_be_hidden()
            expect(page.get_by_role("heading", name="The reading room")).to_be_visible()
            expect(page.get_by_role("img", name="QR code of this chat")).to_be_visible()
