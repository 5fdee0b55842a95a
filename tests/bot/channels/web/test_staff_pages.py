"""Staff: who comes in, what each role sees, and a round from the first word to the result."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from bot.channels.web import site
from bot.channels.web.manage.doors import COOKIE, STAY
from bot.digests.disclosure import share
from bot.digests.model import Digest, Form, Point, Score, Voice, Voices, Who, dump
from bot.rounds.findings import PAPER
from bot.rounds.record import spoken_day
from flows import transcript
from flows.catalog import Catalog
from storage import digests, looks, moves, people, rounds
from tests.bot.channels.web.stage import NOW, Program
from tests.bot.channels.web.test_public_pages import FORMAL
from tests.flows.test_transcripts import VERBS, played
from tests.support.signing import sign

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ORGANISER = ("organiser", "library")
MANAGER = ("manager", "library")


def stamp(page: httpx.Response) -> str:
    """Return the token of the page's forms."""
    found = re.search(r'name="stamp" value="(\w+)"', page.text)
    assert found, page.text[:500]
    return found[1]


def carried(page: httpx.Response) -> str:
    """Return the rehearsal that a page carries."""
    found = re.search(r'name="carried" value="([^"]*)"', page.text)
    assert found, page.text[:500]
    return html.unescape(found[1])


def faults(page: httpx.Response) -> list[str]:
    """Return the lines of the error summary."""
    summary = re.search(r'<div class="faults".*?</div>', page.text, re.DOTALL)
    return [html.unescape(line) for line in re.findall(r"<li><a[^>]*>(.*?)</a>", summary[0])] if summary else []


async def entered(it: Program, client: httpx.AsyncClient, *roles: tuple[str, str]) -> httpx.Response:
    """Sign in as a new member of staff."""
    return await client.post("/manage/sign-in", data={"token": it.link(*roles)})


async def posted(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    """Send a form of the signed-in person."""
    return await client.post(path, data={"stamp": stamp(await client.get("/manage")), **fields})


WAYS = {("@start", "opening"): 60, ("opening", "age"): 58, ("age", "begin"): 42, ("age", "too_young"): 3}
"""How many people went which way."""


def walked(it: Program, code: str) -> None:
    """Let people have gone these ways in a round."""
    with it.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        moves.count(db, {(row.id, "2026-11-22", *arrow): n for arrow, n in WAYS.items()})


class TestTheDoor:
    async def test_outside_one_reads_how_to_get_in(self, client: httpx.AsyncClient) -> None:
        for path in ("/manage", "/manage/rounds/new", "/manage/digests", "/manage/rounds/x/preview"):
            page = await client.get(path)
            assert page.status_code == 401
            assert "Send /manage to the bot" in page.text

    async def test_looking_at_a_link_does_not_use_it_up(self, it: Program, client: httpx.AsyncClient) -> None:
        """Mail scanners and chat previews open every link."""
        token = it.link(ORGANISER)
        for _ in range(3):
            assert "Sign in" in (await client.get(f"/manage/sign-in?token={token}")).text
        page = await client.post("/manage/sign-in", data={"token": token})
        assert page.url.path == "/manage"
        assert "There is no round yet." in page.text

    async def test_the_page_of_a_link_is_read_in_another_language_and_the_link_still_works(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        token = it.link(ORGANISER)
        page = await client.get(f"/manage/sign-in?token={token}&to=/manage/flows")
        back = html.unescape(re.findall(r'name="back" value="([^"]*)"', page.text)[0])
        page = await client.post("/language", data={"back": back, "language": "es"})
        assert page.status_code == 200
        assert '<html lang="es"' in page.text
        assert f'name="token" value="{token}"' in page.text
        assert 'name="to" value="/manage/flows"' in page.text
        assert page.headers["referrer-policy"] == "same-origin"

    async def test_a_link_works_once(self, it: Program, client: httpx.AsyncClient) -> None:
        token = it.link(ORGANISER)
        await client.post("/manage/sign-in", data={"token": token})
        client.cookies.clear()
        page = await client.post("/manage/sign-in", data={"token": token})
        assert page.status_code == 410
        assert COOKIE not in client.cookies
        assert "no longer works" in page.text

    async def test_an_old_link_does_not_work(self, it: Program, client: httpx.AsyncClient) -> None:
        token = it.link(ORGANISER)
        it.now += timedelta(hours=1)
        assert (await client.get(f"/manage/sign-in?token={token}")).status_code == 410
        assert (await client.post("/manage/sign-in", data={"token": token})).status_code == 410

    async def test_an_invitation_gives_the_role_under_the_persons_own_name(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        hash_ = it.keys.token_hash("invited")
        with it.database.transaction() as db:
            until = it.now + timedelta(days=7)
            people.add_link(db, people.Link(hash_, "invite", it.now, until, role="manager", service="library"))
        assert 'name="name"' in (await client.get("/manage/sign-in?token=invited")).text
        page = await client.post("/manage/sign-in", data={"token": "invited", "name": "Grace"})
        assert page.url.path == "/manage/digests"
        assert "Signed in as Grace." in page.text
        with it.database.reading() as db:
            (noted,) = looks.of(db, "library")
        assert (noted.who, '"did": "role_given"' in noted.what) == ("Grace", True)

    async def test_the_session_ends_by_itself(self, it: Program, client: httpx.AsyncClient) -> None:
        await entered(it, client, ORGANISER)
        it.now += STAY
        assert (await client.get("/manage")).status_code == 401

    async def test_sign_out_forgets_the_session_not_only_the_cookie(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        await entered(it, client, ORGANISER)
        stolen = client.cookies[COOKIE]
        await posted(client, "/manage/sign-out")
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(site(it)), base_url="http://voice.test", cookies={COOKIE: stolen}
        ) as thief:
            assert (await thief.get("/manage")).status_code == 401

    async def test_the_cookie_is_out_of_reach(self, it: Program, client: httpx.AsyncClient) -> None:
        answer = await client.post("/manage/sign-in", data={"token": it.link(ORGANISER)}, follow_redirects=False)
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert f"max-age={int(STAY.total_seconds())}" in cookie

    async def test_a_form_without_the_sessions_token_is_refused(self, it: Program, client: httpx.AsyncClient) -> None:
        await entered(it, client, ORGANISER)
        code = it.round("The night bus")
        for fields in ({}, {"stamp": ""}, {"stamp": "0" * 32}):
            assert (await client.post(f"/manage/rounds/{code}/open", data=fields)).status_code == 403
        assert it.rounds.find(code).state == "draft"  # type: ignore[union-attr]

    async def test_staff_read_their_own_language(self, it: Program, client: httpx.AsyncClient) -> None:
        page = await client.post("/manage/sign-in", data={"token": it.link(ORGANISER, language="es")})
        assert "Todavía no hay ninguna ronda." in page.text


class TestRoles:
    async def test_a_manager_sees_figures_and_no_rounds(self, it: Program, client: httpx.AsyncClient) -> None:
        code = it.round("The night bus")
        page = await entered(it, client, MANAGER)
        assert page.url.path == "/manage/digests"
        for path in (
            f"/manage/rounds/{code}",
            f"/manage/rounds/{code}/preview",
            "/manage/rounds/new?service=library&flow=deliver_pulse",
        ):
            assert "The night bus" not in (await client.get(path)).text
        assert (await client.get(f"/manage/rounds/{code}")).status_code == 404

    async def test_an_organiser_sees_only_their_services(self, it: Program, client: httpx.AsyncClient) -> None:
        mine, other = it.round("My library"), it.round("Their bus", service="bus7")
        page = await entered(it, client, ORGANISER)
        assert "My library" in page.text
        assert "Their bus" not in page.text
        assert (await client.get(f"/manage/rounds/{mine}")).status_code == 200
        assert (await client.get(f"/manage/rounds/{other}")).status_code == 404
        token = stamp(page)
        for act in ("open", "pause", "resume", "close", "cancel", "extend", "report", "edit", "preview"):
            answer = await client.post(f"/manage/rounds/{other}/{act}", data={"stamp": token})
            assert answer.status_code == 404
        assert it.rounds.find(other).state == "draft"  # type: ignore[union-attr]

    async def test_an_organiser_makes_rounds_only_for_their_services(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        page = await entered(it, client, ORGANISER)
        fields = {"stamp": stamp(page), "service": "bus7", "flow": "deliver_pulse", "title": "x", "audience": "link"}
        assert (await client.post("/manage/rounds/new", data=fields)).status_code == 404
        assert it.rounds.listed() == []

    async def test_an_approver_looks_and_does_not_touch(self, it: Program, client: httpx.AsyncClient) -> None:
        code = it.round("The night bus")
        page = await entered(it, client, ("approver", "*"))
        assert "New round" not in page.text
        assert "The night bus" in (await client.get(f"/manage/rounds/{code}")).text
        answer = await client.post(f"/manage/rounds/{code}/open", data={"stamp": stamp(page)})
        assert answer.status_code == 404

    async def test_figures_are_for_their_manager(self, it: Program, client: httpx.AsyncClient) -> None:
        it.figures["library"] = it.figures["bus7"] = WEEK
        await entered(it, client, ORGANISER)
        assert (await client.get("/manage/digests/library/now")).status_code == 404
        client.cookies.clear()
        await entered(it, client, MANAGER)
        assert (await client.get("/manage/digests/library/now")).status_code == 200
        assert (await client.get("/manage/digests/bus7/now")).status_code == 404
        assert (await client.get("/manage/digests/nothing/now")).status_code == 404

    async def test_without_a_role_there_is_a_word_what_to_do(self, it: Program, client: httpx.AsyncClient) -> None:
        assert "no service is assigned to you" in (await entered(it, client)).text


ROUND: Mapping[str, str] = {
    "service": "library",
    "flow": "yearly_review",
    "title": "The reading room",
    "topic.en": "the reading room",
    "topic.es": "la sala de lectura",
    "decider.en": "The city council",
    "decided_on": "2027-01-15",
    "open_points.en": "The days and hours.",
    "fixed_points.en": "The building",
    "influence": "ask",
    "duty": "none",
    "level": "collective",
    "feedback_on": "2027-02-01",
    "outcome.en": "feel at home",
    "audience": "link",
    "closes_on": "2026-12-20",
}


class TestARoundsLife:
    async def test_the_form_names_other_languages_in_their_own_words(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        await entered(it, client, ORGANISER)
        page = (await client.get("/manage/rounds/new?service=library&flow=budget_round")).text
        spanish = '<span lang="es" dir="auto">Español</span>'
        assert f'<summary>{spanish}<span class="unseen"> – Title</span></summary>' in page
        assert f'<label for="title.es">Title ({spanish})</label>' in page
        assert f'<label for="topic.es">What it is about ({spanish})</label>' in page
        assert "In Español" not in page
        assert page.count("Leave it empty and everybody reads the text above.") == 1

    async def test_every_flow_of_every_stage_can_be_chosen(self, it: Program, client: httpx.AsyncClient) -> None:
        await entered(it, client, ORGANISER)
        page = await client.get("/manage/rounds/new")
        assert '<code dir="ltr">option_round</code>' in page.text
        for flow in Catalog.load().flows:
            assert f"flow={flow.id}" in page.text
            form = await client.get(f"/manage/rounds/new?service=library&flow={flow.id}")
            assert 'name="title"' in form.text
            assert 'name="closes_on"' in form.text

    async def test_written_tried_opened_watched_closed_and_told(self, it: Program, client: httpx.AsyncClient) -> None:
        await entered(it, client, ORGANISER)
        page = await posted(client, "/manage/rounds/new", **ROUND)
        code = page.url.path.rsplit("/", 1)[1]
        assert "Everything is there. Try it out, then let a second person sign it." in page.text
        assert "Open the round" not in page.text
        sign(it.rounds, it.database, code, it.now)
        assert "Signed by Ben" in (await client.get(f"/manage/rounds/{code}")).text
        page = await posted(client, f"/manage/rounds/{code}/open")
        assert "The round is open." in page.text
        assert f"/rounds/{code}/qr.svg" in page.text
        assert (await client.get(f"/chat/{code}")).status_code == 200
        assert "Nobody has started yet." in page.text
        page = await posted(client, f"/manage/rounds/{code}/extend", until="2026-12-31", why="snow")
        assert "31 December 2026" in page.text
        assert "snow" in page.text
        page = await posted(client, f"/manage/rounds/{code}/close", why="enough said")
        assert "write what people said" in page.text
        told = {"report.en": "We open on Sundays.", "report.es": "Abrimos los domingos.", "signed": "Ada Ames"}
        page = await posted(client, f"/manage/rounds/{code}/report", **told, act="look")
        (seen,) = re.findall(r'name="seen" value="([^"]+)"', page.text)
        page = await posted(client, f"/manage/rounds/{code}/report/publish", seen=seen)
        assert "The result is published" in page.text
        assert "We open on Sundays." in (await client.get(f"/rounds/{code}")).text
        assert [entry.what for entry in it.rounds.log(code)] == [
            "created",
            "approved",
            "opened",
            "extended",
            "closed",
            "reported_back",
        ]
        assert {entry.who for entry in it.rounds.log(code)} == {"Ada", "Ben"}

    async def test_the_page_counts_the_audience_before_anything_is_sent(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        await entered(it, client, ORGANISER)
        for audience in ("agreed", "listed"):
            it.rounds.create(
                service="library", flow="deliver_pulse", title="Again", record={}, audience=audience, code=audience
            )
            shown = await client.get(f"/manage/rounds/{audience}")
            assert "Everybody is in exactly one line" in shown.text

    async def test_whoever_has_written_a_round_is_no_second_person_by_another_invitation(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        await entered(it, client, ORGANISER)
        page = await posted(client, "/manage/rounds/new", **ROUND)
        code = page.url.path.rsplit("/", 1)[1]
        with it.database.transaction() as db:
            hash_, until = it.keys.token_hash("again"), it.now + timedelta(minutes=30)
            link = people.Link(hash_, "invite", it.now, until, role="approver", service="library", name="Ada")
            people.add_link(db, link)
        await client.post("/manage/sign-in", data={"token": "again"})
        page = await posted(client, f"/manage/rounds/{code}/approve")
        assert faults(page) == ["whoever has written or changed a round cannot sign it: let a second person look at it"]
        with it.database.reading() as db:
            assert len(people.with_role(db, "approver", "library")) == 1

    async def test_nobody_signs_or_writes_over_what_was_changed_since_they_saw_it(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        await entered(it, client, ORGANISER)
        page = await posted(client, "/manage/rounds/new", **ROUND)
        code = page.url.path.rsplit("/", 1)[1]
        (seen,) = re.findall(r'name="seen" value="(\d+)"', (await client.get(f"/manage/rounds/{code}/edit")).text)
        first = await posted(client, f"/manage/rounds/{code}/edit", **{**ROUND, "title": "By Ada", "seen": seen})
        assert "done=changed" in str(first.url)
        late = await posted(client, f"/manage/rounds/{code}/edit", **{**ROUND, "title": "By Ben", "seen": seen})
        assert faults(late) == ["somebody has changed the round since you saw it: read it again"]
        assert 'value="By Ben"' in late.text, "what was typed is not lost"
        found = it.rounds.find(code)
        assert found is not None
        assert found.title == "By Ada"
        (now,) = re.findall(r'name="seen" value="(\d+)"', late.text)
        again = await posted(client, f"/manage/rounds/{code}/edit", **{**ROUND, "title": "By Ben", "seen": now})
        assert "done=changed" in str(again.url)
        client.cookies.clear()
        await client.post("/manage/sign-in", data={"token": it.link(("approver", "library"), name="Cleo")})
        refused = await posted(client, f"/manage/rounds/{code}/approve", seen=now)
        assert faults(refused) == ["somebody has changed the round since you saw it: read it again"]
        (read,) = re.findall(r'name="seen" value="(\d+)"', refused.text)
        signed = await posted(client, f"/manage/rounds/{code}/approve", seen=read)
        assert "You have signed the round." in signed.text

    async def test_a_second_person_signs_on_the_rounds_page(self, it: Program, client: httpx.AsyncClient) -> None:
        await entered(it, client, ORGANISER, ("approver", "library"))
        page = await posted(client, "/manage/rounds/new", **ROUND)
        code = page.url.path.rsplit("/", 1)[1]
        assert "You have written or changed this round" in page.text
        assert "Nobody may sign for this service yet" in page.text
        with it.database.transaction() as db:
            invited = (("Bob", "approver", "bus7"), ("Pia", "manager", "*"), ("Petra", "approver", "*"))
            for name, role, service in invited:
                waits = (name.encode(), "invite", it.now, it.now + timedelta(days=1))
                people.add_link(db, people.Link(*waits, role=role, service=service, name=name))
        page = await client.get(f"/manage/rounds/{code}")
        assert "Invited to sign, and not here yet: Petra. They may sign once" in page.text
        page = await posted(client, f"/manage/rounds/{code}/approve")
        assert faults(page) == ["whoever has written or changed a round cannot sign it: let a second person look at it"]
        page = await posted(client, f"/manage/rounds/{code}/open")
        assert page.status_code == 422
        token = it.link(("approver", "library"), name="Cleo")
        page = await client.get(f"/manage/rounds/{code}")
        assert "These people may sign: Cleo." in page.text
        client.cookies.clear()
        await client.post("/manage/sign-in", data={"token": token})
        page = await client.get(f"/manage/rounds/{code}")
        assert "You are the second person" in page.text
        assert "Read and found good: sign" in page.text
        page = await posted(client, f"/manage/rounds/{code}/approve")
        assert "You have signed the round." in page.text
        assert "Signed by Cleo" in page.text
        assert "Open the round" not in page.text

    async def test_the_list_leads_whoever_may_sign_to_what_waits_for_a_signature(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        await entered(it, client, ORGANISER, ("approver", "library"))
        page = await posted(client, "/manage/rounds/new", **ROUND)
        code = page.url.path.rsplit("/", 1)[1]
        it.now += timedelta(minutes=1)
        it.opened("A newer one")
        own = await client.get("/manage")
        assert own.text.index("A newer one") < own.text.index("The reading room")
        assert "Waits for a signature." in own.text
        assert "Written by: Ada." in own.text
        assert "Read and sign" not in own.text
        client.cookies.clear()
        await client.post("/manage/sign-in", data={"token": it.link(("approver", "library"), name="Cleo")})
        page = await client.get("/manage")
        assert page.text.index("The reading room") < page.text.index("A newer one")
        assert f'class="button" href="/manage/rounds/{code}"' in page.text
        one = (await client.get(f"/manage/rounds/{code}")).text
        assert one.index('id="log"') < one.index('id="sign"'), "behind what is signed"
        assert "let a second person sign it" not in one
        await posted(client, f"/manage/rounds/{code}/approve")
        assert "Waits for a signature." not in (await client.get("/manage")).text

    async def test_faults_stand_at_their_fields_and_nothing_typed_is_lost(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        await entered(it, client, ORGANISER)
        page = await posted(client, "/manage/rounds/new", **{**ROUND, "title": "", "closes_on": "tomorrow"})
        assert page.status_code == 422
        assert faults(page) == ["Enter a title", "Enter a day, like 31 12 2026"]
        assert 'href="#title"' in page.text
        assert 'aria-describedby="title-hint title-fault"' in page.text
        assert "la sala de lectura" in page.text
        assert it.rounds.listed() == []

    @pytest.mark.parametrize(
        ("flow", "closes", "next_"),
        [
            ("deliver_pulse", "", "The draft is saved. Try it out as a citizen, then open it."),
            (
                "deliver_pulse",
                "2026-12-20",
                "The draft is saved, and nothing is missing. Try it out as a citizen. Then",
            ),
            (ROUND["flow"], "", "The draft is saved. What is still missing stands below"),
        ],
    )
    async def test_a_new_draft_says_what_comes_next(
        self, it: Program, client: httpx.AsyncClient, flow: str, closes: str, next_: str
    ) -> None:
        await entered(it, client, ORGANISER)
        facts = {"service": "library", "flow": flow, "title": "T", "audience": "link", "closes_on": closes}
        page = await posted(client, "/manage/rounds/new", **facts)
        assert f'<p class="done" role="status">{next_}' in page.text

    async def test_a_draft_may_have_gaps_and_says_which(self, it: Program, client: httpx.AsyncClient) -> None:
        await entered(it, client, ORGANISER)
        few = {key: ROUND[key] for key in ("service", "flow", "title", "audience")}
        page = await posted(client, "/manage/rounds/new", **few)
        assert "What people can still change" in page.text
        assert "Open the round" not in page.text
        code = page.url.path.rsplit("/", 1)[1]
        page = await posted(client, f"/manage/rounds/{code}/open")
        assert page.status_code == 422
        assert faults(page) == ["The round cannot open yet: see what is missing"]

    async def test_a_draft_can_be_edited_and_an_open_round_cannot(self, it: Program, client: httpx.AsyncClient) -> None:
        await entered(it, client, ORGANISER)
        page = await posted(client, "/manage/rounds/new", **ROUND)
        code = page.url.path.rsplit("/", 1)[1]
        form = await client.get(f"/manage/rounds/{code}/edit")
        assert "la sala de lectura" in form.text
        it.rounds.change(code, record={**it.rounds.find(code).record, "title": {"es": "La sala"}})  # type: ignore[union-attr]
        await posted(client, f"/manage/rounds/{code}/edit", **{**ROUND, "title": "The quiet room"})
        kept = it.rounds.find(code)
        assert kept
        assert (kept.title, kept.record["title"]) == ("The quiet room", {"es": "La sala"})
        sign(it.rounds, it.database, code, it.now)
        await posted(client, f"/manage/rounds/{code}/open")
        shown = await client.get(f"/manage/rounds/{code}/edit")
        assert (shown.url.path, "has moved on" in shown.text) == (f"/manage/rounds/{code}", True)
        late = await posted(client, f"/manage/rounds/{code}/edit", **{**ROUND, "topic.en": "the quiet hours"})
        assert (late.status_code, "is now: Open" in late.text) == (409, True)
        assert ">the quiet hours</textarea>" in late.text

    async def test_what_was_typed_outlives_the_end_of_a_sign_in(self, it: Program, client: httpx.AsyncClient) -> None:
        await entered(it, client, ORGANISER)
        address = f"/manage/rounds/{it.round('The night bus')}/edit"
        typed = {**ROUND, "topic.en": "the <quiet> hours", "stamp": "0" * 32}
        again = await client.post(address, data=typed)
        assert (again.status_code, "You have signed in anew" in again.text) == (403, True)
        assert ">the &lt;quiet&gt; hours</textarea>" in again.text
        assert f'href="{address.removesuffix("/edit")}"' in again.text
        client.cookies.clear()
        out = await client.post(address, data=typed)
        assert (out.status_code, "Send /manage to the bot" in out.text) == (401, True)
        assert ">the &lt;quiet&gt; hours</textarea>" in out.text

    async def test_why_a_signed_round_is_changed_stands_in_its_log(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        await entered(it, client, ORGANISER)
        page = await posted(client, "/manage/rounds/new", **ROUND)
        code = page.url.path.rsplit("/", 1)[1]
        assert 'name="because"' not in (await client.get(f"/manage/rounds/{code}/edit")).text
        sign(it.rounds, it.database, code, it.now)
        assert 'name="because"' in (await client.get(f"/manage/rounds/{code}/edit")).text
        same = await posted(client, f"/manage/rounds/{code}/edit", **ROUND)
        assert (same.status_code, it.rounds.find(code).state) == (200, "checked")  # type: ignore[union-attr]
        silent = await posted(client, f"/manage/rounds/{code}/edit", **{**ROUND, "title": "Quiet", "because": " "})
        assert (silent.status_code, it.rounds.find(code).state) == (422, "checked")  # type: ignore[union-attr]
        assert 'href="#because">say why: the log of the round keeps the reason' in silent.text
        assert 'id="because-fault"><p class="fault">' in silent.text
        why = "The <old> name misled people."
        changed = await posted(client, f"/manage/rounds/{code}/edit", **{**ROUND, "title": "Quiet", "because": why})
        assert "The &lt;old&gt; name misled people." in changed.text
        *_, signed, last = it.rounds.log(code)
        assert (signed.what, last.changed, last.why) == ("approved", {"title": (ROUND["title"], "Quiet")}, why)

    async def test_a_language_of_its_flow_that_nobody_is_offered_is_told_and_an_error_stops_it(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        it.with_flow("tee.toml", SMALL.replace('"tea"', '"tee"').replace('"en"', '"de"'))
        code = it.round("Tee?", "tee", closes_at=SOON)
        await entered(it, client, ORGANISER)
        page = await client.get(f"/manage/rounds/{code}")
        assert "languages of the flow tee that citizens are not offered: de" in page.text
        it.with_flow("tee.toml", SMALL.replace('"tea"', '"tee"') + '\n[states.lost]\nask = "Why?"\n')
        page = await client.get(f"/manage/rounds/{code}")
        assert "the flow tee has errors" in page.text
        assert "its page in the browser, under “Flows”, lists all" in page.text
        assert "civicloop check" not in page.text
        assert "tee.toml, line " in (await client.get("/manage/flows/tee")).text
        assert "are not offered" not in page.text

    async def test_a_round_with_a_first_day_waits_for_it(self, it: Program, client: httpx.AsyncClient) -> None:
        await entered(it, client, ORGANISER)
        page = await posted(client, "/manage/rounds/new", **{**ROUND, "opens_on": "2026-12-01"})
        code = page.url.path.rsplit("/", 1)[1]
        sign(it.rounds, it.database, code, it.now)
        page = await posted(client, f"/manage/rounds/{code}/open")
        assert "opens by itself" in page.text
        assert "from Tuesday, 1 December 2026" in (await client.get(f"/rounds/{code}")).text

    async def test_a_reading_or_a_decision_has_a_day_on_which_it_can_have_been(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = it.opened("The reading room", **FORMAL)
        it.rounds.close(code)
        it.now += timedelta(days=1)
        await entered(it, client, ORGANISER)
        today, ahead = it.now.date(), it.now.date() + timedelta(days=1)
        read = {"read-who": "Ada Ames", "read-what": "report"}
        said = await posted(client, f"/manage/rounds/{code}/read", **read, **{"read-on": ahead.isoformat()})
        assert faults(said) == [f"{spoken_day(ahead, 'en')} lies ahead: write the day on which it was, today or before"]
        assert 'value="Ada Ames"' in said.text, "what was typed is not lost"
        made = {"decision-text.en": "Yes", "decision-reasons.en": "Many", "decision-not-chosen.en": "No"}
        early = today - timedelta(days=2)
        said = await posted(client, f"/manage/rounds/{code}/decide", **made, **{"decision-on": early.isoformat()})
        assert f"{spoken_day(early, 'en')} lies before the last day to answer" in faults(said)[0]
        done = await posted(client, f"/manage/rounds/{code}/decide", **made, **{"decision-on": today.isoformat()})
        assert "done=decided" in str(done.url)

    async def test_how_long_paper_has_time_is_said_by_the_rule_itself(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = it.opened("The reading room", **FORMAL)
        it.rounds.close(code)
        page = await entered(it, client, ORGANISER)
        page = await client.get(f"/manage/rounds/{code}")
        assert f"can be entered for {PAPER.days} days, or until" in page.text

    async def test_more_time_needs_a_later_day_and_a_reason(self, it: Program, client: httpx.AsyncClient) -> None:
        code = it.opened("The reading room", **FORMAL)
        await entered(it, client, ORGANISER)
        page = await posted(client, f"/manage/rounds/{code}/extend", until="", why="")
        assert faults(page) == ["Enter a day, like 31 12 2026", "Enter the reason"]
        page = await posted(client, f"/manage/rounds/{code}/extend", until="2026-11-25", why="snow")
        assert page.status_code == 422
        assert 'value="snow"' in page.text

    async def test_more_time_past_the_day_of_the_decision_asks_for_a_later_one_at_its_field(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = it.opened("The reading room", **FORMAL)
        await entered(it, client, ORGANISER)
        more = {"until": "2027-01-20", "why": "snow"}
        page = await posted(client, f"/manage/rounds/{code}/extend", **more)
        assert "the decision is promised for 15 January 2027" in faults(page)[0]
        assert "--" not in faults(page)[0]
        assert "Answers are kept until" in page.text
        assert 'href="#new-decided_on"' in page.text
        assert "Now 15 January 2027." in page.text
        page = await posted(client, f"/manage/rounds/{code}/extend", **more, **{"new-decided_on": "2027-01-14"})
        assert faults(page) == ["the day of the decision is promised for 15 January 2027 and can only become later"]
        page = await posted(client, f"/manage/rounds/{code}/extend", **more, **{"new-decided_on": "2027-01-25"})
        assert "done=extended" in str(page.url)
        assert "25 January 2027" in (await client.get(f"/rounds/{code}")).text

    async def test_what_the_rules_forbid_is_told_in_the_readers_language(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = it.opened("The reading room", **FORMAL)
        await client.post("/manage/sign-in", data={"token": it.link(ORGANISER, language="es")})
        page = await posted(client, f"/manage/rounds/{code}/extend", until="2026-11-25", why="nieve")
        assert faults(page) == ["el nuevo cierre debe ser posterior al actual"]
        page = await posted(client, f"/manage/rounds/{code}/decide", **{"decision-text.es": "Sí"})
        assert faults(page) == ["diga primero qué dicen las respuestas: la decisión viene después"]

    async def test_how_many_raised_an_issue_is_a_number_or_nothing_and_what_was_typed_stays(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = it.opened("The reading room", **FORMAL)
        await entered(it, client, ORGANISER)
        said = {"issue-said.en": "Open on Sundays", "issue-response.en": "Yes", "issue-changed": "yes"}
        for number, kept in (("40", 40), ("", None)):
            await posted(client, f"/manage/rounds/{code}/issue", **said, **{"issue-people": number})
            assert it.rounds.find(code).outcome.issues[-1].people == kept  # type: ignore[union-attr]
        for number in ("many", "9" * 5000, "0", "-3", "1.5"):
            page = await posted(client, f"/manage/rounds/{code}/issue", **said, **{"issue-people": number})
            assert "say how many people raised it as a whole number from 1 on" in faults(page)[0]
            assert 'href="#issue-people"' in page.text
            assert 'value="Open on Sundays"' in page.text
        assert len(it.rounds.find(code).outcome.issues) == 2  # type: ignore[union-attr]

    async def test_two_tabs_closing_at_once_is_no_crash(self, it: Program, client: httpx.AsyncClient) -> None:
        code = it.opened("The night bus")
        await entered(it, client, ORGANISER)
        await posted(client, f"/manage/rounds/{code}/close")
        page = await posted(client, f"/manage/rounds/{code}/close")
        assert page.status_code == 422
        assert faults(page) == ["the round is not open"]
        assert [entry.what for entry in it.rounds.log(code)] == ["created", "opened", "closed"]

    async def test_a_round_rests_and_goes_on_with_the_reason_in_its_log(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = it.opened("The reading room", **FORMAL)
        await entered(it, client, ORGANISER)
        page = await posted(client, f"/manage/rounds/{code}/pause", **{"pause-why": " "})
        assert faults(page) == ["Enter the reason"]
        page = await posted(client, f"/manage/rounds/{code}/pause", **{"pause-why": "flood"})
        assert "The round rests. Nobody is invited" in page.text
        assert "Let it go on" in page.text
        assert "Pause it" not in page.text
        assert "flood" in page.text
        public = await client.get(f"/rounds/{code}")
        assert "This consultation is paused for now." in public.text
        assert f'href="/chat/{code}"' not in public.text
        page = await posted(client, f"/manage/rounds/{code}/resume")
        assert "The round goes on where it was." in page.text
        assert it.rounds.find(code).state == "open"  # type: ignore[union-attr]

    @pytest.mark.parametrize("begun", [False, True])
    async def test_a_round_is_given_up_with_a_reason(
        self, it: Program, client: httpx.AsyncClient, *, begun: bool
    ) -> None:
        code = it.opened("The reading room", **FORMAL) if begun else it.round("The reading room", **FORMAL)
        await entered(it, client, ORGANISER)
        page = await posted(client, f"/manage/rounds/{code}/cancel", **{"cancel-why": ""})
        assert faults(page) == ["Enter the reason"]
        assert 'href="#cancel-why"' in page.text
        page = await posted(client, f"/manage/rounds/{code}/cancel", **{"cancel-why": "no money"})
        assert "The round is cancelled. Nobody will be asked." in page.text
        assert [(entry.why, entry.language) for entry in it.rounds.log(code)][-1] == ("no money", "en")
        came = await client.get(f"/chat/{code}")
        assert ('<span dir="auto" lang="en">no money</span>' in came.text) is begun

    async def test_a_round_is_given_up_with_the_reason_in_each_of_its_languages(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = it.opened("The reading room", **FORMAL)
        await entered(it, client, ORGANISER)
        page = await posted(client, f"/manage/rounds/{code}/cancel", **{"cancel-why": "", "cancel-why.es": "No hay"})
        assert faults(page) == ["Enter the reason"]
        assert re.search('name="cancel-why.es"[^>]* value="No hay"', page.text)
        await posted(client, f"/manage/rounds/{code}/cancel", **{"cancel-why": "no money", "cancel-why.es": "No hay"})
        for language, said in (("es", "No hay"), ("en", "no money")):
            for path in (f"/chat/{code}", f"/rounds/{code}"):
                came = await client.get(path, headers={"accept-language": language})
                assert f'<span dir="auto" lang="{language}">{said}</span></p>' in came.text

    async def test_counts_can_be_asked_for_alone(self, it: Program, client: httpx.AsyncClient) -> None:
        code = it.opened("The night bus")
        await entered(it, client, ORGANISER)
        part = await client.get(f"/manage/rounds/{code}/numbers")
        assert part.text.strip().startswith("<dl")
        assert "individuals whose answers count" in part.text
        assert "in the middle of it" in part.text
        assert "Right now" in (await client.get(f"/manage/rounds/{code}")).text
        it.rounds.close(code)
        page = await client.get(f"/manage/rounds/{code}")
        assert "Right now" not in page.text
        assert "Who took part" in page.text
        assert "in the middle of it" not in page.text


class TestThePicture:
    async def test_a_rounds_page_shows_its_questions_as_a_picture_with_the_people_on_it(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = it.opened("How is the library?")
        walked(it, code)
        await entered(it, client, ORGANISER)
        page = await client.get(f"/manage/rounds/{code}")
        assert '<svg xmlns="http://www.w3.org/2000/svg"' in page.text
        assert "40 · 73%" in page.text
        assert "stopped here: 10 · 18%" in page.text
        assert '<td class="number">under 5</td>' in page.text
        assert ">58<" not in page.text
        assert ">3<" not in page.text

    async def test_before_anybody_came_no_numbers_stand_in_it(self, it: Program, client: httpx.AsyncClient) -> None:
        code = it.round("How is the library?")
        await entered(it, client, ORGANISER)
        page = await client.get(f"/manage/rounds/{code}/picture")
        assert "Are you 16 or older?" in page.text
        assert "under 5" not in page.text

    async def test_a_manager_finds_it_from_the_figures_and_reads_it_as_a_table_too(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = it.opened("How is the library?")
        it.round("A draft")
        walked(it, code)
        figures = await entered(it, client, MANAGER)
        assert f'href="/manage/rounds/{code}/picture"' in figures.text
        assert "A draft" not in figures.text
        page = await client.get(f"/manage/rounds/{code}/picture")
        assert "“No”: <b>Thank you for your interest." in page.text
        assert '<strong class="stopped">stopped here: 10 · 18%</strong>' in page.text
        assert (await client.get(f"/manage/rounds/{code}")).status_code == 404

    async def test_the_picture_alone_is_an_svg_in_the_readers_language(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        code = it.opened("How is the library?")
        await client.post("/manage/sign-in", data={"token": it.link(ORGANISER, language="es")})
        file = await client.get(f"/manage/rounds/{code}/picture.svg")
        assert file.headers["content-type"] == "image/svg+xml"
        assert 'lang="es"' in file.text

    async def test_who_has_no_role_for_the_service_sees_none(self, it: Program, client: httpx.AsyncClient) -> None:
        code = it.opened("How is the library?")
        await entered(it, client, ("manager", "bus7"))
        for path in ("picture", "picture.svg"):
            assert (await client.get(f"/manage/rounds/{code}/{path}")).status_code == 404


SMALL = """\
flow = "tea"
version = 1
stage = "deliver"
language = "en"
title = "Tea"
start = "which"

[states.which]
choose = "Which?"
options = [{ id = "green", label = "Green" }, { id = "black", label = "Black" }]

[states.bye]
end = "Thank you."
"""

SOON = NOW + timedelta(days=9)


class TestTheFlows:
    async def test_the_catalogue_tells_of_each_flow_and_whether_it_is_in_use(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        it.opened("How is the library?")
        await entered(it, client, ORGANISER)
        cards = re.findall(r'<li class="card">.*?</li>', (await client.get("/manage/flows")).text, re.DOTALL)
        assert len(cards) == len(it.catalog.flows)
        pulse = next(card for card in cards if "/manage/flows/deliver_pulse" in card)
        assert "asked before in version 1" in pulse
        assert "Rounds that ask it: 1" in pulse
        assert "Español" in pulse
        assert sum("not in use" in card for card in cards) == len(cards) - 1

    async def test_each_flow_says_as_many_questions_and_minutes_as_its_citizens_are_told(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        await entered(it, client, ORGANISER)
        shelf, choice = [(await client.get(f"/manage/{page}")).text for page in ("flows", "rounds/new")]
        cards = re.findall(r'<li class="card">.*?</li>', shelf, re.DOTALL)
        for flow in it.catalog.flows:
            said = rf"At most {flow.asked} questions? in all, about {flow.takes} minutes?\."
            (card,) = [one for one in cards if f'"/manage/flows/{flow.id}"' in one]
            assert re.search(said, card), flow.id
            assert re.search(said, (await client.get(f"/manage/flows/{flow.id}")).text), flow.id
            assert re.search(said, choice) or f"flow={flow.id}" not in choice

    async def test_a_flows_page_has_its_checks_its_picture_and_its_table(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        await entered(it, client, MANAGER)
        page = await client.get("/manage/flows/option_round")
        assert "Checked: nothing to mend." in page.text
        assert "Here are 4 ideas." in page.text
        assert "<b>What would help you instead?</b>" in page.text
        file = await client.get("/manage/flows/option_round/picture.svg")
        assert file.headers["content-type"] == "image/svg+xml"

    async def test_a_flow_that_cannot_be_played_says_what_to_mend(self, it: Program, client: httpx.AsyncClient) -> None:
        broken = 'flow = "torn"\nversion = 1\nstage = "design"\nlanguage = "en"\ntitle = "T"\nframe = "pulse"\n'
        broken += 'start = "q"\n[states.q]\nask = "Why?"\nnext = "nowhere"\n'
        it.catalog = Catalog.of({**it.catalog.texts, "torn.toml": broken})
        await entered(it, client, ORGANISER)
        assert "torn</a>: This flow cannot be played yet" in (await client.get("/manage/flows")).text
        assert "torn.toml, line 10: " in (await client.get("/manage/flows/torn")).text
        assert (await client.get("/manage/flows/torn/preview")).status_code == 404

    async def test_a_flows_page_lists_its_versions_and_what_changed_between_the_newest_two(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        it.with_flow("tea.toml", SMALL)
        title, code = "Which tea?", it.opened("Which tea?", "tea", closes_at=SOON)
        it.with_flow("tea.toml", SMALL.replace("version = 1", "version = 2").replace("Which?", "Which one?"))
        it.opened("And now?", "tea", service="bus7", closes_at=SOON)
        it.rounds.retire("tea", 1)
        await entered(it, client, ORGANISER)
        page = await client.get("/manage/flows/tea")
        assert "What changed from version 1 to version 2" in page.text
        assert "the words of &#34;which&#34;: Which? → Which one?" in page.text
        assert "retired since Sunday, 22 November 2026; no new round opens with it" in page.text
        assert f'<a href="/manage/rounds/{code}"><bdi>{title}</bdi></a>' in page.text
        assert "of other services: 1" in page.text
        assert "And now?" not in page.text
        back = await client.get("/manage/flows/tea?from=2&to=1")
        assert "Which one? → Which?" in back.text
        assert (await client.get("/manage/flows/tea?from=3&to=1")).status_code == 404
        client.cookies.set("civicloop_language", "es")
        assert "el texto de «which»: Which? → Which one?" in (await client.get("/manage/flows/tea")).text

    async def test_a_version_that_was_edited_after_a_round_had_asked_it_is_told(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        it.with_flow("tea.toml", SMALL)
        it.opened("Which tea?", "tea", closes_at=SOON)
        it.with_flow("tea.toml", SMALL.replace("Which?", "Which one?"))
        await entered(it, client, ORGANISER)
        page = await client.get("/manage/flows/tea")
        assert "tea.toml, line 2: tea was published as version 1" in page.text
        assert "What changed from" not in page.text
        cards = re.findall(r'<li class="card">.*?</li>', (await client.get("/manage/flows")).text, re.DOTALL)
        assert ["To look at: 1" in card for card in cards if "/manage/flows/tea" in card] == [True]

    async def test_nobody_sees_flows_without_signing_in(self, client: httpx.AsyncClient) -> None:
        for path in ("", "/option_round", "/option_round/preview", "/option_round/picture.svg"):
            assert (await client.get(f"/manage/flows{path}")).status_code == 401
        assert (await client.post("/manage/flows/option_round/transcript")).status_code == 401

    async def test_an_unknown_flow_is_not_found(self, it: Program, client: httpx.AsyncClient) -> None:
        await entered(it, client, ORGANISER)
        for path in ("", "/preview", "/picture.svg"):
            assert (await client.get(f"/manage/flows/nothing{path}")).status_code == 404

    async def test_a_talk_is_saved_as_a_transcript_that_plays_the_same(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        await entered(it, client, ORGANISER)
        page = await client.get("/manage/flows/deliver_pulse/preview?language=es")
        for sent in ({"data": "Sí"}, {"data": "Sí, empecemos"}, {"text": "bueno"}, {"word": "skip"}, {"text": "1, 2"}):
            shown = dict(re.findall(r'name="data" value="([^"]+)"[^>]*>(?:✓ )?<bdi>([^<]+)', page.text))
            named = {label: data for data, label in shown.items()}
            fields = {key: named.get(value, value) for key, value in sent.items()}
            page = await client.post(
                "/manage/flows/deliver_pulse/preview", data={"stamp": stamp(page), "carried": carried(page), **fields}
            )
        file = await client.post(
            "/manage/flows/deliver_pulse/transcript", data={"stamp": stamp(page), "carried": carried(page)}
        )
        assert file.headers["content-disposition"] == 'attachment; filename="deliver_pulse.talk.es.txt"'
        saved = transcript.read(file.text)
        assert saved.sent == ("(tap Sí)", "(tap Sí, empecemos)", "bueno", "/skip", "1, 2")
        assert played(it.catalog, saved) == saved.text
        with it.database.reading() as db:
            assert not db.exec_driver_sql("SELECT count(*) FROM answers").scalar()

    async def test_in_a_rehearsal_a_button_lets_the_time_pass(self, it: Program, client: httpx.AsyncClient) -> None:
        it.catalog = Catalog.load(extra=[VERBS])
        await entered(it, client, ORGANISER)
        page = await client.get("/manage/flows/in_a_row/preview")
        assert "Let the time pass" not in page.text
        for sent in ({"text": "The lamp"}, {"text": "is broken"}, {"act": "wait"}):
            page = await client.post(
                "/manage/flows/in_a_row/preview", data={"stamp": stamp(page), "carried": carried(page), **sent}
            )
            assert ("Let the time pass" in page.text) == ("text" in sent)
        assert "Since when?" in page.text
        file = await client.post(
            "/manage/flows/in_a_row/transcript", data={"stamp": stamp(page), "carried": carried(page)}
        )
        saved = transcript.read(file.text)
        assert saved.sent == ("The lamp", "is broken", "(wait)")
        assert played(it.catalog, saved) == saved.text

    async def test_a_form_of_another_flow_begins_anew(self, it: Program, client: httpx.AsyncClient) -> None:
        await entered(it, client, ORGANISER)
        page = await client.get("/manage/flows/deliver_pulse/preview")
        fields = {"stamp": stamp(page), "carried": carried(page)}
        for path in ("preview", "transcript"):
            answer = await client.post(f"/manage/flows/option_round/{path}", data=fields)
            assert answer.url.path == "/manage/flows/option_round/preview"
            assert "using the library" in answer.text


def _on_a_phone(page: httpx.Response, path: str, language: str, languages: Sequence[str]) -> None:
    """A rehearsal stands on a phone, runs as its language is written, and leads to the others."""
    direction = "rtl" if language == "ar" else "ltr"
    assert f'<div class="narrow phone" dir="{direction}">' in page.text
    assert set(re.findall(r'class="said" lang="(\w+)"', page.text)) == {language}
    assert set(re.findall(rf'href="{path}\?language=(\w+)"', page.text)) == {*languages}


class TestARehearsal:
    async def test_a_draft_is_played_and_nothing_is_kept(self, it: Program, client: httpx.AsyncClient) -> None:
        code = it.round("The night bus")
        await entered(it, client, ORGANISER)
        page = await client.get(f"/manage/rounds/{code}/preview")
        assert "Nothing you answer here is kept" in page.text
        for label in ("Yes", "Yes, let us begin"):
            page = await client.post(f"/manage/rounds/{code}/preview", data=_press(page, label))
        assert page.text.count('class="line mine"') == 2
        with it.database.reading() as db:
            assert people.everyone(db)
        assert it.rounds.counts(code).started == 0

    async def test_it_can_be_played_in_each_language_on_a_phone(self, it: Program, client: httpx.AsyncClient) -> None:
        code = it.round("The night bus")
        await entered(it, client, ORGANISER)
        spoken = it.rounds.played(code).languages
        assert set(spoken) == {"en", "es"}
        for language in spoken:
            page = await client.get(f"/manage/rounds/{code}/preview?language={language}")
            _on_a_phone(page, f"/manage/rounds/{code}/preview", language, spoken)
        assert "asistente automático" in page.text

    async def test_a_flow_that_is_ready_can_be_played_in_each_language_on_a_phone(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        await entered(it, client, ORGANISER)
        for flow in it.catalog.flows:
            assert len(flow.languages) == 6
            for language in flow.languages:
                path = f"/manage/flows/{flow.id}/preview"
                page = await client.get(f"{path}?language={language}")
                _on_a_phone(page, path, language, flow.languages)
                asked = flow.script(language).states["age"].text.partition("{")[0]
                assert asked in html.unescape(page.text)

    async def test_no_at_the_age_ends_it(self, it: Program, client: httpx.AsyncClient) -> None:
        code = it.round("The night bus")
        await entered(it, client, ORGANISER)
        page = await client.get(f"/manage/rounds/{code}/preview")
        page = await client.post(f"/manage/rounds/{code}/preview", data=_press(page, "No"))
        assert "The conversation is over." in page.text

    @pytest.mark.parametrize(
        "carried", ["", "{}", "[1]", '{"session": "{}", "lines": []}', '{"session": "x"}', "é" * 9]
    )
    async def test_what_was_tampered_with_starts_again(
        self, it: Program, client: httpx.AsyncClient, carried: str
    ) -> None:
        code = it.round("The night bus")
        await entered(it, client, ORGANISER)
        page = await posted(client, f"/manage/rounds/{code}/preview", carried=carried, text="hello")
        assert page.status_code == 200
        assert page.text.count('class="line') == 1


def _press(page: httpx.Response, label: str) -> dict[str, str]:
    """Return what a press on a rehearsal's button sends."""
    found = re.findall(r'<button name="data" value="([^"]+)"[^>]*><bdi>([^<]*)</bdi>', page.text)
    data = next(html.unescape(data) for data, text in found if html.unescape(text) == label)
    return {"stamp": stamp(page), "carried": carried(page), "data": data}


WEEK = Digest(
    service="library",
    name={"en": "Central Library", "es": "Biblioteca Central"},
    area="Rivermouth",
    period="2026-W47",
    since=date(2026, 11, 16),
    until=date(2026, 11, 22),
    at=NOW,
    form=Form.FULL,
    so_far=True,
    minimum=5,
    who=Who(41, 312),
    scores=(
        Score(
            "deliver",
            "del.overall",
            share(28, 41, 5),
            share(7, 41, 5),
            3,
            None,
            (Point("2026-W46", share(25, 38, 5)), Point("2026-W47", share(28, 41, 5))),
            {"en": ("Very good", "Good")},
            {"en": ("Poor", "Very poor")},
            {"en": "How is the library?"},
        ),
    ),
    voices=Voices((Voice(date(2026, 11, 20), "deliver", "More <b>chairs</b> please.", "negative"),), 12),
)


class TestFigures:
    async def test_a_quiet_week_says_what_to_do(self, it: Program, client: httpx.AsyncClient) -> None:
        page = await entered(it, client, MANAGER)
        assert "No answers this week yet." in page.text
        assert "No digest has been written yet." in page.text

    async def test_the_week_so_far_with_base_range_and_caveat(self, it: Program, client: httpx.AsyncClient) -> None:
        it.figures["library"] = WEEK
        page = await entered(it, client, MANAGER)
        assert "68" in page.text
        assert "They chose to take part" in page.text
        detail = await client.get("/manage/digests/library/now")
        assert "More &lt;b&gt;chairs&lt;/b&gt; please." in detail.text
        assert "<table>" in detail.text

    async def test_the_chart_has_words_beside_it(self, it: Program, client: httpx.AsyncClient) -> None:
        it.figures["library"] = WEEK
        await entered(it, client, MANAGER)
        detail = await client.get("/manage/digests/library/now")
        alt = re.search(r'chart.png" alt="([^"]+)"', detail.text)
        assert alt
        assert len(alt[1]) > 20
        chart = await client.get("/manage/digests/library/now/charts/chart.png")
        assert chart.content.startswith(b"\x89PNG")

    @pytest.mark.parametrize(
        ("file", "begins", "ending"),
        [("page.pdf", b"%PDF-", "pdf"), ("figures.xlsx", b"PK", "xlsx"), ("digest.json", b'{"', "json")],
    )
    async def test_a_digest_is_taken_along_as_a_file(
        self, it: Program, client: httpx.AsyncClient, file: str, begins: bytes, ending: str
    ) -> None:
        it.figures["library"] = it.figures["bus7"] = WEEK
        await entered(it, client, MANAGER)
        page = await client.get("/manage/digests/library/now")
        assert f'href="/manage/digests/library/now/{file}"' in page.text
        found = await client.get(f"/manage/digests/library/now/{file}")
        assert found.content.startswith(begins)
        assert found.headers["content-disposition"] == f'attachment; filename="library-{WEEK.period}.{ending}"'
        assert (await client.get(f"/manage/digests/bus7/now/{file}")).status_code == 404

    async def test_everybody_may_read_what_is_in_the_data(self, client: httpx.AsyncClient) -> None:
        found = await client.get("/digest.schema.json")
        assert found.json()["$defs"]["Digest"]["required"][0] == "service"

    async def test_every_past_week_can_be_read_again(self, it: Program, client: httpx.AsyncClient) -> None:
        token = it.link(MANAGER)
        with it.database.transaction() as db:
            (person,) = people.everyone(db)
            for period, body in (("2026-W46", dump(WEEK)), ("2026-W45", dump(None))):
                digests.write(db, digests.DigestRow(person.id, "library", period, NOW, body))
        page = await client.post("/manage/sign-in", data={"token": token})
        assert 'href="/manage/digests/library/2026-W46"' in page.text
        assert "a quiet week" in page.text
        week = await client.get("/manage/digests/library/2026-W46")
        assert week.status_code == 200
        assert '<p class="small" dir="auto">How is the library?</p>' in week.text
        for silent in ("2026-W45", "2026-W01", "last week"):
            assert (await client.get(f"/manage/digests/library/{silent}")).status_code == 404

    async def test_nobody_reads_a_colleagues_digests(self, it: Program, client: httpx.AsyncClient) -> None:
        it.link(MANAGER, name="Grace")
        with it.database.transaction() as db:
            (grace,) = people.everyone(db)
            digests.write(db, digests.DigestRow(grace.id, "library", "2026-W46", NOW, dump(WEEK)))
        await entered(it, client, MANAGER)
        assert (await client.get("/manage/digests/library/2026-W46")).status_code == 404


class TestWhenTheDigestComes:
    async def test_a_manager_chooses_day_hour_and_zone(self, it: Program, client: httpx.AsyncClient) -> None:
        await entered(it, client, MANAGER)
        page = await client.get("/manage/digests")
        assert '<option value="mon" selected>Monday' in page.text
        assert 'value="08:00"' in page.text
        page = await posted(client, "/manage/digests", day="fri", time="17:30", zone="Asia/Tokyo")
        assert "Kept." in page.text
        assert '<option value="fri" selected>Friday' in page.text
        with it.database.reading() as db:
            ((person, _),) = people.with_role(db, "manager")
        assert (person.digest_day, person.digest_time, person.zone) == ("fri", "17:30", "Asia/Tokyo")

    async def test_a_manager_chooses_how_often_where_to_and_in_which_language(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        await entered(it, client, MANAGER)
        page = await client.get("/manage/digests")
        assert '<option value="week" selected>Every week' in page.text
        await posted(client, "/manage/digests", every="month", by="mail", language="ar")
        with it.database.reading() as db:
            ((person, _),) = people.with_role(db, "manager")
        assert (person.digest_every, person.digest_by, person.digest_language) == ("month", "mail", "ar")
        page = await posted(client, "/manage/digests", every="daily", by="pigeon", language="xx")
        assert page.status_code == 422
        for fault in ("Choose how often", "Choose chat, mail or both", "Choose one of the languages"):
            assert fault in page.text
        await posted(client, "/manage/digests", every="week", by="both", language="")
        with it.database.reading() as db:
            ((person, _),) = people.with_role(db, "manager")
        assert (person.digest_every, person.digest_language) == ("week", None)

    async def test_what_is_no_day_hour_or_zone_is_told_and_not_kept(
        self, it: Program, client: httpx.AsyncClient
    ) -> None:
        await entered(it, client, MANAGER)
        page = await posted(client, "/manage/digests", day="someday", time="25:00", zone="Nowhere")
        assert page.status_code == 422
        for fault in ("Choose a day of the week", "Enter a time, like 08:00", "Enter a time zone by its name"):
            assert fault in page.text
        with it.database.reading() as db:
            ((person, _),) = people.with_role(db, "manager")
        assert (person.digest_day, person.digest_time, person.zone) == (None, None, None)

    async def test_it_is_nothing_for_organisers(self, it: Program, client: httpx.AsyncClient) -> None:
        await entered(it, client, ORGANISER)
        page = await posted(client, "/manage/digests", day="fri", time="17:30", zone="Asia/Tokyo")
        assert page.status_code == 404


async def test_a_title_is_read_in_the_language_of_staff_where_it_is_written_in_it(
    it: Program, client: httpx.AsyncClient
) -> None:
    it.round("How is the library?", record={"title": {"en": "How is the library?", "es": "¿Cómo es la biblioteca?"}})
    await client.post("/manage/sign-in", data={"token": it.link(ORGANISER, language="es")})
    page = (await client.get("/manage")).text
    assert "<bdi>¿Cómo es la biblioteca?</bdi></a>" in page
    assert "How is the library?" not in page
