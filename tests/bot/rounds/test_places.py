"""Places of a round: each has a code of its own, and who comes by it is counted, never kept."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.errors import Refused
from bot.rounds.codes import place_code
from bot.rounds.places import PlaceView
from storage import places, rounds
from tests.bot.test_turns import INTO
from tests.support.house import Citizen

if TYPE_CHECKING:
    from tests.support.house import House

PULSE = (*INTO, "Good", "Skip", "Skip", "Skip", "Skip", "No", "No")


def placed(house: House, name: str = "Library, main door") -> tuple[str, str]:
    """Return the code of an open round and that of a place of it."""
    round_ = house.pulse(code="library")
    return round_.code, house.rounds.add_place(round_.code, name).code


def sums(house: House, code: str) -> tuple[int | None, int | None, int | None]:
    """Return (seen, started, finished) of the only place of a round, exactly."""
    with house.database.reading() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        (found,) = places.counts(db, row.id).values() or [places.Arrivals()]
    return found.seen, found.started, found.finished


async def test_who_comes_by_a_place_is_counted_there_on_each_step_of_the_way(house: House, citizen: Citizen) -> None:
    code, door = placed(house)
    await citizen.starts(door)
    assert sums(house, code) == (1, 0, 0)
    await citizen.does(*INTO)
    assert sums(house, code) == (1, 1, 0)
    await citizen.does(*PULSE[len(INTO) :])
    assert sums(house, code) == (1, 1, 1)


async def test_nothing_says_afterwards_by_which_place_somebody_came(house: House, citizen: Citizen) -> None:
    _, door = placed(house)
    await citizen.starts(door)
    assert "came_by" in house.table("sessions")[0].body
    await citizen.does(*PULSE)
    assert "came_by" not in house.table("sessions")[0].body


async def test_who_comes_twice_is_seen_twice_and_starts_and_finishes_once(house: House, citizen: Citizen) -> None:
    code, door = placed(house)
    await citizen.starts(door)
    await citizen.does(*INTO)
    await citizen.starts(door)
    await citizen.does(*PULSE[len(INTO) :])
    await citizen.starts(door)
    assert sums(house, code) == (3, 1, 1)


async def test_who_comes_by_the_round_itself_is_counted_at_no_place(house: House, citizen: Citizen) -> None:
    code, _ = placed(house)
    await citizen.starts(code)
    await citizen.does(*PULSE)
    assert house.table("arrivals") == []


async def test_who_is_too_young_has_not_started(house: House, citizen: Citizen) -> None:
    code, door = placed(house)
    await citizen.starts(door)
    await citizen.taps("No")
    assert sums(house, code) == (1, 0, 0)


async def test_few_people_are_not_told_and_five_are(house: House) -> None:
    code, door = placed(house)
    for n in range(5):
        assert [each.seen for each in house.rounds.places(code)] == [None if n else 0]
        await Citizen(house, f"c{n}").starts(door)
    await Citizen(house, "c0").does(*INTO)
    assert house.rounds.places(code) == [PlaceView(door, "Library, main door", 5, None, 0, 5)]


async def test_a_place_of_a_round_that_rests_is_over_or_has_not_begun_says_so(house: House, citizen: Citizen) -> None:
    code, door = placed(house)
    house.rounds.pause(code, why="flood")
    assert (await citizen.starts(door))[0].text.startswith("This round is paused for now.")
    house.rounds.close(code)
    assert (await citizen.starts(door))[0].text.startswith("This round closed on")
    day = house.clock() + timedelta(days=3)
    later = house.need(opened=False, code="later", opens_at=day)
    house.sign(later.code)
    for name in ("signed", "scheduled"):
        stall = house.rounds.add_place(later.code, name).code
        assert (await citizen.starts(stall))[0].text == "This round opens on 27 November 2026. Please come back then."
        house.rounds.open(later.code)
    assert sums(house, code) == (2, 0, 0)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Library, main door", "library"),
        ("Main door of the library", "main-door"),
        ("Bus stop 7", "bus-stop"),
        ("Städtische Bücherei am Marktplatz", "stadtisch"),
        ("U2", "u2"),
        ("المكتبة", "place"),
        ("!", "place"),
    ],
)
def test_a_code_is_short_enough_to_be_typed_from_a_poster(name: str, words: str) -> None:
    code = place_code(name, "chance")
    assert re.fullmatch(f"{words}-[a-z0-9]{{2}}", code)
    assert len(code) <= 12
    for tries in (8, 80, 800):
        assert len(place_code(name, "chance", tries)) <= 12


def test_many_places_of_one_name_have_codes_of_their_own_and_old_codes_still_lead(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = "library-q7-library-main-door-of-the-house-44"
    first = house.pulse(code="first")
    with house.database.transaction() as db:
        row = rounds.by_code(db, first.code)
        assert row is not None
        places.add(db, row.id, old, "An older one", house.clock())
    codes = [house.pulse(code=f"round-{n}").code for n in range(4)]
    monkeypatch.setattr(house.rounds, "_mint", lambda: "always the same")
    made = {house.rounds.add_place(code, "Bus stop").code for code in codes}
    assert len(made) == 4
    assert all(len(code) <= 12 for code in made)
    led, place = house.rounds.leads_to(old)
    assert (led and led.code, place > 0) == ("first", True)


def test_two_places_of_the_same_letters_have_two_codes(house: House) -> None:
    code = house.pulse(code="library").code
    made = {house.rounds.add_place(code, name).code for name in ("المكتبة", "المدرسة", "Door", "Door!")}
    assert len(made) == 4


def test_where_the_answers_are_gone_few_are_told_as_fewer_than_ten(house: House) -> None:
    code, _ = placed(house)
    with house.database.transaction() as db:
        (place,) = places.of(db, rounds.find(db)[0].id)
        places.count(db, {(place.id, places.SEEN): 14, (place.id, places.STARTED): 7})
    (before,) = house.rounds.places(code)
    assert (before.seen, before.started, before.finished, before.few) == (15, 5, 0, 5)
    house.rounds.close(code)
    house.clock.forward(days=800)
    house.sweeps.privacy()
    (after,) = house.rounds.places(code)
    assert (after.seen, after.started, after.finished, after.few) == (10, None, 0, 10)


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_a_place_without_a_name_is_refused(house: House, name: str) -> None:
    code = house.pulse().code
    with pytest.raises(Refused, match="give the place a name of 1 to 80 letters"):
        house.rounds.add_place(code, name)


def test_a_name_that_is_there_and_a_round_that_is_over_are_refused(house: House) -> None:
    code, _ = placed(house)
    with pytest.raises(Refused, match="has a place with the name"):
        house.rounds.add_place(code, "library,  MAIN door")
    house.rounds.close(code)
    with pytest.raises(Refused, match="the round is over already"):
        house.rounds.add_place(code, "Bus stop")


def test_a_round_cannot_take_the_code_of_a_place(house: House) -> None:
    house.pulse(code="bus")
    stop = house.rounds.add_place("bus", "stop").code
    with pytest.raises(Refused, match=f"there is a round with the code {stop} already"):
        house.pulse(code=stop)


def test_the_log_says_who_added_a_place_and_stays_whole(house: House) -> None:
    code, _ = placed(house)
    entry = house.rounds.log(code)[-1]
    assert (entry.what, entry.why) == ("placed", "Library, main door")
    assert house.rounds.prove(code).whole


async def test_a_talk_that_was_kept_before_there_were_places_goes_on(house: House, citizen: Citizen) -> None:
    await citizen.starts(house.pulse().code)
    assert "came_by" not in json.loads(house.table("sessions")[0].body)
    await citizen.does(*PULSE)
    assert house.table("sessions")[0].status == "completed"
