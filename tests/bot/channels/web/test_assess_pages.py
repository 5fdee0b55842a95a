"""Staff look at their own work in the browser: whoever may, with every fault beside its field, and seen by few."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from bot.assessing.items import ITEMS
from bot.assessing.words import words
from bot.channels.web import site
from storage import answers, assessments, people, rounds
from tests.bot.channels.web.stage import NOW
from tests.bot.channels.web.test_staff_pages import MANAGER, entered
from tests.flows.talk import LANGUAGES
from tests.storage import makers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.bot.channels.web.stage import Program

PAGE = "/manage/assess/library"
WHOLE = {f"level.{item.id}": "2" for item in ITEMS}


async def sent(client: httpx.AsyncClient, path: str, fields: Mapping[str, str | list[str]]) -> httpx.Response:
    """Send a form with the stamp of the page of self-assessment."""
    found = re.search(r'name="stamp" value="(\w+)"', (await client.get(PAGE)).text)
    assert found
    return await client.post(path, data={"stamp": found[1], **fields})


def visitor(it: Program) -> httpx.AsyncClient:
    """Return one more browser."""
    transport = httpx.ASGITransport(site(it))
    own = {"origin": "http://voice.test"}
    return httpx.AsyncClient(transport=transport, base_url=own["origin"], headers=own, follow_redirects=True)


def kept(it: Program) -> list[assessments.Form]:
    with it.database.reading() as db:
        return assessments.all_done(db)


async def test_a_manager_fills_in_the_form_and_reads_what_came_of_it(it: Program, client: httpx.AsyncClient) -> None:
    await entered(it, client, MANAGER)
    page = await client.get(PAGE)
    assert "You have not done it yet." in page.text
    assert "Inspired by the published abstract of Paskaleva and Cooper (2019)." in page.text
    form = await client.get(f"{PAGE}/form")
    assert form.text.count('type="radio"') == 18 * 6
    given = {
        **WHOLE,
        "level.SA10": "4",
        "level.SA11": "3",
        "proof.SA11": "<log> log.xlsx",
        "top.SA01": "on",
        "top.SA11": "on",
    }
    page = await sent(client, f"{PAGE}/form", given)
    assert "Kept. Thank you." in page.text
    assert "Deliver: 58" in page.text  # 50, 75 and 50, the first one claimed
    assert "All stages together: 51 of 100." in page.text
    assert "1 item counts as “Repeated”" in page.text
    assert "You work on: knowing what people need; reading feedback and acting." in page.text
    assert "&lt;log&gt; log.xlsx" in page.text
    (form_,) = kept(it)
    assert form_.stage is None
    again = await client.get(f"{PAGE}/form")
    assert 'name="level.SA10" value="4" checked' in again.text
    assert 'name="top.SA11" checked' in again.text


async def test_every_fault_stands_beside_its_field_and_nothing_is_kept(it: Program, client: httpx.AsyncClient) -> None:
    it.opened("How is it?")
    await entered(it, client, MANAGER)
    assert "out of 100 people who answer at the stage Deliver" in (await client.get(f"{PAGE}/form?stage=deliver")).text
    page = await sent(client, f"{PAGE}/form", {f"guess.{'9' * 5000}": "40"})
    assert page.status_code == 422
    page = await sent(client, f"{PAGE}/form", {"guess.1": "many"})
    assert page.status_code == 422
    assert 'href="#guess.1">This is no number from 0 to 100.' in page.text
    page = await sent(client, f"{PAGE}/form", {"stage": "deliver"})
    assert "Choose an answer to at least one question." in page.text
    tops = {f"top.{item.id}": "on" for item in ITEMS[:4]}
    assert "Choose three at most." in (await sent(client, f"{PAGE}/form", {**WHOLE, **tops})).text
    long = await sent(client, f"{PAGE}/form", {**WHOLE, "proof.SA01": "x" * 301})
    assert "At most 300 letters, please." in long.text
    assert kept(it) == []


@pytest.mark.parametrize(("typed", "percent"), [("85", 85), (" 7 % ", 7), ("٨٥", 85), ("0", 0), ("100", 100)])
async def test_a_guess_is_kept_before_the_first_answer_however_it_is_written(
    it: Program, client: httpx.AsyncClient, typed: str, percent: int
) -> None:
    it.opened("How is it?")
    await entered(it, client, MANAGER)
    page = await sent(client, f"{PAGE}/form", {"stage": "deliver", "guess.1": typed})
    assert "Kept. Thank you." in page.text
    with it.database.reading() as db:
        (said,) = assessments.predictions(db, people.everyone(db)[-1].id)
    assert said.percent == percent


async def test_a_guess_after_the_first_answer_is_refused_kindly(it: Program, client: httpx.AsyncClient) -> None:
    code = it.opened("How is it?")
    await entered(it, client, MANAGER)
    with it.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        answers.append(db, [makers.answer(row, at=NOW)])
    page = await sent(client, f"{PAGE}/form", {"stage": "deliver", "guess.1": "85", "level.SA10": "1"})
    assert "The first answers of this round have come in" in page.text
    assert len(kept(it)) == 1
    with it.database.reading() as db:
        assert assessments.predictions(db, people.everyone(db)[-1].id) == []
    assert "out of 100" not in (await client.get(f"{PAGE}/form?stage=deliver")).text


async def test_scores_are_seen_by_whom_their_owner_chooses_and_nobody_else(it: Program) -> None:
    async with visitor(it) as ana, visitor(it) as ben:
        await ana.post("/manage/sign-in", data={"token": it.link(MANAGER, name="Ana")})
        await ben.post("/manage/sign-in", data={"token": it.link(("organiser", "library"), name="Ben")})
        await sent(ana, f"{PAGE}/form", {**WHOLE, "level.SA01": "0", "proof.SA02": "only Ana knows"})
        await sent(ben, f"{PAGE}/form", {**WHOLE, "level.SA01": "2"})
        assert "talk about this" not in (await ben.get(PAGE)).text
        with it.database.reading() as db:
            number = next(each.id for each in people.everyone(db) if each.name == "Ben")
        page = await sent(ana, f"{PAGE}/viewers", {"viewer": [str(number), "99"]})
        assert f'value="{number}" checked' in page.text
        seen = (await ben.get(PAGE)).text
        assert "0 – 2 <strong>talk about this</strong>" in seen
        assert "only Ana knows" not in seen, "evidence stays with whoever gave it"
        assert "talk about this" not in (await ana.get(PAGE)).text, "Ben has not shown his"
        await sent(ana, f"{PAGE}/viewers", {})
        assert "talk about this" not in (await ben.get(PAGE)).text


async def test_of_several_teams_only_the_mean_of_three_is_told(it: Program, client: httpx.AsyncClient) -> None:
    await entered(it, client, MANAGER)
    with it.database.transaction() as db:
        for service, level in (("bus12", 0), ("library", 4), ("care", 2)):
            who = people.add(db, service, "en", NOW).id
            said = {item.id: assessments.Level(level, "shown.pdf") for item in ITEMS}
            assessments.finish(db, assessments.begin(db, who, service, None, NOW), said, [], NOW)
            if service == "library":
                told = it.assessments.above(db)
                assert told == (2, None)
    page = await client.get(PAGE)
    assert "Mean of 3 teams, in steps of 5: 50 of 100." in page.text


@pytest.mark.parametrize("role", [("organiser", "library"), ("approver", "library")])
async def test_every_role_of_a_service_may_look_and_no_other(
    it: Program, client: httpx.AsyncClient, role: tuple[str, str]
) -> None:
    await entered(it, client, role)
    assert (await client.get("/manage/assess", follow_redirects=True)).url.path == PAGE
    for path in ("/manage/assess/bus12", "/manage/assess/bus12/form", "/manage/assess/nowhere"):
        assert (await client.get(path)).status_code == 404


async def test_a_stranger_reads_how_to_get_in(client: httpx.AsyncClient) -> None:
    assert (await client.get(PAGE)).status_code == 401


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_pages_are_whole_in_every_language(it: Program, client: httpx.AsyncClient, language: str) -> None:
    said = words(language)
    it.config = replace(it.config, city=replace(it.config.city, languages=("en", language)))
    await client.post("/manage/sign-in", data={"token": it.link(MANAGER, language=language)})
    await sent(client, f"{PAGE}/form", WHOLE)
    page = (await client.get(PAGE)).text
    for key in ("page.lead", "about.source", "gap.none", "team.share_lead", "result.counts"):
        assert said(key).replace("'", "&#39;") in page, key
    assert said("page.save") in (await client.get(f"{PAGE}/form")).text
