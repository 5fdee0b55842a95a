"""Who works with an installation is listed, and roles and invitations can be taken away again."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from storage import contacts, deletions, looks, people
from storage.contacts import NewContact
from storage.database import Database
from storage.sealing import Keys
from tests.bot.test_cli import NOW as TERMINAL_NOW
from tests.bot.test_cli import Terminal, terminal

if TYPE_CHECKING:
    import pytest

__all__ = ["terminal"]
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def listed(terminal: Terminal) -> dict[str, Any]:
    found: dict[str, Any] = terminal("staff", "list", "--json").json
    return found


def hired(terminal: Terminal) -> None:
    """Invite two people by mail: they have their roles at once."""
    for role, service, name in (
        ("organiser", "library", "Omar"),
        ("approver", "library", "Omar"),
        ("manager", "*", "Maya"),
    ):
        mail = f"{name.lower()}@city.example"
        terminal("invite", "--role", role, "--service", service, "--name", name, "--mail", mail)


def test_everybody_is_named_with_roles_and_ways(terminal: Terminal) -> None:
    hired(terminal)
    assert [(each["name"], each["roles"], each["channels"]) for each in listed(terminal)["people"]] == [
        ("Omar", "organiser of library, approver of library", "mail"),
        ("Maya", "manager of *", "mail"),
    ]
    said = terminal("staff", "list").out
    assert "Omar  organiser of library, approver of library  mail" in said
    assert "invitation 1: organiser of library Omar, until " in said


def test_an_invitation_is_withdrawn_and_cannot_be_followed(terminal: Terminal) -> None:
    hired(terminal)
    first, *rest = [each["id"] for each in listed(terminal)["invitations"]]
    assert "Nobody can follow invitation" in terminal("staff", "withdraw", str(first)).out
    assert [each["id"] for each in listed(terminal)["invitations"]] == rest
    again = terminal("staff", "withdraw", str(first))
    assert "there is no invitation" in again.err


def test_an_invitation_with_two_links_is_one_and_is_withdrawn_whole(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    invite = ("invite", "--role", "manager", "--service", "library")
    assert "Telegram" not in terminal(*invite).out
    monkeypatch.setenv("CIVICLOOP_TELEGRAM__TOKEN", f"12345:{'a' * 35}")
    said = terminal(*invite, "--name", "Ada").out
    assert "Each works once" in said
    assert "  in Telegram:   send the bot  /start r_" in said
    (nobody, ada) = terminal("staff", "list").out.splitlines()[-2:]
    assert nobody.startswith("invitation 1: manager of library, until ")
    assert ada.startswith("invitation 2: manager of library Ada, until ")
    assert [each["id"] for each in listed(terminal)["invitations"]] == [1, 2]
    assert terminal("staff", "withdraw", "2").status == 0
    assert [each["id"] for each in listed(terminal)["invitations"]] == [1]
    keys, database = Keys.load("data/keys", lambda: ""), Database.open("sqlite:///data/civicloop.sqlite3")
    with database.reading() as db:
        for token in re.findall(r"(?:token=|r_)(\S+)", said):
            assert people.look_at_link(db, keys.token_hash(token), NOW) is None
    database.close()


def test_a_role_is_taken_away_and_the_last_one_ends_it_all(terminal: Terminal) -> None:
    hired(terminal)
    assert "Omar keeps: approver of library" in terminal("staff", "remove", "omar", "--role", "organiser").out
    assert "has no such role" in terminal("staff", "remove", "Omar", "--service", "bus12").err
    assert "Omar has no role any more." in terminal("staff", "remove", "Omar").out
    log = terminal.folder / "data/deletions.log"
    assert [each.what for each in deletions.read(log)] == [deletions.DISMISSED] * 2
    left = listed(terminal)["people"][0]
    assert left == {"number": "1", "name": "Omar", "roles": "none", "channels": "the browser alone"}


def test_nobody_or_several_of_a_name_are_not_guessed(terminal: Terminal) -> None:
    hired(terminal)
    assert "nobody is called Ada" in terminal("staff", "remove", "Ada").err
    terminal("invite", "--role", "manager", "--service", "*", "--name", "Maya", "--mail", "other@city.example")
    assert "several are called Maya" in terminal("staff", "remove", "Maya").err
    assert "Maya has no role any more." in terminal("staff", "remove", "3").out


def test_who_leaves_is_signed_out_and_writes_as_a_citizen(database: Database) -> None:
    with database.transaction() as db:
        person = people.add(db, "Omar", "en", NOW)
        people.grant(db, person.id, "organiser", "library", NOW)
        people.sign_in(db, b"browser", person.id, NOW, NOW.replace(day=25))
        (contact,) = contacts.add(db, [NewContact("telegram", b"hash", b"sealed", "en", NOW, person.id)])
        assert people.remove(db, person.id) == 1
        people.leave(db, person.id, NOW)
        assert people.signed_in(db, b"browser", NOW) is None
        found = contacts.get(db, contact.id)
        assert found is not None
        assert found.person_id is None


def test_who_looked_at_answers_is_listed_and_proved(terminal: Terminal) -> None:
    of = ("staff", "looked", "--service", "library")
    assert "All 0 are as they were written." in terminal(*of).out
    database = Database.open("sqlite:///data/civicloop.sqlite3")
    with database.transaction() as db:
        looks.note(db, "library", NOW, "Maya", {"week": "2026-W46"}, 19)
        looks.note(db, "library", NOW, "Ben", {"photo": "ab" * 32, "item": "del.overall", "choice": "1"}, 1)
    database.close()
    lines = terminal(*of).out
    assert re.search(r"Maya +19 answers +week 2026-W46\s", lines)
    assert re.search(r"Ben +1 answer +choice 1, item del.overall\s", lines)
    assert "{" not in lines
    told = terminal(*of, "--json").json
    assert [(each["who"], each["answers"], each["what"]) for each in told["looks"]] == [
        ("Ben", 1, {"photo": "ab" * 32, "item": "del.overall", "choice": "1"}),
        ("Maya", 19, {"week": "2026-W46"}),
    ]
    assert told["whole"]
    assert "Maya" in terminal(*of, "--hash", told["hash"]).out
    missing, none = terminal(*of, "--hash", "ab" * 32), terminal(*of, "--hash", "xyz")
    assert (missing.status, none.status) == (1, 2)
    assert "no look at library has the hash" in missing.err
    assert "is no hash" in none.err


def test_who_gave_and_took_a_role_is_in_the_log_of_staff(terminal: Terminal) -> None:
    hired(terminal)
    terminal("staff", "remove", "Maya")
    told = [*terminal("staff", "looked", "--service", "library", "--json").json["looks"]]
    told += terminal("staff", "looked", "--service", "*", "--json").json["looks"]
    done = {each["what"]["did"]: each for each in told}
    assert {"invited", "role_given", "role_taken"} <= set(done)
    assert done["role_taken"]["who"].startswith("operator ")
    assert done["role_taken"]["what"]["person"] == "Maya"


def test_who_has_a_role_gets_a_new_link_and_stays_who_they_are(terminal: Terminal) -> None:
    hired(terminal)
    said = terminal("staff", "link", "omar")
    assert (said.status, said.err) == (0, "")
    assert "Works once, for 30 minutes. Send it to Omar" in said.out
    url = terminal("staff", "link", "1", "--json").json["web"]
    token = url.partition("/manage/sign-in?token=")[2]
    keys = Keys.load(terminal.folder / "data/keys", lambda: "")
    database = Database.open("sqlite:///data/civicloop.sqlite3")
    now = datetime.fromisoformat(TERMINAL_NOW)
    with database.transaction() as db:
        assert people.use_link(db, keys.token_hash(token), now + timedelta(minutes=31)) is None
        used = people.use_link(db, keys.token_hash(token), now + timedelta(minutes=29))
    database.close()
    assert used is not None
    assert (used.kind, used.person_id) == ("sign_in", 1)
    told = terminal("staff", "looked", "--service", "library", "--json").json["looks"]
    assert told[0]["what"] == {"did": "sign_in_link_made", "person": "Omar", "number": 1}
    terminal("staff", "remove", "Omar")
    gone = terminal("staff", "link", "Omar")
    assert (gone.status, "Omar has no role" in gone.err) == (1, True)


def test_an_invitation_for_a_name_that_has_a_role_names_the_way_back_in(terminal: Terminal) -> None:
    to_all = ("invite", "--role", "organiser", "--service", "*", "--name")
    assert terminal(*to_all, "Omar", "--mail", "omar@city.example").err == ""
    assert terminal(*to_all, "Omar", "--mail", "omar@city.example").err == ""
    again = terminal(*to_all, "Omar", "--json")
    assert (again.status, "web" in again.json) == (0, True)
    assert "Omar is there already, as number 1." in again.err
    assert "civicloop staff link 1" in again.err
