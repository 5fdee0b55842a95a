"""MYDATA and DELETE of somebody of the city: how they saw their work, what they look after, what they sorted."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from bot.assessing.gap import Foretold, Gap
from bot.assessing.perception import Verdict
from bot.digests.model import dump, load
from storage import actions, assessments, digests, rounds, tables, themes
from storage.actions import DONE, NewAction, Origin
from storage.assessments import Level, Prediction
from storage.database import Database
from storage.digests import DigestRow
from storage.themes import STARTER, Sorted
from tests.bot.assessing.test_chat import manager, mine
from tests.bot.digests.test_files import ALL
from tests.bot.test_replaying import backed_up, restored
from tests.bot.test_threads import employed
from tests.bot.test_turns import INTO
from tests.flows.talk import LANGUAGES
from tests.support.house import NOON, Citizen, House

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from tests.bot.test_threads import Staff


def deed(words: str, person: int, **facts: object) -> NewAction:
    plain = NewAction("library", "fix", "theme", Origin(), words, NOON, owner="Max", person_id=person)
    return replace(plain, **facts)  # type: ignore[arg-type]  # columns of many types


def work(db: Connection, code: str, max_: int, other: int) -> None:
    """Let Max look at his work, foresee a round, look after two things, and correct a theme."""
    form = assessments.begin(db, max_, "library", "deliver", NOON)
    assessments.finish(db, form, {"SA10": Level(3, "blueprint.pdf"), "SA11": Level(None)}, [], NOON)
    round_ = next(each for each in rounds.linked(db) if each.code == code)
    assessments.predict(db, Prediction(round_.id, max_, 81, NOON))
    assessments.show_to(db, max_, "library", [other])
    actions.add(db, deed("Open on Sundays", max_), "Max")
    actions.add(db, deed("Mend the lift", max_, state=DONE, settled_at=NOON), "Max")
    gap = Gap(
        "2026-Q4", (Foretold("deliver", "del.overall", 81, 60, 40, 21, 10, 30, Verdict.OPTIMISTIC, indication=False),)
    )
    digests.write(db, DigestRow(max_, "library", "2026-W45", NOON, dump(replace(ALL, gap=gap))))


async def settled(house: House) -> tuple[Staff, int]:
    """Return Max, who has worked, beside Mia; his person's id."""
    max_ = await manager(house)
    await manager(house, "Mia")
    code = house.pulse().code
    with house.database.transaction() as db:
        work(db, code, mine(house), mine(house, "Mia"))
    return max_, mine(house)


async def test_mydata_tells_somebody_of_the_city_what_is_kept_of_their_work(house: House) -> None:
    max_, _ = await settled(house)
    said = "\n".join(each.text for each in await max_.says("MYDATA"))
    assert "You looked at your own work (Central Library, 24 Nov 2026):" in said
    assert "Standard. Evidence: blueprint.pdf" in said
    assert "Not for us now." in said
    assert "81 of 100" in said
    assert "your scores can be seen by Mia" in said
    assert "you look after “Open on Sundays”" in said
    assert "you looked after “Mend the lift”" in said


async def test_the_file_of_ones_own_data_holds_that_work_too(house: House) -> None:
    max_, _ = await settled(house)
    said = [each.text for each in await max_.says("MYDATA")]
    (link,) = [text.partition("/mydata/")[2].split()[0] for text in said if "/mydata/" in text]
    held = [
        each["value"] for each in json.loads(house.rounds.own_data(link, "json") or "") if each["about"] == "own_work"
    ]
    assert any("Evidence: blueprint.pdf" in each for each in held)
    told = {line for text in said for line in text.splitlines()}
    assert {line for each in held for line in each.splitlines()} <= told


async def test_delete_takes_what_is_theirs_alone_and_leaves_the_record_of_the_city(house: House) -> None:
    max_, person = await settled(house)
    await max_.says("DELETE")
    said = await max_.taps("Yes")
    assert "How you saw your own work is gone" in said[-1].text
    with house.database.reading() as db:
        assert assessments.of_person(db, person) == []
        assert db.execute(select(tables.assessed_levels)).all() == []
        assert assessments.predictions(db, person) == []
        assert assessments.viewers(db, person, "library") == set()
        owners = {each.words: (each.owner, each.person_id) for each in actions.of(db, "library")}
        (row,) = digests.of(db, person)
    assert owners == {"Open on Sundays": ("Max", person), "Mend the lift": ("", None)}
    assert load(row.body) == replace(ALL, gap=None)
    assert ("assessments", 4) in {(each.what, each.rows) for each in house.table("forgettings")}
    again = "\n".join(each.text for each in await max_.says("MYDATA"))
    assert "81 of 100" not in again
    assert "you look after “Open on Sundays”" in again
    assert "Mend the lift" not in again


async def test_what_went_with_delete_does_not_come_back_with_a_restore(house: House, tmp_path: Path) -> None:
    max_, person = await settled(house)
    file = backed_up(house)
    await max_.says("DELETE")
    await max_.taps("Yes")
    with closing(Database.open(f"sqlite:///{tmp_path / 'restored.db'}")) as empty:
        assert restored(house, file, empty)["deleted"] == 1
        with empty.reading() as db:
            assert assessments.of_person(db, person) == []
            assert assessments.predictions(db, person) == []
            (row,) = digests.of(db, person)
            assert {each.words: each.owner for each in actions.of(db, "library")}["Mend the lift"] == ""
    assert load(row.body) == replace(ALL, gap=None)


async def test_the_work_of_others_stays(house: House) -> None:
    max_, _ = await settled(house)
    with house.database.transaction() as db:
        other = mine(house, "Mia")
        assessments.begin(db, other, "library", None, NOON)
        actions.add(db, deed("Paint", other, owner="Mia", state=DONE, settled_at=NOON), "Mia")
    await max_.says("DELETE")
    await max_.taps("Yes")
    with house.database.reading() as db:
        assert len(assessments.of_person(db, other)) == 1
        assert [each.words for each in actions.owned(db, other)] == ["Paint"]


async def test_what_a_program_made_of_a_text_is_told_and_goes_with_it(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO, "Good")
    await citizen.says("The queue was endless")
    max_ = await manager(house)
    with house.database.transaction() as db:
        themes.add(db, "library", [("waiting", {"en": "Waiting"}), ("noise", {"en": "Noise"})], STARTER, NOON)
        waiting = themes.by_key(db, "library", "waiting")
        assert waiting is not None
        (text,) = db.execute(select(tables.answers.c.id).where(tables.answers.c.text.is_not(None))).scalars()
        themes.keep(db, [themes.Reading(text, "library", None, "en", "letters", NOON)])
        themes.settle(db, 1, [text], [Sorted(text, waiting.id, 0.9)])
        themes.correct(db, waiting, text, mine(house), NOON, fits=True)
    said = "\n".join(each.text for each in await citizen.says("MYDATA"))
    assert "into these themes: Waiting." in said
    held = json.loads(house.rounds.own_data(said.partition("/mydata/")[2].split()[0], "json") or "")
    assert [each["value"] for each in held if each["about"] == "theme"] == ["Waiting"]
    told = "\n".join(each.text for each in await max_.says("MYDATA"))
    assert "You corrected the themes of 1 text." in told
    await max_.says("DELETE")
    await max_.taps("Yes")
    assert {row.person_id for row in house.table("theme_examples")} == {None}
    await citizen.says("DELETE")
    await citizen.taps("Yes")
    assert house.table("text_themes") == house.table("theme_examples") == house.table("readings") == []


@pytest.mark.parametrize("language", LANGUAGES)
async def test_in_every_language_it_can_be_read(house: House, language: str) -> None:
    max_ = await manager(house, language=language)
    await manager(house, "Mia")
    code = house.pulse().code
    with house.database.transaction() as db:
        work(db, code, mine(house), mine(house, "Mia"))
    said = "\n".join(each.text for each in await max_.says("/mydata"))
    assert "blueprint.pdf" in said
    assert "{" not in said


async def test_somebody_of_the_city_is_told_as_whom_they_are_known_and_never_that_nothing_is_kept(house: House) -> None:
    maya = await employed(house, "Maya", ("manager", "library"), ("organiser", "library"))
    code = house.need().code
    house.rounds.pause(code, who=mine(house, "Maya"), why="flood")
    said = [each.text for each in await maya.says("MYDATA")]
    told = "\n".join(said)
    assert "I keep nothing" not in told
    assert "Your name here: Maya." in told
    assert "You read the digest of: Central Library (24 Nov 2026)" in told
    assert "You begin and lead rounds for: Central Library (24 Nov 2026)" in told
    assert "Your digest: weekly, Monday" in told
    assert "1 line of the log names you." in told
    (link,) = [text.partition("/mydata/")[2].split()[0] for text in said if "/mydata/" in text]
    held = {
        each["name"]: each["value"]
        for each in json.loads(house.rounds.own_data(link, "json") or "")
        if each["about"] == "staff"
    }
    assert held == {"name": "Maya", "language": "en", "log_lines": "1", "manager": "library", "organiser": "library"}
    await maya.says("DELETE")
    assert "Your name, your roles" in "\n".join(each.text for each in await maya.taps("Yes"))
    assert "Your name here: Maya." in "\n".join(each.text for each in await maya.says("MYDATA"))
