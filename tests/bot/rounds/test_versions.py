"""Versions of flows: what changed, and which no round may open with any more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from bot.errors import Refused, Trouble
from bot.rounds import legal, wording
from bot.rounds.library import Library
from flows import voices
from flows.changes import KINDS
from storage import rounds, tables, trail
from tests.bot.jobs.test_sweeps import LATER
from tests.bot.test_turns import INTO
from tests.flows.talk import LANGUAGES

if TYPE_CHECKING:
    from tests.support.house import Citizen, House


def test_no_new_round_opens_with_a_retired_version(house: House) -> None:
    draft = house.need(opened=False)
    house.rounds.retire("need_round", draft.version)
    assert [fault.field for fault in house.rounds.check(draft.code)] == ["flow"]
    with pytest.raises(Refused, match="is retired: choose a flow or version that is not"):
        house.rounds.open(draft.code)
    house.rounds.retire("need_round", draft.version, again=True)
    house.sign(draft.code)
    assert house.rounds.open(draft.code).state == "open"


async def test_a_running_round_ends_on_its_retired_version(house: House, citizen: Citizen) -> None:
    opened = house.need()
    house.rounds.retire("need_round", opened.version)
    await citizen.starts(opened.code)
    await citizen.does(*INTO)
    await citizen.says("1")
    assert len(citizen.answers(opened.code)) == 1


def test_a_version_a_round_is_about_to_open_with_is_not_retired(house: House) -> None:
    code = house.need(opens_at=house.clock().replace(day=28)).code
    with pytest.raises(Refused, match=f"{code} will open with need_round@"):
        house.rounds.retire("need_round", house.need(opened=False).version)


def test_a_version_nobody_has_is_not_retired(house: House) -> None:
    with pytest.raises(Refused, match="there is no need_round@99"):
        house.rounds.retire("need_round", 99)


def test_what_changed_is_told_in_the_language_of_the_reader(house: House) -> None:
    version = house.need().version
    assert "is the same as version" in house.rounds.changes("need_round", version, None)[0]
    assert "es igual que la versión" in house.rounds.changes("need_round", version, version, "es")[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_kind_of_change_has_a_sentence(language: str) -> None:
    for kind in KINDS:
        assert wording.change(language, kind, state="s", old="o", new="n")


async def test_questions_rewritten_in_the_database_are_asked_of_nobody(house: House, citizen: Citizen) -> None:
    assert trail.FOR_WHOM == legal.FOR_WHOM == voices.PART
    code = house.need(record=LATER | {"for_whom": "yes"}).code
    for flow in ("need_round", voices.PART):
        which = tables.flow_versions.c.flow == flow
        with house.database.transaction() as db:
            kept = db.execute(select(tables.flow_versions.c.source).where(which)).scalar_one()
            forged = {file: text.replace("you", "ALTERED") for file, text in json.loads(kept).items()}
            db.execute(update(tables.flow_versions).where(which).values(source=json.dumps(forged)))
        fresh = Library(house.config, house.catalog, house.keys)
        with house.database.reading() as db, pytest.raises(Trouble, match=f"questions of {code} were changed"):
            fresh.played(db, rounds.by_code(db, code))  # type: ignore[arg-type]
        assert house.rounds.prove(code).altered == ("questions",)
        with house.database.transaction() as db:
            db.execute(update(tables.flow_versions).where(which).values(source=kept))
        assert house.rounds.prove(code).whole
