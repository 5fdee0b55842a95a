"""The pages of staff with the keyboard alone: every control is reached in order, is seen when it is, and works."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.bot.channels.web.test_browser import watched
from tests.bot.channels.web.test_staff_pages import ORGANISER

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

    from tests.bot.channels.web.stage import Program

pytestmark = pytest.mark.browser
MOST = 150
"""Presses of Tab within which every control of a page is reached."""
APPROVER = ("approver", "library")
SEEN = """each => {
    const style = getComputedStyle(each), box = each.getBoundingClientRect();
    const ringed = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== "none";
    const hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    return ringed && box.bottom > 0 && box.top < innerHeight && (each === hit || each.contains(hit));
}"""
"""Whether what has the focus is drawn so, stands within the window, and nothing lies over it (WCAG 2.4.7, 2.4.11)."""
DESK: Any = {"locale": "en-GB", "viewport": {"width": 1000, "height": 760}, "reduced_motion": "reduce"}
AHEAD = "() => [...document.querySelectorAll('[tabindex]')].filter(each => each.tabIndex > 0).length"


class Hands:
    """Somebody who has a keyboard and no mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def reaches(self, control: Locator) -> None:
        """Press Tab until a control has the focus; it must be seen to have it."""
        for _ in range(MOST):
            self.page.keyboard.press("Tab")
            if control.evaluate("each => each === document.activeElement"):
                assert control.evaluate(SEEN), f"nobody sees that {control} has the focus"
                return
        pytest.fail(f"Tab does not lead to {control}")

    def goes(self, role: str, name: str) -> None:
        """Reach a link or a button and press Enter; what it leads to is there afterwards."""
        assert self.page.evaluate(AHEAD) == 0, "an order of its own leads past what one sees"
        self.reaches(self.page.get_by_role(role, name=re.compile(f"^{re.escape(name)}")).first)  # type: ignore[arg-type]
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def unfolds(self, name: str) -> None:
        """Reach what is folded up and open it."""
        folded = self.page.locator("summary", has_text=name).first
        self.reaches(folded)
        self.page.keyboard.press("Space")
        expect(folded.locator("xpath=..")).to_have_attribute("open", "")

    def writes(self, label: str, text: str) -> None:
        """Reach a field and put words in the place of what it holds."""
        self.reaches(self.page.get_by_label(label, exact=True).first)
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)


def test_from_a_draft_to_an_open_round_and_its_end_with_the_keyboard_alone(
    chromium: Browser, it: Program, url: str
) -> None:
    ours, theirs = (chromium.new_context(**DESK) for _ in range(2))
    organiser, approver = it.link(ORGANISER, name="Omar"), it.link(APPROVER, name="Ada")
    with watched(ours, url) as page, watched(theirs, url) as other:
        omar, ada = Hands(page), Hands(other)
        page.goto(f"{url}/manage/sign-in?token={organiser}")
        omar.goes("button", "Sign in")
        omar.goes("link", "New round")
        omar.goes("link", "Choose: How could it be better?")
        omar.goes("link", "Fill in an example")
        omar.writes("Title", "How could the library be better?")
        omar.writes("Short name in addresses", "better")
        omar.reaches(page.locator("[name=audience]:checked"))
        page.keyboard.press("ArrowDown")
        expect(page.locator("[name=audience][value=agreed]")).to_be_checked()
        page.keyboard.press("ArrowUp")
        omar.goes("button", "Save the draft")
        expect(page.get_by_text("The draft is saved.")).to_be_visible()
        omar.goes("link", "The idea")
        page.keyboard.press("Tab")
        omar.goes("link", "Back")
        omar.goes("button", "These words are true here")
        ada.page.goto(f"{url}/manage/sign-in?token={approver}")
        ada.goes("button", "Sign in")
        ada.goes("link", "How could the library be better?")
        ada.goes("button", "Read and found good: sign")
        expect(other.get_by_text("You have signed the round.")).to_be_visible()
        page.reload()
        omar.goes("button", "Open the round")
        expect(page.get_by_text("The round is open.")).to_be_visible()
        assert it.rounds.find("better").state == "open"  # type: ignore[union-attr]
        omar.unfolds("Pause it")
        omar.writes("Why?", "a mistake in the letter")
        omar.goes("button", "Pause the round")
        omar.goes("button", "Let it go on")
        omar.unfolds("Close it now")
        omar.goes("button", "Close the round")
        expect(page.get_by_text("The round is closed.")).to_be_visible()
        omar.goes("link", "Write the report")
        omar.writes("Result in English", "We open on Sundays.")
        omar.writes("Result in Español", "Abrimos los domingos.")
        omar.writes("Who answers for this text", "Ada Ames, library")
        omar.goes("button", "Look at it before it is published")
        omar.goes("button", "Publish the result")
        expect(page.get_by_text("The result is published")).to_be_visible()
    ours.close()
    theirs.close()


def test_what_is_wrong_is_reached_first_and_leads_to_its_field(chromium: Browser, it: Program, url: str) -> None:
    context = chromium.new_context(**DESK)
    with watched(context, url) as page:
        omar = Hands(page)
        page.goto(f"{url}/manage/sign-in?token={it.link(ORGANISER)}")
        omar.goes("button", "Sign in")
        page.goto(f"{url}/manage/rounds/new?service=library&flow=deliver_pulse")
        omar.goes("button", "Save the draft")
        expect(page.get_by_role("alert")).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Enter a title")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_label("Title", exact=True)).to_be_focused()
    context.close()
