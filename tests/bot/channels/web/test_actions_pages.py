"""You said, we did, we did not, in the browsers of staff."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING

import pytest

from bot.rounds.outcome import KeyIssue
from storage import actions, looks, people
from storage.actions import FIX, NewAction, Origin, Reply
from tests.bot.actions.scene import CONTENT, WEEK, scene, sent
from tests.bot.channels.web.stage import NOW, Program
from tests.bot.channels.web.test_concluding_pages import closed
from tests.bot.channels.web.test_staff_pages import MANAGER, ORGANISER, entered, faults, posted
from tests.storage.makers import DAY

if TYPE_CHECKING:
    import httpx

    from storage.actions import Action

HERE = "/manage/actions/library"
ABOUT = {"source": "score", "name": "del.overall", "week": WEEK}
ANSWER = {**ABOUT, "kind": "answer", "text-en": "We open a second desk."}


def kept(it: Program) -> list[Action]:
    with it.database.reading() as db:
        return actions.of(db, "library")


def seen(page: httpx.Response) -> str:
    """Return the words of a page, without its tags."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page.text)))


def fix(it: Program, words: str = "A second desk", **facts: object) -> Action:
    new = NewAction("library", FIX, "words", Origin("The queue"), words, NOW, **facts)  # type: ignore[arg-type]  # facts of many types
    with it.database.transaction() as db:
        return actions.add(db, new, "Ada")


async def test_a_figure_leads_to_what_can_be_done_about_it(it: Program, client: httpx.AsyncClient) -> None:
    scene(it)
    await entered(it, client, MANAGER)
    page = await client.get(f"{HERE}/act", params=ABOUT)
    assert "Overall, how was your experience with the Central Library this time?" in seen(page)
    for kind in ("Answer", "To do", "Question asked back", "Not ours"):
        assert kind in seen(page)
    assert f"kind=ask&amp;source=score&amp;name=del.overall&amp;week={WEEK}" in page.text


async def test_an_answer_is_counted_and_shown_and_sent_only_by_the_second_press(
    it: Program, client: httpx.AsyncClient
) -> None:
    of = scene(it, others=CONTENT)
    await entered(it, client, MANAGER)
    page = await posted(client, f"{HERE}/act", **ANSWER, form="one")
    said = seen(page)
    assert "This goes to about 15 of about 20 people. Who did not agree, or cannot be reached, does not get it." in said
    assert "We open a second desk." in said
    assert kept(it) == []
    assert sent(it) == []
    for _ in range(2):  # pressed once more after an error: the same form
        page = await posted(client, f"{HERE}/act", **ANSWER, form="one", sure="1")
        assert "Your answer is on its way." in page.text
    (row,) = kept(it)
    assert (row.kind, row.state, row.told) == ("answer", "done", 14)
    assert {contact for contact, _ in sent(it)} == {one.id for one in of.who[:14]}
    assert "Told back: about 15 of about 15." in seen(await client.get(HERE))


async def test_the_list_says_an_answer_in_the_language_of_its_reader_where_it_is_written_in_it(
    it: Program, client: httpx.AsyncClient
) -> None:
    scene(it)
    await entered(it, client, MANAGER)
    await posted(client, f"{HERE}/act", **ANSWER, **{"text-es": "Abrimos otra mesa."}, form="one", sure="1")
    assert "We open a second desk." in seen(await client.get(HERE))
    await client.post("/language", data={"back": HERE, "language": "es"})
    said = seen(await client.get(HERE))
    assert "Abrimos otra mesa." in said
    assert "We open a second desk." not in said


async def test_what_was_typed_can_be_changed_before_it_is_sent(it: Program, client: httpx.AsyncClient) -> None:
    scene(it)
    await entered(it, client, MANAGER)
    page = await posted(client, f"{HERE}/act", **ANSWER, form="one", change="1")
    assert ">We open a second desk.</textarea>" in page.text
    assert kept(it) == []


async def test_so_few_are_not_written_to_and_it_is_said_why(it: Program, client: httpx.AsyncClient) -> None:
    scene(it, raised=4, wish=4)
    await entered(it, client, MANAGER)
    page = await posted(client, f"{HERE}/act", **ANSWER, form="one", sure="1")
    assert page.status_code == 422
    said = "Fewer than 5 people raised this: words to them would tell who they are, so nothing is sent"
    assert faults(page) == [said]
    assert "Central Library" in page.text
    assert kept(it) == []


async def test_a_fault_stands_beside_its_field_and_keeps_what_was_typed(it: Program, client: httpx.AsyncClient) -> None:
    scene(it)
    await entered(it, client, MANAGER)
    page = await posted(client, f"{HERE}/act", source="words", kind="fix", words="A desk", due="2020-01-01")
    assert page.status_code == 422
    assert faults(page) == ["Choose a day that is not past"]
    assert ">A desk</textarea>" in page.text
    assert 'href="#due"' in page.text


async def test_an_action_is_given_to_somebody_and_ended(it: Program, client: httpx.AsyncClient) -> None:
    scene(it)
    await entered(it, client, MANAGER)
    with it.database.reading() as db:
        kim = str(people.everyone(db)[0].id)
    form = {"kind": "fix", "source": "words", "words": "Mend the door", "owner": kim, "due": "2026-12-01", "form": "f"}
    page = await posted(client, f"{HERE}/act", **form)
    assert "Is this right?" in seen(page)
    page = await posted(client, f"{HERE}/act", **form, sure="1")
    (row,) = kept(it)
    assert (row.words, row.person_id, row.due_on, row.state) == ("Mend the door", int(kim), "2026-12-01", "open")
    assert "Due on Tuesday, 1 December 2026." in seen(page)
    page = await posted(client, f"{HERE}/{row.id}/give", owner="", due="2026-12-09")
    assert "It is given on." in page.text
    assert kept(it)[0].due_on == "2026-12-09"
    page = await posted(client, f"{HERE}/{row.id}/give", owner="", due="yesterday")
    assert faults(page) == ["Write the day like 2026-12-31"]
    for _ in range(2):
        page = await posted(client, f"{HERE}/{row.id}/settle", state="not_done", outcome="No money this year.")
        assert "It is settled." in page.text
    assert "No money this year." in seen(page)
    assert "will not be done" in seen(page)
    assert kept(it)[0].state == "not_done"
    page = await posted(client, f"{HERE}/{row.id}/settle", state="done", outcome="After all.")
    assert faults(page) == ["This is settled already: begin a new action instead"]


async def test_the_end_of_an_action_is_told_by_the_second_press(it: Program, client: httpx.AsyncClient) -> None:
    scene(it)
    await entered(it, client, MANAGER)
    await posted(client, f"{HERE}/act", **ABOUT, kind="fix", words="A desk", form="one", sure="1")
    (row,) = kept(it)
    end = {"state": "done", "outcome": "The desk is open.", "tell": "1"}
    page = await posted(client, f"{HERE}/{row.id}/settle", **end)
    assert "This goes to about 15 people. Nobody learns who they are." in seen(page)
    assert kept(it)[0].state == "open"
    page = await posted(client, f"{HERE}/{row.id}/settle", **end, sure="1")
    assert "Told back: about 15 of about 15 who agreed." in seen(page)
    assert len(sent(it)) == 14
    page = await posted(client, f"{HERE}/{row.id}/settle", **{**end, "outcome": ""})
    assert faults(page) == ["Say what was done"]


async def test_the_list_shows_what_is_late_first_and_can_be_narrowed(it: Program, client: httpx.AsyncClient) -> None:
    fix(it, "Late one", due_on="2026-11-12", owner="Kim")
    fix(it, "Later", due_on="2026-12-24")
    fix(it, "Done one", state="done", outcome="We did it.", settled_at=NOW - DAY)
    await entered(it, client, MANAGER)
    said = seen(await client.get(HERE))
    assert said.index("Late one") < said.index("Done one") < said.index("Later")
    assert "10 days late" in said
    assert "All (3) Open (2) Overdue (1) Done (1) Not done (0)" in said
    late = seen(await client.get(f"{HERE}?show=late"))
    assert "Late one" in late
    assert "Done one" not in late
    assert "We did it." in seen(await client.get(f"{HERE}?show=done"))
    assert "There is nothing here." in seen(await client.get(f"{HERE}?show=not_done"))


async def test_the_tab_leads_to_the_first_service(it: Program, client: httpx.AsyncClient) -> None:
    await entered(it, client, ("manager", "bus7"), ORGANISER)
    page = await client.get("/manage/actions")
    assert page.url.path == HERE
    assert '<a href="/manage/actions/bus7">' in page.text
    assert "aria-current" in page.text


@pytest.mark.parametrize("path", ["", "/act?source=words", "/1"])
async def test_what_somebody_may_not_see_does_not_exist_for_them(
    it: Program, client: httpx.AsyncClient, path: str
) -> None:
    fix(it)
    await entered(it, client, ("manager", "bus7"), ("approver", "library"))
    assert (await client.get(f"{HERE}{path}")).status_code == 404
    assert (await posted(client, f"{HERE}/1/settle", state="done", outcome="x")).status_code == 404
    assert kept(it)[0].state == "open"


@pytest.mark.parametrize("about", ["source=rumour", "source=score&name=x", "source=theme&name=99&week=2026-W47"])
async def test_an_address_that_names_nothing_leads_nowhere(it: Program, client: httpx.AsyncClient, about: str) -> None:
    await entered(it, client, MANAGER)
    assert (await client.get(f"{HERE}/act?kind=fix&{about}")).status_code == 404


async def test_a_form_of_another_site_does_nothing(it: Program, client: httpx.AsyncClient) -> None:
    scene(it)
    await entered(it, client, MANAGER)
    assert (await client.post(f"{HERE}/act", data={**ANSWER, "sure": "1"})).status_code == 403
    assert kept(it) == []


async def test_outside_one_reads_how_to_get_in(client: httpx.AsyncClient) -> None:
    assert (await client.get(HERE)).status_code == 401


async def test_an_issue_of_a_round_leads_to_an_action(it: Program, client: httpx.AsyncClient) -> None:
    code = closed(it)
    it.rounds.raise_issue(code, KeyIssue({"en": "Open & late"}, None, {"en": "We look"}, "yes", ""))
    await entered(it, client, ORGANISER)
    page = await client.get(f"/manage/rounds/{code}")
    (path,) = re.findall(r'href="(/manage/actions/library/act[^"]+)"', page.text)
    page = await client.get(html.unescape(path))
    assert "You said: Open & late" in seen(page)
    await posted(client, f"{HERE}/act", kind="fix", source="issue", name="Open & late", words="Try it in May", sure="1")
    (row,) = kept(it)
    assert (row.source, row.of.name, row.agreed) == ("issue", "Open & late", 0)


async def test_what_was_done_can_be_taken_into_the_report_of_a_round(it: Program, client: httpx.AsyncClient) -> None:
    code = closed(it)
    done = fix(it, "A new sign", state="done", outcome="It hangs.", settled_at=NOW)
    fix(it, "Still open")
    await entered(it, client, ORGANISER)
    page = await client.get(f"/manage/rounds/{code}/report")
    assert "– A new sign: It hangs. Add to the report" in seen(page)
    assert "Still open" not in page.text
    page = await client.get(f"/manage/rounds/{code}/report?take={done.id}")
    assert re.search(r'name="report.en"[^>]*>[^<]*– A new sign: It hangs.</textarea>', page.text)
    assert it.rounds.report_draft(code) is None


async def chosen(it: Program, client: httpx.AsyncClient, many: int) -> list[str]:
    """Return the ids of so many answers that the page behind the figures offers to choose."""
    page = await client.get("/manage/answers/library", params={"week": WEEK, "item": "del.reason"})
    return re.findall(r'form="chosen" name="answer" value="(\d+)"', page.text)[:many]


async def test_several_answers_are_said_to_be_not_ours_at_once(it: Program, client: httpx.AsyncClient) -> None:
    of = scene(it)
    await entered(it, client, MANAGER)
    ids = await chosen(it, client, 16)
    assert len(ids) == 16
    here = {"source": "chosen", "kind": "not_us", "week": WEEK}
    page = await client.get(f"{HERE}/act", params={**here, "answer": ids})
    assert "16 answers chosen one by one" in seen(page)
    said = {**here, "name": ",".join(ids), "words": "The county builds that road.", "body": "County", "form": "one"}
    page = await posted(client, f"{HERE}/act", **said)
    assert "This goes to those of them who agreed to hear of it. Nobody learns who they are." in seen(page)
    assert not re.search(r"goes to (about )?[0-9]|of 16", seen(page))
    assert kept(it) == []
    await posted(client, f"{HERE}/act", **said, sure="1")
    (row,) = kept(it)
    assert (row.kind, row.state, row.outcome, row.raised) == (
        "not_us",
        "not_done",
        "The county builds that road.",
        None,
    )
    assert 0 < row.told <= len(of.who)
    assert len(sent(it)) == row.told
    listed = seen(await client.get(HERE))
    assert "16 answers chosen one by one" in listed
    assert listed.count("Told back:") == 1  # of the service as a whole
    assert "Told back:" not in seen(await client.get(f"{HERE}/{row.id}"))


async def test_of_fewer_than_the_minimum_nobody_is_told_and_it_stands_on_the_list(
    it: Program, client: httpx.AsyncClient
) -> None:
    scene(it)
    await entered(it, client, MANAGER)
    ids = await chosen(it, client, 3)
    said = {"source": "chosen", "kind": "not_us", "week": WEEK, "name": ",".join(ids), "words": "Not ours."}
    assert "Nobody is told" in seen(await posted(client, f"{HERE}/act", **said))
    await posted(client, f"{HERE}/act", **said, sure="1")
    (row,) = kept(it)
    assert (row.told, row.agreed, row.raised) == (0, 0, None)
    assert sent(it) == []


async def test_only_answers_of_that_service_and_week_can_be_chosen(it: Program, client: httpx.AsyncClient) -> None:
    scene(it)
    await entered(it, client, MANAGER)
    (first,) = await chosen(it, client, 1)
    here = {"source": "chosen", "kind": "not_us"}
    for week, name in (("2026-W45", first), (WEEK, "999999"), (WEEK, f"{first},x"), (WEEK, "9" * 5000)):
        page = await client.get(f"{HERE}/act", params={**here, "week": week, "name": name})
        assert page.status_code == 404, (week, name[:20])
    back = await client.get(f"{HERE}/act", params={**here, "week": WEEK})
    assert back.url.path == "/manage/answers/library"


async def test_who_reads_words_answered_to_a_question_is_noted(it: Program, client: httpx.AsyncClient) -> None:
    of = scene(it)
    new = NewAction("library", actions.ASK, "words", Origin("The queue"), "Which day?", NOW, state="done")
    with it.database.transaction() as db:
        asked = actions.add(db, new, "Ada")
    await entered(it, client, MANAGER)
    for many, noted in ((4, 0), (6, 1)):
        with it.database.transaction() as db:
            for n in range(many):
                actions.reply(db, Reply(asked.id, of.round.id, b"%d" % n, None, f"On day {n}", "en", NOW))
        page = await client.get(f"{HERE}/{asked.id}")
        assert ("On day 3" in page.text) == bool(noted)
        with it.database.reading() as db:
            found = looks.of(db, "library")
        assert [(each.who, json.loads(each.what), each.rows) for each in found if each.rows] == [
            ("Ada", {"action": asked.id}, 6)
        ] * noted
