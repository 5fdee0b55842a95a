"""Documents of a round in the browser: added on its page, read on the public one, kept in the folder of it."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

from tests.bot.channels.web.test_public_pages import FORMAL
from tests.bot.channels.web.test_staff_pages import ORGANISER, entered, posted, stamp
from tests.bot.rounds.test_papers import PDF
from tests.support.signing import sign

if TYPE_CHECKING:
    import httpx

    from tests.bot.channels.web.stage import Program


async def sent(client: httpx.AsyncClient, code: str, body: bytes, title: str = "", **more: str) -> httpx.Response:
    """Send a file with the form of the round's page."""
    data = {"stamp": stamp(await client.get("/manage")), "document_title": title, **more}
    files = {"document": ("Plan.pdf", body, "application/pdf")}
    return await client.post(f"/manage/rounds/{code}/documents", data=data, files=files)


async def test_a_document_is_added_on_the_page_of_the_round_and_read_on_the_public_one(
    it: Program, client: httpx.AsyncClient
) -> None:
    await entered(it, client, ORGANISER)
    facts = {**FORMAL, "record": {**FORMAL["record"], "pack": "All of it: https://city.example/hours."}}
    code = it.round("The reading room", code="room", **facts)
    page = await sent(client, code, PDF, "The <b>plan</b>")
    assert "Your changes are saved." in page.text
    assert "The &lt;b&gt;plan&lt;/b&gt;" in page.text
    assert (await client.get(f"/rounds/{code}/documents/the-b-plan-b.pdf")).status_code == 404, "a draft is nobody's"
    sign(it.rounds, it.database, code, it.now)
    it.rounds.open(code)
    page = await client.get(f"/rounds/{code}")
    assert f'href="/rounds/{code}/documents/the-b-plan-b.pdf"' in page.text
    assert '<a href="https://city.example/hours" rel="noreferrer">https://city.example/hours</a>.' in page.text
    paper = await client.get(f"/rounds/{code}/documents/the-b-plan-b.pdf")
    assert (paper.content, paper.headers["content-type"]) == (PDF, "application/pdf")
    assert paper.headers["content-disposition"] == 'attachment; filename="the-b-plan-b.pdf"'
    assert paper.headers["x-content-type-options"] == "nosniff"
    for other in ("other.pdf", "..%2Fkeys"):
        assert (await client.get(f"/rounds/{code}/documents/{other}")).status_code == 404
    it.rounds.close(code)
    kept = await client.get(f"/manage/rounds/{code}/page.zip")
    with zipfile.ZipFile(io.BytesIO(kept.content)) as archive:
        assert archive.read(f"{code}/documents/the-b-plan-b.pdf") == PDF
        assert 'href="documents/the-b-plan-b.pdf"' in archive.read(f"{code}/index.html").decode()
    assert (await sent(client, code, PDF)).status_code == 422


async def test_what_is_no_pdf_is_told_beside_its_field_and_a_document_can_be_taken_away(
    it: Program, client: httpx.AsyncClient
) -> None:
    await entered(it, client, ORGANISER)
    code = it.round("The reading room", **FORMAL)
    page = await sent(client, code, b"a picture")
    assert page.status_code == 422
    assert "this is no PDF file: save the document as PDF and send it again" in page.text
    assert (await posted(client, f"/manage/rounds/{code}/documents")).status_code == 422
    assert "plan.pdf" in (await sent(client, code, PDF)).text
    page = await posted(client, f"/manage/rounds/{code}/documents", take="plan.pdf")
    assert "plan.pdf" not in page.text


async def test_documents_of_a_signed_round_come_and_go_for_a_reason(it: Program, client: httpx.AsyncClient) -> None:
    await entered(it, client, ORGANISER)
    code = it.round("The reading room", **FORMAL)
    assert 'name="because"' not in (await client.get(f"/manage/rounds/{code}")).text
    sign(it.rounds, it.database, code, it.now)
    assert 'name="because"' in (await client.get(f"/manage/rounds/{code}")).text
    silent = await sent(client, code, PDF)
    assert (silent.status_code, 'href="#because">say why' in silent.text) == (422, True)
    await sent(client, code, PDF, because="A plan was missing")
    assert it.rounds.log(code)[-1].why == "A plan was missing"
    sign(it.rounds, it.database, code, it.now)
    assert (await client.get(f"/manage/rounds/{code}")).text.count('name="because"') == 2
    silent = await posted(client, f"/manage/rounds/{code}/documents", take="plan.pdf", because="")
    assert (silent.status_code, 'id="because-plan.pdf-fault"' in silent.text) == (422, True)
    await posted(client, f"/manage/rounds/{code}/documents", take="plan.pdf", because="It was the wrong one")
    assert it.rounds.log(code)[-1].why == "It was the wrong one"
