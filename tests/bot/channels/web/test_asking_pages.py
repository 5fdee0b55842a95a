"""Whom a round asks, in the browser: who is meant, when, and a list that the city holds."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update

from bot.channels.web.manage.doors import STAY
from storage import contacts, themes
from storage.contacts import NewContact
from storage.tables import outbox
from storage.tables import rounds as rounds_table
from tests.bot.channels.web.stage import NOW
from tests.bot.channels.web.test_public_pages import FORMAL
from tests.bot.channels.web.test_staff_pages import ORGANISER, entered, faults, posted, stamp
from tests.support.signing import sign

if TYPE_CHECKING:
    import httpx

    from bot.rounds.looking import RoundView
    from tests.bot.channels.web.stage import Program

DRAFT: dict[str, Any] = {**FORMAL, "audience": "agreed"}


def agreed(it: Program, *names: str, language: str = "en") -> None:
    """Let people be there who agreed to be invited again."""
    with it.database.transaction() as db:
        new = [NewContact("web", it.keys.address_hash("web", one), it.keys.seal(one), language, NOW) for one in names]
        for one in contacts.add(db, new):
            contacts.set_invite_again(db, one.id, NOW)


def kept(it: Program, code: str) -> RoundView:
    """Return a round that is there."""
    found = it.rounds.find(code)
    assert found is not None
    return found


async def changed(client: httpx.AsyncClient, code: str, **fields: str | list[str]) -> httpx.Response:
    """Send the form as a browser does: a box for each tick."""
    given = {"audience": "agreed", "themes": "", "sample": "", "spread_hours": "", "remind_at": "", **fields}
    token = stamp(await client.get("/manage"))
    return await client.post(f"/manage/rounds/{code}/audience", data={"stamp": token, **given})


async def sent(client: httpx.AsyncClient, code: str, text: str | bytes, **fields: str) -> httpx.Response:
    """Send a list with the form."""
    data = {"stamp": stamp(await client.get("/manage")), "ground": "members, article 6", **fields}
    body = text if isinstance(text, bytes) else text.encode()
    return await client.post(f"/manage/rounds/{code}/list", data=data, files={"file": ("members.csv", body)})


async def test_who_is_meant_is_ticked_and_counted_before_anything_is_sent(
    it: Program, client: httpx.AsyncClient
) -> None:
    agreed(it, "a", "b")
    agreed(it, *(f"ana {number}" for number in range(6)), language="es")
    code = it.round("Opening hours", **DRAFT)
    await entered(it, client, ORGANISER)
    assert f'href="/manage/rounds/{code}/audience"' in (await client.get(f"/manage/rounds/{code}")).text
    page = await changed(client, code, languages=["es"])
    assert page.url.params["done"] == "asking"
    assert re.search(r'name="languages" value="es" checked', page.text)
    assert not re.search(r'name="languages" value="en" checked', page.text)
    assert re.search(r'To be asked</th><td class="number">5</td>', page.text)
    assert "so numbers come in steps of 5, rounded down" in page.text
    assert kept(it, code).whom.languages == ("es",)
    with it.database.reading() as db:
        assert db.execute(select(func.count()).select_from(outbox)).scalar_one() == 0


async def test_rounds_of_which_nobody_knows_any_more_who_took_part_are_counted_where_they_would_decide(
    it: Program, client: httpx.AsyncClient
) -> None:
    past = it.opened("The last one", **FORMAL)
    code = it.round("Opening hours", **DRAFT)
    await entered(it, client, ORGANISER)
    said = "whose people cannot be found any more: 1."
    page = await changed(client, code, services=["library"])
    assert "running or closed less than 30 days ago" in page.text
    assert said not in page.text
    it.rounds.close(past)
    with it.database.transaction() as db:
        db.execute(update(rounds_table).where(rounds_table.c.code == past).values(key_sealed=None))
    assert said in (await changed(client, code, services=["library"])).text
    assert said in (await changed(client, code, areas=["harbour"])).text
    assert said not in (await changed(client, code, stages=["deliver"], services=["library"])).text
    assert said not in (await changed(client, code, languages=["es"])).text


async def test_everything_the_command_line_can_say_is_kept_and_cleared_again(
    it: Program, client: httpx.AsyncClient
) -> None:
    code = it.round("Opening hours", **DRAFT)
    await entered(it, client, ("organiser", "*"))
    ticks = {"services": ["bus7", "library"], "areas": ["harbour"], "stages": ["deliver"]}
    more = {"themes": "sign، night bus,", "sample": "50", "spread_hours": "6", "remind_at": "2026-12-05T10:30"}
    page = await changed(client, code, **ticks, **more)
    found = kept(it, code)
    assert (found.whom.services, found.whom.areas, found.whom.stages) == (
        ("bus7", "library"),
        ("harbour",),
        ("deliver",),
    )
    assert (found.whom.themes, found.whom.sample, found.spread_hours) == (("sign", "night bus"), 50, 6)
    assert found.remind_at == datetime(2026, 12, 5, 10, 30, tzinfo=ZoneInfo(it.config.city.time_zone))
    for shown in ('value="sign, night bus"', 'value="50"', 'value="6"', 'value="2026-12-05T10:30"', found.whom.seed):
        assert shown in page.text
    await changed(client, code, **ticks, **more)
    assert kept(it, code).whom.seed == found.whom.seed
    await changed(client, code)
    clear = kept(it, code)
    assert (clear.whom.narrow, clear.spread_hours, clear.remind_at) == (False, None, None)
    assert it.rounds.log(code)[-1].who == "Ada"


async def test_only_services_whose_answers_the_visitor_may_read_are_offered_and_taken(
    it: Program, client: httpx.AsyncClient
) -> None:
    code = it.round("Opening hours", **DRAFT)
    await entered(it, client, ORGANISER, ("approver", "bus7"))
    page = await client.get(f"/manage/rounds/{code}/audience")
    assert re.findall(r'name="services" value="(\w+)"', page.text) == ["library"]
    page = await changed(client, code, services=["bus7"])
    assert page.status_code == 422
    assert faults(page) == ["you may not read the answers of bus7: choose of library, or let somebody choose who may"]
    await changed(client, code, themes="toilet")
    assert kept(it, code).whom.services == ("library",)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"sample": "lots"}, "Enter a whole number, like 120, or leave it empty"),
        ({"sample": "0"}, "a sample is a whole number of people from 1 on"),
        ({"spread_hours": "2000"}, "invitations are spread over a whole number of hours from 1 to 1000"),
        ({"remind_at": "soon"}, "Enter a day and an hour, or leave it empty"),
        ({"remind_at": "2031-01-01T10:00"}, "the reminder must lie between the day the round opens"),
        ({"themes": "!!!"}, "a theme has no letters: give a word, as in signs"),
        ({"areas": "moon"}, "there is no moon: choose of harbour, old_town, hillside"),
        (
            {"audience": "link", "sample": "5"},
            "The choices below are among people who agreed to be asked again: choose that here, or clear them",
        ),
        ({"audience": "all"}, "the audience must be agreed"),
    ],
)  # fmt: skip
async def test_each_fault_stands_at_its_field(
    it: Program, client: httpx.AsyncClient, fields: dict[str, str], said: str
) -> None:
    code = it.round("Opening hours", **DRAFT)
    await entered(it, client, ORGANISER)
    page = await changed(client, code, **fields)
    assert page.status_code == 422
    (line,) = faults(page)
    assert line.startswith(said)
    (name,) = re.findall(r'<li><a href="#([^"]+)"', page.text)
    assert f'id="{name}"' in page.text
    assert not kept(it, code).whom.narrow


async def test_a_list_is_taken_in_with_its_ground_and_the_same_twice_adds_nobody(
    it: Program, client: httpx.AsyncClient
) -> None:
    code = it.round("Opening hours", **{**DRAFT, "audience": "link"})
    await entered(it, client, ORGANISER)
    page = await sent(client, code, "mail;language\na@city.example;es\nb@city.example;en\nA@city.example;en\n")
    assert page.url.params["done"] == "listed"
    assert "New people: 2. Good rows: 2, the same twice: 1, bad and left out: 0." in page.text
    assert "members, article 6" in page.text
    assert kept(it, code).audience == "listed"
    assert re.search(r'Together</th><td class="number">2</td>', page.text)
    again = await sent(client, code, "mail;language\na@city.example;es\nb@city.example;en\nA@city.example;en\n")
    assert "New people: 0." in again.text
    assert len(kept(it, code).whom.lists) == 1


async def test_rows_whose_language_or_zone_nobody_knows_are_told(it: Program, client: httpx.AsyncClient) -> None:
    code = it.round("Opening hours", **{**DRAFT, "audience": "link"})
    await entered(it, client, ORGANISER)
    text = "mail;language;zone\na@city.example;es-ES;\nb@city.example;Spanish;Paris\nc@city.example;;Paris\n"
    said = "get those of the city: 2. The first: 3, 4."
    assert said in (await sent(client, code, text + "nobody\n")).text
    page = await sent(client, code, text)
    assert "New people: 3." in page.text
    assert said in page.text


async def test_bad_rows_are_told_and_nothing_is_taken_in_unless_they_are_left_out(
    it: Program, client: httpx.AsyncClient
) -> None:
    code = it.round("Opening hours", **DRAFT)
    await entered(it, client, ORGANISER)
    text = "mail\na@city.example\nnobody\njürgen@city.example\n"
    page = await sent(client, code, text)
    assert page.status_code == 422
    assert faults(page) == ["Nothing was taken in. Mend the bad rows, or tick below to leave them out: 2"]
    assert "Row 3: no mail address" in page.text
    assert "Row 4: letters before the @" in page.text
    assert 'value="members, article 6"' in page.text
    assert kept(it, code).whom.lists == ()
    left = await sent(client, code, text, leave_out="yes")
    assert "New people: 1. Good rows: 1, the same twice: 0, bad and left out: 2." in left.text


@pytest.mark.parametrize(
    ("text", "ground", "said"),
    [
        ("name\nAda\n", "members", 'members.csv has no column "mail": name the column'),
        ("mail\na@city.example\n", " ", "say on which legal ground the city may write to these addresses"),
    ],
)  # fmt: skip
async def test_a_list_that_cannot_be_taken_says_what_to_do(
    it: Program, client: httpx.AsyncClient, text: str, ground: str, said: str
) -> None:
    code = it.round("Opening hours", **DRAFT)
    await entered(it, client, ORGANISER)
    page = await sent(client, code, text, ground=ground)
    assert page.status_code == 422
    assert faults(page)[0].startswith(said)
    assert "/tmp" not in page.text


async def test_without_a_file_one_is_asked_for(it: Program, client: httpx.AsyncClient) -> None:
    code = it.round("Opening hours", **DRAFT)
    await entered(it, client, ORGANISER)
    assert faults(await posted(client, f"/manage/rounds/{code}/list", ground="x")) == ["Choose the file of the list"]
    data = {"stamp": stamp(await client.get("/manage")), "ground": "x"}
    two = [("file", ("a.csv", b"mail\n")), ("file", ("b.csv", b"mail\n"))]
    assert (await client.post(f"/manage/rounds/{code}/list", data=data, files=two)).status_code == 400
    elsewhere = {"file": ("a.csv", b"mail\n")}
    assert (await client.post(f"/manage/rounds/{code}/audience", data=data, files=elsewhere)).status_code == 400


async def test_a_list_sent_after_the_sign_in_has_ended_says_that_it_was_not_taken(
    it: Program, client: httpx.AsyncClient
) -> None:
    code = it.round("Opening hours", **DRAFT)
    await entered(it, client, ORGANISER)
    data, files = {"stamp": "of before", "ground": "members"}, {"file": ("members.csv", b"mail\na@city.example\n")}
    anew = await client.post(f"/manage/rounds/{code}/list", data=data, files=files)
    it.now += STAY
    out = await client.post(f"/manage/rounds/{code}/list", data=data, files=files)
    assert (anew.status_code, out.status_code) == (403, 401)
    assert "Your sign-in has ended." in out.text
    assert "Send /manage to the bot" in out.text
    for page in (anew, out):
        assert (
            "<p>A file that came with it was not taken. Choose it again when you are back on its page.</p>" in page.text
        )
    assert kept(it, code).whom.lists == ()


async def test_once_a_round_is_open_its_own_page_is_shown_and_for_others_there_is_none(
    it: Program, client: httpx.AsyncClient
) -> None:
    code, draft = it.opened("Open", **FORMAL), it.round("Draft", **DRAFT)
    await entered(it, client, ORGANISER)
    assert (await client.get(f"/manage/rounds/{code}/audience")).url.path == f"/manage/rounds/{code}"
    assert (await changed(client, code)).status_code == 409
    await entered(it, client, ("approver", "library"))
    assert (await client.get(f"/manage/rounds/{draft}/audience")).status_code == 404
    assert (await sent(client, draft, "mail\n")).status_code == 404


async def test_the_names_of_themes_in_use_stand_below_their_field_for_whoever_may_read_the_answers(
    it: Program, client: httpx.AsyncClient
) -> None:
    with it.database.transaction() as db:
        for service, name in (("library", "Shut when I am free"), ("lamps", "Dark corners")):
            themes.add(db, service, [("one", {"en": name})], themes.STARTER, NOW)
        themes.add(db, "library", [("two", {"en": "Nobody looked"})], themes.PROPOSAL, NOW)
    code = it.round("The reading room", **DRAFT)
    await entered(it, client, ORGANISER)
    page = (await client.get(f"/manage/rounds/{code}/audience")).text
    assert "<bdi>Shut when I am free</bdi>" in page
    assert "Nobody looked" not in page
    assert "Dark corners" not in page


async def test_a_list_is_taken_away_with_a_button(it: Program, client: httpx.AsyncClient) -> None:
    code = it.round("Opening hours", **DRAFT)
    await entered(it, client, ORGANISER)
    assert "Take the list away" not in (await client.get(f"/manage/rounds/{code}/audience")).text
    page = await sent(client, code, "mail\na@city.example\n")
    assert "Take the list away" in page.text
    page = await posted(client, f"/manage/rounds/{code}/list/away")
    assert page.status_code == 200
    assert "Take the list away" not in page.text
    assert kept(it, code).whom.lists == ()
    assert (await posted(client, f"/manage/rounds/{code}/list/away")).status_code == 422


async def test_the_link_alone_is_not_chosen_beside_a_list_of_people_who_are_asked(
    it: Program, client: httpx.AsyncClient
) -> None:
    code = it.round("Opening hours", **DRAFT)
    await entered(it, client, ORGANISER)
    await sent(client, code, "mail\na@city.example\n")
    page = await changed(client, code, audience="link")
    assert page.status_code == 422
    assert "take the list away first" in "".join(faults(page))
    assert kept(it, code).audience == "agreed"
    page = await changed(client, code, audience="listed")
    assert page.status_code == 200
    assert "The same, and we invite the people on a list that the city holds" in page.text
    page = await client.get(f"/manage/rounds/{code}")
    assert "finds it on the start page; we also invite the people on a list" in page.text
    assert "The same, and" not in page.text, "where no other choice stands above it, it says whole who is asked"


async def test_whom_a_signed_round_asks_is_changed_for_a_reason(it: Program, client: httpx.AsyncClient) -> None:
    code = it.round("Opening hours", **DRAFT)
    await entered(it, client, ORGANISER)
    page = f"/manage/rounds/{code}/audience"
    assert 'name="because"' not in (await client.get(page)).text
    sign(it.rounds, it.database, code, it.now)
    assert 'name="because"' in (await client.get(page)).text
    wrong = await changed(client, code, sample="many", because="Spanish speakers asked for it")
    assert "Spanish speakers asked for it</textarea>" in wrong.text
    silent = await changed(client, code, languages=["es"])
    assert (silent.status_code, faults(silent)) == (422, ["say why: the log of the round keeps the reason"])
    await changed(client, code, languages=["es"], because="Spanish speakers asked for it")
    assert it.rounds.log(code)[-1].why == "Spanish speakers asked for it"
    await sent(client, code, "mail\na@city.example\n")
    sign(it.rounds, it.database, code, it.now)
    assert (await client.get(page)).text.count('name="because"') == 2
    silent = await posted(client, f"/manage/rounds/{code}/list/away", because="")
    assert (silent.status_code, 'id="list-because-fault"' in silent.text) == (422, True)
    await posted(client, f"/manage/rounds/{code}/list/away", because="The ground was wrong")
    assert it.rounds.log(code)[-1].why == "The ground was wrong"


async def test_whom_a_round_asks_stands_on_its_page_for_whoever_signs_and_once_it_is_open(
    it: Program, client: httpx.AsyncClient
) -> None:
    chosen = {"languages": ["es"], "areas": [], "sample": 500, "themes": ["night bus"]}
    code = it.round(
        "Draft", **{**DRAFT, "whom": chosen, "spread_hours": 6, "remind_at": datetime(2026, 12, 2, 9, tzinfo=UTC)}
    )
    await entered(it, client, ORGANISER)
    await sent(client, code, "mail\na@x.example\n")
    await entered(it, client, ("approver", "library"))
    for state in ("draft", "open"):
        page = await client.get(f"/manage/rounds/{code}")
        facts = page.text.partition('id="meant">')[2].partition("</dl>")[0]
        said = [re.sub(r"<[^>]+>", "", one) for one in re.findall(r"<dd.*?</dd>", facts)]
        assert kept(it, code).state == state
        assert said[1:5] == ["Español", "night bus", "500", "People from a list: 1. members, article 6"]
        assert said[5] == "6"
        assert "December" in said[6]
        if state == "draft":
            sign(it.rounds, it.database, code, it.now)
            it.rounds.open(code)
    link = await client.get(f"/manage/rounds/{it.round('By link', **FORMAL)}")
    assert "Everyone who has the link" in link.text
