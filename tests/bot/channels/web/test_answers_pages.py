"""The answers behind a figure: for the people of the service, page by page, and who looked stands in a log."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from bot.digests.model import Digest, Form, Who, dump
from bot.digests.render.leads import leads
from bot.texts import texts
from storage import answers, campaigns, digests, looks, people, themes
from tests.bot.actions.scene import AT, WEEK, scene
from tests.bot.channels.web.stage import NOW, Program
from tests.bot.channels.web.test_actions_pages import seen
from tests.bot.channels.web.test_staff_pages import MANAGER, entered
from tests.bot.digests.test_leads import full
from tests.storage.makers import DAY, answer

if TYPE_CHECKING:
    import httpx

HERE = "/manage/answers/library"


def looked(it: Program) -> list[tuple[str, dict[str, object], int]]:
    with it.database.reading() as db:
        found = [(each.who, json.loads(each.what), each.rows) for each in looks.of(db, "library")]
    return [each for each in found if "did" not in each[1]]


async def test_a_figure_opens_the_answers_with_what_the_same_person_wrote(
    it: Program, client: httpx.AsyncClient
) -> None:
    scene(it, raised=6)
    await entered(it, client, MANAGER)
    page = await client.get(HERE, params={"week": WEEK, "item": "del.overall", "choice": "1"})
    said = seen(page)
    assert "Overall, how was your experience with the Central Library this time? – Very poor" in said
    assert "· Week {}, {}".format(*reversed(WEEK.split("-W"))) in said
    assert "3 answers" in said
    assert "I stood there for 1 minutes" in said
    assert "I stood there for 2 minutes" not in said
    assert "It is noted that Ada has looked" in said
    assert looked(it) == [("Ada", {"week": WEEK, "item": "del.overall", "choice": "1", "page": 1}, 3)]


async def test_each_page_is_a_look_of_its_own(it: Program, client: httpx.AsyncClient) -> None:
    scene(it, raised=18)
    await entered(it, client, MANAGER)
    first = await client.get(HERE, params={"week": WEEK})
    assert "36 answers Page 1 of 2." in seen(first)
    second = await client.get(f"{HERE}?week={WEEK}&page=2")
    assert f'href="{HERE}?week={WEEK}&amp;page=2"' in first.text
    assert seen(second).count("minutes") > 10
    assert [rows for *_, rows in looked(it)] == [16, 20]


async def test_what_was_sent_in_a_campaign_is_said_to_be(it: Program, client: httpx.AsyncClient) -> None:
    scene(it, raised=18)
    with it.database.transaction() as db:
        sent = answers.sent_words(db, "library", AT - 9 * DAY, AT + 9 * DAY)
        campaigns.note(db, "library", AT, AT, [(answer_id, sent[0][0]) for answer_id, *_ in sent[:3]])
    await entered(it, client, MANAGER)
    said = seen(await client.get(HERE, params={"week": WEEK}))
    assert "36 answers Page 1 of 2. Some of them were sent in organised campaigns." in said
    assert said.count("Sent in an organised campaign") == 3
    with it.database.transaction() as db:
        campaigns.note(db, "library", AT, AT, [(answer_id, sent[0][0]) for answer_id, *_ in sent[:6]])
    said = seen(await client.get(HERE, params={"week": WEEK, "item": "del.reason"}))
    assert "About 5 of them were sent in organised campaigns. The digest counts these apart." in said


async def test_a_theme_opens_its_texts(it: Program, client: httpx.AsyncClient) -> None:
    scene(it, raised=6)
    with it.database.transaction() as db:
        themes.add(db, "library", [("waiting", {"en": "Waiting <long>"})], themes.MANAGER, NOW)
        theme = themes.by_key(db, "library", "waiting")
        assert theme is not None
        (said, *_) = answers.texts(db, "library", AT - DAY, NOW, 9)
        themes.correct(db, theme, said.id, None, NOW, fits=True)
    await entered(it, client, MANAGER)
    page = await client.get(f"{HERE}?week={WEEK}&theme={theme.id}")
    told = page.text.count("card answer")
    assert f"{told} answer" in seen(page)
    assert "Waiting &lt;long&gt; (both sides: as what works, and as a problem)" in page.text
    for side in ("well", "others"):
        assert f"{HERE}?week={WEEK}&amp;theme={theme.id}&amp;side={side}&amp;page=1" in page.text
    page = await client.get(f"{HERE}?week={WEEK}&theme={theme.id}&side=others")
    assert "Waiting &lt;long&gt; (as a problem)" in page.text
    assert "both sides" not in page.text
    page = await client.get(f"/manage/actions/library/act?source=theme&name={theme.id}&week={WEEK}")
    assert "Waiting &lt;long&gt; (both sides: what works, and problems)" in page.text
    page = await client.get(f"/manage/actions/library/act?source=theme&name={theme.id}.others&week={WEEK}")
    assert "Waiting &lt;long&gt;</span>" in page.text
    assert (await client.get(f"{HERE}?week={WEEK}&theme=99")).status_code == 404


async def test_what_people_said_of_themselves_is_never_among_them(it: Program, client: httpx.AsyncClient) -> None:
    of = scene(it, raised=1)
    with it.database.transaction() as db:
        answers.append(db, [answer(of.round, b"x", state="age", at=AT, item="you.age", choice="25-44")])
    await entered(it, client, MANAGER)
    assert "25-44" not in (await client.get(f"{HERE}?week={WEEK}&item=you.age")).text


@pytest.mark.parametrize("role", [("manager", "bus7"), ("approver", "library"), ("operator", "library")])
async def test_only_the_people_of_the_service_may_look(
    it: Program, client: httpx.AsyncClient, role: tuple[str, str]
) -> None:
    scene(it, raised=6)
    await entered(it, client, role)
    assert (await client.get(f"{HERE}?week={WEEK}")).status_code == 404
    assert looked(it) == []


async def test_a_week_that_is_none_leads_nowhere_and_none_is_the_last_one_that_is_over(
    it: Program, client: httpx.AsyncClient
) -> None:
    await entered(it, client, MANAGER)
    assert (await client.get(f"{HERE}?week=2026-W99")).status_code == 404
    page = await client.get(HERE)
    assert "2026-W46" in page.text
    assert f"{HERE}?week=2026-W45" in page.text


async def test_a_week_that_is_running_opens_nothing(it: Program, client: httpx.AsyncClient) -> None:
    of = scene(it, raised=6)
    with it.database.transaction() as db:
        answers.append(db, [answer(of.round, b"%d" % n, at=NOW - DAY / 4, choice="1") for n in range(7)])
    await entered(it, client, MANAGER)
    said = seen(await client.get(f"{HERE}?week=2026-W47"))
    assert "This week is still running. Its answers open when it is over." in said
    assert not re.search("[0-9] answers", said)
    assert "Very poor" not in said
    assert looked(it) == []


async def test_the_page_of_a_digest_leads_to_answers_and_acts(it: Program, client: httpx.AsyncClient) -> None:
    scene(it, raised=6)
    await entered(it, client, MANAGER)
    digest = Digest(
        service="library",
        name={"en": "Central Library"},
        area="Rivermouth",
        period=WEEK,
        since=date(2026, 11, 9),
        until=date(2026, 11, 15),
        at=NOW,
        form=Form.FULL,
        so_far=False,
        minimum=5,
        who=Who(6, 6),
    )
    with it.database.transaction() as db:
        for person in people.everyone(db):
            digests.write(db, digests.DigestRow(person.id, "library", WEEK, NOW, dump(digest)))
    page = await client.get(f"/manage/digests/library/{WEEK}")
    assert f"{HERE}?week={WEEK}&amp;item=del.overall" in page.text
    assert f"/manage/actions/library/act?source=score&amp;name=del.overall&amp;week={WEEK}" in page.text


async def test_every_item_of_a_full_digest_opens_what_stands_behind_it(it: Program, client: httpx.AsyncClient) -> None:
    scene(it, raised=6)
    await entered(it, client, MANAGER)
    codes = [it.opened("Options"), it.opened("Spring")]
    clock = tuple(replace(each, code=code) for each, code in zip(full().clock, codes, strict=True))
    results = tuple(replace(each, code=codes[0]) for each in full().results)
    whole = replace(full(), service="library", period=WEEK, clock=clock, results=results, deeds=None)
    names = [(each.key, each.name) for each in (*whole.problems, *([whole.works] if whole.works else []))]
    with it.database.transaction() as db:
        themes.add(db, "library", names, themes.MANAGER, NOW)
        for person in people.everyone(db):
            digests.write(db, digests.DigestRow(person.id, "library", WEEK, NOW, dump(whole)))
    page = await client.get(f"/manage/digests/library/{WEEK}")
    for item, ways in leads(whole, texts("en")).items():
        assert ways
        for each in ways:
            assert f'href="{each.path.replace("&", "&amp;")}"' in page.text, item
            assert (await client.get(each.path)).status_code == 200, each.path
    assert (await client.get(f"{HERE}?week={WEEK}&round={codes[0]}&state=order")).status_code == 200
    assert (await client.get(f"{HERE}?week={WEEK}&round=nowhere")).status_code == 404
    assert (await client.get(f"{HERE}?week={WEEK}&theme=nothing")).status_code == 404
