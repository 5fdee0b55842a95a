"""Who comes by the link of their mail and answers counts as having answered, and nobody learns what they said."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from bot import leaving
from bot.rounds import mailed
from storage import contacts, rounds, sessions, tables
from storage.sealing import Keys
from tests.storage import makers

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.house import House

KEYS, OTHERS = Keys([b"k" * 32]), Keys([b"o" * 32])
PAGE = "https://city.example/rounds/opening-hours"
PEOPLE = ("ana", "ben", "cyd")


def token(link: str) -> str:
    return parse_qs(urlsplit(link).query)[mailed.NAME][0]


@pytest.fixture
def code(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give a round whose list of three people has been asked by mail."""
    monkeypatch.setattr(house.sweeps, "_channels", dict.fromkeys(("pigeon", "mail"), house.pigeon.capabilities))
    house.rounds.channels = ("pigeon", "mail")
    (tmp_path / "list.csv").write_text("mail\n" + "".join(f"{name}@home.example\n" for name in PEOPLE))
    code = house.need(opened=False).code
    house.rounds.receive(code, tmp_path / "list.csv", "residents, article 6 (1) e GDPR")
    house.sign(code)
    house.rounds.open(code)
    house.sweeps.rounds()
    return code


def tokens(house: House) -> dict[str, str]:
    """Return what the link of each person's mail brings, as the mail has it."""
    found = {}
    with house.database.reading() as db:
        wanted = select(tables.contacts.c.address_sealed, tables.outbox.c.body).join(tables.outbox)
        for sealed, body in db.execute(wanted.where(tables.contacts.c.channel == "mail")):
            (link,) = [word for word in body.replace("\\n", " ").split() if f"?{mailed.NAME}=" in word]
            found[house.keys.unseal(sealed).partition("@")[0]] = token(link)
    return found


def answers(house: House, code: str, browser: str) -> None:
    """Let somebody come to the end of a round in a browser."""
    with house.database.transaction() as db:
        of = rounds.by_code(db, code)
        assert of is not None
        new = makers.new_contact(browser, "web")._replace(address_hash=house.keys.address_hash("web", browser))
        (chat,) = contacts.add(db, [new])
        sessions.save(db, [makers.session(chat, of, status="completed", ended_at=house.clock())])
    house.sweeps.rounds()


def counted(house: House, code: str) -> tuple[int, int, int]:
    """Return how many people there are, how many were asked and are silent, and how many answered."""
    tally = house.rounds.audience(code)
    return tally.people, tally.invited, tally.answered


async def test_who_answers_after_the_mail_has_answered_and_the_sum_stays(house: House, code: str) -> None:
    mine = tokens(house)
    assert sorted(mine) == sorted(PEOPLE)
    assert len(set(mine.values())) == 3
    assert house.rounds.came(code, mine["ana"], "browser")
    assert counted(house, code) == (3, 3, 0), "who has begun has not answered"
    answers(house, code, "browser")
    assert counted(house, code) == (3, 2, 1)
    assert [row.through for row in house.table("audience")] == [None] * 3, "in which chat is forgotten"


async def test_a_mail_passed_on_counts_once_and_the_other_chat_is_another_persons(house: House, code: str) -> None:
    mine = tokens(house)
    for browser in ("ana's", "her friend's"):
        assert house.rounds.came(code, mine["ana"], browser)
        answers(house, code, browser)
    assert counted(house, code) == (3, 2, 1)
    with house.database.reading() as db:
        chats = list(db.execute(select(tables.sessions.c.contact_id)).scalars())
    assert len(set(chats)) == 2


async def test_who_goes_on_in_another_browser_counts_where_they_answer(house: House, code: str) -> None:
    mine = tokens(house)
    for browser in ("phone", "desk"):
        house.rounds.came(code, mine["ana"], browser)
    answers(house, code, "desk")
    assert counted(house, code) == (3, 2, 1)


@pytest.mark.parametrize("first_answered", [False, True])
async def test_one_browser_answers_for_one_person(house: House, code: str, *, first_answered: bool) -> None:
    mine = tokens(house)
    house.rounds.came(code, mine["ana"], "family")
    if first_answered:
        answers(house, code, "family")
    house.rounds.came(code, mine["ben"], "family")
    if not first_answered:
        answers(house, code, "family")
    assert counted(house, code) == (3, 2, 1)


async def test_what_leads_elsewhere_or_is_made_up_notes_nothing(house: House, code: str) -> None:
    mine, other = tokens(house), house.pulse().code
    assert not house.rounds.came(other, mine["ana"], "browser")
    assert not house.rounds.came("no-such-round", mine["ana"], "browser")
    assert not house.rounds.came(code, mine["ana"][:-2] + "xx", "browser")
    assert [row.through for row in house.table("audience")] == [None] * 3


async def test_who_deletes_their_chat_leaves_no_trace_of_it(house: House, code: str) -> None:
    house.rounds.came(code, tokens(house)["ana"], "browser")
    with house.database.transaction() as db:
        new = makers.new_contact("browser", "web")._replace(address_hash=house.keys.address_hash("web", "browser"))
        (chat,) = contacts.add(db, [new])
        contacts.forget(db, chat.id, house.clock())
    assert [row.through for row in house.table("audience")] == [None] * 3


async def test_when_the_key_of_the_round_goes_nothing_leads_from_an_address_to_a_chat(house: House, code: str) -> None:
    house.rounds.came(code, tokens(house)["ana"], "browser")
    house.rounds.close(code)
    house.clock.forward(days=house.config.privacy.close_days + 1)
    house.sweeps.findings()
    house.sweeps.privacy()
    assert [row.key_sealed for row in house.table("rounds") if row.code == code] == [None]
    assert {(row.contact_id, row.through) for row in house.table("audience")} == {(None, None)}


async def test_who_has_come_gets_no_reminder(house: House, code: str) -> None:
    mine = tokens(house)
    with house.database.transaction() as db:  # as if they had agreed to it
        listed = update(tables.contacts).where(tables.contacts.c.channel == "mail")
        db.execute(listed.values(invite_again_at=house.clock()))
        db.execute(update(tables.outbox).values(status="sent", sent_at=house.clock()))
    house.rounds.came(code, mine["ana"], "browser")
    house.rounds.came(code, mine["ben"], "another")
    answers(house, code, "another")
    house.clock.forward(days=11)
    house.sweeps.rounds()
    reminded = [row for row in house.table("outbox") if row.key.startswith("remind.")]
    assert len(reminded) == 1, "Cyd alone"


# --------------------------------------------------------------------------- the link


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_a_link_knows_whose_it_is_and_does_not_tell_it(round_id: int, contact_id: int) -> None:
    link = mailed.link(KEYS, PAGE, round_id, contact_id)
    assert link == mailed.link(KEYS, PAGE, round_id, contact_id)
    assert mailed.whose(KEYS, token(link)) == (round_id, contact_id)
    assert mailed.whose(OTHERS, token(link)) is None


@given(st.text())
def test_what_is_no_link_of_ours_is_nobodys(words: str) -> None:
    assert mailed.whose(KEYS, words) is None


def test_a_link_stops_no_mails_and_the_way_out_of_mails_is_no_answer() -> None:
    assert leaving.whose(KEYS, token(mailed.link(KEYS, PAGE, 1, 2))) is None
    out = urlsplit(leaving.link(KEYS, "https://city.example", "answer to a mail 1 2")).path.removeprefix("/stop/")
    assert mailed.whose(KEYS, out) is None
    sealed = base64.urlsafe_b64encode(KEYS.seal("answer to a mail 1 2")).decode().rstrip("=")
    assert mailed.whose(KEYS, sealed) is None
