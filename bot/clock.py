"""Where time and chance come from. Only the composition root and the commands ask here; all others are told.

For rehearsals `CIVICLOOP_CLOCK` names a file that holds an ISO instant, read at each look: that is what time it was
when the file was written, and it goes on from there. `CIVICLOOP_CRASH_AT` says where the process dies in one.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.errors import Usage
from storage import crossings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CLOCK: Final = "CIVICLOOP_CLOCK"


def clock_of(environ: Mapping[str, str]) -> Callable[[], datetime]:
    """Return the clock on the wall, or the rehearsed one. Raises `Usage` where that has no file with a moment."""
    path = environ.get(CLOCK)
    if not path:
        return lambda: datetime.now(UTC)
    file = Path(path)

    def rehearsed() -> datetime:
        moment = datetime.fromisoformat(file.read_text(encoding="ascii").strip())
        since = datetime.now(UTC) - datetime.fromtimestamp(file.stat().st_mtime, UTC)
        return (moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)) + since

    try:
        rehearsed()
    except (OSError, ValueError) as error:
        said = f"{CLOCK} must name a file that holds a moment such as 2026-11-22T08:00:00+00:00: {error}"
        raise Usage(said) from None
    return rehearsed


def rehearse(environ: Mapping[str, str]) -> None:
    """Arm the crossing at which a rehearsal wants this process to die. Raises `Usage` for words of another form."""
    words = environ.get(crossings.CRASH_AT)
    if words:
        try:
            crossings.arm(words)
        except ValueError as wrong:
            raise Usage(str(wrong)) from None


def mint() -> str:
    """Return a new random name of 192 bits."""
    return secrets.token_urlsafe(24)
