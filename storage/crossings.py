"""Named places where a process may die or freeze in a rehearsal: every commit and hand-over that must lose nothing.

`passed("delivery.sent")` does nothing (60 ns) unless the composition root has armed one name; then the n-th passing of
that name is the process's last act, or its last for as long as nobody wakes it. `tests/journeys/test_kills*.py` kill at
each of them, `tests/journeys/test_replicas.py` freezes at some, `tests/test_boundaries.py` finds a commit without them.
"""

from __future__ import annotations

import os
import re
import signal
import time
from itertools import count
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

CRASH_AT: Final = "CIVICLOOP_CRASH_AT"
"""Environment variable of rehearsals: `name:n`, the crossing to die at and at which passing, 1 for the first."""
STALL_AT: Final = "CIVICLOOP_STALL_AT"
"""The same for a crossing to freeze at (SIGSTOP), until somebody sends SIGCONT."""
_ACTS: Final = {CRASH_AT: signal.SIGKILL, STALL_AT: signal.SIGSTOP}
SINKS_IN: Final = 0.2
"""Seconds in which a signal has reached every thread; the one that sent it could else go on for a moment."""
_WORDS: Final = re.compile(r"([a-z_.]+):([1-9]\d*)")


def _nothing(_name: str) -> None:
    """Go on."""


passed: Callable[[str], None] = _nothing
"""Say where we are; call it as `crossings.passed(...)`, since arming replaces it."""


def arm(words: str, how: str = CRASH_AT) -> None:
    """Kill this process at the crossing `name:n`, or freeze it where `how` is `STALL_AT`.

    Raises ValueError where the words are not of that form.
    """
    global passed  # noqa: PLW0603 - one switch for the whole process, set before anything runs
    found = _WORDS.fullmatch(words)
    if found is None:
        raise ValueError(f"{how} must name a crossing and a number, such as delivery.sent:3, and not {words!r}")
    deadly, last, passings, act = found[1], int(found[2]), count(1), _ACTS[how]

    def rehearsed(name: str) -> None:
        if name == deadly and next(passings) == last:
            os.kill(os.getpid(), act)
            time.sleep(SINKS_IN)

    passed = rehearsed
