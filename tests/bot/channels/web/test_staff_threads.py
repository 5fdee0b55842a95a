"""What citizens write to the people of a service, in the browsers of staff."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx
import pytest

from bot.channels.web import site
from storage import contacts, outbox, people, threads
from tests.bot.channels.web.stage import NOW, Program
from tests.bot.channels.web.test_staff_pages import MANAGER, ORGANISER, entered, faults, posted

if TYPE_CHECKING:
    from storage.contacts import Contact
    from storage.threads import Thread

WORDS = "Where is the <lift>?"


@pytest.fixture
def citizen(it: Program) -> Contact:
    """Somebody who writes from a browser."""
    new = contacts.NewContact("web", it.keys.address_hash("web", "cookie"), it.keys.seal("cookie"), "en", NOW)
    with it.database.transaction() as db:
        return contacts.add(db, [new])[0]


def written(it: Program, citizen: Contact, words: str = WORDS, service: str = "library") -> Thread:
    """Let a citizen write to the people of a service."""
    with it.database.transaction() as db:
        thread = it.threads.begin(db, citizen, service, NOW)
        it.threads.bring(db, thread, words, NOW, danger=False)
        return thread


def said(it: Program, citizen: Contact) -> list[str]:
    """Return what waits to be shown to the citizen."""
    with it.database.transaction() as db:
        return [row.body for row in outbox.claim(db, "web", "me", NOW, NOW - NOW, 9) if row.contact_id == citizen.id]


def form_of(page: httpx.Response) -> str:
    found = re.search(r'name="form" value="([\w-]+)"', page.text)
    assert found
    return found[1]


async def test_who_waits_stands_on_the_list(it: Program, client: httpx.AsyncClient, citizen: Contact) -> None:
    thread = written(it, citizen)
    await entered(it, client, MANAGER)
    page = await client.get("/manage/threads")
    assert thread.name in page.text
    assert "Waits for an answer" in page.text
    assert "lift" not in page.text
    assert '<a href="/manage/threads" aria-current="page">Messages</a>' in page.text


async def test_an_answer_reaches_the_citizen_once(it: Program, client: httpx.AsyncClient, citizen: Contact) -> None:
    path = f"/manage/threads/{written(it, citizen).name}"
    await entered(it, client, ORGANISER)
    page = await client.get(path)
    assert "Where is the &lt;lift&gt;?" in page.text
    form = form_of(page)
    for _ in range(2):
        page = await posted(client, f"{path}/reply", text="Behind the stairs.", form=form)
        assert "Your answer is on its way." in page.text
    assert page.text.count("Behind the stairs.") == 1
    assert "Ada looks after it." in page.text
    (body,) = said(it, citizen)
    assert "Behind the stairs." in body
    assert "Ada" not in body
    assert "Answered" in (await client.get("/manage/threads")).text


async def test_every_page_counts_who_waits_for_those_who_may_answer(
    it: Program, client: httpx.AsyncClient, citizen: Contact
) -> None:
    thread = written(it, citizen)
    written(it, citizen, service="bus7")
    await entered(it, client, MANAGER)
    assert "Messages (1)</a>" in (await client.get("/manage/flows")).text
    page = await client.get(f"/manage/threads/{thread.name}")
    await posted(client, f"/manage/threads/{thread.name}/reply", text="Behind the stairs.", form=form_of(page))
    assert "Messages</a>" in (await client.get("/manage/flows")).text
    written(it, citizen, words="And the other one?")
    assert "Messages (1)</a>" in (await client.get("/manage/flows")).text


async def test_an_empty_answer_is_asked_for_again(it: Program, client: httpx.AsyncClient, citizen: Contact) -> None:
    path = f"/manage/threads/{written(it, citizen).name}"
    await entered(it, client, MANAGER)
    page = await posted(client, f"{path}/reply", text="  ", form="f1")
    assert page.status_code == 422
    assert faults(page) == ["Write an answer first"]


async def test_who_wants_no_more_messages_gets_none(it: Program, client: httpx.AsyncClient, citizen: Contact) -> None:
    path = f"/manage/threads/{written(it, citizen).name}"
    with it.database.transaction() as db:
        contacts.set_stopped(db, citizen.id, NOW)
    await entered(it, client, MANAGER)
    page = await posted(client, f"{path}/reply", text="Wait", form="f1")
    assert page.status_code == 422
    assert "Nothing was sent." in page.text
    assert ">Wait</textarea>" in page.text
    assert said(it, citizen) == []


async def test_a_closed_thread_is_told_and_lies_below(it: Program, client: httpx.AsyncClient, citizen: Contact) -> None:
    thread = written(it, citizen)
    await entered(it, client, MANAGER)
    page = await posted(client, f"/manage/threads/{thread.name}/close")
    assert "The thread is closed." in page.text
    assert "Close the thread" not in page.text
    assert "Nobody is waiting." in (await client.get("/manage/threads")).text
    (body,) = said(it, citizen)
    assert "have ended this conversation" in body


async def test_a_thread_is_handed_on_to_a_colleague_or_to_all(
    it: Program, client: httpx.AsyncClient, citizen: Contact
) -> None:
    thread = written(it, citizen)
    it.link(MANAGER, name="Omar")
    await entered(it, client, MANAGER)
    path = f"/manage/threads/{thread.name}"
    with it.database.reading() as db:
        omar = next(person.id for person in people.everyone(db) if person.name == "Omar")
    page = await posted(client, f"{path}/hand", to=str(omar))
    assert "Omar looks after it." in page.text
    page = await posted(client, f"{path}/hand", to="")
    assert "Everybody who runs the service looks after it." in page.text
    assert (await posted(client, f"{path}/hand", to="999")).status_code == 404


async def test_what_somebody_may_not_see_does_not_exist_for_them(
    it: Program, client: httpx.AsyncClient, citizen: Contact
) -> None:
    thread = written(it, citizen, service="bus7")
    await entered(it, client, MANAGER, ("approver", "bus7"))
    path = f"/manage/threads/{thread.name}"
    assert thread.name not in (await client.get("/manage/threads")).text
    assert (await client.get(path)).status_code == 404
    for act in ("reply", "close", "hand"):
        assert (await posted(client, f"{path}/{act}", text="x", form="f")).status_code == 404
    with it.database.reading() as db:
        untouched = threads.named(db, thread.name)
    assert untouched is not None
    assert untouched.closed_at is None
    assert (await client.get("/manage/threads/nobody")).status_code == 404


async def test_outside_one_reads_how_to_get_in(it: Program) -> None:
    transport = httpx.ASGITransport(site(it))
    async with httpx.AsyncClient(transport=transport, base_url="http://voice.test") as stranger:
        assert (await stranger.get("/manage/threads")).status_code == 401
