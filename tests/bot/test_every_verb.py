"""Every way to answer, through the real program: the web chat and a Bot API server, into rows and back into words."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import secrets
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from bot.app import App
from bot.channels.telegram.channel import LARGEST
from bot.channels.web import site
from bot.channels.web.channel import address_of
from bot.channels.web.chat import COOKIE
from bot.config import load
from bot.errors import Missing, Trouble
from storage import answers, people, rounds
from tests.bot.channels.web.test_chat_pages import button, nonce, said
from tests.bot.channels.web.test_pure import jpeg
from tests.support import recordings
from tests.support.botapi import BotApi
from tests.support.house import NOON, RECORD
from tests.support.signing import sign

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from storage.answers import AnswerRow

VERBS = Path(__file__).parents[1] / "flows" / "verbs"
IDEAS = [["early", "Open earlier"], ["late", "Open later"], ["sunday", "Open on Sundays"]]


@asynccontextmanager
async def program(folder: Path, **environ: str) -> AsyncIterator[App]:
    """Run the program on a fresh database, one round of every verb open."""
    given = {"CIVICLOOP_DATABASE__URL": f"sqlite:///{folder}/civicloop.db", "CIVICLOOP_FLOWS__FOLDER": str(VERBS)}
    config = load(None, given | environ)
    config = replace(
        config,
        database=replace(config.database, files=folder / "files"),
        privacy=replace(config.privacy, key_file=folder / "keys"),
    )
    app = App.build(config, lambda: NOON, lambda: secrets.token_urlsafe(18))
    made = app.rounds.create(
        service="library",
        flow="every_verb",
        title="Every way",
        record=RECORD | {"lists": {"ideas": IDEAS}},
        code="every",
        closes_at=NOON.replace(month=12),
    )
    sign(app.rounds, app.database, made.code, NOON)
    app.rounds.open(made.code)
    app.turns.begin()
    listening = [channel.listen(app.turns.accept) for channel in (app.chat, app.telegram) if channel]
    tasks = [asyncio.create_task(each) for each in (app.delivery.run(), *listening)]
    await asyncio.sleep(0)
    try:
        yield app
    finally:
        await app.chat.close()
        for task in tasks[1:]:
            task.cancel()
        await app.turns.end()
        app.delivery.stop()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                async with asyncio.timeout(5):
                    await task
        if app.telegram:
            await app.telegram.close()
        app.database.close()


def kept(app: App, channel: str, address: str) -> dict[str, AnswerRow]:
    """Return the answers of one person, by state."""
    with app.database.reading() as db:
        row = rounds.by_code(db, "every")
        assert row is not None
        assert row.key_sealed is not None
        who = app.keys.pseudonym(app.keys.unseal(row.key_sealed), app.keys.address_hash(channel, address))
        return {each.state: each for each in answers.of(db, row.id, who)}


def given(row: AnswerRow) -> dict[str, int]:
    """Return the points of an allocation."""
    return {option: int(points) for option, _, points in (one.partition("=") for one in json.loads(row.choices or ""))}


async def test_in_the_web_chat_without_a_script(tmp_path: Path) -> None:
    async with (
        program(tmp_path) as app,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(site(app)), base_url="http://every.test", follow_redirects=True
        ) as client,
    ):
        page = await client.get("/chat/every")
        page = await client.post("/chat/start", data={"nonce": nonce(page), "code": "every"})
        for label in ("Yesterday", "Open on Sundays", "Open earlier", "Done", "6", "3", "1"):
            page = await client.post("/chat", data=button(page, label))
        for text in ("2, 1", "1, 3"):
            page = await client.post("/chat", data={"text": text, "nonce": nonce(page)})
        assert 'accept="audio/*"' in page.text
        form = {"act": "voice", "nonce": nonce(page)}
        refused = await client.post("/chat", data=form, files={"voice": ("a.ogg", b"<svg/>", "audio/ogg")})
        assert "not a voice message we can read" in refused.text
        form["text"] = "Longer hours, call 07400 123456"
        page = await client.post("/chat", data=form, files={"voice": ("a.ogg", recordings.ogg(), "audio/ogg")})
        assert "<audio" in page.text
        assert "Thank you." in said(page)[-1]
        assert "phone number" in page.text, said(page)
        await client.post("/chat", data=button(page, "Remove"))
        assert kept(app, "web", address_of(client.cookies[COOKIE]))["told"].text == "Longer hours, call [phone number]"
        rows = kept(app, "web", address_of(client.cookies[COOKIE]))
        assert rows["day"].choice == "2026-11-23"
        assert json.loads(rows["order"].choices or "") == ["sunday", "early"]
        assert given(rows["points"]) == {"hours": 6, "books": 3, "staff": 1}
        assert len(json.loads(rows["cards"].choices or "")) == 2
        recording = await client.get(f"/chat/pictures/{rows['told'].file}")
        assert recordings.SOUND in recording.content
        assert recordings.SECRET not in recording.content
        page = await client.post("/chat", data={"word": "mydata", "nonce": nonce(page)})
        for words in ("Monday, 23 November 2026", "1. Open on Sundays, 2. Open earlier", "Longer hours: 6", "last: "):
            assert words in " ".join(said(page)), words


async def test_on_telegram_with_buttons_that_change_in_place(tmp_path: Path) -> None:
    async with BotApi(patience=5) as api:
        about = {"CIVICLOOP_TELEGRAM__TOKEN": api.token, "CIVICLOOP_TELEGRAM__BASE_URL": api.url}
        async with program(tmp_path, **about) as app:
            ana = api.citizen(7)
            await ana.sends("/start every")
            await ana.answers("last visit", "Today")
            for label in ("Open later", "Open earlier", "1. Open later", "Done"):
                await ana.taps(label)
            await ana.answers("Longer hours", "4")
            await ana.answers("More books", "6")
            await ana.answers("More staff", "0")
            await ana.sees("Card 1 of 2")
            await ana.sends("3, 1")
            await ana.sees("Card 2 of 2")
            await ana.taps("Skip")
            await ana.sees("in your own voice")
            await ana.sends_voice(recordings.ogg())
            await ana.sees("Thank you.")
            rows = kept(app, "telegram", "7")
            assert rows["day"].choice == "2026-11-24"
            assert json.loads(rows["order"].choices or "") == ["early"]
            assert given(rows["points"]) == {"hours": 4, "books": 6, "staff": 0}
            assert [one.endswith("::") for one in json.loads(rows["cards"].choices or "")] == [False, True]
            voice = await app.files.look("telegram", "voice", rows["told"].file or "")
            assert voice.media_type == "audio/ogg"
            assert recordings.SOUND in voice.body
            assert recordings.SECRET not in voice.body
            await looked_at(app, rows["told"])
            assert api.violations == []


async def looked_at(app: App, answer: AnswerRow) -> None:
    """Staff see on the round's page what may be shown, and nothing that may not."""
    token = app.mint()
    with app.database.transaction() as db:
        person = people.add(db, "Maya", "en", NOON)
        people.grant(db, person.id, "manager", "library", NOON)
        people.add_link(db, people.Link(app.keys.token_hash(token), "sign_in", NOON, NOON.replace(month=12), person.id))
    transport = httpx.ASGITransport(site(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://every.test", follow_redirects=True) as staff:
        assert (await staff.get("/manage/rounds/every/files")).status_code == 401
        await staff.post("/manage/sign-in", data={"token": token})
        page = await staff.get("/manage/rounds/every/files")
        assert "More that are older or that nobody may see: 1" in page.text
        assert "<audio" not in page.text
        with app.database.transaction() as db:
            answers.quotable(db, [(answer.round_id, answer.pseudonym, True)])
        page = await staff.get("/manage/rounds/every/files")
        assert "Tell us in your own voice." in page.text
        (path,) = re.findall(r'<audio controls preload="none" src="([^"]+)"', page.text)
        sound = await staff.get(path)
        assert sound.headers["content-type"] == "audio/ogg"
        assert recordings.SECRET not in sound.content
        assert (await staff.get(f"{path}9")).status_code == 404


async def test_a_photo_from_telegram_is_known_by_its_content_when_staff_look_at_it(tmp_path: Path) -> None:
    async with BotApi(patience=5) as api:
        about = {"CIVICLOOP_TELEGRAM__TOKEN": api.token, "CIVICLOOP_TELEGRAM__BASE_URL": api.url}
        async with program(tmp_path, **about) as app:
            world = api.world
            photo = await app.files.look("telegram", "photo", world.store(jpeg()))
            assert photo.media_type == "image/jpeg"
            assert b"Spy camera" not in photo.body
            for held, why in ((b"<svg/>", "no photo"), (bytes(LARGEST + 1), "too large")):
                with pytest.raises(Missing, match=why):
                    await app.files.look("telegram", "photo", world.store(held))
            with pytest.raises(Missing, match="Wrong file_id"):
                await app.files.look("telegram", "photo", "gone")
            api.fault("getFile", status=502, description="Bad Gateway")
            with pytest.raises(Trouble, match="try again"):
                await app.files.look("telegram", "photo", world.store(jpeg()))
            with pytest.raises(Missing, match="mail brings no files"):
                await app.files.look("mail", "photo", "x")
