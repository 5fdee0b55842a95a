"""Every way to answer, through the real program: the web chat and a Bot API server, into rows and back into words."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from bot.app import App
from bot.channels.web import site
from bot.channels.web.channel import address_of
from bot.channels.web.chat import COOKIE
from bot.config import load
from storage import answers, rounds
from tests.bot.channels.web.test_chat_pages import button, nonce, said
from tests.support.botapi import BotApi
from tests.support.house import NOON, RECORD

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
                await asyncio.wait_for(task, 5)
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
        page = await client.post("/chat", data=form, files={"voice": ("a.ogg", b"OggS spoken", "audio/ogg")})
        assert "<audio" in page.text
        assert "Thank you." in said(page)[-1]
        rows = kept(app, "web", address_of(client.cookies[COOKIE]))
        assert rows["day"].choice == "2026-11-23"
        assert json.loads(rows["order"].choices or "") == ["sunday", "early"]
        assert given(rows["points"]) == {"hours": 6, "books": 3, "staff": 1}
        assert len(json.loads(rows["cards"].choices or "")) == 2
        recording = await client.get(f"/chat/pictures/{rows['told'].file}")
        assert recording.content == b"OggS spoken"
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
            await ana.sends_voice()
            await ana.sees("Thank you.")
            rows = kept(app, "telegram", "7")
            assert rows["day"].choice == "2026-11-24"
            assert json.loads(rows["order"].choices or "") == ["early"]
            assert given(rows["points"]) == {"hours": 4, "books": 6, "staff": 0}
            assert [one.endswith("::") for one in json.loads(rows["cards"].choices or "")] == [False, True]
            assert rows["told"].file == "AwAC1"
