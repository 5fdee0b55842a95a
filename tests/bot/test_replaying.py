"""After a restore nobody is back who has gone since the backup, and whoever said STOP is left in peace."""

from __future__ import annotations

import os
import re
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from bot.counter import Voice
from bot.erasure import Eraser
from bot.ledger import Guest, Ledger
from bot.replaying import Replay
from storage import answers, apart, backups, contacts, deletions, findings, looks, people, rounds, tables, wishes
from storage.database import Database, StorageTrouble
from storage.people import Link
from storage.sealing import Keys
from tests.bot.test_counter import PULSE, Taking
from tests.bot.test_desk import finished
from tests.bot.test_elsewhere import begun
from tests.bot.test_turns import INTO, to_review
from tests.storage.makers import DAY, NOW
from tests.support.house import Citizen, House

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECRET = b"a secret of enough signs"


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Database]:
    with closing(Database.open(f"sqlite:///{tmp_path / 'restored.db'}")) as opened:
        yield opened


def backed_up(house: House) -> Path:
    file = house.folder / "city.backup"
    backups.write(house.database, file, SECRET, house.clock(), lambda *_: None, None, bytes(16))
    house.clock.forward(minutes=1)
    return file


def log_of(house: House) -> list[deletions.Entry]:
    file = deletions.beside(house.config.privacy.key_file)
    return list(deletions.read(file)) if file.exists() else []


def restored(house: House, file: Path, into: Database) -> Counter[str]:
    backups.prepare(into, backups.check(file, SECRET))
    with into.transaction() as db:
        backups.fill(db, file, SECRET, lambda *_: None)
        return Replay(db, house.keys, Eraser(house.library, house.mint), log_of(house), house.clock()).run()


def count(database: Database, table: str) -> int:
    with database.reading() as db:
        return db.execute(select(func.count()).select_from(tables.metadata.tables[table])).scalar_one()


def back(house: House, database: Database, address: str) -> contacts.Contact | None:
    """Return a contact as the restored database knows it."""
    with database.reading() as db:
        found = contacts.find(db, [("pigeon", house.keys.address_hash("pigeon", address))])
    return next(iter(found.values()), None)


async def test_who_deletes_after_the_backup_is_not_there_after_the_restore(
    house: House, citizen: Citizen, empty: Database
) -> None:
    code, other = house.pulse().code, Citizen(house, "other")
    await finished(citizen, code)
    await finished(other, code)
    file = backed_up(house)
    await citizen.says("DELETE")
    await citizen.says("yes")
    house.clock.forward(hours=1)
    done = restored(house, file, empty)
    assert done == {"deleted": 1}
    assert back(house, empty, "c1") is None
    assert back(house, empty, "other")
    assert count(empty, "sessions") == 1
    assert count(empty, "answers") == len(other.answers(code)) > 0


async def test_the_log_names_nobody(house: House) -> None:
    citizen = Citizen(house, "zenobia")
    code = house.pulse().code
    await finished(citizen, code)
    with house.database.reading() as db:
        hidden = ["zenobia", *(each.address_hash.hex() for each in contacts.every(db))]
    await citizen.says("STOP")
    await citizen.says("DELETE")
    await citizen.says("yes")
    body = deletions.beside(house.config.privacy.key_file).read_text()
    assert '"deleted"' in body
    assert {each.what for each in log_of(house)} == {"deleted", "stopped"}
    assert not any(each in body for each in hidden)
    assert deletions.beside(house.config.privacy.key_file).stat().st_mode & 0o077 == 0


async def test_words_go_and_figures_stay_of_who_deletes_after_the_count(
    house: House, citizen: Citizen, empty: Database
) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO, "Good")
    await citizen.says("private words")
    house.rounds.close(code)
    house.clock.forward(days=15)
    house.sweeps.findings()
    file = backed_up(house)
    await citizen.says("DELETE")
    await citizen.taps("Yes")
    restored(house, file, empty)
    with empty.reading() as db:
        kept = db.execute(select(tables.answers.c.choice, tables.answers.c.text, tables.answers.c.pseudonym)).all()
    assert [each.choice for each in kept if each.choice] == ["4"]
    assert all(each.text is None for each in kept)
    assert not {bytes(each.pseudonym) for each in kept} & {bytes(row.pseudonym) for row in house.table("answers")}


async def test_a_part_deleted_by_its_receipt_leaves_no_letters_that_tell_of_it(house: House, citizen: Citizen) -> None:
    receipt = await finished(citizen, house.pulse().code)
    with house.database.transaction() as db:
        for which in ("invitation", "silence", "again.1"):
            rounds.invite(db, 1, [1], which, house.clock())
    await citizen.says(receipt)
    await citizen.says("DELETE")
    await citizen.says("yes")
    with house.database.reading() as db:
        assert [which for _, which, _ in rounds.written_to(db, 1)] == ["invitation"]
        assert rounds.invited(db, 1) == {"invitation": 1, "silence": 1, "again.1": 1}


async def test_a_part_deleted_by_its_receipt_is_gone_and_the_rest_stays(
    house: House, citizen: Citizen, empty: Database
) -> None:
    first, second = house.pulse().code, house.pulse(service="bus7").code
    receipt = await finished(citizen, first)
    await finished(citizen, second)
    file = backed_up(house)
    elsewhere = Citizen(house, "elsewhere")
    await elsewhere.says(receipt)
    await elsewhere.says("DELETE")
    await elsewhere.taps("Yes")
    restored(house, file, empty)
    assert back(house, empty, "c1")
    assert count(empty, "sessions") == 1
    assert count(empty, "answers") == len(citizen.answers(second)) > 0


@pytest.mark.parametrize("closed", [False, True], ids=["open", "closed"])
async def test_of_a_part_deleted_by_its_receipt_no_entry_comes_back_and_what_stays_is_no_voice_of_one_person(
    house: House, citizen: Citizen, empty: Database, closed: bool
) -> None:
    code = house.pulse().code
    voice = Voice.of("organisation", None, "The Choir")
    receipt = Taking(house, code, voice=voice).does(*PULSE).receipt
    await citizen.says(receipt)
    await citizen.says("DELETE")
    if closed:
        house.rounds.close(code)
        with house.database.transaction() as db:
            findings.keep(db, 1, house.clock(), "{}")
    file = backed_up(house)
    await citizen.says("yes")
    restored(house, file, empty)
    assert count(empty, "entries") == count(empty, "sessions") == 0
    with empty.reading() as db:
        stayed = {bytes(who) for who in db.execute(select(tables.answers.c.pseudonym)).scalars()}
        assert {who: kind for (_, who), kind in apart.kept(db, round_id=1).items()} == dict.fromkeys(
            stayed, "organisation"
        )
    assert len(stayed) == closed


async def test_a_part_that_went_elsewhere_and_was_deleted_there_is_gone_where_it_was(
    house: House, citizen: Citizen, empty: Database
) -> None:
    code = house.pulse().code
    receipt = await begun(citizen, code)
    file = backed_up(house)
    elsewhere = Citizen(house, "elsewhere")
    await elsewhere.says(receipt)
    await elsewhere.says("OK")
    assert elsewhere.answers(code)
    await elsewhere.says("DELETE")
    await elsewhere.says("yes")
    restored(house, file, empty)
    assert count(empty, "answers") == 0
    assert count(empty, "sessions") == 0


async def test_stop_holds_and_the_last_word_counts(house: House, citizen: Citizen, empty: Database) -> None:
    code, wavering, gone = house.pulse().code, Citizen(house, "wavering"), Citizen(house, "gone")
    for each in (citizen, wavering, gone):
        await finished(each, code)
    await wavering.says("STOP")
    file = backed_up(house)
    for each in (citizen, gone):
        house.clock.forward(minutes=1)
        await each.says("STOP")
    house.clock.forward(minutes=1)
    await wavering.starts()
    await gone.says("DELETE")
    await gone.says("yes")
    restored(house, file, empty)
    known = {name: back(house, empty, name) for name in ("c1", "wavering", "gone")}
    stopped = {name: one is not None and one.stopped_at is not None for name, one in known.items()}
    assert stopped == {"c1": True, "wavering": False, "gone": True}
    assert count(empty, "sessions") == 2


async def test_a_block_outlives_a_deletion_that_is_done_once_more(
    house: House, citizen: Citizen, empty: Database
) -> None:
    await finished(citizen, house.pulse().code)
    with house.database.transaction() as db:
        contacts.set_blocked(db, house.contact("c1").id, house.clock(), "insults")
    file = backed_up(house)
    house.clock.forward(minutes=1)
    await citizen.says("DELETE")
    await citizen.says("yes")
    restored(house, file, empty)
    found = back(house, empty, "c1")
    assert found is not None
    assert found.blocked_why == "insults"


async def test_who_left_and_came_back_before_the_backup_stays(house: House, citizen: Citizen, empty: Database) -> None:
    code = house.pulse().code
    await finished(citizen, code)
    await citizen.says("DELETE")
    await citizen.says("yes")
    house.clock.forward(minutes=1)
    await finished(citizen, code)
    file = backed_up(house)
    assert restored(house, file, empty) == {}
    assert back(house, empty, "c1")
    assert count(empty, "answers") == len(citizen.answers(code)) > 0


async def test_the_quiet_list_and_a_yes_taken_back_hold(house: House, citizen: Citizen, empty: Database) -> None:
    code = house.pulse().code
    await finished(citizen, code)
    with house.database.transaction() as db:
        contacts.set_invite_again(db, house.contact("c1").id, house.clock())
    file = backed_up(house)
    house.clock.forward(minutes=1)
    house.rounds.hush(["a@b.example"])
    with house.database.transaction() as db:
        ledger = Ledger(house.clock(), keys=house.keys)
        ledger.change(Guest(house.contact("c1")), invite_again_at=None)
        ledger.flush(db)
    assert restored(house, file, empty) == {"hushed": 1, "uninvited": 1}
    with empty.reading() as db:
        assert db.execute(select(tables.quiet.c.hash)).scalar_one() == house.keys.quiet_hash("mail", "a@b.example")
    found = back(house, empty, "c1")
    assert found is not None
    assert found.invite_again_at is None


async def test_no_yes_to_quotes_or_results_comes_back_once_taken_back(
    house: House, citizen: Citizen, empty: Database
) -> None:
    code, other = house.pulse().code, Citizen(house, "other")
    for each in (citizen, other):
        await each.starts(code)
        await each.does(*INTO, "Good")
        await each.says("loud on Sundays")
        await each.does("Skip", "Skip", "Skip", "Yes", "Yes")
    with house.database.transaction() as db:
        ids = [house.contact(name).id for name in ("c1", "other")]
        wishes.add(db, [(1, each) for each in ids], house.clock())
    file = backed_up(house)
    before = len(log_of(house))
    await citizen.says("CHANGE")
    await citizen.does("6", "No", "OK")
    with house.database.transaction() as db:
        ledger, who = Ledger(house.clock(), keys=house.keys), citizen.answers(code)[0].pseudonym
        for _ in range(2):
            ledger.wish((1, who), Guest(house.contact("c1")), wanted=False)
            ledger.flush(db)
    assert len(log_of(house)) == before + 2
    assert restored(house, file, empty) == {"unquoted": 1, "unwished": 1}
    with empty.reading() as db:
        told = db.execute(select(tables.answers.c.pseudonym, tables.answers.c.quotable)).all()
        mine = {bytes(row.pseudonym) for row in house.table("answers") if not row.quotable}
        assert {row.quotable for row in told if bytes(row.pseudonym) in mine} == {False}
        assert {row.quotable for row in told if bytes(row.pseudonym) not in mine} == {True}
        assert wishes.of(db, 1) == [ids[1]]


async def finished_with_wish(citizen: Citizen, code: str) -> str:
    """Skip all questions to the end, but wish for the result; return the receipt."""
    await citizen.starts(code)
    await citizen.does(*INTO)
    await to_review(citizen, send_you_the_result="Yes")
    (said,) = await citizen.says("OK")
    return said.text.split("receipt is ")[1].split(".")[0]


async def no_result_after_all(citizen: Citizen) -> None:
    listed = citizen.house.said(citizen.address)[-1].text
    (number,) = re.findall(r"(?m)^(\d+)\D.*the result", listed)
    await citizen.says(number)
    await citizen.taps("No")
    await citizen.says("OK")


async def test_a_wish_taken_back_elsewhere_does_not_come_back_where_it_was(
    house: House, citizen: Citizen, empty: Database
) -> None:
    code, other = house.need().code, Citizen(house, "other")
    receipt = await finished_with_wish(citizen, code)
    await finished_with_wish(other, code)
    with house.database.reading() as db:
        assert len(wishes.of(db, 1)) == 2
    file = backed_up(house)
    elsewhere = Citizen(house, "elsewhere")
    await elsewhere.says(receipt)
    await elsewhere.says("CHANGE")
    await no_result_after_all(elsewhere)
    with house.database.reading() as db:
        assert wishes.of(db, 1) == [house.contact("other").id]
    assert [each.who for each in log_of(house) if each.what == deletions.UNWISHED] == [""]
    assert restored(house, file, empty) == {"unwished": 1}
    with empty.reading() as db:
        assert wishes.of(db, 1) == [house.contact("other").id]


async def test_no_wish_and_no_yes_to_invitations_from_before_a_stop_comes_back(
    house: House, citizen: Citizen, empty: Database
) -> None:
    await finished_with_wish(citizen, house.need().code)
    with house.database.transaction() as db:
        contacts.set_invite_again(db, house.contact("c1").id, house.clock())
    file = backed_up(house)
    house.clock.forward(minutes=1)
    await citizen.says("STOP")
    house.clock.forward(minutes=1)
    await citizen.says("START")
    restored(house, file, empty)
    with empty.reading() as db:
        assert wishes.of(db, 1) == []
    found = back(house, empty, "c1")
    assert found is not None
    assert (found.stopped_at, found.invite_again_at) == (None, None)


@pytest.mark.parametrize("linked", [True, False])
async def test_a_yes_taken_back_after_the_closing_does_not_come_back(
    house: House, citizen: Citizen, empty: Database, linked: bool
) -> None:
    code = house.need().code
    await citizen.starts(code)
    await citizen.does(*INTO, "Yes, often")
    await citizen.says("It is cold in the reading room")
    await to_review(citizen, quote="Yes", send_you_the_result="Yes")
    await citizen.says("OK")
    await house.delivered()
    house.rounds.close(code)
    for _ in range(0 if linked else 3):
        house.clock.forward(days=20)
        house.sweeps.findings()
        house.sweeps.privacy()
    file = backed_up(house)
    house.clock.forward(days=8)
    await citizen.says("CHANGE")
    for _ in range(2 if linked else 1):
        await citizen.says("1")
    assert restored(house, file, empty) == ({"unquoted": 1} if linked else {}) | {"unwished": 1}
    assert House(empty, house.folder, house.mint, house.clock).rounds.prove(code).whole


async def test_a_wish_taken_back_under_an_earlier_version_does_not_come_back(
    house: House, citizen: Citizen, empty: Database
) -> None:
    await finished_with_wish(citizen, house.need().code)
    file = backed_up(house)
    line = deletions.Entry(house.clock(), deletions.UNWISHED, deletions.sign(house.keys, house.contact("c1")), (), 1)
    deletions.record(house.keys, [line])
    assert restored(house, file, empty) == {"unwished": 1}


async def test_a_yes_to_quotes_of_a_part_that_began_later_is_not_touched(
    house: House, citizen: Citizen, empty: Database
) -> None:
    await finished(citizen, house.pulse().code)
    (who,) = {bytes(row.pseudonym) for row in house.table("answers")}
    with house.database.transaction() as db:
        answers.quotable(db, [(1, who, True)])
    old = deletions.Entry(NOW - DAY, deletions.UNQUOTED, "", (deletions.part(house.keys, who),), 1)
    deletions.record(house.keys, [old])
    assert restored(house, backed_up(house), empty) == {}


def test_roles_taken_away_stay_away_and_no_sign_in_or_link_works_any_more(house: House, empty: Database) -> None:
    now, cookie = house.clock(), house.keys.token_hash("cookie")
    tokens = [house.keys.token_hash(each) for each in ("used", "waiting")]
    with house.database.transaction() as db:
        gone, stays = (people.add(db, name, "en", now) for name in ("Mallory", "Maya"))
        for person, role in ((gone, "manager"), (stays, "manager"), (stays, "organiser")):
            people.grant(db, person.id, role, "*", now)
        for each in tokens:
            people.add_link(db, Link(each, "invite", now, now + 7 * DAY, None, "manager", "*", "New"))
        people.sign_in(db, cookie, gone.id, now, now + DAY)
    file = backed_up(house)
    with house.database.transaction() as db:
        left = [(gone, people.roles_of(db, gone.id)[0]), (stays, people.roles_of(db, stays.id)[1])]
        signs = [deletions.role(house.keys, *each) for each in left]
        deletions.record(house.keys, [deletions.Entry(house.clock(), deletions.DISMISSED, sign) for sign in signs])
    assert "Mallory" not in deletions.beside(house.config.privacy.key_file).read_text()
    assert restored(house, file, empty) == {"dismissed": 2}
    with empty.reading() as db:
        assert people.roles_of(db, gone.id) == []
        assert [(one.role, one.service) for one in people.roles_of(db, stays.id)] == [("manager", "*")]
        assert people.signed_in(db, cookie, now) is None
        assert [people.look_at_link(db, each, now) for each in tokens] == [None, None]
        assert [(one.who, '"did": "role_taken"' in one.what) for one in looks.of(db, "*")] == [("restore", True)] * 2


def test_a_role_given_again_before_the_backup_stays(house: House, empty: Database) -> None:
    with house.database.transaction() as db:
        maya = people.add(db, "Maya", "en", house.clock())
        people.grant(db, maya.id, "manager", "*", house.clock())
        (role,) = people.roles_of(db, maya.id)
    old = deletions.Entry(role.created_at - DAY, deletions.DISMISSED, deletions.role(house.keys, maya, role))
    deletions.record(house.keys, [old])
    assert restored(house, backed_up(house), empty) == {}


WHOLE = b'{"at": "2026-11-30T08:00:00+00:00", "what": "deleted", "who": "bb", "parts": ["cc", "dd"], "round": 12}'


@pytest.mark.parametrize("damage", [b'{"at": 2026-', b"\xff\x00", b'{"what": "deleted"}', b"[]", WHOLE[:-1] + b"]"])
def test_a_damaged_line_stops_the_restore_and_is_named(tmp_path: Path, mint: Callable[[], str], damage: bytes) -> None:
    keys = Keys.load(tmp_path / "keys", mint)
    log = deletions.beside(tmp_path / "keys")
    deletions.record(keys, [deletions.Entry(NOW, "deleted", name) for name in ("aa", "bb", "cc")])
    first, _, last = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(first + damage + b"\n" + last)
    with pytest.raises(StorageTrouble, match=r"line 2 of the log of deletions .* is damaged"):
        list(deletions.read(log))
    log.write_bytes(first + last + damage)
    assert [each.who for each in deletions.read(log)] == ["aa", "cc"]
    deletions.record(keys, [deletions.Entry(NOW, "deleted", "dd")])
    assert [each.who for each in deletions.read(log)] == ["aa", "cc", "dd"]


@pytest.mark.parametrize("length", range(1, len(WHOLE)))
def test_a_line_torn_under_an_earlier_version_is_passed_over_and_told(tmp_path: Path, length: int) -> None:
    log, told = tmp_path / deletions.FILE, list[int]()
    log.write_bytes(WHOLE + b"\n" + WHOLE[:length] + b"\n" + WHOLE + b"\n")
    assert [each.who for each in deletions.read(log, told.append)] == ["bb", "bb"]
    assert told == [2]
    assert deletions.prune(log, NOW - 99 * DAY, told.append) == 0
    assert told == [2, 2]
    assert log.read_bytes() == (WHOLE + b"\n") * 2


def test_a_line_cut_off_with_nothing_behind_it_is_damaged(tmp_path: Path) -> None:
    log = tmp_path / deletions.FILE
    log.write_bytes(WHOLE + b"\n" + WHOLE[:30] + b"\n")
    with pytest.raises(StorageTrouble, match=r"line 2 .* is damaged"):
        list(deletions.read(log))


def test_a_damaged_line_stays_until_what_is_behind_it_goes(tmp_path: Path, mint: Callable[[], str]) -> None:
    keys, told = Keys.load(tmp_path / "keys", mint), list[int]()
    log = deletions.beside(tmp_path / "keys")
    deletions.record(keys, [deletions.Entry(NOW + n * DAY, "deleted", name) for n, name in enumerate(("aa", "bb"))])
    first, last = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(first + b"\xff\x00\n" + last)
    assert deletions.prune(log, NOW, told.append) == 0
    assert deletions.prune(log, NOW + DAY, told.append) == 1
    assert log.read_bytes() == b"\xff\x00\n" + last
    assert deletions.prune(log, NOW + DAY, told.append) == 0
    assert told == [2, 2, 1]


async def test_a_damaged_line_of_the_log_stops_no_sweep_and_is_warned_of(house: House, citizen: Citizen) -> None:
    await finished(citizen, house.pulse().code)
    await citizen.says("STOP")
    log = deletions.beside(house.config.privacy.key_file)
    log.write_bytes(b'{"at": torn}\n' + log.read_bytes())
    for days, left in ((0, [1]), (house.config.privacy.backup_days + 1, [1]), (1, [])):
        house.clock.forward(days=days)
        with capture_logs() as lines:
            house.sweeps.privacy()
        assert [each["lines"] for each in lines if each["event"] == "deletions.damaged"] == [left] * bool(left)
    assert log.read_bytes() == b""


def test_a_whole_line_that_lost_only_its_end_still_counts(tmp_path: Path, mint: Callable[[], str]) -> None:
    keys = Keys.load(tmp_path / "keys", mint)
    log = deletions.beside(tmp_path / "keys")
    deletions.record(keys, [deletions.Entry(NOW, "deleted", "aa")])
    log.write_bytes(log.read_bytes().rstrip())
    deletions.record(keys, [deletions.Entry(NOW, "deleted", "bb")])
    assert [each.who for each in deletions.read(log)] == ["aa", "bb"]


def test_a_torn_line_is_passed_over_and_a_strange_file_refused(tmp_path: Path, mint: Callable[[], str]) -> None:
    keys = Keys.load(tmp_path / "keys", mint)
    deletions.record(keys, [deletions.Entry(NOW, "deleted", "aa", ("bb",))])
    log = deletions.beside(tmp_path / "keys")
    with log.open("a") as out:
        out.write('{"at": "2026-11-2')
    deletions.record(keys, [deletions.Entry(NOW + DAY, "stopped", "cc")])
    assert [each.who for each in deletions.read(log)] == ["aa", "cc"]
    assert deletions.prune(log, NOW + DAY) == 1
    assert [each.who for each in deletions.read(log)] == ["cc"]
    assert deletions.prune(log, NOW + DAY) == 0
    log.write_text("something else\n")
    with pytest.raises(StorageTrouble, match="is no log of deletions"):
        list(deletions.read(log))
    log.unlink()
    log.mkdir()
    with pytest.raises(StorageTrouble, match="nothing is deleted until it can"):
        deletions.record(keys, [deletions.Entry(NOW, "deleted", "aa")])


async def test_lines_older_than_any_backup_go_and_a_broken_log_keeps_nothing_from_being_forgotten(
    house: House, citizen: Citizen
) -> None:
    await finished(citizen, house.pulse().code)
    await citizen.says("STOP")
    assert log_of(house)
    house.clock.forward(days=house.config.privacy.backup_days + 1)
    before = len(house.table("inbox"))
    house.sweeps.privacy()
    assert log_of(house) == []
    await citizen.says("hello")
    deletions.beside(house.config.privacy.key_file).write_text("broken\n")
    house.clock.forward(days=31)
    with pytest.raises(StorageTrouble, match="is no log of deletions"):
        house.sweeps.privacy()
    assert before > len(house.table("inbox")) == 0


def test_what_cannot_be_written_down_whole_is_not_deleted(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr("storage.deletions.os.write", lambda handle, body: write(handle, body[: len(body) // 2]))
    entry = deletions.Entry(NOW, deletions.DELETED, "a sign")
    with pytest.raises(StorageTrouble, match="nothing is deleted until it can"):
        deletions.record(house.keys, [entry])
    monkeypatch.undo()
    assert log_of(house) == []
    deletions.record(house.keys, [entry])
    assert [each.what for each in log_of(house)] == ["deleted"]
