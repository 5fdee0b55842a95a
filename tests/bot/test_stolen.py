"""What a thief learns: of a database, of a database with old backups, of a database with its key file."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from bot import own_data
from bot.channels.base import Again
from storage import sessions
from storage.database import Unopened
from storage.retention import Policy
from storage.sealing import Keys
from storage.tables import metadata
from tests.bot.test_threads import employed, in_round
from tests.bot.test_threads import text as said
from tests.bot.test_turns import INTO
from tests.support.house import RECORD, Citizen, House

if TYPE_CHECKING:
    from collections.abc import Iterable

Row = dict[str, Any]
PEOPLE = ("anna", "ben", "chloe", "dina", "emil", "farid")
CLOSE = Policy().close_days


async def takes_part(house: House, name: str, code: str) -> None:
    """Answer a pulse as everybody does, wishing to hear of the result and to be invited again."""
    citizen = Citizen(house, name)
    house.clock.forward(minutes=7, seconds=len(name), microseconds=sum(name.encode()))
    await citizen.starts(code)
    for step in (*INTO, "Good", "Skip", "Skip", "Skip", "Skip", "Yes", "Yes"):
        house.clock.forward(seconds=11, microseconds=17)
        await citizen.does(step)


async def two_rounds(house: House) -> tuple[int, int]:
    """Let everybody answer two rounds; return their numbers."""
    ids = []
    for order in (PEOPLE, PEOPLE[::-1]):
        made = house.pulse()
        for name in order:
            await takes_part(house, name, made.code)
        await house.delivered()
        house.rounds.close(made.code)
        house.sweeps.rounds()
        ids.append(house.table("rounds")[-1].id)
        house.clock.forward(days=8)
    return ids[0], ids[1]


def over(house: House) -> None:
    """Let the time be over after which nothing links people and answers, and a week more."""
    house.clock.forward(days=CLOSE + 8)
    house.sweeps.findings()
    house.sweeps.privacy()


def stolen(house: House) -> dict[str, list[Row]]:
    """Return all tables, as a thief has them."""
    with house.database.reading() as db:
        return {
            each.name: [dict(row) for row in db.execute(select(each)).mappings()] for each in metadata.sorted_tables
        }


def cells(rows: Iterable[Row]) -> set[str]:
    """Return every value that could be the same elsewhere; numbers of rows say nothing by being equal."""
    return {str(value) for row in rows for value in row.values() if value is not None and not isinstance(value, int)}


def parts(loot: dict[str, list[Row]], round_id: int) -> list[set[str]]:
    """Return what stands beside each pseudonym of a round, wherever it stands."""
    found: dict[bytes, list[Row]] = {}
    for row in (row for rows in loot.values() for row in rows if "pseudonym" in row and row["round_id"] == round_id):
        found.setdefault(bytes(row["pseudonym"]), []).append(row)
    return [cells(rows) for rows in found.values()]


def known(loot: dict[str, list[Row]], keys: Keys | None = None) -> list[set[str]]:
    """Return what stands beside each contact, wherever it stands, and with the keys all that these open."""
    found = []
    for contact in loot["contacts"]:
        beside = [row for rows in loot.values() for row in rows if row.get("contact_id") == contact["id"]]
        opened = (
            {}
            if keys is None
            else {"a": keys.unseal(contact["address_sealed"]), "h": keys.lasting(contact["address_hash"])}
        )
        found.append(cells([contact, opened, *beside]))
    return found


def links(one: list[set[str]], other: list[set[str]]) -> set[str]:
    """Return what stands beside somebody here and somebody there, but not beside every two: by that they are linked."""
    shared = [a & b for a, b in product(one, other)]
    anywhere, everywhere = shared[0].union(*shared), shared[0].intersection(*shared)
    return anywhere - everywhere


async def test_while_a_round_runs_the_owner_can_link_and_the_test_below_would_find_it(house: House) -> None:
    first, second = await two_rounds(house)
    loot = stolen(house)
    assert links(known(loot, house.keys), parts(loot, second))
    rounds = {row["id"]: row["key_sealed"] for row in loot["rounds"]}
    who = {house.keys.pseudonym(house.keys.unseal(rounds[first]), each["address_hash"]) for each in loot["contacts"]}
    assert who == {bytes(row["pseudonym"]) for row in loot["answers"] if row["round_id"] == first}


async def test_after_its_time_not_even_database_and_key_file_link_two_rounds_of_one_person(house: House) -> None:
    first, second = await two_rounds(house)
    over(house)
    loot = stolen(house)
    assert all(row["key_sealed"] is None for row in loot["rounds"])
    assert len(loot["contacts"]) == len(PEOPLE)
    assert len(parts(loot, first)) == len(parts(loot, second)) == len(PEOPLE)
    assert links(parts(loot, first), parts(loot, second)) == set()
    people = known(loot, house.keys)
    assert links(people, parts(loot, first)) == set()
    assert links(people, parts(loot, second)) == set()
    assert loot["sessions"] == []


async def test_what_somebody_was_told_of_their_answers_the_day_before_outlives_no_key(house: House) -> None:
    _, second = await two_rounds(house)
    house.clock.forward(days=CLOSE - 9)
    house.sweeps.findings()
    asked_on = house.clock()
    for name in PEOPLE:
        told = said(await Citizen(house, name).says("MYDATA"))
        for receipt in re.findall(r"[A-Z0-9]{4}(?:-[A-Z0-9]{4}){2}", told):
            assert "These are your answers" in said(await Citizen(house, name).says(receipt))
    await house.delivered()
    house.clock.forward(days=2)
    house.sweeps.privacy()
    loot = stolen(house)
    assert next(row for row in loot["rounds"] if row["id"] == second)["key_sealed"] is None
    late = [row["body"] for row in loot["outbox"] if row["created_at"] == asked_on]
    assert late
    assert not [body for body in late if "Good" in body]


async def two_rounds_that_were_asked(house: House) -> tuple[int, int]:
    """Ask everybody who agreed into two rounds one after the other, report what came of the first; return their ids."""
    ids = []
    for n in range(2):
        closes_at = house.clock() + timedelta(days=20)
        record = {**RECORD, "decided_on": "2027-12-01", "feedback_on": "2027-12-15"}
        made = house.need(audience="agreed", title=f"Need {n}", closes_at=closes_at, record=record)
        house.sweeps.rounds()
        await house.delivered()
        ids.append(house.table("rounds")[-1].id)
        house.clock.forward(days=CLOSE + 10)
        assert house.rounds.counts(made.code).invited == len(PEOPLE)
        house.sweeps.rounds()
    return ids[0], ids[1]


async def test_after_its_time_nobody_knows_who_was_asked_and_how_many_stays(house: House) -> None:
    await two_rounds(house)
    asked = await two_rounds_that_were_asked(house)
    assert {row["contact_id"] for row in stolen(house)["invitations"]} >= {row.id for row in house.table("contacts")}
    over(house)
    loot = stolen(house)
    people, rounds = known(loot, house.keys), [[cells([row])] for row in loot["rounds"] if row["id"] in asked]
    assert len(people) == len(PEOPLE)
    assert all(links(people, each) == set() for each in rounds)
    letters = [row for row in loot["invitations"] if row["round_id"] in asked]
    assert {row["contact_id"] for row in letters} == {None}
    assert len([row for row in letters if row["which"] == "invitation"]) == 2 * len(PEOPLE)
    ended = {row["id"]: row["closed_at"] for row in loot["rounds"]}
    assert all(row["created_at"] == ended[row["round_id"]] for row in letters)


async def test_mydata_tells_what_somebody_was_asked_into_until_that_is_forgotten(house: House) -> None:
    await two_rounds(house)
    await two_rounds_that_were_asked(house)
    anna = Citizen(house, "anna")
    assert "We wrote to you about: the opening hours of the library.\n" in said(await anna.says("MYDATA"))
    assert [each.about for each in everything(house) if each.about == "written_to"]
    over(house)
    assert "We wrote to you" not in said(await anna.says("MYDATA"))
    assert not [each for each in everything(house) if each.about == "written_to"]


def everything(house: House) -> list[own_data.Entry]:
    with house.database.reading() as db:
        return own_data.kept(db, house.config, house.library, house.keys, house.contact("anna"))


async def test_of_who_said_stop_and_deleted_everything_no_address_is_kept(house: House) -> None:
    made = house.pulse()
    await takes_part(house, "anna", made.code)
    anna = Citizen(house, "anna")
    for words in ("STOP", "DELETE", "yes"):
        house.clock.forward(minutes=1)
        await anna.says(words)
    await house.delivered()
    assert house.contact("anna").stopped_at
    for _ in range(4):
        house.clock.forward(days=31)
        house.sweeps.privacy()
    assert stolen(house)["contacts"] == []


async def test_moments_of_contacts_lie_in_no_hour_of_their_answers(house: House) -> None:
    await two_rounds(house)
    over(house)
    loot = stolen(house)
    exact = [
        value for row in loot["contacts"] + loot["wishes"] for value in row.values() if isinstance(value, datetime)
    ]
    assert exact
    said = [row["answered_at"] for row in loot["answers"]]
    assert min(abs(at - other) for at in exact for other in said) > timedelta(hours=1)
    assert {(at.weekday(), at.hour, at.minute) for at in exact} == {(0, 0, 0)}


async def test_of_a_database_alone_no_address_is_read_or_guessed(house: House) -> None:
    await two_rounds(house)
    loot = stolen(house)
    other = Keys([b"x" * 32])
    hashes = {bytes(row["address_hash"]) for row in loot["contacts"]}
    for name in PEOPLE:
        assert other.address_hash("pigeon", name) not in hashes
        assert name not in {value for row in loot["contacts"] for value in cells([row])}
    for row in loot["contacts"]:
        with pytest.raises(Unopened):
            other.unseal(row["address_sealed"])
    for row in loot["rounds"]:
        with pytest.raises(Unopened):
            other.unseal(row["key_sealed"])


def readable(house: House) -> str:
    """Return every text of the database, as a thief without the keys reads it."""
    return "\n".join(str(value) for rows in stolen(house).values() for row in rows for value in row.values())


async def test_what_is_written_with_staff_is_read_neither_before_nor_after_it_is_sent(house: House) -> None:
    maya, citizen = await employed(house, "Maya"), Citizen(house, "zoe")
    await in_round(house, citizen)
    await citizen.says("HUMAN")
    house.pigeon.receipts[maya.address] = [Again(timedelta(hours=1), "busy")]
    await citizen.says("my landlord threatens me")
    assert [row for row in house.table("outbox") if row.status == "due"]
    assert "landlord" not in readable(house)
    house.clock.forward(hours=1)
    await house.delivered()
    assert "landlord" in said(house.said(maya.address))
    assert "landlord" not in readable(house)
    await maya.taps("Reply")
    await maya.says("we know a lawyer")
    await house.delivered()
    assert "a lawyer" in said(house.said("zoe"))
    assert "a lawyer" not in readable(house)


async def test_a_receipt_is_read_in_the_messages_that_told_it_and_nowhere_else(house: House) -> None:
    code, citizen = house.pulse().code, Citizen(house, "zoe")
    await takes_part(house, "zoe", code)
    receipt = said(house.said("zoe")).split("receipt is ")[1][:14]
    told = {name for name, rows in stolen(house).items() if any(receipt in str(row.values()) for row in rows)}
    assert told == {"outbox"}
    for who, word in ((citizen, "MYDATA"), (Citizen(house, "elsewhere"), receipt)):
        assert receipt in said(await who.says(word))
    house.clock.forward(days=8)
    await takes_part(house, "zoe", code)
    assert said(house.said("zoe")).count(receipt) == 3


async def test_a_receipt_kept_before_receipts_were_sealed_still_holds_and_is_sealed_with_the_next_word(
    house: House,
) -> None:
    code, citizen = house.pulse().code, Citizen(house, "zoe")
    await takes_part(house, "zoe", code)
    receipt = said(house.said("zoe")).split("receipt is ")[1][:14]
    with house.database.transaction() as db:
        (row,) = sessions.all_of(db, house.contact("zoe").id)
        plain = sessions.shown(row.body, house.keys)
        db.execute(update(metadata.tables["sessions"]).values(body=plain))
    assert receipt in plain
    assert receipt in said(await citizen.says("MYDATA"))
    await citizen.says("CHANGE")
    (row,) = house.table("sessions")
    assert receipt not in row.body
    assert sessions.shown(row.body, house.keys).count(receipt) == 1


async def test_links_that_let_somebody_in_are_not_read(house: House) -> None:
    maya, citizen = await employed(house, "Maya"), Citizen(house, "zoe")
    await in_round(house, citizen)
    for who, word, link in ((maya, "/manage", "token="), (citizen, "MYDATA", "/mydata/")):
        assert link in said(await who.says(word))
        assert link not in readable(house)


async def test_an_old_backup_still_has_the_link_that_the_database_has_destroyed(house: House) -> None:
    """So backups have an end: `[privacy] backup_days`."""
    first, _ = await two_rounds(house)
    old = stolen(house)
    over(house)
    loot = stolen(house)
    assert any(row["round_id"] == first for row in old["sessions"])
    assert {row["contact_id"] for row in old["sessions"]} <= {row["id"] for row in loot["contacts"]}
    assert loot["sessions"] == []


async def test_who_deletes_and_comes_back_has_another_number_and_nothing_of_before(house: House) -> None:
    made = house.pulse()
    await takes_part(house, "anna", made.code)
    before = stolen(house)
    anna = Citizen(house, "anna")
    house.clock.forward(minutes=1)
    await anna.says("DELETE")
    await anna.says("yes")
    after = stolen(house)
    assert [row["id"] for row in after["contacts"]] != [row["id"] for row in before["contacts"]]
    for table in ("answers", "sessions"):
        assert before[table]
        assert after[table] == []
    assert after["contacts"][0]["invite_again_at"] is None
    house.clock.forward(minutes=1)
    await takes_part(house, "anna", made.code)
    again = stolen(house)
    receipts = [{bytes(row["receipt_hash"]) for row in each["sessions"]} for each in (before, again)]
    assert not receipts[0] & receipts[1]
