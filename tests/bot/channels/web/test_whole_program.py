"""The pages in front of the real program: turns, outbox, delivery and the flows that come with it."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from sqlalchemy import select

from bot import turns
from bot.app import App
from bot.channels.web import site
from bot.channels.web.channel import address_of
from bot.channels.web.chat import COOKIE
from bot.config import load
from storage import contacts, sessions, tables
from storage.database import StorageTrouble
from tests.bot.channels.web.test_chat_pages import button, nonce, said
from tests.journeys.ordeal import LAMPS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    """The program on a fresh database, its loop running, one pulse of the library open."""
    async for app in running(tmp_path, lambda: NOW, "deliver_pulse"):
        yield app


async def running(folder: Path, clock: Callable[[], datetime], flow: str, **settings: str) -> AsyncIterator[App]:
    """Give the program while it runs, with a round of one flow open."""
    config = load(None, {"CIVICLOOP_DATABASE__URL": f"sqlite:///{folder}/civicloop.db", **settings})
    config = replace(
        config,
        database=replace(config.database, files=folder / "files"),
        privacy=replace(config.privacy, key_file=folder / "keys"),
    )
    app = App.build(config, clock, lambda: secrets.token_urlsafe(18))
    code = app.rounds.create(service="library", flow=flow, title="How is the library?", record={}).code
    app.rounds.open(code)
    app.turns.begin()
    tasks = [asyncio.create_task(app.delivery.run()), asyncio.create_task(app.chat.listen(app.turns.accept))]
    await asyncio.sleep(0)
    yield app
    await app.chat.close()
    await app.turns.end()
    app.delivery.stop()
    await asyncio.wait(tasks, timeout=5)
    for task in tasks:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    app.database.close()


@pytest.fixture
async def visitor(app: App) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without a script."""
    transport = httpx.ASGITransport(site(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://voice.test", follow_redirects=True) as client:
        yield client


async def started(app: App, visitor: httpx.AsyncClient) -> httpx.Response:
    """Follow the link of the open round and press Start."""
    (round_,) = app.rounds.listed(states=("open",))
    page = await visitor.get(f"/chat/{round_.code}")
    return await visitor.post("/chat/start", data={"nonce": nonce(page), "code": round_.code})


async def test_a_citizen_answers_the_whole_pulse_and_is_counted(app: App, visitor: httpx.AsyncClient) -> None:
    """The first button of each question, Skip where there is none, until the receipt."""
    page = await started(app, visitor)
    assert "I am not a person" in said(page)[1]
    for _ in range(20):
        if 'name="data"' not in page.text:
            break
        data = page.text.split('name="data" value="')[1].split('"')[0]
        page = await visitor.post("/chat", data={"data": data, "pick": "1", "nonce": nonce(page)})
    assert "receipt" in said(page)[-1].lower()
    (round_,) = app.rounds.listed(states=("open",))
    counts = app.rounds.counts(round_.code)
    assert (counts.started, counts.finished, counts.answers) == (1, 1, 1)


async def test_whoever_is_in_a_round_or_has_answered_it_is_not_told_to_start_it_when_the_page_is_looked_at_again(
    tmp_path: Path,
) -> None:
    at = [NOW]
    async for app in running(tmp_path, lambda: at[0], "deliver_pulse"):
        transport = httpx.ASGITransport(site(app))
        async with httpx.AsyncClient(transport=transport, base_url="http://voice.test", follow_redirects=True) as guest:
            page = await started(app, guest)
            (round_,) = app.rounds.listed(states=("open",))
            assert "Start this round" not in (await guest.get(f"/chat/{round_.code}")).text
            for _ in range(20):
                if 'name="data"' not in page.text:
                    break
                data = page.text.split('name="data" value="')[1].split('"')[0]
                page = await guest.post("/chat", data={"data": data, "pick": "1", "nonce": nonce(page)})
            again = await guest.get(f"/chat/{round_.code}")
            assert "You have taken part in this round already. Thank you." in again.text
            assert "Start this round" not in again.text
            at[0] += timedelta(days=8)
            assert "Start this round" in (await guest.get(f"/chat/{round_.code}")).text


async def test_a_receipt_opens_answers_on_a_page_of_its_own_in_any_browser(
    app: App, visitor: httpx.AsyncClient
) -> None:
    """Those of somebody else's browser: shown, changed, deleted; nothing of it needs a chat before."""
    page = await started(app, visitor)
    for _ in range(20):
        if 'name="data"' not in page.text:
            break
        data = page.text.split('name="data" value="')[1].split('"')[0]
        page = await visitor.post("/chat", data={"data": data, "pick": "1", "nonce": nonce(page)})
    found = re.search(r"[A-Z0-9]{4}(-[A-Z0-9]{4}){2}", page.text)
    assert found
    transport = httpx.ASGITransport(site(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://voice.test", follow_redirects=True) as other:
        assert 'href="/receipt"' in (await other.get("/")).text
        ask = await other.get("/receipt")
        for wrong in ("", "2345-2345-2345", "my receipt"):
            answer = await other.post("/receipt", data={"receipt": wrong, "nonce": nonce(ask)})
            assert answer.status_code == 422
            assert "We do not know this receipt." in answer.text
        with app.database.reading() as db:
            assert len(db.execute(select(tables.contacts)).all()) == 1
        shown = await other.post("/receipt", data={"receipt": found[0].lower().replace("-", " "), "nonce": nonce(ask)})
        assert shown.url.path == "/chat"
        assert "These are your answers" in said(shown)[-1]
        await other.post("/chat", data={"word": "delete", "nonce": nonce(shown)})
        gone = await other.get("/chat")
        assert "These are your answers" in gone.text
        done = await other.post("/chat", data=button(gone, "Yes"))
        assert "These are your answers" not in done.text
        assert "Done." in said(done)[-1]
    assert said(await visitor.get("/chat")) == ["mine: Start"]
    with app.database.reading() as db:
        assert db.execute(select(tables.answers)).all() == []
        assert not [body for body in db.execute(select(tables.messages.c.body)).scalars() if found[0] in body]
    assert (await visitor.post("/receipt", data={"receipt": found[0]})).status_code == 422


async def test_with_the_answers_of_a_receipt_goes_the_question_about_a_number_in_them(
    app: App, visitor: httpx.AsyncClient
) -> None:
    page, wrote = await started(app, visitor), 0
    for _ in range(20):
        if 'name="data"' not in page.text:
            break
        offered = re.findall('name="data" value="([^"]+)"', page.text)
        data = next((each for each in offered if not each.startswith("@private")), "")
        sent = {"data": data, "pick": "1"} if data else {"text": "Done"}
        if "@skip" in data and not wrote:
            sent, wrote = {"text": "Call me on +44 20 7946 0958"}, 1
        page = await visitor.post("/chat", data={**sent, "nonce": nonce(page)})
    lines_ = said(await visitor.get("/chat"))
    assert any("Remove it?" in each and "7946 0958" in each for each in lines_), lines_
    found = re.search(r"[A-Z0-9]{4}(-[A-Z0-9]{4}){2}", page.text)
    assert found
    transport = httpx.ASGITransport(site(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://voice.test", follow_redirects=True) as other:
        shown = await other.post("/receipt", data={"receipt": found[0], "nonce": nonce(await other.get("/receipt"))})
        await other.post("/chat", data={"word": "delete", "nonce": nonce(shown)})
        await other.post("/chat", data=button(await other.get("/chat"), "Yes"))
    assert said(await visitor.get("/chat")) == ["mine: Start"]


async def test_a_receipt_that_is_unknown_is_no_answer_to_the_question_of_a_chat(
    app: App, visitor: httpx.AsyncClient
) -> None:
    stood = lines(await started(app, visitor))
    assert (await visitor.post("/receipt", data={"receipt": "2345-2345-2345"})).status_code == 422
    assert lines(await visitor.get("/chat")) == stood


async def test_whoever_guesses_receipts_waits_also_without_a_cookie(app: App, visitor: httpx.AsyncClient) -> None:
    answers = [(await visitor.post("/receipt", data={"receipt": "2345-2345-2345"})).status_code for _ in range(42)]
    assert (answers[0], answers[-1]) == (422, 429)


async def test_the_language_switch_goes_on_with_the_same_question(app: App, visitor: httpx.AsyncClient) -> None:
    """One press: the page, the words on the buttons and the question are Spanish."""
    page = await started(app, visitor)
    assert button(page, "Yes")
    page = await visitor.post("/language", data={"language": "es", "back": "/chat"})
    assert '<html lang="es"' in page.text
    page = await visitor.post("/chat", data=button(page, "Sí"))
    assert "¿" in said(page)[-1]


async def test_words_stand_in_the_chat_only_where_they_are_taken(
    app: App, visitor: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database gives way in between: nothing stands there, and the same form again is one line with a reply."""
    page = await started(app, visitor)
    form, stood = {"word": "human", "nonce": nonce(page)}, lines(page)

    def gives_way(*_: object) -> None:
        raise StorageTrouble("the disk is full")

    with monkeypatch.context() as trouble:
        trouble.setattr(sessions, "of", gives_way)
        assert (await visitor.post("/chat", data=form)).status_code == 503
    assert lines(await visitor.get("/chat")) == stood
    await visitor.post("/chat", data=form)
    page = await visitor.post("/chat", data=form)
    assert len(lines(page)) == len(stood) + 2
    assert app.config.city.human_contact in said(page)[-1]


@pytest.mark.parametrize("newcomer", [True, False])
async def test_words_whose_turn_does_not_work_stand_in_the_chat_and_are_answered_later(
    app: App, visitor: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, newcomer: bool
) -> None:
    """What comes after them waits behind them, and stands there too."""
    if not newcomer:
        await visitor.post("/chat/start", data={"code": ""})
    before = lines(await visitor.get("/chat"))

    def stumbles(*_: object) -> None:
        raise RuntimeError("stumbled")

    monkeypatch.setattr("bot.channels.web.chat.PATIENCE", 0.1)
    with monkeypatch.context() as trouble:
        trouble.setattr(app.turns._desk, "answer", stumbles)
        await visitor.post("/chat/start", data={"code": ""})
        page = await visitor.post("/chat", data={"word": "human"})
    assert len(lines(page)) == len(before) + 2
    await app.turns.again()
    async with asyncio.timeout(10):
        while app.config.city.human_contact not in said(page := await visitor.get("/chat"))[-1]:  # noqa: ASYNC110 - a page has no event
            await asyncio.sleep(0.1)
    assert len(lines(page)) == len(before) + 4


def lines(page: httpx.Response) -> list[str]:
    """Return the numbers of all lines of the conversation, both sides'."""
    return re.findall(r'<article [^>]*id="m(\d+)"', page.text)


async def test_a_word_of_ones_rights_is_heard_before_any_round(app: App, visitor: httpx.AsyncClient) -> None:
    page = await visitor.post("/chat/start", data={"code": ""})
    page = await visitor.post("/chat", data={"word": "human", "nonce": nonce(page)})
    assert app.config.city.human_contact in said(page)[-1]


async def test_an_answer_can_be_changed_with_a_button(app: App, visitor: httpx.AsyncClient) -> None:
    page = await started(app, visitor)
    for label in ("Yes", "Yes, let us begin", "Poor"):
        page = await visitor.post("/chat", data=button(page, label))
    assert 'value="change"' in page.text
    page = await visitor.post("/chat", data={"word": "change", "nonce": nonce(page)})
    assert "1. " in said(page)[-1]
    assert "Poor" in said(page)[-1]


async def test_delete_empties_the_conversation_and_says_so(app: App, visitor: httpx.AsyncClient) -> None:
    """What was said goes with the answers; the last word is that it is gone."""
    page = await started(app, visitor)
    page = await visitor.post("/chat", data=button(page, "Yes"))
    page = await visitor.post("/chat", data={"word": "delete", "nonce": nonce(page)})
    page = await visitor.post("/chat", data=button(page, "Yes"))
    assert len(said(page)) == 1
    assert "I have removed your answers" in said(page)[0]
    with app.database.reading() as db:
        hash_ = app.keys.address_hash("web", address_of(visitor.cookies[COOKIE]))
        (contact,) = contacts.find(db, [("web", hash_)]).values()
        assert sessions.all_of(db, contact.id) == []


async def test_a_page_with_a_script_forgets_as_well(app: App, visitor: httpx.AsyncClient) -> None:
    """What stands on the screen must not outlive what was deleted."""
    page = await started(app, visitor)
    page = await visitor.post("/chat", data={"word": "delete", "nonce": nonce(page)})
    yes = {**button(page, "Yes"), "streaming": "yes", "last": "4"}
    answer = await visitor.post("/chat", data=yes, headers={"accept": "application/json"})
    assert answer.json() == {"reload": True}
    assert len(said(await visitor.get("/chat"))) == 1


async def test_the_way_in_for_posters_without_a_code_offers_what_is_open(app: App, visitor: httpx.AsyncClient) -> None:
    page = await visitor.post("/chat/start", data={"code": ""})
    assert "How is the library?" in page.text or "Central Library" in page.text


@pytest.fixture
async def lamps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[App]:
    """The program as it runs, on the clock on the wall, with a question whose answer may be several messages."""
    flows = tmp_path / "flows"
    flows.mkdir()
    (flows / "lamps.toml").write_text(LAMPS, encoding="utf-8")
    monkeypatch.setattr(turns, "CATCH_UP", timedelta(0))
    async for app in running(tmp_path, lambda: datetime.now(UTC), "lamps", CIVICLOOP_FLOWS__FOLDER=str(flows)):
        yield app


async def test_two_messages_are_one_answer_and_the_next_question_comes_by_itself_about_when_it_should(
    lamps: App,
) -> None:
    transport = httpx.ASGITransport(site(lamps))
    async with httpx.AsyncClient(transport=transport, base_url="http://voice.test", follow_redirects=True) as visitor:
        page = await started(lamps, visitor)
        for label in ("Yes", "Yes, let us begin"):
            page = await visitor.post("/chat", data=button(page, label))
        assert "Send DONE to go on." in said(page)[-1]
        await asyncio.gather(*(visitor.post("/chat", data={"text": t, "nonce": n}) for t, n in TWO))
        began = time.monotonic()
        page = await visitor.get("/chat")
        if said(page)[-1].startswith("mine"):
            assert "Look for an answer" in page.text
        while "Since when?" not in said(page)[-1]:
            assert time.monotonic() - began < 5, said(page)
            await asyncio.sleep(0.05)
            page = await visitor.get("/chat")
        assert "Look for an answer" not in page.text
        assert [line for line in said(page) if "Since when?" in line] == said(page)[-1:]
        with lamps.database.reading() as db:
            (answer,) = db.execute(select(tables.answers).where(tables.answers.c.withdrawn_at.is_(None))).all()
        assert sorted(answer.text.split("\n")) == ["at the door", "the lamp"]


TWO = (("the lamp", "nonce-of-the-first"), ("at the door", "nonce-of-the-second"))
