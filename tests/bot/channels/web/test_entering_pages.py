"""Staff enter answers in the browser: the form, the conversation, the receipt, and who may."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from bot.channels.web import site
from storage.entries import Voices
from storage.tables import metadata
from tests.bot.channels.web.test_chat_pages import button, nonce, said
from tests.bot.channels.web.test_pure import jpeg
from tests.bot.channels.web.test_staff_pages import MANAGER, ORGANISER, entered, faults, posted, stamp
from tests.bot.test_counter import PULSE
from tests.support import recordings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bot.channels.web.stage import Program


def client_of(it: Program) -> httpx.AsyncClient:
    """Return another browser."""
    transport = httpx.ASGITransport(app=site(it))
    return httpx.AsyncClient(transport=transport, base_url="http://testserver", follow_redirects=True)


def rows(it: Program, name: str) -> Sequence[object]:
    """Return all rows of a table."""
    with it.database.reading() as db:
        return db.execute(metadata.tables[name].select()).all()


async def begun(client: httpx.AsyncClient, code: str, **given: str) -> httpx.Response:
    """Fill in the form that begins an entry."""
    fields = {"channel": "phone", "language": "en", "kind": "individual", **given}
    return await posted(client, f"/manage/rounds/{code}/enter", **fields)


async def does(client: httpx.AsyncClient, page: httpx.Response, *labels: str) -> httpx.Response:
    """Press one button after the other."""
    for label in labels:
        page = await client.post(page.url.path, data={"stamp": stamp(page), **button(page, label)})
    return page


async def test_the_log_on_the_page_tells_what_was_entered_in_a_row_together(
    it: Program, client: httpx.AsyncClient
) -> None:
    code = it.opened("How is the library?", code="library")
    await entered(it, client, ORGANISER)
    for _ in range(3):
        await begun(client, code)
    log = (await client.get(f"/manage/rounds/{code}")).text.partition('id="log"')[2]
    assert re.findall(r"<strong>(Answers entered by staff[^<]*)</strong>", log) == ["Answers entered by staff (3)"]
    assert [entry.what for entry in it.rounds.log(code)].count("entered") == 3


@pytest.mark.parametrize("role", [ORGANISER, MANAGER])
async def test_staff_enter_what_somebody_says_and_hand_out_a_receipt(
    it: Program, client: httpx.AsyncClient, role: tuple[str, str]
) -> None:
    code = it.opened("How is the library?", code="library")
    await entered(it, client, role)
    page = await begun(client, code, channel="desk")
    assert "Read the questions out" in page.text
    page = await does(client, page, *PULSE)
    assert re.search(r"Give the person this receipt.*<strong dir=\"ltr\">\w{4}-\w{4}-\w{4}</strong>", page.text)
    assert {row.channel for row in rows(it, "answers")} == {"desk"}  # type: ignore[attr-defined]
    assert rows(it, "inbox") == rows(it, "outbox") == []
    assert 'href="/manage/rounds/library/enter"' in page.text


async def test_two_members_of_staff_at_once_do_not_mix(it: Program, client: httpx.AsyncClient) -> None:
    code = it.opened("How is the library?", code="library")
    async with client_of(it) as other:
        await entered(it, client, ORGANISER)
        await entered(it, other, MANAGER)
        mine, theirs = await begun(client, code), await begun(other, code, channel="paper")
        mine, theirs = await does(client, mine, *PULSE[:2]), await does(other, theirs, *PULSE[:3])
        mine, theirs = await does(client, mine, *PULSE[2:]), await does(other, theirs, *PULSE[3:])
    answers = rows(it, "answers")
    assert len({row.pseudonym for row in answers}) == 2  # type: ignore[attr-defined]
    assert {row.channel for row in answers} == {"phone", "paper"}  # type: ignore[attr-defined]
    assert len({row.person_id for row in rows(it, "entries")}) == 2  # type: ignore[attr-defined]


async def test_words_and_typed_answers_work_and_the_same_form_twice_is_one(
    it: Program, client: httpx.AsyncClient
) -> None:
    code = it.opened("How is the library?", code="library")
    await entered(it, client, ORGANISER)
    page = await does(client, await begun(client, code), *PULSE[:2])
    form = {"stamp": stamp(page), "nonce": nonce(page), "text": "good"}
    for _ in range(2):
        page = await client.post(page.url.path, data=form)
    assert said(page).count("mine: good") == 1
    page = await client.post(page.url.path, data={"stamp": stamp(page), "nonce": nonce(page), "word": "back"})
    assert said(page)[-2] == "mine: /back"
    assert len([row for row in rows(it, "answers") if row.withdrawn_at is None]) <= 1  # type: ignore[attr-defined]


async def test_groups_and_organisations_stand_apart_on_the_rounds_page(it: Program, client: httpx.AsyncClient) -> None:
    code = it.opened("How is the library?", code="library")
    await entered(it, client, ORGANISER)
    await does(client, await begun(client, code, kind="group", heads="24"), *PULSE)
    await does(client, await begun(client, code, kind="organisation", name="The Choir"), *PULSE)
    assert it.rounds.voices(code) == Voices(0, 1, 24, ("The Choir",))
    page = (await client.get(f"/manage/rounds/{code}")).text
    assert "Finished: individuals 0, groups 1 with 24 people together, organisations 1." in page
    assert "The Choir" in page


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"kind": "group", "heads": "many"}, "say how many people the group has: a whole number from 2 to 10000"),
        ({"kind": "organisation"}, "say the name of the organisation, in at most 120 letters"),
    ],
)
async def test_what_is_missing_is_told_and_nothing_begins(
    it: Program, client: httpx.AsyncClient, given: dict[str, str], fault: str
) -> None:
    code = it.opened("How is the library?", code="library")
    await entered(it, client, ORGANISER)
    page = await begun(client, code, **given)
    assert page.status_code == 422
    assert faults(page) == [fault]
    assert rows(it, "contacts") == []


async def test_a_language_nobody_offers_is_the_citys_first(it: Program, client: httpx.AsyncClient) -> None:
    code = it.opened("How is the library?", code="library")
    await entered(it, client, ORGANISER)
    page = await begun(client, code, language="xx")
    assert "I am an automated assistant" in page.text


async def test_only_staff_of_the_service_enter_and_only_while_the_round_is_open(
    it: Program, client: httpx.AsyncClient
) -> None:
    code = it.opened("How is the library?", code="library")
    assert (await client.get(f"/manage/rounds/{code}/enter")).status_code == 401
    await entered(it, client, ("approver", "library"))
    assert (await client.get(f"/manage/rounds/{code}/enter")).status_code == 404
    await entered(it, client, ("manager", "bus"))
    assert (await client.get(f"/manage/rounds/{code}/enter")).status_code == 404
    await entered(it, client, MANAGER)
    assert (await client.get(f"/manage/rounds/{code}/enter/phone-guess")).status_code == 404
    it.rounds.pause(code, why="flood")
    assert "The round is not open" in (await client.get(f"/manage/rounds/{code}/enter")).text
    assert (await begun(client, code)).status_code == 422


DAMAGE = """\
flow = "damage"
version = 1
stage = "deliver"
language = "en"
title = "Damage"
frame = "pulse"
start = "picture"

[states.picture]
photo = "Show the damage."

[states.sound]
voice = "How does it sound?"

[states.spot]
place = "Where is it?"
"""


async def damage(it: Program, client: httpx.AsyncClient) -> httpx.Response:
    """Begin an entry that asks for a picture, a recording and a place."""
    it.with_flow("damage.toml", DAMAGE)
    code = it.opened("Damage", flow="damage")
    await entered(it, client, ORGANISER)
    return await does(client, await begun(client, code, channel="desk"), *PULSE[:2])


async def brought(client: httpx.AsyncClient, page: httpx.Response, act: str, body: bytes, text: str) -> httpx.Response:
    """Send a file with a few words."""
    form = {"stamp": stamp(page), "nonce": nonce(page), "act": act, "text": text}
    return await client.post(page.url.path, data=form, files={act: ("file", body, "application/octet-stream")})


async def test_a_picture_a_recording_and_a_point_are_entered_as_a_citizens_own(
    it: Program, client: httpx.AsyncClient
) -> None:
    page = await damage(it, client)
    assert 'enctype="multipart/form-data"' in page.text
    page = await brought(client, page, "photo", jpeg(), "the door")
    page = await brought(client, page, "voice", recordings.ogg(), "")
    assert "mine: Picture: the door" in said(page)
    assert "a point on the map" in page.text
    page = await client.post(
        page.url.path, data={"stamp": stamp(page), "nonce": nonce(page), "text": "48.2082, 16.3738"}
    )
    kept: dict[str, Any] = {row.state: row for row in rows(it, "answers")}  # type: ignore[attr-defined]
    assert (kept["picture"].text, kept["spot"].text) == ("the door", "48.20820,16.37380")
    for state, secret in (("picture", b"Spy camera"), ("sound", recordings.SECRET)):
        assert secret not in (it.uploads / kept[state].file).read_bytes()
    shown = await it.files.look("desk", "photo", kept["picture"].file)
    assert shown.media_type == "image/jpeg"


@pytest.mark.parametrize("files", [True, False])
async def test_what_is_no_picture_is_told_and_the_question_stands(
    it: Program, client: httpx.AsyncClient, *, files: bool
) -> None:
    page = await damage(it, client)
    form = {"stamp": stamp(page), "nonce": nonce(page), "act": "photo"}
    sent = {"photo": ("a.jpg", b"<svg/>", "image/jpeg")} if files else None
    answer = await client.post(page.url.path, data=form, files=sent)
    assert answer.status_code == 422
    assert "not a picture we can read" in answer.text
    assert 'type="file"' in answer.text
    assert [row for row in rows(it, "answers") if row.state == "picture"] == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("typed", [{"heads": "12"}, {"heads": "twelve"}, {"name": "Bowling club"}])
async def test_a_group_is_not_taken_for_one_person(
    it: Program, client: httpx.AsyncClient, typed: dict[str, str]
) -> None:
    code = it.opened("How is the library?", code="library")
    await entered(it, client, ORGANISER)
    page = await posted(
        client, f"/manage/rounds/{code}/enter", channel="paper", language="en", kind="individual", **typed
    )
    assert page.status_code == 422
    assert "choose for whom it speaks" in page.text
    assert f'value="{next(iter(typed.values()))}"' in page.text
