"""The chapter for managers is true: its talk is what the bot says, its picture is of the page."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.assessing.items import ITEMS
from storage import answers, assessments, people, rounds
from storage.assessments import Level, Prediction
from tests.bot.channels.web.stage import NOW, program, served
from tests.bot.test_threads import employed
from tests.storage import makers

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser

    from bot.channels.base import Outbound
    from tests.bot.channels.web.stage import Program
    from tests.support.house import House

GUIDE = Path(__file__).parents[3] / "docs" / "managers.md"
TALK = re.compile(r"```text assess\n(.*?)```", re.DOTALL)
STEPS = (
    *("/assess", "[Only the stage Deliver]", "85", "[Standard]", "https://city.example/steps"),
    *("[Repeated]", "[Not done]"),
)
"""What the manager of the chapter does; what stands in brackets is a button."""


def shown(said: list[Outbound]) -> list[str]:
    lines = []
    for each in said:
        buttons = " ".join(f"[{button.label}]" for button in each.buttons)
        lines += [f"< {line}".rstrip() for line in [*each.text.split("\n"), *([buttons] if buttons else [])]]
    return lines


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_the_talk_of_the_chapter_is_what_the_bot_says(house: House, request: pytest.FixtureRequest) -> None:
    house.pulse()
    max_ = await employed(house, "Max", ("manager", "library"))
    lines: list[str] = []
    for step in STEPS:
        said = await (max_.taps(step[1:-1]) if step.startswith("[") else max_.says(step))
        lines += [f"> {step}", *shown(said)]
    talk = "\n".join(lines) + "\n"
    written = GUIDE.read_text("utf-8")
    if request.config.getoption("--pictures"):
        written = TALK.sub(lambda _: f"```text assess\n{talk}```", written)
        GUIDE.write_text(written, encoding="utf-8")
    found = TALK.search(written)
    assert found
    assert found[1] == talk


def lived(it: Program) -> None:
    """Let a quarter of a year have gone by at the library."""
    code = it.opened("How is the library?")
    begun, answered = NOW - timedelta(days=12), NOW - timedelta(days=8)
    with it.database.transaction() as db:
        me = people.everyone(db)[0].id
        row = rounds.by_code(db, code)
        assert row is not None
        rounds.change(db, row.id, opened_at=begun)
        assessments.predict(db, Prediction(row.id, me, 85, begun))
        for item, worst in (("del.overall", 16), ("del.ease", 30)):
            given = [
                makers.answer(row, bytes([n]), item, answered, item=item, choice="2" if n < worst else "4")
                for n in range(50)
            ]
            answers.append(db, given)
        for person, shift in ((me, 0), (people.add(db, "Ben", "en", NOW).id, 1)):
            people.grant(db, person, "manager", "library", NOW)
            said = {
                item.id: Level((2, 3, 3, 1)[(n + shift) % 4], "https://city.example/work")
                for n, item in enumerate(ITEMS)
            }
            form = assessments.begin(db, person, "library", None, answered)
            assessments.finish(db, form, said, ["SA03", "SA10", "SA16"], answered)
            assessments.show_to(db, person, "library", [me] if person != me else [])


@pytest.mark.timeout(180)
def test_the_picture_of_the_chapter_is_of_the_page(
    chromium: Browser, tmp_path: Path, picture: Callable[[str], Path | None]
) -> None:
    it = program(tmp_path)
    token = it.link(("manager", "library"), name="Max")
    lived(it)
    with served(it) as url:
        page = chromium.new_context(viewport={"width": 1000, "height": 1250}, locale="en").new_page()
        page.goto(f"{url}/manage/sign-in?token={token}")
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/manage/**")
        page.goto(f"{url}/manage/assess/library")
        told = page.locator("main").inner_text()
        if where := picture("managers-assess"):
            page.screenshot(path=where)
    it.database.close()
    assert "Deliver: you expected 85%, and 68% of 50 said very good or good: 17 points too optimistic" in told
    assert "following the user's journey: people's experience is 45 of 100." in told
    text = GUIDE.read_text("utf-8")
    assert "![" in text
    assert "(managers-assess.png)" in text
    assert (GUIDE.parent / "managers-assess.png").is_file()
