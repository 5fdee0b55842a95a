"""The process is killed at every crossing of an action: begun, given on, ended, its owner reminded, answers opened.

An alarm that reached nobody is told late, once.

A browser sends its form again, as somebody does who presses once more after an error: the same form acts once.
"""

from __future__ import annotations

import asyncio
import html
import json
import re
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from storage import alarms, tables
from tests.journeys.ordeal import Midwife, Ordeal, seen
from tests.journeys.test_kills_web import Browser, client_of, invited

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

BEGINNING = ["action.begins", "action.begun"]
REMINDING = ["action.reminds", "action.reminded"]
GIVING = ["action.gives", "action.given"]
SETTLING = ["action.settles", "action.settled"]
EXPIRING = ["action.expires", "action.expired"]
OPENING = ["answers.opens", "answers.opened"]
CLOSING = ["alarm.closes", "alarm.closed"]
TELLING = ["alarm.tells", "alarm.told"]
"""An alarm that reached nobody when it sounded, told once somebody can be reached."""
CROSSINGS = [*BEGINNING, *GIVING, *SETTLING, *CLOSING, *OPENING, *REMINDING, *EXPIRING, *TELLING]
PAGE = "/manage/actions/library"
WORDS = "Mend the door"
MADRID = ZoneInfo("Europe/Madrid")


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_an_action_is_begun_given_and_ended_once_wherever_the_process_is_killed(
    bare_url: str, tmp_path: Path, midwife: Midwife
) -> None:
    async with Ordeal(tmp_path, bare_url, midwife) as ordeal, AsyncExitStack() as clients:
        ordeal.set_clock(datetime(2027, 1, 11, 10, tzinfo=MADRID))
        links = [await invited(ordeal, name) for name in ("Maya", "Omar")]
        await ordeal.lives()
        await ordeal.api.citizen(502).sends(links[1]["telegram"])
        await seen(ordeal.api.citizens[502], "manager")
        browser = Browser(await clients.enter_async_context(client_of(ordeal)))
        await browser.client.post("/manage/sign-in", data={"token": links[0]["web"].partition("token=")[2]})
        await ordeal.over()
        await ordeal.stops()
        alarmed(ordeal, b"to be looked after", 1)
        work = asyncio.create_task(acts(browser))
        for crossing in (*BEGINNING, *GIVING, *SETTLING, *CLOSING, *OPENING):
            await ordeal.lives(f"{crossing}:1")
            assert await ordeal.dies(), ordeal.told()
        await ordeal.lives()
        page = await work
        await ordeal.over()
        await ordeal.stops()
        for crossing in (*REMINDING, *EXPIRING):
            due_again(ordeal)
            await ordeal.lives(f"{crossing}:1")
            assert await ordeal.dies(), ordeal.told()
        alarmed(ordeal, b"unheard", 0)
        for crossing in TELLING:
            await ordeal.lives(f"{crossing}:1")
            assert await ordeal.dies(), ordeal.told()
        await ordeal.lives()
        await seen(ordeal.api.citizens[502], "was due on")
        await seen(ordeal.api.citizens[502], "nobody could be told then")
        await ordeal.over()
        await ordeal.stops()
        check(ordeal)
    assert "The answers behind the figure" in page.text
    assert ordeal.kills == len(CROSSINGS)


async def acts(browser: Browser) -> httpx.Response:
    """Begin an action, give it to a colleague, end it, look after an alarm and at the answers of the week before."""
    page = await browser.gets(f"{PAGE}/act?kind=fix&source=words")
    form = html.unescape(re.findall(r'name="form" value="([^"]+)"', page.text)[0])
    given = {"kind": "fix", "source": "words", "words": WORDS, "form": form, "sure": "1"}
    page = await browser.presses(f"{PAGE}/act", page, **given)
    path = page.url.path
    (omar,) = re.findall(r'<option value="(\d+)">Omar', page.text)
    page = await browser.presses(f"{path}/give", page, owner=omar, due="2027-01-12")
    page = await browser.presses(f"{path}/settle", page, state="done", outcome="It closes again.")
    await browser.presses("/manage/urgent/library/1/done", page)
    return await browser.gets("/manage/answers/library?week=2027-W01")


def due_again(ordeal: Ordeal) -> None:
    """Let the action be overdue, and a question over; what the clock has noted of them stays as it is."""
    then = datetime(2027, 1, 13, 10, tzinfo=MADRID)
    ordeal.set_clock(then)
    with ordeal.writing() as db:
        db.execute(update(tables.actions).values(state="open", kind="ask", expires_at=then - timedelta(days=1)))


def alarmed(ordeal: Ordeal, key: bytes, told: int) -> None:
    """Let an alarm have sounded that reached so many addresses of staff."""
    then = datetime(2027, 1, 12, 10, tzinfo=MADRID)
    with ordeal.writing() as db:
        somebody = db.execute(select(tables.contacts.c.id).limit(1)).scalar_one()
        alarm = alarms.sound(db, key, "library", then, contact_id=somebody)
        assert alarm is not None
        alarms.told(db, alarm, told)


def check(ordeal: Ordeal) -> None:
    """Each act was noted once, the colleague was told once of each thing, and each look left its line."""
    with ordeal.looking() as db:
        assert [row.words for row in db.execute(select(tables.actions))] == [WORDS]
        log = list(db.execute(select(tables.action_log.c.what).order_by(tables.action_log.c.id)).scalars())
        keys = list(db.execute(select(tables.outbox.c.key)).scalars())
        looked = [row.who for row in db.execute(select(tables.looks)) if "did" not in json.loads(row.what)]
        assert looked[-1:] == ["Maya"]
        assert [row.closed_at is None for row in db.execute(select(tables.alarms))] == [False, True]
    assert log[:3] == ["begun", "given", "done"]
    assert log.count("reminded") == 1
    assert len([key for key in keys if ".given." in key]) == 1
    assert len([key for key in keys if ".overdue." in key]) == 1
    assert len([key for key in keys if key.startswith("alarm.")]) == 1
