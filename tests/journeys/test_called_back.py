"""What is claimed and waits for its channel still heeds STOP, a pause and the night: over Telegram, and by mail."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select, update

from storage import contacts, outbox, tables
from storage.contacts import NewContact
from storage.database import Database
from storage.sealing import Keys
from tests.journeys.test_replicas import SETTINGS
from tests.journeys.town import MADRID, MONDAY, Postbox, Town, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aiosmtpd.smtp import SMTP, Envelope, Session

PEOPLE = range(4_000, 4_030)
FACTS = ("--service", "library", "--flow", "deliver_pulse", "--title", "Once more")
REST = 20
"""Seconds the server asks everyone to wait: enough for a command on a busy machine."""
SECONDS = 10
"""Within how many of them a pause or an end must hold for what is in hand."""
INVITED = "we may invite you again"
DUSK = datetime(2027, 1, 11, 20, tzinfo=MADRID)
BY_DAY = {"CIVICLOOP_SENDING__EARLIEST": "09:00", "CIVICLOOP_SENDING__LATEST": "20:00"}


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """Give a city at Telegram's pace that writes until eight in the evening."""
    with Town(tmp_path, SETTINGS, messages_per_second=30, env=BY_DAY) as built:
        yield built


def opened(town: Town, now: datetime) -> str:
    """Open a round for people who agreed, and let Telegram refuse two letters; return its code."""
    town.set_clock(now)
    town.telegram.admit(PEOPLE.start, len(PEOPLE))
    town.telegram.fault("sendMessage", status=429, retry_after=REST, skip=3, times=2)
    code: str = town.asks("round", "new", *FACTS, "--audience", "agreed")["code"]
    keys = Keys.load(town.folder / "data" / "keys", lambda: "never")
    new = [NewContact("telegram", keys.address_hash("telegram", a), keys.seal(a), "en", now) for a in map(str, PEOPLE)]
    database = Database.open(f"sqlite:///{town.folder}/data/civicloop.sqlite3")
    with database.transaction() as db:
        ids = [each.id for each in contacts.add(db, new)]
        agreed = update(tables.contacts).where(tables.contacts.c.id.in_(ids))
        db.execute(agreed.values(invite_again_at=now.astimezone(UTC)))
    database.close()
    town.civicloop("round", "open", code)
    town.start()
    town.until("Telegram asks us to wait", lambda: town.telegram.state()["limited"] == 2)
    town.until("some are in hand", lambda: len(where(town, "sending")) > 5)
    return code


def where(town: Town, *statuses: str) -> list[int]:
    """Return whose invitations have one of these statuses."""
    keys = Keys.load(town.folder / "data" / "keys", lambda: "never")
    mine = (tables.outbox.c.priority == outbox.BULK, tables.outbox.c.status.in_(statuses))
    wanted = select(tables.contacts.c.address_sealed).join(tables.outbox).where(*mine)
    database = Database.open(f"sqlite:///{town.folder}/data/civicloop.sqlite3")
    with database.reading() as db:
        found = sorted(int(keys.unseal(sealed)) for sealed in db.execute(wanted.order_by(tables.outbox.c.id)).scalars())
    database.close()
    return found


def asked(town: Town) -> dict[int, int]:
    """Return how often each person was asked."""
    return {int(chat): times for chat, times in town.telegram.sent(INVITED)["chats"].items()}


def called_back(town: Town, becomes: str) -> int:
    """Wait until everybody who was not asked is called back to a status; return how many were asked."""
    everybody = len(PEOPLE)
    town.until("all are called back", lambda: len(where(town, becomes)) + len(asked(town)) == everybody, SECONDS)
    assert where(town, becomes), "somebody was in hand"
    return len(asked(town))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_stop_holds_for_letters_in_hand_while_telegram_asks_everyone_to_wait(town: Town) -> None:
    opened(town, MONDAY)
    leaving = where(town, "sending")[-3:]  # the last to be claimed: nearer to the front some may have left already
    for person in leaving:
        town.telegram.citizen(person).sends("STOP")
    town.until("they are called back", lambda: set(leaving) <= set(where(town, "gone")), patience=REST)
    town.until("the others are asked", lambda: len(asked(town)) == len(PEOPLE) - len(leaving))
    town.until("nothing is on its way", lambda: where(town, "due", "sending") == [])
    assert asked(town) == dict.fromkeys(sorted(set(PEOPLE) - set(leaving)), 1)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_pause_holds_for_letters_in_hand_and_each_comes_once_when_it_goes_on(town: Town) -> None:
    code = opened(town, MONDAY)
    town.civicloop("round", "pause", code, "--why", "a mistake in the letter")
    before = called_back(town, "held")
    time.sleep(REST + 1)
    assert len(asked(town)) == before
    town.civicloop("round", "resume", code)
    town.until("all are asked", lambda: len(asked(town)) == len(PEOPLE))
    assert asked(town) == dict.fromkeys(PEOPLE, 1)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_letters_in_hand_when_the_night_begins_wait_for_the_morning(town: Town) -> None:
    opened(town, MONDAY)
    town.set_clock(DUSK)
    before = called_back(town, "due")
    time.sleep(REST + 1)
    assert len(asked(town)) == before, "it is night"
    town.set_clock(DUSK + timedelta(hours=13, minutes=1))
    town.until("it is day", lambda: len(asked(town)) == len(PEOPLE))
    assert asked(town) == dict.fromkeys(PEOPLE, 1)


# --------------------------------------------------------------------------- mail


class Slow(Postbox):
    """A mail server that thinks long about each recipient."""

    SECONDS = 6.0

    def __init__(self) -> None:
        super().__init__()
        self.knocks: set[str] = set()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, at last."""
        self.knocks.add(address)
        await asyncio.sleep(self.SECONDS)
        envelope.rcpt_tos.append(address)
        return "250 OK"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_slow_mail_server_holds_up_mails_alone_and_stop_holds_for_those_in_hand(tmp_path: Path) -> None:
    slow, port = Slow(), free_port()
    people = [f"person{n}@home.example" for n in range(24)]
    listening = Controller(slow, hostname="127.0.0.1", port=port)
    listening.start()
    with Town(tmp_path, SETTINGS, env={"CIVICLOOP_MAIL__PORT": str(port)}) as town:
        (tmp_path / "residents.csv").write_text("mail,language\n" + "".join(f"{each},en\n" for each in people))
        code = town.asks("round", "new", *FACTS, "--audience", "listed")["code"]
        town.civicloop("round", "list-in", code, "residents.csv", "--ground", "residents, article 6 (1) e GDPR")
        town.civicloop("round", "open", code)
        town.start()
        town.until("the first are on their way", lambda: len(slow.knocks) >= 8)
        ana = town.telegram.citizen(1)
        began = time.monotonic()
        ana.sends("/start")
        ana.sees("automated assistant", within=20)
        assert time.monotonic() - began < Slow.SECONDS, "who talks does not wait for the mail server"
        leaving = [each for each in people if each not in slow.knocks][-8:]
        town.civicloop("quiet", *leaving)
        town.until("the others got theirs", lambda: len(slow.messages) == len(people) - len(leaving), patience=120)
        assert sorted(str(mail["To"]) for mail in slow.messages) == sorted(set(people) - set(leaving))
        assert slow.knocks.isdisjoint(leaving)
    listening.stop()
