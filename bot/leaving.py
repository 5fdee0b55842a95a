"""The way out of mails: a link that stops them, for whoever holds it, without an account."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from bot import tokens
from storage.database import Unopened

if TYPE_CHECKING:
    from storage.sealing import Keys

_FOR = "stop mails to "
"""Stands before what is sealed: nothing sealed for another purpose stops anything."""


def link(keys: Keys, public_url: str, address: str) -> str:
    """Return the address of the page that stops all mails to `address`. It is always the same, and does not tell it."""
    return f"{public_url}/stop/{tokens.written(keys.seal_leaving(_FOR + address))}"


def whose(keys: Keys, token: str) -> str | None:
    """Return whose mails a token stops; None where it is none of ours, or its key is no longer in the key file."""
    try:
        told = _opened(keys, tokens.read(token))
    except (ValueError, Unopened):
        return None
    purpose, address = told[: len(_FOR)], told[len(_FOR) :]
    return address if purpose == _FOR and address else None


def _opened(keys: Keys, sealed: bytes) -> str:
    """Read what earlier versions wrote, too: those links lie in mailboxes, sealed as addresses are."""
    with suppress(Unopened):
        return keys.unseal_leaving(sealed)
    return keys.unseal(sealed)
