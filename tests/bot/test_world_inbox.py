"""What could not be handled is kept, listed without its words, and tried again or dropped by one command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from bot.channels.base import Raw
from bot.turns import ATTEMPTS
from storage import inbox, tables
from storage.database import Database
from tests.bot.test_cli import terminal  # noqa: F401 - a fixture
from tests.bot.test_turns import INTO
from tests.storage.makers import KEYS, NOW, Update
from tests.support.house import House, raw
from tests.support.rows import statuses

if TYPE_CHECKING:
    from tests.bot.test_cli import Terminal
    from tests.support.house import Citizen


@pytest.fixture
def ill(terminal: Terminal) -> Terminal:  # noqa: F811 - the fixture
    """Give a terminal beside a database with an unreadable and a failed update, one waiting and one done."""
    assert terminal("migrate").status == 0
    database = Database.open("sqlite:///data/civicloop.sqlite3")
    with database.transaction() as db:
        kept = inbox.accept(db, [Update("telegram", str(n), b"secret words") for n in range(4)], NOW, KEYS)
        inbox.fail(db, kept[0].id, inbox.UNREADABLE, "update 0 cannot be read: ValidationError")
        inbox.fail(db, kept[1].id, inbox.FAILED, "JSONDecodeError")
        inbox.settle(db, [kept[2].id], NOW)
    database.close()
    return terminal


def counts() -> dict[str, int]:
    """Return how many updates there are of each status."""
    database = Database.open("sqlite:///data/civicloop.sqlite3")
    with database.reading() as db:
        found = statuses(db, tables.inbox)
    database.close()
    return found


def test_the_list_names_rows_and_reasons_and_no_words(ill: Terminal) -> None:
    said = ill("inbox", "list")
    assert said.status == 0
    assert [line.split()[0] for line in said.out.splitlines()] == ["ROW", "1", "2"]
    assert "cannot be read" in said.out
    assert "secret" not in said.out
    assert [row["status"] for row in ill("inbox", "list", "--json").json] == ["unreadable", "failed"]


def test_a_row_is_tried_again_and_others_stay(ill: Terminal) -> None:
    assert ill("inbox", "retry", "2").out == "1 message retried.\n"
    assert counts() == {"unreadable": 1, "waiting": 2, "done": 1}


def test_what_is_dropped_loses_its_words_and_keeps_its_key(ill: Terminal) -> None:
    assert ill("inbox", "drop", "--all", "--json").json == {"dropped": 2}
    assert counts() == {"waiting": 1, "done": 3}
    assert ill("inbox", "list").out == "Every message has been handled.\n"
    database = Database.open("sqlite:///data/civicloop.sqlite3")
    with database.transaction() as db:
        assert inbox.accept(db, [Update("telegram", "1", b"again")], NOW, KEYS) == []
    database.close()


@pytest.mark.parametrize("act", ["retry", "drop"])
def test_rows_must_be_named_and_be_ill(ill: Terminal, act: str) -> None:
    assert ill("inbox", act).status == 2
    assert ill("inbox", act, "1", "--all").status == 2
    for row in ("3", "4", "99"):
        said = ill("inbox", act, row)
        assert said.status == 1
        assert f"row {row} is none of those" in said.err
    assert counts() == {"unreadable": 1, "failed": 1, "waiting": 1, "done": 1}


def test_the_doctor_points_to_the_list(ill: Terminal) -> None:
    said = ill("doctor")
    assert "2 could not be handled" in said.out
    assert "civicloop inbox list" in said.out


async def test_a_message_that_failed_is_taken_once_what_was_wrong_is_put_right(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    sound = house.table("sessions")[0].body
    with house.database.transaction() as db:
        db.execute(update(tables.sessions).values(body="{"))
    with capture_logs():
        await house.turns.accept([raw("c1", key="bad", text="Poor")])
        for _ in range(ATTEMPTS):
            await house.turns.again()
    assert citizen.answers(code) == []
    with house.database.transaction() as db:
        db.execute(update(tables.sessions).values(body=sound))
        assert inbox.retry(db, [row.id for row in inbox.stuck(db)]) == 1
    await house.turns.again()
    assert [answer.choice for answer in citizen.answers(code)] == ["2"]
    assert {row.status for row in house.table("inbox")} == {"done"}


async def test_an_unreadable_message_that_comes_again_stays_one_row(house: House, citizen: Citizen) -> None:
    with capture_logs() as lines:
        for _ in range(20):
            await citizen.sends(Raw("pigeon", "bad", b"\xff"))
    assert [row.status for row in house.table("inbox")] == ["unreadable"]
    assert [line["event"] for line in lines] == ["update.unreadable"]
