"""Managers judge words in the chat: shown, withheld or left for later with a tap."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from storage import answers, looks, rulings
from storage.rulings import SHOWN, WITHHELD
from tests.bot.test_threads import employed, labels
from tests.storage.makers import add_round, text
from tests.support.house import NOON, House, raw

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.config import Config
    from tests.bot.test_threads import Staff


def approving(config: Config) -> Config:
    return replace(config, privacy=replace(config.privacy, quotes="approved"))


@pytest.fixture
async def city(house: House) -> AsyncIterator[House]:
    """Give an installation where words wait for a person."""
    async with House(house.database, house.folder, house.mint, house.clock, edit=approving).writing() as city:
        yield city


def written(house: House, *said: str, service: str = "library") -> None:
    with house.database.transaction() as db:
        of = add_round(db, code=f"words-{service}", service=service, state="archived")
        at = NOON - timedelta(days=1)
        answers.append(db, [text(of, one, b"%d" % n, at, quotable=True) for n, one in enumerate(said)])


def kinds(house: House) -> dict[str, tuple[str, str | None, str | None]]:
    with house.database.reading() as db:
        return {one.text: (one.kind, one.reason, one.words) for one in rulings.standing(db)}


async def manager(house: House, *services: str) -> Staff:
    return await employed(house, "Max", *(("manager", one) for one in services or ("library",)))


async def test_words_are_shown_one_after_the_other(city: House) -> None:
    written(city, "Nice, mail me: a@b.example", "You idiots")
    max_ = await manager(city)
    (said,) = await max_.says("/organise")
    assert "Words waiting (2)" in labels(said)
    (said,) = await max_.taps("Words waiting (2)")
    assert "2 texts wait for you." in said.text
    assert "“You idiots”" in said.text
    assert labels(said) == ["Show", "Withhold", "Next", "To the menu"]
    (said,) = await max_.taps("Next")
    assert "“Nice, mail me: [mail address]”" in said.text
    (said,) = await max_.taps("Show")
    assert said.text.startswith("Others may see it now.")
    assert "“You idiots”" in said.text
    (said,) = await max_.taps("Withhold")
    assert labels(said)[:2] == ["It is insulting", "It names somebody"]
    (said,) = await max_.taps("It is insulting")
    assert said.text.startswith("It is withheld.")
    assert "No words wait for you." in said.text
    assert "/manage/words/library" in said.text
    assert kinds(city) == {"Nice, mail me: a@b.example": (SHOWN, "", ""), "You idiots": (WITHHELD, "insulting", "")}
    with city.database.reading() as db:
        assert {"Max"} == {look.who for look in looks.of(db, "library")}
    assert not [row for row in city.table("outbox") if "You idiots" in row.body]


async def test_a_reason_in_words_is_asked_for_and_back_leaves_it(city: House) -> None:
    written(city, "You idiots")
    max_ = await manager(city)
    await max_.says("/organise")
    await max_.does("Words waiting (1)", "Withhold")
    (said,) = await max_.taps("Another reason")
    assert "Write the reason in a few words" in said.text
    (said,) = await max_.says("back")
    assert "Why should others not see it?" in said.text
    await max_.taps("Another reason")
    (said,) = await max_.says("It calls people names")
    assert said.text.startswith("It is withheld.")
    assert kinds(city) == {"You idiots": (WITHHELD, "other", "It calls people names")}


async def test_words_of_another_service_are_out_of_reach(city: House) -> None:
    written(city, "You idiots")
    max_ = await manager(city)
    (said,) = await max_.says("/organise")
    (said,) = await max_.taps("Words waiting (1)")
    (show,) = [button.data for button in said.buttons if button.label == "Show"]
    other = await employed(city, "Olga", ("manager", "bus7"))
    (said,) = await other.says("/organise")
    assert "Words that others may see" in labels(said)
    for data in (show, show.replace("show", "why"), f"{show.replace('show', 'no')}:other"):
        said_ = await other.sends(raw(other.address, kind="tap", data=data))
        assert not [each for each in said_ if "idiots" in each.text]
        await other.says("A reason")
    assert kinds(city) == {"You idiots": ("waiting", None, None)}


async def test_two_services_are_asked_for_first(city: House) -> None:
    written(city, "You idiots")
    written(city, "Late again", service="bus7")
    max_ = await manager(city, "library", "bus7")
    await max_.says("/organise")
    (said,) = await max_.taps("Words waiting (2)")
    assert said.text == "Which service?"
    (said,) = await max_.taps(labels(said)[1])
    assert ("Late again" in said.text) != ("You idiots" in said.text)


async def test_where_nothing_waits_words_can_be_withheld_all_the_same(house: House) -> None:
    written(house, "You idiots")
    max_ = await manager(house)
    (said,) = await max_.says("/organise")
    (said,) = await max_.taps("Words that others may see")
    assert "“You idiots”" in said.text
    assert "wait for you" not in said.text


async def test_who_has_no_such_role_sees_no_words(city: House) -> None:
    written(city, "You idiots")
    ann = await employed(city, "Ann", ("approver", "library"))
    (said,) = await ann.says("/organise")
    assert not [label for label in labels(said) if "ords" in label]
