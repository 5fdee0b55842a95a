"""The report in the browser: a draft per language that stays, a look at what citizens will get, then published."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from bot.rounds.outcome import KeyIssue
from storage import contacts, rounds, wishes
from storage.contacts import NewContact
from tests.bot.channels.web.test_browser import accessible, follow, watched
from tests.bot.channels.web.test_concluding_pages import closed
from tests.bot.channels.web.test_staff_pages import ORGANISER, entered, faults, posted, stamp

if TYPE_CHECKING:
    import httpx
    from playwright.sync_api import BrowserContext

    from tests.bot.channels.web.stage import Program

WRITTEN = {"report.en": "We open on Sundays.", "report.es": "Abrimos los domingos.", "signed": "Ada Ames, library"}


def mark(page: httpx.Response) -> str:
    """Return the mark of the draft that a page shows."""
    found = re.search(r'name="seen" value="([^"]*)"', page.text)
    assert found, page.text[:500]
    return found[1]


class TestPages:
    async def test_it_begins_with_what_is_known(self, it: Program, client: httpx.AsyncClient) -> None:
        code = closed(it)
        it.rounds.raise_issue(code, KeyIssue({"en": "Open on Sundays"}, None, {"en": "We do"}, "yes", ""))
        await entered(it, client, ORGANISER)
        page = await client.get(f"/manage/rounds/{code}/report")
        assert "– Open on Sundays" in page.text
        assert "Not everything is written in: Español." in page.text
        assert 'value="Ada"' in page.text, "who is signed in is proposed"

    async def test_a_draft_stays_for_whoever_comes_next(self, it: Program, client: httpx.AsyncClient) -> None:
        code = closed(it)
        await entered(it, client, ORGANISER)
        page = await posted(client, f"/manage/rounds/{code}/report", **WRITTEN, act="keep")
        assert "The draft is kept." in page.text
        client.cookies.clear()
        await client.post("/manage/sign-in", data={"token": it.link(ORGANISER, name="Ben")})
        assert "Draft kept on" in (await client.get(f"/manage/rounds/{code}")).text
        page = await client.get(f"/manage/rounds/{code}/report")
        assert ">Abrimos los domingos.</textarea>" in page.text
        assert it.rounds.drafted(code, "es") == "Abrimos los domingos.", "the chat and the command line have it, too"
        assert it.rounds.find(code).state == "closed"  # type: ignore[union-attr]
        assert (await client.get(f"/rounds/{code}")).text.count("Sundays") == 0

    async def test_nobody_writes_over_what_they_have_not_read(self, it: Program, client: httpx.AsyncClient) -> None:
        code = closed(it)
        await entered(it, client, ORGANISER)
        await posted(client, f"/manage/rounds/{code}/report", **WRITTEN, act="keep")
        late = await posted(client, f"/manage/rounds/{code}/report", **{**WRITTEN, "report.en": "Mine"}, act="keep")
        assert "somebody else has written on this report" in faults(late)[0]
        assert ">Mine</textarea>" in late.text
        assert it.rounds.drafted(code, "en") == "We open on Sundays."
        again = {**WRITTEN, "report.en": "Both", "seen": mark(late)}
        await posted(client, f"/manage/rounds/{code}/report", **again, act="keep")
        assert it.rounds.drafted(code, "en") == "Both"

    async def test_it_is_seen_as_message_and_page_before_it_is_published(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = closed(it)
        with it.database.transaction() as db:
            row = rounds.by_code(db, code)
            (asks,) = contacts.add(db, [NewContact("web", b"hash", b"sealed", "es", it.now)])
            assert row is not None
            wishes.add(db, [(row.id, asks.id)], it.now)
        await entered(it, client, ORGANISER)
        page = await posted(client, f"/manage/rounds/{code}/report", **WRITTEN, act="look")
        assert page.url.path.endswith("/report/preview")
        assert "You answered questions about the reading room" in page.text
        assert "Was this clear?" in page.text
        assert "People who asked for the result and will get it: 1." in page.text
        whole = await client.get(f"/manage/rounds/{code}/report/page?language=es")
        assert "Abrimos los domingos." in whole.text
        assert "vista previa" in whole.text
        assert "Ada Ames, library" in whole.text
        assert "Abrimos" not in (await client.get(f"/rounds/{code}", headers={"accept-language": "es"})).text
        done = await posted(client, f"/manage/rounds/{code}/report/publish", seen=mark(page))
        assert "The result is published" in done.text
        assert "Abrimos" in (await client.get(f"/rounds/{code}", headers={"accept-language": "es"})).text
        assert it.rounds.report_draft(code) is None
        back = await client.get(f"/manage/rounds/{code}/report")
        assert (back.url.path, "has moved on" in back.text) == (f"/manage/rounds/{code}", True)

    async def test_what_is_written_after_a_colleague_has_published_stands_there_to_be_copied(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = closed(it)
        await entered(it, client, ORGANISER)
        it.rounds.report_back(code, {"en": "We open", "es": "Abrimos"}, signed="Ada")
        late = await posted(client, f"/manage/rounds/{code}/report", **WRITTEN)
        assert late.status_code == 409
        assert "is now: Result published" in late.text
        assert f">{WRITTEN['report.en']}</textarea>" in late.text
        assert f'href="/manage/rounds/{code}"' in late.text
        heard, token = {"accept": "application/json"}, stamp(await client.get("/manage"))
        script = await client.post(f"/manage/rounds/{code}/report", data={**WRITTEN, "stamp": token}, headers=heard)
        assert (script.status_code, "Result published" in script.json()["fault"]) == (409, True)

    async def test_what_is_missing_is_named_and_keeps_it_from_being_published(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = closed(it)
        await entered(it, client, ORGANISER)
        few = {"report.en": "We open. …", "report.es": "", "signed": ""}
        page = await posted(client, f"/manage/rounds/{code}/report", **few, act="look")
        assert f'href="/manage/rounds/{code}/report#report.es"' in page.text
        assert "still holds “…”" in page.text
        assert "Write who answers for this text" in page.text
        assert "Publish the result</button>" not in page.text
        refused = await posted(client, f"/manage/rounds/{code}/report/publish", seen=mark(page))
        assert faults(refused) == ["Write who answers for this text"]
        assert it.rounds.find(code).state == "closed"  # type: ignore[union-attr]

    async def test_where_nobody_has_written_anything_it_is_not_published(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = closed(it)
        await entered(it, client, ORGANISER)
        begun = {**WRITTEN, "report.en": "You said\n– …"}
        page = await posted(client, f"/manage/rounds/{code}/report", **begun, act="look")
        assert "still holds “…”" in page.text
        assert "Publish the result</button>" not in page.text
        refused = await posted(client, f"/manage/rounds/{code}/report/publish", seen=mark(page))
        assert "where nobody has written anything" in faults(refused)[0]
        assert it.rounds.find(code).state == "closed"  # type: ignore[union-attr]

    async def test_what_was_changed_since_it_was_seen_is_not_published(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = closed(it)
        await entered(it, client, ORGANISER)
        page = await posted(client, f"/manage/rounds/{code}/report", **WRITTEN, act="look")
        seen = mark(page)
        it.rounds.keep_draft(code, {"en": "Another", "es": "Otro"}, signed="Ben", seen=seen)
        refused = await posted(client, f"/manage/rounds/{code}/report/publish", seen=seen)
        assert refused.status_code == 422
        assert "Another" in refused.text, "the page shows what stands there now"
        assert it.rounds.find(code).state == "closed"  # type: ignore[union-attr]

    async def test_before_a_round_has_closed_there_is_no_report_to_write(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = it.opened("How is the library?")
        await entered(it, client, ORGANISER)
        for path in ("report", "report/preview", "report/page?language=en"):
            assert (await client.get(f"/manage/rounds/{code}/{path}")).status_code == 404
        assert (await posted(client, f"/manage/rounds/{code}/report", **WRITTEN)).status_code == 404


@pytest.mark.browser
class TestBrowser:
    def test_a_draft_is_kept_when_its_writer_leaves_and_published_with_a_second_press(
        self, context: BrowserContext, it: Program, url: str
    ) -> None:
        code = closed(it)
        with watched(context, url) as page:
            page.goto(f"{url}/manage/sign-in?token={it.link(ORGANISER)}")
            follow(page.get_by_role("button", name="Sign in"))
            page.goto(f"{url}/manage/rounds/{code}")
            follow(page.get_by_role("link", name="Write the report"))
            accessible(page, "report")
            page.get_by_label("Result in English").fill("We open on Sundays.")
            expect(page.locator("#kept")).to_contain_text("Draft kept on")
            page.goto(f"{url}/manage/rounds/{code}")
            follow(page.get_by_role("link", name="Go on writing"))
            expect(page.get_by_label("Result in English")).to_have_value("We open on Sundays.")
            page.get_by_label("Result in Español").fill("Abrimos los domingos.")
            page.get_by_label("Who answers for this text").fill("Ada Ames, library")
            follow(page.get_by_role("button", name="Look at it before it is published"))
            accessible(page, "preview of the report")
            expect(page.get_by_text("Abrimos los domingos.").first).to_be_visible()
            assert it.rounds.find(code).state == "closed"  # type: ignore[union-attr]
            follow(page.get_by_role("button", name="Publish the result"))
            expect(page.get_by_text("The result is published")).to_be_visible()
