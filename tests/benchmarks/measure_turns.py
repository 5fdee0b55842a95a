"""Durable turns on SQLite: the survey played by the program, by peers, and by the floor, all on the same updates.

A turn of ours is done when update, session, answer and reply are committed together (`synchronous=FULL`); its reply is
sent later, by another part (see the rows on sending). A peer's turn sends its reply to a stand-in within memory.
Peers that commit each update play with fewer citizens: what a turn costs them does not depend on how many there are.
"""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from tests.benchmarks.contest import apart, here, play, prepared
from tests.benchmarks.floor import SqliteFloor
from tests.benchmarks.ours import Ours
from tests.benchmarks.ours_sending import OursSending
from tests.benchmarks.peer_ptb import Empty, Ptb
from tests.benchmarks.table import ROUNDS, Row, alternate, cheaper, cpu_us, faster, rate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tests.benchmarks.contest import Contestant
    from tests.benchmarks.table import Sample

OURS, SENDING, FLOOR = "ours", "ours, sending", "floor: sqlite3 by hand"
PTB, EMPTY = "python-telegram-bot", "python-telegram-bot, empty handler"
AIOGRAM, REDIS = "aiogram on SQLite", "aiogram on Redis"
QUICK = 4
"""Citizens in a smoke test, which plays them all in one process: that is too short to tell anything anyway."""


def contestants(pattern: Path, *, quick: bool) -> dict[str, Callable[[], Sample]]:
    """Return everybody who can play here, the costly ones with few citizens."""
    found: dict[str, tuple[Callable[[Path], Contestant], int]] = {
        OURS: (Ours, 2000),
        FLOOR: (SqliteFloor, 2000),
        PTB: (Ptb, 150),
        EMPTY: (Empty, 1000),
        SENDING: (OursSending, 300),
    }
    if find_spec("aiogram") and find_spec("aiogram_sqlite_storage"):
        from tests.benchmarks.peer_aiogram import AiogramSqlite  # noqa: PLC0415 - only where its storage is installed

        found[AIOGRAM] = (AiogramSqlite, 40)
    if find_spec("aiogram") and find_spec("redis"):
        from tests.benchmarks.peer_aiogram import AiogramRedis, has_redis  # noqa: PLC0415 - the same

        if has_redis():
            found[REDIS] = (AiogramRedis, 150)
    run = here if quick else apart
    return {
        name: partial(run, play, make, QUICK if quick else citizens, pattern)
        for name, (make, citizens) in found.items()
    }


def rows(quick: bool) -> list[Row]:
    """Play in turns; return what came of it."""
    with prepared(here if quick else apart) as pattern:
        taken = alternate(contestants(pattern, quick=quick), 1 if quick else ROUNDS)
    own = cpu_us(taken[OURS])
    peers = [_speed(taken, AIOGRAM, 100, "aiogram-sqlite-storage as it comes, 40 citizens")] if AIOGRAM in taken else []
    if REDIS in taken:
        peers.append(_speed(taken, REDIS, 15, "appendfsync always, 150 citizens; the CPU of its server is not counted"))
    return [
        _speed(taken, PTB, 15, "ConversationHandler, each update committed, 150 citizens; it also sends, see below"),
        _cost(taken, PTB, 1 / 12, "≤ 1/12 (0.083)"),
        Row("CPU of a durable turn, SQLite", f"{own:.0f} µs", target="≤ 70 µs", met=own <= 70, cpu_us=own),
        *peers,
        _speed(taken, FLOOR, 0.6, "same rows, same group; no flow engine, no log"),
        _cost(taken, EMPTY, 0.6, "≤ 0.6", "Update.de_json + process_update; it keeps nothing and says nothing"),
        _whole(taken),
    ]


def _speed(taken: Mapping[str, Sequence[Sample]], peer: str, bound: float, note: str) -> Row:
    ours, theirs = taken[OURS], taken[peer]
    ratio = faster(ours, theirs)
    shown = f"{rate(theirs):,.0f}/s, {cpu_us(theirs):.0f} µs CPU"
    return Row(
        "durable turns, SQLite", f"{rate(ours):,.0f}/s", peer, shown, ratio, f"≥ {bound:g}×", ratio >= bound,
        cpu_us(ours), note,
    )  # fmt: skip


def _cost(taken: Mapping[str, Sequence[Sample]], peer: str, bound: float, target: str, note: str = "") -> Row:
    own, ratio = cpu_us(taken[OURS]), cheaper(taken[OURS], taken[peer])
    return Row(
        "CPU of a durable turn, SQLite", f"{own:.0f} µs", peer, f"{cpu_us(taken[peer]):.0f} µs", ratio, target,
        ratio <= bound, own, note,
    )  # fmt: skip


def _whole(taken: Mapping[str, Sequence[Sample]]) -> Row:
    ours, theirs = taken[SENDING], taken[PTB]
    return Row(
        "durable turns with replies sent, SQLite", f"{rate(ours):,.0f}/s", PTB, f"{rate(theirs):,.0f}/s",
        faster(ours, theirs), cpu_us=cpu_us(ours),
        note=f"unpaced, to the same stand-in for the Bot API; CPU {cheaper(ours, theirs):.2f} of the peer's",
    )  # fmt: skip
