"""The answers of a round as files in the browser: for the team, for everybody, with what each is for."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, select

from bot.rounds.exporting import COLUMNS
from storage.tables import answers as table
from tests.bot.channels.web.stage import NOW
from tests.bot.channels.web.test_browser import accessible, follow, watched
from tests.bot.channels.web.test_findings_pages import counted
from tests.bot.channels.web.test_public_pages import FORMAL
from tests.bot.channels.web.test_staff_pages import MANAGER, ORGANISER, entered, posted
from tests.support.answering import answered

if TYPE_CHECKING:
    from pathlib import Path

    import httpx
    from playwright.sync_api import BrowserContext

    from tests.bot.channels.web.stage import Program


def unpacked(body: bytes) -> dict[str, list[list[str]]]:
    """Return the sheets of an archive by name."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return {
            name: list(csv.reader(io.StringIO(archive.read(name).decode("utf-8-sig")))) for name in archive.namelist()
        }


async def test_the_team_takes_a_line_for_each_answer_with_its_codebook_and_the_log_says_who(
    it: Program, client: httpx.AsyncClient
) -> None:
    code = it.opened("The reading room", **FORMAL)
    answered(it.database, it.rounds.played(code), code, 30, NOW)
    await entered(it, client, ORGANISER)
    taken = await posted(client, f"/manage/rounds/{code}/answers", purpose="team")
    assert taken.headers["content-type"] == "application/zip"
    sheets = unpacked(taken.content)
    assert list(sheets) == [f"{code}-team.csv", f"{code}-team-codebook.csv"]
    head, *lines = sheets[f"{code}-team.csv"]
    assert tuple(head) == COLUMNS["team"]
    assert len({line[0] for line in lines}) == 30
    assert ["column", "person", "", "en", "A number for each person, in this file only. It leads to nobody."] in sheets[
        f"{code}-team-codebook.csv"
    ]
    await posted(client, f"/manage/rounds/{code}/answers", purpose="team", every_text="1")
    last = [(each.what, each.who) for each in it.rounds.log(code)][-2:]
    assert last == [("exported_team", "Ada"), ("exported_text", "Ada")]
    page = (await client.get(f"/manage/rounds/{code}/answers")).text
    assert "Answers with every text saved as a file for the team" in page


async def test_those_who_deleted_their_answers_after_the_count_are_not_counted_for_the_teams_file(
    it: Program, client: httpx.AsyncClient
) -> None:
    code = counted(it, 90)
    await entered(it, client, ORGANISER)
    assert "Fewer than 5 people answered." not in (await client.get(f"/manage/rounds/{code}/answers")).text
    with it.database.transaction() as db:
        few = select(table.c.pseudonym).distinct().order_by(table.c.pseudonym).limit(4)
        db.execute(delete(table).where(table.c.pseudonym.not_in(few)))
    assert (it.rounds.counts(code).answers, it.rounds.answering(code)) == (90, 4)
    assert "Fewer than 5 people answered." in (await client.get(f"/manage/rounds/{code}/answers")).text
    assert (await posted(client, f"/manage/rounds/{code}/answers", purpose="team")).status_code == 404


async def test_what_may_be_published_is_there_once_it_is_counted(it: Program, client: httpx.AsyncClient) -> None:
    code = counted(it, 90)
    await entered(it, client, MANAGER)
    page = (await client.get(f"/manage/rounds/{code}/answers")).text
    assert f"/rounds/{code}/figures.csv" in page
    taken = await posted(client, f"/manage/rounds/{code}/answers", purpose="publication")
    head, *lines = unpacked(taken.content)[f"{code}-publication.csv"]
    assert tuple(head) == COLUMNS["publication"]
    assert lines
    assert it.rounds.log(code)[-1].what == "exported_public"


async def test_where_there_is_nothing_to_take_the_page_says_why_and_a_form_from_elsewhere_gets_none(
    it: Program, client: httpx.AsyncClient
) -> None:
    code = it.opened("The reading room", **FORMAL)
    answered(it.database, it.rounds.played(code), code, 3, NOW)
    await entered(it, client, ORGANISER)
    page = (await client.get(f"/manage/rounds/{code}/answers")).text
    assert "Fewer than 5 people answered." in page
    assert "counted for everybody once the round has closed" in page
    for purpose in ("team", "publication", "else"):
        refused = await posted(client, f"/manage/rounds/{code}/answers", purpose=purpose)
        assert refused.status_code == 404
    assert not [each for each in it.rounds.log(code) if each.what.startswith("exported")]


async def test_it_is_not_for_whoever_only_signs(it: Program, client: httpx.AsyncClient) -> None:
    code = it.opened("The reading room", **FORMAL)
    await entered(it, client, ("approver", "library"))
    assert (await client.get(f"/manage/rounds/{code}/answers")).status_code == 404
    assert (await posted(client, f"/manage/rounds/{code}/answers", purpose="team")).status_code == 404


@pytest.mark.browser
def test_a_press_saves_the_file(context: BrowserContext, it: Program, url: str, tmp_path: Path) -> None:
    code = it.opened("The reading room", **FORMAL)
    answered(it.database, it.rounds.played(code), code, 30, NOW)
    it.now = NOW + timedelta(hours=1)
    with watched(context, url) as page:
        page.goto(f"{url}/manage/sign-in?token={it.link(ORGANISER)}")
        follow(page.get_by_role("button", name="Sign in"))
        page.goto(f"{url}/manage/rounds/{code}")
        follow(page.get_by_role("link", name="The answers as files"))
        accessible(page, "the answers as files")
        with page.expect_download() as saved:
            page.get_by_role("button", name="Take the file for the team").click()
        saved.value.save_as(tmp_path / "team.zip")
        assert unpacked((tmp_path / "team.zip").read_bytes())
