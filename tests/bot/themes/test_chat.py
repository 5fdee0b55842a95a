"""Managers look at proposed themes in the chat: kept, named, merged, dropped with a tap."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from storage import answers, tables, themes
from storage.themes import CONFIRMED, DROPPED, MERGED, PROPOSAL, PROPOSED, STARTER, Reading, Sorted
from tests.bot.test_threads import employed, labels
from tests.storage.makers import add_round, text
from tests.support.house import NOON, raw

if TYPE_CHECKING:
    from storage.themes import Theme
    from tests.bot.test_threads import Staff
    from tests.support.house import House


def proposed(house: House, *keys: str) -> list[Theme]:
    """Propose themes, each made of one text; return them."""
    with house.database.transaction() as db:
        of = add_round(db, code="sorted", state="archived")
        themes.add(db, "library", [("waiting", {"en": "Waiting"})], STARTER, NOON)
        themes.add(db, "library", [(key, {"en": key}) for key in keys], PROPOSAL, NOON)
        at = NOON - timedelta(days=1)
        answers.append(db, [text(of, f"About {key}, mail me: a@b.example", key.encode(), at) for key in keys])
        ids = [one.answer_id for one in themes.unread(db, "library", "test", None, 99)]
        themes.keep(db, [Reading(one, "library", None, "en", "test", NOON) for one in ids])
        made = [one for key in keys if (one := themes.by_key(db, "library", key))]
        found = [Sorted(one, theme.id, 0.9) for one, theme in zip(ids, made, strict=True)]
        themes.settle(db, themes.revision(db, "library"), ids, found)
        return made


def state(house: House, key: str) -> str:
    with house.database.reading() as db:
        found = themes.by_key(db, "library", key)
    assert found is not None
    return found.state


async def manager(house: House, language: str = "en") -> Staff:
    return await employed(house, "Max", ("manager", "library"), language=language)


async def test_a_proposal_is_shown_with_a_masked_text_and_kept(house: House) -> None:
    proposed(house, "bicycles", "trees")
    max_ = await manager(house)
    await max_.says("/organise")
    (said,) = await max_.taps("Themes")
    assert "2 new themes wait for you." in said.text
    assert "New theme: bicycles" in said.text
    assert "a@b.example" not in said.text
    assert "fewer than 5 people" in said.text
    assert labels(said) == ["Keep", "Rename", "Merge", "Drop", "To the menu"]
    (said,) = await max_.taps("Keep")
    assert said.text.startswith("The theme is kept.")
    assert "1 new theme waits for you." in said.text
    assert state(house, "bicycles") == CONFIRMED
    (said,) = await max_.taps("Drop")
    assert "No new theme waits for you." in said.text
    assert "/manage/themes/library" in said.text
    assert state(house, "trees") == DROPPED


@pytest.mark.parametrize("act", ["delete", "change"])
async def test_a_text_shown_beside_a_proposal_goes_from_the_chat_the_moment_it_is_taken_back(
    house: House, act: str
) -> None:
    proposed(house, "bicycles")
    with house.database.transaction() as db:
        db.execute(update(tables.answers).values(quotable=False))
    max_ = await manager(house)
    await max_.says("/organise")
    (said,) = await max_.taps("Themes")
    assert "About bicycles" in said.text
    house.sweeps.privacy()
    assert [row for row in house.table("outbox") if "About bicycles" in row.body]
    (mine,) = house.table("answers")
    with house.database.transaction() as db:
        if act == "delete":
            answers.forget(db, mine.round_id, mine.pseudonym, NOON, closed=True, anew=b"x" * 16)
        else:
            answers.withdraw(db, [(mine.round_id, mine.pseudonym, mine.state)], NOON)
    assert not [row for row in house.table("outbox") if "About bicycles" in row.body]
    await max_.says("/organise")
    (said,) = await max_.taps("Themes")
    assert "About bicycles" not in said.text


async def test_a_theme_gets_its_name_by_a_text(house: House) -> None:
    (theme,) = proposed(house, "bicycles")
    max_ = await manager(house)
    await max_.says("/organise")
    await max_.does("Themes", "Rename")
    (said,) = await max_.says("x" * 61)
    assert "at most 60 letters" in said.text
    (said,) = await max_.says("Bicycle  stands")
    assert "The theme has its new name." in said.text
    with house.database.reading() as db:
        renamed = themes.get(db, theme.id)
    assert renamed is not None
    assert (renamed.name("en"), renamed.state) == ("Bicycle stands", CONFIRMED)


async def test_back_leaves_the_name_as_it_was(house: House) -> None:
    proposed(house, "bicycles")
    max_ = await manager(house)
    await max_.says("/organise")
    await max_.does("Themes", "Rename")
    (said,) = await max_.says("back")
    assert "New theme: bicycles" in said.text
    assert state(house, "bicycles") == PROPOSED


async def test_a_theme_goes_into_another(house: House) -> None:
    proposed(house, "queues")
    max_ = await manager(house)
    await max_.says("/organise")
    (said,) = await max_.does("Themes", "Merge")
    assert labels(said)[0] == "Waiting"
    (said,) = await max_.taps("Waiting")
    assert "The themes are one now." in said.text
    assert state(house, "queues") == MERGED


async def test_a_second_tap_on_what_is_gone_changes_nothing(house: House) -> None:
    (theme,) = proposed(house, "bicycles")
    max_ = await manager(house)
    await max_.says("/organise")
    (said,) = await max_.taps("Themes")
    await max_.taps("Drop", said)
    assert await max_.taps("Keep", said)
    assert state(house, "bicycles") == DROPPED
    for what in (f"into:{theme.id}:{theme.id}", "keep:x", "keep:999", "of:zzz", "burn:1", "merge"):
        assert await max_.sends(raw(max_.address, kind="tap", data=f"@o:th:{what}"))


@pytest.mark.parametrize("role", [("manager", "bus7"), ("approver", "library")])
async def test_others_change_nothing_there(house: House, role: tuple[str, str]) -> None:
    (theme,) = proposed(house, "bicycles")
    other = await employed(house, "Ada", role)
    await other.sends(raw(other.address, kind="tap", data=f"@o:th:drop:{theme.id}"))
    assert state(house, "bicycles") == PROPOSED


async def test_who_looks_after_several_services_chooses_one(house: House) -> None:
    proposed(house, "bicycles")
    all_ = await employed(house, "Zoe", ("manager", "*"))
    await all_.says("/organise")
    (said,) = await all_.taps("Themes")
    assert said.text == "Which service?"
    (said,) = await all_.taps("Central Library")
    assert "New theme: bicycles" in said.text
