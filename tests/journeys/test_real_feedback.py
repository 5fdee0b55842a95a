"""The main job on real input: 472 people's feedback is answered button by button, and seven weekly digests are true.

The people, dates, scores and words are an English ambulance trust's of summer 2022 (tests/journeys/data). The process
is the real one; Telegram and the mail server are servers over the network; only the clock is put forward.
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from bot.digests.statistics import wilson
from flows.catalog import Catalog
from tests.journeys import data
from tests.journeys.town import Town
from tests.support.pictures import photograph

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flows.bank import Bank
    from tests.journeys.data import Expected, Feedback

LONDON = ZoneInfo("Europe/London")
SERVICES = {
    "111": ("helpline", "NHS 111 helpline"),
    "ambulance": ("ambulance", "Ambulance"),
    "patient transport": ("transport", "Patient transport"),
}
SETTINGS = """
[city]
name = "North East"
org = "the North East Ambulance Service"
languages = ["en"]
time_zone = "Europe/London"

""" + "\n".join(
    f"""
[[services]]
key = "{key}"
name = "{name}"
steps = [ {{ id = "call", en = "The call" }}, {{ id = "wait", en = "Waiting" }}, {{ id = "care", en = "The care" }} ]
areas = [ {{ id = "north", en = "North" }}, {{ id = "south", en = "South" }} ]
"""
    for key, name in SERVICES.values()
)


def script(one: Feedback, code: str, bank: Bank) -> list[list[str]]:
    """What a person does in the chat to give this feedback, button by button."""
    score = bank.item("del.overall").label(one.option, "en")
    went, what = ("What went well", "It was easy") if int(one.option) > 3 else ("What went badly", "It took too long")
    step = [["answers", "At which step", "Waiting"]] if went == "What went badly" else []
    reason = [["sees", "main reason"], ["sends", one.text]] if one.text else [["answers", "main reason", "Skip"]]
    return [
        ["sends", f"/start {code}"],
        ["answers", "16 or older", "Yes"],
        ["answers", "Shall we begin", "Yes, let us begin"],
        ["answers", "Overall", score],
        *reason,
        ["answers", went, what],
        ["answers", went, "Done"],
        *step,
        ["answers", "did somebody act", "I did not report a problem"],
        ["answers", "your answers will count", "Some"],
        ["answers", "quote your words", "Yes" if len(one.text) % 2 else "No"],
        ["answers", "invite you again", "No"],
        ["sees", "Your receipt is"],
    ]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_seven_weeks_of_real_feedback_make_true_digests(tmp_path: Path, picture: Callable[[str], Path | None]) -> None:
    everybody = data.feedback()
    bank = Catalog.load().bank
    with Town(tmp_path, SETTINGS) as town:
        town.set_clock(datetime.combine(everybody[0].on, time(6), LONDON) - timedelta(days=1))
        town.start()
        codes = {source: town.open_pulse(key) for source, (key, _) in SERVICES.items()}
        manager = _manager(town)
        digests: dict[str, dict[str, Any]] = {}
        numbered = enumerate(everybody, 1001)
        for week, people in groupby(numbered, lambda each: each[1].on.strftime("%G-W%V")):
            _replay(town, list(people), codes, bank)
            digests[week] = _monday_after(town, manager, week)
        assert town.telegram.violations == []
        status = town.stop()
    assert status == 0
    assert sorted(digests) == list(data.WEEKS)
    for source, (_, name) in SERVICES.items():
        _compare(source, name, digests)
    if path := picture("digest"):
        photograph(digests["2022-W31"]["Ambulance"]["mail"], path)


def _manager(town: Town) -> Any:
    manager = town.telegram.citizen(1, name="Maya")
    for key, _ in SERVICES.values():
        invited = ("--role", "manager", "--service", key, "--name", "Maya", "--mail", "maya@city.example")
        manager.sends(town.asks("invite", *invited)["telegram"])
        manager.sees("manager")
    return manager


def _replay(town: Town, people: list[tuple[int, Feedback]], codes: dict[str, str], bank: Bank) -> None:
    """Let everybody of one week answer, each day's people on their day; the number is their chat's."""
    for day, todays in groupby(people, lambda each: each[1].on):
        town.set_clock(datetime.combine(day, time(10), LONDON))
        cast = [
            {"id": number, "name": "P", "language_code": "en", "script": script(one, codes[one.service], bank)}
            for number, one in todays
        ]
        failed = town.telegram.play(cast, at_once=100)
        assert not failed, f"{day}: {next(iter(failed.values()))}\n{town.log()[-3000:]}"


def _monday_after(town: Town, manager: Any, week: str) -> dict[str, Any]:
    """Put the clock to Monday 08:05 after the week; return what arrives for each service in chat and mail."""
    before = {"chat": len(manager.messages()), "mail": len(town.post.messages)}
    monday = date.fromisocalendar(int(week[:4]), int(week[-2:]), 7) + timedelta(days=1)
    town.set_clock(datetime.combine(monday, time(8, 5), LONDON))
    expected = {name for source, (_, name) in SERVICES.items() if week in data.expected(source)}

    def arrived() -> dict[str, Any] | None:
        chats = [_words(each) for each in manager.messages()[before["chat"] :]]
        mails = town.post.messages[before["mail"] :]
        found: dict[str, dict[str, Any]] = defaultdict(dict)
        for name in expected:
            for words in chats:
                if words.startswith(name):
                    found[name]["chat"] = words
            for mail in mails:
                if mail["Subject"].startswith(name):
                    found[name]["mail"] = mail
        return found if all(len(found[name]) == 2 for name in expected) else None

    return dict(town.until(f"the digests of {week} have arrived", arrived))


def _words(message: dict[str, Any]) -> str:
    return str(message.get("text") or message.get("caption") or "")


def _compare(source: str, name: str, digests: dict[str, dict[str, Any]]) -> None:
    """Every figure in chat and mail is what pandas makes of the file directly."""
    seen = 0
    for week, plain in data.expected(source).items():
        seen += plain.base
        chat = digests[week][name]["chat"]
        mail = digests[week][name]["mail"].get_body(("plain",)).get_content()
        for words in (chat, mail):
            assert f"{plain.base} {'people' if plain.base > 1 else 'person'} answered, {seen} in total" in words
            if plain.base >= 10:
                _compare_share(words, plain)


def _compare_share(words: str, plain: Expected) -> None:
    """An exact share, its counts and its range; or none at all where that would tell of under five people."""
    found = re.search(r"(\d+)% said .*?\((\d+) of (\d+)\), range (\d+)%?–(\d+)%?", words)
    if not _may_be_told(plain):
        assert found is None, words
        return
    assert found, words
    percent, positive, base, low, high = map(int, found.groups())
    interval = wilson(plain.positive, plain.base)
    assert (positive, base) == (plain.positive, plain.base)
    assert percent == round(100 * plain.share)
    assert (low, high) == (round(100 * interval.low), round(100 * interval.high))


def _may_be_told(plain: Expected) -> bool:
    """Whether both sides are nobody or at least five people, and a small base is not nearly of one mind."""
    other = plain.base - plain.positive
    large = all(count == 0 or count >= 5 for count in (plain.positive, other))
    return large and (plain.base >= 30 or 10 * min(plain.positive, other) >= plain.base)
