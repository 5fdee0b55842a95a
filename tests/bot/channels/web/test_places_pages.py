"""Places of a round in the browser: the short address, who is counted, and the round's page."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from storage import places, rounds
from tests.bot.channels.web.test_public_pages import FORMAL
from tests.bot.channels.web.test_staff_pages import ORGANISER, entered, faults, posted

if TYPE_CHECKING:
    import httpx

    from tests.bot.channels.web.stage import Program


def seen(it: Program, code: str) -> int:
    """Return how often the codes of a round's places were opened, exactly."""
    with it.database.reading() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        return sum(each.seen or 0 for each in places.counts(db, row.id).values())


async def test_the_short_address_leads_to_the_chat_of_the_round_and_is_counted_once(
    it: Program, client: httpx.AsyncClient
) -> None:
    code = it.opened("How is the library?", code="library")
    door = it.rounds.add_place(code, "Main door").code
    page = await client.get(f"/{door}")
    assert page.url.path == f"/chat/{door}"
    assert "How is the library?" in page.text
    assert f'name="code" value="{door}"' in page.text
    assert seen(it, code) == 1


async def test_the_rounds_own_code_is_an_address_too_and_counts_at_no_place(
    it: Program, client: httpx.AsyncClient
) -> None:
    code = it.opened("How is the library?", code="library")
    it.rounds.add_place(code, "Main door")
    assert (await client.get("/library")).url.path == "/chat/library"
    assert seen(it, code) == 0


async def test_before_it_opens_and_beside_its_posters_it_says_that_no_phone_can_open_the_address(
    it: Program, client: httpx.AsyncClient
) -> None:
    await entered(it, client, ORGANISER)
    code = it.round("How is the library?", code="library")
    said = "phones cannot open http"
    page = (await client.get(f"/manage/rounds/{code}")).text
    assert page.count(said) == 2
    assert "[web] public_url" in page
    code = it.opened("How is the bus?", code="bus")
    assert (await client.get(f"/manage/rounds/{code}")).text.count(said) == 1


@pytest.mark.parametrize("path", ["/nothing", "/library-zz-door", "/draft"])
async def test_an_address_that_leads_nowhere_is_no_page(it: Program, client: httpx.AsyncClient, path: str) -> None:
    it.round("A draft", code="draft")
    assert (await client.get(path)).status_code == 404


async def test_a_flood_from_one_network_is_not_counted_on_and_on(it: Program, client: httpx.AsyncClient) -> None:
    code = it.opened("How is the library?", code="library")
    door = it.rounds.add_place(code, "Main door").code
    for _ in range(125):
        assert (await client.get(f"/chat/{door}")).status_code == 200
    assert seen(it, code) == 120


async def test_whoever_comes_too_early_or_too_late_reads_why(it: Program, client: httpx.AsyncClient) -> None:
    code = it.opened("How is the library?", code="library")
    door = it.rounds.add_place(code, "Main door").code
    it.rounds.pause(code, why="flood")
    page = await client.get(f"/chat/{door}")
    assert "This round is paused for now. Answers are kept." in page.text
    assert 'href="/rounds/library"' in page.text
    assert 'name="code" value=""' in page.text
    it.rounds.close(code)
    assert "This round is over. Thank you for coming." in (await client.get(f"/chat/{door}")).text
    later = it.opened("Later", code="later", opens_at=it.now + timedelta(days=2), **FORMAL)
    assert "This round opens on Tuesday, 24 November 2026." in (await client.get(f"/chat/{later}")).text
    it.rounds.cancel(later, why="no money")
    assert "This round was cancelled." in (await client.get("/chat/later")).text


async def test_an_organiser_adds_a_place_and_prints_its_code(it: Program, client: httpx.AsyncClient) -> None:
    code = it.opened("How is the library?", code="library")
    await entered(it, client, ORGANISER)
    page = await posted(client, f"/manage/rounds/{code}/places", place="Bus stop, line 4")
    assert "The place has a code of its own." in page.text
    assert "Bus stop, line 4" in page.text
    found = re.search(rf'href="(/manage/rounds/{code}/places/[^"]+/qr.svg)"', page.text)
    assert found
    assert (await client.get(found[1])).headers["content-type"] == "image/svg+xml"
    assert (await client.get(f"/manage/rounds/{code}/places/other/qr.svg")).status_code == 404


async def test_a_name_the_round_has_is_told_beside_the_field(it: Program, client: httpx.AsyncClient) -> None:
    code = it.opened("How is the library?", code="library")
    it.rounds.add_place(code, "Main door")
    await entered(it, client, ORGANISER)
    page = await posted(client, f"/manage/rounds/{code}/places", place="main door")
    assert page.status_code == 422
    assert faults(page) == ["the round has a place with the name main door already: choose another name"]


async def test_few_people_are_not_told_on_the_page(it: Program, client: httpx.AsyncClient) -> None:
    code = it.opened("How is the library?", code="library")
    place = it.rounds.add_place(code, "Main door")
    await client.get(f"/chat/{place.code}")
    await entered(it, client, ORGANISER)
    row = re.search(r"Main door.*?</tr>", (await client.get(f"/manage/rounds/{code}")).text, re.DOTALL)
    assert row
    assert re.findall(r'<td class="number">(.*?)</td>', row[0]) == ["under 5", "0", "0"]


async def test_only_organisers_of_the_service_add_places(it: Program, client: httpx.AsyncClient) -> None:
    code = it.opened("How is the library?", code="library")
    await entered(it, client, ("organiser", "bus"))
    assert (await posted(client, f"/manage/rounds/{code}/places", place="Door")).status_code == 404
    assert it.rounds.places(code) == []


async def test_the_poster_of_a_place_is_a_download_while_people_can_still_come(
    it: Program, client: httpx.AsyncClient
) -> None:
    code = it.opened("How is the library?", code="library")
    door = it.rounds.add_place(code, "Main door").code
    await entered(it, client, ORGANISER)
    path = f"/manage/rounds/{code}/poster.pdf?place={door}"
    assert path in (await client.get(f"/manage/rounds/{code}")).text
    paper = await client.get(path)
    assert paper.headers["content-type"] == "application/pdf"
    assert paper.headers["content-disposition"] == f'attachment; filename="{door}.pdf"'
    assert paper.content.startswith(b"%PDF-")
    it.rounds.close(code)
    page = await client.get(path)
    assert page.status_code == 422
    assert faults(page) == ["the round is over: a poster would lead people to a closed door"]
    assert "poster.pdf" not in (await client.get(f"/manage/rounds/{code}")).text


async def test_a_poster_of_a_place_that_is_not_there_says_so(it: Program, client: httpx.AsyncClient) -> None:
    code = it.opened("How is the library?", code="library")
    await entered(it, client, ORGANISER)
    page = await client.get(f"/manage/rounds/{code}/poster.pdf", params={"place": 'roof"\r\n'})
    assert page.status_code == 422
    assert "there is no place roof" in faults(page)[0]


async def test_a_poster_for_a_place_by_its_name_has_a_file_name_every_browser_takes(
    it: Program, client: httpx.AsyncClient
) -> None:
    code = it.opened("How is the library?", code="library")
    it.rounds.add_place(code, "المكتبة")
    await entered(it, client, ORGANISER)
    paper = await client.get(f"/manage/rounds/{code}/poster.pdf", params={"place": "المكتبة"})
    assert paper.status_code == 200
    assert paper.headers["content-disposition"] == 'attachment; filename="library.pdf"'


@pytest.mark.parametrize("typed", ["library", "Library", "LIBRARY", "library.", "library ", "library,"])
async def test_an_address_is_found_as_phones_type_it(it: Program, client: httpx.AsyncClient, typed: str) -> None:
    it.opened("How is the library?", code="library")
    page = await client.get(f"/{typed}")
    assert page.url.path == "/chat/library"
    assert page.status_code == 200
