"""The open urgent reports of a service: for its people, without what leads to a person, and who looked is noted."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.alarms import Alarms
from bot.digests.model import Alert, Reason, dump
from storage import alarms, contacts, digests, looks, people, rounds
from tests.bot.channels.web.stage import NOW, Program
from tests.bot.channels.web.test_actions_pages import seen
from tests.bot.channels.web.test_staff_pages import MANAGER, ORGANISER, entered, posted
from tests.bot.digests.sample import digest

if TYPE_CHECKING:
    import httpx

HERE = "/manage/urgent/library"
WORDS = "There is a <gas leak>, call me: 07400 123456"


def sounded(it: Program, service: str = "library", words: str = WORDS) -> None:
    """Let somebody write of danger in a round of a service."""
    code = it.opened("Spring")
    hash_ = it.keys.address_hash("web", f"cookie of {service}")
    with it.database.transaction() as db:
        (citizen,) = contacts.add(db, [contacts.NewContact("web", hash_, it.keys.seal("cookie"), "en", NOW)])
        row = rounds.by_code(db, code)
        assert row
        Alarms(it.config, it.keys, {}).in_round(db, citizen, replace(row, service=service), NOW, words, NOW)


def noted(it: Program, service: str = "library") -> list[tuple[str, dict[str, object], int]]:
    with it.database.reading() as db:
        found = [(each.who, json.loads(each.what), each.rows) for each in looks.of(db, service)]
    return [each for each in found if each[1].get("did", "urgent_done") == "urgent_done"]


async def test_what_is_open_stands_there_and_who_looked_is_noted(it: Program, client: httpx.AsyncClient) -> None:
    sounded(it)
    await entered(it, client, ORGANISER)
    said = seen(page := await client.get(HERE))
    assert "There is a &lt;gas leak&gt;, call me: [phone number]" in page.text
    assert "22 November 2026" in said
    assert "Deliver Spring" in said.replace("· ", "")
    assert f"They were shown the number {it.config.city.emergency_number} at once." in said
    assert noted(it) == [("Ada", {"urgent": "open"}, 1)]


async def test_who_looks_after_it_takes_it_off_the_list_and_the_log_says_who(
    it: Program, client: httpx.AsyncClient
) -> None:
    sounded(it)
    with it.database.reading() as db:
        (report,) = alarms.open_of(db, "library", 9)
    await entered(it, client, MANAGER)
    await client.get(HERE)
    page = await posted(client, f"{HERE}/{report.id}/done")
    assert "No urgent report is open." in seen(page)
    assert "It is noted that you look after it." in seen(page)
    assert "gas leak" not in page.text
    await posted(client, f"{HERE}/{report.id}/done")
    done = [each for each in noted(it) if "did" in each[1]]
    assert done == [("Ada", {"did": "urgent_done", "alarm": report.id}, 0)]
    with it.database.reading() as db:
        assert alarms.waiting(db, "library") == 0


async def test_another_services_report_is_neither_seen_nor_taken(it: Program, client: httpx.AsyncClient) -> None:
    sounded(it, "bus7")
    with it.database.reading() as db:
        (report,) = alarms.open_of(db, "bus7", 9)
    await entered(it, client, MANAGER)
    assert "gas leak" not in (await client.get(HERE)).text
    assert (await client.get("/manage/urgent/bus7")).status_code == 404
    assert (await posted(client, f"{HERE}/{report.id}/done")).status_code == 404
    with it.database.reading() as db:
        assert alarms.waiting(db, "bus7") == 1


@pytest.mark.parametrize(("who", "start"), [(ORGANISER, "/manage"), (MANAGER, "/manage/digests")])
async def test_the_page_on_which_somebody_begins_leads_to_what_is_open(
    it: Program, client: httpx.AsyncClient, who: tuple[str, str], start: str
) -> None:
    await entered(it, client, who)
    assert "urgent report" not in seen(await client.get(start))
    sounded(it)
    sounded(it, "bus7")
    page = await client.get(start)
    assert f'<a href="{HERE}">' in page.text
    assert ": 1 urgent report is open" in seen(page)
    assert page.text.count("urgent report") == 1
    assert f'href="{start}"' in (await client.get(HERE)).text


async def test_words_that_are_no_longer_kept_are_said_to_be(it: Program, client: httpx.AsyncClient) -> None:
    sounded(it)
    with it.database.transaction() as db:
        (report,) = alarms.open_of(db, "library", 9)
        citizen = next(each for each in contacts.every(db))
        alarms.forget_copies(db, citizen.id)
    await entered(it, client, MANAGER)
    page = await client.get(HERE)
    assert "The words are no longer kept." in seen(page)
    assert "gas leak" not in page.text
    assert noted(it) == []
    assert f"{HERE}/{report.id}/done" in page.text


@pytest.mark.parametrize("language", ["en", "es"])
async def test_the_page_is_there_in_each_language(it: Program, client: httpx.AsyncClient, language: str) -> None:
    sounded(it)
    await entered(it, client, MANAGER)
    with it.database.transaction() as db:
        (person,) = people.everyone(db)
        people.change(db, person.id, language=language)
    page = await client.get(HERE)
    assert page.status_code == 200
    assert f'lang="{language}"' in page.text


async def test_the_headline_of_a_digest_leads_to_them(it: Program, client: httpx.AsyncClient) -> None:
    await entered(it, client, MANAGER)
    whole = replace(digest(), service="library", alerts=(Alert(Reason.URGENT, 2),))
    with it.database.transaction() as db:
        (person,) = people.everyone(db)
        digests.write(db, digests.DigestRow(person.id, "library", whole.period, NOW, dump(whole)))
    it.figures["library"] = replace(whole, so_far=True)
    for period in (whole.period, "now"):
        page = await client.get(f"/manage/digests/library/{period}")
        assert f'href="{HERE}"' in page.text
    assert (await client.get(HERE)).status_code == 200
