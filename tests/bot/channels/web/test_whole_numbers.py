"""A number in an address or a form that is larger than any of ours is none: nothing breaks over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.bot.channels.web.stage import NOW, Program
from tests.bot.channels.web.test_chat_pages import _events
from tests.bot.channels.web.test_staff_pages import MANAGER, ORGANISER, entered, posted
from tests.bot.channels.web.test_staff_threads import citizen, written

if TYPE_CHECKING:
    from storage.contacts import Contact

__all__ = ["citizen"]

HUGE = ["9" * 20, "9" * 5000]


@pytest.mark.parametrize("number", HUGE)
async def test_nothing_has_such_a_number(it: Program, client: httpx.AsyncClient, citizen: Contact, number: str) -> None:
    thread = f"/manage/threads/{written(it, citizen).name}"
    await entered(it, client, MANAGER)
    for path in (f"/manage/actions/library/{number}", f"{thread}/files/{number}"):
        assert (await client.get(path)).status_code == 404, path
    for path in (f"/manage/actions/library/{number}/give", f"/manage/actions/library/{number}/settle"):
        assert (await posted(client, path, outcome="x")).status_code == 404, path
    assert (await posted(client, f"{thread}/hand", to=number)).status_code == 404


@pytest.mark.parametrize("number", HUGE)
async def test_a_list_that_took_in_more_than_there_are_people_is_not_told_of(
    it: Program, client: httpx.AsyncClient, number: str
) -> None:
    code = it.round("Opening hours", closes_at=NOW)
    await entered(it, client, ORGANISER)
    page = await client.get(
        f"/manage/rounds/{code}/audience", params=dict.fromkeys(("new", "good", "twice", "bad"), number)
    )
    assert page.status_code == 200
    assert "999" not in page.text.split("<form", 1)[0]
    assert (await client.get(f"/manage/rounds/{code}/files/{number}")).status_code == 404


@pytest.mark.parametrize("number", HUGE)
async def test_a_page_that_names_such_a_line_of_the_chat_gets_the_answer(
    client: httpx.AsyncClient, number: str
) -> None:
    await client.post("/chat/start", data={"code": ""})
    said = await client.post("/chat", data={"text": "hello", "last": number}, headers={"accept": "application/json"})
    assert said.status_code == 200
    assert "html" in said.json()


@pytest.mark.parametrize("number", HUGE)
def test_a_stream_from_such_a_line_on_begins_at_the_first(url: str, number: str) -> None:
    with httpx.Client(base_url=url, follow_redirects=True) as browser:
        browser.post("/chat/start", data={"code": ""})
        (first,) = _events(browser, f"/chat/stream?after={number}", 1)
    assert first["id"] == "1"
