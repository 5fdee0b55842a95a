"""What is final beside a round is sealed in its trail: a change is found, a lawful deletion is known for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, func, insert, select, update

from storage import answers, audience, findings, places, retention, rounds, seals, trail
from storage.retention import Policy
from storage.tables import answers as said
from storage.tables import audience as meant
from storage.tables import findings as kept
from storage.tables import places as hung
from storage.tables import round_log
from tests.storage.makers import DAY, MINUTE, NOW, add_contact, add_round, answer, text

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from storage.database import Database
    from storage.rounds import RoundRow
    from storage.trail import Proof

ANEW = b"n" * 16
SEALED = "GiQ0v4MCotqAERmUy+EDJL0D8QmuniTkugO9oXC2gI0="
LATER = NOW + DAY


def asked(database: Database, code: str = "library", *, counted: bool = False) -> RoundRow:
    """Return a round that has closed, with the answers of Anna and Ben."""
    with database.transaction() as db:
        row = add_round(db, code)
        trail.add(db, row.id, NOW, "Olga", "opened")
        you = answer(row, b"anna", "age", item="you.age", choice="25-44", verb="choose", score=None)
        theirs = [answer(row, b"ben"), text(row, "Too loud", b"ben", quotable=True)]
        drafted = answer(row, b"cleo", counted_at=None)
        answers.append(db, [answer(row, b"anna"), text(row, "Open later", b"anna"), you, *theirs, drafted])
        rounds.move(db, row.id, ["open"], "closed", closed_at=NOW + MINUTE)
        trail.add(db, row.id, NOW + MINUTE, "clock", "closed", before=row, sealed=seals.handed_in(db, row.id))
        if counted:
            count(db, row)
    return row


def count(db: Connection, row: RoundRow) -> None:
    findings.keep(db, row.id, LATER, '{"people": 20}')
    sealed = seals.handed_in(db, row.id, final=True) | seals.kept(db, row.id)
    trail.add(db, row.id, LATER, "clock", "counted", sealed=sealed)


def proof(database: Database, row: RoundRow) -> Proof:
    with database.reading() as db:
        return trail.prove(db, row.id)


def do(database: Database, *statements: Any) -> None:
    """Change a database behind the back of the product."""
    with database.transaction() as db:
        for statement in statements:
            db.execute(statement)


FORGED: dict[str, Any] = {
    "what was chosen": update(said).where(said.c.pseudonym == b"ben").values(choice="1"),
    "what it is worth": update(said).where(said.c.state == "overall").values(score=1.0),
    "words": update(said).where(said.c.text == "Too loud").values(text="All fine"),
    "a yes to being quoted": update(said).where(said.c.text == "Open later").values(quotable=True),
    "how they answered": update(said).where(said.c.pseudonym == b"anna").values(channel="paper"),
    "when it counted": update(said).where(said.c.pseudonym == b"anna").values(counted_at=NOW - DAY),
    "what somebody is": update(said).where(said.c.item == "you.age").values(choice="65+"),
    "one answer less": delete(said).where(said.c.text == "Too loud"),
    "one person less": delete(said).where(said.c.pseudonym == b"ben"),
    "taken back": update(said).where(said.c.pseudonym == b"ben").values(withdrawn_at=LATER),
    "two persons' answers exchanged": update(said).where(said.c.text == "Too loud").values(pseudonym=b"anna"),
    "all that people are": delete(said).where(said.c.item == "you.age"),
    "everything": delete(said),
}


@pytest.mark.parametrize("counted", [False, True], ids=["closed", "counted"])
@pytest.mark.parametrize("what", FORGED)
def test_answers_changed_after_the_round_has_closed_are_found(database: Database, what: str, counted: bool) -> None:
    row, other = asked(database, counted=counted), asked(database, "other", counted=counted)
    assert proof(database, row).whole
    do(database, FORGED[what].where(said.c.round_id == row.id))
    assert proof(database, row).altered == ("answers",)
    assert proof(database, other).whole


def test_what_was_changed_before_it_was_counted_is_not_covered_by_the_count(database: Database) -> None:
    row = asked(database)
    do(database, FORGED["words"])
    with database.transaction() as db:
        count(db, row)
    assert proof(database, row).altered == ("answers",)


def test_until_it_is_counted_a_round_takes_late_answers_and_none_after(database: Database) -> None:
    row = asked(database)
    with database.transaction() as db:
        answers.append(db, [answer(row, b"dora", at=NOW + MINUTE)])
    assert proof(database, row).whole
    with database.transaction() as db:
        count(db, row)
    assert proof(database, row).whole
    with database.transaction() as db:
        answers.append(db, [answer(row, b"emil", at=NOW + MINUTE)])
    assert proof(database, row).altered == ("answers",)


def forgets(db: Connection, row: RoundRow, pseudonym: bytes, *, noted: bytes | None = None) -> None:
    """Delete what somebody said, with a line in the trail about `noted`, or that same person."""
    gone = seals.of_one(db, row.id, noted or pseudonym)
    answers.forget(db, row.id, pseudonym, LATER, closed=True, anew=ANEW)
    stays = seals.of_one(db, row.id, ANEW)
    trail.add(db, row.id, LATER, "citizen", "forgotten", sealed=seals.forgotten(gone, stays))


@pytest.mark.parametrize("counted", [False, True], ids=["closed", "counted"])
def test_whoever_has_theirs_deleted_breaks_nothing_and_leaves_a_line(database: Database, counted: bool) -> None:
    row = asked(database, counted=counted)
    with database.transaction() as db:
        forgets(db, row, b"anna")
    found = proof(database, row)
    assert (found.whole, found.deletions) == (True, 1)
    with database.reading() as db:
        last = trail.of(db, row.id)[-1]
    assert (last.who, last.why, "anna" in last.details) == ("citizen", "", False)
    do(database, FORGED["words"])
    assert proof(database, row).altered == ("answers",)


def test_a_deletion_covers_nobody_else(database: Database) -> None:
    row = asked(database, counted=True)
    with database.transaction() as db:
        forgets(db, row, b"anna")
        db.execute(delete(said).where(said.c.pseudonym == b"ben"))
    assert proof(database, row).altered == ("answers",)


def test_a_line_about_somebody_else_covers_no_deletion(database: Database) -> None:
    row = asked(database, counted=True)
    with database.transaction() as db:
        forgets(db, row, b"ben", noted=b"anna")
    assert proof(database, row).altered == ("answers",)


def test_a_deletion_without_a_line_is_found(database: Database) -> None:
    row = asked(database, counted=True)
    with database.transaction() as db:
        answers.forget(db, row.id, b"anna", LATER, closed=True, anew=ANEW)
    assert proof(database, row).altered == ("answers",)


def test_what_is_past_its_date_goes_without_breaking_anything(database: Database) -> None:
    row = asked(database, counted=True)
    with database.transaction() as db:
        before = rounds.get(db, row.id)
        rounds.move(db, row.id, ["closed"], "reported_back", reported_at=LATER)
        trail.add(db, row.id, LATER, "Olga", "reported_back", before=before)
        assert retention.forget(db, LATER, Policy())["about_you"] == 1
        assert [each.why for each in trail.of(db, row.id) if each.what == "swept"] == ["1"]
    assert proof(database, row).whole
    with database.transaction() as db:
        assert retention.forget(db, LATER + 400 * DAY, Policy())["answers"] == 4
    assert proof(database, row).whole
    with database.transaction() as db:
        answers.append(db, [answer(row, b"emil")])
    assert proof(database, row).altered == ("answers",)


def test_sweeping_away_what_people_are_does_not_cover_what_they_said(database: Database) -> None:
    row = asked(database, counted=True)
    with database.transaction() as db:
        rounds.change(db, row.id, reported_at=LATER)
        trail.add(db, row.id, LATER, "Olga", "reported_back", before=rounds.get(db, row.id))
        retention.forget(db, LATER, Policy())
        db.execute(FORGED["words"])
    assert "answers" in proof(database, row).altered


def test_findings_that_were_changed_removed_or_made_up_are_found(database: Database) -> None:
    row = asked(database, counted=True)
    assert proof(database, row).whole
    do(database, update(kept).values(body='{"people": 90}'))
    assert proof(database, row).altered == ("findings",)
    do(database, update(kept).values(body='{"people": 20}', at=NOW))
    assert proof(database, row).altered == ("findings",)
    do(database, delete(kept))
    assert proof(database, row).altered == ("findings",)


def test_findings_that_nothing_has_counted_are_found(database: Database) -> None:
    row = asked(database)
    do(database, insert(kept).values(round_id=row.id, at=NOW, body="{}"))
    assert proof(database, row).altered == ("findings",)


def test_places_that_were_renamed_removed_or_made_up_are_found(database: Database) -> None:
    row, other = asked(database), asked(database, "other")
    with database.transaction() as db:
        for at in (row, other):
            place = places.add(db, at.id, f"{at.code}-door", "Main door", NOW)
            trail.add(db, at.id, NOW, "Olga", "placed", place.name, sealed=seals.place(place))
    assert proof(database, row).whole
    mine = hung.c.round_id == row.id
    do(database, update(hung).where(mine).values(code="elsewhere"))
    assert proof(database, row).altered == ("places",)
    do(database, update(hung).where(mine).values(code="library-door", name="Back door"))
    assert proof(database, row).altered == ("places",)
    do(database, update(hung).where(mine).values(name="Main door"))
    assert proof(database, row).whole
    do(database, insert(hung).values(round_id=row.id, code="made-up", name="Nowhere", created_at=NOW))
    assert proof(database, row).altered == ("places",)
    do(database, delete(hung).where(mine))
    assert proof(database, row).altered == ("places",)
    assert proof(database, other).whole


def test_a_trail_from_before_there_were_seals_is_proved_as_it_was(database: Database) -> None:
    with database.transaction() as db:
        row = add_round(db)
        trail.add(db, row.id, NOW, "Olga", "opened")
        trail.add(db, row.id, NOW, "Olga", "placed", places.add(db, row.id, "door", "Main door", NOW).name)
        answers.append(db, [answer(row)])
        findings.keep(db, row.id, NOW, "{}")
        trail.add(db, row.id, NOW, "clock", "counted")
        db.execute(delete(said))
    assert proof(database, row).whole
    do(database, update(hung).values(name="Back door"))
    assert proof(database, row).altered == ("places",)


def test_a_seal_tells_nothing_of_who_said_what(database: Database) -> None:
    row = asked(database)
    with database.reading() as db:
        details = db.execute(select(round_log.c.details).where(round_log.c.what == "closed")).scalar_one()
        sealed = seals.handed_in(db, row.id)["answers"]
    assert (sealed["people"], sealed["rows"]) == (2, 5)
    assert not any(word in details for word in ("loud", "25-44", "anna", b"anna".hex()))


def test_a_seal_is_the_same_on_each_database(database: Database) -> None:
    row = asked(database)
    with database.reading() as db:
        assert seals.handed_in(db, row.id)["answers"]["said"] == SEALED
        assert seals.of_one(db, row.id, b"anna").people == 1


def test_somebody_taken_from_those_who_were_asked_or_added_is_found(database: Database) -> None:
    with database.transaction() as db:
        row = add_round(db)
        ids = [add_contact(db, name).id for name in ("a", "b", "c")]
        audience.receive(db, row.id, [(id_, None, None) for id_ in ids])
        audience.arrive(db, row.id)
        trail.add(db, row.id, NOW, "clock", "closed", sealed=seals.asked(db, row.id))
    do(database, update(meant).values(state="answered", contact_id=None))
    assert proof(database, row).whole, "what becomes of them, and that they are forgotten, changes nothing"
    do(database, delete(meant).where(meant.c.id == select(func.max(meant.c.id)).scalar_subquery()))
    assert proof(database, row).altered == ("audience",)
