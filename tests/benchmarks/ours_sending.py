"""Our contestant with its sender at work, for a look at the whole way beside peers that send within their turn."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.channels.telegram import updates
from bot.delivery import Delivery
from tests.benchmarks.ours import Ours
from tests.benchmarks.peer_ptb import MemoryRequest

if TYPE_CHECKING:
    from pathlib import Path


class OursSending(Ours):
    """The same with its sender at work, unpaced: a batch is done when its replies are committed and have gone out.

    They go to the same stand-in for the Bot API that a peer's replies go to.
    """

    def __init__(self, folder: Path) -> None:
        """Put the stand-in in the place of the network."""
        super().__init__(folder)
        app, self._updates, self._request = self.app, 0, MemoryRequest()
        if app.telegram is None:
            raise LookupError("the channel is off")
        app.telegram._sender.do_request = self._request.do_request  # type: ignore[method-assign]
        self._delivery = Delivery(app.database, app.channels, app.keys, app.owner, app.clock, app.measures, {})
        app.turns.committed = self._delivery.wake

    async def begin(self) -> None:
        """Start both threads of work."""
        self._running = asyncio.create_task(self._delivery.run())
        await super().begin()

    async def take(self, batch: bytes) -> None:
        """Commit the turns, then wait for the last of their replies: one for each update."""
        raws = updates.batch(batch)
        self._updates += len(raws)
        await self.app.turns.accept(raws)
        while self._request.sent < self._updates:  # noqa: ASYNC110 - the stand-in has no event for it
            await asyncio.sleep(0.001)

    async def end(self) -> None:
        """Stop both."""
        self._delivery.stop()
        await self._running
        await super().end()
