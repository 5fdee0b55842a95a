"""What everyone may read without taking part, and what machines ask."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from markupsafe import escape
from sqlalchemy import select
from starlette.routing import Mount, Route

from bot import leaving, letters
from bot.channels.web import site
from bot.channels.web.public import MAILED, MOST
from bot.channels.web.round_page import RoundPage
from bot.channels.web.words import Dictionary
from bot.errors import Refused
from bot.rounds import codes, mailed
from bot.rounds.outcome import Decision
from storage import audience, contacts, rounds, tables
from tests.bot.channels.web.stage import NOW
from tests.bot.test_altered import DAMAGES, altered
from tests.flows.talk import LANGUAGES
from tests.storage import makers
from tests.support.signing import sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bot.channels.web.stage import Program

FORMAL: dict[str, Any] = {
    "flow": "yearly_review",
    "closes_at": NOW + timedelta(days=20),
    "record": {
        "topic": {"en": "the reading room", "es": "la sala de lectura"},
        "decider": "The city council",
        "decided_on": "2027-01-15",
        "open_points": "The days and hours",
        "fixed_points": "The building",
        "influence": "ask",
        "duty": "none",
        "level": "collective",
        "feedback_on": "2027-02-01",
        "outcome": "feel at home in the library",
    },
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_round_whose_questions_were_altered_rests(
    it: Program, client: httpx.AsyncClient, damage: Callable[[str], str]
) -> None:
    code = it.opened("How is the library?", **FORMAL)
    altered(it.database, FORMAL["flow"], damage)
    page = await client.get(f"/rounds/{code}")
    assert page.status_code == 200
    assert "paused" in page.text
    page = await client.get(f"/chat/{code}")
    assert page.status_code == 200
    assert "paused" in page.text
    assert code not in (await client.get("/")).text


async def test_before_its_day_a_round_tells_when_it_opens_and_offers_no_way_in_yet(
    it: Program, client: httpx.AsyncClient
) -> None:
    code = it.round("The reading room", **FORMAL | {"opens_at": NOW + timedelta(days=2)})
    sign(it.rounds, it.database, code, it.now)
    it.rounds.open(code, who=None)
    page = (await client.get(f"/rounds/{code}")).text
    assert "You can take part from Tuesday, 24 November 2026." in page
    assert "The city council" in page
    assert f'href="/chat/{code}"' not in page
    assert "qr.svg" not in page
    it.now = NOW + timedelta(days=2)
    it.sweeps().rounds()
    page = (await client.get(f"/rounds/{code}")).text
    assert "You can take part from" not in page
    assert f'href="/chat/{code}"' in page


@pytest.mark.parametrize("kept", [False, True])
async def test_before_the_decision_and_after_it_the_page_tells_what_is_true_then(
    it: Program, client: httpx.AsyncClient, kept: bool
) -> None:
    record = {**FORMAL["record"], "other_ways": "Call 555 0142", "decided_on": "2026-12-20"}
    code = it.opened("The reading room", **FORMAL | {"record": record})

    async def page() -> str:
        if not kept:
            return (await client.get(f"/rounds/{code}")).text
        shown = it.rounds.find(code)
        assert shown is not None
        return RoundPage(it.rounds, it.config, Dictionary.load(), it.now).kept(shown)["index.html"].decode()

    ways, open_ = "Call 555 0142", await page()
    assert [each in open_ for each in ("Decision planned for", "What you can change", ways)] == [True] * 3
    it.now = FORMAL["closes_at"] + timedelta(hours=2)
    it.sweeps().rounds()
    over = await page()
    assert [each in over for each in ("Decision planned for", "What you could change", ways)] == [True, True, False]
    it.now += timedelta(days=30)
    assert 'Decision was planned for</dt><dd class="pre">20 December 2026' in await page()
    it.rounds.decide(code, Decision("Open late", "2027-01-08", "Many asked", ""), who=None)
    made = await page()
    assert 'Decided on</dt><dd class="pre">8 January 2027' in made
    assert "planned for" not in made
    assert "Many asked" not in made, "the reasons are published with the report"


@pytest.mark.parametrize("kept", [False, True])
async def test_what_a_round_says_in_one_language_is_marked_as_that_in_another(
    it: Program, client: httpx.AsyncClient, kept: bool
) -> None:
    record = {
        **FORMAL["record"],
        "topic": {"en": "the reading room"},
        "open_points": {"en": "The days", "es": "Los días"},
        "fixed_why": {"en": "No money"},
    }
    code = it.opened("The reading room", **FORMAL | {"record": record})
    spanish = (await client.get(f"/rounds/{code}", headers={"accept-language": "es"})).text
    if kept:
        shown = it.rounds.find(code)
        assert shown is not None
        spanish = RoundPage(it.rounds, it.config, Dictionary.load(), it.now).kept(shown)["es.html"].decode()
    for text in ("the reading room", "No money"):
        assert re.search(rf'lang="en">{text}</dd><dd class="small">[^<]*: English\.</dd>', spanish)
    noted = r'<h1 lang="en" dir="auto">The reading room</h1>\s*<p class="small">[^<]*: English\.</p>'
    assert re.search(noted, spanish), "its title is in English alone, too"
    assert '<dd class="pre">Los días</dd></div>' in spanish
    assert '<dd class="pre">The building</dd></div>' in spanish, "nobody knows its language"
    assert "not there in your language" not in (await client.get(f"/rounds/{code}")).text


def test_no_round_takes_a_code_that_is_the_address_of_another_page(it: Program) -> None:
    paths = [route.path.split("/")[1:] for route in site(it).routes if isinstance(route, Route | Mount)]
    taken = {
        path[depth]
        for path in paths
        for depth in (0, 1, 2)
        if len(path) > depth and [*path[:depth], "{code}"] in [other[: depth + 1] for other in paths]
    } - {"{code}"}
    assert {"chat", "rounds", "new", "stream"} <= taken
    assert {each for each in taken if codes.own_code(each) is not None} == set()
    with pytest.raises(Refused, match="the code rounds does not fit"):
        it.round("Rounds", code="rounds")


class TestFrontPage:
    async def test_it_lists_what_is_open_and_nothing_else(self, it: Program, client: httpx.AsyncClient) -> None:
        code = it.opened("How is the library?")
        it.round("A draft nobody may see")
        page = await client.get("/")
        assert "How is the library?" in page.text
        assert f'href="/chat/{code}"' in page.text
        assert "always open" in page.text
        assert "A draft" not in page.text

    async def test_a_title_stands_in_the_visitors_language_where_it_has_one(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = it.opened("What should we lend?", record={"title": {"es": "¿Qué prestamos?"}})
        for path in ("/", f"/rounds/{code}", f"/chat/{code}"):
            assert "What should we lend?" in (await client.get(path, headers={"accept-language": "en"})).text
            spanish = (await client.get(path, headers={"accept-language": "es"})).text
            assert "¿Qué prestamos?" in spanish
            assert '<h1 lang="en"' not in spanish

    async def test_a_quiet_city_says_what_to_do(self, client: httpx.AsyncClient) -> None:
        page = await client.get("/")
        assert "Nothing is open at the moment." in page.text
        assert 'href="/chat"' in page.text

    async def test_titles_are_only_text(self, it: Program, client: httpx.AsyncClient) -> None:
        it.opened("<script>alert(1)</script>")
        page = await client.get("/")
        assert "<script>alert" not in page.text


class TestRound:
    async def test_it_says_why_who_decides_and_until_when(self, it: Program, client: httpx.AsyncClient) -> None:
        code = it.opened("The reading room", **FORMAL)
        page = await client.get(f"/rounds/{code}")
        for fact in (
            "the reading room",
            "The city council",
            "15 January 2027",
            "The building",
            "until Saturday, 12 December",
        ):
            assert fact in page.text
        assert f'href="/chat/{code}"' in page.text

    async def test_it_speaks_the_readers_language(self, it: Program, client: httpx.AsyncClient) -> None:
        code = it.opened("The reading room", **FORMAL)
        page = await client.get(f"/rounds/{code}", headers={"accept-language": "es"})
        assert "la sala de lectura" in page.text
        assert "15 de enero de 2027" in page.text

    async def test_telegram_is_a_way_in_where_the_city_has_it(self, it: Program, client: httpx.AsyncClient) -> None:
        code = it.opened("How is the library?")
        assert "t.me" not in (await client.get(f"/rounds/{code}")).text
        it.rounds.username = lambda: "rivermouth_bot"
        assert f"https://t.me/rivermouth_bot?start={code}" in (await client.get(f"/rounds/{code}")).text

    async def test_the_square_for_cameras_is_a_drawing(self, it: Program, client: httpx.AsyncClient) -> None:
        answer = await client.get(f"/rounds/{it.opened('How is the library?')}/qr.svg")
        assert answer.headers["content-type"].startswith("image/svg+xml")
        assert answer.text.startswith("<svg")

    async def test_after_closing_it_says_when_the_result_comes_and_then_the_result(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = it.opened("The reading room", **FORMAL)
        it.rounds.close(code, who=None)
        page = await client.get(f"/rounds/{code}")
        assert "On 1 February 2027 you can read here" in page.text
        assert f'href="/chat/{code}"' not in page.text
        it.rounds.report_back(
            code, {"en": "We open on Sundays.", "es": "Abrimos los domingos."}, signed="Ada Ames, library", who=None
        )
        page = await client.get(f"/rounds/{code}")
        assert "We open on Sundays." in page.text
        assert "Responsible: Ada Ames, library" in page.text
        assert "Abrimos los domingos." in (await client.get(f"/rounds/{code}", headers={"accept-language": "es"})).text

    async def test_what_the_law_wants_is_there_to_read_and_the_decision_once_it_is_published(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        papers = {"pack": "https://city.example/hours", "pack_costs": "late: 20,000 a year", "other_ways": "555 0142"}
        code = it.opened("The reading room", **{**FORMAL, "record": {**FORMAL["record"], **papers}})
        page = await client.get(f"/rounds/{code}")
        assert all(said in page.text for said in ("Papers to read", *papers.values()))
        it.rounds.close(code, who=None)
        today = it.now.date().isoformat()
        made = Decision("The library opens on Sundays.", today, "Forty people asked.", "nights: too dear")
        it.rounds.decide(code, made, who=None)
        assert "nights: too dear" not in (await client.get(f"/rounds/{code}")).text
        said = {"en": "We open on Sundays.", "es": "Abrimos los domingos."}
        it.rounds.report_back(code, said, signed="Ada Ames, library", who=None)
        page = await client.get(f"/rounds/{code}")
        assert all(str(words) in page.text for words in (made.text, made.reasons, made.not_chosen))

    async def test_a_result_that_is_late_is_said_to_be_late(self, it: Program, client: httpx.AsyncClient) -> None:
        code = it.opened("The reading room", **FORMAL)
        it.rounds.close(code, who=None)
        it.now += timedelta(days=120)
        assert "The result was promised for 1 February 2027. It is late." in (await client.get(f"/rounds/{code}")).text

    async def test_what_has_not_begun_has_no_page(self, it: Program, client: httpx.AsyncClient) -> None:
        for address in (it.round("A draft"), "nothing-here"):
            assert (await client.get(f"/rounds/{address}")).status_code == 404
            assert (await client.get(f"/rounds/{address}/qr.svg")).status_code == 404

    async def test_the_last_day_is_the_last_on_which_one_can_answer(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        """A round that its form closes on the 12th closes as the 13th begins."""
        end = datetime(2026, 12, 13, tzinfo=it.config.city.zone)
        code = it.opened("The reading room", **{**FORMAL, "closes_at": end})
        for path in ("/", f"/rounds/{code}"):
            page = (await client.get(path)).text
            assert "Saturday, 12 December 2026" in page
            assert "13 December" not in page

    async def test_a_round_that_opened_after_its_day_says_since_when_one_can_answer(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = it.round("The reading room", **FORMAL, opens_at=NOW + timedelta(days=1))
        it.now += timedelta(days=4)
        sign(it.rounds, it.database, code, it.now)
        it.rounds.open(code, who=None)
        page = (await client.get(f"/rounds/{code}")).text
        assert "Thursday, 26 November 2026 to Saturday, 12 December 2026" in page

    async def test_a_round_closed_earlier_says_on_which_day(self, it: Program, client: httpx.AsyncClient) -> None:
        code = it.opened("The reading room", **FORMAL)
        it.rounds.close(code, who=None)
        page = (await client.get(f"/rounds/{code}")).text
        assert "22 November 2026" in page
        assert "12 December" not in page

    async def test_a_draft_that_is_given_up_stays_nobodys_business(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        draft, opened = it.round("A secret", **FORMAL), it.opened("The reading room", **FORMAL)
        for code in (draft, opened):
            it.rounds.cancel(code, why="no money", who=None)
        assert (await client.get(f"/rounds/{draft}")).status_code == 404
        assert (await client.get(f"/rounds/{opened}")).status_code == 200


class TestEveryRound:
    async def test_it_lists_what_is_open_what_comes_and_what_became_of_the_rest(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        was = {name: it.opened(f"It is {name}") for name in ("running", "paused", "over", "told", "dropped")}
        it.rounds.pause(was["paused"], why="a flood", who=None)
        for name in ("over", "told"):
            it.rounds.close(was[name], who=None)
        said = {"en": "We open on Sundays.", "es": "Abrimos los domingos."}
        it.rounds.report_back(was["told"], said, signed="Ada Ames, library", who=None)
        it.rounds.cancel(was["dropped"], why="no money", who=None)
        soon = it.round("It is soon", opens_at=NOW + timedelta(days=9))
        it.rounds.open(soon, who=None)
        page = (await client.get("/rounds")).text
        heads = re.findall(r'<h2 id="(\w+)"', page)
        assert heads == ["open", "paused", "soon", "reading", "result", "cancelled"]
        codes = re.findall(r'<h3><a href="/rounds/([\w-]+)"', page)
        assert codes == [was["running"], was["paused"], soon, was["over"], was["told"], was["dropped"]]
        for code in codes:
            assert (await client.get(f"/rounds/{code}")).status_code == 200
        assert "You can take part from Tuesday, 1 December 2026." in page

    async def test_drafts_and_what_was_given_up_before_it_opened_are_not_on_it(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        it.round("A secret draft")
        soon = it.round("A secret plan", opens_at=NOW + timedelta(days=9))
        it.rounds.open(soon, who=None)
        it.rounds.cancel(soon, why="no money", who=None)
        page = (await client.get("/rounds")).text
        assert "A secret" not in page
        assert "There is nothing to read here yet." in page

    async def test_the_newest_come_first_a_page_at_a_time(self, it: Program, client: httpx.AsyncClient) -> None:
        codes = []
        for number in range(MOST + 2):
            it.now += timedelta(minutes=1)
            codes.append(it.opened(f"Round {number}"))
        first, second = [(await client.get("/rounds", params={"page": page})).text for page in (1, 2)]
        newest = list(reversed(codes))
        assert re.findall(r'<h3><a href="/rounds/([\w-]+)"', first) == newest[:MOST]
        assert re.findall(r'<h3><a href="/rounds/([\w-]+)"', second) == newest[MOST:]
        assert 'href="/rounds?page=2" rel="next"' in first
        assert 'rel="prev"' not in first
        assert 'href="/rounds?page=1" rel="prev"' in second
        assert 'rel="next"' not in second
        assert "Page 2 of 2" in second

    @pytest.mark.parametrize("wanted", ["", "0", "-1", "x", "²", "9" * 9, "999999"])
    async def test_a_page_that_is_not_there_is_one_that_is(
        self, it: Program, client: httpx.AsyncClient, wanted: str
    ) -> None:
        it.opened("How is the library?")
        page = await client.get("/rounds", params={"page": wanted})
        assert page.status_code == 200
        assert "How is the library?" in page.text

    @pytest.mark.parametrize("language", LANGUAGES)
    async def test_it_is_in_the_readers_language_and_other_pages_lead_to_it(
        self, it: Program, client: httpx.AsyncClient, language: str
    ) -> None:
        city = replace(it.config.city, languages=(language,))
        it.config = replace(it.config, city=city)
        code, texts = it.opened("<b>Hours</b>"), Dictionary.load().words(language)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(site(it)), base_url="http://voice.test") as own:
            page = (await own.get("/rounds")).text
            assert f'<html lang="{language}"' in page
            assert f"<h1>{texts('all.title')}</h1>" in page
            assert texts("all.open") in page
            assert "<b>" not in page
            for path in ("/", f"/rounds/{code}"):
                assert f'<a href="/rounds">{escape(texts("all.link"))}</a>' in (await own.get(path)).text

    @pytest.mark.parametrize("damage", DAMAGES)
    async def test_one_whose_questions_were_altered_rests_there_too(
        self, it: Program, client: httpx.AsyncClient, damage: Callable[[str], str]
    ) -> None:
        it.opened("How is the library?", **FORMAL)
        altered(it.database, FORMAL["flow"], damage)
        page = (await client.get("/rounds")).text
        assert re.findall(r'<h2 id="(\w+)"', page) == ["paused"]


class TestPrivacy:
    async def test_it_says_how_long_things_are_kept(self, it: Program, client: httpx.AsyncClient) -> None:
        page = await client.get("/privacy")
        assert f"{it.config.privacy.answers_months} months" in page.text
        assert it.config.city.human_contact in page.text

    async def test_a_city_with_its_own_notice_leads_there(self, it: Program) -> None:
        notice = "https://rivermouth.example/privacy"
        it.config = replace(it.config, privacy=replace(it.config.privacy, url=notice))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(site(it)), base_url="http://voice.test") as client:
            assert (await client.get("/privacy")).headers["location"] == notice


class Door:
    """Telegram's door, as the channel keeps it."""

    def __init__(self) -> None:
        self.got: list[tuple[bytes, str | None]] = []

    def admits(self, secret: str | None) -> bool:
        return True

    async def receive(self, body: bytes, secret: str | None) -> int:
        self.got.append((body, secret))
        return 200


class TestMachines:
    async def test_alive(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/healthz")).text == "ok\n"

    async def test_ready_tells_which_part_is_not(self, it: Program, client: httpx.AsyncClient) -> None:
        assert (await client.get("/readyz")).json() == {"ready": True, "database": "ok"}
        it.well = False
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["database"]) == (503, "does not answer")

    async def test_measurements_are_plain_text(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain")
        assert "civicloop_turns_total" in answer.text

    async def test_telegrams_posts_pass_with_their_secret_and_no_origin(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        door = it.webhook = Door()
        headers = {"x-telegram-bot-api-secret-token": "s3cret", "origin": "https://elsewhere.test"}
        answer = await client.post("/telegram", content=b'{"update_id": 1}', headers=headers)
        assert answer.status_code == 200
        assert door.got == [(b'{"update_id": 1}', "s3cret")]

    async def test_without_telegram_there_is_no_door(self, client: httpx.AsyncClient) -> None:
        assert (await client.post("/telegram", content=b"{}")).status_code == 404

    async def test_search_engines_stay_out_of_conversations(self, client: httpx.AsyncClient) -> None:
        assert "Disallow: /chat" in (await client.get("/robots.txt")).text

    async def test_an_unknown_page_is_kind_in_the_readers_language(self, client: httpx.AsyncClient) -> None:
        page = await client.get("/nowhere", headers={"accept-language": "es"})
        assert page.status_code == 404
        assert "Esta página no existe" in page.text

    async def test_the_wrong_verb_is_kind_too(self, client: httpx.AsyncClient) -> None:
        page = await client.post("/privacy")
        assert page.status_code == 405
        assert "use the buttons of the page" in page.text


class TestTheLinkOfAMail:
    async def test_it_is_taken_out_of_the_address_and_noted_when_its_reader_begins(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = it.opened("How is the library?")
        with it.database.transaction() as db:
            of, ana = rounds.by_code(db, code), makers.add_contact(db, "ana@home.example", "mail")
            assert of is not None
            audience.receive(db, of.id, [(ana.id, None, None)])
            audience.arrive(db, of.id)

        def through() -> bytes | None:
            with it.database.reading() as db:
                found: bytes | None = db.execute(select(tables.audience.c.through)).scalar_one()
            return found

        answer = await client.get(mailed.link(it.keys, f"/rounds/{code}", of.id, ana.id), follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/rounds/{code}")
        assert "httponly" in answer.headers["set-cookie"].lower()
        page = await client.get(f"/chat/{code}")
        assert through() is None, "a look notes nothing"
        nonce = page.text.partition('name="nonce" value="')[2].partition('"')[0]
        await client.post("/chat/start", data={"nonce": nonce, "code": code})
        with it.database.reading() as db:
            web = select(tables.contacts.c.address_hash).where(tables.contacts.c.channel == "web")
            chats = list(db.execute(web).scalars())
        assert through() is not None
        assert chats in ([], [through()])
        assert MAILED not in client.cookies, "it is needed no more"

    async def test_one_that_is_none_of_ours_leads_to_the_round_and_leaves_nothing(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = it.opened("How is the library?")
        answer = await client.get(f"/rounds/{code}?m=abcdefgh", follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/rounds/{code}")
        assert "set-cookie" not in answer.headers
        assert (await client.get("/rounds/no-such-round?m=abcdefgh", follow_redirects=False)).status_code == 404


class TestTheWayOutOfMails:
    async def test_one_press_stops_all_mails_and_a_look_does_not(self, it: Program, client: httpx.AsyncClient) -> None:
        page = leaving.link(it.keys, "http://voice.test", "ana@home.example")
        quiet = it.keys.quiet_hash("mail", "ana@home.example")
        shown = await client.get(page)
        assert "Stop our mails?" in shown.text
        assert "ana@" not in shown.text
        with it.database.reading() as db:
            assert audience.hushed(db, [quiet]) == set()
        left = await client.post(page, data={"List-Unsubscribe": "One-Click"})
        assert "Done: no more mails" in left.text
        with it.database.reading() as db:
            assert audience.hushed(db, [quiet]) == {quiet}
        assert (await client.post(page)).status_code == 200

    async def test_one_press_mails_the_address_what_is_kept_of_it_and_shows_nothing_here(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        """Once an hour, to that address alone, also to one that wants no mails."""
        page = leaving.link(it.keys, "http://voice.test", "ana@home.example")
        new = contacts.NewContact(
            "mail", it.keys.address_hash("mail", "ana@home.example"), it.keys.seal("ana@home.example"), "es", it.now
        )
        with it.database.transaction() as db:
            (ana,) = contacts.add(db, [new])
            contacts.set_stopped(db, ana.id, it.now)
        assert "Mail me what you keep about me" in (await client.get(page)).text
        for _ in range(2):
            shown = await client.post(f"{page}/data")
            assert "a mail with a link to it is on its way" in shown.text
            assert "/mydata/" not in shown.text
        with it.database.reading() as db:
            (row,) = db.execute(select(tables.outbox)).all()
        assert (row.contact_id, row.channel, row.status, row.priority) == (ana.id, "mail", "due", 0)
        assert "/mydata/" not in row.body
        said = letters.read(letters.opened(row.body, it.keys), row.key, "").text
        assert "Esto es lo que guardo sobre usted." in said
        token = said.partition("/mydata/")[2].split()[0]
        body = it.rounds.own_data(token, "json")
        assert body is not None
        assert "ana@home.example" in body
        other = leaving.link(it.keys, "http://voice.test", "ben@home.example")
        assert (await client.post(f"{other}/data")).status_code == 200
        with it.database.reading() as db:
            assert len(db.execute(select(tables.outbox)).all()) == 1
        assert (await client.post("/stop/abcdefgh/data")).status_code == 404

    async def test_a_link_that_is_none_of_ours_is_not_there(self, client: httpx.AsyncClient) -> None:
        for act in (client.get, client.post):
            assert (await act("/stop/abcdefgh")).status_code == 404


async def test_what_is_printed_of_a_round_whose_days_are_being_changed_says_so_and_nothing_else(
    it: Program, client: httpx.AsyncClient
) -> None:
    soon = {**FORMAL, "opens_at": NOW + timedelta(days=5)}
    code = it.round("The reading room", **soon)
    assert (await client.get(f"/rounds/{code}")).status_code == 404, "a draft is nobody's"
    sign(it.rounds, it.database, code, it.now)
    it.rounds.open(code)
    place = it.rounds.add_place(code, "Library door").code
    it.rounds.extend(code, NOW + timedelta(days=21), why="more time")
    for path in (f"/rounds/{code}", f"/{code}", f"/{place}", f"/chat/{place}"):
        page = await client.get(path)
        assert page.status_code == 200
        assert "This round is not open yet: its days are being changed." in page.text
        assert "reading room" not in page.text
    spanish = await client.get(f"/rounds/{code}", headers={"accept-language": "es"})
    assert "se están cambiando sus días" in spanish.text
    assert (await client.get(f"/rounds/{code}/qr.svg")).status_code == 404
