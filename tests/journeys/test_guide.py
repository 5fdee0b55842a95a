"""The guide for organisers: from nothing to an open round in the browser, each step as the guide tells it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.journeys.town import SETTINGS, Town
from tests.support.browser import PATIENCE_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

GUIDE = Path(__file__).parents[2] / "docs" / "organisers.md"
TITLE = "How could the library be better?"
WIDE: Any = {"width": 1000, "height": 760}
PRESSES, FIELDS = 10, 1
"""So much work a round is for both people together, on any machine."""


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A city on its own clock, without a message of anybody."""
    with Town(tmp_path, SETTINGS) as built:
        built.start()
        yield built


class Hand:
    """Somebody at a browser who does what the guide says, and takes pictures."""

    def __init__(self, chromium: Browser, town: Town, role: str, name: str, pressed: list[str]) -> None:
        self.pressed, self.typed = pressed, list[str]()
        link = town.asks("invite", "--role", role, "--service", "library", "--name", name)["web"]
        self.page: Page = chromium.new_context(locale="en-GB", viewport=WIDE).new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.goto(link)

    def presses(self, label: str, of: str = "button") -> None:
        """Press what the guide names, and wait for the page it leads to."""
        self.pressed.append(label)
        control = self.page.get_by_role(of, name=re.compile(f"^{re.escape(label)}"))  # type: ignore[arg-type]
        with self.page.expect_navigation():
            control.first.click()

    def types(self, field: str, text: str) -> None:
        """Write into the field that the guide names."""
        self.typed.append(field)
        self.page.get_by_label(field, exact=True).fill(text)

    def shows(self, picture: Path | None, *, top: str = "") -> None:
        """Take a picture of what stands before them, `top` at its upper edge."""
        if picture:
            if top:
                self.page.get_by_text(top).first.evaluate("each => each.scrollIntoView()")
            self.page.screenshot(path=picture)


@pytest.mark.slow
@pytest.mark.browser
def test_from_nothing_to_an_open_round(chromium: Browser, town: Town, picture: Callable[[str], Path | None]) -> None:
    pressed = list[str]()
    ada = Hand(chromium, town, "approver", "Ada", [])
    ada.presses("Sign in")
    omar = Hand(chromium, town, "organiser", "Omar", pressed)
    omar.presses("Sign in")
    omar.shows(picture("organisers-1"))
    omar.presses("New round", "link")
    omar.shows(picture("organisers-2"))
    omar.presses("Choose: How could it be better?", "link")
    omar.presses("Fill in an example", "link")
    omar.types("Title", TITLE)
    omar.shows(picture("organisers-3"))
    omar.presses("Save the draft")
    omar.presses("These words are true here")
    expect(omar.page.get_by_text("Ada").first).to_be_visible()
    omar.shows(picture("organisers-4"))
    round_page = omar.page.url
    omar.presses("Try it out as a citizen", "link")
    omar.shows(picture("organisers-5"))
    ada.pressed = pressed
    ada.page.reload()
    ada.presses("Read and sign", "link")
    ada.presses("Read and found good: sign")
    expect(ada.page.get_by_text("You have signed the round.")).to_be_visible()
    omar.page.goto(round_page)
    omar.presses("Open the round")
    expect(omar.page.get_by_text("The round is open.")).to_be_visible()
    omar.shows(picture("organisers-6"))
    code = omar.page.url.partition("?")[0].rpartition("/")[2]
    omar.page.goto(f"{town.url}/rounds/{code}")
    expect(omar.page.get_by_role("link", name="Answer here in the browser")).to_be_visible()
    omar.shows(picture("organisers-7"))
    assert (len(pressed), len(omar.typed) + len(ada.typed)) == (PRESSES, FIELDS)
    _guided(pressed)


def _guided(pressed: list[str]) -> None:
    """The guide names all that was pressed, in this order; each picture of it is there."""
    text = GUIDE.read_text("utf-8")
    assert f"{PRESSES} presses and {FIELDS} field to type into" in text
    assert re.findall(r"\*\*([^*]+)\*\*", text) == pressed
    pictures = re.findall(r"\]\((organisers-\d\.png)\)", text)
    assert len(pictures) == 7
    assert all((GUIDE.parent / name).is_file() for name in pictures)
