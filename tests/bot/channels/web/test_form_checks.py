"""The checks while an organiser writes a round: the same as before it opens, beside each field, and nothing is kept."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.bot.channels.web.stage import served
from tests.bot.channels.web.test_browser import accessible, button, follow, watched
from tests.bot.channels.web.test_example_pages import Form, asked
from tests.bot.channels.web.test_public_pages import FORMAL
from tests.bot.channels.web.test_staff_pages import ORGANISER, entered, posted

if TYPE_CHECKING:
    from pathlib import Path

    import httpx
    from playwright.sync_api import Browser, BrowserContext

    from tests.bot.channels.web.stage import Program

NEW = "/manage/rounds/new/check"
OURS = """document.querySelectorAll("textarea").forEach(
    (each) => { each.value = each.value.split("\\n").map((line) => line && line + " too").join("\\n"); })"""
"""Writes other words over all those of an example."""


def ours(fields: dict[str, str]) -> dict[str, str]:
    """Return a form in which every sentence of the example is another."""
    return {
        name: "\n".join(f"{line} too" for line in text.splitlines()) if "." in name or " " in text else text
        for name, text in fields.items()
    }


async def checked(client: httpx.AsyncClient, flow: str = "option_round", **typed: str) -> dict[str, Any]:
    """Type this over a whole form, and return what the checks say."""
    fields = ours(Form((await client.get(asked(flow, "example=1"))).text).fields)
    answer = await client.post(NEW, data=fields | {name.replace("__", "."): text for name, text in typed.items()})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def beside(found: dict[str, Any], field: str) -> str:
    """Return what is said beside a field, as plain words."""
    return html.unescape(" ".join(re.sub("<[^>]+>", "", found["fields"].get(field, "")).split()))


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"title": ""}, "title", "Error: Enter a title"),
        ({"topic__en": "", "topic__es": ""}, "topic.en", "Error: is missing"),
        ({"topic__es": ""}, "topic.en", ""),
        (
            {"topic__es": "el horario de la biblioteca", "ideas__en": "Sundays from 10 to 4\nb\nc\nd"},
            "ideas.en",
            "Error: still holds words of the example: write your own",
        ),
        ({"closes_on": "2026-11-01"}, "closes_on", "Error: the day on which it closes lies in the past"),
        ({"closes_on": "soon"}, "closes_on", "Error: Enter a day, like 31 12 2026"),
        ({"decided_on": "3000-01-01"}, "decided_on", "Error: Enter a day, like 31 12 2026"),
        ({"decided_on": "2026-12-01"}, "decided_on", "Error: lies before the round closes: choose a later day"),
        ({"audience": "listed"}, "audience", "Error: nobody would be asked: choose other people, add a list, or let"),
        ({"ideas__en": "One", "ideas__es": ""}, "ideas.en", "Error: needs at least two lines"),
        ({"topic__en": "how we utilise it"}, "topic.en", "Tip: “utilise” is a word of offices: say “use”"),
        ({"topic__es": "x" * 281}, "topic.es", "Tip: 281 characters are much on a phone: say it in 280 or less"),
        ({"fixed_points__en": "word " * 21}, "fixed_points.en", "Tip: a sentence has 21 words: make two of it, each"),
        ({"ideas__en": f"{'o' * 46}\nb\nc\nd"}, "ideas.en", f"Tip: the option “{'o' * 45}…” has 46 characters: a"),
        ({"ideas__en": "a\nb\nc"}, "ideas.en", "Error: Write as many lines in each language"),
        ({"ideas__en": "a\nb\nc\nd", "ideas__es": ""}, "ideas.en", ""),
        ({"ideas__en": "Late\nlate \nc\nd"}, "ideas.en", "Tip: two options read “Late”: tell them apart"),
    ],
)
async def test_each_thing_is_said_beside_its_field(
    it: Program, client: httpx.AsyncClient, typed: dict[str, str], field: str, said: str
) -> None:
    await entered(it, client, ORGANISER)
    found = await checked(client, **typed)
    assert beside(found, field).startswith(said)
    assert bool(beside(found, field)) == bool(said)
    assert ("Error" in said) == (f'href="#{field}"' in found["lacks"])


async def test_what_a_draft_would_lack_is_what_it_lacks_once_it_is_kept(it: Program, client: httpx.AsyncClient) -> None:
    await entered(it, client, ORGANISER)
    typed = {"topic.en": "", "topic.es": "", "decided_on": "2026-12-01", "pack_on": "2026-12-24", "dpia": ""}
    fields = ours(Form((await client.get(asked("option_round", "example=1"))).text).fields) | {"duty": "law"} | typed
    before = (await client.post(NEW, data=fields)).json()
    await client.post("/manage/rounds/new", data=fields)
    faults = it.rounds.check(it.rounds.listed()[0].code, "en")
    assert len(faults) > 3
    assert re.findall("</a>: (.*?)</li>", before["lacks"]) == [html.escape(each.short) for each in faults]
    assert before["count"] == f"Before it can open, {len(faults)} more things are needed:"


async def test_a_draft_that_is_changed_is_looked_at_with_what_its_form_does_not_ask(
    it: Program, client: httpx.AsyncClient
) -> None:
    code = it.round("When should we open?", **{**FORMAL, "audience": "listed"})
    await entered(it, client, ORGANISER)
    log, draft = it.rounds.log(code), it.rounds.find(code)
    page = await client.get(f"/manage/rounds/{code}/edit")
    assert f'data-check="/manage/rounds/{code}/edit/check"' in page.text
    found = (await posted(client, f"/manage/rounds/{code}/edit/check", title="Other", audience="listed")).json()
    assert beside(found, "audience").startswith("Error: nobody would be asked")
    assert (it.rounds.log(code), it.rounds.find(code)) == (log, draft)
    it.rounds.cancel(code, why="not needed")
    assert (await posted(client, f"/manage/rounds/{code}/edit/check", title="Other")).status_code == 409


async def test_only_who_may_write_the_round_hears_of_it(it: Program, client: httpx.AsyncClient) -> None:
    code = it.round("Mine")
    where = (f"/manage/rounds/{code}/edit/check", NEW)
    for path in where:
        assert (await client.post(path, data={"title": "x"})).status_code == 401
    await entered(it, client, ("approver", "library"))
    given = {"service": "library", "flow": "option_round", "title": "x"}
    for path in where:
        assert (await posted(client, path, **given)).status_code == 404
    await entered(it, client, ORGANISER)
    for path in where:
        assert (await client.post(path, data=given)).status_code == 403
        assert (await posted(client, path, **given)).status_code == 200
    assert [one.code for one in it.rounds.listed()] == [code]


async def test_without_a_script_the_page_says_what_is_missing_as_it_comes(
    it: Program, client: httpx.AsyncClient
) -> None:
    await entered(it, client, ORGANISER)
    page = await client.get(asked("option_round", "example=1"))
    assert '<li><a href="#decider.en">Who decides</a>: still holds words of the example: write your own' in page.text
    page = await client.get(asked("option_round"))
    assert '<li><a href="#title">Title</a>: Enter a title</li>' in page.text
    assert '<li><a href="#topic.en">What it is about</a>: is missing</li>' in page.text


async def test_lines_that_cannot_be_laid_side_by_side_are_given_back_to_be_mended(
    it: Program, client: httpx.AsyncClient
) -> None:
    await entered(it, client, ORGANISER)
    fields = ours(Form((await client.get(asked("option_round", "example=1"))).text).fields)
    typed = {"ideas.en": "Quiet places\nBooks", "ideas.es": "Más horas\nSitios tranquilos\nLibros"}
    page = await posted(client, "/manage/rounds/new", **{**fields, **typed})
    assert page.status_code == 422
    assert "Write as many lines in each language, in the same order" in page.text
    assert all(line in page.text for text in typed.values() for line in text.split("\n"))
    assert it.rounds.listed() == []


async def test_the_page_of_a_draft_names_what_is_missing_in_a_language(it: Program, client: httpx.AsyncClient) -> None:
    both = {"en": "the hours", "es": "el horario"}
    code = it.round("When should we open?", **{**FORMAL, "record": FORMAL["record"] | {"topic": "the hours"}})
    await entered(it, client, ORGANISER)
    hint = re.compile("not yet in every language: ([^.]*)[.]")
    found = hint.search((await client.get(f"/manage/rounds/{code}")).text)
    assert found is not None
    assert "What it is about" in found[1]
    it.rounds.change(code, record={**it.rounds.find(code).record, "topic": both})  # type: ignore[union-attr]
    found = hint.search((await client.get(f"/manage/rounds/{code}")).text)
    assert found is None or "What it is about" not in found[1]


async def test_a_text_of_no_known_language_that_stays_in_the_form_is_no_change(
    it: Program, client: httpx.AsyncClient
) -> None:
    code = it.round("When should we open?", **{**FORMAL, "record": FORMAL["record"] | {"topic": "the hours"}})
    await entered(it, client, ORGANISER)
    fields = {"title": "When should we open?", "audience": "link", "topic.en": "the hours"}
    for typed, kept in (({}, "the hours"), ({"topic.en": "our hours"}, {"en": "our hours"})):
        await posted(client, f"/manage/rounds/{code}/edit", **{**fields, **typed})
        assert it.rounds.find(code).record["topic"] == kept  # type: ignore[union-attr]


@pytest.mark.browser
class TestBrowser:
    def test_faults_come_and_go_while_one_writes(
        self, context: BrowserContext, it: Program, url: str, shot: Path | None
    ) -> None:
        with watched(context, url) as page:
            page.goto(f"{url}/manage/sign-in?token={it.link(ORGANISER)}")
            follow(button(page, "Sign in"))
            page.goto(f"{url}{asked('option_round', 'example=1')}")
            expect(page.locator("#standing")).to_contain_text("still holds words of the example")
            page.evaluate(OURS)
            page.get_by_label("Title", exact=True).press("End")
            page.keyboard.type("!")
            expect(page.locator("#standing")).to_contain_text("Nothing is missing")
            page.get_by_label("Day of the decision").fill("2026-12-01")
            page.get_by_label("Title", exact=True).fill("")
            wrong = page.get_by_label("Day of the decision")
            expect(wrong).to_have_attribute("aria-invalid", "true")
            expect(wrong).to_have_accessible_description(re.compile("lies before the round closes: choose a later day"))
            expect(page.locator("#standing-count")).to_have_text("Before it can open, 2 more things are needed:")
            page.locator("#standing summary").click()
            accessible(page, "a form with faults")
            if shot:
                page.screenshot(path=shot)
            page.locator("#standing").get_by_role("link", name="Title").click()
            expect(page.get_by_label("Title", exact=True)).to_be_focused()
            page.keyboard.type("When should we open?")
            wrong.fill("2027-03-01")
            expect(page.locator("#standing")).to_contain_text("Nothing is missing")
            expect(wrong).not_to_have_attribute("aria-invalid", "true")
            assert it.rounds.listed() == []
            follow(button(page, "Save the draft"))
            assert [one.title for one in it.rounds.listed()] == ["When should we open?"]

    def test_it_reads_from_right_to_left_and_keeps_out_of_the_way_of_what_is_focused(
        self, chromium: Browser, it: Program, shot: Path | None
    ) -> None:
        it.config = replace(it.config, city=replace(it.config.city, languages=("en", "ar")))
        it.with_flow()
        context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="ar")
        with served(it) as url, watched(context, url) as page:
            page.goto(f"{url}/manage/sign-in?token={it.link(ORGANISER, language='ar')}")
            follow(page.locator("main form button"))
            page.goto(f"{url}{asked('option_round', 'example=1')}")
            page.locator("#closes_on").fill("2026-11-01")
            expect(page.locator("#closes_on-fault")).not_to_be_empty()
            assert page.locator("html").get_attribute("dir") == "rtl"
            accessible(page, "a form from right to left")
            page.locator("#title").focus()
            page.wait_for_load_state("networkidle")  # what is checked on leaving a field moves what stands below
            page.locator("#closes_on").focus()
            page.wait_for_function(IN_SIGHT)  # pages scroll smoothly, so the field is on its way for a moment
            if shot:
                page.screenshot(path=shot)

    def test_where_the_line_breaks_the_button_still_keeps_it(
        self, context: BrowserContext, it: Program, url: str
    ) -> None:
        with watched(context, url) as page:
            page.goto(f"{url}/manage/sign-in?token={it.link(ORGANISER)}")
            follow(button(page, "Sign in"))
            page.goto(f"{url}{asked('idea_round', 'example=1')}")
            page.route("**/check", lambda route: route.abort())
            with page.expect_event("requestfailed"):
                page.get_by_label("Title", exact=True).fill("Ours")
            follow(button(page, "Save the draft"))
            assert [one.title for one in it.rounds.listed()] == ["Ours"]


IN_SIGHT = """() => {
  const field = document.activeElement.getBoundingClientRect();
  const bar = document.getElementById("standing").getBoundingClientRect();
  return document.activeElement.id === "closes_on" && field.top >= 0 && field.bottom <= bar.top;
}"""
"""Whether the field that is written in can be seen, and not under the bar."""


@pytest.fixture
def shot(request: pytest.FixtureRequest) -> Path | None:
    """Where to look at what is seen, when asked for pictures."""
    return request.getfixturevalue("tmp_path") / "form.png" if request.config.getoption("--pictures") else None
