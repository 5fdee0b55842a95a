"""What people want, on the pages of organisers and managers."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.digests.results import result
from storage import answers, rounds
from tests.bot.channels.web.stage import NOW
from tests.bot.channels.web.test_public_pages import FORMAL
from tests.bot.channels.web.test_staff_pages import MANAGER, ORGANISER, WEEK, entered
from tests.bot.digests.polled import poll
from tests.storage import makers
from tests.storage.makers import MINUTE

if TYPE_CHECKING:
    import httpx

    from tests.bot.channels.web.stage import Program

ORDERS = (["early", "late"], ["late"], ["late", "early"])


def ordered(it: Program, people: int) -> str:
    """Open the option round, and let people put its ideas in order; return its code."""
    lists = {"ideas": [["early", "Open <early>"], ["late", "Open later"]]}
    record = {**FORMAL["record"], "lists": lists}
    code = it.opened("Which hours?", "option_round", record=record, closes_at=NOW.replace(month=12))
    with it.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        said = [json.dumps(ORDERS[number % 3]) for number in range(people)]
        facts = {"verb": "rank", "item": "des.rank", "choice": None, "score": None}
        given = [
            makers.answer(row, bytes([n]), "order", NOW - MINUTE, choices=one, **facts) for n, one in enumerate(said)
        ]
        answers.append(db, given)
    return code


class TestAnOrganiser:
    async def test_reads_how_ideas_were_ordered_in_words_table_bars_and_sheet(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = ordered(it, 50)
        await entered(it, client, ORGANISER)
        page = await client.get(f"/manage/rounds/{code}")
        assert "45 people put the options in order. 1. Open later: 70; 2. Open &lt;early&gt;: 30." in page.text
        assert "<td>" not in page.text.split("What people want")[1].split("</table>")[0]
        (bars,) = re.findall(r'src="(/manage/rounds/[^"]+results/order.png)" alt="([^"]+)"', page.text)
        assert "Open later: 70" in bars[1]
        assert (await client.get(bars[0])).content.startswith(b"\x89PNG")
        sheet = await client.get(f"/manage/rounds/{code}/results.csv")
        assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
        assert sheet.text.splitlines()[1].startswith("order,rank,45,0,10,late,Open later,70,")

    async def test_learns_nothing_of_a_few(self, it: Program, client: httpx.AsyncClient) -> None:
        code = ordered(it, 9)
        await entered(it, client, ORGANISER)
        page = await client.get(f"/manage/rounds/{code}")
        assert "under 5 people have answered" in page.text
        assert "results.csv" not in page.text
        assert (await client.get(f"/manage/rounds/{code}/results/order.png")).status_code == 404
        assert (await client.get(f"/manage/rounds/{code}/results/nothing.png")).status_code == 404

    async def test_of_another_service_sees_nothing(self, it: Program, client: httpx.AsyncClient) -> None:
        code = ordered(it, 50)
        await entered(it, client, ("organiser", "bus7"))
        for path in ("results.csv", "results/order.png"):
            assert (await client.get(f"/manage/rounds/{code}/{path}")).status_code == 404


class TestAManager:
    @pytest.mark.parametrize(("language", "said"), [("en", "What people want"), ("es", "Qué quiere la gente")])
    async def test_reads_it_in_the_digest(
        self, language: str, said: str, it: Program, client: httpx.AsyncClient
    ) -> None:
        it.figures["library"] = replace(WEEK, results=(result(poll("rank", ["bac"] * 50), 5),))
        await client.post("/manage/sign-in", data={"token": it.link(MANAGER, language=language)})
        assert said in (await client.get("/manage/digests")).text
        page = await client.get("/manage/digests/library/now")
        assert said in page.text
        assert "Option b" in page.text
        drawn = await client.get("/manage/digests/library/now/charts/wanted1.png")
        assert drawn.content.startswith(b"\x89PNG")
        assert (await client.get("/manage/digests/library/now/charts/wanted2.png")).status_code == 404
