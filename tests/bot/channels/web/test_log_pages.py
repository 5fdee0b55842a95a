"""The log on a round's page: what was done, and of each field what stood there before and what stands there now."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.channels.web.manage.logged import Change, Reader
from bot.channels.web.words import Dictionary
from tests.bot.channels.web.test_staff_pages import ORGANISER, ROUND, entered, faults, posted

if TYPE_CHECKING:
    import httpx

    from tests.bot.channels.web.stage import Program

READER = Reader(Dictionary.load().words("en"), ZoneInfo("Europe/Madrid"), {"link": "Whoever has the link"})


def said(page: httpx.Response) -> list[str]:
    """Return what the log of a page says of changes, as it is read."""
    found = re.findall(r'<details class="changes">(.*?)</details>', page.text, re.DOTALL)
    return [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", one)).split()) for one in found]


class TestReader:
    def test_days_choices_and_names_are_said_as_the_pages_say_them(self) -> None:
        changed = {
            "closes_at": (None, datetime(2026, 12, 19, 23, 0, tzinfo=UTC).isoformat()),
            "record.decided_on": ("2027-01-25", "2027-01-26"),
            "record.influence": ("ask", "tell"),
            "audience": (None, "link"),
            "spread_hours": (None, 1200),
        }
        assert READER.changes(changed) == [
            Change("Last day", "", "Saturday, 19 December 2026"),
            Change("Day of the decision", "Monday, 25 January 2027", "Tuesday, 26 January 2027"),
            Change("How the answers count", "we ask, decide, and tell why", "we inform: nothing is to be decided"),
            Change("Who can take part", "", "Whoever has the link"),
            Change("Over how many hours to invite", "", "1,200"),
        ]

    def test_of_a_text_per_language_only_the_language_that_changed_is_named(self) -> None:
        changed = {"record.topic": ({"en": "the hours", "es": "el horario"}, {"en": "the hours", "es": "las horas"})}
        assert READER.changes(changed) == [Change("What it is about (Español)", "el horario", "las horas")]

    def test_a_text_that_becomes_one_per_language_names_both(self) -> None:
        changed = {"record.topic": ("the hours", {"en": "the hours", "es": "las horas"})}
        assert READER.changes(changed) == [
            Change("What it is about", "the hours", ""),
            Change("What it is about (English)", "", "the hours"),
            Change("What it is about (Español)", "", "las horas"),
        ]

    def test_of_a_growing_list_only_what_is_new_is_told(self) -> None:
        one, two = {"who": "The mayor", "what": "Summary", "on": "2026-12-01"}, {"who": "Ada", "what": "All", "on": "x"}
        assert READER.changes({"outcome.readings": ([one], [one, two])}) == [
            Change("Who of those who decide has read it", "", "Ada · All · x")
        ]
        held = {"whom.lists": (None, [{"ground": "Members", "sha256": "00ff", "people": 12}])}
        assert READER.changes(held) == [Change("A list that the city holds", "", "Members · 12")]

    def test_options_and_parts_of_a_decision_are_named(self) -> None:
        changed = {
            "record.lists": ({"ideas": [["o1", "Late"]]}, {"ideas": [["o1", "Late"], ["o2", "Early"]]}),
            "outcome.decision": (None, {"text": "Open late", "on": "2026-12-24", "reasons": "", "not_chosen": ""}),
        }
        labels = [(change.label, change.now) for change in READER.changes(changed)]
        assert labels == [
            ("The ideas", "o2\nEarly"),
            ("The decision (What was decided)", "Open late"),
            ("The decision (On which day)", "Thursday, 24 December 2026"),
            ("The decision (Why)", ""),
            ("The decision (What was not chosen, and why)", ""),
        ]


class TestPage:
    async def test_the_log_shows_each_field_before_and_now(self, it: Program, client: httpx.AsyncClient) -> None:
        await entered(it, client, ORGANISER)
        code = await drafted(client)
        page = await posted(client, f"/manage/rounds/{code}/edit", **{**ROUND, "title": "Which <hours>?"})
        *_, last = said(page)
        assert last == f"Title Title Before: {ROUND['title']} Now: Which <hours>?"

    async def test_what_is_missing_leads_to_its_field(self, it: Program, client: httpx.AsyncClient) -> None:
        await entered(it, client, ORGANISER)
        few = {key: ROUND[key] for key in ("service", "flow", "title", "audience")}
        page = await posted(client, "/manage/rounds/new", **few)
        code = page.url.path.rsplit("/", 1)[1]
        leads = re.findall(rf'href="/manage/rounds/{code}/edit#([^"]+)">([^<]+)</a>:', page.text)
        form = (await client.get(f"/manage/rounds/{code}/edit")).text
        assert len(leads) > 5
        assert all(f'id="{to}"' in form for to, _ in leads)
        assert not [line for line in re.findall(r"<li>(.*?)</li>", page.text) if "own_words" in line]


class TestForm:
    async def test_the_title_is_written_in_each_language(self, it: Program, client: httpx.AsyncClient) -> None:
        await entered(it, client, ORGANISER)
        code = await drafted(client, **{"title.es": "¿Cuándo abrimos?"})
        page = await client.get(f"/rounds/{code}", headers={"accept-language": "es"})
        assert page.status_code == 404, "a draft is nobody's business"
        found = it.rounds.find(code)
        assert found is not None
        assert (found.title, found.record["title"]) == (ROUND["title"], {"es": "¿Cuándo abrimos?"})
        form = (await client.get(f"/manage/rounds/{code}/edit")).text
        assert 'value="¿Cuándo abrimos?"' in form
        await posted(client, f"/manage/rounds/{code}/edit", **{**ROUND, "title.es": ""})
        assert "title" not in it.rounds.find(code).record  # type: ignore[union-attr]

    async def test_the_code_can_be_chosen(self, it: Program, client: httpx.AsyncClient) -> None:
        await entered(it, client, ORGANISER)
        assert await drafted(client, code="Library-Hours") == "library-hours"
        again = await posted(client, "/manage/rounds/new", **{**ROUND, "code": "library-hours"})
        assert faults(again) == ["there is a round with the code library-hours already: choose another"]
        assert 'href="#code"' in again.text
        bad = await posted(client, "/manage/rounds/new", **{**ROUND, "code": "late hours!"})
        told = "Use 3 to 24 small letters, digits and dashes, as in opening-hours"
        assert faults(bad) == [f"{told}. Words such as chat or rounds are taken by other pages"]
        assert 'value="late hours!"' in bad.text
        assert 'name="code"' not in (await client.get("/manage/rounds/library-hours/edit")).text
        assert len(it.rounds.listed()) == 1


class TestClosed:
    async def test_a_round_closed_before_its_day_names_the_day_it_closed(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = it.opened("How is the library?", closes_at=datetime(2026, 12, 19, 23, 0, tzinfo=UTC))
        await entered(it, client, ORGANISER)
        assert "last day Saturday, 19 December 2026" in (await client.get(f"/manage/rounds/{code}")).text
        it.rounds.close(code)
        assert "last day Sunday, 22 November 2026" in (await client.get(f"/manage/rounds/{code}")).text


async def drafted(client: httpx.AsyncClient, **more: str) -> str:
    """Write a draft as the form does, and return its code."""
    page = await posted(client, "/manage/rounds/new", **{**ROUND, **more})
    assert page.status_code == 200, faults(page)
    return page.url.path.rsplit("/", 1)[1]
