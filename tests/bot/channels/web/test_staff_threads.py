"""What citizens write to the people of a service, in the browsers of staff."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING

import httpx
import pytest
from PIL import Image

from bot import letters
from bot.channels.web import site
from bot.threads import Sending
from storage import contacts, looks, outbox, people, threads
from tests.bot.channels.web.stage import NOW, Program
from tests.bot.channels.web.test_pure import jpeg
from tests.bot.channels.web.test_staff_pages import MANAGER, ORGANISER, entered, faults, posted, stamp
from tests.support import recordings

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
        it.threads.bring(db, thread, Sending(words), NOW, danger=False)
        return thread


def said(it: Program, citizen: Contact) -> list[str]:
    """Return what waits to be shown to the citizen."""
    with it.database.transaction() as db:
        rows = outbox.claim(db, "web", "me", NOW, NOW - NOW, 9)
        return [letters.opened(row.body, it.keys) for row in rows if row.contact_id == citizen.id]


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
    assert '<a href="/manage/threads" aria-current="page">Messages (1)</a>' in page.text


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


async def test_a_long_answer_is_not_cut(it: Program, client: httpx.AsyncClient, citizen: Contact) -> None:
    path = f"/manage/threads/{written(it, citizen).name}"
    await entered(it, client, MANAGER)
    page = await posted(client, f"{path}/reply", text="a" * 4001, form="f1")
    assert page.status_code == 422
    assert faults(page) == ["This answer has 4001 characters. Please say it in at most 4000, or in two answers."]
    assert f">{'a' * 4001}</textarea>" in page.text
    assert said(it, citizen) == []


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


async def test_a_photo_is_shown_without_what_stands_beside_it_to_those_who_may_read_the_thread(
    it: Program, client: httpx.AsyncClient, citizen: Contact
) -> None:
    it.uploads.mkdir(parents=True)
    (it.uploads / "name-of-a-photo-0001.jpg").write_bytes(jpeg())
    (it.uploads / "name-of-a-voice-0001.ogg").write_bytes(recordings.ogg())
    (it.uploads / "name-of-a-film-00001.jpg").write_bytes(b"GIF89a")
    thread = written(it, citizen)
    with it.database.transaction() as db:
        for kind, name in (("photo", "photo-0001.jpg"), ("voice", "voice-0001.ogg"), ("photo", "film-00001.jpg")):
            it.threads.bring(db, thread, Sending("", kind, f"name-of-a-{name}"), NOW, danger=False)
    path = f"/manage/threads/{thread.name}"
    assert (await client.get(f"{path}/files/2")).status_code == 401
    await entered(it, client, MANAGER)
    page = await client.get(path)
    assert f'<img class="sent" src="{path}/files/2"' in page.text
    assert f'<audio controls preload="none" src="{path}/files/3"' in page.text
    photo = await client.get(f"{path}/files/2")
    assert (photo.headers["content-type"], photo.headers["cache-control"]) == ("image/jpeg", "no-store")
    assert not Image.open(io.BytesIO(photo.content)).getexif()
    voice = await client.get(f"{path}/files/3")
    assert voice.headers["content-type"] == "audio/ogg"
    assert recordings.SOUND in voice.content
    assert recordings.SECRET not in voice.content
    for number in (1, 4, 99):  # words, no photo by its content, nothing
        assert (await client.get(f"{path}/files/{number}")).status_code == 404
    (it.uploads / "name-of-a-photo-0001.jpg").unlink()
    assert (await client.get(f"{path}/files/2")).status_code == 404
    client.cookies.clear()
    await entered(it, client, ("manager", "bus7"))
    assert (await client.get(f"{path}/files/3")).status_code == 404


async def test_outside_one_reads_how_to_get_in(it: Program) -> None:
    transport = httpx.ASGITransport(site(it))
    async with httpx.AsyncClient(transport=transport, base_url="http://voice.test") as stranger:
        assert (await stranger.get("/manage/threads")).status_code == 401


async def test_a_chat_is_blocked_with_a_reason_and_freed_again(
    it: Program, client: httpx.AsyncClient, citizen: Contact
) -> None:
    thread = written(it, citizen)
    await entered(it, client, MANAGER)
    path = f"/manage/threads/{thread.name}"
    page = await client.post(f"{path}/block", data={"stamp": stamp(await client.get(path)), "why": " "})
    assert page.status_code == 422
    assert "Say why: the citizen reads it. At most 300 characters" in page.text
    page = await client.post(f"{path}/block", data={"stamp": stamp(page), "why": "x" * 301})
    assert page.status_code == 422
    page = await client.post(f"{path}/block", data={"stamp": stamp(page), "why": "Insults <all day>"})
    assert "The chat is blocked. The citizen has been told why." in page.text
    assert "Insults &lt;all day&gt;" in page.text
    assert "Blocked on" in page.text
    page = await client.post(f"{path}/unblock", data={"stamp": stamp(page)})
    assert "The chat is no longer blocked." in page.text
    assert "Blocked on" not in page.text
    (first, *_) = said(it, citizen)
    assert "Insults <all day>" in first


async def test_each_look_at_a_thread_and_its_files_and_each_block_is_noted(
    it: Program, client: httpx.AsyncClient, citizen: Contact
) -> None:
    it.uploads.mkdir(parents=True)
    (it.uploads / "name-of-a-photo-0001.jpg").write_bytes(jpeg())
    thread = written(it, citizen)
    with it.database.transaction() as db:
        it.threads.bring(db, thread, Sending("", "photo", "name-of-a-photo-0001.jpg"), NOW, danger=False)
    await entered(it, client, MANAGER)
    path = f"/manage/threads/{thread.name}"
    page = await client.get(path)
    await client.get(f"{path}/files/2")
    page = await client.post(f"{path}/block", data={"stamp": stamp(page), "why": "Insults"})
    await client.post(f"{path}/unblock", data={"stamp": stamp(page)})
    with it.database.reading() as db:
        noted = [(one.who, json.loads(one.what), one.rows) for one in reversed(looks.of(db, "library"))]
        whole = looks.prove(db, "library").wrong is None
    assert whole
    look, about = ("Ada", {"thread": thread.name}, 2), {"thread": thread.name}
    assert noted == [
        look,
        ("Ada", {**about, "file": 2, "kind": "photo"}, 1),
        ("Ada", {**about, "did": "blocked"}, 0),
        look,
        ("Ada", {**about, "did": "unblocked"}, 0),
        look,
    ]
