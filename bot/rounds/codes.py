"""Names made of chance: receipts, tags, codes of rounds. Pure: chance is a text handed in."""

from __future__ import annotations

import hashlib
import re
import unicodedata

LETTERS = "23456789CFGHJKMPQRVWX"
"""What a code is spelt with: nothing that looks or sounds like another, no vowels and so no words."""
RECEIPT = re.compile(rf"^[{LETTERS}]{{4}}-?[{LETTERS}]{{4}}-?[{LETTERS}]{{4}}$")
SLUG = 15
PLACE = 12
"""Letters of the code of a place."""
TRIES = 8
"""So often a code of a place that is taken is drawn anew before it gets one more letter of chance."""
RESERVED = frozenset(
    "chat healthz language manage metrics mydata new pictures privacy readyz receipt rounds start static stop "
    "stream telegram".split()
)
"""Addresses of pages that are no round's: a round called so could not be reached by its short address."""
OWN = re.compile(r"^(?=.{3,24}$)[a-z0-9]+(-[a-z0-9]+)*$")


def receipt(chance: str) -> str:
    """Return a receipt code such as `7QK2-M9XD-4FHP`: 52 bits of chance."""
    letters = spell(f"receipt {chance}", 12)
    return "-".join((letters[:4], letters[4:8], letters[8:]))


def read_receipt(text: str) -> str | None:
    """Return the receipt code someone typed, however spaced or in small letters, or None."""
    typed = "".join(text.split()).upper()
    if not RECEIPT.match(typed):
        return None
    letters = typed.replace("-", "")
    return "-".join((letters[:4], letters[4:8], letters[8:]))


def tag(chance: str) -> str:
    """Return the short name of a session that its buttons carry."""
    return spell(f"tag {chance}", 6)


def thread(chance: str) -> str:
    """Return the name of a thread: all that the people of a service learn of who writes."""
    return spell(f"thread {chance}", 6)


def round_code(title: str, chance: str) -> str:
    """Return the code of a round: its title in plain letters and a few random ones (`opening-hours-7qk2m`).

    At most 21 of the letters, digits and dashes that Telegram allows in a deep link.
    """
    return f"{_slug(title) or 'round'}-{spell(f'round {chance}', 5).lower()}"


def place_code(name: str, chance: str, tries: int = 0) -> str:
    """Return the code of a place (`main-door-q7`): 12 letters at most, which people type from a poster.

    Two letters of chance, so that nobody counts for a place by guessing its code from its name; more of them after
    some `tries` in vain: a city may have many bus stops.
    """
    letters = min(2 + tries // TRIES, PLACE - 3)
    words = _first_words(name, PLACE - 1 - letters) or "place"[: PLACE - 1 - letters]
    return f"{words}-{spell(f'place {chance}', letters).lower()}"


def _first_words(text: str, most: int) -> str:
    """Return the first words of a text that have room, in plain letters; of one that has not, its beginning."""
    plain = _plain(text)
    whole = plain[: most + 1].rpartition("-")[0]
    return plain if len(plain) <= most else whole or plain[:most]


def _slug(text: str) -> str:
    """Return a text in at most 15 plain small letters, digits and dashes; empty where it has none."""
    return _plain(text)[:SLUG].strip("-")


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def own_code(text: str) -> str | None:
    """Return the code an organiser chose for a round, or None where links and posters cannot carry it.

    Nor can they carry one of `RESERVED`.
    """
    return text if OWN.match(text) and text not in RESERVED else None


def spell(chance: str, length: int) -> str:
    """Spell chance out in `length` letters."""
    number = int.from_bytes(hashlib.sha256(chance.encode()).digest(), "big") % len(LETTERS) ** length
    letters = []
    for _ in range(length):
        number, letter = divmod(number, len(LETTERS))
        letters.append(LETTERS[letter])
    return "".join(letters)
