"""Who takes part in a round, in the browser: live numbers, who lives here, what is aimed at."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from storage import answers, contacts, rounds, sessions
from storage.contacts import NewContact
from tests.bot.channels.web.stage import NOW
from tests.bot.channels.web.test_public_pages import FORMAL
from tests.bot.channels.web.test_staff_pages import ORGANISER, entered, faults, posted
from tests.storage import makers

if TYPE_CHECKING:
    import httpx

    from tests.bot.channels.web.stage import Program

EVERYWHERE = ("organiser", "*")
TOWN = {"people.area.harbour": "12000", "people.area.old_town": "8000", "people.area.hillside": "20000"}
NUMBERS = {"variable": "area", "kind": "people", "source": "Census 2021, table 4", "on": "2021-03-21", **TOWN}


def said(it: Program, code: str, count: int, area: str, language: str = "en") -> None:
    """Let so many people have handed in answers in a language, and said where they live."""
    with it.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        begun = sum(sessions.counts(db, row.id).values())
        names = [f"{code} {begun + n}" for n in range(count)]
        new = [NewContact("web", it.keys.address_hash("web", one), it.keys.seal(one), language, NOW) for one in names]
        made = contacts.add(db, new)
        sessions.save(db, [makers.session(one, row, NOW, status="completed", ended_at=NOW) for one in made])
        given: dict[str, Any] = {"verb": "choose", "item": "you.area", "choice": area, "language": language, "at": NOW}
        answers.append(db, [makers.answer(row, f"{one.id}".encode(), "about_area", **given) for one in made])


def cells(page: httpx.Response, title: str) -> dict[str, list[str]]:
    """Return the rows of the table under a heading, by their head."""
    (found,) = re.findall(rf"{title}</h3>.*?<tbody>(.*?)</tbody>", page.text, re.DOTALL)
    rows = re.findall(r'<th scope="row"><span[^>]*>(.*?)</span>(.*?)</th>(.*?)</tr>', found, re.DOTALL)
    return {
        head: [
            *re.findall(r"<td[^>]*>(.*?)</td>", rest, re.DOTALL),
            *re.findall(r'<span class="small">(.*?)</span>', below),
        ]
        for head, below, rest in rows
    }


async def test_numbers_of_groups_and_who_is_missing_stand_on_the_rounds_page(
    it: Program, client: httpx.AsyncClient
) -> None:
    code = it.opened("Opening hours", **FORMAL)
    said(it, code, 100, "harbour")
    said(it, code, 3, "hillside", "es")
    await entered(it, client, ORGANISER, EVERYWHERE)
    await posted(client, f"/manage/rounds/{code}/margins", **NUMBERS, **{"for": "city"})
    page = await client.get(f"/manage/rounds/{code}")
    assert cells(page, "By area")["Harbour"] == ["100", "100", "30", "more than its share (3.33)"]
    assert cells(page, "By area")["Hillside"] == ["under 5", "", "50", "too few"]
    assert cells(page, "By language")["Spanish"] == ["under 5", "under 5"]
    assert "People who live in this area: Hillside." in page.text
    assert "Hang up a poster there" in page.text
    fragment = await client.get(f"/manage/rounds/{code}/numbers")
    assert cells(fragment, "By area") == cells(page, "By area")
    assert "<html" not in fragment.text


async def test_an_organiser_of_one_service_says_who_lives_here_for_a_round(
    it: Program, client: httpx.AsyncClient
) -> None:
    code = it.opened("Opening hours", **FORMAL)
    await entered(it, client, ORGANISER)
    before = await client.get(f"/manage/rounds/{code}/turnout")
    assert 'value="city"' not in before.text
    page = await posted(client, f"/manage/rounds/{code}/margins", **NUMBERS)
    assert page.url.params["done"] == "margins"
    assert "As of Sunday, 21 March 2021. For this round only." in page.text
    assert 'value="12000"' in page.text
    assert it.rounds.margins() == {}
    assert it.rounds.log(code)[-1].who == "Ada"
    refused = await posted(client, f"/manage/rounds/{code}/margins", **NUMBERS, **{"for": "city"})
    assert refused.status_code == 404
    other = NUMBERS | {"people.area.harbour": "12001"}
    unsaid = await posted(client, f"/manage/rounds/{code}/margins", **other)
    assert faults(unsaid) == ["say why: the log of the round keeps the reason"]
    assert 'value="12001"' in unsaid.text
    await posted(client, f"/manage/rounds/{code}/margins", **other, **{"because.area": "One was born"})
    assert it.rounds.log(code)[-1].reason == "One was born"
    unsaid = await posted(client, f"/manage/rounds/{code}/margins/forget", variable="area")
    assert unsaid.status_code == 422
    assert 'href="#because.area"' in unsaid.text
    assert 'id="because.area"' in unsaid.text
    gone = await posted(client, f"/manage/rounds/{code}/margins/forget", variable="area", because="Nobody counted")
    assert gone.url.params["done"] == "forgot"
    assert it.rounds.margins(code) == {}
    assert (await posted(client, f"/manage/rounds/{code}/margins/forget", variable="area")).status_code == 404


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"people.area.harbour": "many", "people.area.hillside": "-1"},
            [
                "“many” is no number for “Harbour”: give whole people, or percent from 0 to 100",
                "“-1” is no number for “Hillside”: give whole people, or percent from 0 to 100",
            ],
        ),
        ({"kind": "percent"}, ["the percents of area add up to 40000, not to 100"]),
        ({"source": " "}, ["say where the numbers come from, in 1 to 300 letters, as in “Census 2021, table 4”"]),
        ({"on": "tomorrow"}, ["say of which day the numbers are, today or before: write it as 2021-03-21"]),
        (dict.fromkeys(TOWN, ""), ["nobody lives in any group of area: give at least one number above 0"]),
    ],
    ids=["rows", "sum", "source", "day", "nothing"],
)
async def test_each_fault_stands_at_its_group_and_what_was_typed_is_kept(
    it: Program, client: httpx.AsyncClient, fields: dict[str, str], said: list[str]
) -> None:
    code = it.opened("Opening hours", **FORMAL)
    await entered(it, client, ORGANISER)
    page = await posted(client, f"/manage/rounds/{code}/margins", **{**NUMBERS, **fields})
    assert page.status_code == 422
    assert [line.replace('"', "") for line in faults(page)] == [re.sub("[“”]", "", line) for line in said]
    assert 'value="8000"' in page.text or not fields.get("people.area.old_town", "x")
    for name in re.findall(r'<li><a href="#([^"]+)"', page.text):
        assert f'id="{name}"' in page.text
    assert it.rounds.margins(code) == {}


async def test_targets_are_kept_and_follow_from_who_lives_here(it: Program, client: httpx.AsyncClient) -> None:
    code = it.opened("Opening hours", **FORMAL)
    await entered(it, client, ORGANISER)
    await posted(client, f"/manage/rounds/{code}/margins", **NUMBERS)
    page = await posted(client, f"/manage/rounds/{code}/aims", answers="400", **{"wanted.area.harbour": "150"})
    assert page.url.params["done"] == "aims"
    assert "Now: 200." in page.text
    assert cells(page, "By area")["Harbour"][:2] == ["under 5", "150"]
    assert "Finished by individuals: 0. Wanted: 400." in (await client.get(f"/manage/rounds/{code}")).text
    wrong = await posted(client, f"/manage/rounds/{code}/aims", answers="lots", **{"wanted.area.harbour": "0"})
    assert faults(wrong) == ["Enter a whole number, like 120, or leave it empty"] * 2
    assert 'value="lots"' in wrong.text
    unknown = await posted(client, f"/manage/rounds/{code}/aims", **{"wanted.area.moon": "3"})
    assert unknown.status_code == 422
    assert it.rounds.aims(code).answers == 400
    unsaid = await posted(client, f"/manage/rounds/{code}/aims", answers="")
    assert faults(unsaid) == ["say why: the log of the round keeps the reason"]
    assert it.rounds.aims(code).answers == 400
    await posted(client, f"/manage/rounds/{code}/aims", answers="", **{"because.aims": "We take what comes"})
    assert it.rounds.log(code)[-1].reason == "We take what comes"
    assert it.rounds.aims(code).answers is None


async def test_numbers_of_the_city_are_replaced_for_a_reason_and_the_page_says_who_did_it(
    it: Program, client: httpx.AsyncClient
) -> None:
    code = it.round("Opening hours", **FORMAL)
    await entered(it, client, ORGANISER, EVERYWHERE)
    fields = {**NUMBERS, "for": "city"}
    await posted(client, f"/manage/rounds/{code}/margins", **fields)
    other = {**fields, "people.area.harbour": "9"}
    assert (await posted(client, f"/manage/rounds/{code}/margins", **other)).status_code == 422
    page = await posted(client, f"/manage/rounds/{code}/margins", **other, **{"because.area": "A new <count>"})
    assert page.status_code == 200
    assert re.search(
        r"For the city, entered on [^<]* by Ada\. <span dir=\"auto\">A new &lt;count&gt;</span>", page.text
    )
    page = await posted(client, f"/manage/rounds/{code}/margins/forget", variable="area", because="Out of date")
    assert re.search(r"For the city, taken away on [^<]* by Ada\. <span[^>]*>Out of date", page.text)


async def test_who_may_not_act_sees_the_numbers_and_no_form(it: Program, client: httpx.AsyncClient) -> None:
    code = it.opened("Opening hours", **FORMAL)
    await entered(it, client, ("approver", "library"))
    page = await client.get(f"/manage/rounds/{code}/turnout")
    assert page.status_code == 200
    assert "Keep these numbers" not in page.text
    for path in ("margins", "margins/forget", "aims"):
        assert (await posted(client, f"/manage/rounds/{code}/{path}", variable="area")).status_code == 404
    await entered(it, client, ("organiser", "bus7"))
    assert (await client.get(f"/manage/rounds/{code}/turnout")).status_code == 404


async def test_once_a_round_is_over_the_page_only_shows(it: Program, client: httpx.AsyncClient) -> None:
    code = it.opened("Opening hours", **FORMAL)
    it.rounds.close(code)
    await entered(it, client, ORGANISER)
    page = (await client.get(f"/manage/rounds/{code}/turnout")).text
    assert "Keep these numbers" not in page
    assert "Give the numbers of a census" not in page
    assert 'id="lives"' not in page, "nobody has said who lives here"
    assert (await posted(client, f"/manage/rounds/{code}/aims", answers="3")).status_code == 422
