"""A change of keys: all that a thief of the old key file could open or guess is closed, and nothing is lost."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import LargeBinary, func, insert, select

from bot import letters
from flows import memory
from flows.model import Session
from storage import answers, audience, contacts, inbox, outbox, people, rotation, sessions, tables
from storage.database import StorageTrouble, Unopened
from storage.sealing import KeyFile, Keys
from storage.tables import metadata
from storage.unlocking import check, unlock
from tests.storage import makers
from tests.storage.makers import NOW, Update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from storage.database import Database

OLD = b"k" * 32
OPEN = {
    "answers.pseudonym",
    "action_replies.pseudonym",
    "counted_apart.pseudonym",
    "round_log.hash",
    "looks.hash",
    "readings.vector",
}
"""Bytes that no key of the file makes: pseudonyms hang on the key of their round, which is sealed."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an installation has put into every column that hangs on the key file."""

    file: Path
    anna: bytes
    """Her pseudonym in the round."""


@pytest.fixture
def told(database: Database, tmp_path: Path) -> Told:
    """Fill each of the columns, and more contacts than one batch holds."""
    file = tmp_path / "keys"
    file.write_bytes(base64.b64encode(OLD) + b"\n")
    keys = makers.KEYS
    with database.transaction() as db:
        anna = makers.add_contact(db, "anna")
        contacts.add(db, [makers.new_contact(f"crowd {n}") for n in range(rotation.BATCH + 5)])
        of = makers.add_round(db)
        body = sessions.hidden(memory.dump(Session("pulse", 1, "en", "telegram", "t", "AB12", "overall")), keys)
        sessions.save(db, [makers.session(anna, of, body=body)])
        who = keys.pseudonym(keys.unseal(of.key_sealed or b""), anna.address_hash)
        answers.append(db, [makers.answer(of, who)])
        inbox.accept(db, [Update("telegram", "1", b"hello")], NOW, keys, [anna.address_hash])
        audience.hush(db, [keys.quiet_hash("mail", f"{n}@b.example") for n in range(rotation.BATCH + 5)], NOW)
        audience.receive(db, of.id, [(None, keys.quiet_hash("mail", "0@b.example"), None), (anna.id, None, None)])
        audience.arrive(db, of.id)
        assert audience.came(db, of.id, anna.id, keys.address_hash("web", "browser"))
        people.add_link(
            db, people.Link(keys.token_hash("link"), "invite", NOW, NOW + makers.DAY, role="manager", service="*")
        )
        maya = people.add(db, "Maya", "en", NOW)
        people.sign_in(db, keys.token_hash("cookie"), maya.id, NOW, NOW + makers.DAY)
        alarm = {"key": keys.token_hash("alarm"), "service": "library", "at": NOW, "sealed": keys.seal("gas")}
        db.execute(insert(tables.alarms), alarm)
        thread = {"name": "t", "contact_id": anna.id, "service": "library", "opened_at": NOW, "spoken_at": NOW}
        number = insert(tables.threads).returning(tables.threads.c.id)
        said = {
            "thread_id": db.execute(number, thread).scalar_one(),
            "at": NOW,
            "author": "citizen",
            "sealed": keys.seal("please help"),
        }
        db.execute(insert(tables.thread_messages), said)
        waiting = [letter(anna, f"secret {n}", letters.sealed('{"text":"the link"}', keys)) for n in range(3)]
        outbox.enqueue(db, [*waiting, letter(anna, "plain", '{"text":"hello"}')])
    return Told(file, who)


def letter(to: contacts.Contact, key: str, body: str) -> outbox.NewMessage:
    return outbox.NewMessage(key, to.id, to.channel, outbox.REPLY, body, NOW, NOW)


def changed(database: Database, file: Path, mint: Callable[[], str]) -> list[rotation.Step]:
    """Change the keys from the beginning to the end."""
    rotation.begin(file, mint)
    steps = list(rotation.carry(database, file))
    rotation.end(database, file)
    return steps


def loaded(file: Path) -> Keys:
    return Keys(*KeyFile.read(file))


def held(database: Database, column: Any) -> list[bytes]:
    """Return what a column holds."""
    with database.reading() as db:
        return [bytes(each) for each in db.execute(select(column).where(column.is_not(None))).scalars()]


def named(columns: Iterable[Any]) -> set[str]:
    return {f"{column.table.name}.{column.name}" for column in columns}


def test_every_column_of_bytes_is_sealed_anew_or_hangs_on_no_key_of_the_file() -> None:
    found = {c for table in metadata.sorted_tables for c in table.c if isinstance(c.type, LargeBinary)}
    assert named(found) == named([*rotation.SEALED, *rotation.HASHED]) | OPEN
    assert {c.table for c in (*rotation.SEALED, *rotation.HASHED)} == {*rotation.TABLES, tables.quiet}


def test_after_a_change_everybody_and_every_token_is_found_and_answers_are_still_theirs(
    database: Database, told: Told, mint: Callable[[], str]
) -> None:
    changed(database, told.file, mint)
    keys = unlock(database, told.file, mint)
    with database.transaction() as db:
        (anna,) = contacts.find(db, [("telegram", keys.address_hash("telegram", "anna"))]).values()
        assert keys.unseal(anna.address_sealed) == "anna"
        (row,) = sessions.all_of(db, anna.id)
        assert sessions.by_receipt(db, keys.token_hash(f"{anna.id}/{row.round_id}"))
        assert memory.load(sessions.shown(row.body, keys)).receipt == "AB12"
        sealed = db.execute(select(tables.rounds.c.key_sealed)).scalar_one()
        assert keys.pseudonym(keys.unseal(bytes(sealed)), anna.address_hash) == told.anna
        assert [each.body for each in inbox.claim(db, 9, keys)] == [b"hello"]
        mark = keys.quiet_hash("mail", "0@b.example")
        assert audience.hushed(db, [mark]) == {mark}
        assert db.execute(select(func.count()).where(tables.audience.c.mark == mark)).scalar_one() == 1
        assert people.signed_in(db, keys.token_hash("cookie"), NOW)
        assert people.look_at_link(db, keys.token_hash("link"), NOW)
        assert keys.unseal(bytes(db.execute(select(tables.thread_messages.c.sealed)).scalar_one())) == "please help"
        assert db.execute(select(tables.alarms.c.key)).scalar_one() == keys.token_hash("alarm")
        bodies = list(db.execute(select(tables.outbox.c.body).order_by(tables.outbox.c.id)).scalars())
    assert [letters.opened(each, keys) for each in bodies] == ['{"text":"the link"}'] * 3 + ['{"text":"hello"}']
    with pytest.raises(Unopened):
        letters.opened(bodies[0], Keys([OLD]))
    with pytest.raises(Unopened):
        sessions.shown(row.body, Keys([OLD]))


def test_a_letter_no_key_opens_is_counted_and_left(database: Database, told: Told, mint: Callable[[], str]) -> None:
    strange = letters.sealed("{}", Keys([b"x" * 32]))
    with database.transaction() as db:
        anna = contacts.by_ids(db, [1])[1]
        outbox.enqueue(db, [letter(anna, "strange", strange), letter(anna, "broken", f"{outbox.SEALED}?")])
    steps = [each for each in changed(database, told.file, mint) if each.table == "outbox"]
    assert [(each.rows, each.changed, each.unread) for each in steps] == [(5, 3, 2)]


def test_a_stolen_old_key_opens_and_guesses_nothing_after_a_change(
    database: Database, told: Told, mint: Callable[[], str]
) -> None:
    stolen = Keys(*KeyFile.read(told.file))
    stolen_too = Keys(*KeyFile.read(told.file).settled)
    guesses = {stolen.address_hash("telegram", "anna"), stolen.quiet_hash("mail", "0@b.example")}
    guesses |= {stolen.token_hash(each) for each in ("link", "cookie", "alarm", "1/1")}
    assert guesses & {each for column in rotation.HASHED for each in held(database, column)}
    changed(database, told.file, mint)
    for column in rotation.SEALED:
        assert held(database, column)
        for sealed in held(database, column):
            with pytest.raises(Unopened):
                stolen.unseal_bytes(sealed)
    for column in rotation.HASHED:
        assert held(database, column)
        for kept in held(database, column):
            assert not any(guess in kept for guess in guesses)
            with pytest.raises(Unopened):
                stolen_too.rehash(kept)
    assert base64.b64encode(OLD) not in told.file.read_bytes()


def test_nothing_of_the_old_seals_lies_about_in_the_file(
    database: Database, told: Told, mint: Callable[[], str]
) -> None:
    if database.dialect != "sqlite":
        pytest.skip("what a server keeps beside its tables is not ours to look into")
    mark = makers.KEYS.seal("")[:4]
    path = told.file.parent / "civicloop.db"
    assert mark in path.read_bytes() + (told.file.parent / "civicloop.db-wal").read_bytes()
    changed(database, told.file, mint)
    assert mark not in path.read_bytes() + (told.file.parent / "civicloop.db-wal").read_bytes()


def test_keys_can_be_changed_again_and_again(database: Database, told: Told, mint: Callable[[], str]) -> None:
    for _ in range(3):
        changed(database, told.file, mint)
        keys = unlock(database, told.file, mint)
        with database.reading() as db:
            assert contacts.find(db, [("telegram", keys.address_hash("telegram", "anna"))])
    assert len(told.file.read_text().split()) == 2
    assert {len(kept) for kept in held(database, tables.contacts.c.address_hash)} == {52}


def test_a_change_cut_short_goes_on_where_it_was_and_nobody_unlocks_meanwhile(
    database: Database, told: Told, mint: Callable[[], str]
) -> None:
    assert rotation.begin(told.file, mint)
    first = next(rotation.carry(database, told.file))
    assert (first.table, first.changed) == ("contacts", rotation.BATCH)
    with pytest.raises(StorageTrouble, match="civicloop keys rotate"):
        unlock(database, told.file, mint)
    check(database, told.file)
    written = told.file.read_bytes()
    assert not rotation.begin(told.file, mint)
    assert told.file.read_bytes() == written
    again = list(rotation.carry(database, told.file))
    assert [(step.rows, step.changed) for step in again[:2]] == [(rotation.BATCH, 0), (6, 6)]
    rotation.end(database, told.file)
    assert unlock(database, told.file, mint)


def test_what_fits_no_key_is_counted_and_left(database: Database, told: Told, mint: Callable[[], str]) -> None:
    with database.transaction() as db:
        broken = makers.new_contact("broken")._replace(address_sealed=b"damaged")
        contacts.add(db, [broken])
        audience.hush(db, [b"x" * 52], NOW)
    steps = changed(database, told.file, mint)
    assert sum(step.unread for step in steps) == 2
    assert b"damaged" in held(database, tables.contacts.c.address_sealed)
    assert b"x" * 52 in held(database, tables.quiet.c.hash)


def test_a_strange_or_missing_key_file_is_never_changed(
    database: Database, told: Told, mint: Callable[[], str]
) -> None:
    told.file.write_bytes(base64.b64encode(b"s" * 32) + b"\n")
    with pytest.raises(StorageTrouble, match="not that of"):
        check(database, told.file)
    told.file.unlink()
    with pytest.raises(StorageTrouble, match="there is no key file"):
        check(database, told.file)


def test_a_way_out_of_mails_that_was_sent_holds_after_a_change(tmp_path: Path, mint: Callable[[], str]) -> None:
    file = tmp_path / "keys"
    before = Keys.load(file, mint)
    sealed = before.seal_leaving("stop mails to a@b.example")
    KeyFile.read(file).with_new(mint).newest_alone().write(file)
    assert loaded(file).unseal_leaving(sealed) == "stop mails to a@b.example"
    with pytest.raises(Unopened):
        loaded(file).unseal_leaving(before.seal("stop mails to a@b.example"))
