"""Citizen, organiser and manager, end to end: the real process, over Telegram and in a real browser."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

import bot
from tests.journeys.town import MONDAY, Town, free_port
from tests.support.browser import PATIENCE_MS

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page

    from tests.support.botapi.client import Citizen

RECORD = """
topic = { en = "opening hours", es = "el horario" }
decider = { en = "the city council", es = "el pleno municipal" }
decided_on = "2027-03-15"
open_points = { en = "days and hours", es = "días y horas" }
fixed_points = { en = "the building", es = "el edificio" }
influence = "ask"
duty = "none"
level = "collective"
feedback_on = "2027-04-01"

[lists]
ideas = [
  { id = "late", en = "Open until 22:00", es = "Abrir hasta las 22:00" },
  { id = "sunday", en = "Open on Sundays", es = "Abrir los domingos" },
  { id = "early", en = "Open at 7:00", es = "Abrir a las 7:00" },
]
"""
REST = (
    ("complicar la vida", "saltar"),
    ("elegir de verdad", "1"),
    ("tan en serio", "en parte"),
    ("Le queda claro", "2"),
    ("fácil o difícil participar", "1"),
    ("contarán sus respuestas", "no sé"),
    ("haber preguntado", "/skip"),
    ("últimas preguntas", "no"),
    ("citar sus palabras", "no"),
    ("enviarle aquí el resultado", "sí"),
    ("invitarle otra vez", "no"),
)
"""What is left of the option round after its idea in daily life: words of the question, and what the citizen types."""


@pytest.mark.slow
def test_a_formal_round_from_draft_to_report_over_telegram(town: Town) -> None:
    manager = _joined(town, 1, "manager", "Maya")
    organiser = _joined(town, 2, "organiser", "Omar")
    code = _opened_after_repair(town)
    organiser.sends("/rounds")
    organiser.sees("When should we open?", "open")
    people = [town.telegram.citizen(number, name="Ana", language_code="es") for number in range(11, 17)]
    cast = [{"id": citizen.id, "name": "Ana", "language_code": "es", "script": _in_spanish(code)} for citizen in people]
    assert town.telegram.play(cast) == {}
    counts = town.asks("round", "show", code)["counts"]
    assert (counts["started"], counts["finished"], counts["answers"]) == (6, 6, 6)
    manager.sends("/digest")
    manager.sees("6 people answered")
    town.set_clock(MONDAY + timedelta(days=8))
    town.until("the clock has closed the round", lambda: town.asks("round", "show", code)["state"] == "closed")
    people[0].sends(f"/start {code}")
    people[0].sees("cerró")
    spanish = "Ustedes dijeron: más tarde. Abrimos hasta las 22:00."
    texts = ("--text", "en=You said: later. We open until 22:00.", "--text", f"es={spanish}")
    town.civicloop("round", "report-back", code, "--signed", "Ada Ames", *texts)
    for citizen in people:
        citizen.sees(spanish)


def _joined(town: Town, number: int, role: str, name: str) -> Citizen:
    """Somebody who has followed their invitation in Telegram."""
    person = town.telegram.citizen(number, name=name)
    person.sends(town.asks("invite", "--role", role, "--service", "library", "--name", name)["telegram"])
    person.sees(role)
    return person


def _opened_after_repair(town: Town) -> str:
    """Make a round with nothing filled in, be refused with every field named, fill it in, open it."""
    facts = ("--service", "library", "--flow", "option_round", "--title", "When should we open?")
    bare = town.asks("round", "new", *facts)["code"]
    refused = town.civicloop("round", "check", bare, status=1)
    assert all(name in refused for name in ("--to: ", "topic", "open_points", "fixed_points", "ideas"))
    town.civicloop("round", "open", bare, status=1)
    (town.folder / "record.toml").write_text(RECORD, encoding="utf-8")
    code: str = town.asks("round", "new", *facts, "--to", "2027-01-17", "--record", "record.toml")["code"]
    town.civicloop("round", "check", code)
    town.civicloop("round", "open", code, status=1)
    _joined(town, 3, "approver", "Ben")
    town.civicloop("round", "approve", code, "--as", "Ben")
    town.civicloop("round", "open", code)
    town.civicloop("round", "verify", code)
    return code


def _in_spanish(code: str) -> list[list[str]]:
    """One way through the option round, with a wrong answer and a step back, to the receipt."""
    rest = [step for question, answer in REST for step in (["sees", question], ["sends", answer])]
    return [
        ["sends", f"/start {code}"],
        ["sees", "No soy una persona", "el pleno municipal"],
        ["answers", "16 años", "Sí"],
        ["answers", "Empezamos", "Sí, empecemos"],
        ["answers", "ideas", "Abrir los domingos"],
        ["answers", "ideas", "Listo"],
        ["sees", "Ordene sus 3 favoritas"],
        ["sends", "pfff"],
        ["sees", "Envíe los números en su orden"],
        ["sends", "1, 2, 3"],
        ["sees", "día a día"],
        ["sends", "/back"],
        ["sees", "Ordene sus 3 favoritas"],
        ["sends", "2, 1, 3"],
        ["answers", "día a día", "Probablemente sí"],
        *rest,
        ["sees", "Envíe OK", "Probablemente sí"],
        ["sends", "ok"],
        ["sees", "recibo"],
    ]


@pytest.mark.browser
def test_a_newcomer_is_all_three_people_in_a_browser(
    chromium: Browser, tmp_path: Path, picture: Callable[[str], Path | None]
) -> None:
    """With nothing but the three printed addresses: answer, see it counted, open a round."""
    port = free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith("CIVICLOOP_")}
    env |= {"CIVICLOOP_WEB__PORT": str(port)}
    command = [sys.executable, "-m", "bot", "run"]
    env["PYTHONPATH"] = str(Path(bot.__file__).parents[1])
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        printed = [running.stdout.readline() for _ in range(4)]
        chat, organiser, manager = (re.findall(r"http://\S+", line)[0] for line in printed[:3])
        try:
            _answers_the_sample(chromium, chat, picture("chat"))
            _sees_it_counted(chromium, manager)
            _opens_a_round(chromium, organiser, picture("round"))
        finally:
            running.terminate()
        assert running.wait(30) == 0


def _page(chromium: Browser, url: str, *, phone: bool = False) -> Page:
    screen: Any = {"viewport": {"width": 400, "height": 860}, "device_scale_factor": 1.5} if phone else {}
    page = chromium.new_context(locale="en-GB", **screen).new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(url)
    return page


def _answers_the_sample(chromium: Browser, chat: str, picture: Path | None) -> None:
    page = _page(chromium, chat, phone=True)
    page.get_by_role("button", name=re.compile("Start")).first.click()
    for label in ("Tell us about", "Yes", "Yes, let us begin", "Good"):
        page.get_by_role("button", name=re.compile(f"^{label}")).last.click()
    page.get_by_label("Your message").fill("Warm, quiet, and the staff helped me")
    page.get_by_role("button", name="Send").click()
    page.get_by_text("It was easy").last.click()
    if picture:
        page.get_by_text("Warm, quiet").scroll_into_view_if_needed()
        page.screenshot(path=picture)
    page.get_by_role("button", name="Done").last.click()
    for label in ("I did not report a problem", "Some", "Yes"):
        page.get_by_role("button", name=label, exact=True).last.click()
    expect(page.get_by_text("May we invite you again?")).to_be_visible()  # the question before has a "No" as well
    page.get_by_role("button", name="No", exact=True).last.click()
    expect(page.get_by_text("Your receipt is")).to_be_visible()


def _signed_in(chromium: Browser, link: str) -> Page:
    page = _page(chromium, link)
    page.get_by_role("button", name="Sign in").click()
    return page


def _sees_it_counted(chromium: Browser, link: str) -> None:
    page = _signed_in(chromium, link)
    expect(page.get_by_text("1 person answered").first).to_be_visible()


def _opens_a_round(chromium: Browser, link: str, picture: Path | None) -> None:
    page = _signed_in(chromium, link)
    page.get_by_role("link", name="New round").click()
    page.get_by_role("link", name=re.compile("^Choose: How is it going")).first.click()
    page.get_by_label("Title", exact=True).fill("How is our library?")
    page.get_by_role("button", name="Save the draft").click()
    page.get_by_role("button", name="Open the round").click()
    expect(page.get_by_text("The round is open.")).to_be_visible()
    if picture:
        page.screenshot(path=picture)
    code: Any = page.url.rpartition("/")[2]
    public = _page(chromium, f"{page.url.partition('/manage')[0]}/rounds/{code.partition('?')[0]}")
    expect(public.get_by_role("heading", name="How is our library?")).to_be_visible()
