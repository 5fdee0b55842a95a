"""What everybody may read of a round that is over: on its page, as open data, and as a folder that outlives it."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import update

from bot.digests.disclosure import stepped
from bot.rounds.margins import Line
from storage import tables
from tests.bot.channels.web.stage import NOW
from tests.bot.channels.web.test_public_pages import FORMAL
from tests.bot.channels.web.test_staff_pages import ORGANISER, entered, posted
from tests.support.answering import answered, copied

if TYPE_CHECKING:
    import httpx

    from tests.bot.channels.web.stage import Program

AREAS = ("harbour", "old_town", "hillside")
IDEAS = [["early", "Open <early>"], ["late", "Open later"], ["sunday", "Open on Sundays"]]


def counted(it: Program, people: int = 60) -> str:
    """Return an option round that so many have answered, closed and counted for everybody."""
    record = {**FORMAL["record"], "lists": {"ideas": IDEAS}}
    code = it.opened("Which hours?", "option_round", record=record, closes_at=NOW + timedelta(days=20))
    answered(it.database, it.rounds.played(code), code, people, NOW)
    it.rounds.close(code, who=None)
    it.now = NOW + timedelta(days=15)
    assert it.sweeps().findings() == 1
    return code


class TestFindings:
    async def test_who_says_that_they_answer_for_many_is_told_apart(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = it.opened("The reading room", **FORMAL)
        answered(it.database, it.rounds.played(code), code, 300, NOW, for_many=True)
        many = it.rounds.voices(code).declared
        await entered(it, client, ORGANISER)
        staff = await client.get(f"/manage/rounds/{code}")
        assert f"Said themselves that they answer for a group or organisation, counted apart: {many}." in staff.text
        it.rounds.close(code, who=None)
        it.now = NOW + timedelta(days=15)
        it.sweeps().findings()
        page = (await client.get(f"/rounds/{code}")).text
        assert f"About {stepped(300 - many, 10)} people handed in their answers." in page
        told = f"about {stepped(many, 10)}" if many >= 10 else "fewer than 10"
        assert f"people who said that they answer for a group or organisation: {told}." in page
        assert f"Others said that they answer for a group or organisation: {told}." in it.rounds.drafted(code, "en")

    async def test_texts_of_campaigns_are_told_apart(self, it: Program, client: httpx.AsyncClient) -> None:
        code = it.opened("The reading room", **FORMAL)
        answered(it.database, it.rounds.played(code), code, 40, NOW)
        copied(it.database, code, range(13), NOW)
        it.rounds.close(code, who=None)
        it.now = NOW + timedelta(days=15)
        assert it.sweeps().findings() == 1
        told = "Texts in nearly the same words, as organised campaigns send them: texts about 10, people about 10, "
        assert f"{told}campaigns 1." in (await client.get(f"/rounds/{code}")).text
        await entered(it, client, ORGANISER)
        exact = "sent in organised campaigns and counted apart: texts 13, people 13, campaigns 1."
        assert exact in (await client.get(f"/manage/rounds/{code}")).text

    async def test_before_the_end_nobody_reads_any(self, it: Program, client: httpx.AsyncClient) -> None:
        code = it.opened("The reading room", **FORMAL)
        answered(it.database, it.rounds.played(code), code, 60, NOW)
        await entered(it, client, ORGANISER)
        assert 'id="findings"' not in (await client.get(f"/manage/rounds/{code}")).text
        page = await client.get(f"/rounds/{code}")
        assert "What people said" not in page.text
        assert "being counted" not in page.text
        assert [(await client.get(f"/rounds/{code}/{name}.csv")).status_code for name in ("figures", "codebook")] == [
            404,
            404,
        ]

    async def test_once_it_is_over_it_says_that_they_come(self, it: Program, client: httpx.AsyncClient) -> None:
        code = it.opened("The reading room", **FORMAL)
        it.rounds.close(code, who=None)
        await entered(it, client, ORGANISER)
        for page in (f"/rounds/{code}", f"/manage/rounds/{code}"):
            assert "The answers are being counted." in (await client.get(page)).text

    async def test_each_question_has_its_bars_its_words_and_its_table(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        page = (await client.get(f"/rounds/{counted(it)}")).text
        assert "About 60 people handed in their answers." in page
        chapters = page.split('<section class="finding">')[1:]
        assert len(chapters) >= 6
        approve = next(each for each in chapters if "Here are 3 ideas." in each)
        (alt,) = re.findall(r'role="img" aria-label="(Bar chart\. [^"]+)"', approve)
        shares = re.findall(r"<b>(\d+%)</b>", approve)
        assert shares
        assert all(share in alt for share in shares)
        assert "<td" in approve
        assert "Open &lt;early&gt;" in page
        assert "Numbers of people are rounded to 10" in page
        assert "They do not stand for everybody who lives here." in page

    async def test_staff_read_the_same_results_on_their_page_of_the_round(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = counted(it)
        await entered(it, client, ORGANISER)
        ours, theirs = [(await client.get(f"{to}/rounds/{code}")).text for to in ("/manage", "")]
        told = [re.findall(r'<section class="finding">.*?</section>', page, re.DOTALL) for page in (ours, theirs)]
        assert len(told[0]) >= 6
        assert told[0] == told[1]
        (data,) = re.findall(r'href="(/rounds/[^"]+/figures.csv)"', ours)
        assert (await client.get(data)).status_code == 200

    async def test_of_a_few_it_says_why_there_are_none(self, it: Program, client: httpx.AsyncClient) -> None:
        code = counted(it, people=9)
        page = (await client.get(f"/rounds/{code}")).text
        assert "Fewer than 10 people answered." in page
        assert '<section class="finding">' not in page
        assert len((await client.get(f"/rounds/{code}/figures.csv")).text.splitlines()) == 1

    async def test_the_figures_are_open_data_that_says_what_it_means(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = counted(it)
        sheet = await client.get(f"/rounds/{code}/figures.csv", headers={"accept-language": "es"})
        assert sheet.headers["content-disposition"] == f'attachment; filename="{code}-figures.csv"'
        figures = list(csv.DictReader(io.StringIO(sheet.content.decode("utf-8-sig"))))
        ordered = [row for row in figures if row["verb"] == "rank"]
        assert {row["option"] for row in ordered} == {"early", "late", "sunday"}
        assert all(row["score"] for row in ordered)
        told = [row for row in figures if row["people"]]
        assert told
        assert all(int(row["people"]) % 10 == 0 for row in told)
        asked = await client.get(f"/rounds/{code}/codebook.csv")
        book = list(csv.DictReader(io.StringIO(asked.content.decode("utf-8-sig"))))
        known = {(row["what"], row["name"], row["of"], row["language"]): row["meaning"] for row in book}
        for language in ("en", "es"):
            assert all(("column", name, "", language) in known for name in figures[0])
            for row in figures:
                assert known["question", row["question"], "", language]
                assert not row["option"] or known["option", row["option"], row["question"], language]
        assert known["round", "licence", code, "en"] == "CC BY 4.0"
        assert known["option", "late", ordered[0]["question"], "es"] == "Open later", "labels nobody translated"

    async def test_who_answered_stands_before_what_they_said_beside_who_lives_there(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        lives = [Line(1, "language", "en", "9000"), Line(2, "language", "es", "1000")]
        it.rounds.weigh(lives, "City register", "2026-01-01")
        page = (await client.get(f"/rounds/{counted(it)}")).text
        heads = re.findall(r'<h3 class="pre" dir="auto">(.*?)</h3>', page)
        assert heads[:3] == ["Who answered: by area", "Who answered: by language", "Who answered: by channel"]
        languages = page.split('<section class="finding">')[2]
        assert "Residents: City register. As of Thursday, 1 January 2026." in languages
        assert re.findall(r'<td class="number">(.*?)</td>', languages) == [
            *("60", "nearly all", "90"),
            *("fewer than 10", "", "10"),
        ]
        assert "How many of each live here was not entered." in page.split('<section class="finding">')[1]

    async def test_weighted_shares_stand_beside_those_that_count_and_say_what_they_are_made_of(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        lives = [Line(row, "area", area, str(40 + row)) for row, area in enumerate(AREAS, 1)]
        it.rounds.weigh(lives, "City register", "2026-01-01")
        code = counted(it, people=900)
        page = (await client.get(f"/rounds/{code}")).text
        assert "people count as if each group by area were as large here as it is among those who live here" in page
        assert re.search(r"They say as much as \d+ people would without weights \(design effect 1\.\d\)", page)
        assert "No figure is weighted." not in page
        assert '<th scope="col" class="number">Weighted share</th>' in page
        sheet = (await client.get(f"/rounds/{code}/figures.csv")).content.decode("utf-8-sig")
        rows = [row for row in csv.DictReader(io.StringIO(sheet)) if row["weighted"]]
        assert rows
        assert all(int(row["weighted_low"]) <= int(row["weighted"]) <= int(row["weighted_high"]) for row in rows)
        assert all(row["percent"] for row in rows), "never without the share that counts"
        asked = (await client.get(f"/rounds/{code}/codebook.csv")).content.decode("utf-8-sig")
        book = [row for row in csv.DictReader(io.StringIO(asked)) if (row["what"], row["name"]) == ("round", "weights")]
        weights = {row["language"]: row["meaning"] for row in book}
        assert "design effect" in weights["en"]
        assert "efecto de diseño" in weights["es"]

    async def test_where_nothing_is_weighted_it_says_why(self, it: Program, client: httpx.AsyncClient) -> None:
        it.rounds.weigh([Line(1, "area", AREAS[0], "9000")], "City register", "2026-01-01")
        page = (await client.get(f"/rounds/{counted(it)}")).text
        assert "No figure is weighted. Fewer than 100 people told their age or area" in page
        assert "Weighted share" not in page

    async def test_the_page_as_a_folder_needs_no_server(self, it: Program, client: httpx.AsyncClient) -> None:
        code = counted(it)
        await entered(it, client, ORGANISER)
        got = await client.get(f"/manage/rounds/{code}/page.zip")
        with zipfile.ZipFile(io.BytesIO(got.content)) as archive:
            files = {name.removeprefix(f"{code}/"): archive.read(name) for name in archive.namelist()}
        assert set(files) == {"index.html", "es.html", "figures.csv", "codebook.csv", "civicloop.css", "icon.svg"}
        for name in ("index.html", "es.html"):
            page = files[name].decode()
            here = {link for link in re.findall(r'(?:href|src)="([^"#]+)"', page) if "://" not in link}
            assert here <= set(files), "what the page leads to lies beside it"
            assert "<script" not in page
        assert "About 60 people handed in their answers." in files["index.html"].decode()
        assert "Entregaron sus respuestas unas 60 personas." in files["es.html"].decode()
        draft = it.round("A draft")
        assert (await client.get(f"/manage/rounds/{draft}/page.zip")).status_code == 404


class TestPaper:
    async def test_it_is_entered_after_the_last_day_and_what_was_late_stands_apart(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = it.opened("How is the library?")
        it.rounds.close(code, who=None)
        await entered(it, client, ORGANISER)
        page = (await client.get(f"/manage/rounds/{code}")).text
        assert f'href="/manage/rounds/{code}/enter"' in page
        assert 'name="came" value="late"' in (await client.get(f"/manage/rounds/{code}/enter")).text
        began = await posted(client, f"/manage/rounds/{code}/enter", channel="paper", kind="individual", came="late")
        assert began.url.path.startswith(f"/manage/rounds/{code}/enter/paper-")
        with it.database.transaction() as db:
            db.execute(update(tables.sessions).values(ended_at=NOW, status="completed"))
        assert "Came after the last day, counted apart: 1." in (await client.get(f"/manage/rounds/{code}")).text
        it.now = NOW + timedelta(days=15)
        it.sweeps().findings()
        await entered(it, client, ORGANISER)
        assert "no answers can be entered" in (await client.get(f"/manage/rounds/{code}/enter")).text
