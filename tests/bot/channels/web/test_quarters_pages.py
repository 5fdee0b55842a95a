"""The quarterly sheet as managers read it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.digests.disclosure import share
from bot.digests.model import dump
from bot.digests.weeks import Week
from storage import digests, people
from tests.bot.channels.web.stage import NOW, served
from tests.bot.channels.web.test_browser import accessible, follow, watched
from tests.bot.channels.web.test_public_pages import FORMAL
from tests.bot.channels.web.test_staff_pages import MANAGER, ORGANISER, WEEK, entered
from tests.support.answering import answered

if TYPE_CHECKING:
    import httpx
    from playwright.sync_api import Browser

    from tests.bot.channels.web.stage import Program

SHEET = "/manage/quarters/library/2026-Q4"


def written(it: Program, *weeks: int) -> None:
    """Give a manager a digest of each of these weeks: 30 of 50 are content in each."""
    with it.database.transaction() as db:
        person = people.everyone(db)[0]
        for number in weeks:
            week = Week(2026, number)
            score = replace(WEEK.scores[0], positive=share(30, 50, 5), change=None)
            body = replace(WEEK, period=str(week), since=week.monday, until=week.sunday, scores=(score,))
            digests.write(db, digests.DigestRow(person.id, "library", str(week), NOW, dump(body)))


def ended(it: Program) -> str:
    """Return a yearly review that three hundred people have answered, closed and counted for everybody."""
    code = it.opened("Was it worth it?", **FORMAL)
    answered(it.database, it.rounds.played(code), code, 300, NOW)
    it.rounds.close(code, who=None)
    it.now = NOW + timedelta(days=15)
    assert it.sweeps().findings() == 1
    return code


async def test_a_quarter_adds_up_what_its_weeks_told(it: Program, client: httpx.AsyncClient) -> None:
    page = await entered(it, client, MANAGER)
    assert "Quarter 4 of 2026" in page.text
    assert f'href="{SHEET}"' in page.text
    written(it, 44, 45, 46)
    found = (await client.get(SHEET)).text
    assert "60% said very good or good (90 of 150)" in found
    assert "From 3 weeks that told a share." in found
    assert "Nothing to compare with in the quarter before." in found
    assert "This quarter is still running." in found
    assert "Value account" not in found


async def test_a_round_that_ended_tells_what_the_service_is_worth(it: Program, client: httpx.AsyncClient) -> None:
    ended(it)
    await entered(it, client, MANAGER)
    found = (await client.get(SHEET)).text
    assert "Was it worth it?" in found
    assert "Value for each person." in found
    assert "the mean of 2 of 2 questions" in found
    assert "the mean of 4 of 4 questions" in found


async def test_a_quarter_of_which_nothing_is_known_says_so(it: Program, client: httpx.AsyncClient) -> None:
    await entered(it, client, MANAGER)
    assert "Nothing can be told of this quarter" in (await client.get("/manage/quarters/library/2026-Q1")).text


@pytest.mark.parametrize("address", ["bus7/2026-Q4", "nothing/2026-Q4", "library/2027-Q1", "library/2026-W47"])
async def test_what_is_not_theirs_and_what_is_not_yet_does_not_exist(
    it: Program, client: httpx.AsyncClient, address: str
) -> None:
    await entered(it, client, MANAGER)
    assert (await client.get(f"/manage/quarters/{address}")).status_code == 404


async def test_an_organiser_alone_reads_no_sheet(it: Program, client: httpx.AsyncClient) -> None:
    await entered(it, client, ORGANISER)
    assert (await client.get(SHEET)).status_code == 404


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_sheet_is_there_for_everyone(chromium: Browser, it: Program, language: str) -> None:
    it.config = replace(it.config, city=replace(it.config.city, languages=("en", "ar")))
    ended(it)
    link = it.link(MANAGER, language=language)
    written(it, 44, 45, 46)
    with served(it) as url:
        context = chromium.new_context(viewport={"width": 390, "height": 844})
        with watched(context, url) as page:
            page.goto(f"{url}/manage/sign-in?token={link}")
            follow(page.locator("main form button"))
            page.goto(f"{url}{SHEET}")
            assert page.locator("h2").count() == 2
            page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
            accessible(page, f"a quarterly sheet in {language}")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
        context.close()
