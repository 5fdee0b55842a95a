"""Many turns in one commit leave the same rows as the same turns one by one, whoever talks at once."""

from __future__ import annotations

import json
import random
import re
import shutil
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from flows.phrasebook import EVERYWHERE
from storage.database import Database
from storage.sealing import Keys
from tests.support.house import House, raw
from tests.support.postgres import TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bot.channels.base import Raw
    from tests.support.postgres import Server

SEEDS = range(8)
PEOPLE, UPDATES = 6, 160
TEXTS = (*["1"] * 9, "2", "3", "yes", "no", "ok", "1, 2", "it was closed", "xyzzy")
LIKELY = 0.75
"""How often somebody answers, other than sends a word that means something everywhere."""
UNLIKE = {"id", "address_sealed", "revision", "updated_at"}
"""What tells how often and in which order rows were written; which of a person's talks came last is compared apart."""
SEALED = re.compile(r"sealed:[\w+/=]+")
"""A letter with a link of which no two are alike, as what it tells is sealed each time anew."""
KEPT = ("contacts", "sessions", "answers", "outbox", "moves", "wishes", "inbox")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def two(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Database]]:
    """Give two databases with all tables and no rows."""
    names = [f"grouped_{next(_numbers)}" for _ in range(2)]
    server: Server | None = None
    if request.param == "sqlite":
        empty = request.getfixturevalue("upgraded_file")
        urls = [f"sqlite:///{shutil.copy(empty, tmp_path / name)}" for name in names]
    else:
        server = request.getfixturevalue("postgres")
        urls = [server.create(name, TEMPLATE) for name in names]
    opened = [Database.open(url) for url in urls]
    yield opened
    for database, name in zip(opened, names, strict=True):
        database.close()
        if server:
            server.drop(name)


_numbers = count(1)


def updates(chance: random.Random, codes: Sequence[str]) -> list[Raw]:
    """Return what some people send in turns: starts, answers, everywhere words, edits, and some of it twice."""
    sent: list[Raw] = []
    for n in range(UPDATES):
        who = f"p{chance.randrange(PEOPLE)}"
        kind = chance.random()
        if kind < 0.06 and sent:
            sent.append(chance.choice(sent))
        elif kind < 0.16 or n < PEOPLE:
            code = chance.choice(codes)
            sent.append(raw(who if n >= PEOPLE else f"p{n}", text=f"/start {code}", about={"start": code}))
        elif kind < 0.18:
            sent.append(raw(who, about={"reachable": chance.random() < 0.5}))
        elif kind < 0.22:
            sent.append(raw(who, text=chance.choice(TEXTS), amends="overall", about={"edited": True}))
        else:
            sent.append(raw(who, text=chance.choice(TEXTS if chance.random() < LIKELY else EVERYWHERE)))
    return sent


def rows(house: House) -> dict[str, list[str]]:
    """Return what is kept, without numbers that only tell in which order rows were made."""
    whose: dict[Any, str] = {row.id: row.address_hash.hex() for row in house.table("contacts")}
    for of in house.table("rounds"):
        key = house.keys.unseal(of.key_sealed)
        whose |= {house.keys.pseudonym(key, bytes.fromhex(known)): known for known in list(whose.values())}
    kept = {name: sorted(_plain(row._mapping, whose) for row in house.table(name)) for name in KEPT}
    latest = sorted(house.table("sessions"), key=lambda row: row.updated_at)
    return {
        **kept,
        "order": [
            f"{who} {row.round_id}"
            for who in sorted(set(whose.values()))
            for row in latest
            if whose[row.contact_id] == who
        ],
    }


def _plain(row: Any, whose: dict[Any, str]) -> str:
    known = {key: value for key, value in row.items() if key not in UNLIKE}
    known |= {key: whose[known[key]] for key in ("contact_id", "pseudonym") if key in known}
    plain = {key: value.hex() if isinstance(value, bytes) else str(value) for key, value in known.items()}
    return SEALED.sub("sealed:…", json.dumps(plain))


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_group_leaves_what_the_same_turns_leave_one_by_one(
    two: list[Database], tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a fixed drawing
    sent: list[Raw] = []
    pictures = []
    Keys.load(tmp_path / "keys", lambda: "one key file for both")
    for grouped, database in enumerate(two):
        numbers = count(1)
        house = House(database, tmp_path, lambda numbers=numbers: f"mint-{next(numbers)}")  # type: ignore[misc]
        codes = [house.pulse(code="pulse").code, house.need(code="need").code]
        sent = sent or updates(chance, codes)
        async with house.writing():
            size = chance.choice([3, 20, len(sent)]) if grouped else 1
            for at in range(0, len(sent), size):
                await house.turns.accept(sent[at : at + size])
        pictures.append(rows(house))
    for name in pictures[0]:
        assert set(pictures[0][name]) ^ set(pictures[1][name]) == set(), name
        assert pictures[0][name] == pictures[1][name], name
    assert len(pictures[0]["answers"]) > PEOPLE
