"""What comes of a round, written in the browser: per language, anew, and with each fault at its field."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.rounds.findings import PAPER
from bot.rounds.outcome import Decision, KeyIssue
from storage import rounds
from tests.bot.channels.web.test_public_pages import FORMAL
from tests.bot.channels.web.test_staff_pages import ORGANISER, entered, faults, posted

if TYPE_CHECKING:
    import httpx

    from bot.rounds.outcome import Outcome
    from tests.bot.channels.web.stage import Program

ISSUE = {
    "issue-said.en": "Open on Sundays",
    "issue-said.es": "Abrir los domingos",
    "issue-response.en": "We stay closed",
    "issue-changed": "no",
    "issue-reason.en": "There is no money",
    "issue-reason.es": "",
}


def closed(it: Program) -> str:
    """Return the code of a round that people have answered."""
    code = it.opened("The reading room", **FORMAL)
    it.rounds.close(code)
    return code


def outcome(it: Program, code: str) -> Outcome:
    """Return what has come of a round."""
    found = it.rounds.find(code)
    assert found is not None
    return found.outcome


class TestIssues:
    async def test_an_issue_is_kept_in_each_language_it_was_written_in(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = closed(it)
        await entered(it, client, ORGANISER)
        await posted(client, f"/manage/rounds/{code}/issue", **ISSUE)
        said = {"en": "Open on Sundays", "es": "Abrir los domingos"}
        kept = KeyIssue(said, None, {"en": "We stay closed"}, "no", {"en": "There is no money"})
        assert outcome(it, code).issues == (kept,)
        draft = it.rounds.drafted(code, "es")
        assert "– Abrir los domingos" in draft
        assert "– We stay closed (There is no money)" in draft, "what is silent is read in another language"
        assert "– Open on Sundays" in it.rounds.drafted(code, "en")

    async def test_an_issue_is_written_anew_with_its_words_in_the_fields(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = closed(it)
        await entered(it, client, ORGANISER)
        page = await posted(client, f"/manage/rounds/{code}/issue", **ISSUE)
        assert f'href="/manage/rounds/{code}?issue=1#issue"' in page.text
        page = await client.get(f"/manage/rounds/{code}?issue=1")
        assert all(f'value="{words}"' in page.text for words in ISSUE.values() if words)
        await posted(client, f"/manage/rounds/{code}/issue", **{**ISSUE, "issue-people": "12", "issue-number": "1"})
        (only,) = outcome(it, code).issues
        assert only.people == 12

    async def test_a_number_of_no_issue_in_the_address_shows_an_empty_form(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = closed(it)
        await entered(it, client, ORGANISER)
        for number in ("0", "2", "x", "9" * 40):
            page = await client.get(f"/manage/rounds/{code}?issue={number}")
            assert page.status_code == 200
            assert 'name="issue-number"' not in page.text

    @pytest.mark.parametrize(
        ("empty", "at"),
        [
            ("issue-said.en", "issue-said"),
            ("issue-response.en", "issue-response"),
            ("issue-reason.en", "issue-reason"),
            ("issue-changed", "issue-changed"),
        ],
    )
    async def test_a_fault_leads_to_its_field(
        self, it: Program, client: httpx.AsyncClient, empty: str, at: str
    ) -> None:
        code = closed(it)
        await entered(it, client, ORGANISER)
        page = await posted(client, f"/manage/rounds/{code}/issue", **{**ISSUE, "issue-said.es": "", empty: ""})
        assert len(faults(page)) == 1
        assert f'href="#{at}"' in page.text
        assert f'id="{at}"' in page.text


class TestDecision:
    MADE = Decision(
        {"en": "The library opens on Sundays.", "es": "La biblioteca abre los domingos."},
        "2026-11-22",
        {"en": "Forty people asked"},
        "",
    )

    async def test_everybody_reads_it_in_their_language_or_in_which_it_is(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = closed(it)
        it.rounds.decide(code, Decision(self.MADE.text, self.MADE.on, self.MADE.reasons, {"en": "Nights: too dear"}))
        it.rounds.report_back(code, {"en": "We open.", "es": "Abrimos."}, signed="Ada")
        spanish = (await client.get(f"/rounds/{code}", headers={"accept-language": "es"})).text
        assert "La biblioteca abre los domingos." in spanish
        for text in ("Nights: too dear", "Forty people asked"):
            assert re.search(rf'lang="en">{text}</dd><dd class="small">[^<]*: English\.</dd>', spanish)
        english = (await client.get(f"/rounds/{code}")).text
        assert "The library opens on Sundays." in english
        assert "not there in your language" not in english

    async def test_it_is_written_anew_until_it_is_published(self, it: Program, client: httpx.AsyncClient) -> None:
        code = closed(it)
        it.rounds.decide(code, self.MADE)
        await entered(it, client, ORGANISER)
        page = await client.get(f"/manage/rounds/{code}")
        assert "Write the decision anew" in page.text
        assert "Forty people asked</textarea>" in page.text
        fields = {"decision-text.en": "We wait.", "decision-reasons.en": "No money.", "decision-on": "2026-11-22"}
        page = await posted(client, f"/manage/rounds/{code}/decide", **fields)
        assert outcome(it, code).decision == Decision({"en": "We wait."}, "2026-11-22", {"en": "No money."}, "")
        page = await posted(client, f"/manage/rounds/{code}/decide", **{**fields, "decision-on": "2026-12-24"})
        assert 'href="#decision-on"' in page.text
        assert ">We wait.</textarea>" in page.text
        it.rounds.report_back(code, {"en": "We wait.", "es": "Esperamos."}, signed="Ada")
        page = await client.get(f"/manage/rounds/{code}")
        assert "Write the decision anew" not in page.text
        assert '<li dir="auto">Decided on 22 November 2026: We wait.</li>' in page.text, "beside what was learnt"

    async def test_a_result_that_is_late_says_by_how_many_days(self, it: Program, client: httpx.AsyncClient) -> None:
        code = closed(it)
        await entered(it, client, ORGANISER)
        assert "overdue" not in (await client.get(f"/manage/rounds/{code}")).text
        it.now = datetime(2027, 2, 3, 12, tzinfo=UTC)
        await entered(it, client, ORGANISER)
        for page in ("", f"/rounds/{code}"):
            assert "The result is 2 days overdue." in (await client.get(f"/manage{page}")).text

    async def test_the_draft_of_the_report_sets_it_in_sentences(self, it: Program) -> None:
        code = closed(it)
        it.rounds.decide(code, Decision("We open on Fridays", "2026-11-22", "Many asked", ""))
        assert "Decided on 22 November 2026: We open on Fridays. Many asked." in it.rounds.drafted(code, "en")


class TestWhatIsOffered:
    async def test_a_closed_round_offers_nothing_that_is_refused(self, it: Program, client: httpx.AsyncClient) -> None:
        """Where the duty is a law, each step waits for the one before; paper has its time, and no longer."""
        code = closed(it)
        with it.database.transaction() as db:
            row = rounds.by_code(db, code)
            assert row is not None
            rounds.change(db, row.id, record=row.record.replace('"duty": "none"', '"duty": "law"'))
        await entered(it, client, ORGANISER)

        async def offered() -> set[str]:
            page = await client.get(f"/manage/rounds/{code}")
            return set(re.findall(rf'(?:action|href)="/manage/rounds/{code}/(\w+)"', page.text))

        now = await offered()
        assert {"issue", "read", "enter"} <= now
        assert not now & {"analyse", "decide", "report", "extend", "close", "cancel", "open", "edit"}
        await posted(client, f"/manage/rounds/{code}/issue", **ISSUE)
        assert "analyse" in await offered()
        await posted(client, f"/manage/rounds/{code}/analyse", **{"analysis-text": "Most want Sundays."})
        assert not await offered() & {"analyse", "decide", "enter"}
        read = {"read-who": "Ada Ames", "read-what": "Summary", "read-on": it.now.date().isoformat()}
        await posted(client, f"/manage/rounds/{code}/read", **read)
        assert "decide" in await offered()

    async def test_once_paper_has_had_its_time_nobody_is_led_to_enter_more(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = closed(it)
        it.now += PAPER + timedelta(days=1)
        it.sweeps().findings()
        await entered(it, client, ORGANISER)
        page = await client.get(f"/manage/rounds/{code}")
        assert f"/manage/rounds/{code}/enter" not in page.text

    async def test_who_presses_twice_leaves_one_line_in_the_log(self, it: Program, client: httpx.AsyncClient) -> None:
        code = closed(it)
        await entered(it, client, ORGANISER)
        read = {"read-who": "Ada Ames", "read-what": "Summary", "read-on": it.now.date().isoformat()}
        analysis = {"analysis-text": "Most want Sundays."}
        for act, typed in (("issue", ISSUE), ("read", read), ("analyse", analysis)):
            for _ in range(2):
                page = await posted(client, f"/manage/rounds/{code}/{act}", **typed)
                assert page.status_code == 200, act
        assert [each.what for each in it.rounds.log(code)][-3:] == ["issue", "read", "analysed"]
        assert len(outcome(it, code).issues) == len(outcome(it, code).readings) == 1
