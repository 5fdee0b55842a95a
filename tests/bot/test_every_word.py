"""Whatever somebody sends to the bot: what is of another service neither shows nor changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.rights import ROLES
from storage import actions, themes
from storage.actions import FIX, NewAction, Origin
from tests.bot.test_threads import Staff, employed
from tests.bot.test_turns import INTO
from tests.support.house import NOON, Citizen, House, raw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.channels.base import Outbound

SECRETS = ("Sealed draft", "Open on Sundays", "Where is the lift?", "Waiting for a desk", "Queues at noon")
"""What only the people of the library may read: rounds, a thread, a theme, an action."""
WORDS = ("/start", "/help", "/manage", "/digest", "/digest ?", "/digest mon 08:00", "/rounds", "/organise", "/status")
MOST = 400
"""Buttons that are looked behind."""
ENDING = (":yes", "@never", "@stop")
"""Buttons that do what was asked to be confirmed: they are kept for others to try, and not pressed at home."""
KEPT = ("rounds", "round_log", "actions", "action_log", "themes", "thread_messages", "looks", "roles", "answers")
"""Tables in which nothing may change."""


async def library(house: House) -> Sequence[str]:
    """Fill the library with what is nobody else's; return the codes of its rounds."""
    draft = house.rounds.create(service="library", flow="need_round", title="Sealed draft", record={})
    formal = house.need(title="Open on Sundays")
    citizen = Citizen(house)
    await employed(house, "Maya", ("manager", "library"))
    pulse = house.pulse().code
    await citizen.starts(pulse)
    await citizen.does(*INTO)
    await citizen.says("HUMAN")
    await citizen.says("Where is the lift?")
    with house.database.transaction() as db:
        themes.add(db, "library", [("waiting", {"en": "Waiting for a desk"})], themes.PROPOSAL, NOON)
        actions.add(db, NewAction("library", FIX, "words", Origin("Queues at noon"), "A desk", NOON), "Maya")
    return (draft.code, formal.code, pulse)


async def explored(staff: Staff, begin: Sequence[str]) -> tuple[list[str], set[str]]:
    """Look behind every button from some screens on; return what the buttons carry, and what secrets were read."""
    shown: list[Outbound] = []
    for word in begin:
        shown += await staff.says(word)
    found: dict[str, None] = {}
    read = set[str]()
    pressed = 0
    while shown:
        message = shown.pop(0)
        read.update(each for each in SECRETS if each in message.text or any(each in b.label for b in message.buttons))
        for button in message.buttons:
            if button.data in found or pressed == MOST:
                continue
            found[button.data] = None
            if not any(each in button.data for each in ENDING):
                pressed += 1
                shown += await staff.sends(raw(staff.address, kind="tap", data=button.data))
    return list(found), read


def kept(house: House) -> dict[str, list[object]]:
    """Return what stands in the tables in which nothing may change."""
    return {name: [tuple(row) for row in house.table(name)] for name in KEPT}


@pytest.mark.parametrize(
    "roles", [(), *((role,) for role in ROLES), ROLES], ids=lambda roles: "+".join(roles) or "none"
)
async def test_nobody_reads_or_changes_what_is_of_another_service(house: House, roles: tuple[str, ...]) -> None:
    codes = await library(house)
    own = await employed(house, "Omar", *((role, "library") for role in ROLES))
    buttons, read = await explored(own, [*WORDS, *(f"/rounds {code}" for code in codes)])
    assert len(buttons) > 40
    assert read == set(SECRETS) - {"Where is the lift?", "Queues at noon"}
    other = await stranger(house, roles)
    before = kept(house)
    said: list[Outbound] = []
    for data in buttons:
        said += await other.sends(raw(other.address, kind="tap", data=data))
    for word in (*WORDS, *(f"/rounds {code}" for code in codes)):
        said += await other.says(word)
    told = [each for each in SECRETS for message in said if each in message.text or each in str(message.buttons)]
    assert told == []
    assert kept(house) == before


async def stranger(house: House, roles: tuple[str, ...]) -> Citizen:
    """Return somebody who works for the buses, or for nobody."""
    if roles:
        return await employed(house, "Eve", *((role, "bus7") for role in roles))
    other = Citizen(house, "eve")
    await other.says("hello")
    return other
