"""The chat as plain forms: what works where no script runs, and what must never work."""

from __future__ import annotations

import html
import re
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from bot.channels.base import Outbound
from bot.channels.web import chat, site
from bot.channels.web.channel import address_of
from bot.channels.web.chat import COOKIE
from bot.channels.web.safety import TABS, Streams
from bot.flood import Pace
from flows.model import Kind
from storage import contacts
from tests.bot.channels.web.stage import listening
from tests.bot.channels.web.test_pure import jpeg

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.channels.base import Inbound
    from tests.bot.channels.web.stage import Program

QUIET = {"accept": "application/json"}


def nonce(page: httpx.Response) -> str:
    """Return the number of the first form of a page."""
    found = re.search(r'name="nonce" value="([^"]+)"', page.text)
    assert found, "the page has no form"
    return found[1]


def button(page: httpx.Response, label: str) -> dict[str, str]:
    """Return what a press on the last button with this label sends."""
    found = re.findall(r'<button name="data" value="([^"]+)"[^>]*>(?:✓ )?<bdi>([^<]*)</bdi>', page.text)
    data = next(data for data, text in reversed(found) if html.unescape(text) == label)
    return {"data": html.unescape(data), "nonce": nonce(page)}


def said(page: httpx.Response) -> list[str]:
    """Return the conversation a page shows, each line with its author."""
    lines = re.findall(r'<article class="line (\w+)".*?<div class="said"[^>]*>(.*?)</div>', page.text, re.DOTALL)
    return [f"{who}: {html.unescape(re.sub('<[^>]+>', '', text.replace('</p>', ' '))).strip()}" for who, text in lines]


async def begun(client: httpx.AsyncClient) -> httpx.Response:
    """Start a conversation."""
    welcome = await client.get("/chat")
    return await client.post("/chat/start", data={"nonce": nonce(welcome), "code": ""})


async def asked(client: httpx.AsyncClient, *labels: str) -> httpx.Response:
    """Start and give these answers by button."""
    page = await begun(client)
    for label in labels:
        page = await client.post("/chat", data=button(page, label))
    return page


def last(it: Program) -> Inbound:
    """Return the last message the loop got."""
    return it.chats.heard[-1]


class TestAConversation:
    async def test_looking_leaves_no_trace(self, it: Program, client: httpx.AsyncClient) -> None:
        """No cookie and no contact before somebody presses Start."""
        page = await client.get("/chat")
        assert page.status_code == 200
        assert "set-cookie" not in page.headers
        assert it.chats.heard == []

    async def test_start_answers_at_once(self, client: httpx.AsyncClient) -> None:
        page = await begun(client)
        assert said(page)[0] == "mine: Start"
        assert said(page)[1].startswith("theirs: Hello. I am an automated assistant")

    async def test_a_button_is_an_answer(self, it: Program, client: httpx.AsyncClient) -> None:
        page = await asked(client, "Yes")
        assert said(page)[-2:] == ["mine: Yes", "theirs: How is the library?"]
        assert last(it).message.kind is Kind.TAP

    async def test_only_the_question_at_hand_has_buttons(self, client: httpx.AsyncClient) -> None:
        page = await asked(client, "Yes", "Good")
        assert "Very poor" not in page.text
        assert page.text.count('class="choices"') == 1

    async def test_ticks_travel_together(self, it: Program, client: httpx.AsyncClient) -> None:
        page = await asked(client, "Yes", "Good")
        page = await client.post("/chat", data={**button(page, "Done"), "pick": ["1", "3"]})
        assert said(page)[-2:] == [
            "mine: Later in the evening\nEarlier in the morning",
            "theirs: What one thing would make it better?",
        ]
        (session,) = it.chats.sessions.values()
        assert session.answers["when"].value == ("w0", "w2")

    async def test_done_without_a_tick_asks_again(self, client: httpx.AsyncClient) -> None:
        page = await asked(client, "Yes", "Good")
        page = await client.post("/chat", data=button(page, "Done"))
        assert "Earlier in the morning" in page.text
        assert page.text.count('type="checkbox"') == 3

    async def test_ticks_of_an_old_page_are_no_answer_to_the_next_question(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        """Going back in the browser and pressing Done again must not type "1, 2" into an open question."""
        old = await asked(client, "Yes", "Good")
        await client.post("/chat", data={**button(old, "Done"), "pick": "1"})
        await client.post("/chat", data={**button(old, "Done"), "pick": ["1", "2"]})
        assert last(it).message.kind is Kind.TAP
        assert "idea" not in it.chats.sessions[last(it).address].answers

    async def test_typed_words_are_kept_as_they_are(self, it: Program, client: httpx.AsyncClient) -> None:
        page = await begun(client)
        text = 'I say "no" & <b>mean</b> it 👋\n\nمرحبا'
        page = await client.post("/chat", data={"text": text, "nonce": nonce(page)})
        assert last(it).message.text == text
        assert "<b>mean</b>" not in page.text
        assert "&lt;b&gt;mean&lt;/b&gt;" in page.text

    async def test_only_the_bots_addresses_can_be_followed(self, it: Program, client: httpx.AsyncClient) -> None:
        """The receipt's link is one; what a visitor typed stays text."""
        page = await begun(client)
        await client.post("/chat", data={"text": "see https://mine.test/x", "nonce": nonce(page)})
        address = address_of(client.cookies[COOKIE])
        await it.chat.send(Outbound("r", address, "Read more: https://voice.test/rounds/lib <b>"))
        page = await client.get("/chat")
        assert '<a href="https://voice.test/rounds/lib" rel="noopener noreferrer">' in page.text
        assert 'href="https://mine.test' not in page.text
        assert "&lt;b&gt;" in page.text

    async def test_nothing_typed_is_nothing_sent(self, it: Program, client: httpx.AsyncClient) -> None:
        page = await begun(client)
        before = len(it.chats.heard)
        await client.post("/chat", data={"text": "   ", "nonce": nonce(page)})
        assert len(it.chats.heard) == before

    async def test_a_text_over_the_limit_is_cut(self, it: Program, client: httpx.AsyncClient) -> None:
        page = await begun(client)
        await client.post("/chat", data={"text": "x" * 9000, "nonce": nonce(page)})
        assert len(last(it).message.text) == 4096

    async def test_sending_the_same_form_twice_is_one_answer(self, it: Program, client: httpx.AsyncClient) -> None:
        page = await begun(client)
        form = button(page, "Yes")
        await client.post("/chat", data=form)
        again = await client.post("/chat", data=form)
        assert said(again).count("mine: Yes") == 1
        assert [heard.message.kind for heard in it.chats.heard].count(Kind.TAP) == 1

    async def test_it_survives_a_reload_and_a_restart_of_the_program(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        page = await asked(client, "Yes", "Good")
        transport = httpx.ASGITransport(site(it))
        async with httpx.AsyncClient(transport=transport, base_url="http://voice.test", cookies=client.cookies) as anew:
            assert said(await anew.get("/chat")) == said(page)

    async def test_two_browsers_are_two_people(self, it: Program, client: httpx.AsyncClient) -> None:
        await asked(client, "Yes")
        async with httpx.AsyncClient(transport=httpx.ASGITransport(site(it)), base_url="http://voice.test") as other:
            assert said(await other.get("/chat")) == []

    async def test_a_words_button_sends_the_word(self, it: Program, client: httpx.AsyncClient) -> None:
        page = await begun(client)
        page = await client.post("/chat", data={"word": "human", "nonce": nonce(page)})
        assert last(it).message.text == "/human"
        assert "mine: Talk to a person" in said(page)

    async def test_an_unknown_word_is_nothing(self, it: Program, client: httpx.AsyncClient) -> None:
        page = await begun(client)
        before = len(it.chats.heard)
        await client.post("/chat", data={"word": "shutdown", "data": "made:up:tap", "nonce": nonce(page)})
        assert len(it.chats.heard) == before

    async def test_a_position_is_a_place(self, it: Program, client: httpx.AsyncClient) -> None:
        page = await begun(client)
        await client.post("/chat", data={"latitude": "41.387123456", "longitude": "2.17", "nonce": nonce(page)})
        place = last(it).message
        assert (place.kind, place.latitude, place.longitude) == (Kind.PLACE, 41.38712, 2.17)

    @pytest.mark.parametrize(("latitude", "longitude"), [("nan", "2"), ("91", "2"), ("x", "2"), ("1", "inf")])
    async def test_no_place_on_earth_is_nothing(
        self, it: Program, client: httpx.AsyncClient, latitude: str, longitude: str
    ) -> None:
        page = await begun(client)
        before = len(it.chats.heard)
        answer = await client.post("/chat", data={"latitude": latitude, "longitude": longitude, "nonce": nonce(page)})
        assert (answer.status_code, len(it.chats.heard)) == (200, before)

    async def test_the_reply_that_takes_long_comes_with_the_next_look(
        self, it: Program, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The page does not hang while the bot thinks."""
        monkeypatch.setattr("bot.channels.web.chat.PATIENCE", 0.05)
        page = await begun(client)

        async def slow(*_: object) -> None:
            return

        monkeypatch.setattr(it.chats, "reply", slow)
        page = await client.post("/chat", data=button(page, "Yes"))
        assert said(page)[-1] == "mine: Yes"


class TestPictures:
    async def photographed(self, client: httpx.AsyncClient) -> httpx.Response:
        page = await asked(client, "Yes", "Good")
        for text in ("1", "more chairs", "Harbour"):
            page = await client.post("/chat", data={"text": text, "nonce": nonce(page)})
        assert 'type="file"' in page.text
        return page

    async def test_a_picture_is_kept_without_its_hidden_data_and_shown(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        page = await self.photographed(client)
        form = {"act": "photo", "text": "the door", "nonce": nonce(page)}
        page = await client.post("/chat", data=form, files={"photo": ("IMG_1.jpg", jpeg(), "image/jpeg")})
        message = next(heard.message for heard in it.chats.heard if heard.message.kind is Kind.PHOTO)
        assert message.text == "the door"
        assert b"Spy camera" not in (it.uploads / message.file).read_bytes()
        seen = await client.get(f"/chat/pictures/{message.file}")
        assert seen.headers["content-type"] == "image/jpeg"
        assert f"/chat/pictures/{message.file}" in page.text

    async def test_nobody_else_sees_it(self, it: Program, client: httpx.AsyncClient) -> None:
        page = await self.photographed(client)
        form = {"act": "photo", "nonce": nonce(page)}
        await client.post("/chat", data=form, files={"photo": ("a.jpg", jpeg(), "image/jpeg")})
        (file,) = it.uploads.iterdir()
        async with httpx.AsyncClient(transport=httpx.ASGITransport(site(it)), base_url="http://voice.test") as other:
            assert (await other.get(f"/chat/pictures/{file.name}")).status_code == 404
        assert (await client.get("/chat/pictures/..%2Ftest.db")).status_code == 404

    async def test_what_is_no_picture_is_told_kindly(self, it: Program, client: httpx.AsyncClient) -> None:
        page = await self.photographed(client)
        form = {"act": "photo", "nonce": nonce(page)}
        answer = await client.post("/chat", data=form, files={"photo": ("a.jpg", b"<svg/>", "image/jpeg")})
        assert answer.status_code == 422
        assert "not a picture we can read" in answer.text
        assert 'type="file"' in answer.text
        assert not it.uploads.exists()

    async def test_whoever_sends_with_nothing_chosen_is_told_to_choose(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        page = await self.photographed(client)
        parts = (
            f'name="nonce"\r\n\r\n{nonce(page)}',
            'name="photo"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n',
            'name="text"\r\n\r\n',
            'name="act"\r\n\r\nphoto',
        )  # as browsers send the form
        body = "".join(f"--b\r\nContent-Disposition: form-data; {part}\r\n" for part in parts) + "--b--\r\n"
        headers = {"content-type": "multipart/form-data; boundary=b"}
        answer = await client.post("/chat", content=body.encode(), headers=headers)
        assert answer.status_code == 422
        assert "No picture was chosen yet. Please choose one first, then press “Send picture”." in answer.text
        assert 'type="file"' in answer.text
        by_script = {**headers, "accept": "application/json"}
        answer = await client.post("/chat", content=body.encode(), headers=by_script)
        assert answer.json()["problem"].startswith("No picture was chosen yet.")
        assert not it.uploads.exists()


class TestWaysIn:
    async def test_a_round_has_its_own_address(self, it: Program, client: httpx.AsyncClient) -> None:
        code = it.opened("How is the library?")
        page = await client.get(f"/chat/{code}")
        assert "How is the library?" in page.text
        await client.post("/chat/start", data={"nonce": nonce(page), "code": code})
        assert (last(it).start, last(it).message.text) == (code, f"/start {code}")

    async def test_the_page_begins_at_the_question_below_a_long_opening(
        self, it: Program, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(chat, "SHORT", 1)
        code = it.opened("How is the library?")
        welcome = await client.get(f"/chat/{code}")
        page = await client.post("/chat/start", data={"nonce": nonce(welcome), "code": code})
        assert page.text.count('id="latest"') == 1
        before, after = page.text.split('<span id="latest"></span>')
        assert "automated assistant" in before
        assert after.startswith("<p>")
        assert "Are you 16 or older?" in after

    async def test_a_poster_may_say_start(self, it: Program, client: httpx.AsyncClient) -> None:
        code = it.opened("How is the library?")
        page = await client.get(f"/chat?start={code}")
        assert page.url.path == f"/chat/{code}"

    async def test_a_draft_shows_nothing_of_itself(self, it: Program, client: httpx.AsyncClient) -> None:
        page = await client.get(f"/chat/{it.round('Secret plan')}")
        assert "Secret plan" not in page.text

    async def test_an_address_cut_off_is_told_kindly(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/chat/a%20b%3Cc")).status_code == 404
        assert (await client.get("/chat?start=%3Cscript%3E")).url.path == "/chat"

    async def test_whoever_is_in_a_conversation_can_start_another_round(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        await asked(client, "Yes")
        page = await client.get(f"/chat/{it.opened('The night bus')}")
        assert "Start this round" in page.text
        assert "How is the library?" in page.text


class TestLanguages:
    async def test_the_browser_says_which(self, client: httpx.AsyncClient) -> None:
        page = await client.get("/chat", headers={"accept-language": "es-AR,es;q=0.9"})
        assert '<html lang="es"' in page.text
        assert "Empezar" in page.text

    async def test_a_choice_on_the_page_stays_and_moves_the_conversation(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        await begun(client)
        page = await client.post("/language", data={"language": "es", "back": "/chat"})
        assert '<html lang="es"' in page.text
        assert page.url.path == "/chat"
        assert it.chat.language_of(address_of(client.cookies[COOKIE])) == "es"

    @pytest.mark.parametrize("headers", [{}, QUIET])
    async def test_a_choice_in_the_conversation_moves_the_page(
        self, it: Program, client: httpx.AsyncClient, headers: dict[str, str]
    ) -> None:
        page = await begun(client)
        key = ("web", it.keys.address_hash("web", address_of(client.cookies[COOKIE])))
        with it.database.transaction() as db:
            contacts.set_language(db, contacts.find(db, [key])[key].id, "es")
        said = await client.post("/chat", data=button(page, "Yes"), headers=headers)
        if headers:
            assert said.json() == {"reload": True}
        assert '<html lang="es"' in (await client.get("/chat")).text

    async def test_a_language_we_do_not_speak_changes_nothing(self, client: httpx.AsyncClient) -> None:
        page = await client.post("/language", data={"language": "tlh", "back": "/chat"})
        assert '<html lang="en"' in page.text

    async def test_the_switch_leads_nowhere_else(self, client: httpx.AsyncClient) -> None:
        page = await client.post("/language", data={"language": "es", "back": "//evil.test/"})
        assert page.url.host == "voice.test"


class TestSafety:
    async def test_a_form_of_another_site_is_refused(self, it: Program, client: httpx.AsyncClient) -> None:
        page = await begun(client)
        before = len(it.chats.heard)
        for path in ("/chat", "/chat/start", "/language"):
            answer = await client.post(path, data=button(page, "Yes"), headers={"origin": "https://evil.test"})
            assert answer.status_code == 403
            assert "Traceback" not in answer.text
        assert len(it.chats.heard) == before

    async def test_the_cookie_is_out_of_reach(self, client: httpx.AsyncClient) -> None:
        page = await client.get("/chat")
        answer = await client.post("/chat/start", data={"nonce": nonce(page), "code": ""}, follow_redirects=False)
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie

    async def test_every_answer_brings_its_locks(self, client: httpx.AsyncClient) -> None:
        for path in ("/", "/chat", "/nowhere", "/static/chat.js", "/healthz", "/manage"):
            headers = (await client.get(path)).headers
            assert "script-src 'self'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "same-origin"

    async def test_conversations_are_not_kept_by_browsers_and_static_files_are(self, client: httpx.AsyncClient) -> None:
        page = await client.get("/chat")
        assert page.headers["cache-control"] == "no-store"
        sheet = re.search(r'href="(/static/[^"]+\.css[^"]*)"', page.text)
        assert sheet
        assert "immutable" in (await client.get(sheet[1])).headers["cache-control"]

    async def test_no_page_holds_a_script_or_a_style_of_its_own(self, client: httpx.AsyncClient) -> None:
        for path in ("/", "/chat", "/privacy", "/manage", "/nowhere"):
            text = (await client.get(path)).text
            assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", text), path
            assert not re.search(r'(src|href)="(https?:)?//', text), path

    async def test_who_sends_without_end_is_asked_to_wait(self, it: Program, client: httpx.AsyncClient) -> None:
        page = await begun(client)
        for number in range(39):
            form = {"text": "99", "nonce": f"{nonce(page)}{number}"}
            assert (await client.post("/chat", data=form, headers=QUIET)).status_code == 200
        answer = await client.post("/chat", data={"text": "99", "nonce": nonce(page)})
        assert answer.status_code == 429
        assert "One moment, please" in answer.text
        it.now += timedelta(minutes=1)
        assert (await client.post("/chat", data={"text": "99", "nonce": nonce(page)})).status_code == 200

    async def test_a_flood_of_new_conversations_from_one_place_is_held_up(self, it: Program) -> None:
        app = site(it)
        app.state.newcomers = Pace(2, timedelta(minutes=1))
        answers = []
        for _ in range(3):
            async with (
                listening(it),
                httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://voice.test") as anew,
            ):
                answers.append((await anew.post("/chat/start", data={"code": ""})).status_code)
        assert answers == [303, 303, 429]

    async def test_who_invents_a_cookie_is_as_new_as_anybody(self, it: Program) -> None:
        app = site(it)
        app.state.newcomers = Pace(2, timedelta(minutes=1))
        async with (
            listening(it),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://voice.test") as anew,
        ):
            answers = []
            for n, (path, form) in enumerate([("/chat/start", {"code": ""}), ("/chat", {"text": "4"})] * 2):
                cookie = {"cookie": f"{COOKIE}=mine{n}"}
                answers.append((await anew.post(path, data=form, headers=cookie)).status_code)
            known = await anew.post("/chat", data={"text": "4"}, headers={"cookie": f"{COOKIE}=mine0"})
        assert answers == [303, 303, 429, 429]
        assert known.status_code == 303
        assert len(it.chats.heard) == 3

    async def test_no_network_address_is_remembered(self, it: Program) -> None:
        app = site(it)
        transport = httpx.ASGITransport(app, client=("203.0.113.7", 1))
        async with listening(it), httpx.AsyncClient(transport=transport, base_url="http://voice.test") as anew:
            await anew.post("/chat/start", data={"code": ""})
        assert len(app.state.newcomers) == 1
        assert "203.0.113.7" not in repr(app.state.newcomers.__dict__)

    async def test_a_program_that_cannot_keep_it_says_so(
        self, it: Program, client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """No false thanks, no traceback; the visitor's words wait in their form."""
        page = await begun(client)
        it.chats.broken = True
        answer = await client.post("/chat", data=button(page, "Yes"))
        assert answer.status_code == 500
        assert "Something went wrong on our side" in answer.text
        assert "no space left" not in answer.text
        quiet = await client.post("/chat", data=button(page, "Yes"), headers=QUIET)
        assert quiet.json()["problem"]
        it.chats.broken = False
        page = await client.post("/chat", data=button(page, "Yes"))
        assert said(page)[-1] == "theirs: How is the library?"
        assert "web.mistake" in capsys.readouterr().out

    async def test_before_the_loop_listens_nothing_is_taken(self, it: Program) -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(site(it)), base_url="http://voice.test") as early:
            answer = await early.post("/chat/start", data={"code": ""})
        assert answer.status_code == 503
        assert answer.headers["retry-after"]

    async def test_a_body_without_end_is_refused(self, client: httpx.AsyncClient) -> None:
        answer = await client.post("/chat", data={"text": "x" * 100_000})
        assert answer.status_code in {400, 413}
        spanish = {"accept-language": "es"}
        answer = await client.post("/chat", content=b"x" * (33 * 1024 * 1024), headers=spanish)
        assert (answer.status_code, "Es demasiado grande" in answer.text) == (413, True)
        answer = await client.post("/manage/rounds/x/list", content=b"x" * (33 * 1024 * 1024))
        assert (answer.status_code, "Please send a file of at most 32 MB." in answer.text) == (413, True)

        async def without_end() -> AsyncIterator[bytes]:
            for _ in range(33):
                yield b"x" * 1024**2

        typed = {"content-type": "application/x-www-form-urlencoded"}
        answer = await client.post("/chat", content=without_end(), headers=typed)
        assert answer.status_code in {400, 413}


def _events(client: httpx.Client, path: str, count: int, headers: dict[str, str] | None = None) -> list[dict[str, str]]:
    """Return the first events of a stream."""
    events: list[dict[str, str]] = [{}]
    with client.stream("GET", path, headers=headers) as answer:
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if line:
                events[-1][name] = events[-1].get(name, "") + value
            elif len(events) == count:
                return events
            else:
                events.append({})
    pytest.fail("the stream ended")


class TestStream:
    def test_a_stream_begins_where_the_page_ends(self, url: str) -> None:
        """Each event carries its line's number, so that a browser that was away asks only for what it missed."""
        with httpx.Client(base_url=url, follow_redirects=True) as client:
            client.post("/chat/start", data={"code": ""})
            everything = _events(client, "/chat/stream?after=0", 2)
            assert [event["id"] for event in everything] == ["1", "2"]
            assert "Hello. I am an automated assistant" in everything[1]["data"]
            (missed,) = _events(client, "/chat/stream?after=0", 1, {"last-event-id": "1"})
            assert missed["id"] == "2"

    async def test_a_stranger_has_no_stream(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/chat/stream")).status_code == 204
        invented = await client.get("/chat/stream", headers={"cookie": f"{COOKIE}=x"})
        assert invented.status_code == 204

    def test_who_has_many_open_gets_no_more(self, url: str) -> None:
        with httpx.Client(base_url=url, follow_redirects=True) as client, ExitStack() as opened:
            client.post("/chat/start", data={"code": ""})
            tabs = [opened.enter_context(client.stream("GET", "/chat/stream")).iter_lines() for _ in range(TABS)]
            assert all(next(each) for each in tabs)
            assert client.get("/chat/stream").status_code == 204

    def test_they_are_counted_for_a_visitor_and_for_a_network_and_only_while_they_are_open(self) -> None:
        streams = Streams(tabs=2, of_network=3)
        with ExitStack() as opened:
            for visitor in ("ana", "ana", "ben"):
                assert streams.has_room(visitor, "library")
                opened.enter_context(streams.opened(visitor, "library"))
            assert not streams.has_room("ana", "elsewhere")
            assert not streams.has_room("cleo", "library")
            assert streams.has_room("ben", "elsewhere")
        assert streams.has_room("ana", "library")

    async def test_the_script_gets_what_it_misses(self, client: httpx.AsyncClient) -> None:
        """Where the stream is cut by a proxy, each answer still brings the lines the page lacks."""
        page = await begun(client)
        answer = await client.post("/chat", data={**button(page, "Yes"), "last": "0"}, headers=QUIET)
        news = answer.json()
        assert "How is the library?" in news["html"]
        assert "Hello. I am" in news["html"]
        assert news["nonce"]
