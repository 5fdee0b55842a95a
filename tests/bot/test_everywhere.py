"""Every word that means something everywhere, at the desk and in its talks: however it is sent, it is answered.

Nothing that was answered, written to people or agreed to is lost by it. Many people send at once, a group each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain, product, takewhile
from typing import TYPE_CHECKING

import pytest

from bot.ledger import Guest
from flows.catalog import Catalog
from flows.memory import load
from flows.phrasebook import EVERYWHERE
from storage import contacts, sessions
from tests.bot.test_every_verb import IDEAS, VERBS
from tests.bot.test_threads import employed
from tests.flows.test_everywhere import LANGUAGES, WAYS, phrases
from tests.support.house import RECORD, Citizen, House, raw

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.channels.base import Raw


WITH_VERBS = Catalog.load(extra=(VERBS,))


async def nowhere(_house: House, citizen: Citizen) -> None:
    await citizen.starts()


async def in_a_round(house: House, citizen: Citizen) -> None:
    await citizen.starts(next(iter(row.code for row in house.table("rounds"))))
    tapped = house.said(citizen.address)[-1].buttons[0].data
    await citizen.sends(raw(citizen.address, kind="tap", data=tapped))
    await citizen.sends(raw(citizen.address, kind="tap", data=house.said(citizen.address)[-1].buttons[0].data))


async def writing(house: House, citizen: Citizen) -> None:
    await in_a_round(house, citizen)
    await citizen.says("/human")
    await citizen.says("words for people")


async def asked_to_delete(house: House, citizen: Citizen) -> None:
    await in_a_round(house, citizen)
    await citizen.says("/delete")


ANSWERS = {"day": ("2026-11-01",), "order": ("2, 1",), "points": ("5 3 2",), "cards": ("1, 2", "1, 2"), "told": ()}
"""What is sent to each question of the flow with every verb, in its order."""


def at(state: str) -> Callable[[House, Citizen], Awaitable[None]]:
    """Return the way to a question of that flow."""

    async def goes(house: House, citizen: Citizen) -> None:
        await citizen.starts("every")
        for text in chain.from_iterable(ANSWERS[each] for each in takewhile(lambda each: each != state, ANSWERS)):
            await citizen.says(text)
        (row,) = [row for row in house.table("sessions") if row.contact_id == house.contact(citizen.address).id]
        assert load(row.body).state == state

    return goes


PLACES: dict[str, Callable[[House, Citizen], Awaitable[None]]] = {
    "nowhere": nowhere,
    "in a round": in_a_round,
    "writing to people": writing,
    "asked to delete": asked_to_delete,
}
ASKED = {
    "asked for a day": at("day"),
    "ordering": at("order"),
    "dividing points": at("points"),
    "before cards": at("cards"),
    "asked to speak": at("told"),
}
EVERY = [*product(PLACES, LANGUAGES), *zip(ASKED, LANGUAGES, strict=False)]
"""Each place in each language; each kind of question in one: the table of the engine has them all."""


@dataclass(frozen=True)
class Kept:
    """What must outlive a word."""

    threads: int
    letters: int
    people: int


def kept(house: House) -> Kept:
    return Kept(*(len(house.table(name)) for name in ("threads", "thread_messages", "contacts")))


def sent(house: House, citizen: Citizen, word: str, way: str, language: str) -> Raw:
    """Return the word as it is sent this way, in this language."""
    if way == "button":
        rows = [row for row in house.table("sessions") if row.contact_id == house.contact(citizen.address).id]
        session = (
            Guest(house.contact(citizen.address), _read(house, citizen), house.keys).session(rows[0].round_id)
            if rows
            else None
        )
        tag = session.tag if session else "@desk"
        return raw(citizen.address, kind="tap", data=f"{tag}:@word:{word}")
    text = f"/{word}" if way == "command" else phrases(language)["words"][word][0].upper()
    return raw(citizen.address, text=text)


def _read(house: House, citizen: Citizen) -> dict[int, sessions.SessionRow]:
    with house.database.reading() as db:
        return {row.round_id: row for row in sessions.all_of(db, house.contact(citizen.address).id)}


@pytest.fixture
async def six(house: House) -> House:
    """Give an installation that speaks six languages, with somebody who answers."""
    city = replace(house.config.city, languages=LANGUAGES)
    services = tuple(replace(service, languages=LANGUAGES) for service in house.config.services)
    for part in (house, house.library, house.desk._people, house.threads, house.rounds):
        name = "config" if part is house else "_config"
        setattr(part, name, replace(house.config, city=city, services=services))
    house.desk._hall.config, house.desk._hall.catalog = house.library._config, WITH_VERBS
    for part in (house.library, house.rounds):
        part._catalog = WITH_VERBS
    await employed(house, "Maya")
    house.pulse()
    told = {name: dict.fromkeys(LANGUAGES, name) for name in ("topic", "open_points", "fixed_points")}
    record = RECORD | told | {"lists": {"ideas": IDEAS}}
    made = house.need(opened=False, flow="every_verb", code="every", record=record)
    house.sign(made.code)
    house.rounds.open(made.code)
    return house


@pytest.mark.parametrize(("place", "language"), EVERY)
async def test_each_word_is_answered_each_way_and_nothing_is_lost(six: House, place: str, language: str) -> None:
    for number, word in enumerate(EVERYWHERE):
        citizen = Citizen(six, f"{place} {language} {word}")
        await citizen.says("/help", language=language)
        with six.database.transaction() as db:
            contacts.set_language(db, six.contact(citizen.address).id, language)
        await (PLACES | ASKED)[place](six, citizen)
        before, first = kept(six), number + LANGUAGES.index(language)
        for way in (WAYS[(first + n) % len(WAYS)] for n in range(len(WAYS))):  # each way comes first in two languages
            said = await citizen.sends(sent(six, citizen, word, way, language))
            assert said, f"{word} as {way}"
            assert all(each.text.strip() for each in said), f"{word} as {way}"
        assert kept(six) == before
