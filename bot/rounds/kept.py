"""What is kept of a round as JSON, read back."""

from __future__ import annotations

import json
from typing import Any

from bot.errors import Trouble


def read(text: str, what: str) -> dict[str, Any]:
    """Return what was kept. Raises `Trouble` where the text is none that the program wrote."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise unreadable(what)
    return found


def unreadable(what: str) -> Trouble:
    """Return what is wrong where `what` of a round holds something else than the program keeps there."""
    return Trouble(f"the {what} of a round was changed in the database and cannot be read: restore it from a backup")
