"""The link in a mail to somebody of a list: it tells that its reader takes part, and nothing of what they say."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from storage.database import Unopened

if TYPE_CHECKING:
    from storage.sealing import Keys

NAME = "m"
"""What the address of a round's page calls it."""
_FOR = "answer to a mail "
"""Stands before what is sealed: nothing sealed for another purpose tells that somebody has come."""


def link(keys: Keys, page: str, round_id: int, contact_id: int) -> str:
    """Return the address of a round's page for one contact. It is always the same, and does not tell whose it is."""
    token = base64.urlsafe_b64encode(keys.seal_leaving(f"{_FOR}{round_id} {contact_id}")).decode().rstrip("=")
    return f"{page}?{NAME}={token}"


def whose(keys: Keys, token: str) -> tuple[int, int] | None:
    """Return the round and the contact that a token was made for; None where it is none of ours."""
    try:
        told = keys.unseal_leaving(base64.b64decode(token + "=" * (-len(token) % 4), altchars="-_", validate=True))
        round_id, contact_id = told.removeprefix(_FOR).split(" ")
        return (int(round_id), int(contact_id)) if told.startswith(_FOR) else None
    except (binascii.Error, ValueError, Unopened):
        return None
