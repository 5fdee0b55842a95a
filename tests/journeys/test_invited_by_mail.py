"""A round asks mail addresses that the city holds, through a real mail server with the troubles of real ones."""

from __future__ import annotations

import signal
import time
from collections import Counter
from contextlib import contextmanager
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import httpx
import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from storage import tables
from storage.database import Database
from tests.journeys.test_three_people import RECORD
from tests.journeys.town import SETTINGS, Postbox, Town, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

    from aiosmtpd.smtp import SMTP, Envelope, Session

MADRID = ZoneInfo("Europe/Madrid")
MONDAY = datetime(2027, 1, 11, 7, tzinfo=MADRID)
"""It is night for mails: they may leave from nine to eight in the evening."""
BUS = """
[[services]]
key = "bus7"
name = { en = "Bus 7", es = "Autobús 7" }
steps = [ { id = "wait", en = "Waiting", es = "Esperar" } ]
areas = [ { id = "harbour", en = "Harbour", es = "El Puerto" } ]
"""
ANA, BEN, TARA, GONE, BUSY, QUIET = (f"{name}@home.example" for name in ("ana", "ben", "tara", "gone", "busy", "quiet"))
LIST = f"""mail,language,zone
{ANA},es,
{BEN},en,
{TARA},en,Asia/Kathmandu
{GONE},en,
{BUSY},en,
{QUIET},en,
"""
GROUND = ("--ground", "residents, article 6 (1) e GDPR")
UNSENT = {GONE: ["550 5.1.1 no such user"], BUSY: ["451 4.7.1 come back later"]}


class Office(Postbox):
    """A mail server that refuses some recipients as long as it has `answers` for them, by address."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = {address: list(answers) for address, answers in UNSENT.items()}
        self.refused: Counter[str] = Counter()
        self.port = free_port()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take or refuse a recipient."""
        if self.answers.get(address):
            self.refused[address] += 1
            return self.answers[address].pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    @contextmanager
    def open(self) -> Iterator[None]:
        """Listen until the end of the block."""
        listening = Controller(self, hostname="127.0.0.1", port=self.port)
        listening.start()
        try:
            yield
        finally:
            listening.stop()

    def to(self, address: str) -> list[EmailMessage]:
        """Return the mails somebody has got."""
        return [mail for mail in self.messages if mail["To"] == address]


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def town(tmp_path: Path, office: Office) -> Iterator[Town]:
    """Give a city of two services that writes mails by day."""
    env = {
        "CIVICLOOP_MAIL__PORT": str(office.port),
        "CIVICLOOP_SENDING__EARLIEST": "09:00",
        "CIVICLOOP_SENDING__LATEST": "20:00",
    }
    with Town(tmp_path, SETTINGS + BUS, env=env) as built:
        (tmp_path / "record.toml").write_text(RECORD, encoding="utf-8")
        (tmp_path / "residents.csv").write_text(LIST, encoding="utf-8")
        built.set_clock(MONDAY)
        yield built


def opened(town: Town, service: str) -> str:
    """Open a round for the whole list, signed by a second person; return its code."""
    facts = ("--service", service, "--flow", "option_round", "--title", "When should we open?")
    end = (MONDAY + timedelta(days=20)).date().isoformat()
    code: str = town.asks("round", "new", *facts, "--record", "record.toml", "--to", end)["code"]
    town.civicloop("round", "list-in", code, "residents.csv", *GROUND)
    town.civicloop(
        "invite", "--role", "approver", "--service", service, "--name", "Ines", "--mail", f"{service}@hall.example"
    )
    town.civicloop("round", "approve", code, "--as", "Ines")
    town.civicloop("round", "open", code)
    return code


def swept(town: Town, times: int = 2) -> None:
    """Wait until the rounds have been looked through so often, and what is due has had a second to leave."""
    name = 'civicloop_sweeps_total{outcome="done",sweep="rounds"}'

    def count() -> float:
        lines = httpx.get(f"{town.url}/metrics", timeout=30).text.splitlines()
        return float(next(line.rpartition(" ")[2] for line in lines if line.startswith(name)))

    before = count()
    town.until("the rounds are looked through", lambda: count() >= before + times)
    time.sleep(1)


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_list_is_asked_by_mail_by_day_once_in_its_language_and_what_fails_is_told_or_tried_again(
    town: Town, office: Office
) -> None:
    town.civicloop("quiet", QUIET)
    code = opened(town, "library")
    with office.open():
        town.start()
        town.until("it is day in Nepal", lambda: office.to(TARA))
        swept(town)
        assert office.to(ANA) + office.to(BEN) == [], "it is night here"
        town.set_clock(MONDAY.replace(hour=9))
        town.until("it is day", lambda: office.to(ANA) and office.to(BEN) and len(office.refused) == 2)
        swept(town)
    read(town, office, code)
    counted = town.asks("round", "audience", code)
    assert (counted["people"], counted["waiting"], counted["invited"]) == (6, 0, 4)
    assert (counted["failed"], counted["excluded"]) == ({"SMTP 550 5.1.1": 1}, {"quiet": 1})
    assert "1  not delivered: SMTP 550 5.1.1" in town.civicloop("round", "audience", code)
    assert came(town, code) == (4, 3), (
        "left; and reached, as the mail server took it: one letter waits for a busy server"
    )
    tried_again(town, office, code)
    one_round_a_day_and_none_after_stop(town, office, code)
    assert Counter(mail["To"] for mail in office.messages if code in text_of(mail)) == dict.fromkeys(
        [ANA, BEN, TARA, BUSY], 1
    )


def read(town: Town, office: Office, code: str) -> None:
    """What arrives is in each one's language, leads to the round, and says how to end it."""
    (ana,), (ben,) = office.to(ANA), office.to(BEN)
    assert (ana["Content-Language"], ben["Content-Language"]) == ("es", "en")
    assert "el horario" in ana["Subject"]
    assert "opening hours" in ben["Subject"]
    link = next(word for word in text_of(ben).split() if urlsplit(word).path == f"/rounds/{code}")
    page = httpx.get(f"{town.url}{urlsplit(link).path}", timeout=30, headers={"Accept-Language": "en"})
    assert page.status_code == 200
    assert "opening hours" in page.text


def came(town: Town, code: str) -> tuple[int, int]:
    """Return to how many the round was sent, and how many it reached."""
    numbers = town.asks("round", "watch", code, "--times", "1")
    return numbers["sent"], numbers["reached"]


def tried_again(town: Town, office: Office, code: str) -> None:
    """Who was refused for a while is asked later, though the server is down by then, and we are killed."""
    town.set_clock(MONDAY.replace(hour=9, minute=6))
    town.until("the server is missed", lambda: "ConnectionRefusedError" in troubles(town))
    assert came(town, code) == (4, 3)
    town.stop(signal.SIGKILL)
    with office.open():
        town.set_clock(MONDAY.replace(hour=9, minute=12))
        town.start()
        town.until("it is tried again", lambda: office.to(BUSY))
    assert office.refused == {GONE: 1, BUSY: 1}
    assert town.asks("round", "audience", code)["failed"] == {"SMTP 550 5.1.1": 1}
    assert came(town, code) == (5, 4)


def troubles(town: Town) -> list[str]:
    """Return why messages wait."""
    database = Database.open(f"sqlite:///{town.folder}/data/civicloop.sqlite3")
    with database.reading() as db:
        found = list(db.execute(select(tables.outbox.c.error).where(tables.outbox.c.status == "due")).scalars())
    database.close()
    return found


def one_round_a_day_and_none_after_stop(town: Town, office: Office, code: str) -> None:
    """Ben answers STOP, as his mail says; another round waits until tomorrow, and the first reminds nobody unasked."""
    (ben,) = office.to(BEN)
    page, way = (urlsplit(each.strip(" <>")) for each in ben["List-Unsubscribe"].split(","))
    assert (way.scheme, way.path, parse_qs(way.query)["subject"]) == ("mailto", "voice@city.example", ["STOP"])
    assert "STOP" in text_of(ben)
    other = opened(town, "bus7")
    assert page.geturl() in text_of(ben)
    assert httpx.get(page.geturl()).status_code == HTTPStatus.OK, "looking at the page stops nothing yet"
    assert town.asks("round", "audience", other)["excluded"].get("stopped") is None
    assert httpx.post(page.geturl(), data={"List-Unsubscribe": "One-Click"}).status_code == HTTPStatus.OK
    with office.open():
        swept(town)
        assert not any(other in text_of(mail) for mail in office.messages), "they were asked today"
        town.set_clock(MONDAY.replace(day=12, hour=9))
        town.until("the next day", lambda: len(office.to(ANA)) == len(office.to(TARA)) == len(office.to(BUSY)) == 2)
        town.set_clock(MONDAY.replace(day=22, hour=12))
        swept(town)
    assert [len(office.to(address)) for address in (ANA, BEN, GONE, QUIET)] == [2, 1, 0, 0]
    counted = town.asks("round", "audience", other)
    assert counted["excluded"] == {"quiet": 1, "stopped": 1, "unreachable": 1}
