"""The link in a mail to somebody of a list: it tells that its reader takes part, and nothing of what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import tokens
from storage.database import Unopened

if TYPE_CHECKING:
    from storage.sealing import Keys

NAME = "m"
"""What the address of a round's page calls it."""
_FOR = "answer to a mail "
"""Stands before what is sealed: nothing sealed for another purpose tells that somebody has come."""


def link(keys: Keys, page: str, round_id: int, contact_id: int) -> str:
    """Return the address of a round's page for one contact. It is always the same, and does not tell whose it is."""
    return f"{page}?{NAME}={tokens.written(keys.seal_leaving(f'{_FOR}{round_id} {contact_id}'))}"


def whose(keys: Keys, token: str) -> tuple[int, int] | None:
    """Return the round and the contact that a token was made for; None where it is none of ours."""
    try:
        told = keys.unseal_leaving(tokens.read(token))
        round_id, contact_id = told.removeprefix(_FOR).split(" ")
        return (int(round_id), int(contact_id)) if told.startswith(_FOR) else None
    except (ValueError, Unopened):
        return None
