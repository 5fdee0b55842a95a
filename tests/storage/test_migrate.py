"""The tables come and go as revisions, on both databases, whoever else starts at the same moment."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Column, MetaData, insert, inspect, select, text, update

from storage import digests, migrate, outbox, people, rounds, tables, trail
from storage.database import Database, StorageTrouble
from tests.storage.makers import DAY, NOW, add_contact, add_round, message

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def bare(bare_url: str) -> Iterator[Database]:
    database = Database.open(bare_url)
    yield database
    database.close()


def test_an_empty_database_becomes_current(bare: Database) -> None:
    assert migrate.check(bare) == "empty"
    migrate.upgrade(bare)
    assert migrate.check(bare) == "current"
    migrate.upgrade(bare)
    assert migrate.check(bare) == "current"


def test_the_revisions_make_exactly_the_tables_of_the_program(bare: Database) -> None:
    migrate.upgrade(bare)
    assert migrate.differences(bare) == []


def test_the_newest_revision_by_its_files_name_is_the_one_alembic_ends_at() -> None:
    revisions = ScriptDirectory(migrate._FOLDER)
    assert migrate.newest() == revisions.get_current_head()
    assert migrate._known() == [script.revision for script in revisions.walk_revisions()][::-1]


def test_a_database_up_to_date_is_opened_without_loading_alembic(bare_url: str) -> None:
    program = (
        "import sys; from storage.database import Database; from storage import migrate; "
        "migrate.upgrade(Database.open(sys.argv[1])); print('alembic' in sys.modules)"
    )
    said = [subprocess.check_output([sys.executable, "-c", program, bare_url]).strip() for _ in range(2)]
    assert said == [b"True", b"False"]


def test_going_back_leaves_no_table_and_forward_again_works(bare: Database) -> None:
    migrate.upgrade(bare)
    migrate.downgrade(bare)
    left = set(inspect(bare.engine).get_table_names())
    assert left == {"alembic_version"}
    assert migrate.check(bare) == "empty"
    migrate.upgrade(bare)
    assert migrate.differences(bare) == []


def test_a_database_from_the_future_is_refused_in_one_line_that_says_what_to_do(database: Database) -> None:
    with database.transaction() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert migrate.check(database) == "ahead"
    for act in (migrate.upgrade, migrate.refuse_newer):
        with pytest.raises(StorageTrouble, match=r"newer version of civicloop: install that version") as trouble:
            act(database)
        assert "\n" not in str(trouble.value)


def test_a_database_of_an_older_version_is_brought_forward_and_back(
    bare: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate.upgrade(bare)
    later = tmp_path / "migrations"
    shutil.copytree(migrate._FOLDER, later, ignore=shutil.ignore_patterns("__pycache__"))
    changed = MetaData(naming_convention=tables.metadata.naming_convention)
    for table in tables.metadata.sorted_tables:
        table.to_metadata(changed)
    changed.tables["rounds"].append_column(Column("seen_at", tables.Instant))
    monkeypatch.setattr(migrate, "_FOLDER", later)
    monkeypatch.setattr(migrate, "metadata", changed)
    monkeypatch.setattr(tables, "metadata", changed)
    assert len(migrate.differences(bare)) == 1
    before = migrate.newest()
    migrate.draft(bare, "rounds know when they were seen", "9999")
    (written,) = (later / "versions").glob("9999*.py")
    assert "sa.DateTime(timezone=True)" in written.read_text()
    assert migrate.check(bare) == "behind"
    migrate.upgrade(bare)
    assert migrate.check(bare) == "current"
    assert migrate.differences(bare) == []
    migrate.downgrade(bare, before)
    assert migrate.check(bare) == "behind"
    assert len(migrate.differences(bare)) == 1


def test_who_has_no_role_when_it_is_first_asked_is_taken_to_leave_then(bare: Database) -> None:
    migrate.upgrade(bare)
    with bare.transaction() as db:
        ola, zoe = (people.add(db, name, "en", NOW).id for name in ("Ola", "Zoe"))
        people.grant(db, ola, "manager", "library", NOW)
    migrate.downgrade(bare, "0039")
    before = datetime.now(UTC) - timedelta(seconds=1)
    migrate.upgrade(bare)
    with bare.reading() as db:
        left = {row.id: row.left_at for row in db.execute(select(tables.people.c.id, tables.people.c.left_at))}
    assert left[ola] is None
    assert before < left[zoe] < datetime.now(UTC) + timedelta(minutes=1)


@pytest.mark.parametrize("kept", [True, False])
def test_digests_that_no_letter_left_of_are_not_taken_as_sent(bare: Database, kept: bool) -> None:
    migrate.upgrade(bare)
    now = datetime.now(UTC)
    with bare.transaction() as db:
        ola = people.add(db, "Ola", "en", NOW).id
        anna = add_contact(db)
        for week, ago, body in ((40, 60, "{}"), (44, 8, "{}"), (45, 7, "{}"), (46, 6, "{}"), (39, 67, "null")):
            at = now - ago * DAY
            digests.write(db, digests.DigestRow(ola, "library", f"2026-W{week}", at, body))
            if kept and week in {44, 46}:
                outbox.enqueue(db, [message(anna, digests.letter(ola, "library", f"2026-W{week}") + "1", at)])
        db.execute(update(tables.outbox).values(status="sent"))
    migrate.downgrade(bare, "0036")
    migrate.upgrade(bare)
    with bare.reading() as db:
        said = db.execute(select(tables.digests.c.period, tables.digests.c.addresses)).all()
    sent = {"2026-W40", "2026-W44", "2026-W46"} if kept else {"2026-W40"}
    assert {period for period, addresses in said if addresses} == sent


def test_weeks_are_counted_anew_whichever_way_their_rule_changes(bare: Database) -> None:
    migrate.upgrade(bare)
    with bare.transaction() as db:
        week = {"service": "library", "since": NOW, "until": NOW + 7 * DAY, "tries": 1, "ready": True}
        db.execute(insert(tables.weeks).values(week))
    migrate.downgrade(bare, "0035")
    with bare.reading() as db:
        assert db.execute(select(tables.weeks.c.ready)).scalars().all() == [False]


def test_answers_of_a_round_go_only_once_the_day_that_people_were_told_is_over_everywhere(bare: Database) -> None:
    told = {
        "end": ("9999-12-31", None),
        "far": ("3000-01-01", None),
        "none": ("soon", None),
        "day": ("2027-03-31", datetime(2027, 4, 1, 12, tzinfo=UTC)),
        "last": ("2999-12-31", datetime(3000, 1, 1, 12, tzinfo=UTC)),
    }
    migrate.upgrade(bare)
    with bare.transaction() as db:
        for code, (day, _) in told.items():
            add_round(db, code, record=json.dumps({"keep_until": day}))
        add_round(db, "silent")
    migrate.downgrade(bare, "0040")
    migrate.upgrade(bare)
    with bare.reading() as db:
        kept = {row.code: row.forget_at for row in rounds.find(db)}
    assert kept == {"silent": None} | {code: at for code, (_, at) in told.items()}


def test_answers_of_a_round_that_got_more_time_go_on_the_day_that_people_were_told_first(bare: Database) -> None:
    soon, later = ((datetime.now(UTC) + timedelta(days=n)).date() for n in (100, 500))
    noon = datetime.combine(soon + timedelta(days=1), time(12), UTC)
    late = datetime.combine(later + timedelta(days=1), time(12), UTC)
    moved: dict[str, list[tuple[datetime, object, object]]] = {
        "moved": [(NOW + DAY, soon, later)],
        "twice": [(NOW + DAY, soon, "2200-01-01"), (NOW + 2 * DAY, "2200-01-01", later)],
        "draft": [(NOW - DAY, soon, later)],
        "named": [(NOW + DAY, None, later)],
        "past": [(NOW + DAY, "2020-01-01", later)],
        "odd": [(NOW + DAY, "soon", later)],
        "still": [],
    }
    migrate.upgrade(bare)
    with bare.transaction() as db:
        for code, days in moved.items():
            row = add_round(db, code, forget_at=late, opened_at=NOW)
            for at, old, new in days:
                changed = {"record.keep_until": (old and str(old), str(new))}
                trail.add(db, row.id, at, "Ana", "extended", "snow", changed=changed)
    migrate.downgrade(bare, "0044")
    migrate.upgrade(bare)
    with bare.reading() as db:
        kept = {row.code: row.forget_at for row in rounds.find(db)}
    assert kept == dict.fromkeys(moved, late) | {"moved": noon, "twice": noon}


def test_a_current_database_is_not_refused(database: Database) -> None:
    migrate.refuse_newer(database)


def test_processes_starting_at_once_on_an_empty_database_all_succeed(bare_url: str) -> None:
    program = (
        "import sys; from storage.database import Database; from storage import migrate; "
        "d = Database.open(sys.argv[1]); migrate.upgrade(d); print(migrate.check(d))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program, bare_url], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    said = [process.communicate(timeout=60) for process in started]
    assert [out.strip() for out, _ in said] == [b"current"] * 3, said


def test_a_database_without_tables_says_which_command_makes_them(bare: Database) -> None:
    with pytest.raises(StorageTrouble, match="civicloop migrate"), bare.reading() as db:
        db.execute(text("SELECT * FROM inbox"))
