"""Our contestant: the program as it is built from its configuration, fed as Telegram's polling feeds it."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

from bot import config, log
from bot.app import App, settle
from bot.channels.telegram import updates
from bot.clock import clock_of, mint
from storage import rounds
from tests.benchmarks import survey
from tests.support.records import whole
from tests.support.signing import sign

if TYPE_CHECKING:
    from pathlib import Path


class Ours:
    """The whole program without its sender: an update is done when its reply lies in the outbox and is committed."""

    def __init__(self, folder: Path, url: str = "") -> None:
        """Build it on the database at `url`, else on a new SQLite file in `folder`."""
        environ = {
            "CIVICLOOP_TELEGRAM__TOKEN": "1:a-token-that-is-never-used",
            "CIVICLOOP_FLOWS__FOLDER": str(survey.FILE),
            "CIVICLOOP_DATABASE__URL": url or f"sqlite:///{folder}/civicloop.db",
            "CIVICLOOP_DATABASE__FILES": f"{folder}/files",
            "CIVICLOOP_PRIVACY__KEY_FILE": f"{folder}/keys",
        }
        settings = config.load(None, environ)
        self._log = (folder / f"log.{os.getpid()}").open("w", encoding="utf-8")
        log.set_up(settings, self._log)
        self.app = App.build(settings, clock_of({}), mint)
        with self.app.database.reading() as db:
            known = rounds.by_code(db, survey.CODE)
        if known is None:
            closes = self.app.clock() + timedelta(days=30)
            record = whole(closes)
            self.app.rounds.create(
                service="library", flow="survey", title="Survey", record=record, code=survey.CODE, closes_at=closes
            )
            sign(self.app.rounds, self.app.database, survey.CODE, self.app.clock())
            self.app.rounds.open(survey.CODE)

    async def begin(self) -> None:
        """Start the writing thread, after what `civicloop run` does about garbage."""
        settle()
        self.app.turns.begin()

    async def take(self, batch: bytes) -> None:
        """Cut the batch into its updates and commit their turns."""
        await self.app.turns.accept(updates.batch(batch))

    async def end(self) -> None:
        """Stop the writing thread."""
        await self.app.turns.end()
        self.app.database.close()
        self._log.close()

    async def answers(self) -> int:
        """Count the answers that were handed in."""
        with self.app.database.reading() as db:
            counted = "select count(*) from answers where counted_at is not null and withdrawn_at is null"
            return int(db.exec_driver_sql(counted).scalar_one())
