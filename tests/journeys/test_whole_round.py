"""Two organisers, an approver and 300 citizens at once: two rounds from draft to archive, in chat and browser."""

from __future__ import annotations

import html
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http import HTTPStatus
from threading import Barrier
from typing import TYPE_CHECKING, Any, Self

import httpx
import pytest

from tests.journeys.test_chat_desk import begun, filled_in, opened, signed
from tests.journeys.test_three_people import _in_spanish, _joined
from tests.journeys.town import MONDAY, Town

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.botapi.client import Citizen

BY_CHAT, BY_WEB = 240, 60
HOURS = {
    "title": "Which hours are best?",
    "audience": "link",
    "closes_on": "2027-01-12",
    "topic.en": "opening hours",
    "topic.es": "el horario",
    "decider.en": "the city council",
    "decider.es": "el pleno municipal",
    "decided_on": "2027-03-15",
    "open_points.en": "days and hours",
    "open_points.es": "días y horas",
    "fixed_points.en": "the building",
    "fixed_points.es": "el edificio",
    "influence": "ask",
    "duty": "law",
    "level": "collective",
    "feedback_on": "2027-04-01",
    "ideas.en": "Open until 22:00\nOpen on Sundays\nOpen at 7:00",
    "ideas.es": "Abrir hasta las 22:00\nAbrir los domingos\nAbrir a las 7:00",
}
"""What an organiser types into the form of the browser, of what every round says."""
PAPERS = {
    "decision.en": "which hours the library has from May on",
    "decision.es": "qué horario tiene la biblioteca desde mayo",
    "duty_source": "the law on libraries, section 4",
    "fixed_why.en": "there is no money for another building",
    "fixed_why.es": "no hay dinero para otro edificio",
    "pack.en": "In the library, and at https://example.org/hours",
    "pack.es": "En la biblioteca, y en https://example.org/horario",
    "pack_version": "2",
    "pack_on": "2027-01-04",
    "pack_languages": "English and Spanish",
    "easy_read": "Two pages, beside the papers",
    "pack_options.en": "Until 22:00, on Sundays, or from 7:00",
    "pack_options.es": "Hasta las 22:00, los domingos, o desde las 7:00",
    "pack_costs.en": "From 20,000 to 60,000 a year",
    "pack_costs.es": "De 20.000 a 60.000 al año",
    "pack_effects.en": "Late hours help people who work in the day",
    "pack_effects.es": "El horario largo ayuda a quien trabaja de día",
    "affected": "All who use the library, and its staff",
    "invited": "Everybody, by posters",
    "seldom_heard": "Staff read the questions aloud at the desk",
    "equality": "Done in December",
    "length_reason": "Two days, since the papers have lain there for a week",
    "other_ways.en": "On paper at the desk",
    "other_ways.es": "En papel en el mostrador",
    "contact_person.en": "The library office, telephone 1234",
    "contact_person.es": "La oficina de la biblioteca, teléfono 1234",
    "analysis": "Two people read all texts",
    "result_rule": "No vote: the council weighs what matters most to people",
    "privacy_version": "1",
    "dpia": "None needed",
}
"""What the law wants beside it, where there is a duty to consult."""
NOTHING: Mapping[str, str] = {}
REPORT = {"report.en": "You said: later. We open until 22:00.", "report.es": "Ustedes dijeron: más tarde. Abrimos."}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_organisers_an_approver_and_300_citizens_take_two_rounds_from_draft_to_archive(town: Town) -> None:
    omar, ada = _joined(town, 1, "organiser", "Omar"), _joined(town, 2, "approver", "Ada")
    with _Desk(town, "Olive") as olive, ThreadPoolExecutor(BY_WEB + 2) as pool:
        drafting = pool.submit(_drafts, omar)
        hours = olive.drafts(HOURS)
        drafting.result()
        _owes(town, olive, hours)
        needs = next(each["code"] for each in town.asks("round", "list") if each["code"] != hours)
        signed(ada)
        olive.fails(hours, "open")
        _signs(ada, HOURS["title"])
        opening = pool.submit(opened, omar)
        olive.does(hours, "open")
        opening.result()
        cast = [{"id": n, "name": "Ana", "language_code": "es", "script": _in_spanish(hours)} for n in range(100, 340)]
        talking = pool.submit(town.telegram.play, cast)
        barrier = Barrier(BY_WEB)
        walks = [pool.submit(_walks, town, needs if n % 2 else hours, barrier) for n in range(BY_WEB)]
        assert [walk.result() for walk in walks] == [""] * BY_WEB
        assert talking.result() == {}
        _from_end_to_archive(town, omar, olive, hours, needs)


def _from_end_to_archive(town: Town, omar: Citizen, olive: _Desk, hours: str, needs: str) -> None:
    assert _finished(town, hours) == BY_CHAT + BY_WEB // 2
    assert _finished(town, needs) == BY_WEB // 2
    _two_close_at_once(town, omar, olive, needs)
    town.set_clock(MONDAY + timedelta(days=2))
    olive.enters()
    town.until("the clock has closed the other", lambda: town.asks("round", "show", hours)["state"] == "closed")
    _thinks_it_through(olive, hours)
    olive.does(hours, "report", {**REPORT, "signed": "Ada Ames, library", "act": "keep"})
    olive.does(hours, "report/publish", {"seen": olive.reads(hours, "report/preview", "seen")})
    town.until("everybody was told", lambda: town.asks("round", "show", hours)["state"] == "reported_back")
    for citizen in (town.telegram.citizen(100), town.telegram.citizen(339)):
        citizen.sees("Ustedes dijeron: más tarde.")
    olive.does(hours, "archive", {"lessons": "Ask earlier."})
    _by_hand(town, needs)
    for code in (hours, needs):
        log = town.asks("round", "show", code)["log"]
        assert town.asks("round", "show", code)["state"] == "archived"
        steps = [each["what"] for each in log if each["what"] != "changed"]
        assert steps[:4] == ["created", "approved", "opened", "closed"], steps
        acts = [what for what in steps[4:] if what not in {"counted", "swept"}]
        owed = {"analysed": ["issue"], "decided": ["read"]} if code == hours else {}
        ends = ("analysed", "decided", "reported_back", "archived")
        assert acts == [each for act in ends for each in (*owed.get(act, ()), act)]
        assert "unbroken" in town.civicloop("round", "verify", code)
    page = httpx.get(f"{town.url}/rounds/{hours}", headers={"accept-language": "es"}).text
    assert "Ustedes dijeron: más tarde." in page
    assert "De 20.000 a 60.000 al año" in page


def _owes(town: Town, olive: _Desk, code: str) -> None:
    """Under a duty to consult the round wants all of it, each by name; with one paper less it may not open."""
    papers = {name.partition(".")[0] for name in PAPERS} - {"contact_person"}  # the city names one itself
    said = town.civicloop("round", "check", code, "--json", status=1)
    assert {fault["field"] for fault in json.loads(said)} == papers
    but_one = {name: text for name, text in PAPERS.items() if name != "length_reason"}
    olive.does(code, "edit", {**HOURS, **but_one})
    said = town.civicloop("round", "check", code, "--json", status=1)
    assert [fault["field"] for fault in json.loads(said)] == ["length_reason"]
    olive.does(code, "edit", {**HOURS, **PAPERS})
    assert json.loads(town.civicloop("round", "check", code, "--json")) == []


def _thinks_it_through(olive: _Desk, code: str) -> None:
    """Under a duty to consult what people raised comes before the analysis, and who decides reads before deciding."""
    analysis = {"analysis-text": "Most want longer hours."}
    olive.fails(code, "analyse", analysis)
    raised = {"said.en": "It closes too early", "response.en": "It stays open until 22:00", "changed": "yes"}
    olive.does(code, "issue", {f"issue-{name}": text for name, text in raised.items()})
    olive.does(code, "analyse", analysis)
    made = {"text.en": "We open until 22:00.", "reasons.en": "240 people asked.", "not-chosen.en": "7:00"}
    said = {f"decision-{name}": text for name, text in made.items()}
    decision = {**said, "decision-text.es": "Abrimos hasta las 22:00.", "decision-on": "2027-01-13"}
    olive.fails(code, "decide", decision)
    olive.does(code, "read", {"read-who": "the city council", "read-what": "the report", "read-on": "2027-01-13"})
    olive.does(code, "decide", decision)


def _drafts(omar: Citizen) -> None:
    begun(omar)
    filled_in(omar)


def _finished(town: Town, code: str) -> int:
    number: int = town.asks("round", "show", code)["counts"]["finished"]
    return number


def _signs(ada: Citizen, title: str) -> None:
    ada.sends("/organise")
    ada.answers("What would you like to do?", "My rounds")
    ada.answers("Your rounds.", f"{title} · waits for a signature")
    ada.answers("Nothing is missing.", "Read and found good: sign")
    ada.answers(f"Sign “{title}”?", "Yes")
    ada.sees("Done.", "Signed by Ada.")


def _two_close_at_once(town: Town, omar: Citizen, olive: _Desk, code: str) -> None:
    """One of them is first, the other hears how the round stands; it is closed once."""
    omar.taps("Look again")
    omar.sees("Started:")
    omar.taps("Close now")
    omar.sees("People can no longer answer.")
    with ThreadPoolExecutor(2) as pool:
        tapped = pool.submit(omar.taps, "Yes")
        olive.does(code, "close", refused=True)
        tapped.result()
    omar.sees("Central Library: closed")
    log = [each["what"] for each in town.asks("round", "show", code)["log"]]
    assert log.count("closed") == 1


def _by_hand(town: Town, code: str) -> None:
    """What comes after an end, on the command line."""
    town.civicloop("round", "analyse", code, "--text", "People want quiet.")
    decision = ("--text", "A quiet room.", "--on", "2027-01-13", "--reasons", "Asked for most.")
    town.civicloop("round", "decide", code, *decision, "--not-chosen", "Longer hours.")
    texts = ("--text", "en=You said: quiet. We make a room.", "--text", "es=Ustedes dijeron: silencio.")
    town.civicloop("round", "report-back", code, "--signed", "Ada Ames", *texts)
    town.civicloop("round", "archive", code, "--lessons", "Ask in the evening.")


class _Desk:
    """An organiser at a browser, without a script."""

    def __init__(self, town: Town, name: str) -> None:
        self._town, self._name = town, name
        self._browser = httpx.Client(base_url=town.url, headers={"origin": town.url}, follow_redirects=True, timeout=60)
        self.enters()

    def enters(self) -> None:
        """Sign in by a link; that lasts for half a day."""
        invited = ("--role", "organiser", "--service", "library", "--name", self._name)
        link = self._town.asks("invite", *invited)["web"]
        self._browser.post("/manage/sign-in", data={"token": link.partition("token=")[2]}).raise_for_status()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._browser.close()

    def drafts(self, typed: dict[str, str]) -> str:
        """Fill in the form of a round; return its code."""
        page = self._sent("/manage/rounds/new", service="library", flow="option_round", **typed)
        assert page.url.path.count("/") == 3, _faults(page.text)
        return page.url.path.rpartition("/")[2]

    def does(self, code: str, act: str, typed: Mapping[str, str] = NOTHING, *, refused: bool = False) -> None:
        """Press a button of a round's page with what is typed beside it."""
        page = self._sent(f"/manage/rounds/{code}/{act}", **typed)
        assert refused or "done=" in str(page.url), _faults(page.text)

    def fails(self, code: str, act: str, typed: Mapping[str, str] = NOTHING) -> None:
        """Press a button that the rules do not allow yet."""
        assert "done=" not in str(self._sent(f"/manage/rounds/{code}/{act}", **typed).url), act

    def reads(self, code: str, page: str, field: str) -> str:
        """Return what a hidden field of a page holds."""
        shown = self._browser.get(f"/manage/rounds/{code}/{page}").text
        return html.unescape(re.findall(rf'name="{field}" value="([^"]*)"', shown)[0])

    def _sent(self, path: str, **typed: str) -> httpx.Response:
        stamp = re.findall(r'name="stamp" value="(\w+)"', self._browser.get("/manage").text)[0]
        page = self._browser.post(path, data={"stamp": stamp, **typed})
        assert page.status_code < 500
        return page


def _faults(page: str) -> list[str]:
    return re.findall(r"<li><a[^>]*>(.*?)</a>", page)


def _walks(town: Town, code: str, barrier: Barrier) -> str:
    """Answer a round on the web by the first buttons; return the end of the page where it comes to no receipt."""
    with httpx.Client(base_url=town.url, headers={"origin": town.url}, follow_redirects=True, timeout=60) as browser:
        browser.get(f"/chat/{code}")
        barrier.wait(60)
        page = browser.post("/chat/start", data={"nonce": _nonce(browser, code), "code": code})
        for _ in range(200):
            if "receipt" in page.text:
                break
            if 'name="data"' not in page.text:  # the reply takes longer than the page waits for it
                time.sleep(0.5)
                page = browser.get("/chat")
                continue
            answer = browser.post("/chat", data=_first(page.text))
            if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:  # nobody of flesh and blood is so fast
                time.sleep(10)
            else:
                page = answer
        return "" if "receipt" in page.text else re.sub(r"<[^>]*>|\s+", " ", page.text)[-1500:]


def _nonce(browser: httpx.Client, code: str) -> str:
    found: list[str] = re.findall(r'name="nonce" value="([^"]+)"', browser.get(f"/chat/{code}").text)
    return found[0]


def _first(page: str) -> dict[str, Any]:
    """Return what a press on the first button sends; on OK, or on Done where one is in order. A box is ticked."""
    shown = re.findall(r'<button name="data" value="([^"]+)"[^>]*>(✓ )?<bdi>([^<]*)</bdi>', page)
    labels = [label for _, _, label in shown]
    fresh = next(label for _, ticked, label in shown if not ticked)
    ends = "OK" if "OK" in labels else "Done" if any(label.startswith("1. ") for label in labels) else fresh
    data = next(data for data, _, label in shown if label == ends)
    nonce = re.findall(r'name="nonce" value="([^"]+)"', page)[0]
    return {"data": html.unescape(data), "pick": "1", "nonce": nonce}
