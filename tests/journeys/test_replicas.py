"""Several processes share one PostgreSQL while citizens talk: they join, leave, stall and die, and nobody notices."""

from __future__ import annotations

import re
import signal
import sys
import time
from collections import Counter
from contextlib import closing
from datetime import datetime, timedelta
from threading import Thread
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import func, select, text, update

from storage import tables
from storage.database import PATIENCE, STALLED
from tests.journeys.fleet import Fleet
from tests.support.botapi.client import Client
from tests.support.rows import statuses

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.journeys.fleet import Replica

MADRID = ZoneInfo("Europe/Madrid")
FRIDAY = datetime(2027, 1, 15, 9, tzinfo=MADRID)
SETTINGS = """
[city]
name = "Rivermouth"
org = "the City of Rivermouth"
languages = ["en"]
time_zone = "Europe/Madrid"

[[services]]
key = "library"
name = "Central Library"
steps = [ { id = "arrive", en = "Getting in" }, { id = "borrow", en = "Borrowing" } ]
areas = [ { id = "harbour", en = "Harbour" }, { id = "hill", en = "Hillside" } ]
"""
PEOPLE = range(101, 161)
ASKED = ("16 or older", "Shall we begin", "Overall", "main reason", "went well", "did somebody act", "receipt is")


@pytest.fixture
def fleet(postgres_url: str, tmp_path: Path) -> Iterator[Fleet]:
    """A city served by as many processes as a test lets join, at Telegram's own pace."""
    with Fleet(tmp_path, SETTINGS, database=postgres_url, messages_per_second=30) as built:
        built.set_clock(FRIDAY)
        yield built


def script(person: int, code: str) -> list[list[str]]:
    """One way through the pulse, with a text that is nobody else's."""
    return [
        ["sends", f"/start {code}"],
        ["answers", "16 or older", "Yes"],
        ["answers", "Shall we begin", "Yes, let us begin"],
        ["answers", "Overall", "Good"],
        ["sees", "main reason"],
        ["sends", f"matter of {person}"],
        ["answers", "What went well", "It was easy"],
        ["answers", "What went well", "Done"],
        ["answers", "did somebody act", "I did not report a problem"],
        ["answers", "your answers will count", "Some"],
        ["answers", "quote your words", "No"],
        ["answers", "invite you again", "No"],
        ["sees", "Your receipt is"],
    ]


STEPS = sum(step[0] != "sees" for step in script(0, ""))


MORE = 12
"""How many people come at once when those before have said all, as long as the fleet changes."""


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.timeout(600)
def test_replicas_join_leave_stall_and_die_while_citizens_talk(fleet: Fleet) -> None:
    fleet.joins(fleet.begins(), fleet.begins(), fleet.begins())
    manager = fleet.telegram.citizen(1, name="Maya")
    invited = ("--role", "manager", "--service", "library", "--name", "Maya", "--mail", "maya@city.example")
    manager.sends(fleet.asks("invite", *invited)["telegram"])
    manager.sees("manager")
    code = fleet.open_pulse("library")
    fleet.telegram.limit(per_second=30, burst=40)
    talk = _Talk(fleet, code)
    talk.goes_on = True
    talk.start()
    fourth = fleet.begins()
    stalled = _a_sender_stalls_and_wakes(fleet)
    fleet.joins(fourth)
    fleet.until("all four have made turns", lambda: all(each.turns() > 0 for each in fleet.replicas))
    dead = fleet.sender()
    fleet.ends(dead, signal.SIGKILL)
    _goes_on(fleet, talk)
    leaving, staying = [each for each in fleet.replicas if each not in (stalled, dead)]
    assert fleet.ends(leaving, signal.SIGTERM) == 0
    _goes_on(fleet, talk)
    talk.goes_on = False
    talk.join()
    assert talk.failed == {}, f"{next(iter(talk.failed.values()))}\n{fleet.log()}"
    fleet.until("everything is sent", lambda: _is_all_sent(fleet))
    assert "delivery.fenced" in stalled.log()
    _compare(fleet, talk.people)
    _one_digest_each(fleet)
    assert fleet.telegram.violations == []
    assert [fleet.ends(each, signal.SIGTERM) for each in (stalled, staying)] == [0, 0]


class _Talk(Thread):
    """Everybody answers the pulse; `failed` tells who could not, and why."""

    def __init__(self, fleet: Fleet, code: str, people: range = PEOPLE) -> None:
        super().__init__(daemon=True)
        self.failed: dict[int, str] = {0: "never came to an end"}
        self.people = people
        """Who has talked, or talks."""
        self.goes_on = False
        """Whether more people come when these have said all."""
        self._url, self._code = fleet.telegram.url, code

    def run(self) -> None:
        found = self._play(self.people)
        while self.goes_on and not found:
            more = range(self.people.stop, self.people.stop + MORE)
            self.people = range(self.people.start, more.stop)
            found = self._play(more)
        self.failed = found

    def _play(self, people: range) -> dict[int, str]:
        with closing(Client(self._url)) as telegram:
            cast = [{"id": number, "script": script(number, self._code)} for number in people]
            return telegram.play(cast, at_once=len(cast))


def _a_sender_stalls_and_wakes(fleet: Fleet) -> Replica:
    """Stop the process that sends while answers to it are on their way, until after another has taken over."""
    sender = fleet.sender()
    before = fleet.telegram.state()["counts"]["sendMessage"]
    fleet.until("people are talked to", lambda: fleet.telegram.state()["counts"]["sendMessage"] > before + 30)
    fleet.telegram.fault("sendMessage", slow=8.0, times=8)
    fleet.until("some wait for an answer", lambda: fleet.telegram.state()["held"] >= 4)
    sender.gets(signal.SIGSTOP)
    fleet.until("another sends", lambda: fleet.sender() is not sender)
    sender.gets(signal.SIGCONT)
    fleet.until("it finds that its work is another's", lambda: "delivery.fenced" in sender.log())
    return sender


def _goes_on(fleet: Fleet, talk: _Talk) -> None:
    """Wait until some more messages have been sent, with somebody still talking."""
    before = fleet.telegram.state()["counts"]["sendMessage"]
    fleet.until("people are talked to", lambda: fleet.telegram.state()["counts"]["sendMessage"] > before + 10)
    assert talk.is_alive(), talk.failed


def _is_all_sent(fleet: Fleet) -> bool:
    with fleet.tables.reading() as db:
        return set(statuses(db, tables.outbox)) == {"sent"} and fleet.telegram.state()["pending"] == 0


def _compare(fleet: Fleet, people: range = PEOPLE, others: int = 1) -> None:
    """Count updates, answers and messages from both sides, and look at the order in each chat."""
    with fleet.tables.reading() as db:
        assert statuses(db, tables.inbox) == {"done": len(people) * STEPS + others}
        texts = db.execute(select(tables.answers.c.text).where(tables.answers.c.text.like("matter of %"))).scalars()
        assert Counter(texts) == {f"matter of {person}": 1 for person in people}
        per_person = select(func.count()).select_from(tables.answers).group_by(tables.answers.c.pseudonym)
        assert len(set(db.execute(per_person).scalars())) == 1
        claims = select(func.count(), func.sum(tables.outbox.c.attempts)).where(tables.outbox.c.channel == "telegram")
        rows, attempts = db.execute(claims).one()
    chats = [[each["text"] for each in fleet.telegram.citizen(person).messages()] for person in people]
    repeated = sum(len(said) - len(set(said)) for said in chats)
    limited = fleet.telegram.state()["limited"]
    sys.stdout.write(f"{sum(map(len, chats))} messages, {repeated} of them repeated, {limited} too fast\n")
    assert repeated <= attempts - rows  # nothing leaves twice without a claim of its own
    assert limited == 0
    for said in chats:
        places = [next(n for n, text in enumerate(said) if words in text) for words in ASKED]
        assert places == sorted(places), said


def _one_digest_each(fleet: Fleet) -> None:
    """Put the clock to Monday: each process rings several times, and the manager gets one mail for the week."""
    fleet.set_clock(FRIDAY + timedelta(days=3, minutes=5))
    fleet.until("the digest has come", lambda: _digests(fleet))
    rung = next(each for each in fleet.replicas if each.process.poll() is None)
    swept = _swept(rung)
    fleet.until("the bell has rung again", lambda: _swept(rung) >= swept + 3)
    assert _digests(fleet) == ["maya@city.example"]
    with fleet.tables.reading() as db:
        assert db.execute(select(func.count()).select_from(tables.digests)).scalar_one() == 1


def _digests(fleet: Fleet) -> list[str]:
    """Return to whom digests came by mail; managers are asked to look at their own work by mails of another kind."""
    return [str(message["To"]) for message in fleet.post.messages if "week" in message["Subject"]]


def _swept(replica: Replica, name: str = "digests") -> float:
    told = httpx.get(f"{replica.url}/metrics", timeout=10).text
    found = re.search(rf'civicloop_sweeps_total\{{outcome="done",sweep="{name}"\}} (\S+)', told)
    return float(found[1]) if found else 0.0


FEW = range(201, 213)
HELD_UP = STALLED + PATIENCE
"""Seconds a frozen process may hold others up: until PostgreSQL ends its transaction, and one wait for a lock more."""
LATER = 15.0
"""Seconds that answers may take beside that on a busy machine: Telegram's next try, the way there and back."""


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.timeout(600)
def test_a_process_frozen_in_the_middle_of_its_turns_holds_others_up_for_a_while_and_writes_none_of_them(
    fleet: Fleet,
) -> None:
    lively, frozen = fleet.begins(), fleet.begins(CIVICLOOP_STALL_AT="group.written:12")
    fleet.joins(lively, frozen)
    code = fleet.open_pulse("library")
    talk = _Talk(fleet, code, FEW)
    talk.start()
    fleet.until("one is frozen in the middle of turns", frozen.is_frozen)
    began = time.monotonic()
    held = fleet.until("it holds its rows", lambda: _transactions(fleet))
    fleet.until("PostgreSQL ends that", lambda: not set(held) & set(_transactions(fleet)))
    assert time.monotonic() - began < HELD_UP
    talk.join()
    took = time.monotonic() - began
    sys.stdout.write(f"everybody has answered everything {took:.1f} s after it froze\n")
    assert talk.failed == {}, f"{talk.failed}\n{fleet.log()}"
    assert frozen.is_frozen()
    frozen.gets(signal.SIGCONT)
    fleet.until("it finds its turns refused", lambda: "turns.trouble" in frozen.log())
    fleet.ends(lively, signal.SIGTERM)
    late = _Talk(fleet, code, range(213, 214))
    late.run()
    assert late.failed == {}, f"{late.failed}\n{fleet.log()}"
    fleet.until("everything is sent", lambda: _is_all_sent(fleet))
    _compare(fleet, range(FEW.start, 214), others=0)


def _transactions(fleet: Fleet) -> list[int]:
    """Return the server processes whose clients began to write and have not said anything for a second."""
    said = text(
        "SELECT pid FROM pg_stat_activity WHERE state = 'idle in transaction' AND backend_xid IS NOT NULL"
        " AND datname = current_database() AND state_change < clock_timestamp() - interval '1 second'"
    )
    with fleet.tables.reading() as db:
        return list(db.execute(said).scalars())


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.timeout(600)
def test_a_process_frozen_in_the_middle_of_a_sweep_is_replaced_and_everybody_is_invited_once(fleet: Fleet) -> None:
    frozen = fleet.begins(CIVICLOOP_STALL_AT="round.invites:1")
    fleet.joins(frozen)
    greeting = [{"id": person, "script": [["sends", "/start"], ["hears", 1]]} for person in FEW]
    assert fleet.telegram.play(greeting) == {}
    with fleet.tables.transaction() as db:
        db.execute(update(tables.contacts).values(invite_again_at=FRIDAY))
    facts = ("--service", "library", "--flow", "deliver_pulse", "--title", "Once", "--audience", "agreed")
    fleet.civicloop("round", "open", fleet.asks("round", "new", *facts)["code"])
    fleet.until("it is frozen in the middle of inviting", frozen.is_frozen)
    fleet.joins(fleet.begins())
    with fleet.tables.transaction() as db:  # what otherwise takes a minute
        db.execute(update(tables.leases).where(tables.leases.c.name == "sweep:rounds").values(until=func.now()))
    for person in FEW:
        fleet.telegram.citizen(person).sees("invite you again", within=HELD_UP + LATER)
    assert frozen.is_frozen()
    frozen.gets(signal.SIGCONT)
    fleet.until("it finds its sweep refused", lambda: "sweep.trouble" in frozen.log())
    swept = _swept(frozen, "rounds")
    fleet.until("it sweeps again", lambda: _swept(frozen, "rounds") > swept)
    fleet.until("everything is sent", lambda: _is_all_sent(fleet))
    for person in FEW:
        invitations = [each for each in fleet.telegram.citizen(person).messages() if "invite you again" in each["text"]]
        assert len(invitations) == 1, invitations


POLLING = {"CIVICLOOP_TELEGRAM__MODE": "polling", "CIVICLOOP_TELEGRAM__WEBHOOK_URL": ""}
MANY = range(301, 325)


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.timeout(600)
def test_by_polling_one_fetches_and_the_others_stand_by_until_it_freezes_or_dies(fleet: Fleet) -> None:
    first = fleet.begins(**POLLING)
    fleet.joins(first)
    assert fleet.holder("receive:telegram") is first
    second = fleet.begins(**POLLING)
    fleet.joins(second)
    fleet.until("the second stands by", lambda: "receive.standing_by" in second.log())
    code = fleet.open_pulse("library")
    talk = _Talk(fleet, code, MANY)
    talk.start()
    fleet.until("people talk to the first", lambda: first.turns() > len(MANY))
    first.gets(signal.SIGSTOP)
    fleet.until("the second fetches", lambda: fleet.holder("receive:telegram") is second)
    fleet.until("people talk to the second", lambda: second.turns() > 0)
    first.gets(signal.SIGCONT)
    fleet.until("the first stands by", lambda: "receive.standing_by" in first.log())
    fleet.ends(second, signal.SIGKILL)
    assert fleet.holder("receive:telegram") is first
    talk.join()
    assert talk.failed == {}, f"{next(iter(talk.failed.values()))}\n{fleet.log()}"
    fleet.until("everything is sent", lambda: _is_all_sent(fleet))
    _compare(fleet, MANY, others=0)


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.timeout(600)
def test_a_page_at_one_replica_shows_what_another_wrote(fleet: Fleet) -> None:
    fleet.joins(fleet.begins(), fleet.begins())
    code = fleet.open_pulse("library")
    writer = fleet.sender("web")
    other = next(each for each in fleet.replicas if each is not writer)
    form = {"nonce": _nonce(httpx.get(f"{other.url}/chat/{code}").text), "code": code}
    secret = _secret(httpx.post(f"{other.url}/chat/start", data=form, timeout=30))
    with _browser(other, secret) as here, _browser(writer, secret) as there:
        fleet.until("the other shows it too", lambda: "16 or older" in here.get("/chat").text)
        with here.stream("GET", "/chat/stream", params={"after": "0"}) as stream:
            lines = stream.iter_lines()
            next(line for line in lines if "16 or older" in line)
            there.post("/chat", data={"nonce": _nonce(there.get("/chat").text), "text": "yes"})
            next(line for line in lines if "Shall we begin" in line)


def _browser(replica: Replica, secret: str) -> httpx.Client:
    return httpx.Client(base_url=replica.url, headers={"cookie": secret}, timeout=30)


def _nonce(page: str) -> str:
    found: Any = re.search(r'name="nonce" value="([^"]+)"', page)
    return str(found[1])


def _secret(answer: httpx.Response) -> str:
    """Return what a browser keeps, which over plain HTTP has to be kept by hand."""
    return str(answer.headers["set-cookie"].partition(";")[0])
