"""The form of a new round filled with an example: one link, no script, and a draft that lacks nothing."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from tests.bot.channels.web.test_staff_pages import ORGANISER, entered, faults, posted
from tests.support.house import CATALOG

if TYPE_CHECKING:
    import httpx

    from tests.bot.channels.web.stage import Program

READY = [flow.id for flow in CATALOG.flows]
LINK = "Fill in an example"
NOTE = "This is an example. Write your own words over it"


class Form(HTMLParser):
    """What a browser would send of the form on a page, as it stands."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._area = ""
        self.feed(page[page.index('<form method="post" action="/manage/rounds/new"') :].partition("</form>")[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "textarea":
            self._area = given["name"]
            self.fields[self._area] = ""
        elif tag == "input" and (given.get("type") != "radio" or "checked" in given):
            self.fields[given["name"]] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._area:
            self.fields[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""


def asked(flow: str, *more: str) -> str:
    return "&".join([f"/manage/rounds/new?service=library&flow={flow}", *more])


@pytest.mark.parametrize("flow", READY)
async def test_the_example_saved_as_it_is_lacks_nothing_but_words_of_ones_own(
    it: Program, client: httpx.AsyncClient, flow: str
) -> None:
    await entered(it, client, ORGANISER)
    page = await client.get(asked(flow))
    assert NOTE not in page.text
    assert LINK in page.text
    page = await client.get(asked(flow, "example=1"))
    assert NOTE in page.text
    assert LINK not in page.text
    page = await client.post("/manage/rounds/new", data=Form(page.text).fields)
    assert faults(page) == []
    code = it.rounds.listed()[0].code
    assert [each.field for each in it.rounds.check(code)] == it.rounds.borrowed(code) != []
    assert "Words of the example still stand in: “" in page.text
    preview = await client.get(f"/manage/rounds/{code}/preview")
    assert "people would read them as yours" in preview.text
    page = await posted(client, f"/manage/rounds/{code}/keep", seen="1")
    assert page.url.params["done"] == "changed"
    assert "Words of the example" not in page.text
    assert it.rounds.check(code) == []
    assert "own_words" in it.rounds.log(code)[-1].fields


async def test_the_link_leads_there_and_the_choice_of_flows_is_as_it_was(
    it: Program, client: httpx.AsyncClient
) -> None:
    await entered(it, client, ORGANISER)
    assert (
        'href="/manage/rounds/new?service=library&amp;flow=idea_round&amp;example=1"'
        in (await client.get(asked("idea_round"))).text
    )
    assert LINK not in (await client.get("/manage/rounds/new")).text


async def test_it_is_in_the_languages_of_the_form_with_notes_in_the_organisers(
    it: Program, client: httpx.AsyncClient
) -> None:
    await client.post("/manage/sign-in", data={"token": it.link(ORGANISER, language="es")})
    page = await client.get(asked("option_round", "example=1"))
    said = Form(page.text).fields
    assert "Esto es un ejemplo." in page.text
    assert said["topic.es"] == "el horario de la biblioteca"
    assert said["topic.en"] == "the opening hours of the library"
    assert said["pack_languages"] == "Todos los idiomas de esta ronda"
    assert said["closes_on"] == "2027-01-02"
    assert said["ideas.en"].splitlines()[1] == "Sundays from 10 to 4"


async def test_a_round_that_exists_and_a_form_with_faults_offer_none(it: Program, client: httpx.AsyncClient) -> None:
    await entered(it, client, ORGANISER)
    fields = Form((await client.get(asked("idea_round"))).text).fields
    page = await client.post("/manage/rounds/new", data=fields)
    assert page.status_code == 422
    assert LINK not in page.text
    assert LINK not in (await client.get(f"/manage/rounds/{it.round('Mine')}/edit")).text


async def test_a_flow_without_an_example_has_no_link(it: Program, client: httpx.AsyncClient) -> None:
    own = CATALOG.texts["stages/design/idea_round.toml"].replace('"idea_round"', '"our_own"')
    it.with_flow("our_own.toml", own)
    await entered(it, client, ORGANISER)
    page = await client.get(asked("our_own"))
    assert 'name="title"' in page.text
    assert LINK not in page.text
    assert (await client.get(asked("our_own", "example=1"))).status_code == 404


async def test_only_an_organiser_says_that_words_are_true_here_and_of_what_they_have_seen(
    it: Program, client: httpx.AsyncClient
) -> None:
    await entered(it, client, ORGANISER)
    await client.post("/manage/rounds/new", data=Form((await client.get(asked("idea_round", "example=1"))).text).fields)
    code = it.rounds.listed()[0].code
    it.rounds.change(code, title="Other")
    page = await posted(client, f"/manage/rounds/{code}/keep", seen="1")
    assert faults(page) == ["somebody has changed the round since you saw it: read it again"]
    await entered(it, client, ("approver", "library"))
    page = await client.get(f"/manage/rounds/{code}")
    assert "Words of the example still stand in" in page.text
    assert "These words are true here" not in page.text
    assert (await posted(client, f"/manage/rounds/{code}/keep", seen="2")).status_code == 404
    assert it.rounds.borrowed(code)
