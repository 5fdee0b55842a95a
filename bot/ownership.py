"""Who holds a lease: a process, by machine, number and a little chance; and whether it is still there to hold it.

A process killed on this machine cannot give its leases back; the next one need not wait until they run out. Leases run
by the database's clock (`SharedTime`): were it each machine's own, one that is six seconds fast would take the lease of
a living sender again and again.
"""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from typing import TYPE_CHECKING

from storage import leases

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.database import Database
    from storage.leases import Lease


class SharedTime:
    """What time it is for every process on one database: the server says it, `ticks` (seconds) carries it on.

    Ask anew about once a minute: clocks that only go forward drift apart by far less than a lease in that time.
    """

    def __init__(self, database: Database, ticks: Callable[[], float]) -> None:
        self._database = database
        self._ticks = ticks
        self.ask()

    def ask(self) -> None:
        """Ask the database. Raises `StorageTrouble` where it does not answer; the time goes on all the same."""
        with self._database.reading() as db:
            asked = self._ticks()
            self._said = (leases.server_time(db), asked)

    def __call__(self) -> datetime:
        """Return the moment; never waits."""
        moment, asked = self._said
        return moment + timedelta(seconds=self._ticks() - asked)


def name_of(mint: Callable[[], str]) -> str:
    """Return the name of this process, at most 40 characters."""
    return f"{socket.gethostname()[:20]}:{os.getpid()}:{mint()[:8]}"


def take(db: Connection, name: str, owner: str, now: datetime, lasting: timedelta) -> Lease | None:
    """Take a lease that is free, over, or of a process of this machine that is no more; None where it is held."""
    lease = leases.acquire(db, name, owner, now, lasting)
    if lease is not None:
        return lease
    held = leases.get(db, name)
    if held is None or not is_dead(held.owner):
        return None
    leases.release(db, held, now)
    return leases.acquire(db, name, owner, now, lasting)


def is_dead(owner: str) -> bool:
    """Whether an owner was a process of this machine that has ended. Others may be alive for all we know."""
    host, _, rest = owner.partition(":")
    number, _, _ = rest.partition(":")
    if host != socket.gethostname()[:20] or not number.isdecimal():
        return False
    if int(number) == os.getpid():  # our own number, but not our name: an earlier life of this container
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
