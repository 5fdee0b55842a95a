"""Versions of flows: what changed, and which no round may open with any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.errors import Refused
from bot.rounds import wording
from flows.changes import KINDS
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
