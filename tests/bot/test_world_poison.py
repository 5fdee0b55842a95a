"""One row, one contact or one round that cannot be read holds up nobody else, and nothing of it is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from bot.turns import ATTEMPTS
from storage import inbox, tables
from storage.sealing import Keys
from tests.bot.jobs.test_sweeps import state
from tests.bot.test_turns import INTO
from tests.support.house import NOON, Citizen, House, raw

FOREIGN = Keys([b"x" * 32])
"""Keys of another installation: what they seal nobody here opens."""


def spoil(house: House, change: Any) -> None:
    """Write what should never stand in a database, and let nobody remember how it was."""
    with house.database.transaction() as db:
        db.execute(change)
    house.library._played.clear()
    house.library._versions.clear()


async def rung(house: House, times: int = 1) -> None:
    """Let the sweep take what waits."""
    for _ in range(times):
        await house.turns.again()


def statuses(house: House) -> dict[str, str]:
    """Return what became of each update that is not done."""
    return {row.external_id: row.status for row in house.table("inbox") if row.status != "done"}


async def test_a_session_that_cannot_be_read_stops_its_own_contact_only_and_keeps_what_they_send(
    house: House, citizen: Citizen
) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    spoil(house, update(tables.sessions).values(body='{"flow": "nonsense'))
    other = Citizen(house, "other")
    with capture_logs() as lines:
        await house.turns.accept(
            [
                raw("c1", key="bad", text="Yes"),
                raw("other", text="/start", about={"start": code}),
            ]
        )
        await rung(house, ATTEMPTS)
    await other.does(*INTO)
    assert statuses(house) == {"bad": "failed"}
    (told,) = [line for line in lines if line["event"] == "turn.given_up"]
    kept = next(row for row in house.table("inbox") if row.external_id == "bad")
    assert told["inbox"] == kept.id
    assert b"Yes" in house.keys.unseal_bytes(kept.body)


async def test_a_round_whose_flow_is_gone_stops_its_own_talkers_only(house: House, citizen: Citizen) -> None:
    mine, theirs = house.pulse("library").code, house.pulse("bus7").code
    await citizen.starts(mine)
    other = Citizen(house, "other")
    await other.starts(theirs)
    library = next(row.id for row in house.table("rounds") if row.code == mine)
    spoil(house, update(tables.rounds).where(tables.rounds.c.id == library).values(version=99))
    spoil(house, update(tables.sessions).where(tables.sessions.c.round_id == library).values(version=99))
    await house.turns.accept([raw("c1", key="bad", text="Yes"), raw("other", key="good", text="Yes")])
    await rung(house, ATTEMPTS)
    assert "good" not in statuses(house)
    assert len(house.said("other")) == 2


async def test_a_round_key_that_cannot_be_opened_stops_its_own_talkers_only(house: House, citizen: Citizen) -> None:
    mine, theirs = house.pulse("library").code, house.pulse("bus7").code
    await citizen.starts(mine)
    other = Citizen(house, "other")
    await other.starts(theirs)
    await citizen.does(*INTO)
    await other.does(*INTO)
    foreign = update(tables.rounds).where(tables.rounds.c.code == mine).values(key_sealed=FOREIGN.seal("a key"))
    spoil(house, foreign)
    await house.turns.accept([raw("c1", key="bad", text="Good"), raw("other", key="good", text="Good")])
    await rung(house, ATTEMPTS)
    assert statuses(house) == {"bad": "failed"}
    assert [answer.choice for answer in other.answers(theirs)] == ["4"]


async def test_an_inbox_row_that_cannot_be_opened_is_reported_and_those_behind_it_are_taken(
    house: House, citizen: Citizen
) -> None:
    code = house.pulse().code
    with house.database.transaction() as db:
        inbox.accept(db, [raw("c9", key="sealed", text="hello")], house.clock(), FOREIGN)
        inbox.accept(db, [raw("c1", key="behind", text="/start", about={"start": code})], house.clock(), house.keys)
    with capture_logs() as lines:
        await rung(house, ATTEMPTS)
    assert statuses(house) == {"sealed": "unreadable"}
    assert len(house.said("c1")) == 1
    row = next(row.id for row in house.table("inbox") if row.external_id == "sealed")
    assert [line["inbox"] for line in lines if line["event"] == "update.unreadable"] == [row]


async def test_who_has_an_address_that_cannot_be_opened_waits_alone_until_it_can(
    house: House, citizen: Citizen
) -> None:
    await citizen.says("/help")
    await Citizen(house, "other").says("/help")
    mine = update(tables.contacts).where(tables.contacts.c.id == house.contact("c1").id)
    spoil(house, mine.values(address_sealed=FOREIGN.seal("c1")))
    with capture_logs() as lines:
        for _ in range(8):
            await house.delivered()
            house.clock.forward(hours=2)
    assert [message.address for message in house.pigeon.sent] == ["other"]
    assert any("put back the key file" in line["reason"] for line in lines if line["event"] == "delivery.failing")
    spoil(house, mine.values(address_sealed=house.keys.seal("c1")))
    await house.delivered()
    assert [message.address for message in house.pigeon.sent] == ["other", "c1"]


async def test_an_answer_with_signs_no_database_takes_is_kept_without_them(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO, "Poor")
    await citizen.says("too \0 loud \ud83d here")
    assert statuses(house) == {}
    (text,) = [answer.text for answer in citizen.answers(code) if answer.text]
    assert text.startswith("too")
    assert text.endswith("here")


async def test_a_text_of_a_million_signs_is_one_ordinary_turn(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO, "Poor")
    said = await citizen.says("x" * 1_000_000)
    assert said
    assert statuses(house) == {}
    assert all(len(answer.text or "") <= 20_000 for answer in citizen.answers(code))


# --------------------------------------------------------------------------- what the clock does


def test_a_round_that_cannot_be_played_lets_the_other_rounds_open_and_close(house: House) -> None:
    days: dict[str, Any] = {"opens_at": NOON + timedelta(days=1), "closes_at": NOON + timedelta(days=3)}
    first, second = (house.need(audience="agreed", **days).code for _ in range(2))
    spoil(house, update(tables.rounds).where(tables.rounds.c.code == first).values(version=99))
    house.clock.forward(days=1)
    with pytest.raises(ExceptionGroup, match=f"round {first}"):
        house.sweeps.rounds()
    assert state(house, second) == "open"
    house.clock.forward(days=2)
    house.sweeps.rounds()
    assert (state(house, first), state(house, second)) == ("closed", "closed")


async def test_a_session_that_cannot_be_read_lets_the_others_be_reminded_and_ended(
    house: House, citizen: Citizen
) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await Citizen(house, "other").starts(code)
    mine = house.contact("c1").id
    spoil(house, update(tables.sessions).where(tables.sessions.c.contact_id == mine).values(body="{"))
    house.clock.forward(days=house.config.privacy.draft_days + 1)
    with pytest.raises(ExceptionGroup, match=f"session of contact {mine}"):
        house.sweeps.sessions()
    ended = {row.contact_id for row in house.table("sessions") if row.status != "active"}
    assert ended == {house.contact("other").id}
