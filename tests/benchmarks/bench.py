"""`make bench`: how many turns a second one process takes, from the raw update to the commit of reply and answer.

Citizens of one round answer the pulse by number, all at once, so that groups fill; the database is a new SQLite file on
this disk with `synchronous=FULL`. Beside it stands what python-telegram-bot needs to read the same updates into its
objects (`Update.de_json`), before any bot built on it has done anything: a floor that no database is part of.
"""

from __future__ import annotations

import asyncio
import json
import logging
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from telegram import Update

from bot import config
from bot.app import App
from bot.channels.base import Raw
from bot.clock import clock_of, mint

if TYPE_CHECKING:
    from collections.abc import Sequence

CITIZENS = 300
WORDS = ("1", "1", "1", "They helped me at once.", "1, 3", "1", "1", "1", "1")
BATCH = 100
"""Updates handed over together, as Telegram's getUpdates brings them."""
SAMPLE = {"CIVICLOOP_TELEGRAM__TOKEN": "1:a-token-that-is-never-used"}


def update(number: int, citizen: int, text: str) -> dict[str, Any]:
    """Return an update as Telegram sends it."""
    chat = {"id": 1000 + citizen, "type": "private", "first_name": "C"}
    sender = {"id": 1000 + citizen, "is_bot": False, "first_name": "C", "language_code": "en"}
    message = {"message_id": number, "date": 1795000000, "chat": chat, "from": sender, "text": text}
    if text.startswith("/"):
        message["entities"] = [{"type": "bot_command", "offset": 0, "length": text.index(" ")}]
    return {"update_id": number, "message": message}


def updates(code: str) -> list[list[dict[str, Any]]]:
    """Return what all citizens send, step by step."""
    steps = (f"/start {code}", *WORDS)
    return [
        [update(step * CITIZENS + citizen + 1, citizen, text) for citizen in range(CITIZENS)]
        for step, text in enumerate(steps)
    ]


async def turns(app: App, steps: Sequence[Sequence[dict[str, Any]]]) -> float:
    """Return turns a second, every one committed."""
    app.turns.begin()
    begun = time.perf_counter()
    for step in steps:
        raws = [Raw("telegram", str(each["update_id"]), json.dumps(each).encode()) for each in step]
        await asyncio.gather(*(app.turns.accept(raws[at : at + BATCH]) for at in range(0, len(raws), BATCH)))
    seconds = time.perf_counter() - begun
    await app.turns.end()
    return sum(map(len, steps)) / seconds


def peer(steps: Sequence[Sequence[dict[str, Any]]]) -> float:
    """Return updates a second that python-telegram-bot reads into its objects."""
    bodies = [json.dumps(each).encode() for step in steps for each in step]
    begun = time.perf_counter()
    for body in bodies:
        Update.de_json(json.loads(body), None)
    return len(bodies) / (time.perf_counter() - begun)


def main() -> None:
    """Print the rows and keep them in benchmarks.json."""
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory() as folder:
        places = {
            "CIVICLOOP_DATABASE__URL": f"sqlite:///{folder}/bench.sqlite3",
            "CIVICLOOP_DATABASE__FILES": f"{folder}/files",
            "CIVICLOOP_PRIVACY__KEY_FILE": f"{folder}/keys",
        }
        app = App.build(config.load(None, SAMPLE | places), clock_of({}), mint)
        made = app.rounds.create(service="library", flow="deliver_pulse", title="Bench", record={})
        app.rounds.open(made.code)
        steps = updates(made.code)
        rows = {"turns/s, committed": asyncio.run(turns(app, steps)), "Update.de_json/s, PTB alone": peer(steps)}
        with app.database.reading() as db:
            kept = db.exec_driver_sql("select count(*) from answers where withdrawn_at is null").scalar_one()
        app.database.close()
    count = sum(map(len, steps))
    print(f"Python {platform.python_version()}, SQLite, {CITIZENS} citizens, {count} updates, {kept} answers kept")
    for name, value in rows.items():
        print(f"{value:>10,.0f}  {name}")
    Path("benchmarks.json").write_text(json.dumps({"python": sys.version, "rows": rows}, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
